"""What becomes of one report: its role, time and place looked at, its stamp judged, then recorded once.

What cannot have happened so is refused with the reason (`possible`) before anything is written. A code that is not ours
is judged and nothing more: nobody without a genuine stamp writes into a stamp's history.
"""

import datetime as dt
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.copies.events import EARLIEST, EVENTS_OF
from temthat_stamps.copies.history import WINDOW, frozen_until
from temthat_stamps.copies.records import StampEvent, StampEventKind, StampState
from temthat_stamps.ledger.recording import Fate
from temthat_stamps.verdict import Asker, NoticeKind, Verdict, Word
from temthat_verify_api.answers import reasons_of
from temthat_verify_api.api.models import EventAnswer, EventReport, MarkModel, Outcome, PinModel, ReasonModel
from temthat_verify_api.api.packing import Packed, Packing
from temthat_verify_api.api.verify import source_of
from temthat_verify_api.credentials import Credential
from temthat_verify_api.errors import not_a_question
from temthat_verify_api.facts import Answer, Asking
from temthat_verify_api.parts import Parts
from temthat_verify_api.pins import PinAnswer, PinWord, enter
from temthat_verify_api.places import coarse_place
from temthat_verify_api.possible import CLOCKS, require_possible
from temthat_verify_api.questions import read_question
from temthat_verify_api.store import NewEvent
from temthat_verify_api.units import KINDS, Told, can_take_back

_USUAL = {
    StampEventKind.CHECK: Asker.CONSUMER,
    StampEventKind.PIN: Asker.CONSUMER,
    StampEventKind.APPLIED: Asker.PACKER,
}
"""Who reports where the report does not say it; of what is left, a till."""

_FATES = {StampEventKind.APPLIED: Fate.APPLIED, StampEventKind.SPOILED: Fate.SPOILED}
"""What a packer tells of stamps goes into the ledger, in stretches; what a till tells is of one unit."""

_GONE = frozenset({NoticeKind.SPOILED, NoticeKind.RETURNED, NoticeKind.VOID, NoticeKind.LOST})
"""Notices after which no till should meet the stamp on goods."""


class Telling:
    """Takes the reports of one request, one after another or side by side."""

    def __init__(self, parts: Parts, request: Request) -> None:
        self._parts = parts
        self._request = request
        self._packing = Packing(parts.services)

    async def tell(self, report: EventReport) -> EventAnswer:
        """Record one report. Raises `BadEvent`, `Refused` and whatever makes its code no question."""
        kind = report.kind or _USUAL.get(report.event, Asker.TILL)
        now = self._parts.services.now()
        _require_pin(report)
        require_possible(
            kind, report.event, event_id=report.id, at=report.at, place=report.place, begun=EARLIEST, now=now
        )
        credential = await self._parts.credentials.require(self._request, kind)
        question = read_question(report.code)
        source = source_of(self._request) if question.number or report.pin else ""
        # Whoever rings a unit up is told like a till if it was sold before.
        asking = Asking(Asker.TILL if report.event is StampEventKind.SOLD else kind, source)
        answer = await self._parts.judging.ask(question, asking)
        if not answer.counts or answer.run is None or answer.header is None:
            return _answer(report, answer, Outcome.JUDGED, report.at or now)
        at = require_possible(
            kind,
            report.event,
            event_id=report.id,
            at=report.at,
            place=report.place,
            begun=answer.run.registered_at,
            now=answer.at,
        )
        if report.pin is not None:
            return await self._enter_pin(report, report.pin, answer, kind, source)
        if kind is Asker.PACKER and report.event in _FATES:
            return await self._pack(report, answer, at, credential)
        told = await self._record(report, answer, kind, at, credential)
        if report.event is StampEventKind.RETURNED:
            # Of what was just taken back nothing should be said any more.
            after = (await self._parts.judging.ask(question, asking)).verdict
            told.verdict, told.reasons = after.word, _reasons(after)
        return told

    async def _enter_pin(
        self, report: EventReport, pin: str, answer: Answer, kind: Asker, source: str
    ) -> EventAnswer:
        """A PIN is tried now, whenever it was typed: there is no other way to know what to answer."""
        if report.at is not None and report.at < answer.at - CLOCKS:
            raise BadEvent(
                "time",
                "Mã PIN chỉ kiểm tra được ngay lúc nhập. Hãy nhập lại khi có mạng.",
                "A PIN is tried when it is typed. Enter it again with a network.",
            )
        place, province = coarse_place(report.place)
        said = await enter(
            self._parts, answer, pin,
            asker=kind, receipt=None, source=source, place=place, province=province, event_id=report.id,
        )  # fmt: skip
        is_right = said.right in (PinWord.RIGHT_FIRST, PinWord.RIGHT_AGAIN)
        told = _answer(report, answer, Outcome.RECORDED if is_right else Outcome.JUDGED, answer.at)
        told.verdict, told.scored, told.pin = said.verdict.word, is_right, _pin_model(said)
        told.reasons = _reasons(said.verdict)
        return told

    async def _pack(
        self, report: EventReport, answer: Answer, at: dt.datetime, credential: Credential | None
    ) -> EventAnswer:
        assert answer.header is not None, "a stamp that counts has a header"
        assert credential is not None, "a packer has a key"
        fate = _FATES[report.event]
        packed = await self._packing.record(credential, fate, answer.header.run, answer.header.serial, at)
        if isinstance(packed, BadEvent):
            raise packed
        outcome = Outcome.RECORDED if packed is Packed.NEW else Outcome.DUPLICATE
        self._parts.metrics.wrote(report.event.value, packed is Packed.NEW)
        return _answer(report, answer, outcome, at)

    async def _record(
        self,
        report: EventReport,
        answer: Answer,
        kind: Asker,
        at: dt.datetime,
        credential: Credential | None,
    ) -> EventAnswer:
        """Write the event; one known already answers with the verdict it was given then."""
        assert answer.header is not None, "a stamp that counts has a header"
        assert answer.run is not None, "a stamp that counts has a run"
        run, serial = answer.header.run, answer.header.serial
        place, province = coarse_place(report.place)
        event = NewEvent(
            run=run,
            serial=serial,
            id=report.id,
            at=at,
            event=report.event,
            kind=kind,
            verdict=answer.verdict.word.value,
            place=place,
            province=province,
            receipt=credential.teller if credential and report.event in KINDS else None,
            scoring=answer.run.scoring,
            gone=report.event is StampEventKind.SOLD and _was_gone(answer, at),
        )
        known = None
        if report.event is StampEventKind.RETURNED:
            known = await run_in_threadpool(self._require_to_take_back, event)
        recorded = known is None and await self._parts.services.store.record(event)
        self._parts.metrics.wrote(report.event.value, recorded)
        told = _answer(report, answer, Outcome.RECORDED if recorded else Outcome.DUPLICATE, at)
        if not recorded:
            known = known or await run_in_threadpool(self._find, run, serial, report.id)
        if known is not None:
            # Its own first telling must not turn a sale into "sold before" when the answer got lost on the way.
            told.at, told.verdict, told.reasons = known[0], known[1], []
        told.scored = await self._is_scored(event, told.at, answer.at)
        return told

    def _require_to_take_back(self, event: NewEvent) -> tuple[dt.datetime, Word] | None:
        """Pass if the unit has a sale or a spoiling by the same teller; if this return is known already, what of it.

        Raises `BadEvent`.
        """
        with self._parts.services.sessions() as session:
            if known := find_event(session, event.run, event.serial, event.id):
                return known
            told = _told_of(session, event.run, event.serial)
        if not can_take_back(told, Told(event.at, event.id, event.event, event.receipt)):
            raise BadEvent(
                "teller",
                "Đơn vị này chưa ghi bán hoặc ghi hỏng tem này trước thời điểm đó: không có gì để hoàn lại.",
                "No till of this organisation had rung up this unit, or told that it was spoiled, by then: there is "
                "nothing to take back.",
            )
        return None

    def _find(self, run: int, serial: int, event_id: uuid.UUID) -> tuple[dt.datetime, Word] | None:
        with self._parts.services.sessions() as session:
            return find_event(session, run, serial, event_id)

    async def _is_scored(self, event: NewEvent, at: dt.datetime, now: dt.datetime) -> bool:
        """Whether the copy score takes it in; only what is a week old has to be looked up."""
        if event.event not in EVENTS_OF[event.kind]:
            return False
        if at >= now - dt.timedelta(seconds=WINDOW):
            return True
        return await run_in_threadpool(self._is_in_window, event, at)

    def _is_in_window(self, event: NewEvent, at: dt.datetime) -> bool:
        query = select(StampState.copy_horizon).where(
            StampState.run == event.run, StampState.serial == event.serial
        )
        with self._parts.services.sessions() as session:
            horizon = session.scalar(query)
        return horizon is not None and int(at.timestamp()) >= frozen_until(horizon)


