"""Rules for what happened: the diary with its materials and amounts, shipments, purchase slips.

Rows of the diary that say the same of one batch and moment, and differ only in material and amounts, are one event
with several lines.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from temthat_trace.events import LineRole, Step
from temthat_trace.importing.existing import MOMENT, SAID, Key, LineValue, event_key
from temthat_trace.importing.interpret import Row
from temthat_trace.importing.link import Link, Rule
from temthat_trace.importing.tracing import GRACE
from temthat_trace.search import fold

_AMOUNTS = (("in_quantity", LineRole.IN), ("out_quantity", LineRole.OUT), ("lost_quantity", LineRole.LOST))
_LINE_COLUMNS = frozenset(
    {"material", "material_lot", "material_quantity", "supplier", "in_what", *(c for c, _ in _AMOUNTS)}
)


@dataclass(slots=True)
class _Told:
    """One event as its rows tell it. `whole`: the sheet has columns for lines, plot and member at all."""

    row: Row
    values: dict[str, Any]
    whole: bool
    lines: list[LineValue] = field(default_factory=list)


class Diary:
    """Collects the rows of a workbook's diary and shipments; `finish` makes events of them."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, Key], _Told] = {}

    def event(self, link: Link, row: Row) -> None:
        """A dated event. It is sealed when stored and never changes; what says the same is the same event."""
        values = _what_and_when(link, row)
        if values is None:
            return
        values |= {c: row.values.get(c, "") for c in ("text", "actor", "address")}
        _check_actor(link, row, values["batch"][0], values["actor"])
        for column in ("plot", "member"):
            values[column] = link.reference(row, column, column, values["batch"][:1])
        lines = list(_lines(link, row, values["batch"]))
        if not row.broken:
            self._tell(link, row, values, lines)

    def shipment(self, link: Link, row: Row) -> None:
        """Goods of a batch handed over: one step forward."""
        values = _what_and_when(link, row)
        partner = row.get("partner")
        if values is None or partner is None:
            return
        batch = values["batch"]
        amount = _amount_of_batch(link, row, "quantity", batch)
        if row.broken or amount is None:
            return
        values |= {"step": Step.TRANSPORT, "text": row.values.get("text", ""), "actor": "", "address": ""}
        values |= {"plot": None, "member": None}
        line = LineValue(LineRole.SENT, batch=batch, partner=partner, quantity=amount[0], unit=amount[1])
        self._tell(link, row, values, [line])

    def _tell(self, link: Link, row: Row, values: dict[str, Any], lines: list[LineValue]) -> None:
        sheet = row.spec.key
        key = event_key(**values)
        told = self._told.get((sheet, key))
        if told is None:
            whole = bool(_LINE_COLUMNS & row.columns.keys()) or sheet == "shipment"
            self._told[sheet, key] = _Told(row, values, whole, lines)
        elif lines and not set(lines) & set(told.lines):
            told.lines += lines
        else:
            link.row_of[sheet, key] = told.row
            link.is_duplicate(row, key, "at")

    def finish(self, link: Link) -> None:
        """An entry for each event."""
        stored: dict[Key, Key] = {}
        moments: set[Key] = set()
        for key in link.existing.records.get("event", {}):
            stored.setdefault(key[:SAID], key)
            moments.add(key[:MOMENT])
        for (sheet, base), told in self._told.items():
            key = event_key(**told.values, lines=told.lines)
            if not told.whole and link.before(sheet, key) is None:
                # An older workbook without the columns of lines says nothing against lines that are stored.
                key = stored.get(base[:SAID], key)
            if key[:MOMENT] in link.existing.private.events:
                _say_erased(link, told.row)
                continue
            if link.before(sheet, key) is None and key[:MOMENT] in moments:
                _say_again(link, told.row)
            link.row_of[sheet, key] = told.row
            link.add(told.row, key, {}, {**told.values, "lines": tuple(told.lines)})


def _say_erased(link: Link, row: Row) -> None:
    link.problem(
        row,
        "at",
        "Việc này của lô đã được xóa nội dung theo yêu cầu. Hãy bỏ dòng này khỏi sổ; nếu là việc khác cùng lúc thì ghi "
        "lệch một phút.",
        "The text of this batch's event was erased on request. Take this row out; if it is another event of the same "
        "moment, write it a minute later.",
    )


def _check_actor(link: Link, row: Row, owner: str, actor: str) -> None:
    """A member's full name as the one who did the work, when that member did not agree to be named."""
    alias = link.existing.private.unshown.get((owner, fold(actor))) if actor else None
    if alias is not None:
        link.problem(
            row,
            "actor",
            f"Đây là họ tên của một thành viên chưa đồng ý cho mọi người thấy họ tên. Hãy ghi “{alias}”.",
            f"This is the full name of a member who did not agree to its being shown. Write “{alias}”.",
        )


