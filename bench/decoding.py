"""Our chain of decoders against each single decoder, on the same loaded grey pictures, in CPU time.

`python -m bench.decoding [--small]` prints a table for each set of photos, then what each attempt of the chain adds.
Rounds are interleaved, the best of each counts. Baseline for time: the fastest of the single decoders that read most.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import zxingcpp
from PIL import Image
from rich.console import Console
from rich.table import Table

from bench.simulated_photos import CONDITIONS, photo, stamp_text
from temthat_scanner.decoding import _attempts, decode, zbar_available
from temthat_scanner.pictures import list_pictures, open_picture

PHOTOS = Path(__file__).parents[2] / "shared" / "conformance" / "qr-photos"
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
CHAIN = "this chain"
FIRST_ONLY = "zxing-cpp, QR, one symbol"

Reader = Callable[[Image.Image], Any]


def single_decoders() -> dict[str, Reader]:
    """Every decoder the chain is made of, used alone as its documentation suggests."""
    binarizers = zxingcpp.Binarizer
    readers: dict[str, Reader] = {
        "zxing-cpp, all defaults": zxingcpp.read_barcodes,
        "zxing-cpp, QR": lambda image: zxingcpp.read_barcodes(image, formats=QR),
        FIRST_ONLY: lambda image: zxingcpp.read_barcode(image, formats=QR),
        "zxing-cpp, QR, global": lambda image: zxingcpp.read_barcodes(
            image, formats=QR, binarizer=binarizers.GlobalHistogram
        ),
        "zxing-cpp, QR, fixed": lambda image: zxingcpp.read_barcodes(
            image, formats=QR, binarizer=binarizers.FixedThreshold
        ),
    }
    if zbar_available():
        readers["zbar"] = _zbar
    return readers


def _zbar(image: Image.Image) -> list[Any]:
    from pyzbar import pyzbar

    try:
        return list(pyzbar.decode(image, symbols=[pyzbar.ZBarSymbol.QRCODE]))
    except ValueError:
        return []


def photo_sets(every: int = 1) -> Iterator[tuple[str, list[Path]]]:
    """Each folder of real photos with every n-th of its pictures; nothing where the folders are absent."""
    if PHOTOS.is_dir():
        for folder in sorted(PHOTOS.iterdir()):
            if folder.is_dir():
                yield folder.name, list(list_pictures(folder).pictures[::every])


def simulated_sets(each: int) -> Iterator[tuple[str, list[Image.Image]]]:
    """Simulated photos of stamps at level M, `each` for each condition."""
    for name, conditions in CONDITIONS.items():
        seeds = (random.Random(f"{name} {number}") for number in range(each))
        yield f"simulated, {name}", [photo(stamp_text(rng), conditions, rng) for rng in seeds]


class Tally:
    """What each reader read in one set of pictures, and the CPU seconds it took for each."""

    def __init__(self, name: str, pictures: Iterable[Image.Image | Path], rounds: int) -> None:
        self.name = name
        self.readers = single_decoders() | {CHAIN: decode}
        self.read: dict[str, list[bool]] = {reader: [] for reader in self.readers}
        self.seconds: dict[str, list[float]] = {reader: [] for reader in self.readers}
        self.attempts: Counter[int] = Counter()
        for picture in pictures:
            self._measure(picture if isinstance(picture, Image.Image) else open_picture(picture), rounds)

    def _measure(self, image: Image.Image, rounds: int) -> None:
        best = dict.fromkeys(self.readers, float("inf"))
        found: dict[str, bool] = {}
        names = list(self.readers)
        for turn in range(rounds):
            # Another order each time: whoever comes after zbar finds the processor's caches full of zbar's data.
            random.Random(turn).shuffle(names)
            for name in names:
                start = time.process_time()
                found[name] = bool(self.readers[name](image))
                best[name] = min(best[name], time.process_time() - start)
        for name in self.readers:
            self.read[name].append(found[name])
            self.seconds[name].append(best[name])
        self.attempts[next((n for n, symbols in enumerate(_attempts(image), 1) if symbols), 0)] += 1


def total(tallies: list[Tally], reader: str) -> int:
    """Pictures read in all sets."""
    return sum(sum(tally.read[reader]) for tally in tallies)


def milliseconds(tallies: list[Tally], reader: str, on: str) -> float:
    """CPU time `reader` took for the pictures that `on` reads."""
    pairs = (zip(tally.seconds[reader], tally.read[on], strict=True) for tally in tallies)
    return 1000 * sum(seconds for pair in pairs for seconds, read in pair if read)


def best_single(tallies: list[Tally]) -> str:
    """Return the single decoder that reads most; among equals the one that is fastest on what it reads.

    Stopping at the first symbol is shown but does not compete: it misses the second stamp on a photo.
    """
    names = [name for name in tallies[0].readers if name not in (CHAIN, FIRST_ONLY)]
    return max(names, key=lambda name: (total(tallies, name), -milliseconds(tallies, name, name)))


def measure(small: bool) -> tuple[list[Tally], list[Tally]]:
    """Measure real and simulated photos. `small` takes an eighth of the pictures."""
    rounds = 2 if small else 4
    real = [Tally(name, paths, rounds) for name, paths in photo_sets(8 if small else 1)]
    made = [Tally(name, pictures, rounds // 2) for name, pictures in simulated_sets(5 if small else 40)]
    return real, made


def figures(small: bool) -> list[dict[str, Any]]:
    """Photos read and CPU time (ratio: ours by the best single decoder's), real photos and simulated ones."""
    result = []
    for kind, tallies in zip(("photos", "simulated photos"), measure(small), strict=True):
        if not tallies:
            continue
        best = best_single(tallies)
        ours, theirs = total(tallies, CHAIN), total(tallies, best)
        spent, baseline = milliseconds(tallies, CHAIN, best), milliseconds(tallies, best, best)
        result += [
            _figure(f"decoding {kind}: read (best single: {best})", ours, "photos", theirs),
            _figure(f"decoding {kind}: CPU on those {best} reads", spent, "ms", baseline),
        ]
    return result


def _figure(name: str, value: float, unit: str, baseline: float) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 1),
        "unit": unit,
        "baseline": round(baseline, 1),
        "ratio": round(value / baseline, 3) if baseline else None,
    }


def main() -> int:
    """Print the tables of docs/decoding.md."""
    console = Console(width=160)
    for tallies in measure("--small" in sys.argv[1:]):
        if not tallies:
            console.print("no photos at ../shared/conformance/qr-photos: skipped")
            continue
        _print(console, tallies)
    return 0


def _print(console: Console, tallies: list[Tally]) -> None:
    best = best_single(tallies)
    readers = list(tallies[0].readers)
    table = Table("set", "photos", *readers, title=f"read, and CPU ms on those that '{best}' reads")
    for name, group in [(tally.name, [tally]) for tally in tallies] + [("all", tallies)]:
        cells = [f"{total(group, reader)}  {milliseconds(group, reader, best):,.0f}" for reader in readers]
        table.add_row(name, str(sum(len(tally.read[CHAIN]) for tally in group)), *cells)
    console.print(table)
    attempts = sum((tally.attempts for tally in tallies), Counter[int]())
    unread = attempts.pop(0, 0)
    first = ", ".join(f"{number}: {count}" for number, count in sorted(attempts.items()))
    console.print(f"photos by the attempt that first reads them: {first}; unread: {unread}")


if __name__ == "__main__":
    sys.exit(main())
