"""Workbook in: checked, shown, applied; all of it or nothing."""

import datetime as dt
import io
import re
from typing import Any

from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from temthat_trace.batches import Batch
from temthat_trace.products import Product
from temthat_verify_api.accounts import WorkbookImport

from .conftest import CLERK, INSPECTOR, NEIGHBOUR, OFFICER, Browser, Office

Rows = dict[str, list[list[Any]]]

GOOD: Rows = {
    "Sản phẩm": [
        ["Mã sản phẩm *", "Tên sản phẩm *", "Đơn vị tính *"],
        ["TRUNG", "Trứng gà đồi", "quả"],
    ],
    "Quy cách": [
        [
            "Mã sản phẩm *",
            "Mã quy cách *",
            "Tên quy cách *",
            "Loại quy cách",
            "Lượng tịnh",
            "Đơn vị lượng tịnh",
        ],
        ["TRUNG", "KHAY10", "Khay 10 quả", "Gói lẻ", 10, "quả"],
    ],
    "Lô": [
        ["Mã sản phẩm *", "Số lô *", "Số lượng *", "Đơn vị", "Ngày sản xuất *"],
        ["TRUNG", "TR-2611", "1.234", "quả", "20/11/2026"],
    ],
}


def workbook(rows: Rows) -> bytes:
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, lines in rows.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def changed(**cells: Any) -> bytes:
    rows = {title: [list(line) for line in lines] for title, lines in GOOD.items()}
    for place, value in cells.items():
        rows["Lô"][1][int(place[1:])] = value
    return workbook(rows)


def upload(browser: Browser, data: bytes, name: str = "sổ HTX.xlsx") -> Any:
    return browser.submit("/desk/workbooks", files={"files": (name, data)})


def count(office: Office, kind: type[Any]) -> int:
    with office.session() as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def test_a_good_workbook_is_previewed_then_applied(office: Office) -> None:
    """Nothing is written by the check; the preview tells how 1.234 was read; a click brings it all in."""
    browser = office.browser(CLERK)
    before = count(office, Batch)
    answer = upload(browser, workbook(GOOD))
    page = browser.follow(answer)
    assert "Sổ đọc được, không có lỗi" in page.text
    assert "1.234 quả" in page.text
    assert count(office, Batch) == before
    path = answer.headers["location"]
    applied = browser.follow(browser.submit(f"{path}/apply", at=path))
    assert "Đã nhập xong" in applied.text
    assert count(office, Batch) == before + 1
    assert "Trứng gà đồi" in browser.open("/desk?q=trung ga").text
    with office.session() as session:
        assert session.scalars(select(WorkbookImport.files)).one() is None


def test_applying_twice_brings_nothing_in_twice(office: Office) -> None:
    """A second click, and the same file once more, change nothing."""
    browser = office.browser(CLERK)
    path = upload(browser, workbook(GOOD)).headers["location"]
    token = browser.token(path)
    for _ in range(2):
        assert browser.client.post(f"{path}/apply", data={"form": token}).status_code == 303
    after = count(office, Batch)
    path = upload(browser, workbook(GOOD)).headers["location"]
    browser.submit(f"{path}/apply", at=path)
    assert count(office, Batch) == after


def test_errors_stand_in_place_and_nothing_is_brought_in(office: Office) -> None:
    """Sheet, cell, what is there and what to do; the list can be fetched; there is no button to apply."""
    browser = office.browser(CLERK)
    before = count(office, Product)
    answer = upload(browser, changed(c2="một trăm", c4="31/02/2026"))
    page = browser.follow(answer).text
    assert "Sổ có 2 chỗ cần sửa" in page
    for text in ("C2", "E2", "một trăm", "31/02/2026"):
        assert text in page
    assert "/apply" not in page
    assert count(office, Product) == before
    path = answer.headers["location"]
    token = browser.token("/desk/workbooks")
    assert browser.client.post(f"{path}/apply", data={"form": token}).status_code == 404
    sheet = load_workbook(io.BytesIO(browser.open(f"{path}/problems.xlsx").content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0] == ("Trang tính", "Ô", "Đang ghi", "Cần làm")
    assert {row[1] for row in rows[1:]} == {"C2", "E2"}


def test_a_problem_list_cannot_carry_a_formula(office: Office) -> None:
    """What somebody typed into a cell stays text in the list that another person opens."""
    browser = office.browser(CLERK)
    path = upload(browser, changed(c2="@SUM(1+9)*cmd|' /C calc'!A0", c4="-2+3")).headers["location"]
    sheet = load_workbook(io.BytesIO(browser.open(f"{path}/problems.xlsx").content)).active
    assert sheet is not None
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}


