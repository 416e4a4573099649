"""A witness over HTTP: the protocol's answers, a client that believes nothing, and strangers who behave badly."""

import hashlib
import http.client
import logging
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest
from tests.ports import free_port

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.add_checkpoint import REQUEST_LIMIT, SIZE_TYPE, AddCheckpoint, WitnessRefused
from temthat_stamps.log.checkpoint import CLOCK_TOLERANCE, Checkpoint, open_checkpoint
from temthat_stamps.log.cosignature import Cosigner, verify_cosignature
from temthat_stamps.log.note import Note, VerifierKey, parse_lines
from temthat_stamps.log.policy import Policy, TooFewWitnesses
from temthat_stamps.log.witness import WitnessState
from temthat_stamps.log.witness_client import (
    ANSWER_LIMIT,
    LocalWitness,
    LogFellBack,
    Witness,
    WitnessClient,
    WitnessSilent,
    collect,
)
from temthat_stamps.log.witness_folder import WitnessFolder
from temthat_stamps.log.witness_server import WitnessServer

if TYPE_CHECKING:
    from tests.stamps.log.conftest import SignedLog


@contextmanager
def serving(state: WitnessState, connections: int = 8, patience: float = 5.0) -> Iterator[WitnessServer]:
    """A server of this witness, stopped and joined at the end."""
    server = WitnessServer(state, "127.0.0.1", 0, connections, patience)
    stop = Event()
    thread = Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def state(tmp_path: Path, log: "SignedLog") -> WitnessState:
    """A witness that knows the log."""
    return WitnessState(WitnessFolder.create(tmp_path / "witness", "w.example"), [log.signer.key])


@pytest.fixture
def server(state: WitnessState) -> Iterator[WitnessServer]:
    """The witness, served."""
    with serving(state) as server:
        yield server


@pytest.fixture
def client(server: WitnessServer, state: WitnessState) -> Iterator[WitnessClient]:
    """Asks it."""
    client = WitnessClient(f"http://127.0.0.1:{server.server_port}/", state.key)
    yield client
    client.close()


def post(server: WitnessServer, body: bytes) -> tuple[int, str, bytes]:
    """Status, content type and body of an add-checkpoint."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request("POST", "/add-checkpoint", body)
    response = connection.getresponse()
    answer = response.status, response.headers["Content-Type"], response.read()
    connection.close()
    return answer


def raw(server: WitnessServer, data: bytes) -> bytes:
    """All that comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", server.server_port), 10) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while part := connection.recv(65536):
                answer += part
        except ConnectionResetError:
            pass  # it closed without reading all that was sent: what came until then is the answer
        return answer


def test_answers_of_the_protocol(server: WitnessServer, state: WitnessState, log: "SignedLog") -> None:
    """Every status, with the content type the specification asks for where it asks."""
    status, _, body = post(server, bytes(AddCheckpoint(0, (), log.checkpoint(4))))
    assert status == 200
    (line,) = parse_lines(body)
    verify_cosignature(Note.parse(log.checkpoint(4)).text, state.key, line.signature)
    assert post(server, bytes(AddCheckpoint(0, (), log.checkpoint()))) == (409, SIZE_TYPE, b"4\n")
    stranger, unknown = type(log)(key=2).grow(9), type(log)(origin="unknown.example").grow(9)
    for request, wanted in (
        (b"nonsense", 400),
        (AddCheckpoint(5, (), log.checkpoint(4)), 400),
        (AddCheckpoint(4, (), stranger.checkpoint()), 403),
        (AddCheckpoint(4, (), unknown.checkpoint()), 404),
        (AddCheckpoint(4, (), type(log)().grow(4, "other").checkpoint()), 409),
        (AddCheckpoint(4, tuple(log.prove(5)), log.checkpoint()), 422),
    ):
        status, content_type, body = post(server, bytes(request))
        assert (status, content_type) == (wanted, "text/plain; charset=utf-8")
        assert body.startswith(f"Not cosigned ({wanted})".encode())


