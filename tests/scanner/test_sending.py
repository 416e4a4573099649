"""The line to the service beside the scans: order kept, each once, and nobody waits for it twice."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TextIO

import httpx
import pytest

import temthat_scanner.sending
from temthat_scanner.judging import OfflineJudge, OnlineJudge
from temthat_scanner.queue import Queue, QueueError
from temthat_scanner.reporting import Aside
from temthat_scanner.selling import Mark, Seller
from temthat_scanner.sending import Flushed, Sender, Teller
from temthat_scanner.showing import tell_flushed
from temthat_stamps.verdict import Asker

from .service import Service, served

PATIENCE = 120.0
SENDER = "sender"


@pytest.fixture(scope="module")
def house(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("sending")
    path = folder / "temthat.db"
    path.write_bytes(_sqlite_template.read_bytes())
    with served(f"sqlite:///{path}", folder / "data", 120) as service:
        yield service


@pytest.fixture
def service(house: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    monkeypatch.setattr(temthat_scanner.sending, "REST", 0.0)
    house.line = "up"
    return house


class Watched(Teller):
    """Notes which thread asked what."""

    def __init__(self, online: OnlineJudge) -> None:
        super().__init__(online)
        self.calls: list[tuple[str, int]] = []

    def tell(self, event: dict[str, Any]) -> httpx.Response:
        self.calls.append((threading.current_thread().name, 1))
        return super().tell(event)

    def tell_many(self, events: Any, patience: float | None = None) -> list[dict[str, Any]]:
        self.calls.append((threading.current_thread().name, len(events)))
        return super().tell_many(events, patience)


class Till:
    """A seller in this process."""

    def __init__(self, service: Service, path: Path) -> None:
        self._online = OnlineJudge(service.url, Asker.TILL, "vi", service.key, None)
        self.queue = Queue(path)
        self.teller = Watched(self._online)
        self.notices: list[Flushed] = []
        self.sender = Sender(self.queue, self.teller, "vi", self.notices.append)
        self._seller = Seller(Mark.SOLD, self.sender, OfflineJudge(None, Asker.TILL, "vi"), "vi", "till")

    def mark(self, code: str, mark: Mark = Mark.SOLD) -> str:
        return str(self._seller.tell(code, mark).record.get("told"))

    def close(self) -> None:
        self.queue.close()
        self._online.__exit__()


@pytest.fixture
def till(service: Service, tmp_path: Path) -> Iterator[Till]:
    with closing(Till(service, tmp_path / "queue.db")) as made:
        yield made


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_only_the_first_pack_waits_for_a_dead_line(service: Service, till: Till) -> None:
    """Then the background tries it; when it answers again, so does the next pack's own call."""
    service.line = "cut"
    with till.sender:
        assert [till.mark(code) for code in service.codes[:4]] == ["waiting"] * 4
        ours = [thread for thread, _ in till.teller.calls if thread != SENDER]
        assert len(ours) == 1
        assert till.sender.is_down
        service.line = "up"
        till.sender._nudge.set()
        until(lambda: not till.queue.count())
        until(lambda: sum(done.sent for done in till.notices) == 4)
        assert till.mark(service.codes[4]) == "recorded"
        assert not till.sender.is_down
    assert service.sold()[:5] == [1, 2, 3, 4, 5]


