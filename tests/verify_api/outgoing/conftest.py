"""A producer whose every text is hostile, with a batch, a run and proofs; and what is made of it."""

import datetime as dt
import io
import uuid
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from temthat_stamps.texts import Lang
from temthat_trace.batches import Batch
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.offers import ProductPhoto, SellerLink
from temthat_trace.papers import Attachment, Paper
from temthat_trace.parties import Member, Party
from temthat_trace.products import PackForm, Product
from temthat_verify_api.outgoing.dossier import setting_of, write_dossier
from temthat_verify_api.outgoing.dossier_pdf import write_pdf

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

HOSTILE = "=1+1 \"</script><script>alert(1)</script>\u202e& '{{7*7}}"
PARTNER = "Công ty Bí Mật"
PERSON, PHONE = "Nguyễn Thị Riêng Tư", "0912 777 888"


def webp(colour: str = "green", size: tuple[int, int] = (900, 700)) -> bytes:
    """A picture."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "WEBP")
    return out.getvalue()


@dataclass
class Goods:
    """The world's product and what leaves of it."""

    world: "World"
    run: int

    def dossier(self, lots: list[str] | None = None, lang: Lang = "vi") -> bytes:
        """The ZIP."""
        return self._made(write_dossier, lots, lang)

    def pdf(self, lots: list[str] | None = None, lang: Lang = "vi") -> bytes:
        """The document."""
        return self._made(write_pdf, lots, lang)

    def _made(self, write: Callable[..., None], lots: list[str] | None, lang: Lang) -> bytes:
        out = io.BytesIO()
        with self.world.services.sessions() as session:
            product = session.query(Product).filter_by(code="CHE").one()
            ids = None if lots is None else [self.batch_id(lot) for lot in lots]
            write(setting_of(session, self.world.services, product, ids, lang), out)
        return out.getvalue()

    def batch_id(self, lot: str) -> uuid.UUID:
        """A batch by its lot."""
        with self.world.services.sessions() as session:
            return session.query(Batch).filter_by(lot=lot).one().id

    def change(self, act: Callable[..., None]) -> None:
        """Do something with a session and the product, and commit."""
        with self.world.services.sessions() as session:
            act(session, session.query(Product).filter_by(code="CHE").one())
            session.commit()

    def add_event(
        self,
        lot: str = "L01",
        *,
        partner: str = "",
        text: str = "Đóng gói thêm",
        role: LineRole = LineRole.USED,
    ) -> None:
        """One more event of a batch, recorded now."""

        def act(session: "Session", _: Product) -> None:
            batch = session.query(Batch).filter_by(lot=lot).one()
            event = Event(
                step=Step.TRANSPORT,
                at=self.world.now,
                text=text,
                recorded_by=batch.party_id,
                recorded_at=self.world.now,
            )
            event.lines.append(
                line(role, "Túi giấy", lot="T1", partner=partner, quantity=Decimal(5), unit="KGM")
            )
            event.seal()
            batch.events.append(event)

        self.change(act)


if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@pytest.fixture
def goods(world: "World") -> Goods:
    """A run of one batch, with a scan, a picture, a photo, a seller and a household; names as they come."""
    return furnished(world)


@pytest.fixture
def any_goods(any_world: "World") -> Goods:
    """The same, once on SQLite and once on PostgreSQL."""
    return furnished(any_world)


def furnished(world: "World") -> Goods:
    """See `goods`."""
    run = world.run()
    world.services.book.prove_run(run)
    made = Goods(world, run)

    def furnish(session: "Session", product: Product) -> None:
        for digest, data in (("a" * 64, webp()), ("b" * 64, webp("orange", (1600, 1200)))):
            session.add(Attachment(digest=digest, media_type="image/webp", data=data))
        session.flush()
        product.picture = "a" * 64
        session.add(ProductPhoto(product_id=product.id, digest="b" * 64, position=1))
        session.query(Paper).one().scan = "a" * 64
        session.add(
            SellerLink(
                product_id=product.id, seller="Gian hàng HTX", url="https://vcamart.vn/htx",
                valid_until=dt.date(2027, 1, 1), added_at=world.now,
            )
        )  # fmt: skip
        member = Member(
            party_id=product.party_id,
            code="TV1",
            alias="Hộ bà Tư",
            commune_text="Xã Ba Vì",
            full_name=PERSON,
            phone=PHONE,
        )
        session.add(member)
        session.flush()
        session.query(Batch).one().member_id = member.id

    made.change(furnish)
    return made


@pytest.fixture
def hostile(goods: Goods) -> Goods:
    """The same with a name that means something to spreadsheets, pages and disks in every place."""

    def spoil(session: "Session", product: Product) -> None:
        for record in (
            product, session.query(Party).filter_by(code="HTX-MAU").one(), session.query(PackForm).one(),
            session.query(SellerLink).one(), session.query(Paper).one(),
        ):  # fmt: skip
            for name in (
                "name",
                "name_en",
                "description",
                "description_en",
                "storage",
                "brand",
                "seller",
                "authority",
            ):
                if hasattr(record, name):
                    setattr(record, name, HOSTILE)
        session.query(Paper).one().code = "../../etc/passwd"

    goods.change(spoil)
    goods.add_event(text=HOSTILE)
    return goods


def unzipped(data: bytes) -> dict[str, bytes]:
    """The files of a ZIP by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}
