"""Rules for who and what: parties, members, plots, products, pack forms, combos."""

import datetime as dt
from typing import Any

from temthat_trace import formats
from temthat_trace.importing.existing import Erased, Key
from temthat_trace.importing.interpret import Row
from temthat_trace.importing.link import Link, Rule
from temthat_trace.parties import PRODUCERS, PartyKind
from temthat_trace.products import PackKind, ProductKind
from temthat_trace.search import fold
from temthat_trace.units import convertible, unit

ALLIANCES = frozenset({PartyKind.NATIONAL_ALLIANCE, PartyKind.PROVINCIAL_ALLIANCE})

_MAY_CREATE: dict[PartyKind, frozenset[PartyKind]] = {
    PartyKind.NATIONAL_ALLIANCE: frozenset(PartyKind) - {PartyKind.NATIONAL_ALLIANCE},
    PartyKind.PROVINCIAL_ALLIANCE: PRODUCERS | {PartyKind.PRINT_HOUSE, PartyKind.SHOP},
}
_DEEPEST_CASE = 8
_MOST_SEASONS = 12


def party(link: Link, row: Row) -> None:
    """A party. Its kind, alliance and being a sample are for those above it to set, never for itself."""
    code = row.get("code")
    if code is None or link.is_duplicate(row, (code,), "code"):
        return
    key = (code,)
    values = link.fields(
        row,
        "kind",
        "name",
        "name_en",
        "address",
        "hotline",
        "email",
        "tax_code",
        "gln",
        empty={"tax_code": ""},
    )
    if row.get("is_sample") is not None:
        values["is_sample"] = row.get("is_sample")
    alliance = row.get("alliance")
    before = link.before("party", key)
    existing = link.existing
    if alliance is not None:
        if link.exists(row, "alliance", "party", (alliance,)):
            values["alliance"] = alliance
    elif before is None and existing.acting_kind in ALLIANCES:
        values["alliance"] = existing.acting
    defaults = {
        "name_en": "",
        "address": "",
        "hotline": "",
        "email": "",
        "tax_code": "",
        "gln": None,
        "alliance": None,
        "is_sample": False,
    }
    link.note_place(row)
    entry = link.add(row, key, values, defaults)
    if existing.is_operator:
        return
    may_create = _MAY_CREATE.get(existing.acting_kind) if existing.acting_kind else None
    if before is None:
        if may_create is None or entry.values.get("kind") not in may_create:
            link.problem(
                row,
                "code",
                "Tài khoản này không lập được đơn vị mới loại này. Hãy nhờ Liên minh HTX.",
                "This account may not create such a party. Ask the alliance.",
            )
        elif not _in_scope(link, entry.values.get("alliance")):
            _outside(link, row, "alliance")
    elif entry.changed:
        _check_change(link, row, code, entry.changed, entry.values, may_create)


def _check_change(
    link: Link,
    row: Row,
    code: str,
    changed: frozenset[str],
    values: dict[str, Any],
    may_create: frozenset[PartyKind] | None,
) -> None:
    if not link.may_touch(code):
        _outside(link, row, "code")
        return
    own = code == link.existing.acting or may_create is None
    for column in sorted(changed & {"kind", "alliance", "is_sample"}):
        if own:
            link.problem(
                row,
                column,
                "Đơn vị không tự đổi được mục này. Hãy nhờ Liên minh HTX.",
                "A party cannot change this of itself. Ask the alliance.",
            )
        elif column == "kind" and values["kind"] not in (may_create or ()):
            link.problem(
                row,
                column,
                "Tài khoản này không đặt được loại đơn vị này.",
                "This account may not set this kind.",
            )
        elif column == "alliance" and not _in_scope(link, values["alliance"]):
            _outside(link, row, column)


def _in_scope(link: Link, code: str | None) -> bool:
    scope = link.existing.scope
    return code is not None and (scope is None or code in scope)


def _outside(link: Link, row: Row, column: str) -> None:
    link.problem(
        row,
        column,
        "Đơn vị này không thuộc quyền của tài khoản này.",
        "This party is outside what this account may change.",
    )


