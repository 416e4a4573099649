"""Queries answered by a repository: page after page, each with bounded work, the same whatever is written meanwhile.

Terms of the index lead (`narrowing.py`), the pure query decides (`Query.holds`). A page ends when it is full, when
there is no more, or when enough was looked at: then it is short, perhaps empty, and says where the next one begins.
"""

import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.epcis import store
from temthat_trace.epcis.document import DECODER
from temthat_trace.epcis.judging import micros
from temthat_trace.epcis.query.conditions import Among, Comparison, Moment, When
from temthat_trace.epcis.query.errors import QueryTooComplexError, QueryTooLargeError
from temthat_trace.epcis.query.facts import Facts, Field
from temthat_trace.epcis.query.narrowing import EVERY, narrow
from temthat_trace.epcis.query.ordering import SortKey, extension_key
from temthat_trace.epcis.query.query import Query
from temthat_trace.epcis.query.statements import Key, Row, Statements, Window
from temthat_trace.epcis.store import Stored
from temthat_trace.epcis.tables import COUNTER_BITS, EpcisContext, EpcisEvent
from temthat_trace.epcis.terms import terms

MOST_READ = 3_000
"""Events that are read and judged for one page."""
MOST_LOOKED_AT = 30_000
"""Entries of the index that are looked at for one page."""
MOST_COUNTED = 10_000
"""Events a query with `maxEventCount`, or ordered by an extension field, may have."""
MOST_BYTES = 8_000_000
"""Events that weigh more together do not come on one page."""
FEW = 2_000
"""So few events of a term are sorted; more are found by walking along the times."""
_MOST_TERMS = 5_000
_MOST_STREAMS = 60
_MOST_BESIDE = 200
_STEP, _LONG_STEP = 200, 2_000
_WHOLE = 10  # times the work of a page, where the whole answer is needed


@dataclass(frozen=True, slots=True)
class Position:
    """Where the next page begins: behind `key`, or `offset` events on; `ceiling` is the last number there was then.

    `left`: how many more events `eventCountLimit` allows.
    """

    key: Key | None = None
    ceiling: int | None = None
    left: int | None = None
    offset: int = 0

    def to_json(self) -> list[Any]:
        """As a page token holds it."""
        return [self.key, self.ceiling, self.left, self.offset]

    @staticmethod
    def from_json(value: list[Any]) -> "Position":
        """Back from `to_json`."""
        key, ceiling, left, offset = value
        return Position(None if key is None else (key[0], key[1]), ceiling, left, offset)


@dataclass(frozen=True, slots=True)
class Page:
    """The events of a page in order, and where the next one begins; None after the last."""

    events: list[Stored]
    next: Position | None


def search(
    session: Session, parties: Sequence[uuid.UUID], query: Query, size: int, position: Position | None = None
) -> Page:
    """A page of at most `size` events of these parties. Raises QueryTooLargeError, QueryTooComplexError."""
    if not parties:
        return Page([], None)
    at = position or Position(left=query.limit)
    seeking = _Seeking(session, parties, query, at.ceiling)
    if position is None and query.most is not None:
        seeking.count_to(query.most)
    size = size if at.left is None else min(size, at.left)
    if query.order.place is not None:
        return _by_extension(seeking, query, size, at)
    found = seeking.run(at.key, size)
    left = None if at.left is None else at.left - len(found.events)
    if found.after is None or left == 0:
        return Page(found.events, None)
    return Page(found.events, Position(found.after, _ceiling(seeking, at), left))


def search_new(
    session: Session, parties: Sequence[uuid.UUID], query: Query, after: int, size: int
) -> tuple[list[Stored], int, bool]:
    """Events recorded behind the number `after`, as recorded: at most `size`, the number looked at last, and whether
    there may be more. Order and limits of the query do not count here."""
    statements = Statements(session)
    newest = statements.newest()
    if newest <= after or not parties:
        return [], max(after, newest), False
    plain = Query(query.conditions)
    found = _Seeking(session, parties, plain, newest, first=after + 1).run(None, size)
    return (found.events, newest, False) if found.after is None else (found.events, found.after[1], True)


def _ceiling(seeking: "_Seeking", at: Position) -> int:
    return at.ceiling if at.ceiling is not None else seeking.statements.newest()


