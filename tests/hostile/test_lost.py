"""Commands on a house that is damaged: every one says what is missing and what to do, none tells a traceback."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from temthat.main import app

from ..neighbours import delegate, neighbours
from .serving import ROOT, environment

WORKBOOK = str(ROOT / "demo" / "htx-mau.xlsx")
COMMANDS = [
    ("import", WORKBOOK),
    ("order", "HTX-MATONG", "MATONG", "MO261025", "CHAI500", "--kind", "csv", "--count", "5"),
    ("notice", "void", "--run", "1", "--serials", "1-2", "--reason", "misprint", "--by", "HTX-MATONG"),
    ("paper", "list", "HTX-MATONG"),
    ("person", "HTX-MATONG", "0987654321"),
    ("api-key", "HTX-MATONG"),
    ("trust", "pack", "trust.json"),
    ("serve", "--port", "TAKEN"),
    ("backup", "kept.zip", "--passphrase", "mật khẩu đủ dài"),
    ("export", "all.zip"),
]


def temthat(folder: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """Exit code and everything written."""
    with socket.socket() as taken:  # a server that starts all the same ends at once
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        typed = [argument.replace("TAKEN", port) for argument in arguments]
        result = CliRunner().invoke(app, typed, env=environment(folder, **settings))
    assert isinstance(result.exception, SystemExit | None), result.exception
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service that was set up once; the write-ahead log belongs to it."""
    folder = tmp_path_factory.mktemp("set-up") / "data"
    assert temthat(folder, "init", "--alliance", "Liên minh", "--phone", "0912345678")[0] == 0
    return folder


@pytest.fixture
def office(set_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, beside the current folder's files."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(set_up, tmp_path / "data")


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "lost": lambda _: b"",
    "empty": lambda _: b"",
    "overwritten": lambda _: b"not a database " * 1_000,
    "cut": lambda whole: whole[:20_000],
}


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: str(arguments[0]))
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_lost_or_damaged_database_is_told(office: Path, damage: str, arguments: tuple[str, ...]) -> None:
    """With the command that restores it, in both languages."""
    if damage == "cut" and arguments[0] == "serve":
        pytest.skip("a server does not read the whole database before it starts")
    whole = (office / "temthat.db").read_bytes()
    for file in office.glob("temthat.db*"):
        file.unlink()  # a new file: the one that was written may still be open in this process
    if damage != "lost":
        (office / "temthat.db").write_bytes(DAMAGES[damage](whole))
    code, told = temthat(office, *arguments)
    assert code == 1
    assert "temthat restore" in told or "TEMTHAT_DATABASE_URL" in told or "database disk image" in told
    assert not list(office.parent.glob("*.zip"))


@pytest.mark.parametrize(
    ("arguments", "key"),
    [(arguments, None) for arguments in COMMANDS[:8]]
    + [(COMMANDS[7], key) for key in ("", "00" * 32, "not hex", "ab" * 8)],
    ids=str,
)
def test_a_lost_or_worthless_master_key_is_told(
    office: Path, arguments: tuple[str, ...], key: str | None
) -> None:
    """Which file, and how to get it back; nothing starts with a key anybody could guess."""
    path = office / "master.key"
    path.unlink()
    if key is not None:
        path.write_text(key)
        path.chmod(0o600)
    code, told = temthat(office, *arguments)
    assert code == 1
    assert "master.key" in told


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_an_open_master_key_is_refused_in_production(office: Path, mode: int) -> None:
    """With the command that closes it."""
    (office / "master.key").chmod(mode)
    code, told = temthat(office, "serve", "--port", "TAKEN")
    assert (code, "chmod 600" in told) == (1, True)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"secure_cookies": "false"}, "secure_cookies"),
        ({"secure_cookies": "perhaps"}, "TEMTHAT_SECURE_COOKIES"),
        ({"mode": "debug"}, "TEMTHAT_MODE"),
        ({"host": "https://tem.example.vn/"}, "TEMTHAT_HOST"),
        ({"upload_limit": "20 MB"}, "TEMTHAT_UPLOAD_LIMIT"),
        ({"allowed_hosts": "a.vn,b.vn"}, "allowed_hosts"),
        ({"database_url": "no url"}, "TEMTHAT_DATABASE_URL"),
        ({"database_url": "mysql://a/b"}, "TEMTHAT_DATABASE_URL"),
        ({"database_url": "sqlite:////proc/nowhere/temthat.db"}, "temthat restore"),
        ({"database_url": "sqlite://"}, "TEMTHAT_DATABASE_URL"),
    ],
)
def test_wrong_settings_are_named(office: Path, settings: dict[str, str], name: str) -> None:
    """The setting at fault, in words, and never with a secret that stood in it."""
    code, told = temthat(office, "serve", "--port", "TAKEN", **settings)
    assert code == 1
    assert name in told
    code, told = temthat(office, "import", WORKBOOK, **settings)
    assert code == 1


def test_a_password_in_the_database_url_is_not_told(office: Path) -> None:
    """Neither by the driver nor by us."""
    url = "postgresql+psycopg://temthat:s3cret-word@127.0.0.1:1/temthat?connect_timeout=2"
    for arguments in COMMANDS:
        code, told = temthat(office, *arguments, database_url=url)
        assert code == 1
        assert "s3cret-word" not in told


@pytest.mark.parametrize("out", ["missing/folder", "data/master.key"])
def test_print_files_that_cannot_be_written_are_told(office: Path, out: str) -> None:
    """Before anything is registered: with room or another folder the same command does it all."""
    assert temthat(office, "import", WORKBOOK)[0] == 0
    delegate(office)
    with neighbours(office) as around:
        code, told = temthat(office, *COMMANDS[1], "--out", out, **around)
        assert code == 1
        assert out in told
        assert not list((office / "prints").rglob("*.csv"))
        (office.parent / "paper").mkdir()
        assert temthat(office, *COMMANDS[1], "--out", "paper", **around)[0] == 0
    assert len(list((office.parent / "paper").glob("*.csv"))) == 1
