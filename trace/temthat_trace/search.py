"""Text as people type it: cleaned for keeping, folded for searching without diacritics."""

import re
import unicodedata

# Invisible characters that Word, Zalo and web pages leave in copied text.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BLANK = re.compile(r"[^\S\n]+")
_NOT_A_WORD = re.compile(r"[^\w]+")


def clean(text: str) -> str:
    """The text to keep: NFC, no invisible or control characters, single blanks, trimmed.

    Line breaks stay, because descriptions have them; every other blank (NBSP, tab) becomes one space.
    """
    text = unicodedata.normalize("NFC", text)
    text = _CONTROL.sub("", _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return "\n".join(_BLANK.sub(" ", line).strip() for line in text.split("\n")).strip()


def fold(text: str) -> str:
    """The text to search by: lower case, no diacritics, đ as d, every run of other signs as one space.

    >>> fold("Hợp tác xã Đồng Tiến – Yên Thế")
    'hop tac xa dong tien yen the'
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return _NOT_A_WORD.sub(" ", bare.replace("đ", "d")).replace("_", " ").strip()


def search_key(*texts: str, limit: int = 400) -> str:
    """What a record's `search` column holds: its texts folded, joined, cut to the column's length."""
    return " ".join(filter(None, map(fold, texts)))[:limit]
