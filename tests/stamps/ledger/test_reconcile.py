"""Questions with their arithmetic: packs against stamps, a plot's yield against what is said to come from it."""

import datetime as dt
from decimal import Decimal

import pytest

from temthat_stamps.ledger.ledger import State
from temthat_stamps.ledger.reconcile import Question, reconcile_area, reconcile_batch
from temthat_stamps.ledger.recording import Fate, record
from temthat_stamps.runs.errors import RunRefused
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.parties import Plot

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
    [finding] = reconcile_batch(shop.session, shop.batch, shop.now).findings
    assert finding.question is Question.OVER_STAMPED
    assert "260 × 0,5 kg = 130 kg, nhiều hơn 120 kg của lô" in finding.vi
    assert "260 × 0.5 kg = 130 kg" in finding.en


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


# --- growing areas ---------------------------------------------------------------------------------------------


def plot(shop: Shop, code: str = "V01", **more: object) -> Plot:
    known = {"area_ha": Decimal("1.5"), "yield_kg_per_ha": Decimal(10_000), "seasons_per_year": 2, **more}
    made = Plot(party_id=shop.coop.id, code=code, name=f"Vườn {code}", **known)
    shop.session.add(made)
    shop.session.flush()
    return made


def harvest(
    shop: Shop, lot: str, quantity: int, unit: str = "KGM", place: Plot | None = None, **more: object
) -> Batch:
    batch = shop.new_batch(lot, Decimal(quantity), unit, events=0)
    batch.plot_id = place.id if place else None
    for name, value in more.items():
        setattr(batch, name, value)
    shop.session.flush()
    return batch


def test_a_season_above_its_yield_and_margin_is_flagged_with_the_arithmetic(shop: Shop) -> None:
    """1.5 ha x 10 t x 2 seasons = 30 t; up to 36 t nobody asks."""
    place = plot(shop)
    harvest(shop, "A", 20_000, place=place)
    harvest(shop, "B", 16, "TNE", place)
    assert reconcile_area(shop.session, shop.coop, 2026).findings == ()
    harvest(shop, "C", 1, place=place)
    [finding] = reconcile_area(shop.session, shop.coop, 2026).findings
    assert finding.question is Question.OVER_YIELD
    assert finding.vi.startswith(
        "Vườn V01: 1,5 ha × 10.000 kg mỗi ha × 2 vụ = dự kiến 30.000 kg (cộng 20 % là 36.000 kg); "
        "các lô ghi 36.001 kg."
    )
    assert "30,000 kg expected (with 20% margin 36,000 kg); batches say 36,001 kg." in finding.en


def test_what_was_made_from_other_batches_is_not_counted_twice(sqlite_shop: Shop) -> None:
    """Dried goods from the plot's own harvest: the harvest counts."""
    shop, place = sqlite_shop, plot(sqlite_shop)
    fresh = harvest(shop, "A", 30_000, place=place)
    dried = harvest(shop, "B", 9_000, place=place)
    shop.session.add(BatchSource(batch_id=dried.id, source_id=fresh.id, quantity=Decimal(30_000), unit="KGM"))
    shop.session.flush()
    [line] = reconcile_area(shop.session, shop.coop, 2026).lines
    assert (line.drawn, [batch.lot for batch in line.batches]) == (Decimal(30_000), ["A"])


def test_another_year_another_plot_and_what_names_none_stay_apart(sqlite_shop: Shop) -> None:
    """Each plot against its own; what cannot be compared is told, not hidden."""
    shop = sqlite_shop
    small, unknown = plot(shop, "V01", area_ha=Decimal("0.1")), plot(shop, "V02", yield_kg_per_ha=None)
    harvest(shop, "A", 3_000, place=small, made_on=dt.date(2025, 12, 31))
    harvest(shop, "B", 2_000, place=small)
    harvest(shop, "C", 90_000, place=unknown)
    harvest(shop, "D", 500)
    harvest(shop, "E", 500, "LTR", small)
    account = reconcile_area(shop.session, shop.coop, 2026)
    assert account.findings == ()
    assert [(line.plot.code, line.expected, line.drawn) for line in account.lines] == [
        ("V01", Decimal(2_000), Decimal(2_000)),
        ("V02", None, Decimal(90_000)),
    ]
    assert {batch.lot for batch in account.not_compared} == {"L1", "D", "E"}
    assert account.lines[1].explain() == (
        "Vườn V02: các lô ghi 90.000 kg; chưa ghi diện tích hoặc năng suất nên chưa đối chiếu được."
    )
    [last_year] = reconcile_area(shop.session, shop.coop, 2025).findings
    assert "3.000 kg" in last_year.vi


def test_a_plot_without_seasons_has_one(sqlite_shop: Shop) -> None:
    """The strictest reading of an empty cell would be none at all; one season a year is the usual one."""
    place = plot(sqlite_shop, seasons_per_year=None)
    harvest(sqlite_shop, "A", 18_001, place=place)
    [finding] = reconcile_area(sqlite_shop.session, sqlite_shop.coop, 2026).findings
    assert "× 1 vụ = dự kiến 15.000 kg" in finding.vi
