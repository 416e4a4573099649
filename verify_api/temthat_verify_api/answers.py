"""An answer as JSON. What belongs to the run was written once when it was loaded; here only the rest is added."""

import json
from typing import Any

from temthat_stamps.verdict import Mark, Verdict
from temthat_verify_api.facts import Answer

_NOTHING_ABOUT = '"batch":null,"product":null,"issuer":null'
_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def answer_json(answer: Answer) -> bytes:
    """The body of `VerifyAnswer`."""
    run = answer.run
    dynamic = _dump(
        {
            "verdict": answer.verdict.word.value,
            "reasons": reasons_of(answer.verdict),
            "stamp": _stamp(answer),
            "history": _history(answer),
        }
    )
    return f"{dynamic[:-1]},{run.about if run else _NOTHING_ABOUT}}}".encode()


def reasons_of(verdict: Verdict) -> list[dict[str, str]]:
    """The reasons as the API tells them."""
    return [{"key": reason.key, "value": reason.value} for reason in verdict.reasons]


def _stamp(answer: Answer) -> dict[str, Any] | None:
    if header := answer.header:
        return {"key_hint": header.hint.hex(), "run": header.run, "serial": header.serial}
    if number := answer.question.number:
        return {"key_hint": None, "run": number.run, "serial": number.serial}
    return None


def _history(answer: Answer) -> dict[str, Any] | None:
    history = answer.history
    if history is None:
        return None
    return {
        "checks": history.checks,
        "first": _mark(history.first),
        "last": _mark(history.last),
        "sold": _mark(history.sold),
    }


def _mark(mark: Mark | None) -> dict[str, str] | None:
    return {"on": mark.on.isoformat(), "province": mark.province} if mark else None
