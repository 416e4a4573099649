"""The three lists: what is there, what is missing, who supplies it and where; and that no item is ever invented."""

import dataclasses
import datetime as dt
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.completeness.checklist import Checked, check
from temthat_trace.completeness.facts import BatchFacts, Facts, MakerFacts, PaperFacts, StageFacts
from temthat_trace.completeness.item import Item, State, Supplier
from temthat_trace.completeness.texts import text
from temthat_trace.events import Step
from temthat_trace.papers import PaperKind

AT = dt.datetime(2026, 11, 1, 0, 30, tzinfo=dt.UTC)
ID = uuid.UUID(int=7)
WHOLE = BatchFacts(
    id=ID, lot="L1", made_on=dt.date(2026, 11, 1), expires_on=dt.date(2027, 11, 1), place="xã Xuân Lương, Bắc Ninh",
    stages=(StageFacts("harvest", AT, "07246", ""), StageFacts("packing", AT, "V01", "")), stamps=240,
)  # fmt: skip
PAPER = PaperFacts("ocop", "12/QĐ", dt.date(2028, 3, 1), valid=True, confirmed=True)


def facts(batch: BatchFacts | None = WHOLE, **changes: Any) -> Facts:
    whole = Facts(
        maker=MakerFacts(ID, "HTX1", "HTX Một", "xã Xuân Lương, Bắc Ninh", "0101234567"), product_id=ID, code="CAM",
        name="Cam sành", service=False, gtin="08938505974194", picture=True, brand="Cam An Sơn", warning="Không có",
        standard="TCCS 01:2026/HTX1", shelf_life_months=None, batch=batch, papers=(PAPER,),
    )  # fmt: skip
    return dataclasses.replace(whole, **changes)


def item(checked: Checked, key: str) -> Item:
    return next(i for checklist in checked.lists for i in checklist.items if i.key == key)


def test_all_that_is_recorded_is_complete() -> None:
    """Ten of ten, seven of seven (what only the trade's authority knows does not count), three of three."""
    checked = check(facts())
    assert [(c.key, c.done, c.counted, c.missing) for c in checked.lists] == [
        ("circular", 10, 10, 0), ("passport", 7, 7, 0), ("label", 3, 3, 0),
    ]  # fmt: skip
    assert item(checked, "other").state is State.NOT_APPLICABLE
    assert "cơ quan" in item(checked, "other").why.vi


@pytest.mark.parametrize(
    ("changes", "key", "where", "who"),
    [
        ({"picture": False}, "picture", "Trang sản phẩm, mục ảnh", Supplier.CLERK),
        ({"standard": ""}, "standard", "Sổ Excel, trang “Sản phẩm”, cột “Tiêu chuẩn”", Supplier.CLERK),
        ({"gtin": ""}, "name_and_gtin", "Sổ Excel, trang “Sản phẩm”, cột “Mã GTIN”", Supplier.AUTHORITY),
        ({"batch": None}, "stages", "Trang lập lô mới; hoặc: Sổ Excel, trang “Lô”", Supplier.CLERK),
        ({"maker": MakerFacts(ID, "X", "HTX", "", "1")}, "maker_address",
         "Sổ Excel, trang “Đơn vị”, cột “Địa chỉ”", Supplier.CLERK),
        ({"maker": MakerFacts(ID, "X", "HTX", "Bắc Ninh", "")}, "maker",
         "Sổ Excel, trang “Đơn vị”, cột “Mã số thuế”", Supplier.CLERK),
    ],
    ids=["picture", "standard", "gtin", "no-batch", "address", "tax-code"],
)  # fmt: skip
def test_what_is_missing_says_who_supplies_it_and_where(
    changes: dict[str, Any], key: str, where: str, who: Supplier
) -> None:
    """The very column of the workbook, by its own title, or the page of the desk."""
    found = item(check(facts(**changes)), key)
    assert found.state is State.MISSING
    assert where in [gap.where.said.vi for gap in found.gaps]
    assert any(who in gap.who for gap in found.gaps)


@pytest.mark.parametrize("key", ["brand", "shelf_life", "certificates", "dates", "warning"])
def test_what_the_law_asks_for_if_any_is_never_called_missing(key: str) -> None:
    """Nobody but the cooperative knows whether there is one: the list says so and counts no fault."""
    bare = dataclasses.replace(WHOLE, expires_on=None, stamps=0)
    found = item(check(facts(bare, brand="", warning="", papers=())), key)
    assert found.state is State.UNDECLARED
    assert "nếu có" in found.gaps[0].what.vi


