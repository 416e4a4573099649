"""Entering a PIN: who is the first, what is recorded, what a wrong one costs, and what no PIN can clear."""

import asyncio
import datetime as dt
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.code import Header
from temthat_stamps.copies.records import CopySignal, StampEvent, StampEventKind
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.records import Run
from temthat_stamps.signing import RunSecrets
from temthat_stamps.verdict import Asker, CopyOpinion, Mark, NoticeKind, Word, judge
from temthat_trace.ids import uuid7
from temthat_verify_api.facts import Answer, Asking
from temthat_verify_api.parts import Parts, build_parts
from temthat_verify_api.pin_limits import FROM_ONE_SOURCE, ON_ONE_STAMP, ON_ONE_STAMP_FROM_ONE_SOURCE
from temthat_verify_api.pin_records import PinEntry
from temthat_verify_api.pins import PinAnswer, PinWord, enter
from temthat_verify_api.questions import read_question
from temthat_verify_api.store import NewEvent
from temthat_verify_api.throttle import TooManyTries
from temthat_verify_api.typed_pin import MistypedPin, read_pin

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
ONE, OTHER, THIRD = (bytes([n]) * 16 for n in (1, 2, 3))
SUSPECT = CopyOpinion(True, 0.99, (("copy_groups", "9"),))


def pin_of(world: "World", run: int, serial: int = 1) -> str:
    """The PIN under the scratch layer."""
    with world.services.sessions() as session:
        record = session.get_one(Run, run)
        found = RunSecrets(run_secret(world.services.sealer, record)).pin(
            Header(record.stamp_key.hint, run, serial)
        )
    assert len(found) == 6
    return found


def wrong(pin: str) -> str:
    return f"{(int(pin) + 1) % 10**6:06d}"


class Desk:
    """Tries PINs on one stamp of a run that has them."""

    def __init__(self, world: "World", **order: Any) -> None:
        self.world = world
        self.run = world.run(has_pins=True, **order)
        self.code = world.code(self.run)
        self.pin = pin_of(world, self.run)
        self.parts: Parts = build_parts(world.services)

    async def answer(self, code: str = "", *, suspect: bool = False) -> Answer:
        answer = await self.parts.judging.ask(read_question(code or self.code))
        if not suspect:
            return answer
        facts = replace(answer.facts, copy=SUSPECT)
        return replace(answer, facts=facts, verdict=judge(facts, Asker.CONSUMER, answer.at))

    async def enter(self, typed: str | None = None, **more: Any) -> PinAnswer:
        answer = await self.answer(suspect=more.pop("suspect", False))
        defaults: dict[str, Any] = {
            "asker": Asker.CONSUMER, "receipt": ONE, "source": "203.0.113.0/24", "place": None, "province": None
        }  # fmt: skip
        return await enter(self.parts, answer, self.pin if typed is None else typed, **{**defaults, **more})

    def events(self) -> list[StampEvent]:
        with self.world.services.sessions() as session:
            query = session.query(StampEvent).filter_by(run=self.run).order_by(StampEvent.at, StampEvent.id)
            return list(query)


@pytest.fixture
async def desk(world: "World") -> AsyncIterator[Desk]:
    """On SQLite."""
    yield Desk(world)
    await world.services.store.close()


@pytest.fixture
async def any_desk(any_world: "World") -> AsyncIterator[Desk]:
    """Once on SQLite and once on PostgreSQL."""
    yield Desk(any_world)
    await any_world.services.store.close()


async def test_the_first_right_entry_is_recorded_and_the_same_phone_stays_the_first(any_desk: Desk) -> None:
    """Whatever the phone enters again, there is one event, of kind pin, with its receipt."""
    for _ in range(3):
        told = await any_desk.enter(province="79", place="79")
        assert (told.right, told.verdict.word, told.first) == (PinWord.RIGHT_FIRST, Word.GENUINE, None)
        any_desk.world.forward(hours=1)
    [event] = any_desk.events()
    assert (event.event, event.kind, event.receipt) == (StampEventKind.PIN, Asker.CONSUMER, ONE)
    assert (event.place, event.verdict) == ("79", "genuine")


