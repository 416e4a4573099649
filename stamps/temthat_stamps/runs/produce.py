"""Print jobs: from a registered run to a file that was read back, fetched, and confirmed as printed.

A job owns its stretch of serials from the moment it is created, and signing is deterministic: a job interrupted at any
point is simply done again and gives the same file, never a serial twice. The file appears under its name in one
step, after its symbols were rasterised and read back.
"""

import datetime as dt
import hashlib
import json
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from temthat_stamps.code import CODE_LENGTH, Gs1Path, Header, encode, gs1_url, stamp_url
from temthat_stamps.errors import SealBroken, StampError, TrustError
from temthat_stamps.log.entries import entry
from temthat_stamps.number import Number
from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.printing.job import Kind, plan
from temthat_stamps.printing.job import PrintJob as Printing
from temthat_stamps.printing.label import Label
from temthat_stamps.printing.layout import Printer, find_layout
from temthat_stamps.printing.readback import Sample, read_back
from temthat_stamps.printing.render import render
from temthat_stamps.private import private_file
from temthat_stamps.runs.custody import run_secret, wrapped_stamp_key
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import check_logged
from temthat_stamps.runs.records import JobState, PrintFetch, PrintJob, Run
from temthat_stamps.runs.registry import Registry
from temthat_stamps.signing import RunSecrets

JOB_SERIALS = 20_000
"""Most stamps of one file; a larger order becomes several jobs, each resumed on its own."""

FETCH_HOURS = 48
PROGRESS_EVERY = 250
PROBLEM_LENGTH = 1000

_RUNNING = frozenset({JobState.RUNNING})
_UNCONFIRMED = frozenset(JobState) - {JobState.CONFIRMED}

_ENDINGS = {"pdf": "pdf", "zpl": "zpl", "tspl": "tspl", "svg": "zip", "png": "zip", "csv": "csv"}


@dataclass(frozen=True, slots=True)
class PrintSettings:
    """What the clerk chose. `layout` is the id of a named layout; offsets in millimetres."""

    kind: Kind = "pdf"
    layout: str = "a4-24"
    level: Literal["M", "Q"] = "M"
    dpi: int = 600
    dx_mm: float = 0.0
    dy_mm: float = 0.0
    scale_x: float = 1.0
    scale_y: float = 1.0
    start_position: int = 1
    cut_marks: bool = False

    def printing(self, host: str) -> Printing:
        """As the printing package takes it. Raises `PrintingError`."""
        printer = Printer(self.dpi, self.dx_mm, self.dy_mm, self.scale_x, self.scale_y)
        layout = find_layout(self.layout)
        return Printing(self.kind, layout, printer, self.level, host, self.start_position, self.cut_marks)


@dataclass(frozen=True, slots=True)
class Press:
    """Where and with what print files are made."""

    sessions: sessionmaker[Session]
    registry: Registry
    prove: Callable[[int], None]
    """Stores a run's inclusion proof under a witnessed checkpoint; raises `TrustError` when there is none to be had."""
    folder: Path
    host: str
    scheme: Literal["HTTPS", "HTTP"]

    def file(self, job: PrintJob) -> Path:
        """Where a job's file lies once it is ready."""
        return self.folder / f"{job.run:09d}" / f"{job.id}.{_ENDINGS[job.kind]}"


def create_jobs(
    session: Session, press: Press, run: Run, settings: PrintSettings, by: str, count: int | None = None
) -> list[PrintJob]:
    """Jobs for the next `count` serials of a run that no job has yet, all by default. The caller commits.

    Raises `RunRefused` when none are left, `PrintingError` when layout, printer and stamp do not go together.
    """
    if not run.is_logged:
        raise RunRefused(
            f"Đợt in {run.run} đang chờ đơn vị ký; đơn vị in trên máy của mình (temthat own print).",
            f"Run {run.run} waits for its issuer's signature; it prints on its own computer (temthat own print).",
        )
    # A write that changes nothing is the lock both databases have: two orders for one run come one after the other.
    session.execute(update(Run).where(Run.run == run.run).values(count=Run.count))
    used = session.scalar(select(func.max(PrintJob.last)).where(PrintJob.run == run.run)) or 0
    wanted = run.count - used if count is None else count
    if not 1 <= wanted <= run.count - used:
        raise RunRefused(
            f"Đợt in {run.run} còn {run.count - used} tem chưa có trong tệp in nào.",
            f"Run {run.run} has {run.count - used} stamps left that are in no print file.",
        )
    plan(settings.printing(press.host), unsigned_label(press, run))
    jobs = []
    for first in range(used + 1, used + wanted + 1, JOB_SERIALS):
        last = min(first + JOB_SERIALS - 1, used + wanted)
        part = settings if first == used + 1 else replace(settings, start_position=1)
        job = PrintJob(
            run=run.run,
            first=first,
            last=last,
            kind=settings.kind,
            settings=json.dumps(asdict(part)),
            created_at=press.registry.now(),
            created_by=by,
        )
        session.add(job)
        jobs.append(job)
    session.flush()
    return jobs


