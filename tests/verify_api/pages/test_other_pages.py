"""Front page, form, GS1 addresses, products without stamps, pictures, errors, health."""

import hashlib
import re
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from sqlalchemy import text

from temthat_trace.papers import Attachment
from temthat_trace.parties import Party
from temthat_trace.products import Product, ProductKind

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
HTML = {"Accept": "text/html"}


async def test_plain_pages(world: "World") -> None:
    """Front page with a form, privacy in both languages, robots kept to product pages, the API in one page."""
    async with world.client(headers=HTML) as client:
        front = await client.get("/")
        assert 'action="/check?lang=vi"' in front.text
        assert "biên nhận" in (await client.get("/privacy")).text.lower()
        assert "receipt" in (await client.get("/privacy?lang=en")).text.lower()
        robots = (await client.get("/robots.txt")).text.splitlines()
        assert robots == ["User-agent: *", "Disallow: /", "Allow: /p/", "Allow: /picture/", "Allow: /badge/"]
        assert "/api/v1/verify" in (await client.get("/docs")).text
        for path in ("/", "/privacy", "/docs"):
            assert (await client.head(path)).status_code == 200


async def test_the_form_sends_on_to_the_stamps_page(world: "World") -> None:
    """Number in any spelling, bare code, pasted addresses; what is nothing of ours is told at once."""
    run = world.run(gs1=True)
    code, number = world.code(run), world.number(run)
    async with world.client(headers=HTML, follow_redirects=True) as client:

        async def check(typed: str) -> str:
            return (await client.post("/check", data={"code": typed})).text

        for typed in (number, f"{number[:8].lower()} {number[8:]}", code, f"HTTPS://TEM.EXAMPLE.VN/T/{code}"):
            assert ">Tem thật<" in await check(typed)
        assert "Coi chừng địa chỉ" in await check(f"https://tem-that.example/T/{code}")
        assert ">Tem thật<" in await check(
            f"https://tem.example.vn/01/08938505974194/10/L01/21/{number}?t={code}"
        )
        wrong = f"https://tem.example.vn/01/08938505974194/10/L02/21/{number}?t={code}"
        assert "không do hệ thống phát hành" in await check(wrong)
        assert "không phải tem TemThật" in await check("https://example.com/?a=<b>")
        assert "Có thể gõ nhầm" in await check(number[:-1] + "U")
        assert "không phải tem TemThật" in await check("")
        assert (await client.post("/check", content=b"code=" + b"x" * 30_000)).status_code == 413


async def test_a_gs1_address_leads_people_to_the_stamp(world: "World") -> None:
    """307 with the clear part along, so that what does not agree is seen; without a stamp the resolver answers."""
    run = world.run(gs1=True, lot="A/1-b")
    code, number = world.code(run), world.number(run)
    path = f"/01/08938505974194/10/{quote('A/1-b', safe='')}/21/{number}?t={code}"
    async with world.client(headers=HTML) as client:
        sent = await client.get(path + "&lang=en")
        assert sent.status_code == 307
        assert sent.headers["location"].startswith(f"/T/{code}?")
        assert "Genuine stamp" in (await client.get(sent.headers["location"])).text
        wrong = await client.get(path.replace("08938505974194", "08938505974187"))
        assert "không do hệ thống phát hành" in (await client.get(wrong.headers["location"])).text
        twice = await client.get(path + "&t=" + code)
        assert (twice.status_code, "không phải tem TemThật" in twice.text) == (200, True)
        bare = await client.get(path.partition("?")[0])
        assert (bare.status_code, bare.headers["location"]) == (307, f"/T/{number}?lang=vi")


