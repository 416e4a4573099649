"""What public pages say for shops and buyers abroad: sellers, data for machines, English, the badge."""

import datetime as dt
import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from temthat_stamps.verdict import NoticeKind
from temthat_trace.offers import SellerLink
from temthat_trace.papers import Paper
from temthat_trace.parties import Party
from temthat_trace.products import PackForm, Product
from temthat_verify_api.pages.badge import snippet

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
HTML = {"Accept": "text/html"}
HOSTILE = "</script><script>alert(1)</script><!--<script>\u2028&lt;\"'"
BLOCK = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.S)


def sell(world: "World", until: dt.date, *, ended: bool = False, seller: str = "Gian hàng HTX") -> None:
    """A link of the world's product."""
    with world.services.sessions() as session:
        session.add(
            SellerLink(
                product_id=session.query(Product).one().id, seller=seller, url="https://vcamart.vn/a?b=1&c=2",
                valid_until=until, added_at=world.now, ended_at=world.now if ended else None,
            )
        )  # fmt: skip
        session.commit()


def data_of(page: str) -> dict[str, Any]:
    """The one data block of a page."""
    (block,) = BLOCK.findall(page)
    body: dict[str, Any] = json.loads(block)
    return body


async def test_sellers_stand_on_every_page_until_their_day(world: "World") -> None:
    """Plain links with the host in words, telling the shop nothing of where its visitor came from."""
    code = world.code(world.run())
    today = dt.date(2026, 5, 26)
    sell(world, today)
    sell(world, today - dt.timedelta(days=1), seller="Hết hạn")
    sell(world, today, ended=True, seller="Đã gỡ")
    async with world.client(headers=HTML) as client:
        for path in (f"/T/{code}", "/p/HTX-MAU/CHE", "/p/HTX-MAU/CHE/L01"):
            page = await client.get(path)
            assert (
                '<a href="https://vcamart.vn/a?b=1&amp;c=2" rel="nofollow noreferrer noopener">' in page.text
            )
            assert "<b>vcamart.vn</b>" in page.text
            assert "Hết hạn" not in page.text
            assert "Đã gỡ" not in page.text
            assert len(page.content) < 50_000
        world.forward(days=1)
        assert "vcamart.vn" not in (await client.get("/p/HTX-MAU/CHE")).text


async def test_a_forged_stamp_borrows_no_shop(world: "World") -> None:
    run = world.run()
    sell(world, dt.date(2027, 1, 1))
    async with world.client(headers=HTML) as client:
        assert "vcamart.vn" not in (await client.get(f"/T/{world.forged(run)}")).text


async def test_what_is_recalled_is_not_for_sale_anywhere(world: "World") -> None:
    """Neither on its stamps nor on its page; the product itself still is."""
    run = world.run()
    code = world.code(run)
    sell(world, dt.date(2027, 1, 1))
    world.notify(run, NoticeKind.RECALL)
    async with world.client(headers=HTML) as client:
        assert "thu hồi" in (await client.get(f"/T/{code}")).text
        for path in (f"/T/{code}", "/p/HTX-MAU/CHE/L01"):
            assert "vcamart.vn" not in (await client.get(path)).text
        assert (await client.get("/api/v1/products/HTX-MAU/CHE/L01")).json()["sellers"] == []
        assert "vcamart.vn" in (await client.get("/p/HTX-MAU/CHE")).text


async def test_data_for_machines_says_only_what_is_backed(world: "World") -> None:
    """A paper counts once an office confirmed it and while it is valid; a recalled batch is offered to nobody."""
    run = world.run()
    async with world.client(headers=HTML) as client:
        body = data_of((await client.get("/p/HTX-MAU/CHE")).text)
        assert body["@type"] == "Product"
        assert body["@id"] == "https://tem.example.vn/p/HTX-MAU/CHE"
        assert body["gtin"] == "08938505974194"
        assert body["manufacturer"]["name"] == "HTX Chè mẫu"
        assert body["countryOfOrigin"] == {"@type": "Country", "name": "Việt Nam"}
        assert "hasCertification" not in body
        assert "brand" not in body
        world.confirm_paper()
        (certificate,) = data_of((await client.get("/p/HTX-MAU/CHE?lang=en")).text)["hasCertification"]
        assert certificate["certificationIdentification"] == "123/QĐ-UBND"
        assert certificate["certificationRating"]["ratingValue"] == 4
        assert certificate["expires"] == "2027-12-31"
        batch = data_of((await client.get("/p/HTX-MAU/CHE/L01")).text)
        assert batch["productionDate"] == "2026-05-01"
        assert batch["additionalProperty"][0]["value"] == "L01"
        with world.services.sessions() as session:
            session.query(Paper).one().valid_until = dt.date(2026, 5, 25)
            session.commit()
        assert "hasCertification" not in data_of((await client.get("/p/HTX-MAU/CHE")).text)
        world.notify(run, NoticeKind.RECALL)
        assert not BLOCK.search((await client.get("/p/HTX-MAU/CHE/L01")).text)


