"""What the page of a stamp says: the answer and its story, turned into words for the template."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response

from temthat_stamps.errors import TrustError
from temthat_stamps.texts import Guidance, Lang, explain, guide, say, texts
from temthat_stamps.verdict import Mark, Verdict, Word
from temthat_trace import formats
from temthat_trace.origin import PartyShown
from temthat_trace.places import current_province, province_label, provinces
from temthat_verify_api.facts import Answer
from temthat_verify_api.pages.earlier import earlier_checks
from temthat_verify_api.pages.pin_card import PinCard
from temthat_verify_api.pages.render import language, page, words
from temthat_verify_api.pages.story import Story
from temthat_verify_api.parts import parts_of
from temthat_verify_api.places import province_name, provinces_by_name
from temthat_verify_api.receipts import REFUSE
from temthat_verify_api.runfacts import Vouchers

PROVINCE_COOKIE = "tinh"
_TEXT_SHOWN = 200
_SAID_ELSEWHERE = frozenset({"checked_before", "rung_up", "foreign_host", "newer_format"})
_SAYS_ITS_REASON = frozenset({Word.RECALLED, Word.REVOKED, Word.EXPIRED, Word.CLAIMED})
"""Verdicts whose own sentence holds all that their first reason says."""

_CONCERNS = frozenset({Word.SUSPECT_COPY, Word.CLAIMED, Word.SOLD})


@dataclass(frozen=True, slots=True)
class Viewing:
    """What is particular to this view: the counting picture's name (empty: not counted), whether a receipt is kept."""

    view: str
    kept: bool
    provinces: int = 0
    """In how many provinces the stamp was checked, where that was asked for (`is_concern`)."""
    pin: PinCard | None = None
    """The form for the PIN, or what became of one that was entered."""


Call = tuple[str, str, str, str]
"""Who it is, name, number as written, number to dial."""


def stamp_page(request: Request, answer: Answer, story: Story | None, viewing: Viewing) -> Response:
    """The page. Without a story (nothing of ours) it is the verdict, whom to call, and why."""
    lang = language(request)
    origin = story.origin if story else None
    calls = calls_of(request, lang, origin.issuer if origin else None, origin.alliance if origin else None)
    saying = say(
        answer.verdict,
        lang,
        province=province_name,
        issuer=answer.run.issuer if answer.run else None,
        hotline=calls[0][2] if calls else None,
        day=_iso(answer.history.last if answer.history else None),
        place=answer.history.last.province if answer.history and answer.history.last else None,
        text=answer.question.text[:_TEXT_SHOWN],
    )
    return page(
        request,
        "stamp.html",
        sample=bool(origin and origin.issuer.is_sample),
        saying=saying,
        notes=_notes(answer.verdict, lang),
        foreign=answer.facts.foreign_host,
        story=story,
        name=_name(story, lang),
        gtin=answer.run.gtin if answer.run else None,
        history=earlier_checks(answer.history, viewing.provinces, lang),
        guidance=_guidance(answer.verdict, story, calls, lang, viewing.pin),
        pin=viewing.pin,
        concerned=is_concern(answer.verdict),
        report_url=report_url(answer.question.text, lang),
        calls=calls,
        proved=_proved(answer, lang),
        vouchers=(vouchers := answer.run.vouched_by if answer.counts and answer.run else None),
        seen_by_witnesses=vouchers is not None and _seen_by_witnesses(request, vouchers),
        operator=parts_of(request).services.settings.operator_name,
        view=viewing.view,
        kept=viewing.kept,
        nosave_url=_with(request, {REFUSE: "1"}),
        back=request.url.path,
        chosen=request.cookies.get(PROVINCE_COOKIE, ""),
        provinces=[(p.code, p.name) for p in provinces_by_name()],
        **speaking(lang),
    )


def is_concern(verdict: Verdict) -> bool:
    """Whether somebody may wonder about the pack in hand: what tells packs apart comes first on the page."""
    return verdict.word in _CONCERNS or "rung_up" in verdict.keys