def test_a_client_follows_a_growing_log(client: WitnessClient, state: WitnessState, log: "SignedLog") -> None:
    """One request a checkpoint once it knows where the witness stands."""
    asked: list[int] = []

    def prove(old: int) -> list[bytes]:
        asked.append(old)
        return list(log.prove(old, size))

    for size in (3, 7, 10, 10):
        line = client.cosign(log.checkpoint(size), size, prove)
        assert line.name == state.key.name
    assert asked == [3, 7]


def test_a_new_client_learns_where_the_witness_stands(
    client: WitnessClient, server: WitnessServer, state: WitnessState, log: "SignedLog"
) -> None:
    """The 409 says so, and the second request has the proof from there; also for the same size."""
    client.cosign(log.checkpoint(4), 4, log.prove)
    for size in (4, 10):
        fresh = WitnessClient(f"http://127.0.0.1:{server.server_port}", state.key)
        assert fresh.cosign(log.checkpoint(size), size, log.prove)
        fresh.close()


def test_a_log_that_fell_back_is_told(client: WitnessClient, log: "SignedLog") -> None:
    """An old copy of its store was put back: the store's fault, with both sizes, and nothing is cosigned."""
    client.cosign(log.checkpoint(), 10, log.prove)
    with pytest.raises(LogFellBack) as refusal:
        client.cosign(log.checkpoint(6), 6, log.prove)
    assert refusal.value.fault is Fault.STORE
    assert refusal.value.seen == 10
    assert "10" in refusal.value.vi
    assert "6" in refusal.value.vi


def test_a_fork_is_told_as_such(client: WitnessClient, log: "SignedLog") -> None:
    """A second face meets the plain 409 or the 422, whatever proof it brings."""
    client.cosign(log.checkpoint(6), 6, log.prove)
    other = type(log)().grow(10, "other")
    with pytest.raises(WitnessRefused) as refusal:
        client.cosign(other.checkpoint(6), 6, other.prove)
    assert (refusal.value.status, refusal.value.size) == (409, None)
    with pytest.raises(WitnessRefused) as refusal:
        client.cosign(other.checkpoint(), 10, other.prove)
    assert refusal.value.status == 422
    assert refusal.value.fault is Fault.OPERATOR


def test_a_local_witness_answers_alike(tmp_path: Path, log: "SignedLog") -> None:
    """The same interface in one process, for a demo; opened again it remembers."""
    LocalWitness.new(tmp_path / "w", "w.example", [log.signer.key]).cosign(log.checkpoint(4), 4, log.prove)
    again = LocalWitness.open(tmp_path / "w")
    assert again.cosign(log.checkpoint(), 10, log.prove).name == "w.example"
    with pytest.raises(LogFellBack):
        LocalWitness.open(tmp_path / "w").cosign(log.checkpoint(4), 4, log.prove)


Answer = Callable[[AddCheckpoint], tuple[int, str, bytes]]


