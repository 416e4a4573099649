"""Registering runs: the arithmetic of the allowance, run numbers in order, a manifest that binds the batch."""

import base64
import datetime as dt
import json
import threading
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from temthat_stamps.code import RUN_MAX
from temthat_stamps.custody.state import Quota
from temthat_stamps.errors import CustodyError
from temthat_stamps.keys import key_id
from temthat_stamps.log.entries import entry
from temthat_stamps.log.records import LogEntry
from temthat_stamps.manifest import SOURCES_LIMIT, Names
from temthat_stamps.runs.custody import issuer_key
from temthat_stamps.runs.errors import BeyondQuantity, RunRefused
from temthat_stamps.runs.records import IssuerKey, Revision, Run, RunBlock, StampKey
from temthat_stamps.runs.register import (
    BLOCK_MOST,
    activate_run,
    issued_batches,
    plan_run,
    register_run,
    reserve_block,
)
from temthat_stamps.runs.revision import bump_revision
from temthat_stamps.statement import peek, verify_statement
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.database import make_sessions
from temthat_trace.events import batch_digest
from temthat_trace.packing import Allowance
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import PackForm, PackKind, ProductKind

if TYPE_CHECKING:
    from tests.stamps.runs.conftest import Shop

ORIGIN = "tem.example.vn/log"


def left(shop: "Shop", form: Any) -> Allowance:
    return plan_run(shop.session, shop.batch, form)


def log_of(shop: "Shop") -> list[LogEntry]:
    """The log's entries in order; that they are counted from 0 without gaps is part of what every test here states."""
    entries = list(shop.session.scalars(select(LogEntry).order_by(LogEntry.index)))
    assert [found.index for found in entries] == list(range(len(entries)))
    return entries


def stated(shop: "Shop", kind: str) -> list[dict[str, Any]]:
    """What the log states of one kind, in order."""
    return [dict(peek(found.envelope)) for found in log_of(shop) if found.kind == kind]


def test_packs_and_two_percent(sqlite_shop: "Shop") -> None:
    """120 kg in packs of 500 g are 240 packs and 4 stamps for spoiled ones."""
    shop = sqlite_shop
    assert (left(shop, shop.item).packs, left(shop, shop.item).extra, left(shop, shop.item).left) == (
        240,
        4,
        244,
    )
    assert left(shop, shop.large).left == 122
    assert left(shop, shop.case).left == 10  # 10 cases of 12 kg; 2 % of 10 is no whole stamp
    assert left(shop, shop.pallet).left == 1
    assert left(shop, shop.combo).left == 81  # 80 combos of 1.5 kg


def test_earlier_runs_are_taken_off(sqlite_shop: "Shop") -> None:
    """Of the same pack form stamp by stamp, of other forms by what they hold; never below zero."""
    shop = sqlite_shop
    shop.run(100)
    assert left(shop, shop.item).left == 144
    assert left(shop, shop.large).left == 71  # 120 - 50 kg: 70 packs and one for spoiled ones
    shop.run(71, shop.large)
    assert left(shop, shop.item).packs == 98  # 120 - 71 kg
    assert left(shop, shop.item).left == 0  # 98 packs and 1, of which 100 are printed
    assert left(shop, shop.combo).left == 0


def test_a_case_and_what_is_in_it_share_no_stamps(sqlite_shop: "Shop") -> None:
    """Items, cases and cases of cases are counted each on their own level; combos stand beside items."""
    shop = sqlite_shop
    shop.run(244)
    assert left(shop, shop.case).left == 10
    shop.run(10, shop.case)
    assert left(shop, shop.pallet).left == 1
    shop.run(1, shop.pallet)
    assert left(shop, shop.case).left == 0
    assert left(shop, shop.combo).left == 0
    box = shop.form("T12", kind=PackKind.CASE, inner_id=shop.item.id, holds=12)
    assert left(shop, box).left == 0


def test_cases_that_hold_each_other_are_refused_in_words(sqlite_shop: "Shop") -> None:
    """A circle in the records is no endless loop."""
    shop = sqlite_shop
    shop.case.inner_id, shop.case.holds = shop.pallet.id, 2
    shop.session.flush()
    shop.session.expire_all()
    with pytest.raises(RunRefused, match="nested"):
        shop.run(1, shop.case)


