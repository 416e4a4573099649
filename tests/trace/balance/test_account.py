"""The account of a batch: what is over is named, what cannot be compared is told, and what adds up is left alone."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.balance.account import account_of
from temthat_trace.balance.amounts import Measure, measure_of
from temthat_trace.balance.area import area_of
from temthat_trace.balance.findings import Finding, Rule
from temthat_trace.balance.records import Ingredient
from temthat_trace.events import Step
from temthat_trace.units import UnitError

from .chain import (
    HOUSEHOLD,
    HOUSEHOLD_PLOT,
    NUMBERS,
    PLOT,
    amount,
    batch,
    chain,
    honest,
    name,
    part,
    plots,
    slip,
    step,
)


def rules(*found: Finding) -> list[Rule]:
    return [f.rule for f in found]


def everything(numbers: dict[str, int], expected: dict[str, int]) -> list[Finding]:
    """All excesses of a chain, with plots that were to give what `expected` says."""
    batches = chain(numbers)
    found = [f for b in batches for f in account_of(b).excesses]
    slips = [s for b in batches for s in b.slips]
    return found + list(area_of(2026, plots(expected), batches, slips, {HOUSEHOLD: "Bà Sáu"}).findings)


honest_chains = st.builds(
    honest,
    st.integers(1000, 50_000),
    st.integers(1000, 50_000),
    st.tuples(st.integers(0, 30), st.integers(0, 80), st.integers(0, 2)),
    st.tuples(st.integers(10, 90), st.integers(10, 90)),
)


@given(honest_chains)
def test_an_honest_chain_is_left_alone(numbers: dict[str, int]) -> None:
    """Whatever is lost on the way, nothing is over, on any step, batch, plot or household."""
    assert everything(numbers, numbers) == []


@given(honest_chains, st.sampled_from(NUMBERS), st.integers(10, 100))
def test_any_inflated_number_is_named(numbers: dict[str, int], which: str, times: int) -> None:
    """Whichever single number is made larger than the chain can carry, a finding has it in its sum."""
    inflated = numbers | {which: (numbers["harvest"] + numbers["slip"]) * times}
    found = everything(inflated, numbers)
    assert any(f.stated.quantity >= inflated[which] for f in found), which
    for f in found:
        assert f.over.quantity == f.stated.quantity - f.possible.quantity > 0
        assert f.over.text() in f.vi
        assert f.over.text("en") in f.en


def test_a_step_that_gives_more_than_it_got() -> None:
    """The step, both numbers and the difference are said, in both languages."""
    [found] = account_of(batch(1, 90, step(Step.PROCESSING, went_in=100, out=95, lost=15))).excesses
    assert found.rule is Rule.GAVE_MORE
    assert (found.stated, found.possible, found.over) == (amount(110), amount(100), amount(10))
    assert found.step == name(1000)
    assert found.vi.startswith(
        "Bước chế biến ngày 01/06/2026: ra 110 kg (kể cả hao hụt), nhiều hơn 100 kg đã vào; vượt 10 kg."
    )
    assert found.en.startswith(
        "The processing of 1 Jun 2026: 110 kg came out (losses included), more than the 100 kg"
    )


def test_scales_differ_by_a_little_and_counts_do_not() -> None:
    """Two per cent of a weight; not one egg."""
    assert not account_of(batch(1, 102, step(Step.PACKING, went_in=100, out=102))).excesses
    assert account_of(batch(1, 102, step(Step.PACKING, went_in=100, out="102.1"))).excesses
    eggs = batch(1, 101, step(Step.PACKING, went_in=100, out=101, unit="H87"), unit="H87")
    assert rules(*account_of(eggs).excesses) == [Rule.GAVE_MORE]


def test_units_of_one_dimension_are_added() -> None:
    """One tấn is ten tạ; a yến of leaves and 500 g; pairs and dozens of eggs."""
    fits = batch(1, 10, step(Step.HARVEST, 1, out=amount(1, "TNE")), unit="DTN")
    assert not account_of(fits).excesses
    over = batch(1, 11, step(Step.HARVEST, 1, out=amount(1, "TNE")), unit="DTN")
    assert account_of(over).excesses[0].over == amount(100)
    eggs = batch(1, 30, step(Step.HARVEST, 1, out=amount(2, "DZN")), unit="H87", measure=measure_of("H87"))
    assert account_of(eggs).excesses[0].vi == (
        "Lô L1 ghi 30 quả, nhưng theo các nguồn và bước đã ghi chỉ có 24 quả; vượt 6 quả. "
        "Số lượng lô có ghi nhầm, hay còn nguồn chưa ghi?"
    )


def test_what_does_not_compare_is_told_and_not_mixed() -> None:
    """Kilograms of honey and litres of it; boxes whose content no pack form says."""
    account = account_of(batch(1, 5000, step(Step.PACKING, went_in=100, out=amount(900, "XBX")), unit="LTR"))
    assert account.findings == ()
    assert {(row.unit, row.compares) for row in account.steps} == {("KGM", False), ("XBX", False)}
    assert [row.difference for row in account.whole if row.unit == "LTR"] == [None]


def test_packs_are_told_by_their_content() -> None:
    """200 boxes of 500 g are 100 kg, so 210 are not what 100 kg give."""
    boxes = Measure(contents={"XBX": amount(500, "GRM")})
    packed = batch(1, 200, step(Step.PACKING, went_in=100, out=amount(200, "XBX")), unit="XBX", measure=boxes)
    assert account_of(packed).findings == ()
    over = batch(1, 200, step(Step.PACKING, went_in=100, out=amount(210, "XBX")), unit="XBX", measure=boxes)
    assert account_of(over).excesses[0].over == amount(5)


def test_packing_into_boxes_leaves_the_kilograms_comparable() -> None:
    """Goods told in another unit are the same goods."""
    steps = (step(Step.HARVEST, 1, out=100), step(Step.PACKING, 2, went_in=100, out=amount(400, "XBX")))
    assert account_of(batch(1, 100, *steps)).excesses == ()
    assert rules(*account_of(batch(1, 130, *steps)).excesses) == [Rule.MADE_MORE]


def test_a_step_takes_what_is_there() -> None:
    """Two steps of 60 kg from a harvest of 100."""
    steps = (
        step(Step.HARVEST, 1, out=100),
        step(Step.PRELIMINARY, 2, went_in=60, out=50, lost=10),
        step(Step.PROCESSING, 3, went_in=95, out=40),
    )
    [found] = account_of(batch(1, 40, *steps)).excesses
    assert (found.rule, found.step, found.possible) == (Rule.TOOK_MORE, name(1003), amount(90))


def test_work_done_in_turns_is_added_up() -> None:
    """Two days of picking and withering, no step says what went in: two harvests, not the first one twice."""
    days = [
        step(kind, day, out=out)
        for day, (kind, out) in enumerate(
            [(Step.HARVEST, 100), (Step.PRELIMINARY, 90), (Step.HARVEST, 100), (Step.PRELIMINARY, 90)]
        )
    ]
    assert account_of(batch(1, 180, *days)).findings == ()
    assert rules(*account_of(batch(1, 190, *days)).excesses) == [Rule.MADE_MORE]
    last = step(Step.PRELIMINARY, 4, out=30)
    [found] = account_of(batch(1, 180, *days, last)).excesses
    assert (found.rule, found.stated, found.possible) == (Rule.GAVE_MORE, amount(30), amount(20))


def test_a_harvest_worked_in_parts() -> None:
    """50 and 45 of 100 kg; packed in two goes, half of it with the number that went in."""
    parts = (
        step(Step.HARVEST, 0, out=100),
        step(Step.PRELIMINARY, 1, out=50),
        step(Step.PRELIMINARY, 2, went_in=50, out=45),
        step(Step.PACKING, 3, out=40),
        step(Step.PACKING, 4, went_in=50, out=50),
    )
    assert account_of(batch(1, 95, *parts)).findings == ()
    assert rules(*account_of(batch(1, 100, *parts)).excesses) == [Rule.MADE_MORE]


def test_entries_of_one_day_come_in_the_order_of_the_work() -> None:
    """Packing written down before the harvest, both without a time."""
    packed, picked = step(Step.PACKING, 0, went_in=90, out=90), step(Step.HARVEST, 0, out=100)
    late = type(picked)(name(2000), picked.step, picked.at, picked.lines)
    assert account_of(batch(1, 90, packed, late)).findings == ()


def test_sugar_is_an_ingredient_and_fertiliser_is_not() -> None:
    """100 kg of fruit and 60 kg of sugar are 150 kg of jam; manure is no fruit."""
    jam = step(Step.PROCESSING, went_in=100, used=60, out=150)
    assert account_of(batch(1, 150, jam)).excesses == ()
    told_of_sugar_only = step(Step.PROCESSING, used=60)
    assert account_of(batch(1, 150, told_of_sugar_only, sources=(part(2, 100),))).excesses == ()
    grown = (step(Step.CARE, 1, used=500), step(Step.HARVEST, 2, out=100))
    assert rules(*account_of(batch(1, 150, *grown)).excesses) == [Rule.MADE_MORE]


def test_an_ingredient_is_no_measure_of_goods_told_otherwise() -> None:
    """Twenty litres of water and 100 kg of fruit may be 110 litres; sugar tells nothing of fruit."""
    water = step(Step.PROCESSING, 1, used=amount(20, "LTR"), out=amount(110, "LTR"))
    stated = step(Step.PROCESSING, 1, went_in=100, used=amount(20, "LTR"), out=amount(110, "LTR"))
    for juice in (water, stated):
        assert account_of(batch(1, 110, juice, unit="LTR", sources=(part(2, 100),))).findings == ()
    for sugar in (step(Step.PROCESSING, used=60), step(Step.PROCESSING, used=60, out=150)):
        assert account_of(batch(1, 150, sugar)).findings == ()


def test_a_source_given_twice() -> None:
    """Three batches of 40 kg from one of 100; the takers are named."""
    takers = tuple(part(n, 40) for n in (2, 3, 4))
    [found] = account_of(batch(1, 100, takers=takers)).findings
    assert (found.rule, found.over) == (Rule.PASSED_ON_MORE, amount(20))
    assert "cho L2 (40 kg), L3 (40 kg), L4 (40 kg)" in found.vi
    thirds = tuple(part(n, "33.34") for n in (2, 3, 4))
    assert account_of(batch(1, 100, takers=thirds)).findings == ()


def test_goods_sent_to_a_partner_who_recorded_them_are_not_counted_twice() -> None:
    """60 kg sent are the 60 kg the partner's batch names; own batches come on top."""
    there, own = part(2, 60, own=False), part(3, 40)
    fits = batch(1, 100, step(Step.TRANSPORT, sent=60), takers=(there, own))
    assert account_of(fits).findings == ()
    over = batch(1, 100, step(Step.TRANSPORT, sent=61), takers=(there, own))
    assert rules(*account_of(over).findings) == [Rule.PASSED_ON_MORE]


