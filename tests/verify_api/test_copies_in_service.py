"""The copy judge behind the service: who is counted as whom, what a suspicion says, and what a flood cannot do."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from temthat_stamps.copies.habits import priors
from temthat_stamps.copies.judge import ScoreJudge
from temthat_stamps.copies.opinion import evidence
from temthat_stamps.copies.places import of_province
from temthat_stamps.copies.records import CopySignal, StampEvent, StampEventKind, StampState
from temthat_stamps.copies.state import State
from temthat_stamps.runs.records import NoticeRecord
from temthat_stamps.verdict import Asker, CopyOpinion, Word
from temthat_trace.batches import Batch
from temthat_trace.ids import uuid7
from temthat_verify_api.facts import Answer, Asking
from temthat_verify_api.nightly.rollups import count_checked, put_counts
from temthat_verify_api.pages.consumer_view import PROVINCE_COOKIE
from temthat_verify_api.parts import Parts
from temthat_verify_api.questions import read_question
from temthat_verify_api.runfacts import RunFacts, load_run_facts, on_sale_in
from temthat_verify_api.store import History, NewEvent

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
PICTURE = re.compile(r'src="(/T/seen/[\w-]+)"')
PROVINCES = ("01", "79", "48", "92", "31", "66", "38")


async def look(world: "World", path: str, province: str = "", *, keeps: bool = True) -> str:
    """Another phone opens a stamp's page, as a browser does; the page's text."""
    async with world.again() as client:
        if province:
            client.cookies.set(PROVINCE_COOKIE, province)
        page = await client.get(path)
        if not keeps:
            client.cookies.clear()
        for picture in PICTURE.findall(page.text):
            await client.get(picture)
    return page.text


def state_of(world: "World", run: int, serial: int = 1) -> State:
    with world.services.sessions() as session:
        live = session.get_one(StampState, (run, serial)).copy_live
    assert live is not None
    return State.decode(live)


def check_at(run: int, at: dt.datetime, province: str, receipt: bytes) -> NewEvent:
    event_id = uuid7(int(at.timestamp() * 1000))
    return NewEvent(
        run, 1, event_id, at, StampEventKind.CHECK, Asker.CONSUMER, "genuine", province, province, receipt
    )


async def record(parts: Parts, run: int, at: dt.datetime, province: str, receipt: bytes) -> None:
    """A check of the first stamp at some moment, scored as the service scores them."""
    event = await parts.judging.with_scoring(check_at(run, at, province, receipt))
    assert await parts.services.store.record(event)


async def copied(world: "World", parts: Parts, run: int, phones: int = 14) -> None:
    """Copies of one stamp are sold in three provinces over two weeks."""
    for n in range(phones):
        await record(
            parts, run, world.now + dt.timedelta(days=n), ("01", "79", "48")[n % 3], bytes([n + 1]) * 16
        )
    world.forward(days=phones + 1)


async def ask(parts: Parts, code: str, receipt: bytes | None = None, asker: Asker = Asker.CONSUMER) -> Answer:
    return await parts.judging.ask(read_question(code), Asking(asker, receipt=receipt))


# ---- who is who -----------------------------------------------------------------------------------------------------


async def test_the_same_phone_adds_nothing_by_its_receipt(any_world: "World") -> None:
    """It looks again and again, on other days and from other provinces: one phone, one group, the same score."""
    run = any_world.run()
    path = f"/T/{any_world.code(run)}"
    async with any_world.client() as client:
        for day in range(5):
            client.cookies.set(PROVINCE_COOKIE, PROVINCES[day], path="/")
            page = await client.get(path)
            for picture in PICTURE.findall(page.text):
                await client.get(picture)
            any_world.forward(days=1)
    state = state_of(any_world, run)
    assert (state.checks, state.phones, state.groups, state.score) == (5, 1, 1, 0)


async def test_a_client_that_keeps_no_receipt_is_doubtful_and_not_new(world: "World") -> None:
    """A program that drops its cookies looks thirty times: it is no phone at all, and adds little for ever."""
    run = world.run()
    path = f"/T/{world.code(run)}"
    async with world.client():
        await look(world, path, "01")
        for n in range(30):
            await look(world, path, PROVINCES[n % 7], keeps=False)
            world.forward(days=1)
    state = state_of(world, run)
    assert (state.checks, state.phones, state.groups) == (31, 1, 1)
    assert state.score <= 1_000 * priors().limits.doubtful_total
    with world.services.sessions() as session:
        assert session.query(StampEvent).filter(StampEvent.receipt.is_not(None)).count() == 1


async def test_phones_that_keep_their_receipts_are_as_many(world: "World") -> None:
    """Six people in six towns on six days are six."""
    run = world.run()
    path = f"/T/{world.code(run)}"
    async with world.client():
        for n in range(6):
            await look(world, path, PROVINCES[n])
            world.forward(days=1)
    state = state_of(world, run)
    assert (state.checks, state.phones, state.groups, state.days) == (6, 6, 6, 6)


async def test_the_trial_of_a_receipt_leaves_nothing_behind(world: "World") -> None:
    """What goes out with the picture is taken back with it; later looks need no trial."""
    path = f"/T/{world.code(world.run())}"
    async with world.client() as client:
        page = await client.get(path)
        assert len(client.cookies.jar) == 2
        await client.get(PICTURE.findall(page.text)[0])
        assert [cookie.path for cookie in client.cookies.jar] == [path]
        again = await client.get(path)
        assert "set-cookie" not in again.headers


# ---- what is said ---------------------------------------------------------------------------------------------------


async def test_a_copied_stamp_is_suspected_on_every_surface(any_world: "World") -> None:
    """The page, the API and a till say so, with reasons; whoever asks about its neighbours hears nothing of it."""
    run = any_world.run()
    code, beside = any_world.code(run), any_world.code(run, 2)
    async with any_world.client() as client:
        parts: Parts = any_world.app.state.parts
        await copied(any_world, parts, run)
        told = (await client.post("/api/v1/verify", json={"code": code})).json()
        page = await look(any_world, f"/T/{code}")
        till = await ask(parts, code, asker=Asker.TILL)
        other = await ask(parts, beside)
    assert told["verdict"] == "suspect_copy"
    assert told["reasons"][0]["key"] == "copying"
    assert {"copy_places", "copy_groups"} <= {reason["key"] for reason in told["reasons"]}
    assert "có thể đã bị sao chép" in page
    assert till.verdict.word is Word.SUSPECT_COPY
    assert other.verdict.word is Word.GENUINE


async def test_who_entered_the_right_pin_first_is_told_of_no_suspicion(world: "World") -> None:
    """That phone has the pack in hand. Others are told; so is another phone that entered it later."""
    run = world.run()
    code, first, second = world.code(run), b"f" * 16, b"s" * 16
    async with world.client():
        parts: Parts = world.app.state.parts
        run_facts = await facts_of(parts, run, world)
        for receipt, at in ((first, world.now), (second, world.now + dt.timedelta(hours=1))):
            pin = replace(
                check_at(run, at, "01", receipt), event=StampEventKind.PIN, scoring=run_facts.scoring
            )
            assert await parts.services.store.record(pin)
        await copied(world, parts, run, phones=20)
        answers = [await ask(parts, code, receipt) for receipt in (first, second, None, b"o" * 16)]
    assert [answer.verdict.word for answer in answers] == [Word.GENUINE, *[Word.SUSPECT_COPY] * 3]


async def facts_of(parts: Parts, run: int, world: "World") -> RunFacts:
    facts = await parts.judging.runs.get(run, 1, world.now.date())
    assert facts is not None
    return facts


def test_a_judge_without_a_state_has_no_opinion(world: "World") -> None:
    """Nothing was scored yet; and a state far from the threshold gives one shared opinion."""
    number = world.run()
    with world.services.sessions() as session:
        run = load_run_facts(session, world.services.sealer, number)
    assert run is not None
    judge = ScoreJudge()
    assert judge.judge(History(1), run) == CopyOpinion()
    low, lower = (judge.judge(History(1, 2, copying=State(score=score)), run) for score in (10, -900))
    assert low is not None
    assert (low, low.suspect) == (lower, False)
    threshold = round(1_000 * run.scoring.model.habits.thresholds.suspect)
    at = judge.judge(History(1, 2, copying=State(score=threshold, groups=4)), run)
    below = judge.judge(History(1, 2, copying=State(score=threshold - 1, groups=4)), run)
    assert (at.suspect, below.suspect) == (True, False)


# ---- what the run says ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("", ()),
        ("Hà Nội", ("01",)),
        ("Hà Nội, Hải Phòng và TP. Hồ Chí Minh", ("01", "31", "79")),
        ("Hòa Bình; Phú Thọ", ("25",)),
        ("Toàn quốc", ()),
        ("Hà Nội và toàn quốc", ()),
        ("Cửa hàng OCOP, sàn thương mại điện tử", ()),
    ],
)
def test_where_goods_are_on_sale(words: str, codes: Sequence[str]) -> None:
    """Only a list of provinces bounds where goods may be; an old name is today's province."""
    assert on_sale_in(words) == tuple(of_province(code) for code in codes)


