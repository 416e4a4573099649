"""The diary on a shopper's page: what was used and made, photos that are small and late, nothing that is business."""

import io
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from sqlalchemy import select

from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.fieldwork import record_event
from temthat_verify_api.desk.pictures import PAPER_SCAN, store_photo, store_picture

from .test_stamp_page import look

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio


def photo(colour: str) -> bytes:
    out = io.BytesIO()
    noise = Image.effect_noise((1600, 1200), 40).convert("RGB")
    Image.blend(noise, Image.new("RGB", noise.size, colour), 0.6).save(out, "JPEG")
    return out.getvalue()


def written(world: "World", run: int, photos: int = 1) -> tuple[str, str, str]:
    """Photos, materials and a shipment in the diary of a run's batch; digests of one photo, and of a scan."""
    with world.services.sessions() as session:
        batch = session.get_one(Batch, session.get_one(Run, run).batch_id)
        at = batch.events[0].at
        common = {"recorded_by": batch.party_id, "recorded_at": at, "at": at}
        care = Event(step=Step.CARE, text="Bón thúc <b>quanh gốc</b>", **common)
        care.lines = [
            line(
                LineRole.USED, "NPK", lot="2609-B", partner="Đại lý Hòa", quantity=Decimal("1.5"), unit="DTN"
            ),
            line(LineRole.OUT, "", batch=batch.id, quantity=Decimal(800), unit="KGM"),
        ]
        care.photos = [store_photo(session, photo(colour)) for colour in ("green", "brown", "gold")[:photos]]
        record_event(session, batch, care)
        sent = Event(step=Step.TRANSPORT, text="Hóa đơn 0000123", **common)
        sent.lines = [
            line(
                LineRole.SENT,
                "",
                batch=batch.id,
                partner="Siêu thị Minh Tâm",
                quantity=Decimal(9),
                unit="KGM",
            )
        ]
        record_event(session, batch, sent)
        wrong = Event(step=Step.CARE, text="Ghi nhầm lô khác", withdrawn_at=at, **common)
        record_event(session, batch, wrong)
        scan = store_picture(session, photo("white"), PAPER_SCAN)
        session.commit()
        return care.photos[0].small, care.photos[0].digest, scan


async def test_photos_are_on_the_page_small_and_late(founded_world: "World") -> None:
    """Lazy, with words for those who do not see them, each a link to the large one; the page itself stays small."""
    world = founded_world
    run = world.run()
    small, large, scan = written(world, run, photos=3)
    async with world.client() as client:
        for lang, said in (("vi", "Ảnh 1: Chăm sóc, ngày"), ("en", "Photo 1: ")):
            response, page = await look(client, f"/T/{world.code(run)}?lang={lang}")
            [mine] = [i for i in page.all("img") if i.get("src") == f"/picture/{small}"]
            assert (mine["loading"], mine["width"], mine["height"]) == ("lazy", "104", "104")
            assert str(mine["alt"]).startswith(said)
            assert f"/picture/{large}" in [a.get("href") for a in page.all("a")]
            assert len(response.content) < 38_000
        for digest, most in ((small, 12_000), (large, 150_000)):
            answer = await client.get(f"/picture/{digest}")
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
            assert len(answer.content) <= most
            assert answer.headers["cache-control"] == "private, max-age=3600", "an event may be erased"
        assert (await client.get(f"/picture/{scan}")).status_code == 404


async def test_what_was_used_is_told_and_what_is_business_is_not(founded_world: "World") -> None:
    """Material with its amount; not its lot, its seller, the shipment, the invoice, nor what was a mistake."""
    world = founded_world
    run = world.run()
    written(world, run)
    async with world.client() as client:
        response, page = await look(client, f"/T/{world.code(run)}")
    assert "Đã dùng: NPK (1,5 tạ)" in page.text
    assert "Được: 800 kg" in page.text
    assert "Bón thúc <b>quanh gốc</b>" in page.text
    assert "<b>quanh gốc" not in response.text
    for hidden in ("2609-B", "Đại lý Hòa", "Siêu thị Minh Tâm", "0000123", "Ghi nhầm lô khác"):
        assert hidden not in response.text


async def test_a_photo_goes_with_its_event(founded_world: "World") -> None:
    """Marked as a mistake or erased, nobody gets its photos any more."""
    world = founded_world
    run = world.run()
    small, large, _ = written(world, run)
    async with world.client() as client:
        assert (await client.get(f"/picture/{small}")).status_code == 200
        with world.services.sessions() as session:
            event = session.scalars(select(Event).where(Event.text.contains("quanh gốc"))).one()
            event.withdrawn_at = event.recorded_at
            session.commit()
        for digest in (small, large):
            assert (await client.get(f"/picture/{digest}")).status_code == 404
