"""Finding the place a written address speaks of, in current or old names, with or without diacritics.

The address is read from its end, as Vietnamese addresses grow: province, then district if it has one, then commune.
A name counts when its type stands before it ("xã", "H.", "TP") or when it fills a whole part between commas, so that
a street named after a town is not taken for the town.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TypeVar

from temthat_trace.places.units import (
    Commune,
    OldDistrict,
    OldWard,
    Province,
    commune,
    communes,
    old_districts,
    old_provinces,
    province,
    provinces,
)
from temthat_trace.search import fold

LONGEST = 500
"""Characters of an address that are looked at, from its end."""

_PART = re.compile(r"[^,;|/\n]+|[,;|/\n]")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_HYPHEN = re.compile(r"\s[-–—]\s")
_TONES = "\u0300\u0301\u0303\u0309\u0323"

_COMMUNE_WORDS = {
    "xa": "Xã",
    "x": "Xã",
    "phuong": "Phường",
    "p": "Phường",
    "thi tran": "Thị trấn",
    "tt": "Thị trấn",
    "dac khu": "Đặc khu",
}
_DISTRICT_WORDS = {
    "huyen": "Huyện",
    "h": "Huyện",
    "quan": "Quận",
    "q": "Quận",
    "thi xa": "Thị xã",
    "tx": "Thị xã",
    "thanh pho": "Thành phố",
    "tp": "Thành phố",
    "t p": "Thành phố",
}
_PROVINCE_WORDS = {
    "tinh": "Tỉnh",
    "t": "Tỉnh",
    "thanh pho": "Thành phố",
    "tp": "Thành phố",
    "t p": "Thành phố",
}
_PROVINCE_ALIASES = {
    "hn": "01",
    "hcm": "79",
    "tphcm": "79",
    "hochiminhcity": "79",
    "saigon": "79",
    "sg": "79",
    "thuathienhue": "46",
    "tthue": "46",
    "brvt": "77",
    "bariavt": "77",
    "baria": "77",
    "vungtau": "77",
    "daclac": "66",
    "daclak": "66",
    "dacnong": "67",
    "backan": "06",
    "baccan": "06",
}
_COUNTRY = {"vietnam", "vn", "vnm"}


@dataclass(frozen=True, slots=True)
class Place:
    """A place found: current codes, and the code of the old province when the text used an old name."""

    province: str
    commune: str | None = None
    old_province: str | None = None

    def label(self) -> str:
        """The place in today's names: Xã Xuân Lương, Bắc Ninh."""
        name = province(self.province).name
        return f"{commune(self.commune).full_name}, {name}" if self.commune else name


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several places fit; the likeliest first. `province` is their common province, if they have one."""

    candidates: tuple[Place, ...]

    @property
    def province(self) -> str | None:
        """The province all candidates share, else None."""
        codes = {p.province for p in self.candidates}
        return codes.pop() if len(codes) == 1 else None


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of the address: as folded, with tones set apart, and whether a new part begins with it."""

    folded: str
    exact: str
    starts: bool


Named = TypeVar("Named", bound=Commune | OldDistrict | OldWard)
Index = dict[str, list[Named]]


def exact_key(text: str) -> str:
    """Letters with their tones moved to the end, so that Hòa and Hoà are one and Thọ and Tho are two."""
    out = []
    for word in _WORD.findall(unicodedata.normalize("NFC", text.lower())):
        marks = unicodedata.normalize("NFD", word)
        tones = "".join(sorted(c for c in marks if c in _TONES))
        out.append(unicodedata.normalize("NFC", "".join(c for c in marks if c not in _TONES)) + tones)
    return "".join(out)


def key(text: str) -> str:
    """Folded letters without blanks; a leading zero of a numbered ward is dropped."""
    return "".join(w.lstrip("0") or w for w in fold(text).split())


