"""Queries and writes of the EPCIS repository. Nothing here commits."""

import hashlib
import json
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from temthat_trace.epcis import events as ev
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.document import DECODER, bare_terms
from temthat_trace.epcis.eventhash import hash_in
from temthat_trace.epcis.judging import Judged, micros
from temthat_trace.epcis.reading import read_event
from temthat_trace.epcis.tables import COUNTER_BITS, EpcisContext, EpcisEvent, EpcisTerm
from temthat_trace.epcis.terms import condition, terms
from temthat_trace.epcis.values import keep_values

MOST_ASKED = 500
"""Values in one `IN (...)`: far below what any database takes."""
MANY = 100
PAGES_KIB = 65_536
"""Memory SQLite may use for pages on the connection that captures."""
_WRITERS = 7_468_002
"""The PostgreSQL advisory lock captures take one after the other."""
_EVENT = ("id", "party_id", "job_id", "event_time", "hash", "digest", "given_id", "context", "body")
_TYPES = ("int8", "uuid", "uuid", "int8", "bytea", "bytea", "text", "bytea", "text")


@dataclass(frozen=True, slots=True)
class Stored:
    """An event read back: its row, its JSON value as it came, and what its compact names mean."""

    row: EpcisEvent
    value: Any
    context: Any

    @property
    def names(self) -> Context:
        """What the compact names of its document mean."""
        return Context(self.context)

    @property
    def event(self) -> ev.Event:
        """The typed event."""
        own = self.value.get("@context") if self.context is None else self.context
        event, problems = read_event(self.value, "", bare_terms(own))
        if event is None:
            raise ValueError(f"a stored event cannot be read: {problems[0]}")
        return event


# --- writing ------------------------------------------------------------------------------------------------


def one_writer(session: Session) -> None:
    """Wait until no other capture is being written (PostgreSQL; SQLite has one writer by itself).

    Event numbers are given and become visible in the same order, and two captures never both find an event new.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _WRITERS})
    else:
        # Terms are written all over their tree: with the usual 2 MB its pages would be read again and again.
        session.execute(text(f"pragma cache_size = -{PAGES_KIB}"))


def add_events(
    session: Session,
    party_id: uuid.UUID,
    job_id: uuid.UUID,
    judged: Sequence[Judged],
    context: bytes | None,
    now_ms: int,
) -> None:
    """Store good events in their order. The caller is the one writer."""
    if not judged:
        return
    connection = session.connection()
    last = connection.scalar(select(func.max(EpcisEvent.id))) or 0
    first = max(now_ms << COUNTER_BITS, last + 1)
    is_sqlite = connection.dialect.name == "sqlite"
    party: Any = party_id.hex if is_sqlite else party_id
    job: Any = job_id.hex if is_sqlite else job_id
    rows: list[tuple[Any, ...]] = []
    # Most conditions are met by many events of a group; each is hashed once.
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(judged, first):
        event = one.event
        if event is None or one.conditions is None:
            raise ValueError("only good events are stored")
        at = micros(event.at())
        rows.append((number, party, job, at, one.hash, one.digest, event.event_id, context, one.raw.text))
        for met in one.conditions:
            numbers[met].append(number)
    # In the order of the index, so that neighbours are written together.
    found = sorted(zip(terms(party_id, numbers), numbers.values(), strict=True))
    _insert_events(connection, rows)
    _insert_terms(connection, [part for term, events in found for event in events for part in (term, event)])
    keep_values(session, party_id, judged)


# Both go straight through the driver: this is where a capture's time goes.


def _insert_events(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    if connection.dialect.name != "sqlite":
        _copy(connection, EpcisEvent.__tablename__, _EVENT, _TYPES, rows)
        return
    marks = ", ".join("?" * len(_EVENT))
    connection.exec_driver_sql(f"insert into epcis_event ({', '.join(_EVENT)}) values ({marks})", rows)  # noqa: S608


def _insert_terms(connection: Connection, flat: list[int]) -> None:
    """`flat`: a term, its event, the next term, its event..."""
    if connection.dialect.name != "sqlite":
        rows = zip(flat[::2], flat[1::2], strict=True)
        _copy(connection, EpcisTerm.__tablename__, ("term", "event"), ("int8", "int8"), rows)
        return
    head = "insert into epcis_term (term, event) values "
    # A hundred rows to a statement halve what each costs.
    size = 2 * MANY
    whole = len(flat) // size * size
    if whole:
        groups = [tuple(flat[i : i + size]) for i in range(0, whole, size)]
        connection.exec_driver_sql(head + ", ".join(["(?, ?)"] * MANY), groups)
    if whole < len(flat):
        rest = [(flat[i], flat[i + 1]) for i in range(whole, len(flat), 2)]
        connection.exec_driver_sql(head + "(?, ?)", rest)


def _copy(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    types: Sequence[str],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    """Into PostgreSQL, the way it takes rows fastest. What goes wrong is raised as from any other statement."""
    statement = f"copy {table} ({', '.join(columns)}) from stdin (format binary)"
    driver: Any = connection.connection.driver_connection
    failure: Any = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)
    except failure as error:
        raise DBAPIError.instance(statement, None, error, failure, dialect=connection.dialect) from error


def keep_context(session: Session, context: Any) -> bytes | None:
    """The id under which a document's `@context` is kept; None when there is none."""
    if context is None:
        return None
    body = json.dumps(context, ensure_ascii=False, separators=(",", ":"))
    key = hashlib.blake2b(body.encode(), digest_size=16).digest()
    if session.get(EpcisContext, key) is None:
        session.add(EpcisContext(id=key, body=body))
        session.flush()
    return key


