"""Events as they go out: an EPCISQueryDocument around the text each event came in, character for character."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from temthat_trace.epcis.document import CONTEXT_URL
from temthat_trace.epcis.store import Stored

QUERY = "SimpleEventQuery"


def query_document(
    events: Sequence[Stored], created: datetime, *, query: str = QUERY, subscription: str | None = None
) -> str:
    """JSON text of the document. Events from documents of different contexts carry their own."""
    contexts = [e.context for e in events if e.context is not None]
    is_one = all(context == contexts[0] for context in contexts)
    results: dict[str, Any] = {"subscriptionID": subscription} if subscription else {}
    results["queryName"] = query
    head = {
        "@context": contexts[0] if contexts and is_one else CONTEXT_URL,
        "type": "EPCISQueryDocument",
        "schemaVersion": "2.0",
        "creationDate": created.isoformat(timespec="milliseconds"),
    }
    listed = ",".join(event.row.body if is_one else with_context(event) for event in events)
    body = f'{_open(results)},"resultsBody":{{"eventList":[{listed}]}}}}'
    return f'{_open(head)},"epcisBody":{{"queryResults":{body}}}}}'


def with_context(event: Stored) -> str:
    """The event's text with the context of its document in it, unless it stood alone and has its own."""
    body = event.row.body
    if event.context is None:
        return body
    context = event.context
    own = event.value.get("@context")
    if own is not None:
        # Its own comes behind that of its document and so counts for more.
        context = [*_listed(context), *_listed(own)]
        return json.dumps({**event.value, "@context": context}, ensure_ascii=False)
    return f'{{"@context":{_text(context)},{body.lstrip()[1:]}'


def _listed(context: Any) -> list[Any]:
    return context if isinstance(context, list) else [context]


def _open(members: dict[str, Any]) -> str:
    return _text(members)[:-1]


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
