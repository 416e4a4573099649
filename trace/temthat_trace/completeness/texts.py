"""The texts of the checklists: one JSON file, each text in Vietnamese and English."""

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Both:
    """One text in both languages."""

    vi: str
    en: str

    def of(self, lang: str) -> str:
        """The text in `vi` or `en`."""
        return self.en if lang == "en" else self.vi


NOTHING = Both("", "")


@lru_cache(maxsize=1)
def _texts() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads(
        resources.files(__package__).joinpath("texts.json").read_text("utf-8")
    )
    return loaded


def text(key: str, **values: object) -> Both:
    """The text of that key; a value that is a `Both` is put in by language. Raises KeyError for an unknown key."""
    return _filled(key, values) if values else _fixed(key)


@lru_cache(maxsize=512)
def _fixed(key: str) -> Both:
    return _filled(key, {})


def _filled(key: str, values: dict[str, object]) -> Both:
    found = _texts()[key]

    def of(lang: str) -> str:
        said = {name: value.of(lang) if isinstance(value, Both) else value for name, value in values.items()}
        return found[lang].format_map(said)

    return Both(of("vi"), of("en"))


def plain(value: str) -> Both:
    """A text that is the same in both languages: a name, a code."""
    return Both(value, value)


def joined(parts: list[Both], sign: str = "; ") -> Both:
    """Several texts as one."""
    return Both(sign.join(p.vi for p in parts), sign.join(p.en for p in parts))
