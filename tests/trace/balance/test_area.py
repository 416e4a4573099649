"""Plots and households: what they are said to have given against what their hectares should give."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from temthat_trace.balance.amounts import Measure
from temthat_trace.balance.area import AreaAccount, PlotRecord, area_of
from temthat_trace.balance.findings import Rule
from temthat_trace.balance.records import BatchRecord, SlipRecord
from temthat_trace.events import Step

from .chain import HOUSEHOLD, PLOT, amount, batch, name, part, slip, step

OTHER = name(502)


def plot(key: Any = PLOT, code: str = "V01", **more: Any) -> PlotRecord:
    """1.5 ha of which each should give 10 t a season, twice a year."""
    known = {"area": Decimal("1.5"), "each": Decimal(10_000), "seasons": 2, **more}
    return PlotRecord(key, f"Vườn {code}", **known)


def drawn(
    plots: Sequence[PlotRecord], batches: Sequence[BatchRecord], slips: Sequence[SlipRecord] = ()
) -> AreaAccount:
    return area_of(2026, plots, batches, slips, {HOUSEHOLD: "Bà Sáu"})


def test_a_year_above_its_yield_and_margin_is_flagged_with_the_arithmetic() -> None:
    """1.5 ha x 10 t x 2 seasons = 30 t; up to 36 t nobody asks."""
    batches = [batch(1, 18_000, plot=PLOT), batch(2, 18, unit="TNE", plot=PLOT)]
    assert drawn([plot()], batches).findings == ()
    [found] = drawn([plot()], [*batches, batch(3, 1, plot=PLOT)]).findings
    assert found.rule is Rule.PLOT_YEAR
    assert found.vi.startswith(
        "Vườn V01: 1,5 ha × 10.000 kg mỗi ha × 2 vụ = dự kiến 30.000 kg (cộng 20 % là 36.000 kg); "
        "các lô ghi 36.001 kg. Vượt 6.001 kg."
    )
    assert "30,000 kg expected (with 20% margin 36,000 kg); batches say 36,001 kg." in found.en


def test_one_batch_or_slip_is_of_one_season() -> None:
    """The year has room for 20 t, one season has not."""
    [found] = drawn([plot()], [batch(1, 20_000, plot=PLOT)]).findings
    assert (found.rule, found.subject, found.possible) == (Rule.PLOT_SEASON, name(1), amount(15_000))
    assert "1,5 ha × 10.000 kg mỗi ha = 15.000 kg" in found.vi
    [found] = drawn([plot()], [], [slip(7, 20_000, plot=PLOT)]).findings
    assert found.vi.startswith("Phiếu P7 ghi 20.000 kg từ Vườn V01")


def test_what_was_weighed_at_the_harvest_counts_before_what_was_left_of_it() -> None:
    """10 t harvested and dried to 2 t: the plot gave 10 t. Harvests of another plot are that plot's."""
    dried = batch(1, 2_000, step(Step.HARVEST, out=amount(10, "TNE")), plot=PLOT)
    account = drawn([plot(), plot(OTHER, "V02")], [dried])
    assert [line.drawn for line in account.lines] == [10_000, 0]
    there = step(Step.HARVEST, out=600)
    mixed = batch(1, 1_000, type(there)(there.id, there.step, there.at, there.lines, OTHER), plot=PLOT)
    assert [line.drawn for line in drawn([plot(), plot(OTHER, "V02")], [mixed]).lines] == [400, 600]


def test_what_was_made_from_other_batches_is_not_counted_twice() -> None:
    """Dried goods from the plot's own harvest: the harvest counts."""
    made = batch(2, 9_000, plot=PLOT, sources=(part(1, 15_000),))
    [line] = drawn([plot()], [batch(1, 15_000, plot=PLOT), made]).lines
    assert line.drawn == 15_000
    assert [p.what for p in line.parts] == ["L1"]


def test_what_was_bought_is_its_slips_own() -> None:
    """A lot of 500 kg bought of a household, on a plot of the household's."""
    bought = slip(1, 500, plot=OTHER, member=HOUSEHOLD)
    lot = batch(1, 500, plot=PLOT, slips=(bought,))
    plots = [plot(), plot(OTHER, "V02", member=HOUSEHOLD)]
    assert [line.drawn for line in drawn(plots, [lot], [bought]).lines] == [0, 500]


