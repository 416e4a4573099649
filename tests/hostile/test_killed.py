"""Killed at any moment: an import is whole or nothing, no serial is given twice, no acknowledged check is lost."""

import csv
import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from temthat_stamps.code import decode
from temthat_stamps.log.finding import Finding
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.trust_files import trust_file
from temthat_stamps.manifest import RunManifest
from temthat_stamps.runs.produce import produce, unfinished_jobs
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_trace.ids import uuid7
from temthat_verify_api.press import press_of
from temthat_verify_api.settings import Settings
from temthat_verify_api.wiring import Services, build_services

from ..neighbours import ORIGIN, neighbours
from .asking import EVENTS, VERIFY
from .conftest import House
from .serving import ROOT, environment, serving

WORKBOOK = str(ROOT / "demo" / "htx-mau.xlsx")
ORDER = ("order", "HTX-MATONG", "MATONG", "MO261025", "CHAI500", "--kind", "csv", "--count", "40")


@dataclass
class Zygote:
    """Runs commands in forked children, and kills them when told."""

    process: "subprocess.Popen[str]"

    def run(
        self,
        folder: Path,
        *arguments: str,
        kill_after: float | None = None,
        limit: int = 0,
        around: dict[str, str] | None = None,
    ) -> int:
        """Exit code of the command, or minus the signal. `kill_after` seconds, largest file in bytes."""
        env = {**environment(folder, **around or {}), "OUTPUT": str(folder / "output.txt")}
        order = {"arguments": arguments, "environment": env, "limit": limit, "kill_after": kill_after}
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    command = [sys.executable, str(Path(__file__).with_name("zygote.py"))]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        yield Zygote(process)
        assert process.stdin
        process.stdin.close()


@pytest.fixture
def office(tmp_path: Path, zygote: Zygote) -> Path:
    """A service that was set up, by a process that is gone: this one must hold no connection to what it copies."""
    folder = tmp_path / "data"
    folder.mkdir()
    assert zygote.run(folder, "init", "--alliance", "Liên minh", "--phone", "0912345678") == 0
    return folder


def content(folder: Path) -> dict[str, int]:
    """How many rows every table has; the database must be in order."""
    with closing(sqlite3.connect(folder / "temthat.db")) as database:
        assert database.execute("pragma integrity_check").fetchall() == [("ok",)]
        assert database.execute("pragma foreign_key_check").fetchall() == []
        names = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        return {n: database.execute(f'select count(*) from "{n}"').fetchone()[0] for n in names}


def test_a_killed_import_is_whole_or_nothing(office: Path, zygote: Zygote) -> None:
    """Killed seven times or more between its first moment and its last; afterwards it goes through."""
    template, trial = office.with_name("template"), office.with_name("trial")
    shutil.copytree(office, template)
    shutil.copytree(office, trial)
    empty = content(trial)
    began = time.monotonic()
    assert zygote.run(trial, "import", WORKBOOK) == 0
    took = time.monotonic() - began
    full = content(trial)
    assert full["batch"] > empty["batch"]
    chance = random.Random(6)
    found: list[dict[str, int]] = []
    while len(found) < 7 or empty not in found:
        if len(found) > 6:
            took /= 2  # the machine has become faster since
        zygote.run(office, "import", WORKBOOK, kill_after=took * (1 - chance.random() ** 2 * 0.9))
        found.append(content(office))
        assert found[-1] in (empty, full)
        if found[-1] == full:
            shutil.rmtree(office)
            shutil.copytree(template, office)
    assert zygote.run(office, "import", WORKBOOK) == 0
    assert content(office) == full


def test_a_killed_order_gives_no_serial_twice(office: Path, zygote: Zygote) -> None:
    """Six orders, most of them killed: every run its own number, every file made in the end, every code once."""
    assert zygote.run(office, "import", WORKBOOK) == 0
    with_keys = subprocess.run(
        [sys.executable, "-c", f"from tests.neighbours import *; delegate(Path({str(office)!r}))"], cwd=ROOT
    )
    assert with_keys.returncode == 0
    with neighbours(office) as around:
        order = [*ORDER, "--out", str(office)]
        began = time.monotonic()
        assert zygote.run(office, *order, around=around) == 0
        took = time.monotonic() - began
        chance = random.Random(7)
        ends: list[int] = []
        while len(ends) < 4 or -signal.SIGKILL not in ends:
            if len(ends) > 3:
                took /= 2  # the machine has become faster since
            moment = took * chance.uniform(0.1, 1.0)
            ends.append(zygote.run(office, *order, kill_after=moment, around=around))
        assert zygote.run(office, *order, around=around) == 0

        url = f"sqlite:///{office / 'temthat.db'}"
        services = build_services(
            Settings(
                database_url=url,
                data_dir=office,
                host=ORIGIN,
                witnesses=tuple(json.loads(around["witnesses"])),
                signer=Path(around["signer"]),
            )
        )
        press = press_of(services)
        with services.sessions() as session:
            runs = list(session.scalars(select(Run.run).order_by(Run.run)))
            waiting = list(unfinished_jobs(session))
        assert runs == list(range(1, len(runs) + 1))
        for job_id in waiting:
            assert produce(press, job_id).state is JobState.READY
        check_the_log(services, runs)
    codes: list[tuple[int, int]] = []
    with services.sessions() as session:
        for job in session.scalars(select(PrintJob)):
            assert job.state is JobState.READY
            assert (job.first, job.last) == (1, 40)
            with press.file(job).open(encoding="utf-8-sig", newline="") as file:
                cells = [cell for row in csv.reader(file) for cell in row if cell.startswith("HTTPS://")]
            codes += [(decode(cell).header.run, decode(cell).header.serial) for cell in cells]
    services.engine.dispose()
    assert len(codes) == len(set(codes)) == 40 * len(runs)
    assert not [path for path in (office / "prints").rglob("*") if path.name.endswith(".part")]


