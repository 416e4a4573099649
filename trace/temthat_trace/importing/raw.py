"""A workbook as it stands in the file, before anybody asks what it means."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto


class CellKind(Enum):
    """What the file says a cell holds."""

    TEXT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    DATE = auto()  # an ISO 8601 text typed as a date
    ERROR = auto()  # #REF!, #N/A ...
    NO_CACHE = auto()  # a formula whose result was never stored


@dataclass(frozen=True, slots=True)
class Style:
    """How a cell is shown, as far as it changes its meaning."""

    number_format: str = "General"
    font: str = ""
    is_date: bool = False


PLAIN = Style()


@dataclass(frozen=True, slots=True)
class RawCell:
    """One filled cell. `value` is a Decimal for numbers, text for everything else, exactly as in the file."""

    row: int
    column: int
    kind: CellKind
    value: str | Decimal
    style: Style = PLAIN

    @property
    def address(self) -> str:
        """As people name it: B3."""
        return f"{column_letters(self.column)}{self.row}"


@dataclass(frozen=True, slots=True)
class Merged:
    """A merged range, both ends included, counted from 1."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One sheet or CSV file: its rows that have anything in them, each as its filled cells from left to right."""

    name: str
    rows: Sequence[Sequence[RawCell]]
    merged: Sequence[Merged] = ()
    is_1904: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class RawWorkbook:
    """Everything that was handed in together."""

    sheets: Sequence[RawSheet]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one import may be. Anything beyond is refused before it is read, so that memory stays bounded."""

    file_bytes: int = 32 << 20
    unpacked_bytes: int = 64 << 20
    zip_members: int = 200
    rows: int = 50_000
    columns: int = 100
    cells: int = 800_000
    text: int = 32_767


LIMITS = Limits()


def column_letters(column: int) -> str:
    """1 is A, 26 is Z, 27 is AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def address_of(reference: str) -> tuple[int, int]:
    """Row and column of a reference such as B3; raises ValueError for anything else."""
    letters = reference.rstrip("0123456789")
    digits = reference[len(letters) :]
    if not (letters.isascii() and letters.isalpha() and len(letters) <= 3 and 0 < len(digits) <= 7):
        raise ValueError(f"no cell reference: {reference[:20]}")
    column = 0
    for letter in letters.upper():
        column = column * 26 + ord(letter) - 64
    return int(digits), column