def test_beyond_the_quantity_is_refused_with_the_arithmetic(sqlite_shop: "Shop") -> None:
    """The refusal shows the numbers in both languages and writes nothing; a reason lets it through and is kept."""
    shop = sqlite_shop
    with pytest.raises(BeyondQuantity) as refused:
        shop.run(245)
    for text in (refused.value.vi, refused.value.en):
        for number in ("245", "240", "244", "120"):
            assert number in text
    shop.session.rollback()
    assert shop.session.scalars(select(Run)).all() == []
    with pytest.raises(BeyondQuantity):
        shop.run(245, override_reason="  vì thế  ")
    reason = "Lô được cân lại: 125 kg, biên bản số 7"
    assert shop.run(245, override_reason=f" {reason} ").override_reason == reason
    assert left(shop, shop.item).left == 0


def test_a_reason_without_need_is_not_kept(sqlite_shop: "Shop") -> None:
    """Only an override is one; a very long reason is cut to its column."""
    assert sqlite_shop.run(10, override_reason="không cần lý do nào cả").override_reason == ""
    assert len(sqlite_shop.run(1000, override_reason="lý do " * 100).override_reason) == 400


@pytest.mark.parametrize("count", [0, -1, 2**24 - 1])
def test_counts_outside_the_format_are_refused(sqlite_shop: "Shop", count: int) -> None:
    """Serials go from 1 to 2^24 - 2."""
    with pytest.raises(RunRefused, match="1 to 16777214"):
        sqlite_shop.run(count, override_reason="một lý do đủ dài")


def test_what_can_have_no_stamps(sqlite_shop: "Shop") -> None:
    """Another product's pack form, a service, a party that makes nothing, and units that do not convert."""
    shop = sqlite_shop
    pieces = shop.new_batch("L9", Decimal(10), unit="H87")
    with pytest.raises(RunRefused):
        shop.run(1, batch=pieces)
    shop.coop.kind = PartyKind.SHOP
    with pytest.raises(RunRefused, match="no producer"):
        shop.run(1)
    shop.coop.kind = PartyKind.COOPERATIVE
    shop.product.kind = ProductKind.SERVICE
    with pytest.raises(RunRefused, match="service"):
        shop.run(1)
    shop.product.kind = ProductKind.GOODS
    foreign = shop.form("X")
    foreign.product_id = shop.other.id
    with pytest.raises(RunRefused, match="not of the product"), shop.session.no_autoflush:
        plan_run(shop.session, shop.batch, foreign)


def test_gs1_needs_a_gtin_and_a_lot_that_fits(sqlite_shop: "Shop") -> None:
    """What no GS1 address could hold is refused before anything is signed."""
    shop = sqlite_shop
    assert shop.run(1, gs1=True).gs1
    with pytest.raises(RunRefused, match="plain letters"):
        shop.run(1, batch=shop.new_batch("Lô 7", Decimal(10)), gs1=True)
    shop.product.gtin = None
    with pytest.raises(RunRefused, match="GTIN"):
        shop.run(1, gs1=True)


def test_run_numbers_are_counted_up_and_a_rolled_back_one_is_used_again(shop: "Shop") -> None:
    """1, 2, 3 in the order of registration; what was never committed never existed."""
    assert shop.run().run == 1
    assert shop.run().run == 2
    shop.session.commit()
    assert shop.run().run == 3
    shop.session.rollback()
    assert shop.run().run == 3
    shop.session.commit()
    assert (
        set(issued_batches(shop.session))
        == {shop.batch.id}
        == set(issued_batches(shop.session, shop.coop.id))
    )
    assert issued_batches(shop.session, shop.other.id) == {}


