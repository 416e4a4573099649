"""Ordering stamps with PINs and taking their list: by an administrator, apart from the stamps, on record."""

import csv
import io
import re
import uuid

from pypdf import PdfReader
from sqlalchemy import select

from temthat_stamps.code import Header
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.records import PinFetch, PrintJob, Run
from temthat_stamps.signing import RunSecrets

from .conftest import ADMIN, CLERK, NEIGHBOUR, OFFICER, PASSWORD, Browser, Office
from .test_orders import made, order_path

TAKE = {"apart": "1", "password": PASSWORD}


def job_of(office: Office, path: str) -> PrintJob:
    with office.session() as session:
        return session.get_one(PrintJob, uuid.UUID(path.rpartition("/")[2]))


def with_pins(office: Office, browser: Browser, **fields: str) -> str:
    """The path of the file of a run with PINs."""
    path = made(office, browser, **{"count": "30", "pins": "1", **fields})
    with office.session() as session:
        assert session.get_one(Run, job_of(office, path).run).has_pins
    return path


def test_stamps_have_no_pins_unless_asked_for(office: Office) -> None:
    """The box is there and not ticked; without it the run has none, and there is no list."""
    browser = office.browser(ADMIN)
    page = browser.open(order_path(office)).text
    assert re.search(r'<input type="checkbox" name="pins" value="1"(?! checked)', page)
    assert "không in trên tem" in page
    path = made(office, browser, count="3")
    with office.session() as session:
        assert not session.get_one(Run, job_of(office, path).run).has_pins
    assert "Danh sách PIN" not in browser.open(path).text
    assert browser.open(f"{path}/pins").status_code == 404


def test_the_choice_of_pins_survives_another_paper(office: Office) -> None:
    """Choosing a print house keeps the tick, and says there what it means."""
    page = office.browser(CLERK).open(order_path(office) + "?pins=1&method=house").text
    assert 'value="1" checked' in page
    assert "nhà in phủ được lớp cào" in page
    assert "method=sheet&amp;count=244&amp;pins=1" in page


def test_an_administrator_takes_the_list(office: Office) -> None:
    """Every PIN beside its printed number, no address; who took it is told on both pages."""
    browser = office.browser(ADMIN)
    path = with_pins(office, browser)
    answer = browser.submit(f"{path}/pins", at=f"{path}/pins", **TAKE)
    assert answer.status_code == 200
    job = job_of(office, path)
    assert f"-{job.run}-1-30.csv" in answer.headers["content-disposition"]
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["serial", "number", "pin"]
    with office.session() as session:
        run = session.get_one(Run, job.run)
        secrets, hint = RunSecrets(run_secret(office.services.sealer, run)), run.stamp_key.hint
    for serial, row in enumerate(rows[1:], 1):
        header = Header(hint, job.run, serial)
        assert row == [str(serial), secrets.number(header).grouped, secrets.pin(header)]
    assert len(rows) == 31
    assert "/T/" not in answer.text
    with office.session() as session:
        assert [fetch.by for fetch in session.scalars(select(PinFetch))] == ["Lý Văn Hùng"]
    for page in (path, f"{path}/pins"):
        assert "· Lý Văn Hùng" in browser.open(page).text


def test_the_print_file_holds_no_pin(office: Office) -> None:
    """Whoever orders gets stamps without PINs, in any format."""
    browser = office.browser(ADMIN)
    path = with_pins(office, browser, method="house", kind="csv")
    stamps = browser.open(f"{path}/file").text
    pins = browser.submit(f"{path}/pins", at=f"{path}/pins", **TAKE).text
    found = [row[2] for row in csv.reader(io.StringIO(pins))][1:]
    assert len(found) == 30
    assert not [pin for pin in found if re.search(rf"(?<!\w){pin}(?!\w)", stamps)]


