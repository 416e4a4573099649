"""Compressed Digital Links, taken apart (GS1 Digital Link Standard: Compression, release 1.0).

A resolver has to read them, and nobody should make new ones: GS1 recommends the plain form. The last segment of the
path is base64url of bits: AI by AI four bits a digit, or one of the codes below for usual sequences, then the value in
as few bits as its characters need.
"""

import math
import re
from dataclasses import replace

from temthat_trace.gs1.digital_link import MAX_LENGTH, DigitalLink, build, parse
from temthat_trace.gs1.errors import Gs1Error
from temthat_trace.gs1.key import Key, make_key
from temthat_trace.gs1.table import Ai, Component, table

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_SEGMENT = re.compile(r"[A-Za-z0-9_-]+")
_HEX = "0123456789abcdef"
# Codes for sequences of AIs: two hexadecimal digits of which one at least is a letter.
_SEQUENCES: dict[str, tuple[str, ...]] = {
    "0A": ("01", "22"),
    "0B": ("01", "10"),
    "0C": ("01", "21"),
    "0D": ("01", "17"),
    "0E": ("01", "7003"),
    "0F": ("01", "30"),
    "1A": ("01", "10", "21", "17"),
    "1B": ("01", "15"),
    "1C": ("01", "11"),
    "1D": ("01", "16"),
    "1E": ("01", "91"),
    "1F": ("01", "10", "15"),
    **{f"2{c}": ("01", f"310{i}") for i, c in enumerate("ABCDEF")},
    **{f"3{c}": ("01", f"320{i}") for i, c in enumerate("ABCDEF")},
    "9A": ("8010", "8011"),
    "9B": ("8017", "8019"),
    "9C": ("8018", "8019"),
    "9D": ("414", "254"),
    **{f"A{i}": ("01", f"392{i}") for i in range(10)},
    **{f"C{i}": ("255", f"390{i}") for i in range(10)},
    **{f"C{c}": ("255", f"394{i}") for i, c in enumerate("ABCD")},
}


def decompress(uri: str) -> DigitalLink:
    """A compressed or partly compressed Digital Link; a plain one is read as it is. Raises Gs1Error."""
    try:
        return parse(uri)
    except Gs1Error as error:
        if error.rule not in ("key", "order") or len(uri) > MAX_LENGTH:
            raise
        plain = error
    path, mark, query = uri.partition("#")[0].partition("?")
    stem, _, segment = path.rpartition("/")
    if not _SEGMENT.fullmatch(segment) or "://" not in stem:
        raise plain
    try:
        found, other = _read(segment)
    except Gs1Error:
        raise plain from None
    if not found:
        raise plain
    before = _partial(stem)
    if before is not None:
        if len(before.key.elements) > 1:  # only the primary key may stand in plain before the compressed rest
            raise plain
        found = [*before.key.elements, *found]
        stem = before.stem
    key, attributes = _order(found)
    # Reading the plain form again checks all that a plain link must keep.
    link = parse(build(key, attributes, stem) + (("&" if attributes else mark) + query if query else ""))
    return replace(link, other=(*other, *link.other))


def _partial(stem: str) -> DigitalLink | None:
    """The link before the compressed segment, when its primary key stands there in plain."""
    try:
        return parse(stem)
    except Gs1Error:
        return None


def _order(found: list[tuple[str, str]]) -> tuple[Key, list[tuple[str, str]]]:
    """The key in path order, and what goes into the query."""
    if len({ai for ai, _ in found}) != len(found):
        raise Gs1Error("duplicate", "Một mã AI đứng hai lần.", "An AI stands twice.")
    primary = next(((ai, value) for ai, value in found if table()[ai].is_key), None)
    if primary is None:
        raise Gs1Error(
            "key", "Phần nén không có khoá chính GS1.", "There is no GS1 primary key in the compressed part."
        )
    values = dict(found)
    choices = table()[primary[0]].qualifiers or ((),)
    best = max(choices, key=lambda choice: sum(q in values for q in choice))
    path = [primary, *((q, values[q]) for q in best if q in values)]
    return make_key(path), [pair for pair in found if pair not in path]


