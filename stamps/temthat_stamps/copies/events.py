"""One event of one stamp as the copy model sees it, and which events there can be at all. Pure."""

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.places import Spot, of_point, of_province
from temthat_stamps.verdict import Asker

EVENTS_OF = {
    Asker.CONSUMER: {StampEventKind.CHECK, StampEventKind.PIN},
    Asker.TILL: {StampEventKind.CHECK, StampEventKind.PIN, StampEventKind.SOLD, StampEventKind.RETURNED},
    Asker.INSPECTOR: {StampEventKind.CHECK, StampEventKind.PIN},
    Asker.PACKER: {
        StampEventKind.CHECK,
        StampEventKind.APPLIED,
        StampEventKind.SOLD,
        StampEventKind.RETURNED,
    },
}
"""Who can do what. A shopper cannot ring up a sale, an inspector does not stick stamps on packs."""

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)

EARLIEST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
LATEST = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class ScanEvent:
    """What happened to a stamp. `at` is in whole seconds since 1970; `visitor` an opaque word or None (no cookie)."""

    at: int
    kind: Asker
    event: StampEventKind
    visitor: str | None = None
    spot: Spot | None = None
    id: str = ""
    """The reporter's id; without one, equal events are one event."""

    @cached_property
    def order(self) -> tuple[int, bytes]:
        """Where it stands among the stamp's events: by time, and at one time by content. Equal: the same event."""
        body = self.id or f"{self.kind}|{self.event}|{self.visitor}|{self.spot}"
        return self.at, hashlib.blake2b(body.encode("utf-8", "surrogatepass"), digest_size=8).digest()

    @property
    def tag(self) -> int:
        """Thirty-two bits that stand for the visitor; never 0."""
        assert self.visitor is not None, "only known visitors have a tag"
        return tag_of(self.visitor)


def tag_of(visitor: str) -> int:
    """Thirty-two bits that stand for a visitor in a state; never 0."""
    return (
        int.from_bytes(hashlib.blake2b(visitor.encode("utf-8", "surrogatepass"), digest_size=4).digest()) or 1
    )


def read_event(row: dict[str, Any]) -> ScanEvent:
    """An event from one object of a scan log: at, kind, event, visitor, place. Raises `BadEvent` with the reason."""
    kind = _kind(row.get("kind"))
    event = _event(row.get("event"))
    require_role(kind, event)
    visitor = row.get("visitor")
    if visitor is not None and (not isinstance(visitor, str) or not visitor):
        raise BadEvent(
            "visitor",
            "“visitor” phải là chuỗi ký tự hoặc null.",
            "“visitor” must be a string that is not empty, or null.",
        )
    return ScanEvent(_time(row.get("at")), kind, event, visitor, _place(row.get("place")), _id(row.get("id")))


def require_role(kind: Asker, event: StampEventKind) -> None:
    """Raise `BadEvent` unless such a sender can report such an event."""
    if event not in EVENTS_OF[kind]:
        raise BadEvent(
            "kind",
            f"“{kind}” không thể ghi sự kiện “{event}”. Xem lại vai trò của máy gửi.",
            f"A {kind} cannot report “{event}”. Check the role of the sender.",
        )


def _kind(value: object) -> Asker:
    try:
        return Asker(str(value))
    except ValueError:
        raise _unknown("kind", value, list(Asker)) from None


def _event(value: object) -> StampEventKind:
    try:
        return StampEventKind(str(value))
    except ValueError:
        raise _unknown("event", value, list(StampEventKind)) from None


def _unknown(field: str, value: object, known: list[Any]) -> BadEvent:
    words = ", ".join(str(word) for word in known)
    return BadEvent(
        field,
        f"“{field}” là “{value}”, không phải một trong: {words}.",
        f"“{field}” is “{value}”, not one of: {words}.",
    )


def _time(value: object) -> int:
    """RFC 3339 with an offset, in a year a stamp can have been checked in."""
    at = None
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            at = dt.datetime.fromisoformat(value.upper())
        except ValueError:
            at = None
    if at is None:
        raise BadEvent(
            "time",
            f"“at” là “{value}”, không phải thời điểm RFC 3339 có múi giờ, như 2026-05-26T08:30:00+07:00.",
            f"“at” is “{value}”, not an RFC 3339 time with an offset, like 2026-05-26T08:30:00+07:00.",
        )
    if not EARLIEST <= at < LATEST:
        raise BadEvent(
            "time",
            f"Chưa có tem nào được kiểm tra lúc {value}. Xem lại đồng hồ của máy gửi.",
            f"No stamp was checked at {value}. Look at the sender's clock.",
        )
    return int(at.timestamp())


def _place(value: object) -> Spot | None:
    if value is None:
        return None
    if isinstance(value, str):
        return of_province(value)
    if isinstance(value, list) and len(value) == 2 and all(_is_number(part) for part in value):
        return of_point(value[0], value[1])
    raise BadEvent(
        "place",
        f"“place” là “{value}”: cần mã tỉnh, [vĩ độ, kinh độ] hoặc null.",
        f"“place” is “{value}”: it takes a province code, [lat, lon] or null.",
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _id(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise BadEvent("id", "“id” phải là chuỗi ký tự.", "“id” must be a string.")
