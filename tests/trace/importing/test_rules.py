"""The rules across sheets: references, dates, units, papers, lineage, and what printed stamps fix for good."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.importing import ImportReport
from temthat_trace.papers import Paper, PaperConfirmation
from temthat_trace.parties import Party, PartyKind

World = dict[str, list[list[Any]]]
Import = Callable[..., ImportReport]
SOURCE = ["Mã sản phẩm", "Số lô", "Mã sản phẩm nguồn", "Số lô nguồn", "Số lượng", "Đơn vị"]


def reasons(report: ImportReport) -> list[tuple[str, str, str]]:
    assert all(p.reason_en for p in report.problems)
    return [(p.sheet, p.cell, p.reason_vi) for p in report.problems]


def only(report: ImportReport) -> tuple[str, str, str]:
    found = reasons(report)
    assert len(found) == 1, found
    return found[0]


def test_an_unknown_code_is_named_with_the_nearest(world: World, run: Import) -> None:
    """A slip of the keyboard is met with the code that was meant."""
    world["Sự kiện"][1][1] = "L11"
    assert only(run(world)) == ("Sự kiện", "B2", "Không có lô mã “L11”. Có phải “L1”?")


def test_a_reference_to_a_bad_row_is_no_second_problem(world: World, run: Import) -> None:
    """One wrong date does not make the batch's events wrong."""
    world["Lô"][1][3] = "31/02/2026"
    assert only(run(world))[:2] == ("Lô", "D2")


def test_units_have_to_fit_the_product(world: World, run: Import) -> None:
    """A net content in millilitres and a batch in boxes of what is counted in kilograms."""
    world["Quy cách"][1][4] = "ml"
    world["Lô"] = [[*world["Lô"][0], "ĐVT"], [*world["Lô"][1], "hộp"], [*world["Lô"][2], ""]]
    assert [(s, c) for s, c, _ in reasons(run(world))] == [("Quy cách", "E2"), ("Lô", "F2")]


@pytest.mark.parametrize(
    ("made", "expires", "cell", "why"),
    [
        ("25/12/2026", None, "D2", "tương lai"),
        ("01/11/2026", "31/10/2026", "E2", "trước ngày sản xuất"),
    ],
)
def test_dates_have_to_be_in_order(
    world: World, run: Import, made: str, expires: str | None, cell: str, why: str
) -> None:
    """Nothing is made tomorrow or expires before it was made."""
    world["Lô"][1][3:5] = [made, expires]
    found = only(run(world))
    assert found[1] == cell
    assert why in found[2]


def test_an_event_of_the_future_is_refused(world: World, run: Import) -> None:
    """A diary tells what was."""
    world["Sự kiện"][1][2] = "25/12/2026"
    assert "tương lai" in only(run(world))[2]


def test_services_have_no_batches_and_no_packs(world: World, run: Import) -> None:
    """A tour has a page, never a stamp."""
    world["Sản phẩm"] = [
        [*world["Sản phẩm"][0], "Loại"],
        [*world["Sản phẩm"][1], "Dịch vụ"],
        [*world["Sản phẩm"][2], ""],
    ]
    assert [(s, c) for s, c, _ in reasons(run(world))] == [("Quy cách", "A2"), ("Lô", "A2")]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({5: 2}, "3, 4 hoặc 5"),
        ({5: None}, "3, 4 hoặc 5"),
        ({3: None}, "một sản phẩm"),
        ({4: None}, "ngày cấp"),
        ({1: "VietGAP"}, "Chỉ giấy OCOP"),
        ({1: "bằng khen"}, "Hãy chọn"),
    ],
)
def test_ocop_papers_have_stars_a_product_and_a_date(
    world: World, run: Import, changes: dict[int, Any], why: str
) -> None:
    """Three to five stars, for one product, from a day; other papers have no stars."""
    for column, value in changes.items():
        world["Giấy tờ"][1][column] = value
    assert why in only(run(world))[2]


def test_pack_forms_say_what_they_hold(world: World, run: Import) -> None:
    """An item without content, a case without inner pack, a combo without parts, a case in itself."""
    world["Quy cách"] = [
        ["Mã sản phẩm", "Mã quy cách", "Tên quy cách", "Loại", "Lượng tịnh", "Chứa quy cách", "Số gói"],
        ["CAM", "A", "Túi", "Gói lẻ", None, None, None],
        ["CAM", "B", "Thùng", "Thùng", None, None, None],
        ["CAM", "C", "Combo", "Combo", None, None, None],
        ["CAM", "D", "Thùng", "Thùng", None, "E", 2],
        ["CAM", "E", "Kiện", "Thùng", None, "D", 2],
    ]
    found = [(c, why) for _, c, why in reasons(run(world))]
    assert [c for c, _ in found] == ["E2", "F3", "G3", "D4", "F6"]
    assert "chính nó" in found[-1][1]


def test_combos_hold_no_combos(world: World, run: Import) -> None:
    """So that they cannot hold each other."""
    world["Quy cách"] += [["CAM", "C1", "Combo 1", None, None], ["CAM", "C2", "Combo 2", None, None]]
    world["Combo"] = [
        ["Mã sản phẩm", "Mã quy cách", "Mã sản phẩm thành phần", "Mã quy cách thành phần", "Số lượng"],
        ["CAM", "C1", "CAM", "C2", 1],
        ["CAM", "C2", "CAM", "TUI", 2],
    ]
    assert "Combo không chứa combo" in only(run(world))[2]


