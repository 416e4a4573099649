"""The printed number: sixteen characters for people without a camera or a signal.

Crockford's base32 alphabet, no aliases. 75 bits: run 28, serial 24, MAC 23; then one check character, a weighted
sum over GF(32). Anyone can check the check character; only the server, which holds the run's key, the MAC.
Specification: docs/spec/stamp.md, "The printed number".
"""

from dataclasses import dataclass

from temthat_stamps.code import RUN_MAX, SERIAL_MAX
from temthat_stamps.errors import Mistyped

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
MAC_BITS = 23
_VALUES = {c: i for i, c in enumerate(ALPHABET)}
_VALUES |= {c.lower(): i for c, i in list(_VALUES.items())}


def _powers() -> tuple[int, ...]:
    """1, x, x^2 ... in GF(32) = GF(2)[x]/(x^5 + x^2 + 1): thirty-one different non-zero elements."""
    out, value = [], 1
    for _ in range(31):
        out.append(value)
        value = value << 1 ^ (0b100101 if value & 0b10000 else 0)
    return tuple(out)


_EXP = _powers()
_LOG = {value: power for power, value in enumerate(_EXP)}


@dataclass(frozen=True, slots=True)
class Number:
    """A printed number taken apart. `mac` is 23 bits, unverified."""

    run: int
    serial: int
    mac: int

    def __str__(self) -> str:
        """Sixteen characters without separators."""
        value = (self.run << 24 | self.serial) << MAC_BITS | self.mac
        symbols = [value >> 5 * i & 31 for i in reversed(range(LENGTH - 1))]
        return "".join(ALPHABET[s] for s in [*symbols, check_symbol(symbols)])

    @property
    def grouped(self) -> str:
        """As printed: four groups of four."""
        text = str(self)
        return " ".join(text[i : i + 4] for i in range(0, LENGTH, 4))


def looks_like_number(text: str) -> bool:
    """Whether a text is meant as a printed number: letters, digits, blanks and hyphens, about sixteen characters.

    Digits alone are one only at full length: a till also sees GTINs and tax codes.
    """
    bare = _bare(text)
    if not bare.isascii() or not bare.isalnum():
        return False
    return len(bare) == LENGTH if bare.isdigit() else 12 <= len(bare) <= 20


def parse(text: str) -> Number:
    """What a person typed, any case, blanks and hyphens ignored. Raises `Mistyped`."""
    bare = _bare(text)
    for position, character in enumerate(bare, 1):
        if character not in _VALUES:
            raise Mistyped(f"character {position} cannot be part of a number", position)
    if len(bare) != LENGTH:
        raise Mistyped(f"{len(bare)} characters, a number has {LENGTH}")
    symbols = [_VALUES[c] for c in bare]
    if check_symbol(symbols[:-1]) != symbols[-1]:
        raise Mistyped("the check character does not fit")
    value = 0
    for symbol in symbols[:-1]:
        value = value << 5 | symbol
    run, serial = value >> 24 + MAC_BITS, value >> MAC_BITS & 0xFFFFFF
    if not 1 <= run <= RUN_MAX or not 1 <= serial <= SERIAL_MAX:
        raise Mistyped("no stamp has this number")
    return Number(run, serial, value & (1 << MAC_BITS) - 1)


def _bare(text: str) -> str:
    return "".join(text.split()).replace("-", "")


def check_symbol(symbols: list[int]) -> int:
    """The last character's value: it makes the weighted sum zero; weights x^15 .. x^1 and 1 for itself.

    `symbols`: at most fifteen values below 32.

    All weights differ and none is zero, so every single wrong character and every swap of two is noticed.
    """
    total = 0
    for place, symbol in enumerate(symbols):
        if symbol:
            total ^= _EXP[(_LOG[symbol] + LENGTH - 1 - place) % 31]
    return total
