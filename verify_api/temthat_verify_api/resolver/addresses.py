"""An address as it was sent, taken apart: nothing decoded twice, an escaped "/" kept inside its value. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from temthat_trace.gs1 import Gs1Error, Key, build, decompress, parse
from temthat_verify_api.resolver.items import Paths, segment

PRIMARY_KEYS = ("01", "414", "417")
"""GTIN; GLN of a location; GLN of a party."""
_ORIGIN = "https://resolver.invalid"
"""Stands for our host while the address is read: what host it was opened under does not matter."""

_QUERY = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]{0,2048}")
_ESCAPES = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")
_LONGEST_CODE = 64


@dataclass(frozen=True, slots=True)
class Codes:
    """A product by its producer's own codes, and what was asked of it; without `product` the producer itself."""

    party: str
    product: str = ""
    lot: str = ""
    serial: str = ""

    @property
    def paths(self) -> Paths:
        """The canonical addresses of its levels."""
        product = f"/x/{segment(self.party)}" + (f"/{segment(self.product)}" if self.product else "")
        lot = f"{product}/{segment(self.lot)}" if self.lot else ""
        return Paths(product, lot, f"{lot}/{segment(self.serial)}" if self.serial else "")


def sent_path(scope: Mapping[str, Any]) -> str:
    """The path before any decoding; what is not ASCII comes out as a character that stands in no address."""
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    return raw.partition(b"?")[0].decode("ascii", "replace")


def sent_query(scope: Mapping[str, Any]) -> str:
    """The query as it was sent, without "?"."""
    query: bytes = scope.get("query_string", b"")
    return query.decode("ascii", "replace")


@dataclass(frozen=True, slots=True)
class Named:
    """A Digital Link below our root. `plain`: the same uncompressed, if it was compressed; empty otherwise."""

    key: Key
    plain: str = ""


def read_gs1(path: str, query: str) -> Named | None:
    """What a Digital Link names; None for a good one that is not ours to resolve. Raises Gs1Error.

    One slash at the end is put up with. A compressed link is read where no plain one stands.
    """
    uri = f"{_ORIGIN}{path.removesuffix('/')}" + (f"?{query}" if query else "")
    try:
        link, plain = parse(uri), ""
    except Gs1Error:
        link = decompress(uri)
        plain = build(link.key, list(link.attributes), _ORIGIN).removeprefix(_ORIGIN)
    return Named(link.key, plain) if link.stem == _ORIGIN and link.key.primary in PRIMARY_KEYS else None


def paths_of(key: Key) -> Paths:
    """The canonical addresses of a key's levels: GTIN or GLN, lot, serial; other qualifiers have no links."""
    by_finest = {level.elements[-1][0]: level.path for level in key.levels()}
    return Paths(by_finest[key.primary], by_finest.get("10", ""), by_finest.get("21", ""))


def read_codes(path: str, query: str, below: str, *, least: int = 2) -> Codes:
    """Two to four segments after `below`: party, product, lot, printed number. Raises Gs1Error.

    `least`: 1 where a party alone may be asked about; its `product` is empty then.
    """
    path = path.removesuffix("/")
    raw = path.removeprefix(below).split("/")
    if not _QUERY.fullmatch(query) or not least <= len(raw) <= 4:
        raise _malformed()
    try:
        values = [unquote_to_bytes(part).decode("utf-8") for part in raw if _ESCAPES.fullmatch(part)]
    except UnicodeDecodeError:
        raise _malformed() from None
    if len(values) != len(raw) or not all(_is_code(value) for value in values):
        raise _malformed()
    return Codes(*values)


def _is_code(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_CODE and text.isprintable()


def _malformed() -> Gs1Error:
    return Gs1Error(
        "syntax",
        "Địa chỉ phải có dạng /x/mã-đơn-vị/mã-sản-phẩm, rồi có thể thêm /số-lô và /số-tem.",
        "The address must be of the form /x/party-code/product-code, then perhaps /lot and /stamp-number.",
    )


def with_query(href: str, query: str) -> str:
    """A link with the request's own query behind its own, so that the request's word is the last one."""
    target, hash_sign, fragment = href.partition("#")
    if query:
        target += ("&" if "?" in target else "?") + query
    return target + hash_sign + fragment
