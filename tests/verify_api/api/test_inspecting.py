"""GET /api/v1/inspect: the ledger, the batch and its way, for who inspects and for nobody else."""

import datetime as dt
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from httpx import AsyncClient
from sqlalchemy import func, select

from temthat_stamps.copies.records import StampEvent
from temthat_stamps.ledger.recording import Fate, record
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.epcis.capture import capture
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.lineage.walk import Bounds
from temthat_trace.papers import Paper, PaperKind
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product
from temthat_verify_api.accounts import KeyRole, issue_api_key
from temthat_verify_api.api import inspecting
from temthat_verify_api.pages.way import ROWS

from ..conftest import GTIN

if TYPE_CHECKING:
    from ..conftest import World

pytestmark = pytest.mark.anyio
PATH = "/api/v1/inspect"


def key_of(world: "World", role: KeyRole, code: str = "LM") -> dict[str, str]:
    """A fresh key of that organisation."""
    with world.services.sessions() as session:
        party = session.query(Party).filter_by(code=code).one()
        token = issue_api_key(session, party, role, "thử")
        session.commit()
    return {"Authorization": f"Bearer {token}"}


async def ask(client: AsyncClient, headers: dict[str, str], code: str) -> Any:
    answer = await client.get(PATH, headers=headers, params={"code": code})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
async def client(world: "World") -> AsyncIterator[AsyncClient]:
    async with world.client() as opened:
        yield opened


def put_on_goods(world: "World", run: int) -> None:
    """A file of 60 stamps was printed, 40 are on packs, 5 spoiled."""
    with world.services.sessions() as session:
        printed = session.get_one(Run, run)
        session.add(
            PrintJob(
                run=run, first=1, last=60, kind="pdf", settings="{}", state=JobState.CONFIRMED,
                created_at=world.now, confirmed_at=world.now,
            )
        )  # fmt: skip
        session.flush()
        record(session, world.services.registry, printed, Fate.APPLIED, [(1, 40)], "Mai")
        record(session, world.services.registry, printed, Fate.SPOILED, [(41, 45)], "Mai")
        session.commit()


async def test_a_stamp_against_ledger_and_batch(any_world: "World") -> None:
    """One question: the verdict, this stamp's state, the run's states, the diary, the papers; it counts as no check."""
    world = any_world
    run = world.run(100)
    put_on_goods(world, run)
    async with world.client() as client:
        inspector = key_of(world, KeyRole.INSPECTOR)
        told = await ask(client, inspector, world.code(run, 7))
        assert (told["verdict"], told["history"]["checks"]) == ("genuine", 0)
        held = told["record"]
        assert (held["state"], held["state_words"]["vi"]) == ("applied", "đã dán")
        [only] = held["runs"]
        assert (only["run"], only["ordered"], only["logged"], only["reason"]) == (run, 100, True, None)
        states = {one["state"]: one["count"] for one in only["states"]}
        assert states == {"ordered": 40, "printed": 15, "applied": 40, "spoiled": 5}
        assert sum(states.values()) == only["ordered"]
        assert held["quantity"]["vi"] == "1.000 kg"
        assert held["questions"] == []
        [harvest] = held["events"]
        assert (harvest["title"]["vi"], harvest["on"]) == ("Thu hoạch", "2026-05-06")
        assert harvest["text"] == "Hái tay lúc sáng sớm"
        [paper] = held["papers"]
        assert (paper["kind"], paper["in_force"], paper["vouching"], paper["valid_until"]) == (
            "ocop",
            True,
            "self_declared",
            "2027-12-31",
        )
        assert [one["key"] for one in held["checklists"]] == ["circular", "passport", "label"]
        spoiled = await ask(client, inspector, world.number(run, 41))
        assert (spoiled["verdict"], spoiled["record"]["state"]) == ("not_applied", "spoiled")
        with world.services.sessions() as session:
            assert session.scalar(select(func.count()).select_from(StampEvent)) == 0


