"""GS1 Digital Links answered by the real service: every SHALL of the conformance list that is about an answer.

The table in docs/resolver.md names the test of each.
"""

import datetime as dt
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest
from sqlalchemy import select

from temthat_trace.gs1.checks import CSET82
from temthat_trace.products import PackForm

from .records import add_batch, add_product, set_gtin

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
GTIN = "08938505974194"
OTHER = "08938505974187"
BASE = "https://tem.example.vn"
HTML = {"Accept": "text/html"}


async def ask(client: httpx.AsyncClient, address: str, lang: str = "", accept: str = "*/*") -> httpx.Response:
    """One question; without a language nothing is said of one."""
    headers = {"Accept": accept} | ({"Accept-Language": lang} if lang else {})
    return await client.get(address, headers=headers)


async def test_it_walks_up_from_serial_to_lot_to_gtin(any_world: "World") -> None:
    """Whatever is not known here is answered by what stands above it; on SQLite and on PostgreSQL."""
    world = any_world
    run = world.run(gs1=True, lot="L01")
    number, other = world.number(run), world.number(world.run(lot="L02"))
    async with world.client() as client:
        for address, where in (
            (f"/01/{GTIN}/10/L01/21/{number}", f"/T/{number}"),
            (f"/01/{GTIN}/21/{number.lower()}", f"/T/{number}"),
            (
                f"/01/{GTIN}/10/L01/21/{other}",
                "/p/HTX-MAU/CHE/L01",
            ),  # a number of another batch proves nothing
            (f"/01/{GTIN}/10/L01/21/ABC", "/p/HTX-MAU/CHE/L01"),
            (f"/01/{GTIN}/22/2A/10/L01", "/p/HTX-MAU/CHE/L01"),
            (f"/01/{GTIN}/10/NONE/21/{number}", "/p/HTX-MAU/CHE"),
            (f"/01/{GTIN}/10/l01", "/p/HTX-MAU/CHE"),
            (f"/01/{GTIN}/235/TPX", "/p/HTX-MAU/CHE"),
            (f"/01/{GTIN}", "/p/HTX-MAU/CHE"),
            (f"/01/{GTIN}/", "/p/HTX-MAU/CHE"),
        ):
            sent = await ask(client, address)
            assert (sent.status_code, sent.headers.get("location")) == (307, where), address
            arrived = await client.get(sent.headers["location"], headers=HTML)
            assert arrived.status_code == 200, address


async def test_language_and_media_type_choose(world: "World") -> None:
    """Real weights; `vi-VN` is Vietnamese; data to who asks for data; `lang` in the address is the person's word."""
    world.run(lot="L01")
    page = "/p/HTX-MAU/CHE/L01?lang="
    async with world.client() as client:
        for lang, accept, where in (
            ("vi-VN", "*/*", page + "vi"),
            ("en;q=0.1,vi;q=0.9", "*/*", page + "vi"),
            ("vi;q=0.3, en-US", "text/html", page + "en"),
            ("fr", "text/html", "/p/HTX-MAU/CHE/L01"),
            ("", "application/json", "/api/v1/products/HTX-MAU/CHE/L01"),
        ):
            sent = await ask(client, f"/01/{GTIN}/10/L01", lang, accept)
            assert (sent.status_code, sent.headers["location"]) == (307, where), (lang, accept)
            assert "Accept-Language" in sent.headers["vary"]
        chosen = await ask(client, f"/01/{GTIN}/10/L01?lang=en", "vi", "text/html")
        arrived = await client.get(chosen.headers["location"], headers=HTML)
        assert '<html lang="en">' in arrived.text


async def test_a_link_type_leads_to_its_link_or_nowhere(world: "World") -> None:
    """307 to what was asked for, at its level or above; 404 for what there is not, unknown namespaces among it."""
    world.run(lot="L01")
    async with world.client() as client:
        for link_type, where in (
            ("gs1:pip", "/p/HTX-MAU/CHE?lang=en&linkType=gs1:pip"),
            ("https://gs1.org/voc/pip", "/p/HTX-MAU/CHE?lang=en&linkType=https://gs1.org/voc/pip"),
            ("gs1:traceability", "/p/HTX-MAU/CHE/L01?lang=en&linkType=gs1:traceability"),
            ("gs1:certificationInfo", "/p/HTX-MAU/CHE?lang=en&linkType=gs1:certificationInfo#papers"),
            ("gs1:recallStatus", "/p/HTX-MAU/CHE/L01?lang=en&linkType=gs1:recallStatus#recall"),
            ("gs1:masterData", "/api/v1/products/HTX-MAU/CHE?linkType=gs1:masterData"),
            ("gs1:defaultLink", "/p/HTX-MAU/CHE/L01?lang=en&linkType=gs1:defaultLink"),
        ):
            sent = await ask(client, f"/01/{GTIN}/10/L01?linkType={link_type}", "en")
            assert (sent.status_code, sent.headers["location"]) == (307, where)
            assert (await client.get(sent.headers["location"])).status_code == 200
        for link_type in ("gs1:recipeInfo", "schema:logo", "pip", "gs1:", "gs1:verificationService"):
            gone = await ask(client, f"/01/{GTIN}/10/L01?linkType={link_type}")
            assert (gone.status_code, gone.json()["error"]) == (404, "no_such_link"), link_type
            assert 'rel="linkset"' in gone.headers["link"]
        assert (await ask(client, f"/01/{GTIN}?linkType=gs1:traceability")).status_code == 404


