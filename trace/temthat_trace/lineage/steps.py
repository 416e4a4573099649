"""What was done between a batch and what it was made from: split, mixed, bundled, packed anew or made. Pure."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from temthat_trace.units import UnitError, convert


class StepKind(StrEnum):
    """`split`: a part of one batch. `repack`: all of it again. `mix`: several batches of one product.

    `combo`: several products side by side in one pack. `made`: another product of one or several.
    """

    SPLIT = "split"
    REPACK = "repack"
    MIX = "mix"
    COMBO = "combo"
    MADE = "made"


@dataclass(frozen=True, slots=True)
class Taken:
    """What of one source went in: `amount` in `unit`, of the source's `whole` in `whole_unit`."""

    product: uuid.UUID
    amount: Decimal
    unit: str
    whole: Decimal
    whole_unit: str

    @property
    def is_all(self) -> bool:
        """Whether nothing of the source was left; units that cannot be compared count as a part."""
        try:
            return convert(self.amount, self.unit, self.whole_unit) >= self.whole
        except UnitError:
            return False


def step_kind(product: uuid.UUID, sources: Sequence[Taken], *, bundles: bool) -> StepKind:
    """How a batch of `product` came of `sources` (at least one); `bundles`: its product has a combo pack form."""
    products = {source.product for source in sources}
    if bundles and len(products) > 1:
        return StepKind.COMBO
    if products != {product}:
        return StepKind.MADE
    if len(sources) > 1:
        return StepKind.MIX
    return StepKind.REPACK if sources[0].is_all else StepKind.SPLIT
