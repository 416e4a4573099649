"""Answering one message: the verdict on its number, its PIN if one was sent, and the sentences for both."""

import time
from collections.abc import Iterator
from dataclasses import replace

from temthat_stamps.errors import Mistyped
from temthat_stamps.texts import fill, say
from temthat_stamps.verdict import Asker, Verdict, Word
from temthat_trace import formats
from temthat_verify_api.checks import check_of
from temthat_verify_api.facts import Answer, Asking
from temthat_verify_api.guesses import TooManyGuesses
from temthat_verify_api.parts import Parts
from temthat_verify_api.pins import PinAnswer, PinWord, enter, has_pin
from temthat_verify_api.places import province_name
from temthat_verify_api.questions import read_question
from temthat_verify_api.sms.message import Asked, read_message
from temthat_verify_api.sms.wording import sentences
from temthat_verify_api.throttle import TooManyTries
from temthat_verify_api.typed_pin import MistypedPin

_SETTLED = frozenset({Word.RECALLED, Word.REVOKED, Word.NOT_APPLIED, Word.FORGED, Word.CANNOT_TELL})
"""Verdicts that are said before anything about a PIN, for no PIN changes them."""


async def answer_message(parts: Parts, sender: str, text: str) -> list[str]:
    """The sentences of the reply, the most important first; the check, and a right PIN, are recorded.

    Raises `TooManyTries` for a sender who sends too much, `StoreUnavailableError`.
    """
    begun = time.perf_counter()
    source = parts.senders.source(sender)
    asked = read_message(text)
    if asked is None:
        return [_said("help"), _said("help_more")]
    try:
        answer = await parts.judging.ask(read_question(asked.number), Asking(source=source))
    except Mistyped as error:
        if error.position is None:
            return [_said("mistyped")]
        return [_said("mistyped_at", position=str(error.position)), _said("mistyped")]
    except TooManyGuesses as error:
        return [_said("wait", minutes=str(error.minutes))]
    await _record(parts, answer, source)
    hotline = (answer.run.hotline if answer.run else "") or parts.services.settings.hotline
    told, about_pin = answer.verdict, list[str]()
    if asked.pin and answer.counts:
        told, about_pin = await _enter(parts, answer, asked, source)
    parts.metrics.told("sms", told.word, time.perf_counter() - begun)
    return list(_sentences(replace(answer, verdict=told), asked, about_pin, hotline))


async def _record(parts: Parts, answer: Answer, source: str) -> None:
    """The check; the same sender's again within half an hour is none."""
    if not answer.counts or answer.header is None:
        return
    run, serial, now_ms = answer.header.run, answer.header.serial, int(answer.at.timestamp() * 1000)
    event = check_of(answer, Asker.CONSUMER, None, None)
    event = replace(event, id=parts.senders.check_id(source, run, serial, now_ms))
    parts.metrics.wrote("check", await parts.services.store.record(event))


async def _enter(parts: Parts, answer: Answer, asked: Asked, source: str) -> tuple[Verdict, list[str]]:
    """The verdict after the PIN, and what is said of the PIN."""
    assert answer.header is not None, "a stamp that counts has a header"
    run, serial, now_ms = answer.header.run, answer.header.serial, int(answer.at.timestamp() * 1000)
    try:
        told = await enter(
            parts,
            answer,
            asked.pin,
            asker=Asker.CONSUMER,
            receipt=None,
            source=source,
            place=None,
            province=None,
            event_id=parts.senders.pin_id(source, run, serial, now_ms),
        )
    except MistypedPin:
        return answer.verdict, [_said("mistyped_pin")]
    except TooManyTries as error:
        return answer.verdict, [_said("wait_pin", minutes=str(error.minutes)), _said("not_locked")]
    return told.verdict, list(_about_pin(told))


def _about_pin(told: PinAnswer) -> Iterator[str]:
    match told.right:
        case PinWord.RIGHT_AGAIN if told.first is not None:
            province = province_name(told.first.province) if told.first.province else ""
            yield _said("right_again", day=formats.date(told.first.on), province=province)
            yield _said("family")
        case PinWord.WRONG if told.left:
            yield _said("wrong", left=str(told.left))
        case PinWord.WRONG:
            yield _said("wrong_wait", minutes=str(told.minutes))
        case word:
            yield _said(word.value)


def _sentences(answer: Answer, asked: Asked, about_pin: list[str], hotline: str) -> Iterator[str]:
    """Verdict and PIN in the order in which they matter; whom to call, and what to compare."""
    word = answer.verdict.word
    issuer = answer.run.issuer if answer.run else None
    saying = say(answer.verdict, "vi", province=province_name, issuer=issuer, hotline=hotline)
    title = f"{saying.title}."
    if word in _SETTLED:
        yield f"{title} {_said('recalled')}" if word is Word.RECALLED else title
        yield from _call(hotline)
        yield saying.sentence
        yield from about_pin
        return
    yield from about_pin
    if word is Word.SUSPECT_COPY:
        yield _said("suspect_copy")
    elif word is not Word.CLAIMED:
        yield title
        yield saying.sentence
    if has_pin(answer) and not asked.pin:
        yield _said("send_pin")
    if word is not Word.GENUINE:
        yield from _call(hotline)
    if answer.run is not None:
        yield _said("lot", lot=answer.run.lot)
        if answer.run.expires_on is not None:
            yield _said("expires", day=formats.date(answer.run.expires_on))
    yield _said("compare")


def _call(hotline: str) -> Iterator[str]:
    if hotline:
        yield _said("call", hotline=hotline)


def _said(name: str, **values: str) -> str:
    return fill(sentences()[name], values)
