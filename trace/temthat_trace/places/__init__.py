"""Places of Vietnam: current and old administrative units, and finding them in a written address."""

from temthat_trace.places.find import Ambiguous, Place, find_place, province_label, search_provinces
from temthat_trace.places.units import (
    Commune,
    OldProvince,
    Province,
    commune,
    communes,
    current_province,
    old_provinces,
    province,
    provinces,
)

__all__ = [
    "Ambiguous",
    "Commune",
    "OldProvince",
    "Place",
    "Province",
    "commune",
    "communes",
    "current_province",
    "find_place",
    "old_provinces",
    "province",
    "province_label",
    "provinces",
    "search_provinces",
]
