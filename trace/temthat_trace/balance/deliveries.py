"""Harvests and purchase slips that speak of the same goods: what a household picked came into the same batch by slip.

They do when both are of one household and no plot sets them apart: a harvest on one plot and a slip that names another
are two things. Pure.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from temthat_trace.balance.amounts import Amount
from temthat_trace.balance.records import BatchRecord, SlipRecord, StepRecord
from temthat_trace.events import LineRole, Step

GROWING = frozenset({Step.SOWING, Step.CARE, Step.HARVEST})
"""Steps whose goods come from the field, not out of other goods."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """So much of what a diary entry harvested is on that slip, in the unit it compares in."""

    step: StepRecord
    slip: SlipRecord
    amount: Amount

    @property
    def slip_says_where(self) -> bool:
        """Whether of the two only the slip names the plot."""
        return self.slip.plot is not None and self.step.plot is None


def deliveries(batch: BatchRecord) -> list[Delivery]:
    """What the diary and the slips of a batch both say; nothing of either stands in more than one delivery.

    Those that name one plot are matched first, then those of which one names none. Raises UnitError.
    """
    return list(_matched(batch)) if batch.slips else []


def _matched(batch: BatchRecord) -> Iterator[Delivery]:
    told = batch.measure.told
    left = {slip: told(slip.amount).quantity for slip in batch.slips}
    growing = [step for step in batch.in_order if step.step in GROWING]
    harvested = {step.id: batch.measure.tally(step.amounts(LineRole.OUT)) for step in growing}
    for same_plot in (True, False):
        for step in growing:
            for slip in batch.slips:
                if slip.member != (step.member or batch.member) or not _one_place(step, slip, same_plot):
                    continue
                unit, tally = told(slip.amount).unit, harvested[step.id]
                quantity = min(tally.get(unit, Decimal(0)), left[slip])
                if quantity > 0:
                    tally[unit] -= quantity
                    left[slip] -= quantity
                    yield Delivery(step, slip, Amount(quantity, unit))


def _one_place(step: StepRecord, slip: SlipRecord, same_plot: bool) -> bool:
    return step.plot == slip.plot if same_plot else None in (step.plot, slip.plot)