def test_run_numbers_are_unique_under_concurrency(shop: "Shop") -> None:
    """Four clerks order at once: every run has its number, and together they never get more than the batch allows."""
    batch_id, form_id = shop.batch.id, shop.item.id
    shop.session.rollback()
    problems: list[BaseException] = []
    start = threading.Barrier(4)

    def clerk() -> None:
        with make_sessions(shop.engine)() as session:
            try:
                start.wait()
                for _ in range(5):
                    batch = session.get_one(type(shop.batch), batch_id)
                    form = session.get_one(type(shop.item), form_id)
                    try:
                        register_run(session, shop.registry, batch, form, 20)
                        session.commit()
                    except BeyondQuantity:
                        session.rollback()
            except BaseException as error:  # noqa: BLE001 - told to the test's own thread
                problems.append(error)

    clerks = [threading.Thread(target=clerk) for _ in range(4)]
    for thread in clerks:
        thread.start()
    for thread in clerks:
        thread.join()
    assert problems == []
    runs = shop.session.scalars(select(Run).order_by(Run.run)).all()
    assert [run.run for run in runs] == list(range(1, 13))  # 12 x 20 = 240 of 244
    assert len({run.stamp_key_id for run in runs}) == 1 == len(shop.session.scalars(select(StampKey)).all())
    kinds = [found.kind for found in log_of(shop)]
    assert kinds == ["log_opened", "key_opened"] + ["run"] * 12
    assert [run.log_index for run in runs] == list(range(2, 14))


