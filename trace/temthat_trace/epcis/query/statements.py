"""The SQL of a search: candidates in order from one index, each marked whether the other conditions' terms are there.

Every statement looks at no more rows than it is told, whatever was asked. Plain text for the driver: putting the
statement together costs less than running it.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

Groups = Sequence[Sequence[int]]
Key = tuple[int, int]
"""What events are walked by: event time in microseconds (0 when the order is that of recording), then the number."""
BLOCK = 40
"""Streams in one statement; SQLite takes 500, a planner likes fewer."""
LARGE = 200_000
"""Longer bodies are read one by one, when their turn comes: many of them together would fill memory."""
_COLUMNS = (
    f"e.party_id, e.hash, e.given_id, e.context, case when {{length}}(e.body) <= {LARGE} then e.body end"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A candidate. `party_id` is None when a term it would need is missing, or its time does not fit; `body` is None
    then, and of a large event."""

    key: Key
    party_id: uuid.UUID | None
    hash: bytes
    given_id: str | None
    context: bytes | None
    body: str | None


@dataclass(frozen=True, slots=True)
class Window:
    """Which events are looked at: numbers from `first` on and below `end`, times from `since` on and before `until`."""

    first: int = 0
    end: int | None = None
    since: int | None = None
    until: int | None = None


_EVER = Window()