@contextmanager
def lying(key: VerifierKey, answer: Answer) -> Iterator[WitnessClient]:
    """A client of a witness that answers whatever it likes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = AddCheckpoint.parse(self.rfile.read(int(self.headers["Content-Length"])))
            status, content_type, body = answer(request)
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Location", "/add-checkpoint")
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    client = WitnessClient(f"http://127.0.0.1:{server.server_port}", key, timeout=20.0)
    try:
        yield client
    finally:
        client.close()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_client_believes_only_a_good_cosignature(log: "SignedLog", cosigners: list[Cosigner]) -> None:
    """Over other text, by another key, under a borrowed name, none, half of one, endless: silent; never a line."""
    text, other = Note.parse(log.checkpoint()).text, Note.parse(log.checkpoint(9)).text
    now = int(time.time())
    ours, theirs = cosigners[0], cosigners[1]
    good = str(ours.cosign(text, now)).encode()
    answers = [
        b"",
        b"\n",
        b"OK",
        good[:-1],
        good[:-20] + b"\n",
        str(ours.cosign(other, now)).encode(),
        str(theirs.cosign(text, now)).encode(),
        log.checkpoint() + good,
        good + b"\n",
        b"\xff" + good,
        good * 1000 + b"x" * ANSWER_LIMIT,
    ]
    left = iter(answers)
    with lying(ours.key, lambda _: (200, "text/plain", next(left))) as client:
        for _ in answers:
            with pytest.raises(WitnessSilent):
                client.cosign(log.checkpoint(), 10, log.prove)
    assert next(left, None) is None
    with lying(
        ours.key, lambda _: (200, "text/plain", str(theirs.cosign(text, now)).encode() + good)
    ) as client:
        assert client.cosign(log.checkpoint(), 10, log.prove).name == ours.key.name


def test_a_cosignature_from_the_future_is_the_clocks_fault(
    log: "SignedLog", cosigners: list[Cosigner]
) -> None:
    """Theirs or ours: people look at both before anything is published with it."""
    text, late = Note.parse(log.checkpoint()).text, int(time.time()) + CLOCK_TOLERANCE + 60
    body = str(cosigners[0].cosign(text, late)).encode()
    with (
        lying(cosigners[0].key, lambda _: (200, "text/plain", body)) as client,
        pytest.raises(WitnessSilent) as silent,
    ):
        client.cosign(log.checkpoint(), 10, log.prove)
    assert silent.value.fault is Fault.CLOCK


@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (409, "text/plain", b"4\n"),
        (409, SIZE_TYPE, b"4\n"),
        (409, SIZE_TYPE, b"four\n"),
        (409, SIZE_TYPE, b"4"),
        (409, SIZE_TYPE, b"99999999999999999999\n"),
        (301, "text/plain", b""),
        (307, "text/plain", b""),
        (404, "text/html", b"<h1>"),
        (429, "text/plain", b""),
        (500, "text/plain", b""),
    ],
)
def test_other_answers_end_in_a_typed_error(
    log: "SignedLog", cosigners: list[Cosigner], status: int, content_type: str, body: bytes
) -> None:
    """At most two requests, no redirect followed, no traceback."""
    asked: list[int] = []

    def answer(request: AddCheckpoint) -> tuple[int, str, bytes]:
        asked.append(request.old_size)
        return status, content_type, body

    with lying(cosigners[0].key, answer) as client, pytest.raises(TrustError):
        client.cosign(log.checkpoint(), 10, log.prove)
    assert asked in ([0], [0, 4])


def test_nobody_there_is_the_networks_fault(log: "SignedLog", cosigners: list[Cosigner]) -> None:
    """A closed port, a name that is none."""
    port = free_port()
    no_names = ("not a url", "ftp://127.0.0.1", "http://[::1", "http://xn--", "http://a..example")
    for url in (f"http://127.0.0.1:{port}", *no_names):
        client = WitnessClient(url, cosigners[0].key)
        with pytest.raises(WitnessSilent) as silent:
            client.cosign(log.checkpoint(), 10, log.prove)
        assert silent.value.fault is Fault.NETWORK
        client.close()


class Slow(LocalWitness):
    """A witness that takes its time."""

    released: Event

    def send(self, request: AddCheckpoint) -> bytes:
        self.released.wait(20)
        return super().send(request)


def test_enough_are_collected_without_waiting_for_the_dead(
    tmp_path: Path, log: "SignedLog", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of three answer, the third hangs: its grace, no more; and the result opens under the policy."""
    witnesses: list[Witness] = [
        LocalWitness.new(tmp_path / f"{n}", f"w{n}.example", [log.signer.key]) for n in (1, 2)
    ]
    slow = Slow.new(tmp_path / "3", "w3.example", [log.signer.key])
    slow.released = Event()
    policy = Policy(log.origin, log.signer.key, (*(w.key for w in witnesses), slow.key), 2)
    began = time.monotonic()
    data = collect(log.checkpoint(), 10, [slow, *witnesses], 2, log.prove, grace=0.2)
    assert time.monotonic() - began < 15
    assert set(open_checkpoint(data, policy).cosigned) == {"w1.example", "w2.example"}
    slow.released.set()
    data = collect(log.checkpoint(), 10, [slow, *witnesses], 2, log.prove, grace=10)
    assert len(open_checkpoint(data, policy).cosigned) == 3


