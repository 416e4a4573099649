"""Questions to the records, and who may confirm a paper."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from temthat_trace import repository
from temthat_trace.batches import Batch
from temthat_trace.importing import ImportReport
from temthat_trace.papers import Paper
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product
from temthat_trace.repository import TraceRefused

Import = Callable[..., ImportReport]


@pytest.fixture
def htx(session: Session, world: dict[str, list[list[Any]]], run: Import) -> Party:
    report = run(world)
    assert report.ok
    session.commit()
    return session.scalars(select(Party)).one()


@pytest.fixture
def alliance(session: Session, htx: Party) -> Party:
    office = Party(code="LM", kind=PartyKind.PROVINCIAL_ALLIANCE, name="Liên minh")
    session.add(office)
    session.flush()
    htx.alliance_id = office.id
    session.commit()
    return office


def test_parties_are_found_by_code(session: Session, htx: Party) -> None:
    """Exactly, or not at all."""
    assert repository.party_by_code(session, "HTX1") is htx
    assert repository.party_by_code(session, "htx1") is None


@pytest.mark.parametrize(
    ("text", "found"), [("", {"CAM", "TRUNG"}), ("cam sanh", {"CAM"}), ("Trứng", {"TRUNG"})]
)
def test_products_are_searched_without_diacritics(
    session: Session, htx: Party, text: str, found: set[str]
) -> None:
    """Typing with or without diacritics finds the same."""
    assert {p.code for p in repository.products_of(session, htx.id, text)} == found


def test_batches_come_newest_first_and_are_searched_by_lot_and_product(session: Session, htx: Party) -> None:
    """What a clerk looks for is usually the last one made."""
    assert [b.lot for b in repository.batches_of(session, htx.id)] == ["T1", "L1"]
    assert [b.lot for b in repository.batches_of(session, htx.id, "l1")] == ["L1"]
    assert [b.lot for b in repository.batches_of(session, htx.id, "trung ga")] == ["T1"]
    assert len(repository.batches_of(session, htx.id, limit=1)) == 1


def test_a_batch_comes_whole(session: Session, htx: Party) -> None:
    """Everything its page needs is loaded: reading it asks the database nothing more."""
    batch_id = session.scalars(select(Batch.id).where(Batch.lot == "L1")).one()
    session.expire_all()
    found = repository.batch(session, batch_id)
    assert found is not None
    statements: list[str] = []
    listen = lambda *args: statements.append(args[2])  # noqa: E731
    event.listen(session.get_bind(), "before_cursor_execute", listen)
    assert [e.text for e in found.events] == ["Hái buổi sáng."]
    assert (found.party.name, found.product.name) == ("HTX Một", "Cam sành")
    assert [f.components for f in found.product.pack_forms] == [[]]
    assert (found.plot, found.member, found.sources) == (None, None, [])
    event.remove(session.get_bind(), "before_cursor_execute", listen)
    assert statements == []


def test_the_alliance_confirms_and_takes_back(session: Session, alliance: Party, now: dt.datetime) -> None:
    """Twice is once; what was taken back stays on record."""
    paper, product = (
        session.scalars(select(Paper)).one(),
        session.scalars(select(Product).where(Product.code == "CAM")).one(),
    )
    first = repository.confirm_paper(session, paper, product.id, alliance, "Chị Hà", now)
    assert repository.confirm_paper(session, paper, product.id, alliance, "Anh Ba", now) is first
    assert repository.papers_of(session, product)[0].vouching(product.id) == "confirmed"
    repository.withdraw_confirmation(session, paper, product.id, alliance, now)
    assert paper.vouching(product.id) == "self_declared"
    assert [c.withdrawn_at for c in paper.confirmations] == [now]


def test_others_may_not_confirm(session: Session, alliance: Party, htx: Party, now: dt.datetime) -> None:
    """Not the holder, not another province's alliance, not for another product."""
    paper = session.scalars(select(Paper)).one()
    product = session.scalars(select(Product).where(Product.code == "CAM")).one()
    other = session.scalars(select(Product).where(Product.code == "TRUNG")).one()
    foreign = Party(code="LM2", kind=PartyKind.PROVINCIAL_ALLIANCE, name="Liên minh khác")
    session.add(foreign)
    session.flush()
    for office in (htx, foreign):
        with pytest.raises(TraceRefused):
            repository.confirm_paper(session, paper, product.id, office, "", now)
    with pytest.raises(TraceRefused) as e:
        repository.confirm_paper(session, paper, other.id, alliance, "", now)
    assert e.value.vi
    assert paper.confirmations == []
