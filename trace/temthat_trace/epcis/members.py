"""The rules of single members of events: identifiers, words, quantities, lists. Each adds what it finds."""

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from temthat_trace.epcis import events as ev
from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.identifiers import Kind, identify
from temthat_trace.epcis.problems import Problem, step
from temthat_trace.epcis.texts import is_uri
from temthat_trace.gs1.remember import remembered
from temthat_trace.units import UNITS

_UOM = re.compile(r"[A-Z0-9]{2,3}")
Found = list[Problem]


def check_action(event: ev.Event, found: Found) -> None:
    """`action` is there and one of the three."""
    if event.action is None:
        found.append(missing("/action"))
    elif event.action not in cbv.ACTIONS:
        found.append(
            Problem(
                "/action",
                "action",
                "“action” chỉ là ADD, OBSERVE hoặc DELETE (chữ in).",
                "“action” is ADD, OBSERVE or DELETE (capitals).",
            )
        )


def check_epcs(epcs: Iterable[str] | None, at: str, found: Found) -> None:
    """A list of EPCs: each an identifier of one thing, none twice in whichever way it is written."""
    if not epcs:
        return
    seen: dict[str, str] = {}
    for i, text in enumerate(epcs):
        known = identify(text)
        kind = known.kind
        if known.fault is not None or not known.is_plain:
            kind = check_identifier(text, f"{at}/{i}", found)
        if kind is Kind.CLASS:
            found.append(
                Problem(
                    f"{at}/{i}",
                    "granularity",
                    "Đây là mã loại hoặc lô, không phải một vật; nên ghi vào quantityList.",
                    "This names a class or lot, not one thing; it belongs in a quantity list.",
                )
            )
        same = known.canonical
        if same in seen:
            is_same_text = seen[same] == text
            rule = "duplicate_epc" if is_same_text else "duplicate_identity"
            vi = f"Vật này đã có trong danh sách ({same}); hãy bỏ một."
            en = f"This thing is in the list already ({same}); leave one off."
            found.append(Problem(f"{at}/{i}", rule, vi, en))
        seen[same] = text


def check_quantities(quantities: Iterable[ev.QuantityElement] | None, at: str, found: Found) -> None:
    """A list of quantities: class, amount and unit of each."""
    for i, element in enumerate(quantities or ()):
        here = f"{at}/{i}"
        check_closed(element, here, found)
        if element.epc_class is None:
            found.append(missing(here + "/epcClass"))
        elif check_identifier(element.epc_class, here + "/epcClass", found) is Kind.INSTANCE:
            found.append(
                Problem(
                    here + "/epcClass",
                    "granularity",
                    "Đây là mã của một vật, không phải của loại hay lô.",
                    "This names one thing, not a class or lot.",
                )
            )
        _amount(element, here, found)


def _amount(element: ev.QuantityElement, here: str, found: Found) -> None:
    quantity, uom = element.quantity, element.uom
    if uom is not None:
        if not _UOM.fullmatch(uom):
            found.append(
                Problem(
                    here + "/uom",
                    "unit",
                    "Đơn vị phải là mã UN/ECE như KGM, LTR, H87.",
                    "The unit must be a UN/ECE code such as KGM, LTR, H87.",
                )
            )
        elif uom not in UNITS:
            found.append(
                Problem(
                    here + "/uom",
                    "unit_unknown",
                    f"Đơn vị “{uom}” không đổi được ở đây, nên không tính cân bằng.",
                    f"The unit “{uom}” cannot be converted here, so no balance is drawn.",
                )
            )
    if quantity is None:
        return
    if quantity < 0:
        found.append(
            Problem(
                here + "/quantity", "quantity", "Số lượng không được âm.", "A quantity may not be negative."
            )
        )
    elif quantity == 0:
        found.append(Problem(here + "/quantity", "zero_quantity", "Số lượng là 0.", "The quantity is 0."))
    elif quantity % 1 != 0 and (uom is None or (uom in UNITS and UNITS[uom].is_whole)):
        found.append(
            Problem(
                here + "/quantity",
                "whole_number",
                "Đếm theo cái thì phải là số nguyên; nếu cân đo hãy ghi uom.",
                "A count must be whole; for weights and volumes give the uom.",
            )
        )


