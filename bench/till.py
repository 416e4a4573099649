"""A till: milliseconds from code to answer, 10,000 codes in a row, and whether memory stays flat.

"Judged" is the scanner's own judging of one code by its trust data. "Asked" and "sold" go through the local HTTP
interface of `temthat scan --listen` or, a line each, through its standard input, in a process of its own: offline with
the sale on the disk before the answer, online with the sale told to `temthat serve` (SQLite, the same machine) too.
"Behind a line" are sales while 10,000 older ones wait to be sent. Goal: 50 ms.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.measuring import Figure
from bench.offline import HOST, RUNS, trust_of
from bench.tills import (
    ByHttp,
    cpu_seconds,
    keep_sales,
    offline_by_http,
    offline_by_lines,
    online_by_http,
    online_by_lines,
    resident,
    service,
)
from temthat_scanner.judging import OfflineJudge
from temthat_stamps.code import encode, stamp_url
from temthat_stamps.keys import public_bytes
from temthat_stamps.signing import sign_serials
from temthat_stamps.verdict import Asker

GOAL_MS = 50.0
_STRANGER = "8934563138165"
_PAUSE = 0.02
"""Seconds between two sales behind a line: faster than any till sells."""


def figures(small: bool) -> list[Figure]:
    """Median, p99 and the longest of each way; CPU time of a code; memory after a tenth and at the end."""
    count = 200 if small else 10_000
    with tempfile.TemporaryDirectory() as folder:
        return _offline(count, Path(folder)) + _online(count, Path(folder))


def _offline(count: int, folder: Path) -> list[Figure]:
    key = Ed25519PrivateKey.generate()
    each = count // RUNS
    trust = trust_of(public_bytes(key), each)
    texts = [
        stamp_url(HOST, encode(header, signature))
        for run in range(1, RUNS + 1)
        for _, header, signature in sign_serials(key, run, range(1, each + 1))
    ]
    judge = OfflineJudge(trust, Asker.TILL, "vi")
    found = _spread("judged offline", _times(texts, lambda text: {"verdict": _word(judge, text)}))
    with offline_by_http(trust, folder / "offline.db") as till:
        found += _row("offline, asked over HTTP", till.pid, texts, till.ask)
        found += _row("offline, sold over HTTP", till.pid, texts, till.sell)
    with offline_by_lines(trust, folder / "lines.db") as lines:
        found += _row("offline, sold by lines", lines.pid, texts, lines.sell)
    return found


def _online(count: int, folder: Path) -> list[Figure]:
    with service(folder, 3 * count + count // 10) as asked:
        codes, found = asked.codes, []
        with online_by_http(asked, folder / "http.db") as till:
            found += _row("online, asked over HTTP", till.pid, codes[:count], till.ask)
            found += _row("online, sold over HTTP", till.pid, codes[:count], till.sell)
        with online_by_lines(asked, folder / "typed.db") as lines:
            found += _row("online, sold by lines", lines.pid, codes[count : 2 * count], lines.sell)
        keep_sales(folder / "line.db", codes[2 * count : 3 * count])
        with online_by_http(asked, folder / "line.db") as till:
            found += _behind_a_line(till, codes[3 * count :])
    return found


def _behind_a_line(till: ByHttp, codes: Sequence[str]) -> list[Figure]:
    """Sales one after the other until nothing waits any more."""
    waiting = till.state()["waiting"]
    times: list[float] = []
    begun = time.perf_counter()
    for code in codes:
        times += _times([code], till.sell)
        time.sleep(_PAUSE)
        if len(times) > 1 and not till.state()["waiting"]:
            break
    while till.state()["waiting"]:
        time.sleep(_PAUSE)
    sent = {
        "name": "till, behind a line: sent",
        "value": waiting / (time.perf_counter() - begun),
        "unit": "sales/s",
        "baseline": f"{waiting:,} waited; {len(times):,} sales meanwhile",
        "ratio": None,
    }
    return [*_spread("behind a line, sold over HTTP", times), sent]


def _row(name: str, pid: int, texts: Sequence[str], ask: Callable[[str], dict[str, Any]]) -> list[Figure]:
    """All of them in a row, after one that shows that the till is up."""
    assert ask(_STRANGER)["verdict"] == "not_ours"
    tenth, begun = len(texts) // 10, cpu_seconds(pid)
    times, memory = _times(texts[:tenth], ask), [resident(pid)]
    for start in range(tenth, len(texts), tenth):
        times += _times(texts[start : start + tenth], ask)
        memory.append(resident(pid))
    return [
        *_spread(name, times),
        {
            "name": f"till, {name}: CPU time a code",
            "value": max(1e-3, (cpu_seconds(pid) - begun) / len(texts) * 1000),
            "unit": "ms",
            "baseline": "of the till's process",
            "ratio": None,
        },
        {
            "name": f"till, {name}: memory at the end",
            "value": memory[-1],
            "unit": "MB",
            "baseline": f"after a tenth {memory[0]:.1f} MB, half way {memory[len(memory) // 2]:.1f} MB",
            "ratio": memory[0] / memory[-1],
        },
    ]


def _times(texts: Sequence[str], ask: Callable[[str], dict[str, Any]]) -> list[float]:
    times = []
    for text in texts:
        start = time.perf_counter()
        answer = ask(text)
        times.append((time.perf_counter() - start) * 1000)
        # The trust data of the measurement grows old, which changes the word and nothing of the work.
        assert answer["verdict"] in {"genuine", "genuine_offline", "cannot_tell"}, answer
    return times


def _spread(name: str, times: Sequence[float]) -> list[Figure]:
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    goal = f"goal {GOAL_MS:.0f} ms; {len(times):,} codes in a row"
    return [
        {
            "name": f"till, {name}: {part}",
            "value": value,
            "unit": "ms",
            "baseline": goal,
            "ratio": GOAL_MS / value,
        }
        for part, value in (("median", cuts[49]), ("p99", cuts[98]), ("longest", max(times)))
    ]


def _word(judge: OfflineJudge, text: str) -> str:
    verdict = judge.ask(text).verdict
    assert verdict is not None, text
    return verdict.word.value
