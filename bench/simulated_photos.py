"""Simulated phone photos of stamps: curved, scratched, tilted, blurred, glaring, noisy, compressed.

A model, not reality: it is good for comparing decoders on our own symbol, which no public set of photos holds.
"""

import io
import math
import random
from dataclasses import dataclass

import zxingcpp
from PIL import Image, ImageChops, ImageDraw, ImageFilter

DOTS = 12  # pixels a module in the flawless symbol that is then photographed
BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class Conditions:
    """The worst of each defect; a photo draws each between a fifth of it and all of it."""

    pixels_per_module: float
    tilt: float  # degrees about the two axes of the label
    curve: float  # 1 wraps the label round half a bottle
    blur: float  # pixels
    glare: float
    noise: float  # grey levels
    scratched: float  # share of the area
    jpeg: int  # quality


CONDITIONS = {
    "good": Conditions(8, 10, 0.0, 0.0, 0.0, 0, 0.0, 70),
    "ordinary": Conditions(6, 20, 0.2, 1.0, 0.3, 5, 0.01, 60),
    "poor": Conditions(5, 28, 0.35, 1.2, 0.5, 8, 0.03, 50),
    "bad": Conditions(4, 33, 0.45, 1.5, 0.65, 12, 0.05, 40),
    "from the side": Conditions(6, 65, 0.2, 1.0, 0.3, 5, 0.01, 60),
}


def stamp_text(rng: random.Random) -> str:
    """A text of the form of a stamp: 154 characters, random where the stamp is."""
    return "HTTPS://TRUYXUAT.EXAMPLE.TEST/T/" + "".join(rng.choices(BASE32, k=122))


def photo(text: str, conditions: Conditions, rng: random.Random, level: str = "M") -> Image.Image:
    """Photograph a symbol saying `text`; returns a grey picture of which it fills a little under half the width."""
    label = curved(
        scratched(symbol(text, level), _some(conditions.scratched, rng), rng), _some(conditions.curve, rng)
    )
    side = label.width / DOTS * conditions.pixels_per_module
    a, b = (math.radians(rng.uniform(-conditions.tilt, conditions.tilt)) for _ in range(2))
    picture = tilted(label, side, (a, b, math.radians(rng.uniform(-30, 30))), rng)
    picture = picture.filter(ImageFilter.GaussianBlur(_some(conditions.blur, rng)))
    picture = with_glare(picture, _some(conditions.glare, rng), rng)
    return developed(picture, _some(conditions.noise, rng), conditions.jpeg, rng)


def developed(picture: Image.Image, noise: float, quality: int, rng: random.Random) -> Image.Image:
    """Add the sensor's noise, `noise` grey levels, and what JPEG at this quality takes away."""
    file = io.BytesIO()
    ImageChops.add(picture, _noise(picture.size, noise, rng), 1, -128).save(file, "JPEG", quality=quality)
    return Image.open(file).convert("L")


def _noise(size: tuple[int, int], deviation: float, rng: random.Random) -> Image.Image:
    """Grey noise about 128 of this standard deviation; Pillow's own cannot be seeded."""
    one, other = (Image.frombytes("L", size, rng.randbytes(size[0] * size[1])) for _ in range(2))
    factor = deviation / (256 / math.sqrt(24))
    return ImageChops.add(one, other, 2).point(lambda level: round(128 + (level - 127.5) * factor))


def _some(most: float, rng: random.Random) -> float:
    return most * rng.uniform(0.2, 1)


def symbol(text: str, level: str) -> Image.Image:
    """Draw the symbol without a flaw, `DOTS` pixels a module, with its quiet zone of four modules."""
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    small = Image.fromarray(barcode.to_image(scale=1))
    return small.resize((small.width * DOTS, small.height * DOTS), Image.Resampling.NEAREST)


