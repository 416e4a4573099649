"""The account of one batch: its steps in order, each with what went in, came out and was lost, and what is over. Pure.

Goods are followed as a stock (see `stock`): sources, purchase slips, purchases and harvests fill it, a step takes from
it and puts back what came out. Where two records speak of the same goods (a purchase and its slips, a household's
harvest and its slips, a taker and its diary) the larger counts: a doubt is never an excess, and nothing counts twice.
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from temthat_trace.balance.amounts import Amount, Tally, add, biggest
from temthat_trace.balance.deliveries import GROWING, deliveries
from temthat_trace.balance.findings import Finding, Rule, finding, step_name
from temthat_trace.balance.records import BatchRecord, LineRecord, StepRecord
from temthat_trace.balance.stock import MAKING, Stock
from temthat_trace.events import LineRole, Step
from temthat_trace.units import UNITS, Dimension

TOLERANCE = Decimal("0.02")
"""How far two weighings of the same goods may be apart; what is counted must be equal."""
ROUNDING = Decimal("0.001")
"""How far what is passed on may be above the whole because parts were rounded."""

_NAMED = 5
"""Takers a finding names before it says that there are more."""
_KEEPING = frozenset({Step.PACKING, Step.STORAGE, Step.TRANSPORT})
"""Steps in which nothing should get less without a word."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, in one unit. None: not stated. `step` None: the batch as a whole, or passing it on.

    `what`: the product it is about, where that is not the batch's own: a part of a combo.
    """

    unit: str
    went_in: Decimal | None
    came_out: Decimal | None
    lost: Decimal
    step: Step | None = None
    at: dt.datetime | None = None
    event: uuid.UUID | None = None
    what: str = ""

    @property
    def difference(self) -> Decimal | None:
        """In, less out, less the losses stated: what nobody explained; below zero, more came out. None: cannot say."""
        if self.went_in is None or self.came_out is None:
            return None
        return self.went_in - self.came_out - self.lost

    @property
    def compares(self) -> bool:
        """Whether both sides are stated in this unit."""
        return self.difference is not None


@dataclass(frozen=True, slots=True)
class Account:
    """A batch's balance. `onward`: the batch against what was passed on of it, to other batches and to partners."""

    batch: BatchRecord
    steps: tuple[Row, ...]
    whole: tuple[Row, ...]
    onward: tuple[Row, ...]
    findings: tuple[Finding, ...]

    @property
    def excesses(self) -> tuple[Finding, ...]:
        """The findings that say more than there can be."""
        return tuple(f for f in self.findings if f.is_excess)

    @property
    def rows(self) -> tuple[Row, ...]:
        """All lines."""
        return (*self.steps, *self.whole, *self.onward)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to compare the batch's quantity with."""
        return not self.steps and not self.onward and all(row.went_in is None for row in self.whole)


def account_of(batch: BatchRecord) -> Account:
    """Draw the balance of one batch. Raises UnitError for a unit unknown here."""
    flow = _Flow(batch)
    for step in batch.in_order:
        flow.take(step)
    whole = tuple(flow.whole())
    parts, short = _combo(batch)
    onward, passed = _onward(batch)
    return Account(batch, tuple(flow.rows), parts or whole, onward, (*flow.findings, *short, *passed))


def allows(possible: Decimal, unit: str) -> Decimal:
    """The most that may be stated where so much was possible: scales differ, counts do not."""
    weighed = UNITS[unit].dimension in (Dimension.MASS, Dimension.VOLUME)
    return possible * (1 + TOLERANCE) if weighed else possible


