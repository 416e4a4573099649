"""`temthat migrate | backup | restore | export`, as an operator types them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from temthat_verify_api import archive, migrate
from temthat_verify_api.commands import keeping
from temthat_verify_api.settings import Settings, load_master_key

PASSPHRASE = "mật khẩu đủ dài"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service in the current folder, found by its environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEMTHAT_MODE", "demo")
    monkeypatch.setenv("TEMTHAT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", f"sqlite:///{tmp_path / 'data' / 'temthat.db'}")
    monkeypatch.setenv("TEMTHAT_BACKUP_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setitem(archive._SCRYPT, "n", 4096)


def run(command: Callable[..., Any], *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, list(arguments))


def test_the_whole_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Migrate, back up, restore elsewhere, export: each answers 0 and says what it did."""
    load_master_key(Settings(), create=True)
    assert migrate.head() in run(keeping.migrate).output
    done = run(keeping.backup, "kept.zip")
    assert (done.exit_code, (tmp_path / "kept.zip").exists()) == (0, True)
    monkeypatch.setenv("TEMTHAT_DATA_DIR", str(tmp_path / "new"))
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", f"sqlite:///{tmp_path / 'new' / 'temthat.db'}")
    assert run(keeping.restore, "kept.zip").exit_code == 0
    assert migrate.is_current(Settings().database_url)
    assert run(keeping.restore, "kept.zip", "--replace").exit_code == 0
    assert run(keeping.export, "all.zip").exit_code == 0
    assert (tmp_path / "all.zip").exists()


def test_a_backup_names_itself(tmp_path: Path) -> None:
    """Without a name it gets the date and time."""
    load_master_key(Settings(), create=True)
    run(keeping.migrate)
    assert run(keeping.backup).exit_code == 0
    assert len(list(tmp_path.glob("temthat-20*.zip"))) == 1


@pytest.mark.parametrize(
    ("command", "arguments", "hint"),
    [
        (keeping.backup, ("kept.zip",), "master key"),
        (keeping.restore, ("kept.zip",), "kept.zip"),
        (keeping.export, ("all.zip", "--party", "X"), "temthat migrate"),
    ],
)
def test_what_cannot_be_done_is_said_in_two_languages(
    command: Callable[..., Any], arguments: tuple[str, ...], hint: str
) -> None:
    """Exit code 1, a Vietnamese line and an English one, no traceback."""
    done = run(command, *arguments)
    assert done.exit_code == 1
    assert hint in done.output
    assert len(done.output.strip().splitlines()) == 2
    assert "Traceback" not in done.output


def test_an_absent_server_is_said_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A PostgreSQL that is not there: the reason, no traceback."""
    monkeypatch.setenv("TEMTHAT_DATABASE_URL", f"postgresql+psycopg://postgres@/temthat?host={tmp_path}")
    done = run(keeping.migrate)
    assert done.exit_code == 1
    assert "Cơ sở dữ liệu báo lỗi" in done.output


def test_a_passphrase_is_asked_for_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one in the environment it is asked for twice."""
    monkeypatch.delenv("TEMTHAT_BACKUP_PASSPHRASE")
    load_master_key(Settings(), create=True)
    run(keeping.migrate)
    app = typer.Typer()
    app.command()(keeping.backup)
    done = CliRunner().invoke(app, ["kept.zip"], input=f"{PASSPHRASE}\n{PASSPHRASE}\n")
    assert done.exit_code == 0
    assert PASSPHRASE not in done.output
