"""A producer gets a GTIN long after its stamps were printed; a GTIN that two producers claim is told to everybody."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, true

from temthat_trace.gtin_claims import disputed
from temthat_trace.parties import Party
from temthat_trace.products import PackForm, Product

from .records import add_batch, add_product, set_gtin

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
GTIN = "08938505974194"
OTHER = "08938505974187"


async def test_a_gtin_comes_later_and_nothing_is_printed_anew(world: "World") -> None:
    """Stamps of the time before stay genuine; both addresses lead to the same pages; the old names the new one."""
    set_gtin(world, "CHE", None)
    old = world.code(world.run(lot="L01"))
    async with world.client() as client:
        assert (await client.get(f"/01/{GTIN}/10/L01")).status_code == 404
        before = (await client.get("/x/HTX-MAU/CHE/L01")).headers
        assert "sameAs" not in before["link"]
        verdict = (await client.post("/api/v1/verify", json={"code": old})).json()["verdict"]
        set_gtin(world, "CHE", GTIN)
        new = world.run(lot="L02", gs1=True)
        assert (await client.post("/api/v1/verify", json={"code": old})).json()["verdict"] == verdict
        after = (await client.get("/x/HTX-MAU/CHE/L01")).headers
        assert after["location"] == before["location"]
        assert (
            f'<https://tem.example.vn/01/{GTIN}/10/L01>; rel="http://www.w3.org/2002/07/owl#sameAs"'
            in after["link"]
        )
        for lot in ("L01", "L02"):
            by_gtin = (await client.get(f"/01/{GTIN}/10/{lot}")).headers["location"]
            by_codes = (await client.get(f"/x/HTX-MAU/CHE/{lot}")).headers["location"]
            assert by_gtin == by_codes == f"/p/HTX-MAU/CHE/{lot}"
        number = world.number(new)
        printed = f"/01/{GTIN}/10/L02/21/{number}?t={world.code(new)}"
        opened = await client.get(printed, headers={"Accept": "text/html"}, follow_redirects=True)
        assert (opened.status_code, "Tem thật" in opened.text) == (200, True)


async def test_two_claims_are_offered_and_told_and_a_lot_settles_it(any_world: "World") -> None:
    """The resolver does not choose; the desk learns who claims what, by product or pack form; on both databases."""
    world = any_world
    world.run(lot="L01")
    with world.services.sessions() as session:
        assert disputed(session, true()) == []
    add_product(world, "HTX-HAI", "CHE2", OTHER, "Chè khác")
    with world.services.sessions() as session:
        made = session.scalars(select(Product).where(Product.code == "CHE2")).one()
        session.add(PackForm(product_id=made.id, code="G", name="Gói", gtin=GTIN))
        session.commit()
        told = disputed(session, true())
        assert [(line.gtin, [claim.party for claim in line.claims]) for line in told] == [
            (GTIN, ["HTX Chè mẫu", "HTX HTX-HAI"])
        ]
        assert disputed(session, Party.code == "HTX-HAI") == told
        assert disputed(session, Party.code == "LM") == []
    async with world.client() as client:
        offered = await client.get(f"/01/{GTIN}", headers={"Accept": "text/html"})
        assert (offered.status_code, "Hơn một đơn vị khai cùng mã này" in offered.text) == (300, True)
        add_batch(world, "L09", party="HTX-HAI", product="CHE2")
        assert (await client.get(f"/01/{GTIN}/10/L09")).headers["location"] == "/p/HTX-HAI/CHE2/L09"
        assert (await client.get(f"/01/{OTHER}")).headers["location"] == "/p/HTX-HAI/CHE2"
