"""Walking a graph of origins level by level. Pure: whoever calls says what the neighbours of a whole level are.

A node is anything hashable: a batch's id, an EPC, or an EPC with the time it was inside something, so that batches,
transformations, aggregations, associations and time windows walk the same way.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

Node = TypeVar("Node", bound=Hashable)


class Direction(StrEnum):
    """`up`: to what it was made from. `down`: to what was made from it."""

    UP = "up"
    DOWN = "down"


class Tie(StrEnum):
    """How two nodes hang together. `made`: one came of the other. `inside`: one was in the other. `lot`: one is a
    single thing of the other, a lot.
    """

    MADE = "made"
    INSIDE = "inside"
    LOT = "lot"


class Link(NamedTuple, Generic[Node]):
    """`made` came of `source`, of which `amount` in `unit` (UN/ECE code) went in, if that is known.

    With another tie than `made` what was in `source` is in `made` as well. `event`: the id of the event that
    alone says so; empty where it is recorded as a source.
    """

    source: Node
    made: Node
    amount: Decimal | None = None
    unit: str = ""
    tie: Tie = Tie.MADE
    event: str = ""

    def ends(self, direction: Direction) -> tuple[Node, Node]:
        """Where a walk in that direction stands, and where this link leads it."""
        return (self.made, self.source) if direction is Direction.UP else (self.source, self.made)


Neighbours = Callable[[Sequence[Node], Direction], Iterable[Link[Node]]]
"""The links that lead on from any node of a level. Asked once a level, so that a store needs one query for it."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a walk goes: `depth` steps, and about `nodes` nodes (the level that passes it is cut there)."""

    nodes: int = 50_000
    depth: int = 100


USUAL = Bounds()


class Cut(StrEnum):
    """Why a walk does not tell everything. `depth`: there may be more behind the last level. `events`: there were more
    events than are read for one question.
    """

    NODES = "nodes"
    DEPTH = "depth"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Walk(Generic[Node]):
    """What a walk found. `levels[0]` are its starts; every node stands once, at its shortest distance.

    `links` are all links between the nodes found that lead the walk's way, those that close a cycle included.
    """

    direction: Direction
    levels: tuple[tuple[Node, ...], ...]
    links: tuple[Link[Node], ...]
    cut: Cut | None = None

    @property
    def nodes(self) -> list[Node]:
        """All nodes, the nearest first."""
        return [node for level in self.levels for node in level]

    def onward(self) -> dict[Node, list[Link[Node]]]:
        """The links that lead on, by the node they lead on from."""
        found: dict[Node, list[Link[Node]]] = {}
        for link in self.links:
            found.setdefault(link.ends(self.direction)[0], []).append(link)
        return found


def walk(
    starts: Iterable[Node],
    neighbours: Neighbours[Node],
    direction: Direction,
    bounds: Bounds = USUAL,
) -> Walk[Node]:
    """Breadth first from `starts`, one question a level. What the bounds leave out is told in `cut`."""
    level = tuple(dict.fromkeys(starts))
    seen, levels, links = set(level), [level], []
    cut: Cut | None = None
    while level and cut is None:
        if len(levels) > bounds.depth:
            cut = Cut.DEPTH
            break
        fresh: dict[Node, None] = {}
        for link in neighbours(level, direction):
            onto = link.ends(direction)[1]
            if onto not in seen and onto not in fresh:
                if len(seen) + len(fresh) >= bounds.nodes:
                    cut = Cut.NODES
                    continue
                fresh[onto] = None
            links.append(link)
        level = tuple(fresh)
        seen |= fresh.keys()
        if level:
            levels.append(level)
    return Walk(direction, tuple(levels), tuple(links), cut)


@dataclass(frozen=True, slots=True)
class Line(Generic[Node]):
    """A node in a walk told as a tree. `abbreviated`: what is behind it was told at its first place already."""

    node: Node
    depth: int
    link: Link[Node] | None
    abbreviated: bool = False


def outline(found: Walk[Node], limit: int = 1_000) -> tuple[list[Line[Node]], bool]:
    """A walk as an indented list, and whether `limit` left some out. A node met again is one line, abbreviated."""
    onward = found.onward()
    lines: list[Line[Node]] = []
    told: set[Node] = set()
    waiting: list[Line[Node]] = [Line(node, 0, None) for node in reversed(found.levels[0])]
    while waiting:
        if len(lines) >= limit:
            return lines, True
        line = waiting.pop()
        again = line.node in told
        behind = onward.get(line.node, [])
        lines.append(Line(line.node, line.depth, line.link, abbreviated=again and bool(behind)))
        if not again:
            told.add(line.node)
            waiting += [
                Line(link.ends(found.direction)[1], line.depth + 1, link) for link in reversed(behind)
            ]
    return lines, False


def sources_of_all(found: Walk[Node]) -> list[Node]:
    """The fewest starts of a walk that lead to everything it found: those that no other start leads to.

    Of starts that lead to each other in a circle the first stands for all.
    """
    onward, starts = found.onward(), found.levels[0]
    led_to = {end for link in found.links for at, end in [link.ends(found.direction)] if at != end}
    reached: set[Node] = set()
    tops = []
    for start in sorted(starts, key=led_to.__contains__):
        if start in reached:
            continue
        tops.append(start)
        todo = [start]
        reached.add(start)
        while todo:
            for link in onward.get(todo.pop(), ()):
                end = link.ends(found.direction)[1]
                if end not in reached:
                    reached.add(end)
                    todo.append(end)
    return tops