def _by_extension(seeking: "_Seeking", query: Query, size: int, at: Position) -> Page:
    """All that answers, sorted here: no index knows the values of extension fields."""
    place, ascending = query.order.place, query.order.ascending
    if place is None:
        raise ValueError("the query is not ordered by an extension field")
    keyed: list[tuple[SortKey, int]] = []
    without: list[int] = []
    for one in seeking.every(MOST_COUNTED):
        key = extension_key(place, facts_of(one))
        if key is None:
            without.append(one.row.id)
        else:
            keyed.append((key, one.row.id))
    if len(keyed) + len(without) > MOST_COUNTED:
        raise _too_complex()
    whole = [number for _, number in sorted(keyed, reverse=not ascending)] + without
    numbers = whole[at.offset : at.offset + size]
    events = {one.row.id: one for one in store.events_of(seeking.session, numbers)}
    page = [events[number] for number in numbers]
    left = None if at.left is None else at.left - len(page)
    if at.offset + size >= len(whole) or left == 0:
        return Page(page, None)
    return Page(page, Position(None, _ceiling(seeking, at), left, at.offset + size))


def facts_of(one: Stored) -> Facts:
    """What a query asks of a stored event."""
    return Facts(one.event, one.names, record_time=one.row.record_time, event_id=one.row.event_id)


# --- looking ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """Events, and the key behind which to go on; None when there is no more."""

    events: list[Stored]
    after: Key | None


Fetch = Callable[[Key | None, int], list[Row]]


class _Seeking:
    """One search: which index leads, and the walk along it."""

    def __init__(
        self,
        session: Session,
        parties: Sequence[uuid.UUID],
        query: Query,
        ceiling: int | None,
        first: int = 0,
    ) -> None:
        self.session = session
        self.statements = Statements(session)
        self._parties = parties
        self._allowed = frozenset(parties)
        self._query = query
        self._window = _window(query, first, ceiling)

    def count_to(self, most: int) -> None:
        """Raise QueryTooLargeError when more events answer, or when that cannot be told with bearable work."""
        asked = min(most, MOST_COUNTED)
        if sum(1 for _ in self.every(asked)) > asked:
            raise QueryTooLargeError(
                f"Có nhiều hơn {asked:,} sự kiện. Hãy hỏi hẹp hơn, hoặc bỏ maxEventCount và đọc từng trang.",
                f"More than {asked:,} events answer. Ask for less, or leave maxEventCount off and read pages.",
                "maxEventCount",
            )

    def run(self, after: Key | None, size: int) -> _Found:
        """The events behind a key, up to `size`, with no more work than a page may make."""
        found: list[Stored] = []
        read = weight = 0
        last = after
        for looked, row in enumerate(self._rows(after, size), 1):
            if row.party_id in self._allowed:
                read += 1
                one = self._read(row)
                if self._query.holds(facts_of(one)):
                    if len(found) == size or weight > MOST_BYTES:
                        return _Found(found, last)
                    found.append(one)
                    weight += len(one.row.body)
            last = row.key
            if looked >= MOST_LOOKED_AT or read >= MOST_READ:
                return _Found(found, last)
        return _Found(found, None)

    def every(self, most: int) -> Iterator[Stored]:
        """All events, one more than `most` at the most. Raises QueryTooComplexError when it is too much work."""
        count = read = 0
        for looked, row in enumerate(self._rows(None, _STEP), 1):
            if row.party_id in self._allowed:
                read += 1
                one = self._read(row)
                if self._query.holds(facts_of(one)):
                    count += 1
                    yield one
                    if count > most:
                        return
            if looked >= MOST_LOOKED_AT * _WHOLE or read >= MOST_READ * _WHOLE:
                raise _too_complex()

    def _rows(self, after: Key | None, size: int) -> Iterator[Row]:
        """Candidates behind a key, in order, fetched in steps."""
        known = self._known_numbers()
        if known is not None:
            yield from self._of_numbers(known, after)
            return
        fetch = self._fetch()
        step = min(size + 1, _STEP)
        while True:
            rows = fetch(after, step)
            yield from rows
            if len(rows) < step:
                return
            after = rows[-1].key
            fitting = sum(row.party_id is not None for row in rows)
            step = _LONG_STEP if fitting * 20 < len(rows) else _STEP

    def _known_numbers(self) -> list[int] | None:
        """The numbers of the events when their ids are asked for."""
        known: set[int] | None = None
        for condition in self._query.conditions:
            if isinstance(condition, Among) and condition.field is Field.EVENT_ID:
                found = {
                    one.row.id
                    for wanted in condition.wanted
                    for one in store.events_by_id(self.session, self._parties, wanted)
                }
                known = found if known is None else known & found
        return None if known is None else sorted(known)

    def _of_numbers(self, numbers: list[int], after: Key | None) -> Iterator[Row]:
        by_time = self._query.order.by == Moment.EVENT.value
        ascending = self._query.order.ascending
        rows = self.statements.by_number(numbers)
        if not by_time:
            rows = [replace(row, key=(0, row.key[1])) for row in rows]
        for row in sorted(rows, key=lambda row: row.key, reverse=not ascending):
            is_behind = after is None or (row.key > after if ascending else row.key < after)
            end = self._window.end
            if is_behind and self._window.first <= row.key[1] and (end is None or row.key[1] < end):
                yield row

    def _fetch(self) -> Fetch:
        """The index that leads to the fewest candidates."""
        order, statements, window = self._query.order, self.statements, self._window
        groups = self._groups()
        counted = self._counted(groups) if groups else []
        lead = min(range(len(groups)), key=lambda n: (counted[n], _is_short(groups[n])), default=None)
        # A long list of terms would be looked through for each candidate: it leads, or the query itself decides.
        others = [group for n, group in enumerate(groups) if n != lead and _is_short(group)]
        if order.by == Moment.EVENT.value:
            if lead is not None and counted[lead] < FEW:
                return lambda after, n: statements.by_term_in_time(
                    groups[lead], others, window, after, order.ascending, n
                )
            parties = self._parties
            every_group = [group for group in groups if _is_short(group)]
            return lambda after, n: statements.by_time(
                parties, every_group, window, after, order.ascending, n
            )
        if lead is not None:
            return lambda after, n: statements.by_term(
                groups[lead], others, window, after, order.ascending, n
            )
        every = self._terms(EVERY)
        if len(every) > _MOST_STREAMS:
            return lambda after, n: statements.by_record(window, after, order.ascending, n)
        return lambda after, n: statements.by_term(every, (), window, after, order.ascending, n)

    def _groups(self) -> list[list[int]]:
        """For each condition an index knows, the terms of which one must be there."""
        found = []
        for condition in self._query.conditions:
            wanted = narrow(condition)
            if wanted is not None and len(wanted) * len(self._parties) <= _MOST_TERMS:
                found.append(self._terms(wanted))
        return found

    def _terms(self, wanted: frozenset[str]) -> list[int]:
        asked = sorted(wanted)
        return [term for party in self._parties for term in terms(party, asked)]

    def _counted(self, groups: Sequence[Sequence[int]]) -> list[int]:
        """How many events each group leads to, counted as far as it matters."""
        if len(groups) == 1 and self._query.order.by != Moment.EVENT.value:
            return [0]
        return [self.statements.count(group, FEW) for group in groups]

    def _read(self, row: Row) -> Stored:
        number = row.key[1]
        body = row.body if row.body is not None else self.statements.body(number)
        event = EpcisEvent(
            id=number,
            party_id=row.party_id,
            hash=row.hash,
            given_id=row.given_id,
            context=row.context,
            body=body,
        )
        return Stored(event, DECODER.decode(body), self._context(row.context))

    def _context(self, key: bytes | None) -> Any:
        """The `@context` of a document. It never changes under its key, so it is remembered for good."""
        if key is None:
            return None
        if key not in _contexts:
            if len(_contexts) > 1_000:
                _contexts.clear()
            body = self.session.scalars(select(EpcisContext.body).where(EpcisContext.id == key)).one()
            _contexts[key] = json.loads(body)
        return _contexts[key]


