"""Rules for papers, batches and their sources."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from temthat_trace import formats
from temthat_trace.importing.dates import ShelfLife, add_months
from temthat_trace.importing.existing import Key
from temthat_trace.importing.interpret import Row
from temthat_trace.importing.link import Link, Rule
from temthat_trace.importing.plan import Entry
from temthat_trace.papers import OCOP_VALID_MONTHS, PaperKind
from temthat_trace.products import ProductKind
from temthat_trace.units import UnitError, convert

GRACE = dt.timedelta(days=1)
"""Clocks and time zones differ; tomorrow is not a lie."""

STARS = range(3, 6)


def paper(link: Link, row: Row) -> None:
    """A paper. OCOP: three to five stars for one product, 36 months from its issue unless it says otherwise."""
    owner, code = link.party_of(row), row.get("code")
    if owner is None or code is None or link.is_duplicate(row, (owner, code), "code"):
        return
    values = link.fields(row, "kind", "number", "authority", "issued_on", "valid_until", "stars")
    if "product" in row.columns:
        values["product"] = link.reference(row, "product", "product", (owner,))
    issued = values.get("issued_on")
    may_fill = "valid_until" in row.columns or link.before("paper", (owner, code)) is None
    if values.get("kind") is PaperKind.OCOP and issued and not row.get("valid_until") and may_fill:
        values["valid_until"] = add_months(issued, OCOP_VALID_MONTHS)
    defaults = {"product": None, "authority": "", "issued_on": None, "valid_until": None, "stars": None}
    _check_paper(link, row, link.add(row, (owner, code), values, defaults).values)


def _check_paper(link: Link, row: Row, values: dict[str, Any]) -> None:
    def wrong(column: str, vi: str, en: str) -> None:
        if column not in row.broken:
            link.problem(row, column, vi, en)

    if values.get("kind") is PaperKind.OCOP:
        if values["stars"] not in STARS:
            wrong("stars", "Giấy OCOP phải ghi 3, 4 hoặc 5 sao.", "An OCOP paper has 3, 4 or 5 stars.")
        if values["product"] is None:
            wrong(
                "product", "Giấy OCOP cấp cho một sản phẩm: hãy ghi mã.", "An OCOP paper is for one product."
            )
        if values["issued_on"] is None:
            wrong("issued_on", "Giấy OCOP phải ghi ngày cấp.", "An OCOP paper needs its date of issue.")
    elif values.get("kind") is not None and values["stars"] is not None:
        wrong("stars", "Chỉ giấy OCOP có số sao.", "Only an OCOP paper has stars.")
    issued, until = values["issued_on"], values["valid_until"]
    if issued and until and until < issued:
        wrong("valid_until", "Ngày hết hạn trước ngày cấp.", "The paper ends before it was issued.")


def batch(link: Link, row: Row) -> None:
    """A batch of goods, with its dates in order and its quantity in a unit of its product."""
    owner, of, lot = link.party_of(row), row.get("product"), row.get("lot")
    if owner is None or of is None or lot is None or link.is_duplicate(row, (owner, of, lot), "lot"):
        return
    key = (owner, of, lot)
    if not link.exists(row, "product", "product", (owner, of)):
        return
    facts = link.fact("product", (owner, of)) or {}
    if facts.get("kind") is ProductKind.SERVICE:
        link.problem(
            row, "product", "Dịch vụ không có lô và không có tem.", "A service has no batches and no stamps."
        )
    values = link.fields(row, "made_on", "address")
    base = facts.get("base_unit")
    amount = link.amount(row, "quantity", "unit", base)
    if amount:
        values["quantity"], values["unit"] = amount
        if base:
            link.converted(row, "unit" if "unit" in row.columns else "quantity", *amount, base)
    for column, sheet in (("plot", "plot"), ("member", "member")):
        if column in row.columns:
            values[column] = link.reference(row, column, sheet, (owner,))
    _dates(link, row, values, facts.get("shelf_life_months"), known=link.before("batch", key) is not None)
    link.note_place(row)
    entry = link.add(row, key, values, {"address": "", "plot": None, "member": None, "expires_on": None})
    if entry.before and entry.before.id in link.existing.frozen:
        _check_frozen(link, row, entry, base)


def _dates(link: Link, row: Row, values: dict[str, Any], shelf_months: int | None, *, known: bool) -> None:
    made: dt.date | None = values.get("made_on")
    if made is None:
        return
    if made > formats.today(link.existing.now + GRACE):
        link.problem(row, "made_on", "Ngày sản xuất ở tương lai.", "The made date lies in the future.")
    if "expires_on" in row.broken or ("expires_on" not in row.columns and known):
        return
    expires: dt.date | ShelfLife | None = row.get("expires_on")
    if expires is None and shelf_months:
        expires = ShelfLife(months=shelf_months)
    if isinstance(expires, ShelfLife):
        expires = expires.after(made)
    values["expires_on"] = expires
    if expires and expires < made:
        link.problem(
            row, "expires_on", "Hạn sử dụng trước ngày sản xuất.", "The batch expires before it was made."
        )


def _check_frozen(link: Link, row: Row, entry: Entry, base: str | None) -> None:
    """Stamps are out there that say these dates and stand for this quantity."""
    before = entry.before.values if entry.before else {}
    for column in sorted(entry.changed & {"made_on", "expires_on"}):
        link.problem(
            row,
            column,
            f"Lô đã in tem, ngày không đổi được (đang là {_shown(before[column])}).",
            f"Stamps were printed for this batch; its dates cannot change (it is {_shown(before[column], 'en')}).",
        )
    if (
        not entry.changed & {"quantity", "unit"}
        or base is None
        or entry.before is None
        or entry.before.id is None
    ):
        return
    now = _in_base(entry.values, base)
    least = link.existing.frozen[entry.before.id]
    least = _in_base(before, base) if least is None else least
    if now is not None and least is not None and now < least:
        link.problem(
            row,
            "quantity",
            f"Lô đã in tem cho {formats.quantity(least, base)}, số lượng không giảm dưới mức đó được.",
            f"Stamps were printed for {formats.quantity(least, base, 'en')}; the quantity cannot go below that.",
        )


def _in_base(values: dict[str, Any], base: str) -> Decimal | None:
    try:
        return convert(values["quantity"], values["unit"], base)
    except UnitError:
        return None


def _shown(day: dt.date | None, lang: str = "vi") -> str:
    return formats.date(day, lang) if day else "—"


def source(link: Link, row: Row) -> None:
    """What a batch was made from. The source may be another party's batch: that is one step back."""
    owner, of, lot = link.party_of(row), row.get("product"), row.get("lot")
    source_lot = row.get("source_lot")
    if owner is None or of is None or lot is None or source_lot is None:
        return
    made = (owner, of, lot)
    origin = (row.get("source_party") or owner, row.get("source_product") or of, source_lot)
    if link.is_duplicate(row, (*made, *origin), "source_lot"):
        return
    if made == origin:
        link.problem(
            row, "source_lot", "Lô không thể làm từ chính nó.", "A batch cannot be made from itself."
        )
        return
    if not (link.exists(row, "lot", "batch", made) and link.exists(row, "source_lot", "batch", origin)):
        return
    from_unit = (link.fact("batch", origin) or {}).get("unit")
    amount = link.amount(row, "quantity", "unit", from_unit)
    if amount is None:
        return
    if from_unit and link.converted(row, "quantity", *amount, from_unit) is None:
        return
    link.add(row, (*made, *origin), {"quantity": amount[0], "unit": amount[1]}, {})