def test_a_stage_without_a_place_code_is_named() -> None:
    """The stage and its day; an address nobody could place is quoted."""
    stages = (
        StageFacts("harvest", AT, "07246", ""),
        StageFacts("care", AT, "", "", household=True),
        StageFacts("packing", AT, "", "kho ông Ba"),
    )
    found = item(check(facts(dataclasses.replace(WHOLE, stages=stages))), "stages")
    assert found.state is State.MISSING
    assert [gap.what.vi for gap in found.gaps] == [
        "Công đoạn chăm sóc ngày 01/11/2026: chưa có mã địa điểm (vùng trồng hoặc xã, phường)",
        "Công đoạn đóng gói ngày 01/11/2026: chưa nhận ra xã, phường trong “kho ông Ba”",
    ]
    assert Supplier.HOUSEHOLD in found.gaps[0].who
    assert Supplier.HOUSEHOLD not in found.gaps[1].who
    assert (
        item(check(facts(dataclasses.replace(WHOLE, stages=stages))), "traceability").state is State.MISSING
    )


def test_a_batch_without_stages_is_incomplete() -> None:
    """And the passport's traceability with it, the gap said once."""
    checked = check(facts(dataclasses.replace(WHOLE, stages=())))
    assert item(checked, "stages").state is State.MISSING
    assert len(item(checked, "traceability").gaps) == 1


def test_without_a_batch_the_passport_says_so_once() -> None:
    """Two items of the circular lack a batch; the passport's one item does not repeat it."""
    assert len(item(check(facts(None)), "traceability").gaps) == 1


def test_an_expired_paper_is_no_certificate() -> None:
    """It is named with its day, and stays "if any": whether it was renewed only people know."""
    old = dataclasses.replace(PAPER, valid=False, valid_until=dt.date(2026, 5, 1))
    found = item(check(facts(papers=(old,))), "certificates")
    assert found.state is State.UNDECLARED
    assert "hết hạn ngày 01/05/2026" in found.gaps[0].what.vi
    assert "1 May 2026" in found.gaps[0].what.en


def test_a_service_is_not_asked_for_batches() -> None:
    """Community tourism has a page and never a stamp."""
    checked = check(facts(None, service=True, shelf_life_months=None))
    for key in ("stages", "times", "trace_code", "shelf_life", "traceability", "dates"):
        assert item(checked, key).state is State.NOT_APPLICABLE
        assert item(checked, key).why.vi
    assert checked.label.counted == 0


def test_every_word_of_the_lists_has_both_languages() -> None:
    """Also each step, each kind of paper, each supplier."""
    for key in (
        *(f"step.{step}" for step in Step), *(f"paper.{kind}" for kind in PaperKind),
        *(f"who.{who}" for who in Supplier), *(f"state.{state}" for state in State),
    ):  # fmt: skip
        assert text(key).vi
        assert text(key).en


words = st.sampled_from(["", "Cam", "{x}", "%s <b>"])
stage = st.builds(
    StageFacts,
    st.sampled_from([s.value for s in Step]),
    st.sampled_from([AT, None]),
    words,
    words,
    st.booleans(),
)
batch = st.builds(
    BatchFacts, st.just(ID), words, st.just(dt.date(2026, 1, 1)), st.sampled_from([None, dt.date(2027, 1, 1)]), words,
    st.lists(stage, max_size=3).map(tuple), st.sampled_from([None, 0, 5]),
)  # fmt: skip
paper = st.builds(
    PaperFacts, st.sampled_from([k.value for k in PaperKind]), words, st.sampled_from([None, dt.date(2026, 1, 1)]),
    st.booleans(), st.booleans(),
)  # fmt: skip
anything = st.builds(
    Facts, st.builds(MakerFacts, st.just(ID), words, words, words, words), st.just(ID), words, words, st.booleans(),
    words, st.booleans(), words, words, words, st.sampled_from([None, 0, 12]), st.none() | batch,
    st.lists(paper, max_size=3).map(tuple),
)  # fmt: skip


@given(anything)
def test_whatever_is_recorded_the_lists_hold_together(given_facts: Facts) -> None:
    """Ten, eight and four items; complete has no gap, missing and undeclared have one, not applicable says why."""
    checked = check(given_facts)
    assert [len(c.items) for c in checked.lists] == [10, 8, 4]
    for checklist in checked.lists:
        assert [i.number for i in checklist.items] == list(range(1, len(checklist.items) + 1))
        for found in checklist.items:
            assert bool(found.gaps) == (found.state in (State.MISSING, State.UNDECLARED))
            assert bool(found.why.vi) == (found.state is State.NOT_APPLICABLE)
            assert all(gap.where.said.vi and gap.by.en and gap.what.vi for gap in found.gaps)
            if found.state is State.COMPLETE:
                assert found.value.vi
