"""After PINs were printed, entered and sent: no database, backup, export, print file or log holds one."""

import io
import logging
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.verify_api.conftest import build_world
from tests.verify_api.test_pins import pin_of, wrong

from temthat_stamps.runs.pins import fetch_pins
from temthat_stamps.runs.produce import PrintSettings, create_jobs, fetch, produce
from temthat_stamps.runs.records import PrintJob, Run
from temthat_verify_api.export import export
from temthat_verify_api.keeping import backup
from temthat_verify_api.press import press_of
from temthat_verify_api.sms.gateway import PATH

if TYPE_CHECKING:
    from tests.verify_api.conftest import World

pytestmark = pytest.mark.anyio
SECRET = "a secret of the gateway"
PRINTED = 20
PASSPHRASE = "một câu dài để mở bản sao lưu"


@pytest.fixture
def busy(sqlite_url: str, tmp_path: Path) -> Iterator["World"]:
    """With an SMS gateway."""
    built = build_world(sqlite_url, tmp_path / "data", sms_secret=SECRET)
    yield built
    built.services.close()


def order(world: "World") -> tuple[int, bytes, bytes]:
    """A run with PINs, its print file and its list as they left the house."""
    run = world.run(PRINTED, has_pins=True)
    press = press_of(world.services)
    with world.services.sessions() as session:
        [job] = create_jobs(session, press, session.get_one(Run, run), PrintSettings(kind="csv"), "Á")
        session.commit()
        produce(press, job.id)
        job = session.get_one(PrintJob, job.id, populate_existing=True)
        stamps = fetch(session, press, job, "Á").read_bytes()
        pins = fetch_pins(session, world.services.registry, job, "B")
        session.commit()
    return run, stamps, pins


def texts_of(data: bytes) -> str:
    """What is in a file, or in the files in it."""
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "\n".join(texts_of(archive.read(name)) for name in archive.namelist())
    return data.decode("latin-1")


async def test_no_pin_stays_anywhere(busy: "World", tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each PIN of the run is looked for as a word of its own; the list that left shows that it would be found."""
    with caplog.at_level(logging.DEBUG):
        run, stamps, listed = order(busy)
        async with busy.client() as client:
            for serial in (1, 2):
                pin = pin_of(busy, run, serial)
                for typed in (wrong(pin), pin):
                    await client.post(f"/T/{busy.code(run, serial)}", data={"pin": typed})
                body = {"sender": "0912345678", "text": f"{busy.number(run, serial)} {pin}"}
                await client.post(PATH, data=body, headers={"Authorization": f"Bearer {SECRET}"})
            # The house's own: of what Python and the kernel count, some figures have six digits too.
            figures = "\n".join(
                line
                for line in (await client.get("/metrics")).text.splitlines()
                if line.startswith("temthat")
            )
    settings = busy.services.settings
    backup(settings, tmp_path / "kept.backup", PASSPHRASE)
    export(settings, None, tmp_path / "all.zip", personal=True)
    with closing(sqlite3.connect(str(busy.services.engine.url.database))) as database:
        dump = "\n".join(database.iterdump())
    assert '"pin_entry"' in dump
    kept = {
        "database": dump,
        "backup": texts_of((tmp_path / "kept.backup").read_bytes()),
        "export": texts_of((tmp_path / "all.zip").read_bytes()),
        "print file": stamps.decode(),
        "data folder": "\n".join(
            texts_of(f.read_bytes()) for f in settings.data_dir.rglob("*") if f.is_file()
        ),
        "log": "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx")),
        "figures": figures,
    }
    assert all(kept.values())
    assert "pin_entry" in kept["export"]
    assert "pin_entry" in kept["backup"]
    pins = {pin_of(busy, run, serial) for serial in range(1, PRINTED + 1)}
    any_pin = re.compile(rf"(?<![0-9A-Za-z.])(?:{'|'.join(sorted(pins))})(?![0-9A-Za-z])")
    assert set(any_pin.findall(listed.decode())) == pins
    assert {where: any_pin.findall(text) for where, text in kept.items() if any_pin.search(text)} == {}
