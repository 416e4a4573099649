"""What must be captured so that a repository tells what the records say: new events, old ones declared wrong. Pure.

An event of ours is never changed. When its record was, the new event is captured and the old one declared wrong, naming
the new one; when its record was withdrawn, the old one is declared not to have happened. What was told already, in
whatever words, is left alone.
"""

import datetime as dt
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any

from temthat_trace import formats
from temthat_trace.emitting import words
from temthat_trace.emitting.telling import Told

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Held:
    """An event of ours as it is stored."""

    value: Json

    @property
    def record(self) -> str:
        """What it tells of."""
        return str(self.value.get(words.RECORD, ""))

    @property
    def facts(self) -> str:
        """The digest of what it told."""
        return str(self.value.get(words.FACTS, ""))

    @property
    def id(self) -> str:
        """Its event id."""
        return str(self.value.get("eventID", ""))

    @property
    def declares(self) -> bool:
        """Whether it declares that event wrong."""
        return "errorDeclaration" in self.value


def settle(told: Sequence[Told], held: Iterable[Held], kept: Set[str], now: dt.datetime) -> list[Json]:
    """The events to capture, new ones first; none when all is told. `kept`: records left as they are."""
    known = list(held)
    wrong = {event.id for event in known if event.declares}
    standing: dict[str, list[Held]] = {}
    for event in known:
        if not event.declares and event.id not in wrong:
            standing.setdefault(event.record, []).append(event)
    new: list[Json] = []
    declared: list[Json] = []
    for one in told:
        olds = standing.pop(one.record, [])
        if any(old.facts == one.facts for old in olds):
            continue
        fresh = _fresh(one, wrong)
        new.append(fresh)
        declared += [_declare(old, "incorrect_data", now, fresh["eventID"]) for old in olds]
    for record, olds in standing.items():
        if record not in kept:
            declared += [_declare(old, "did_not_occur", now) for old in olds]
    return new + declared


def _fresh(one: Told, wrong: Set[str]) -> Json:
    """The event; under a revision when just this one was declared wrong before."""
    revision = 0
    value = one.as_json()
    while value["eventID"] in wrong:
        revision += 1
        value = one.as_json(revision)
    return value


def _declare(old: Held, reason: str, now: dt.datetime, *corrective: str) -> Json:
    declaration: Json = {
        "declarationTime": formats.local(now).isoformat(timespec="milliseconds"),
        "reason": reason,
    }
    if corrective:
        declaration["correctiveEventIDs"] = list(corrective)
    return {**old.value, "errorDeclaration": declaration}
