"""The workbook to fill in: made from the same table the reader uses, so the two never part."""

import io
from functools import cache

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from temthat_trace.importing.sheets import SHEETS, Column, Kind, Sheet
from temthat_trace.units import UNITS

EXAMPLE = "(ví dụ)"
"""What marks the example row; a row with a cell that begins so is never read."""

_LISTS = "Danh mục"
_GUIDE = "Hướng dẫn"
_READY_ROWS = 2000
_FORMATTED_ROWS = 200
_HEAD = PatternFill("solid", fgColor="1F5C3A")
_OPTIONAL = PatternFill("solid", fgColor="6B8F7B")
_GREY = Font(italic=True, color="808080")
# Text format keeps leading zeros, long barcodes and "1-2" as they were typed.
_AS_TEXT = frozenset({Kind.CODE, Kind.GTIN, Kind.GLN, Kind.PHONE, Kind.TEXT, Kind.EXPIRY})
_WIDTHS = {
    Kind.TEXT: 30,
    Kind.CODE: 18,
    Kind.CHOICE: 20,
    Kind.INSTANT: 18,
    Kind.GTIN: 18,
    Kind.GLN: 18,
    Kind.PHONE: 16,
}

_STEPS = (
    "Điền từng trang từ trái sang phải; trang nào không dùng thì để trống.",
    "Cột có dấu * là bắt buộc. Rê chuột vào tiêu đề để xem cách ghi.",
    f"Dòng xám bắt đầu bằng “{EXAMPLE}” chỉ để xem, không được nhập.",
    "Các trang nối với nhau bằng mã: mã ghi ở trang trước thì trang sau ghi lại y hệt.",
    "Ngày ghi ngày/tháng/năm: 26/05/2026. Số ghi 1234,5 hoặc 1.234,5.",
    "Gõ tiếng Việt Unicode (Arial, Times New Roman…), không dùng phông .VnTime hay VNI.",
    "Có thể gửi lại tệp nhiều lần: dòng đã có thì giữ nguyên, dòng sửa thì cập nhật, dòng mới thì thêm.",
    "Có chỗ sai thì cả tệp chưa được nhập; hệ thống chỉ ra từng ô cần sửa.",
)


@cache
def template() -> bytes:
    """An empty XLSX: a guide, a sheet for each kind of record with one example row, drop-down lists."""
    book = Workbook()
    guide = book.active
    assert isinstance(guide, Worksheet)
    guide.title = _GUIDE
    _fill_guide(guide)
    lists = book.create_sheet(_LISTS)
    assert isinstance(lists, Worksheet)
    for spec in SHEETS:
        sheet = book.create_sheet(spec.vi)
        assert isinstance(sheet, Worksheet)
        _fill_sheet(sheet, spec, lists)
    lists.sheet_state = "hidden"
    book.move_sheet(lists, len(SHEETS))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _fill_guide(sheet: Worksheet) -> None:
    sheet.column_dimensions["A"].width = 24
    sheet.column_dimensions["B"].width = 26
    sheet.column_dimensions["C"].width = 90
    sheet.append(["Sổ nhập dữ liệu TemThật"])
    sheet["A1"].font = Font(bold=True, size=16)
    for number, step in enumerate(_STEPS, start=1):
        sheet.append([f"{number}. {step}"])
    sheet.append([])
    sheet.append(["Trang", "Cột", "Cách ghi"])
    for cell in sheet[sheet.max_row]:
        cell.font = Font(bold=True)
    for spec in SHEETS:
        for column in spec.columns:
            sheet.append([spec.vi, column.title, _explain(column)])
            sheet.cell(sheet.max_row, 3).alignment = Alignment(wrap_text=True, vertical="top")


def _explain(column: Column) -> str:
    parts = [column.help]
    if column.choices:
        parts.append("Chọn: " + ", ".join(words[0] for words in column.choices.values()) + ".")
    if column.kind is Kind.UNIT:
        parts.append("Ví dụ: kg, g, tấn, tạ, yến, lít, ml, quả, hộp, chai, gói, túi, lọ, combo.")
    if column.example:
        parts.append(f"Ví dụ: {column.example}")
    return " ".join(p for p in parts if p)


def _fill_sheet(sheet: Worksheet, spec: Sheet, lists: Worksheet) -> None:
    for number, column in enumerate(spec.columns, start=1):
        letter = get_column_letter(number)
        head = sheet.cell(1, number, column.title)
        head.font = Font(bold=True, color="FFFFFF")
        head.fill = _HEAD if column.required else _OPTIONAL
        head.alignment = Alignment(wrap_text=True, vertical="center")
        note = Comment(_explain(column) or column.vi, "TemThật")
        note.width, note.height = 320, 110
        head.comment = note
        sheet.column_dimensions[letter].width = _WIDTHS.get(column.kind, 15)
        example = sheet.cell(2, number, _example(column, number))
        example.font = _GREY
        example.data_type = "s"
        style = _format(column.kind)
        if style:
            # Cell by cell as well: some programs do not hand a column's format on to its cells.
            sheet.column_dimensions[letter].number_format = style
            for row in range(2, _FORMATTED_ROWS):
                sheet.cell(row, number).number_format = style
        options = _options(column)
        if options:
            formula = _list_formula(lists, options)
            rule = DataValidation(type="list", formula1=formula, allow_blank=True, showErrorMessage=False)
            rule.add(f"{letter}2:{letter}{_READY_ROWS}")
            sheet.add_data_validation(rule)
    sheet.freeze_panes = "A2"
    sheet.row_dimensions[1].height = 32


def _format(kind: Kind) -> str:
    if kind in _AS_TEXT:
        return "@"
    return {Kind.DAY: "dd/mm/yyyy", Kind.INSTANT: "dd/mm/yyyy hh:mm"}.get(kind, "")


def _example(column: Column, number: int) -> str:
    return f"{EXAMPLE} {column.example}".strip() if number == 1 else column.example


def _options(column: Column) -> list[str]:
    if column.choices:
        return [words[0] for words in column.choices.values()]
    return [u.vi for u in UNITS.values()] if column.kind is Kind.UNIT else []


def _list_formula(lists: Worksheet, options: list[str]) -> str:
    """The options in the hidden list sheet, written once, as Excel wants them for a drop-down."""
    for number in range(1, lists.max_column + 1):
        known = [lists.cell(r, number).value for r in range(1, lists.max_row + 1)]
        if [k for k in known if k is not None] == options:
            break
    else:
        number = lists.max_column + (1 if lists.cell(1, 1).value is not None else 0)
        for row, option in enumerate(options, start=1):
            lists.cell(row, number, option)
    letter = get_column_letter(number)
    return f"'{_LISTS}'!${letter}$1:${letter}${len(options)}"
