"""Files as they come: kinds told apart by content, encodings and delimiters found, dangers refused."""

import functools
import io
import struct
import time
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from temthat_trace.importing import WorkbookRefused, interpret, read_workbook
from temthat_trace.importing.csvs import find_delimiter
from temthat_trace.importing.raw import LIMITS, Limits, RawWorkbook

HEAD = ["Mã sản phẩm", "Tên sản phẩm", "Đơn vị tính"]
ROW = ["CAM", "Cam sành Hàm Yên", "kg"]


def text_of(raw: RawWorkbook) -> list[list[str]]:
    return [[str(c.value) for c in row] for row in raw.sheets[0].rows]


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members.items():
            z.writestr(name, data)
    return out.getvalue()


def csv_text(delimiter: str) -> str:
    return delimiter.join(HEAD) + "\r\n" + delimiter.join(ROW) + "\r\n"


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_csv_in_every_usual_dress(delimiter: str, encoding: str) -> None:
    """Three delimiters, five encodings: the same cells."""
    raw = read_workbook({"Sản phẩm.csv": csv_text(delimiter).encode(encoding)})
    assert text_of(raw) == [HEAD, ROW]
    assert raw.sheets[0].name == "Sản phẩm"


def test_csv_in_windows_1258_becomes_composed_text() -> None:
    """Base letters and tone marks of Windows-1258 meet in one letter when the cell is read."""
    text = "Mã sản phẩm;Tên sản phẩm;Đơn vị tính\r\nCHE;Chè Thái Nguyên đặc biệt;kg\r\n"
    rows = interpret(read_workbook({"Sản phẩm.csv": b"".join(map(_cp1258, text))})).rows
    assert rows[0].values["name"] == "Chè Thái Nguyên đặc biệt"


def _cp1258(letter: str) -> bytes:
    """A letter as Windows writes it: its base, then its tone if the code page has them only apart."""
    try:
        return letter.encode("cp1258")
    except UnicodeEncodeError:
        parts = unicodedata.normalize("NFD", letter)
        tone = next(m for m in parts if m in "\u0300\u0301\u0303\u0309\u0323")
        return unicodedata.normalize("NFC", parts.replace(tone, "")).encode("cp1258") + tone.encode("cp1258")


def test_excel_s_own_delimiter_line_is_obeyed() -> None:
    """sep=| in the first line names the delimiter and is no row."""
    raw = read_workbook({"a.csv": b"sep=|\r\nA|B,C\r\n1|2\r\n"})
    assert text_of(raw) == [["A", "B,C"], ["1", "2"]]
    assert raw.sheets[0].rows[0][0].address == "A2"


def test_quoted_cells_keep_delimiters_and_line_breaks() -> None:
    """A description with commas and lines stays one cell."""
    raw = read_workbook({"a.csv": b'A,B\r\n"x, y","one\ntwo"\r\n'})
    assert text_of(raw)[1] == ["x, y", "one\ntwo"]


def test_delimiters_are_found_by_evenness() -> None:
    """Decimal commas inside a semicolon file do not mislead."""
    assert find_delimiter("a;b;c\n1,5;2,5;3,5\n1,5;2;3\n") == ";"
    assert find_delimiter("a,b,c\n1;5,2,3\n") == ","
    assert find_delimiter("single\ncolumn\n") in ";,\t|"


def test_several_csv_files_and_a_zip_of_them_are_the_same_workbook() -> None:
    """What comes as files may come zipped; a Mac's extra members are left out."""
    files = {"Sản phẩm.csv": csv_text(";").encode(), "Lô.csv": b"a;b\n1;2\n"}
    extra = {"__MACOSX/._a.csv": b"junk", "folder/.DS_Store": b"\0\1"}
    direct = read_workbook(files)
    packed = read_workbook({"x.zip": zipped({f"folder/{n}": d for n, d in files.items()} | extra)})
    assert [(s.name, s.rows) for s in direct.sheets] == [(s.name, s.rows) for s in packed.sheets]