def unfinished_jobs(session: Session) -> Sequence[uuid.UUID]:
    """Jobs that wait, or were interrupted: whoever starts the press does these first."""
    query = select(PrintJob.id).where(PrintJob.state.in_([JobState.WAITING, JobState.RUNNING]))
    return session.scalars(query.order_by(PrintJob.id)).all()


def produce(press: Press, job_id: uuid.UUID, progress: Callable[[int, int], None] | None = None) -> PrintJob:
    """Make a job's file, read it back, release it. Ends in state `ready`, or `failed` with the problem in words.

    May be called again after any interruption; a job whose file is there is left as it is, a lost file is made again.
    Two processes at the same job make the same bytes, and the first to finish decides. `progress` is told (done, all).
    """
    with press.sessions() as session:
        job = session.get_one(PrintJob, job_id)
        path = press.file(job)
        made = job.state is JobState.READY and path.exists()
        if made or not _change(session, job_id, _UNCONFIRMED, state=JobState.RUNNING, done=0):
            return job
        session.commit()
        fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")
        try:
            press.prove(job.run)
            session.expire_all()
            path.parent.mkdir(parents=True, exist_ok=True)
            result = {
                "state": JobState.READY,
                "problem": "",
                "file": path.name,
                "sha256": _make(press, session, job, fresh, progress),
                "done": job.last - job.first + 1,
                "released_at": job.released_at or press.registry.now(),
            }
            if _change(session, job_id, _RUNNING, **result):
                fresh.replace(path)
        except (StampError, PrintingError, OSError) as error:
            session.rollback()
            _change(
                session, job_id, _RUNNING, state=JobState.FAILED, problem=_in_words(error)[:PROBLEM_LENGTH]
            )
        session.commit()
        for leftover in path.parent.glob(f".{path.name}.*.part"):  # also of those who were killed
            leftover.unlink(missing_ok=True)
        session.refresh(job)
        return job


def give_up(press: Press, job_id: uuid.UUID) -> None:
    """Mark a job failed after an error nobody foresaw, so that nobody waits for it; it can be started again."""
    with press.sessions() as session:
        problem = "Lỗi không lường trước; thử lại, nếu vẫn lỗi thì báo đơn vị vận hành. / Unexpected error: try again."
        _change(session, job_id, _RUNNING, state=JobState.FAILED, problem=problem)
        session.commit()


def _change(session: Session, job_id: uuid.UUID, when: frozenset[JobState], **values: object) -> bool:
    """Change a job if it is in one of these states; whether it was. The database decides between two who try."""
    query = update(PrintJob).where(PrintJob.id == job_id, PrintJob.state.in_(when)).values(**values)
    result = session.execute(query, execution_options={"synchronize_session": False})
    return bool(result.rowcount)  # type: ignore[attr-defined]


def fetch(session: Session, press: Press, job: PrintJob, by: str) -> Path:
    """The file, recording who takes it. Raises `RunRefused` once printing is confirmed or 48 hours have passed."""
    if job.state is JobState.CONFIRMED:
        raise RunRefused(
            "Đợt này đã xác nhận in xong nên không tải lại được. Tem hỏng thì ghi tem hỏng rồi đặt in thêm.",
            "Printing was confirmed, so the file is closed. Record spoiled stamps and order more.",
        )
    if job.state is not JobState.READY or job.released_at is None:
        raise RunRefused("Tệp in chưa xong.", "The print file is not ready yet.")
    if press.registry.now() > job.released_at + dt.timedelta(hours=FETCH_HOURS):
        raise RunRefused(
            f"Tệp in đã quá {FETCH_HOURS} giờ nên đã đóng.",
            f"The print file is older than {FETCH_HOURS} hours and closed.",
        )
    path = press.file(job)
    if not path.exists():
        raise RunRefused(
            "Không thấy tệp in trên máy chủ. Hãy khôi phục thư mục dữ liệu từ bản sao lưu.",
            "The print file is missing on the server. Restore the data folder from the backup.",
        )
    session.add(PrintFetch(job_id=job.id, at=press.registry.now(), by=by))
    session.flush()
    return path


