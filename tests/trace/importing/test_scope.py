"""Who may write what: a cooperative itself, an alliance those under it, the operator all."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.importing import ImportReport
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product

Import = Callable[..., ImportReport]
PARTY = ["Mã đơn vị", "Loại đơn vị", "Tên đơn vị", "Mã liên minh", "Điện thoại"]
PRODUCT = ["Mã đơn vị", "Mã sản phẩm", "Tên sản phẩm", "Đơn vị tính"]


@pytest.fixture
def people(session: Session) -> dict[str, Party]:
    """A national alliance, two provincial ones with a cooperative each, a shop."""
    vn = Party(code="VN", kind=PartyKind.NATIONAL_ALLIANCE, name="Liên minh Việt Nam")
    session.add(vn)
    session.flush()
    bn = Party(code="BN", kind=PartyKind.PROVINCIAL_ALLIANCE, name="Liên minh Bắc Ninh", alliance_id=vn.id)
    pt = Party(code="PT", kind=PartyKind.PROVINCIAL_ALLIANCE, name="Liên minh Phú Thọ", alliance_id=vn.id)
    session.add_all([bn, pt])
    session.flush()
    others = [
        Party(code="H1", kind=PartyKind.COOPERATIVE, name="HTX Một", alliance_id=bn.id),
        Party(code="H2", kind=PartyKind.COOPERATIVE, name="HTX Hai", alliance_id=pt.id),
        Party(code="S1", kind=PartyKind.SHOP, name="Cửa hàng"),
    ]
    session.add_all(others)
    session.commit()
    return {p.code: p for p in (vn, bn, pt, *others)}


def parties(*rows: list[Any]) -> dict[str, list[list[Any]]]:
    return {"Đơn vị": [PARTY, *rows]}


def products(*rows: list[Any]) -> dict[str, list[list[Any]]]:
    return {"Sản phẩm": [PRODUCT, *rows]}


def cells(report: ImportReport) -> list[str]:
    return [p.cell for p in report.problems]


def test_a_cooperative_writes_for_itself(session: Session, people: dict[str, Party], run: Import) -> None:
    """Its own telephone and products, with or without its code in the row."""
    own = parties(["H1", "Hợp tác xã", "HTX Một", "", "0912345678"]) | products(
        ["H1", "A", "A", "kg"], ["", "B", "B", "kg"]
    )
    assert run(own, acting=people["H1"]).ok
    assert {p.party_id for p in session.scalars(select(Product))} == {people["H1"].id}
    assert people["H1"].hotline == "0912345678"
    assert people["H1"].alliance_id == people["BN"].id


def test_a_cooperative_does_not_write_for_another(people: dict[str, Party], run: Import) -> None:
    """Another's product, and another's record."""
    assert cells(run(products(["H2", "A", "A", "kg"]), acting=people["H1"])) == ["A2"]
    assert cells(run(parties(["H2", "HTX", "HTX Hai đổi tên", "", ""]), acting=people["H1"])) == ["A2"]


def test_a_cooperative_does_not_raise_itself(people: dict[str, Party], run: Import) -> None:
    """Neither its kind nor its alliance is its own to change."""
    report = run(parties(["H1", "Liên minh HTX tỉnh", "HTX Một", "PT", ""]), acting=people["H1"])
    assert sorted(cells(report)) == ["B2", "D2"]


def test_a_cooperative_creates_nobody(people: dict[str, Party], run: Import) -> None:
    """New organisations come from the alliance."""
    report = run(parties(["H9", "HTX", "HTX Chín", "BN", ""]), acting=people["H1"])
    assert "nhờ Liên minh" in report.problems[0].reason_vi


def test_a_row_that_changes_nothing_is_harmless(people: dict[str, Party], run: Import) -> None:
    """A cooperative's workbook may list its alliance as it is."""
    assert run(parties(["BN", "Liên minh HTX tỉnh", "Liên minh Bắc Ninh", "VN", ""]), acting=people["H1"]).ok


