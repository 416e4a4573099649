"""A press in a process of its own, for tests that kill it or take its disk away.

Arguments: database URL, print folder, job id, largest file in bytes (0: no limit). For every line on standard input it
forks a press that makes the job, says that one's process id, and `ended` when it ended: a fork is there at once, while
a new interpreter spends seconds on imports.
"""

import datetime as dt
import os
import resource
import sys
import uuid
from pathlib import Path

from temthat_stamps.runs.produce import Press, produce
from temthat_stamps.sealing import Sealer
from temthat_trace.database import make_engine, make_sessions


def make(url: str, folder: str, job_id: str, limit: str) -> None:
    """Make the job."""
    now = dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)
    sessions = make_sessions(make_engine(url))
    press = Press(sessions, Sealer(bytes(range(32))), Path(folder), "tem.example.vn", "HTTPS", lambda: now)
    if int(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    produce(press, uuid.UUID(job_id))


def say(word: object) -> None:
    """One line for the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    for _ in sys.stdin:
        if (pid := os.fork()) == 0:
            make(*sys.argv[1:])
            os._exit(0)
        say(pid)
        os.waitpid(pid, 0)
        say("ended")
