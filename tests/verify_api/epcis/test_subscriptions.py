"""Webhooks: what subscribers get, once, signed, in order; what becomes of those that do not answer."""

import datetime as dt
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from temthat_verify_api import webhooks
from temthat_verify_api.accounts import ApiKey, KeyRole
from temthat_verify_api.epcis import deliverer as delivering
from temthat_verify_api.epcis.deliverer import Deliverer
from temthat_verify_api.epcis.tables import Subscription
from temthat_verify_api.metrics import Metrics
from temthat_verify_api.receivers import LEASE, MOST_FAILURES
from temthat_verify_api.webhooks import UndeliverableError, read_target, send

from ..conftest import World
from .conftest import BASE, a_document, an_event, captured, key_of
from .receiver import SECRET, Receiver, receiving

pytestmark = pytest.mark.anyio


@dataclass
class Subscriber:
    """A producer with a query, and the thread's work done by hand."""

    world: World
    client: httpx.AsyncClient
    key: dict[str, str]
    where: str = f"{BASE}/queries/lo/subscriptions"

    async def subscribe(self, dest: str, **members: Any) -> dict[str, Any]:
        body = {"dest": dest, "signatureToken": SECRET, "stream": True} | members
        body = {name: value for name, value in body.items() if value is not None}
        answer = await self.client.post(self.where, json=body, headers=self.key)
        assert answer.status_code == 201, answer.text
        assert answer.headers["location"] == f"{self.where}/{answer.json()['subscriptionID']}"
        found: dict[str, Any] = answer.json()
        return found

    async def capture(self, *numbers: int, **members: Any) -> list[dict[str, Any]]:
        events = [an_event(n, **members) for n in numbers]
        job = await captured(self.client, self.key, a_document(*events))
        assert job["success"], job
        return events

    async def deliver(self) -> bool:
        """A round of the thread."""
        return await anyio.to_thread.run_sync(Deliverer(self.world.services).deliver)

    async def deliver_all(self) -> None:
        while await self.deliver():
            pass

    async def state(self, subscription: dict[str, Any]) -> dict[str, Any]:
        answer = await self.client.get(f"{self.where}/{subscription['subscriptionID']}", headers=self.key)
        found: dict[str, Any] = answer.json()
        return found


@asynccontextmanager
async def subscribing(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Subscriber]:
    """With the application's own thread asleep."""
    monkeypatch.setattr(delivering, "EVERY_SECONDS", 3_600.0)
    async with world.client() as client:
        key = key_of(world, "HTX-MAU")
        query = {"name": "lo", "query": {"EQ_bizStep": ["commissioning"]}}
        assert (await client.post(f"{BASE}/queries", json=query, headers=key)).status_code == 201
        yield Subscriber(world, client, key)


@pytest.fixture
def receiver() -> Any:
    with receiving() as found:
        yield found