def test_an_alliance_writes_for_those_under_it_and_creates_them(
    session: Session, people: dict[str, Party], run: Import
) -> None:
    """A new cooperative is under the alliance that enters it; its products come in the same file."""
    sheets = parties(["H3", "HTX", "HTX Ba", "", ""]) | products(
        ["H3", "A", "A", "kg"], ["H1", "B", "B", "kg"]
    )
    assert cells(run(sheets, acting=people["BN"])) == []
    made = session.scalars(select(Party).where(Party.code == "H3")).one()
    assert made.alliance_id == people["BN"].id


@pytest.mark.parametrize(
    "row",
    [
        ["H2", "HTX", "HTX Hai đổi tên", "", ""],
        ["PT", "Liên minh HTX tỉnh", "Đổi tên", "", ""],
        ["H9", "Cơ quan cấp giấy", "Cơ quan mới", "", ""],
        ["H9", "Liên minh HTX tỉnh", "Liên minh mới", "", ""],
        ["H9", "HTX", "HTX Chín", "PT", ""],
        ["H1", "Cơ quan cấp giấy", "HTX Một", "", ""],
        ["H1", "HTX", "HTX Một", "PT", ""],
        ["BN", "Liên minh HTX Việt Nam", "Liên minh Bắc Ninh", "", ""],
    ],
)
def test_an_alliance_stays_in_its_province(people: dict[str, Party], run: Import, row: list[Any]) -> None:
    """Not others' members, no authorities, no other alliance's child, nor itself raised."""
    report = run(parties(row), acting=people["BN"])
    assert report.problems
    assert not report.applied


def test_the_national_alliance_writes_for_all_but_makes_no_second_one(
    session: Session, people: dict[str, Party], run: Import
) -> None:
    """Whole country, one national alliance."""
    good = parties(
        ["H2", "HTX", "HTX Hai mới", "", ""], ["LM3", "Liên minh HTX tỉnh", "Liên minh Ba", "", ""]
    )
    assert cells(run(good, acting=people["VN"])) == []
    assert people["H2"].name == "HTX Hai mới"
    assert cells(run(parties(["X", "Liên minh HTX Việt Nam", "Hai", "", ""]), acting=people["VN"])) == ["A2"]


def test_shops_have_no_products(people: dict[str, Party], run: Import) -> None:
    """Only producers own products."""
    report = run(products(["S1", "A", "A", "kg"]), acting=people["S1"])
    assert "không phải nơi sản xuất" in report.problems[0].reason_vi


def test_the_operator_has_to_say_whose_it_is(people: dict[str, Party], run: Import) -> None:
    """Without a party code and without one party in the workbook nobody knows."""
    assert "Chưa ghi mã đơn vị" in run(products(["", "A", "A", "kg"])).problems[0].reason_vi
    assert run(products(["H1", "A", "A", "kg"])).ok


def test_sources_may_be_another_party_s_batches(
    people: dict[str, Party], run: Import, session: Session
) -> None:
    """One step back leads to the supplier; that touches nothing of the supplier's."""
    batch = ["Mã đơn vị", "Mã sản phẩm", "Số lô", "Số lượng", "Ngày sản xuất"]
    source = ["Mã sản phẩm", "Số lô", "Mã đơn vị nguồn", "Mã sản phẩm nguồn", "Số lô nguồn", "Số lượng"]
    assert run(
        products(["H2", "B", "B", "kg"]) | {"Lô": [batch, ["H2", "B", "L2", 50, "1/11/2026"]]},
        acting=people["H2"],
    ).ok
    mine = products(["H1", "A", "A", "kg"]) | {
        "Lô": [batch, ["H1", "A", "L1", 40, "2/11/2026"]],
        "Nguồn lô": [source, ["A", "L1", "H2", "B", "L2", 40]],
    }
    assert cells(run(mine, acting=people["H1"])) == []
    mine["Nguồn lô"][1][5] = 60
    assert "50 kg" in run(mine, acting=people["H1"]).problems[0].reason_vi