def confirm_printing(session: Session, press: Press, job: PrintJob, by: str) -> None:
    """The clerk says that all of it is on paper: the file is closed and removed. The caller commits.

    Raises `RunRefused` for a file that is not made, or planned of an order that is not signed.
    """
    check_logged(job.run_record)
    if job.state is JobState.CONFIRMED:
        return
    if job.state is not JobState.READY:
        raise RunRefused("Tệp in chưa xong.", "The print file is not ready yet.")
    job.state = JobState.CONFIRMED
    job.confirmed_at = press.registry.now()
    job.confirmed_by = by
    session.flush()
    press.file(job).unlink(missing_ok=True)


def sweep(press: Press) -> int:
    """Remove print files past their 48 hours: whoever finds one later could print it again. How many."""
    with press.sessions() as session:
        old = press.registry.now() - dt.timedelta(hours=FETCH_HOURS)
        query = select(PrintJob).where(PrintJob.state == JobState.READY, PrintJob.released_at < old)
        files = [file for job in session.scalars(query) if (file := press.file(job)).exists()]
    for file in files:
        file.unlink(missing_ok=True)
    return len(files)


def labels(press: Press, session: Session, run: Run, first: int, last: int) -> Iterator[Label]:
    """The signed stamps of a run's serials `first` to `last`, as they go on paper. The run is proved to be in the log.

    Raises `CustodyError`, `RunRefused`.
    """
    if run.proof is None:
        raise RunRefused(
            f"Đợt in {run.run} chưa có bằng chứng trong sổ công khai.",
            f"Run {run.run} has no proof of the log yet.",
        )
    registry = press.registry
    secrets = RunSecrets(run_secret(registry.sealer, run))
    lines = label_lines(run)
    signed = registry.custody.sign_stamps(
        str(run.party_id),
        wrapped_stamp_key(run.stamp_key),
        run.run,
        first,
        last,
        entry(session, run.log_index),
        run.proof,
    )
    for serial, header, signature in signed:
        number = secrets.number(Header(run.stamp_key.hint, run.run, serial))
        yield _label(press, run, encode(header, signature), number, serial, lines)


def unsigned_label(press: Press, run: Run) -> Label:
    """A stamp of the right length that is none, to see whether it fits the paper."""
    return _label(press, run, "A" * CODE_LENGTH, Number(run.run, 1, 0), 1, label_lines(run))


def _label(press: Press, run: Run, text: str, number: Number, serial: int, lines: tuple[str, ...]) -> Label:
    if run.gs1:
        gtin = run.pack_form.gtin or run.batch.product.gtin or ""
        url = gs1_url(press.host, Gs1Path(gtin, run.batch.lot, str(number)), text, press.scheme)
    else:
        url = stamp_url(press.host, text, press.scheme)
    return Label(url, number.grouped, serial, lines)


def label_lines(run: Run) -> tuple[str, ...]:
    """What a stamp says beside its code, the most important first."""
    batch = run.batch
    lines = [batch.product.name, f"{run.pack_form.name} · Lô {batch.lot}", f"NSX {batch.made_on:%d/%m/%Y}"]
    if batch.expires_on:
        lines.append(f"HSD {batch.expires_on:%d/%m/%Y}")
    return tuple(lines)


def _make(
    press: Press, session: Session, job: PrintJob, fresh: Path, progress: Callable[[int, int], None] | None
) -> str:
    """Write the file, read it back, make it durable; its SHA-256."""
    settings = PrintSettings(**json.loads(job.settings)).printing(press.host)
    run = session.get_one(Run, job.run)
    total = job.last - job.first + 1
    expected: list[str] = []

    def told() -> Iterator[Label]:
        for done, label in enumerate(labels(press, session, run, job.first, job.last), 1):
            expected.append(label.url)
            yield label
            if done % PROGRESS_EVERY == 0:
                _note_progress(press, job.id, done)
                if progress:
                    progress(done, total)

    with private_file(fresh) as out:
        render(told(), settings, out)
        out.flush()
        os.fsync(out.fileno())
    with fresh.open("rb") as made:
        read_back(made, settings, expected, Sample(seed=run.run))
        made.seek(0)
        digest = hashlib.file_digest(made, "sha256").hexdigest()
    if progress:
        progress(total, total)
    return digest


def _note_progress(press: Press, job_id: uuid.UUID, done: int) -> None:
    with press.sessions() as session:
        session.get_one(PrintJob, job_id).done = done
        session.commit()


def _in_words(error: Exception) -> str:
    if isinstance(error, RunRefused | PrintingError | TrustError):
        return f"{error.vi} / {error.en}"
    if isinstance(error, OSError):
        return (
            f"Không ghi được tệp in ({error.strerror}): dọn chỗ trống rồi thử lại. / "
            f"The print file could not be written ({error.strerror}): make room, then try again."
        )
    if isinstance(error, SealBroken):
        return f"Khóa bí mật không mở được: hãy khôi phục đúng tệp khóa chủ của cơ sở dữ liệu này. / {error}"
    return str(error)
