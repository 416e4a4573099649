"""What is remembered of one stamp's events: constant size, packed into `SIZE` bytes. Pure.

All of it is whole numbers, so that a state read back, a state kept in memory and a state rebuilt from the events are
the same to the last bit. Counts stop at what their field holds; they never turn over.
"""

import struct
from dataclasses import dataclass, replace
from operator import attrgetter

from temthat_stamps.copies.places import SAME_KM, Spot, kilometres

PLACES = 6
"""How many places are remembered; beyond that the oldest is forgotten."""

_BITS = 128
_NOWHERE = -0x8000
_FORMAT = struct.Struct(">B h I H 2I H h 9B 6h B h 2I 2h 16s 12h")
SIZE = _FORMAT.size
VERSION = 3
FULL_SIX_BITS, FULL_BYTE, FULL_SHORT, FULL_WORD = 0x3F, 0xFF, 0xFFFF, 0xFFFF_FFFF
_COUNTS = ("groups", "moves", "backs", "fast", "days", "late", "sales", "pins")
_NUMBERS = (
    "score",
    "checks",
    "suspect_check",
    "suspect_at",
    "last_at",
    "phones",
    "doubtful",
    *_COUNTS,
)
_LATER = ("held", "sold_at", "pin")
_numbers, _later = attrgetter(*_NUMBERS), attrgetter(*_LATER)
EXPLANATIONS = 6
"""How many are followed."""
MOST_SCORE = 32_000
"""Scores stop here and hopeless likelihoods at its negative, in thousandths of a nat: two bytes each."""


class BadState(ValueError):
    """These bytes are no state of this version."""


@dataclass(slots=True)
class State:
    """One stamp's history in figures.

    `score`, `held` and `doubtful` are in thousandths of a nat, times in seconds since 1970. Counts of things stop at
    255, `phones` and `suspect_check` at 65,535, `since_sale` at 63: whoever changes one uses `count`.
    """

    score: int = 0
    checks: int = 0
    """Accepted checks of every kind."""
    suspect_check: int = 0
    """How many checks there were when it became suspect; 0 with `suspect_at` 0: never."""
    suspect_at: int = 0
    last_at: int = 0
    """When the last group began; a group is who checks within two hours at one place."""
    phones: int = 0
    """Different visitors, as far as the filter can tell; it errs towards fewer."""
    doubtful: int = 0
    """What visitors without a cookie have added to the score."""
    groups: int = 0
    moves: int = 0
    """Far moves between groups."""
    backs: int = 0
    """Returns to a place that had been left."""
    fast: int = 0
    """Moves faster than a pack travels."""
    days: int = 0
    """Different days on which a group began."""
    late: int = 0
    """New phones and sales after the goods' last day."""
    sales: int = 0
    pins: int = 0
    """How often a PIN was entered by someone new."""
    likelihoods: tuple[int, ...] = (0,) * EXPLANATIONS
    """Of each explanation against the best one, which has 0."""
    jumped: int = 0
    """1: the last group was far from the one before, or in a hub."""
    looked: int = 0
    """1: a till looked the pack up after its last sale, as it does when one is brought back."""
    since_sale: int = 0
    """Groups that came after the first sale."""
    held: int = 0
    """What steps would have added beyond their bounds; it comes with the next ones."""
    sold_at: int = 0
    pin: int = 0
    """The tag of who entered the PIN first; 0: nobody."""
    last: Spot | None = None
    """Where the pack, or a copy of its code, was last seen."""
    seen: bytes = bytes(_BITS // 8)
    """A Bloom filter of visitors, two bits each: the order they came in does not matter."""
    places: tuple[Spot, ...] = ()
    """Places met, at most `PLACES`, the newest last."""

    def copy(self) -> "State":
        """Another state that goes on from here."""
        return replace(self)

    def count(self, name: str, most: int = FULL_BYTE) -> None:
        """One more of `name`, unless its field is full."""
        if (value := getattr(self, name)) < most:
            setattr(self, name, value + 1)

    def has_seen(self, tag: int) -> bool:
        """Whether this visitor probably checked before: never wrong about one who did."""
        mask = _mask(tag)
        return int.from_bytes(self.seen) & mask == mask

    def remember(self, tag: int) -> None:
        """From now on this visitor is known.

        A filter that is half full, after some forty visitors, would take new ones for known: it begins anew.
        """
        bits = int.from_bytes(self.seen)
        if bits.bit_count() > _BITS // 2:
            bits = 0
        self.seen = (bits | _mask(tag)).to_bytes(_BITS // 8)

    def meet(self, spot: Spot) -> None:
        """The pack is here now. A place near a known one is that one, and keeps its turn to be forgotten."""
        self.last = spot
        if all(kilometres(spot, place) > SAME_KM for place in self.places):
            self.places = (*self.places, spot)[-PLACES:]

    def encode(self) -> bytes:
        """`SIZE` bytes, big-endian; a place is two hundredths of degrees, nowhere is -32768 twice."""
        places = [part for spot in self.places for part in spot]
        return _FORMAT.pack(
            VERSION,
            *_numbers(self),
            len(self.places),
            *self.likelihoods,
            self.jumped | self.looked << 1 | self.since_sale << 2,
            *_later(self),
            *(self.last or (_NOWHERE, _NOWHERE)),
            self.seen,
            *places,
            *[_NOWHERE] * (2 * PLACES - len(places)),
        )

    @classmethod
    def decode(cls, data: bytes) -> "State":
        """The state that was encoded; raises `BadState`."""
        if len(data) != SIZE or data[0] != VERSION:
            raise BadState(f"{len(data)} bytes are no copy state of version {VERSION}")
        values = _FORMAT.unpack(data)
        known, *rest = values[len(_NUMBERS) + 1 :]
        if known > PLACES:
            raise BadState(f"a copy state holds {PLACES} places, not {known}")
        # By position: the first fields of the class are `_NUMBERS`, in that order.
        state = cls(*values[1 : len(_NUMBERS) + 1])
        state.likelihoods = tuple(rest[:EXPLANATIONS])
        flags, state.held, state.sold_at, state.pin, lat, lon, state.seen, *spots = rest[EXPLANATIONS:]
        state.jumped, state.looked, state.since_sale = flags & 1, flags >> 1 & 1, flags >> 2
        state.last = None if lat == _NOWHERE else Spot(lat, lon)
        state.places = tuple(map(Spot, spots[0 : 2 * known : 2], spots[1 : 2 * known : 2]))
        return state


def suspect_since(data: bytes) -> int:
    """`suspect_at` of an encoded state, without decoding the rest; 0 for bytes too short to be one."""
    return int.from_bytes(data[_SUSPECT_AT : _SUSPECT_AT + 4])


_SUSPECT_AT = struct.calcsize(">B h I H")


def _mask(tag: int) -> int:
    """The visitor's two bits, which may fall together."""
    return 1 << (tag % _BITS) | 1 << (tag // _BITS % _BITS)
