"""The thread that does each night's work once, at an hour when few people check stamps."""

import datetime as dt
import logging

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_trace.formats import local
from temthat_verify_api.nightly.records import Night
from temthat_verify_api.nightly.work import PAUSE, NightStopped, NightTaken, NightWork
from temthat_verify_api.rounds import Rounds
from temthat_verify_api.wiring import Services

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
QUIET_HOURS = range(1, 5)
"""In Vietnam."""
OVERDUE = dt.timedelta(hours=30)
"""A machine that is switched off at night does its work by day."""
LATE = dt.timedelta(hours=36)
"""When it was not done although it was overdue, somebody has to look."""
AGAIN_AFTER = dt.timedelta(minutes=30)


class Nights(Rounds):
    """Looks every minute whether a night is due."""

    def __init__(self, services: Services) -> None:
        super().__init__("nightly work", EVERY_SECONDS)
        self._services = services
        self._not_before: dt.datetime | None = None

    def round(self) -> None:
        """Do the night if it is due. One that fails is tried again after `AGAIN_AFTER`."""
        services = self._services
        if self._not_before and services.now() < self._not_before:
            return
        with services.sessions() as session:
            if not is_due(session, services.now()):
                return
        work = NightWork(
            services.sessions,
            services.settings.checks_kept_days,
            services.now,
            lambda: self.is_over,
            PAUSE,
        )
        self._not_before = services.now() + AGAIN_AFTER
        try:
            work.do()
        except (NightTaken, NightStopped) as reason:
            log.info("nightly work: %s", type(reason).__name__)


def is_due(session: Session, now: dt.datetime) -> bool:
    """Whether today's night is still to be done, and this is the hour for it."""
    last = session.scalars(select(func.max(Night.ended_at))).first()
    if last is not None and local(last).date() == local(now).date():
        return False
    return local(now).hour in QUIET_HOURS or last is None or now - last > OVERDUE


def night_is_late(session: Session, now: dt.datetime) -> bool:
    """Whether none was done for too long, in a service that has begun one."""
    last, begun = session.execute(select(func.max(Night.ended_at), func.min(Night.begun_at))).one()
    since = last or begun
    return since is not None and now - since > LATE
