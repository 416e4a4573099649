"""GLNs of producers and growing areas: the producer's page, and never where a household's plot is."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from temthat_trace.consent import How, Purpose
from temthat_trace.parties import Member, Party, Plot
from temthat_trace.privacy.consenting import give

from .records import add_product
from .test_linkset import check, needs_schema

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
GLN, PLOT, NOBODY = "8938505974002", "8938505974019", "8938505974026"
HTML = {"Accept": "text/html"}


def give_numbers(world: "World") -> None:
    """The cooperative has a GLN, and so has a household's plot."""
    with world.services.sessions() as session:
        party = session.scalars(select(Party).where(Party.code == "HTX-MAU")).one()
        party.gln = GLN
        member = Member(party_id=party.id, code="TV1", alias="Hộ bà Tư", commune_text="Xã Ba Vì")
        session.add(member)
        session.flush()
        session.add(
            Plot(
                party_id=party.id, member_id=member.id, code="V1", name="Vườn sau nhà", gln=PLOT,
                address="Số 3, ngõ 5", growing_area_code="VN-HNOR-0001",
            )
        )  # fmt: skip
        session.commit()


async def test_a_gln_leads_to_the_page_of_whose_it_is(any_world: "World") -> None:
    """As party and as location, with a slash or a qualifier behind it; the language as wished; on both databases."""
    give_numbers(any_world)
    async with any_world.client() as client:
        for address in (f"/417/{GLN}", f"/414/{GLN}", f"/414/{GLN}/", f"/414/{GLN}/254/A1", f"/414/{PLOT}"):
            sent = await client.get(address)
            assert (sent.status_code, sent.headers["location"]) == (307, "/o/HTX-MAU"), address
            assert 'rel="linkset"' in sent.headers["link"]
        english = await client.get(f"/417/{GLN}?a=1", headers={"Accept-Language": "en"} | HTML)
        assert english.headers["location"] == "/o/HTX-MAU?lang=en&a=1"
        page = await client.get("/o/HTX-MAU", headers=HTML)
        assert (page.status_code, "HTX Chè mẫu" in page.text, "/p/HTX-MAU/CHE" in page.text) == (
            200,
            True,
            True,
        )
        named = await client.get(f"/417/{GLN}?linkType=gs1:locationInfo", headers={"Accept-Language": "vi"})
        assert named.headers["location"].startswith("/o/HTX-MAU?lang=vi&")


async def test_what_is_not_known_or_malformed_is_told(world: "World") -> None:
    """A good GLN of nobody, a wrong check digit, a plot's number as a party's, an office's page."""
    give_numbers(world)
    async with world.client() as client:
        for address, status in (
            (f"/417/{NOBODY}", 404),
            (f"/417/{PLOT}", 404),
            (f"/414/{GLN[:-1]}3", 400),
            (f"/414/{GLN}/10/L01", 400),
            (f"/417/{GLN}?linkType=gs1:pip", 404),
            ("/o/LM", 404),
            ("/o/NONE", 404),
            ("/o/", 404),
        ):
            assert (await client.get(address)).status_code == status, address
        described = (await client.get("/.well-known/gs1resolver")).json()
        assert described["supportedPrimaryKeys"] == ["01", "414", "417"]


async def test_where_a_plot_is_stays_with_its_household(world: "World") -> None:
    """Only its public code is told, and its name once the household agreed."""
    give_numbers(world)
    async with world.client() as client:
        address = f"/414/{PLOT}?linkType=linkset"
        text = (await client.get(address)).text
        assert "VN-HNOR-0001" in text
        assert "Vườn sau nhà" not in text
        with world.services.sessions() as session:
            member = session.scalars(select(Member)).one()
            give(member, Purpose.SHOW_PLOT, How.PAPER, world.now.date(), "Lan", world.now)
            session.commit()
        assert "Vườn sau nhà" in (await client.get(address)).text


@needs_schema
async def test_linksets_of_glns_are_valid_and_two_claims_are_offered(world: "World") -> None:
    """By GS1's schema; and two producers with one number are a choice."""
    give_numbers(world)
    add_product(world, "HTX-HAI", "CHE2", None)
    async with world.client() as client:
        check((await client.get(f"/417/{GLN}?linkType=linkset")).json())
        with world.services.sessions() as session:
            session.scalars(select(Party).where(Party.code == "HTX-HAI")).one().gln = GLN
            session.commit()
        linkset = await client.get(f"/417/{GLN}?linkType=linkset")
        check(linkset.json())
        assert "https://gs1.org/voc/defaultLinkMulti" in linkset.json()["linkset"][0]
        offered = await client.get(f"/417/{GLN}", headers=HTML)
        assert (offered.status_code, "HTX HTX-HAI" in offered.text) == (300, True)


async def test_an_organisation_is_found_by_its_code(any_world: "World") -> None:
    """The name that EPCIS events give it while it has no GLN leads to its page, and names the GLN afterwards."""
    async with any_world.client() as client:
        for address in ("/x/HTX-MAU", "/x/HTX-MAU/"):
            sent = await client.get(address)
            assert (sent.status_code, sent.headers["location"]) == (307, "/o/HTX-MAU")
            assert "owl" not in sent.headers["link"]
        listed = (await client.get("/x/HTX-MAU?linkType=linkset")).json()["linkset"]
        assert [entry["anchor"].rpartition("/x/")[2] for entry in listed] == ["HTX-MAU"]
        give_numbers(any_world)
        assert f"/417/{GLN}" in (await client.get("/x/HTX-MAU")).headers["link"]
        for unknown in ("/x/HTX-KHAC", "/x/LMHTX-VN"):
            assert (await client.get(unknown)).status_code == 404
        assert (await client.get("/x/")).status_code == 400
