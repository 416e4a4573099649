"""Selling with `temthat scan --mark`: online, offline, cut in the middle, killed, with a full disk. Nothing is lost."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import temthat_scanner.sending
from temthat.main import app
from temthat_scanner.queue import Queue, QueueError

from .service import Service, served

runner = CliRunner()


@pytest.fixture(scope="module")
def house(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("selling")
    path = folder / "temthat.db"
    path.write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{path}", folder / "data", 60) as service:
        yield service


@pytest.fixture
def service(house: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """The line is up, and a till does not rest between its tries."""
    monkeypatch.setattr(temthat_scanner.sending, "REST", 0.0)
    house.line = "up"
    house.requests.clear()
    return house


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    return tmp_path / "till" / "queue.db"


def options(service: Service, queue: Path, *more: str) -> list[str]:
    return ["scan", "--json", "--server", service.url, "--api-key", service.key, "--queue", str(queue), *more]


def scan(
    service: Service, queue: Path, *codes: str, mark: str = "sold", more: tuple[str, ...] = ()
) -> tuple[int, list[dict[str, Any]]]:
    arguments = options(service, queue, "--mark", mark, *more)
    result = runner.invoke(app, arguments, input="".join(f"{code}\n" for code in codes))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def waiting(service: Service, queue: Path, *more: str) -> tuple[int, list[dict[str, Any]]]:
    result = runner.invoke(app, options(service, queue, "--waiting", *more))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def told(service: Service, serial: int) -> list[str]:
    return [event for one, event in service.events() if one == serial]


def test_a_sale_online_and_the_same_pack_again(service: Service, queue: Path) -> None:
    """Told at once, nothing waits; rung up again the till is told, neutrally; brought back it can be sold again."""
    code = service.codes[0]
    exit_code, [line] = scan(service, queue, code)
    assert (exit_code, line["verdict"], line["told"]) == (0, "genuine", "recorded")
    exit_code, [line] = scan(service, queue, code)
    assert (exit_code, line["verdict"], line["told"]) == (1, "sold", "recorded")
    for left in ((1, "sold"), (0, "genuine")):  # it was rung up twice, and taken back twice
        exit_code, [line] = scan(service, queue, code, mark="returned")
        assert line["told"] == "recorded"
        assert (exit_code, line["verdict"]) == left
    assert waiting(service, queue) == (0, [])


def test_offline_it_waits_and_is_sent_by_the_next_scan(service: Service, queue: Path) -> None:
    """In order, in one call, each once; the next pack's answer comes after them."""
    service.line = "cut"
    exit_code, lines = scan(service, queue, *service.codes[1:4])
    assert [line["told"] for line in lines] == ["waiting"] * 3
    assert {line["verdict"] for line in lines} == {"cannot_tell"}
    assert exit_code == 3
    assert waiting(service, queue)[0] == 1
    assert told(service, 2) == []
    service.line = "up"
    exit_code, [line] = scan(service, queue, service.codes[4])
    assert (exit_code, line["told"]) == (0, "recorded")
    assert service.requests == ["/api/v1/events/batch", "/api/v1/events"]
    assert [told(service, serial) for serial in (2, 3, 4, 5)] == [["sold"]] * 4
    assert waiting(service, queue) == (0, [])