def test_slips_are_the_proof_of_a_purchase() -> None:
    """Bought 500 kg, slips for 300; a second purchase adds to the first."""
    bought = batch(1, 500, step(Step.PURCHASE, went_in=500), slips=(slip(1, 100), slip(2, 200)))
    [found] = account_of(bought).excesses
    assert (found.rule, found.over) == (Rule.BOUGHT_MORE, amount(200))
    parts = (step(Step.PURCHASE, 1, went_in=100), step(Step.PURCHASE, 2, went_in=200))
    assert account_of(batch(1, 300, *parts, slips=(slip(1, 100), slip(2, 200)))).findings == ()
    assert rules(*account_of(batch(1, 310, *parts, slips=(slip(1, 100), slip(2, 200)))).findings) == [
        Rule.MADE_MORE
    ]


def test_a_household_s_harvest_and_its_slips_are_the_same_goods() -> None:
    """500 kg on slips and 840 kg in the diary are 840 kg; another household's slip adds to them."""
    harvest = replace(step(Step.HARVEST, out=840), member=HOUSEHOLD)
    slips = slip(1, 300, member=HOUSEHOLD), slip(2, 200, member=HOUSEHOLD), slip(3, 60, member=name(77))
    [whole] = account_of(batch(1, 900, harvest, slips=slips)).whole
    assert whole.went_in == 900
    again = replace(step(Step.HARVEST, day=1, out=100), member=HOUSEHOLD)
    [whole] = account_of(batch(1, 900, harvest, again, slips=slips)).whole
    assert whole.went_in == 1000
    assert rules(*account_of(batch(1, 1000, harvest, slips=slips)).findings) == [Rule.MADE_MORE]