def test_a_batch_gives_no_more_than_it_has(world: World, run: Import) -> None:
    """120 kg cannot go out as 130, whatever the units."""
    world["Lô"] += [["CAM", "L2", 200, "5/11/2026", None], ["CAM", "L3", 200, "5/11/2026", None]]
    world["Nguồn lô"] = [
        SOURCE,
        ["CAM", "L2", "CAM", "L1", 90, "kg"],
        ["CAM", "L3", "CAM", "L1", 0.04, "tấn"],
    ]
    assert only(run(world))[2] == "Lô nguồn L1 chỉ có 120 kg mà các lô lấy tất cả 130 kg."


def test_the_balance_counts_what_was_taken_before(world: World, run: Import) -> None:
    """What an earlier import took from a batch is gone for a later one."""
    world["Lô"] += [["CAM", "L2", 200, "5/11/2026", None], ["CAM", "L3", 200, "5/11/2026", None]]
    world["Nguồn lô"] = [SOURCE, ["CAM", "L2", "CAM", "L1", 90, "kg"]]
    assert run(world).ok
    later: World = {"Đơn vị": world["Đơn vị"], "Nguồn lô": [SOURCE, ["CAM", "L3", "CAM", "L1", 40, "kg"]]}
    assert "130 kg" in only(run(later))[2]
    later["Nguồn lô"][1][4] = 30
    assert run(later).ok


def test_batches_form_no_circle(world: World, run: Import) -> None:
    """A from B, B from C, C from A: nothing comes from itself; what only hangs on the circle is not blamed."""
    world["Lô"] += [["CAM", f"L{n}", 200, "5/11/2026", None] for n in (2, 3, 4, 5)]
    edges = [("L1", "L2"), ("L2", "L3"), ("L3", "L1"), ("L4", "L1"), ("L3", "L5")]
    world["Nguồn lô"] = [SOURCE, *[["CAM", a, "CAM", b, 1, "kg"] for a, b in edges]]
    assert [c for _, c, _ in reasons(run(world))] == ["D2", "D3", "D4"]
    world["Nguồn lô"] = [SOURCE, ["CAM", "L1", "CAM", "L1", 1, "kg"]]
    assert "chính nó" in only(run(world))[2]


def test_a_circle_through_what_is_stored_is_found(world: World, run: Import) -> None:
    """The second half of the circle may come a year later."""
    world["Lô"] += [["CAM", "L2", 200, "5/11/2026", None]]
    world["Nguồn lô"] = [SOURCE, ["CAM", "L1", "CAM", "L2", 1, "kg"]]
    assert run(world).ok
    later: World = {"Đơn vị": world["Đơn vị"], "Nguồn lô": [SOURCE, ["CAM", "L2", "CAM", "L1", 1, "kg"]]}
    assert "vòng tròn" in only(run(later))[2]


# -- what printed stamps fix for good ------------------------------------------------------------


def frozen(session: Session) -> dict[Any, Decimal]:
    batch = session.scalars(select(Batch).where(Batch.lot == "L1")).one()
    return {batch.id: Decimal(100)}


@pytest.mark.parametrize(
    ("sheet", "column", "value", "why"),
    [
        ("Lô", 3, "02/11/2026", "ngày không đổi được (đang là 01/11/2026)"),
        ("Lô", 4, "15/12/2026", "ngày không đổi được (đang là 01/12/2026)"),
        ("Lô", 2, 99, "Lô đã in tem cho 100 kg"),
        ("Sản phẩm", 2, "g", "Sản phẩm đã có tem in"),
        ("Quy cách", 3, 400, "quy cách này không đổi được"),
    ],
)
def test_what_stamps_say_cannot_change(
    session: Session, world: World, run: Import, sheet: str, column: int, value: Any, why: str
) -> None:
    """Dates, a quantity below what was printed, the product's unit, the pack's content."""
    run(world)
    world[sheet][1][column] = value
    found = reasons(run(world, frozen_batches=frozen(session)))
    assert any(why in reason for _, _, reason in found), found


def test_what_stamps_do_not_say_may_change(session: Session, world: World, run: Import) -> None:
    """More goods, fewer down to what was printed, a better name, the same amount in another unit."""
    run(world)
    world["Lô"] = [[*world["Lô"][0], "Đơn vị"], ["CAM", "L1", "0,1", "01/11/2026", None, "tấn"]]
    world["Sản phẩm"][1][1] = "Cam sành loại 1"
    del world["Sự kiện"]
    assert reasons(run(world, frozen_batches=frozen(session))) == []


def test_a_plain_set_of_frozen_batches_refuses_any_lowering(
    session: Session, world: World, run: Import
) -> None:
    """Without the printed quantity the stored one is the least."""
    run(world)
    ids = set(frozen(session))
    world["Lô"][1][2] = 119
    assert "120 kg" in only(run(world, frozen_batches=ids))[2]
    world["Lô"][1][2] = 121
    assert run(world, frozen_batches=ids).ok


# -- confirmed papers ------------------------------------------------------------------------------


def test_a_changed_paper_loses_its_confirmations(
    session: Session, world: World, run: Import, now: dt.datetime
) -> None:
    """Five stars are not confirmed because four were; the same row again takes nothing away."""
    run(world)
    paper = session.scalars(select(Paper)).one()
    office = Party(code="LM", kind=PartyKind.NATIONAL_ALLIANCE, name="Liên minh")
    session.add(office)
    session.flush()
    assert paper.product_id is not None
    session.add(
        PaperConfirmation(paper_id=paper.id, product_id=paper.product_id, by_party_id=office.id, at=now)
    )
    session.flush()
    run(world)
    session.expire_all()
    assert paper.confirmations[0].withdrawn_at is None
    world["Giấy tờ"][1][5] = 5
    run(world)
    assert paper.confirmations[0].withdrawn_at == now
