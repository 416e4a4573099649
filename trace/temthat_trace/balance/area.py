"""What plots and households are said to have given against what their hectares should give. Pure.

Yields are estimates and good years happen: `MARGIN` above the expected yield nobody is asked. Weight is as stated; of
dried goods it is less than what was harvested, so a comparison errs on the lenient side.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from temthat_trace import formats
from temthat_trace.balance.amounts import Amount
from temthat_trace.balance.deliveries import Delivery, deliveries
from temthat_trace.balance.findings import Finding, Rule, finding
from temthat_trace.balance.records import BatchRecord, SlipRecord
from temthat_trace.events import LineRole, Step
from temthat_trace.units import UnitError, convert

MARGIN = Decimal("0.2")
"""How far above the expected yield a plot may be before it is asked about."""


@dataclass(frozen=True, slots=True)
class PlotRecord:
    """A plot. `area` in hectares, `each` kg a hectare gives in one season; None: not stated. `member`: who tends it."""

    id: uuid.UUID
    name: str
    area: Decimal | None
    each: Decimal | None
    seasons: int | None
    member: uuid.UUID | None = None

    @property
    def season(self) -> Decimal | None:
        """Kilograms it should give in one season; None without area or yield."""
        return None if self.area is None or self.each is None else self.area * self.each

    @property
    def year(self) -> Decimal | None:
        """Kilograms it should give in a year; one season where their number is not stated."""
        return None if self.season is None else self.season * (self.seasons or 1)


@dataclass(frozen=True, slots=True)
class Drawn:
    """So many kg said to come from a plot, or from a household when no plot is named. `what`: a batch or slip."""

    what: str
    kilograms: Decimal
    plot: uuid.UUID | None
    member: uuid.UUID | None = None
    batch: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class PlotLine:
    """One plot in one year: what it was expected to give and what batches and slips say came from it, in kg."""

    plot: PlotRecord
    parts: tuple[Drawn, ...]

    @property
    def expected(self) -> Decimal | None:
        """See `PlotRecord.year`."""
        return self.plot.year

    @property
    def drawn(self) -> Decimal:
        """The sum of the parts."""
        return sum((part.kilograms for part in self.parts), Decimal(0))

    @property
    def is_over(self) -> bool:
        """Above the expected yield and its margin."""
        return self.expected is not None and self.drawn > self.expected * (1 + MARGIN)

    def explain(self, lang: str = "vi") -> str:
        """The arithmetic in one sentence."""
        plot = self.plot
        drawn = formats.quantity(self.drawn, "KGM", lang)
        if self.expected is None or plot.area is None or plot.each is None:
            if lang == "en":
                return f"{plot.name}: {drawn} from batches; area or yield are not stated, so nothing is compared."
            return (
                f"{plot.name}: các lô ghi {drawn}; chưa ghi diện tích hoặc năng suất nên chưa đối chiếu được."
            )
        area, each = formats.quantity(plot.area, "HAR", lang), formats.quantity(plot.each, "KGM", lang)
        seasons, expected = plot.seasons or 1, formats.quantity(self.expected, "KGM", lang)
        most = formats.quantity(self.expected * (1 + MARGIN), "KGM", lang)
        if lang == "en":
            return (
                f"{plot.name}: {area} × {each} a hectare × {seasons} seasons = {expected} expected "
                f"(with {formats.number(MARGIN * 100, lang)}% margin {most}); batches say {drawn}."
            )
        return (
            f"{plot.name}: {area} × {each} mỗi ha × {seasons} vụ = dự kiến {expected} "
            f"(cộng {formats.number(MARGIN * 100)} % là {most}); các lô ghi {drawn}."
        )


@dataclass(frozen=True, slots=True)
class AreaAccount:
    """A party's plots and households in one year.

    `not_compared`: batches made from no other that name no plot or household of the party, or no weight.
    """

    year: int
    lines: tuple[PlotLine, ...]
    not_compared: tuple[BatchRecord, ...]
    findings: tuple[Finding, ...]


def area_of(
    year: int,
    plots: Sequence[PlotRecord],
    batches: Iterable[BatchRecord],
    slips: Iterable[SlipRecord],
    members: dict[uuid.UUID, str],
) -> AreaAccount:
    """Draw the account of a year from its batches and slips. `members`: the name in use of each household.

    A batch made from other batches is not counted: its sources are. Goods that stand both in a harvest and on a slip
    count once: by the slip where only that names a plot, else by the harvest. Raises UnitError.
    """
    drawn: list[Drawn] = []
    harvested: dict[SlipRecord, Decimal] = {}
    known = {plot.id for plot in plots}
    not_compared = []
    for batch in batches:
        if batch.sources:
            continue
        same = deliveries(batch)
        parts = _of_batch(batch, same)
        if not any(part.plot in known or part.member for part in parts):
            if not batch.slips:
                not_compared.append(batch)
            continue
        drawn += parts
        for delivery in same:
            if not _by_slip(delivery):
                told = harvested.get(delivery.slip, Decimal(0))
                harvested[delivery.slip] = told + _weighed(batch, delivery.amount)
    drawn += [part for slip in slips if (part := _of_slip(slip, harvested.get(slip))) is not None]
    lines = tuple(PlotLine(plot, tuple(p for p in drawn if p.plot == plot.id)) for plot in plots)
    found = (*_years(lines), *_seasons(lines), *_members(plots, drawn, members))
    return AreaAccount(year, lines, tuple(not_compared), found)


def _kilograms(amount: Amount) -> Decimal | None:
    try:
        return convert(amount.quantity, amount.unit, "KGM")
    except UnitError:
        return None


def _weighed(batch: BatchRecord, amount: Amount) -> Decimal:
    """Kilograms of an amount of the batch's product; nothing for what is no weight."""
    told = batch.measure.told(amount)
    return told.quantity if told.unit == "KGM" else Decimal(0)


