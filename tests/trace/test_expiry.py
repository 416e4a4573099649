"""When a paper is told of: at 180, 90 and 30 days, and once it ran out; not when it was renewed."""

import datetime as dt
import uuid
from dataclasses import dataclass, field

import pytest

from temthat_trace.expiry import Urgency, alerts, urgency

TODAY = dt.date(2026, 11, 22)
HOLDER, PRODUCT = uuid.UUID(int=1), uuid.UUID(int=2)


@dataclass(frozen=True)
class Sheet:
    """A paper as far as it matters here."""

    valid_until: dt.date | None
    kind: str = "ocop"
    product_id: uuid.UUID | None = PRODUCT
    party_id: uuid.UUID = HOLDER
    id: uuid.UUID = field(default_factory=uuid.uuid4)


def in_days(days: int, kind: str = "ocop", product_id: uuid.UUID | None = PRODUCT) -> Sheet:
    return Sheet(TODAY + dt.timedelta(days=days), kind, product_id)


@pytest.mark.parametrize(
    ("days", "word"),
    [
        (-400, "expired"), (-1, "expired"), (0, "30"), (30, "30"), (31, "90"), (90, "90"), (91, "180"), (180, "180"),
        (181, None),
    ],
)  # fmt: skip
def test_the_last_day_still_counts_and_each_limit_is_within(days: int, word: str | None) -> None:
    """Both ends included, as on the shopper's page."""
    assert urgency(TODAY + dt.timedelta(days=days), TODAY) == word


def test_a_paper_without_an_end_is_never_told_of() -> None:
    """A growing-area code often has none."""
    assert urgency(None, TODAY) is None
    assert alerts([Sheet(None)], TODAY) == []


def test_the_nearest_end_comes_first() -> None:
    """What ran out, then what is about to."""
    told = alerts(
        [in_days(100, "vietgap"), in_days(-3, "organic"), in_days(10), in_days(300, "globalgap")], TODAY
    )
    assert [(a.urgency, a.days) for a in told] == [
        (Urgency.EXPIRED, -3), (Urgency.IN_30_DAYS, 10), (Urgency.IN_180_DAYS, 100),
    ]  # fmt: skip


def test_a_renewed_paper_is_not_told_of() -> None:
    """The later one of the same kind and product stands in for it; another product's does not."""
    assert [a.days for a in alerts([in_days(-3), in_days(500)], TODAY)] == []
    assert [a.days for a in alerts([in_days(-3), Sheet(None)], TODAY)] == []
    assert [a.days for a in alerts([in_days(-3), in_days(20)], TODAY)] == [20]
    assert [a.days for a in alerts([in_days(-3), in_days(500, product_id=None)], TODAY)] == [-3]
    assert [a.days for a in alerts([in_days(-3), in_days(500, "vietgap")], TODAY)] == [-3]
