"""EPC pure-identity URNs and patterns, and the GS1 keys they stand for (EPC Tag Data Standard 2.x, section 6).

A URN splits a key at the company prefix and leaves its check digit out: `urn:epc:id:sgtin:4012345.011111.9876` is
(01) 04012345111118 (21) 9876. The way back needs the length of the company prefix; where it is not told, biip's
table of the prefixes given out is asked.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from biip.gs1_prefixes import GS1CompanyPrefix

from temthat_trace.gs1.errors import Gs1Error, NotGs1
from temthat_trace.gs1.key import Key, make_key
from temthat_trace.gtin import check_digit

MAX_LENGTH = 256
_URN = re.compile(r"urn:epc:(id|class|idpat):([a-z]+):([!-~]+)")
_PLAIN = re.compile(r"(?:[A-Za-z0-9\-._!'()*+,:;=]|%[0-9A-Fa-f]{2})+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_TO_ESCAPE = frozenset('"%&/<>?#')


@dataclass(frozen=True, slots=True)
class _Scheme:
    """How one kind of URN is made: digits of prefix and reference together, and what follows them."""

    primary: str
    digits: int | None
    serial: str | None = None
    indicator_first: bool = False
    parts: int = 3


_ID = {
    "sgtin": _Scheme("01", 13, "21", indicator_first=True),
    "upui": _Scheme("01", 13, "235", indicator_first=True),
    "itip": _Scheme("8006", 13, "21", indicator_first=True, parts=5),
    "sscc": _Scheme("00", 17, indicator_first=True, parts=2),
    "sgln": _Scheme("414", 12, "254"),
    "pgln": _Scheme("417", 12, parts=2),
    "grai": _Scheme("8003", 12, ""),
    "gdti": _Scheme("253", 12, ""),
    "sgcn": _Scheme("255", 12, ""),
    "gsrn": _Scheme("8018", 17, parts=2),
    "gsrnp": _Scheme("8017", 17, parts=2),
    "gsin": _Scheme("402", 16, parts=2),
    "ginc": _Scheme("401", None, parts=2),
    "giai": _Scheme("8004", None, parts=2),
    "cpi": _Scheme("8010", None, "8011"),
}
_CLASS = {"lgtin": _Scheme("01", 13, "10", indicator_first=True)}
_PATTERNS = ("sgtin", "upui", "itip", "grai", "gdti", "sgcn", "cpi")
# Kinds of EPC that are no GS1 keys; good identifiers for an event, but there is no Digital Link for them.
OTHER_SCHEMES = ("gid", "usdod", "adi", "bic", "imovn")


def parse_urn(text: str, *, with_check_digits: bool = True) -> Key:
    """The key a URN stands for; a pattern `urn:epc:idpat:…:*` stands for the class. Raises Gs1Error or NotGs1."""
    match = _URN.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if not match:
        raise NotGs1("urn", f"“{text[:80]}” không phải EPC URN.", f"“{text[:80]}” is no EPC URN.")
    kind, name, body = match.groups()
    scheme = _CLASS.get(name) if kind == "class" else _ID.get(name)
    if scheme is None or (kind == "idpat" and name not in _PATTERNS):
        raise NotGs1(
            "urn",
            f"Loại “{kind}:{name}” không ứng với khoá GS1 nào.",
            f"“{kind}:{name}” stands for no GS1 key.",
        )
    pieces = body.split(".", scheme.parts - 1)
    if len(pieces) != scheme.parts:
        raise _bad(
            text,
            f"phải có {scheme.parts} phần cách nhau bằng dấu chấm",
            f"needs {scheme.parts} parts with dots",
        )
    if kind == "idpat":
        if pieces[-1] != "*":
            raise _bad(text, "mẫu phải kết thúc bằng *", "a pattern must end in *")
        return make_key(_elements(text, scheme, pieces, None), with_check_digits=with_check_digits)
    last = pieces[-1] if scheme.serial is not None else None
    return make_key(
        _elements(text, scheme, pieces, None if last is None else _unescape(text, last)),
        with_check_digits=with_check_digits,
    )


def _elements(text: str, scheme: _Scheme, pieces: list[str], serial: str | None) -> list[tuple[str, str]]:
    prefix, reference = pieces[0], pieces[1]
    if not (prefix.isdigit() and 6 <= len(prefix) <= 12):
        raise _bad(
            text, "mã doanh nghiệp phải có 6 đến 12 chữ số", "the company prefix must have 6 to 12 digits"
        )
    if scheme.digits is None:
        body = prefix + _unescape(text, reference)
    else:
        if len(prefix + reference) != scheme.digits or not (reference.isdigit() or reference == ""):
            raise _bad(
                text,
                f"mã doanh nghiệp và số tham chiếu phải có tổng cộng {scheme.digits} chữ số",
                f"prefix and reference must have {scheme.digits} digits together",
            )
        digits = reference[:1] + prefix + reference[1:] if scheme.indicator_first else prefix + reference
        body = digits + check_digit(digits)
    if scheme.primary == "8006":
        body += "".join(pieces[2:4])
    if scheme.primary == "8003":
        body = "0" + body
    if scheme.serial == "":
        return [(scheme.primary, body + (serial or ""))]
    no_extension = scheme.primary == "414" and serial == "0"
    if scheme.serial is None or serial is None or no_extension:
        return [(scheme.primary, body)]
    return [(scheme.primary, body), (scheme.serial, serial)]


def _unescape(text: str, part: str) -> str:
    if not _PLAIN.fullmatch(part):
        raise _bad(
            text,
            "có ký tự phải viết dạng %XX, hoặc thiếu một phần",
            "has characters to be written %XX, or lacks a part",
        )
    return _ESCAPE.sub(lambda m: chr(int(m.group(1), 16)), part) if "%" in part else part


def _bad(text: str, vi: str, en: str) -> Gs1Error:
    return Gs1Error("urn", f"EPC URN “{text[:120]}”: {vi}.", f"EPC URN “{text[:120]}”: {en}.")


def _escape(value: str) -> str:
    return "".join(f"%{ord(c):02X}" if c in _TO_ESCAPE else c for c in value)


def to_urn(key: Key, prefix_length: int | None = None) -> str:
    """The URN of a key by its finest qualifier; a class of things becomes a pattern (a lot: `urn:epc:class:lgtin`).

    `prefix_length`: digits of the company prefix, 6 to 12. Raises Gs1Error (prefix) when it is neither given nor
    known, NotGs1 when there is no URN for this kind of key.
    """
    key = key.finest()
    write = _WRITERS.get(key.primary)
    if write is None:
        raise NotGs1(
            "urn", f"Không có EPC URN cho ({key.primary}).", f"There is no EPC URN for ({key.primary})."
        )
    return write(key, prefix_length)


def _prefix(digits: str, length: int | None) -> int:
    if length is None:
        found = GS1CompanyPrefix.extract(digits)
        length = len(found.value) if found and found.value else None
    if length is None or not 6 <= length <= 12:
        raise Gs1Error(
            "prefix",
            f"Chưa biết mã doanh nghiệp GS1 của {digits} dài mấy chữ số (6 đến 12).",
            f"The length of the GS1 company prefix of {digits} (6 to 12 digits) is not known.",
        )
    return length


def _split(body: str, length: int | None, *, indicator_first: bool = False) -> str:
    """`prefix.reference` of digits without their check digit."""
    first, rest = (body[0], body[1:]) if indicator_first else ("", body)
    n = _prefix(rest, length)
    return f"{rest[:n]}.{first}{rest[n:]}"


def _write_gtin(key: Key, length: int | None) -> str:
    start = _split(key.value[:13], length, indicator_first=True)
    match key.elements[1:]:
        case (("21", serial),):
            return f"urn:epc:id:sgtin:{start}.{_escape(serial)}"
        case (("235", serial),):
            return f"urn:epc:id:upui:{start}.{_escape(serial)}"
        case (("10", lot),):
            return f"urn:epc:class:lgtin:{start}.{_escape(lot)}"
    return f"urn:epc:idpat:sgtin:{start}.*"


def _write_itip(key: Key, length: int | None) -> str:
    start = _split(key.value[:13], length, indicator_first=True) + f".{key.value[14:16]}.{key.value[16:]}"
    serial = key.get("21")
    if key.get("10") is not None:
        raise NotGs1("urn", "Không có EPC URN cho lô ITIP.", "There is no EPC URN for a lot of ITIP.")
    return f"urn:epc:idpat:itip:{start}.*" if serial is None else f"urn:epc:id:itip:{start}.{_escape(serial)}"


def _write_cpi(key: Key, length: int | None) -> str:
    n = _prefix(key.value, length)
    start = f"{key.value[:n]}.{_escape(key.value[n:])}"
    serial = key.get("8011")
    return f"urn:epc:idpat:cpi:{start}.*" if serial is None else f"urn:epc:id:cpi:{start}.{serial}"


def _typed(name: str, at: int) -> Callable[[Key, int | None], str]:
    """GDTI, GCN and GRAI: 12 digits from `at`, a check digit, then perhaps a serial."""

    def write(key: Key, length: int | None) -> str:
        start, serial = _split(key.value[at : at + 12], length), key.value[at + 13 :]
        return f"urn:epc:id:{name}:{start}.{_escape(serial)}" if serial else f"urn:epc:idpat:{name}:{start}.*"

    return write


def _whole(name: str, *, indicator_first: bool = False) -> Callable[[Key, int | None], str]:
    def write(key: Key, length: int | None) -> str:
        return f"urn:epc:id:{name}:" + _split(key.value[:-1], length, indicator_first=indicator_first)

    return write


def _free(name: str) -> Callable[[Key, int | None], str]:
    def write(key: Key, length: int | None) -> str:
        n = _prefix(key.value, length)
        return f"urn:epc:id:{name}:{key.value[:n]}.{_escape(key.value[n:])}"

    return write


def _write_gln(key: Key, length: int | None) -> str:
    return f"urn:epc:id:sgln:{_split(key.value[:12], length)}.{_escape(key.get('254') or '0')}"


_WRITERS: dict[str, Callable[[Key, int | None], str]] = {
    "00": _whole("sscc", indicator_first=True),
    "01": _write_gtin,
    "8006": _write_itip,
    "414": _write_gln,
    "417": _whole("pgln"),
    "8003": _typed("grai", 1),
    "253": _typed("gdti", 0),
    "255": _typed("sgcn", 0),
    "8017": _whole("gsrnp"),
    "8018": _whole("gsrn"),
    "402": _whole("gsin"),
    "401": _free("ginc"),
    "8004": _free("giai"),
    "8010": _write_cpi,
}
