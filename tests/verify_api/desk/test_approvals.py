"""The approval queue: what waits, deciding many at once, two officers, the cooperative's side, the shopper's."""

import re
import threading
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import select, update

from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.register import plan_run
from temthat_trace.approvals.records import Proposal, State
from temthat_trace.approvals.rule import set_rule
from temthat_trace.batches import Batch
from temthat_trace.importing import import_workbook
from temthat_trace.papers import Paper, PaperConfirmation, PaperKind
from temthat_trace.parties import Party
from temthat_trace.products import PackForm, Product
from temthat_verify_api.pages.story import load_presented
from temthat_verify_api.resolver.records import find_by_codes, load_batch

from .conftest import CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, NOW, OFFICER, Browser, Office
from .test_records import photo
from .test_workbook import workbook

HEAD = ["Mã sản phẩm", "Tên sản phẩm", "Đơn vị tính", "Mô tả"]


def ask_first(office: Office) -> None:
    """The alliance of Lạng Sơn wants to be asked."""
    with office.session() as session:
        alliance = session.scalars(select(Party).where(Party.code == "LM20")).one()
        set_rule(session, alliance, waits=True, person="Vi Thị Lan", now=NOW)
        session.commit()


def rename(office: Office, name: str, code: str = "DE", party: str = "HTX-DE", text: str = "") -> None:
    """The cooperative's workbook with another name."""
    with office.session() as session:
        htx = session.scalars(select(Party).where(Party.code == party)).one()
        units = {"DE": "kg", "MAT": "lít", "NA": "kg"}
        sheet = workbook({"Sản phẩm": [HEAD, [code, name, units.get(code, "kg"), text]]})
        report = import_workbook(
            session, {"so.xlsx": sheet}, htx, office.clock[0], recorded_name="Hoàng Thị Mai"
        )
        assert report.applied, report.problems
        session.commit()


def name_of(office: Office, code: str = "DE") -> str:
    with office.session() as session:
        return session.scalars(select(Product.name).where(Product.code == code)).one()


def states(office: Office) -> list[str]:
    with office.session() as session:
        return [p.state.value for p in session.scalars(select(Proposal).order_by(Proposal.id))]


def items(page: str) -> list[str]:
    """The values of the ticks on the queue."""
    return re.findall(r'type="checkbox" name="item" value="([^"]+)"', page)


def send(browser: Browser, chosen: list[str], do: str = "approve", **fields: str) -> Response:
    data: dict[str, Any] = {"form": browser.token("/desk/approvals"), "item": chosen, "do": do, **fields}
    return browser.client.post("/desk/approvals", data=data)


def test_a_change_waits_shows_before_and_after_and_is_approved(any_office: Office) -> None:
    """From the workbook to the shopper's page, on both databases."""
    ask_first(any_office)
    rename(any_office, "Hạt dẻ Trùng Khánh")
    officer = any_office.browser(OFFICER)
    assert "1 thay đổi chờ duyệt, 1 giấy tờ chờ xác nhận" in officer.open("/desk").text
    page = officer.open("/desk/approvals").text
    assert 'data-label="Trước">Hạt dẻ sấy' in page
    assert 'data-label="Sau">Hạt dẻ Trùng Khánh' in page
    assert "Hoàng Thị Mai" in page
    with any_office.session() as session:
        shown = load_presented(session, "HTX-DE", "DE", NOW.date())
        assert shown is not None
        assert (shown.product.name, shown.papers) == (
            "Hạt dẻ sấy",
            (),
        )  # the unconfirmed paper is not shown either
    answer = send(officer, items(page))
    assert "Đã duyệt." in officer.follow(answer).text
    assert name_of(any_office) == "Hạt dẻ Trùng Khánh"
    with any_office.session() as session:
        shown = load_presented(session, "HTX-DE", "DE", NOW.date())
        assert shown is not None
        assert [paper.stars for paper in shown.papers if paper.badge] == [4]
    assert "Không có gì đang chờ" in officer.open("/desk/approvals").text
    history = officer.open("/desk/approvals/history").text
    assert "Đã duyệt" in history
    assert "Vi Thị Lan" in history