def test_sheets_of_pins_stand_like_the_stamps(office: Office) -> None:
    """For who has no print house: one cell a stamp, number and PIN, on as many sheets; no symbol, no address."""
    browser = office.browser(ADMIN)
    path = with_pins(office, browser, start="20")
    listed = browser.submit(f"{path}/pins", at=f"{path}/pins", **TAKE).text
    answer = browser.submit(f"{path}/pins", at=f"{path}/pins", kind="pdf", **TAKE)
    assert answer.headers["content-type"] == "application/pdf"
    sheets = PdfReader(io.BytesIO(answer.content))
    text = "\n".join(page.extract_text() for page in sheets.pages)
    rows = list(csv.reader(io.StringIO(listed)))[1:]
    assert re.findall(r"\b[0-9]{3} [0-9]{3}\b(?! )", text) == [f"{row[2][:3]} {row[2][3:]}" for row in rows]
    assert [text.index(row[1]) for row in rows] == sorted(text.index(row[1]) for row in rows)
    assert len(sheets.pages) == len(PdfReader(io.BytesIO(browser.open(f"{path}/file").content)).pages) == 3
    house = with_pins(office, browser, count="3", method="house", kind="csv")
    assert 'name="kind"' not in browser.open(f"{house}/pins").text
    again = browser.submit(f"{house}/pins", at=f"{house}/pins", kind="pdf", **TAKE)
    assert again.headers["content-type"].startswith("text/csv")


def test_one_person_with_both_files_is_told(office: Office) -> None:
    """It is allowed, for some cooperatives have one person; the page says that two would be better."""
    admin, clerk = office.browser(ADMIN), office.browser(CLERK)
    path = with_pins(office, clerk)
    clerk.open(f"{path}/file")
    admin.submit(f"{path}/pins", at=f"{path}/pins", **TAKE)
    assert "Cùng một người" not in admin.open(f"{path}/pins").text
    admin.open(f"{path}/file")
    assert "Cùng một người đã tải cả tệp in và danh sách PIN: Lý Văn Hùng" in admin.open(f"{path}/pins").text


def test_nobody_else_takes_it(office: Office) -> None:
    """Whoever orders, an alliance's officer, another cooperative."""
    path = with_pins(office, office.browser(ADMIN), count="3")
    for phone, status in ((CLERK, 403), (OFFICER, 403), (NEIGHBOUR, 404)):
        browser = office.browser(phone)
        assert browser.open(f"{path}/pins").status_code == status
        assert browser.submit(f"{path}/pins", at="/desk", **TAKE).status_code == status
    with office.session() as session:
        assert session.scalars(select(PinFetch)).first() is None


def test_without_password_or_tick_nothing_leaves(office: Office) -> None:
    """A screen left open gives nothing away."""
    browser = office.browser(ADMIN)
    path = with_pins(office, browser, count="3")
    wrong: tuple[tuple[dict[str, str], str], ...] = (
        ({"apart": "1", "password": "khác"}, "Mật khẩu"),
        ({"password": PASSWORD}, "theo đường khác"),
    )
    for fields, said in wrong:
        answer = browser.submit(f"{path}/pins", at=f"{path}/pins", **fields)
        assert answer.status_code == 422
        assert said in answer.text
        assert answer.headers["content-type"].startswith("text/html")
    with office.session() as session:
        assert session.scalars(select(PinFetch)).first() is None


def test_the_list_closes_with_the_print_file(office: Office) -> None:
    """After 48 hours, and once all is on paper: who finds an open account later learns no PIN."""
    browser = office.browser(ADMIN)
    path = with_pins(office, browser, count="3")
    office.forward(hours=49)
    later = office.browser(ADMIN)
    page = later.open(f"{path}/pins").text
    assert "48 giờ" in page
    assert "password" not in page
    assert later.submit(f"{path}/pins", at="/desk/account", **TAKE).status_code == 422
    with office.session() as session:
        assert session.scalars(select(PinFetch)).first() is None
