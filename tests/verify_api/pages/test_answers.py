"""The page where somebody may wonder: what tells packs apart, what to do, what cannot be known; by a real suspicion."""

import datetime as dt
import re
from decimal import Decimal
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.verify_api.pages.test_stamp_page import look

from temthat_stamps.copies.model import Goods, Model
from temthat_stamps.copies.records import StampEventKind
from temthat_stamps.copies.stored import Scoring
from temthat_stamps.verdict import Asker
from temthat_trace.ids import uuid7
from temthat_trace.offers import SellerLink
from temthat_trace.products import Product
from temthat_verify_api.pages.story import pack_of
from temthat_verify_api.store import NewEvent

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
FAR_APART = ("14", "79", "01", "48", "92", "33", "14", "79", "01", "48", "92", "75")
"""Sơn La, TP.HCM, Hà Nội and back: two days from one to the next."""


async def checks(world: "World", run: int, serial: int, places: tuple[str, ...]) -> None:
    """Checks by as many phones, two days apart, ending two days ago."""
    scoring = Scoring(Model(), Goods())
    for n, place in enumerate(places):
        at = world.now - dt.timedelta(days=2 * (len(places) - n), hours=n)
        await world.services.store.record(
            NewEvent(
                run, serial, uuid7(int(at.timestamp() * 1000)), at, StampEventKind.CHECK, Asker.CONSUMER, "genuine",
                place, place, (n + 1).to_bytes(16), scoring,
            )
        )  # fmt: skip


def on_sale(world: "World") -> None:
    with world.services.sessions() as session:
        product = session.query(Product).one()
        product.sold_in = "Hà Nội, Sơn La"
        link = SellerLink(
            product_id=product.id, seller="Vcamart", url="https://vcamart.vn/che", added_at=world.now
        )
        link.valid_until = dt.date(2027, 1, 1)
        session.add(link)
        session.commit()


def headings(page: str) -> list[str]:
    return [re.sub("<[^>]*>", "", text) for text in re.findall(r"<h2[^>]*>(.*?)</h2>", page)]


async def test_a_suspicion_shows_what_tells_packs_apart(world: "World") -> None:
    """Picture and weight first, then steps, PIN, where it is on sale, earlier checks; the pack may well be genuine."""
    run = world.run(has_pins=True)
    on_sale(world)
    async with world.client() as client:
        await checks(world, run, 3, FAR_APART)
        response, page = await look(client, f"/T/{world.code(run, 3)}")
        english, _ = await look(client, f"/T/{world.code(run, 3)}?lang=en")
    assert "Mã tem này có thể đã bị sao chép" in page.text
    assert "Gói hàng trên tay có thể là hàng thật." in page.text
    order = headings(response.text)
    assert order[:5] == [
        "Chè búp",
        "Nên làm gì",
        *order[2:3],
        "Bán chính hãng tại",
        "Những lần kiểm tra trước",
    ]
    assert "PIN" in order[2]
    steps = re.findall(r"<li>(.*?)</li>", response.text[response.text.index('<ol class="do">') :])
    assert steps[0].endswith("với gói hàng trên tay; bao bì phải ghi 100 g.")
    assert "nhập mã PIN" in steps[1]
    assert "Nơi bán: Hà Nội, Sơn La" in page.text
    assert "Đã được kiểm tra 12 lần từ ngày 02/05/2026; lần đầu ở Sơn La" in page.text
    assert "không biết gói nào là gói gốc" in page.text
    assert 'class="button" href="/report?code=' in response.text
    assert len(response.content) < 50_000
    assert "<script" not in response.text
    assert "What this page cannot know" in english.text
    assert "Cần biết thêm" not in page.text, "the sentence says it all"


async def test_nothing_is_said_where_nothing_is_known(world: "World") -> None:
    """No place of sale, no PIN in the run: neither list nor step about it."""
    run = world.run()
    async with world.client() as client:
        await checks(world, run, 3, FAR_APART)
        response, page = await look(client, f"/T/{world.code(run, 3)}")
    assert "Bán chính hãng tại" not in page.text
    assert "Nơi bán" not in page.text
    steps = response.text[response.text.index('<ol class="do">') :].split("</ol>")[0]
    assert "PIN" not in steps
    assert "danh sách" not in steps


async def test_small_counts_are_not_told(world: "World") -> None:
    """One or two checks before are told by their day and province alone; three by their number."""
    run = world.run()
    async with world.client() as client:
        for n, said in ((1, "Đã được kiểm tra trước lần này"), (3, "Đã được kiểm tra 3 lần")):
            await checks(world, run, n, ("01",) * n)
            _, page = await look(client, f"/T/{world.code(run, n)}")
            assert said in page.text
            assert "1 lần" not in page.text


async def test_what_was_rung_up_stays_calm(world: "World") -> None:
    """Genuine, with the day and province, and few steps: most packs that somebody checks at home were rung up."""
    run = world.run()
    at = world.now - dt.timedelta(days=1)
    async with world.client() as client:
        sale = NewEvent(
            run, 1, uuid7(int(at.timestamp() * 1000)), at, StampEventKind.SOLD, Asker.TILL, "genuine", "14", "14",
        )  # fmt: skip
        await world.services.store.record(sale)
        response, page = await look(client, f"/T/{world.code(run)}")
    assert 'class="verdict good"' in response.text
    assert "Thanh toán: 25/05/2026, Sơn La" in page.text
    assert len(re.findall("<li>", response.text.split('<ol class="do">')[1].split("</ol>")[0])) == 3


async def test_what_was_never_issued_borrows_no_looks(world: "World") -> None:
    """Steps, limit and the way to report, with the code along; no product, no picture, no shop."""
    run = world.run()
    on_sale(world)
    async with world.client() as client:
        for path in (f"/T/{world.forged(run)}", "/T/whatever"):
            response, page = await look(client, path)
            assert "Nên làm gì" in page.text
            assert "Chè búp" not in page.text
            assert "Vcamart" not in page.text
            link = re.search(r'class="button" href="(/report\?code=[^"]*)"', response.text)
            assert link
            shown = await client.get(link[1].replace("&amp;", "&"))
            assert path.removeprefix("/T/") in shown.text


@pytest.mark.parametrize(
    ("amount", "unit", "says"),
    [("0.1", "KGM", "100 g"), ("1", "KGM", "1 kg"), ("0.35", "LTR", "350 ml"), ("10", "H87", "10")],
)
def test_content_is_said_as_packs_say_it(world: "World", amount: str, unit: str, says: str) -> None:
    """Below a kilogram or litre in grams and millilitres."""
    with world.services.sessions() as session:
        form = session.query(Product).one().pack_forms[0]
        form.net_content, form.net_unit = Decimal(amount), unit
        assert pack_of(form).content["vi"].startswith(says)


async def test_the_report_link_keeps_what_was_asked(world: "World") -> None:
    """A GS1 address whose clear part does not fit is reported as it was read."""
    run = world.run()
    async with world.client() as client:
        code = world.code(run)
        wrong = f"/01/08938505974194/10/KHAC/21/{world.number(run)}"
        response = await client.get(f"/T/{code}", params={"g": wrong}, headers={"Accept": "text/html"})
        link = re.search(r'class="button" href="(/report\?code=[^"]*)"', response.text)
        assert link
        asked = httpx.URL(link[1].replace("&amp;", "&")).params["code"]
    assert "KHAC" in asked
    assert code in asked
