"""Papers that run out, at the desk: on the first pages, on their own page, on product and list; stars go on the day."""

import csv
import datetime as dt
import io

import pytest
from sqlalchemy import select

from temthat_trace.papers import Paper, PaperConfirmation, PaperKind
from temthat_trace.products import Product
from temthat_verify_api.pages.story import load_presented

from .conftest import CLERK, FAR_OFFICER, NEIGHBOUR, NOW, OFFICER, Office


def set_end(office: Office, code: str, days: int) -> str:
    """Let a paper run out that many days from now; its id."""
    with office.session() as session:
        paper = session.scalars(select(Paper).where(Paper.code == code)).one()
        paper.valid_until = dt.date(2026, 11, 22) + dt.timedelta(days=days)
        session.commit()
        return str(paper.id)


@pytest.mark.parametrize(
    ("days", "words"),
    [(180, "Còn 180 ngày"), (30, "Còn 30 ngày"), (0, "Hết hạn hôm nay"), (-1, "Đã hết hạn"), (181, None)],
)
def test_it_is_told_on_every_page_it_matters(office: Office, days: int, words: str | None) -> None:
    """First page, the paper's, the product's, the list, the alliance's count."""
    paper = set_end(office, "OCOP-1", days)
    clerk = office.browser(CLERK)
    with office.session() as session:
        product = session.scalars(select(Product.id).where(Product.code == "DE")).one()
    pages = ("/desk", f"/desk/papers/{paper}", f"/desk/products/{product}", "/desk/papers", "/desk/expiring")
    for path in pages:
        page = clerk.open(path).text
        if words is None:
            assert "1234/QĐ-UBND" not in page or "Còn " not in page, path
        elif path != "/desk/papers" or days >= 0:
            assert words in page, path
    assert "đã hết hạn" in office.browser(OFFICER).open("/desk").text


def test_what_ran_out_long_ago_is_told_until_it_is_renewed(office: Office) -> None:
    """The food-safety paper of 2023; a new one of the same kind ends the telling."""
    assert "55/2023/NNPTNT-LS" in office.browser(CLERK).open("/desk/expiring").text
    with office.session() as session:
        old = session.scalars(select(Paper).where(Paper.code == "ATTP-1")).one()
        session.add(
            Paper(party_id=old.party_id, code="ATTP-2", kind=PaperKind.FOOD_SAFETY, number="9/2026",
                  issued_on=dt.date(2026, 5, 2), valid_until=dt.date(2029, 5, 1))
        )  # fmt: skip
        session.commit()
    assert "55/2023/NNPTNT-LS" not in office.browser(CLERK).open("/desk/expiring").text


def test_nobody_is_told_of_anothers_papers(office: Office) -> None:
    """Neither a neighbour nor another province."""
    for phone in (NEIGHBOUR, FAR_OFFICER):
        assert "55/2023/NNPTNT-LS" not in office.browser(phone).open("/desk/expiring").text
        assert "55/2023/NNPTNT-LS" not in office.browser(phone).open("/desk/expiring.csv").text
    assert "55/2023/NNPTNT-LS" in office.browser(OFFICER).open("/desk/expiring").text
    party = office.party_id("HTX-DE")
    assert office.browser(NEIGHBOUR).open(f"/desk/expiring?party={party}").status_code == 404


def test_the_list_has_whom_to_call(office: Office) -> None:
    """Organisation, paper, day, days left; nothing a spreadsheet would compute."""
    with office.session() as session:
        session.scalars(select(Paper).where(Paper.code == "ATTP-1")).one().number = "=1+1"
        session.commit()
    data = office.browser(OFFICER).open("/desk/expiring.csv").content.decode("utf-8-sig")
    [head, row] = csv.reader(io.StringIO(data))
    assert head[:3] == ["Mã đơn vị", "Đơn vị", "Điện thoại"]
    assert row == [
        "HTX-DE", "HTX Nông nghiệp Đồi Dẻ (mẫu)", "", "", "An toàn thực phẩm", "'=1+1", "Sở Nông nghiệp và Môi trường",
        "2026-05-01", "-205",
    ]  # fmt: skip


@pytest.mark.parametrize(("days", "stars"), [(0, [4]), (-1, [])], ids=["last-day", "day-after"])
def test_stars_stop_the_day_after(office: Office, days: int, stars: list[int]) -> None:
    """The shopper's page: a confirmed OCOP paper shows its stars through its last day, and not one day longer."""
    set_end(office, "OCOP-1", days)
    with office.session() as session:
        paper = session.scalars(select(Paper).where(Paper.code == "OCOP-1")).one()
        alliance = office.party_id("LM20")
        assert paper.product_id is not None
        session.add(
            PaperConfirmation(paper_id=paper.id, product_id=paper.product_id, by_party_id=alliance, at=NOW)
        )
        session.commit()
        shown = load_presented(session, "HTX-DE", "DE", dt.date(2026, 11, 22))
    assert shown is not None
    assert [paper.stars for paper in shown.papers if paper.badge] == stars