async def test_the_query_is_passed_on(world: "World") -> None:
    """Every pair as it was sent, GS1 attributes among them, before a fragment of the link's own."""
    async with world.client() as client:
        query = "17=261231&3103=000500&utm_source=a%20b&x=%C3%A9&lang=en&flag&a=1&a=2"
        sent = await ask(client, f"/01/{GTIN}?{query}")
        assert sent.headers["location"] == f"/p/HTX-MAU/CHE?lang=en&{query}"
        papers = await ask(client, f"/01/{GTIN}?a=1&linkType=gs1:certificationInfo", "vi")
        split = urlsplit(papers.headers["location"])
        assert (parse_qs(split.query)["a"], split.fragment) == (["1"], "papers")


MALFORMED = [
    f"/01/{GTIN[:-1]}5",  # check digit
    "/01/8938505974194",  # 13 digits
    f"/01/{GTIN}/21/A/10/B",  # order
    f"/01/{GTIN}/10",
    f"/01/{GTIN}/10/",  # one slash too many is put up with, but a lot must stand there
    f"/01/{GTIN}//",
    f"/01/{GTIN}/10/L%C3%B4",  # no letters with marks
    f"/01/{GTIN}/10/A%20B",
    f"/01/{GTIN}/10/%ZZ",
    f"/01/{GTIN}/10/" + "A" * 21,
    f"/01/{GTIN}/99/A",
    f"/01/{GTIN}?17=261332",  # month 13
    f"/01/{GTIN}?21=A",  # no attribute
    f"/01/{GTIN}?9999=A",
    f"/01/{GTIN}?17=261231&17=261231",
    "/01/",
    "/01/abc",
]


async def test_what_is_malformed_is_400(world: "World") -> None:
    """With the rule and how to mend it, never a 200 and never a redirect."""
    async with world.client() as client:
        for address in MALFORMED:
            wrong = await ask(client, address)
            assert (wrong.status_code, wrong.json()["error"]) == (400, "malformed_gs1"), address
            assert wrong.json()["rule"]
            assert wrong.headers["access-control-allow-origin"] == "*"
            page = await client.get(address, headers=HTML)
            assert (page.status_code, "Chưa làm được" in page.text) == (400, True)


async def test_what_is_not_known_is_404(world: "World") -> None:
    """A good GTIN of nobody here, and good Digital Links that do not stand at our root."""
    async with world.client() as client:
        for address in (f"/01/{OTHER}", f"/01/{OTHER}/10/L01?linkType=linkset", f"/01/x/01/{GTIN}"):
            gone = await ask(client, address)
            assert (gone.status_code, gone.json()["error"]) == (404, "unknown_identifier"), address
            assert gone.headers["access-control-allow-origin"] == "*"
        page = await client.get(f"/01/{OTHER}", headers=HTML)
        assert (page.status_code, "chưa có sản phẩm nào mang mã này" in page.text) == (404, True)