def check_persistent(value: ev.PersistentDisposition | None, found: Found) -> None:
    """Persistent dispositions: at least one word, none twice, none both set and unset."""
    if value is None:
        return
    at = "/persistentDisposition"
    check_closed(value, at, found)
    if not value.set and not value.unset:
        found.append(missing(at + "/set"))
    for name, words in (("set", value.set), ("unset", value.unset)):
        if words == ():
            found.append(
                Problem(
                    f"{at}/{name}",
                    "required",
                    "Danh sách rỗng; hãy bỏ đi.",
                    "The list is empty; leave it off.",
                )
            )
        for i, text in enumerate(words or ()):
            check_word(text, cbv.DISPOSITION, f"{at}/{name}/{i}", found)
        if words and len(set(words)) != len(words):
            found.append(Problem(f"{at}/{name}", "duplicate", "Có từ lặp lại.", "A word stands twice."))
    if set(value.set or ()) & set(value.unset or ()):
        found.append(
            Problem(
                at, "set_and_unset", "Vừa đặt vừa gỡ cùng một trạng thái.", "The same state is set and unset."
            )
        )


def check_ilmd(ilmd: ev.Json | None, found: Found) -> None:
    """Master data of instances or lots has names with a namespace."""
    for name in ilmd or ():
        if ":" not in name:
            found.append(
                Problem(
                    "/ilmd" + step(name),
                    "ilmd_namespace",
                    f"“{name[:60]}” trong ilmd phải có tiền tố, như cbvmda:lotNumber.",
                    f"“{name[:60]}” in ilmd needs a prefix, such as cbvmda:lotNumber.",
                )
            )


def check_closed(parts: ev.Parts, at: str, found: Found) -> None:
    """Members of list elements that the standard closes."""
    for name in parts.extensions:
        found.append(
            Problem(
                at + step(name),
                "unknown_member",
                "Chỗ này không được có phần mở rộng.",
                "No extension may stand here.",
            )
        )


def check_word(text: str | None, vocabulary: cbv.Vocabulary, at: str, found: Found) -> None:
    """A standard word bare or as its web URI, or a URI of somebody's own; None is no finding."""
    if text is None or text in vocabulary.words:
        return
    problem = _word_problem(text, vocabulary)
    if problem:
        found.append(replace(problem, pointer=at))


@remembered(1024)
def _word_problem(text: str, vocabulary: cbv.Vocabulary) -> Problem | None:
    word = vocabulary.word(text)
    if word is not None:
        if text.startswith("urn:"):
            return Problem(
                "", "vocabulary_form", f"Trong JSON hãy viết “{word}”.", f"In JSON write “{word}”."
            )
        return None
    if ":" in text and not vocabulary.claims(text) and not text.startswith("urn:epcglobal:cbv:"):
        if is_uri(text):
            return None
        return Problem("", "uri", "Từ riêng phải là một URI.", "A word of one's own must be a URI.")
    by_likeness = sorted(vocabulary.words, key=lambda w: (_distance(w, text), abs(len(w) - len(text)), w))
    near = ", ".join(by_likeness[:3])
    return Problem(
        "",
        "vocabulary",
        f"“{text[:60]}” không có trong từ vựng CBV; có phải: {near}? Từ riêng phải là URI.",
        f"“{text[:60]}” is no word of the CBV; did you mean {near}? A word of one's own is a URI.",
    )


def _distance(a: str, b: str) -> int:
    return -len(set(pairwise(a)) & set(pairwise(b.lower())))


def check_uri(text: str, at: str, found: Found) -> bool:
    """Whether the text is a URI; a finding when it is not."""
    if is_uri(text):
        return True
    found.append(
        Problem(
            at,
            "uri",
            f"“{text[:60]}” phải là một URI, như urn:… hoặc https://…",
            f"“{text[:60]}” must be a URI, such as urn:… or https://…",
        )
    )
    return False


def check_identifier(text: str, at: str, found: Found) -> Kind:
    """A URI that keeps the rules of GS1 when it speaks of GS1; says what it names."""
    seen = identify(text)
    if not seen.is_plain and not check_uri(text, at, found):
        return Kind.OTHER
    if seen.fault is not None:
        rule = {"check_digit": "check_digit", "alpha": "old_link"}.get(seen.fault.rule, "gs1_key")
        found.append(Problem(at, rule, seen.fault.vi, seen.fault.en))
    return seen.kind


def require_identifier(text: str | None, at: str, found: Found) -> None:
    """An identifier that must be there."""
    if text is None:
        found.append(missing(at))
    else:
        check_identifier(text, at, found)


def missing(at: str) -> Problem:
    """The finding that a member is not there; its name is the last step of the pointer."""
    name = at.rsplit("/", 1)[1]
    return Problem(at, "required", f"Thiếu “{name}”.", f"“{name}” is missing.")


def no_time(at: str, text: Any) -> Problem:
    """The finding that a text is no instant with a zone."""
    return Problem(
        at,
        "time",
        f"“{str(text)[:40]}” phải là giờ có múi giờ, như 2026-05-26T14:30:00+07:00.",
        f"“{str(text)[:40]}” must be a time with a zone, such as 2026-05-26T14:30:00+07:00.",
    )
