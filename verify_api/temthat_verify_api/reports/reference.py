"""A report's reference number: nine characters that a person can read out, and by which its state can be asked for.

Crockford's base32 alphabet: eight characters drawn at random (40 bits: whoever has the number may read the state, so it
is not to be guessed), then a check character as under a stamp (`number.check_symbol`). Pure but for the drawing.
"""

import secrets

from temthat_stamps.errors import Mistyped
from temthat_stamps.number import ALPHABET, check_symbol

LENGTH = 9
_VALUES = {c: i for i, c in enumerate(ALPHABET)}
_ALIASES = str.maketrans("OIL", "011")
"""What people write for a nought and a one; nobody else uses these letters here."""


def draw() -> str:
    """A new reference number, without separators."""
    symbols = [secrets.randbelow(32) for _ in range(LENGTH - 1)]
    return "".join(ALPHABET[s] for s in [*symbols, check_symbol(symbols)])


def grouped(reference: str) -> str:
    """As it is shown: 7K3M-9QX2-V."""
    return "-".join(reference[i : i + 4] for i in range(0, len(reference), 4))


def parse(text: str) -> str:
    """What somebody typed, any case, blanks and hyphens ignored. Raises `Mistyped`."""
    bare = "".join(text.split()).replace("-", "").upper().translate(_ALIASES)
    if len(bare) != LENGTH:
        raise Mistyped(f"{len(bare)} characters, a reference number has {LENGTH}")
    for position, character in enumerate(bare, 1):
        if character not in _VALUES:
            raise Mistyped(f"character {position} cannot be part of a reference number", position)
    symbols = [_VALUES[c] for c in bare]
    if check_symbol(symbols[:-1]) != symbols[-1]:
        raise Mistyped("the check character does not fit")
    return bare
