"""Curves as a small SVG: caught copies against genuine stamps that are ever suspect. No library draws them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT = 740, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 230, 20, 50
_LEAST, _MOST = 0.05, 20.0
"""Genuine suspects per 10,000 at the ends of the axis, which is logarithmic."""
_INKS = ("#9a6700", "#0b6e4f", "#1f4e9c", "#8a1c5b")
_DASHES = ("6 3", "none", "none", "2 3")


@dataclass(frozen=True, slots=True)
class Curve:
    """Points (genuine suspects per 10,000, caught in %), and the one at the threshold that ships."""

    name: str
    points: Sequence[tuple[float, float]]
    ours: tuple[float, float]


def draw(curves: Sequence[Curve]) -> str:
    """The whole file."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        'font-family="sans-serif" font-size="13">',
        "<title>Caught copies against genuine stamps ever suspect</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        *_grid(),
    ]
    for number, curve in enumerate(curves):
        parts += _curve(curve, _INKS[number % len(_INKS)], _DASHES[number % len(_DASHES)], number)
    return "\n".join([*parts, "</svg>", ""])


def _grid() -> list[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    lines = []
    for caught in range(0, 101, 20):
        y = _y(caught)
        lines.append(f'<path d="M{_LEFT} {y}H{right}" stroke="#ddd"/>')
        lines.append(f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{caught} %</text>')
    for suspects in (0.1, 0.3, 1, 3, 10):
        x = _x(suspects)
        ink = "#888" if suspects == 1 else "#ddd"
        lines.append(f'<path d="M{x} {_TOP}V{bottom}" stroke="{ink}"/>')
        lines.append(f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{suspects:g}</text>')
    middle = (_LEFT + right) / 2
    lines.append(
        f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">'
        "genuine scanned stamps ever suspect, per 10,000</text>"
    )
    return lines


def _curve(curve: Curve, ink: str, dash: str, number: int) -> list[str]:
    shown = [(suspects, caught) for suspects, caught in curve.points if _LEAST <= suspects <= _MOST]
    points = " ".join(f"{_x(suspects)},{_y(caught)}" for suspects, caught in shown)
    x, y = _WIDTH - _RIGHT + 12, _TOP + 24 * number + 10
    return [
        f'<polyline points="{points}" fill="none" stroke="{ink}" stroke-width="2" stroke-dasharray="{dash}"/>',
        f'<circle cx="{_x(curve.ours[0])}" cy="{_y(curve.ours[1])}" r="4" fill="{ink}"/>',
        f'<path d="M{x} {y}h22" stroke="{ink}" stroke-width="2" stroke-dasharray="{dash}"/>',
        f'<text x="{x + 28}" y="{y + 4}">{escape(curve.name)}</text>',
    ]


def _x(suspects: float) -> float:
    share = math.log(max(_LEAST, suspects) / _LEAST) / math.log(_MOST / _LEAST)
    return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(caught: float) -> float:
    return round(_TOP + (1 - caught / 100) * (_HEIGHT - _TOP - _BOTTOM), 1)
