"""One identity for a thing, whichever way it was written: a GS1 primary key with its qualifiers in order.

`https://id.gs1.org/01/…/21/…` and `urn:epc:id:sgtin:…` are read into the same Key. Its `canonical` text is the
canonical GS1 Digital Link URI (URI Syntax 1.6, section 4.12, without attributes), which is what is indexed and hashed.
"""

from dataclasses import dataclass

from temthat_trace.gs1.errors import Gs1Error
from temthat_trace.gs1.table import Ai, table
from temthat_trace.gs1.values import check_value

STEM = "https://id.gs1.org"

# What an event names (CBV 2.0, 8.9.2, rule 18): for each primary key the qualifiers that make a finer thing, the
# finest first. A lot beside a serial, a variant and the like are facts about the thing, not a part of its identity.
_FINER: dict[str, tuple[str, ...]] = {
    "00": (),
    "01": ("21", "235", "10"),
    "253": (),
    "255": (),
    "401": (),
    "402": (),
    "414": ("254",),
    "417": (),
    "8003": (),
    "8004": (),
    "8006": ("21", "10"),
    "8010": ("8011",),
    "8017": (),
    "8018": (),
}
# Characters that a canonical path writes as they are; all others of CSET 82 are percent-encoded.
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~';=")
_ESCAPES = {chr(i): chr(i) if chr(i) in _PLAIN else f"%{i:02X}" for i in range(128)}


def escape(value: str) -> str:
    """A value as it stands in the path of a canonical Digital Link; ASCII only."""
    return value if value.isalnum() else "".join(map(_ESCAPES.__getitem__, value))


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key and its qualifiers: ((AI, value), …), the primary key first, values decoded."""

    elements: tuple[tuple[str, str], ...]

    @property
    def primary(self) -> str:
        """The AI of the primary key: 01, 00, 414, …"""
        return self.elements[0][0]

    @property
    def value(self) -> str:
        """The value of the primary key."""
        return self.elements[0][1]

    def get(self, ai: str) -> str | None:
        """The value of one of its AIs, or None."""
        return next((v for a, v in self.elements if a == ai), None)

    @property
    def path(self) -> str:
        """`/01/…/10/…`, each value percent-encoded."""
        return "".join([f"/{ai}/{escape(value)}" for ai, value in self.elements])

    @property
    def canonical(self) -> str:
        """The canonical URI, on id.gs1.org: equal exactly when the keys are equal."""
        return STEM + self.path

    @property
    def is_class(self) -> bool:
        """Whether it names a kind of things (GTIN, lot, asset type, …), of which there can be many."""
        fine = {a for a, _ in self.finest().elements[1:]}
        match self.primary:
            case "01" | "8006":
                return not fine & {"21", "235"}
            case "8010":
                return "8011" not in fine
            case "253" | "255":
                return len(self.value) == 13
            case "8003":
                return len(self.value) == 14
        return False

    def finest(self) -> "Key":
        """The same thing by the one qualifier that matters: with a serial, lot and variant are left off."""
        if len(self.elements) == 1:
            return self
        for ai in _FINER.get(self.primary, ()):
            value = self.get(ai)
            if value is not None:
                return Key((self.elements[0], (ai, value)))
        return self if self.primary not in _FINER else Key(self.elements[:1])

    def levels(self) -> "list[Key]":
        """The key and everything above it, the finest first: serial, lot, variant, GTIN (for walking up)."""
        return [Key(self.elements[: n + 1]) for n in reversed(range(len(self.elements)))]


def is_event_key(key: Key) -> bool:
    """Whether the key is one an event can name (rule 18 of the CBV hash lists them)."""
    return key.primary in _FINER


def make_key(elements: list[tuple[str, str]], *, with_check_digits: bool = True) -> Key:
    """A Key from AIs and decoded values in path order; raises Gs1Error when a value or the order is wrong."""
    ais = [_known(ai) for ai, _ in elements]
    if not ais or ais[0].qualifiers is None:
        raise Gs1Error(
            "key",
            "Thiếu khoá chính GS1 (như 01 cho GTIN, 00 cho SSCC, 414 cho GLN).",
            "There is no GS1 primary key (such as 01 for a GTIN, 00 for an SSCC, 414 for a GLN).",
        )
    _check_order(ais)
    for ai, (_, value) in zip(ais, elements, strict=True):
        check_value(ai, value, with_check_digits=with_check_digits)
    return Key(tuple(elements))


def _known(code: str) -> Ai:
    ai = table().get(code)
    if ai is None:
        raise Gs1Error(
            "key", f"Không có mã AI ({code}) trong bảng GS1.", f"({code}) is no GS1 application identifier."
        )
    return ai


def _check_order(ais: list[Ai]) -> None:
    """Qualifiers must be a subsequence of one of the alternatives of the primary key."""
    key, given = ais[0], [ai.code for ai in ais[1:]]
    if len(set(given)) != len(given):
        raise Gs1Error(
            "duplicate", "Một mã AI đứng hai lần trong đường dẫn.", "An AI stands twice in the path."
        )
    choices = key.qualifiers or ()
    for choice in choices:
        if [q for q in choice if q in given] == given:
            return
    said = " | ".join(", ".join(c) or "–" for c in choices)
    raise Gs1Error(
        "order",
        f"Sau ({key.code}) chỉ được có, theo đúng thứ tự: {said}; đang có {', '.join(given)}.",
        f"After ({key.code}) only these may follow, in this order: {said}; there are {', '.join(given)}.",
    )
