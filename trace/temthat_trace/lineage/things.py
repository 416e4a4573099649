"""The lineage that stored EPCIS events tell: transformations, containers with their times, lots and their serials.

A few queries a level. Of a thing that was inside another only that time is shared; see `Thing`.
"""

import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, bindparam, exists, select, type_coerce
from sqlalchemy.orm import Session

from temthat_trace.epcis.context import Context
from temthat_trace.epcis.eventhash import hash_id
from temthat_trace.epcis.tables import CaptureJob, EpcisEvent, EpcisTerm
from temthat_trace.epcis.terms import condition, leaf, terms
from temthat_trace.gs1.errors import Gs1Error
from temthat_trace.gs1.identity import read_key
from temthat_trace.lineage.among import among
from temthat_trace.lineage.movements import Kind, Movement, Part, read_movement
from temthat_trace.lineage.stays import FIRST, LAST, Stay, stays
from temthat_trace.lineage.walk import Direction, Link, Tie
from temthat_trace.parties import Party

MOST_EVENTS = 100_000
"""Events read for one question; more are told."""
MOST_TERMS = 300_000
"""Repositories times names asked for at once; beyond, the last repositories are left out, and it is told."""
MOST_PAIRS = 20_000
"""Inputs times outputs of one transformation told as links each; beyond, all inputs meet in one."""
_AT_ONCE = 500
_LOT_NUMBER = Context(None).name("cbvmda:lotNumber")


class Thing(NamedTuple):
    """A thing, lot or container by its identity, as far as it matters from `since` up to `until` (microseconds).

    `carries`: only a container that goods of the walk were in during that time; what else is in it is left alone.
    """

    name: str
    since: int = FIRST
    until: int = LAST
    carries: bool = False


@dataclass(frozen=True, slots=True)
class Handover:
    """An event that says to whom a thing went (or where it arrived): `to` is the identity of a party or place."""

    name: str
    to: str
    at: int
    step: str
    event: str


def keepers(session: Session, within: ColumnElement[bool]) -> list[uuid.UUID]:
    """The parties that have EPCIS events stored. `within`: a condition on `Party`, whose events may be read."""
    has = select(EpcisEvent.id).where(EpcisEvent.party_id == Party.id).exists()
    return list(session.scalars(select(Party.id).where(has, within).order_by(Party.id)))


