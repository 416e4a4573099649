"""A batch's goods while its diary goes on, by the kind of step they came out of. Pure.

A step that says what went in takes so much. One that does not say it may have used all there was, except what steps of
its own kind gave before: drying on Monday and again on Tuesday dries two harvests, not the first one twice. What such
steps had and did not give (`left`) may still be there, and later steps of the kind may give it; after packing, storing
and the like others may take it too, while what drying did not give is mostly gone.
"""

from collections.abc import Mapping
from decimal import Decimal

from temthat_trace.balance.amounts import Tally, add
from temthat_trace.events import Step

MAKING = frozenset({Step.PRELIMINARY, Step.PROCESSING})
"""Steps that change the goods: materials used are ingredients, and water may go."""
NONE = Decimal(0)


class Stock:
    """What there is. A unit that was never in it is one nothing is known of."""

    def __init__(self) -> None:
        self._came_of: dict[Step | None, Tally] = {}
        self._left: dict[Step, Tally] = {}

    def bring(self, goods: Mapping[str, Decimal]) -> None:
        """Goods come in: sources, purchases, harvests."""
        self._came_of[None] = add(self._came_of.get(None, {}), goods)

    def there(self, unit: str, step: Step | None = None) -> Decimal | None:
        """The most a step (or, without one, the batch in the end) can have of a unit; None when nothing is known."""
        found = [tally[unit] for tally in self._came_of.values() if unit in tally]
        found += [tally[unit] for kind, tally in self._open(step) if unit in tally]
        return sum(found, NONE) if found else None

    def take(self, step: Step, unit: str, quantity: Decimal) -> None:
        """So much goes into a step: of what came of others first, its own kind's last."""
        others = [tally for kind, tally in self._came_of.items() if kind is not step]
        own = [self._came_of[step]] if step in self._came_of else []
        for tally in (*others, *(tally for _, tally in self._open(step)), *own):
            taken = min(quantity, tally.get(unit, NONE))
            if taken > 0:
                tally[unit] -= taken
                quantity -= taken

    def take_all(self, step: Step, out: Tally, ingredients: Tally) -> Tally:
        """All that a step may have used that does not say what: what it had, and what its kind had left, by unit.

        Goods that came out told in a unit that nothing went in with are the same goods: they are there in both.
        """
        there: Tally = {}
        for kind, tally in self._came_of.items():
            if kind is not step:
                there = add(there, tally)
        left = self._left.setdefault(step, {})
        retold = any(unit not in there and unit not in left for unit in out)
        used = {unit: quantity for unit, quantity in there.items() if unit in out or not retold}
        for kind, tally in self._came_of.items():
            if kind is not step:
                self._came_of[kind] = {unit: quantity for unit, quantity in tally.items() if unit not in used}
        had = add(add(left, used), ingredients)
        self._left[step] = had
        return had

    def give(self, step: Step, out: Tally, lost: Tally) -> None:
        """What came out of a step that took all there was, and was lost in it."""
        self.put(step, out)
        left = self._left.get(step, {})
        gone = add(out, lost)
        self._left[step] = {u: max(NONE, quantity - gone.get(u, NONE)) for u, quantity in left.items()}

    def put(self, step: Step, out: Tally) -> None:
        """What came out of a step."""
        self._came_of[step] = add(self._came_of.get(step, {}), out)

    def _open(self, step: Step | None) -> list[tuple[Step, Tally]]:
        """What steps had left that this one may still take."""
        return [(kind, tally) for kind, tally in self._left.items() if kind is step or kind not in MAKING]
