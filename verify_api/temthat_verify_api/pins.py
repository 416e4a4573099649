"""Entering the PIN that lies under a stamp's scratch film: whether it is right, and whether it is the first time.

A right PIN is recorded, a wrong one nowhere: guessing costs the guesser tries (`pin_limits`) and the stamp nothing. The
first right entry speaks for the pack in hand, so its answer is given without what the code's history suggests;
recalls, dates and forgery always stay. PINs are computed from the run's secret when they are needed, never stored.
"""

import hmac
import uuid
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from temthat_stamps.copies.records import StampEvent, StampEventKind
from temthat_stamps.verdict import Asker, CopyOpinion, Mark, Verdict, judge
from temthat_trace.ids import uuid7
from temthat_verify_api.facts import Answer
from temthat_verify_api.parts import Parts
from temthat_verify_api.pin_records import PinEntry
from temthat_verify_api.store import NewEvent, mark
from temthat_verify_api.typed_pin import read_pin


class PinWord(StrEnum):
    """What is said of a PIN that somebody entered."""

    RIGHT_FIRST = "right_first"
    """Right, and nobody else has entered it."""
    RIGHT_AGAIN = "right_again"
    """Right, and entered before by somebody else, or by this person with a phone that keeps no receipt."""
    WRONG = "wrong"
    NO_PIN = "no_pin"
    """The stamp has none, or is none of ours."""


@dataclass(frozen=True, slots=True)
class PinAnswer:
    """What became of an entry. `verdict`: what the stamp is told now. `first`: the first entry, if it was another's.

    Of a wrong one: how many tries are `left`, and in how many `minutes` there is the next if none is.
    """

    right: PinWord
    verdict: Verdict
    first: Mark | None = None
    left: int = 0
    minutes: int = 0


def has_pin(answer: Answer) -> bool:
    """Whether the stamp is one of ours and carries a PIN."""
    return answer.counts and answer.run is not None and answer.run.has_pins


async def enter(
    parts: Parts,
    answer: Answer,
    typed: str,
    *,
    asker: Asker,
    receipt: bytes | None,
    source: str,
    place: str | None,
    province: str | None,
    event_id: uuid.UUID | None = None,
) -> PinAnswer:
    """Try a PIN on the stamp of an answer, and record it if it is right. Only a shopper's entry is the first one.

    `receipt`: the phone's hashed receipt; the same phone, or the same `event_id`, that entered it first stays the
    first. `source`: the neighbourhood that tries are limited by. Raises `MistypedPin`, `TooManyTries`,
    `StoreUnavailableError`.
    """
    if not has_pin(answer):
        return PinAnswer(PinWord.NO_PIN, answer.verdict)
    pin, event = read_pin(typed), _event_of(answer, asker, receipt, place, province, event_id)
    tries, stamp = parts.pins, (event.run, event.serial)
    tries.check(stamp, source)
    if not _is_right(answer, pin):
        tries.count(stamp, source)
        left, minutes = tries.left(stamp, source), tries.wait(stamp, source)
        return PinAnswer(PinWord.WRONG, answer.verdict, left=left, minutes=minutes)
    first = await _record(parts, event)
    if first is None:
        tries.forget(stamp, source)
        facts = replace(answer.facts, copy=CopyOpinion())
        return PinAnswer(PinWord.RIGHT_FIRST, judge(facts, asker, answer.at))
    tries.count(stamp, source)
    verdict = judge(replace(answer.facts, claimed=first), asker, answer.at)
    return PinAnswer(PinWord.RIGHT_AGAIN, verdict, first)


def _is_right(answer: Answer, pin: str) -> bool:
    """In the same time whatever is wrong with it."""
    assert answer.run is not None, "a stamp that counts has a run"
    assert answer.header is not None, "a stamp that counts has a header"
    return hmac.compare_digest(answer.run.secrets.pin(answer.header), pin)


def _event_of(
    answer: Answer,
    asker: Asker,
    receipt: bytes | None,
    place: str | None,
    province: str | None,
    event_id: uuid.UUID | None,
) -> NewEvent:
    """What is recorded of a right entry: never the PIN."""
    assert answer.header is not None, "a stamp that counts has a header"
    return NewEvent(
        run=answer.header.run,
        serial=answer.header.serial,
        id=event_id or uuid7(int(answer.at.timestamp() * 1000)),
        at=answer.at,
        event=StampEventKind.PIN,
        kind=asker,
        verdict=answer.verdict.word.value,
        place=place,
        province=province,
        receipt=receipt,
        scoring=answer.run.scoring if answer.run else None,
    )


async def _record(parts: Parts, event: NewEvent) -> Mark | None:
    """Write a right entry down; the first one's day and province, or None if this is it.

    The event before the row that says who was first: a stop between the two is mended by the next try.
    """
    own, first = await run_in_threadpool(_look_up, parts, event)
    if own is None:
        recorded = await parts.services.store.record(event)
        parts.metrics.wrote(event.event.value, recorded)
        own = event.id
    if first is None and event.kind is Asker.CONSUMER:
        first = await run_in_threadpool(_claim, parts, replace(event, id=own))
    return None if first is None or first.event == own else mark(first.at, first.province)


def _look_up(parts: Parts, event: NewEvent) -> tuple[uuid.UUID | None, PinEntry | None]:
    """This phone's earlier entry of the PIN (or this very one, told again), and the first of all."""
    with parts.services.sessions() as session:
        return _own_entry(session, event), session.get(PinEntry, (event.run, event.serial))


def _own_entry(session: Session, event: NewEvent) -> uuid.UUID | None:
    same = StampEvent.id == event.id
    if event.receipt is not None:
        same |= StampEvent.receipt == event.receipt
    query = (
        select(StampEvent.id)
        .where(StampEvent.run == event.run, StampEvent.serial == event.serial, same)
        .where(StampEvent.event == StampEventKind.PIN, StampEvent.kind == event.kind)
    )
    return session.scalar(query.order_by(StampEvent.at, StampEvent.id).limit(1))


def _claim(parts: Parts, event: NewEvent) -> PinEntry:
    """Be the first unless somebody is: the database decides."""
    with parts.services.sessions() as session:
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        values = {
            "run": event.run, "serial": event.serial, "event": event.id, "at": event.at, "province": event.province
        }  # fmt: skip
        session.execute(insert(PinEntry).values(**values).on_conflict_do_nothing())
        session.commit()
        return session.get_one(PinEntry, (event.run, event.serial))