def test_too_few_in_time_is_an_error_not_a_wait(tmp_path: Path, log: "SignedLog") -> None:
    """A witness that never answers cannot hold the log for ever."""
    slow = Slow.new(tmp_path / "3", "w3.example", [log.signer.key])
    slow.released = Event()
    with pytest.raises(TooFewWitnesses, match=r"w3\.example: slow"):
        collect(log.checkpoint(), 10, [slow], 1, log.prove, patience=0.2)
    slow.released.set()


def test_an_answer_that_drips_is_cut_off(log: "SignedLog", cosigners: list[Cosigner]) -> None:
    """A byte now and then resets no deadline."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(300):
                    connection.sendall(b"x")
                    time.sleep(0.1)

        thread = Thread(target=drip)
        thread.start()
        client = WitnessClient(
            f"http://127.0.0.1:{listening.getsockname()[1]}", cosigners[0].key, timeout=2.0
        )
        began = time.monotonic()
        with pytest.raises(WitnessSilent, match="too slow"):
            client.cosign(log.checkpoint(), 10, log.prove)
        assert time.monotonic() - began < 25
        client.close()
        thread.join()


def test_too_few_say_what_each_answered(tmp_path: Path, log: "SignedLog") -> None:
    """The network's fault, unless one says that the log fell back, which is graver."""
    good = LocalWitness.new(tmp_path / "1", "w1.example", [log.signer.key])
    ignorant = LocalWitness.new(tmp_path / "2", "w2.example", [])
    with pytest.raises(TooFewWitnesses, match=r"w2\.example: Not cosigned \(404\)") as few:
        collect(log.checkpoint(), 10, [good, ignorant], 2, log.prove)
    assert (few.value.found, few.value.needed, few.value.fault) == (1, 2, Fault.NETWORK)
    with pytest.raises(LogFellBack):
        collect(log.checkpoint(6), 6, [good, ignorant], 1, log.prove)
    newer = LocalWitness.new(tmp_path / "3", "w3.example", [log.signer.key])
    assert collect(log.checkpoint(6), 6, [good, newer], 1, log.prove)
    assert collect(log.checkpoint(6), 6, [], 0, log.prove) == log.checkpoint(6)


def test_who_the_witness_is_and_what_it_cosigned_last(
    server: WitnessServer, client: WitnessClient, state: WitnessState, log: "SignedLog"
) -> None:
    """For monitors: key and logs at the root, the checkpoint with both signatures under the origin's hash."""
    path = f"/{hashlib.sha256(log.origin.encode()).hexdigest()}/checkpoint"
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)

    def get(path: str) -> tuple[int, bytes]:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()

    assert get("/") == (200, f"{state.key}\n{log.origin}\n".encode())
    assert get(path)[0] == 404
    client.cosign(log.checkpoint(4), 4, log.prove)
    status, body = get(path)
    assert status == 200
    witnessed = open_checkpoint(body, Policy(log.origin, log.signer.key, (state.key,), 1))
    assert witnessed.checkpoint == Checkpoint(log.origin, 4, log.root(4))
    assert get("/../key")[0] == 404
    connection.close()


HEAD = b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (HEAD + b"\r\n", b"411"),
        (HEAD + b"Content-Length: x\r\n\r\n", b"411"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"411"),
        (HEAD + "Content-Length: ٣\r\n\r\n".encode(), b"411"),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"411"),
        (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (HEAD + b"Content-Length: %d\r\n\r\n" % (REQUEST_LIMIT + 1), b"413"),
        (HEAD + b"Content-Length: %d\r\n\r\n" % 10**4000, b"413"),
        (b"POST /other HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", b"404"),
        (b"DELETE / HTTP/1.1\r\n\r\n", b"501"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"431"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"414"),
    ],
)
def test_bad_manners_are_answered_and_the_connection_closed(
    server: WitnessServer, data: bytes, status: bytes
) -> None:
    """Nothing that was not read is ever taken for a next request."""
    answer = raw(server, data)
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert answer.startswith(b"HTTP/1.1 " + status) or (not answer.startswith(b"HTTP/") and status in answer)


