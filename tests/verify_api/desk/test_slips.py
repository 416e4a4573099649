"""Purchase slips at the desk: one after the other, summed, printed, cancelled."""

import re
from decimal import Decimal

import pytest
from httpx import Response
from sqlalchemy import select

from temthat_trace.parties import Member, Party
from temthat_trace.purchases import PurchaseSlip

from .conftest import CLERK, INSPECTOR, NEIGHBOUR, NOW, OFFICER, Office

SLIP = {
    "number": "TM-0001", "day": "2026-11-20", "member": "TV01", "quantity": "35,5", "unit": "KGM", "what": "Dẻ tươi",
    "into": "DE|DE-2611",
}  # fmt: skip


def households(office: Office) -> None:
    with office.session() as session:
        party = session.scalars(select(Party).where(Party.code == "HTX-DE")).one()
        session.add_all(
            Member(party_id=party.id, code=code, alias=alias)
            for code, alias in (("TV01", "Hộ bà Tư"), ("TV02", "Hộ ông Ba"))
        )
        session.commit()


def enter(office: Office, **change: str) -> Response:
    return office.browser(CLERK).submit("/desk/slips", **(SLIP | change))


def slips(office: Office) -> list[PurchaseSlip]:
    with office.session() as session:
        return list(session.scalars(select(PurchaseSlip).order_by(PurchaseSlip.number)))


def test_slips_are_entered_one_after_the_other(any_office: Office) -> None:
    """The next form has the day, the goods, the lot and the next number; sums stand below, on both databases."""
    office = any_office
    households(office)
    clerk = office.browser(CLERK)
    assert 'value="TM-0001"' in clerk.open("/desk/slips").text
    page = clerk.follow(enter(office)).text
    assert "Đã lưu phiếu" in page
    assert 'value="TM-0002"' in page
    assert 'value="2026-11-20"' in page
    assert 'value="Dẻ tươi"' in page
    assert re.search(r'value="DE\|DE-2611" selected', page)
    assert 'id="quantity" name="quantity" value=""' in page
    office.forward(seconds=30)
    enter(office, number="TM-0002", quantity="1 tạ", member="TV02")
    office.forward(seconds=30)
    enter(office, number="TM-0003", quantity="4,5")
    page = clerk.open(f"/desk/slips?batch={office.batch_id()}").text
    sums = re.findall(r'<th scope="row">([^<]+)</th><td>(\d+)</td><td>([^<]+)</td>', page)
    assert sums == [
        ("Hộ bà Tư", "2", "40 kg"), ("Hộ ông Ba", "1", "1 tạ"), ("Tất cả các hộ", "1", "1 tạ"),
        ("Tất cả các hộ", "2", "40 kg"),
    ]  # fmt: skip
    first = slips(office)[0]
    assert (first.quantity, first.unit, first.what, first.recorded_name) == (
        Decimal("35.5"), "KGM", "Dẻ tươi", "Hoàng Thị Mai",
    )  # fmt: skip
    assert first.batch_id == office.batch_id()
    assert "Thu mua vào lô này" in clerk.open(f"/desk/batches/{office.batch_id()}/work").text


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"number": ""}, "number", "chưa ghi"),
        ({"member": ""}, "member", "chưa ghi"),
        ({"member": "TV09"}, "member", "Không có thành viên"),
        ({"quantity": "0"}, "quantity", "lớn hơn 0"),
        ({"day": "2026-12-24"}, "day", "tương lai"),
        ({"into": "", "what": ""}, "what", "tên hàng"),
        ({"into": "NA|NA-2609"}, "into", "Không có"),
        ({"into": "DE|DE-9"}, "into", "Không có lô"),
    ],
    ids=str,
)
def test_a_wrong_slip_says_what_to_mend(office: Office, change: dict[str, str], field: str, why: str) -> None:
    """Beside its field; nothing is stored and the answers stay."""
    households(office)
    answer = enter(office, **change)
    assert answer.status_code == 422
    problem = re.search(rf'id="{field}-wrong">([^<]*)<', answer.text)
    assert problem, answer.text
    assert why in problem[1]
    assert slips(office) == []


def test_a_number_is_used_once(office: Office) -> None:
    """A form for new slips never changes one that is there."""
    households(office)
    enter(office)
    answer = enter(office, quantity="99")
    assert answer.status_code == 422
    assert "đã có rồi" in answer.text
    assert [slip.quantity for slip in slips(office)] == [Decimal("35.5")]


def test_a_slip_is_printed_and_cancelled(office: Office) -> None:
    """It says all of it; cancelled it leaves the sums, stays in the book, and its number is not given again."""
    households(office)
    enter(office)
    [slip] = slips(office)
    path = f"/desk/slips/{slip.id}"
    clerk = office.browser(CLERK)
    page = clerk.open(path).text
    for said in (
        "HTX Nông nghiệp Đồi Dẻ",
        "TM-0001",
        "20/11/2026",
        "Hộ bà Tư",
        "Dẻ tươi",
        "35,5 kg",
        "DE-2611",
    ):
        assert said in page
    assert office.browser(OFFICER).open(path).status_code == 200
    assert office.browser(NEIGHBOUR).open(path).status_code == 404
    inspector = office.browser(INSPECTOR)
    token = inspector.token("/desk/account")
    assert inspector.client.post(f"{path}/withdraw", data={"form": token}).status_code == 403
    page = clerk.follow(clerk.submit(f"{path}/withdraw", at=path)).text
    assert "Phiếu đã hủy: Hoàng Thị Mai" in page
    assert slips(office)[0].withdrawn_at == NOW
    page = clerk.open(f"/desk/slips?batch={office.batch_id()}").text
    assert "Đã hủy" in page
    assert "<tfoot>" not in page
    assert 'value="TM-0002"' in page


def test_without_households_the_page_says_what_to_do(office: Office) -> None:
    """Members come from the workbook."""
    page = office.browser(CLERK).open("/desk/slips").text
    assert "Chưa có hộ thành viên nào" in page


def test_slips_without_a_lot_are_put_into_one_later(office: Office) -> None:
    """Ticked on the lot's page; those not ticked, cancelled, or of another lot stay where they are."""
    households(office)
    for number in ("TM-0001", "TM-0002", "TM-0003"):
        assert enter(office, number=number, into="").status_code == 303
    enter(office, number="TM-0004", into="MAT|MAT-2610", unit="LTR")
    first, second, third, fourth = slips(office)
    clerk = office.browser(CLERK)
    clerk.submit(f"/desk/slips/{third.id}/withdraw", at=f"/desk/slips/{third.id}")
    at = f"/desk/slips?batch={office.batch_id()}"
    page = clerk.open(at).text
    loose = re.findall(r'type="checkbox" name="slip" value="([^"]+)"', page)
    assert loose == [str(first.id), str(second.id)]
    data = {"form": clerk.token(at), "slip": [str(first.id), str(third.id), str(fourth.id), "x"]}
    answer = clerk.client.post(f"/desk/batches/{office.batch_id()}/slips", data=data)
    assert "Đã đưa phiếu vào lô" in clerk.follow(answer).text
    placed = {slip.number: slip.batch_id for slip in slips(office)}
    assert placed == {
        "TM-0001": office.batch_id(), "TM-0002": None, "TM-0003": None, "TM-0004": office.batch_id("MAT-2610"),
    }  # fmt: skip
    neighbour = office.browser(NEIGHBOUR)
    data = {"form": neighbour.token("/desk/account"), "slip": str(second.id)}
    assert neighbour.client.post(f"/desk/batches/{office.batch_id()}/slips", data=data).status_code == 404