def test_a_refusal_needs_a_reason_and_is_told_to_the_cooperative(office: Office) -> None:
    """The code and the officer's words; nothing changed; once sent again it is no longer told."""
    ask_first(office)
    rename(office, "Hạt dẻ chữa bệnh")
    officer, clerk = office.browser(OFFICER), office.browser(CLERK)
    [change] = [i for i in items(officer.open("/desk/approvals").text) if i.startswith("change")]
    assert send(officer, [change], "refuse").status_code == 422
    assert send(officer, [change], "refuse", reason="other").status_code == 422
    assert send(officer, [change], "refuse", reason="because").status_code == 422
    kept = send(officer, [change], "refuse", words="Bỏ chữ").text
    assert f'value="{change}" checked' in kept
    assert ">Bỏ chữ</textarea>" in kept
    assert "Chưa có gì thay đổi" in send(officer, [change], "").text  # Enter on a tick
    assert send(officer, [change], "burn").status_code == 400
    assert states(office) == ["waiting"]
    assert "1 thay đổi đang chờ duyệt" in clerk.open("/desk").text
    officer.follow(send(officer, [change], "refuse", reason="misleading", words="Bỏ chữ <b>chữa bệnh</b>"))
    assert name_of(office) == "Hạt dẻ sấy"
    home = clerk.open("/desk").text
    assert "Bị từ chối: Hạt dẻ sấy." in home
    assert "Bỏ chữ &lt;b&gt;chữa bệnh&lt;/b&gt;" in home
    with office.session() as session:
        product = session.scalars(select(Product.id).where(Product.code == "DE")).one()
    assert "Thay đổi gần nhất bị từ chối" in clerk.open(f"/desk/products/{product}").text
    rename(office, "Hạt dẻ rang")
    assert "Bị từ chối" not in clerk.open("/desk").text


def test_a_refusal_that_was_a_slip_waits_once_more(any_office: Office) -> None:
    """As a change of its own, once; not after something new was said."""
    ask_first(any_office)
    rename(any_office, "Hạt dẻ rang")
    officer = any_office.browser(OFFICER)
    [change] = [i for i in items(officer.open("/desk/approvals").text) if i.startswith("change")]
    officer.follow(send(officer, [change], "refuse", reason="misleading"))
    page = f"/desk/approvals/{change.partition(':')[2]}"
    assert "Xét lại" in officer.open(page).text
    assert "Xét lại" not in any_office.browser(CLERK).open(page).text
    any_office.forward(seconds=1)
    officer.follow(officer.submit(f"{page}/reopen", at=page))
    assert states(any_office) == ["refused", "waiting"]
    assert officer.submit(f"{page}/reopen", at="/desk/account").status_code == 422
    assert any_office.browser(CLERK).submit(f"{page}/reopen", at="/desk/account").status_code == 403
    [again] = [i for i in items(officer.open("/desk/approvals").text) if i.startswith("change")]
    officer.follow(send(officer, [again]))
    assert name_of(any_office) == "Hạt dẻ rang"


def test_one_organisations_queue(office: Office) -> None:
    """By its link; another's is not found."""
    ask_first(office)
    rename(office, "Dẻ mới")
    rename(office, "Na mới", "NA", "HTX-NA")
    officer = office.browser(OFFICER)
    page = officer.open(f"/desk/approvals?party={office.party_id('HTX-NA')}").text
    assert "Na mới" in page
    assert "Dẻ mới" not in page
    assert (
        office.browser(FAR_OFFICER).open(f"/desk/approvals?party={office.party_id('HTX-NA')}").status_code
        == 404
    )


