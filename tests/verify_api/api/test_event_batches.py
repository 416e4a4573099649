"""POST /api/v1/events/batch: many reports, each with its own answer; and what a packing line tells."""

import datetime as dt
import json
import random
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from temthat_stamps.copies.records import StampEvent, StampEventKind, StampState
from temthat_stamps.copies.state import State
from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.records import LedgerAct
from temthat_stamps.manifest import Custody
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party
from temthat_verify_api.accounts import KeyRole, issue_api_key
from temthat_verify_api.api.events import BATCH_BYTES, BATCH_EVENTS
from temthat_verify_api.api.models import EventBatch

from .test_events import bearer, report, shop_key

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
BATCH = "/api/v1/events/batch"


async def send(client: httpx.AsyncClient, body: Any) -> Any:
    """An array, or bytes as they are."""
    options: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    response = await client.post(BATCH, **options)
    assert response.status_code == 200, response.text
    EventBatch.model_validate_json(response.content)
    return response.json()


def outcomes(told: Any) -> list[str]:
    assert [line["index"] for line in told["events"]] == list(range(len(told["events"])))
    return [line["outcome"] for line in told["events"]]


async def test_one_bad_line_takes_no_other_with_it(any_world: "World") -> None:
    """Every kind of trouble between two sales; the sales are recorded, the rest says why not."""
    run = any_world.run()
    codes = [any_world.code(run, serial) for serial in (1, 2)]
    lines = [
        report(any_world, codes[0], "sold", place="01"),
        {"id": str(uuid7()), "code": codes[1]},
        report(any_world, codes[1], "sold", at="2031-01-01T00:00:00Z"),
        report(any_world, any_world.forged(run, 3), "sold"),
        report(any_world, "0000 0000 0000 0000", "sold"),
        report(any_world, codes[1], "applied"),
        report(any_world, codes[0], "sold"),
        report(any_world, codes[1], "sold"),
        7,
        None,
    ]
    async with any_world.client(headers=shop_key(any_world, "SHOP-A")) as client:
        told = await send(client, lines)
    expected = ["recorded", "refused", "refused", "judged", "judged", "later", "recorded", "recorded"]
    assert outcomes(told)[:4] + outcomes(told)[5:] == [*expected[:4], *expected[5:], "refused", "refused"]
    problems = [line["problem"] and line["problem"]["error"] for line in told["events"]]
    assert problems[1:3] == ["invalid_request", "impossible_event"]
    assert problems[5] == "wrong_role"
    assert told["events"][2]["problem"]["rule"] == "time"
    assert told["events"][1]["id"] == lines[1]["id"]  # type: ignore[index]
    assert told["events"][6]["answer"]["verdict"] == "sold"  # after the first of the same batch
    assert told["events"][7]["answer"]["verdict"] == "genuine"
    assert sum(told["counts"].values()) == len(lines)


async def test_json_lines_and_an_empty_batch(world: "World") -> None:
    """One report a line; a torn last line is that line's trouble alone."""
    code = world.code(world.run())
    body = "\n\n".join(json.dumps(report(world, code)) for _ in range(3)).encode()
    async with world.client() as client:
        told = await send(client, body + b'\n{"id": "01')
        assert outcomes(await send(client, b"")) == []
        assert outcomes(await send(client, [])) == []
    assert outcomes(told) == ["recorded"] * 3 + ["refused"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[1, 2", 422),
        (b"[" + b"1," * BATCH_EVENTS + b"1]", 422),
        (b"\n".join([b"{}"] * (BATCH_EVENTS + 1)), 422),
        (b" " * (BATCH_BYTES + 1), 413),
        (b"[" * 100_000, 422),
        (b'[{"at": 1e999}, NaN]', 200),
        (b'["\xff"]', 422),
    ],
)
async def test_what_is_no_batch(world: "World", body: bytes, status: int) -> None:
    """Not JSON, too many, too long."""
    async with world.client() as client:
        assert (await client.post(BATCH, content=body)).status_code == status


@pytest.mark.parametrize("body", [b"{}", b'"x"', b"{}\n{}", b"\x00"])
async def test_a_json_batch_is_an_array(world: "World", body: bytes) -> None:
    """Lines are another type of content."""
    async with world.client(headers={"content-type": "application/json; charset=utf-8"}) as client:
        assert (await client.post(BATCH, content=body)).status_code == 422
        assert (await client.post(BATCH, content=b" ")).json() == {"counts": {}, "events": []}


async def test_without_a_key_everything_waits(world: "World") -> None:
    """A key that was revoked or forgotten loses nothing: the reports are to be told again."""
    code = world.code(world.run())
    sale = report(world, code, "sold")
    async with world.client() as client:
        told = await send(client, [sale, report(world, code)])
        assert outcomes(told) == ["later", "recorded"]
        assert told["events"][0]["problem"]["error"] == "key_needed"
        async with world.again(headers=bearer(world.api_key(KeyRole.TILL))) as till:
            assert outcomes(await send(till, [sale])) == ["recorded"]


