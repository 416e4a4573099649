"""What the desk asks of each kind of work, and how the answers become an event. Pure.

A kind asks a handful of things; a few more stand folded. Numbers are read as the workbook reads them: 1.234,5, with the
unit beside or behind the number.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from temthat_trace.events import Event, EventLine, LineRole, Step, line
from temthat_trace.formats import VIETNAM
from temthat_trace.importing.amounts import checked_quantity, decide, parse_number, rule_for
from temthat_trace.importing.dates import parse_day
from temthat_trace.importing.report import CellError
from temthat_trace.units import UnitError, UnitWord, convert, plain, unit

TEXT_LIMIT = 2000
_WIDE = {"text": TEXT_LIMIT, "material_lot": 64, "in_lot": 64, "actor": 100, "address": 400}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of work: the fields it asks, those it must have, and those that stand folded below."""

    asks: tuple[str, ...]
    needs: tuple[str, ...]
    more: tuple[str, ...]


_MATERIAL = ("material", "material_lot", "material_amount")
_WHOSE = ("plot", "member", "actor")

KINDS: dict[Step, Kind] = {
    Step.SOWING: Kind(_MATERIAL, ("material",), ("supplier", "text", *_WHOSE)),
    Step.CARE: Kind(("text", *_MATERIAL), ("text",), ("supplier", *_WHOSE)),
    Step.HARVEST: Kind(("out_amount", "lost_amount"), ("out_amount",), ("text", *_WHOSE)),
    Step.PURCHASE: Kind(
        ("in_what", "seller", "in_amount", "in_lot"), ("in_what", "seller"), ("text", "actor")
    ),
    Step.PRELIMINARY: Kind(("in_amount", "out_amount", "lost_amount"), ("out_amount",), ("text", "actor")),
    Step.PROCESSING: Kind(
        ("text", "in_what", "in_amount", "out_amount"),
        ("text",),
        ("lost_amount", *_MATERIAL, "supplier", "actor"),
    ),
    Step.TESTING: Kind(("text",), ("text",), ("actor",)),
    Step.PACKING: Kind(
        ("out_amount", *_MATERIAL), ("out_amount",), ("lost_amount", "supplier", "text", "actor")
    ),
    Step.STORAGE: Kind(("address", "text"), ("address",), ("lost_amount", "actor")),
    Step.TRANSPORT: Kind(("partner", "sent_amount", "text"), ("partner", "sent_amount"), ("actor",)),
    Step.OTHER: Kind(("text",), ("text",), ("address", *_WHOSE)),
}
"""In the order in which they are offered."""

MATERIAL_UNITS = (
    "KGM",
    "GRM",
    "LTR",
    "MLT",
    "XSA",
    "XBG",
    "XPA",
    "XBO",
    "XJR",
    "XBX",
    "EA",
    "H87",
    "HEA",
    "XRO",
)
_PARTS = ("material_amount", "in_amount", "lost_amount")
"""What may be half a sack; what comes out or is sold is counted whole."""
AMOUNTS = ("material_amount", "in_amount", "out_amount", "lost_amount", "sent_amount")


@dataclass(frozen=True, slots=True)
class Setting:
    """What the answers are read against: the batch, its unit, the day it is, and what may be chosen."""

    batch_id: uuid.UUID
    unit: str
    today: dt.date
    members: Collection[uuid.UUID] = frozenset()
    plots: Collection[uuid.UUID] = frozenset()


@dataclass(slots=True)
class Answers:
    """A form as read: the event it describes, or a problem for each field that has one, in both languages."""

    event: Event | None = None
    problems: dict[str, tuple[str, str]] = field(default_factory=dict)


def read_work(step: Step, given: Mapping[str, str], setting: Setting) -> Answers:
    """The event that the answers describe, not sealed and without its photos and its writer, or what is wrong."""
    kind, answers = KINDS[step], Answers()
    texts = {name: given.get(name, "").strip() for name in (*kind.asks, *kind.more)}
    for name in kind.needs:
        if not texts.get(name):
            answers.problems[name] = ("Chưa ghi ô này.", "Fill this in.")
    for name, text in texts.items():
        limit = _WIDE.get(name, 200)
        if len(text) > limit:
            answers.problems[name] = (f"Dài quá {limit} ký tự.", f"Longer than {limit} characters.")
    at = _day(given.get("day", ""), setting.today, answers)
    amounts = {name: _amount(name, given, setting, answers) for name in AMOUNTS if name in texts}
    plot = _chosen("plot", texts, setting.plots, answers)
    member = _chosen("member", texts, setting.members, answers)
    if not texts.get("material") and (alone := _first(texts, "material_lot", "material_amount", "supplier")):
        answers.problems.setdefault("material", ("Hãy ghi tên vật tư.", "Name the material."))
        answers.problems.setdefault(alone, ("Của vật tư nào?", "Of which material?"))
    if answers.problems or at is None:
        return answers
    event = Event(
        step=step,
        at=at,
        text=texts.get("text", ""),
        actor=texts.get("actor", ""),
        address=texts.get("address", ""),
        plot_id=plot,
        member_id=member,
    )
    event.lines = _lines(texts, amounts, setting.batch_id)
    answers.event = event
    return answers


