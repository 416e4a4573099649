"""GET /api/v1/lineage on a running service: records and events in one answer, and who is told what."""

import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from httpx import AsyncClient

from temthat_stamps.runs.records import Run
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.epcis.capture import capture
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product
from temthat_verify_api.accounts import KeyRole, issue_api_key

from ..conftest import GTIN, HOST

if TYPE_CHECKING:
    from ..conftest import World

pytestmark = pytest.mark.anyio
CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]
CARTON = "https://id.gs1.org/00/389385059700000012"


def lot(number: str) -> str:
    return f"https://id.gs1.org/01/{GTIN}/10/{number}"


def tell(world: "World", kind: str, hour: int, **members: Any) -> None:
    """One event into the producer's repository."""
    at = f"2026-05-20T{hour:02}:00:00+07:00"
    event = {"@context": CONTEXT, "type": kind, "eventTime": at, "eventTimeZoneOffset": "+07:00", **members}
    with world.services.sessions() as session:
        party = session.query(Party).filter_by(code="HTX-MAU").one()
        _, captured = capture(session, party.id, json.dumps(event), now=world.now)
        assert captured.success, captured
        session.commit()


def key_of(world: "World", code: str, role: KeyRole) -> dict[str, str]:
    with world.services.sessions() as session:
        party = session.query(Party).filter_by(code=code).one()
        token = issue_api_key(session, party, role, "thử")
        session.commit()
    return {"Authorization": f"Bearer {token}"}


def batch_of(world: "World", run: int) -> Batch:
    with world.services.sessions() as session:
        return session.get_one(Run, run).batch


async def ask(client: AsyncClient, of: str, key: dict[str, str], **more: Any) -> dict[str, Any]:
    answer = await client.get("/api/v1/lineage", params={"of": of, **more}, headers=key)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def names(told: dict[str, Any]) -> list[tuple[int, str]]:
    return [
        (
            line["depth"],
            line["node"]["lot"] or (line["node"]["id"] or line["node"]["kind"]).rsplit("/", 1)[-1],
        )
        for line in told["lines"]
    ]


async def test_down_and_up_through_records_and_events(world: "World") -> None:
    """A batch was packed by record, its packs put into a carton by events, the carton shipped."""
    source, made = batch_of(world, world.run(lot="L01")), batch_of(world, world.run(lot="L02"))
    with world.services.sessions() as session:
        session.add(BatchSource(batch_id=made.id, source_id=source.id, quantity=500, unit="KGM"))
        session.commit()
    pack = f"https://id.gs1.org/01/{GTIN}/21/7"
    tell(world, "TransformationEvent", 1, inputQuantityList=[{"epcClass": lot("L02"), "quantity": 2, "uom": "KGM"}],
         outputEPCList=[pack])  # fmt: skip
    tell(world, "AggregationEvent", 2, action="ADD", parentID=CARTON, childEPCs=[pack])
    tell(world, "ObjectEvent", 3, action="OBSERVE", bizStep="shipping", epcList=[CARTON],
         destinationList=[{"type": "owning_party", "destination": "https://id.gs1.org/417/8938505970004"}])  # fmt: skip
    key = key_of(world, "HTX-MAU", KeyRole.PRODUCER)
    async with world.client() as client:
        down = await ask(client, str(source.id), key, direction="down")
        assert names(down) == [(0, "L01"), (1, "L02"), (2, "7"), (3, CARTON[-18:])]
        links = [line["link"] for line in down["lines"][1:]]
        assert [(link["tie"], link["step"], link["amount"], link["unit"]) for link in links] == [
            ("made", "split", "500", "KGM"), ("made", None, "2", "KGM"), ("inside", None, None, None),
        ]  # fmt: skip
        assert links[1]["event"].startswith("ni:///sha-256;")
        assert [h["id"] for h in down["handovers"]] == [CARTON]
        up = await ask(client, CARTON.rsplit("/", 1)[-1], key)
        assert names(up) == [(0, CARTON[-18:]), (1, "7"), (2, "L02"), (3, "L01")]
        assert names(await ask(client, lot("L02"), key, depth=1)) == [(0, "L02"), (1, "L01")]
        assert (await ask(client, lot("L02"), key, direction="down", depth=1))["cut"] == "depth"
        codes = f"https://{HOST}/x/HTX-MAU/CHE/L01"
        assert names(await ask(client, codes, key)) == [(0, "L01")]


