"""What of a stamp's photo can go wrong before it is unread, for each error-correction level; simulated photos.

`python -m bench.stamp_photos [--small]` photographs our own symbol (154 characters) in every flaw of `SHOTS` at levels
L, M, Q and H, reads the photos with the chain, and writes the table into docs/decoding.md (`--small` only prints it).
Levels are compared twice: on labels of equal width, where a higher level has smaller modules, and with equal modules,
where it has a larger label. Same seeds, same photos.
"""

import math
import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from bench.simulated_photos import (
    DOTS,
    curved,
    developed,
    scratched,
    stamp_text,
    symbol,
    tilted,
    with_glare,
)
from temthat_scanner.decoding import _attempts

DOCS = Path(__file__).parents[1] / "docs" / "decoding.md"
BEGIN, END = "<!-- bench.stamp_photos: begin -->", "<!-- bench.stamp_photos: end -->"
QUIET = 4
REFERENCE = 41 + 2 * QUIET
"""Modules across a label of version 6-M: the width that equal labels share."""
COLUMNS = (("L", True), ("M", True), ("Q", True), ("H", True), ("Q", False), ("H", False))
"""Level, and whether on a label of M's width (else with modules of M's size)."""


@dataclass(frozen=True)
class Shot:
    """One photo: an everyday one, but for what is set. Lengths in modules are those of M on the label it fits.

    Attributes:
        module: pixels a module of M has in the photo.
        tilt: degrees the label is turned away, about an axis of any direction in its plane.
        blur: radius (standard deviation) in modules.
        curve: 1 wraps the label round half a bottle.
        fold: degrees by which a third of the label is bent away round an edge.
        torn, torn_finder: share of the label torn off at the corner without a finder pattern, at one with.
        stain: share of the label under one round spot. scratched: share under scratches.
        spread: how far ink or heat makes dark wider on each side, in modules.
        quiet: white modules left around the symbol, before a dark ground.
        glare: 1 is white in the middle of the light. greys: of dark and light print.
    """

    module: float = 4
    tilt: float = 10
    blur: float = 0.15
    curve: float = 0
    fold: float = 0
    torn: float = 0
    torn_finder: float = 0
    stain: float = 0
    scratched: float = 0
    spread: float = 0
    quiet: int = QUIET
    glare: float = 0
    greys: tuple[int, int] = (30, 230)
    noise: float = 6
    jpeg: int = 70


SHOTS: dict[str, dict[str, Shot]] = {
    "module, pixels in the photo": {f"{size:g}": Shot(module=size) for size in (1.5, 2, 2.5, 3, 4, 6)},
    "blur, modules": {f"{blur:g}": Shot(blur=blur) for blur in (0.3, 0.4, 0.5, 0.6)},
    "blur of 0.4 at 2.5 pixels": {"": Shot(module=2.5, blur=0.4)},
    "tilt, degrees": {f"{tilt}": Shot(tilt=tilt) for tilt in (30, 45, 55, 65)},
    "curve, share of half a bottle": {f"{curve:g}": Shot(curve=curve) for curve in (0.2, 0.4, 0.6)},
    "bent round an edge, degrees": {f"{fold}": Shot(fold=fold) for fold in (15, 30, 45)},
    "scratched, share": {f"{part:.0%}": Shot(scratched=part) for part in (0.01, 0.03, 0.06, 0.1)},
    "one stain, share": {f"{part:.0%}": Shot(stain=part) for part in (0.03, 0.06, 0.1)},
    "torn, corner without finder": {f"{part:.0%}": Shot(torn=part) for part in (0.05, 0.1, 0.15)},
    "torn, corner with finder": {f"{part:.0%}": Shot(torn_finder=part) for part in (0.01, 0.02, 0.04)},
    "ink spread, modules a side": {f"{width:g}": Shot(spread=width) for width in (0.15, 0.25, 0.35)},
    "white around it, modules": {f"{width}": Shot(quiet=width) for width in (2, 1, 0)},
    "glare": {f"{light:g}": Shot(glare=light) for light in (0.6, 0.8, 1)},
    "contrast": {f"{top - 60:g} of 255": Shot(greys=(60, top)) for top in (90, 80, 75)},
    "worn: tilt 25, blur 0.3, curve 0.15, glare 0.4, scratched": {
        f"{part:.0%}": Shot(tilt=25, blur=0.3, curve=0.15, scratched=part, glare=0.4) for part in (0.03, 0.06)
    },
}


def photograph(shot: Shot, level: str, equal_label: bool, rng: random.Random) -> Image.Image:
    """One grey photo of a random stamp's symbol; where the flaws sit is by `rng`, how bad they are by `shot`."""
    label = symbol(stamp_text(rng), level)
    # Dots of the drawn label that are a module of M: what flaws measured in millimetres scale with.
    unit = label.width / REFERENCE if equal_label else float(DOTS)
    side = label.width / unit * shot.module
    if shot.spread:
        label = label.filter(ImageFilter.MinFilter(2 * round(shot.spread * unit) + 1))
    label = scratched(label, shot.scratched, rng, unit)
    _damage(label, shot, rng)
    label = _bent(curved(label, shot.curve), shot.fold)
    if shot.quiet < QUIET:
        label.paste(20, (0, 0, label.width, label.height), _outside(label.width, (QUIET - shot.quiet) * DOTS))
    axis = rng.uniform(0, math.tau)
    tilt = math.radians(shot.tilt)
    angles = (tilt * math.cos(axis), tilt * math.sin(axis), math.radians(rng.uniform(-30, 30)))
    picture = tilted(label, side, angles, rng, shot.greys)
    picture = picture.filter(ImageFilter.GaussianBlur(shot.blur * shot.module))
    return developed(with_glare(picture, shot.glare, rng), shot.noise, shot.jpeg, rng)


