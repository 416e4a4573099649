"""Numbers as people write them: 1.234,5 and 1,234.5, with or without a unit, and the unclear 1.234.

One separator followed by exactly three digits may group thousands or begin decimals. The column's unit decides:
eggs, grams and millilitres are counted in whole numbers; tonnes and hectares in fractions; kilograms and litres follow
the Vietnamese habit (a point groups, a comma begins decimals) in a lot's quantity, and are fractions in a pack's net
content, since no packet weighs a tonne. Every such choice is shown in the preview.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto

from temthat_trace import formats
from temthat_trace.importing.report import CellError
from temthat_trace.units import UNITS, UnitError, UnitWord, plain, read_unit, unit

LARGEST = Decimal(1_000_000_000)
"""Beyond a billion a quantity is a slip of the keyboard; it also has to fit the database in millionths."""

_NUMBER = re.compile(r"^([+-]?)([0-9][0-9.,' ]*)\s*([^0-9\s.,'+-].*)?$")
_POWER = re.compile(r"^[+-]?[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+$")
_GROUPED = {sep: re.compile(rf"^[0-9]{{1,3}}({re.escape(sep)}[0-9]{{3}})+$") for sep in ".,"}


class Unclear(Enum):
    """What `1.234` means where it stands."""

    THOUSANDS = auto()
    DECIMALS = auto()
    VIETNAMESE = auto()


@dataclass(frozen=True, slots=True)
class WrittenNumber:
    """A number as written. When `decimals` is set the text is unclear and `value` is its reading as thousands."""

    text: str
    value: Decimal
    decimals: Decimal | None = None
    separator: str = ""
    unit: UnitWord | None = None


def parse_number(text: str) -> WrittenNumber:
    """A cleaned text as a number with an optional unit word; raises CellError saying what is wrong."""
    match = _NUMBER.match(text)
    if _POWER.match(text):
        raise CellError(
            "Số này viết rút gọn (như 1E+05), mất chữ số. Hãy ghi đủ; ở Excel thì định dạng cột Text hoặc Number.",
            "This number is shortened (1E+05) and lost digits. Write it in full; in Excel make the column Text.",
        )
    if not match:
        raise CellError("Không phải số. Hãy viết như 1234,5.", "Not a number. Write it like 1234.5.")
    sign, digits, word = match.groups()
    try:
        unit_word = read_unit(word) if word else None
    except UnitError as e:
        raise CellError(e.vi, e.en) from None
    digits = digits.strip().replace(" ", "").replace("'", "")
    value, decimals, separator = _separated(digits)
    if sign == "-":
        value, decimals = -value, None if decimals is None else -decimals
    return WrittenNumber(text, value, decimals, separator, unit_word)


def _separated(digits: str) -> tuple[Decimal, Decimal | None, str]:
    """Value, second reading if unclear, and the separator it hangs on."""
    used = [s for s in ".," if s in digits]
    if not used:
        return Decimal(digits), None, ""
    last = max(used, key=digits.rfind)
    whole, _, rest = digits.rpartition(last)
    if len(used) == 2:
        other = used[0] if used[1] == last else used[1]
        if digits.count(last) > 1 or not _GROUPED[other].match(whole) or not rest:
            raise _muddled()
        return Decimal(f"{whole.replace(other, '')}.{rest}"), None, ""
    if digits.count(last) > 1:
        if not _GROUPED[last].match(digits):
            raise _muddled()
        return Decimal(digits.replace(last, "")), None, ""
    if not whole or not rest:
        raise _muddled()
    decimals = Decimal(f"{whole}.{rest}")
    if len(rest) == 3 and len(whole) <= 3 and not whole.startswith("0"):
        return Decimal(whole + rest), decimals, last
    return decimals, None, ""


def _muddled() -> CellError:
    return CellError(
        "Dấu chấm, dấu phẩy trong số không rõ. Hãy viết như 1234,5 hoặc 1.234,5.",
        "The points and commas of this number are unclear. Write it like 1234.5 or 1,234.5.",
    )


def rule_for(code: str, *, small: bool) -> Unclear:
    """What `1.234` means for a unit; `small` for a column of pack contents."""
    if UNITS[code].is_whole or code in ("GRM", "MLT", "MGM"):
        return Unclear.THOUSANDS
    if small or code not in ("KGM", "LTR", "MTK"):
        return Unclear.DECIMALS
    return Unclear.VIETNAMESE


def decide(written: WrittenNumber, rule: Unclear) -> Decimal:
    """The number meant, by the rule of its column."""
    if written.decimals is None:
        return written.value
    as_decimals = rule is Unclear.DECIMALS or (rule is Unclear.VIETNAMESE and written.separator == ",")
    return written.decimals if as_decimals else written.value


def checked_quantity(amount: Decimal, code: str, *, parts: bool = False) -> Decimal:
    """An amount that is above zero, not absurd, exact in millionths, and whole where only whole ones make sense.

    `parts`: half a sack of fertiliser makes sense where half a packet for sale does not.

    Raises CellError.
    """
    word = unit(code)
    if amount <= 0:
        raise CellError("Số lượng phải lớn hơn 0.", "The quantity must be above zero.")
    if amount > LARGEST:
        raise CellError("Số quá lớn, hãy xem lại.", "The number is too large, please check.")
    if word.is_whole and not parts and amount != amount.to_integral_value():
        shown = formats.number(amount)
        raise CellError(
            f"Số {word.vi} phải là số nguyên, đang là {shown}.",
            f"A number of {word.en} must be whole, it is {formats.number(amount, 'en')}.",
        )
    if amount != round(amount, 6):
        raise CellError("Quá nhiều số lẻ; tối đa 6 chữ số sau dấu phẩy.", "At most six decimal places.")
    return plain(amount)
