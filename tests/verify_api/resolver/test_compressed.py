"""Compressed Digital Links: read, answered like the plain form, which the answer names; never redirected to it."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
GTIN = "08938505974194"
SAME = 'rel="http://www.w3.org/2002/07/owl#sameAs"'
BASE = "https://tem.example.vn"
# GTIN; with lot L01; with the lot and best before 31/12/2026; another GTIN; an SSCC; a lot alone behind a plain GTIN.
ALONE, LOT, DATED, UNKNOWN, SSCC, REST = (
    "ARBCUPJjZA", "ARBCUPJjZCEHMYMQ", "ARBCUPJjZCEHMYMRc_xv", "ARBCUPJjVg", "AJJgwbMWjFoxYsmbRq2buHLA", "EIOYwYg",
)  # fmt: skip


async def test_a_compressed_link_leads_where_the_plain_one_leads(world: "World") -> None:
    """Of product and lot, wholly or partly compressed, with a slash, to people and to programs."""
    world.run(lot="L01")
    async with world.client() as client:
        for address, plain in (
            (f"/{ALONE}", f"/01/{GTIN}"),
            (f"/{ALONE}/", f"/01/{GTIN}"),
            (f"/{LOT}", f"/01/{GTIN}/10/L01"),
            (f"/{DATED}", f"/01/{GTIN}/10/L01?17=261231"),
            (f"/01/{GTIN}/{REST}", f"/01/{GTIN}/10/L01"),
        ):
            for accept in ("text/html", "application/json"):
                sent = await client.get(address, headers={"Accept": accept})
                same = await client.get(plain, headers={"Accept": accept})
                assert sent.status_code == same.status_code == 307, address
                assert urlsplit(sent.headers["location"]).path == urlsplit(same.headers["location"]).path
                assert f"<{BASE}{plain}>; {SAME}" in sent.headers["link"], address
                assert SAME not in same.headers["link"]


async def test_it_is_resolved_and_not_redirected_to_its_plain_form(world: "World") -> None:
    """The redirect goes to the page itself, the query with it; link types and linksets work as for the plain form."""
    world.run(lot="L01")
    async with world.client() as client:
        sent = await client.get(f"/{LOT}?utm=a")
        assert sent.headers["location"] == "/p/HTX-MAU/CHE/L01?utm=a"
        papers = await client.get(f"/{ALONE}?linkType=gs1:certificationInfo")
        assert urlsplit(papers.headers["location"]).fragment == "papers"
        linkset = await client.get(f"/{LOT}?linkType=linkset")
        anchors = [context["anchor"] for context in linkset.json()["linkset"]]
        assert anchors == [f"{BASE}/01/{GTIN}/10/L01", f"{BASE}/01/{GTIN}"]
        assert f"<{BASE}/01/{GTIN}/10/L01>; {SAME}" in linkset.headers["link"]
        assert (await client.options(f"/{LOT}")).status_code == 204
        assert (await client.head(f"/{LOT}")).status_code == 307


async def test_what_is_no_compressed_link_is_not_found(world: "World") -> None:
    """Names that only look like one, and good ones of what is not known here."""
    async with world.client() as client:
        for address in (
            f"/{UNKNOWN}",
            f"/{SSCC}",
            "/nothing-to-see-here",
            "/AAAAAAAAAAAA",
            f"/{LOT}A",
            "/favicon-big",
        ):
            gone = await client.get(address)
            assert gone.status_code == 404, address
        assert (await client.get(f"/01/{GTIN}/nothing-to-see-here")).status_code == 400
        assert (await client.get("/privacy")).status_code == 200