async def test_a_service_has_a_page_and_no_verdict(world: "World") -> None:
    """Community tourism: who, papers, whom to call."""
    with world.services.sessions() as session:
        party = session.query(Party).filter_by(code="HTX-MAU").one()
        session.add(
            Product(
                party_id=party.id,
                code="TOUR",
                kind=ProductKind.SERVICE,
                name="Một ngày hái chè",
                base_unit="E49",
                description="Đi bộ trong nương chè.",
            )
        )
        session.commit()
    async with world.client(headers=HTML) as client:
        page = await client.get("/p/HTX-MAU/TOUR")
        assert "Một ngày hái chè" in page.text
        assert "verdict" not in re.sub(r"<style>.*</style>", "", page.text, flags=re.DOTALL)
        goods = await client.get("/p/HTX-MAU/CHE")
        assert "không phải kết quả kiểm tra" in goods.text
        for missing in ("/p/HTX-MAU/NONE", "/p/X/Y", "/p/%00/%00", "/p/" + "x" * 5000 + "/y"):
            gone = await client.get(missing)
            assert (gone.status_code, "Không có sản phẩm này" in gone.text) == (404, True)


async def test_only_pictures_of_products_are_shown(world: "World") -> None:
    """A paper's scan is nobody's business; a picture too large for a page is not sent."""
    small, scan, large = b"\x52" * 100, b"\x53" * 100, b"\x54" * 20_000
    with world.services.sessions() as session:
        for data in (small, scan, large):
            digest = hashlib.sha256(data).hexdigest()
            session.add(Attachment(digest=digest, media_type="image/webp", data=data))
        session.flush()
        session.query(Product).one().picture = hashlib.sha256(small).hexdigest()
        session.commit()
    async with world.client() as client:
        shown = await client.get(f"/picture/{hashlib.sha256(small).hexdigest()}")
        assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, small, "image/webp")
        assert "immutable" in shown.headers["cache-control"]
        for digest in (hashlib.sha256(scan).hexdigest(), hashlib.sha256(large).hexdigest(), "x", "0" * 64):
            assert (await client.get(f"/picture/{digest}")).status_code == 404
        page = await client.get(f"/T/{world.code(world.run())}", headers=HTML)
        assert f'<img src="/picture/{hashlib.sha256(small).hexdigest()}"' in page.text


async def test_errors_are_words(world: "World") -> None:
    """A page for a person, JSON for a program, the same codes; a method nobody takes says which are."""
    async with world.client() as client:
        page = await client.get("/nowhere", headers=HTML)
        assert (page.status_code, "Không có trang này" in page.text) == (404, True)
        for path in ("/nowhere", "/api/v1/nowhere"):
            problem = await client.get(path)
            assert (problem.status_code, problem.json()["error"]) == (404, "not_found")
        wrong = await client.delete("/api/v1/verify")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
        under_api = await client.get("/api/v1/nowhere", headers=HTML)
        assert under_api.json()["message_vi"]


async def test_health_and_metrics(any_world: "World") -> None:
    """Health looks at database and schema; figures count verdicts and checks."""
    async with any_world.client() as client:
        well = (await client.get("/healthz")).json()
        assert (well["status"], well["database"], well["schema_current"]) == ("ok", True, True)
        await client.post("/api/v1/verify", json={"code": any_world.code(any_world.run())})
        figures = (await client.get("/metrics")).text
        assert 'temthat_verdicts_total{surface="api",verdict="genuine"} 1.0' in figures
        assert 'temthat_events_recorded_total{event="check"} 1.0' in figures
        with any_world.services.sessions() as session:
            session.execute(text("update alembic_version set version_num = 'older'"))
            session.commit()
        sick = await client.get("/healthz")
        assert (sick.status_code, sick.json()["schema_current"]) == (503, False)


async def test_a_lost_database_is_said_and_nothing_else(world: "World") -> None:
    """503 in words on every surface, without a traceback."""
    run = world.run()
    code = world.code(run)
    with world.services.sessions() as session:
        for table in ("revision", "stamp_state", "stamp_key"):
            session.execute(text(f"alter table {table} rename to gone_{table}"))
        session.commit()
    async with world.client() as client:
        for response in (
            await client.post("/api/v1/verify", json={"code": code}),
            await client.get(f"/T/{code}", headers=HTML),
            await client.get("/api/v1/keys"),
            await client.get("/api/v1/trust"),
            await client.get("/healthz"),
        ):
            assert response.status_code == 503, response.url
            assert "Traceback" not in response.text
            assert "sqlite" not in response.text.lower()
