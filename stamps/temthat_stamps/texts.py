"""Verdicts in words: the one file `texts.json`, read by API, pages, command line and app alike. Pure.

Two rules make a text: ``{name}`` is replaced by a value, and ``[text {name}]`` disappears when a value inside it is
empty, so that a missing hotline or province leaves a whole sentence. Brackets may stand in brackets.
"""

import datetime as dt
import json
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

from temthat_stamps.errors import Mistyped
from temthat_stamps.verdict import Reason, Verdict, Word
from temthat_trace import formats

Lang = Literal["vi", "en"]

_NOTICES = ("recall", "revocation", "void", "lost", "hold", "spoiled", "returned")
_DATED = {
    "rung_up": ("sold_day", "sold_province"),
    "pin_entered": ("claimed_day", "claimed_province"),
    "expired": ("expiry_day", ""),
    "data_of": ("data_day", ""),
    "data_old": ("data_day", ""),
    "data_too_old": ("data_day", ""),
}
"""Reasons whose value is a date and perhaps a province, and the names these have in the verdicts' texts."""
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of controls, direction marks, half pairs and line ends."""

TOLD_FROM = 3
"""Counts of checks below this are not told: they would be about single persons."""

_INNERMOST = re.compile(r"\[([^\[\]]*)\]")
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Saying:
    """A verdict as a person gets it: `tone` is good, calm, warn or stop (a colour class), `sign` names the shape."""

    title: str
    sentence: str
    action: str
    tone: str
    sign: str


@dataclass(frozen=True, slots=True)
class Guidance:
    """What to do next, step by step, and what the verdict cannot tell."""

    steps: tuple[tuple[str, str], ...]
    """Key and sentence of each, in order."""
    limit: str


@lru_cache(maxsize=1)
def texts() -> Mapping[str, Any]:
    """The whole of `texts.json`."""
    loaded: dict[str, Any] = json.loads(
        resources.files("temthat_stamps").joinpath("texts.json").read_text("utf-8")
    )
    return loaded


def say(
    verdict: Verdict, lang: Lang, *, province: Callable[[str], str] = str, **values: str | None
) -> Saying:
    """The words for a verdict.

    `province` turns a two-digit code into a name. Known `values`: `issuer`, `hotline`, `day` and `place` of the last
    check (ISO date, province code), `text` as it was read. The rest comes from the verdict's own reasons.
    """
    known: dict[str, str] = dict(texts()["defaults"][lang])
    for reason in reversed(verdict.reasons):
        known |= _values_of(reason, lang, province)
    known["why"] = ", ".join(
        explain(r, lang, province=province).rstrip(".") for r in verdict.reasons if r.key.startswith("copy_")
    )
    known["day"] = _day(values.pop("day", "") or "", lang)
    known["province"] = _named(values.pop("place", "") or "", province)
    known |= {name: value for name, value in values.items() if value}
    return _saying(verdict.word.value, _variant(verdict), lang, known)


def guide(verdict: Verdict, lang: Lang, *, has: Collection[str] = (), **values: str | None) -> Guidance:
    """What to do about a verdict. `has`: which of `call`, `pin`, `report` and `where` can be done here, for a step that
    needs one is left out without it. Known `values`: `content` (net content of the pack), `hotline`.
    """
    variant = _variant(verdict)
    entry = texts()["guidance"]["rung_up" if variant == "rung_up" else verdict.word.value]
    known = {name: value for name, value in values.items() if value}
    steps = ((key, texts()["steps"][key]) for key in entry["steps"])
    usable = ((key, step) for key, step in steps if step.get("needs") in (None, *has))
    return Guidance(tuple((key, fill(step[lang], known)) for key, step in usable), entry["limit"][lang])


def say_mistyped(error: Mistyped, lang: Lang) -> Saying:
    """The words for a printed number that cannot be right as typed; not a verdict."""
    if error.position is None:
        return _saying("mistyped", "any", lang, {})
    return _saying("mistyped", "position", lang, {"position": str(error.position)})


def explain(reason: Reason, lang: Lang, *, province: Callable[[str], str] = str) -> str:
    """One sentence for one reason. A key that the texts do not know is shown as it is, never swallowed."""
    entry = texts()["reasons"].get(reason.key)
    if entry is None:
        return f"{reason.key} {reason.value}".strip()
    day, _, rest = reason.value.partition(" ")
    values = {"value": reason.value, "day": _day(day, lang), "province": _named(rest, province)}
    values["count"] = _told(reason.value)
    if reason.key in _NOTICES:
        values["notice_reason"] = notice_reason(rest, lang)
    return fill(entry[lang], values)


def notice_reason(code: str, lang: Lang) -> str:
    """A notice's reason code in words."""
    reasons = texts()["notice_reasons"]
    return str(reasons.get(code, reasons["other"])[lang])


