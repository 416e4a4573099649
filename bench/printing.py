"""From labels to a finished file, against the bare symbol writer, in stamps a second of CPU time.

The baseline makes only the symbols: zxing-cpp, best mask, same texts, same level. Each round runs baseline and file one
after the other, so that a disturbed moment hits both; ratios are medians of the rounds. Read-back is shown apart.
Goals: PDF 0.3, ZPL and TSPL 0.5 of the baseline.
"""

import random
import statistics
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

import zxingcpp

from temthat_stamps.number import Number
from temthat_stamps.printing import (
    Kind,
    Label,
    Level,
    Printer,
    PrintJob,
    find_layout,
    read_back,
    render,
)

HOST = "truyxuat.temthat.vn"
LINES = ("Mật ong hoa cà phê Cầu Đất, chai 500 ml", "Lô 2026-05-A1", "NSX 26/05/2026 · HSD 26/05/2028")
JOBS: tuple[tuple[Kind, str, int, Level], ...] = (
    ("pdf", "a4-65", 600, "M"),
    ("pdf", "a4-21", 600, "Q"),
    ("zpl", "roll-35x22-2", 203, "M"),
    ("zpl", "roll-50x30-1", 300, "Q"),
    ("tspl", "roll-35x22-2", 203, "M"),
    ("tspl", "roll-50x30-1", 300, "Q"),
)


def figures(*, small: bool = False) -> list[dict[str, Any]]:
    """One figure a job for writing and one for reading back; `ratio` is against the bare writer of that level."""
    count, rounds = (200, 3) if small else (1000, 5)
    labels = [_label(serial) for serial in range(1, count + 1)]
    found: list[dict[str, Any]] = []
    for level in ("M", "Q"):
        bare = statistics.median(_seconds(_bare, labels, level) for _ in range(rounds))
        found.append(_figure(f"symbols, bare writer, level {level}", count / bare))
    for kind, layout, dpi, level in JOBS:
        found += _measure(PrintJob(kind, find_layout(layout), Printer(dpi), level, HOST), labels, rounds)
    return found


def _measure(job: PrintJob, labels: list[Label], rounds: int) -> list[dict[str, Any]]:
    name = f"{job.kind.upper()}, {job.layout.id}, {job.printer.dpi} dpi, level {job.level}"
    render(
        labels[:50], job, BytesIO()
    )  # fonts and modules are loaded once in a program's life, not once a job
    writing: list[float] = []
    ratios: list[float] = []
    for _ in range(rounds):
        bare = _seconds(_bare, labels, job.level)
        writing.append(_seconds(render, labels, job, BytesIO()))
        ratios.append(bare / writing[-1])
    few = BytesIO()
    render(labels[:200], job, few)
    reading = _seconds(read_back, few, job, [label.url for label in labels[:200]])
    return [
        _figure(name, len(labels) / statistics.median(writing), "bare writer", statistics.median(ratios)),
        _figure(f"{name}, all read back", 200 / reading),
    ]


def _bare(labels: list[Label], level: Level) -> None:
    for label in labels:
        zxingcpp.create_barcode(label.url, zxingcpp.BarcodeFormat.QRCode, ec_level=level)


def _seconds(work: Callable[..., object], *arguments: object) -> float:
    start = time.process_time()
    work(*arguments)
    return time.process_time() - start


def _figure(name: str, value: float, baseline: str = "", ratio: float | None = None) -> dict[str, Any]:
    return {
        "name": f"printing, {name}",
        "value": value,
        "unit": "stamps/s",
        "baseline": baseline,
        "ratio": ratio,
    }


def _label(serial: int) -> Label:
    rng = random.Random(serial)
    code = "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=122))
    number = Number(rng.randrange(1, 2**28 - 1), serial, rng.randrange(2**23))
    return Label(f"HTTPS://{HOST.upper()}/T/{code}", number.grouped, serial, LINES)