def same_work(one: Event, other: Event) -> bool:
    """Whether two events say the same, photos aside: a form sent twice."""

    def said(event: Event) -> tuple[object, ...]:
        lines = sorted(tuple(sorted(line.record().items())) for line in event.lines)
        return (
            event.step,
            event.at,
            event.text,
            event.actor,
            event.address,
            event.plot_id,
            event.member_id,
            lines,
        )

    return said(one) == said(other)


def draft_answers(model: Event) -> dict[str, str]:
    """What a step of an earlier batch fills in: words and names, never a day, an amount or a lot number."""
    used = next((x for x in model.lines if x.role is LineRole.USED), None)
    into = next((x for x in model.lines if x.role is LineRole.IN), None)
    sent = next((x for x in model.lines if x.role is LineRole.SENT), None)
    filled = {
        "text": model.text or "",
        "actor": model.actor,
        "address": model.address,
        "plot": str(model.plot_id or ""),
        "member": str(model.member_id or ""),
        "material": used.what if used else "",
        "supplier": used.partner if used else "",
        "in_what": into.what if into else "",
        "seller": into.partner if into else "",
        "partner": sent.partner if sent else "",
    }
    return {name: text for name, text in filled.items() if text}


def _first(texts: Mapping[str, str], *names: str) -> str | None:
    return next((name for name in names if texts.get(name)), None)


def _day(text: str, today: dt.date, answers: Answers) -> dt.datetime | None:
    """Midnight in Vietnam of the day given: how a day without a time is kept."""
    if not text.strip():
        answers.problems["day"] = ("Hãy ghi ngày làm việc này.", "Say on which day it was done.")
        return None
    try:
        day = parse_day(text.strip()).day
    except CellError as error:
        answers.problems["day"] = (error.vi, error.en)
        return None
    if day > today:
        answers.problems["day"] = ("Ngày này chưa tới.", "This day has not come yet.")
        return None
    return dt.datetime(day.year, day.month, day.day, tzinfo=VIETNAM)


def _amount(
    name: str, given: Mapping[str, str], setting: Setting, answers: Answers
) -> tuple[Decimal, str] | None:
    text = given.get(name, "").strip()
    if not text or (name == "lost_amount" and text.strip("0,. ") == ""):
        return None
    try:
        written = parse_number(text)
        word = written.unit or _unit_chosen(given.get(f"{name}_unit", ""))
        number = decide(written, rule_for(word.code, small=False))
        amount = checked_quantity(plain(number * word.times), word.code, parts=name in _PARTS)
        if name in ("out_amount", "sent_amount"):
            convert(amount, word.code, setting.unit)
    except (CellError, UnitError) as error:
        answers.problems[name] = (error.vi, error.en)
        return None
    return amount, word.code


def unit_beside(amount: str, chosen: str) -> str:
    """The unit chosen beside a number, nothing if one is written behind the number: that goes before."""
    return "" if any(c.isalpha() for c in amount) else chosen


def _unit_chosen(code: str) -> UnitWord:
    if not code:
        raise CellError("Chưa chọn đơn vị tính.", "Choose the unit.")
    return UnitWord(unit(code).code)


def _chosen(
    name: str, texts: Mapping[str, str], among: Collection[uuid.UUID], answers: Answers
) -> uuid.UUID | None:
    text = texts.get(name, "")
    if not text:
        return None
    found = next((one for one in among if str(one) == text), None)
    if found is None:
        answers.problems[name] = ("Hãy chọn trong danh sách.", "Choose from the list.")
    return found


def _lines(
    texts: Mapping[str, str], amounts: Mapping[str, tuple[Decimal, str] | None], batch: uuid.UUID
) -> list[EventLine]:
    def made(role: LineRole, what: str, amount: str, **more: object) -> EventLine:
        quantity, code = amounts.get(amount) or (None, None)
        return line(role, what, quantity=quantity, unit=code, **more)  # type: ignore[arg-type]

    found = []
    if texts.get("material"):
        lot, supplier = texts.get("material_lot", ""), texts.get("supplier", "")
        found.append(made(LineRole.USED, texts["material"], "material_amount", lot=lot, partner=supplier))
    if texts.get("in_what") or amounts.get("in_amount"):
        lot, seller = texts.get("in_lot", ""), texts.get("seller", "")
        found.append(made(LineRole.IN, texts.get("in_what", ""), "in_amount", lot=lot, partner=seller))
    for name, role in (("out_amount", LineRole.OUT), ("lost_amount", LineRole.LOST)):
        if amounts.get(name):
            found.append(made(role, "", name, batch=batch))
    if texts.get("partner"):
        found.append(made(LineRole.SENT, "", "sent_amount", batch=batch, partner=texts["partner"]))
    return found
