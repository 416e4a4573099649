"""What a clerk may choose for printing, in words of the trade, and what comes out as `PrintSettings`. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.printing.job import Kind, plan
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.layout import LAYOUTS, Layout
from temthat_stamps.runs.produce import PrintSettings

Method = Literal["sheet", "roll", "house"]
METHODS: tuple[Method, ...] = ("sheet", "roll", "house")

FORMATS: dict[Method, tuple[Kind, ...]] = {
    "sheet": ("pdf",),
    "roll": ("zpl", "tspl", "pdf"),
    "house": ("csv", "svg"),
}
RESOLUTIONS: dict[Method, tuple[int, ...]] = {"sheet": (600, 300), "roll": (203, 300, 600), "house": (600,)}
_FIRST: dict[Method, str] = {"sheet": "a4-24", "roll": "roll-50x30-1", "house": "a4-24"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A layout with what it costs: whether the stamp fits (`problem` empty), and how many sheets it takes."""

    layout: Layout
    problem: PrintingError | None
    sheets: int


def method_of(settings: PrintSettings) -> Method:
    """Which of the three ways of printing these settings are."""
    if settings.kind in FORMATS["house"]:
        return "house"
    layout = LAYOUTS.get(settings.layout)
    return "roll" if layout is not None and layout.medium == "roll" else "sheet"


def remembered(stored: str | None) -> PrintSettings:
    """Last time's settings without the start position; the usual ones when there are none or they are outdated."""
    try:
        settings = PrintSettings(**{**json.loads(stored or "{}"), "start_position": 1})
    except (TypeError, ValueError):
        return PrintSettings()
    return settings if settings.layout in LAYOUTS else PrintSettings()


def chosen(fields: Mapping[str, str], before: PrintSettings) -> PrintSettings:
    """Settings from the page's fields; what is missing or cannot be is as it was `before`, or usual for the method."""
    method = cast(Method, fields.get("method")) if fields.get("method") in METHODS else method_of(before)
    same = method == method_of(before)
    kind, layout = fields.get("kind"), LAYOUTS.get(fields.get("layout", ""))
    dpi = _whole(fields.get("dpi", ""))
    medium = "roll" if method == "roll" else "sheet"
    usual_kind = before.kind if same else FORMATS[method][0]
    usual_dpi = before.dpi if same and before.dpi in RESOLUTIONS[method] else RESOLUTIONS[method][0]
    return PrintSettings(
        kind=kind if kind in FORMATS[method] else usual_kind,
        layout=layout.id if layout and layout.medium == medium else before.layout if same else _FIRST[method],
        level=cast(Literal["M", "Q"], fields["level"]) if fields.get("level") in ("M", "Q") else before.level,
        dpi=dpi if dpi in RESOLUTIONS[method] else usual_dpi,
        dx_mm=_millimetres(fields.get("dx", ""), before.dx_mm),
        dy_mm=_millimetres(fields.get("dy", ""), before.dy_mm),
        scale_x=_percent(fields.get("sx", ""), before.scale_x),
        scale_y=_percent(fields.get("sy", ""), before.scale_y),
        start_position=_whole(fields.get("start", "")) or 1,
        cut_marks=fields["cut"] == "1" if "cut" in fields else before.cut_marks,
    )


def offers(method: Method, settings: PrintSettings, label: Label, host: str, count: int) -> list[Offer]:
    """Every named layout of the method, those that fit first."""
    medium = "roll" if method == "roll" else "sheet"
    found = []
    for layout in LAYOUTS.values():
        if layout.medium == medium:
            start = settings.start_position - 1 if layout.id == settings.layout else 0
            sheets = -(-(count + start) // layout.capacity)
            found.append(Offer(layout, problem(settings, layout.id, label, host), sheets))
    return sorted(found, key=lambda offer: offer.problem is not None)


@lru_cache(maxsize=512)
def problem(settings: PrintSettings, layout: str, label: Label, host: str) -> PrintingError | None:
    """Why the stamp cannot be printed on this layout with these settings; None when it can."""
    trial = PrintSettings(settings.kind, layout, settings.level, settings.dpi)
    try:
        plan(trial.printing(host), label)
    except PrintingError as error:
        return error
    return None


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _millimetres(text: str, before: float) -> float:
    """1,5 or 1.5; out of reach of any sensible printer is out of reach here."""
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return before
    return value if abs(value) <= 15 else before


def _percent(text: str, before: float) -> float:
    """99,5 for a printer that runs half a percent long; beyond 5 % the page itself is being resized."""
    try:
        value = float(text.replace(",", ".").replace("%", "")) / 100
    except ValueError:
        return before
    return round(value, 4) if 0.95 <= value <= 1.05 else before