def test_what_is_no_workbook_is_refused_in_words(office: Office) -> None:
    """And no file at all, too."""
    browser = office.browser(CLERK)
    for data in (b"%PDF-1.7", b"PK\x03\x04 damaged", b"\x00" * 100):
        answer = upload(browser, data)
        page = browser.follow(answer) if answer.status_code == 303 else answer
        assert 'role="alert"' in page.text or "chỗ cần sửa" in page.text
    assert "Chưa chọn tệp nào" in browser.submit("/desk/workbooks", files={"files": ("", b"")}).text


def test_a_workbook_that_is_too_large_is_refused_while_it_arrives(office: Office) -> None:
    """413 with the limit in words."""
    object.__setattr__(
        office.services, "settings", office.services.settings.model_copy(update={"upload_limit": 100_000})
    )
    answer = upload(office.browser(CLERK), b"x" * 300_000)
    assert answer.status_code == 413
    assert "Tệp quá lớn" in answer.text


def test_errors_in_english_too(office: Office) -> None:
    """Whoever chose English reads the reasons in English."""
    browser = office.browser(CLERK)
    browser.open("/desk/language/en")
    page = browser.follow(upload(browser, changed(c2="một trăm"))).text
    assert "1 places need attention" in page
    assert "một trăm" in page


def test_a_waiting_workbook_is_offered_again_on_the_first_page(office: Office) -> None:
    """And forgotten when another one is uploaded, or after two days."""
    browser = office.browser(CLERK)
    upload(browser, workbook(GOOD), "lần 1.xlsx")
    upload(browser, workbook(GOOD), "lần 2.xlsx")
    page = browser.open("/desk").text
    assert "lần 2.xlsx" in page
    assert count(office, WorkbookImport) == 1
    office.clock[0] += dt.timedelta(days=3)
    assert "lần 2.xlsx" not in office.browser(CLERK).open("/desk").text


def test_other_organisations_do_not_see_an_upload(office: Office) -> None:
    """Nor apply it."""
    path = upload(office.browser(CLERK), workbook(GOOD)).headers["location"]
    neighbour = office.browser(NEIGHBOUR)
    assert neighbour.open(path).status_code == 404
    token = neighbour.token("/desk/workbooks")
    assert neighbour.client.post(f"{path}/apply", data={"form": token}).status_code == 404


def test_inspectors_bring_nothing_in(office: Office) -> None:
    """They only look."""
    assert office.browser(INSPECTOR).open("/desk/workbooks").status_code == 403


def test_an_alliance_brings_in_records_of_its_members(office: Office) -> None:
    """The column with the organisation's code says whose they are."""
    rows = {title: [list(line) for line in lines] for title, lines in GOOD.items()}
    for lines in rows.values():
        lines[0].insert(0, "Mã đơn vị")
        for line in lines[1:]:
            line.insert(0, "HTX-NA")
    browser = office.browser(OFFICER)
    path = upload(browser, workbook(rows)).headers["location"]
    assert "Đã nhập xong" in browser.follow(browser.submit(f"{path}/apply", at=path)).text
    assert "Trứng gà đồi" in office.browser(NEIGHBOUR).open("/desk").text


def test_the_template_is_a_workbook_that_says_how(office: Office) -> None:
    """It opens, and has the sheets the import knows."""
    data = office.browser(CLERK).open("/desk/workbooks/template.xlsx")
    assert re.search(r'filename="[\w-]+\.xlsx"', data.headers["content-disposition"])
    titles = load_workbook(io.BytesIO(data.content)).sheetnames
    assert {"Sản phẩm", "Quy cách", "Lô"} <= set(titles)
