"""From a batch to stamps on paper, and every refusal on the way."""

import contextlib
import datetime as dt
import io
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from sqlalchemy import select

from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.printing.layout import LAYOUTS
from temthat_stamps.runs.produce import PrintSettings
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_stamps.runs.register import register_run
from temthat_trace.batches import Batch
from temthat_trace.products import PackForm, ProductKind
from temthat_verify_api.desk import print_choice

from .conftest import ADMIN, CLERK, NEIGHBOUR, NOW, OFFICER, Browser, Office


def order_path(office: Office, form: str = "TUI500") -> str:
    return f"/desk/batches/{office.batch_id()}/stamps/{office.form_id(form)}"


def made(office: Office, browser: Browser, **fields: str) -> str:
    """The path of a finished job."""
    answer = browser.order(order_path(office), **fields)
    assert answer.status_code == 303, answer.text
    path = str(answer.headers["location"])
    browser.wait_for_job(path)
    return path


def job_of(office: Office, path: str) -> PrintJob:
    with office.session() as session:
        return session.get_one(PrintJob, uuid.UUID(path.rpartition("/")[2]))


def test_the_form_is_filled_in_with_what_the_batch_allows(office: Office) -> None:
    """120 kg in bags of 500 g, plus 2 %: 244 stamps, with the arithmetic beside it."""
    page = office.browser(CLERK).open(order_path(office)).text
    assert 'value="244"' in page
    assert "120 kg ÷ 0,5 kg" in page


def test_from_the_order_to_the_confirmed_print(office: Office) -> None:
    """The whole way of one run, every step on record."""
    browser = office.browser(CLERK)
    path = made(office, browser, count="30")
    page = browser.open(path).text
    assert "Tệp 30 tem đã sẵn sàng" in page
    file = browser.open(f"{path}/file")
    assert file.headers["content-type"] == "application/pdf"
    assert "attachment" in file.headers["content-disposition"]
    assert len(PdfReader(io.BytesIO(file.content)).pages) == 2
    browser.open(f"{path}/file")
    assert browser.open(path).text.count("· Hoàng Thị Mai") == 2
    done = browser.follow(browser.submit(f"{path}/confirm", at=path))
    assert "Đã in xong 30 tem" in done.text
    job = job_of(office, path)
    assert (job.state, job.confirmed_by) == (JobState.CONFIRMED, "Hoàng Thị Mai")
    again = browser.open(f"{path}/file")
    assert again.status_code == 422
    assert "không tải lại được" in again.text
    batch = browser.open(f"/desk/batches/{office.batch_id()}").text
    assert "Đã đặt 30 tem, đã xác nhận in 30 tem." in batch
    assert "<b>214</b> tem còn được in" in batch


def test_more_than_the_batch_holds_is_refused_with_the_arithmetic(office: Office) -> None:
    """Nothing is registered; the number typed stays on the page."""
    answer = office.browser(CLERK).order(order_path(office), count="245")
    assert answer.status_code == 422
    assert "120 kg ÷ 0,5 kg" in answer.text
    assert "còn được in 244 tem" in answer.text
    assert 'value="245"' in answer.text
    with office.session() as session:
        assert session.scalars(select(Run)).all() == []


def test_an_administrator_may_print_more_and_says_why(office: Office) -> None:
    """The reason stays with the run; a short one is refused; a clerk cannot."""
    reason = "Máy dán hỏng 4 tem, đã tiêu hủy và lập biên bản"
    with office.session() as session:  # 10 kg: 20 bags, and 2 % of them is not one stamp
        session.get_one(Batch, office.batch_id()).quantity = Decimal(10)
        session.commit()
    clerk = office.browser(CLERK)
    assert "nhờ người quản trị" in clerk.order(order_path(office), count="24").text
    assert clerk.order(order_path(office), count="24", reason=reason).status_code == 403
    admin = office.browser(ADMIN)
    assert admin.order(order_path(office), count="24", reason="hỏng").status_code == 422
    path = made(office, admin, count="24", reason=reason)
    with office.session() as session:
        run = session.get_one(Run, job_of(office, path).run)
        assert (run.count, run.override_reason) == (24, reason)
    assert reason in admin.open(path).text


def test_a_double_click_orders_once(office: Office) -> None:
    """The second press of the same form is taken to the batch, where the first run stands."""
    browser = office.browser(CLERK)
    path = order_path(office)
    first = browser.order(path, count="5")
    again = browser.order(path, count="5", runs="0")
    assert first.headers["location"].startswith("/desk/jobs/")
    page = browser.follow(again)
    assert "có thể do bấm hai lần" in page.text
    with office.session() as session:
        assert len(session.scalars(select(Run)).all()) == 1


