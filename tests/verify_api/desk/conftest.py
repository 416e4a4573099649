"""A desk with people at it: an alliance, two cooperatives, batches and papers, on a real database."""

import asyncio
import datetime as dt
import html
import json
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.log.witness_client import LocalWitness
from temthat_stamps.runs.custody import ISSUER_KEY_LIFE, request_issuer_key
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.runs.produce import PrintSettings
from temthat_stamps.runs.records import JobState, PrintJob
from temthat_stamps.runs.register import register_run
from temthat_stamps.runs.registry import Registry
from temthat_stamps.sealing import Sealer
from temthat_trace.batches import Batch
from temthat_trace.database import make_engine
from temthat_trace.events import Event, Step
from temthat_trace.papers import Paper, PaperKind
from temthat_trace.parties import PRODUCERS, Party, PartyKind
from temthat_trace.products import PackForm, PackKind, Product
from temthat_trace.search import search_key
from temthat_verify_api.accounts import Person, Role
from temthat_verify_api.desk.router import install
from temthat_verify_api.passwords import hash_secret
from temthat_verify_api.permissions import ALLIANCES
from temthat_verify_api.press import PressWorker
from temthat_verify_api.sessions import open_session
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.wiring import Services, build_services

NOW = dt.datetime(2026, 11, 22, 2, 0, tzinfo=dt.UTC)
PASSWORD = "đồi chè xanh mướt"
_HASH = hash_secret(PASSWORD)

CLERK, ADMIN, OFFICER, NEIGHBOUR, FAR_OFFICER, INSPECTOR = (f"091200000{n}" for n in range(1, 7))


@dataclass
class Office:
    """The application, its services, its clock, and browsers for those who sign in."""

    app: FastAPI
    services: Services
    press: PressWorker
    clock: list[dt.datetime] = field(default_factory=lambda: [NOW])

    def browser(self, phone: str | None = None, **options: Any) -> "Browser":
        """A fresh browser, signed in if a phone number is given."""
        browser = Browser(Client(self.app, **options))
        if phone:  # as signing in does, without the hash that makes it slow
            with self.session() as session:
                person = session.scalars(select(Person).where(Person.phone == "+84" + phone[1:])).one()
                token = open_session(session, person, self.clock[0])
                session.commit()
            browser.client.http.cookies.set("temthat_desk", token, domain="desk.test")
        return browser

    def session(self) -> Session:
        """A database session of the test's own."""
        return self.services.sessions()

    def batch_id(self, lot: str = "DE-2611") -> uuid.UUID:
        """A batch by its lot."""
        with self.session() as session:
            return session.scalars(select(Batch.id).where(Batch.lot == lot)).one()

    def form_id(self, code: str) -> uuid.UUID:
        """A pack form by its code."""
        with self.session() as session:
            return session.scalars(select(PackForm.id).where(PackForm.code == code)).one()

    def party_id(self, code: str) -> uuid.UUID:
        """An organisation by its code."""
        with self.session() as session:
            return session.scalars(select(Party.id).where(Party.code == code)).one()

    def person_id(self, phone: str) -> uuid.UUID:
        """A person by the number as typed."""
        with self.session() as session:
            return session.scalars(select(Person.id).where(Person.phone == "+84" + phone[1:])).one()

    def forward(self, **step: float) -> None:
        """Let time pass."""
        self.clock[0] += dt.timedelta(**step)

    def printed(self, count: int = 100, state: JobState = JobState.CONFIRMED, lot: str = "DE-2611") -> int:
        """A run with all its stamps in one print file on sheets of 24; its number. No file is made of it."""
        with self.session() as session:
            batch = session.get_one(Batch, self.batch_id(lot))
            form = min(batch.product.pack_forms, key=lambda form: form.kind is PackKind.CASE)
            run = register_run(session, self.services.registry, batch, form, count).run
            released = self.clock[0] if state in (JobState.READY, JobState.CONFIRMED) else None
            confirmed = self.clock[0] if state is JobState.CONFIRMED else None
            job = PrintJob(
                run=run, first=1, last=count, kind="pdf", settings=json.dumps(asdict(PrintSettings())),
                state=state, created_at=self.clock[0], released_at=released, confirmed_at=confirmed,
            )  # fmt: skip
            session.add(job)
            session.commit()
        return run


_ORDER_FIELDS = ("form", "runs", "method", "count")


class Client:
    """Straight into the application, cookies kept, redirects not followed."""

    def __init__(self, app: FastAPI, **options: Any) -> None:
        transport = ASGITransport(app, client=("203.0.113.77", 50_000))
        self.http = AsyncClient(transport=transport, base_url="http://desk.test", **options)

    def get(self, path: str, **options: Any) -> Response:
        """GET."""
        return asyncio.run(self.http.get(path, **options))

    def post(self, path: str, **options: Any) -> Response:
        """POST."""
        return asyncio.run(self.http.post(path, **options))