async def test_who_is_told_what(world: "World") -> None:
    """Without a key nothing; a stranger finds nothing; of others further away there is only that they are."""
    mine = batch_of(world, world.run(lot="L01"))
    with world.services.sessions() as session:
        other = Party(code="KHAC", kind=PartyKind.COOPERATIVE, name="HTX Khác", province="20")
        session.add(other)
        session.flush()
        product = Product(party_id=other.id, code="TRA", name="Trà hộp", base_unit="KGM")
        session.add(product)
        session.flush()
        made = [
            Batch(
                party_id=other.id,
                product_id=product.id,
                lot=name,
                quantity=1,
                unit="KGM",
                made_on=mine.made_on,
            )
            for name in ("K1", "K2")
        ]
        session.add_all(made)
        session.flush()
        chain = [mine.id, *(batch.id for batch in made)]
        for source, batch in itertools.pairwise(chain):
            session.add(BatchSource(batch_id=batch, source_id=source, quantity=1, unit="KGM"))
        session.commit()
    async with world.client() as client:
        address = {"of": str(mine.id), "direction": "down"}
        assert (await client.get("/api/v1/lineage", params=address)).status_code == 401
        stranger = key_of(world, "KHAC", KeyRole.PRODUCER)
        assert (await client.get("/api/v1/lineage", params=address, headers=stranger)).status_code == 404
        till = key_of(world, "HTX-MAU", KeyRole.TILL)
        assert (await client.get("/api/v1/lineage", params=address, headers=till)).status_code == 403
        own = await ask(client, str(mine.id), key_of(world, "HTX-MAU", KeyRole.PRODUCER), direction="down")
        assert names(own) == [(0, "L01"), (1, "K1"), (2, "other")]
        assert own["lines"][1]["link"]["step"] is None
        alliance = key_of(world, "LM", KeyRole.OFFICER)
        assert names(await ask(client, str(mine.id), alliance, direction="down"))[-1] == (2, "other")
        inspector = key_of(world, "LM", KeyRole.INSPECTOR)
        assert names(await ask(client, str(mine.id), inspector, direction="down"))[-1] == (2, "K2")
        for wrong in (
            "không-có",
            "https://id.gs1.org/01/08938505974194/10/%00",
            "https://tem.example.vn/x/a/b/%00",
        ):
            answer = await client.get("/api/v1/lineage", params={"of": wrong}, headers=alliance)
            assert answer.status_code == 404


async def test_a_thing_that_was_only_seen_is_one_line(world: "World") -> None:
    """It is known, though nothing is told of where it came from; declared wrong, it is not."""
    seen = {"action": "OBSERVE", "epcList": [f"https://id.gs1.org/01/{GTIN}/21/9"]}
    tell(world, "ObjectEvent", 1, **seen)
    key = key_of(world, "HTX-MAU", KeyRole.PRODUCER)
    async with world.client() as client:
        for direction in ("up", "down"):
            assert names(
                await ask(client, "urn:epc:id:sgtin:8938505.097419.9", key, direction=direction)
            ) == [(0, "9")]
        wrong = {"reason": "incorrect_data", "declarationTime": "2026-05-21T00:00:00+07:00"}
        tell(world, "ObjectEvent", 1, **seen, errorDeclaration=wrong)
        answer = await client.get("/api/v1/lineage", params={"of": seen["epcList"][0]}, headers=key)
        assert answer.status_code == 404
