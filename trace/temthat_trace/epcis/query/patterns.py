"""What MATCH parameters are matched by: identities at every level, and pure identity patterns with wider stars.

`urn:epc:idpat:sgtin:4012345.011111.*` names the same as `https://id.gs1.org/01/04012345111118`: the class, which every
serial and lot of it has above it. `…:4012345.*.*` is wider: a company prefix (EPC Tag Data Standard, section 8).
"""

import re
from dataclasses import dataclass

from temthat_trace.epcis.query.errors import QueryParameterError
from temthat_trace.epcis.texts import is_uri
from temthat_trace.gs1.errors import Gs1Error
from temthat_trace.gs1.identity import identity, read_key
from temthat_trace.gs1.key import Key
from temthat_trace.gs1.remember import remembered
from temthat_trace.gs1.urn import OTHER_SCHEMES

# Parts of each scheme's pattern, its primary key, and where in the key's value the company prefix begins.
_SCHEMES = {
    "sgtin": (3, "01", 1),
    "upui": (3, "01", 1),
    "itip": (5, "8006", 1),
    "sscc": (2, "00", 1),
    "sgln": (3, "414", 0),
    "pgln": (2, "417", 0),
    "grai": (3, "8003", 1),
    "gdti": (3, "253", 0),
    "sgcn": (3, "255", 0),
    "gsrn": (2, "8018", 0),
    "gsrnp": (2, "8017", 0),
    "gsin": (2, "402", 0),
    "ginc": (2, "401", 0),
    "giai": (2, "8004", 0),
    "cpi": (3, "8010", 0),
}
_EXAMPLE = "urn:epc:idpat:sgtin:4012345.011111.*"
_IDPAT = re.compile(r"urn:epc:idpat:([a-z]+):([!-~]+)")


@dataclass(frozen=True, slots=True)
class Prefix:
    """Every key of one kind by one company: `digits` at `start` of the primary key's value."""

    primary: str
    start: int
    digits: str

    def matches(self, canonical: str, key: Key | None) -> bool:
        """Whether the identity lies in it."""
        return (
            key is not None and key.primary == self.primary and key.value.startswith(self.digits, self.start)
        )


@dataclass(frozen=True, slots=True)
class Pieces:
    """A pattern of a scheme that is no GS1 key: its parts, None for a star."""

    head: str
    parts: tuple[str | None, ...]

    def matches(self, canonical: str, key: Key | None) -> bool:
        """Whether the EPC has the same parts."""
        if not canonical.startswith(self.head):
            return False
        parts = canonical[len(self.head) :].split(".", len(self.parts) - 1)
        return len(parts) == len(self.parts) and all(
            wanted is None or wanted == part for wanted, part in zip(self.parts, parts, strict=True)
        )


Wide = Prefix | Pieces


def read_pattern(text: str, parameter: str) -> str | Wide:
    """The identity a MATCH value stands for, or a wider pattern. Raises QueryParameterError."""
    if not is_uri(text):
        raise QueryParameterError(
            f"“{text[:80]}” phải là một URI (EPC URN, GS1 Digital Link hoặc mẫu urn:epc:idpat:…).",
            f"“{text[:80]}” must be a URI (EPC URN, GS1 Digital Link or a pattern urn:epc:idpat:…).",
            parameter,
        )
    if text.startswith("urn:epc:pat:"):
        raise QueryParameterError(
            "Chỉ nhận mẫu định danh thuần urn:epc:idpat:…, không nhận mẫu thẻ urn:epc:pat:….",
            "Only pure identity patterns urn:epc:idpat:… are taken, not tag patterns urn:epc:pat:….",
            parameter,
        )
    if not text.startswith("urn:epc:idpat:"):
        return identity(text)
    found = _pattern(text)
    if found is None:
        raise QueryParameterError(
            f"“{text[:80]}” không phải mẫu EPC: dấu * chỉ đứng ở các phần cuối, như {_EXAMPLE}",
            f"“{text[:80]}” is no EPC pattern: stars stand for the last parts, as in {_EXAMPLE}",
            parameter,
        )
    return found


def _pattern(text: str) -> str | Wide | None:
    match = _IDPAT.fullmatch(text)
    if not match:
        return None
    scheme, body = match.groups()
    known = _SCHEMES.get(scheme)
    pieces = body.split(".", known[0] - 1) if known else body.split(".")
    stars = next((n for n, piece in enumerate(pieces) if piece == "*"), len(pieces))
    if any(piece != "*" for piece in pieces[stars:]):
        return None
    if known is None:
        parts = tuple(piece if n < stars else None for n, piece in enumerate(pieces))
        return Pieces(f"urn:epc:id:{scheme}:", parts) if scheme in OTHER_SCHEMES else None
    count, primary, start = known
    if len(pieces) != count:
        return None
    if stars <= 1:
        digits = pieces[0] if stars else ""
        is_prefix = not stars or (digits.isascii() and digits.isdigit() and 6 <= len(digits) <= 12)
        return Prefix(primary, start, digits) if is_prefix else None
    return _of_class(text, scheme, body, stars == count)


def _of_class(text: str, scheme: str, body: str, without_star: bool) -> str | None:
    """A pattern with no star, or with one for the serial: the thing, or the class above it."""
    if without_star:
        text = f"urn:epc:id:{scheme}:{body}"
    elif scheme == "sgln":
        text = f"urn:epc:id:sgln:{body[:-1]}0"
    try:
        return read_key(text, lenient=True).finest().canonical
    except Gs1Error:
        return None


@remembered(4096)
def key_of(text: str) -> Key | None:
    """The GS1 key of an identifier, or None."""
    try:
        return read_key(text, lenient=True)
    except Gs1Error:
        return None