# --- reading ------------------------------------------------------------------------------------------------


def events_of(session: Session, numbers: Collection[int]) -> list[Stored]:
    """The events of these numbers, in the order of recording."""
    rows: list[EpcisEvent] = []
    for part in _parts(sorted(numbers)):
        rows += session.scalars(select(EpcisEvent).where(EpcisEvent.id.in_(part)).order_by(EpcisEvent.id))
    return stored(session, rows)


def stored(session: Session, rows: Iterable[EpcisEvent]) -> list[Stored]:
    """Rows with their values and contexts."""
    contexts: dict[bytes, Any] = {}
    found = []
    for row in rows:
        if row.context is not None and row.context not in contexts:
            contexts[row.context] = json.loads(session.get_one(EpcisContext, row.context).body)
        context = None if row.context is None else contexts[row.context]
        found.append(Stored(row, DECODER.decode(row.body), context))
    return found


def events_by_id(session: Session, parties: Collection[uuid.UUID], event_id: str) -> list[Stored]:
    """The event of an id and the declarations of error about it, as recorded; empty when there is none."""
    asked = condition("eventID", event_id)
    wanted = [terms(party, [asked])[0] for party in parties]
    numbers = set(session.scalars(select(EpcisTerm.event).where(EpcisTerm.term.in_(wanted))))
    digest = hash_in(event_id)
    if digest is not None:
        numbers.update(
            session.scalars(
                select(EpcisEvent.id).where(EpcisEvent.party_id.in_(parties), EpcisEvent.digest == digest)
            )
        )
    # A term may be met by chance; the id itself decides.
    found = events_of(session, numbers)
    return [one for one in found if one.row.event_id == event_id or one.row.digest == digest]


def digests_held(session: Session, party_id: uuid.UUID, digests: Sequence[bytes]) -> dict[bytes, int]:
    """Which of these events a repository holds already, and their numbers."""
    connection = session.connection()
    is_sqlite = connection.dialect.name == "sqlite"
    head = "select digest, id from epcis_event where party_id = ? and digest in "
    found: dict[bytes, int] = {}
    for part in _parts(digests):
        party: Any = party_id.hex if is_sqlite else party_id
        found.update((bytes(digest), number) for digest, number in _among(connection, head, part, party))
    return found


def numbers_by_term(session: Session, wanted: Sequence[int]) -> dict[int, list[int]]:
    """The numbers of the events under each term, ascending; terms without any are left out."""
    connection = session.connection()
    found: dict[int, list[int]] = {}
    for part in _parts(wanted):
        for key, number in _among(connection, "select term, event from epcis_term where term in ", part):
            found.setdefault(key, []).append(number)
    for numbers in found.values():
        numbers.sort()
    return found


def _among(connection: Connection, head: str, values: list[Any], *before: Any) -> Iterable[Any]:
    """The rows of a statement that ends in a list of values, straight through the driver; `?` marks each before."""
    statement = f"{head}({', '.join('?' * len(values))})"
    if connection.dialect.name != "sqlite":
        statement = statement.replace("?", "%s")
    return connection.exec_driver_sql(statement, (*before, *values))


def _parts(values: Sequence[Any]) -> Iterator[list[Any]]:
    """In groups no statement is too long for."""
    left = iter(values)
    while part := list(islice(left, MOST_ASKED)):
        yield part