def test_behind_a_long_line_a_pack_stands_in_it(
    service: Service, queue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No customer waits for a day's sales: it is worked off beside the scans, a call at a time, in order."""
    monkeypatch.setattr(temthat_scanner.sending, "AT_ONCE", 2)
    monkeypatch.setattr(temthat_scanner.sending, "SHORT", 3)
    service.line = "cut"
    scan(service, queue, *service.codes[13:17])
    service.line = "up"
    _, [line] = scan(service, queue, service.codes[17])
    assert line["told"] == "waiting"
    assert set(service.requests) == {"/api/v1/events/batch"}
    english = [one for one in options(service, queue, "--mark", "sold", "--lang", "en") if one != "--json"]
    for _ in range(3):  # each run sends at least a call before it ends
        runner.invoke(app, english)
    assert waiting(service, queue) == (0, [])
    assert [told(service, serial) for serial in range(14, 19)] == [["sold"]] * 5
    service.line = "cut"
    scan(service, queue, *service.codes[55:59])
    service.line = "up"
    assert "earlier ones are still to be sent" in runner.invoke(app, english, input=service.codes[59]).output


def test_an_answer_that_got_lost_is_asked_for_again_and_counts_once(service: Service, queue: Path) -> None:
    """The service had it all along."""
    service.line = "deaf"
    _, [line] = scan(service, queue, service.codes[5])
    assert line["told"] == "waiting"
    assert waiting(service, queue)[0] == 1
    service.line = "up"
    assert waiting(service, queue) == (0, [])
    assert told(service, 6) == ["sold"]


def test_a_sale_and_its_return_keep_their_order(service: Service, queue: Path) -> None:
    """Both offline: afterwards the unit is for sale."""
    code = service.codes[6]
    service.line = "cut"
    scan(service, queue, code)
    scan(service, queue, code, mark="returned")
    service.line = "up"
    assert waiting(service, queue) == (0, [])
    assert told(service, 7) == ["sold", "returned"]
    assert 7 not in service.sold()


def test_what_is_refused_is_shown_and_stays_until_dropped(service: Service, queue: Path) -> None:
    """A return of what was never sold; a person reads why and drops it."""
    exit_code, [line] = scan(service, queue, service.codes[7], mark="returned")
    assert (exit_code, line["verdict"], line["told"]) == (3, None, "refused")
    assert "hoàn" in line["title"] or line["error"] == "impossible_event"
    exit_code, [left] = waiting(service, queue)
    assert exit_code == 1
    assert left["refused"]
    assert left["id"] == line["event"]
    assert waiting(service, queue, "--forget", left["id"]) == (0, [])


def test_a_wrong_key_loses_nothing(service: Service, queue: Path) -> None:
    """The sales wait until somebody mends the key."""
    right, service.key = service.key, "tt_till_wrong"
    try:
        _, [line] = scan(service, queue, service.codes[8])
        assert line["told"] == "waiting"
        assert waiting(service, queue)[0] == 1
    finally:
        service.key = right
    assert waiting(service, queue) == (0, [])
    assert told(service, 9) == ["sold"]


def test_what_is_no_stamp_is_not_told(service: Service, queue: Path) -> None:
    """Another code, and a number with a slip: judged on the spot, nothing kept."""
    _, lines = scan(service, queue, "8934563138165", "0000 0400 00B1 BVCX")
    assert all("told" not in line for line in lines)
    assert waiting(service, queue) == (0, [])
    assert service.requests == []


def test_without_a_server_it_only_keeps(service: Service, queue: Path) -> None:
    """A till that never has a network; the file is carried to one that has."""
    arguments = ["scan", "--json", "--queue", str(queue), "--mark", "sold"]
    result = runner.invoke(app, arguments, input=service.codes[9] + "\n")
    assert json.loads(result.stdout)["told"] == "waiting"
    assert waiting(service, queue) == (0, [])
    assert told(service, 10) == ["sold"]


def test_a_place_to_keep_is_needed(service: Service) -> None:
    """Nothing is sold that could be lost."""
    result = runner.invoke(app, ["scan", "--server", service.url, "--mark", "sold"], input="x\n")
    assert result.exit_code == 4
    assert "--queue" in result.output


def test_words_for_a_person(service: Service, queue: Path) -> None:
    """What was recorded, what waits, in the language asked for."""
    arguments = [one for one in options(service, queue, "--mark", "sold") if one != "--json"]
    assert "Đã ghi bán" in runner.invoke(app, arguments, input=service.codes[10]).output
    service.line = "cut"
    assert "sẽ tự gửi sau" in runner.invoke(app, arguments, input=service.codes[11]).output
    shown = [one for one in options(service, queue, "--waiting") if one != "--json"]
    assert "1 mục chờ gửi" in runner.invoke(app, shown).output
    service.line = "up"
    english = runner.invoke(app, [*shown, "--lang", "en"]).output
    assert "Sent 1 that waited" in english
    assert "Nothing waits" in english


# ---- the file -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one" * 40, b"SQLite format 3\0" + b"x" * 900]
)
def test_a_damaged_file_is_told_and_left_alone(service: Service, queue: Path, content: bytes) -> None:
    """It may hold sales: nothing writes over it."""
    queue.parent.mkdir()
    queue.write_bytes(content)
    with pytest.raises(QueueError, match="rename"):
        Queue(queue).waiting()
    assert scan(service, queue, service.codes[12])[0] == 4
    assert queue.read_bytes() == content