def _guidance(
    verdict: Verdict, story: Story | None, calls: list[Call], lang: Lang, pin: PinCard | None
) -> Guidance | None:
    """What to do next; None where the verdict's own sentence says it all."""
    if verdict.word is Word.GENUINE and not is_concern(verdict):
        return None
    can = {"report": True, "call": bool(calls), "pin": pin is not None and pin.form}
    can["where"] = story is not None and bool(story.sellers or story.origin.product.sold_in)
    content = story.pack.content.get(lang) if story else None
    has = [name for name, is_so in can.items() if is_so]
    hotline = calls[0][2].replace(" ", "\N{NO-BREAK SPACE}") if calls else None
    return guide(verdict, lang, has=has, content=content, hotline=hotline)


def speaking(lang: Lang) -> dict[str, Any]:
    """What templates need to turn values into words."""
    said = words(lang)

    def kind(family: str, word: str) -> str:
        return said.get(f"{family}_{word}", word)

    def day(value: dt.date) -> str:
        return formats.date(value, lang)

    def seat(party: PartyShown) -> str:
        """Where a party sits: today's province, and the old one when its printed address names that."""
        return province_label(party.province, party.address, lang) if party.province in provinces() else ""

    vouching = {word: entry[lang] for word, entry in texts()["vouching"].items()}
    return {"kind": kind, "day": day, "seat": seat, "vouching": vouching}


REPORTED = "code"
"""Query parameter of the report's form: the text of the code, as it was read."""

LONGEST_READ = 2_048


def report_url(code: str, lang: Lang) -> str:
    """Where a code with this text can be reported."""
    return "/report?" + urlencode({REPORTED: code[:LONGEST_READ], "lang": lang})


def calls_of(
    request: Request, lang: Lang, issuer: PartyShown | None, alliance: PartyShown | None
) -> list[Call]:
    """Whom to call, the nearest first; each number once."""
    settings = parts_of(request).services.settings
    said = words(lang)
    asked = [
        (said["call_issuer"], issuer.name, issuer.hotline) if issuer else None,
        (said["call_alliance"], alliance.name, alliance.hotline) if alliance else None,
        (said["call_operator"], settings.operator_name, settings.hotline),
    ]
    calls: list[Call] = []
    for who, name, phone in filter(None, asked):
        dial = re.sub(r"[^0-9+]", "", phone)
        if dial and dial not in {call[3] for call in calls}:
            calls.append((who, name, phone, dial))
    return calls


def chosen_province(request: Request) -> str:
    """The province this person chose to state, if it is one."""
    found = current_province(request.cookies.get(PROVINCE_COOKIE, "")[:2])
    return found.code if found else ""


def _notes(verdict: Verdict, lang: Lang) -> list[str]:
    """Every other true fact in a sentence; what the verdict or the history says already is not repeated."""
    reasons = verdict.reasons[1:] if verdict.word in _SAYS_ITS_REASON else verdict.reasons
    if verdict.word is Word.SUSPECT_COPY:
        reasons = tuple(r for r in reasons if not r.key.startswith("copy"))
    return [explain(r, lang, province=province_name) for r in reasons if r.key not in _SAID_ELSEWHERE]


def _proved(answer: Answer, lang: Lang) -> dict[str, str] | None:
    """The numbers behind “why believe this”; None if nothing was proved."""
    if not answer.counts or answer.header is None or answer.run is None:
        return None
    return {
        "serial": formats.number(answer.header.serial, lang),
        "run": str(answer.header.run),
        "count": formats.number(answer.run.count, lang),
    }


def _seen_by_witnesses(request: Request, vouchers: Vouchers) -> bool:
    """Whether the run's entry is under a witnessed checkpoint; the published one is asked only about new runs."""
    if vouchers.witnessed:
        return True
    try:
        latest = parts_of(request).services.book.latest()
    except TrustError:
        return False
    return latest is not None and latest.checkpoint.size > vouchers.log_index


def _name(story: Story | None, lang: Lang) -> str:
    if story is None:
        return ""
    product = story.origin.product
    return (product.name_en if lang == "en" else "") or product.name


def _with(request: Request, more: dict[str, str]) -> str:
    return "?" + urlencode(dict(request.query_params) | more)


def _iso(mark: Mark | None) -> str | None:
    return mark.on.isoformat() if mark else None
