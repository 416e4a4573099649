"""GET /api/v1/balance: a program gets the numbers of what is over, about whom its key may see."""

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from temthat_trace.batches import Batch
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.parties import Party, PartyKind
from temthat_verify_api.accounts import KeyRole

from .test_checklists import key_of

if TYPE_CHECKING:
    from ..conftest import World

pytestmark = pytest.mark.anyio
PATH = "/api/v1/balance"


def pack_more(world: "World") -> None:
    """120.5 kg packed of 100."""
    with world.services.sessions() as session:
        batch = session.scalars(select(Batch)).one()
        amounts = {LineRole.IN: "100", LineRole.OUT: "120.5"}
        made = Event(
            batch_id=batch.id, step=Step.PACKING, at=world.now, text="", actor="", recorded_by=batch.party_id,
            recorded_at=world.now,
            lines=[line(role, "chè", quantity=Decimal(q), unit="KGM") for role, q in amounts.items()],
        )  # fmt: skip
        made.seal()
        session.add(made)
        session.commit()


async def test_what_is_over_has_its_numbers(any_world: "World") -> None:
    """The rule, both numbers and the difference exact, the entry, a sentence in two languages."""
    world = any_world
    world.run(100)
    async with world.client() as client:
        mine = key_of(world, "HTX-MAU", KeyRole.PRODUCER)
        empty = (await client.get(PATH, headers=mine)).json()
        assert (empty["organisation"], empty["year"], empty["batches"], empty["cut"]) == (
            "HTX-MAU",
            2026,
            [],
            False,
        )
        assert len((await client.get(PATH, headers=mine, params={"every": "true"})).json()["batches"]) == 1
        pack_more(world)
        [batch] = (await client.get(PATH, headers=mine)).json()["batches"]
    over, _ = batch["findings"]
    assert (over["rule"], over["is_excess"], over["unit"]) == ("gave_more", True, "KGM")
    assert [over[name] for name in ("stated", "possible", "over")] == ["120.5", "100", "20.5"]
    assert over["message_vi"].startswith("Bước đóng gói ngày 26/05/2026: ra 120,5 kg")
    row = batch["rows"][0]
    assert (row["part"], row["step"], row["difference"], row["lost"]) == ("step", "packing", "-20.5", "0")
    assert {r["part"] for r in batch["rows"]} == {"step", "whole"}


async def test_who_may_ask(world: "World") -> None:
    """A producer about itself, its alliance about it, nobody about others."""
    with world.services.sessions() as session:
        session.add(Party(code="KHAC", kind=PartyKind.COOPERATIVE, name="HTX khác", province="24"))
        session.commit()
    async with world.client() as client:
        mine, office = key_of(world, "HTX-MAU", KeyRole.PRODUCER), key_of(world, "LM", KeyRole.OFFICER)
        asked = {"organisation": "HTX-MAU", "year": "2026"}
        assert (await client.get(PATH)).status_code == 401
        assert (await client.get(PATH, headers=key_of(world, "HTX-MAU", KeyRole.TILL))).status_code == 403
        assert (await client.get(PATH, headers=office, params=asked)).status_code == 200
        assert (await client.get(PATH, headers=office)).status_code == 404
        for headers in (mine, office):
            other = await client.get(PATH, headers=headers, params={"organisation": "KHAC"})
            assert (other.status_code, other.json()["error"]) == (404, "not_found")
        assert (await client.get(PATH, headers=mine, params={"year": 1})).status_code == 422
