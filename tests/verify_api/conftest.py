"""A small world behind a real service: an alliance, a cooperative, a batch, a run, on a real database."""

import datetime as dt
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from temthat_stamps.code import HEADER_SIZE, Header, decode, encode
from temthat_stamps.custody.wrapping import unwrap_stamp_key
from temthat_stamps.log.entries import entry
from temthat_stamps.log.witness_client import LocalWitness
from temthat_stamps.number import Number
from temthat_stamps.runs.custody import ISSUER_KEY_LIFE, request_issuer_key, run_secret, wrapped_stamp_key
from temthat_stamps.runs.notices import notify_batch, notify_run, notify_stamps
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.register import register_run
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import RunSecrets
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.events import Event, Step
from temthat_trace.papers import Paper, PaperKind
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import PackForm, Product
from temthat_trace.repository import confirm_paper
from temthat_verify_api.accounts import KeyRole, issue_api_key
from temthat_verify_api.app import create_app
from temthat_verify_api.demo import house
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.wiring import EMBEDDED_SIGNER, Services, build_services

NOW = dt.datetime(2026, 5, 26, 3, 0, tzinfo=dt.UTC)
HOST = "tem.example.vn"
GTIN = "08938505974194"


@dataclass
class World:
    """The service's parts, a clock that tests move, and the records they speak of."""

    services: Services
    clock: list[dt.datetime] = field(default_factory=lambda: [NOW])
    app: FastAPI = field(init=False)

    def forward(self, **step: float) -> None:
        """Let time pass."""
        self.clock[0] += dt.timedelta(**step)

    @property
    def now(self) -> dt.datetime:
        return self.clock[0]

    def run(
        self,
        count: int = 100,
        *,
        expires_on: dt.date | None = dt.date(2026, 12, 31),
        lot: str = "L01",
        **more: Any,
    ) -> int:
        """Register a run over a batch of its own; its number."""
        with self.services.sessions() as session:
            party = session.query(Party).filter_by(code="HTX-MAU").one()
            form = session.query(PackForm).one()
            batch = Batch(
                party_id=party.id,
                product_id=form.product_id,
                lot=lot,
                quantity=Decimal(1000),
                unit="KGM",
                made_on=dt.date(2026, 5, 1),
                expires_on=expires_on,
                address="Thôn 1, xã Ba Vì, Hà Nội",
                province="01",
            )
            event = Event(
                step=Step.HARVEST,
                at=NOW - dt.timedelta(days=20),
                text="Hái tay lúc sáng sớm",
                actor="Hộ Bà Sáu",
                recorded_by=party.id,
                recorded_at=NOW,
            )
            event.seal()
            batch.events.append(event)
            session.add(batch)
            session.flush()
            run = register_run(session, self.services.registry, batch, form, count, **more)
            session.commit()
            return run.run

    def code(self, run: int, serial: int = 1) -> str:
        """A stamp's 122 characters, signed by the run's own key."""
        services = self.services
        services.book.prove_run(run)
        with services.sessions() as session:
            record = session.get_one(Run, run)
            assert record.proof is not None
            [(_, header, signature)] = services.registry.custody.sign_stamps(
                str(record.party_id), wrapped_stamp_key(record.stamp_key), run, serial, serial,
                entry(session, record.log_index), record.proof,
            )  # fmt: skip
            return encode(header, signature)

    def forged(self, run: int, serial: int = 1) -> str:
        """The same stamp's code with another serial: the signature does not fit."""
        code = decode(self.code(run, serial))
        header = bytearray(code.header.to_bytes())
        header[HEADER_SIZE - 1] ^= 0x55
        return encode(bytes(header), code.signature)

    def number(self, run: int, serial: int = 1) -> str:
        """A stamp's printed number."""
        with self.services.sessions() as session:
            record = session.get_one(Run, run)
            secrets = RunSecrets(run_secret(self.services.sealer, record))
            return str(secrets.number(Header(record.stamp_key.hint, run, serial)))

    def stolen_key(self, run: int) -> Ed25519PrivateKey:
        """The private stamp key of a run, as whoever has both the database and the signer's key gets it."""
        signer = Sealer(self.services.sealer.derive(EMBEDDED_SIGNER))
        with self.services.sessions() as session:
            record = session.get_one(Run, run)
            return unwrap_stamp_key(signer, str(record.party_id), wrapped_stamp_key(record.stamp_key)).key

    def wrong_number(self, run: int, serial: int = 1) -> str:
        """A number typed without a slip, whose seal is not the run's."""
        return str(Number(run, serial, 0x2A5A5A))

    def notify(
        self,
        run: int,
        kind: NoticeKind,
        *,
        serials: tuple[int, int] | None = None,
        reason: str = "contamination",
    ) -> None:
        """A notice on serials, on the run, or (a recall and its lift) on its batch."""
        with self.services.sessions() as session:
            record = session.get_one(Run, run)
            alliance = session.query(Party).filter_by(code="LM").one()
            registry, by = self.services.registry, record.party
            if serials:
                notify_stamps(session, registry, record, *serials, kind, reason, by, second=alliance)
            elif kind in (NoticeKind.RECALL, NoticeKind.LIFT):
                notify_batch(session, registry, record.batch, kind, reason, by, second=alliance)
            else:
                notify_run(session, registry, record, kind, reason, by, second=alliance)
            session.commit()

    def api_key(self, role: KeyRole) -> str:
        """A fresh API key of that role."""
        with self.services.sessions() as session:
            party = session.query(Party).filter_by(code="LM").one()
            token = issue_api_key(session, party, role, "test")
            session.commit()
            return token

    def confirm_paper(self) -> None:
        """The alliance confirms the OCOP certificate for the product."""
        with self.services.sessions() as session:
            paper, product = session.query(Paper).one(), session.query(Product).one()
            confirm_paper(
                session,
                paper,
                product.id,
                session.query(Party).filter_by(code="LM").one(),
                "Cán bộ",
                self.now,
            )
            session.commit()

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
        """A client of the running application; the store is closed when it ends."""
        self.app = create_app(self.services)
        async with running(self.app), self.again(**options) as client:
            yield client

    def again(self, **options: Any) -> httpx.AsyncClient:
        """Another client, as another phone, of the application that runs already."""
        return httpx.AsyncClient(transport=transport(self.app), base_url=f"https://{HOST}", **options)