async def test_somebody_else_is_told_day_and_province_of_the_first(desk: Desk) -> None:
    """The verdict is `claimed`; each further phone is recorded once, however often it enters."""
    await desk.enter(province="79")
    desk.world.forward(days=2)
    for receipt in (OTHER, OTHER, THIRD):
        told = await desk.enter(receipt=receipt, source=receipt.hex())
        assert (told.right, told.verdict.word) == (PinWord.RIGHT_AGAIN, Word.CLAIMED)
        assert told.first == Mark(dt.date(2026, 5, 26), "79")
        desk.world.forward(minutes=1)
        assert [(r.key, r.value) for r in told.verdict.reasons if r.key == "pin_entered"] == [
            ("pin_entered", "2026-05-26 79")
        ]
    assert [event.receipt for event in desk.events()] == [ONE, OTHER, THIRD]
    assert (await desk.enter()).right is PinWord.RIGHT_FIRST


async def test_the_first_entry_outlives_its_event(desk: Desk) -> None:
    """Events are deleted in time; a pack that is filled and sold again then is still told so."""
    await desk.enter(province="01")
    with desk.world.services.sessions() as session:
        session.query(StampEvent).delete()
        session.commit()
    told = await desk.enter(receipt=OTHER)
    assert (told.right, told.first) == (PinWord.RIGHT_AGAIN, Mark(dt.date(2026, 5, 26), "01"))


async def test_two_at_one_moment_are_not_both_the_first(any_desk: Desk) -> None:
    """The database decides, and both entries are recorded."""
    phones = [secrets.token_bytes(16) for _ in range(4)]
    told = await asyncio.gather(*(any_desk.enter(receipt=phone, source=phone.hex()) for phone in phones))
    assert sorted(one.right for one in told) == ["right_again"] * 3 + ["right_first"]
    assert {event.receipt for event in any_desk.events()} == set(phones)


async def test_a_form_sent_twice_by_a_phone_without_cookies_is_one_entry(desk: Desk) -> None:
    """The entry's own id says that it is the same; without one, it is somebody else's for all we know."""
    entry = uuid7(1000 * 1_780_000_000)
    for _ in range(2):
        assert (await desk.enter(receipt=None, event_id=entry)).right is PinWord.RIGHT_FIRST
    assert [event.id for event in desk.events()] == [entry]
    assert (await desk.enter(receipt=None)).right is PinWord.RIGHT_AGAIN


async def test_an_entry_that_was_recorded_and_not_noted_as_the_first_is_mended(desk: Desk) -> None:
    """As after a stop between the two writes: the same phone's next try is still the first."""
    await desk.enter()
    with desk.world.services.sessions() as session:
        session.query(PinEntry).delete()
        session.commit()
    assert (await desk.enter()).right is PinWord.RIGHT_FIRST
    assert len(desk.events()) == 1
    assert (await desk.enter(receipt=OTHER)).right is PinWord.RIGHT_AGAIN


async def test_a_first_right_pin_clears_a_suspicion_and_nothing_else(desk: Desk) -> None:
    """Suspect becomes genuine for this person; somebody else is told suspect_copy still, with the first entry."""
    told = await desk.enter(suspect=True)
    assert told.verdict.word is Word.GENUINE
    assert not {"copying", "copy_groups"} & set(told.verdict.keys)
    again = await desk.enter(suspect=True, receipt=OTHER)
    assert again.verdict.word is Word.SUSPECT_COPY
    assert "pin_entered" in again.verdict.keys


