"""What a balance is drawn from: plain values of one batch's records. Pure; `repository` fills them."""

import datetime as dt
import uuid
from dataclasses import dataclass

from temthat_trace.balance.amounts import Amount, Measure
from temthat_trace.events import LineRole, Step

_ORDER = {step: number for number, step in enumerate(Step)}


@dataclass(frozen=True, slots=True)
class LineRecord:
    """An amount in a step. `batch`: the batch it is of, when that is one of ours; `bought`: from somebody named."""

    role: LineRole
    amount: Amount
    what: str = ""
    batch: uuid.UUID | None = None
    bought: bool = False


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One entry of a batch's diary with its amounts. `plot`, `member`: where and whose, if not the batch's own.

    The one who tends a plot is its `member` where the entry names nobody.
    """

    id: uuid.UUID
    step: Step
    at: dt.datetime
    lines: tuple[LineRecord, ...] = ()
    plot: uuid.UUID | None = None
    member: uuid.UUID | None = None

    def amounts(self, role: LineRole) -> list[Amount]:
        """The amounts of one role."""
        return [line.amount for line in self.lines if line.role is role]


@dataclass(frozen=True, slots=True)
class Part:
    """What of another batch went into this one, or of this one into another. `own`: both are one party's.

    `product`: the other's.
    """

    batch: uuid.UUID
    lot: str
    amount: Amount
    measure: Measure
    product: uuid.UUID | None = None
    own: bool = True


@dataclass(frozen=True, slots=True)
class Ingredient:
    """What a whole batch of combos holds of one product."""

    product: uuid.UUID
    name: str
    amount: Amount


@dataclass(frozen=True, slots=True)
class SlipRecord:
    """A purchase slip: so much bought of a household, on a plot if that is known. Equal ones are one slip."""

    number: str
    amount: Amount
    at: dt.datetime
    member: uuid.UUID | None = None
    plot: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class BatchRecord:
    """One batch. `takers`: other batches made from it; `sent_elsewhere`: what other diaries say was sent of it.

    `recipe`: what its combos hold, when it is a batch of combos. `member`: whose it is, or who tends its `plot`.
    """

    id: uuid.UUID
    lot: str
    product: str
    whole: Amount
    measure: Measure
    made_on: dt.date
    steps: tuple[StepRecord, ...] = ()
    sources: tuple[Part, ...] = ()
    takers: tuple[Part, ...] = ()
    slips: tuple[SlipRecord, ...] = ()
    sent_elsewhere: tuple[Amount, ...] = ()
    recipe: tuple[Ingredient, ...] = ()
    plot: uuid.UUID | None = None
    member: uuid.UUID | None = None

    @property
    def in_order(self) -> list[StepRecord]:
        """The diary in the order of time; entries of one day without a time in that of the work, not of the writing."""
        return sorted(self.steps, key=lambda entry: (entry.at, _ORDER[entry.step], entry.id))
