"""Hostile texts all the way: from a workbook's cells to page, API, desk and paper they stay texts."""

import datetime as dt
import html
import io
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from sqlalchemy import select

from temthat_stamps.printing.job import Kind
from temthat_stamps.runs.custody import ISSUER_KEY_LIFE, request_issuer_key
from temthat_stamps.runs.produce import PrintSettings, create_jobs, labels, produce
from temthat_stamps.runs.records import JobState, Run
from temthat_stamps.runs.register import register_run
from temthat_trace.batches import Batch
from temthat_trace.importing import import_workbook
from temthat_trace.products import PackKind
from temthat_verify_api.accounts import Person, Role
from temthat_verify_api.app import create_app
from temthat_verify_api.press import press_of
from temthat_verify_api.sessions import open_session

from ..verify_api.conftest import World, build_world
from .asking import HTML, JSON, Client, asking, check_sound
from .test_cells import files, sample

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=a>{{7*7}}{hotline}[x{y}]%s=^XZ"
TEXTS = (
    "Tên", "Tên tiếng Anh", "Địa chỉ", "Mô tả", "Bảo quản", "Tiêu chuẩn", "Nơi bán", "Nội dung", "Người thực hiện",
    "Địa điểm", "Nơi cấp", "Số giấy", "Nơi sản xuất", "Xã / phường", "Vật tư", "Mua của", "Nguyên liệu vào", "Bên nhận",
    "Hàng", "Ghi chú",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world into which such a workbook was imported."""
    folder = tmp_path_factory.mktemp("stories") / "data"
    folder.mkdir()
    shutil.copy(_sqlite_template, folder / "temthat.db")
    world = build_world(f"sqlite:///{folder / 'temthat.db'}", folder)
    world.clock[0] = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)
    sheets = {title: [list(row) for row in rows] for title, rows in sample().items()}
    for rows in sheets.values():
        for column, head in enumerate(rows[0]):
            if head.startswith(TEXTS):
                for row in rows[1:]:
                    row[column] = HOSTILE if row[column] else ""
    with world.services.sessions() as session:
        report = import_workbook(session, files(sheets), None, world.now)
        assert report.applied, report.problems[:3]
        session.commit()
    yield world
    world.services.engine.dispose()


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[Client]:
    with asking(create_app(world.services)) as client:
        yield client


@pytest.fixture(scope="module")
def run(world: World) -> int:
    """A run of a batch whose every text is hostile."""
    with world.services.sessions() as session:
        told = (b for b in session.scalars(select(Batch)) if b.events and b.product.name == HOSTILE)
        packed = ((b, f) for b in told for f in b.product.pack_forms if f.kind is PackKind.ITEM)
        batch, form = next(packed)
        batch.party.province = batch.party.province or "24"  # its cells were hostile too
        key = request_issuer_key(session, world.services.registry, batch.party)
        key.delegated_from, key.valid_until = 0, world.now + ISSUER_KEY_LIFE
        made = register_run(session, world.services.registry, batch, form, 30)
        session.commit()
        world.services.book.prove_run(made.run)
        return made.run


def check_page(text: str) -> None:
    """The text stands there to be read; nothing of it became a tag, and no template looked at it twice."""
    assert html.escape("<img src=x onerror=a>", quote=False) in text
    assert "<script" not in text
    assert "<img src=x" not in text
    assert "49" not in text.replace("{{7*7}}", "")[text.index("<body") :].split("&lt;script")[1][:80]


def test_the_page_of_a_stamp(world: World, client: Client, run: int) -> None:
    """In both languages, with its notices."""
    for lang in ("vi", "en"):
        reply = client.ask("GET", f"/T/{world.code(run)}?lang={lang}", headers=HTML)
        check_sound(reply)
        check_page(reply.text)
        assert len(reply.body) < 50_000


def test_the_api(world: World, client: Client, run: int) -> None:
    """JSON has the texts as they were typed."""
    answer = client.ask("GET", f"/T/{world.code(run)}", headers=JSON).json()
    assert answer["product"]["name"] == HOSTILE
    assert answer["issuer"]["name"] == HOSTILE


def test_the_desk(world: World, client: Client, run: int) -> None:
    """Every page the cooperative's people and their alliance open."""
    with world.services.sessions() as session:
        made = session.get_one(Run, run)
        batch, party = made.batch, made.party
        person = Person(
            party_id=party.id, phone="+84912345678", name=HOSTILE, role=Role.ADMIN, created_at=world.now
        )
        session.add(person)
        session.flush()
        token = open_session(session, person, world.now)
        paths = [
            "/desk", "/desk?q=%3Cscript%3E", "/desk/products", f"/desk/products/{batch.product_id}", "/desk/papers",
            "/desk/people", "/desk/account", f"/desk/batches/{batch.id}", f"/desk/batches/{batch.id}/checks",
            "/desk/work", "/desk/batches/new", "/desk/slips", f"/desk/batches/{batch.id}/work",
            f"/desk/batches/{batch.id}/work/care", f"/desk/organisations/{party.id}/diaries",
            f"/desk/batches/{batch.id}/stamps/{made.pack_form_id}",
            *(f"/desk/products/{batch.product_id}/{page}" for page in ("out", "english", "sellers", "photos")),
        ]  # fmt: skip
        session.commit()
    for path in paths:
        reply = client.ask("GET", path, headers={**HTML, "cookie": f"__Host-temthat_desk={token}"})
        check_sound(reply)
        assert reply.status == 200, path
        assert "<img src=x" not in reply.text
        assert html.escape("<img src=x onerror=a>", quote=False) in reply.text, path


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_print_file(world: World, run: int, kind: Kind) -> None:
    """Is made and read back; no command, tag or formula of a name gets into it."""
    press = press_of(world.services)
    with world.services.sessions() as session:
        found = session.get_one(Run, run)
        assert HOSTILE in "".join(next(labels(press, session, found, 1, 1)).lines)
        layout = "roll-50x30-1" if kind in ("zpl", "tspl") else "a4-24"
        [job] = create_jobs(
            session, press, found, PrintSettings(kind=kind, layout=layout, dpi=300), "x", count=3
        )
        session.commit()
        made = produce(press, job.id)
        assert made.state is JobState.READY, made.problem
        data = press.file(made).read_bytes()
    if kind in ("svg", "png"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert all(Path(name).name == name for name in archive.namelist())
            data = b"".join(map(archive.read, archive.namelist()))
    assert b"<script" not in data
    assert b"<img" not in data
    if kind in ("zpl", "tspl"):
        assert data.count(b"^XZ") == (3 if kind == "zpl" else 0)