@pytest.mark.parametrize("seed", range(3))
async def test_sent_again_in_any_pieces_it_counts_once(any_world: "World", seed: int) -> None:
    """A queue that lost its answers sends any pieces of it again, some at once: each sale is there once."""
    draw = random.Random(seed)
    run = any_world.run()
    sales = [report(any_world, any_world.code(run, serial), "sold") for serial in range(1, 21)]
    pieces = [sorted(draw.sample(range(21), 2)) for _ in range(6)]
    async with any_world.client(headers=shop_key(any_world, "SHOP-A")) as client:
        async with anyio.create_task_group() as tasks:
            for begin, end in pieces:
                tasks.start_soon(send, client, sales[begin:end])
        told = await send(client, sales)
    assert set(outcomes(told)) <= {"recorded", "duplicate"}
    assert {line["answer"]["verdict"] for line in told["events"]} == {"genuine"}
    with any_world.services.sessions() as session:
        assert session.query(StampEvent).count() == 20
        live = [State.decode(row) for (row,) in session.query(StampState.copy_live) if row]
    assert [state.sales for state in live] == [1] * 20


# ---- a packing line -------------------------------------------------------------------------------------------------


def packer_key(world: "World") -> dict[str, str]:
    """A key of the cooperative's own packing line."""
    with world.services.sessions() as session:
        party = session.query(Party).filter_by(code="HTX-MAU").one()
        token = issue_api_key(session, party, KeyRole.PACKER, "dây chuyền 1")
        session.commit()
    return bearer(token)


def printed(world: "World", count: int = 60) -> int:
    """A run whose stamps were printed."""
    run = world.run(count)
    with world.services.sessions() as session:
        session.add(
            PrintJob(
                run=run, first=1, last=count, kind="pdf", settings="{}", state=JobState.CONFIRMED,
                created_at=world.now, released_at=world.now, confirmed_at=world.now,
            )
        )  # fmt: skip
        session.commit()
    return run


def states(world: "World", run: int) -> list[tuple[int, int, str]]:
    with world.services.sessions() as session:
        ledger = ledger_of(session, session.get_one(Run, run))
        return [(s.first, s.last, s.state.value) for s in ledger.stretches]


async def test_applied_and_spoiled_stamps_go_into_the_ledger_in_stretches(any_world: "World") -> None:
    """Nothing is stored for each stamp; told again it is known; what is spoiled is a notice and told to a shopper."""
    run = printed(any_world)
    codes = [any_world.code(run, serial) for serial in range(1, 31)]
    any_world.forward(minutes=5)
    async with any_world.client(headers=packer_key(any_world)) as client:
        lines = [report(any_world, code, "applied") for code in codes[:20]]
        assert outcomes(await send(client, lines)) == ["recorded"] * 20
        assert outcomes(await send(client, lines[5:])) == ["duplicate"] * 15
        spoiled = [report(any_world, code, "spoiled", kind="packer") for code in (codes[19], *codes[24:28])]
        told = await send(client, spoiled)
        assert outcomes(told) == ["refused"] + ["recorded"] * 4
        assert told["events"][0]["problem"]["rule"] == "state"
        assert outcomes(await send(client, spoiled[1:])) == ["duplicate"] * 4
        shopper = (await client.post("/api/v1/verify", json={"code": codes[24]})).json()
    assert shopper["verdict"] == "not_applied"
    assert states(any_world, run) == [
        (1, 20, "applied"), (21, 24, "printed"), (25, 28, "spoiled"), (29, 60, "printed")
    ]  # fmt: skip
    with any_world.services.sessions() as session:
        assert [(act.first, act.last) for act in session.query(LedgerAct)] == [(1, 20)]
        assert session.query(StampEvent).filter(StampEvent.event != StampEventKind.CHECK).count() == 0
        assert session.query(StampState).count() == 1


async def test_another_organisations_stamps_are_not_a_packers_to_tell(world: "World") -> None:
    """Nor stamps that were never printed, nor, by this way, those of an issuer that keeps its own keys."""
    run, unprinted = printed(world), world.run(lot="L02")
    code, other = world.code(run), world.code(unprinted)
    stranger = shop_key(world, "PACKER-X", KeyRole.PACKER)
    async with world.client(headers=stranger) as client, world.again(headers=packer_key(world)) as own:
        told = await send(
            client, [report(world, code, "applied"), report(world, code, "spoiled", kind="packer")]
        )
        assert outcomes(told) == ["refused", "refused"]
        assert outcomes(await send(own, [report(world, other, "applied")])) == ["refused"]
        with world.services.sessions() as session:
            session.get_one(Run, run).stamp_key.custody = Custody.OWN
            session.commit()
        told = await send(
            own, [report(world, code, "applied"), report(world, code, "spoiled", kind="packer")]
        )
        assert outcomes(told) == ["recorded", "refused"]


async def test_a_thousand_sales_in_one_call(any_world: "World") -> None:
    """In a few transactions, in order of seconds and not of minutes."""
    run = any_world.run(200)
    codes = [any_world.code(run, serial) for serial in range(1, 201)]
    at = any_world.now
    any_world.forward(days=2)
    lines = []
    for turn in range(5):
        for code in codes:
            moment = at + dt.timedelta(hours=turn)
            lines.append(report(any_world, code, "check", at=moment.isoformat()))
    async with any_world.client() as client:
        told = await send(client, lines)
    assert told["counts"] == {"recorded": 1_000}
