"""Does it add up? A batch's packs against its stamps; goods against goods and yields is `temthat_trace.balance`.

What is found is a question with its arithmetic, never an accusation: stamps nobody recorded as applied may well be on
goods. Only a quota (see `quotas`) refuses.
"""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterator
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
from temthat_trace.batches import Batch
from temthat_trace.packing import PackingError, content
from temthat_trace.products import PackForm
from temthat_trace.units import UnitError, convert

UNACCOUNTED_AFTER = dt.timedelta(days=30)
"""How long printed stamps may lie without a record of where they went before the page asks."""


class Question(StrEnum):
    """What does not add up."""

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