class _Bits:
    """Bits read from left to right; behind the end there are none."""

    def __init__(self, segment: str) -> None:
        self.bits = "".join(f"{_ALPHABET.index(c):06b}" for c in segment)
        self.at = 0

    @property
    def left(self) -> int:
        return len(self.bits) - self.at

    def take(self, count: int) -> int:
        if count > self.left:
            raise _broken()
        start, self.at = self.at, self.at + count
        return int(self.bits[start : self.at] or "0", 2)


def _broken() -> Gs1Error:
    return Gs1Error(
        "compressed",
        "Phần nén của Digital Link bị hỏng.",
        "The compressed part of the Digital Link is broken.",
    )


def _read(segment: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The AIs with values, and the other parts of a query, that a compressed segment holds."""
    bits = _Bits(segment)
    found: list[tuple[str, str]] = []
    other: list[str] = []
    while bits.left > 8:
        code = f"{bits.take(8):02X}"
        if code[0] == "F":
            bits.at -= 4
            other.append(_foreign(bits))
            continue
        for ai in _SEQUENCES.get(code) or (_ai_code(code, bits),):
            found.append((ai, _value(table()[ai], bits)))
    return found, other


def _ai_code(code: str, bits: _Bits) -> str:
    """An AI whose first two digits are read."""
    known = table()
    while code not in known:
        if not code.isdigit() or len(code) >= 4:
            raise _broken()
        code += f"{bits.take(4):X}"
    return code


def _foreign(bits: _Bits) -> str:
    name = "".join(_ALPHABET[bits.take(6)] for _ in range(bits.take(7)))
    encoding, count = bits.take(3), bits.take(7)
    return f"{name}={_characters(encoding, count, bits)}"


def _shape(ai: Ai) -> list[tuple[str, int, bool]]:
    """The parts the compression knows: (N or X, most characters, fixed length), neighbours of one kind joined."""
    parts: list[tuple[str, int, bool]] = []
    for part in ai.components:
        kind, is_fixed = ("N" if part.charset == "N" else "X"), part.is_fixed and not part.is_optional
        if parts and _joins(parts[-1], kind, is_fixed, part):
            before = parts.pop()
            parts.append((kind, before[1] + part.longest, is_fixed))
        else:
            parts.append((kind, part.longest, is_fixed))
    return parts


def _joins(before: tuple[str, int, bool], kind: str, is_fixed: bool, part: Component) -> bool:
    same_kind = before[0] == kind
    return same_kind and (before[2] == is_fixed or (kind == "X" and not part.is_optional))


def _value(ai: Ai, bits: _Bits) -> str:
    value = ""
    for kind, longest, is_fixed in _shape(ai):
        if kind == "N":
            count = longest if is_fixed else bits.take(longest.bit_length())
            value += _number(count, bits)
        else:
            encoding = bits.take(3)
            count = longest if is_fixed else bits.take(longest.bit_length())
            value += _characters(encoding, count, bits)
    return value


def _number(count: int, bits: _Bits) -> str:
    number = bits.take(math.ceil(count * math.log2(10) + 0.01))
    return str(number).zfill(count) if count else ""


def _characters(encoding: int, count: int, bits: _Bits) -> str:
    match encoding:
        case 0:
            return _number(count, bits)
        case 1:
            return "".join(_HEX[bits.take(4)] for _ in range(count))
        case 2:
            return "".join(_HEX[bits.take(4)].upper() for _ in range(count))
        case 3:
            return "".join(_ALPHABET[bits.take(6)] for _ in range(count))
        case 4:
            return "".join(chr(bits.take(7)) for _ in range(count))
    raise _broken()