class Statements:
    """Statements on one connection, in the dialect of its database."""

    def __init__(self, session: Session) -> None:
        self._connection = session.connection()
        self._is_sqlite = self._connection.dialect.name == "sqlite"
        self._mark = "?" if self._is_sqlite else "%s"
        # PostgreSQL knows the bytes of a long text without reading it.
        self._columns = _COLUMNS.format(length="length" if self._is_sqlite else "octet_length")

    def count(self, group: Sequence[int], most: int, window: Window = _EVER) -> int:
        """How many entries the terms of a group have in a window of numbers, counted to `most`."""
        total = 0
        bounds, values = self._number_bounds("event", window, None, ascending=True)
        for start in range(0, len(group), BLOCK):
            part = group[start : start + BLOCK]
            marks = ", ".join([self._mark] * len(part))
            entries = f"select 1 from epcis_term where term in ({marks}){bounds} limit {most - total}"  # noqa: S608
            total += self._rows(f"select count(*) from ({entries}) as c", [*part, *values])[0][0]  # noqa: S608
            if total >= most:
                break
        return total

    def by_term(
        self,
        terms: Sequence[int],
        others: Groups,
        window: Window,
        after: Key | None,
        ascending: bool,
        limit: int,
    ) -> list[Row]:
        """Candidates of a group of terms, in the order of recording."""
        direction = "asc" if ascending else "desc"
        bounds, values = self._number_bounds("t.event", window, after, ascending)
        stream = f"select t.event as id, 0 as at from epcis_term t where t.term = {self._mark}{bounds}"  # noqa: S608
        return self._walk(
            [(stream, [term, *values]) for term in terms], f"id {direction}", others, window, limit, ascending
        )

    def by_term_in_time(
        self,
        terms: Sequence[int],
        others: Groups,
        window: Window,
        after: Key | None,
        ascending: bool,
        limit: int,
    ) -> list[Row]:
        """Candidates of a group of terms that has few events, in the order of their times."""
        direction = "asc" if ascending else "desc"
        bounds, values = self._time_bounds(window, after, ascending)
        streams = []
        for start in range(0, len(terms), BLOCK):
            part = terms[start : start + BLOCK]
            marks = ", ".join([self._mark] * len(part))
            text = (
                "select distinct e.id as id, e.event_time as at from epcis_term t join epcis_event e on e.id = t.event"  # noqa: S608
                f" where t.term in ({marks}){bounds}"
            )
            streams.append((text, [*part, *values]))
        return self._walk(streams, f"at {direction}, id {direction}", others, window, limit, ascending)

    def by_time(
        self,
        parties: Sequence[uuid.UUID],
        others: Groups,
        window: Window,
        after: Key | None,
        ascending: bool,
        limit: int,
    ) -> list[Row]:
        """Candidates of parties, in the order of their times."""
        direction = "asc" if ascending else "desc"
        bounds, values = self._time_bounds(window, after, ascending)
        text = f"select e.id as id, e.event_time as at from epcis_event e where e.party_id = {self._mark}{bounds}"  # noqa: S608
        streams = [(text, [self._party(party), *values]) for party in parties]
        return self._walk(streams, f"at {direction}, id {direction}", others, window, limit, ascending)

    def by_record(self, window: Window, after: Key | None, ascending: bool, limit: int) -> list[Row]:
        """Candidates of all parties, in the order of recording."""
        bounds, values = self._number_bounds("e.id", window, after, ascending)
        text = f"select e.id as id, 0 as at from epcis_event e where 1 = 1{bounds}"  # noqa: S608
        direction = "asc" if ascending else "desc"
        return self._walk([(text, values)], f"id {direction}", (), window, limit, ascending)

    def by_number(self, numbers: Sequence[int]) -> list[Row]:
        """Those events, in no order."""
        found: list[Row] = []
        for start in range(0, len(numbers), BLOCK):
            part = list(numbers[start : start + BLOCK])
            marks = ", ".join([self._mark] * len(part))
            text = f"select e.event_time, e.id, {self._columns} from epcis_event e where e.id in ({marks})"  # noqa: S608
            found += [self._row(row) for row in self._rows(text, part)]
        return found

    def body(self, number: int) -> str:
        """The text of one event."""
        text = f"select body from epcis_event where id = {self._mark}"  # noqa: S608
        return str(self._rows(text, [number])[0][0])

    def newest(self) -> int:
        """The number of the event recorded last; -1 when there is none."""
        found = self._rows("select max(id) from epcis_event", [])[0][0]
        return -1 if found is None else int(found)

    # --- parts ---

    def _walk(
        self,
        streams: list[tuple[str, list[Any]]],
        order: str,
        others: Groups,
        window: Window,
        limit: int,
        ascending: bool,
    ) -> list[Row]:
        """The first `limit` of several ordered streams together, without repeats."""
        if len(streams) <= BLOCK:
            union, values = self._union(streams, order, limit)
        else:
            union, values = self._first(streams, order, limit, ascending)
        fits, more = self._fits(others, window)
        text = (
            f"select c.at, c.id, {self._columns} from ({union}) as c"  # noqa: S608
            f" left join epcis_event e on e.id = c.id{fits}"
        )
        found = {row.key: row for row in map(self._row, self._rows(text, values + more))}
        return [found[key] for key in sorted(found, reverse=not ascending)]

    def _union(self, streams: list[tuple[str, list[Any]]], order: str, limit: int) -> tuple[str, list[Any]]:
        """The first `limit` of a few streams, as a statement."""
        parts = [f"select * from ({text} order by {order} limit {limit}) as s" for text, _ in streams]  # noqa: S608
        values = [value for _, given in streams for value in given]
        union = " union ".join(parts)
        return (f"{union} order by {order} limit {limit}" if len(parts) > 1 else union), values

    def _first(
        self, streams: list[tuple[str, list[Any]]], order: str, limit: int, ascending: bool
    ) -> tuple[str, list[Any]]:
        """The first `limit` of very many streams, found in blocks, as a statement that names them."""
        keys: set[Key] = set()
        for start in range(0, len(streams), BLOCK):
            text, values = self._union(streams[start : start + BLOCK], order, limit)
            keys.update((at, number) for number, at in self._rows(text, values))
        numbers = [number for _, number in sorted(keys, reverse=not ascending)[:limit]]
        at = "event_time" if order.startswith("at") else "0"
        marks = ", ".join([self._mark] * len(numbers)) or "null"
        return f"select id, {at} as at from epcis_event where id in ({marks})", numbers  # noqa: S608

    def _fits(self, others: Groups, window: Window) -> tuple[str, list[Any]]:
        """What else must be so for an event's body to be read."""
        text, values = "", list[Any]()
        for group in others:
            marks = ", ".join([self._mark] * len(group))
            found = f"select 1 from epcis_term o where o.term in ({marks}) and o.event = c.id limit 1"  # noqa: S608
            # Not `exists`: a plan for terms it does not know would read all events of the term into a table first.
            text += f" and ({found}) is not null"
            values += group
        for bound, sign in ((window.since, ">="), (window.until, "<")):
            if bound is not None:
                text += f" and e.event_time {sign} {self._mark}"
                values.append(bound)
        return text, values

    def _number_bounds(
        self, column: str, window: Window, after: Key | None, ascending: bool
    ) -> tuple[str, list[Any]]:
        first, end = window.first, window.end
        if after is not None:
            if ascending:
                first = max(first, after[1] + 1)
            else:
                end = after[1] if end is None else min(end, after[1])
        text, values = "", list[Any]()
        if first > 0:
            text, values = f" and {column} >= {self._mark}", [first]
        if end is not None:
            text, values = f"{text} and {column} < {self._mark}", [*values, end]
        return text, values

    def _time_bounds(self, window: Window, after: Key | None, ascending: bool) -> tuple[str, list[Any]]:
        text, values = self._number_bounds("e.id", window, None, ascending)
        for bound, sign in ((window.since, ">="), (window.until, "<")):
            if bound is not None:
                text += f" and e.event_time {sign} {self._mark}"
                values.append(bound)
        if after is not None:
            sign = ">" if ascending else "<"
            mark = self._mark
            text += f" and e.event_time {sign}= {mark} and (e.event_time {sign} {mark} or e.id {sign} {mark})"
            values += [after[0], after[0], after[1]]
        return text, values

    def _rows(self, text: str, values: list[Any]) -> Sequence[Any]:
        return self._connection.exec_driver_sql(text, tuple(values)).all()

    def _party(self, party: uuid.UUID) -> Any:
        return party.hex if self._is_sqlite else party

    def _row(self, row: Any) -> Row:
        at, number, party, digest, given, context, body = row
        if isinstance(party, str):
            party = uuid.UUID(party)
        return Row((at, number), party, digest or b"", given, context, body)