def find_event(
    session: Session, run: int, serial: int, event_id: uuid.UUID
) -> tuple[dt.datetime, Word] | None:
    """When an event was recorded for, and with which verdict; None if there is none of that id."""
    event = session.get(StampEvent, (run, serial, event_id))
    return (event.at, Word(event.verdict)) if event else None


def _told_of(session: Session, run: int, serial: int) -> list[Told]:
    query = select(StampEvent.at, StampEvent.id, StampEvent.event, StampEvent.receipt).where(
        StampEvent.run == run, StampEvent.serial == serial, StampEvent.event.in_(KINDS)
    )
    return [Told(*row) for row in session.execute(query)]


def _was_gone(answer: Answer, at: dt.datetime) -> bool:
    """Whether a notice had withdrawn the stamp by then. A sale that only arrives late was none of a withdrawn one."""
    assert answer.run is not None, "a stamp that counts has a run"
    assert answer.header is not None, "a stamp that counts has a header"
    serial = answer.header.serial
    return any(
        notice.kind in _GONE
        and notice.at < at
        and (notice.first is None or notice.last is None or notice.first <= serial <= notice.last)
        for notice in answer.run.notices
    )


def _require_pin(report: EventReport) -> None:
    """A PIN is in a report of one, and in no other."""
    if (report.pin is None) == (report.event is StampEventKind.PIN):
        raise not_a_question(
            "“pin” cần có khi sự kiện là “pin”, và chỉ khi đó.",
            "“pin” belongs to an event “pin”, and to no other.",
            field="pin",
        )


def _answer(report: EventReport, answer: Answer, outcome: Outcome, at: dt.datetime) -> EventAnswer:
    return EventAnswer(
        id=report.id,
        outcome=outcome,
        recorded=outcome is Outcome.RECORDED,
        scored=False,
        at=at,
        verdict=answer.verdict.word,
        reasons=_reasons(answer.verdict),
    )


def _reasons(verdict: Verdict) -> list[ReasonModel]:
    return [ReasonModel(**reason) for reason in reasons_of(verdict)]


def _pin_model(said: PinAnswer) -> PinModel:
    first = MarkModel(on=said.first.on, province=said.first.province) if said.first else None
    wrong = said.right is PinWord.WRONG
    return PinModel(
        answer=said.right.value,
        first=first,
        left=said.left if wrong else None,
        minutes=said.minutes if wrong else None,
    )