def _words(text: str) -> list[_Word]:
    words: list[_Word] = []
    for part in _PART.findall(_HYPHEN.sub("\n", text)):
        starts = True
        for word in _WORD.findall(part):
            words.append(_Word(key(word), exact_key(word), starts))
            starts = False
    while tail := _tail(words):
        del words[-tail:]
    return words


def _tail(words: Sequence[_Word]) -> int:
    """How many words at the end say nothing: the country, a postal code."""
    if len(words) > 1 and words[-2].folded + words[-1].folded in _COUNTRY:
        return 2
    last = words[-1].folded if words else ""
    return 1 if last in _COUNTRY or (last.isdigit() and len(last) > 4) else 0


def _index(items: Iterable[Named]) -> Index[Named]:
    found: Index[Named] = defaultdict(list)
    for item in items:
        aliases = () if isinstance(item, Commune) else item.aliases
        for k in {key(item.name), *aliases}:
            found[k].append(item)
    return dict(found)


@cache
def _communes_of(code: str | None) -> Index[Commune]:
    return _index(c for c in communes().values() if code in (None, c.province))


@cache
def _districts_of(code: str | None) -> Index[OldDistrict]:
    return _index(d for p, ds in old_districts().items() for d in ds if code in (None, p))


@cache
def _wards_of(code: str | None) -> Index[OldWard]:
    return _index(w for p, ds in old_districts().items() for d in ds for w in d.wards if code in (None, p))


@cache
def _province_names() -> dict[str, tuple[str, str | None]]:
    """Folded name to (current code, old code when the name is no longer in use)."""
    names: dict[str, tuple[str, str | None]] = {}
    for old in old_provinces().values():
        names[key(old.name)] = (old.current, old.code)
    for current in provinces().values():
        names[key(current.name)] = (current.code, None)
    for alias, code in _PROVINCE_ALIASES.items():
        old = old_provinces()[code]
        names.setdefault(alias, names[key(old.name)])
    return names


def _prefix(words: Sequence[_Word], start: int, table: dict[str, str]) -> tuple[str | None, int]:
    """The type written just before `start`, and where it begins."""
    for n in (2, 1):
        if start >= n:
            kind = table.get(" ".join(w.folded for w in words[start - n : start]))
            if kind:
                return kind, start - n
    return None, start


def _take(
    words: Sequence[_Word], index: Index[Named], table: dict[str, str]
) -> tuple[list[Named], Sequence[_Word]]:
    """The units named at the end of `words`, best fit only, and the words before them."""
    for n in range(min(6, len(words)), 0, -1):
        start = len(words) - n
        found = index.get("".join(w.folded for w in words[start:]))
        if not found:
            continue
        kind, begin = _prefix(words, start, table)
        if kind is None and (not words[start].starts or words[start].folded.isdigit()):
            continue
        written = "".join(w.exact for w in words[start:])
        exact = [f for f in found if exact_key(f.name) == written] or found
        return [f for f in exact if f.kind == kind] or exact, words[:begin]
    return [], words


def _take_province(words: Sequence[_Word]) -> tuple[tuple[str, str | None] | None, Sequence[_Word]]:
    for n in range(min(5, len(words)), 0, -1):
        start = len(words) - n
        found = _province_names().get("".join(w.folded for w in words[start:]))
        if found:
            return found, words[: _prefix(words, start, _PROVINCE_WORDS)[1]]
    return None, words


def _answer(codes: Iterable[str], old: str | None) -> Place | Ambiguous | None:
    places = tuple(dict.fromkeys(Place(commune(c).province, c, old) for c in codes))
    if len(places) > 1:
        return Ambiguous(places)
    return places[0] if places else None


def _by_district(words: Sequence[_Word], old_code: str | None, old: str | None) -> Place | Ambiguous | None:
    """A ward of a named district; a district that was an island without wards is its own ward."""
    districts, rest = _take(words, _districts_of(old_code), _DISTRICT_WORDS)
    codes: list[str] = []
    for district in districts:
        wards, _ = _take(rest, _index(district.wards), _COMMUNE_WORDS)
        islands = [w for w in district.wards if not w.name]
        codes += [c for w in wards or islands for c in w.now]
    return _answer(codes, old)