async def test_a_stamp_that_was_copied_stays_suspect_for_all_but_the_first(any_desk: Desk) -> None:
    """By the real score, before and after: that phone's next question too; a third phone makes it evidence."""
    world = any_desk.world
    run = (await any_desk.answer()).run
    assert run is not None
    for day in range(16):
        event = NewEvent(
            any_desk.run, 1, uuid7(int(world.now.timestamp() * 1000)), world.now, StampEventKind.CHECK,
            Asker.CONSUMER, "genuine", province := ("01", "79", "46")[day % 3], province, bytes([day]) * 16,
            run.scoring,
        )  # fmt: skip
        await world.services.store.record(event)
        world.forward(days=1)
    assert (await any_desk.answer()).verdict.word is Word.SUSPECT_COPY
    phones = [secrets.token_bytes(16) for _ in range(3)]
    assert (await any_desk.enter(receipt=phones[0])).verdict.word is Word.GENUINE
    for phone in phones[1:]:
        world.forward(days=1)
        assert (await any_desk.enter(receipt=phone)).verdict.word is Word.SUSPECT_COPY
    words = [
        (await any_desk.parts.judging.ask(read_question(any_desk.code), Asking(receipt=phone))).verdict.word
        for phone in phones
    ]
    assert words == [Word.GENUINE, Word.SUSPECT_COPY, Word.SUSPECT_COPY]
    with world.services.sessions() as session:
        assert "pins" in {signal.kind for signal in session.query(CopySignal).filter_by(run=any_desk.run)}


async def test_one_other_phone_is_no_evidence_however_often_it_enters(desk: Desk) -> None:
    """Whoever has a pack that was a gift, and tries again and again."""
    await desk.enter()
    for _ in range(4):
        assert (await desk.enter(receipt=OTHER)).right is PinWord.RIGHT_AGAIN
        desk.world.forward(days=1)
    history = await desk.world.services.store.look_up(desk.run, 1)
    assert history.copying is not None
    assert history.copying.pins == 2


async def test_what_a_pin_never_clears(world: "World") -> None:
    """Recall, void, hold and the last day stay, with a first right PIN too."""
    spoilt = (
        (NoticeKind.RECALL, Word.RECALLED),
        (NoticeKind.VOID, Word.REVOKED),
        (NoticeKind.HOLD, Word.NOT_APPLIED),
        (None, Word.EXPIRED),
    )
    for kind, word in spoilt:
        last_day = dt.date(2026, 5, 1) if kind is None else dt.date(2026, 12, 31)
        desk = Desk(world, lot=f"L-{word}", expires_on=last_day)
        if kind is not None:
            reason = "contamination" if kind is NoticeKind.RECALL else "other"
            world.notify(desk.run, kind, serials=None if kind is NoticeKind.RECALL else (1, 1), reason=reason)
        told = await desk.enter(suspect=True)
        assert (told.right, told.verdict.word) == (PinWord.RIGHT_FIRST, word)
    await world.services.store.close()


async def test_a_wrong_pin_is_written_nowhere(desk: Desk) -> None:
    """Neither an event nor a row nor a state; the verdict is what it was."""
    before = await desk.answer(suspect=True)
    told = await desk.enter(wrong(desk.pin), suspect=True)
    assert (told.right, told.verdict) == (PinWord.WRONG, before.verdict)
    assert told.left == ON_ONE_STAMP_FROM_ONE_SOURCE.amount - 1
    assert desk.events() == []
    history = await desk.world.services.store.look_up(desk.run, 1)
    assert (history.checks, history.first) == (0, None)
    with desk.world.services.sessions() as session:
        assert session.query(PinEntry).count() == 0


async def test_forged_and_other_runs_have_no_pin(desk: Desk) -> None:
    """What is not ours, or was ordered without PINs, answers no_pin and counts no try."""
    plain = desk.world.run(lot="L02")
    for code in (desk.world.forged(desk.run), desk.world.code(plain), "https://example.com"):
        answer = await desk.answer(code)
        told = await enter(
            desk.parts, answer, desk.pin, asker=Asker.CONSUMER, receipt=None, source="s", place=None, province=None
        )  # fmt: skip
        assert (told.right, told.verdict) == (PinWord.NO_PIN, answer.verdict)
    assert desk.events() == []


