"""Events put straight into a repository, without the rules of capture."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from temthat_trace.epcis import store
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.judging import Judged
from temthat_trace.epcis.reading import read_event
from temthat_trace.epcis.stream import Raw
from temthat_trace.epcis.terms import conditions
from temthat_trace.parties import Party, PartyKind

from .strategies import CONTEXT

NOW = dt.datetime(2026, 5, 10, tzinfo=dt.UTC)


def new_party(session: Session, code: str) -> uuid.UUID:
    """A cooperative."""
    party = Party(code=code, kind=PartyKind.COOPERATIVE, name=code, province="01")
    session.add(party)
    session.flush()
    return party.id


def put(session: Session, party: uuid.UUID, values: Sequence[dict[str, Any]], at: dt.datetime = NOW) -> None:
    """Store events as they are; equal ones are stored as often as they come."""
    names, judged = Context(CONTEXT), []
    for value in values:
        event, problems = read_event(value)
        assert event is not None, problems
        text = json.dumps(value, ensure_ascii=False)
        digest = hashlib.sha256(uuid.uuid4().bytes).digest()
        found = conditions(event, names)
        judged.append(Judged(Raw("", text, value), event, [], digest, digest, found))
    store.one_writer(session)
    context = store.keep_context(session, CONTEXT)
    store.add_events(session, party, uuid.uuid4(), judged, context, int(at.timestamp() * 1000))