def check_the_log(services: Services, runs: list[int]) -> None:
    """Whatever was killed when: each run once in a log that replays without a fault and is witnessed."""
    published = services.book.publish()
    assert len(published.cosigned) == 2
    folder = services.settings.public_dir
    replay = Replay(services.settings.origin, trust_file(FolderReader(folder)))
    logged = []
    for index, envelope in enumerate(services.book.folder.entries(0, published.checkpoint.size)):
        stated = replay.apply(index, envelope)
        assert not isinstance(stated, Finding), stated
        if isinstance(stated, RunManifest):
            logged.append(stated.run)
    assert logged == runs


@pytest.mark.parametrize("kilobytes", [20, 100])
def test_a_full_disk_imports_nothing(office: Path, zygote: Zygote, kilobytes: int) -> None:
    """No room in the middle of it: said in words, nothing there, and with room it goes through."""
    empty = content(office)
    code = zygote.run(office, "import", WORKBOOK, limit=kilobytes * 1_000)
    told = (office / "output.txt").read_text()
    assert "Traceback" not in told
    if code == 0:
        pytest.skip("it fitted in")
    assert code == 1
    assert "Cơ sở dữ liệu báo lỗi" in told
    assert content(office) == empty
    assert zygote.run(office, "import", WORKBOOK) == 0


@dataclass(eq=False)
class Caller(threading.Thread):
    """Asks about one stamp until the line breaks; `answered` counts what was acknowledged."""

    url: str
    code: str
    answered: int = 0
    asked: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []

    def run(self) -> None:
        """Checks and reports in turn."""
        with httpx.Client(base_url=self.url, timeout=60) as client:
            try:
                while True:
                    self.asked += 1
                    if self.asked % 2:
                        client.post(VERIFY, json={"code": self.code}).raise_for_status()
                    else:
                        event = str(uuid7())
                        report = {"id": event, "code": self.code, "event": "check"}
                        client.post(EVENTS, json=report).raise_for_status()
                        self.ids.append(event)
                    self.answered += 1
            except httpx.TransportError:
                return


def test_a_service_loses_no_acknowledged_check(house: House, tmp_path: Path) -> None:
    """Killed under four callers, then without room on the disk: all that was answered is there in the end."""
    house.world.services.engine.dispose()
    folder = shutil.copytree(house.folder, tmp_path / "data")
    code = house.fresh(50)
    with serving(folder) as server:
        callers = [Caller(server.url, house.fresh(serial)) for serial in range(40, 44)]
        for caller in callers:
            caller.start()
        while sum(caller.answered for caller in callers) < 40:
            assert all(caller.is_alive() for caller in callers)
            time.sleep(0.01)
        server.kill()
        for caller in callers:
            caller.join(90)
            assert not caller.is_alive()

    # Room for what a start itself writes (events told from records), and for some checks.
    with serving(folder, limit=1_500_000) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        for caller in callers:
            check_counted(client, caller)
        done = fill_the_disk(client, code)
        assert done
        page = client.get(f"/T/{code}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert "Tem thật" in page.text
    assert "Traceback" not in server.log.read_text()

    found = "select checks from stamp_state where run = ? and serial = 50"
    with closing(sqlite3.connect(folder / "temthat.db")) as database:
        assert database.execute(found, (house.runs["plain"],)).fetchone() == (done,)


def check_counted(client: httpx.Client, caller: Caller) -> None:
    """What was answered is counted, what was not at most once; a report is known by its id."""
    answer = client.get(f"/T/{caller.code}", headers={"Accept": "application/json"}).json()
    assert caller.answered <= answer["history"]["checks"] <= caller.asked
    for event in caller.ids[-5:]:
        again = client.post(EVENTS, json={"id": event, "code": caller.code, "event": "check"}).json()
        assert again["recorded"] is False


def fill_the_disk(client: httpx.Client, code: str) -> int:
    """Ask until there is no room for another check; how many were acknowledged."""
    for done in range(2_000):
        reply = client.post(VERIFY, json={"code": code})
        if reply.status_code != 200:
            assert (reply.status_code, reply.json()["error"]) == (503, "database_unavailable")
            assert reply.headers["retry-after"]
            assert "Cơ sở dữ liệu" in reply.json()["message_vi"]
            return done
    raise AssertionError("the disk never was full")