_contexts: dict[bytes, Any] = {}


def _is_short(group: Sequence[int]) -> bool:
    return len(group) <= _MOST_BESIDE


def number_at(at: dt.datetime) -> int:
    """The least number an event recorded at that instant or later may have, within what a database takes."""
    return min(max(-(-micros(at) // 1000), 0) << COUNTER_BITS, 2**63 - 1)


def _window(query: Query, first: int, ceiling: int | None) -> Window:
    """The bounds that time conditions set, in numbers and microseconds."""
    since: int | None = None
    until: int | None = None
    end = None if ceiling is None else ceiling + 1
    for condition in query.conditions:
        if not isinstance(condition, When):
            continue
        is_from = condition.comparison is Comparison.GE
        if condition.moment is Moment.EVENT:
            at = micros(condition.bound)
            since, until = (_larger(since, at), until) if is_from else (since, _smaller(until, at))
        elif condition.moment is Moment.RECORD:
            number = number_at(condition.bound)
            first, end = (max(first, number), end) if is_from else (first, _smaller(end, number))
    return Window(first, end, since, until)


def _larger(a: int | None, b: int) -> int:
    return b if a is None else max(a, b)


def _smaller(a: int | None, b: int) -> int:
    return b if a is None else min(a, b)


def _too_complex() -> QueryTooComplexError:
    return QueryTooComplexError(
        "Câu hỏi này phải xem quá nhiều sự kiện. Hãy thêm điều kiện (thời gian, mã, địa điểm).",
        "This query has to look at too many events. Add conditions (times, EPCs, places).",
    )
