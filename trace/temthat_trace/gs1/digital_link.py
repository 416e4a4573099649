"""GS1 Digital Link URIs, read strictly and built (GS1 Digital Link Standard: URI Syntax, release 1.6).

A Digital Link is an http(s) URI of any domain whose path ends in a primary key and its qualifiers in order; further
AIs may stand in the query. Two things are stricter here than in most readers: a GTIN in a link has 14 digits, and the
old words for AIs (`/gtin/`, `/lot/`), which left the standard with release 1.3, are refused. `lenient=True` takes
both, and skips check digits: only for identifiers inside events that others wrote.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from temthat_trace.gs1.errors import Gs1Error, NotGs1
from temthat_trace.gs1.key import STEM, Key, escape, make_key
from temthat_trace.gs1.table import Ai, matches, table
from temthat_trace.gs1.values import check_value

MAX_LENGTH = 4096
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
_SCHEME = re.compile(r"(?:https?|HTTPS?)://")
_AUTHORITY = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
ALPHAS = {
    "gtin": "01", "itip": "8006", "cpid": "8010", "gln": "414", "payTo": "415", "party": "417", "gsrnp": "8017",
    "gsrn": "8018", "gcn": "255", "sscc": "00", "gdti": "253", "ginc": "401", "gsin": "402", "grai": "8003",
    "giai": "8004", "gmn": "8013", "cpv": "22", "lot": "10", "ser": "21",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DigitalLink:
    """A Digital Link taken apart.

    `stem`: scheme, host and path before the key. `attributes`: AIs of the query with decoded values, as they stood.
    `other`: the query's remaining parts, undecoded (to be passed on).
    """

    stem: str
    key: Key
    attributes: tuple[tuple[str, str], ...] = ()
    other: tuple[str, ...] = ()

    @property
    def ai(self) -> dict[str, str]:
        """All its AIs and values, path first."""
        return dict(self.key.elements + self.attributes)

    @property
    def canonical(self) -> str:
        """The canonical URI: id.gs1.org, the AIs of the query sorted, nothing else (section 4.12)."""
        return build(self.key, sorted(self.attributes))

    def missing(self) -> list[str]:
        """What the AIs want beside them and this URI does not have (another code on the pack may have it)."""
        have = self.ai
        return [
            f"({code}) {' / '.join('+'.join(m) for m in group)}"
            for code in have
            for group in table()[code].requires
            if not any(all(any(matches(p, c) for c in have) for p in member) for member in group)
        ]


def build(key: Key, attributes: list[tuple[str, str]] | tuple[()] = (), stem: str = STEM) -> str:
    """The URI of a key under a stem such as `https://example.vn/a`; raises Gs1Error for what may not stand in it."""
    _check_attributes(key, list(attributes))
    query = "&".join(f"{ai}={escape(value)}" for ai, value in attributes)
    return stem.rstrip("/") + key.path + (f"?{query}" if query else "")


def parse(uri: str, *, lenient: bool = False) -> DigitalLink:
    """A Digital Link from its text. Raises Gs1Error saying which rule is broken, NotGs1 when it is no http(s) URI."""
    if len(uri) > MAX_LENGTH:
        raise Gs1Error(
            "size", f"URI dài quá {MAX_LENGTH} ký tự.", f"The URI is longer than {MAX_LENGTH} characters."
        )
    if not _URI.fullmatch(uri):
        raise Gs1Error(
            "syntax",
            "URI có ký tự không được dùng; khoảng trắng, chữ có dấu và ký hiệu lạ phải viết dạng %XX.",
            "The URI has characters it may not have; write blanks, accents and odd signs as %XX.",
        )
    scheme = _SCHEME.match(uri)
    if not scheme:
        raise NotGs1(
            "scheme",
            "URI phải bắt đầu bằng https:// hoặc http:// (chữ thường, hoặc toàn chữ in).",
            "The URI must begin with https:// or http:// (small letters, or all capitals).",
        )
    rest, _, _ = uri[scheme.end() :].partition("#")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    if not _AUTHORITY.fullmatch(authority) or not slash:
        raise Gs1Error(
            "syntax",
            "URI phải có tên miền rồi đến đường dẫn, như https://ten-mien.vn/01/…",
            "The URI needs a domain and then a path, as in https://domain.vn/01/…",
        )
    before, pairs = _split_path(path, lenient)
    elements = [(ai, _decode(ai, text, plus_is_blank=False)) for ai, text in pairs]
    if lenient:
        elements = [(a, v.zfill(14) if a == "01" and len(v) in (8, 12, 13) else v) for a, v in elements]
    key = make_key(elements, with_check_digits=not lenient)
    attributes, other = _read_query(query)
    _check_attributes(key, attributes, with_check_digits=not lenient)
    stem = scheme.group() + authority + "".join(f"/{s}" for s in before)
    return DigitalLink(stem, key, tuple(attributes), tuple(other))


def _split_path(path: str, lenient: bool) -> tuple[list[str], list[tuple[str, str]]]:
    """The segments before the key and the (AI, raw value) pairs from the rightmost primary key on."""
    segments = path.split("/")
    if lenient:
        if segments and segments[-1] == "":
            segments.pop()
        segments = [ALPHAS.get(s, s) if (len(segments) - i) % 2 == 0 else s for i, s in enumerate(segments)]
    known = table()
    pairs: list[tuple[str, str]] = []
    at = len(segments) - 2
    while at >= 0:
        ai = known.get(segments[at])
        if ai is None:
            break
        pairs.insert(0, (ai.code, segments[at + 1]))
        if ai.is_key:
            return segments[:at], pairs
        at -= 2
    raise _no_key(segments, at, pairs)


def _no_key(segments: list[str], at: int, pairs: list[tuple[str, str]]) -> Gs1Error:
    word = segments[at] if at >= 0 else ""
    if word in ALPHAS:
        return Gs1Error(
            "alpha",
            f"“/{word}/” không còn dùng từ Digital Link 1.3; hãy viết “/{ALPHAS[word]}/”.",
            f"“/{word}/” is out of use since Digital Link 1.3; write “/{ALPHAS[word]}/”.",
        )
    if len(segments) > 1 and segments[-1] == "":
        return Gs1Error("syntax", "Bỏ dấu “/” ở cuối đường dẫn.", "Leave off the “/” at the end of the path.")
    if pairs or (word.isdigit() and len(word) <= 4):
        wrong = word or pairs[0][0]
        return Gs1Error(
            "key",
            f"Đường dẫn không nối từ một khoá chính GS1: trước “{wrong}” phải là khoá như 01, 00, 414.",
            f"The path does not lead from a GS1 primary key: before “{wrong}” must stand a key such as 01, 00, 414.",
        )
    return Gs1Error(
        "key",
        "Đường dẫn không có khoá GS1; ví dụ đúng: https://ten-mien.vn/01/09506000134352/10/LO1.",
        "There is no GS1 key in the path; a right one: https://domain.vn/01/09506000134352/10/LOT1.",
    )


def _decode(ai: str, text: str, *, plus_is_blank: bool) -> str:
    """A value with its percent-encoding undone; raises Gs1Error when it is empty or badly encoded."""
    if not text:
        raise Gs1Error("value", f"({ai}) không có giá trị.", f"({ai}) has no value.")
    if plus_is_blank:
        text = text.replace("+", " ")
    if "%" not in text:
        return text

    def undo(match: re.Match[str]) -> str:
        if match.group(1) is None:
            raise Gs1Error(
                "syntax",
                f"({ai}): sau dấu % phải có hai chữ số hệ 16; chính dấu % viết là %25.",
                f"({ai}): two hexadecimal digits must follow a %; a % itself is written %25.",
            )
        return chr(int(match.group(1), 16))

    return _ESCAPE.sub(undo, text)


def _read_query(query: str) -> tuple[list[tuple[str, str]], list[str]]:
    """The query's AIs with decoded values, and its other parts as they stand."""
    attributes: list[tuple[str, str]] = []
    other: list[str] = []
    known = table()
    for part in query.split("&"):
        name, equals, text = part.partition("=")
        if not part:
            continue
        if not (equals and name.isdigit()):
            other.append(part)
            continue
        if name not in known:
            raise Gs1Error(
                "attribute",
                f"Tham số “{name}” toàn chữ số mà không phải mã AI của GS1; hãy đổi tên hoặc bỏ đi.",
                f"The parameter “{name}” is all digits but no GS1 AI; rename it or leave it off.",
            )
        attributes.append((name, _decode(name, text, plus_is_blank=True)))
    return attributes, other


