"""A process that has everything loaded and forks a child for every command, so that a test can kill many of them.

Reads lines of JSON: the arguments of a `temthat` command, the environment to run it in, the largest file it may write,
and after how many seconds it is to be killed. Answers with how it ended: exit code, or minus the signal.
"""

import json
import os
import resource
import signal
import sys
import time
from contextlib import suppress

from temthat.main import app
from temthat_verify_api.commands import records, runs  # noqa: F401 - loaded before the first fork


def work(arguments: list[str], environment: dict[str, str], limit: int) -> None:
    """Run the command; never returns."""
    os.environ.update(environment)
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 0)
    os.dup2(os.open(environment["OUTPUT"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    code = 99
    try:
        app(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 98
    finally:
        with suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def main() -> None:
    """Until the input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            work(order["arguments"], order["environment"], order["limit"])
        if order["kill_after"] is not None:
            time.sleep(order["kill_after"])
            os.kill(child, signal.SIGKILL)  # not waited for yet, so the number is still its own
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