async def test_an_inspector_does_not_take_the_first_entry_away(desk: Desk) -> None:
    """Recorded as an inspector's; the buyer is still the first."""
    told = await desk.enter(asker=Asker.INSPECTOR, receipt=None)
    assert told.right is PinWord.RIGHT_FIRST
    assert (await desk.enter()).right is PinWord.RIGHT_FIRST
    again = await desk.enter(asker=Asker.INSPECTOR, receipt=None)
    assert (again.right, again.first) == (PinWord.RIGHT_AGAIN, Mark(dt.date(2026, 5, 26)))


async def test_tries_are_limited_and_come_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One neighbourhood has few with one stamp; another one still has its own; after the window all are back."""
    clock = [1_000_000.0]
    monkeypatch.setattr("time.time", lambda: clock[0])
    few = ON_ONE_STAMP_FROM_ONE_SOURCE.amount
    for left in reversed(range(few)):
        told = await desk.enter(wrong(desk.pin))
        assert (told.left, told.minutes > 0) == (left, left == 0)
    with pytest.raises(TooManyTries) as refused:
        await desk.enter()
    assert 0 < refused.value.minutes <= 31
    assert (await desk.enter(receipt=OTHER, source="198.51.100.0/24")).right is PinWord.RIGHT_FIRST
    clock[0] += 60 * refused.value.minutes
    assert (await desk.enter(receipt=OTHER)).right is PinWord.RIGHT_FIRST


async def test_many_addresses_do_not_help_to_guess_one_stamp(desk: Desk) -> None:
    """All together have few tries with one stamp; another stamp of the run is untouched."""
    for n in range(ON_ONE_STAMP.amount):
        assert (await desk.enter(wrong(desk.pin), source=f"s{n}")).right is PinWord.WRONG
    with pytest.raises(TooManyTries):
        await desk.enter(source="yet another")
    answer = await desk.answer(desk.world.code(desk.run, 2))
    told = await enter(
        desk.parts, answer, pin_of(desk.world, desk.run, 2), asker=Asker.CONSUMER, receipt=ONE, source="s1",
        place=None, province=None,
    )  # fmt: skip
    assert told.right is PinWord.RIGHT_FIRST


async def test_one_neighbourhood_cannot_try_stamp_after_stamp(desk: Desk) -> None:
    """Its tries over all stamps are limited too, and right entries that repeat others' count."""
    tries = desk.parts.pins
    for serial in range(FROM_ONE_SOURCE.amount):
        tries.count((1, serial), "one")
    with pytest.raises(TooManyTries):
        tries.check((1, 9_999), "one")
    tries.check((1, 9_999), "two")


async def test_slips_before_the_right_pin_are_forgotten(desk: Desk) -> None:
    """The buyer's own slips do not follow the pack."""
    for _ in range(3):
        await desk.enter(wrong(desk.pin))
    await desk.enter()
    assert (await desk.enter(wrong(desk.pin))).left == ON_ONE_STAMP_FROM_ONE_SOURCE.amount - 1


@given(st.text(max_size=30))
def test_any_text_is_six_digits_or_mistyped(typed: str) -> None:
    """Reading never fails in another way, and never gives anything else."""
    try:
        pin = read_pin(typed)
    except MistypedPin:
        return
    assert len(pin) == 6
    assert pin.isascii()
    assert pin.isdigit()


@pytest.mark.parametrize(
    "typed", ["012345", " 012 345 ", "012-345", "01.23.45", "０１２３４５", "012\u00a0345"]
)
def test_ways_to_write_a_pin(typed: str) -> None:
    """Blanks, dots, hyphens and full-width digits are how people and phones write it."""
    assert read_pin(typed) == "012345"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "12345a", "१२३४५६", "123456" * 10], ids=range(6))
def test_what_is_no_pin_uses_no_try(typed: str) -> None:
    """Too few, too many, other signs."""
    with pytest.raises(MistypedPin):
        read_pin(typed)