async def test_head_options_and_cors(world: "World") -> None:
    """HEAD answers as GET does, without a body; any page may ask; the linkset is always pointed at."""
    world.run(lot="L01")
    linkset = f'<{BASE}/01/{GTIN}/10/L01?linkType=linkset>; rel="linkset"; type="application/linkset+json"'
    async with world.client() as client:
        for address in (f"/01/{GTIN}/10/L01", f"/01/{GTIN}/10/L01?linkType=linkset"):
            got, head = await client.get(address), await client.head(address)
            assert (head.status_code, head.content) == (got.status_code, b"")
            for name in ("location", "content-type", "link", "vary"):
                assert head.headers.get(name) == got.headers.get(name)
            assert got.headers["access-control-allow-origin"] == "*"
            assert "Link" in got.headers["access-control-expose-headers"]
            assert linkset in got.headers["link"]
            asked = await client.options(address)
            assert (asked.status_code, asked.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
            assert asked.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
        refused = await client.post(f"/01/{GTIN}")
        assert refused.status_code == 405
        assert (await client.get(f"/01/{GTIN}")).headers["strict-transport-security"]


async def test_every_character_of_set_82_is_carried(world: "World") -> None:
    """A lot of each character finds its batch, its page and its data, the escaped slash included."""
    lots = {f"L{c}1": c for c in sorted(CSET82)}
    add_batch(world, *lots)
    async with world.client() as client:
        for lot in lots:
            escaped = quote(lot, safe="")
            sent = await ask(client, f"/01/{GTIN}/10/{escaped}")
            assert (sent.status_code, sent.headers["location"]) == (307, f"/p/HTX-MAU/CHE/{escaped}"), lot
            data = await client.get(f"/api/v1/products/HTX-MAU/CHE/{escaped}")
            assert data.json()["lot"] == lot
        page = await client.get("/p/HTX-MAU/CHE/L%2F1", headers=HTML)
        assert (page.status_code, "<b>L/1</b>" in page.text) == (200, True)
        unescaped = await ask(client, f"/01/{GTIN}/10/L/1")
        assert unescaped.status_code == 400


async def test_what_browsers_leave_unescaped_is_the_same(world: "World") -> None:
    """`!&'()*+,;=:-._` may stand in a path as they are."""
    lot = "a!&'()*+,;=:-._Z"
    add_batch(world, lot)
    async with world.client() as client:
        sent = await ask(client, f"/01/{GTIN}/10/{lot}")
        assert sent.headers["location"] == f"/p/HTX-MAU/CHE/{quote(lot, safe='')}"


async def test_300_where_the_request_does_not_say(world: "World") -> None:
    """A type was asked for in a language nobody offers; a person gets a page to choose on, a program the linkset."""
    async with world.client() as client:
        page = await ask(client, f"/01/{GTIN}?linkType=gs1:pip&a=1", "fr", "text/html")
        assert (page.status_code, "Chọn trang muốn xem" in page.text) == (300, True)
        assert 'href="/p/HTX-MAU/CHE?lang=en&amp;linkType=gs1:pip&amp;a=1"' in page.text
        several = await ask(client, f"/01/{GTIN}?linkType=gs1:pip", "fr")
        assert (several.status_code, several.headers["content-type"]) == (300, "application/linkset+json")
        assert several.json()["linkset"]


async def test_a_gtin_that_two_producers_claim(world: "World") -> None:
    """Nobody's page is the default; only the lot tells them apart, where one producer alone has it."""
    add_product(world, "HTX-HAI", "CHE2", GTIN)
    add_batch(world, "OURS")
    async with world.client() as client:
        page = await ask(client, f"/01/{GTIN}", "vi", "text/html")
        assert page.status_code == 300
        assert "Hơn một đơn vị khai cùng mã này" in page.text
        assert page.text.count("HTX HTX-HAI") == 1
        [level] = (await ask(client, f"/01/{GTIN}?linkType=linkset")).json()["linkset"]
        assert len(level["https://gs1.org/voc/defaultLinkMulti"]) == 2
        assert "https://gs1.org/voc/defaultLink" not in level
        told = await ask(client, f"/01/{GTIN}/10/OURS", "vi", "text/html")
        assert told.headers["location"] == "/p/HTX-MAU/CHE/OURS?lang=vi"


async def test_a_gtin_of_a_pack_form(world: "World") -> None:
    """The GTIN on a pack of 100 g leads to its product; the product's own still does."""
    with world.services.sessions() as session:
        session.scalars(select(PackForm)).one().gtin = OTHER
        session.commit()
    run = world.run(lot="L01")
    async with world.client() as client:
        for gtin, where in ((OTHER, f"/T/{world.number(run)}"), (GTIN, "/p/HTX-MAU/CHE/L01")):
            sent = await ask(client, f"/01/{gtin}/10/L01/21/{world.number(run)}")
            assert sent.headers["location"] == where  # the number is of a pack with the other GTIN


async def test_people_with_a_stamp_get_its_verdict(world: "World") -> None:
    """`t` wins for a page and for JSON of the stamp; the linkset and link types are still the resolver's."""
    run = world.run(gs1=True, lot="A/1-b")
    code, number = world.code(run), world.number(run)
    path = f"/01/{GTIN}/10/A%2F1-b/21/{number}?t={code}"
    async with world.client() as client:
        for accept in ("text/html", "*/*", "application/json"):
            sent = await ask(client, path, accept=accept)
            assert (sent.status_code, sent.headers["location"].startswith(f"/T/{code}?")) == (307, True)
            assert 'rel="linkset"' in sent.headers["link"]
            judged = await ask(client, sent.headers["location"], accept="application/json")
            assert judged.json()["verdict"] == "genuine"
        linkset = await ask(client, path, accept="application/linkset+json")
        anchors = [level["anchor"] for level in linkset.json()["linkset"]]
        assert anchors[0] == f"{BASE}/01/{GTIN}/10/A%2F1-b/21/{number}"
        papers = await ask(client, path + "&linkType=gs1:certificationInfo", "vi")
        assert papers.headers["location"].startswith("/p/HTX-MAU/CHE?lang=vi&t=")
        broken = await ask(client, path[:-3], accept="application/json")
        assert broken.headers["location"].startswith(
            f"/T/{number}?t="
        )  # no stamp in it: the number is looked at


async def test_a_service_without_gtin_and_a_gtin_added_later(any_world: "World") -> None:
    """By internal codes all is the same; once there is a GTIN both addresses lead on, and nothing is printed anew."""
    world = any_world
    add_product(world, "HTX-MAU", "MẬT/1", None)
    add_batch(world, "Lô 1", product="MẬT/1")
    run = world.run(lot="L01")
    number, code = world.number(run), world.code(run)
    product = f"/x/HTX-MAU/{quote('MẬT/1', safe='')}"
    lot = f"{product}/{quote('Lô 1')}"
    pages = product.replace("/x/", "/p/"), lot.replace("/x/", "/p/")
    async with world.client() as client:
        for address, where in (
            (product, pages[0]),
            (f"{product}/none", pages[0]),
            (lot, pages[1]),
            (f"{lot}/", pages[1]),
        ):
            sent = await ask(client, address)
            assert (sent.status_code, sent.headers["location"]) == (307, where)
            assert (await client.get(where, headers=HTML)).status_code == 200
        assert (await ask(client, f"/x/HTX-MAU/CHE/L01/{number}")).headers["location"] == f"/T/{number}"
        levels = (await ask(client, f"{lot}?linkType=linkset")).json()["linkset"]
        assert [level["anchor"] for level in levels] == [BASE + lot, BASE + product]
        for wrong, status in (("/x/A", 404), ("/x/A/B/C/D/E", 400), ("/x/A/%FF", 400), ("/x/A/B", 404)):
            assert (await ask(client, wrong)).status_code == status

        set_gtin(world, "MẬT/1", OTHER)
        assert (await ask(client, lot)).headers["location"] == pages[1]  # what was printed still leads there
        assert (await ask(client, f"/01/{OTHER}")).headers["location"] == pages[0]
        assert (
            f'<{BASE}/01/{OTHER}>; rel="http://www.w3.org/2002/07/owl#sameAs"'
            in (await ask(client, product)).headers["link"]
        )
        stamp = await ask(client, f"/T/{code}", accept="application/json")
        assert stamp.json()["verdict"] == "genuine"


async def test_data_says_what_pages_say(world: "World") -> None:
    """A product with its stamped batches; a batch with its diary and papers, and whether it is recalled."""
    from temthat_stamps.verdict import NoticeKind

    run = world.run(lot="L01")
    add_batch(world, "DRAFT")
    world.confirm_paper()
    async with world.client() as client:
        product: dict[str, Any] = (await client.get("/api/v1/products/HTX-MAU/CHE")).json()
        assert product["product"]["gtin"] == GTIN
        assert product["batches"] == [{"lot": "L01", "made_on": "2026-05-01", "notice": ""}]
        batch = (await client.get("/api/v1/products/HTX-MAU/CHE/L01")).json()
        assert (batch["recalled"], batch["steps"][0]["text"]) == (False, "Hái tay lúc sáng sớm")
        assert batch["papers"][0]["vouching"] == "confirmed"
        world.notify(run, NoticeKind.RECALL)
        batch = (await client.get("/api/v1/products/HTX-MAU/CHE/L01")).json()
        assert batch["recalled"]
        assert batch["notices"][0]["on"] == dt.date(2026, 5, 26).isoformat()
        for lang, words in (
            ("vi", "đang được thu hồi từ ngày 26/05/2026"),
            ("en", "has been recalled since 26 May 2026"),
        ):
            page = await client.get(f"/p/HTX-MAU/CHE/L01?lang={lang}", headers=HTML)
            assert words in page.text
            assert len(page.content) < 50_000
            assert "<script" not in page.text
        listing = await client.get("/p/HTX-MAU/CHE", headers=HTML)
        assert 'href="/p/HTX-MAU/CHE/L01?lang=vi"' in listing.text
        assert "DRAFT" not in listing.text
        assert "<b>đang thu hồi</b>" in listing.text
        for gone in (
            "/p/HTX-MAU/CHE/NONE",
            "/api/v1/products/X/Y",
            "/api/v1/products/X",
            "/p/A/B/C/D",
            "/p/A/B/%00",
        ):
            assert (await client.get(gone)).status_code == 404
