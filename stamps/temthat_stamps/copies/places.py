"""Places as the copy model sees them: points good to a kilometre, a province standing for its chief town. Pure.

A province is as large as the ways people take within it, so two places are told apart only beyond `SAME_KM`, and a
speed is believed only after `ERROR_KM` were taken off the distance.
"""

from functools import lru_cache
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from temthat_stamps.copies.errors import BadEvent
from temthat_trace.places import current_province

SAME_KM = 40.0
"""Closer than this is one place."""
NEAR_KM = 120.0
"""Up to here people go to work, market and family."""
ERROR_KM = 60.0
"""How far a coarse place may be from where the phone was."""
TOO_FAST_KMH = 250.0
"""Faster than a pack travels from door to door, flights included."""


class Spot(NamedTuple):
    """A point in hundredths of a degree (WGS 84), so that it takes four bytes."""

    lat: int
    lon: int


_CHIEF_TOWNS = {
    "01": (21.03, 105.85),
    "04": (22.67, 106.26),
    "08": (21.82, 105.21),
    "11": (21.39, 103.02),
    "12": (22.39, 103.46),
    "14": (21.33, 103.91),
    "15": (21.72, 104.91),
    "19": (21.59, 105.85),
    "20": (21.85, 106.76),
    "22": (20.95, 107.08),
    "24": (21.27, 106.19),
    "25": (21.32, 105.40),
    "31": (20.86, 106.68),
    "33": (20.65, 106.06),
    "37": (20.25, 105.97),
    "38": (19.81, 105.78),
    "40": (18.68, 105.68),
    "42": (18.34, 105.91),
    "44": (17.47, 106.60),
    "46": (16.46, 107.59),
    "48": (16.05, 108.21),
    "51": (15.12, 108.80),
    "52": (13.78, 109.22),
    "56": (12.24, 109.19),
    "66": (12.67, 108.04),
    "68": (11.94, 108.44),
    "75": (10.95, 106.82),
    "79": (10.78, 106.70),
    "80": (10.54, 106.41),
    "82": (10.36, 106.36),
    "86": (10.25, 105.97),
    "91": (10.01, 105.08),
    "92": (10.03, 105.78),
    "96": (9.18, 105.15),
}
"""Where each of the 34 provinces is governed from; general geography, to a hundredth of a degree."""


def of_province(code: str) -> Spot:
    """The spot of a province, old or new code; raises `BadEvent` for a code that is none."""
    province = current_province(code)
    town = _CHIEF_TOWNS.get(province.code) if province else None
    if town is None:
        raise BadEvent(
            "place",
            f"Không có tỉnh nào mang mã “{code}”. Dùng mã tỉnh hai chữ số hoặc [vĩ độ, kinh độ].",
            f"No province has the code “{code}”. Use a two-digit province code or [lat, lon].",
        )
    return Spot(round(town[0] * 100), round(town[1] * 100))


def of_point(lat: float, lon: float) -> Spot:
    """The spot of a point in degrees; raises `BadEvent` outside the earth."""
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise BadEvent(
            "place",
            f"Tọa độ {lat}, {lon} không có trên trái đất. Ghi [vĩ độ, kinh độ] theo độ.",
            f"There is no {lat}, {lon} on earth. Write [lat, lon] in degrees.",
        )
    return Spot(round(lat * 100), round(lon * 100))


@lru_cache(maxsize=20_000)
def kilometres(a: Spot, b: Spot) -> float:
    """The great-circle distance. Most places are provinces, so that most pairs come again."""
    if a == b:
        return 0.0
    lat_a, lat_b = radians(a.lat / 100), radians(b.lat / 100)
    half = sin((lat_b - lat_a) / 2) ** 2
    half += cos(lat_a) * cos(lat_b) * sin(radians((b.lon - a.lon) / 100) / 2) ** 2
    return 12_742.0 * asin(sqrt(min(1.0, half)))


def too_fast(km: float, seconds: int) -> bool:
    """Whether no pack gets that far in that time, however the places were rounded."""
    return km - ERROR_KM > TOO_FAST_KMH * seconds / 3600