def member(link: Link, row: Row) -> None:
    """A member or household. Name and telephone only with a recorded consent (Law 91/2025/QH15)."""
    owner, code = link.party_of(row), row.get("code")
    if owner is None or code is None or link.is_duplicate(row, (owner, code), "code"):
        return
    erased = link.existing.private.erased_as(owner, code)
    if erased is not None:
        _say_erased(link, row, erased)
        return
    values = link.fields(row, "alias", "commune_text", "full_name", "phone", "consented_on")
    defaults = {"commune_text": "", "full_name": "", "phone": "", "consented_on": None}
    entry = link.add(row, (owner, code), values, defaults)
    _check_consent(link, row, (owner, code), entry.values)
    unnamed = (owner, code) not in link.existing.private.named
    if (
        unnamed
        and entry.values["full_name"]
        and fold(entry.values["alias"]) == fold(entry.values["full_name"])
    ):
        link.problem(
            row,
            "alias",
            "Tên hiển thị trùng với họ tên, mà người này chưa đồng ý cho mọi người thấy họ tên. Hãy dùng tên khác, ví "
            "dụ “Hộ bà Tư”.",
            "The alias is the full name, which this person did not agree to show. Use another one.",
        )


def _check_consent(link: Link, row: Row, key: Key, values: dict[str, Any]) -> None:
    """Nothing personal without a day of consent, and that a day which has come and that no withdrawal followed."""
    personal = "full_name" if values["full_name"] else "phone"
    day: dt.date | None = values["consented_on"]
    if "consented_on" in row.broken:
        return
    if values[personal] and day is None:
        link.problem(
            row,
            personal,
            "Ghi họ tên, số điện thoại thì phải có ngày người đó đồng ý. Nếu chưa hỏi: hãy xóa ô này.",
            "A name or telephone number needs the date on which that person agreed. Not asked yet: empty this cell.",
        )
    withdrawn = link.existing.private.withdrawn.get(key)
    if day is None:
        return
    if day > formats.today(link.existing.now):
        link.problem(
            row,
            "consented_on",
            "Ngày đồng ý không được ở sau hôm nay.",
            "The day of consent cannot be after today.",
        )
    elif withdrawn is not None and day <= withdrawn:
        link.problem(
            row,
            "consented_on" if "consented_on" in row.columns else personal,
            f"Người này đã rút đồng ý ngày {formats.date(withdrawn)}. Hãy xóa họ tên, số điện thoại và ngày đồng ý, "
            "hoặc hỏi lại và ghi ngày đồng ý mới.",
            f"This person withdrew consent on {formats.date(withdrawn, 'en')}. Empty name, telephone and date, or ask "
            "again and write the new date.",
        )


def _say_erased(link: Link, row: Row, erased: Erased) -> None:
    link.problem(
        row,
        "code",
        f"Dữ liệu của hộ mang mã này đã được xóa theo yêu cầu ngày {formats.date(erased.on)}. Hãy bỏ dòng này khỏi sổ; "
        f"ở các trang khác, mã của hộ nay là “{erased.code}”.",
        f"This member's data was erased on request on {formats.date(erased.on, 'en')}. Take this row out; "
        f"on other sheets the code is now “{erased.code}”.",
    )


def plot(link: Link, row: Row) -> None:
    """A plot or growing area."""
    owner, code = link.party_of(row), row.get("code")
    if owner is None or code is None or link.is_duplicate(row, (owner, code), "code"):
        return
    values = link.fields(row, "name", "growing_area_code", "address", empty={"growing_area_code": ""})
    if "member" in row.columns:
        values["member"] = link.reference(row, "member", "member", (owner,))
    for column, in_unit in (("area_ha", "HAR"), ("yield_kg_per_ha", "KGM")):
        if column in row.columns and column not in row.broken:
            amount = link.amount(row, column, None, in_unit)
            converted = link.converted(row, column, *amount, in_unit) if amount else None
            values[column] = round(converted, 6) if converted is not None else None
    values |= link.fields(row, "seasons_per_year", "gln")
    if (values.get("seasons_per_year") or 1) not in range(1, _MOST_SEASONS + 1):
        link.problem(
            row,
            "seasons_per_year",
            f"Số vụ mỗi năm từ 1 đến {_MOST_SEASONS}.",
            f"Seasons per year are 1 to {_MOST_SEASONS}.",
        )
    link.note_place(row)
    defaults = {
        "name": "",
        "member": None,
        "area_ha": None,
        "growing_area_code": "",
        "yield_kg_per_ha": None,
        "seasons_per_year": None,
        "gln": None,
        "address": "",
    }
    link.add(row, (owner, code), values, defaults)


