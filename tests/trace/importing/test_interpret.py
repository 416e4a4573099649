"""Sheets and headers found, merged cells shared, old fonts named, examples skipped."""

import io
from collections.abc import Callable
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from temthat_trace.importing import Interpreted, interpret, read_workbook

Build = Callable[[Any], bytes]
PRODUCT = ["Mã sản phẩm", "Tên sản phẩm", "Đơn vị tính"]


def look(data: bytes) -> Interpreted:
    return interpret(read_workbook({"a.xlsx": data}))


def reasons(found: Interpreted) -> list[tuple[str, str, str]]:
    return [(p.sheet, p.cell, p.reason_vi) for p in found.findings.problems]


def test_columns_in_any_order_and_language_unknown_ones_noted(build: Build) -> None:
    """The header decides, not the place; what nobody knows is told and left out."""
    rows = [["Ghi chú riêng", "UNIT", "ten san pham *", "Mã SP"], ["x", "kg", "Cam", "CAM"]]
    found = look(build({"san pham": rows}))
    assert found.rows[0].values.keys() == {"base_unit", "name", "code"}
    assert [n.vi for n in found.findings.notes] == ["Cột “Ghi chú riêng” không được dùng."]


def test_a_title_above_the_header_does_not_matter(build: Build) -> None:
    """Offices write the list's name and the year on top."""
    rows = [["DANH SÁCH SẢN PHẨM NĂM 2026"], [], PRODUCT, ["CAM", "Cam", "kg"]]
    found = look(build({"Sản phẩm": rows}))
    assert [r.number for r in found.rows] == [4]


def test_a_sheet_is_known_by_its_columns_when_its_name_says_nothing(build: Build) -> None:
    """Sheet1 with product columns holds products; a sheet of something else is told."""
    found = look(build({"Sheet1": [PRODUCT, ["CAM", "Cam", "kg"]], "Lương": [["Họ tên", "Tiền"], ["A", 1]]}))
    assert [r.spec.key for r in found.rows] == ["product"]
    assert [(n.sheet, n.vi) for n in found.findings.notes] == [("Lương", "Trang này không được dùng.")]


def test_a_workbook_of_something_else_is_a_problem(build: Build) -> None:
    """Nothing recognised is never a success."""
    assert "Không nhận ra trang nào" in reasons(look(build({"A": [["x", "y"], [1, 2]]})))[0][2]


def test_a_missing_required_column_is_one_problem(build: Build) -> None:
    """Said once, not for every row."""
    found = look(build({"Sản phẩm": [["Mã sản phẩm", "Tên sản phẩm"], *[["C", "Cam"]] * 50]}))
    assert reasons(found) == [("Sản phẩm", "1", "Thiếu cột “Đơn vị tính”.")]


def test_a_column_that_is_there_twice_is_a_problem(build: Build) -> None:
    """Nobody can tell which of the two is meant."""
    found = look(build({"Sản phẩm": [[*PRODUCT, "ĐVT"], ["CAM", "Cam", "kg", "g"]]}))
    assert "hai lần" in reasons(found)[0][2]


def test_every_bad_cell_is_named_and_none_twice(build: Build) -> None:
    """Empty required cells and unreadable ones, each with its address."""
    rows = [PRODUCT, ["CAM", None, "kg"], ["CHE", "Chè", "xô"], [None, None, None], ["", "Bưởi", ""]]
    found = look(build({"Sản phẩm": rows}))
    assert [(c, r) for _, c, r in reasons(found)] == [
        ("B2", "“Tên sản phẩm” chưa ghi."),
        ("C3", "Không rõ đơn vị tính “xô”. Hãy viết như: kg, g, tấn, lít, ml, quả, hộp, chai, gói, túi."),
        ("A5", "“Mã sản phẩm” chưa ghi."),
        ("C5", "“Đơn vị tính” chưa ghi."),
    ]


def test_example_rows_are_never_read(build: Build) -> None:
    """A row marked (ví dụ) is for looking at."""
    found = look(build({"Sản phẩm": [PRODUCT, ["(ví dụ) CAM", "Cam", "kg"], ["CHE", "Chè", "kg"]]}))
    assert [r.values["code"] for r in found.rows] == ["CHE"]


def book_with(rows: list[list[Any]]) -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Lô"
    for row in rows:
        sheet.append(row)
    return book, sheet


def save(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


BATCH = ["Mã sản phẩm", "Số lô", "Số lượng", "Ngày sản xuất"]


def test_a_code_merged_over_rows_stands_in_each(build: Build) -> None:
    """One product code over three lots, as people draw it; the preview says so."""
    book, sheet = book_with(
        [BATCH, ["CAM", "L1", 1, "1/11/2026"], [None, "L2", 2, "1/11/2026"], [None, "L3", 3, "1/11/2026"]]
    )
    sheet.merge_cells("A2:A4")
    found = look(save(book))
    assert [r.values["product"] for r in found.rows] == ["CAM"] * 3
    assert not found.findings.problems
    assert "2–4" in found.findings.readings[0].understood_vi


def test_a_merged_number_is_a_problem() -> None:
    """Forty kilograms over two rows: each, or together?"""
    book, sheet = book_with([BATCH, ["CAM", "L1", 40, "1/11/2026"], ["CAM", "L2", None, "1/11/2026"]])
    sheet.merge_cells("C2:C3")
    assert any(cell == "C2" and "gộp" in why for _, cell, why in reasons(look(save(book))))


def test_old_fonts_are_refused_naming_each_cell() -> None:
    """Header and body cells in TCVN3 are reported as that and nothing else."""
    book, sheet = book_with([BATCH, ["CAM", "L1", 1, "1/11/2026"]])
    sheet["A2"] = "C¸ ch×nh"
    sheet["B2"] = "cá"
    sheet["B2"].font = Font(name=".VnTime")
    found = look(save(book))
    assert [(c, "phông cũ" in why) for _, c, why in reasons(found)] == [("A2", True), ("B2", True)]


def test_doubtful_cells_follow_the_certain_ones() -> None:
    """Where one cell is in TCVN3, another's single odd letter is too."""
    book, _ = book_with([BATCH, ["g¹o nÕp", "trøng", 1, "1/11/2026"]])
    assert [c for _, c, _ in reasons(look(save(book)))] == ["A2", "B2"]


def test_hidden_sheets_are_not_read(build: Build) -> None:
    """What people do not see is not imported, and that is said."""
    book, sheet = book_with([BATCH, ["CAM", "L1", 1, "1/11/2026"]])
    other = book.create_sheet("Sản phẩm")
    other.append(PRODUCT)
    other.append(["CAM", "Cam", "kg"])
    sheet.sheet_state = "hidden"
    found = look(save(book))
    assert [r.spec.key for r in found.rows] == ["product"]
    assert [n.sheet for n in found.findings.notes] == ["Lô"]


def test_problems_are_counted_beyond_five_hundred(build: Build) -> None:
    """The report stays readable and says how much more there is."""
    found = look(build({"Sản phẩm": [PRODUCT, *[["C", "Cam", "xô"]] * 700]}))
    assert len(found.findings.problems) == 500
    assert found.findings.more_problems == 200