def test_a_number_that_is_none_is_asked_for_again(office: Office) -> None:
    """Never an order by accident."""
    browser = office.browser(CLERK)
    for count in ("", "abc", "-5", "0", "1.5.x", "99999999999", "٣", "1,5", "12.34", "1.020,5"):
        answer = browser.order(order_path(office), count=count)
        assert answer.status_code == 422, count
        assert 'role="alert"' in answer.text


def test_a_count_may_be_written_with_thousands(office: Office) -> None:
    """1.020 is a thousand and twenty, which this batch does not have."""
    assert "1020" in office.browser(CLERK).order(order_path(office), count="1.020").text.replace(".", "")


def test_every_way_of_printing_gives_its_file(office: Office) -> None:
    """Office printer, label printers, print house; and it is remembered for next time."""
    browser = office.browser(CLERK)
    for fields, kind, begins in (
        ({"method": "sheet", "layout": "a4-40"}, "pdf", b"%PDF"),
        ({"method": "roll", "layout": "roll-50x30-1", "kind": "zpl", "dpi": "203"}, "zpl", b""),
        ({"method": "roll", "layout": "roll-50x30-2", "kind": "tspl", "dpi": "300"}, "tspl", b""),
        ({"method": "house", "kind": "csv"}, "csv", b""),
        ({"method": "house", "kind": "svg"}, "svg", b"PK"),
    ):
        path = made(office, browser, count="4", **fields)
        assert job_of(office, path).kind == kind
        file = browser.open(f"{path}/file")
        assert file.status_code == 200
        assert file.content.startswith(begins)
        assert file.content
        tab = f"/stamps/{office.form_id('TUI500')}?method={fields['method']}&amp;count="
        page = browser.open(order_path(office)).text
        assert page.split(tab)[1].split(">")[0].endswith('aria-current="true"')