async def test_no_name_can_leave_the_data_block(world: "World") -> None:
    """Whatever a producer is called: one block, valid JSON, the name unchanged, no other script in the page."""
    world.run()
    sell(world, dt.date(2027, 1, 1), seller=HOSTILE)
    with world.services.sessions() as session:
        for record in (session.query(Product).one(), session.query(Party).filter_by(code="HTX-MAU").one()):
            record.name = record.name_en = HOSTILE
        session.query(Product).one().brand = HOSTILE
        session.query(Product).one().description_en = HOSTILE
        session.query(PackForm).one().name_en = HOSTILE
        session.commit()
    async with world.client(headers=HTML) as client:
        for path in ("/p/HTX-MAU/CHE?lang=vi", "/p/HTX-MAU/CHE?lang=en", "/p/HTX-MAU/CHE/L01?lang=en"):
            page = (await client.get(path)).text
            body = data_of(page)
            assert (body["name"], body["brand"]["name"]) == (HOSTILE, HOSTILE)
            assert page.count("<script") == 1
            assert "<!--" not in page


async def test_only_a_real_producers_product_is_for_search_engines(world: "World") -> None:
    """Stamps, batches and samples are not; both languages are one page."""
    world.run()
    async with world.client(headers=HTML) as client:
        sample = await client.get("/p/HTX-MAU/CHE")
        assert sample.headers["x-robots-tag"] == "noindex"
        assert 'content="noindex"' in sample.text
        with world.services.sessions() as session:
            session.query(Party).filter_by(code="HTX-MAU").one().is_sample = False
            session.commit()
        real = await client.get("/p/HTX-MAU/CHE")
        assert real.headers["x-robots-tag"] == "all"
        assert "noindex" not in real.text
        assert '<https://tem.example.vn/p/HTX-MAU/CHE>; rel="canonical"' in real.headers["link"]
        assert '?lang=en>; rel="alternate"; hreflang="en"' in real.headers["link"]
        batch = await client.get("/p/HTX-MAU/CHE/L01")
        assert batch.headers["x-robots-tag"] == "noindex"
        assert "default-src 'none'" in batch.headers["content-security-policy"]


async def test_english_is_the_producers_or_marked_as_missing(world: "World") -> None:
    """No text is passed off as English; Vietnamese parts carry their language."""
    code = world.code(world.run())
    with world.services.sessions() as session:
        product = session.query(Product).one()
        product.description, product.storage = "Hái tay, sao suốt.", "Nơi khô mát"
        session.commit()
    async with world.client(headers=HTML) as client:
        page = (await client.get(f"/T/{code}?lang=en")).text
        assert '<span lang="vi">Hái tay, sao suốt.</span> <span class="soft">(in Vietnamese)</span>' in page
        assert '<span lang="vi">Hái tay lúc sáng sớm</span>' in page
        assert "1,000 kg" in page
        assert "(in Vietnamese)" not in (await client.get(f"/T/{code}?lang=vi")).text
        with world.services.sessions() as session:
            product = session.query(Product).one()
            product.description_en, product.storage_en = "Hand-picked, pan-fired.", "Keep cool and dry"
            session.query(PackForm).one().name_en = "100 g pouch"
            session.query(Party).filter_by(code="HTX-MAU").one().name_en = "Sample Tea Cooperative"
            session.commit()
        other = world.code(world.run(lot="L02"))  # another run: a story is remembered for a moment
        page = (await client.get(f"/T/{other}?lang=en")).text
        for text in ("Hand-picked, pan-fired.", "Keep cool and dry", "100 g pouch", "Sample Tea Cooperative"):
            assert text in page
        assert "Hái tay, sao suốt." not in page
        assert 'lang="en"' in page


async def test_the_badge_is_one_picture_for_all(world: "World") -> None:
    """Complete in itself, kept for a week, nothing to tell anybody by."""
    async with world.client() as client:
        for lang in ("vi", "en"):
            answer = await client.get(f"/badge/{lang}.svg")
            assert answer.headers["content-type"] == "image/svg+xml"
            assert answer.headers["cache-control"] == "public, max-age=604800"
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
            assert "set-cookie" not in answer.headers
            assert not re.search(r"script|href|url\(|onload|<style|<image", answer.text)
            ElementTree.fromstring(answer.text)
            assert len(answer.content) < 3_000
        assert (await client.get("/badge/x.svg")).status_code == 404
        assert (await client.get("/badge/..%2fstyle.css")).status_code == 404


def test_the_snippet_is_a_link_with_a_picture_whatever_the_name() -> None:
    code = snippet("https://tem.example.vn/p/A/B", "https://tem.example.vn", HOSTILE, "vi")
    assert "<script" not in code
    assert code.count("<") == 3
    assert re.fullmatch(r'<a href="[^"<>]+" rel="noopener" target="_blank"><img [^<>]+></a>', code)
