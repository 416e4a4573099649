"""`make demo` as its user meets it: started as a process, asked over HTTP, stopped, started again."""

import contextlib
import json
import re
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from temthat.main import app

from .ports import free_port

ROOT = Path(__file__).parents[1]
WORDS = {"genuine", "revoked", "not_applied", "recalled", "expired", "forged", "suspect_copy"}


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def serving(
    folder: Path, port: int, end: signal.Signals = signal.SIGTERM
) -> Iterator[tuple[httpx.Client, str]]:
    """The demo in a process of its own; a client for it, and what it printed."""
    log = folder.with_name(f"{folder.name}-{port}.log")
    command = [sys.executable, "-m", "temthat", "demo", "--dir", str(folder), "--port", str(port)]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until = time.monotonic() + 120
            while not answers(client):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until
                time.sleep(0.1)
            yield client, log.read_text()
    finally:
        process.send_signal(end)
        process.wait(30)


def signers(folder: Path) -> list[str]:
    """Process ids of signers that work in the demo's folder."""
    found = subprocess.run(["pgrep", "-f", f"signer_command serve {folder}/"], capture_output=True, text=True)
    return found.stdout.split()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_signer_ends_with_the_demo(folder: Path, number: signal.Signals) -> None:
    """Stopped by a manager, by a closed terminal, by Ctrl+C: no process that holds keys is left behind."""
    with serving(folder, free_port(), number):
        assert len(signers(folder)) == 1
    assert signers(folder) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "world"


def test_every_sample_stamp_shows_what_it_says_on_every_surface(folder: Path) -> None:
    """Page, JSON, POST and the offline scanner agree on each stamp the demo prints."""
    port = free_port()
    with serving(folder, port) as (client, printed):
        key = re.search(r"API key: (\S+)", printed)
        assert key
        stamps = re.findall(rf"^(\w+): http://localhost:{port}(/T/\w+)", printed, re.M)
        assert {word for word, _ in stamps} == WORDS
        for word, path in stamps:
            assert client.get(path, headers={"Accept": "application/json"}).json()["verdict"] == word
            page = client.get(path, headers={"Accept": "text/html"})
            assert page.status_code == 200
            assert len(page.content) < 50_000
            assert "<script" not in page.text
            url = f"http://localhost:{port}{path}"
            assert (
                client.post("/api/v1/verify", json={"code": url, "kind": "consumer"}).json()["verdict"]
                == word
            )
        offline = CliRunner().invoke(
            app,
            ["scan", "--json", "--trust", str(folder / "trust")],
            input="\n".join(p for _, p in stamps_urls(stamps)),
        )
        found = [json.loads(line)["verdict"] for line in offline.stdout.splitlines() if line.startswith("{")]
        without_history = {"genuine": "genuine_offline", "suspect_copy": "genuine_offline"}
        assert found == [without_history.get(w, w) for w, _ in stamps]
        till = client.post(
            "/api/v1/verify",
            json={"code": stamps[2][1].removeprefix("/T/"), "kind": "till"},
            headers={"Authorization": f"Bearer {key[1]}"},
        )
        assert till.status_code in (200, 403)
        check_what_it_prints(client, printed)
        check_the_alert(client, printed)
    assert (folder / "tem-in-thu.pdf").read_bytes().startswith(b"%PDF")
    with contextlib.closing(sqlite3.connect(folder / "temthat.db")) as db:
        ahead = "SELECT count(*) FROM purchase_slip WHERE date(at) > date('now', '+1 day')"
        assert db.execute(ahead).fetchone() == (0,), "slips move with the world's other days, once"
    assert (folder / "demo.json").stat().st_mode & 0o077 == 0


def check_what_it_prints(client: httpx.Client, printed: str) -> None:
    """The log has a page, and the two commands it prints do what it says of them, copied as they stand."""
    assert re.search(r"public log +: (http://localhost:\d+/log/)$", printed, re.M)
    assert "temthat log audit" in client.get("/log/", headers={"Accept": "text/html"}).text
    commands = [shlex.split(line) for line in re.findall(r"^temthat (.*)$", printed, re.M)]
    assert [words[:1] for words in commands] == [["log"], ["scan"]]
    audit, scan = (CliRunner().invoke(app, words) for words in commands)
    assert audit.exit_code == 0, audit.output
    assert "Không thấy điều gì sai" in audit.output
    assert scan.exit_code == 2, "the samples include recalled and void stamps"
    assert "thu hồi" in scan.output


def check_the_alert(client: httpx.Client, printed: str) -> None:
    """Whoever signs in as the first cooperative finds one alert, about the stamp that was sold in two places."""
    login = re.search(r"^ +(09\d{8})   (\S+)   ", printed, re.M)
    assert login
    form = re.search(r'name="form" value="([0-9a-f]{32})"', client.get("/desk/sign-in").text)
    assert form
    answer = client.post(
        "/desk/sign-in", data={"form": form[1], "phone": login[1], "password": login[2], "next": "/desk"}
    )
    assert answer.status_code == 303, answer.text
    alerts = set(re.findall(r'href="(/desk/alerts/[0-9a-f-]{36})"', client.get("/desk/alerts").text))
    assert len(alerts) == 1
    page = client.get(alerts.pop()).text
    assert "Cùng một mã được tính tiền hơn một lần" in page
    assert "</a> / 51</td>" in page


def stamps_urls(stamps: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(word, f"https://tem.example.vn{path}") for word, path in stamps]


def test_second_start_keeps_the_world(folder: Path) -> None:
    """A second start, on another port, builds nothing and serves the same stamps."""
    before = (folder / "demo.json").read_bytes()
    with serving(folder, free_port()) as (client, printed):
        path = re.search(r"genuine: http://localhost:\d+(/T/\w+)", printed)
        assert path
        assert client.get(path[1], headers={"Accept": "application/json"}).json()["verdict"] == "genuine"
    assert (folder / "demo.json").read_bytes() == before


def test_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    """A folder with somebody's files is refused, in words, and nothing in it is touched."""
    (tmp_path / "thesis.docx").write_text("mine")
    port = str(free_port())
    result = subprocess.run(
        [sys.executable, "-m", "temthat", "demo", "--dir", str(tmp_path), "--port", port],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode == 4
    assert "Traceback" not in result.stderr
    assert "make demo DIR=" in result.stdout + result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.docx"]


def test_taken_port_is_told(tmp_path: Path) -> None:
    """A port in use ends with a message that names another one, before anything is built."""
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = subprocess.run(
            [sys.executable, "-m", "temthat", "demo", "--dir", str(tmp_path / "w"), "--port", str(port)],
            cwd=ROOT, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert result.returncode == 4
    assert f"PORT={port + 1}" in result.stdout
    assert not (tmp_path / "w").exists()
