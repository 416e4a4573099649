"""The rules of sensor elements: which members, of what shape, in what words."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.events import Json, SensorElement
from temthat_trace.epcis.problems import Problem, step
from temthat_trace.epcis.texts import is_time, is_uri

_HEX = re.compile(r"[A-Fa-f0-9]+")
_GS1_VOC = (
    "https://gs1.org/voc/",
    "http://gs1.org/voc/",
    "https://www.gs1.org/voc/",
    "http://www.gs1.org/voc/",
)
Shape = tuple[Callable[[Any], bool], str, str]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_hex(value: Any) -> bool:
    return isinstance(value, str) and _HEX.fullmatch(value) is not None


def _is_word(words: Iterable[str]) -> Callable[[Any], bool]:
    known = frozenset(words)
    return lambda v: (
        isinstance(v, str)
        and (v in known or (is_uri(v) and not v.startswith((*_GS1_VOC, "urn:epcglobal:cbv"))))
    )


_URI: Shape = (is_uri, "một URI", "a URI")
_TIME: Shape = (
    is_time,
    "giờ có múi giờ, như 2026-05-26T14:30:00+07:00",
    "a time with a zone, as 2026-05-26T14:30:00+07:00",
)
_NUMBER: Shape = (_is_number, "một số", "a number")
_TEXT: Shape = (lambda v: isinstance(v, str), "một chuỗi", "a text")
_MEASURED = _is_word(cbv.MEASUREMENT)
_ALERT = _is_word(cbv.ALERT)
_COMPONENT = _is_word(cbv.COMPONENT.words)
_DEVICE = ("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
_SUBJECT = ("microorganism", "chemicalSubstance", "coordinateReferenceSystem", "uriValue")
_AMOUNTS = ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue")
_METADATA: dict[str, Shape] = {
    **dict.fromkeys(("time", "startTime", "endTime"), _TIME),
    **dict.fromkeys(_DEVICE, _URI),
}
_REPORT: dict[str, Shape] = {
    "type": (
        _MEASURED,
        "đại lượng GS1 như Temperature, hoặc URI riêng",
        "a GS1 quantity as Temperature, or a URI",
    ),
    "exception": (
        _ALERT,
        "ALARM_CONDITION, ERROR_CONDITION hoặc URI",
        "ALARM_CONDITION, ERROR_CONDITION or a URI",
    ),
    "component": (
        _COMPONENT,
        "x, y, z, latitude, longitude… hoặc URI",
        "x, y, z, latitude, longitude… or a URI",
    ),
    "time": _TIME,
    **dict.fromkeys((*_DEVICE, *_SUBJECT), _URI),
    **dict.fromkeys(_AMOUNTS, _NUMBER),
    **dict.fromkeys(("stringValue", "uom"), _TEXT),
    "booleanValue": (lambda v: isinstance(v, bool), "true hoặc false", "true or false"),
    "hexBinaryValue": (_is_hex, "chữ số hệ 16", "hexadecimal digits"),
}


def check_sensors(elements: Iterable[SensorElement], found: list[Problem]) -> None:
    """Adds what is wrong with the sensor elements of an event."""
    for i, element in enumerate(elements):
        at = f"/sensorElementList/{i}"
        if not element.reports:
            found.append(
                Problem(
                    at + "/sensorReport", "required", "Thiếu “sensorReport”.", "“sensorReport” is missing."
                )
            )
        metadata = element.metadata or {}
        _members(metadata, _METADATA, at + "/sensorMetadata", found)
        start, end = metadata.get("startTime"), metadata.get("endTime")
        if is_time(start) and is_time(end) and _instant(start) > _instant(end):
            found.append(
                Problem(
                    at + "/sensorMetadata/endTime",
                    "time_order",
                    "Kết thúc trước khi bắt đầu.",
                    "It ends before it starts.",
                )
            )
        for n, report in enumerate(element.reports or ()):
            here = f"{at}/sensorReport/{n}"
            if "type" not in report:
                found.append(
                    Problem(
                        here + "/type",
                        "required",
                        "Thiếu “type” (đo cái gì).",
                        "“type” (what is measured) is missing.",
                    )
                )
            _members(report, _REPORT, here, found)


def _instant(text: Any) -> datetime:
    return datetime.fromisoformat(text)


def _members(members: Json, shapes: dict[str, Shape], at: str, found: list[Problem]) -> None:
    for name, value in members.items():
        shape = shapes.get(name)
        if shape is None:
            if ":" not in name:
                vi = f"Không có mục “{name[:60]}” ở đây; phần mở rộng phải có tiền tố."
                en = f"There is no member “{name[:60]}” here; an extension needs a prefix."
                found.append(Problem(at + step(name), "unknown_member", vi, en))
        elif not shape[0](value):
            found.append(
                Problem(f"{at}/{name}", "sensor", f"Phải là {shape[1]}.", f"This must be {shape[2]}.")
            )