def test_the_revision_is_raised_once_a_transaction_and_starts_by_itself(shop: "Shop") -> None:
    """Also when two transactions find no row: neither fails, and both are counted."""
    shop.session.execute(Revision.__table__.delete())  # type: ignore[attr-defined]
    shop.session.commit()

    def bump() -> None:
        with make_sessions(shop.engine)() as session:
            bump_revision(session)
            session.commit()

    threads = [threading.Thread(target=bump) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shop.session.get_one(Revision, 1, populate_existing=True).value == 6


def test_the_manifest_verifies_and_binds_the_batch(shop: "Shop") -> None:
    """Under the issuer's key: run, range, key, dates, digest of the events; names only as a commitment that opens."""
    run = shop.run(12, needs_activation=True)
    public = issuer_key(shop.session, shop.registry, shop.coop).public_key
    manifest = entry(shop.session, run.log_index)
    body = verify_statement(manifest, {key_id(public): public}).body
    assert body["type"] == "run"
    assert body["origin"] == ORIGIN
    assert (body["run"], body["first"], body["last"]) == (run.run, 1, 12)
    assert body["stamp_key"] == key_id(run.stamp_key.public_key)
    assert body["batch"] == str(shop.batch.id)
    assert (body["made_on"], body["expires_on"]) == ("2026-05-01", "2027-05-01")
    assert body["needs_activation"] is True
    assert body["gtin"] == "08938505974194"
    assert (body["packs"], body["beyond"], body["replaces"]) == (240, False, None)
    assert body["events"] == batch_digest(event.digest for event in shop.batch.events)
    assert run.salt is not None
    names = Names("HTX Mẫu", "Mật ong", "Quy cách 500G", "L1")
    assert body["commitment"] == names.commitment(run.salt)
    assert "Mật ong" not in json.dumps(dict(peek(manifest)), ensure_ascii=False)


def test_a_manifest_says_that_a_reason_was_given_for_more(sqlite_shop: "Shop") -> None:
    """So that whoever counts from the log alone can tell an override from an over-issue."""
    run = sqlite_shop.run(300, override_reason="Lô được cân lại, biên bản số 7")
    body = peek(entry(sqlite_shop.session, run.log_index))
    assert (body["packs"], body["beyond"]) == (240, True)


def test_a_manifest_survives_the_erasure_of_events(sqlite_shop: "Shop") -> None:
    """Forgetting what was written changes no digest."""
    shop = sqlite_shop
    before = peek(entry(shop.session, shop.run(1).log_index))["events"]
    for event in shop.batch.events:
        event.erase()
    shop.session.flush()
    assert batch_digest(event.digest for event in shop.batch.events) == before


def test_the_run_is_registered_within_its_keys_period(sqlite_shop: "Shop") -> None:
    """Never before the key was announced, never after it closes; a key ends with its calendar month (UTC)."""
    shop = sqlite_shop
    first = shop.run(1)  # on 26 May, 03:00
    shop.forward(days=5, hours=20)
    second = shop.run(1)  # on 31 May, 23:00
    assert first.stamp_key_id == second.stamp_key_id
    shop.forward(hours=1)
    third = shop.run(1)  # on 1 June, midnight: it is 7 o'clock in Hanoi
    assert third.stamp_key_id != first.stamp_key_id
    for run in (first, second, third):
        assert run.stamp_key.opened_at <= run.registered_at < run.stamp_key.closes_at
    assert [run.stamp_key.closes_at for run in (first, third)] == [
        dt.datetime(2026, 5, 31, 23, 59, 59, tzinfo=dt.UTC),
        dt.datetime(2026, 6, 30, 23, 59, 59, tzinfo=dt.UTC),
    ]


def test_a_slow_registration_is_still_within_its_keys_period(sqlite_shop: "Shop") -> None:
    """The clock goes on while a key is made: the run must not be dated before the key it is signed by."""
    shop = sqlite_shop
    shop.now += dt.timedelta(milliseconds=900)

    def ticking() -> dt.datetime:
        shop.forward(milliseconds=70)
        return shop.now

    run = register_run(shop.session, replace(shop.registry, now=ticking), shop.batch, shop.item, 1)
    [opened], [manifest] = stated(shop, "key_opened"), stated(shop, "run")
    assert opened["opens"] <= manifest["registered_at"] <= opened["closes"]
    assert shop.code(run)


@pytest.mark.parametrize("left_ms", [1, 500, 1000, 1500])
def test_a_run_at_the_very_end_of_a_month_has_a_key_that_counts(sqlite_shop: "Shop", left_ms: int) -> None:
    """Its key's period is not empty, and it is closed in the log only when that is over."""
    shop = sqlite_shop
    shop.now = dt.datetime(2026, 6, 1, tzinfo=dt.UTC) - dt.timedelta(milliseconds=left_ms)
    run = shop.run(1)
    [opened], [manifest] = stated(shop, "key_opened"), stated(shop, "run")
    assert opened["opens"] < opened["closes"] <= "2026-06-01T00:00:00Z"
    assert opened["opens"] <= manifest["registered_at"] <= opened["closes"]
    assert shop.code(run)
    for _ in range(3):
        shop.forward(milliseconds=700)
        shop.run(1)
    assert all(
        closed["at"] > opened["closes"]
        for closed in stated(shop, "key_closed")
        for opened in stated(shop, "key_opened")
        if key_id(base64.b64decode(opened["public_key"])) == closed["stamp_key"]
    )


def test_a_party_without_an_approved_key_registers_nothing(shop: "Shop") -> None:
    """Refused in words that say whom to ask: no key, not yet approved, expired, revoked, or retired."""
    [key] = shop.session.scalars(select(IssuerKey).where(IssuerKey.party_id == shop.coop.id))

    def refused(**changes: Any) -> None:
        before = {name: getattr(key, name) for name in changes}
        for name, value in changes.items():
            setattr(key, name, value)
        with pytest.raises(RunRefused, match="Ask the alliance") as told:
            shop.run(1)
        assert "Hãy liên hệ Liên minh" in told.value.vi
        for name, value in before.items():
            setattr(key, name, value)

    refused(delegated_from=None)
    refused(delegated_from=1)  # approved for entries that the log does not have yet
    refused(valid_until=shop.now)
    refused(last_good=0, revoked_reason="stolen")
    refused(retired_at=shop.now)
    refused(party_id=shop.other.id)
    assert log_of(shop) == []
    assert shop.run(1).run == 1


def test_every_run_stands_in_the_log_after_its_key(shop: "Shop") -> None:
    """The order of the log is the order of what was done; entry 0 opens it; each row knows its own entry."""
    runs = [shop.run(1)]
    shop.session.commit()
    shop.forward(days=10)
    runs += [shop.run(1), shop.run(1)]
    shop.session.commit()
    assert [found.kind for found in log_of(shop)] == [
        "log_opened",
        "key_opened",
        "run",
        "key_closed",
        "key_opened",
        "run",
        "run",
    ]
    for run in runs:
        manifest = peek(entry(shop.session, run.log_index))
        opened = peek(entry(shop.session, run.stamp_key.log_index))
        assert (manifest["type"], manifest["run"]) == ("run", run.run)
        assert (opened["type"], opened["hint"]) == ("key_opened", run.stamp_key.hint.hex())
        assert run.stamp_key.log_index < run.log_index
    assert [found.party_id for found in log_of(shop)] == [None] + [shop.coop.id] * 6


def test_what_is_rolled_back_is_not_in_the_log(shop: "Shop") -> None:
    """Neither the run nor its key's announcement: the next registration takes their places."""
    shop.run(1)
    shop.session.rollback()
    assert log_of(shop) == []
    shop.run(1)
    shop.session.commit()
    assert [found.kind for found in log_of(shop)] == ["log_opened", "key_opened", "run"]


def test_sources_are_stated_before_a_batchs_first_run(sqlite_shop: "Shop") -> None:
    """Once, sorted, by the issuer; a batch that is made from nothing else states none."""
    shop = sqlite_shop
    sources = [shop.new_batch(f"S{n}", Decimal(10)) for n in range(3)]
    mixed = shop.new_batch("MIX", Decimal(30))
    for source in sources:
        shop.session.add(
            BatchSource(batch_id=mixed.id, source_id=source.id, quantity=Decimal(10), unit="KGM")
        )
    shop.session.flush()
    shop.run(1)
    assert stated(shop, "sources") == []
    shop.run(1, batch=mixed)
    shop.run(1, batch=mixed)
    [said] = stated(shop, "sources")
    assert (said["issuer"], said["batch"]) == (str(shop.coop.id), str(mixed.id))
    assert said["sources"] == sorted(str(source.id) for source in sources)
    assert (said["part"], said["parts"]) == (1, 1)
    assert [found.kind for found in log_of(shop)][-3:] == ["sources", "run", "run"]


def test_many_sources_are_split(sqlite_shop: "Shop") -> None:
    """At most 500 in one statement, which stays below 32 kB; the parts are numbered and name each source once."""
    shop = sqlite_shop
    mixed = shop.new_batch("MIX", Decimal(1000))
    sources = [
        Batch(
            party_id=shop.coop.id,
            product_id=shop.product.id,
            lot=f"S{n}",
            quantity=Decimal(1),
            unit="KGM",
            made_on=dt.date(2026, 5, 1),
        )
        for n in range(2 * SOURCES_LIMIT + 1)
    ]
    shop.session.add_all(sources)
    shop.session.flush()
    shop.session.add_all(
        BatchSource(batch_id=mixed.id, source_id=source.id, quantity=Decimal(1), unit="KGM")
        for source in sources
    )
    shop.session.flush()
    run = shop.run(1, batch=mixed)
    said = stated(shop, "sources")
    assert [(part["part"], part["parts"], len(part["sources"])) for part in said] == [
        (1, 3, 500),
        (2, 3, 500),
        (3, 3, 1),
    ]
    assert [name for part in said for name in part["sources"]] == sorted(str(source.id) for source in sources)
    assert run.log_index == len(log_of(shop)) - 1


def test_activation_is_stated_once(shop: "Shop") -> None:
    """By the issuer, for a run that waits for it, and only once; then it no longer waits."""
    run, other = shop.run(5, needs_activation=True), shop.run(5)
    shop.forward(hours=2)
    activate_run(shop.session, shop.registry, run)
    assert run.activated_at == shop.now
    [said] = stated(shop, "activated")
    assert (said["run"], said["issuer"], said["at"]) == (run.run, str(shop.coop.id), "2026-05-26T05:00:00Z")
    for wrong in (run, other):
        with pytest.raises(RunRefused, match="does not wait"):
            activate_run(shop.session, shop.registry, wrong)
    assert len(stated(shop, "activated")) == 1


def test_activation_is_seen_by_the_next_check(sqlite_shop: "Shop") -> None:
    """It raises the revision as every other change of a verdict's facts does."""
    shop = sqlite_shop
    run = shop.run(5, needs_activation=True)
    before = shop.session.get_one(Revision, 1, populate_existing=True).value
    activate_run(shop.session, shop.registry, run)
    assert shop.session.get_one(Revision, 1, populate_existing=True).value == before + 1


def test_numbers_of_a_block_are_given_to_nobody_else(shop: "Shop") -> None:
    """A block follows the last number, is stated by the operator, and the next run follows the block."""
    assert shop.run(1).run == 1
    block = reserve_block(shop.session, shop.registry, shop.other, 100)
    assert (block.first, block.last, block.party_id) == (2, 101, shop.other.id)
    assert shop.run(1).run == 102
    assert reserve_block(shop.session, shop.registry, shop.coop, 1).first == 103
    assert shop.run(1).run == 104
    operator = shop.registry.operator.public_key
    body = verify_statement(entry(shop.session, block.log_index), {key_id(operator): operator}).body
    assert (body["type"], body["issuer"], body["first"], body["last"]) == (
        "block",
        str(shop.other.id),
        2,
        101,
    )


@pytest.mark.parametrize("count", [0, -1, BLOCK_MOST + 1])
def test_a_block_has_a_bounded_size(sqlite_shop: "Shop", count: int) -> None:
    """Nobody squats the numbers of a whole year."""
    with pytest.raises(RunRefused, match="1 to 1000"):
        reserve_block(sqlite_shop.session, sqlite_shop.registry, sqlite_shop.coop, count)


def test_the_last_run_number_is_the_last(sqlite_shop: "Shop") -> None:
    """After it neither a run nor a block: told in words, nothing wraps round."""
    shop = sqlite_shop
    shop.run(1).run = RUN_MAX - 1
    shop.session.flush()
    with pytest.raises(RunRefused, match="no run numbers left"):
        reserve_block(shop.session, shop.registry, shop.coop, 2)
    assert shop.run(1).run == RUN_MAX
    for act in (lambda: shop.run(1), lambda: reserve_block(shop.session, shop.registry, shop.coop, 1)):
        with pytest.raises(RunRefused, match="no run numbers left"):
            act()


def test_blocks_and_runs_at_once_share_no_number(shop: "Shop") -> None:
    """Two reserve blocks while two register runs: every number has one owner, the log no gap."""
    batch_id, form_id, other_id = shop.batch.id, shop.item.id, shop.other.id
    shop.session.rollback()
    problems: list[BaseException] = []
    start = threading.Barrier(4)

    def work(reserves: bool) -> None:
        with make_sessions(shop.engine)() as session:
            try:
                start.wait()
                for _ in range(4):
                    if reserves:
                        reserve_block(session, shop.registry, session.get_one(Party, other_id), 7)
                    else:
                        batch, form = session.get_one(Batch, batch_id), session.get_one(PackForm, form_id)
                        register_run(session, shop.registry, batch, form, 1)
                    session.commit()
            except BaseException as error:  # noqa: BLE001 - told to the test's own thread
                problems.append(error)

    threads = [threading.Thread(target=work, args=(n % 2 == 0,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    runs = [run.run for run in shop.session.scalars(select(Run))]
    blocks = shop.session.scalars(select(RunBlock)).all()
    taken = runs + [number for block in blocks for number in range(block.first, block.last + 1)]
    assert sorted(taken) == list(range(1, 8 + 8 * 7 + 1))
    assert len(log_of(shop)) == 1 + 1 + 8 + 8


def test_what_the_keys_keeper_refuses_is_not_registered(sqlite_shop: "Shop") -> None:
    """More than the issuer may have signed in a day: refused in words, and no number is used up."""
    shop = sqlite_shop
    shop.custody.state.set_quota(str(shop.coop.id), Quota(stamps_per_day=50))
    shop.run(50)
    shop.session.commit()
    with pytest.raises(CustodyError) as refused:
        shop.run(1)
    assert "hạn mức" in refused.value.vi
    shop.session.rollback()
    assert len(stated(shop, "run")) == 1
    shop.forward(days=1)
    assert shop.run(1).run == 2
