"""Flattens a symbol whose place is known and whose content could not be read: cut out, squared, unbent.

A label on a bottle is seen bowed: between straight corners its rows (or columns) sag. The error correction cannot help,
because the grid of modules is looked for in the wrong place. How far and which way it sags is unknown, so a few
likely ones are tried; each is a small picture, whatever the size of the photo.
"""

from collections.abc import Iterator, Sequence

from PIL import Image

SIDE = 360  # pixels: some seven a module for a stamp
MARGIN = 0.12  # of the symbol's side, left on each side: its quiet zone
SAGS = (0.0, 0.025, -0.025, 0.045, -0.045, 0.07, -0.07)  # of the flattened picture's side; smallest first
_STRIPS = 16
_WHITE = 255

Box = tuple[int, int, int, int]
Quad = tuple[float, float, float, float, float, float, float, float]


def flattened(grey: Image.Image, corners: Sequence[tuple[float, float]]) -> Iterator[Image.Image]:
    """Yield square pictures of `SIDE` pixels in which the symbol may lie flat, the likeliest first.

    Args:
        grey: a picture of mode "L".
        corners: the symbol's four corners in it, in order round the symbol, from its top left to its top right.
    """
    square = _squared(grey, corners)
    for sag in SAGS:
        if not sag:
            yield square
            continue
        yield _unbowed(square, sag, rows=True)
        yield _unbowed(square, sag, rows=False)


def _squared(grey: Image.Image, corners: Sequence[tuple[float, float]]) -> Image.Image:
    middle_x, middle_y = (sum(values) / 4 for values in zip(*corners, strict=True))
    larger = 1 + 2 * MARGIN
    top_left, top_right, bottom_right, bottom_left = (
        (middle_x + (x - middle_x) * larger, middle_y + (y - middle_y) * larger) for x, y in corners
    )
    # Pillow's order goes down the left side first.
    quad = (*top_left, *bottom_left, *bottom_right, *top_right)
    return grey.transform(
        (SIDE, SIDE), Image.Transform.QUAD, quad, Image.Resampling.BICUBIC, fillcolor=_WHITE
    )


def _unbowed(square: Image.Image, sag: float, *, rows: bool) -> Image.Image:
    """Undo a parabola that is `sag` of the side deep in the middle, of the rows or of the columns."""
    mesh: list[tuple[Box, Quad]] = []
    for strip in range(_STRIPS):
        start, end = SIDE * strip // _STRIPS, SIDE * (strip + 1) // _STRIPS
        here, there = (sag * SIDE * (1 - (2 * at / SIDE - 1) ** 2) for at in (start, end))
        if rows:
            mesh.append(
                ((start, 0, end, SIDE), (start, here, start, SIDE + here, end, SIDE + there, end, there))
            )
        else:
            mesh.append(
                ((0, start, SIDE, end), (here, start, there, end, SIDE + there, end, SIDE + here, start))
            )
    return square.transform(
        square.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR, fillcolor=_WHITE
    )
