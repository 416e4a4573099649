"""Where something happened, made coarse before it is used: a province of today, or a large H3 cell."""

from functools import cache

import h3

from temthat_trace.places import Province, current_province, provinces
from temthat_trace.search import fold

FINEST = 5
"""H3 resolution kept: cells of about 250 square kilometres."""


def coarse_place(text: str | None) -> tuple[str | None, str | None]:
    """(place to keep, province if it is one) for a two-digit code, old or new, or an H3 cell of 15 hex digits.

    A code that was never given out says nothing: it is (None, None), for the question asked with it is still one.
    """
    if not text:
        return None, None
    if len(text) == 2:
        province = current_province(text)
        return (province.code, province.code) if province else (None, None)
    cell = text.lower()
    if not h3.is_valid_cell(cell):
        return None, None
    return str(h3.cell_to_parent(cell, min(h3.get_resolution(cell), FINEST))), None


def province_name(code: str) -> str:
    """A province's name without its kind; an unknown code is shown as it is."""
    province = current_province(code)
    return province.name if province else code


@cache
def provinces_by_name() -> tuple[Province, ...]:
    """Today's provinces as people look them up in a list: Đà Nẵng stands among the names in D."""
    return tuple(sorted(provinces().values(), key=lambda province: fold(province.name)))