def product(link: Link, row: Row) -> None:
    """A product. Once stamps are printed the unit it is counted in stands."""
    owner, code = link.party_of(row), row.get("code")
    if owner is None or code is None or link.is_duplicate(row, (owner, code), "code"):
        return
    key = (owner, code)
    facts = link.fact("party", (owner,))
    if facts and facts.get("kind") not in PRODUCERS:
        link.problem(
            row,
            "party",
            f"Đơn vị {owner} không phải nơi sản xuất nên không có sản phẩm.",
            f"The party {owner} is no producer and has no products.",
        )
    values = link.fields(
        row,
        "name",
        "name_en",
        "kind",
        "group",
        "gtin",
        "shelf_life_months",
        "storage",
        "standard",
        "description",
        "sold_in",
        "description_en",
        "storage_en",
        "brand",
        "warning",
        empty={"kind": ProductKind.GOODS, "group": ""},
    )
    word = row.get("base_unit")
    if word is not None:
        values["base_unit"] = word.code
    defaults = {
        "name_en": "",
        "kind": ProductKind.GOODS,
        "group": "",
        "gtin": None,
        "shelf_life_months": None,
        "storage": "",
        "standard": "",
        "description": "",
        "sold_in": "",
        "description_en": "",
        "storage_en": "",
        "brand": "",
        "warning": "",
    }
    entry = link.add(row, key, values, defaults)
    if key in link.existing.frozen_products:
        for column in sorted(entry.changed & {"base_unit", "kind"}):
            link.problem(
                row,
                column,
                "Sản phẩm đã có tem in nên mục này không đổi được. Hãy lập sản phẩm mới.",
                "Stamps were printed for this product, so this cannot change. Create a new product.",
            )


def pack_form(link: Link, row: Row) -> None:
    """How a product is packed. Once stamps are printed its content stands: a new content is a new pack form."""
    owner, of, code = link.party_of(row), row.get("product"), row.get("code")
    if owner is None or of is None or code is None or link.is_duplicate(row, (owner, of, code), "code"):
        return
    key = (owner, of, code)
    if not link.exists(row, "product", "product", (owner, of)):
        return
    base = (link.fact("product", (owner, of)) or {}).get("base_unit")
    values = link.fields(row, "name", "name_en", "gtin", "holds")
    if "inner" in row.columns:
        values["inner"] = link.reference(row, "inner", "pack_form", (owner, of))
    kind = row.get("kind") or _kind_of(link, row, key)
    if "kind" not in row.broken:
        values["kind"] = kind
    if "net_content" in row.columns and "net_content" not in row.broken:
        net = link.amount(row, "net_content", "net_unit", base)
        values["net_content"], values["net_unit"] = net or (None, None)
        if net and base and not convertible(net[1], base):
            link.problem(
                row,
                "net_unit",
                f"Lượng tịnh tính bằng {unit(net[1]).vi} không khớp đơn vị của sản phẩm ({unit(base).vi}).",
                f"A net content in {unit(net[1]).en} does not fit the product's unit ({unit(base).en}).",
            )
    defaults = {
        "name_en": "",
        "kind": PackKind.ITEM,
        "net_content": None,
        "net_unit": None,
        "inner": None,
        "holds": None,
        "gtin": None,
    }
    entry = link.add(row, key, values, defaults)
    _check_form(link, row, key, entry.values)
    fixed = entry.changed & {"kind", "net_content", "net_unit", "inner", "holds"}
    if (owner, of) in link.existing.frozen_products and fixed:
        link.problem(
            row,
            sorted(fixed)[0],
            "Sản phẩm đã có tem in nên quy cách này không đổi được. Hãy lập quy cách mới với mã khác.",
            "Stamps were printed for this product, so this pack form cannot change. Create one with a new code.",
        )