class EventGraph:
    """The graph of the events in some parties' repositories, read as a walk asks for it.

    `handovers` are those met on the way down; `cut`: some events or repositories were too many to be read. `without`:
    what came by captures of that source is left out, such as what was told from records that are walked themselves.
    """

    def __init__(self, session: Session, parties: Sequence[uuid.UUID], *, without: str = "") -> None:
        self._session = session
        self._by_term = _BY_TERM
        if without:
            told = exists().where(
                EpcisEvent.id == EpcisTerm.event,
                CaptureJob.id == EpcisEvent.job_id,
                CaptureJob.source == without,
            )
            self._by_term = _BY_TERM.where(~told)
        self._parties = parties
        self._events: dict[int, Movement] = {}
        self._hash: dict[int, tuple[Any, bytes]] = {}
        self._wrong: set[tuple[Any, bytes]] = set()
        self._asked: dict[str, list[int]] = {}
        self._looked_at: set[int] = set()
        self._known: dict[tuple[str, bool], list[Thing]] = {}
        self.handovers: dict[Handover, None] = {}
        self.cut = False

    @property
    def is_open(self) -> bool:
        """Whether there are any repositories to read."""
        return bool(self._parties)

    @property
    def has_met(self) -> bool:
        """Whether any event in force was read; one that says nothing of where things come from counts too."""
        return any(self._hash[number] not in self._wrong for number in self._events)

    def neighbours(self, level: Sequence[Thing], direction: Direction) -> list[Link[Thing]]:
        """The links that lead on from a level, as a walk takes them."""
        if not self._parties or not level:
            return []
        for thing in level:
            self._known.setdefault((thing.name, thing.carries), []).append(thing)
        names = list(dict.fromkeys(thing.name for thing in level))
        events = self._events_of(names)
        look = _Level(events, direction, level)
        found: list[Link[Thing]] = []
        for thing in level:
            found += look.links(thing)
            if direction is Direction.DOWN:
                for handover in look.handovers(thing):
                    self.handovers.setdefault(handover)
        return self._joined_windows(found, direction)

    def _events_of(self, names: Sequence[str]) -> list[Movement]:
        """What is told of these names, of the containers they were in, and what belongs to one transformation."""
        asked = [condition("epc", name) for name in names]
        for name in names:
            asked += _lot_conditions(name)
        found = self._load(asked)
        parents = {m.parent for m in found if m.parent and m.kind in (Kind.INSIDE, Kind.JOINED)}
        more = [condition("epc", parent) for parent in parents]
        more += [condition("transformationID", m.joins) for m in found if m.joins]
        again = self._load(more) if more else []
        # What two repositories both keep happened once.
        return list({self._hash[m.number][1]: m for m in (*found, *again)}.values())

    def _load(self, conditions: Iterable[str]) -> list[Movement]:
        """The events in force that meet any of these conditions; each condition is asked once."""
        asked = list(dict.fromkeys(conditions))
        fresh = [one for one in asked if one not in self._asked]
        self._find(fresh)
        numbers = dict.fromkeys(n for one in asked for n in self._asked.get(one, ()))
        self._read([n for n in numbers if n not in self._looked_at])
        return [self._events[n] for n in numbers if n in self._events and self._hash[n] not in self._wrong]

    def _find(self, conditions: Sequence[str]) -> None:
        for one in conditions:
            self._asked[one] = []
        if not conditions:
            return
        most = max(MOST_TERMS // len(conditions), 1)
        self.cut |= len(self._parties) > most
        by_term: dict[Any, str] = {}
        for party in self._parties[:most]:
            by_term.update(zip(terms(party, conditions), conditions, strict=True))
        left = MOST_EVENTS
        wanted = sorted(by_term)
        for start in range(0, len(wanted), _AT_ONCE):
            values = {"terms": wanted[start : start + _AT_ONCE], "most": left + 1}
            rows = self._session.execute(self._by_term, values).all()
            self.cut |= len(rows) > left
            for term, number in rows[:left]:
                self._asked[by_term[term]].append(number)
            left -= min(len(rows), left)

    def _read(self, numbers: Sequence[int]) -> None:
        if not numbers:
            return
        room = MOST_EVENTS - len(self._looked_at)
        self._looked_at.update(numbers)
        self.cut |= len(numbers) > room
        event = EpcisEvent
        owner = type_coerce(
            event.party_id, String
        )  # as the driver gives it: a UUID each costs more than the row
        query = select(event.id, owner, event.event_time, event.hash, event.given_id, event.body)
        query = query.where(among(self._session, event.id, numbers[: max(room, 0)]))
        for number, party, at, digest, given, body in self._session.execute(query):
            value = json.loads(body)
            self._hash[number] = key = (party, digest)
            if "errorDeclaration" in value:
                self._wrong.add(key)
            self._events[number] = read_movement(number, at, given or hash_id(digest), value)

    def _joined_windows(self, links: list[Link[Thing]], direction: Direction) -> list[Link[Thing]]:
        """The same links, with times of one thing that overlap as one node, and none that an earlier one covers."""
        times: dict[tuple[str, bool], set[tuple[int, int]]] = {}
        for link in links:
            end = link.ends(direction)[1]
            if end.carries or end.since != FIRST or end.until != LAST:
                times.setdefault((end.name, end.carries), set()).add((end.since, end.until))
        if not times:
            return links
        became: dict[Thing, Thing] = {}
        for (name, carries), windows in times.items():
            for since, until, parts in _merged(windows):
                whole = Thing(name, since, until, carries)
                # A container that is bad itself needs not be told again as one that goods were in.
                known = self._known.get((name, False), []) + (
                    self._known.get((name, True), []) if carries else []
                )
                node = next((k for k in known if k.since <= since and k.until >= until), whole)
                for part in parts:
                    became[Thing(name, *part, carries)] = node
        is_up = direction is Direction.UP
        found = []
        for link in links:
            end = link.ends(direction)[1]
            node = became.get(end, end)
            if node != end:
                link = link._replace(source=node) if is_up else link._replace(made=node)  # noqa: PLW2901
            found.append(link)
        return found


_BY_TERM = (
    select(EpcisTerm.term, EpcisTerm.event)
    .where(EpcisTerm.term.in_(bindparam("terms", expanding=True)))
    .limit(bindparam("most"))
)


class _Level:
    """The events around one level, by what they say of each name."""

    def __init__(self, events: Sequence[Movement], direction: Direction, level: Sequence[Thing]) -> None:
        self._direction = direction
        self._names = {thing.name for thing in level}
        self._makings: dict[str, dict[int, _Making]] = {}
        self._lots: dict[str, dict[str, str]] = {}
        self._naming: dict[str, list[Movement]] = {}
        self._inside: dict[str, list[Stay]] = {}
        self._contents: dict[str, list[Stay]] = {}
        goods = {thing.name for thing in level if not thing.carries}
        is_up = direction is Direction.UP
        self._enter_makings(events, goods)
        for event in events:
            if event.tells_lots:
                self._enter_lots(event)
            if event.handed_to and not is_up:
                for name in (event.parent, *(part.name for part in event.named)):
                    if name in self._names:
                        self._naming.setdefault(name, []).append(event)
        for stay in stays(events, () if is_up else self._names, goods):
            self._inside.setdefault(stay.child.name, []).append(stay)
            self._contents.setdefault(stay.parent, []).append(stay)

    def _enter_makings(self, events: Sequence[Movement], goods: Collection[str]) -> None:
        """The transformations that lead on from this level, by what of it they name."""
        is_up = self._direction is Direction.UP
        for number, making in enumerate(_makings(events, goods, is_up=is_up)):
            for part in (making.outputs if is_up else making.inputs).values():
                for name in (part.name, part.lot) if is_up and part.lot else (part.name,):
                    if name in goods:
                        self._makings.setdefault(name, {})[number] = making

    def _enter_lots(self, event: Movement) -> None:
        for part in event.named:
            if part.lot and part.lot != part.name:
                one, other = (
                    (part.name, part.lot) if self._direction is Direction.UP else (part.lot, part.name)
                )
                if one in self._names:
                    self._lots.setdefault(one, {})[other] = event.event_id

    def links(self, thing: Thing) -> Iterator[Link[Thing]]:
        """All links that lead on from a thing."""
        if self._direction is Direction.UP:
            yield from self._up(thing)
        else:
            yield from self._down(thing)

    def _up(self, thing: Thing) -> Iterator[Link[Thing]]:
        for making in self._makings.get(thing.name, {}).values():
            for part in making.sources():
                yield Link(Thing(part.name), thing, part.amount, part.unit, Tie.MADE, making.event_id)
        for stay in self._contents.get(thing.name, ()):
            if window := stay.within(thing.since, thing.until):
                yield Link(Thing(stay.child.name, *window), thing, stay.child.amount, stay.child.unit, Tie.INSIDE,
                           stay.event_id)  # fmt: skip
        for lot, event_id in self._lots.get(thing.name, {}).items():
            yield Link(Thing(lot), thing, None, "", Tie.LOT, event_id)

    def _down(self, thing: Thing) -> Iterator[Link[Thing]]:
        until = thing.until if thing.carries else LAST
        for stay in self._inside.get(thing.name, ()):
            if window := stay.within(thing.since, until):
                container = Thing(stay.parent, *window, carries=True)
                yield Link(thing, container, stay.child.amount, stay.child.unit, Tie.INSIDE, stay.event_id)
        if thing.carries:
            return
        for making in self._makings.get(thing.name, {}).values():
            if making.until >= thing.since:
                source = making.inputs[thing.name]
                for part in making.results():
                    yield Link(thing, Thing(part.name), source.amount, source.unit, Tie.MADE, making.event_id)
        for stay in self._contents.get(thing.name, ()):
            if window := stay.within(thing.since, thing.until):
                yield Link(thing, Thing(stay.child.name, *window), stay.child.amount, stay.child.unit, Tie.INSIDE,
                           stay.event_id)  # fmt: skip
        for serial, event_id in self._lots.get(thing.name, {}).items():
            yield Link(thing, Thing(serial), None, "", Tie.LOT, event_id)

    def handovers(self, thing: Thing) -> Iterator[Handover]:
        """To whom it went, while it matters."""
        until = thing.until if thing.carries else LAST
        for event in self._naming.get(thing.name, ()):
            if thing.since <= event.at <= until:
                for to in event.handed_to:
                    yield Handover(thing.name, to, event.at, event.step, event.event_id)


@dataclass(slots=True)
class _Making:
    """One transformation, which may be told by several events with one `transformationID`."""

    inputs: dict[str, Part]
    outputs: dict[str, Part]
    until: int
    event_id: str

    _told: bool = False

    def sources(self) -> list[Part]:
        """What is told as its sources: all inputs; of very many pairs all inputs only for who asks first."""
        return self._ends(self.inputs)

    def results(self) -> list[Part]:
        """What is told as made of a source, in the same way."""
        return self._ends(self.outputs)

    def _ends(self, ends: dict[str, Part]) -> list[Part]:
        if self._told and len(self.inputs) * len(self.outputs) > MOST_PAIRS:
            return list(ends.values())[:1]
        self._told = True
        return list(ends.values())


def _makings(events: Iterable[Movement], names: Collection[str], *, is_up: bool) -> Iterator[_Making]:
    """The transformations that made (`is_up`) or used any of these names; those told in several events always."""
    joined: dict[str, _Making] = {}
    for event in events:
        if event.kind is not Kind.MADE:
            continue
        ends = event.outputs if is_up else event.inputs
        if not event.joins and not any(part.name in names or part.lot in names for part in ends):
            continue
        inputs = {part.name: part for part in event.inputs}
        outputs = {part.name: part for part in event.outputs}
        known = joined.get(event.joins) if event.joins else None
        if known is not None:
            known.inputs = inputs | known.inputs
            known.outputs = outputs | known.outputs
            known.until = max(known.until, event.at)
            continue
        making = _Making(inputs, outputs, event.at, event.event_id)
        if event.joins:
            joined[event.joins] = making
        else:
            yield making
    yield from joined.values()


def _merged(windows: set[tuple[int, int]]) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Times that overlap or touch as one, with those it is made of."""
    since, until, parts = 0, 0, list[tuple[int, int]]()
    for start, end in sorted(windows):
        if parts and start <= until:
            until = max(until, end)
            parts.append((start, end))
            continue
        if parts:
            yield since, until, parts
        since, until, parts = start, end, [(start, end)]
    if parts:
        yield since, until, parts


def _lot_conditions(name: str) -> list[str]:
    """The conditions that an event names single things of a lot: within their identifiers, or as master data."""
    if "/10/" not in name or "/21/" in name:
        return []
    try:
        number = read_key(name, lenient=True).get("10")
    except Gs1Error:
        return []
    found = [condition("under", name)]
    if number:
        found.append(condition("ilmd", _LOT_NUMBER, leaf(number, Context(None))))
    return found
