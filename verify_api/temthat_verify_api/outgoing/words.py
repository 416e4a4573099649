"""The words of dossiers: their own, and those of the public pages. What has no English is said to have none."""

import datetime as dt
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import cast

from temthat_stamps.texts import Lang, notice_reason, vouching
from temthat_trace import formats
from temthat_trace.packing import PackingError, content
from temthat_trace.products import PackForm
from temthat_trace.units import UnitError
from temthat_verify_api.pages.render import words as page_words


@cache
def _own(lang: Lang) -> dict[str, str]:
    text = resources.files(__package__).joinpath("words.json").read_text("utf-8")
    return cast(dict[str, str], json.loads(text)[lang])


@dataclass(frozen=True, slots=True)
class Words:
    """One language at work."""

    lang: Lang

    def __call__(self, key: str, **values: object) -> str:
        """A text of the dossier's own, its places filled in."""
        return _own(self.lang)[key].format_map(values)

    def page(self, key: str) -> str:
        """A text that the public pages have; the key itself if they do not know it."""
        return page_words(self.lang).get(key, key)

    def day(self, day: dt.date) -> str:
        """26/05/2025 or 26 May 2025."""
        return formats.date(day, self.lang)

    def net_content(self, form: PackForm, base_unit: str) -> str:
        """What a pack holds: as the producer stated it, else in the product's unit; nothing where it is not known."""
        if form.net_content is not None and form.net_unit:
            return formats.quantity(form.net_content, form.net_unit, self.lang)
        try:
            return formats.quantity(content(form, base_unit), base_unit, self.lang)
        except (PackingError, UnitError):
            return ""

    def vouching(self, word: str) -> str:
        """Who vouches for a fact."""
        return vouching(word, self.lang)

    def reason(self, code: str) -> str:
        """Why a notice was given."""
        return notice_reason(code, self.lang)

    def either(self, vi: str, en: str) -> str:
        """A text of the producer's in this language; the Vietnamese one, marked, where no English was given."""
        if self.lang == "vi":
            return vi
        return en or self.only_vietnamese(vi)

    def only_vietnamese(self, text: str) -> str:
        """A text that exists in Vietnamese alone: marked so on an English page. Nothing is ever translated here."""
        return f"{text} {self('in_vietnamese')}" if text and self.lang == "en" else text
