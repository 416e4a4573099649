"""The words and places a repository has met, each once: what the collections of EPCIS list (`/bizSteps` and the like).

Terms are hashes, so they cannot be listed; these few values are kept beside them as events are stored.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from temthat_trace.database import Base
from temthat_trace.epcis import events as ev
from temthat_trace.epcis.judging import Judged

FIELDS = ("type", "bizStep", "disposition", "readPoint", "bizLocation")
LONGEST = 500
"""Longer values are not listed; they are found all the same."""


class EpcisValue(Base):
    """A value of a field in one party's repository. `value`: its normal form; `text`: as it was first written."""

    __tablename__ = "epcis_value"

    party_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Value:
    """A value in its normal form and as it was first written."""

    value: str
    text: str


def keep_values(session: Session, party_id: uuid.UUID, judged: Iterable[Judged]) -> None:
    """Keep what is new of these events. The caller is the one writer."""
    seen: set[tuple[object, ...]] = set()
    met: dict[tuple[str, str], str] = {}
    for one in judged:
        event = one.event
        if event is None:
            continue
        read, at = event.read_point, event.biz_location
        raw = (event.type, event.biz_step, event.disposition, read and read.id, at and at.id)
        if raw not in seen:
            seen.add(raw)
            met.update(_listed(one.conditions or (), event, met))
    if met:
        _add(session, [(party_id, field, value, text) for (field, value), text in met.items()])


def _listed(
    conditions: Iterable[str], event: ev.Event, met: dict[tuple[str, str], str]
) -> Iterator[tuple[tuple[str, str], str]]:
    """The listed fields among the conditions an event meets (`terms.py`), each with how it was written."""
    places = {"readPoint": event.read_point, "bizLocation": event.biz_location}
    for condition in conditions:
        field, _, value = condition.partition("\0")
        if field in FIELDS and 0 < len(value) <= LONGEST and (field, value) not in met:
            place = places.get(field)
            yield (field, value), (place.id if place is not None else None) or value


def _add(session: Session, rows: Sequence[tuple[uuid.UUID, str, str, str]]) -> None:
    """One statement, whether they are there already or not: most often they are."""
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    marks = "?, ?, ?, ?" if is_sqlite else "%s, %s, %s, %s"
    values = [(party.hex if is_sqlite else party, *rest) for party, *rest in rows]
    connection.exec_driver_sql(
        f"insert into epcis_value (party_id, field, value, text) values ({marks}) on conflict do nothing",  # noqa: S608
        values,
    )


def list_values(
    session: Session, parties: Collection[uuid.UUID], field: str, *, after: str = "", limit: int
) -> Sequence[Value]:
    """The values of a field these parties' repositories have, in the order of their normal form."""
    query = (
        select(EpcisValue.value, func.min(EpcisValue.text))
        .where(EpcisValue.party_id.in_(parties), EpcisValue.field == field, EpcisValue.value > after)
        .group_by(EpcisValue.value)
        .order_by(EpcisValue.value)
        .limit(limit)
    )
    return [Value(value, text) for value, text in session.execute(query)]


def has_value(session: Session, parties: Collection[uuid.UUID], field: str, value: str) -> bool:
    """Whether an event of these parties has that value, in its normal form."""
    query = select(EpcisValue.value).where(
        EpcisValue.party_id.in_(parties), EpcisValue.field == field, EpcisValue.value == value
    )
    return session.scalars(query.limit(1)).first() is not None