def test_a_layout_too_small_for_its_printer_cannot_be_ordered(office: Office) -> None:
    """25 x 25 mm at 203 dpi with the larger code: the page says why and registers nothing."""
    fields = {"method": "roll", "layout": "roll-25x25-1", "kind": "zpl", "dpi": "203", "level": "Q"}
    browser = office.browser(CLERK)
    answer = browser.order(order_path(office), count="5", **fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    with office.session() as session:
        assert session.scalars(select(Run)).all() == []


def test_the_preview_is_a_picture_of_the_stamp(office: Office) -> None:
    """PNG, different for another layout; the calibration page is a PDF."""
    browser = office.browser(CLERK)
    one = browser.open(f"{order_path(office)}/preview.png?layout=a4-24")
    other = browser.open(f"{order_path(office)}/preview.png?layout=a4-65")
    assert one.headers["content-type"] == other.headers["content-type"] == "image/png"
    assert one.content.startswith(b"\x89PNG")
    assert one.content != other.content
    assert browser.open("/desk/calibration.pdf?layout=a4-24").content.startswith(b"%PDF")


def test_printing_is_not_confirmed_before_anybody_has_the_file(office: Office) -> None:
    """A slip of the finger cannot close a file that was never fetched."""
    browser = office.browser(CLERK)
    path = made(office, browser, count="3")
    answer = browser.submit(f"{path}/confirm", at=path)
    assert answer.status_code == 422
    assert "Chưa ai tải tệp này" in answer.text
    assert job_of(office, path).state is JobState.READY


def test_after_48_hours_the_file_is_closed_but_can_still_be_confirmed(office: Office) -> None:
    """Who printed it may still say so."""
    browser = office.browser(CLERK)
    path = made(office, browser, count="3")
    browser.open(f"{path}/file")
    office.clock[0] = NOW + dt.timedelta(hours=49)
    later = office.browser(CLERK)
    assert "quá 48 giờ" in later.open(path).text
    assert later.open(f"{path}/file").status_code == 422
    assert later.submit(f"{path}/confirm", at=path).status_code == 303


def test_a_failed_job_says_why_and_can_be_tried_again(office: Office) -> None:
    """The same serials come out: a run is never registered twice for it."""
    browser = office.browser(CLERK)
    path = made(office, browser, count="3")
    with office.session() as session:
        job = session.scalars(select(PrintJob)).one()
        job.state, job.problem = JobState.FAILED, "Không ghi được tệp in (hết chỗ)"
        session.commit()
    page = browser.open(path).text
    assert "Chưa làm được tệp in" in page
    assert "hết chỗ" in page
    browser.submit(f"{path}/again", at=path)
    assert "Tệp 3 tem đã sẵn sàng" in browser.wait_for_job(path)
    with office.session() as session:
        assert len(session.scalars(select(Run)).all()) == 1


def test_stamps_ordered_elsewhere_get_their_file_here(office: Office) -> None:
    """A run registered by the operator's command has no print file; the desk offers to make it, once."""
    services, browser = office.services, office.browser(CLERK)
    with office.session() as session:
        batch = session.get_one(Batch, office.batch_id())
        form = session.get_one(PackForm, office.form_id("TUI500"))
        run = register_run(session, services.registry, batch, form, 7).run
        session.commit()
    page = browser.open("/desk").text
    assert "7 tem chưa in" in page
    assert "Tem đã đặt, chưa có tệp in: Hạt dẻ sấy" in page
    assert f"/desk/runs/{run}" in browser.open(f"/desk/batches/{office.batch_id()}").text
    first = browser.order(f"/desk/runs/{run}")
    assert "Tệp 7 tem đã sẵn sàng" in browser.wait_for_job(first.headers["location"])
    again = browser.order(f"/desk/runs/{run}")
    assert again.status_code == 422
    assert "còn 0 tem" in again.text
    assert office.browser(NEIGHBOUR).open(f"/desk/runs/{run}").status_code == 404
    assert office.browser(OFFICER).open(f"/desk/runs/{run}").status_code == 403


def test_what_can_have_no_stamps_says_so(office: Office) -> None:
    """A pack form that does not say what it holds, and a service: a refusal in words, never a broken page."""
    with office.session() as session:
        form = session.get_one(PackForm, office.form_id("CHAI350"))
        form.net_content = None
        session.commit()
    browser = office.browser(CLERK)
    path = f"/desk/batches/{office.batch_id('MAT-2610')}/stamps/{office.form_id('CHAI350')}"
    answer = browser.open(path)
    assert answer.status_code == 422
    assert "chưa ghi đủ lượng tịnh" in answer.text
    assert "chưa ghi đủ lượng tịnh" in browser.open(f"/desk/batches/{office.batch_id('MAT-2610')}").text
    with office.session() as session:
        session.get_one(PackForm, office.form_id("CHAI350")).product.kind = ProductKind.SERVICE
        session.commit()
    assert "dịch vụ" in browser.open(path).text
    assert "In tem cho Mật ong" not in browser.open("/desk").text


def test_the_first_page_always_shows_the_next_step(office: Office) -> None:
    """Choose a batch, then fetch and print, then the next batch."""
    browser = office.browser(CLERK)
    assert "In tem cho Hạt dẻ sấy, lô DE-2611" in browser.open("/desk").text
    path = made(office, browser, count="3")
    assert "Tải và in tem: Hạt dẻ sấy" in browser.open("/desk").text
    browser.open(f"{path}/file")
    browser.submit(f"{path}/confirm", at=path)
    assert "In tem cho Mật ong hoa rừng" in browser.open("/desk").text


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "method": st.sampled_from(["sheet", "roll", "house", "x"]),
            "kind": st.sampled_from(["pdf", "zpl", "tspl", "csv", "svg", "png", ""]),
            "layout": st.one_of(st.sampled_from(sorted(LAYOUTS)), st.text(max_size=5)),
            "dpi": st.one_of(st.sampled_from(["203", "300", "600"]), st.text(max_size=6)),
            "level": st.sampled_from(["M", "Q", "H"]),
            "start": st.one_of(st.integers(-5, 500).map(str), st.text(max_size=5)),
            "dx": st.one_of(st.floats().map(str), st.just("1,5")),
            "dy": st.text(max_size=5),
            "sx": st.one_of(st.floats().map(str), st.just("99,5")),
            "sy": st.text(max_size=5),
            "cut": st.sampled_from(["0", "1", ""]),
        },
    ),
    before=st.builds(
        PrintSettings, kind=st.sampled_from(["pdf", "zpl", "csv"]), layout=st.sampled_from(sorted(LAYOUTS))
    ),
)
def test_property_any_fields_give_settings_or_a_refusal_in_words(
    fields: dict[str, str], before: PrintSettings
) -> None:
    """Nothing a browser sends gets past the printing package's own rules, and nothing breaks on the way."""
    chosen = print_choice.chosen(fields, before)
    with contextlib.suppress(PrintingError):
        assert chosen.printing("tem.example.vn").layout.id == chosen.layout


def test_a_printers_own_fault_is_corrected_in_words_a_clerk_measures() -> None:
    """Millimetres and percent with a comma; what no sensible printer has stays as it was."""
    before = PrintSettings(scale_y=1.01)
    chosen = print_choice.chosen({"dx": "1,5", "dy": "-0.5", "sx": "99,5", "sy": "140"}, before)
    assert (chosen.dx_mm, chosen.dy_mm, chosen.scale_x, chosen.scale_y) == (1.5, -0.5, 0.995, 1.01)


@pytest.mark.parametrize(
    "stored", [None, "", "{", "[]", '{"kind": "pdf", "new": 1}', '{"layout": "gone"}', '{"dpi": null}']
)
def test_settings_of_another_time_do_not_stop_an_order(stored: Any) -> None:
    """What cannot be understood any more is replaced by the usual."""
    settings = print_choice.remembered(stored)
    assert settings.layout in LAYOUTS