def test_the_last_day_ends_at_midnight_in_vietnam(world: "World") -> None:
    """And goods without a date have none."""
    dated, undated = world.run(expires_on=dt.date(2026, 5, 31)), world.run(expires_on=None, lot="L02")
    with world.services.sessions() as session:
        ends = [
            facts.scoring.goods.last_day_ends
            for number in (dated, undated)
            if (facts := load_run_facts(session, world.services.sealer, number))
        ]
        assert session.query(Batch).count() == 2
    assert ends == [int(dt.datetime(2026, 5, 31, 17, tzinfo=dt.UTC).timestamp()), None]


# ---- poisoning ------------------------------------------------------------------------------------------------------


async def test_a_hundred_phones_and_a_photographed_stamp_freeze_nothing(world: "World") -> None:
    """A hundred receipts that claim seven provinces, within two days: not even suspect, no notice, no evidence."""
    run = world.run()
    path = f"/T/{world.code(run)}"
    async with world.client():
        parts: Parts = world.app.state.parts
        for n in range(100):
            await look(world, path, PROVINCES[n % 7])
            world.forward(minutes=25)
        others = [await ask(parts, world.code(run, serial)) for serial in (2, 3, 100)]
    state = state_of(world, run)
    assert state.checks == 100
    assert not evidence(state, priors().thresholds)
    untouched(world, run, others)


