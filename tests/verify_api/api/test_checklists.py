"""GET /api/v1/checklists: a program gets the same lists, about whom its key may see."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from httpx import AsyncClient

from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product
from temthat_verify_api.accounts import KeyRole, issue_api_key
from temthat_verify_api.api import checklists

if TYPE_CHECKING:
    from ..conftest import World

pytestmark = pytest.mark.anyio
PATH = "/api/v1/checklists"


def key_of(world: "World", code: str, role: KeyRole) -> dict[str, str]:
    with world.services.sessions() as session:
        party = session.query(Party).filter_by(code=code).one()
        token = issue_api_key(session, party, role, "thử")
        session.commit()
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
async def client(world: "World") -> AsyncIterator[AsyncClient]:
    async with world.client() as opened:
        yield opened


def item(answer: Any, key: str) -> Any:
    [product] = answer["products"]
    return next(i for one in product["lists"] for i in one["items"] if i["key"] == key)


async def test_a_producer_asks_about_itself(world: "World", client: AsyncClient) -> None:
    """A batch by its lot, with its stamps; the gaps name sheet and column."""
    world.run(100)
    mine = key_of(world, "HTX-MAU", KeyRole.PRODUCER)
    answer = (await client.get(PATH, headers=mine, params={"product": "CHE", "lot": "L01"})).json()
    assert (answer["organisation"], answer["next"]) == ("HTX-MAU", None)
    [product] = answer["products"]
    assert [(one["key"], one["counted"]) for one in product["lists"]] == [
        ("circular", 10),
        ("passport", 7),
        ("label", 3),
    ]
    assert item(answer, "brand")["value"]["vi"] == "Mỗi gói một số tem riêng"
    standard = item(answer, "standard")
    assert standard["state"] == "missing"
    assert (standard["gaps"][0]["sheet"], standard["gaps"][0]["column"]) == ("product", "standard")
    assert standard["gaps"][0]["who"] == ["clerk"]
    whole = (await client.get(PATH, headers=mine)).json()
    assert whole["products"][0]["lot"] == "L01"


async def test_nobody_learns_of_others(world: "World", client: AsyncClient) -> None:
    """401 without a key, 403 for a till, 404 for another's records and for what there is not."""
    with world.services.sessions() as session:
        session.add(Party(code="HTX-XA", kind=PartyKind.COOPERATIVE, name="HTX Xa"))
        session.commit()
    assert (await client.get(PATH)).status_code == 401
    till = key_of(world, "HTX-MAU", KeyRole.TILL)
    assert (await client.get(PATH, headers=till)).status_code == 403
    mine, other = key_of(world, "HTX-MAU", KeyRole.PRODUCER), key_of(world, "HTX-XA", KeyRole.PRODUCER)
    for headers, asked in (
        (other, {"organisation": "HTX-MAU"}), (mine, {"organisation": "HTX-XA"}), (mine, {"product": "NONE"}),
        (mine, {"product": "CHE", "lot": "NONE"}), (mine, {"lot": "L01"}), (mine, {"organisation": "LM"}),
        (mine, {"product": "\x00 %' OR 1=1"}),
    ):  # fmt: skip
        assert (await client.get(PATH, headers=headers, params=asked)).status_code in (404, 422), asked
    assert (await client.get(PATH, headers=mine, params={"product": "x" * 65})).status_code == 422


async def test_an_office_asks_about_its_members(world: "World", client: AsyncClient) -> None:
    """By code; without one there is nothing to tell."""
    office = key_of(world, "LM", KeyRole.OFFICER)
    answer = await client.get(PATH, headers=office, params={"organisation": "HTX-MAU"})
    assert answer.json()["products"][0]["code"] == "CHE"
    assert (await client.get(PATH, headers=office)).status_code == 404


async def test_many_products_come_in_pages(
    world: "World", client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each once, by code."""
    monkeypatch.setattr(checklists, "MOST", 3)
    with world.services.sessions() as session:
        party = session.query(Party).filter_by(code="HTX-MAU").one()
        session.add_all(
            Product(party_id=party.id, code=f"P{n}", name=f"P{n}", base_unit="KGM") for n in range(5)
        )
        session.commit()
    mine, told, after = key_of(world, "HTX-MAU", KeyRole.PRODUCER), [], ""
    while after is not None:
        answer = (await client.get(PATH, headers=mine, params={"after": after})).json()
        told += [p["code"] for p in answer["products"]]
        after = answer["next"]
    assert told == ["CHE", "P0", "P1", "P2", "P3", "P4"]
