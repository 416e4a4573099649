"""A cooperative with its own key at the desk: order, sign at home, upload, proof, paper; wrong files in words."""

import html
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select

from temthat_stamps.custody.order import Signed, order_from_json, request_from_json, signed_from_json
from temthat_stamps.custody.own import OwnCustody
from temthat_stamps.custody.own_folder import ENROLMENT, Secrets, make_folder
from temthat_stamps.custody.own_print import print_order
from temthat_stamps.ledger.recording import Fate
from temthat_stamps.runs.custody import ISSUER_KEY_LIFE
from temthat_stamps.runs.enrolment import record_request
from temthat_stamps.runs.records import IssuerKey, Run
from temthat_stamps.trust.logtrust import LogTrust
from temthat_trace.parties import Party

from .conftest import ADMIN, CLERK, INSPECTOR, NEIGHBOUR, NOW, OFFICER, PASSWORD, Browser, Office
from .test_ledger import added_up, recorded

UPLOAD = "/desk/own-orders"


def at_home(office: Office, folder: Path, code: str) -> OwnCustody:
    """An organisation that keeps its own key, approved as if long ago; scrypt is made cheap for tests."""
    services = office.services
    policy = services.book.policy
    log = LogTrust(
        services.settings.origin,
        str(policy.log_key),
        tuple(map(str, policy.witnesses)),
        policy.quorum,
        (services.registry.operator.public_key,),
        ("tem.example.vn",),
    )
    with office.session() as session:
        party = session.scalars(select(Party).where(Party.code == code)).one()
        secrets = Secrets(lambda: "correct horse battery", lambda: "")
        made = make_folder(folder, log.format(), str(party.id), "20", secrets, office.clock[0], work=16)
        for hosted in session.scalars(select(IssuerKey).where(IssuerKey.party_id == party.id)):
            hosted.retired_at = office.clock[0]
        key = record_request(session, services.registry, party, (folder / ENROLMENT).read_bytes())
        key.delegated_from, key.valid_until = 0, NOW + ISSUER_KEY_LIFE
        session.commit()
    return OwnCustody(made, lambda: office.clock[0])


@pytest.fixture
def own(office: Office, tmp_path: Path) -> Iterator[OwnCustody]:
    """The clerk's cooperative keeps its own key from now on."""
    made = at_home(office, tmp_path / "keys", "HTX-DE")
    with closing(made.state):
        yield made


def ordered(office: Office, browser: Browser, count: str = "30", **fields: str) -> str:
    """Place an order as the clerk does; the address of its page."""
    path = f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}"
    answer = browser.order(path, count=count, layout="a4-24", **fields)
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    assert where.startswith(UPLOAD)
    return where


def signed_at_home(browser: Browser, own: OwnCustody, order: str) -> bytes:
    """Download the order, sign it."""
    answer = browser.open(f"{order}/order.json")
    assert answer.status_code == 200
    return own.sign_order(order_from_json(answer.content)).to_json()


def sent(browser: Browser, data: bytes, order: str | None = None) -> tuple[int, str]:
    """Upload a file on the order's page, or on that of all; status and page."""
    fields = {"run": order.rpartition("/")[2]} if order else {}
    files = {"signed": ("don.signed.json", data, "application/json")}
    answer = browser.submit(UPLOAD, at=order or UPLOAD, files=files, **fields)
    if answer.status_code == 303:
        return 303, browser.follow(answer).text
    return answer.status_code, answer.text


