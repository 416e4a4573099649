"""Signals and alerts in a small world, told as short sentences."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from temthat_stamps.copies.campaigns import AlertState
from temthat_stamps.copies.records import signal
from temthat_trace.parties import Party
from temthat_verify_api.alerts.records import Alert, AlertSubscription, Way
from temthat_verify_api.alerts.rounds import sweep
from temthat_verify_api.alerts.sweeping import Swept

from ..conftest import World


@dataclass
class Watch:
    """A world whose stamps give signals; the thread's work is done by hand."""

    world: World
    run: int = field(init=False)

    def __post_init__(self) -> None:
        self.run = self.world.run()

    def signal(
        self, serial: int, kind: str, day: float = 0, province: str | None = "01", run: int = 0
    ) -> None:
        """A signal `day` days from now on the world's clock."""
        with self.world.services.sessions() as session:
            at = self.world.now + dt.timedelta(days=day)
            signal(session, run or self.run, serial, kind, at, province)
            session.commit()

    def sweep(self) -> tuple[int, int, int]:
        """A round: alerts opened, reopened, signals joined."""
        done: Swept = sweep(self.world.services)
        return done.opened, done.reopened, done.joined

    def alerts(self) -> list[Alert]:
        """All that were not merged, the oldest first."""
        with self.world.services.sessions() as session:
            query = select(Alert).where(Alert.merged_into.is_(None)).order_by(Alert.id)
            return list(session.scalars(query))

    def subscribe(self, code: str, way: Way, dest: str, secret: str = "") -> Any:
        """A party wants to be told."""
        services = self.world.services
        with services.sessions() as session:
            party = session.scalars(select(Party).where(Party.code == code)).one()
            made = AlertSubscription(
                party_id=party.id, way=way, dest=dest, created_at=self.world.now, due_at=self.world.now
            )
            session.add(made)
            session.flush()
            if secret:
                made.sealed_secret = services.sealer.seal(f"alert-subscription:{made.id}", secret.encode())
            session.commit()
            return made.id

    def say(self, state: AlertState) -> None:
        """Somebody moves every alert on."""
        with self.world.services.sessions() as session:
            for alert in session.scalars(select(Alert)):
                alert.state = state
            session.commit()