async def test_events_come_once_signed_and_in_order(
    any_world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with subscribing(any_world, monkeypatch) as one:
        await one.capture(1)
        made = await one.subscribe(receiver.url)
        assert "signatureToken" not in made
        assert made["stream"] is True
        await one.deliver_all()
        assert receiver.came == []  # what was there before is not told
        first = await one.capture(2, 3)
        await one.capture(
            4, bizStep="inspecting", action="OBSERVE", epcList=["urn:epc:id:sgtin:8934567.011111.S2"]
        )
        await one.deliver_all()
        second = await one.capture(5)
        await one.deliver_all()
        await one.deliver_all()
        assert receiver.events() == [first, second]
        receiver.check_signatures()
        headers, _ = receiver.came[0]
        assert headers["temthat-subscription"] == made["subscriptionID"]
        assert headers["content-type"] == "application/json"
        results = receiver.documents()[0]["epcisBody"]["queryResults"]
        assert (results["queryName"], results["subscriptionID"]) == ("lo", made["subscriptionID"])
        state = await one.state(made)
        assert (state["state"], state["failures"]) == ("active", 0)
        assert state["lastNotifiedAt"]


async def test_the_cursor_moves_only_on_2xx(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(500, -1, 302, 404, 202, 200) as receiver:
        async with subscribing(world, monkeypatch) as one:
            made = await one.subscribe(receiver.url)
            events = await one.capture(1)
            waits = []
            for failures in range(1, 5):
                await one.deliver_all()
                state = await one.state(made)
                assert state["failures"] == failures
                assert state["minRecordTime"] == made["minRecordTime"]
                assert len(receiver.came) == failures  # and none went where 302 pointed
                await one.deliver_all()  # not due yet
                assert len(receiver.came) == failures
                waits.append(2**failures * 5)
                world.forward(seconds=waits[-1] + 1)
            assert "302" not in (await one.state(made))["problem"]
            assert "404" in (await one.state(made))["problem"]
            await one.deliver_all()
            state = await one.state(made)
            assert (state["failures"], state.get("problem")) == (0, None)
            await one.deliver_all()
            assert receiver.events() == [events] * 5


async def test_a_receiver_that_hangs_or_is_not_there(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "SECONDS", 2.0)
    with receiving(-2, 200) as receiver:
        async with subscribing(world, monkeypatch) as one:
            slow = await one.subscribe(receiver.url)
            with socket.socket() as unused:
                unused.bind(("127.0.0.1", 0))
                gone = await one.subscribe(f"http://127.0.0.1:{unused.getsockname()[1]}/")
                nowhere = await one.subscribe("http://khong-co.invalid/")
                events = await one.capture(1)
                await one.deliver_all()
            assert "No answer" in (await one.state(slow))["problem"]
            assert "cannot be reached" in (await one.state(gone))["problem"]
            assert "no server" in (await one.state(nowhere))["problem"]
            monkeypatch.setattr(webhooks, "SECONDS", 60.0)
            world.forward(minutes=1)
            await one.deliver_all()
            assert receiver.events() == [events, events]


async def test_a_receiver_that_keeps_failing_is_paused_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(503) as receiver:
        async with subscribing(world, monkeypatch) as one:
            made = await one.subscribe(receiver.url)
            await one.capture(1)
            for _ in range(MOST_FAILURES + 3):
                await one.deliver_all()
                world.forward(hours=1, seconds=1)
            assert len(receiver.came) == MOST_FAILURES
            state = await one.state(made)
            assert state["state"] == "paused"
            assert "503" in state["problem"]
            receiver.answers = [200]
            again = await one.subscribe(receiver.url, initialRecordTime=state["minRecordTime"])
            await one.deliver_all()
            assert len(receiver.came) == MOST_FAILURES + 1
            assert (await one.state(again))["state"] == "active"


async def test_gone_pauses_at_once_and_too_large_comes_in_smaller_parts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving(413, 413, 200) as small, receiving(410) as gone:
        async with subscribing(world, monkeypatch) as one:
            await one.subscribe(small.url)
            ended = await one.subscribe(gone.url)
            events = await one.capture(1, 2, 3, 4, 5)
            await one.deliver_all()
            assert [len(e) for e in small.events()] == [5, 2, 1, 1, 1, 1, 1]
            assert [e for part in small.events()[2:] for e in part] == events
            assert (await one.state(ended))["state"] == "paused"
            assert len(gone.came) == 1


async def test_from_an_earlier_time_on(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with subscribing(world, monkeypatch) as one:
        await one.capture(1)
        world.forward(minutes=1)
        since = world.now.isoformat()
        later = await one.capture(2)
        made = await one.subscribe(receiver.url, initialRecordTime=since)
        await one.deliver_all()
        assert receiver.events() == [later]
        assert made["initialRecordTime"].startswith(since[:19])


async def test_from_times_far_away(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    async with subscribing(world, monkeypatch) as one:
        events = await one.capture(1)
        await one.subscribe(receiver.url, initialRecordTime="0001-01-01T00:00:00Z")
        late = await one.subscribe(receiver.url, initialRecordTime="9999-12-31T00:00:00Z")
        await one.deliver_all()
        assert receiver.events() == [events]
        assert (await one.state(late))["minRecordTime"] > "2200"


async def test_a_schedule(world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Due at 11:00 in Vietnam, an hour from now; told even when there is nothing, if wished so."""
    daily = {"hour": "11"}
    with receiving() as other:
        async with subscribing(world, monkeypatch) as one:
            made = await one.subscribe(receiver.url, stream=None, schedule=daily, reportIfEmpty=True)
            await one.subscribe(other.url, stream=None, schedule=daily)
            assert made["schedule"] == daily
            assert made["nextTryAt"] == "2026-05-26T04:00:00.000Z"
            events = await one.capture(1, 2)
            await one.deliver_all()
            assert receiver.came == []
            world.forward(hours=1)
            await one.deliver_all()
            assert receiver.events() == other.events() == [events]
            world.forward(days=1)
            await one.deliver_all()
            assert receiver.events() == [events, []]
            assert other.events() == [events]
            assert (await one.state(made))["nextTryAt"] == "2026-05-28T04:00:00.000Z"


async def test_a_revoked_key_ends_it(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with subscribing(world, monkeypatch) as one:
        made = await one.subscribe(receiver.url)
        await one.capture(1)
        with world.services.sessions() as session:
            for key in session.query(ApiKey):
                key.revoked_at = world.now
            session.commit()
        await one.deliver_all()
        assert receiver.came == []
        one.key = key_of(world, "HTX-MAU")
        assert "No API key" in (await one.state(made))["problem"]


async def test_others_events_never_go_out(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with subscribing(world, monkeypatch) as one:
        stranger = key_of(world, "HTX-KHAC")
        await one.subscribe(receiver.url)
        await captured(one.client, stranger, a_document(an_event(7)))
        await one.deliver_all()
        assert receiver.came == []
        officer = key_of(world, "LM", KeyRole.OPERATOR)
        query = {"name": "moi", "query": {}}
        await one.client.post(f"{BASE}/queries", json=query, headers=officer)
        whole = Subscriber(world, one.client, officer, f"{BASE}/queries/moi/subscriptions")
        await whole.subscribe(receiver.url)
        await captured(one.client, stranger, a_document(an_event(8)))
        await one.deliver_all()
        assert receiver.events() == [[an_event(8)]]


async def test_subscriptions_are_listed_and_ended(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with subscribing(world, monkeypatch) as one:
        made = [await one.subscribe(receiver.url, signatureToken=None) for _ in range(3)]
        assert len({m["signatureToken"] for m in made}) == 3
        listed = await one.client.get(one.where, params={"perPage": "2"}, headers=one.key)
        more = await one.client.get(listed.links["next"]["url"], headers=one.key)
        assert [s["subscriptionID"] for s in listed.json() + more.json()] == [
            m["subscriptionID"] for m in made
        ]
        assert all("signatureToken" not in s for s in listed.json())
        path = f"{one.where}/{made[0]['subscriptionID']}"
        stranger = key_of(world, "HTX-KHAC")
        assert (await one.client.get(path, headers=stranger)).status_code == 404
        assert (await one.client.delete(path, headers=stranger)).status_code == 404
        assert (await one.client.delete(path, headers=one.key)).status_code == 204
        assert (await one.client.get(path, headers=one.key)).status_code == 404
        await one.capture(1)
        await one.deliver_all()
        assert len(receiver.came) == 2
        receiver.came = [
            c for c in receiver.came if c[0]["temthat-subscription"] == made[1]["subscriptionID"]
        ]
        receiver.check_signatures(made[1]["signatureToken"])
        assert (await one.client.delete(f"{BASE}/queries/lo", headers=one.key)).status_code == 204
        with world.services.sessions() as session:
            assert session.query(Subscription).count() == 0


_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"stream": None}, "exactly one"),
    ({"schedule": {"hour": "1"}}, "exactly one"),
    ({"stream": False}, "exactly one"),
    ({"stream": None, "schedule": {}}, "object"),
    ({"stream": None, "schedule": {"hour": "24"}}, "0 to 23"),
    ({"stream": None, "schedule": {"week": "1"}}, "schedule/week"),
    ({"stream": None, "schedule": {"dayOfMonth": "31", "month": "2"}}, "no such day"),
    ({"signatureToken": "short"}, "16"),
    ({"dest": "ftp://example.vn/"}, "https"),
    ({"dest": "http://u:p@example.vn/"}, "https"),
    ({"dest": None}, "https"),
    ({"initialRecordTime": "yesterday"}, "zone"),
    ({"more": 1}, "none of"),
]


async def test_what_is_no_subscription(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with subscribing(world, monkeypatch) as one:
        for change, why in _WRONG:
            body = {"dest": "http://127.0.0.1:1/", "signatureToken": SECRET, "stream": True} | change
            body = {name: value for name, value in body.items() if value is not None}
            answer = await one.client.post(one.where, json=body, headers=one.key)
            assert answer.status_code == 400, change
            assert why in answer.json()["detail"], change
            assert answer.json()["type"] == "epcisException:SubscriptionControlsException"


# --- where it may go ---------------------------------------------------------------------------------------------

PRIVATE = ["127.0.0.1", "10.0.0.8", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "[::1]", "[fe80::1]",
           "[fd00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1"]  # fmt: skip


@pytest.mark.parametrize("host", PRIVATE)
async def test_production_never_delivers_inside(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UndeliverableError, match="private"):
        read_target(f"https://{host}/hook", is_demo=False)
    target = read_target("https://receiver.example.com/hook", is_demo=False)
    asked = []

    def lookup(name: str, port: int, **_: Any) -> list[Any]:
        asked.append(name)
        return [(0, 0, 0, "", (address, port)) for address in ("8.8.8.8", host.strip("[]"))]

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(UndeliverableError, match="private"):
        await anyio.to_thread.run_sync(send, target, b"", {})
    assert asked == ["receiver.example.com"]


@pytest.mark.parametrize("url", ["http://example.vn/", "https:///x", "example.vn", "https://example.vn/#a", "", 7, None,
                                 "https://exa mple.vn/", "https://example.vn/" + "a" * 2_000, "https://xn--/",
                                 "https://example.vn:0/", "https://example.vn:70000/"])  # fmt: skip
async def test_production_wants_https(url: object) -> None:
    with pytest.raises(UndeliverableError, match="https"):
        read_target(url, is_demo=False)


async def test_the_address_looked_at_is_the_one_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another lookup could lead elsewhere; there is none, and the receiver still sees its own name."""
    with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        target = read_target(f"http://receiver.example.com:{port}/hook", is_demo=True)
        asked = []

        def lookup(name: str, port: int, **_: Any) -> list[Any]:
            asked.append(name)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", lookup)
        assert await anyio.to_thread.run_sync(send, target, b"{}", {}) == 200
        headers, _ = receiver.came[0]
        assert headers["host"] == f"receiver.example.com:{port}"
        assert [name for name in asked if not name.replace(".", "").isdigit()] == ["receiver.example.com"]


def certificate(folder: Path, name: str) -> Path:
    """A certificate for one name, by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "receiver.pem"
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = serialization.Encoding.PEM
    path.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, *plain))
    return path


async def test_tls_is_for_the_name_though_the_address_is_fixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pem = certificate(tmp_path, "receiver.example.com")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    with receiving(tls=server) as receiver:
        port = int(receiver.url.split(":")[2].split("/")[0])

        def lookup(name: str, *_: Any, **__: Any) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", lookup)

        async def post(host: str) -> int:
            target = read_target(f"https://{host}:{port}/hook", is_demo=True)
            return await anyio.to_thread.run_sync(send, target, b"{}", {})

        with pytest.raises(UndeliverableError, match="cannot be reached"):
            await post("receiver.example.com")  # nobody vouches for it
        monkeypatch.setattr(webhooks, "tls_context", lambda: ssl.create_default_context(cafile=str(pem)))
        with pytest.raises(UndeliverableError, match="cannot be reached"):
            await post("other.example.com")
        assert receiver.came == []
        assert await post("receiver.example.com") == 200


# --- killed, and several at once ----------------------------------------------------------------------------------

_CHILD = """
import sys
from temthat_verify_api.epcis.deliverer import Deliverer
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import build_services
settings = Settings.model_validate_json(sys.argv[1])
Deliverer(build_services(settings)).deliver()
"""


async def test_killed_in_the_middle_of_a_delivery(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver has it, the service died before it knew: told again, nothing lost, and only once after 2xx."""
    with receiving(-2, 200) as receiver:
        async with subscribing(world, monkeypatch) as one:
            made = await one.subscribe(receiver.url)
            with world.services.sessions() as session:
                # The child has a clock of its own: due for it and for us.
                session.query(Subscription).update({"due_at": world.now.replace(year=2020)})
                session.commit()
            events = await one.capture(1, 2)
            settings = world.services.settings.model_dump_json()
            child = subprocess.Popen([sys.executable, "-c", _CHILD, settings])
            try:
                assert await anyio.to_thread.run_sync(receiver.arrived.wait, 120)
            finally:
                child.kill()
                child.wait()
            assert (await one.state(made))["minRecordTime"] == made["minRecordTime"]
            with world.services.sessions() as session:
                lease = session.query(Subscription).one().lease_until
            assert lease is not None
            world.clock[0] = lease.replace(microsecond=0) - LEASE / 2
            await one.deliver_all()
            assert len(receiver.came) == 1  # somebody may still be at it
            world.forward(minutes=1)
            await one.deliver_all()
            await one.deliver_all()
            assert receiver.events() == [events, events]
            assert (await one.state(made))["failures"] == 0


async def test_several_processes_deliver_once(
    any_world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with subscribing(any_world, monkeypatch) as one:
        await one.subscribe(receiver.url)
        events = await one.capture(1, 2, 3)
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(one.deliver)
        await one.deliver_all()
        assert receiver.events() == [events]


async def test_the_service_delivers_by_itself(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with subscribing(world, monkeypatch) as one:
        await one.subscribe(receiver.url)
        metrics = Metrics()
        monkeypatch.setattr(delivering, "EVERY_SECONDS", 0.02)
        thread = Deliverer(world.services, metrics)
        thread.start()
        try:
            events = await one.capture(1)
            until = time.monotonic() + 60
            while not receiver.came and time.monotonic() < until:
                await anyio.sleep(0.02)
        finally:
            await anyio.to_thread.run_sync(thread.close)
        assert receiver.events() == [events]
        assert b'temthat_epcis_deliveries_total{result="received"} 1.0' in metrics.text()
