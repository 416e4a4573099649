"""A till: milliseconds from code to answer, 10,000 codes in a row, and whether memory stays flat.

"Judged" is the scanner's own judging of one code by its trust data; "asked" and "sold" go through the local HTTP
interface of `temthat scan --listen` in a process of its own, sold with the event on the disk before the answer.
Goal: 50 ms.
"""

import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.measuring import Figure
from bench.offline import HOST, RUNS, trust_of
from temthat_scanner.judging import OfflineJudge
from temthat_scanner.pos import PosServer, Till
from temthat_scanner.queue import Queue
from temthat_scanner.selling import Mark, Seller
from temthat_scanner.sending import Sender
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.code import encode, stamp_url
from temthat_stamps.keys import public_bytes
from temthat_stamps.signing import sign_serials
from temthat_stamps.verdict import Asker

TOKEN = "a token of the measurement"
GOAL_MS = 50.0


def figures(small: bool) -> list[Figure]:
    """p50, p95 and the longest of each way; memory of the process that answers, at its first and last tenth."""
    count = 200 if small else 10_000
    key = Ed25519PrivateKey.generate()
    each = count // RUNS
    trust = trust_of(public_bytes(key), each)
    texts = [
        stamp_url(HOST, encode(header, signature))
        for run in range(1, RUNS + 1)
        for _, header, signature in sign_serials(key, run, range(1, each + 1))
    ]
    judge = OfflineJudge(trust, Asker.TILL, "vi")
    found = _spread("judged offline", _times(texts, lambda text: judge.ask(text).verdict))
    with tempfile.TemporaryDirectory() as folder:
        context = get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(trust, Path(folder), theirs))
        process.start()
        try:
            found += _through_http(ours.recv(), process.pid or 0, texts)
        finally:
            process.kill()
            process.join()
    return found


def _through_http(port: int, pid: int, texts: Sequence[str]) -> list[Figure]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(path: str, question: dict[str, str]) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        connection.request("POST", path, json.dumps(question).encode(), headers)
        answer = json.loads(connection.getresponse().read())
        assert answer["verdict"] in {"genuine_offline", "cannot_tell"}, answer

    found, tenth = [], max(1, len(texts) // 10)
    ways: dict[str, Callable[[str], None]] = {
        "asked over HTTP": lambda text: ask("/v1/ask", {"code": text}),
        "sold over HTTP": lambda text: ask("/v1/mark", {"code": text, "mark": "sold"}),
    }
    for name, way in ways.items():
        times, memory = _times(texts[:tenth], way), [_resident(pid)]
        for start in range(tenth, len(texts), tenth):
            times += _times(texts[start : start + tenth], way)
            memory.append(_resident(pid))
        found += _spread(name, times)
        found.append(
            {
                "name": f"till, {name}: memory at the end",
                "value": memory[-1],
                "unit": "MB",
                "baseline": f"after a tenth {memory[0]:.1f} MB, half way {memory[len(memory) // 2]:.1f} MB",
                "ratio": memory[0] / memory[-1],
            }
        )
    connection.close()
    return found


def _serve(trust: TrustView, folder: Path, ready: Connection) -> None:
    judge = OfflineJudge(trust, Asker.TILL, "vi")
    sender = Sender(Queue(folder / "queue.db"), None, "vi", lambda done: None)
    till = Till(judge, Seller(Mark.SOLD, sender, judge, "vi"))
    server = PosServer("127.0.0.1", 0, TOKEN, till)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ready.send(server.server_port)
    till.run()


def _times(texts: Sequence[str], ask: Callable[[str], object]) -> list[float]:
    times = []
    for text in texts:
        start = time.perf_counter()
        ask(text)
        times.append((time.perf_counter() - start) * 1000)
    return times


def _spread(name: str, times: Sequence[float]) -> list[Figure]:
    cuts = statistics.quantiles(times, n=100)
    goal = f"goal {GOAL_MS:.0f} ms; {len(times):,} codes in a row"
    return [
        {
            "name": f"till, {name}: {part}",
            "value": value,
            "unit": "ms",
            "baseline": goal,
            "ratio": GOAL_MS / value,
        }
        for part, value in (("p50", cuts[49]), ("p95", cuts[94]), ("longest", max(times)))
    ]


def _resident(pid: int) -> float:
    """Megabytes of a process's own memory, as Linux counts them."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(kilobytes) / 1000