def _by_ward(words: Sequence[_Word], old_code: str | None, old: str | None) -> Place | Ambiguous | None:
    wards, _ = _take(words, _wards_of(old_code), _COMMUNE_WORDS)
    return _answer((c for w in wards for c in w.now), old)


def _by_commune(words: Sequence[_Word], code: str | None, old: str | None) -> Place | Ambiguous | None:
    found, rest = _take(words, _communes_of(code), _COMMUNE_WORDS)
    answer = _answer((c.code for c in found), old)
    if isinstance(answer, Place) and code and len(words) - len(rest) == len(_WORD.findall(found[0].name)):
        # No type stands before it: "Quảng Yên, Quảng Ninh" may be the old town as well as today's ward.
        sources = [o.code for o in old_provinces().values() if o.current == code]
        if any(_take(words, _districts_of(s), {})[0] for s in sources):
            return Ambiguous((answer, Place(code, None, old)))
    return answer


def _within(words: Sequence[_Word], code: str, old: str | None) -> Place | Ambiguous:
    """What is named inside a known province; at least the province itself."""
    sources = [old] if old else [o.code for o in old_provinces().values() if o.current == code]
    by_district = [_by_district(words, s, old) for s in sources]
    by_ward = [_by_ward(words, s, old) for s in sources]
    current = _by_commune(words, code, old)
    if old and not any(by_ward) and _take(words, _districts_of(old), _DISTRICT_WORDS)[0]:
        current = None  # "Yên Thế, Bắc Giang" is the old district, not the commune that inherited its name
    order = [*by_district, *by_ward, current] if old else [*by_district, current]
    for answer in order:
        if answer:
            return answer
    codes = [p.commune for a in by_ward for p in _candidates(a) if p.commune]
    return _answer(codes, old) or Place(code, None, old)


def _candidates(answer: Place | Ambiguous | None) -> tuple[Place, ...]:
    if answer is None:
        return ()
    return answer.candidates if isinstance(answer, Ambiguous) else (answer,)


@lru_cache(maxsize=8192)
def find_place(text: str) -> Place | Ambiguous | None:
    """The place a free Vietnamese address speaks of, in today's codes.

    Understands current and old names (63 provinces, districts, 10,040 wards), types written out or short, with
    diacritics or without. A place without a recognised commune has `commune` None; a ward that was split gives
    Ambiguous with the commune that took most of it first; a text that names no place gives None.
    """
    words = _words(text[-LONGEST:])
    found, rest = _take_province(words)
    if found:
        return _within(rest, *found)
    answer = _by_district(words, None, None) or _by_commune(words, None, None) or _by_ward(words, None, None)
    if answer:
        return answer
    districts, _ = _take(words, _districts_of(None), _DISTRICT_WORDS)
    codes = list(dict.fromkeys(old_provinces()[d.province].current for d in districts))
    if len(codes) > 1:
        return Ambiguous(tuple(Place(c) for c in codes))
    return Place(codes[0]) if codes else None


def province_label(code: str, address: str = "", lang: str = "vi") -> str:
    """A province's name for people; when the printed address used an old one, that too.

    >>> province_label("24", "xã Đồng Tiến, huyện Yên Thế, Bắc Giang")
    'Bắc Ninh (trước 1/7/2025: Bắc Giang)'
    """
    name = province(code).name
    place = find_place(address) if address else None
    old = next((p.old_province for p in _candidates(place) if p.province == code and p.old_province), None)
    if not old:
        return name
    before = "before 1 July 2025" if lang == "en" else "trước 1/7/2025"
    return f"{name} ({before}: {old_provinces()[old].name})"


def search_provinces(text: str) -> list[Province]:
    """Current provinces whose name, or whose old part's name, begins with what was typed."""
    wanted = key(text)
    return [p for p in provinces().values() if any(key(n).startswith(wanted) for n in (p.name, *p.merged))]
