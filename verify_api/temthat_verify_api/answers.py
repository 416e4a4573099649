"""An answer as JSON. What belongs to the run was written once when it was loaded; here only the rest is added."""

import json

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
    """The reasons as the API tells them."""
    return [{"key": reason.key, "value": reason.value} for reason in verdict.reasons]


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
    return f'{{"checks":{history.checks},"first":{first},"last":{last},"sold":{sold}}}'


def _mark(mark: Mark | None) -> str:
    return f'{{"on":"{mark.on.isoformat()}","province":{_dump(mark.province)}}}' if mark else "null"
