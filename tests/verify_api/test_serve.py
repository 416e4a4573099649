"""`temthat serve`: refuses to start half, keeps no access log, bounds what a connection may cost."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import typer
from sqlalchemy import create_engine, text
from tests.ports import free_port

from temthat_verify_api import connections
from temthat_verify_api.commands.serve import run_server
from temthat_verify_api.settings import Settings, load_master_key


def settings_for(url: str, folder: Path) -> Settings:
    return Settings(
        mode="demo", database_url=url, data_dir=folder, host="tem.example.vn", secure_cookies=False
    )


def test_an_outdated_database_is_refused_in_words(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 and the command that helps; nothing is served."""
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        connection.execute(text("delete from alembic_version"))
    engine.dispose()
    with pytest.raises(typer.Exit) as refused:
        run_server(settings_for(sqlite_url, tmp_path), host="127.0.0.1", port=1)
    assert refused.value.exit_code == 1
    assert "temthat migrate" in capsys.readouterr().err


def test_a_missing_master_key_is_refused_in_words(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says which file is missing and how to get it back."""
    with pytest.raises(typer.Exit):
        run_server(settings_for(sqlite_url, tmp_path), host="127.0.0.1", port=1)
    assert "master.key" in capsys.readouterr().err


def test_a_database_that_is_not_there_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback for a wrong address."""
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2"
    with pytest.raises(typer.Exit):
        run_server(settings_for(url, tmp_path), host="127.0.0.1", port=1)
    assert "TEMTHAT_DATABASE_URL" in capsys.readouterr().err


@contextmanager
def server(url: str, folder: Path) -> Iterator[tuple[int, "subprocess.Popen[str]"]]:
    """The real command in a process of its own."""
    load_master_key(settings_for(url, folder), create=True)
    port = free_port()
    environment = os.environ | {
        "TEMTHAT_MODE": "demo",
        "TEMTHAT_DATABASE_URL": url,
        "TEMTHAT_DATA_DIR": str(folder),
        "TEMTHAT_HOST": "tem.example.vn",
        "TEMTHAT_SECURE_COOKIES": "false",
    }
    code = (
        "from temthat_verify_api import connections; connections.PATIENCE = 3.0\n"
        f"from temthat_verify_api.commands.serve import serve; serve('127.0.0.1', {port})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for _ in range(1_000):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port, process
    finally:
        process.kill()
        process.wait()


def test_a_real_server(sqlite_url: str, tmp_path: Path) -> None:
    """Answers over a socket, cuts off endless heads and silent connections, stops when told, logs no visitor."""
    with server(sqlite_url, tmp_path / "data") as (port, process):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            assert client.get("/healthz").json()["status"] == "ok"
            answer = client.post(
                "/api/v1/verify", json={"code": "x"}, headers={"X-Forwarded-For": "203.0.113.9"}
            )
            assert answer.json()["verdict"] == "not_ours"
            assert "server" not in answer.headers
            assert client.get("/T/x", headers={"X-Long": "x" * 20_000}).status_code == 200
        with socket.create_connection(("127.0.0.1", port), 60) as endless:
            endless.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
            reply = b""
            try:
                for _ in range(100):
                    endless.sendall(b"X-More: " + b"x" * 1_000 + b"\r\n")
                reply = endless.recv(1_000)
            except OSError:
                pass
            assert not reply or reply.startswith(b"HTTP/1.1 431")
        with socket.create_connection(("127.0.0.1", port), 60) as silent:
            silent.sendall(b"GET / HTTP/1.1\r\n")
            assert silent.recv(1_000) == b"", "closed after three seconds without the rest of the head"
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert process.returncode in (0, -signal.SIGTERM)
    for trace in ("203.0.113", "/api/v1/verify", "Traceback"):
        assert trace not in output


def test_limits_leave_room_for_browsers() -> None:
    """A head with every cookie of a hundred stamps still fits."""
    assert connections.HEAD_LIMIT >= 32_000