def test_a_long_line_is_worked_off_in_pieces_while_packs_are_scanned(
    service: Service, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sales and returns of the same units, some from before, some meanwhile: in order, each once."""
    monkeypatch.setattr(temthat_scanner.sending, "AT_ONCE", 3)
    monkeypatch.setattr(temthat_scanner.sending, "SHORT", 2)
    before = service.events()
    codes = service.codes[10:40]
    service.line = "cut"
    for code in codes:
        till.mark(code)
    service.line = "up"
    till.sender.is_down = False
    with till.sender:
        for number, code in enumerate(codes):
            till.mark(code, Mark.RETURNED)
            if number % 3 == 0:
                till.mark(code, Mark.SOLD)
        until(lambda: not till.queue.count())
    assert till.queue.refused() == []
    assert all(size <= 3 for _, size in till.teller.calls)
    serials = range(11, 41)
    expected = [
        (serial, event)
        for number, serial in enumerate(serials)
        for event in (["sold", "returned", "sold"] if number % 3 == 0 else ["sold", "returned"])
    ]
    assert [event for event in service.events() if event not in before] == expected
    assert [serial for serial in service.sold() if serial in serials] == list(serials)[::3]


def test_a_pack_is_told_before_what_comes_after_it(service: Service, till: Till) -> None:
    """While one is told on the spot the background sends nothing."""
    with till.sender:
        for code in service.codes[50:60]:
            till.sender._nudge.set()
            assert till.mark(code) == "recorded"
    assert {thread for thread, _ in till.teller.calls} == {threading.current_thread().name}


def test_a_fault_in_the_background_is_no_end_of_it(
    service: Service, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something nobody thought of: packs stand in line, and it is tried again."""
    service.line = "cut"
    till.mark(service.codes[70])
    service.line = "up"
    faults = [KeyError("x"), AttributeError()]
    right = till.teller.tell_many

    def wrong(events: Any, patience: float | None = None) -> list[dict[str, Any]]:
        if faults:
            raise faults.pop()
        return right(events, patience)

    monkeypatch.setattr(till.teller, "tell_many", wrong)
    with till.sender:
        for left in (1, 0):
            till.sender._nudge.set()
            until(lambda left=left: len(faults) <= left)  # type: ignore[misc]
            until(lambda: till.sender.why in {"KeyError", "AttributeError"})
            assert till.queue.count() == 1
        till.sender._nudge.set()
        until(lambda: not till.queue.count())
    assert 71 in service.sold()


def test_what_is_left_at_the_end_is_not_waited_for_on_a_dead_line(service: Service, till: Till) -> None:
    service.line = "cut"
    with till.sender:
        till.mark(service.codes[80])
        calls = len(till.teller.calls)
    assert [thread for thread, _ in till.teller.calls[calls:] if thread != SENDER] == []
    assert till.queue.count() == 1


def test_an_answer_that_is_none_leaves_everything_where_it_is(
    service: Service, till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line too few, or a word nobody knows: nothing is let go."""
    service.line = "cut"
    for code in service.codes[90:93]:
        till.mark(code)
    answers: list[Any] = [
        {"events": [{}]},
        {"events": [{}] * 3},
        {"events": [{"outcome": "new"}] * 3},
        [],
        None,
    ]
    for answer in answers:
        reply = httpx.Response(200, json=answer)
        monkeypatch.setattr(till._online, "post", lambda *_, reply=reply: reply)
        done = till.sender.flush()
        assert done.problem
        assert (done.sent, till.queue.count()) == (0, 3)


def test_a_till_without_a_service_keeps_its_file_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is carried to a machine with a network, perhaps while it still runs."""
    monkeypatch.setattr(temthat_scanner.sending, "IDLE", 0.01)

    def carried() -> int:
        copy = tmp_path / "copy.db"
        copy.write_bytes((tmp_path / "queue.db").read_bytes())
        try:
            with closing(Queue(copy)) as queue:
                return queue.count()
        except QueueError:
            return 0  # copied while it was written to

    with closing(Queue(tmp_path / "queue.db")) as queue, Sender(queue, None, "vi", lambda done: None):
        queue.put({"id": "a"})
        until(lambda: carried() == 1)


class Saying(Teller):
    """A service that says this of every event."""

    def __init__(self, line: dict[str, Any]) -> None:
        self.line = line
        self.patience: list[float | None] = []

    def tell_many(self, events: Any, patience: float | None = None) -> list[dict[str, Any]]:
        self.patience.append(patience)
        return [self.line for _ in events]


def waiting_in(path: Path, count: int) -> Queue:
    """A queue in which so many sales wait."""
    queue = Queue(path)
    for number in range(count):
        queue.put({"id": f"{number:03}", "code": "x"})
    return queue


STRANGE_LINES: list[dict[str, Any]] = [
    {"outcome": "refused", "problem": "text"},
    {"outcome": "refused", "problem": {"message_vi": ["x"]}},
    {"outcome": "recorded", "answer": "text"},
    {"outcome": "recorded", "answer": [1]},
    {"outcome": "recorded", "answer": {"verdict": ["genuine"]}},
    {"outcome": ["recorded"]},
    {"outcome": None, "problem": 7},
    {},
]


@pytest.mark.parametrize("line", STRANGE_LINES, ids=str)
def test_lines_of_no_known_form_end_no_till(tmp_path: Path, line: dict[str, Any]) -> None:
    """What is said to be taken is let go of, what is refused is kept apart, the rest waits."""
    with closing(waiting_in(tmp_path / "queue.db", 1)) as queue:
        sender = Sender(queue, Saying(line), "vi", lambda done: None)
        with sender.turn() as is_next:
            assert is_next is not sender.is_down
        assert (queue.count(), len(queue.refused())) == {
            "recorded": (0, 0),
            "refused": (0, 1),
        }.get(str(line.get("outcome")), (1, 0))


def test_what_is_sent_at_the_end_is_told(tmp_path: Path) -> None:
    """A command that is started for each pack: a verdict that a person should know of is not lost."""
    notices: list[Flushed] = []
    teller = Saying({"outcome": "recorded", "answer": {"verdict": "suspect_copy"}})
    with closing(waiting_in(tmp_path / "queue.db", 30)) as queue:
        with Sender(queue, teller, "vi", notices.append):
            pass
        assert queue.count() == 0
    assert [len(done.strange) for done in notices if done.sent] == [30]
    assert all(patience is not None and patience <= 60 for patience in teller.patience)


def broken_pipe() -> TextIO:
    """Whoever read it has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w")


@pytest.mark.parametrize("gone", ["pipe", "disk"])
def test_where_nobody_hears_what_became_of_it_the_till_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """Software that read the port and closed the pipe, a log on a full disk: the background sends on, answers come."""
    monkeypatch.setattr(temthat_scanner.sending, "IDLE", 0.01)
    with broken_pipe() if gone == "pipe" else Path("/dev/full").open("w", buffering=1) as stderr:
        monkeypatch.setattr(sys, "stderr", stderr)
        errors = Aside()
        with closing(waiting_in(tmp_path / "queue.db", 1)) as queue:
            sender = Sender(
                queue, Saying({"outcome": "recorded"}), "vi", lambda done: tell_flushed(done, "vi", errors)
            )
            with sender:
                for number in range(3):
                    until(lambda: not queue.count())
                    assert not sender.is_down
                    queue.put({"id": f"later {number}", "code": "x"})
                until(lambda: not queue.count())
        monkeypatch.undo()
        with suppress(OSError):
            stderr.close()


def test_who_hears_it_badly_is_no_dead_line(tmp_path: Path) -> None:
    """Whatever goes wrong while it is told: the service answered."""

    def deaf(done: Flushed) -> None:
        raise RuntimeError

    with closing(waiting_in(tmp_path / "queue.db", 1)) as queue:
        sender = Sender(queue, Saying({"outcome": "recorded"}), "vi", deaf)
        with sender.turn() as is_next:
            assert is_next
        assert (sender.is_down, queue.count()) == (False, 0)
