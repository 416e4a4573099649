"""Getting in and out, and staying in."""

import datetime as dt

import pytest
from sqlalchemy import select

from temthat_verify_api.accounts import WebSession
from temthat_verify_api.desk.context import safe_return
from temthat_verify_api.sessions import ABSOLUTE, IDLE

from .conftest import ADMIN, CLERK, NOW, OFFICER, PASSWORD, Office


def test_a_clerk_signs_in_however_the_number_is_written(office: Office) -> None:
    """And lands on what to do next."""
    for typed in (CLERK, "0912 000 001", "+84 912 000 001", "84912000001"):
        browser = office.browser()
        answer = browser.submit("/desk/sign-in", phone=typed, password=PASSWORD)
        page = browser.follow(answer)
        assert page.status_code == 200
        assert "Việc cần làm" in page.text
        assert "Hoàng Thị Mai" in page.text


def test_a_wrong_password_and_an_unknown_number_look_alike(office: Office) -> None:
    """The page is the same but for what was typed."""
    for phone, password in ((CLERK, "sai"), ("0987654321", PASSWORD), ("abc", PASSWORD), ("", "")):
        answer = office.browser().submit("/desk/sign-in", phone=phone, password=password)
        assert answer.status_code == 422
        assert "Số điện thoại hoặc mật khẩu chưa đúng" in answer.text
        assert "temthat_desk" not in answer.headers.get("set-cookie", "")


def test_whoever_is_not_signed_in_is_sent_to_the_sign_in_page_and_back(office: Office) -> None:
    """The page asked for opens after signing in."""
    browser = office.browser()
    path = f"/desk/batches/{office.batch_id()}"
    sent = browser.open(path)
    assert sent.headers["location"] == f"/desk/sign-in?next={path}"
    page = browser.follow(sent)
    assert f'value="{path}"' in page.text
    answer = browser.submit(
        "/desk/sign-in", at=sent.headers["location"], phone=CLERK, password=PASSWORD, next=path
    )
    assert answer.headers["location"] == path


@pytest.mark.parametrize(
    ("path", "safe"),
    [
        ("/desk", True),
        ("/desk/jobs/1?x=2", True),
        ("https://evil.example/desk", False),
        ("//evil.example/desk", False),
        ("/\\evil.example/desk", False),
        ("/desk\\@evil.example", False),
        ("javascript:alert(1)", False),
        ("/T/CODE", False),
        ("/desk/\n//evil.example", False),
        ("/deskevil", False),
    ],
)
def test_nobody_is_sent_out_of_the_desk(path: str, safe: bool) -> None:
    """A link with another site's address behind it leads to the desk's first page."""
    assert (safe_return(path) == path) is safe