def test_a_paper_of_a_holder_without_products_is_told(office: Office) -> None:
    """There is nothing to confirm it for."""
    with office.session() as session:
        alliance = session.scalars(select(Party).where(Party.code == "LM20")).one()
        empty = Party(code="HTX-0", kind=alliance.kind.COOPERATIVE, name="HTX trống", alliance_id=alliance.id)
        session.add(empty)
        session.flush()
        session.add(Paper(party_id=empty.id, code="G", kind=PaperKind.VIETGAP, number="1"))
        session.commit()
    officer = office.browser(OFFICER)
    answer = send(officer, items(officer.open(f"/desk/approvals?party={office.party_id('HTX-0')}").text))
    assert answer.status_code == 422
    assert "chưa có sản phẩm nào" in answer.text


def test_many_are_decided_at_once_and_the_one_that_cannot_is_told(any_office: Office) -> None:
    """Two changes approved; the third was changed elsewhere meanwhile: told, still waiting, nothing half done."""
    ask_first(any_office)
    rename(any_office, "Dẻ mới")
    rename(any_office, "Mật mới", "MAT")
    rename(any_office, "Na mới", "NA", "HTX-NA")
    with any_office.session() as session:
        session.execute(update(Product).where(Product.code == "MAT").values(name="Mật của liên minh"))
        session.commit()
    officer = any_office.browser(OFFICER)
    chosen = [i for i in items(officer.open("/desk/approvals").text) if i.startswith("change")]
    assert len(chosen) == 3
    answer = send(officer, chosen)
    assert answer.status_code == 422
    assert "đã được sửa ở nơi khác trong lúc chờ" in answer.text
    assert "Đã ghi 2 mục" in answer.text
    assert (name_of(any_office), name_of(any_office, "MAT"), name_of(any_office, "NA")) == (
        "Dẻ mới", "Mật của liên minh", "Na mới",
    )  # fmt: skip
    assert sorted(states(any_office)) == ["approved", "approved", "waiting"]
    again = [i for i in items(officer.open("/desk/approvals").text) if i.startswith("change")]
    officer.follow(send(officer, again, "refuse", reason="changed_meanwhile"))
    assert name_of(any_office, "MAT") == "Mật của liên minh"


def test_of_two_officers_at_once_exactly_one_decides(any_office: Office) -> None:
    """One approves while the other refuses: one of them is told that it was decided."""
    ask_first(any_office)
    for turn in range(3):
        rename(any_office, f"Hạt dẻ {turn}")
        first, second = any_office.browser(OFFICER), any_office.browser(OFFICER)
        [change] = [i for i in items(first.open("/desk/approvals").text) if i.startswith("change")]
        tokens = [b.token("/desk/approvals") for b in (first, second)]
        answers: list[Response] = []
        start = threading.Barrier(2)

        def press(
            browser: Browser,
            token: str,
            do: str,
            chosen: str = change,
            gate: Any = start,
            into: Any = answers,
        ) -> None:
            gate.wait()
            data = {"form": token, "item": chosen, "do": do, "reason": "misleading"}
            into.append(browser.client.post("/desk/approvals", data=data))

        presses = [threading.Thread(target=press, args=a) for a in
                   ((first, tokens[0], "approve"), (second, tokens[1], "refuse"))]  # fmt: skip
        for thread in presses:
            thread.start()
        for thread in presses:
            thread.join()
        assert sorted(a.status_code for a in answers) == [303, 422], [a.text for a in answers]
        with any_office.session() as session:
            decided = session.scalars(
                select(Proposal).order_by(Proposal.at.desc(), Proposal.id.desc())
            ).first()
            assert decided is not None
            assert (name_of(any_office) == f"Hạt dẻ {turn}") == (decided.state is State.APPROVED)
        any_office.forward(seconds=1)


def test_a_change_replaced_meanwhile_cannot_be_approved_as_it_was_seen(any_office: Office) -> None:
    """The officer looked at one name, the clerk sent another: the officer has to look again."""
    ask_first(any_office)
    rename(any_office, "Tên thứ nhất")
    officer = any_office.browser(OFFICER)
    seen = items(officer.open("/desk/approvals").text)[:1]
    rename(any_office, "Tên thứ hai")
    answer = send(officer, [i for i in seen if i.startswith("change")] or seen)
    assert answer.status_code in (303, 422)
    assert name_of(any_office) == "Hạt dẻ sấy"