def process(service: Service, queue: Path, *before: str) -> "subprocess.Popen[str]":
    """The command as a till runs it."""
    command = [*before, sys.executable, "-m", "temthat", *options(service, queue, "--mark", "sold")]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def test_killed_between_two_packs_nothing_is_lost(service: Service, queue: Path) -> None:
    """Each line that was answered offline is in the file after kill -9, once, and arrives once."""
    service.line = "cut"
    with process(service, queue) as till:
        assert till.stdin
        assert till.stdout
        for code in service.codes[20:25]:
            till.stdin.write(code + "\n")
            till.stdin.flush()
            assert json.loads(till.stdout.readline())["told"] == "waiting"
        till.send_signal(signal.SIGKILL)
    service.line = "up"
    assert waiting(service, queue) == (0, [])
    assert [told(service, serial) for serial in range(21, 26)] == [["sold"]] * 5


def test_killed_at_any_moment_what_was_answered_arrives_once(service: Service, queue: Path) -> None:
    """Killed while it sends what waited: sent again, it is known."""
    service.line = "cut"
    scan(service, queue, *service.codes[30:50])
    service.line = "deaf"
    for pause in (0.0, 0.02, 0.2):
        with process(service, queue) as till:
            assert till.stdin
            till.stdin.write(service.codes[50] + "\n")
            till.stdin.flush()
            deadline = time.monotonic() + 60
            seen = len(service.requests)
            while len(service.requests) == seen:
                assert time.monotonic() < deadline
                time.sleep(0.01)
            time.sleep(pause)
            till.send_signal(signal.SIGKILL)
    service.line = "up"
    assert waiting(service, queue) == (0, [])
    assert [told(service, serial) for serial in range(31, 51)] == [["sold"]] * 20


def test_with_a_full_disk_the_service_still_takes_it_and_offline_it_is_said(
    service: Service, queue: Path
) -> None:
    """No answer pretends that something is kept; what was kept before stays whole."""
    service.line = "cut"
    scan(service, queue, *service.codes[51:54])
    for line, expected in (("cut", 4), ("up", 0)):
        service.line = line
        till = process(service, queue, "prlimit", "--fsize=4096")
        out, err = till.communicate(service.codes[54] + "\n", timeout=60)
        [answer] = [json.loads(row) for row in out.splitlines()]
        if line == "cut":
            assert till.returncode == expected
            assert answer["verdict"] is None
            assert "CHƯA GHI ĐƯỢC" in err
        else:
            assert answer["told"] == "recorded"
    assert waiting(service, queue)[1] == []
    assert [told(service, serial) for serial in (52, 53, 54, 55)] == [["sold"]] * 4
    with sqlite3.connect(queue) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)


def test_the_disk_fills_up_while_the_till_runs(service: Service, queue: Path) -> None:
    """Each pack is either kept or said not to be; what was kept is in the file, once, and no more."""
    service.line = "cut"
    Queue(queue).close()
    till = process(service, queue, "prlimit", "--fsize=32768")
    out, err = till.communicate("".join(f"{code}\n" for code in service.codes[:12]), timeout=60)
    answers = [json.loads(row) for row in out.splitlines()]
    kept = [answer["event"] for answer in answers if answer.get("told") == "waiting"]
    lost = [answer["text"] for answer in answers if answer["verdict"] is None]
    assert (len(answers), len(kept) + len(lost)) == (12, 12)
    assert kept
    assert lost
    assert err.count("CHƯA GHI ĐƯỢC") == len(lost)
    one = Queue(queue)
    assert [w.id for w in one.waiting()] == kept
    one.close()
