"""A batch as an EPCIS document for everybody: what its page shows, found by its Digital Link."""

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
from sqlalchemy import select

from temthat_trace.approvals.records import Proposal, Source, State, Subject
from temthat_trace.epcis.document import document_of
from temthat_trace.epcis.rules import check_document
from temthat_trace.products import Product

from .records import add_batch
from .test_linkset import BASE, FOLDER, GTIN, VOC

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
SCHEMA = FOLDER.parent / "epcis" / "EPCIS-JSON-Schema.json"


async def test_a_batch_answers_as_an_epcis_document(any_world: "World") -> None:
    """Its creation and its diary's steps, without the diary's words; on both databases."""
    any_world.run(lot="L01")
    async with any_world.client() as client:
        answer = await client.get("/api/v1/products/HTX-MAU/CHE/L01/epcis")
        missing = await client.get("/api/v1/products/HTX-MAU/CHE/L99/epcis")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/ld+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    made, harvest = answer.json()["epcisBody"]["eventList"]
    assert made["quantityList"] == [
        {"epcClass": f"https://id.gs1.org/01/{GTIN}/10/L01", "quantity": 1000, "uom": "KGM"}
    ]
    assert harvest["temthat:step"] == "harvest"
    for hidden in ("sáng sớm", "Bà Sáu", "encoding"):
        assert hidden not in answer.text
    assert check_document(document_of(answer.json())) == []
    assert missing.status_code == 404


@pytest.mark.skipif(not SCHEMA.exists(), reason=f"no EPCIS schema in {SCHEMA}")
async def test_conformance_what_is_public_is_valid(world: "World") -> None:
    """By the schema of GS1, for lots with odd characters too."""
    add_batch(world, '!"%&<>?', "LÔ 1/2")
    schema = json.loads(SCHEMA.read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    async with world.client() as client:
        for lot in ("%21%22%25%26%3C%3E%3F", "L%C3%94%201%2F2"):
            answer = await client.get(f"/api/v1/products/HTX-MAU/CHE/{lot}/epcis")
            assert answer.status_code == 200
            assert [e.message for e in validator.iter_errors(answer.json())] == []


async def test_the_link_type_epcis_leads_to_it(world: "World") -> None:
    """By GTIN and by the producer's codes; in the linkset with its media type."""
    world.run(lot="L01")
    async with world.client() as client:
        for address in (f"/01/{GTIN}/10/L01", "/x/HTX-MAU/CHE/L01"):
            found = await client.get(f"{address}?linkType=gs1:epcis")
            assert (found.status_code, found.headers["location"]) == (
                307,
                "/api/v1/products/HTX-MAU/CHE/L01/epcis?linkType=gs1:epcis",
            )
            linkset = (await client.get(f"{address}?linkType=linkset")).json()["linkset"]
            [link] = linkset[0][VOC + "epcis"]
            assert link["href"] == f"{BASE}/api/v1/products/HTX-MAU/CHE/L01/epcis"
            assert link["type"] == "application/ld+json"
        followed = await client.get(f"/01/{GTIN}/10/L01?linkType=gs1:epcis", follow_redirects=True)
    assert followed.json()["type"] == "EPCISDocument"


async def test_a_product_that_waits_for_an_office_tells_nothing(any_world: "World") -> None:
    """What has no public page yet has no public events, codes or GTIN either."""
    any_world.run(lot="L01")
    with any_world.services.sessions() as session:
        product = session.scalars(select(Product).where(Product.code == "CHE")).one()
        waiting = Proposal(
            party_id=product.party_id, subject=Subject.PRODUCT, subject_id=product.id, product_id=product.id,
            is_new=True, entries="{}", source=Source.DESK, by_party_id=product.party_id, by_person="Lan",
            at=any_world.services.now(), state=State.WAITING,
        )  # fmt: skip
        session.add(waiting)
        session.commit()
    async with any_world.client() as client:
        for address in (
            "/p/HTX-MAU/CHE/L01",
            "/api/v1/products/HTX-MAU/CHE/L01",
            "/api/v1/products/HTX-MAU/CHE/L01/epcis",
            "/x/HTX-MAU/CHE/L01",
            f"/01/{GTIN}/10/L01",
        ):
            assert (await client.get(address)).status_code == 404, address