def _damage(label: Image.Image, shot: Shot, rng: random.Random) -> None:
    """Tear a corner off (a ragged triangle, the pack below showing) and drop a stain, both mid-grey or darker."""
    draw, side = ImageDraw.Draw(label), label.width
    for share, (x, y) in ((shot.torn, (1, 1)), (shot.torn_finder, rng.choice([(0, 0), (1, 0), (0, 1)]))):
        if share:
            leg = math.sqrt(2 * share) * side
            away = [rng.uniform(0.85, 1.15) * leg for _ in range(5)]
            edge = [(t / 4 * away[t], (1 - t / 4) * away[t]) for t in range(5)]
            points = [(0.0, 0.0), *edge]
            draw.polygon([(abs(x * side - u), abs(y * side - v)) for u, v in points], fill=110)
    if shot.stain:
        radius = math.sqrt(shot.stain / math.pi) * side
        # Anywhere on the modules but the three finders, which no error correction replaces.
        across, down = rng.choice([(0.5, 0.5), (0.7, 0.7), (0.5, 0.7), (0.7, 0.5)])
        left, top = across * side - radius, down * side - radius
        draw.ellipse((left, top, left + 2 * radius, top + 2 * radius), fill=rng.choice([40, 110, 240]))


def _outside(side: int, width: int) -> Image.Image:
    mask = Image.new("L", (side, side), 255)
    mask.paste(0, (width, width, side - width, side - width))
    return mask


def _bent(label: Image.Image, fold: float) -> Image.Image:
    """Bend the right third away from the eye: it is foreshortened and, being turned from the light, darker."""
    if not fold:
        return label
    edge, seen = label.width * 2 // 3, math.cos(math.radians(fold))
    third = label.crop((edge, 0, label.width, label.height)).point(
        lambda level: int(level * (0.5 + 0.5 * seen))
    )
    bent = Image.new("L", label.size, 120)
    bent.paste(label.crop((0, 0, edge, label.height)), (0, 0))
    bent.paste(
        third.resize((max(1, round(third.width * seen)), label.height), Image.Resampling.BOX), (edge, 0)
    )
    return bent


def shots(small: bool) -> Iterator[tuple[str, str, Shot]]:
    """Flaw, how much of it, and the photo; `small` takes the first of each flaw."""
    for flaw, steps in SHOTS.items():
        for amount, shot in list(steps.items())[: 1 if small else None]:
            yield flaw, amount, shot


def measure(shot: Shot, each: int, name: str) -> list[Counter[int]]:
    """For each column, how many of `each` photos were first read by which attempt of the chain (0: by none)."""
    columns = []
    for level, equal_label in COLUMNS:
        first = Counter[int]()
        for number in range(each):
            # The same stamp, place and angle in every column.
            picture = photograph(shot, level, equal_label, random.Random(f"{name} {number}"))
            first[next((n for n, found in enumerate(_attempts(picture), 1) if found), 0)] += 1
        columns.append(first)
    return columns


def report(small: bool) -> str:
    """Measure, and say it as Markdown."""
    each = 2 if small else 30
    lines = [
        f"Photos read, in percent ({each} for each figure).",
        "",
        "| flaw | | L | **M** | **Q** | H | Q, modules as M | H, modules as M |",
        "|---|---|---|---|---|---|---|---|",
    ]
    total, before, attempts_used = [0] * len(COLUMNS), "", Counter[int]()
    count = 0
    for flaw, amount, shot in shots(small):
        columns = measure(shot, each, f"{flaw} {amount}")
        read = [each - first[0] for first in columns]
        total = [a + b for a, b in zip(total, read, strict=True)]
        attempts_used.update(sum(columns, Counter[int]()))
        cells = " | ".join(f"{100 * one / each:.0f}" for one in read)
        lines.append(f"| {flaw if flaw != before else ''} | {amount} | {cells} |")
        before, count = flaw, count + each
    lines.append("| all | | " + " | ".join(f"{100 * one / count:.0f}" for one in total) + " |")
    unread = attempts_used.pop(0, 0)
    by = ", ".join(f"{number}: {times}" for number, times in sorted(attempts_used.items()))
    lines += ["", f"First read by attempt {by}; unread: {unread} of {count * len(COLUMNS)}."]
    return "\n".join(lines)


def main() -> int:
    """Print the table; at full size write it into docs/decoding.md too."""
    small = "--small" in sys.argv[1:]
    table = report(small)
    print(table)
    if not small:
        before, rest = DOCS.read_text("utf-8").split(BEGIN)
        DOCS.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.split(END)[1]}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
