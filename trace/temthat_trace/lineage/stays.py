"""When a thing was inside another: from its ADD to its DELETE. Pure.

Where records leave it open the longer time counts: a recall should rather look at one carton too many.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from temthat_trace.lineage.movements import Kind, Movement, Part

FIRST, LAST = -(2**62), 2**62
"""Before and after every event, in microseconds."""


class Stay(NamedTuple):
    """`child` was inside `parent` from `since` up to `until` (microseconds; FIRST, LAST: not known, or not ended)."""

    parent: str
    child: Part
    since: int
    until: int
    kind: Kind
    event_id: str = ""

    def within(self, since: int, until: int) -> "tuple[int, int] | None":
        """The part of it between these instants; None if there is none. A stay has at least an instant."""
        start, end = max(self.since, since), min(self.until, until)
        return (start, end) if start <= end else None


def stays(
    movements: Iterable[Movement],
    children: Collection[str] | None = None,
    parents: Collection[str] = (),
) -> list[Stay]:
    """All stays that these containments tell, the earliest first. Events of one instant count as recorded.

    `children`, `parents`: only of these things or in these containers; without `children` all.

    ADD begins one and DELETE ends it. A single thing is in one parent at a time: put into another carton it has left
    the first, whether that was told or not. A DELETE without ADD was preceded by one nobody told us of; a thing seen
    inside (OBSERVE) without ADD has been there since nobody knows when. Of a lot, which can be in many places, only as
    much leaves as the DELETE says.
    """
    book = _Book(children, parents)
    for movement in sorted(movements, key=lambda m: (m.at, m.number)):
        if movement.kind in (Kind.INSIDE, Kind.JOINED):
            book.enter(movement)
        elif movement.kind is Kind.MADE:
            for part in movement.inputs:
                book.used_up(part, movement.at)
    return sorted(book.finish(), key=lambda stay: stay.since)


@dataclass(slots=True)
class _Open:
    since: int
    part: Part
    event_id: str
    left: Decimal | None


class _Book:
    """Stays being read: the open ones by (kind, parent, child), the ended ones."""

    def __init__(self, children: Collection[str] | None, parents: Collection[str]) -> None:
        self._of = children
        self._in = parents
        self._open: dict[tuple[Kind, str, str], _Open] = {}
        self._parents: dict[tuple[Kind, str], set[str]] = {}
        self._children: dict[tuple[Kind, str], set[str]] = {}
        self._ended: list[Stay] = []
        self._met: set[tuple[Kind, str]] = set()

    def enter(self, movement: Movement) -> None:
        kind, parent = movement.kind, movement.parent
        if movement.action == "DELETE" and not movement.children and parent:
            for child in sorted(self._children.get((kind, parent), ())):
                self._end((kind, parent, child), movement.at)
            return
        wanted = self._of if parent not in self._in else None
        for part in movement.children:
            if wanted is not None and part.name not in wanted:
                continue
            if parent is None:
                for one in (
                    list(self._parents.get((kind, part.name), ())) if movement.action == "DELETE" else ()
                ):
                    self._end((kind, one, part.name), movement.at)
            elif movement.action == "DELETE":
                self._take_out(movement, parent, part)
            else:
                self._put_in(movement, parent, part)

    def _put_in(self, movement: Movement, parent: str, part: Part) -> None:
        kind, is_add = movement.kind, movement.action == "ADD"
        if kind is Kind.INSIDE and not part.is_class:
            for other in [p for p in self._parents.get((kind, part.name), ()) if p != parent]:
                self._end((kind, other, part.name), movement.at)
        key = (kind, parent, part.name)
        known = self._open.get(key)
        if known is not None:
            if is_add and known.left is not None and part.amount is not None and known.part.unit == part.unit:
                known.left += part.amount
            else:
                known.left = None
            return
        since = movement.at if is_add or (kind, part.name) in self._met else FIRST
        self._met.add((kind, part.name))
        self._open[key] = _Open(since, part, movement.event_id, part.amount if is_add else None)
        self._parents.setdefault((kind, part.name), set()).add(parent)
        self._children.setdefault((kind, parent), set()).add(part.name)

    def _take_out(self, movement: Movement, parent: str, part: Part) -> None:
        key = (movement.kind, parent, part.name)
        known = self._open.get(key)
        if known is None:
            self._ended.append(Stay(parent, part, FIRST, movement.at, movement.kind, movement.event_id))
            self._met.add((movement.kind, part.name))
            return
        if part.is_class and part.amount is not None:
            if known.left is None or known.part.unit != part.unit:
                return
            known.left -= part.amount
            if known.left > 0:
                return
        self._end(key, movement.at)

    def used_up(self, part: Part, at: int) -> None:
        """A single thing that became something else is nowhere any more."""
        if not part.is_class:
            for kind in (Kind.INSIDE, Kind.JOINED):
                for parent in list(self._parents.get((kind, part.name), ())):
                    self._end((kind, parent, part.name), at)

    def _end(self, key: tuple[Kind, str, str], at: int) -> None:
        kind, parent, child = key
        known = self._open.pop(key)
        self._parents[kind, child].discard(parent)
        self._children[kind, parent].discard(child)
        self._ended.append(Stay(parent, known.part, known.since, max(at, known.since), kind, known.event_id))

    def finish(self) -> list[Stay]:
        return self._ended + [
            Stay(parent, known.part, known.since, LAST, kind, known.event_id)
            for (kind, parent, _), known in self._open.items()
        ]