@dataclass
class Browser:
    """What a person does: open pages, fill in forms. The form token is taken from the page, as a browser does."""

    client: Client

    def open(self, path: str) -> Response:
        """GET, without following."""
        return self.client.get(path)

    def token(self, path: str) -> str:
        """The form token of a page."""
        found = re.search(r'name="form" value="([0-9a-f]{32})"', self.client.get(path).text)
        assert found, f"no form on {path}"
        return found[1]

    def submit(self, to: str, at: str | None = None, files: Any = None, **fields: str) -> Response:
        """Open the page with the form, then post it."""
        data = {"form": self.token(at or to), **fields}
        return self.client.post(to, data=data, files=files)

    def follow(self, answer: Response) -> Response:
        """Where a redirect leads."""
        assert answer.status_code == 303, answer.text
        return self.client.get(answer.headers["location"])

    def order(self, path: str, **fields: str) -> Response:
        """Fill in the order form as it stands, with some fields changed, and post it."""
        page = self.client.get(path).text
        inputs = re.findall(r'<input[^>]*? name="([^"]+)"[^>]*? value="([^"]*)"', page)
        filled = {name: html.unescape(value) for name, value in inputs if name in _ORDER_FIELDS}
        return self.client.post(path, data={**filled, **fields})

    def wait_for_job(self, path: str) -> str:
        """Reload a job's page until it no longer reloads itself; its text."""
        for _ in range(2_400):
            page = self.client.get(path).text
            if 'http-equiv="refresh"' not in page:
                return page
            time.sleep(0.05)
        raise AssertionError("the job did not end")


class NoStore:
    """The hot store's place; the desk never asks it."""

    async def look_up(
        self, run: int, serial: int, receipt: bytes | None = None, now: dt.datetime | None = None
    ) -> Any:
        raise AssertionError

    async def record(self, event: Any) -> bool:
        raise AssertionError

    async def close(self) -> None:
        return


def _party(session: Session, code: str, kind: PartyKind, name: str, **more: Any) -> Party:
    party = Party(code=code, kind=kind, name=name, search=search_key(name), is_sample=True, **more)
    session.add(party)
    session.flush()
    return party


def _person(session: Session, phone: str, name: str, party: Party, role: Role) -> None:
    number = "+84" + phone[1:]
    session.add(
        Person(phone=number, name=name, party_id=party.id, role=role, password_hash=_HASH, created_at=NOW)
    )


def _product(
    session: Session, party: Party, code: str, name: str, unit: str, forms: list[PackForm]
) -> Product:
    product = Product(party_id=party.id, code=code, name=name, search=search_key(name), base_unit=unit)
    product.pack_forms = forms
    session.add(product)
    session.flush()
    return product


def _batch(session: Session, product: Product, lot: str, quantity: str, unit: str, made: dt.date) -> Batch:
    batch = Batch(
        party_id=product.party_id,
        product_id=product.id,
        lot=lot,
        quantity=Decimal(quantity),
        unit=unit,
        made_on=made,
        expires_on=made + dt.timedelta(days=180),
        address="Thôn Khau Đêng, xã Kháng Chiến, Lạng Sơn",
        province="20",
    )
    for days, step, text in (
        (20, Step.HARVEST, "Nhặt hạt rụng, phơi nắng nhẹ"),
        (3, Step.PACKING, "Đóng túi, hàn miệng"),
    ):
        event = Event(
            step=step,
            at=NOW - dt.timedelta(days=days),
            text=text,
            actor="Tổ 2",
            recorded_by=product.party_id,
            recorded_at=NOW,
        )
        event.seal()
        batch.events.append(event)
    session.add(batch)
    session.flush()
    return batch