def _check_attributes(key: Key, attributes: list[tuple[str, str]], *, with_check_digits: bool = True) -> None:
    """Raises Gs1Error for AIs that may not be attributes, stand twice, exclude each other or hold a wrong value."""
    present = [table()[ai] for ai, _ in key.elements]
    for code, value in attributes:
        ai = table().get(code)
        if ai is None or not ai.is_attribute:
            raise Gs1Error(
                "attribute",
                f"({code}) không được đứng sau dấu “?”; nếu là định danh thì đặt trong đường dẫn.",
                f"({code}) may not stand behind the “?”; if it identifies, it belongs in the path.",
            )
        if ai in present:
            raise Gs1Error(
                "duplicate", f"({code}) đứng hai lần trong URI.", f"({code}) stands twice in the URI."
            )
        check_value(ai, value, with_check_digits=with_check_digits)
        present.append(ai)
    _check_exclusions(present)


def _check_exclusions(present: list[Ai]) -> None:
    for ai in present:
        for other in present:
            if other is not ai and any(matches(p, other.code) for p in ai.excludes):
                raise Gs1Error(
                    "pairing",
                    f"({ai.code}) và ({other.code}) không được đi cùng nhau.",
                    f"({ai.code}) and ({other.code}) may not stand together.",
                )


def host_of(uri: str) -> str:
    """The host of an http(s) URI in small letters, or an empty text."""
    try:
        return (urlsplit(uri).hostname or "").lower()
    except ValueError:
        return ""
