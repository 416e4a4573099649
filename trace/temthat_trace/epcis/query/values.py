"""Reading the values of parameters, from a URL or from JSON. What does not fit raises QueryParameterError."""

import datetime as dt
import difflib
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.context import GS1_VOC, GS1_VOC_LATER, Context
from temthat_trace.epcis.query.errors import QueryParameterError
from temthat_trace.epcis.terms import leaf
from temthat_trace.epcis.texts import is_time, is_uri

Values = Sequence[Any]
LONGEST = 1024
# Attributes of master data: JSON-LD joins them with a colon, the namespace of XML has none.
_MASTER = "urn:epcglobal:cbv:mda"
_LOST_PLUS = re.compile(r" (\d\d:\d\d)$")
_CURIE = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*):([^\s:/][^\s]*)")


def bad(parameter: str, vi: str, en: str) -> QueryParameterError:
    """The error that a value does not fit."""
    return QueryParameterError(vi, en, parameter)


def one(values: Values, parameter: str) -> Any:
    """The only value."""
    if len(values) != 1:
        raise bad(parameter, "chỉ nhận đúng một giá trị", "takes exactly one value")
    return values[0]


def texts(values: Values, parameter: str) -> list[str]:
    """At least one text."""
    if not values or not all(isinstance(v, str) and 0 < len(v) <= LONGEST for v in values):
        raise bad(
            parameter,
            f"phải là danh sách chuỗi khác rỗng, mỗi chuỗi nhiều nhất {LONGEST} ký tự (trên địa chỉ, ngăn bằng |)",
            f"takes a list of texts that are not empty, of at most {LONGEST} characters each (in a URL: a|b)",
        )
    return list(values)


def time(values: Values, parameter: str) -> dt.datetime:
    """An instant. A `+` before the zone that became a blank on its way through a URL is put back."""
    text = one(values, parameter)
    text = restored(text) if isinstance(text, str) else text
    if not is_time(text):
        raise bad(
            parameter,
            "phải là thời điểm có múi giờ, ví dụ 2026-05-26T14:30:00+07:00 (trên địa chỉ viết %2B07:00)",
            "must be a time with a zone, such as 2026-05-26T14:30:00+07:00 (in a URL %2B07:00)",
        )
    return dt.datetime.fromisoformat(text)


def number(values: Values, parameter: str) -> Decimal:
    """A number."""
    found = as_number(one(values, parameter))
    if found is None:
        raise bad(parameter, "phải là một số, ví dụ 12.5", "must be a number, such as 12.5")
    return found


def numbers(values: Values, parameter: str) -> tuple[Decimal, ...]:
    """At least one number."""
    if not values:
        raise bad(parameter, "phải có ít nhất một số", "takes at least one number")
    return tuple(number([value], parameter) for value in values)


def as_number(value: Any) -> Decimal | None:
    """A finite number of sensible size, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(repr(value) if isinstance(value, float) else str(value)[:60])
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < 100 else None


def whole(values: Values, parameter: str) -> int:
    """A whole number of at least 1."""
    found = as_number(one(values, parameter))
    if found is None or found < 1 or found != int(found):
        raise bad(parameter, "phải là số nguyên từ 1", "must be a whole number of at least 1")
    return int(found)


def flag(values: Values, parameter: str) -> bool:
    """Yes or no. A parameter without a value says yes."""
    value = values[0] if values else None
    if len(values) > 1 or (isinstance(value, str) and value.lower() not in ("", "true", "false", "0", "1")):
        raise bad(parameter, "chỉ nhận true hoặc false", "takes true or false")
    return value in (None, True, 1) or (isinstance(value, str) and value.lower() in ("", "true", "1"))


def words(values: Values, parameter: str, vocabulary: cbv.Vocabulary, names: Context) -> frozenset[str]:
    """Words of a vocabulary bare, others as URIs."""
    return frozenset(_word(text, parameter, vocabulary, names) for text in texts(values, parameter))


def _word(text: str, parameter: str, vocabulary: cbv.Vocabulary, names: Context) -> str:
    word = vocabulary.word(text)
    if word is not None:
        return word
    own = names.value(text)
    if not is_uri(own) or vocabulary.claims(own):
        raise unknown_word(text, parameter, vocabulary.words)
    return own


def unknown_word(text: str, parameter: str, known: Iterable[str]) -> QueryParameterError:
    """The error that a bare word is none of the standard's."""
    near = ", ".join(difflib.get_close_matches(text, sorted(known), 3, 0.3)) or ", ".join(sorted(known)[:5])
    return bad(
        parameter,
        f"“{text[:60]}” không có trong từ vựng; có phải: {near}? Từ riêng phải là URI.",
        f"“{text[:60]}” is no word of the vocabulary; did you mean {near}? A word of one's own is a URI.",
    )


