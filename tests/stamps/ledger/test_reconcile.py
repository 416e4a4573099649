"""Questions with their arithmetic: packs against stamps."""

from decimal import Decimal

import pytest

from temthat_stamps.ledger.ledger import State
from temthat_stamps.ledger.reconcile import Question, reconcile_batch
from temthat_stamps.ledger.recording import Fate, record
from temthat_stamps.manifest import Replaced
from temthat_stamps.runs.errors import RunRefused

from .conftest import Shop, print_file

REASON = "In thêm cho hội chợ tuần sau"


def test_a_batch_that_adds_up_raises_no_question(shop: Shop) -> None:
    """Applied within the quantity, spoiled recorded, the rest printed yesterday."""
    run = shop.run(200)
    print_file(shop, run)
    record(shop.session, shop.registry, run, Fate.APPLIED, [(1, 150)], "Mai")
    record(shop.session, shop.registry, run, Fate.SPOILED, [(151, 160)], "Mai")
    shop.forward(days=1)
    account = reconcile_batch(shop.session, shop.batch, shop.now)
    assert account.findings == ()
    [line] = account.lines
    assert (line.stamped, line.totals[State.PRINTED]) == (Decimal(75), 40)


def test_stamps_that_went_nowhere_on_record_are_asked_about_after_a_month(shop: Shop) -> None:
    """Not on the thirtieth day's eve, and only those printed so long ago."""
    run = shop.run(200)
    print_file(shop, run, 1, 100)
    record(shop.session, shop.registry, run, Fate.APPLIED, [(1, 60)], "Mai")
    shop.forward(days=29, hours=23)
    print_file(shop, run, 101, 200)
    assert reconcile_batch(shop.session, shop.batch, shop.now).findings == ()
    shop.forward(hours=1)
    [finding] = reconcile_batch(shop.session, shop.batch, shop.now).findings
    assert finding.question is Question.UNACCOUNTED
    assert finding.vi == (
        "40 tem đã in (từ 26/05/2026) chưa được ghi là đã dán, hỏng, trả lại hay thất lạc. Những tem đó đang ở đâu?"
    )


def test_more_stamped_than_the_batch_holds_is_asked_about(sqlite_shop: Shop) -> None:
    """120 kg are 240 bags of 500 g; with a reason 300 were ordered, and 260 are recorded as applied."""
    shop = sqlite_shop
    run = shop.run(300, override_reason=REASON)
    print_file(shop, run)
    record(shop.session, shop.registry, run, Fate.APPLIED, [(1, 260)], "Mai")
    account = reconcile_batch(shop.session, shop.batch, shop.now)
    [finding] = account.findings
    assert finding.question is Question.OVER_STAMPED
    assert "260 × 0,5 kg = 130 kg, nhiều hơn 120 kg của lô" in finding.vi
    assert "260 × 0.5 kg = 130 kg" in finding.en
    [ordered] = account.over_ordered
    assert ordered.question is Question.OVER_ORDERED
    assert ordered.vi == (
        "Số tem đã đặt nhiều hơn số gói theo khối lượng lô: 300 × 0,5 kg = 150 kg; lô có 120 kg (cộng 2 % dự phòng tem "
        "hỏng là 122,4 kg)."
    )
    assert "300 × 0.5 kg = 150 kg; the batch has 120 kg (with 2% for spoiled stamps 122.4 kg)" in ordered.en


def test_a_reprint_is_not_ordered_twice(sqlite_shop: Shop) -> None:
    """All a batch allows, and 24 new ones in place of a sheet's: nothing beyond it."""
    shop = sqlite_shop
    run = shop.run(244)
    print_file(shop, run)
    shop.run(24, replaces=Replaced(run.run, 25, 48))
    account = reconcile_batch(shop.session, shop.batch, shop.now)
    assert [line.ordered for line in account.lines] == [244]
    assert account.over_ordered == ()


def test_cases_stand_for_the_goods_inside_them(sqlite_shop: Shop) -> None:
    """240 bags in 10 cases of 24 on one pallet: three levels of stamps for the same 120 kg, no question."""
    shop = sqlite_shop
    for form, count in ((shop.item, 240), (shop.case, 10), (shop.pallet, 1)):
        run = shop.run(count, form)
        print_file(shop, run)
        record(shop.session, shop.registry, run, Fate.APPLIED, [(1, count)], "Mai")
    account = reconcile_batch(shop.session, shop.batch, shop.now)
    assert account.findings == ()
    assert [line.stamped for line in account.lines] == [120, 120, 120]


def test_items_of_several_forms_share_the_batch(sqlite_shop: Shop) -> None:
    """Bags of 500 g and of 1 kg are on one level: together they may not exceed the batch."""
    shop = sqlite_shop
    for form, count in ((shop.item, 200), (shop.large, 25)):
        run = shop.run(count, form, override_reason=REASON)
        print_file(shop, run)
        record(shop.session, shop.registry, run, Fate.APPLIED, [(1, count)], "Mai")
    [finding] = reconcile_batch(shop.session, shop.batch, shop.now).findings
    assert "200 × 0,5 kg + 25 × 1 kg = 125 kg" in finding.vi


def test_a_pack_form_that_says_nothing_is_refused(sqlite_shop: Shop) -> None:
    """As when ordering: the text says what is missing."""
    shop = sqlite_shop
    shop.run(10)
    shop.item.net_content = shop.item.net_unit = None
    shop.session.flush()
    with pytest.raises(RunRefused, match="does not say what it holds"):
        reconcile_batch(shop.session, shop.batch, shop.now)
