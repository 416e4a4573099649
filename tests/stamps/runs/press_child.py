"""A press in a process of its own, for tests that kill it or take its disk away.

Arguments: database URL, the shop's folder, job id. For every line on standard input, the largest file in bytes (0: no
limit), it forks a press that makes the job, says that one's process id, and `ended` when it ended: a fork is there at
once, while a new interpreter spends seconds on imports.
"""

import datetime as dt
import os
import resource
import sys
import uuid
from pathlib import Path

from temthat_stamps.custody.vault import Vault
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.witness_client import LocalWitness
from temthat_stamps.runs.book import LogBook
from temthat_stamps.runs.operator import log_signer, operator_signer
from temthat_stamps.runs.produce import Press, produce
from temthat_stamps.runs.registry import Registry
from temthat_stamps.sealing import Sealer
from temthat_trace.database import make_engine, make_sessions

ORIGIN = "tem.example.vn/log"


def press_of(url: str, folder: Path) -> Press:
    """The shop's press; see conftest.py."""
    now = dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)
    sessions = make_sessions(make_engine(url))
    sealer = Sealer(bytes(range(32)))
    signer = log_signer(sealer, ORIGIN)
    witnesses = [LocalWitness.open(folder / f"witness-{n}") for n in (1, 2)]
    policy = Policy(ORIGIN, signer.key, tuple(witness.key for witness in witnesses), 2)
    custody = Vault(sealer, ORIGIN, policy, folder / "signer", now=lambda: now)
    registry = Registry(ORIGIN, custody, operator_signer(sealer), sealer, lambda: now)
    book = LogBook(sessions, registry, folder / "public", signer, policy, witnesses)
    return Press(sessions, registry, book.prove_run, folder / "prints", "tem.example.vn", "HTTPS")


def make(url: str, folder: str, job_id: str, limit: int) -> None:
    """Make the job."""
    press = press_of(url, Path(folder))
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    produce(press, uuid.UUID(job_id))


def say(word: object) -> None:
    """One line for the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    shop_url, shop_folder, job = sys.argv[1:]
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            make(shop_url, shop_folder, job, int(line))
            os._exit(0)
        say(pid)
        os.waitpid(pid, 0)
        say("ended")
