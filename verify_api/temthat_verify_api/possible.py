"""What cannot have happened as it is reported: refused with the reason, before anything of it is stored or scored."""

import datetime as dt
import uuid

from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.copies.events import EVENTS_OF, require_role
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.verdict import HANOI, Asker
from temthat_verify_api.places import coarse_place
from temthat_verify_api.store import id_time

MAY_TELL = {
    kind: events | ({StampEventKind.SPOILED} if StampEventKind.SOLD in events else set())
    for kind, events in EVENTS_OF.items()
}
"""Who can report what: beside what the copy model hears, who sells a unit can say that it is spoiled."""

CLOCKS = dt.timedelta(hours=1)
"""How far a sender's clock may be from ours; within it a time is set right, beyond it something is wrong."""

ID_AHEAD = dt.timedelta(days=1)
"""An id is made when something happens or later, when it is sent. This much earlier it names something else."""


def require_possible(
    kind: Asker,
    event: StampEventKind,
    *,
    event_id: uuid.UUID,
    at: dt.datetime | None,
    place: str | None,
    begun: dt.datetime,
    now: dt.datetime,
) -> dt.datetime:
    """When it happened, for an event that can have: between the run's registration (`begun`) and now.

    Raises `BadEvent` for a role that cannot report it, a time before there were stamps or in the future, an id that is
    older than what it names, and a place that does not exist.
    """
    if event not in MAY_TELL[kind]:
        require_role(kind, event)
    if place and coarse_place(place)[0] is None:
        raise BadEvent(
            "place",
            f"Không có nơi nào mang mã “{place}”. Dùng mã tỉnh hai chữ số hoặc mã ô H3, hoặc bỏ trống.",
            f"No place has the code “{place}”. Use a two-digit province code, an H3 cell, or leave it out.",
        )
    if at is None:
        return now
    if at > now + CLOCKS:
        raise BadEvent(
            "time",
            f"Sự kiện được báo vào {_told(at)}, sau thời điểm hiện tại. Xem lại đồng hồ của máy gửi.",
            f"The event is reported for {_told(at)}, which is still to come. Look at the sender's clock.",
        )
    if at < begun - CLOCKS:
        raise BadEvent(
            "time",
            f"Sự kiện được báo vào {_told(at)}, trước khi tem này được đăng ký. Xem lại đồng hồ của máy gửi.",
            f"The event is reported for {_told(at)}, before this stamp was registered. Look at the sender's clock.",
        )
    if id_time(event_id) < 1_000 * (at - ID_AHEAD).timestamp():
        raise BadEvent(
            "id",
            f"Mã sự kiện được tạo trước khi sự kiện xảy ra vào {_told(at)}. Mỗi sự kiện cần một mã UUIDv7 mới.",
            f"The event's id was made before the event happened on {_told(at)}. Each event takes a new UUIDv7.",
        )
    return min(max(at, begun), now)


def _told(at: dt.datetime) -> str:
    """In Vietnam's time, to the minute; what lies at the ends of the calendar as it came."""
    try:
        return f"{at.astimezone(HANOI):%Y-%m-%d %H:%M}"
    except OverflowError:
        return at.isoformat()