class _Flow:
    """The diary as it goes on: rows, findings, and the stock it leaves."""

    def __init__(self, batch: BatchRecord) -> None:
        self.batch = batch
        self.measure = batch.measure
        self.rows: list[Row] = []
        self.findings: list[Finding] = []
        self.sources = {part.batch for part in batch.sources} | {batch.id}
        self.slips = self.measure.tally(slip.amount for slip in batch.slips)
        self.delivered: dict[uuid.UUID, Tally] = {}
        for same in deliveries(batch):
            known = self.delivered.get(same.step.id, {})
            self.delivered[same.step.id] = add(known, {same.amount.unit: same.amount.quantity})
        self.brought: Tally = {}
        self.stock = Stock()
        self.lost: Tally = {}
        for part in batch.sources:
            # Of a combo's parts nothing compares with the combo itself; `_combo` compares each with its recipe.
            if not batch.recipe:
                told = part.measure.told(part.amount)
                unit = self.measure.count if UNITS[told.unit].dimension is Dimension.COUNT else told.unit
                self._bring({unit: told.quantity})
        self._bring(self.slips)
        self.bought: Tally = {}

    def _bring(self, goods: Mapping[str, Decimal]) -> None:
        self.brought = add(self.brought, goods)
        self.stock.bring(goods)

    def take(self, step: StepRecord) -> None:
        """One entry of the diary."""
        tally = {role: self.measure.tally(step.amounts(role)) for role in LineRole}
        went_in, out = tally[LineRole.IN], tally[LineRole.OUT]
        for unit in {**went_in, **out, **tally[LineRole.LOST], **tally[LineRole.SENT]}:
            self._row(step, unit, tally)
        self.lost = add(self.lost, tally[LineRole.LOST])
        if step.step in GROWING:
            self._check_given(step, went_in, out, tally[LineRole.LOST])
            self._bring(self._not_delivered(step, out))
        elif step.step is Step.PURCHASE:
            self._purchase(step, biggest(went_in, out))
        else:
            self._work(step, tally)

    def _row(self, step: StepRecord, unit: str, tally: Mapping[LineRole, Tally]) -> None:
        came_out = tally[LineRole.OUT].get(unit, tally[LineRole.SENT].get(unit))
        lost = tally[LineRole.LOST].get(unit, Decimal(0))
        went_in = tally[LineRole.IN].get(unit)
        self.rows.append(Row(unit, went_in, came_out, lost, step.step, step.at, step.id))

    def _not_delivered(self, step: StepRecord, harvested: Tally) -> Tally:
        """What was harvested beyond the household's slips into this batch, which brought the rest already."""
        slips = self.delivered.get(step.id, {})
        return {unit: quantity - slips.get(unit, Decimal(0)) for unit, quantity in harvested.items()}

    def _purchase(self, step: StepRecord, bought: Tally) -> None:
        """Goods from households: the slips are the proof; what they do not show is told and counted all the same."""
        self.bought = add(self.bought, bought)
        for unit, stated in self.bought.items():
            shown = self.slips.get(unit)
            if shown is None:
                continue
            if stated > allows(shown, unit) and unit in bought:
                self._found(Rule.BOUGHT_MORE, step, stated, shown, unit)
        more = {
            u: max(Decimal(0), min(q, self.bought[u] - self.slips.get(u, Decimal(0))))
            for u, q in bought.items()
        }
        self._bring(more)

    def _work(self, step: StepRecord, tally: Mapping[LineRole, Tally]) -> None:
        """A step that takes goods and gives goods. What is sent is compared with the batch as a whole, not here."""
        self._bring(self._new_in(step))
        went_in, out, lost = tally[LineRole.IN], tally[LineRole.OUT], tally[LineRole.LOST]
        ingredients = self._ingredients(step, went_in, tally[LineRole.USED])
        if not out:
            self._bring(ingredients)
        else:
            self.brought = add(self.brought, ingredients)
        if out and not went_in:
            had = self.stock.take_all(step.step, out, ingredients)
            self._check_given(step, had, out, lost)
            self.stock.give(step.step, out, lost)
            return
        for unit, quantity in (went_in or lost).items():
            self._check_taken(step, unit, quantity)
            self.stock.take(step.step, unit, quantity)
        if out:
            self._check_given(step, add(went_in, ingredients), out, lost)
            self._check_loss(step, went_in, out, lost)
            self._retold(step, went_in, out)
            self.stock.put(step.step, out)

    def _ingredients(self, step: StepRecord, went_in: Tally, used: Tally) -> Tally:
        """Materials that make the goods more, where the goods are told in their unit: water is no measure of fruit."""
        if step.step not in MAKING:
            return {}
        return {
            unit: quantity
            for unit, quantity in used.items()
            if unit in went_in or (not went_in and self.stock.there(unit, step.step) is not None)
        }

    def _retold(self, step: StepRecord, went_in: Tally, out: Tally) -> None:
        """Goods that came out told in a unit that does not compare with what went in are the same goods."""
        if any(unit not in went_in for unit in out):
            self.stock.put(step.step, {u: quantity for u, quantity in went_in.items() if u not in out})

    def _new_in(self, step: StepRecord) -> Tally:
        """Goods that come in here and nowhere else on record: of a batch that is no source, or bought of somebody."""

        def is_new(line: LineRecord) -> bool:
            other = line.batch is not None and line.batch not in self.sources
            return line.role is LineRole.IN and (other or (line.bought and line.batch is None))

        return self.measure.tally(line.amount for line in step.lines if is_new(line))

    def _check_taken(self, step: StepRecord, unit: str, quantity: Decimal) -> None:
        there = self.stock.there(unit, step.step)
        if there is not None and quantity > allows(there, unit):
            self._found(Rule.TOOK_MORE, step, quantity, there, unit)

    def _check_given(self, step: StepRecord, possible: Tally, out: Tally, lost: Tally) -> None:
        """What came out and was lost against what could; only where both are told in one unit."""
        for unit, given in out.items():
            stated = given + lost.get(unit, Decimal(0))
            if unit in possible and stated > allows(possible[unit], unit):
                self._found(Rule.GAVE_MORE, step, stated, possible[unit], unit)

    def _check_loss(self, step: StepRecord, went_in: Tally, out: Tally, lost: Tally) -> None:
        """Where nothing should get less without a word."""
        for unit, given in out.items() if step.step in _KEEPING else ():
            stated = given + lost.get(unit, Decimal(0))
            if unit in went_in and went_in[unit] > allows(stated, unit):
                self._found(Rule.LOSS_UNEXPLAINED, step, stated, went_in[unit], unit)

    def whole(self) -> Iterator[Row]:
        """The batch's quantity against what is left of everything that was brought in."""
        made = self.measure.told(self.batch.whole)
        there = self.stock.there(made.unit)
        if there is not None and made.quantity > allows(there, made.unit):
            lot = self.batch.lot, self.batch.lot
            self.findings.append(
                finding(Rule.MADE_MORE, self.batch.id, made.quantity, there, made.unit, lot=lot)
            )
        yield Row(made.unit, self.brought.get(made.unit), made.quantity, self.lost.get(made.unit, Decimal(0)))
        for unit, quantity in self.brought.items():
            if unit != made.unit:
                yield Row(unit, quantity, None, self.lost.get(unit, Decimal(0)))

    def _found(self, rule: Rule, step: StepRecord, stated: Decimal, possible: Decimal, unit: str) -> None:
        names = step_name(step.step, step.at), step_name(step.step, step.at, "en")
        self.findings.append(finding(rule, self.batch.id, stated, possible, unit, step.id, step=names))