def _by_slip(delivery: Delivery) -> bool:
    """Whether goods that are in a harvest and on a slip count by the slip."""
    return delivery.slip_says_where and _kilograms(delivery.slip.amount) is not None


def _of_batch(batch: BatchRecord, same: Iterable[Delivery]) -> list[Drawn]:
    """What a batch took from plots: its harvests as weighed, and the rest of it from its own plot or household.

    What was bought by slip is the slips' own, but for what a harvest told before (`same`).
    """
    told: dict[tuple[uuid.UUID | None, uuid.UUID | None], Decimal] = {}

    def count(weight: Decimal, plot: uuid.UUID | None, member: uuid.UUID | None) -> None:
        if weight:
            where = (plot, None if plot else member)
            told[where] = told.get(where, Decimal(0)) + weight

    rest = _weighed(batch, batch.whole)
    for step in batch.steps:
        if step.step is Step.HARVEST:
            weight = sum((_weighed(batch, amount) for amount in step.amounts(LineRole.OUT)), Decimal(0))
            count(weight, step.plot or batch.plot, step.member or batch.member)
            rest -= weight
    for slip in batch.slips:
        rest -= _weighed(batch, slip.amount)
    for delivery in same:
        weight, step = _weighed(batch, delivery.amount), delivery.step
        rest += weight
        if _by_slip(delivery):
            count(-weight, step.plot or batch.plot, step.member or batch.member)
    count(max(rest, Decimal(0)), batch.plot, batch.member)
    return [
        Drawn(batch.lot, weight, plot, member, batch.id) for (plot, member), weight in told.items() if weight
    ]


def _of_slip(slip: SlipRecord, harvested: Decimal | None) -> Drawn | None:
    """What came by a slip, but for what a harvest told before."""
    weight = _kilograms(slip.amount)
    if weight is None or (harvested is not None and harvested >= weight):
        return None
    return Drawn(slip.number, weight - (harvested or 0), slip.plot, slip.member)


def _years(lines: Sequence[PlotLine]) -> Iterable[Finding]:
    for line in lines:
        if line.is_over and line.expected is not None:
            yield finding(
                Rule.PLOT_YEAR, line.plot.id, line.drawn, line.expected, "KGM",
                sum=(line.explain("vi"), line.explain("en")),
            )  # fmt: skip


def _seasons(lines: Sequence[PlotLine]) -> Iterable[Finding]:
    """One batch or slip is of one season: it alone may not be more than a season gives."""
    for line in lines:
        season = line.plot.season
        for part in line.parts:
            if season is None or line.is_over or part.kilograms <= season * (1 + MARGIN):
                continue
            yield finding(
                Rule.PLOT_SEASON, part.batch or line.plot.id, part.kilograms, season, "KGM",
                what=(f"lô {part.what}", f"batch {part.what}")
                if part.batch
                else (f"phiếu {part.what}", f"slip {part.what}"),
                plot=(line.plot.name, line.plot.name),
                area=_both(line.plot.area, "HAR"),
                each=_both(line.plot.each, "KGM"),
            )  # fmt: skip


def _members(
    plots: Sequence[PlotRecord], drawn: Sequence[Drawn], members: dict[uuid.UUID, str]
) -> Iterable[Finding]:
    """Each household: what came from its plots and from it, against all its plots, where all say what they give."""
    for member, name in members.items():
        own = [plot for plot in plots if plot.member == member]
        years = [plot.year for plot in own if plot.year is not None]
        if not own or len(years) < len(own):
            continue
        ids = {plot.id for plot in own}
        if not any(part.member == member and part.plot not in ids for part in drawn):
            continue  # its plots say all there is to say
        expected = sum(years, Decimal(0))
        given = sum((p.kilograms for p in drawn if p.plot in ids or p.member == member), Decimal(0))
        if given > expected * (1 + MARGIN):
            yield finding(
                Rule.MEMBER_YEAR, member, given, expected, "KGM",
                name=(name, name),
            )  # fmt: skip


def _both(quantity: Decimal | None, unit: str) -> tuple[str, str]:
    return (
        formats.quantity(quantity or Decimal(0), unit),
        formats.quantity(quantity or Decimal(0), unit, "en"),
    )
