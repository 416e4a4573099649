"""Quotas and growing areas: the province sets, orders keep within, the arithmetic is on the page for both."""

import asyncio
import html
import uuid
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from temthat_stamps.ledger.records import StampQuota
from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch
from temthat_trace.parties import Plot
from temthat_trace.products import Product

from .conftest import ADMIN, CLERK, FAR_OFFICER, INSPECTOR, NEIGHBOUR, OFFICER, Office

REASON = "Theo diện tích vùng trồng năm nay"


def quotas_path(office: Office, code: str = "HTX-DE") -> str:
    return f"/desk/organisations/{office.party_id(code)}/quotas"


def allow(office: Office, most: str, **fields: str) -> str:
    """The officer sets a quota; the page after it."""
    officer, path = office.browser(OFFICER), quotas_path(office)
    filled = {"product": "", "year": "2026", "most": most, "reason": REASON, **fields}
    office.forward(seconds=1)
    return officer.follow(officer.submit(path, **filled)).text


def order(office: Office, count: str, phone: str = CLERK, **fields: str) -> tuple[int, str]:
    browser = office.browser(phone)
    path = f"/desk/batches/{office.batch_id()}/stamps/{office.form_id('TUI500')}"
    answer = browser.order(path, count=count, **fields)
    if answer.status_code == 303:
        browser.wait_for_job(answer.headers["location"])
    return answer.status_code, html.unescape(answer.text)


def ordered(office: Office) -> int:
    with office.session() as session:
        return sum(run.count for run in session.scalars(select(Run)))


def test_a_province_sets_a_quota_and_orders_keep_within_it(office: Office) -> None:
    """97 of 100 are ordered; 4 more are refused with the sum, 3 are not. The cooperative sees what is left."""
    page = allow(office, "100")
    assert "Đã đặt hạn mức" in page
    assert "Hạn mức năm 2026 cho mọi sản phẩm: 100 tem, đã đặt 0; còn 100." in page
    assert f"Vi Thị Lan, Liên minh HTX tỉnh Lạng Sơn (mẫu), 22/11/2026 09:00: {REASON}" in page
    office.printed(97)
    status, told = order(office, "4")
    assert status == 422
    assert (
        "Không thể in 4 tem. Hạn mức năm 2026 cho mọi sản phẩm: 100 tem, đã đặt 97; còn 3. "
        "Cần thêm thì xin Liên minh HTX tỉnh Lạng Sơn (mẫu) nâng hạn mức."
    ) in told
    assert ordered(office) == 97
    seen = office.browser(CLERK).open(quotas_path(office)).text
    assert "<b>3</b> tem còn được đặt" in seen
    assert "<textarea" not in seen, "the cooperative does not set its own"
    assert order(office, "3")[0] == 303
    assert ordered(office) == 100


def test_an_administrators_reason_does_not_lift_a_quota(office: Office) -> None:
    """Beyond the batch one may go with a reason; beyond the province's quota nobody may."""
    allow(office, "10")
    status, told = order(office, "11", ADMIN, reason="Khách đặt thêm, xin in vượt")
    assert status == 422
    assert "đã đặt 0; còn 10" in told
    assert ordered(office) == 0


def test_a_quota_of_one_product_leaves_the_others(office: Office) -> None:
    """Named on the page; the other product is ordered as before."""
    with office.session() as session:
        honey = str(session.scalars(select(Product.id).where(Product.code == "MAT")).one())
    page = allow(office, "5", product=honey)
    assert "cho “Mật ong hoa rừng”: 5 tem" in page
    assert order(office, "2")[0] == 303
    browser = office.browser(CLERK)
    path = f"/desk/batches/{office.batch_id('MAT-2610')}/stamps/{office.form_id('CHAI350')}"
    refused = browser.order(path, count="6")
    assert refused.status_code == 422
    assert "cho “Mật ong hoa rừng”: 5 tem, đã đặt 0; còn 5" in html.unescape(refused.text)


def test_the_newest_is_in_force_and_all_stay_on_record(office: Office) -> None:
    """Lowered, then lifted with an empty field; the page lists what was set before."""
    allow(office, "1.000")
    allow(office, "3", reason="Giảm vì mất mùa do bão")
    assert order(office, "4")[0] == 422
    page = allow(office, "", reason="Bỏ hạn mức sau khi kiểm tra")
    assert "không giới hạn" in page
    assert "Các lần đặt hạn mức" in page
    for told in ("1.000", "Giảm vì mất mùa do bão", "Bỏ hạn mức sau khi kiểm tra"):
        assert told in page
    assert order(office, "4")[0] == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"most": "nhiều"}, "phải là số nguyên"),
        ({"most": "-5"}, "phải là số nguyên"),
        ({"reason": "vì thế"}, "ít nhất 10 ký tự"),
        ({"year": "2019"}, "Năm của hạn mức từ 2025"),
        ({"year": "2040"}, "Năm của hạn mức từ 2025"),
    ],
)
def test_what_is_no_quota_is_told_and_kept_in_the_field(
    office: Office, fields: dict[str, str], said: str
) -> None:
    """Nothing is set; what was typed stays."""
    filled = {"product": "", "year": "2026", "most": "77", "reason": REASON, **fields}
    answer = office.browser(OFFICER).submit(quotas_path(office), **filled)
    assert answer.status_code == 422
    assert said in html.unescape(answer.text)
    assert f'value="{html.escape(filled["most"])}"' in answer.text
    with office.session() as session:
        assert session.scalars(select(StampQuota)).all() == []


