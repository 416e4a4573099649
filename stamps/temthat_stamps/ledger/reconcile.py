"""Does it add up? A batch's packs against its stamps, and a growing area's yield against what is said to come from it.

What is found is a question with its arithmetic, never an accusation: stamps nobody recorded as applied may well be on
goods, and a good year may beat the expected yield. Only a quota (see `quotas`) refuses.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.ledger import Ledger, State
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_stamps.runs.register import pack_level
from temthat_trace import formats
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.packing import PackingError, content
from temthat_trace.parties import Party, Plot
from temthat_trace.products import PackForm
from temthat_trace.units import UnitError, convert

UNACCOUNTED_AFTER = dt.timedelta(days=30)
"""How long printed stamps may lie without a record of where they went before the page asks."""

MARGIN = Decimal("0.2")
"""How far above the expected yield a season may be before it is flagged: yields are estimates."""


class Question(StrEnum):
    """What does not add up."""

    OVER_STAMPED = "over_stamped"
    UNACCOUNTED = "unaccounted"
    OVER_YIELD = "over_yield"


@dataclass(frozen=True, slots=True)
class Finding:
    """A question to the people who know, with the arithmetic in both languages."""

    question: Question
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class FormLine:
    """One pack form of a batch: `each` is a pack's content in the product's unit, `totals` its stamps by state."""

    pack_form: PackForm
    each: Decimal
    totals: Counter[State]

    @property
    def stamped(self) -> Decimal:
        """Goods that stamps recorded as applied stand for."""
        return self.each * self.totals[State.APPLIED]


@dataclass(frozen=True, slots=True)
class BatchAccount:
    """A batch's quantity in its product's unit, and what its stamps say of it."""

    batch: Batch
    quantity: Decimal
    unit: str
    lines: tuple[FormLine, ...]
    unaccounted: int
    """Stamps confirmed as printed before `UNACCOUNTED_AFTER` of which no record says where they went."""
    since: dt.date | None
    """When the oldest of those were printed."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What does not add up; empty when all does."""
        return (*self._over_stamped(), *self._unaccounted())

    def _over_stamped(self) -> Iterator[Finding]:
        """Per level: cases and the packs inside them stand for the same goods."""
        for depth in sorted({pack_level(line.pack_form) for line in self.lines}):
            lines = [line for line in self.lines if pack_level(line.pack_form) == depth and line.stamped]
            stamped = sum((line.stamped for line in lines), Decimal(0))
            if stamped <= self.quantity:
                continue
            sums = {lang: " + ".join(self._product(line, lang) for line in lines) for lang in ("vi", "en")}
            total, has = (formats.quantity(q, self.unit) for q in (stamped, self.quantity))
            total_en, has_en = (formats.quantity(q, self.unit, "en") for q in (stamped, self.quantity))
            yield Finding(
                Question.OVER_STAMPED,
                f"Tem đã dán ứng với {sums['vi']} = {total}, nhiều hơn {has} của lô. Số lượng lô hoặc số tem đã dán "
                "có ghi nhầm không?",
                f"Stamps applied stand for {sums['en']} = {total_en}, more than the batch's {has_en}. Is the batch's "
                "quantity or the number of stamps applied a slip?",
            )

    def _product(self, line: FormLine, lang: str) -> str:
        packs = formats.number(line.totals[State.APPLIED], lang)
        return f"{packs} × {formats.quantity(line.each, self.unit, lang)}"

    def _unaccounted(self) -> Iterator[Finding]:
        if self.unaccounted and self.since:
            vi, en = formats.number(self.unaccounted), formats.number(self.unaccounted, "en")
            yield Finding(
                Question.UNACCOUNTED,
                f"{vi} tem đã in (từ {formats.date(self.since)}) chưa được ghi là đã dán, hỏng, trả lại hay thất lạc. "
                "Những tem đó đang ở đâu?",
                f"{en} stamps printed (since {formats.date(self.since, 'en')}) are not recorded as applied, spoiled, "
                "returned or lost. Where are they?",
            )


def reconcile_batch(session: Session, batch: Batch, now: dt.datetime) -> BatchAccount:
    """A batch's packs against the ledgers of its runs. Raises `RunRefused` for a pack form without its content."""
    base = batch.product.base_unit
    totals: dict[uuid.UUID, Counter[State]] = {}
    forms: dict[uuid.UUID, PackForm] = {}
    unaccounted, oldest = 0, list[dt.datetime]()
    runs = session.scalars(select(Run).where(Run.batch_id == batch.id).options(joinedload(Run.pack_form)))
    for run in runs.all():
        ledger = ledger_of(session, run)
        forms[run.pack_form_id] = run.pack_form
        totals.setdefault(run.pack_form_id, Counter()).update(ledger.totals)
        for printed_at, count in _unaccounted(session, ledger, now - UNACCOUNTED_AFTER):
            unaccounted += count
            oldest.append(printed_at)
    try:
        lines = tuple(FormLine(form, content(form, base), totals[key]) for key, form in forms.items())
        quantity = convert(batch.quantity, batch.unit, base)
    except (PackingError, UnitError) as error:
        raise RunRefused(error.vi, error.en) from error
    since = formats.local(min(oldest)).date() if oldest else None
    return BatchAccount(batch, quantity, base, lines, unaccounted, since)