def test_the_cookie_is_kept_from_scripts_and_other_sites(office: Office) -> None:
    """HttpOnly, SameSite=Lax; only its hash is in the database."""
    browser = office.browser()
    answer = browser.submit("/desk/sign-in", phone=CLERK, password=PASSWORD)
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("temthat_desk="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    with office.session() as session:
        stored = session.scalars(select(WebSession.token_hash)).one()
    assert cookie.split(";")[0].split("=")[1].encode() not in stored


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(sqlite_url: str, tmp_path: object) -> None:
    """The __Host- prefix: Secure, Path=/, no Domain."""
    from pathlib import Path

    from .conftest import build_office

    built = build_office(sqlite_url, Path(str(tmp_path)) / "data", secure_cookies=True)
    page = built.browser().open("/desk/sign-in")
    cookie = page.headers["set-cookie"]
    built.press.close()
    assert cookie.startswith("__Host-temthat_form=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_signing_in_gives_a_new_session_each_time(office: Office) -> None:
    """A session somebody planted before is not taken over."""
    browser = office.browser()
    browser.submit("/desk/sign-in", phone=CLERK, password=PASSWORD)
    first = browser.client.http.cookies["temthat_desk"]
    browser.submit("/desk/sign-in", phone=CLERK, password=PASSWORD)
    second = browser.client.http.cookies["temthat_desk"]
    assert first != second
    with office.session() as session:
        assert len(session.scalars(select(WebSession)).all()) == 1


def test_guessing_is_slowed_down_with_words(office: Office) -> None:
    """After six tries the page says how long to wait, even with the right password; other people get in."""
    browser = office.browser()
    for _ in range(6):
        browser.submit("/desk/sign-in", phone=CLERK, password="sai mật khẩu")
    answer = browser.submit("/desk/sign-in", phone=CLERK, password=PASSWORD)
    assert answer.status_code == 422
    assert "Đã thử quá nhiều lần" in answer.text
    assert office.browser(ADMIN).open("/desk").status_code == 200


def test_a_session_ends_when_nobody_uses_it(office: Office) -> None:
    """And says so on the sign-in page."""
    browser = office.browser(CLERK)
    office.clock[0] = NOW + IDLE + dt.timedelta(minutes=1)
    sent = browser.open("/desk")
    assert sent.status_code == 303
    assert "ended=1" in sent.headers["location"]
    assert "Phiên làm việc đã hết" in browser.follow(sent).text


def test_a_session_ends_after_a_working_day_however_busy(office: Office) -> None:
    """Work in between prolongs it only so far."""
    browser = office.browser(CLERK)
    while office.clock[0] < NOW + ABSOLUTE:
        assert browser.open("/desk").status_code == 200
        office.clock[0] += IDLE - dt.timedelta(minutes=1)
    assert browser.open("/desk").status_code == 303


def test_signing_out_ends_it_at_once(office: Office) -> None:
    """The same cookie opens nothing any more."""
    browser = office.browser(CLERK)
    cookie = browser.client.http.cookies["temthat_desk"]
    browser.follow(browser.submit("/desk/sign-out", at="/desk"))
    other = office.browser()
    other.client.http.cookies.set("temthat_desk", cookie, domain="desk.test")
    assert other.open("/desk").status_code == 303


def test_changing_the_password_keeps_this_browser_and_ends_the_others(office: Office) -> None:
    """The one who changes it stays signed in."""
    here, elsewhere = office.browser(CLERK), office.browser(CLERK)
    new = "hạt dẻ rang thơm"
    answer = here.submit(
        "/desk/account/password", at="/desk/account", current=PASSWORD, password=new, again=new
    )
    assert "Đã đổi mật khẩu" in here.follow(answer).text
    assert elsewhere.open("/desk").status_code == 303
    assert office.browser().submit("/desk/sign-in", phone=CLERK, password=new).status_code == 303


def test_a_password_is_not_changed_to_something_wrong(office: Office) -> None:
    """Each refusal says what is the matter."""
    browser, good = office.browser(CLERK), "hạt dẻ rang thơm"
    for current, new, again, says in (
        ("sai", good, good, "Mật khẩu đang dùng chưa đúng"),
        (PASSWORD, good, "hạt dẻ rang", "không giống nhau"),
        (PASSWORD, "ngắn", "ngắn", "ngắn quá"),
        (PASSWORD, "12345678", "12345678", "dễ đoán quá"),
    ):
        fields = {"current": current, "password": new, "again": again}
        answer = browser.submit("/desk/account/password", at="/desk/account", **fields)
        assert answer.status_code == 422
        assert says in answer.text


def test_the_language_is_remembered(office: Office) -> None:
    """English by choice, on the page one was on; Vietnamese is where one starts, whatever the browser prefers."""
    browser = office.browser(headers={"accept-language": "en"})
    assert "Đăng nhập" in browser.open("/desk/sign-in").text
    sent = browser.open("/desk/language/en?next=/desk/code")
    assert sent.headers["location"] == "/desk/code"
    assert "Choose a password with the code on paper" in browser.follow(sent).text
    assert browser.open("/desk/language/fr").status_code == 404


def test_a_first_password_comes_from_a_sheet_of_paper(office: Office) -> None:
    """An officer prints a code, the person chooses a password with it and is in."""
    import re

    officer = office.browser(OFFICER)
    sheet = officer.submit(f"/desk/people/{office.person_id(CLERK)}/code", at="/desk/people")
    code = re.search(r'class="code">([^<]+)<', sheet.text)
    assert code
    new = "mùa dẻ chín vàng"
    clerk = office.browser()
    answer = clerk.submit("/desk/code", phone=CLERK, code=code[1].lower(), password=new, again=new)
    assert "Việc cần làm" in clerk.follow(answer).text
    assert office.browser().submit("/desk/sign-in", phone=CLERK, password=PASSWORD).status_code == 422
    again = office.browser().submit("/desk/code", phone=CLERK, code=code[1], password=new, again=new)
    assert again.status_code == 422
    assert "xin mã mới" in again.text
