"""Units of measure: UN/ECE Recommendation 20 codes and the words people write for them.

Recommendation 20 (with the packages of Recommendation 21, prefixed by X) gives each unit a code of two or three
characters, which GS1 and EPCIS use as well. Amounts convert exactly, and only between units of one dimension: a
kilogram is a thousand grams, a dozen is twelve pieces, but no rule turns a box into a bottle.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from enum import StrEnum

from temthat_trace.search import clean, fold


class UnitError(ValueError):
    """A unit is unknown, or two units do not convert into each other; says it in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class Dimension(StrEnum):
    """What a unit measures. Packages and services are counted, each only in its own unit."""

    MASS = "mass"
    VOLUME = "volume"
    AREA = "area"
    COUNT = "count"
    PACKAGE = "package"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit. `factor` is its size in the reference unit of its dimension (gram, millilitre, m², piece)."""

    code: str
    dimension: Dimension
    factor: Decimal
    vi: str
    en: str
    words: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers of it make sense: eggs and boxes, not kilograms."""
        return self.dimension not in (Dimension.MASS, Dimension.VOLUME, Dimension.AREA)

    def label(self, lang: str = "vi") -> str:
        """The word people read, in Vietnamese or English."""
        return self.en if lang == "en" else self.vi


@dataclass(frozen=True, slots=True)
class UnitWord:
    """What a written unit means: `times` of the unit with that code. A `yến` is 10 kg and has no code of its own."""

    code: str
    times: Decimal = Decimal(1)


def _mass(code: str, grams: str, vi: str, en: str, *words: str) -> Unit:
    return Unit(code, Dimension.MASS, Decimal(grams), vi, en, words)


def _volume(code: str, millilitres: str, vi: str, en: str, *words: str) -> Unit:
    return Unit(code, Dimension.VOLUME, Decimal(millilitres), vi, en, words)


def _area(code: str, square_metres: str, vi: str, en: str, *words: str) -> Unit:
    return Unit(code, Dimension.AREA, Decimal(square_metres), vi, en, words)


def _count(code: str, pieces: int, vi: str, en: str, *words: str) -> Unit:
    return Unit(code, Dimension.COUNT, Decimal(pieces), vi, en, words)


def _package(code: str, vi: str, en: str, *words: str) -> Unit:
    return Unit(code, Dimension.PACKAGE, Decimal(1), vi, en, words)


def _service(code: str, vi: str, en: str, *words: str) -> Unit:
    return Unit(code, Dimension.SERVICE, Decimal(1), vi, en, words)


UNITS: dict[str, Unit] = {
    u.code: u
    for u in (
        _mass("GRM", "1", "g", "g", "g", "gr", "gam", "gram", "grams"),
        _mass("MGM", "0.001", "mg", "mg", "mg", "miligam", "milligram"),
        _mass("HGM", "100", "lạng", "hg", "lạng", "hg"),
        _mass(
            "KGM", "1000", "kg", "kg", "kg", "kgs", "ký", "kí", "ki lô", "kilô", "kilogam", "kilogram", "cân"
        ),
        _mass("DTN", "100000", "tạ", "quintal", "tạ", "quintal"),
        _mass("TNE", "1000000", "tấn", "t", "tấn", "t", "ton", "tonne", "tonnes", "tons"),
        _volume("MLT", "1", "ml", "ml", "ml", "mililit", "millilitre", "cc"),
        _volume("CLT", "10", "cl", "cl", "cl"),
        _volume("DLT", "100", "dl", "dl", "dl"),
        _volume("LTR", "1000", "lít", "l", "lít", "lit", "l", "litre", "liter", "litres", "liters"),
        _volume("MTQ", "1000000", "m³", "m³", "m3", "m³", "mét khối", "khối"),
        _area("MTK", "1", "m²", "m²", "m2", "m²", "mét vuông"),
        _area("HAR", "10000", "ha", "ha", "ha", "hecta", "héc ta", "hectare"),
        _count(
            "H87", 1, "quả", "pieces", "quả", "trái", "củ", "bắp", "buồng", "nải", "piece", "pieces", "pcs"
        ),
        _count("EA", 1, "cái", "pieces", "cái", "chiếc", "chiếc bánh", "bánh", "each", "ea"),
        _count("C62", 1, "đơn vị", "units", "đơn vị", "đv", "unit", "units", "sản phẩm", "sp"),
        _count("HEA", 1, "con", "head", "con", "head"),
        _count("U2", 1, "viên", "tablets", "viên", "tablet", "tablets"),
        _count("PR", 2, "đôi", "pairs", "đôi", "cặp", "pair", "pairs"),
        _count("DZN", 12, "tá", "dozen", "tá", "dozen"),
        _package("XBX", "hộp", "boxes", "hộp", "box", "boxes"),
        _package("XBO", "chai", "bottles", "chai", "bottle", "bottles"),
        _package("XPA", "gói", "packets", "gói", "packet", "packets", "pack", "packs"),
        _package("XBG", "túi", "bags", "túi", "bịch", "bag", "bags"),
        _package("XSH", "túi lọc", "tea bags", "túi lọc", "tép", "sachet", "sachets", "tea bag", "tea bags"),
        _package("XJR", "lọ", "jars", "lọ", "hũ", "jar", "jars"),
        _package("XJC", "can", "jerrycans", "can", "jerrycan"),
        _package("XCX", "lon", "cans", "lon", "cans"),
        _package("XCT", "thùng", "cartons", "thùng", "carton", "cartons", "case", "cases"),
        _package("XSA", "bao", "sacks", "bao", "sack", "sacks"),
        _package("XPU", "khay", "trays", "khay", "vỉ", "tray", "trays"),
        _package("XTU", "ống", "tubes", "ống", "tuýp", "tube", "tubes"),
        _package("XBH", "bó", "bunches", "bó", "bunch", "bunches"),
        _package("XRO", "cuộn", "rolls", "cuộn", "roll", "rolls"),
        _package("XBK", "giỏ", "baskets", "giỏ", "basket", "baskets"),
        _package("KT", "combo", "combos", "combo", "com bo", "combos", "kit"),
        _package("SET", "bộ", "sets", "bộ", "set", "sets"),
        _package("PTN", "phần", "portions", "phần", "suất", "portion", "portions"),
        _service("E48", "lượt", "visits", "lượt", "vé", "tour", "dịch vụ", "service unit", "visit", "visits"),
        _service("IE", "người", "people", "người", "khách", "person", "people"),
        _service("DAY", "ngày", "days", "ngày", "đêm", "day", "days"),
    )
}

