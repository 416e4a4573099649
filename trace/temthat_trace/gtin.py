"""GTIN and GLN: the article and location numbers of GS1, with their check digit.

GS1 General Specifications, section 7.9.1: from the right, digits weigh 3, 1, 3, 1 ...; the check digit fills the
sum up to the next ten. Both are optional in this system; when given they have to be real ones.
"""

from dataclasses import dataclass

from temthat_trace.search import clean

LENGTHS = (8, 12, 13, 14)
VIETNAM_PREFIX = "893"
GLN_LENGTH = 13


class GtinError(ValueError):
    """The text is no GTIN; says why in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


@dataclass(frozen=True, slots=True)
class Gtin:
    """A valid GTIN in its 14-digit form, left-filled with zeros."""

    digits: str

    @property
    def prefix(self) -> str:
        """The three-digit prefix of the GS1 member organisation that gave the number out."""
        is_gtin8 = self.digits.startswith("000000")
        return self.digits[6:9] if is_gtin8 else self.digits[1:4]

    @property
    def is_vietnamese(self) -> bool:
        """Given out by GS1 Vietnam. Another prefix deserves a question, not a refusal: some are authorised."""
        return self.prefix == VIETNAM_PREFIX


def check_digit(body: str) -> str:
    """The check digit for all the other digits of a GS1 key (GTIN, GLN, SSCC); digits only."""
    if not (body.isascii() and body.isdigit()):
        raise ValueError("digits only")
    codes = body.encode()  # of each digit + 48
    total = 3 * sum(codes[::-2]) + sum(codes[-2::-2]) - 48 * (2 * len(codes) + len(codes) % 2)
    return str(-total % 10)


def read_gtin(text: str) -> Gtin:
    """A GTIN-8, -12, -13 or -14 as typed, blanks and hyphens allowed; raises GtinError saying what is wrong."""
    digits = clean(text).replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit()):
        raise GtinError(f"GTIN “{text}” chỉ được có chữ số.", f"GTIN “{text}” may have digits only.")
    if len(digits) not in LENGTHS:
        raise GtinError(
            f"GTIN “{text}” có {len(digits)} chữ số; phải là 8, 12, 13 hoặc 14.",
            f"GTIN “{text}” has {len(digits)} digits; it must have 8, 12, 13 or 14.",
        )
    if int(digits) == 0:
        raise GtinError("GTIN toàn số 0 không dùng được.", "A GTIN of zeros only is not valid.")
    right = check_digit(digits[:-1])
    if digits[-1] != right:
        raise GtinError(
            f"GTIN “{text}” sai số kiểm tra: số cuối phải là {right}. Hãy so lại với mã vạch trên bao bì.",
            f"GTIN “{text}” has a wrong check digit: the last digit should be {right}.",
        )
    return Gtin(digits.zfill(14))


def read_gln(text: str) -> str:
    """A GLN as typed, blanks and hyphens allowed: its 13 digits. Raises GtinError saying what is wrong."""
    digits = clean(text).replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit()):
        raise GtinError(f"GLN “{text}” chỉ được có chữ số.", f"GLN “{text}” may have digits only.")
    if len(digits) != GLN_LENGTH:
        raise GtinError(
            f"GLN “{text}” có {len(digits)} chữ số; phải là 13.",
            f"GLN “{text}” has {len(digits)} digits; it must have 13.",
        )
    right = check_digit(digits[:-1])
    if int(digits) == 0 or digits[-1] != right:
        raise GtinError(
            f"GLN “{text}” sai số kiểm tra: số cuối phải là {right}. Hãy so lại với giấy chứng nhận của GS1.",
            f"GLN “{text}” has a wrong check digit: the last digit should be {right}.",
        )
    return digits