def _say_again(link: Link, row: Row) -> None:
    link.findings.note(
        row.sheet,
        row.address("at"),
        "Lô này đã có một việc như vậy vào lúc đó với nội dung khác. Nếu dòng này là để sửa: vào trang của lô, "
        "bấm “Ghi nhầm” ở việc cũ.",
        "This batch already has such an event at that time saying something else. If this row corrects it, mark the "
        "old one as a slip on the batch's page.",
    )


def _what_and_when(link: Link, row: Row) -> dict[str, Any] | None:
    """Batch, moment and step of a row; None when it has none or they were reported."""
    owner, of, lot = link.party_of(row), row.get("product"), row.get("lot")
    at = row.get("at")
    step = row.get("step") if row.spec.key == "event" else Step.TRANSPORT
    if owner is None or of is None or lot is None or at is None or step is None or row.broken:
        return None
    batch = (owner, of, lot)
    if not link.exists(row, "lot", "batch", batch) or not _has_happened(link, row, at):
        return None
    return {"batch": batch, "step": step, "at": at}


def _has_happened(link: Link, row: Row, at: dt.datetime) -> bool:
    if at > link.existing.now + GRACE:
        link.problem(row, "at", "Sự kiện ở tương lai.", "The event lies in the future.")
        return False
    return True


def _lines(link: Link, row: Row, batch: Key) -> Iterator[LineValue]:
    material = row.get("material")
    if material:
        amount = link.amount(row, "material_quantity", "material_unit", None, parts=True)
        lot, supplier = row.get("material_lot") or "", row.get("supplier") or ""
        yield LineValue(LineRole.USED, material, lot, None, supplier, *(amount or (None, None)))
    elif alone := next((c for c in ("material_lot", "material_quantity", "supplier") if row.get(c)), None):
        link.problem(row, alone, "Hãy ghi tên vật tư.", "Name the material.")
    for column, role in _AMOUNTS:
        written = row.get(column)
        goods = row.get("in_what") or "" if role is LineRole.IN else ""
        if written is None or (role is LineRole.LOST and written.value == 0):
            if goods:
                yield LineValue(role, goods)
            continue
        amount = _amount_of_batch(link, row, column, batch, fits=role is LineRole.OUT)
        if amount:
            own = batch if role is not LineRole.IN else None
            yield LineValue(role, goods, batch=own, quantity=amount[0], unit=amount[1])


def _amount_of_batch(link: Link, row: Row, column: str, batch: Key, *, fits: bool = True) -> Any:
    """A quantity in the row's unit or the batch's; what is the batch itself must be counted in a unit of it."""
    unit = (link.fact("batch", batch) or {}).get("unit")
    amount = link.amount(row, column, "unit", unit)
    if amount and fits and unit and link.converted(row, column, *amount, unit) is None:
        return None
    return amount


def slip(link: Link, row: Row) -> None:
    """What a household delivered. Corrected by its number; one that was cancelled at the desk stays so."""
    owner, number, at = link.party_of(row), row.get("number"), row.get("at")
    if owner is None or number is None or link.is_duplicate(row, (owner, number), "number"):
        return
    if at is not None:
        _has_happened(link, row, at)
    before = link.before("slip", (owner, number))
    values = link.fields(row, "at", "what", "note")
    for column in ("member", "plot", "product"):
        if column in row.columns:
            values[column] = link.reference(row, column, column, (owner,))
    _slip_goods(link, row, owner, values, before.values if before else {})
    empty = {"plot": None, "what": "", "product": None, "lot": None, "note": "", "withdrawn": False}
    if before and before.values["withdrawn"]:
        vi = f"Phiếu {number} đã hủy; dòng này không được dùng."
        link.findings.note(
            row.sheet, row.address("number"), vi, f"Slip {number} was cancelled; the row is not used."
        )
        return
    link.add(row, (owner, number), values, empty)


def _slip_goods(link: Link, row: Row, owner: str, values: dict[str, Any], before: dict[str, Any]) -> None:
    """The lot, goods and amount of a slip into `values`."""
    product = values.get("product") or (None if "product" in row.columns else before.get("product"))
    if "lot" in row.columns:
        lot = values["lot"] = row.get("lot")
        if lot and not product and "product" not in row.broken:
            link.problem(
                row, "lot", "Hãy ghi mã sản phẩm của lô này.", "Give the code of the product of this lot."
            )
        elif lot and product:
            link.exists(row, "lot", "batch", (owner, product, lot))
    if not product and not values.get("what", before.get("what")) and not row.broken:
        link.problem(
            row,
            "what" if "what" in row.columns else "number",
            "Hãy ghi tên hàng hoặc mã sản phẩm.",
            "Name the goods or give the product's code.",
        )
    base = (link.fact("product", (owner, product)) or {}).get("base_unit") if product else None
    amount = link.amount(row, "quantity", "unit", base)
    if amount:
        values["quantity"], values["unit"] = amount


def diary_rules(diary: Diary) -> dict[str, Rule]:
    """A rule for each sheet of what happened."""
    return {"event": diary.event, "shipment": diary.shipment, "slip": slip}
