"""Does it add up? A batch's packs against its stamps; goods against goods and yields is `temthat_trace.balance`.

What is found is a question with its arithmetic, never an accusation: stamps nobody recorded as applied may well be on
goods. Only a quota (see `quotas`) refuses.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.ledger import Ledger, State
from temthat_stamps.ledger.quotas import taken_by
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_stamps.runs.register import pack_level
from temthat_trace import formats
from temthat_trace.batches import Batch
from temthat_trace.packing import OVERAGE, PackingError, content
from temthat_trace.products import PackForm
from temthat_trace.units import UnitError, convert

UNACCOUNTED_AFTER = dt.timedelta(days=30)
"""How long printed stamps may lie without a record of where they went before the page asks."""


class Question(StrEnum):
    """What does not add up."""

    OVER_ORDERED = "over_ordered"
    """Asked by who inspects; its own people gave a reason when they ordered."""
    OVER_STAMPED = "over_stamped"
    UNACCOUNTED = "unaccounted"


@dataclass(frozen=True, slots=True)
class Finding:
    """A question to the people who know, with the arithmetic in both languages."""

    question: Question
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class FormLine:
    """One pack form of a batch: `each` is a pack's content in the product's unit, `totals` its stamps by state.

    `ordered`: stamps of signed orders, those that a reprint stands in for counted once.
    """

    pack_form: PackForm
    each: Decimal
    totals: Counter[State]
    ordered: int

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

    @property
    def over_ordered(self) -> tuple[Finding, ...]:
        """Where more stamps were ordered than the batch fills packs, with the usual few more for spoiled ones."""
        return tuple(self._over_ordered())

    def _over_ordered(self) -> Iterator[Finding]:
        most = self.quantity * (1 + OVERAGE)
        for vi, en in self._beyond(lambda line: line.ordered, most):
            yield Finding(
                Question.OVER_ORDERED,
                f"Số tem đã đặt nhiều hơn số gói theo khối lượng lô: {vi}; lô có {self._amount(self.quantity)} "
                f"(cộng {formats.number(OVERAGE * 100)} % dự phòng tem hỏng là {self._amount(most)}).",
                f"More stamps were ordered than the batch fills packs: {en}; the batch has "
                f"{self._amount(self.quantity, 'en')} (with {formats.number(OVERAGE * 100, 'en')}% for spoiled stamps "
                f"{self._amount(most, 'en')}).",
            )

    def _over_stamped(self) -> Iterator[Finding]:
        for vi, en in self._beyond(lambda line: line.totals[State.APPLIED], self.quantity):
            yield Finding(
                Question.OVER_STAMPED,
                f"Tem đã dán ứng với {vi}, nhiều hơn {self._amount(self.quantity)} của lô. Số lượng lô hoặc số tem đã "
                "dán có ghi nhầm không?",
                f"Stamps applied stand for {en}, more than the batch's {self._amount(self.quantity, 'en')}. Is the "
                "batch's quantity or the number of stamps applied a slip?",
            )

    def _beyond(self, count: Callable[[FormLine], int], most: Decimal) -> Iterator[tuple[str, str]]:
        """Levels whose packs come to more than `most`: the sum in words, in both languages.

        Per level: cases and the packs inside them stand for the same goods.
        """
        for depth in sorted({pack_level(line.pack_form) for line in self.lines}):
            lines = [line for line in self.lines if pack_level(line.pack_form) == depth and count(line)]
            total = sum((count(line) * line.each for line in lines), Decimal(0))
            if total > most:
                vi, en = (
                    " + ".join(
                        f"{formats.number(count(line), lang)} × {self._amount(line.each, lang)}"
                        for line in lines
                    )
                    for lang in ("vi", "en")
                )
                yield f"{vi} = {self._amount(total)}", f"{en} = {self._amount(total, 'en')}"

    def _amount(self, quantity: Decimal, lang: str = "vi") -> str:
        return formats.quantity(quantity, self.unit, lang)

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


def ledgers_of(session: Session, batch: Batch) -> list[tuple[Run, Ledger]]:
    """The runs of a batch in their order, each with its ledger."""
    query = select(Run).where(Run.batch_id == batch.id).options(joinedload(Run.pack_form)).order_by(Run.run)
    return [(run, ledger_of(session, run)) for run in session.scalars(query).all()]


def reconcile_batch(
    session: Session, batch: Batch, now: dt.datetime, ledgers: Sequence[tuple[Run, Ledger]] | None = None
) -> BatchAccount:
    """A batch's packs against the ledgers of its runs (`ledgers_of`, read here if they are not at hand).

    Raises `RunRefused` for a pack form without its content.
    """
    base = batch.product.base_unit
    totals: dict[uuid.UUID, Counter[State]] = {}
    ordered: Counter[uuid.UUID] = Counter()
    forms: dict[uuid.UUID, PackForm] = {}
    unaccounted, oldest = 0, list[dt.datetime]()
    for run, ledger in ledgers_of(session, batch) if ledgers is None else ledgers:
        forms[run.pack_form_id] = run.pack_form
        totals.setdefault(run.pack_form_id, Counter()).update(ledger.totals)
        if run.is_logged:
            ordered[run.pack_form_id] += taken_by(run)
        for printed_at, count in _unaccounted(session, ledger, now - UNACCOUNTED_AFTER):
            unaccounted += count
            oldest.append(printed_at)
    try:
        lines = tuple(
            FormLine(form, content(form, base), totals[key], ordered[key]) for key, form in forms.items()
        )
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