REFUSED = [
    (b"", "rỗng"),
    (b"   \r\n", "rỗng"),
    (b"%PDF-1.7 ...", "PDF"),
    (b"\x89PNG\r\n\x1a\n....", "PNG"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, ".xls"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 100 + "EncryptedPackage".encode("utf-16-le"), "mật khẩu"),
    (b"PK\x03\x04 and then nothing of a zip", "hỏng"),
    (b"PK\x05\x06" + b"\0" * 18, "không có dòng"),
    (bytes(range(256)) * 10, "không phải bảng tính"),
    (b"<html><table><tr><td>1</td></tr></table>", "HTML"),
    (zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}), "OpenDocument"),
    (zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<x/>"}), "Word"),
    (zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.bin": b"\0"}), ".xlsb"),
    (zipped({"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"not xml"}), "hỏng"),
    (zipped({"inner.zip": zipped({"a.csv": b"a;b\n1;2"})}), "chỉ được chứa các tệp CSV"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "why"), REFUSED)
def test_what_is_no_spreadsheet_is_refused_with_the_way_out(data: bytes, why: str) -> None:
    """Each kind of wrong file gets its own sentence, in both languages."""
    with pytest.raises(WorkbookRefused) as e:
        read_workbook({"tep": data})
    assert why in e.value.reason_vi
    assert e.value.reason_en


def test_the_refused_file_of_several_is_named() -> None:
    """Among three files the clerk must know which one."""
    with pytest.raises(WorkbookRefused) as e:
        read_workbook({"Lô.csv": b"a;b\n1;2\n", "anh.png": b"\x89PNG\r\n"})
    assert e.value.reason_vi.startswith("anh.png:")


def test_a_zip_with_a_password_is_refused() -> None:
    """The encryption flag is seen before anything is read."""
    data = bytearray(zipped({"a.csv": b"a;b\n1;2\n"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + offset
        data[at : at + 2] = struct.pack("<H", 1)
    with pytest.raises(WorkbookRefused) as e:
        read_workbook({"a.zip": bytes(data)})
    assert "mật khẩu" in e.value.reason_vi


def test_bombs_are_refused_before_they_are_unpacked() -> None:
    """A gigabyte of zeros, a thousand members, a small bomb of extreme ratio: refused within memory."""
    bomb = zipped({"a.csv": b"\0" * (70 << 20)})
    many = zipped({f"{n}.csv": b"a;b\n" for n in range(LIMITS.zip_members + 1)})
    steep = zipped({"a.csv": b"0" * (5 << 20)})
    tracemalloc.start()
    for data in (bomb, many, steep):
        with pytest.raises(WorkbookRefused, match="too large"):
            read_workbook({"x.zip": data})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 << 20


def xlsx_with(sheet: bytes, extra: dict[str, bytes] | None = None) -> bytes:
    """A minimal XLSX around one sheet part."""
    ns = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rel = b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
    kind = b"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"
    return zipped(
        {
            "[Content_Types].xml": b"<Types/>",
            "xl/workbook.xml": b"<workbook %s %s><sheets><sheet name='S' sheetId='1' r:id='r1'/></sheets></workbook>"
            % (ns, rel),
            "xl/_rels/workbook.xml.rels": b"<Relationships><Relationship Id='r1' Type='%s' Target='worksheets/s.xml'/>"
            b"</Relationships>" % kind,
            "xl/worksheets/s.xml": sheet,
            **(extra or {}),
        }
    )


def test_an_entity_bomb_is_refused() -> None:
    """A billion laughs in a sheet are not laughed."""
    sheet = (
        b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        b"<worksheet><sheetData><row r='1'><c t='inlineStr'><is><t>&b;</t></is></c></row></sheetData></worksheet>"
    )
    with pytest.raises(WorkbookRefused) as e:
        read_workbook({"x.xlsx": xlsx_with(sheet)})
    assert "nguy hiểm" in e.value.reason_vi


def test_an_outside_entity_is_refused() -> None:
    """No file of the server can be pulled into a cell."""
    sheet = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet><sheetData/></worksheet>'
    with pytest.raises(WorkbookRefused):
        read_workbook({"x.xlsx": xlsx_with(sheet)})


def test_a_million_rows_are_refused_in_bounded_time_and_memory() -> None:
    """More rows than one import may have: the reader stops at the limit."""
    row = b"<row><c><v>1</v></c></row>"
    sheet = b"<worksheet><sheetData>" + row * 1_000_000 + b"</sheetData></worksheet>"
    started = time.monotonic()
    tracemalloc.start()
    with pytest.raises(WorkbookRefused, match="too large"):
        read_workbook({"x.xlsx": xlsx_with(sheet)}, Limits(rows=5_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.monotonic() - started < 60
    assert peak < 120 << 20


def test_a_million_empty_rows_are_nothing() -> None:
    """Formatted but empty rows down to the end of the sheet, as careless formatting leaves them, cost no row."""
    rows = b"".join(b"<row r='%d' s='1'/>" % n for n in range(2, 200_000))
    sheet = (
        b"<worksheet><sheetData><row r='1'><c r='A1'><v>1</v></c></row>" + rows + b"</sheetData></worksheet>"
    )
    assert len(read_workbook({"x.xlsx": xlsx_with(sheet)}).sheets[0].rows) == 1


def test_a_cell_far_to_the_right_is_ignored() -> None:
    """A stray sign in column XFD makes no sheet of 16,384 columns."""
    cells = b"<c r='A1'><v>1</v></c><c r='XFD1'><v>2</v></c>"
    sheet = b"<worksheet><sheetData><row r='1'>" + cells + b"</row></sheetData></worksheet>"
    assert len(read_workbook({"x.xlsx": xlsx_with(sheet)}).sheets[0].rows[0]) == 1


def test_a_formula_with_a_stored_result_is_its_result() -> None:
    """A number, a text and an error that formulas left behind; cells without addresses follow one another."""
    cells = (
        b"<c><f>1+1</f><v>2</v></c><c t='str'><f>A1</f><v>Cam</v></c>"
        b"<c t='e'><f>1/0</f><v>#DIV/0!</v></c><c><f>A1</f></c>"
    )
    sheet = b"<x:worksheet xmlns:x='u'><sheetData><row>" + cells + b"</row></sheetData></x:worksheet>"
    found = read_workbook({"x.xlsx": xlsx_with(sheet)}).sheets[0].rows[0]
    assert [(c.address, c.kind.name, str(c.value)) for c in found] == [
        ("A1", "NUMBER", "2"),
        ("B1", "TEXT", "Cam"),
        ("C1", "ERROR", "#DIV/0!"),
        ("D1", "NO_CACHE", ""),
    ]


@pytest.mark.parametrize(
    "sheet",
    [
        b"<worksheet><sheetData><row r='x'/></sheetData></worksheet>",
        b"<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>99</v></c></row></sheetData></worksheet>",
        b"<worksheet><sheetData><row r='1'><c r='1A'><v>1</v></c></row></sheetData></worksheet>",
        b"<worksheet><sheetData><row r='1'><c r='A1' s='x'><v>1</v></c></row></sheetData></worksheet>",
        b"<worksheet><mergeCells><mergeCell ref='A1:??'/></mergeCells></worksheet>",
        b"<worksheet><sheetData><row r='1'><c",
        b"",
    ],
)
def test_damaged_parts_are_refused(sheet: bytes) -> None:
    """References to nothing, broken numbers, cut XML: one sentence, no traceback."""
    with pytest.raises(WorkbookRefused):
        read_workbook({"x.xlsx": xlsx_with(sheet)})


@given(st.binary(max_size=3000))
def test_property_hostile_bytes_are_read_or_refused(data: bytes) -> None:
    """Random bytes never raise anything else, through reading and interpreting."""
    check_read_or_refused(data)


@given(
    st.sampled_from(
        [b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"M\xc3\xa3;"]
    ),
    st.binary(max_size=500),
)
def test_property_hostile_beginnings_are_read_or_refused(magic: bytes, rest: bytes) -> None:
    """The same with beginnings that choose a reader."""
    check_read_or_refused(magic + rest)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=8))
def test_property_hostile_changes_to_a_good_file_are_read_or_refused(place: int, patch: bytes) -> None:
    """A good XLSX with a few bytes overwritten anywhere."""
    data = bytearray(_good())
    at = place % len(data)
    data[at : at + len(patch)] = patch
    check_read_or_refused(bytes(data))


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "P", "Z")), max_size=300))
def test_property_hostile_sheet_parts_are_read_or_refused(text: str) -> None:
    """Arbitrary text between the tags of a sheet."""
    check_read_or_refused(xlsx_with(b"<worksheet><sheetData>" + text.encode() + b"</sheetData></worksheet>"))


def check_read_or_refused(data: bytes) -> None:
    """Any other exception fails the test."""
    try:
        raw = read_workbook({"x": data})
    except WorkbookRefused:
        return
    interpret(raw)


@functools.cache
def _good() -> bytes:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "Sản phẩm"
    for row in (HEAD, ROW):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_reading_agrees_with_openpyxl(build: Callable[[Any], bytes]) -> None:
    """Values of a file written by openpyxl come back the same."""
    rows = [["Tên", "Số"], ["Cam", 1], ["Chè", 2.5], ["<&>", -3], [" x ", 1e15], [True, 0.1]]
    raw = read_workbook({"a.xlsx": build({"S": rows})})
    got = [[c.value for c in row] for row in raw.sheets[0].rows]
    assert [[str(v) for v in r] for r in got] == [
        ["Tên", "Số"], ["Cam", "1"], ["Chè", "2.5"], ["<&>", "-3"], [" x ", "1.00000000000000E+15"], ["1", "0.1"],
    ]  # fmt: skip