def test_the_whole_road(office: Office, own: OwnCustody, tmp_path: Path) -> None:
    """Each page says the next thing to do; at the end there is a PDF made at home, and the service knows it printed."""
    browser = office.browser(CLERK)
    path = f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}"
    assert "ký và in trên máy của đơn vị" in browser.open(path).text
    order = ordered(office, browser)
    page = browser.open(order).text
    assert "1. Tải đơn 30 tem" in page
    assert "temthat own sign don-1.json" in page
    assert "<script" not in page
    downloaded = browser.open(f"{order}/order.json")
    assert downloaded.headers["content-disposition"] == 'attachment; filename="don-1.json"'
    assert downloaded.headers["cache-control"] == "no-store"
    file = order_from_json(downloaded.content)
    assert "Hoàng Thị Mai" in browser.open(order).text, "who took the order is recorded"
    status, page = sent(browser, own.sign_order(file).to_json(), order)
    assert status == 303
    assert "Đã nhận tệp đã ký và ghi vào sổ công khai." in page
    assert "temthat own print don-1.json don-1.proof" in page
    proof = browser.open(f"{order}/proof").content
    [paper] = print_order(own, file, proof, tmp_path)
    assert paper.read_bytes().startswith(b"%PDF")
    done = browser.follow(browser.submit(f"{order}/printed", at=order)).text
    assert "Đã in xong 30 tem" in done
    assert "xóa tệp đơn" in done
    assert "30" in browser.open("/desk/runs/1/ledger").text


def test_pins_of_an_order_are_there_once_it_is_signed(office: Office, own: OwnCustody) -> None:
    """The order's page says so; the list is an administrator's, and says that the server knows the PINs too."""
    clerk, admin = office.browser(CLERK), office.browser(ADMIN)
    order = ordered(office, clerk, pins="1")
    page = admin.open(order).text
    assert "Có sau khi đơn đã ký được nhận vào sổ công khai." in page
    assert "/pins" not in page
    assert sent(clerk, signed_at_home(clerk, own, order), order)[0] == 303
    assert "Người quản trị của đơn vị tải danh sách PIN" in clerk.open(order).text
    [path] = re.findall(r'href="(/desk/jobs/[0-9a-f-]+/pins)"', admin.open(order).text)
    assert "nên máy chủ cũng biết" in admin.open(path).text
    listed = admin.submit(path, at=path, apart="1", password=PASSWORD)
    assert len(re.findall(r"(?m)^[0-9]+,[^,]+,[0-9]{6}\r$", listed.text)) == 30


def test_the_paper_chosen_at_the_desk_is_in_the_order(office: Office, own: OwnCustody) -> None:
    """Layout, position and resolution as chosen; a paper the stamp does not fit on is refused there and then."""
    browser = office.browser(CLERK)
    order = ordered(office, browser, start="5", dpi="300")
    printing = order_from_json(browser.open(f"{order}/order.json").content).printing
    assert (printing.layout, printing.start_position, printing.dpi) == ("a4-24", 5, 300)


def test_an_open_order_is_found_again_everywhere(office: Office, own: OwnCustody) -> None:
    """From the home page, the batch, the list of orders, and by a file's own address."""
    browser = office.browser(CLERK)
    order = ordered(office, browser)
    home = browser.open("/desk").text
    job = re.search(r'href="(/desk/jobs/[0-9a-f-]+)"', home)
    assert job
    assert browser.open(job[1]).headers["location"] == order
    batch = browser.open(f"/desk/batches/{office.batch_id()}").text
    assert job[1] in batch
    assert f'href="{UPLOAD}"' in home
    assert f'href="{order}"' in browser.open(UPLOAD).text


def test_a_withdrawn_order_gives_its_stamps_back(office: Office, own: OwnCustody) -> None:
    """The page says so, the list is empty, an answer signed meanwhile is refused with the reason."""
    browser = office.browser(CLERK)
    batch = f"/desk/batches/{office.batch_id()}"
    before = re.findall(r'class="big"><b>([\d.]+)', browser.open(batch).text)
    order = ordered(office, browser)
    assert re.findall(r'class="big"><b>([\d.]+)', browser.open(batch).text) != before
    signed = signed_at_home(browser, own, order)
    page = browser.follow(browser.submit(f"{order}/withdraw", at=order)).text
    assert "Đã hủy đơn." in page
    assert re.findall(r'class="big"><b>([\d.]+)', page) == before
    assert "Không có đơn nào đang chờ ký." in browser.open(UPLOAD).text
    assert "Đơn này đã hủy" in browser.open(order).text
    status, page = sent(browser, signed)
    assert status == 422
    assert "đơn 1 đã hủy" in page
    assert browser.open(f"{order}/order.json").status_code == 422


