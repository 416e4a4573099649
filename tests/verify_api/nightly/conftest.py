"""Stamps with a past: events and the state they leave, written as the hot store leaves them."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.history import History
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.places import of_province
from temthat_stamps.copies.records import StampEvent, StampState
from temthat_stamps.copies.state import State
from temthat_stamps.runs.records import Run
from temthat_stamps.verdict import Asker
from temthat_trace.batches import Batch
from temthat_trace.database import make_engine, make_sessions
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import PackForm, Product
from temthat_verify_api.nightly.records import Night
from temthat_verify_api.nightly.work import NightWork

NOW = dt.datetime(2026, 5, 26, 3, 0, tzinfo=dt.UTC)
KEPT_DAYS = 90
MODEL = Model()


@dataclass(frozen=True)
class Happened:
    """One event, `days` ago, seen in a province by a phone."""

    days: float
    province: str = "01"
    phone: str | None = "a"
    event: StampEventKind = StampEventKind.CHECK

    def at(self, now: dt.datetime) -> dt.datetime:
        return now - dt.timedelta(days=self.days)


@dataclass
class Past:
    """Writes pasts of stamps of one product and reads what is left of them. `now` is a clock that tests move."""

    sessions: sessionmaker[Session]
    now: dt.datetime = NOW

    def __post_init__(self) -> None:
        party = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX Chè mẫu", province="01")
        product = Product(party=party, code="CHE", name="Chè búp", base_unit="KGM")
        self.form = PackForm(product=product, code="G100", name="Gói 100 g")
        with self.sessions() as session:
            session.add_all([party, product, self.form])
            session.commit()

    def forward(self, **step: float) -> None:
        """Let time pass."""
        self.now += dt.timedelta(**step)

    def run(self, count: int = 100) -> int:
        """A run of a batch of its own, as far as the night looks at it; its number."""
        with self.sessions() as session:
            number = (session.scalars(select(func.max(Run.run))).one() or 0) + 1
            form = session.get_one(PackForm, self.form.id)
            party = form.product.party
            batch = Batch(
                party_id=party.id, product_id=form.product_id, lot=f"L{number}", quantity=Decimal(1000),
                unit="KGM", made_on=NOW.date(), address="Xã Ba Vì", province="01",
            )  # fmt: skip
            session.add(batch)
            session.flush()
            session.add(
                Run(
                    run=number, party_id=party.id, batch_id=batch.id, pack_form_id=form.id, count=count,
                    sealed_secret=b"", registered_at=NOW,
                )
            )  # fmt: skip
            session.commit()
            return number

    def write(self, run: int, serial: int, happened: Sequence[Happened]) -> None:
        """The events of one stamp, and its state after them."""
        self.write_all(run, {serial: happened})

    def write_all(self, run: int, stamps: Mapping[int, Sequence[Happened]]) -> None:
        """The same for many stamps."""
        with self.sessions() as session:
            for serial, happened in stamps.items():
                session.add_all(self._rows(run, serial, happened))
            session.commit()

    def _rows(self, run: int, serial: int, happened: Sequence[Happened]) -> list[StampEvent | StampState]:
        history, rows = History(MODEL), list[StampEvent]()
        for one in happened:
            at = one.at(self.now)
            receipt = one.phone.encode().ljust(16, b".") if one.phone else None
            event_id = uuid7(int(at.timestamp() * 1000))
            rows.append(
                StampEvent(
                    run=run, serial=serial, id=event_id, at=at, event=one.event, kind=Asker.CONSUMER,
                    place=one.province or None, receipt=receipt, verdict="genuine",
                )
            )  # fmt: skip
            history.add(
                ScanEvent(
                    int(at.timestamp()),
                    Asker.CONSUMER,
                    one.event,
                    receipt.hex() if receipt else None,
                    of_province(one.province) if one.province else None,
                    str(event_id),
                )
            )
        times = [row.at for row in rows if row.event is StampEventKind.CHECK]
        state = StampState(
            run=run,
            serial=serial,
            checks=len(times),
            first_at=min(times, default=None),
            last_at=max(times, default=None),
            copy_live=history.live.encode(),
            copy_frozen=history.frozen.encode(),
            copy_horizon=history.horizon,
        )
        return [*rows, state]

    def ages(self, run: int, serial: int = 1) -> list[float]:
        """How many days ago what is left of a stamp's events happened, oldest first."""
        with self.sessions() as session:
            query = select(StampEvent.at).where(StampEvent.run == run, StampEvent.serial == serial)
            return sorted(
                ((self.now - at) / dt.timedelta(days=1) for at in session.scalars(query)), reverse=True
            )

    def state(self, run: int, serial: int = 1) -> StampState:
        with self.sessions() as session:
            return session.get_one(StampState, (run, serial))

    def live(self, run: int, serial: int = 1) -> State:
        return State.decode(self.state(run, serial).copy_live or b"")

    def events(self) -> int:
        with self.sessions() as session:
            return session.scalars(select(func.count()).select_from(StampEvent)).one()

    def night(self, kept_days: int = KEPT_DAYS) -> Night:
        """One night's work, now."""
        return self.work(kept_days=kept_days).do()

    def work(self, is_over: Callable[[], bool] = lambda: False, kept_days: int = KEPT_DAYS) -> NightWork:
        return NightWork(self.sessions, kept_days, lambda: self.now, is_over)


@contextmanager
def _opened(url: str) -> Iterator[Past]:
    engine = make_engine(url)
    yield Past(make_sessions(engine))
    engine.dispose()


@pytest.fixture
def past(sqlite_url: str) -> Iterator[Past]:
    """On SQLite."""
    with _opened(sqlite_url) as past:
        yield past


@pytest.fixture
def any_past(database_url: str) -> Iterator[Past]:
    """On SQLite and on PostgreSQL."""
    with _opened(database_url) as past:
        yield past