def _kind_of(link: Link, row: Row, key: Key) -> PackKind:
    """The kind when its cell is empty: as stored, else by what else the row says."""
    before = link.before("pack_form", key)
    if before:
        return PackKind(before.values["kind"])
    if row.get("inner") or row.get("holds"):
        return PackKind.CASE
    return PackKind.COMBO if link.declares("component", key) else PackKind.ITEM


def _check_form(link: Link, row: Row, key: Key, values: dict[str, Any]) -> None:
    product_kind = (link.fact("product", key[:2]) or {}).get("kind")
    if product_kind is ProductKind.SERVICE:
        link.problem(
            row,
            "product",
            "Dịch vụ không có quy cách và không có tem.",
            "A service has no pack form and no stamps.",
        )
        return
    kind = values["kind"]
    if (
        kind is PackKind.ITEM
        and values["net_content"] is None
        and not row.broken & {"net_content", "net_unit"}
    ):
        link.problem(row, "net_content", "Gói lẻ phải ghi lượng tịnh.", "An item needs its net content.")
    if kind is PackKind.CASE and not row.broken & {"inner", "holds"}:
        for column, value in (("inner", values["inner"]), ("holds", values["holds"])):
            if value is None:
                title = row.spec.column(column)
                link.problem(row, column, f"Thùng phải ghi “{title.vi}”.", f"A case needs “{title.en}”.")
        if values["inner"] is not None and _is_nested_in_itself(link, key, values["inner"]):
            link.problem(row, "inner", "Thùng không thể chứa chính nó.", "A case cannot hold itself.")
    if kind is PackKind.COMBO and not link.declares("component", key) and not _has_parts(link, key):
        link.problem(
            row,
            "kind",
            "Combo phải có thành phần ở trang Combo.",
            "A combo needs its parts on the sheet Combo parts.",
        )


def _has_parts(link: Link, key: Key) -> bool:
    return any(k[:3] == key for k in link.existing.records.get("component", {}))


def _is_nested_in_itself(link: Link, key: Key, inner: str | None) -> bool:
    for _ in range(_DEEPEST_CASE):
        if inner is None:
            return False
        if inner == key[-1]:
            return True
        inner = (link.fact("pack_form", (*key[:-1], inner)) or {}).get("inner")
    return True


def component(link: Link, row: Row) -> None:
    """One part of a combo: an item or a case, never another combo, so that combos cannot nest."""
    owner = link.party_of(row)
    of, form = row.get("product"), row.get("form")
    part_product, part_form = row.get("part_product"), row.get("part_form")
    if owner is None or None in (of, form, part_product, part_form):
        return
    combo = (owner, of, form)
    part = (row.get("part_party") or owner, part_product, part_form)
    if link.is_duplicate(row, (*combo, *part), "part_form"):
        return
    if not (
        link.exists(row, "form", "pack_form", combo) and link.exists(row, "part_form", "pack_form", part)
    ):
        return
    if (link.fact("pack_form", combo) or {}).get("kind", PackKind.COMBO) is not PackKind.COMBO:
        link.problem(row, "form", "Quy cách này không phải combo.", "This pack form is no combo.")
    if (link.fact("pack_form", part) or {}).get("kind") is PackKind.COMBO:
        link.problem(row, "part_form", "Combo không chứa combo khác.", "A combo cannot hold another combo.")
    link.add(row, (*combo, *part), link.fields(row, "quantity"), {})


MASTER_RULES: dict[str, Rule] = {
    "party": party,
    "member": member,
    "plot": plot,
    "product": product,
    "pack_form": pack_form,
    "component": component,
}