def test_a_harvest_and_its_slip_are_drawn_from_the_plot_once() -> None:
    """9 t picked on the plot and delivered by slip into the same batch; 3 t more without a slip, 1 t of a neighbour."""
    plots = [plot(member=HOUSEHOLD)]
    harvest = replace(step(Step.HARVEST, out=9_000), member=HOUSEHOLD, plot=PLOT)
    for where in (PLOT, None):
        bought = slip(1, 9_000, member=HOUSEHOLD, plot=where)
        account = drawn(plots, [batch(1, 9_000, harvest, slips=(bought,))], [bought])
        assert [line.drawn for line in account.lines] == [9_000]
        assert account.findings == ()
        other = slip(2, 1_000, member=name(77), plot=OTHER)
        mixed = batch(1, 13_000, harvest, slips=(bought, other), plot=PLOT)
        account = drawn([*plots, plot(OTHER, "V02")], [mixed], [bought, other])
        assert [line.drawn for line in account.lines] == [12_000, 1_000]


def test_the_record_that_names_the_plot_counts() -> None:
    """A slip that says where and a harvest that does not, with more on the slip and with less."""
    plots = [plot(OTHER, "V02", member=HOUSEHOLD)]
    for delivered, there in ((500, 500), (800, 800), (300, 300)):
        harvest = replace(step(Step.HARVEST, out=500), member=HOUSEHOLD)
        bought = slip(1, delivered, member=HOUSEHOLD, plot=OTHER)
        account = drawn(plots, [batch(1, 500, harvest, slips=(bought,))], [bought])
        assert account.lines[0].drawn == there


def test_a_household_s_harvest_and_its_slips_count_once_for_it() -> None:
    """Neither names a plot; the entry's own household, not the batch's."""
    small = plot(OTHER, "V02", area=Decimal("0.1"), member=HOUSEHOLD)  # 2 t a year
    harvest = replace(step(Step.HARVEST, out=2_000), member=HOUSEHOLD)
    bought = slip(1, 2_000, member=HOUSEHOLD)
    lot = batch(1, 2_000, harvest, slips=(bought,), member=name(77))
    assert drawn([small], [lot], [bought]).findings == ()
    more = replace(lot, steps=(replace(harvest, lines=step(Step.HARVEST, out=3_000).lines),))
    [found] = drawn([small], [more], [bought]).findings
    assert (found.rule, found.subject, found.stated) == (Rule.MEMBER_YEAR, HOUSEHOLD, amount(3_000))


def test_a_harvest_in_boxes_weighs_what_they_hold() -> None:
    """20 crates of 25 kg, delivered by a slip in kilograms."""
    crates = Measure(contents={"XBX": amount(25)})
    harvest = replace(step(Step.HARVEST, out=20, unit="XBX"), member=HOUSEHOLD, plot=PLOT)
    bought = slip(1, 500, member=HOUSEHOLD)
    account = drawn([plot()], [batch(1, 500, harvest, slips=(bought,), measure=crates)], [bought])
    assert account.lines[0].drawn == 500


def test_a_household_may_not_give_more_than_all_its_plots() -> None:
    """Slips that name no plot count for the household; plots that do not say what they give are not compared."""
    small = plot(OTHER, "V02", area=Decimal("0.1"), member=HOUSEHOLD)  # 2 t a year
    slips = [slip(n, 800, member=HOUSEHOLD) for n in range(4)]
    [found] = drawn([small], [], slips).findings
    assert (found.rule, found.subject, found.over) == (Rule.MEMBER_YEAR, HOUSEHOLD, amount(1_200))
    assert found.vi.startswith("Hộ Bà Sáu: các vườn dự kiến cho 2.000 kg một năm")
    assert drawn([small], [], slips[:3]).findings == ()
    unknown = plot(PLOT, "V01", each=None, member=HOUSEHOLD)
    assert drawn([small, unknown], [], slips).findings == ()


def test_what_cannot_be_compared_is_told_not_hidden() -> None:
    """No plot, no weight, no yield."""
    batches = [batch(1, 90_000, plot=OTHER), batch(2, 500), batch(3, 500, unit="LTR", plot=PLOT)]
    account = drawn([plot(), plot(OTHER, "V02", each=None)], batches)
    assert account.findings == ()
    assert [line.expected for line in account.lines] == [30_000, None]
    assert [line.drawn for line in account.lines] == [0, 90_000]
    assert [b.lot for b in account.not_compared] == ["L2", "L3"]
    assert account.lines[1].explain() == (
        "Vườn V02: các lô ghi 90.000 kg; chưa ghi diện tích hoặc năng suất nên chưa đối chiếu được."
    )


def test_a_plot_without_seasons_has_one() -> None:
    """The strictest reading of an empty cell would be none at all; one season a year is the usual one."""
    [found] = drawn([plot(seasons=None)], [batch(1, 18_001, plot=PLOT)]).findings
    assert "× 1 vụ = dự kiến 15.000 kg" in found.vi
