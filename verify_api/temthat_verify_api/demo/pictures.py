"""Drawn stand-ins for product photographs, so that the demo's pages have something to compare a pack with."""

import io
from importlib import resources

from PIL import Image, ImageDraw, ImageFont

SIZE = (480, 360)
_PAPER, _INK, _SHADE = "#f3efe4", "#2b2b28", "#d9d2bf"


def draw_pack(name: str, pack: str, unit: str) -> bytes:
    """A PNG of a pack by the unit of its content (UN/ECE code): a jar, a tray of eggs, a bag, a box."""
    picture = Image.new("RGB", SIZE, _PAPER)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((90, 290, 390, 330), fill=_SHADE)
    if unit in ("MLT", "LTR"):
        _jar(draw)
    elif unit == "H87":
        _eggs(draw)
    elif unit in ("KGM", "GRM"):
        _bag(draw)
    else:
        _box(draw)
    font_file = resources.files("temthat_stamps.printing").joinpath("fonts/BeVietnamPro-Medium.ttf")
    font = ImageFont.truetype(io.BytesIO(font_file.read_bytes()), 22)
    for place, line in enumerate((name, pack, "mẫu")):
        width = draw.textlength(line, font)
        left = (SIZE[0] - width) / 2
        draw.rectangle((left - 8, 168 + 32 * place, left + width + 8, 200 + 32 * place), fill="white")
        draw.text((left, 170 + 32 * place), line, _INK, font)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _jar(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((150, 70, 330, 315), 34, fill="#c9790a", outline=_INK, width=4)
    draw.rounded_rectangle((165, 30, 315, 78), 10, fill="#e8c34a", outline=_INK, width=4)


def _eggs(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((50, 130, 430, 315), 20, fill="#9c8f78", outline=_INK, width=4)
    for n in range(10):
        left, top = 66 + n % 5 * 71, 92 + n // 5 * 60
        draw.ellipse((left, top, left + 62, top + 82), fill="#e7b78c", outline=_INK, width=3)


def _bag(draw: ImageDraw.ImageDraw) -> None:
    draw.polygon([(130, 70), (350, 70), (385, 315), (95, 315)], fill="#b43a5b", outline=_INK, width=4)
    draw.rectangle((170, 40, 310, 74), fill="#7fa650", outline=_INK, width=4)


def _box(draw: ImageDraw.ImageDraw) -> None:
    draw.rectangle((80, 110, 400, 315), fill="#b98a4e", outline=_INK, width=4)
    draw.rectangle((215, 110, 265, 315), fill="#8a2f2f")
    draw.rectangle((70, 80, 410, 120), fill="#cda066", outline=_INK, width=4)
