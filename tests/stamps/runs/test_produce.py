"""Print jobs: every serial once, the same file after any interruption, fetched and confirmed with a record."""

import contextlib
import csv
import hashlib
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from temthat_stamps import number
from temthat_stamps.code import decode
from temthat_stamps.custody.errors import NoProof
from temthat_stamps.custody.vault import Vault
from temthat_stamps.log.entries import entry
from temthat_stamps.log.proof import verify_proof
from temthat_stamps.log.witness_client import WitnessClient
from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.runs.book import LogBook
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.runs.produce import (
    JOB_SERIALS,
    PrintSettings,
    confirm_printing,
    create_jobs,
    fetch,
    labels,
    produce,
    sweep,
    unfinished_jobs,
)
from temthat_stamps.runs.records import JobState, PrintFetch, PrintJob, Run
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import KeyRing, RunSecrets
from temthat_trace.database import make_sessions

if TYPE_CHECKING:
    from tests.stamps.runs.conftest import Shop

CHILD = Path(__file__).with_name("press_child.py")
LIST = PrintSettings(kind="csv")


def order(shop: "Shop", count: int = 10, settings: PrintSettings = LIST, reason: str = "") -> PrintJob:
    """A run and its one job, committed as at the end of a request."""
    [job] = create_jobs(
        shop.session, shop.press, shop.run(count, override_reason=reason), settings, by="Chị Mai"
    )
    shop.session.commit()
    return job


def again(shop: "Shop", job: PrintJob) -> PrintJob:
    """The job as the database has it now."""
    shop.session.rollback()
    return shop.session.get_one(PrintJob, job.id, populate_existing=True)


def remains(shop: "Shop") -> list[Path]:
    """Every file under the print folder."""
    return [path for path in shop.press.folder.rglob("*") if path.is_file()]


def child(shop: "Shop", job: PrintJob) -> "subprocess.Popen[str]":
    """Another process with a press for this job; see press_child.py."""
    url = shop.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, str(CHILD), url, str(shop.folder), str(job.id)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(press: "subprocess.Popen[str]", limit: int = 0) -> str:
    """Have the child begin, with files of at most `limit` bytes if given; the process id of the one that does."""
    assert press.stdin is not None
    assert press.stdout is not None
    press.stdin.write(f"{limit}\n")
    press.stdin.flush()
    return press.stdout.readline()


def test_labels_are_stamps_of_the_run(sqlite_shop: "Shop") -> None:
    """Each label's code verifies under the run's key, its number is the code's own, its lines say what it is on."""
    shop = sqlite_shop
    for gs1 in (False, True):
        run = shop.run(5, gs1=gs1)
        ring = KeyRing([run.stamp_key.public_key])
        secrets = RunSecrets(run_secret(shop.sealer, run))
        shop.session.commit()
        shop.book.prove_run(run.run)
        shop.session.refresh(run)
        made = list(labels(shop.press, shop.session, run, 2, 4))
        assert [label.serial for label in made] == [2, 3, 4]
        for label in made:
            code = decode(label.url)
            assert ring.find(code) == run.stamp_key.public_key
            assert (code.header.run, code.header.serial, code.host) == (
                run.run,
                label.serial,
                shop.press.host,
            )
            assert number.parse(label.grouped_number) == secrets.number(code.header)
            assert (code.gs1 is not None) is gs1
            assert label.lines[0] == "Mật ong"
            assert "L1" in label.lines[1]


def test_a_large_order_becomes_several_jobs_without_a_serial_twice(sqlite_shop: "Shop") -> None:
    """Stretches follow each other; only the first begins in the midst of a sheet; what is left can be ordered later."""
    shop = sqlite_shop
    run = shop.run(JOB_SERIALS * 2 + 100, override_reason="kiểm tra lệnh in lớn")
    first = create_jobs(
        shop.session, shop.press, run, PrintSettings(start_position=5), by="x", count=JOB_SERIALS + 10
    )
    assert [(job.first, job.last) for job in first] == [(1, JOB_SERIALS), (JOB_SERIALS + 1, JOB_SERIALS + 10)]
    assert ['"start_position": 5' in job.settings for job in first] == [True, False]
    second = create_jobs(shop.session, shop.press, run, PrintSettings(), by="x")
    assert (second[0].first, second[-1].last) == (JOB_SERIALS + 11, run.count)
    with pytest.raises(RunRefused, match="0 stamps left"):
        create_jobs(shop.session, shop.press, run, PrintSettings(), by="x")


@pytest.mark.parametrize("count", [0, -1, 11])
def test_more_than_is_left_is_refused(sqlite_shop: "Shop", count: int) -> None:
    """A run of ten has ten stamps for paper."""
    with pytest.raises(RunRefused, match="10 stamps left"):
        create_jobs(sqlite_shop.session, sqlite_shop.press, sqlite_shop.run(10), LIST, by="x", count=count)


