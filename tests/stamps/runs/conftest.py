"""A cooperative with one product in several pack forms, on SQLite and on PostgreSQL."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from temthat_stamps.code import encode
from temthat_stamps.custody.vault import Vault
from temthat_stamps.log.entries import entry
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.witness_client import LocalWitness
from temthat_stamps.runs.book import LogBook
from temthat_stamps.runs.custody import ISSUER_KEY_LIFE, request_issuer_key, wrapped_stamp_key
from temthat_stamps.runs.operator import log_signer, operator_signer
from temthat_stamps.runs.produce import Press
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.register import register_run
from temthat_stamps.runs.registry import Registry
from temthat_stamps.sealing import Sealer
from temthat_trace.batches import Batch
from temthat_trace.database import make_engine, make_sessions
from temthat_trace.events import Event, Step
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import PackComponent, PackForm, PackKind, Product

NOW = dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)
HOST = "tem.example.vn"
ORIGIN = "tem.example.vn/log"
MASTER_KEY = bytes(range(32))


@dataclass
class Shop:
    """An open session on a database with an alliance, two cooperatives, a product, its pack forms and a batch.

    `item` holds 500 g, `large` 1 kg, `case` 24 of `item`, `pallet` 10 of `case`, `combo` one of `item` and one of
    `large`; the batch has 120 kg. Nothing is committed by the helpers here.
    """

    session: Session
    engine: Engine
    folder: Path
    sealer: Sealer = field(default_factory=lambda: Sealer(MASTER_KEY))
    now: dt.datetime = NOW

    def __post_init__(self) -> None:
        self.sessions: sessionmaker[Session] = make_sessions(self.engine)
        signer = log_signer(self.sealer, ORIGIN)
        witnesses = [
            LocalWitness.new(self.folder / f"witness-{n}", f"w{n}.example", [signer.key]) for n in (1, 2)
        ]
        policy = Policy(ORIGIN, signer.key, tuple(w.key for w in witnesses), 2)
        self.custody = Vault(self.sealer, ORIGIN, policy, self.folder / "signer", now=lambda: self.now)
        self.registry = Registry(
            ORIGIN, self.custody, operator_signer(self.sealer), self.sealer, lambda: self.now
        )
        self.book = LogBook(self.sessions, self.registry, self.folder / "public", signer, policy, witnesses)
        self.alliance = Party(
            code="LM", kind=PartyKind.PROVINCIAL_ALLIANCE, name="Liên minh Mẫu", province="96"
        )
        self.session.add(self.alliance)
        self.session.flush()
        self.enrol(self.alliance)
        self.coop = self.party("HTX-1", "HTX Mẫu")
        self.other = self.party("HTX-2", "HTX Khác")
        self.product = Product(
            party_id=self.coop.id, code="MO", name="Mật ong", base_unit="KGM", gtin="08938505974194"
        )
        self.session.add(self.product)
        self.session.flush()
        self.item = self.form("500G", net_content=Decimal("0.5"), net_unit="KGM")
        self.large = self.form("1KG", net_content=Decimal(1), net_unit="KGM")
        self.case = self.form("T24", kind=PackKind.CASE, inner_id=self.item.id, holds=24)
        self.pallet = self.form("P10", kind=PackKind.CASE, inner_id=self.case.id, holds=10)
        self.combo = self.form("COMBO", kind=PackKind.COMBO)
        for part in (self.item, self.large):
            self.session.add(PackComponent(combo_id=self.combo.id, part_id=part.id, quantity=1))
        self.batch = self.new_batch("L1", Decimal(120))
        self.session.commit()

    def party(self, code: str, name: str, kind: PartyKind = PartyKind.COOPERATIVE) -> Party:
        """A party of the alliance's province."""
        party = Party(code=code, kind=kind, name=name, province="96", alliance_id=self.alliance.id)
        self.session.add(party)
        self.session.flush()
        self.enrol(party)
        return party

    def enrol(self, party: Party) -> None:
        """As if the province had approved the party's key long ago."""
        key = request_issuer_key(self.session, self.registry, party)
        key.delegated_from, key.valid_until = 0, NOW + ISSUER_KEY_LIFE
        self.session.flush()

    def form(self, code: str, kind: PackKind = PackKind.ITEM, **more: object) -> PackForm:
        """A pack form of the product."""
        form = PackForm(product_id=self.product.id, code=code, kind=kind, name=f"Quy cách {code}", **more)
        self.session.add(form)
        self.session.flush()
        return form

    def new_batch(self, lot: str, quantity: Decimal, unit: str = "KGM", events: int = 2) -> Batch:
        """A batch of the cooperative, with dated events."""
        batch = Batch(
            party_id=self.coop.id,
            product_id=self.product.id,
            lot=lot,
            quantity=quantity,
            unit=unit,
            made_on=dt.date(2026, 5, 1),
            expires_on=dt.date(2027, 5, 1),
        )
        self.session.add(batch)
        self.session.flush()
        for number in range(events):
            event = Event(
                batch_id=batch.id,
                step=Step.HARVEST,
                at=NOW - dt.timedelta(days=10 - number),
                text=f"Việc {number}",
                recorded_by=self.coop.id,
                recorded_at=NOW,
            )
            event.seal()
            self.session.add(event)
        self.session.flush()
        self.session.refresh(batch)
        return batch

    def run(
        self, count: int = 10, form: PackForm | None = None, batch: Batch | None = None, **more: object
    ) -> Run:
        """Register a run."""
        return register_run(
            self.session,
            self.registry,
            batch or self.batch,
            form or self.item,
            count,
            **more,  # type: ignore[arg-type]
        )

    def code(self, run: Run, serial: int = 1) -> str:
        """A stamp's 122 characters, as its signer makes them once the run is proved to be logged. Commits."""
        self.session.commit()
        self.book.prove_run(run.run)
        self.session.refresh(run)
        assert run.proof is not None
        [(_, header, signature)] = self.custody.sign_stamps(
            str(run.party_id), wrapped_stamp_key(run.stamp_key), run.run, serial, serial,
            entry(self.session, run.log_index), run.proof,
        )  # fmt: skip
        return encode(header, signature)

    @property
    def press(self) -> Press:
        """A press that prints into the test's folder."""
        return Press(self.sessions, self.registry, self.book.prove_run, self.folder / "prints", HOST, "HTTPS")

    def forward(self, **step: float) -> None:
        """Let time pass."""
        self.now += dt.timedelta(**step)


def open_shop(url: str, folder: Path) -> Iterator[Shop]:
    engine = make_engine(url)
    try:
        with make_sessions(engine)() as session:
            yield Shop(session, engine, folder)
    finally:
        engine.dispose()


@pytest.fixture
def shop(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """The shop, once on each kind of database."""
    yield from open_shop(database_url, tmp_path)


@pytest.fixture
def postgres_shop(postgres_url: str, tmp_path: Path) -> Iterator[Shop]:
    """The shop on PostgreSQL alone, for what a test does to its own process."""
    yield from open_shop(postgres_url, tmp_path)


@pytest.fixture
def sqlite_shop(sqlite_url: str, tmp_path: Path) -> Iterator[Shop]:
    """The shop on SQLite alone, where the database makes no difference."""
    yield from open_shop(sqlite_url, tmp_path)
