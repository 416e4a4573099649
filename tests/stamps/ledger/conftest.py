"""The shop of the runs' tests, here too, with paper and people: files printed or not, and who asks or decides."""

import datetime as dt
import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from sqlalchemy.orm import Session

from temthat_stamps.ledger.reprint import Signatory
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.produce import PrintSettings
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_trace.database import make_sessions
from temthat_trace.parties import Party

from ..runs.conftest import Shop, postgres_shop, shop, sqlite_shop

__all__ = ["Shop", "person", "postgres_shop", "print_file", "shop", "sqlite_shop", "together"]

LONG_AGO = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def print_file(
    shop: Shop, run: Run, first: int = 1, last: int | None = None, state: JobState = JobState.CONFIRMED
) -> PrintJob:
    """A print file of some serials, confirmed as printed by default; no file is made of it."""
    job = PrintJob(
        run=run.run,
        first=first,
        last=last or run.count,
        kind="pdf",
        settings=json.dumps(asdict(PrintSettings())),
        state=state,
        created_at=shop.now,
        released_at=shop.now if state in (JobState.READY, JobState.CONFIRMED) else None,
        confirmed_at=shop.now if state is JobState.CONFIRMED else None,
    )
    shop.session.add(job)
    shop.session.flush()
    return job


def person(party: Party, name: str = "Chị Mai", phone: str = "+84912000001", **more: object) -> Signatory:
    """Somebody of that organisation with an account since long ago."""
    return Signatory(uuid.uuid5(party.id, phone), name, phone, party, **{"since": LONG_AGO, **more})  # type: ignore[arg-type]


def together(shop: Shop, *people: Callable[[Session], object]) -> list[object]:
    """Everybody acts at the same moment, each in a session of their own that is committed; results or refusals."""
    shop.session.commit()
    start = threading.Barrier(len(people))

    def act(one: Callable[[Session], object]) -> object:
        with make_sessions(shop.engine)() as session:
            start.wait()
            try:
                result = one(session)
                session.commit()
            except RunRefused as refusal:
                session.rollback()
                return refusal
            return result

    with ThreadPoolExecutor(len(people)) as pool:
        results = list(pool.map(act, people))
    shop.session.expire_all()
    return results