def test_what_cannot_be_printed_is_refused_before_a_job_exists(sqlite_shop: "Shop") -> None:
    """An unknown layout, or one too small for the printer."""
    shop = sqlite_shop
    run = shop.run(10)
    for settings in (PrintSettings(layout="none"), PrintSettings(layout="a4-65", level="Q", dpi=203)):
        with pytest.raises(PrintingError):
            create_jobs(shop.session, shop.press, run, settings, by="x")
    assert shop.session.scalars(select(PrintJob)).all() == []


def test_two_orders_at_once_share_no_serial(shop: "Shop") -> None:
    """Four clerks press the button together: ten jobs, every serial of the run in one of them."""
    run_number = shop.run(50).run
    shop.session.commit()
    problems: list[BaseException] = []
    start = threading.Barrier(4)

    def clerk() -> None:
        with make_sessions(shop.engine)() as session:
            try:
                start.wait()
                for _ in range(3):
                    run = session.get_one(Run, run_number)
                    try:
                        create_jobs(session, shop.press, run, LIST, by="x", count=5)
                        session.commit()
                    except RunRefused:
                        session.rollback()
            except BaseException as error:  # noqa: BLE001 - told to the test's own thread
                problems.append(error)

    clerks = [threading.Thread(target=clerk) for _ in range(4)]
    for thread in clerks:
        thread.start()
    for thread in clerks:
        thread.join()
    assert problems == []
    jobs = shop.session.scalars(select(PrintJob)).all()
    serials = [serial for job in jobs for serial in range(job.first, job.last + 1)]
    assert sorted(serials) == list(range(1, 51))


def test_a_job_is_made_read_back_and_released(shop: "Shop") -> None:
    """A PDF that was read back lies under its name with its digest; progress was told; calling again is harmless."""
    job = order(shop, 30, PrintSettings(kind="pdf"))
    told: list[tuple[int, int]] = []
    made = produce(shop.press, job.id, lambda done, total: told.append((done, total)))
    path = shop.press.file(made)
    assert (made.state, made.problem, made.done, made.file) == (JobState.READY, "", 30, path.name)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "whoever can read it can print the stamps again"
    assert made.released_at == shop.now
    assert hashlib.sha256(path.read_bytes()).hexdigest() == made.sha256
    assert told[-1] == (30, 30)
    assert remains(shop) == [path]
    shop.forward(hours=1)
    assert produce(shop.press, job.id).released_at == made.released_at
    assert unfinished_jobs(shop.session) == []


def test_a_list_holds_every_serial_once(sqlite_shop: "Shop") -> None:
    """The print house's file: as many rows as stamps, each code of the run and no other."""
    shop = sqlite_shop
    run = shop.run(300, override_reason="kiểm tra danh sách")
    jobs = create_jobs(shop.session, shop.press, run, LIST, by="x", count=120)
    jobs += create_jobs(shop.session, shop.press, run, LIST, by="x")
    shop.session.commit()
    serials = []
    for job in jobs:
        produce(shop.press, job.id)
        with shop.press.file(job).open(encoding="utf-8-sig", newline="") as file:
            cells = [cell for row in csv.reader(file) for cell in row if cell.startswith("HTTPS://")]
        serials += [decode(cell).header.serial for cell in cells]
    assert serials == list(range(1, 301))


def test_a_killed_press_is_resumed_and_gives_the_identical_file(sqlite_shop: "Shop") -> None:
    """Killed at random points of making the file, then done again: the same bytes, nothing half-done in between."""
    shop = sqlite_shop
    job = order(shop, 40, PrintSettings(kind="svg"))
    began = time.monotonic()
    produce(shop.press, job.id)
    took = time.monotonic() - began
    path = shop.press.file(job)
    expected = path.read_bytes()
    digest = again(shop, job).sha256

    chance = random.Random(7)
    with child(shop, job) as press:
        for _ in range(6):
            path.unlink()  # made again, as after a lost disk: the same code runs as for a first time
            pid = int(ask(press))
            time.sleep(chance.uniform(0, took * 0.9))
            with contextlib.suppress(ProcessLookupError):  # it may be done already
                os.kill(pid, signal.SIGKILL)
            assert press.stdout is not None
            assert press.stdout.readline() == "ended\n"
            state = again(shop, job).state
            if not path.exists() and state is JobState.RUNNING:
                assert list(unfinished_jobs(shop.session)) == [job.id]
                with pytest.raises(RunRefused, match="not ready"):
                    fetch(shop.session, shop.press, again(shop, job), "x")
            resumed = produce(shop.press, job.id)
            assert resumed.state is JobState.READY
            assert resumed.sha256 == digest
            assert path.read_bytes() == expected
            assert remains(shop) == [path]