def transport(app: FastAPI) -> httpx.ASGITransport:
    """Straight into the application, from an address that must never be kept."""
    return httpx.ASGITransport(app, raise_app_exceptions=False, client=("203.0.113.77", 50_000))


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[None]:
    """The application's lifespan."""
    async with app.router.lifespan_context(app):
        yield


def build_world(database_url: str, folder: Path, *, founded: bool = False, **settings: Any) -> World:
    """A world on an empty database that has its schema; `founded`: with a ceremony and trust files, else as if so."""
    configured = Settings(
        mode="demo", database_url=database_url, data_dir=folder, host=HOST, hotline="1900 1234", **settings
    )
    sealer = Sealer(load_master_key(configured, create=True))
    log_key = log_signer(sealer, configured.origin).key
    places = [folder / f"witness-{n}" for n in (1, 2)]
    witnesses = [LocalWitness.new(place, place.name, [log_key]) for place in places]
    configured = configured.model_copy(
        update={"witnesses": tuple(f"{w.key} local:{p}" for w, p in zip(witnesses, places, strict=True))}
    )
    clock = [NOW]
    services = build_services(configured, lambda: clock[0])
    services.book.open()
    with services.sessions() as session:
        alliance = Party(
            code="LM",
            kind=PartyKind.PROVINCIAL_ALLIANCE,
            name="Liên minh HTX mẫu",
            hotline="024 1111",
            province="01",
        )
        session.add(alliance)
        session.flush()
        htx = Party(
            code="HTX-MAU",
            kind=PartyKind.COOPERATIVE,
            name="HTX Chè mẫu",
            hotline="0900 111 222",
            province="01",
            address="Xã Ba Vì, Hà Nội",
            alliance_id=alliance.id,
            is_sample=True,
        )
        session.add(htx)
        session.flush()
        if founded:
            house.delegate(session, services)
        else:
            for party in (alliance, htx):
                key = request_issuer_key(session, services.registry, party)
                key.delegated_from, key.valid_until = 0, NOW + ISSUER_KEY_LIFE
        product = Product(
            party_id=htx.id, code="CHE", name="Chè búp", name_en="Green tea", gtin=GTIN, base_unit="KGM"
        )
        session.add(product)
        session.flush()
        session.add(
            PackForm(
                product_id=product.id,
                code="G100",
                name="Gói 100 g",
                net_content=Decimal("0.1"),
                net_unit="KGM",
            )
        )
        session.add(
            Paper(
                party_id=htx.id,
                product_id=product.id,
                code="OCOP1",
                kind=PaperKind.OCOP,
                number="123/QĐ-UBND",
                authority="UBND mẫu",
                issued_on=dt.date(2025, 1, 1),
                valid_until=dt.date(2027, 12, 31),
                stars=4,
            )
        )
        session.commit()
    return World(services, clock)


@pytest.fixture
def world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A world on SQLite."""
    built = build_world(sqlite_url, tmp_path / "data")
    yield built
    built.services.close()


@pytest.fixture
def founded_world(sqlite_url: str, tmp_path: Path) -> Iterator[World]:
    """A world on SQLite whose keys were delegated in a ceremony, so that it publishes bundles."""
    built = build_world(sqlite_url, tmp_path / "founded-data", founded=True)
    yield built
    built.services.close()


@pytest.fixture
def any_world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """A world, once on SQLite and once on PostgreSQL."""
    built = build_world(database_url, tmp_path / "any-data")
    yield built
    built.services.close()


@pytest.fixture
def anyio_backend() -> str:
    """Coroutine tests (marked anyio) run on asyncio, as the service does."""
    return "asyncio"