async def test_figures_that_do_not_fit(world: "World", client: AsyncClient) -> None:
    """More ordered than the batch fills, with the reason that was given; more came out of a step than went in."""
    run = world.run(10_000)
    with world.services.sessions() as session:
        batch = session.get_one(Run, run).batch
        batch.quantity = Decimal(100)
        packed = Event(step=Step.PACKING, at=world.now, recorded_by=batch.party_id, recorded_at=world.now)
        packed.text = "Đóng gói"
        packed.lines = [
            line(LineRole.IN, "Chè", quantity=Decimal(100), unit="KGM"),
            line(LineRole.OUT, "Chè", quantity=Decimal(120), unit="KGM"),
        ]
        packed.seal()
        batch.events.append(packed)
        session.get_one(Run, run).override_reason = "Hội chợ tuần sau"
        session.commit()
    held = (await ask(client, key_of(world, KeyRole.INSPECTOR), world.code(run)))["record"]
    said = {one["rule"]: one["words"] for one in held["questions"]}
    assert said["over_ordered"]["vi"] == (
        "Số tem đã đặt nhiều hơn số gói theo khối lượng lô: 10.000 × 0,1 kg = 1.000 kg; lô có 100 kg (cộng 2 % dự "
        "phòng tem hỏng là 102 kg)."
    )
    assert "120 kg" in said["gave_more"]["vi"]
    assert held["runs"][0]["reason"] == "Hội chợ tuần sau"
    assert [one["title"]["en"] for one in held["balance"]][-1] == "The whole batch"
    assert held["events"][-1]["amounts"] == [{"vi": "Chè 120 kg", "en": "Chè 120 kg"}]


