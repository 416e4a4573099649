"""The checks the dictionary names for parts of values: check digits, dates, and small enumerations.

Each answers None when the text is good, else what is wrong (Vietnamese, English). Lists that change outside GS1
(countries, currencies, package types) are checked for their form only.
"""

import calendar
import re
from collections.abc import Callable
from functools import cache

from temthat_trace.gtin import check_digit

CSET82 = frozenset("!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
CSET39 = frozenset("#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
CSET64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=")
DIGITS = frozenset("0123456789")
CHARSETS = {"N": DIGITS, "X": CSET82, "Y": CSET39, "Z": CSET64}

_IN_ORDER_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_IN_ORDER_32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

Fault = tuple[str, str] | None


def check_pair(body: str) -> str:
    """The two check characters of a GMN (General Specifications 7.9.5): prime weights from the right, mod 1021."""
    total = sum(_IN_ORDER_82.index(c) * p for c, p in zip(reversed(body), _primes(len(body)), strict=True))
    total %= 1021
    return _IN_ORDER_32[total >> 5] + _IN_ORDER_32[total & 31]


@cache
def _primes(count: int) -> list[int]:
    found: list[int] = []
    n = 2
    while len(found) < count:
        if all(n % p for p in found):
            found.append(n)
        n += 1
    return found


def _csum(text: str) -> Fault:
    right = check_digit(text[:-1])
    if text[-1] == right:
        return None
    return (
        f"sai số kiểm tra: chữ số cuối phải là {right}; hãy so lại với mã trên bao bì",
        f"wrong check digit: the last digit should be {right}; compare it with the printed code",
    )


def _csumalpha(text: str) -> Fault:
    if len(text) < 3:
        return "thiếu hai ký tự kiểm tra ở cuối", "the two check characters at the end are missing"
    right = check_pair(text[:-2])
    if text[-2:] == right:
        return None
    return f"sai hai ký tự kiểm tra: phải là {right}", f"wrong check characters: they should be {right}"


def _date(text: str, year: int, day_may_be_zero: bool) -> Fault:
    month, day = int(text[-4:-2]), int(text[-2:])
    if not 1 <= month <= 12:
        return f"tháng {text[-4:-2]} không có", f"there is no month {text[-4:-2]}"
    least = 0 if day_may_be_zero else 1
    if not least <= day <= calendar.monthrange(year, month)[1]:
        return f"ngày {text[-2:]} không có trong tháng {month}", f"month {month} has no day {text[-2:]}"
    return None


def _yymmdd(text: str) -> Fault:
    return _date(text, 2000 + int(text[:2]), day_may_be_zero=False)


def _yymmd0(text: str) -> Fault:
    return _date(text, 2000 + int(text[:2]), day_may_be_zero=True)


def _yyyymmdd(text: str) -> Fault:
    if int(text[:4]) == 0:
        return "năm 0000 không có", "there is no year 0000"
    return _date(text, int(text[:4]), day_may_be_zero=False)


def _below(limit: int, vi: str, en: str) -> Callable[[str], Fault]:
    return lambda text: None if int(text) < limit else (f"{vi} {text} không có", f"there is no {en} {text}")


_hour = _below(24, "giờ", "hour")
_minute = _below(60, "phút", "minute")


def _hhmi(text: str) -> Fault:
    return _hour(text[:2]) or _minute(text[2:])


def _one_of(allowed: str) -> Callable[[str], Fault]:
    choices = allowed.split()
    said = ", ".join(choices)
    return lambda text: None if text in choices else (f"chỉ được là {said}", f"must be one of {said}")


def _pattern(expression: str, vi: str, en: str) -> Callable[[str], Fault]:
    compiled = re.compile(expression)
    return lambda text: None if compiled.fullmatch(text) else (vi, en)


def _piece_of_total(text: str) -> Fault:
    piece, total = int(text[:2]), int(text[2:])
    if 1 <= piece <= total:
        return None
    return "số thứ tự phải từ 1 đến tổng số phần", "the piece must be from 1 to the total"


def _within(limit: int, vi: str, en: str) -> Callable[[str], Fault]:
    return lambda text: None if int(text) <= limit else (vi, en)


_PERCENT_FAULT = ("có dấu % mà thiếu hai chữ số hệ 16", "has a % without two hexadecimal digits")
_PREFIX_FAULT = (
    "phải bắt đầu bằng mã doanh nghiệp GS1 (ít nhất 4 chữ số)",
    "must begin with a GS1 company prefix (at least 4 digits)",
)

CHECKS: dict[str, Callable[[str], Fault]] = {
    "csum": _csum,
    "csumalpha": _csumalpha,
    "gcppos1": _pattern(r"\d{4}.*", *_PREFIX_FAULT),
    "gcppos2": _pattern(r".\d{4}.*", *_PREFIX_FAULT),
    "yymmdd": _yymmdd,
    "yymmd0": _yymmd0,
    "yyyymmdd": _yyyymmdd,
    "hh": _hour,
    "mi": _minute,
    "ss": _below(60, "giây", "second"),
    "hhmi": _hhmi,
    "zero": _pattern(r"0+", "phải là 0", "must be zero"),
    "nonzero": _pattern(r"0*[1-9]\d*", "không được là 0", "must not be zero"),
    "nozeroprefix": _pattern(r"0|[1-9]\d*", "không được bắt đầu bằng 0", "must not begin with 0"),
    "hasnondigit": _pattern(
        r".*\D.*", "phải có ít nhất một ký tự không phải số", "needs a character other than a digit"
    ),
    "pieceoftotal": _piece_of_total,
    "yesno": _one_of("0 1"),
    "winding": _one_of("0 1 9"),
    "iso5218": _one_of("0 1 2 9"),
    "hyphen": _one_of("-"),
    "importeridx": _pattern(
        r"[-0-9A-Z_a-z]", "phải là chữ, số, - hoặc _", "must be a letter, a digit, - or _"
    ),
    "latitude": _within(1800000000, "vĩ độ vượt quá giới hạn", "the latitude is out of range"),
    "longitude": _within(3600000000, "kinh độ vượt quá giới hạn", "the longitude is out of range"),
    "iso3166": _pattern(r"\d{3}", "phải là mã nước 3 chữ số", "must be a country code of 3 digits"),
    "iso3166999": _pattern(r"\d{3}", "phải là mã nước 3 chữ số", "must be a country code of 3 digits"),
    "iso3166alpha2": _pattern(
        r"[A-Z]{2}", "phải là mã nước 2 chữ in", "must be a country code of 2 capitals"
    ),
    "iso4217": _pattern(r"\d{3}", "phải là mã tiền tệ 3 chữ số", "must be a currency code of 3 digits"),
    "packagetype": _pattern(r"[0-9A-Z]{1,4}", "phải là mã loại bao gói", "must be a package type code"),
    "mediatype": _pattern(
        r"0[1-9]|10|[89]\d", "phải là mã loại vật mang 01–10 hoặc 80–99", "must be a media type"
    ),
    "pcenc": _pattern(r"(?:[^%]|%[0-9A-Fa-f]{2})*", *_PERCENT_FAULT),
    "posinseqslash": _pattern(r"[1-9]/[1-9]", "phải viết như 1/2", "must be written like 1/2"),
}
