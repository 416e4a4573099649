"""Registering runs: the arithmetic of the allowance, run numbers in order, a manifest that binds the batch."""

import base64
import datetime as dt
import json
import threading
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from temthat_stamps.keys import key_id
from temthat_stamps.manifest import Names
from temthat_stamps.runs.custody import issuer_key
from temthat_stamps.runs.errors import BeyondQuantity, RunRefused
from temthat_stamps.runs.records import IssuerKey, Revision, Run
from temthat_stamps.runs.register import bump_revision, issued_batches, plan_run, register_run
from temthat_stamps.statement import verify_statement
from temthat_trace.database import make_sessions
from temthat_trace.events import batch_digest
from temthat_trace.packing import Allowance
from temthat_trace.parties import PartyKind
from temthat_trace.products import PackKind, ProductKind

if TYPE_CHECKING:
    from tests.stamps.runs.conftest import Shop

ORIGIN = "tem.example.vn/log"


def left(shop: "Shop", form: Any) -> Allowance:
    return plan_run(shop.session, shop.batch, form)


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
                        register_run(session, shop.sealer, ORIGIN, batch, form, 20, shop.now)
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
    assert len(shop.session.scalars(select(IssuerKey)).all()) == 1
    assert len({run.stamp_key_id for run in runs}) == 1


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
    key = issuer_key(shop.session, shop.sealer, shop.coop.id, shop.now)
    public = key.public_key().public_bytes_raw()
    statement = verify_statement(run.manifest, {key_id(public): public})
    body = statement.body
    assert body["type"] == "run"
    assert body["origin"] == ORIGIN
    assert (body["run"], body["first"], body["last"]) == (run.run, 1, 12)
    assert body["stamp_key"] == key_id(run.stamp_key.public_key)
    assert body["batch"] == str(shop.batch.id)
    assert (body["made_on"], body["expires_on"]) == ("2026-05-01", "2027-05-01")
    assert body["needs_activation"] is True
    assert body["gtin"] == "08938505974194"
    assert body["events"] == batch_digest(event.digest for event in shop.batch.events)
    assert run.salt is not None
    names = Names("HTX Mẫu", "Mật ong", "Quy cách 500G", "L1")
    assert body["commitment"] == names.commitment(run.salt)
    assert "Mật ong" not in json.loads(base64.b64decode(json.loads(run.manifest)["payload"])).values()


def test_a_manifest_survives_the_erasure_of_events(sqlite_shop: "Shop") -> None:
    """Forgetting what was written changes no digest."""
    shop = sqlite_shop
    before = json.loads(base64.b64decode(json.loads(shop.run(1).manifest)["payload"]))["events"]
    for event in shop.batch.events:
        event.erase()
    shop.session.flush()
    assert batch_digest(event.digest for event in shop.batch.events) == before


def test_the_run_is_registered_within_its_keys_period(sqlite_shop: "Shop") -> None:
    """Never before the key was announced, never after it closes."""
    shop = sqlite_shop
    first = shop.run(1)
    shop.forward(days=30)
    second = shop.run(1)
    assert first.stamp_key_id == second.stamp_key_id
    shop.forward(days=1)
    third = shop.run(1)
    assert third.stamp_key_id != first.stamp_key_id
    for run in (first, second, third):
        assert run.stamp_key.opened_at <= run.registered_at < run.stamp_key.closes_at
        assert run.stamp_key.closes_at - run.stamp_key.opened_at == dt.timedelta(days=31)
