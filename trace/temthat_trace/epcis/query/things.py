"""The EPCs a repository knows, each once, page after page (`/epcs`)."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from temthat_trace.epcis.query.facts import Field
from temthat_trace.epcis.query.query import Query
from temthat_trace.epcis.query.search import facts_of, search_new
from temthat_trace.epcis.query.statements import Statements, Window
from temthat_trace.epcis.store import Stored
from temthat_trace.epcis.terms import terms, thing
from temthat_trace.gs1.identity import identity

_STEP = 100
MOST_EVENTS = 1_000
"""Events looked through for one page."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next page begins: behind so many things of an event, and all events before it."""

    event: int = -1
    things: int = 0


def list_things(
    session: Session, parties: Sequence[uuid.UUID], size: int, place: Place | None = None
) -> tuple[list[str], Place | None]:
    """At most `size` EPCs as they were first written, in the order they were first named, and where to go on.

    An EPC is listed where its first event is, so none comes twice, on whichever page.
    """
    at = place or Place()
    statements = Statements(session)
    found: list[str] = []
    looked = 0
    while True:
        events, last, more = search_new(
            session, parties, Query(), at.event - 1 if at.things else at.event, _STEP
        )
        for one in events:
            number = one.row.id
            skip = at.things if number == at.event else 0
            new = list(_first_named_here(statements, parties, one, skip, size - len(found)))
            for position, text in new:
                found.append(text)
                if len(found) == size:
                    return found, Place(number, position + 1)
            at = Place(number)
        looked += len(events)
        if not more:
            return found, None
        at = Place(max(last, at.event))
        if looked >= MOST_EVENTS:
            return found, at


def _first_named_here(
    statements: Statements, parties: Sequence[uuid.UUID], one: Stored, skip: int, most: int
) -> Iterator[tuple[int, str]]:
    """The things of an event that no event before it named, with their positions, from `skip` on."""
    facts = facts_of(one)
    texts: dict[str, str] = {}
    for field in (Field.PARENT, Field.EPC, Field.INPUT, Field.OUTPUT):
        for text in facts.identifiers(field):
            texts.setdefault(identity(text), text)
    before = Window(end=one.row.id)
    count = 0
    for position, text in enumerate(texts.values()):
        if position < skip:
            continue
        asked = [term for party in parties for term in terms(party, [thing(text)])]
        if not statements.count(asked, 1, before):
            yield position, text
            count += 1
            if count == most:
                return


def has_thing(session: Session, parties: Sequence[uuid.UUID], epc: str) -> bool:
    """Whether an event of these parties names the thing or class."""
    asked = [term for party in parties for term in terms(party, [thing(epc)])]
    return Statements(session).count(asked, 1) > 0