async def test_the_way_of_the_goods(
    world: "World", client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the issuer's own source its days; of another's one step back product, lot, day and maker, no diary."""
    run = world.run()
    with world.services.sessions() as session:
        batch = session.get_one(Run, run).batch
        other = Party(code="HTX-XA", kind=PartyKind.COOPERATIVE, name="HTX Xa", province="14")
        session.add(other)
        session.flush()
        far = Product(party_id=other.id, code="LA", name="Chè lá", base_unit="KGM")
        session.add(far)
        session.flush()
        for party, product, lot in ((batch.party_id, batch.product_id, "L00"), (other.id, far.id, "X9")):
            source = Batch(
                party_id=party, product_id=product, lot=lot, quantity=Decimal(5), unit="KGM",
                made_on=dt.date(2026, 4, 2), address="Thôn Xa",
            )  # fmt: skip
            picked = Event(step=Step.HARVEST, at=world.now - dt.timedelta(days=40), recorded_by=party)
            picked.text, picked.actor, picked.recorded_at = "Hái ở nương xa", "Hộ Ông Năm", world.now
            picked.seal()
            source.events.append(picked)
            session.add(source)
            session.flush()
            batch.sources.append(BatchSource(source_id=source.id, quantity=Decimal(1), unit="KGM"))
        session.commit()
    inspector = key_of(world, KeyRole.INSPECTOR)
    told = await client.get(PATH, headers=inspector, params={"code": world.code(run)})
    events = told.json()["record"]["events"]
    assert [(one["title"]["vi"], one["lot"], one["organisation"]) for one in events] == [
        ("Làm ra lô", "L00", ""),
        ("Làm ra lô", "X9", "HTX Xa"),
        ("Thu hoạch", "L00", ""),
        ("Thu hoạch", None, ""),
    ]
    assert "Hái ở nương xa" not in told.text
    for name in ("Hộ Ông Năm", "Hộ Bà Sáu"):
        assert name not in told.text, "who wrote it down is nobody's business here"
    monkeypatch.setattr(inspecting, "MOST_EVENTS", 2)
    held = (await ask(client, inspector, world.code(run)))["record"]
    assert (len(held["events"]), held["cut"], held["events"][-1]["text"]) == (2, True, "Hái tay lúc sáng sớm")


async def test_a_batch_of_many_sources(
    world: "World", client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than the page's table has lines for: all are told, and where events were not followed to their end."""
    run = world.run()
    with world.services.sessions() as session:
        batch = session.get_one(Run, run).batch
        for number in range(ROWS + 5):
            source = Batch(
                party_id=batch.party_id, product_id=batch.product_id, lot=f"N{number:02}", quantity=Decimal(5),
                unit="KGM", made_on=dt.date(2026, 4, 2),
            )  # fmt: skip
            session.add(source)
            session.flush()
            batch.sources.append(BatchSource(source_id=source.id, quantity=Decimal(1), unit="KGM"))
        session.commit()
    inspector = key_of(world, KeyRole.INSPECTOR)
    held = (await ask(client, inspector, world.code(run)))["record"]
    lots = {one["lot"] for one in held["events"] if one["lot"]}
    assert (lots, held["cut"]) == ({f"N{number:02}" for number in range(ROWS + 5)}, False)
    with world.services.sessions() as session:
        batch = session.get_one(Run, run).batch
        made = Batch(
            party_id=batch.party_id, product_id=batch.product_id, lot="M", quantity=Decimal(5), unit="KGM",
            made_on=dt.date(2026, 5, 2),
        )  # fmt: skip
        session.add(made)
        session.flush()
        made.sources.append(BatchSource(source_id=batch.id, quantity=Decimal(1), unit="KGM"))
        session.commit()
    monkeypatch.setattr(inspecting, "EVENTS_BOUNDS", Bounds(nodes=1))
    assert (await ask(client, inspector, world.code(run)))["record"]["cut"]


async def test_where_the_goods_went(world: "World", client: AsyncClient) -> None:
    """One step forward: batches made of it by name, customers counted and not named; no further."""
    runs = [world.run(lot=lot) for lot in ("L01", "L02", "L03")]
    with world.services.sessions() as session:
        first, second, third = (session.get_one(Run, run).batch for run in runs)
        for source, made in ((first, second), (second, third)):
            session.add(BatchSource(batch_id=made.id, source_id=source.id, quantity=Decimal(500), unit="KGM"))
        for days, partner in ((3, "Chị Hoa"), (1, "Siêu thị Xanh")):
            at = world.now - dt.timedelta(days=days)
            sent = Event(
                step=Step.TRANSPORT, at=at, recorded_by=first.party_id, recorded_at=at, text="Giao hàng"
            )
            sent.lines = [line(LineRole.SENT, "Chè", partner=partner, quantity=Decimal("1.5"), unit="KGM")]
            sent.seal()
            first.events.append(sent)
        session.commit()
    answer = await client.get(
        PATH, headers=key_of(world, KeyRole.INSPECTOR), params={"code": world.code(runs[0])}
    )
    events = answer.json()["record"]["events"]
    assert [(one["title"]["vi"], one["lot"], [a["vi"] for a in one["amounts"]]) for one in events] == [
        ("Dùng vào lô", "L02", ["500 kg"]),
        ("Thu hoạch", None, []),
        ("Đã giao hàng 2 lần, lần cuối hôm đó", None, ["3 kg"]),
    ]
    assert events[-1]["on"] == "2026-05-25"
    for name in ("Chị Hoa", "Siêu thị Xanh"):
        assert name not in answer.text


async def test_to_whom_by_events(world: "World", client: AsyncClient) -> None:
    """What a partner's EPCIS events say of the batch's goods: the receiver by name where its GLN is known."""
    run = world.run(lot="L01")
    with world.services.sessions() as session:
        maker = session.query(Party).filter_by(code="HTX-MAU").one()
        session.add(Party(code="SIEU-THI", kind=PartyKind.SHOP, name="Siêu thị Xanh", gln="8938505970004"))
        event = {
            "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],
            "type": "ObjectEvent",
            "action": "OBSERVE",
            "bizStep": "shipping",
            "eventTime": "2026-05-20T03:00:00+07:00",
            "eventTimeZoneOffset": "+07:00",
            "quantityList": [
                {"epcClass": f"https://id.gs1.org/01/{GTIN}/10/L01", "quantity": 2, "uom": "KGM"}
            ],
            "destinationList": [
                {"type": "owning_party", "destination": "https://id.gs1.org/417/8938505970004"}
            ],
        }
        _, captured = capture(session, maker.id, json.dumps(event), now=world.now)
        assert captured.success, captured
        session.commit()
    held = (await ask(client, key_of(world, KeyRole.INSPECTOR), world.code(run)))["record"]
    told = held["events"][-1]
    assert (told["title"]["en"], told["on"], told["place"]) == (
        "Handed over by EPCIS events: 1, the last that day",
        "2026-05-20",
        "Siêu thị Xanh",
    )


async def test_papers_that_ran_out_and_recalls(world: "World", client: AsyncClient) -> None:
    """What is in force first; a recall is in the verdict."""
    run = world.run()
    world.notify(run, NoticeKind.RECALL)
    with world.services.sessions() as session:
        party = session.query(Party).filter_by(code="HTX-MAU").one()
        session.add(
            Paper(
                party_id=party.id, code="GAP", kind=PaperKind.VIETGAP, number="VG-1", issued_on=dt.date(2023, 1, 1),
                valid_until=dt.date(2026, 5, 25),
            )
        )  # fmt: skip
        session.commit()
    told = await ask(client, key_of(world, KeyRole.INSPECTOR), world.code(run))
    assert told["verdict"] == "recalled"
    assert [(one["kind"], one["in_force"]) for one in told["record"]["papers"]] == [
        ("ocop", True),
        ("vietgap", False),
    ]


async def test_who_may_ask(any_world: "World") -> None:
    """401 without a key, 403 for a till or a packer; an officer and a producer as far as they may see; else 404."""
    world = any_world
    run = world.run()
    code = world.code(run)
    with world.services.sessions() as session:
        office = Party(code="LM2", kind=PartyKind.PROVINCIAL_ALLIANCE, name="LM khác", province="14")
        session.add(office)
        session.flush()
        session.add(Party(code="HTX-XA", kind=PartyKind.COOPERATIVE, name="HTX Xa", alliance_id=office.id))
        session.commit()
    async with world.client() as client:
        assert (await client.get(PATH, params={"code": code})).status_code == 401
        for role, organisation, status in (
            (KeyRole.TILL, "HTX-MAU", 403),
            (KeyRole.PACKER, "HTX-MAU", 403),
            (KeyRole.PRODUCER, "HTX-MAU", 200),
            (KeyRole.PRODUCER, "HTX-XA", 404),
            (KeyRole.OFFICER, "LM", 200),
            (KeyRole.OFFICER, "LM2", 404),
            (KeyRole.INSPECTOR, "LM2", 200),
            (KeyRole.OPERATOR, "LM", 200),
        ):
            answer = await client.get(PATH, headers=key_of(world, role, organisation), params={"code": code})
            assert answer.status_code == status, (role, organisation, answer.text)
            assert ("record" in answer.json()) == (status == 200)


async def test_what_is_no_stamp_of_ours(world: "World", client: AsyncClient) -> None:
    """Judged and nothing more: who forges a code learns nothing of the run it names. A slip is no question."""
    run = world.run()
    inspector = key_of(world, KeyRole.INSPECTOR)
    for code, verdict in (
        (world.forged(run), "forged"),
        (world.wrong_number(run), "forged"),
        ("https://example.com/", "not_ours"),
        ("\x00", "not_ours"),
    ):
        told = await ask(client, inspector, code)
        assert (told["verdict"], told["record"]) == (verdict, None)
    assert (
        await client.get(PATH, headers=inspector, params={"code": "0000 0W00 00F8 3G5I"})
    ).status_code == 422
    assert (await client.get(PATH, headers=inspector, params={"code": "x" * 2_001})).status_code == 422
    assert (await client.get(PATH, headers=inspector)).status_code == 422