def scratched(label: Image.Image, share: float, rng: random.Random, unit: float = DOTS) -> Image.Image:
    """Scratch this share of the label, dark and light, a third of a `unit` (pixels) to somewhat over one wide."""
    draw, side, done = ImageDraw.Draw(label), label.width, 0.0
    while done < share * side * side:
        width, length, turn = (
            round(rng.randint(4, 14) * unit / DOTS),
            rng.uniform(0.15, 0.5) * side,
            rng.uniform(0, math.tau),
        )
        x, y = rng.uniform(0, side), rng.uniform(0, side)
        end = (x + length * math.cos(turn), y + length * math.sin(turn))
        draw.line([(x, y), end], fill=rng.choice([20, 245]), width=width)
        done += width * length
    return label


def curved(label: Image.Image, curve: float) -> Image.Image:
    """Wrap the label round an upright cylinder, seen from a little above."""
    if not curve:
        return label
    side, strips, half_angle = label.width, 24, curve * 1.3

    def source(share: float) -> tuple[float, float]:
        across = 0.5 + math.asin((2 * share - 1) * math.sin(half_angle)) / (2 * half_angle)
        return across * side, -curve * 0.075 * side * (1 - (2 * share - 1) ** 2)

    mesh = []
    for strip in range(strips):
        (x0, y0), (x1, y1) = source(strip / strips), source((strip + 1) / strips)
        target = (strip * side // strips, 0, (strip + 1) * side // strips, side)
        mesh.append((target, (x0, y0, x0, side + y0, x1, side + y1, x1, y1)))
    return label.transform(label.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def tilted(
    label: Image.Image,
    side: float,
    angles: tuple[float, float, float],
    rng: random.Random,
    greys: tuple[int, int] = (30, 230),
) -> Image.Image:
    """See the label in perspective, `side` pixels wide if it were not tilted, before a mottled background.

    Angles in radians about the label's horizontal, vertical and upright axis; `greys` of dark and light print.
    """
    a, b, c = angles
    dark, light = greys
    # The first two columns of Rx(a) Ry(b) Rz(c): where the label's own axes point.
    right = (
        math.cos(b) * math.cos(c),
        math.cos(a) * math.sin(c) + math.sin(a) * math.sin(b) * math.cos(c),
        math.sin(a) * math.sin(c) - math.cos(a) * math.sin(b) * math.cos(c),
    )
    down = (
        -math.cos(b) * math.sin(c),
        math.cos(a) * math.cos(c) - math.sin(a) * math.sin(b) * math.sin(c),
        math.sin(a) * math.cos(c) + math.cos(a) * math.sin(b) * math.sin(c),
    )
    frame, away = round(side / 0.45), 3 * side
    dots, scale = label.width, side / label.width
    # Label point (u, v) -> picture point, about the middles of both, as a matrix; its inverse is what Pillow asks for.
    p, q = scale * right[0], scale * down[0]
    r, s = scale * right[1], scale * down[1]
    t, w = scale * right[2] / away, scale * down[2] / away
    area = p * s - q * r
    inverse = [s, -q, 0, -r, p, 0, r * w - s * t, q * t - p * w, area]
    middle = frame / 2
    for row in range(0, 9, 3):
        inverse[row + 2] -= middle * (inverse[row] + inverse[row + 1])
    numbers = [number / inverse[8] for number in inverse]
    half = dots / 2
    moved = [numbers[i] + half * numbers[6 + i % 3] for i in range(6)] + numbers[6:8]
    blurred = label.filter(ImageFilter.GaussianBlur(0.5 / scale)).point(
        lambda level: dark + level * (light - dark) // 255
    )
    seen = blurred.transform((frame, frame), Image.Transform.PERSPECTIVE, moved, Image.Resampling.BICUBIC)
    where = Image.new("L", label.size, 255).transform((frame, frame), Image.Transform.PERSPECTIVE, moved)
    mottled = _noise((frame // 8 + 1, frame // 8 + 1), 60, rng).resize((frame, frame))
    return Image.composite(seen, mottled, where)


def with_glare(picture: Image.Image, glare: float, rng: random.Random) -> Image.Image:
    """Add a round light that is strongest somewhere in the middle third; at 1 it is white there."""
    third = picture.width // 3
    light = ImageChops.invert(Image.radial_gradient("L").resize(picture.size))
    light = ImageChops.offset(light, rng.randint(-third, third), rng.randint(-third, third))
    return ImageChops.add(picture, light.point(lambda level: int(level * glare)))
