"""What the page of a stamp says about its PIN: the form, and after an entry what became of it, in words."""

from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Request

from temthat_stamps.texts import Lang
from temthat_stamps.verdict import Mark, Word
from temthat_trace import formats
from temthat_trace.ids import uuid7
from temthat_verify_api.facts import Answer
from temthat_verify_api.pages.render import words
from temthat_verify_api.pins import PinAnswer, PinWord, has_pin
from temthat_verify_api.places import province_name

_SETTLED = frozenset({Word.RECALLED, Word.REVOKED, Word.NOT_APPLIED})
"""Verdicts that no PIN changes: nobody is asked to scratch for them."""


@dataclass(frozen=True, slots=True)
class PinCard:
    """The card: `lines` are sentences, `entry` the form's own id (sent twice it is one entry), `action` its address.

    `result`: somebody just entered one. `form`: there is a field to enter one.
    """

    title: str
    lines: tuple[str, ...]
    entry: str
    action: str
    form: bool = True
    result: bool = False
    wrong: bool = False


def asking_card(request: Request, answer: Answer, lang: Lang) -> PinCard | None:
    """The form; None for a stamp without a PIN, and where a PIN would change nothing."""
    if not has_pin(answer) or answer.verdict.word in _SETTLED:
        return None
    said = words(lang)
    return PinCard(said["pin_ask_title"], (said["pin_ask"],), _fresh(answer), _action(request))


def result_card(request: Request, answer: Answer, told: PinAnswer, lang: Lang) -> PinCard:
    """What became of an entry. `answer`: as it was before."""
    said, action = words(lang), _action(request)
    title, lines = said[f"pin_{told.right}_title"], [said[f"pin_{told.right}"]]
    match told.right:
        case PinWord.RIGHT_FIRST:
            if answer.verdict.word is Word.SUSPECT_COPY:
                lines.append(said["pin_first_odd"])
            lines.append(said["pin_scratched"])
        case PinWord.RIGHT_AGAIN if told.verdict.word is not Word.CLAIMED and told.first is not None:
            lines.insert(0, _first_on(said, told.first, lang))
        case PinWord.WRONG:
            lines.append(_tries(said, told))
    wrong = told.right is PinWord.WRONG
    return PinCard(title, tuple(lines), _fresh(answer), action, wrong and told.left > 0, True, wrong)


def mistyped_card(request: Request, answer: Answer, lang: Lang) -> PinCard:
    """What was typed is no PIN."""
    said = words(lang)
    lines = (said["pin_mistyped"],)
    return PinCard(said["pin_mistyped_title"], lines, _fresh(answer), _action(request), True, True, True)


def waiting_card(request: Request, minutes: int, lang: Lang) -> PinCard:
    """No try is left for now."""
    said = words(lang)
    lines = (said["pin_too_many"], said["pin_wait"].format(n=minutes))
    return PinCard(said["pin_too_many_title"], lines, "", _action(request), False, True)


def _tries(said: dict[str, str], told: PinAnswer) -> str:
    if told.left:
        return said["pin_left"].format(n=told.left)
    return said["pin_wait"].format(n=told.minutes)


def _first_on(said: dict[str, str], first: Mark, lang: Lang) -> str:
    """Day and province of the first entry; the verdict `claimed` says them itself."""
    where = said["pin_at"].format(province=province_name(first.province)) if first.province else ""
    return said["pin_first_on"].format(day=formats.date(first.on, lang), where=where)


def _fresh(answer: Answer) -> str:
    """The id of a form's entry: the form sent twice is one entry."""
    return str(uuid7(int(answer.at.timestamp() * 1000)))


def _action(request: Request) -> str:
    """The page's own address, where its receipt is sent to; what the code said beside it stays along."""
    query = urlencode(dict(request.query_params))
    return f"{request.url.path}?{query}" if query else request.url.path