def vouching(word: str, lang: Lang) -> str:
    """Who vouches for a fact, in words."""
    return str(texts()["vouching"][word][lang])


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into a template by the two rules of this module.

    Values are put in last and never looked at again: a bracket or brace inside one is plain text.
    """

    def keep(match: re.Match[str]) -> str:
        inner = match[1]
        return inner if all(values.get(name) for name in _PLACE.findall(inner)) else ""

    while (shorter := _INNERMOST.sub(keep, template)) != template:
        template = shorter
    return _PLACE.sub(lambda m: values.get(m[1], ""), template).strip()


def visible(text: str) -> str:
    """Text that can only be read: what steers a terminal or turns the line around is replaced by U+FFFD.

    A code, a cell or a file name of somebody else's may hold escape sequences that would paint another verdict.
    """
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c) in _STEERING else c for c in text)


def _saying(word: str, variant: str, lang: Lang, values: Mapping[str, str]) -> Saying:
    entry = texts()["verdicts"][word]
    words = entry["variants"][variant][lang]
    title, sentence, action = (fill(words[part], values) for part in ("title", "sentence", "action"))
    return Saying(title, sentence, action, entry["tone"], entry["sign"])


def _variant(verdict: Verdict) -> str:
    """Which of a verdict's texts its reasons ask for."""
    keys = verdict.keys
    match verdict.word:
        case Word.GENUINE:
            return "rung_up" if "rung_up" in keys else "again" if "checked_before" in keys else "first"
        case Word.FORGED:
            return "path" if keys[:1] == ("path_mismatch",) else "any"
        case Word.CANNOT_TELL:
            return "newer" if keys[:1] == ("newer_format",) else "any"
        case _:
            return "any"


def _values_of(reason: Reason, lang: Lang, province: Callable[[str], str]) -> dict[str, str]:
    """What a reason's value gives to the verdict's own sentence. The first reason of a kind wins."""
    if reason.key == "checked_before":
        return {"checks": _told(reason.value)}
    day, _, rest = reason.value.partition(" ")
    if reason.key in _DATED:
        day_name, place_name = _DATED[reason.key]
        return {day_name: _day(day, lang), place_name: _named(rest, province)}
    values = {}
    if reason.key in _NOTICES or reason.key == "not_activated":
        values = {"notice_day": _day(day, lang), "notice_reason": notice_reason(rest, lang)}
    if reason.key in texts()["states"]:
        values["state"] = texts()["states"][reason.key][lang]
    return values


def _told(count: str) -> str:
    """A count of checks, empty while it is too small to be told."""
    return count if count.isdecimal() and int(count) >= TOLD_FROM else ""


def _named(code: str, province: Callable[[str], str]) -> str:
    return province(code) if code else ""


def _day(iso: str, lang: Lang) -> str:
    """An ISO date as people write it: 26/05/2025, 26 May 2025. What is no date stays as it is."""
    try:
        return formats.date(dt.date.fromisoformat(iso), lang)
    except ValueError:
        return iso