def test_who_sees_and_who_sets(office: Office) -> None:
    """Members and an inspector look; only the alliance above sets; others, and others' products, are not found."""
    path = quotas_path(office)
    data = {"product": "", "year": "2026", "most": "5", "reason": REASON}
    for phone, sees, sets in (
        (CLERK, 200, 403), (ADMIN, 200, 403), (INSPECTOR, 200, 403), (NEIGHBOUR, 404, 404), (FAR_OFFICER, 404, 404),
    ):  # fmt: skip
        browser = office.browser(phone)
        assert browser.open(path).status_code == sees, phone
        token = browser.token("/desk/account")
        assert browser.client.post(path, data={"form": token, **data}).status_code == sets, phone
    officer = office.browser(OFFICER)
    with office.session() as session:
        foreign = str(session.scalars(select(Product.id).where(Product.code == "NA")).one())
    for product in (foreign, str(uuid.uuid4()), "x"):
        assert officer.submit(path, **{**data, "product": product}).status_code == 404
    assert officer.open(quotas_path(office, "LM20")).status_code == 404, "an office orders no stamps"
    with office.session() as session:
        assert session.scalars(select(StampQuota)).all() == []


def grow(office: Office, area: str | None = "0.1", made: str = "DE-2611") -> None:
    """A plot of that area where 500 kg a hectare are expected twice a year, and a batch of 120 kg from it."""
    with office.session() as session:
        plot = Plot(
            party_id=office.party_id("HTX-DE"), code="V1", name="Đồi Sau",
            area_ha=None if area is None else Decimal(area), yield_kg_per_ha=Decimal(500), seasons_per_year=2,
        )  # fmt: skip
        session.add(plot)
        session.flush()
        session.get_one(Batch, office.batch_id(made)).plot_id = plot.id
        session.commit()


def test_a_growing_area_said_to_give_too_much_is_a_question_with_its_arithmetic(office: Office) -> None:
    """0,1 ha of 500 kg twice a year are 100 kg, 120 with the margin: 120 kg is within, 121 is asked about."""
    grow(office)
    sum_told = "Đồi Sau: 0,1 ha × 500 kg mỗi ha × 2 vụ = dự kiến 100 kg (cộng 20 % là 120 kg); các lô ghi"
    page = office.browser(CLERK).open(quotas_path(office)).text
    assert f"{sum_told} 120 kg." in page
    assert "hay có hàng mua thêm?" not in page
    with office.session() as session:
        session.get_one(Batch, office.batch_id()).quantity = Decimal(121)
        session.commit()
    for phone in (CLERK, OFFICER):
        page = office.browser(phone).open(quotas_path(office)).text
        assert f"{sum_told} 121 kg." in page
        assert "Năng suất hay sản lượng có ghi nhầm, hay có hàng mua thêm?" in page
    assert order(office, "5")[0] == 303, "a question refuses nothing"
    assert (
        "hay có hàng mua thêm?" not in office.browser(OFFICER).open(quotas_path(office) + "?year=2025").text
    )


def test_what_cannot_be_compared_is_said(office: Office) -> None:
    """Litres, a batch without a plot, a plot without its area."""
    grow(office, area=None)
    page = office.browser(CLERK).open(quotas_path(office)).text
    assert "chưa ghi diện tích hoặc năng suất nên chưa đối chiếu được" in page
    assert "1 lô không đối chiếu được" in page
    assert "MAT-2610" in page


def test_two_orders_at_once_do_not_pass_a_quota_together(any_office: Office) -> None:
    """Each of two batches has room for 30 stamps, the quota for 50: one order goes, the other is told the sum."""
    office = any_office
    allow(office, "50")
    batches = (("DE-2611", "TUI500", CLERK), ("MAT-2610", "CHAI350", ADMIN))
    posts = []
    for lot, form, phone in batches:
        browser = office.browser(phone)
        path = f"/desk/batches/{office.batch_id(lot)}/stamps/{office.form_id(form)}"
        posts.append((browser, path, browser.token(path)))

    async def both() -> list[str]:
        fields = {"runs": "0", "method": "sheet", "count": "30"}
        sent = [b.client.http.post(path, data={"form": token, **fields}) for b, path, token in posts]
        return [answer.text for answer in await asyncio.gather(*sent) if answer.status_code == 422]

    [told] = asyncio.run(both())
    assert "đã đặt 30; còn 20" in html.unescape(told)
    assert ordered(office) == 30


@settings(max_examples=20)
@given(
    fields=st.dictionaries(
        st.sampled_from(["product", "year", "most", "reason"]),
        st.one_of(
            st.text(max_size=40), st.sampled_from(["5", "2026", "99999999999999", "\x00", "<b>", REASON])
        ),
    ),
    year=st.one_of(st.integers(), st.text(max_size=4)),
)
def test_property_no_form_breaks_the_quotas(office: Office, fields: dict[str, str], year: object) -> None:
    """Whatever is sent or asked: words, never a server error."""
    browser = getattr(office, "_browser", None) or office.browser(OFFICER)
    office._browser = browser  # type: ignore[attr-defined]
    token = getattr(office, "_token", None) or browser.token("/desk/account")
    office._token = token  # type: ignore[attr-defined]
    answer = browser.client.post(quotas_path(office), data={**fields, "form": token})
    assert answer.status_code in (303, 404, 422)
    page = browser.client.get(quotas_path(office), params={"year": str(year)})
    assert page.status_code in (200, 404)
    assert "<b><" not in page.text + answer.text