def test_a_full_disk_is_told_in_words_and_can_be_tried_again(postgres_shop: "Shop") -> None:
    """Wherever the room ends, the job fails with what to do in both languages and leaves nothing behind."""
    shop = postgres_shop  # SQLite would write its database under the same limit
    job = order(shop, 60, PrintSettings(kind="svg"))
    with child(shop, job) as press:
        for limit, vi, en in (
            (100, "Giải phóng ổ đĩa", "Make room on the disk"),  # the log's tiles
            (20_000, "Kiểm tra ổ đĩa", "Check its disk"),  # the signer's records
            (450_000, "dọn chỗ trống", "make room"),  # the print file
        ):
            ask(press, limit)
            assert press.stdout is not None
            assert press.stdout.readline() == "ended\n"
            failed = again(shop, job)
            assert failed.state is JobState.FAILED
            assert vi in failed.problem
            assert en in failed.problem
            assert remains(shop) == []
            with pytest.raises(RunRefused, match="not ready"):
                fetch(shop.session, shop.press, failed, "x")
            shop.session.rollback()
    made = produce(shop.press, job.id)
    assert (made.state, made.problem) == (JobState.READY, "")


def test_a_folder_that_cannot_be_written_is_told_in_words(sqlite_shop: "Shop") -> None:
    """The same for any other trouble with files."""
    shop = sqlite_shop
    job = order(shop)
    shop.press.folder.write_text("in the way")
    assert produce(shop.press, job.id).state is JobState.FAILED
    assert "Không ghi được tệp in" in again(shop, job).problem
    shop.press.folder.unlink()
    assert produce(shop.press, job.id).state is JobState.READY


def test_a_wrong_master_key_and_a_destroyed_key_are_told_in_words(sqlite_shop: "Shop") -> None:
    """What no retry can mend says what to restore or to order."""
    shop = sqlite_shop
    job, right = order(shop), shop.registry
    wrong = Sealer(b"w" * 32)
    vault = Vault(wrong, right.origin, shop.book.policy, shop.folder / "other-signer", now=lambda: shop.now)
    for registry, vi, en in (
        (replace(right, sealer=wrong), "tệp khóa chủ", "master key"),
        (replace(right, custody=vault), "signer.key", "Restore the signer.key"),
    ):
        shop.registry = registry
        failed = produce(shop.press, job.id)
        assert failed.state is JobState.FAILED
        assert vi in failed.problem
        assert en in failed.problem
    shop.registry = right
    again(shop, job).run_record.stamp_key.sealed = None
    shop.session.commit()
    failed = produce(shop.press, job.id)
    assert (failed.state, "đợt in mới" in failed.problem) == (JobState.FAILED, True)


def test_no_file_is_made_before_the_run_is_proved(sqlite_shop: "Shop") -> None:
    """With witnesses out of reach the job fails in words and nothing is signed; with them, trying again works."""
    shop = sqlite_shop
    job = order(shop)
    reachable = shop.book
    silent = [WitnessClient("http://127.0.0.1:1", key, timeout=1) for key in reachable.policy.witnesses]
    shop.book = LogBook(
        shop.sessions,
        shop.registry,
        shop.folder / "public",
        log_signer(shop.sealer, shop.registry.origin),
        reachable.policy,
        silent,
    )
    failed = produce(shop.press, job.id)
    assert failed.state is JobState.FAILED
    assert "bên chứng kiến" in failed.problem
    assert "witness" in failed.problem
    assert remains(shop) == []
    run = shop.session.get_one(Run, job.run, populate_existing=True)
    assert run.proof is None
    with pytest.raises(RunRefused, match="no proof"):
        list(labels(shop.press, shop.session, run, 1, 1))
    assert not [line for line in shop.custody.state.journal() if line.act == "stamps"]
    shop.book = reachable
    made = produce(shop.press, job.id)
    assert (made.state, made.problem) == (JobState.READY, "")


def test_a_file_is_made_under_the_stored_proof(shop: "Shop") -> None:
    """It proves the run's own manifest under a checkpoint with both witnesses, and is kept for later files."""
    run = shop.run(20)
    [first] = create_jobs(shop.session, shop.press, run, LIST, by="x", count=5)
    shop.session.commit()
    produce(shop.press, first.id)
    shop.session.refresh(run)
    assert run.proof is not None
    kept = run.proof
    included = verify_proof(kept, entry(shop.session, run.log_index), shop.book.policy)
    assert included.index == run.log_index
    assert len(included.cosigned) == 2
    shop.run(1)
    [second] = create_jobs(shop.session, shop.press, run, LIST, by="x")
    shop.session.commit()
    shop.book.publish()
    assert produce(shop.press, second.id).state is JobState.READY
    shop.session.refresh(run)
    assert run.proof == kept