def test_a_loss_nobody_explained_is_asked_about_where_nothing_should_vanish() -> None:
    """Drying may lose what it will; a store may not."""
    assert account_of(batch(1, 20, step(Step.PROCESSING, went_in=100, out=20))).findings == ()
    account = account_of(batch(1, 80, step(Step.STORAGE, went_in=100, out=80, lost=5)))
    [found] = account.findings
    assert (found.rule, found.is_excess, found.over) == (Rule.LOSS_UNEXPLAINED, False, amount(15))
    assert [row.difference for row in account.steps] == [Decimal(15)]


def test_a_slip_of_another_plot_is_of_other_goods() -> None:
    """Picked on one plot and delivered from another: both are in the batch. Without a plot it may be the same."""
    harvest = replace(step(Step.HARVEST, out=500), member=HOUSEHOLD, plot=PLOT)
    for plot, there in ((HOUSEHOLD_PLOT, 800), (PLOT, 500), (None, 500)):
        delivered = slip(1, 300, member=HOUSEHOLD, plot=plot)
        [whole] = account_of(batch(1, 500, harvest, slips=(delivered,))).whole
        assert whole.went_in == there


def test_slips_find_the_harvests_of_their_plots_before_any_other() -> None:
    """Two harvests on two plots; the slip without a plot is listed first and may be of either."""
    picked = [
        replace(step(Step.HARVEST, day, out=100), member=HOUSEHOLD, plot=plot)
        for day, plot in enumerate((PLOT, HOUSEHOLD_PLOT))
    ]
    slips = slip(1, 100, member=HOUSEHOLD), slip(2, 100, member=HOUSEHOLD, plot=PLOT)
    [whole] = account_of(batch(1, 200, *picked, slips=slips)).whole
    assert whole.went_in == 200


