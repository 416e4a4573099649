"""Where something happened, made coarse before it is used: a province of today, or a large H3 cell."""

import re

import h3

from temthat_trace.places import current_province
from temthat_verify_api.errors import not_a_question

FINEST = 5
"""H3 resolution kept: cells of about 250 square kilometres."""

_CELL = re.compile(r"[0-9a-f]{15}")


def coarse_place(text: str | None) -> tuple[str | None, str | None]:
    """(place to keep, province if it is one) for a two-digit code, old or new, or an H3 cell. Raises `Refused`."""
    if not text:
        return None, None
    if len(text) == 2:
        province = current_province(text)
        if province is not None:
            return province.code, province.code
    elif _CELL.fullmatch(text.lower()) and h3.is_valid_cell(text.lower()):
        cell = text.lower()
        finest = min(h3.get_resolution(cell), FINEST)
        return str(h3.cell_to_parent(cell, finest)), None
    raise not_a_question(
        "Không có tỉnh hoặc ô H3 nào có mã này.", "No province and no H3 cell has this code.", field="place"
    )


def province_name(code: str) -> str:
    """A province's name without its kind; an unknown code is shown as it is."""
    province = current_province(code)
    return province.name if province else code
