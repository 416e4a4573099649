"""The way of a pack on its page: from the field to the hand, what was done, and what is nobody's business."""

import datetime as dt
import re
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.parties import Member, Party, PartyKind
from temthat_trace.products import Product
from temthat_trace.purchases import PurchaseSlip

from .test_stamp_page import BROWSER

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio


class Way:
    """Batches before the one in the pack."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.run = world.run(lot="GOI-1")
        with world.services.sessions() as session:
            self.pack = session.get_one(Run, self.run).batch_id
            self.issuer = session.query(Party).filter_by(code="HTX-MAU").one().id

    def batch(self, lot: str, product: str, made: uuid.UUID, amount: int, *, whole: int = 100, party: str = "HTX-MAU",
              **more: Any) -> uuid.UUID:  # fmt: skip
        """A batch of which some went into another."""
        with self.world.services.sessions() as session:
            owner = session.query(Party).filter_by(code=party).one_or_none()
            if owner is None:
                owner = Party(code=party, kind=PartyKind.COOPERATIVE, name=f"Đơn vị {party}", province="20")
                session.add(owner)
                session.flush()
            goods = session.query(Product).filter_by(party_id=owner.id, name=product).one_or_none()
            if goods is None:
                goods = Product(party_id=owner.id, code=lot, name=product, base_unit="KGM")
                session.add(goods)
                session.flush()
            batch = Batch(party_id=owner.id, product_id=goods.id, lot=lot, quantity=Decimal(whole), unit="KGM",
                          made_on=dt.date(2026, 5, 1), province="01", **more)  # fmt: skip
            session.add(batch)
            session.flush()
            session.add(BatchSource(batch_id=made, source_id=batch.id, quantity=Decimal(amount), unit="KGM"))
            session.commit()
            return batch.id

    async def read(self) -> tuple[str, str]:
        """The picture in Vietnamese and English, without tags."""
        async with self.world.client() as client:
            path = f"/T/{self.world.code(self.run, 7)}"
            pages = [await client.get(path, headers=BROWSER, params={"lang": lang}) for lang in ("vi", "en")]
        return _told(pages[0]), _told(pages[1])


def _told(page: httpx.Response) -> str:
    assert page.status_code == 200
    assert len(page.content) < 50_000
    assert "<script" not in page.text
    assert " style=" not in page.text
    card = page.text[page.text.index('aria-labelledby="way"') :]
    return " ".join(re.sub(r"<[^>]+>", " ", card[: card.index("</section>")]).split())


async def test_from_two_fields_by_a_mix_and_a_part_of_it(world: "World") -> None:
    """Two fields, mixed; a part of the mix, dried; what was done between stands in words and lines."""
    way = Way(world)
    dry = way.batch("KHO-1", "Chè khô", way.pack, 40)
    part = way.batch("TRON-2", "Chè tươi", dry, 60, whole=60)
    mix = way.batch("TRON-1", "Chè tươi", part, 60, whole=210)
    with world.services.sessions() as session:
        member = Member(
            party_id=way.issuer, code="H1", alias="Hộ Bà Sáu", commune_text="xã Ba Vì", full_name="Trần Thị S"
        )
        session.add(member)
        session.flush()
        session.commit()
        one = way.batch("RUONG-A", "Chè tươi", mix, 120, member_id=member.id)
        two = way.batch("RUONG-B", "Chè tươi", mix, 90)
        for at, step, lines in (
            (3, Step.HARVEST, [line(LineRole.USED, "Phân", lot="B-1", partner="Đại lý Hà")]),
            (4, Step.TRANSPORT, [line(LineRole.SENT, "", batch=one, partner="Cửa hàng Kín")]),
        ):
            entry = Event(step=step, batch_id=one, at=dt.datetime(2026, 5, at, tzinfo=dt.UTC), text="",
                          recorded_by=way.issuer, recorded_at=world.now, lines=lines)  # fmt: skip
            entry.seal()
            session.add(entry)
        slip = PurchaseSlip(party_id=way.issuer, number="1", member_id=member.id, quantity=Decimal(5), unit="KGM",
                            at=world.now, batch_id=two, recorded_at=world.now)  # fmt: skip
        session.add(slip)
        session.commit()
    said, english = await way.read()
    order = ["RUONG-A", "Hộ Bà Sáu", "lấy 120 kg", "Thu hoạch", "RUONG-B", "1 hộ giao hàng", "Trộn 2 lô", "TRON-1",
             "Chia ra từ lô trên", "TRON-2", "Làm ra từ lô trên", "KHO-1", "GOI-1", "Gói bạn đang cầm", "Tem số 7",
             "Bảng chi tiết"]  # fmt: skip
    places = [said.index(words) for words in order]
    assert places == sorted(places), said
    for kept in ("Trần Thị S", "Cửa hàng Kín", "Đại lý Hà"):
        assert kept not in said
    assert "2 batches mixed" in english


async def test_of_others_one_step_back_and_no_further(world: "World") -> None:
    """A bought-in lot is told with its maker; what that was made from is only that there was something."""
    way = Way(world)
    bought = way.batch("MUA-1", "Hoa nhài", way.pack, 5, party="KHAC")
    way.batch("XA-1", "Giống hoa", bought, 1, party="XA")
    said, _ = await way.read()
    assert "MUA-1" in said
    assert "Đơn vị KHAC" in said
    assert "Lô của đơn vị khác, ở xa hơn một bước" in said
    for hidden in ("XA-1", "Giống hoa", "Đơn vị XA"):
        assert hidden not in said


async def test_a_long_and_wide_way_stays_small(world: "World") -> None:
    """Ten steps, forty lots in one of them: the picture counts what it leaves out."""
    way = Way(world)
    at = way.pack
    for n in range(9):
        at = way.batch(f"B{n}", "Chè", at, 100)
    for n in range(40):
        way.batch(f"R{n:02}", "Chè", at, 1)
    said, _ = await way.read()
    assert "7 chặng ở giữa" in said
    assert "và 37 lô nữa, xem bảng" in said
    assert said.count("R39") <= 1
    table = said[said.index("Bảng chi tiết") :]
    assert "Trước đó còn nữa" in table, "the table leaves out the furthest, and says so"
    assert all(lot in table for lot in ("GOI-1", "B0", "B8"))


async def test_a_batch_made_from_nothing_is_a_short_way(world: "World") -> None:
    """Batch and stamp, no table."""
    said, _ = await Way(world).read()
    assert "GOI-1" in said
    assert "Bảng chi tiết" not in said