def _unaccounted(session: Session, ledger: Ledger, before: dt.datetime) -> Iterator[tuple[dt.datetime, int]]:
    """For each file confirmed as printed before then: when, and how many of its stamps went nowhere on record."""
    jobs = select(PrintJob).where(
        PrintJob.run == ledger.run, PrintJob.state == JobState.CONFIRMED, PrintJob.confirmed_at <= before
    )
    for job in session.scalars(jobs):
        parts = ledger.within(job.first, job.last)
        count = sum(part.count for part in parts if part.state is State.PRINTED)
        if count and job.confirmed_at:
            yield job.confirmed_at, count


@dataclass(frozen=True, slots=True)
class PlotLine:
    """One plot in one year: what it was expected to give and what batches say came from it, in kg.

    `expected` None: area, yield or seasons were not stated. `batches` are those counted in `drawn`.
    """

    plot: Plot
    expected: Decimal | None
    drawn: Decimal
    batches: tuple[Batch, ...]

    @property
    def is_over(self) -> bool:
        """Above the expected yield and its margin."""
        return self.expected is not None and self.drawn > self.expected * (1 + MARGIN)

    def explain(self, lang: str = "vi") -> str:
        """The arithmetic in one sentence."""
        plot = self.plot
        name = plot.name or plot.code
        drawn = formats.quantity(self.drawn, "KGM", lang)
        if self.expected is None or plot.area_ha is None or plot.yield_kg_per_ha is None:
            if lang == "en":
                return f"{name}: {drawn} from batches; area or yield are not stated, so nothing is compared."
            return f"{name}: các lô ghi {drawn}; chưa ghi diện tích hoặc năng suất nên chưa đối chiếu được."
        area = formats.quantity(plot.area_ha, "HAR", lang)
        each = formats.quantity(plot.yield_kg_per_ha, "KGM", lang)
        seasons, expected = plot.seasons_per_year or 1, formats.quantity(self.expected, "KGM", lang)
        most = formats.quantity(self.expected * (1 + MARGIN), "KGM", lang)
        if lang == "en":
            return (
                f"{name}: {area} × {each} a hectare × {seasons} seasons = {expected} expected "
                f"(with {formats.number(MARGIN * 100, lang)}% margin {most}); batches say {drawn}."
            )
        return (
            f"{name}: {area} × {each} mỗi ha × {seasons} vụ = dự kiến {expected} "
            f"(cộng {formats.number(MARGIN * 100)} % là {most}); các lô ghi {drawn}."
        )


@dataclass(frozen=True, slots=True)
class AreaAccount:
    """A party's plots in one year of Vietnam."""

    party: Party
    year: int
    lines: tuple[PlotLine, ...]
    not_compared: tuple[Batch, ...]
    """Batches made from no other batch that name no plot of the party, or are not counted by weight."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Plots said to have given more than they are expected to."""
        return tuple(
            Finding(
                Question.OVER_YIELD,
                f"{line.explain('vi')} Năng suất hay sản lượng có ghi nhầm, hay có hàng mua thêm?",
                f"{line.explain('en')} Is yield or quantity a slip, or were goods bought in?",
            )
            for line in self.lines
            if line.is_over
        )


def reconcile_area(session: Session, party: Party, year: int) -> AreaAccount:
    """The harvest batches of a party, made in that year, against what the plots they name should give.

    A batch made from other batches is not counted: its sources are. Weight is as stated: of dried goods it is less than
    what was harvested, so the comparison errs on the lenient side.
    """
    plots = session.scalars(select(Plot).where(Plot.party_id == party.id).order_by(Plot.code)).all()
    drawn: dict[uuid.UUID, list[tuple[Batch, Decimal]]] = {plot.id: [] for plot in plots}
    not_compared = []
    for batch in _harvests(session, party, year):
        weight = _kilograms(batch)
        if weight is None or batch.plot_id not in drawn:
            not_compared.append(batch)
        else:
            drawn[batch.plot_id].append((batch, weight))
    lines = tuple(
        PlotLine(
            plot,
            expected_yield(plot),
            sum((weight for _, weight in drawn[plot.id]), Decimal(0)),
            tuple(batch for batch, _ in drawn[plot.id]),
        )
        for plot in plots
    )
    return AreaAccount(party, year, lines, tuple(not_compared))


def expected_yield(plot: Plot) -> Decimal | None:
    """Kilograms a plot should give in a year; one season where their number is not stated, None without the rest."""
    if plot.area_ha is None or plot.yield_kg_per_ha is None:
        return None
    return plot.area_ha * plot.yield_kg_per_ha * (plot.seasons_per_year or 1)


def _harvests(session: Session, party: Party, year: int) -> Sequence[Batch]:
    made_from_others = select(BatchSource.batch_id).where(BatchSource.batch_id == Batch.id).exists()
    query = (
        select(Batch)
        .where(
            Batch.party_id == party.id,
            Batch.made_on >= dt.date(year, 1, 1),
            Batch.made_on <= dt.date(year, 12, 31),
            ~made_from_others,
        )
        .options(joinedload(Batch.product))
        .order_by(Batch.made_on, Batch.id)
    )
    return session.scalars(query).all()


def _kilograms(batch: Batch) -> Decimal | None:
    try:
        return convert(batch.quantity, batch.unit, "KGM")
    except UnitError:
        return None
