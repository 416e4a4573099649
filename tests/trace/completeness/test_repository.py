"""Facts as they are stored: newest batch, stages with the code of where they were, papers of product and party."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.completeness.checklist import check
from temthat_trace.completeness.item import State
from temthat_trace.completeness.repository import facts_of_batch, facts_of_product, facts_of_products
from temthat_trace.events import Event
from temthat_trace.parties import Party
from temthat_trace.products import Product

from ..conftest import Import

TODAY = dt.date(2026, 11, 20)


@pytest.fixture
def stored(session: Session, run: Import, world: dict[str, Any]) -> Session:
    """The small world, with an older batch of the orange."""
    world["Lô"].append(["CAM", "L0", 50, "01/06/2026", None])
    world["Giấy tờ"].append(["ATTP", "An toàn thực phẩm", "7/GCN", None, "15/03/2025", None])
    assert run(world).applied
    return session


def product(session: Session, code: str) -> Product:
    return session.scalars(select(Product).where(Product.code == code)).one()


def test_a_product_is_looked_at_with_its_newest_batch(stored: Session) -> None:
    """Its stage took place where the batch was made, and that is where the maker is."""
    facts = facts_of_product(stored, product(stored, "CAM"), TODAY)
    assert facts.batch is not None
    assert facts.batch.lot == "L1"
    assert [(s.step, s.place_code) for s in facts.batch.stages] == [("harvest", "07246")]
    assert [(p.kind, p.valid) for p in facts.papers] == [("ocop", True), ("food_safety", True)]
    checked = check(facts)
    assert [i.key for i in checked.circular.items if i.state is State.MISSING] == ["picture", "standard"]
    assert [i.key for i in checked.passport.items if i.state is State.MISSING] == ["name_and_gtin", "maker"]


def test_a_batch_is_looked_at_as_itself(stored: Session) -> None:
    """The older one has no stage."""
    batch = stored.scalars(select(Batch).where(Batch.lot == "L0")).one()
    facts = facts_of_batch(stored, batch, TODAY)
    assert facts.batch is not None
    assert facts.batch.stages == ()


@pytest.mark.parametrize(
    ("address", "code"), [("Thôn 3, xã Xuân Lương, Bắc Ninh", "07246"), ("kho ông Ba", "")]
)
def test_a_place_of_its_own_stands_for_itself(stored: Session, run: Import, address: str, code: str) -> None:
    """An event at a place nobody can find is not taken for one at home."""
    head = ["Mã sản phẩm", "Số lô", "Thời điểm", "Công đoạn", "Nội dung", "Địa điểm"]
    assert run({"Sự kiện": [head, ["CAM", "L1", "02/11/2026", "Đóng gói", "Vào túi", address]]},
               acting=stored.scalars(select(Party)).one()).applied  # fmt: skip
    facts = facts_of_product(stored, product(stored, "CAM"), TODAY)
    assert facts.batch is not None
    assert facts.batch.stages[-1].place_code == code


def test_a_withdrawn_stage_is_no_stage(stored: Session) -> None:
    """Its writer said that it was a slip."""
    stored.scalars(select(Event)).one().withdrawn_at = dt.datetime(2026, 11, 3, tzinfo=dt.UTC)
    facts = facts_of_product(stored, product(stored, "CAM"), TODAY)
    assert facts.batch is not None
    assert facts.batch.stages == ()


def test_a_whole_province_takes_few_queries(stored: Session) -> None:
    """As many for ten products as for two."""
    party = stored.scalars(select(Party)).one()

    def count() -> int:
        said: list[str] = []

        def hear(*told: Any) -> None:
            said.append(told[2])

        stored.expire_all()
        event.listen(stored.get_bind(), "before_cursor_execute", hear)
        found = facts_of_products(stored, stored.scalars(select(Product)).all(), TODAY)
        event.remove(stored.get_bind(), "before_cursor_execute", hear)
        assert {"CAM", "TRUNG"} <= {f.code for f in found}
        return len(said)

    few = count()
    stored.add_all(Product(party_id=party.id, code=f"P{n}", name=f"P{n}", base_unit="KGM") for n in range(8))
    stored.flush()
    assert count() == few