def test_what_is_told_in_units_that_do_not_compare_is_never_the_same() -> None:
    """A harvest counted in pieces and a slip in kilograms: neither takes from the other."""
    harvest = replace(step(Step.HARVEST, out=500, unit="H87"), member=HOUSEHOLD)
    [kilograms, pieces] = account_of(batch(1, 90, harvest, slips=(slip(1, 100, member=HOUSEHOLD),))).whole
    assert [kilograms.went_in, pieces.went_in] == [100, 500]


def test_the_batch_s_own_household_harvested_where_the_entry_names_nobody() -> None:
    """A batch of one household: its entries without a name are that household's."""
    harvest = step(Step.HARVEST, out=500)
    delivered = slip(1, 500, member=HOUSEHOLD)
    for member, there in ((HOUSEHOLD, 500), (None, 1000), (name(77), 1000)):
        [whole] = account_of(batch(1, 500, harvest, slips=(delivered,), member=member)).whole
        assert whole.went_in == there


def test_combos_need_what_they_hold() -> None:
    """100 combos of two jars of 500 g need 100 kg of honey."""
    recipe = (Ingredient(name(77), "Mật ong", amount(100)),)
    enough = batch(1, 100, unit="KT", recipe=recipe, sources=(part(2, 100, product=name(77)),))
    assert account_of(enough).findings == ()
    [row] = account_of(enough).whole
    assert row.what == "Mật ong"
    assert row.difference == 0
    short = batch(1, 100, unit="KT", recipe=recipe, sources=(part(2, 80, product=name(77)),))
    [found] = account_of(short).findings
    assert (found.rule, found.over) == (Rule.COMBO_MORE, amount(20))


def test_a_batch_with_nothing_to_compare_says_so() -> None:
    """No sources, no amounts in the diary, nothing passed on."""
    assert account_of(batch(1, 100)).is_empty
    assert not account_of(batch(1, 100, sources=(part(2, 100),))).is_empty


def test_a_unit_nobody_knows_is_refused() -> None:
    """Never a silent zero."""
    with pytest.raises(UnitError):
        account_of(batch(1, 100, step(Step.PACKING, out=amount(1, "ZZZ"))))