async def test_patient_poisoning_reaches_one_stamp_only(world: "World") -> None:
    """Over three weeks the same hundred make one code suspect, which a person may look into; nothing acts by itself."""
    run = world.run()
    codes = [world.code(run, serial) for serial in (1, 2, 3, 100)]
    async with world.client():
        parts: Parts = world.app.state.parts
        begun = world.now
        for n in range(100):
            await record(parts, run, begun + dt.timedelta(hours=5 * n), PROVINCES[n % 7], bytes([n + 1]) * 16)
        world.forward(days=22)
        victim, *others = [await ask(parts, code) for code in codes]
    assert victim.verdict.word in (Word.SUSPECT_COPY, Word.GENUINE)
    untouched(world, run, others)
    with world.services.sessions() as session:
        assert {one.kind for one in session.query(CopySignal)} <= {"suspect", "many_groups"}


def untouched(world: "World", run: int, others: Sequence[Answer]) -> None:
    """No notice, no hold, and after a night too the run's other stamps are judged as if nothing were."""
    with world.services.sessions() as session:
        assert session.query(NoticeRecord).count() == 0
        assert put_counts(session, run, *count_checked(session, run, 1, 1_000), world.now)
        session.commit()
        facts = load_run_facts(session, world.services.sealer, run)
    assert facts is not None
    assert facts.copy_shift == 0
    assert [answer.verdict.word for answer in others] == [Word.GENUINE] * len(others)
    assert all(not answer.verdict.reasons for answer in others)


async def test_a_flood_by_a_program_is_bounded(world: "World") -> None:
    """Seven hundred checks without a receipt: one row, two hundred bytes of memory, a score that stops."""
    run = world.run()
    code = world.code(run)
    async with world.client() as client:
        for n in range(700):
            body = {"code": code, "place": PROVINCES[n % 7]}
            assert (await client.post("/api/v1/verify", json=body)).status_code == 200
            world.forward(minutes=7)
        told = (await client.post("/api/v1/verify", json={"code": code})).json()
    assert told["verdict"] == "genuine"
    state = state_of(world, run)
    assert (state.checks, state.phones) == (701, 0)
    assert state.score <= 1_000 * priors().limits.doubtful_total
    with world.services.sessions() as session:
        assert session.query(StampState).count() == 1
        row = session.get_one(StampState, (run, 1))
        assert len(row.copy_live or b"") + len(row.copy_frozen or b"") + 4 <= 200