def _onward(batch: BatchRecord) -> tuple[tuple[Row, ...], tuple[Finding, ...]]:
    """The batch against what was passed on: to own batches, and to others, who may be the partners sent to."""
    measure = batch.measure
    own = measure.tally(part.amount for part in batch.takers if part.own)
    others = measure.tally(part.amount for part in batch.takers if not part.own)
    sent = measure.tally([*_sent(batch), *batch.sent_elsewhere])
    passed = add(own, biggest(others, sent))
    has = measure.told(batch.whole)
    rows = tuple(
        Row(unit, has.quantity if unit == has.unit else None, quantity, Decimal(0))
        for unit, quantity in passed.items()
    )
    given = passed.get(has.unit, Decimal(0))
    most = has.quantity if UNITS[has.unit].is_whole else has.quantity * (1 + ROUNDING)
    if given <= most:
        return rows, ()
    lots, lots_en = (
        ", ".join(f"{part.lot} ({part.amount.text(lang)})" for part in batch.takers[:_NAMED])
        for lang in ("vi", "en")
    )
    more = "…" if len(batch.takers) > _NAMED else ""
    found = finding(
        Rule.PASSED_ON_MORE, batch.id, given, has.quantity, has.unit,
        lot=(batch.lot, batch.lot),
        to=(f" cho {lots}{more}", f" to {lots_en}{more}") if lots else ("", ""),
    )  # fmt: skip
    return rows, (found,)


def _sent(batch: BatchRecord) -> Iterator[Amount]:
    for step in batch.steps:
        for line in step.lines:
            if line.role is LineRole.SENT and line.batch in (None, batch.id):
                yield line.amount


def _combo(batch: BatchRecord) -> tuple[tuple[Row, ...], tuple[Finding, ...]]:
    """Each product a combo holds: what its sources gave against what so many combos need."""
    rows, found = [], []
    for ingredient in batch.recipe:
        parts = [part for part in batch.sources if part.product == ingredient.product]
        if not parts:
            continue
        needed = parts[0].measure.told(ingredient.amount)
        taken = parts[0].measure.tally(part.amount for part in parts).get(needed.unit)
        rows.append(Row(needed.unit, taken, needed.quantity, Decimal(0), what=ingredient.name))
        if taken is not None and needed.quantity > allows(taken, needed.unit):
            found.append(
                finding(
                    Rule.COMBO_MORE, batch.id, needed.quantity, taken, needed.unit,
                    lot=(batch.lot, batch.lot),
                    name=(ingredient.name, ingredient.name),
                )
            )  # fmt: skip
    return tuple(rows), tuple(found)