def test_a_new_product_has_neither_stamps_nor_page_before_its_yes(any_office: Office) -> None:
    """Also refused; with the yes it has both."""
    ask_first(any_office)
    with any_office.session() as session:
        htx = session.scalars(select(Party).where(Party.code == "HTX-DE")).one()
        sheets: dict[str, list[list[Any]]] = {
            "Sản phẩm": [HEAD[:3], ["TRA", "Trà xanh", "kg"]],
            "Quy cách": [["Mã sản phẩm", "Mã quy cách", "Tên quy cách", "Lượng tịnh", "Đơn vị lượng tịnh"],
                         ["TRA", "GOI", "Gói 100 g", 100, "g"]],
            "Lô": [["Mã sản phẩm", "Số lô", "Số lượng", "Ngày sản xuất"], ["TRA", "TRA1", 10, "20/11/2026"]],
        }  # fmt: skip
        assert import_workbook(session, {"so.xlsx": workbook(sheets)}, htx, NOW).applied
        session.commit()
    clerk = any_office.browser(CLERK)
    assert (
        "chưa được Liên minh hoặc cơ quan phụ trách duyệt"
        in clerk.open(f"/desk/batches/{any_office.batch_id('TRA1')}").text
    )

    def is_out() -> bool:
        with any_office.session() as session:
            batch = any_office.batch_id("TRA1")
            try:
                plan_run(
                    session,
                    session.get_one(Batch, batch),
                    session.get_one(PackForm, any_office.form_id("GOI")),
                )
            except RunRefused:
                stamps = False
            else:
                stamps = True
            public = [
                load_presented(session, "HTX-DE", "TRA", NOW.date()) is not None,
                bool(find_by_codes(session, "HTX-DE", "TRA")),
                load_batch(session, "HTX-DE", "TRA", "TRA1", NOW.date()) is not None,
            ]
            assert public == [stamps] * 3
            return stamps

    assert not is_out()
    officer = any_office.browser(OFFICER)
    page = officer.open("/desk/approvals").text
    assert "Sản phẩm mới" in page
    [change] = [i for i in items(page) if i.startswith("change")]
    officer.follow(send(officer, [change]))
    assert is_out()


def test_a_picture_waits_beside_the_old_one(office: Office) -> None:
    """The officer sees it before shoppers do; nobody else's pictures are served by its address."""
    clerk = office.browser(CLERK)
    with office.session() as session:
        product = session.scalars(select(Product.id).where(Product.code == "DE")).one()
    path = f"/desk/products/{product}"
    assert (
        "Đã lưu ảnh."
        in clerk.follow(clerk.submit(f"{path}/picture", at=path, files={"picture": ("a.jpg", photo())})).text
    )
    ask_first(office)
    answer = clerk.submit(f"{path}/picture", at=path, files={"picture": ("b.jpg", photo((900, 600)))})
    page = clerk.follow(answer).text
    assert "Ảnh chờ duyệt" in page
    officer = office.browser(OFFICER)
    shown = re.findall(
        r'src="(/desk/approvals/[^"]+/pictures/[0-9a-f]{64})"', officer.open("/desk/approvals").text
    )[:2]  # what is below was applied at once, before the alliance asked
    assert [officer.open(s).headers["content-type"] for s in shown] == ["image/webp"] * 2
    assert office.browser(NEIGHBOUR).open(shown[1]).status_code == 404
    assert officer.open(shown[1][:-64] + "0" * 64).status_code == 404
    [change] = [i for i in items(officer.open("/desk/approvals").text) if i.startswith("change")]
    officer.follow(send(officer, [change]))
    assert shown[1].endswith(str(_picture(office)))


def _picture(office: Office) -> str | None:
    with office.session() as session:
        return session.scalars(select(Product.picture).where(Product.code == "DE")).one()


