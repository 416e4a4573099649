"""An answer as JSON. What belongs to the run was written once when it was loaded; here only the rest is added."""

import json

from temthat_stamps.texts import TOLD_FROM
from temthat_stamps.verdict import Mark, Verdict
from temthat_verify_api.facts import Answer
from temthat_verify_api.store import History

_NOTHING_ABOUT = '"batch":null,"product":null,"issuer":null,"vouched_by":null'
_dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def answer_json(answer: Answer) -> bytes:
    """The body of `VerifyAnswer`. Written by hand where only numbers, dates and codes can stand: it is the hot path."""
    verdict = answer.verdict
    run, history = (answer.run, answer.history) if answer.counts else (None, None)
    reasons = _dump(reasons_of(verdict)) if verdict.reasons else "[]"
    return (
        f'{{"verdict":"{verdict.word.value}","reasons":{reasons},"stamp":{_stamp(answer)},'
        f'{run.about if run else _NOTHING_ABOUT},"history":{_history(history)}}}'
    ).encode()


def reasons_of(verdict: Verdict) -> list[dict[str, str]]:
    """The reasons as the API tells them; how often a code was checked is told from `TOLD_FROM` on."""
    return [
        {"key": reason.key, "value": _told(reason.value) if reason.key == "checked_before" else reason.value}
        for reason in verdict.reasons
    ]


def _told(count: str) -> str:
    return count if int(count) >= TOLD_FROM else ""


def _stamp(answer: Answer) -> str:
    if header := answer.header:
        return f'{{"key_hint":"{header.hint.hex()}","run":{header.run},"serial":{header.serial}}}'
    if number := answer.question.number:
        return f'{{"key_hint":null,"run":{number.run},"serial":{number.serial}}}'
    return "null"


def _history(history: History | None) -> str:
    if history is None:
        return "null"
    first, last, sold = _mark(history.first), _mark(history.last), _mark(history.sold)
    # One or two checks would be about single persons; that there was one, the days tell.
    checks = history.checks if history.checks >= TOLD_FROM or not history.checks else "null"
    return f'{{"checks":{checks},"first":{first},"last":{last},"sold":{sold}}}'


def _mark(mark: Mark | None) -> str:
    return f'{{"on":"{mark.on.isoformat()}","province":{_dump(mark.province)}}}' if mark else "null"
