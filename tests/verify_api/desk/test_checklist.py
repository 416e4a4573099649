"""The checklists at the desk: on the pages of product and batch, as an overview, as a list, and for whom."""

import csv
import io
import re

import pytest
from sqlalchemy import select

from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_trace.search import fold
from temthat_verify_api.desk import checklist_queries

from .conftest import CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, OFFICER, Office


def product_id(office: Office, code: str = "DE") -> str:
    with office.session() as session:
        return str(session.scalars(select(Product.id).where(Product.code == code)).one())


def summaries(page: str) -> list[str]:
    """The summary lines of a page's lists, in words."""
    return [
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", s)).strip()
        for s in re.findall(r"<summary>(.*?)</summary>", page, re.S)
    ]


def test_a_products_page_says_what_is_there_and_what_is_missing(office: Office) -> None:
    """The circular's ten items by the newest batch: no picture, no standard, places without a commune."""
    page = office.browser(CLERK).open(f"/desk/products/{product_id(office)}").text
    assert summaries(page)[0] == "6/10 mục · Mười mục dữ liệu truy xuất nguồn gốc Thiếu 3 Nếu có: 1"
    assert "Thông tư 02/2024/TT-BKHCN, Điều 6 khoản 3" in page
    assert "không thay cho ý kiến pháp lý" in page
    assert "Sổ Excel, trang “Sản phẩm”, cột “Tiêu chuẩn”" in page
    assert "Chưa khai; nếu có thì bổ sung" in page
    assert f"/desk/products/{product_id(office)}#picture-form" in page


def test_a_batchs_page_names_the_stage_that_lacks_its_place(office: Office) -> None:
    """The batch says where, but no commune was recognised; its stamps are its serial numbers once ordered."""
    browser = office.browser(CLERK)
    path = f"/desk/batches/{office.batch_id()}"
    page = browser.open(path).text
    assert "Công đoạn đóng gói ngày 19/11/2026: chưa nhận ra xã, phường" in page
    assert "chưa đặt tem" in page
    office.printed(100)
    page = browser.open(path).text
    assert "100 tem, mỗi tem một số riêng" in page
    assert "Mỗi gói một số tem riêng" in page


def test_those_who_cannot_fill_gaps_get_no_links_to_forms(office: Office) -> None:
    """An inspector reads the same list."""
    page = office.browser(INSPECTOR).open(f"/desk/products/{product_id(office)}").text
    assert "Sổ Excel, trang “Sản phẩm”, cột “Tiêu chuẩn”" in page
    assert '<a href="/desk/workbooks">' not in page


@pytest.mark.parametrize(
    ("phone", "sees"),
    [
        (CLERK, {"Hạt dẻ sấy", "Mật ong hoa rừng"}), (NEIGHBOUR, {"Na dai"}),
        (OFFICER, {"Hạt dẻ sấy", "Mật ong hoa rừng", "Na dai"}), (FAR_OFFICER, set()),
        (INSPECTOR, {"Hạt dẻ sấy", "Mật ong hoa rừng", "Na dai"}),
    ],
    ids=["clerk", "neighbour", "officer", "far-officer", "inspector"],
)  # fmt: skip
def test_the_overview_has_what_one_may_see(office: Office, phone: str, sees: set[str]) -> None:
    """A cooperative its own products, an alliance all members'."""
    page = office.browser(phone).open("/desk/checklist").text
    assert {name for name in ("Hạt dẻ sấy", "Mật ong hoa rừng", "Na dai") if name in page} == sees


def test_those_that_lack_most_come_first(office: Office) -> None:
    """The chestnut gets a standard and a GTIN: it goes to the end."""
    with office.session() as session:
        chestnut = session.scalars(select(Product).where(Product.code == "DE")).one()
        chestnut.standard, chestnut.gtin = "TCCS 01:2026", "08938505974194"
        session.commit()
    page = office.browser(OFFICER).open("/desk/checklist").text
    assert page.index("Na dai") < page.index("Hạt dẻ sấy")
    assert page.index("Mật ong hoa rừng") < page.index("Hạt dẻ sấy")


def test_the_overview_is_searched_without_diacritics(office: Office) -> None:
    """By product or organisation; an organisation's own list by its link."""
    browser = office.browser(OFFICER)
    page = browser.open("/desk/checklist?q=ban lim").text
    assert "Na dai" in page
    assert "Hạt dẻ sấy" not in page
    page = browser.open(f"/desk/checklist?party={office.party_id('HTX-DE')}").text
    assert "Na dai" not in page
    assert office.browser(CLERK).open(f"/desk/checklist?party={office.party_id('HTX-NA')}").status_code == 404


def test_very_many_products_come_organisation_by_organisation(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two to a page here; the list for Excel is of the same page, and a page too far is the last."""
    monkeypatch.setattr(checklist_queries, "AT_ONCE", 2)
    browser = office.browser(OFFICER)
    with office.session() as session:
        names = session.execute(
            select(Product.name, Party.name).join(Party, Party.id == Product.party_id)
        ).all()
    ordered = [name for name, _ in sorted(names, key=lambda one: (fold(one[1]), fold(one[0])))]
    assert len(ordered) == 3
    for number, shown in ((0, ordered[:2]), (1, ordered[2:]), (9, ordered[2:])):
        page = browser.open(f"/desk/checklist?page={number}").text
        assert [name for name in ordered if f">{name}</a>" in page] == shown
        assert f"Phần {min(number, 1) + 1}/2" in page
        assert ("Các đơn vị sau" in page, "Các đơn vị trước" in page) == (number == 0, number > 0)
        [link] = re.findall(r'href="(/desk/checklist.csv[^"]*)"', page)
        rows = csv.reader(io.StringIO(browser.open(link.replace("&amp;", "&")).content.decode("utf-8-sig")))
        assert {row[2] for row in rows} - {"Sản phẩm"} == set(shown)
    assert "Phần" not in browser.open("/desk/checklist?q=na dai").text


def test_the_list_names_item_supplier_and_place(office: Office) -> None:
    """A line a gap; nothing a spreadsheet would compute."""
    with office.session() as session:
        session.scalars(select(Product).where(Product.code == "DE")).one().name = "=HYPERLINK(1)"
        session.commit()
    answer = office.browser(CLERK).open("/desk/checklist.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:3] == ["Đơn vị", "Mã sản phẩm", "Sản phẩm"]
    standard = next(row for row in rows if row[1] == "DE" and row[5] == "Tiêu chuẩn, quy chuẩn áp dụng")
    assert standard[2] == "'=HYPERLINK(1)"
    assert standard[6] == "Thiếu"
    assert standard[8] == "Người nhập liệu của đơn vị"
    assert standard[9].startswith("Sổ Excel, trang “Sản phẩm”, cột “Tiêu chuẩn” (http")


def test_the_pages_are_in_english_too(office: Office) -> None:
    """The same list in the other language."""
    browser = office.browser(CLERK)
    browser.client.http.cookies.set("temthat_language", "en", domain="desk.test")
    page = browser.open(f"/desk/products/{product_id(office)}").text
    assert "6 of 10 items" in summaries(page)[0]
    assert "Workbook, sheet “Products”, column “Standard”" in page
    assert "3 missing" in browser.open("/desk/checklist").text
