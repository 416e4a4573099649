"""A change is stored as text and read back the same."""

import datetime as dt
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.approvals.showing import shown
from temthat_trace.approvals.values import ChangedRecord, from_json, to_json
from temthat_trace.papers import PaperKind
from temthat_trace.products import PackKind, ProductKind

texts = st.text(max_size=20)
numbers = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9)
days = st.dates()
values = {
    "product": st.fixed_dictionaries(
        {},
        optional={
            "name": texts, "kind": st.sampled_from(ProductKind), "shelf_life_months": st.none() | st.integers(0, 99),
            "picture": st.none() | texts, "base_unit": st.sampled_from(["KGM", "??"]),
        },
    ),
    "pack_form": st.fixed_dictionaries(
        {},
        optional={
            "kind": st.sampled_from(PackKind), "net_content": st.none() | numbers, "net_unit": st.none() | texts,
        },
    ),
    "component": st.fixed_dictionaries({"quantity": st.integers(1, 99)}),
    "paper": st.fixed_dictionaries(
        {},
        optional={
            "kind": st.sampled_from(PaperKind), "issued_on": st.none() | days, "stars": st.none() | st.integers(),
        },
    ),
}  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> ChangedRecord:
    sheet = draw(st.sampled_from(sorted(values)))
    after = draw(values[sheet])
    new = draw(st.booleans())
    before = {} if new else dict.fromkeys(after)
    return ChangedRecord(sheet, ("H", "P", *draw(st.lists(texts, max_size=4))), new, after, before)


@given(st.lists(records(), max_size=5))
def test_what_is_stored_comes_back(told: list[ChangedRecord]) -> None:
    """Types included; the same records give the same text; and whatever it is, it can be shown."""
    text = to_json(told)
    found = from_json(text)
    assert sorted(found, key=lambda r: (r.sheet, r.key)) == sorted(told, key=lambda r: (r.sheet, r.key))
    assert to_json(found) == text
    assert len(shown(found)) == len(told)


def test_amounts_and_days_keep_their_kind() -> None:
    """No float comes in."""
    [found] = from_json(
        to_json([ChangedRecord("pack_form", ("H", "P", "F"), True, {"net_content": Decimal("0.1")})])
    )
    assert found.after["net_content"] == Decimal("0.1")
    assert isinstance(found.after["net_content"], Decimal)
    [paper] = from_json(
        to_json([ChangedRecord("paper", ("H", "G"), True, {"issued_on": dt.date(2026, 1, 2)})])
    )
    assert paper.after["issued_on"] == dt.date(2026, 1, 2)
