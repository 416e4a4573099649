"""`temthat alerts`: the same alerts as at the desk, and the service's rounds by hand."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from temthat.main import app
from temthat_stamps.copies.campaigns import AlertState
from temthat_verify_api.alerts.records import Alert

from ..alerts.conftest import Watch
from ..conftest import build_world
from .test_office import temthat


@pytest.fixture
def watch(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """A world, and the settings that lead to it."""
    world = build_world(sqlite_url, tmp_path / "data")
    for name, value in (("MODE", "demo"), ("DATABASE_URL", sqlite_url), ("DATA_DIR", str(tmp_path / "data"))):
        monkeypatch.setenv(f"TEMTHAT_{name}", value)
    yield Watch(world)
    world.services.close()


def test_sweep_and_list(watch: Watch) -> None:
    """What is new is looked at; open ones are listed, done ones when asked for; nothing is said too."""
    assert "Không có cảnh báo nào" in temthat("alerts", "list").output
    watch.signal(1, "sales", 0, "62")
    watch.signal(2, "report", 0, "79")
    assert "Opened 1, reopened 0, 0 signals" in temthat("alerts", "sweep").output
    assert "Opened 0, reopened 0, 0 signals" in temthat("alerts", "sweep").output
    listed = CliRunner().invoke(app, ["alerts", "list", "--csv", "--of", "LM"]).stdout
    [head, row] = csv.reader(io.StringIO(listed.lstrip("\ufeff")))
    assert head[0] == "cảnh báo"
    assert row[1:7] == ["open", "HTX Chè mẫu", "Chè búp", "sales", "2", "Hồ Chí Minh, Quảng Ngãi"]
    with watch.world.services.sessions() as session:
        session.scalars(select(Alert)).one().state = AlertState.CLOSED
        session.commit()
    assert "Không có cảnh báo nào" in temthat("alerts", "list", "--of", "HTX-MAU").output
    assert "closed" in temthat("alerts", "list", "--all").output
    assert "Không có đơn vị XYZ" in temthat("alerts", "list", "--of", "XYZ", expect=1).output