# Words for a round number of a coded unit, so that a clerk may write what is on the weighing note.
_MULTIPLES = {
    "yến": UnitWord("KGM", Decimal(10)),
    "chục": UnitWord("H87", Decimal(10)),
}


def _spellings() -> Iterator[tuple[str, UnitWord]]:
    for unit in UNITS.values():
        yield unit.code.lower(), UnitWord(unit.code)
        for word in (unit.vi, unit.en, *unit.words):
            yield word.lower(), UnitWord(unit.code)
    yield from _MULTIPLES.items()


def _written() -> dict[str, UnitWord]:
    table: dict[str, UnitWord] = {}
    for word, meaning in _spellings():
        table.setdefault(word, meaning)
    return table


def _folded() -> dict[str, UnitWord]:
    """Spellings without diacritics, only where one meaning is left: `ta` is neither tạ nor tá."""
    meanings: dict[str, set[UnitWord]] = {}
    for word, meaning in _WRITTEN.items():
        meanings.setdefault(fold(word), set()).add(meaning)
    return {word: next(iter(found)) for word, found in meanings.items() if len(found) == 1}


_WRITTEN = _written()
_FOLDED = _folded()
_EXACT = Context(prec=40, traps=[Inexact])


def unit(code: str) -> Unit:
    """The unit with that Recommendation 20 code; raises UnitError for a code this system does not use."""
    try:
        return UNITS[code]
    except KeyError:
        raise UnitError(f"Mã đơn vị tính “{code}” không dùng được.", f"Unknown unit code “{code}”.") from None


def read_unit(text: str) -> UnitWord:
    """What a person's word means: `kg`, `gam`, `yến`, `quả`, `túi lọc`, with or without diacritics.

    Raises UnitError when the word is unknown or, written without diacritics, could mean two units.
    """
    word = clean(text).lower().rstrip(".")
    found = _WRITTEN.get(word) or _FOLDED.get(fold(word))
    if found is None:
        raise UnitError(
            f"Không rõ đơn vị tính “{text}”. Hãy viết như: kg, g, tấn, lít, ml, quả, hộp, chai, gói, túi.",
            f"Unknown unit “{text}”. Write for example: kg, g, tấn, lít, ml, quả, hộp, chai, gói, túi.",
        )
    return found


def convertible(source: str, target: str) -> bool:
    """Whether amounts in one unit can be told in the other; raises UnitError for an unknown code."""
    a, b = unit(source), unit(target)
    same_kind = a.dimension == b.dimension
    return a.code == b.code or (same_kind and a.dimension not in (Dimension.PACKAGE, Dimension.SERVICE))


def convert(amount: Decimal, source: str, target: str) -> Decimal:
    """The same amount in another unit, exactly.

    Raises UnitError when the units measure different things or the result has no finite decimal form
    (one piece is 1/12 of a dozen).
    """
    if not convertible(source, target):
        a, b = unit(source), unit(target)
        raise UnitError(f"Không đổi được {a.vi} sang {b.vi}.", f"Cannot convert {a.en} to {b.en}.")
    if source == target:
        return amount
    try:
        result = _EXACT.divide(_EXACT.multiply(amount, UNITS[source].factor), UNITS[target].factor)
    except Inexact:
        a, b = unit(source), unit(target)
        raise UnitError(
            f"Không đổi được chính xác {amount} {a.vi} sang {b.vi}.",
            f"{amount} {a.en} is no exact number of {b.en}.",
        ) from None
    return plain(result)


def plain(amount: Decimal) -> Decimal:
    """The same number without exponent or trailing zeros: 1E+3 and 1000.00 both become 1000."""
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()
