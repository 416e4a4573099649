"""Papers that run out: told 180, 90 and 30 days before, and once they have. Pure.

A renewal takes months; there is no grace after the last day, which counts as valid to its end in Vietnam. A paper that
a later one of its kind already stands in for is not told of any more.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Urgency(StrEnum):
    """How near the end is, the nearest first."""

    EXPIRED = "expired"
    IN_30_DAYS = "30"
    IN_90_DAYS = "90"
    IN_180_DAYS = "180"


LIMITS = {Urgency.IN_30_DAYS: 30, Urgency.IN_90_DAYS: 90, Urgency.IN_180_DAYS: 180}
"""Days left, this number included, at which each begins."""

WARNING = dt.timedelta(days=180)
"""The longest of them."""


class Dated(Protocol):
    """What this module needs to know of a paper; `papers.Paper` has it all."""

    @property
    def id(self) -> uuid.UUID: ...  # noqa: D102
    @property
    def party_id(self) -> uuid.UUID: ...  # noqa: D102
    @property
    def product_id(self) -> uuid.UUID | None: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def valid_until(self) -> dt.date | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Alert:
    """A paper that runs out. `days` left on the day asked: 0 on its last day, negative afterwards."""

    paper_id: uuid.UUID
    urgency: Urgency
    days: int


def urgency(valid_until: dt.date | None, today: dt.date) -> Urgency | None:
    """How urgent a paper is on that day; None while more than 180 days are left, and for one without an end."""
    if valid_until is None:
        return None
    days = (valid_until - today).days
    if days < 0:
        return Urgency.EXPIRED
    return next((word for word, limit in LIMITS.items() if days <= limit), None)


def alerts(papers: Iterable[Dated], today: dt.date) -> list[Alert]:
    """What to tell of these papers, the nearest end first; all of a holder's, so that renewals are seen."""
    known = list(papers)
    last: dict[tuple[uuid.UUID, uuid.UUID | None, str], dt.date] = {}
    for paper in known:
        key = (paper.party_id, paper.product_id, paper.kind)
        last[key] = max(last.get(key, dt.date.min), paper.valid_until or dt.date.max)
    found = []
    for paper in known:
        word = urgency(paper.valid_until, today)
        if word is None or paper.valid_until is None:
            continue
        if paper.valid_until == last[paper.party_id, paper.product_id, paper.kind]:
            found.append(Alert(paper.id, word, (paper.valid_until - today).days))
    return sorted(found, key=lambda alert: alert.days)
