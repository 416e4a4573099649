"""What a shopper may see: badges only when confirmed, for this product, today; nobody's name."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace import repository
from temthat_trace.batches import Batch
from temthat_trace.importing import ImportReport
from temthat_trace.origin import Origin, origin_of
from temthat_trace.papers import Paper
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product
from temthat_trace.vouching import Vouching

Import = Callable[..., ImportReport]
TODAY = dt.date(2026, 11, 20)


@pytest.fixture
def orange(session: Session, world: dict[str, list[list[Any]]], run: Import) -> Product:
    world["Thành viên"] = [
        ["Mã thành viên", "Tên hiển thị", "Xã / phường", "Họ và tên", "Điện thoại", "Ngày đồng ý"],
        ["TV1", "Hộ bà Tư", "Xã Xuân Lương", "Nguyễn Thị Tư", "0912345678", "01/09/2026"],
    ]
    world["Lô"] = [[*world["Lô"][0], "Mã thành viên"], [*world["Lô"][1], "TV1"], [*world["Lô"][2], None]]
    assert run(world).ok
    return session.scalars(select(Product).where(Product.code == "CAM")).one()


@pytest.fixture
def office(session: Session, orange: Product) -> Party:
    office = Party(code="VN", kind=PartyKind.NATIONAL_ALLIANCE, name="Liên minh")
    session.add(office)
    session.flush()
    return office


def origin(session: Session, lot: str = "L1", today: dt.date = TODAY) -> Origin:
    batch = repository.batch(session, session.scalars(select(Batch.id).where(Batch.lot == lot)).one())
    assert batch is not None
    return origin_of(batch, repository.papers_of(session, batch.product), None, today)


def test_a_paper_alone_gives_no_stars(session: Session, orange: Product) -> None:
    """Before anybody looked at it, four stars are the maker's own words."""
    shown = origin(session)
    assert shown.stars is None
    assert [(p.stars, p.badge, p.vouching) for p in shown.papers] == [(4, False, Vouching.SELF_DECLARED)]


def test_stars_show_once_confirmed_until_the_last_day_and_no_longer(
    session: Session, orange: Product, office: Party, now: dt.datetime
) -> None:
    """36 months from 15/03/2025: the badge is there on 15/03/2028 and gone the day after."""
    repository.confirm_paper(session, session.scalars(select(Paper)).one(), orange.id, office, "", now)
    assert origin(session).stars == 4
    assert origin(session, today=dt.date(2028, 3, 15)).stars == 4
    late = origin(session, today=dt.date(2028, 3, 16))
    assert (late.stars, late.papers[0].valid, late.papers[0].badge) == (None, False, False)
    assert origin(session, today=dt.date(2025, 3, 14)).stars is None


def test_stars_of_one_product_do_not_shine_on_another(
    session: Session, orange: Product, office: Party, now: dt.datetime
) -> None:
    """The eggs of the same cooperative have no certificate."""
    repository.confirm_paper(session, session.scalars(select(Paper)).one(), orange.id, office, "", now)
    assert origin(session, "T1").papers == ()


def test_a_withdrawn_confirmation_takes_the_stars_with_it(
    session: Session, orange: Product, office: Party, now: dt.datetime
) -> None:
    """At once."""
    paper = session.scalars(select(Paper)).one()
    repository.confirm_paper(session, paper, orange.id, office, "", now)
    repository.withdraw_confirmation(session, paper, orange.id, office, now)
    assert origin(session).stars is None


def test_no_name_and_no_telephone_of_a_member_is_shown(session: Session, orange: Product) -> None:
    """Alias and commune only, though the record has consent for more."""
    shown = origin(session)
    assert shown.grower == "Hộ bà Tư, Xã Xuân Lương"
    assert "Nguyễn Thị Tư" not in repr(shown)
    assert "0912345678" not in repr(shown)


def test_an_erased_event_is_not_shown(session: Session, orange: Product) -> None:
    """Its digest stays in the record, its words are gone from the page."""
    batch = session.scalars(select(Batch).where(Batch.lot == "L1")).one()
    assert [s.text for s in origin(session).steps] == ["Hái buổi sáng."]
    batch.events[0].erase()
    assert origin(session).steps == ()


def test_numbers_and_places_are_told_in_words(session: Session, orange: Product) -> None:
    """Quantity, pack content, dates, place of the cooperative where the batch has none of its own."""
    shown = origin(session)
    assert (shown.quantity, shown.product.packs[0].content) == ("120 kg", "0,5 kg")
    assert (shown.made_on, shown.expires_on) == (dt.date(2026, 11, 1), dt.date(2026, 12, 1))
    assert (shown.place, shown.province) == ("Xã Xuân Lương, Bắc Ninh", "24")