def test_a_proof_of_another_run_gives_no_stamps(sqlite_shop: "Shop") -> None:
    """A service that was taken over cannot print what is not in the log: the keys' keeper looks for itself."""
    shop = sqlite_shop
    proved, hidden = shop.run(5), shop.run(5)
    assert shop.code(proved)
    hidden.proof = proved.proof
    with pytest.raises(NoProof):
        list(labels(shop.press, shop.session, hidden, 1, 1))


def test_two_presses_at_one_job_do_not_undo_each_other(sqlite_shop: "Shop") -> None:
    """Both see it ready, there is one file, and no part of one is left."""
    shop = sqlite_shop
    job = order(shop, 60, PrintSettings(kind="svg"))
    states: list[JobState] = []
    threads = [
        threading.Thread(target=lambda: states.append(produce(shop.press, job.id).state)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == [JobState.READY] * 3
    done = again(shop, job)
    assert remains(shop) == [shop.press.file(done)]
    assert hashlib.sha256(shop.press.file(done).read_bytes()).hexdigest() == done.sha256


def test_a_press_that_comes_late_cannot_reopen_a_confirmed_job(sqlite_shop: "Shop") -> None:
    """Confirmed while another press still works on it: it stays confirmed and without a file."""
    shop = sqlite_shop
    job = order(shop, 300, reason="kiểm tra hai máy in")

    def confirm_in_between(done: int, _total: int) -> None:
        if done < 300:
            produce(shop.press, job.id)
            with shop.sessions() as session:
                confirm_printing(session, shop.press, session.get_one(PrintJob, job.id), "Chị Mai")
                session.commit()

    late = produce(shop.press, job.id, confirm_in_between)
    assert late.state is JobState.CONFIRMED
    assert remains(shop) == []
    assert produce(shop.press, job.id).state is JobState.CONFIRMED


def test_every_fetch_is_recorded(shop: "Shop") -> None:
    """Who took the file and when, each time; the same file until printing is confirmed."""
    job = again(shop, produce(shop.press, order(shop).id))
    for name in ("Chị Mai", "Anh Ba"):
        assert fetch(shop.session, shop.press, job, name) == shop.press.file(job)
        shop.session.commit()
        shop.forward(hours=1)
    fetches = shop.session.scalars(select(PrintFetch).order_by(PrintFetch.at)).all()
    assert [(f.by, f.job_id) for f in fetches] == [("Chị Mai", job.id), ("Anh Ba", job.id)]
    assert (fetches[1].at - fetches[0].at).total_seconds() == 3600


def test_a_file_is_closed_after_48_hours(sqlite_shop: "Shop") -> None:
    """At 48 hours it may still be fetched, a second later not; making it again does not start the clock again."""
    shop = sqlite_shop
    job = again(shop, produce(shop.press, order(shop).id))
    shop.forward(hours=48)
    fetch(shop.session, shop.press, job, "x")
    shop.forward(seconds=1)
    with pytest.raises(RunRefused, match="48 hours"):
        fetch(shop.session, shop.press, job, "x")
    shop.session.commit()
    assert (sweep(shop.press), sweep(shop.press)) == (1, 0)
    assert not shop.press.file(job).exists()
    job = again(shop, produce(shop.press, job.id))
    with pytest.raises(RunRefused, match="48 hours"):
        fetch(shop.session, shop.press, job, "x")


def test_confirming_closes_and_removes_the_file(sqlite_shop: "Shop") -> None:
    """Who confirmed and when is kept; confirming twice is harmless, before it is ready refused."""
    shop = sqlite_shop
    job = order(shop)
    with pytest.raises(RunRefused, match="not ready"):
        confirm_printing(shop.session, shop.press, job, "x")
    job = again(shop, produce(shop.press, job.id))
    confirm_printing(shop.session, shop.press, job, "Chị Mai")
    shop.session.commit()
    confirm_printing(shop.session, shop.press, job, "another")
    assert (job.state, job.confirmed_by, job.confirmed_at) == (JobState.CONFIRMED, "Chị Mai", shop.now)
    assert remains(shop) == []
    with pytest.raises(RunRefused, match="confirmed"):
        fetch(shop.session, shop.press, job, "x")


def test_a_lost_file_is_told_and_made_again(sqlite_shop: "Shop") -> None:
    """Signing is deterministic, so nothing is lost with a file but time."""
    shop = sqlite_shop
    job = again(shop, produce(shop.press, order(shop).id))
    data = shop.press.file(job).read_bytes()
    shop.press.file(job).unlink()
    with pytest.raises(RunRefused, match="missing"):
        fetch(shop.session, shop.press, job, "x")
    shop.session.rollback()
    produce(shop.press, job.id)
    assert shop.press.file(job).read_bytes() == data