def populate(session: Session) -> None:
    """The sample records."""
    national = _party(session, "LMVN", PartyKind.NATIONAL_ALLIANCE, "Liên minh HTX Việt Nam (mẫu)")
    alliance = _party(
        session,
        "LM20",
        PartyKind.PROVINCIAL_ALLIANCE,
        "Liên minh HTX tỉnh Lạng Sơn (mẫu)",
        province="20",
        alliance_id=national.id,
    )
    far = _party(
        session,
        "LM04",
        PartyKind.PROVINCIAL_ALLIANCE,
        "Liên minh HTX tỉnh Cao Bằng (mẫu)",
        province="04",
        alliance_id=national.id,
    )
    inspectors = _party(session, "QLTT", PartyKind.INSPECTOR, "Quản lý thị trường (mẫu)", province="20")
    htx = _party(
        session,
        "HTX-DE",
        PartyKind.COOPERATIVE,
        "HTX Nông nghiệp Đồi Dẻ (mẫu)",
        address="xã Kháng Chiến, Lạng Sơn",
        province="20",
        alliance_id=alliance.id,
    )
    other = _party(
        session,
        "HTX-NA",
        PartyKind.COOPERATIVE,
        "HTX Na Bản Lìm (mẫu)",
        province="20",
        alliance_id=alliance.id,
    )
    _person(session, CLERK, "Hoàng Thị Mai", htx, Role.CLERK)
    _person(session, ADMIN, "Lý Văn Hùng", htx, Role.ADMIN)
    _person(session, OFFICER, "Vi Thị Lan", alliance, Role.OFFICER)
    _person(session, NEIGHBOUR, "Nông Văn Páo", other, Role.ADMIN)
    _person(session, FAR_OFFICER, "Bế Văn Tài", far, Role.OFFICER)
    _person(session, INSPECTOR, "Trần Văn Kiểm", inspectors, Role.INSPECTOR)

    bag = PackForm(code="TUI500", name="Túi 500 g", net_content=Decimal(500), net_unit="GRM")
    case = PackForm(code="THUNG20", name="Thùng 20 túi", kind=PackKind.CASE, holds=20)
    chestnut = _product(session, htx, "DE", "Hạt dẻ sấy", "KGM", [bag, case])
    case.inner = bag
    jar = PackForm(code="CHAI350", name="Chai 350 ml", net_content=Decimal(350), net_unit="MLT")
    honey = _product(session, htx, "MAT", "Mật ong hoa rừng", "LTR", [jar])
    apple = _product(
        session,
        other,
        "NA",
        "Na dai",
        "KGM",
        [PackForm(code="HOP2", name="Hộp 2 kg", net_content=Decimal(2), net_unit="KGM")],
    )
    _batch(session, chestnut, "DE-2611", "120", "KGM", dt.date(2026, 11, 19))
    _batch(session, honey, "MAT-2610", "70", "LTR", dt.date(2026, 10, 5))
    _batch(session, apple, "NA-2609", "400", "KGM", dt.date(2026, 9, 1))
    session.add(
        Paper(
            party_id=htx.id,
            product_id=chestnut.id,
            code="OCOP-1",
            kind=PaperKind.OCOP,
            number="1234/QĐ-UBND",
            authority="UBND tỉnh Lạng Sơn",
            issued_on=dt.date(2025, 3, 1),
            valid_until=dt.date(2028, 2, 29),
            stars=4,
        )
    )
    session.add(
        Paper(
            party_id=htx.id,
            code="ATTP-1",
            kind=PaperKind.FOOD_SAFETY,
            number="55/2023/NNPTNT-LS",
            authority="Sở Nông nghiệp và Môi trường",
            issued_on=dt.date(2023, 5, 1),
            valid_until=dt.date(2026, 5, 1),
        )
    )


def enrol(session: Session, registry: Registry) -> None:
    """Every producer and alliance has a key that its province stands behind, as if approved long ago."""
    for party in session.scalars(select(Party).where(Party.kind.in_([*PRODUCERS, *ALLIANCES]))):
        key = request_issuer_key(session, registry, party)
        key.delegated_from, key.valid_until = 0, NOW + ISSUER_KEY_LIFE


def build_office(
    database_url: str, folder: Path, *, populated: bool = False, real_time: bool = False, **settings: Any
) -> Office:
    """An office on a database that has its schema; its clock stands at `NOW` unless it is the real one."""
    values: dict[str, Any] = {"host": "tem.example.vn", "secure_cookies": False, **settings}
    configured = Settings(mode="demo", database_url=database_url, data_dir=folder, **values)
    clock = [NOW]
    log_key = log_signer(Sealer(load_master_key(configured, create=True)), configured.origin).key
    witness = LocalWitness.new(folder / "witness", "witness.test", [log_key])
    configured = configured.model_copy(update={"witnesses": (f"{witness.key} local:{folder / 'witness'}",)})
    now = (lambda: dt.datetime.now(dt.UTC)) if real_time else (lambda: clock[0])
    services = replace(build_services(configured, now), store=NoStore())
    with services.sessions() as session:
        if not populated:
            populate(session)
        enrol(session, services.registry)
        session.commit()
    services.book.open()
    app = FastAPI()
    app.state.services = services
    press = install(app, services)
    return Office(app, services, press, clock)


@pytest.fixture(scope="session")
def _populated(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the sample records, made once and copied for each test."""
    path = tmp_path_factory.mktemp("office") / "temthat.db"
    shutil.copy(_sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    with Session(engine) as session:
        populate(session)
        session.commit()
    engine.dispose()
    return path


@pytest.fixture
def office(_populated: Path, tmp_path: Path) -> Iterator[Office]:
    """An office on SQLite, its clock in the test's hands."""
    shutil.copy(_populated, tmp_path / "temthat.db")
    built = build_office(f"sqlite:///{tmp_path / 'temthat.db'}", tmp_path / "data", populated=True)
    yield built
    built.press.close()
    built.services.engine.dispose()


@pytest.fixture
def any_office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    """An office: the test runs once on SQLite and once on PostgreSQL."""
    built = build_office(database_url, tmp_path / "data")
    yield built
    built.press.close()
    built.services.engine.dispose()
