"""The PINs of a print file's stamps, for whoever prints or sticks the scratch film.

They are computed from the run's secret when somebody fetches them and are kept nowhere. The list never holds an
address: whoever has it alone can make no stamp, whoever has the print file alone knows no PIN.
"""

import datetime as dt
import io
import json
from collections.abc import Iterator
from typing import Literal

from sqlalchemy.orm import Session

from temthat_stamps.code import Header
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.listing import write_pins
from temthat_stamps.printing.pinsheet import write_pin_sheets
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.produce import FETCH_HOURS, PrintSettings
from temthat_stamps.runs.records import JobState, PinFetch, PrintJob
from temthat_stamps.runs.registry import Registry
from temthat_stamps.signing import RunSecrets

PinKind = Literal["csv", "pdf"]


def fetch_pins(
    session: Session, registry: Registry, job: PrintJob, by: str, kind: PinKind = "csv", host: str = ""
) -> bytes:
    """The PINs of the file's stamps, recording who takes them; the caller commits before they leave.

    `csv`: `serial,number,pin`. `pdf`: sheets with the cells of the stamps' own, for who prints with that layout. They
    can be had as long as the print file itself. Raises `RunRefused`, `PrintingError`.
    """
    check_open(job, registry.now())
    session.add(PinFetch(job_id=job.id, at=registry.now(), by=by))
    session.flush()
    out = io.BytesIO()
    if kind == "pdf":
        printing = PrintSettings(**json.loads(job.settings)).printing(host)
        write_pin_sheets(_labels(registry, job), printing, out)
    else:
        write_pins(_labels(registry, job), out)
    return out.getvalue()


def has_sheets(job: PrintJob) -> bool:
    """Whether its stamps stand on sheets or rolls, so that PINs can stand on like ones; not for a print house."""
    return job.kind in ("pdf", "zpl", "tspl")


def check_open(job: PrintJob, now: dt.datetime) -> None:
    """Raises `RunRefused` while there are no PINs to fetch, or no longer."""
    if not job.run_record.has_pins:
        raise RunRefused(
            f"Đợt in {job.run} được đặt không có mã PIN. Mã PIN chọn lúc đặt in; cần thì đặt đợt khác.",
            f"Run {job.run} was ordered without PINs. They are chosen when ordering: order another run.",
        )
    if not job.run_record.is_logged or job.state not in (JobState.READY, JobState.CONFIRMED):
        raise RunRefused(
            "Danh sách PIN có khi tệp in đã xong, hoặc khi đơn đã ký đã vào sổ công khai.",
            "The PINs are there once the print file is ready, or the signed order is in the public log.",
        )
    if job.state is JobState.CONFIRMED:
        raise RunRefused(
            "Đợt này đã xác nhận in xong nên danh sách PIN đã đóng. Tem hỏng thì ghi tem hỏng rồi đặt in thêm.",
            "Printing was confirmed, so the PINs are closed. Record spoiled stamps and order more.",
        )
    if job.released_at is not None and now > job.released_at + dt.timedelta(hours=FETCH_HOURS):
        raise RunRefused(
            f"Tệp in đã quá {FETCH_HOURS} giờ nên danh sách PIN cũng đã đóng.",
            f"The print file is older than {FETCH_HOURS} hours, so the PINs are closed too.",
        )


def took_both(job: PrintJob) -> tuple[str, ...]:
    """Who took the stamps and the PINs of one file: alone they could make copies that even the PIN does not tell."""
    return tuple(sorted({fetch.by for fetch in job.fetches} & {fetch.by for fetch in job.pin_fetches}))


def _labels(registry: Registry, job: PrintJob) -> Iterator[Label]:
    """The stamps' numbers and PINs, without an address."""
    run = job.run_record
    secrets, hint = RunSecrets(run_secret(registry.sealer, run)), run.stamp_key.hint
    for serial in range(job.first, job.last + 1):
        header = Header(hint, run.run, serial)
        yield Label("", secrets.number(header).grouped, serial, pin=secrets.pin(header))
