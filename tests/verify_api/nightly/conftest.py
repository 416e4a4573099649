"""Stamps with a past: events and the state they leave, written as the hot store leaves them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.history import History
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.places import of_province
from temthat_stamps.copies.records import StampEvent, StampState
from temthat_stamps.copies.state import State
from temthat_stamps.verdict import Asker
from temthat_trace.ids import uuid7
from temthat_verify_api.nightly.records import Night
from temthat_verify_api.nightly.work import NightWork

from ..conftest import World

KEPT_DAYS = 90


@dataclass(frozen=True)
class Happened:
    """One event, `days` ago, seen in a province by a phone."""

    days: float
    province: str = "01"
    phone: str | None = "a"
    event: StampEventKind = StampEventKind.CHECK

    def at(self, now: dt.datetime) -> dt.datetime:
        return now - dt.timedelta(days=self.days)


@dataclass(frozen=True)
class Past:
    """Writes pasts and reads what is left of them."""

    world: World

    def write(self, run: int, serial: int, happened: Sequence[Happened]) -> None:
        """The events of one stamp, and its state after them."""
        history, rows = History(Model()), []
        for one in happened:
            at = one.at(self.world.now)
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
        with self.world.services.sessions() as session:
            session.add_all([*rows, state])
            session.commit()

    def ages(self, run: int, serial: int = 1) -> list[float]:
        """How many days ago what is left of a stamp's events happened, oldest first."""
        with self.world.services.sessions() as session:
            query = select(StampEvent.at).where(StampEvent.run == run, StampEvent.serial == serial)
            return sorted(
                ((self.world.now - at) / dt.timedelta(days=1) for at in session.scalars(query)), reverse=True
            )

    def state(self, run: int, serial: int = 1) -> StampState:
        with self.world.services.sessions() as session:
            return session.get_one(StampState, (run, serial))

    def live(self, run: int, serial: int = 1) -> State:
        return State.decode(self.state(run, serial).copy_live or b"")

    def events(self) -> int:
        with self.world.services.sessions() as session:
            return session.scalars(select(func.count()).select_from(StampEvent)).one()

    def night(self, kept_days: int = KEPT_DAYS) -> Night:
        """One night's work, now."""
        services = self.world.services
        return NightWork(services.sessions, kept_days, services.now).do()


@pytest.fixture
def past(any_world: World) -> Past:
    """On SQLite and on PostgreSQL."""
    return Past(any_world)
