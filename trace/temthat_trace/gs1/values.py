"""Whether a value is one its application identifier may hold: length, characters, check digit, dates."""

from temthat_trace.gs1.checks import CHARSETS, CHECKS
from temthat_trace.gs1.errors import Gs1Error
from temthat_trace.gs1.table import Ai, Component

_CHARSET_VI = {
    "N": "chữ số",
    "X": "ký tự CSET 82 (không dấu, không khoảng trắng)",
    "Y": "A–Z, 0–9, #, - và /",
    "Z": "base64url",
}
_CHARSET_EN = {
    "N": "digits",
    "X": "characters of CSET 82 (no blanks, no diacritics)",
    "Y": "A-Z, 0-9, #, - and /",
    "Z": "base64url",
}


def check_value(ai: Ai, value: str, *, with_check_digits: bool = True) -> None:
    """Raises Gs1Error (length, charset, check_digit or format) when the AI may not hold that value."""
    if not ai.shortest <= len(value) <= ai.longest:
        raise _length(ai, value)
    rest = value
    for component in ai.components:
        part, rest = rest[: component.longest], rest[component.longest :]
        if not part:
            if component.is_optional:
                continue
            raise _length(ai, value)
        if component.is_fixed and len(part) != component.longest:
            raise _length(ai, value)
        _check_part(ai, component, part, with_check_digits)


def _check_part(ai: Ai, component: Component, part: str, with_check_digits: bool) -> None:
    allowed = CHARSETS[component.charset]
    if not allowed.issuperset(part):
        wrong = next(c for c in part if c not in allowed)
        shown = wrong if wrong.isprintable() else f"U+{ord(wrong):04X}"
        raise Gs1Error(
            "charset",
            f"({ai.code}) {ai.title}: ký tự “{shown}” không được dùng; chỉ dùng {_CHARSET_VI[component.charset]}.",
            f"({ai.code}) {ai.title}: character “{shown}” is not allowed; use {_CHARSET_EN[component.charset]} only.",
        )
    for name in component.checks:
        is_check_digit = name in ("csum", "csumalpha")
        if is_check_digit and not with_check_digits:
            continue
        check = CHECKS.get(name)
        fault = check(part) if check else None
        if fault:
            raise Gs1Error(
                "check_digit" if is_check_digit else "format",
                f"({ai.code}) {ai.title}: {fault[0]}.",
                f"({ai.code}) {ai.title}: {fault[1]}.",
            )


def _length(ai: Ai, value: str) -> Gs1Error:
    shortest, longest = ai.shortest, ai.longest
    size_vi = f"{longest}" if shortest == longest else f"{shortest} đến {longest}"
    size_en = f"{longest}" if shortest == longest else f"{shortest} to {longest}"
    hint_vi = hint_en = ""
    if ai.code in ("01", "02") and len(value) in (8, 12, 13) and value.isascii() and value.isdigit():
        hint_vi = f" Hãy thêm số 0 vào đầu: {value.zfill(14)}."
        hint_en = f" Put zeros in front: {value.zfill(14)}."
    return Gs1Error(
        "length",
        f"({ai.code}) {ai.title}: có {len(value)} ký tự, phải có {size_vi}.{hint_vi}",
        f"({ai.code}) {ai.title}: has {len(value)} characters, must have {size_en}.{hint_en}",
    )
