"""The list of a print file's PINs: when it can be had, what is in it, who took it."""

import csv
import io

import pytest

from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.pins import fetch_pins, took_both
from temthat_stamps.runs.produce import FETCH_HOURS
from temthat_stamps.runs.records import JobState, PinFetch, PrintFetch, PrintJob

from .conftest import Shop


def job_of(
    shop: Shop, *, has_pins: bool = True, state: JobState = JobState.READY, first: int = 11
) -> PrintJob:
    run = shop.run(60)
    run.has_pins = has_pins
    job = PrintJob(
        run=run.run, first=first, last=20, kind="csv", settings="{}", state=state, created_at=shop.now,
        released_at=shop.now if state in (JobState.READY, JobState.CONFIRMED) else None,
    )  # fmt: skip
    shop.session.add(job)
    shop.session.flush()
    return job


def test_the_list_is_of_the_files_own_serials_and_each_fetch_is_kept(sqlite_shop: Shop) -> None:
    """The same list each time; PINs of six digits, zeros in front too."""
    shop = sqlite_shop
    job = job_of(shop)
    lists = [fetch_pins(shop.session, shop.registry, job, by) for by in ("Á", "B")]
    assert lists[0] == lists[1]
    rows = list(csv.reader(io.StringIO(lists[0].decode("utf-8-sig"))))
    assert [int(row[0]) for row in rows[1:]] == list(range(11, 21))
    assert all(len(row[2]) == 6 and row[2].isdigit() for row in rows[1:])
    assert [fetch.by for fetch in job.pin_fetches] == ["Á", "B"]
    assert took_both(job) == ()
    shop.session.add_all(PrintFetch(job_id=job.id, at=shop.now, by=by) for by in ("B", "C"))
    shop.session.flush()
    shop.session.expire(job)
    assert took_both(job) == ("B",)


@pytest.mark.parametrize(
    ("has_pins", "state", "hours", "said"),
    [
        (False, JobState.READY, 0, "without PINs"),
        (True, JobState.WAITING, 0, "once the print file is ready"),
        (True, JobState.FAILED, 0, "once the print file is ready"),
        (True, JobState.CONFIRMED, 0, "confirmed"),
        (True, JobState.READY, FETCH_HOURS + 1, "older than 48 hours"),
    ],
    ids=["no pins", "waiting", "failed", "confirmed", "old"],
)
def test_when_there_is_no_list(
    sqlite_shop: Shop, has_pins: bool, state: JobState, hours: int, said: str
) -> None:
    """Refused in words, and not written down as taken."""
    shop = sqlite_shop
    job = job_of(shop, has_pins=has_pins, state=state)
    shop.forward(hours=hours)
    with pytest.raises(RunRefused, match=said):
        fetch_pins(shop.session, shop.registry, job, "Á")
    assert shop.session.query(PinFetch).count() == 0


def test_an_order_that_is_not_signed_has_no_pins_yet(sqlite_shop: Shop) -> None:
    """A PIN hangs on the stamp key, which only the signature decides."""
    shop = sqlite_shop
    job = job_of(shop)
    job.run_record.log_index = None  # type: ignore[assignment]
    with pytest.raises(RunRefused, match="public log"):
        fetch_pins(shop.session, shop.registry, job, "Á")