def check_sources(link: Link) -> None:
    """Across all sources: nothing is made from itself by a detour, and no batch gives more than it has."""
    made_from: dict[Key, list[Key]] = defaultdict(list)
    taken: dict[Key, list[tuple[dict[str, Any], Row | None]]] = defaultdict(list)
    stored = {k: (known.values, None) for k, known in link.existing.records.get("source", {}).items()}
    planned = {
        e.key: (e.values, link.row_of.get((s, e.key))) for (s, _), e in link.entries.items() if s == "source"
    }
    for key, use in {**stored, **planned}.items():
        made_from[key[:3]].append(key[3:])
        taken[key[3:]].append(use)
    for origin, uses in taken.items():
        _check_balance(link, origin, uses)
    for key in _on_a_circle(made_from):
        row = next((r for k, (_, r) in planned.items() if k[:3] == key and r), None)
        if row:
            link.problem(
                row,
                "source_lot",
                "Các lô tạo thành vòng tròn: lô này rốt cuộc làm từ chính nó.",
                "The batches form a circle: this one is made from itself in the end.",
            )


def _check_balance(link: Link, origin: Key, uses: list[tuple[dict[str, Any], Row | None]]) -> None:
    facts = link.fact("batch", origin)
    row = next((r for _, r in reversed(uses) if r), None)
    if facts is None or row is None or "quantity" not in facts:
        return
    try:
        used = sum((convert(u["quantity"], u["unit"], facts["unit"]) for u, _ in uses), Decimal(0))
    except UnitError:
        return
    if used > facts["quantity"]:
        have, want = (formats.quantity(q, facts["unit"]) for q in (facts["quantity"], used))
        link.problem(
            row,
            "quantity",
            f"Lô nguồn {origin[2]} chỉ có {have} mà các lô lấy tất cả {want}.",
            f"The source batch {origin[2]} has {formats.quantity(facts['quantity'], facts['unit'], 'en')}, "
            f"but {formats.quantity(used, facts['unit'], 'en')} are taken from it.",
        )


def _on_a_circle(made_from: dict[Key, list[Key]]) -> list[Key]:
    """Batches on a circle (or between two): what is left when loose ends are peeled off from both sides."""
    used_by: dict[Key, list[Key]] = defaultdict(list)
    for made, origins in made_from.items():
        for origin in origins:
            used_by[origin].append(made)
    return sorted(_tangled(made_from, used_by) & _tangled(used_by, made_from))


def _tangled(ahead: Mapping[Key, list[Key]], back: Mapping[Key, list[Key]]) -> set[Key]:
    """Nodes from which following `ahead` need not end: what remains when ends are taken away, round by round."""
    waiting = {k: set(nexts) for k, nexts in ahead.items()}
    ready = [k for k in back if k not in waiting]
    while ready:
        done = ready.pop()
        for before in back.get(done, ()):
            waiting[before].discard(done)
            if not waiting[before]:
                del waiting[before]
                ready.append(before)
    return set(waiting)


TRACING_RULES: dict[str, Rule] = {"paper": paper, "batch": batch, "source": source}