def test_a_refused_paper_leaves_the_queue_until_it_is_changed(any_office: Office) -> None:
    """Shoppers do not see it; the cooperative sees why; a new photo brings it back."""
    officer, clerk = any_office.browser(OFFICER), any_office.browser(CLERK)
    [paper] = items(officer.open("/desk/approvals").text)
    officer.follow(send(officer, [paper], "refuse", reason="unclear_scan"))
    assert items(officer.open("/desk/approvals").text) == []
    assert "0 giấy tờ" not in officer.open("/desk").text
    with any_office.session() as session:
        shown = load_presented(session, "HTX-DE", "DE", NOW.date())
        assert shown is not None
        assert [p.kind for p in shown.papers] == ["food_safety"]
        record = session.scalars(select(Paper).where(Paper.code == "OCOP-1")).one()
        path = f"/desk/papers/{record.id}"
    assert "Ảnh chụp giấy chưa rõ" in clerk.open("/desk").text
    assert "Ảnh chụp giấy chưa rõ" in clerk.open(path).text
    clerk.follow(clerk.submit(f"{path}/scan", at=path, files={"scan": ("giấy.jpg", photo())}))
    assert "Bị từ chối" not in clerk.open("/desk").text
    [again] = items(officer.open("/desk/approvals").text)
    assert again != paper
    assert send(officer, [paper]).status_code == 422  # what was seen is not what it is now
    officer.follow(send(officer, [again]))
    with any_office.session() as session:
        assert len(session.scalars(select(PaperConfirmation)).all()) == 1


def test_a_paper_is_refused_on_its_own_page(office: Office) -> None:
    """With the mark of what was seen; a code that is none is told."""
    officer = office.browser(OFFICER)
    with office.session() as session:
        path = f"/desk/papers/{session.scalars(select(Paper.id).where(Paper.code == 'OCOP-1')).one()}"
    found = re.search(r'name="seen" value="(\w+)"', officer.open(path).text)
    assert found
    for reason, seen in (("nope", found[1]), ("other", found[1]), ("not_in_force", "0" * 16)):
        words = "" if reason == "other" else "Ảnh chụp mờ"
        kept = officer.submit(f"{path}/refuse", at=path, reason=reason, words=words, seen=seen)
        assert kept.status_code == 422
        assert 'role="alert"' in kept.text, reason
        assert '<details id="refuse" open>' in kept.text
        assert words in kept.text
    officer.follow(officer.submit(f"{path}/refuse", at=path, reason="not_in_force", seen=found[1]))
    assert "Giấy không còn hiệu lực" in officer.open(path).text
    assert "Bị từ chối" in officer.open("/desk/papers").text
    assert office.browser(CLERK).submit(f"{path}/refuse", at=path, reason="other").status_code == 403
    officer.follow(officer.submit(f"{path}/confirm", at=path, seen=found[1], product=_product_of(office)))
    assert "Bị từ chối" not in officer.open("/desk/papers").text


def _product_of(office: Office) -> str:
    with office.session() as session:
        return str(session.scalars(select(Product.id).where(Product.code == "DE")).one())


def test_without_the_rule_changes_apply_and_are_looked_at(any_office: Office) -> None:
    """Listed with before and after until an officer says so."""
    rename(any_office, "Hạt dẻ rang")
    assert name_of(any_office) == "Hạt dẻ rang"
    officer = any_office.browser(OFFICER)
    assert "1 thay đổi đã có hiệu lực, chưa ai xem" in officer.open("/desk").text
    page = officer.open("/desk/approvals").text
    assert 'data-label="Trước">Hạt dẻ sấy' in page
    found = re.findall(r'type="hidden" name="item" value="([^"]+)"', page)
    officer.follow(officer.submit("/desk/approvals/seen", at="/desk/approvals", item=found[0]))
    assert states(any_office) == ["seen"]
    assert "chưa ai xem" not in officer.open("/desk").text
    officer.follow(
        officer.submit("/desk/approvals/seen", at="/desk/approvals", item=found[0])
    )  # pressed twice