def test_a_body_after_a_get_is_no_next_request(server: WitnessServer) -> None:
    """A request smuggled in a body is not answered."""
    inner = b"GET / HTTP/1.1\r\n\r\n"
    answer = raw(server, b"GET / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner)
    assert answer.count(b"HTTP/1.1 200") == 1


def test_connections_are_kept_alive(server: WitnessServer, log: "SignedLog") -> None:
    """As the specification asks: many requests over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.connect()
    first = connection.sock
    for _ in range(3):
        connection.request("POST", "/add-checkpoint", bytes(AddCheckpoint(0, (), log.checkpoint(0))))
        response = connection.getresponse()
        response.read()
        assert connection.sock is first
    connection.close()


@pytest.mark.parametrize("data", [b"", b"POST /add", HEAD, HEAD + b"Content-Length: 100\r\n\r\nold 0"])
def test_slow_clients_are_cut_off(state: WitnessState, data: bytes) -> None:
    """Silent, or a byte now and then, before, in and after the head: the whole request has one deadline."""
    with (
        serving(state, patience=0.4) as server,
        socket.create_connection(("127.0.0.1", server.server_port), 0.1) as connection,
    ):
        connection.sendall(data)
        began = time.monotonic()
        while time.monotonic() - began < 20:
            try:
                connection.sendall(b"x")
                if not connection.recv(100):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - began < 15


def test_more_connections_than_places_are_sent_away(state: WitnessState) -> None:
    """With a word, at once; those who have a place keep it, and a place that is free again is given."""
    with serving(state, connections=2, patience=60) as server:
        held = [socket.create_connection(("127.0.0.1", server.server_port), 10) for _ in range(2)]
        for connection in held:
            connection.sendall(b"GET / HTTP/1.1\r\n")
        time.sleep(0.1)
        assert raw(server, b"").startswith(b"HTTP/1.1 503 ")
        held[0].sendall(b"\r\n")
        assert held[0].recv(100).startswith(b"HTTP/1.1 200")
        held[0].close()
        for _ in range(400):
            if raw(server, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 200"):
                break
            time.sleep(0.02)
        else:
            pytest.fail("the place was not given back")
        held[1].close()


def test_logs_say_what_was_decided_and_never_who_asked(
    state: WitnessState, log: "SignedLog", caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Cosigned and refused, by log and size; no address, nothing on the standard streams."""
    caplog.set_level(logging.DEBUG)
    unknown = type(log)(origin="un\u202eknown.example").grow(1)
    with serving(state) as server:
        post(server, bytes(AddCheckpoint(0, (), log.checkpoint(4))))
        post(server, bytes(AddCheckpoint(0, (), log.checkpoint())))
        post(server, bytes(AddCheckpoint(0, (), unknown.checkpoint())))
        raw(server, b"nonsense\r\n\r\n")
    assert f"cosigned: {log.origin}, size 4" in caplog.text
    assert f"refused (409): {log.origin}, size 10" in caplog.text
    assert "un\\u202eknown" in caplog.text
    assert "127.0.0.1" not in caplog.text
    assert capfd.readouterr() == ("", "")


def test_a_broken_store_is_500_and_told_to_the_operator(
    state: WitnessState, tmp_path: Path, log: "SignedLog", caplog: pytest.LogCaptureFixture
) -> None:
    """The asker learns no path; the log has it."""
    (tmp_path / "witness" / "logs").rmdir()
    with serving(state) as server:
        status, _, body = post(server, bytes(AddCheckpoint(0, (), log.checkpoint())))
    assert status == 500
    assert str(tmp_path).encode() not in body
    assert str(tmp_path) in caplog.text


def test_stopping_is_quick_and_finishes_what_was_begun(state: WitnessState, log: "SignedLog") -> None:
    """An idle connection does not hold it up."""
    with serving(state, patience=30) as server:
        idle = socket.create_connection(("127.0.0.1", server.server_port), 10)
        assert post(server, bytes(AddCheckpoint(0, (), log.checkpoint())))[0] == 200
        began = time.monotonic()
    assert time.monotonic() - began < 15
    idle.close()