def leaf_texts(values: Values, parameter: str, names: Context) -> frozenset[str]:
    """What the values of an extension field are equal by: texts, numbers and times in their normal form."""
    if not values:
        raise bad(parameter, "phải có ít nhất một giá trị", "takes at least one value")
    if not all(isinstance(v, str | int | float) and len(str(v)) <= LONGEST for v in values):
        raise bad(parameter, "chỉ nhận chuỗi, số hoặc true/false", "takes texts, numbers or true/false")
    found = [v if not isinstance(v, str) else restored(v) for v in values]
    return frozenset(leaf(v, names) for v in found)


def restored(text: str) -> str:
    """A time whose `+` became a blank on its way through a URL with its `+` again; any other text as it is."""
    mended = _LOST_PLUS.sub(r"+\1", text)
    return mended if is_time(mended) else text


def bound(values: Values, parameter: str) -> Decimal | dt.datetime:
    """A number or a time, whichever the value reads as."""
    found = as_number(one(values, parameter))
    if found is not None:
        return found
    try:
        return time(values, parameter)
    except QueryParameterError:
        raise bad(
            parameter,
            "phải là một số hoặc thời điểm có múi giờ, ví dụ 12.5 hay 2026-05-26T14:30:00+07:00",
            "must be a number or a time with a zone, such as 12.5 or 2026-05-26T14:30:00+07:00",
        ) from None


def field_names(text: str, parameter: str, names: Context) -> frozenset[str]:
    """The full names (`{namespace}local`) an extension field may have: of `ex:field` by the context, or as written out.

    Written out, the field stands behind the last `/`, `#` or `:`; a `#` that EPCIS 1.x put between is left off as well.
    """
    if "://" in text or text.startswith("urn:"):
        cut = max(text.rfind("/"), text.rfind("#"), -1) + 1 or text.rfind(":") + 1
        space, local = text[:cut], text[cut:]
        spaces = {space, space.removesuffix("#")}
    else:
        match = _CURIE.fullmatch(text)
        found = names.namespace(match.group(1)) if match else None
        if match is None or found is None:
            raise _unknown_prefix(match.group(1) if match else "ex", parameter)
        local = match.group(2)
        spaces = {GS1_VOC, GS1_VOC_LATER} if found in (GS1_VOC, GS1_VOC_LATER) else {found}
    if spaces & {_MASTER, _MASTER + ":"}:
        spaces |= {_MASTER, _MASTER + ":"}
    return frozenset(f"{{{space}}}{local}" for space in spaces)


def _unknown_prefix(prefix: str, parameter: str) -> QueryParameterError:
    return bad(
        parameter,
        f"chưa biết tiền tố “{prefix}”: khai báo trong “@context”, hoặc trong đầu thư "
        f"GS1-Extensions: {prefix}=https://…, hoặc viết cả tên đầy đủ của trường",
        f"the prefix “{prefix}” is not known: define it in “@context” or in the header "
        f"GS1-Extensions: {prefix}=https://…, or write out the full name of the field",
    )
