"""The desk's texts: one flat JSON file a language, and numbers and dates the way that language writes them."""

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from importlib import resources
from typing import Literal

from temthat_trace import formats

Lang = Literal["vi", "en"]
LANGUAGES: tuple[Lang, ...] = ("vi", "en")


@lru_cache(maxsize=2)
def texts(lang: Lang) -> dict[str, str]:
    """Every text of one language by its key."""
    file = resources.files(__package__).joinpath("texts", f"{lang}.json")
    loaded: dict[str, str] = json.loads(file.read_text("utf-8"))
    return loaded


@dataclass(frozen=True, slots=True)
class Words:
    """One language at work. Templates have it as `w`."""

    lang: Lang

    def __call__(self, key: str, **values: object) -> str:
        """The text with its places filled in; an unknown key is a mistake of ours and raises KeyError."""
        return texts(self.lang)[key].format_map(values)

    def has(self, key: str) -> bool:
        """Whether there is such a text."""
        return key in texts(self.lang)

    def of(self, error: Exception) -> str:
        """The words of an error that carries both languages as `vi` and `en`."""
        said = getattr(error, self.lang, None)
        return str(said if said is not None else error)

    def number(self, value: Decimal | int) -> str:
        """1.234,5 or 1,234.5."""
        return formats.number(value, self.lang)

    def quantity(self, amount: Decimal | int, unit: str) -> str:
        """1.234,5 kg."""
        return formats.quantity(amount, unit, self.lang)

    def date(self, day: dt.date | None) -> str:
        """26/05/2025; a dash when there is none."""
        return "–" if day is None else formats.date(day, self.lang)

    def date_of(self, at: dt.datetime) -> str:
        """The day of an instant, in Vietnam."""
        return formats.date(formats.today(at), self.lang)

    def time(self, at: dt.datetime | None) -> str:
        """26/05/2025 14:30 on the clocks of Vietnam."""
        return "–" if at is None else formats.instant(at, self.lang)