def test_the_alliance_turns_it_on_and_off(office: Office) -> None:
    """Only itself; who and when stays on record."""
    officer = office.browser(OFFICER)
    officer.follow(officer.submit("/desk/approvals/rule", at="/desk/approvals", waits="1"))
    rename(office, "Hạt dẻ rang")
    assert name_of(office) == "Hạt dẻ sấy"
    office.forward(minutes=1)
    officer.follow(officer.submit("/desk/approvals/rule", at="/desk/approvals", waits="0"))
    page = officer.open("/desk/approvals").text
    assert "Vi Thị Lan bật" in page
    assert "Vi Thị Lan tắt" in page
    assert officer.submit("/desk/approvals/rule", at="/desk/approvals", waits="x").status_code == 400
    clerk = office.browser(CLERK)
    assert clerk.submit("/desk/approvals/rule", at="/desk/approvals", waits="1").status_code == 403


def test_the_cooperative_takes_a_change_back(office: Office) -> None:
    """Its own only."""
    ask_first(office)
    rename(office, "Hạt dẻ rang")
    with office.session() as session:
        change = session.scalars(select(Proposal.id)).one()
    path = f"/desk/approvals/{change}/withdraw"
    stranger = office.browser(NEIGHBOUR)
    assert stranger.submit(path, at="/desk/account").status_code == 404
    assert office.browser(INSPECTOR).submit(path, at="/desk/account").status_code == 403
    clerk = office.browser(CLERK)
    assert "Rút lại thay đổi này" in clerk.open("/desk/approvals").text
    clerk.follow(clerk.submit(path, at="/desk/approvals"))
    assert states(office) == ["withdrawn"]
    assert clerk.submit(path, at="/desk/account").status_code == 422


@pytest.mark.parametrize(
    ("phone", "status"), [(CLERK, 403), (NEIGHBOUR, 404), (FAR_OFFICER, 404), (INSPECTOR, 403)],
    ids=["clerk", "neighbour", "far-officer", "inspector"],
)  # fmt: skip
def test_nobody_else_decides(office: Office, phone: str, status: int) -> None:
    """What one may not see is not found; who may only look is told so."""
    ask_first(office)
    rename(office, "Hạt dẻ rang")
    chosen = items(office.browser(OFFICER).open("/desk/approvals").text)
    browser = office.browser(phone)
    page = browser.open("/desk/approvals").text
    assert items(page) == []
    for item in chosen:
        for do in ("approve", "refuse"):
            data = {"form": browser.token("/desk/account"), "item": item, "do": do, "reason": "misleading"}
            assert browser.client.post("/desk/approvals", data=data).status_code == status
    assert states(office) == ["waiting"]


@pytest.mark.parametrize(
    "item",
    ["", "change:", "change:x", "paper:", "paper:x:y", "change:" + "0" * 32, "x", "paper:" + "0" * 32, "::::", "cam"],
)  # fmt: skip
def test_forged_items_do_nothing(office: Office, item: str) -> None:
    """A page with words, never a fault."""
    officer = office.browser(OFFICER)
    assert send(officer, [item]).status_code in (400, 404)
    assert officer.open("/desk/approvals/" + item).status_code == 404 if item else True


def test_hostile_texts_are_shown_as_text(office: Office) -> None:
    """Names and descriptions of the workbook, in the queue and in the history."""
    ask_first(office)
    rename(office, '<script>alert("x")</script>', text="{w} {{ 7937*7937 }} \u202e</table>")
    officer = office.browser(OFFICER)
    for path in ("/desk/approvals", "/desk/approvals/history"):
        page = officer.open(path).text
        assert "<script>" not in page
        assert "62995969" not in re.sub(r"[0-9a-f-]{32,}", "", page)
    assert "&lt;script&gt;" in officer.open("/desk/approvals").text


def test_in_english_too(office: Office) -> None:
    """The same words in the other language."""
    ask_first(office)
    rename(office, "Hạt dẻ rang")
    officer = office.browser(OFFICER)
    officer.client.http.cookies.set("temthat_language", "en", domain="desk.test")
    page = officer.open("/desk/approvals").text
    assert 'data-label="Before">Hạt dẻ sấy' in page
    assert "1 changes to approve, 1 papers to confirm" in page