def test_wrong_files_are_told_in_a_sentence_each(office: Office, own: OwnCustody, tmp_path: Path) -> None:
    """None, damaged, the order itself, another's, another log's, another order's, one without a run."""
    browser = office.browser(CLERK)
    order, other = ordered(office, browser), ordered(office, browser, "20")
    raw = browser.open(f"{order}/order.json").content
    signed = signed_at_home(browser, own, order)
    body = json.loads(signed)
    with closing(at_home(office, tmp_path / "theirs", "HTX-NA").state):
        theirs = json.dumps({**body, "issuer": str(office.party_id("HTX-NA"))}).encode()
    closing_ = Signed(body["origin"], body["issuer"], ()).to_json()
    for data, words in (
        (b"", "Chưa chọn tệp"),
        (signed[: len(signed) // 2], "Không đọc được tệp này"),
        (b"%PDF-1.7 \xff\xfe", "Không đọc được tệp này"),
        (json.dumps({**body, "statements": ["?"]}).encode(), "Không đọc được tệp này"),
        (raw, "Đây là tệp đơn chưa ký"),
        (theirs, "Tệp này của đơn vị khác"),
        (json.dumps({**body, "origin": "xa.example/log"}).encode(), "cho một hệ thống khác"),
        (signed_at_home(browser, own, other), "Tệp này là của đơn 2, không phải đơn 1"),
        (closing_, "Tệp này không có đợt in nào"),
    ):
        status, page = sent(browser, data, order)
        assert (status, words in page) == (422, True), words
    with office.session() as session:
        assert not session.scalars(select(Run).where(Run.log_index.is_not(None))).all()


def test_a_forged_file_is_refused_and_nothing_is_logged(office: Office, own: OwnCustody) -> None:
    """Signed by a key that nobody approved, with the right names on it."""
    browser = office.browser(CLERK)
    order = ordered(office, browser)
    signed = signed_from_json(signed_at_home(browser, own, order))
    altered = Signed(
        signed.origin, signed.issuer, tuple(e.replace(b'"sig":"', b'"sig":"AAAA') for e in signed.statements)
    )
    status, page = sent(browser, altered.to_json())
    assert status == 422
    assert "Không nhận văn bản đã ký" in page


def test_an_old_file_sent_again_leads_to_its_order(office: Office, own: OwnCustody) -> None:
    """Twice does no harm."""
    browser = office.browser(CLERK)
    order = ordered(office, browser)
    signed = signed_at_home(browser, own, order)
    assert sent(browser, signed, order)[0] == 303
    status, page = sent(browser, signed)
    assert (status, "4. Tải bằng chứng" in page) == (303, True)
    answer = browser.open(f"{order}/order.json")
    assert (answer.status_code, "đã được ký" in answer.text) == (422, True)


def test_closing_a_months_key_goes_by_the_same_page(office: Office, own: OwnCustody) -> None:
    """The closing's file is taken; the page stays."""
    browser = office.browser(CLERK)
    order = ordered(office, browser)
    sent(browser, signed_at_home(browser, own, order), order)
    status, page = sent(browser, own.close(own.closable(early=True)).to_json())
    assert (status, "Đã nhận tệp đã ký" in page) == (303, True)


def test_printed_is_said_only_once_there_is_a_proof(office: Office, own: OwnCustody) -> None:
    """An order that nobody signed cannot be on paper."""
    browser = office.browser(CLERK)
    order = ordered(office, browser)
    answer = browser.submit(f"{order}/printed", at=order)
    assert (answer.status_code, "chưa thể đã in" in answer.text) == (422, True)
    assert browser.open(f"{order}/proof").status_code == 422


def test_a_double_click_orders_once(office: Office, own: OwnCustody) -> None:
    """The second is told to look at the runs first."""
    browser = office.browser(CLERK)
    path = f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}"
    ordered(office, browser)
    answer = browser.order(path, count="30", runs="0")
    assert answer.headers["location"].endswith("already_ordered")


def test_who_may_see_and_who_may_take(office: Office, own: OwnCustody) -> None:
    """Colleagues both; officer and inspector see the page but never the file with the secret; others find nothing."""
    order = ordered(office, office.browser(CLERK))
    for phone, page, file in (
        (ADMIN, 200, 200),
        (OFFICER, 200, 403),
        (INSPECTOR, 200, 403),
        (NEIGHBOUR, 404, 404),
    ):
        browser = office.browser(phone)
        assert browser.open(order).status_code == page, phone
        assert browser.open(f"{order}/order.json").status_code == file, phone
    assert office.browser().open(order).status_code == 303
    officer = office.browser(OFFICER)
    assert officer.submit(f"{order}/withdraw", at="/desk/people").status_code == 403


def test_hosted_cooperatives_notice_nothing(office: Office) -> None:
    """Their orders go to the press; their runs have no such page."""
    browser = office.browser(CLERK)
    run = office.printed(24)
    assert browser.open(f"{UPLOAD}/{run}").status_code == 404
    assert UPLOAD not in browser.open("/desk").text
    assert (
        "Tạo tệp in"
        in browser.open(f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}").text
    )


def on_paper(office: Office, own: OwnCustody, count: str = "48") -> tuple[int, Browser]:
    """Ordered, signed at home, printed; a day later the run's number, and the clerk signed in anew."""
    browser = office.browser(CLERK)
    order = ordered(office, browser, count)
    assert sent(browser, signed_at_home(browser, own, order), order)[0] == 303
    assert browser.submit(f"{order}/printed", at=order).status_code == 303
    office.forward(days=1)
    return int(order.rpartition("/")[2]), office.browser(CLERK)


def to_sign(browser: Browser, run: int, fate: str, **fields: str) -> tuple[str, bytes]:
    """Both steps of recording; the page that says what to do at home, and the file it offers."""
    path = f"/desk/runs/{run}/ledger/{fate}"
    preview = browser.submit(path, **fields).text
    assert "Đơn vị tự giữ khóa: bước sau tải tệp về" in preview
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', preview))
    page = browser.client.post(path, data=hidden)
    assert page.status_code == 200, page.text
    [address] = re.findall(rf'href="({path}/request\.json\?[^"]+)"', page.text)
    answer = browser.open(html.unescape(address))
    assert answer.headers["content-disposition"] == f'attachment; filename="thong-bao-{fate}-{run}.json"'
    return page.text, answer.content


def test_spoiled_stamps_are_recorded_by_a_signature_at_home(office: Office, own: OwnCustody) -> None:
    """Nothing counts before; the page names file and command; the upload is where every signed file goes."""
    run, browser = on_paper(office, own)
    page, file = to_sign(browser, run, "spoiled", stamps="5-8, 11")
    assert f"temthat own sign thong-bao-spoiled-{run}.json" in page
    assert "Chưa ghi gì cả" in page
    ledger = f"/desk/runs/{run}/ledger"
    assert added_up(browser.open(ledger).text) == {"Đã in, chưa ghi dùng vào đâu": 48}
    signed = own.sign_request(request_from_json(file))
    assert len(signed.statements) == 2
    status, page = sent(browser, signed.to_json())
    assert (status, "Đã nhận tệp đã ký" in page) == (303, True)
    assert added_up(browser.open(ledger).text) == {"Đã in, chưa ghi dùng vào đâu": 43, "Hỏng": 5}


def test_lost_and_returned_too_and_applied_needs_no_signature(office: Office, own: OwnCustody) -> None:
    """Applied is told; the others are signed; what is recorded meanwhile makes an old address say so."""
    run, browser = on_paper(office, own)
    assert "Đã ghi vào sổ tem." in recorded(browser, run, Fate.APPLIED, stamps="1-10")
    for fate, stamps in (("lost", "20-21"), ("returned", "9-10")):
        file = to_sign(browser, run, fate, stamps=stamps)[1]
        assert sent(browser, own.sign_request(request_from_json(file)).to_json())[0] == 303
    path = f"/desk/runs/{run}/ledger"
    assert added_up(browser.open(path).text) == {
        "Đã in, chưa ghi dùng vào đâu": 36, "Đã dán": 8, "Trả lại": 2, "Thất lạc": 2,
    }  # fmt: skip
    stale = browser.open(f"{path}/spoiled/request.json?stretches=20-22&reason=spoiled_sheet")
    assert (stale.status_code, "Sổ tem vừa thay đổi" in stale.text) == (422, True)
    wrong = browser.open(f"{path}/spoiled/request.json?stretches=x")
    assert wrong.status_code == 422
    assert browser.open(f"{path}/applied/request.json?stretches=11-12").status_code == 404
    assert office.browser(OFFICER).open(f"{path}/lost/request.json?stretches=11-12").status_code == 403


def test_a_reprint_takes_effect_when_its_order_is_signed(office: Office, own: OwnCustody) -> None:
    """A second person's yes makes an order; signed at home it voids the old stamps and registers the new ones."""
    run, clerk = on_paper(office, own)
    admin = office.browser(ADMIN)
    asked = clerk.submit(
        f"/desk/runs/{run}/reprint",
        stamps="25-48",
        reason="misprint",
        explanation="Máy in kẹt giấy, nhòe hết",
    )
    assert asked.status_code == 200, asked.text
    office.forward(minutes=5)
    ledger = f"/desk/runs/{run}/ledger"
    [path] = re.findall(r'href="(/desk/reprints/[0-9a-f-]+)"', admin.open(ledger).text)
    assert "Đồng ý, lập đơn in lại 24 tem" in admin.open(path).text
    done = admin.follow(admin.submit(f"{path}/agree", at=path)).text
    assert "Tem cũ bị hủy khi đơn vị ký đơn in lại" in done
    assert "chờ đơn vị ký đơn in lại" in admin.open(ledger).text
    assert added_up(admin.open(ledger).text) == {"Đã in, chưa ghi dùng vào đâu": 48}
    [order] = re.findall(r'href="(/desk/own-orders/\d+)"', done)
    assert f"thay cho tem 25 đến 48 của đợt in {run}" in clerk.open(order).text
    status, page = sent(clerk, signed_at_home(clerk, own, order), order)
    assert (status, "4. Tải bằng chứng" in page) == (303, True)
    assert added_up(clerk.open(ledger).text) == {
        "Đã in, chưa ghi dùng vào đâu": 24, "Đã thay bằng tem in lại": 24,
    }  # fmt: skip
    assert "Đã đồng ý, tem cũ đã hủy" in clerk.open(ledger).text


def test_an_order_that_is_not_signed_has_a_ledger_without_buttons(office: Office, own: OwnCustody) -> None:
    """Nothing to record, nothing to reprint; whoever sends the form regardless is told why."""
    browser = office.browser(CLERK)
    run = ordered(office, browser).rpartition("/")[2]
    path = f"/desk/runs/{run}/ledger"
    page = browser.open(path).text
    assert added_up(page) == {"Chưa có trong tệp in nào": 30}
    assert f"{path}/" not in page
    answer = browser.submit(f"{path}/applied", stamps="1-2")
    assert answer.status_code == 422
