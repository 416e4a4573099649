"""The signer process: the same answers over a socket, and what others do to it does not stop it."""

import json
import os
import random
import socket
import stat
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from temthat_stamps.custody import server as server_module
from temthat_stamps.custody import wire
from temthat_stamps.custody.client import SignerClient
from temthat_stamps.custody.errors import NoProof, OverQuota, SignerUnreachable, StatementRefused
from temthat_stamps.custody.interface import Wrapped
from temthat_stamps.custody.masterkey import make_master_key
from temthat_stamps.custody.process import SignerProcess
from temthat_stamps.custody.server import SignerServer
from temthat_stamps.custody.vault import Vault
from temthat_stamps.errors import CustodyError, Fault
from temthat_stamps.statement import enclose

if TYPE_CHECKING:
    from tests.stamps.custody.conftest import Clock, Desk, TinyLog

OTHER = "00000000-0000-0000-0000-000000000002"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the socket is; its name must be short."""
    return tmp_path / "s.sock"


@pytest.fixture
def server(vault: Vault, path: Path) -> Iterator[SignerServer]:
    """The server on a thread of this process, so that its clock can be moved."""
    made = SignerServer(path, vault)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def far(
    server: SignerServer, path: Path, log: "TinyLog", clock: "Clock", make_desk: Callable[..., "Desk"]
) -> "Desk":
    """A service that asks over the socket."""
    return make_desk(SignerClient(path), log, clock)


def test_the_socket_gives_what_the_vault_gives(far: "Desk", vault: Vault) -> None:
    """Keys made over there work here; Ed25519 is deterministic, so statements and stamps are the very same bytes."""
    key = far.open_stamp_key()
    body = far.manifest(key).body()
    signature = far.custody.sign_statement(far.issuer, far.key, body)
    assert signature == vault.sign_statement(far.issuer, far.key, body)
    envelope = enclose(body, {far.key.public_key: signature})
    asked = (far.issuer, key, 1, 3, 100, envelope, far.log.add(envelope))
    assert list(far.custody.sign_stamps(*asked)) == list(vault.sign_stamps(*asked))


def test_refusals_come_over_as_what_they_are(far: "Desk", vault: Vault) -> None:
    """The same type, fault and words on both sides, raised before any stamp is taken."""
    key = far.open_stamp_key()
    foreign = replace(far.manifest(key), issuer=OTHER).body()
    too_many = replace(far.manifest(key), count=1_001).body()
    envelope, _ = far.register(far.manifest(key))
    asked: tuple[tuple[type[CustodyError], Callable[[Any], object]], ...] = (
        (StatementRefused, lambda c: c.sign_statement(far.issuer, far.key, foreign)),
        (OverQuota, lambda c: c.sign_statement(far.issuer, far.key, too_many)),
        (NoProof, lambda c: c.sign_stamps(far.issuer, key, 3, 1, 1, envelope, b"none")),
    )
    for error, ask in asked:
        with pytest.raises(error) as near_refusal:
            ask(vault)
        with pytest.raises(error) as far_refusal:
            ask(far.custody)
        near, over = near_refusal.value, far_refusal.value
        assert (over.fault, over.vi, over.en) == (near.fault, near.vi, near.en)


def test_closing_over_the_socket_ends_the_key(far: "Desk", vault: Vault) -> None:
    """What the client closes, the vault remembers."""
    key = far.open_stamp_key()
    far.custody.close(far.issuer, key.public_key)
    known = vault.state.find(key.public_key)
    assert known is not None
    assert known.closed == far.now()


def test_the_socket_is_its_users_alone_and_gone_afterwards(vault: Vault, path: Path) -> None:
    """Mode 0600; a second signer at the same place is refused; a socket left by a killed one is replaced."""
    path.touch()  # of one that was killed
    made = SignerServer(path, vault)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CustodyError, match="running at"):
        SignerServer(path, vault)
    made.server_close()
    assert not path.exists()
    SignerServer(path, vault).server_close()


def test_no_signer_is_said_in_words(tmp_path: Path) -> None:
    """Whose affair it is and what to do, at once or after some patience."""
    with pytest.raises(SignerUnreachable) as refusal:
        SignerClient(tmp_path / "none.sock", patience=0.1).new_issuer_key(OTHER)
    assert refusal.value.fault is Fault.OPERATOR
    assert "Khởi động lại bộ ký" in refusal.value.vi


def test_a_signer_that_is_just_starting_is_waited_for(vault: Vault, path: Path) -> None:
    """The service and the signer may be started in either order."""
    servers: list[SignerServer] = []

    def start_late() -> None:
        time.sleep(0.2)
        servers.append(SignerServer(path, vault))
        servers[0].serve_forever(poll_interval=0.01)

    thread = threading.Thread(target=start_late)
    thread.start()
    SignerClient(path, patience=60).ping()  # raises when nobody answers
    assert servers
    servers[0].shutdown()
    thread.join()
    servers[0].server_close()


# Wrong, torn and slow questions


def knock(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(20)
    connection.connect(str(path))
    return connection


def hung_up(connection: socket.socket) -> bool:
    """Whether the other end, told that nothing more comes, answers with nothing."""
    try:
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(100) == b""
    except OSError:  # what was sent was not even read to its end
        return True


def frame(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"\0\0",
        frame(b'{"do":"ping"}')[:-1],
        struct.pack(">I", 2**32 - 1) + b"x" * 1000,
        struct.pack(">I", wire.FRAME_LIMIT + 1),
        frame(b""),
        frame(b"[]"),
        frame(b"\xff\xfe"),
        frame(b"[" * 100_000),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=lambda sent: sent[:12].hex() or "nothing",
)
def test_what_is_no_question_is_dropped_and_the_next_is_answered(
    server: SignerServer, path: Path, sent: bytes
) -> None:
    """No answer, no trace in the next connection."""
    with knock(path) as connection:
        connection.sendall(sent)
        assert hung_up(connection)
    SignerClient(path).ping()


def test_well_formed_nonsense_is_refused_in_words(server: SignerServer, path: Path) -> None:
    """A question this signer does not know is a difference of versions, and says so."""
    for question in ({}, {"do": "give_me_the_keys"}, {"do": 5}, {"do": "close", "issuer": "x"}):
        with knock(path) as connection:
            wire.send_frame(connection, question)
            told = wire.receive_frame(connection, 5)
        assert "cùng một phiên bản" in told["error"]["vi"]


def test_a_slow_client_holds_only_its_own_thread(
    server: SignerServer, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that never finishes its question is cut off; others are served meanwhile."""
    monkeypatch.setattr(server_module, "ASK_SECONDS", 0.3)
    with knock(path) as slow:
        started = time.monotonic()
        slow.sendall(b"\0\0\0\x40{")
        SignerClient(path).ping()
        assert slow.recv(1) == b""  # it was not we who hung up
        assert time.monotonic() - started < 8


def test_a_client_that_leaves_in_the_middle_of_its_stamps_disturbs_nobody(far: "Desk", path: Path) -> None:
    """A print job that is killed takes no more; the next one begins anew."""
    key = far.open_stamp_key()
    registered = far.register(far.manifest(key, 1_000))
    stamps = far.custody.sign_stamps(far.issuer, key, 1, 1, 1_000, *registered)
    next(stamps)
    stamps.close()  # type: ignore[attr-defined]
    assert len(list(far.custody.sign_stamps(far.issuer, key, 1, 1, 1_000, *registered))) == 1_000


def test_many_at_once_each_get_their_own(far: "Desk", path: Path) -> None:
    """Eight print jobs and statements beside them: nobody sees another's bytes."""
    key = far.open_stamp_key()
    registered = far.register(far.manifest(key, 1_000))
    alone = list(far.custody.sign_stamps(far.issuer, key, 1, 1, 1_000, *registered))
    results: list[list[Any]] = []

    def take(first: int) -> None:
        asked = SignerClient(path).sign_stamps(far.issuer, key, 1, first, first + 99, *registered)
        results.append(list(asked))

    threads = [threading.Thread(target=take, args=(first,)) for first in range(1, 801, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(stamp for result in results for stamp in result) == alone[:800]


def listen(path: Path, reply: bytes) -> threading.Thread:
    """Something that is no signer: reads once, answers with these bytes, hangs up."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(reply)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        frame(b"{}"),
        frame(b'{"ok":5}'),
        frame(b'{"ok":{}}'),
        frame(b'{"ok":{"signature":"AA=="}}'),
        frame(b'{"ok":{"signature":"' + b"A" * 86 + b'=="}}'),
        frame(b'{"error":{}}'),
        frame(b'{"error":{"kind":"SystemExit","fault":"operator","vi":"","en":""}}'),
    ],
)
def test_an_answer_that_is_none_is_a_signer_out_of_order(path: Path, desk: "Desk", reply: bytes) -> None:
    """Also a signature that does not verify: it would stand in the log for ever."""
    thread = listen(path, reply)
    with pytest.raises(SignerUnreachable):
        SignerClient(path).sign_statement(desk.issuer, desk.key, desk.manifest(desk.key).body())
    thread.join()


def test_a_signer_that_dies_among_the_stamps_is_noticed(path: Path, desk: "Desk") -> None:
    """What came is not taken for all there is."""
    key = desk.open_stamp_key()
    registered = desk.register(desk.manifest(key, 300))
    asked = (desk.issuer, key, 1, 1, 300, *registered)
    signatures = b"".join(signature for _, _, signature in desk.custody.sign_stamps(*asked))
    thread = listen(path, frame(b'{"ok":{}}') + signatures[:-1])
    stamps = SignerClient(path).sign_stamps(*asked)
    taken: list[Any] = []
    with pytest.raises(SignerUnreachable):
        taken.extend(stamps)
    assert len(taken) < 300
    thread.join()


# Fuzzing


def questions(desk: "Desk") -> list[bytes]:
    """One good question of each kind, as bytes."""
    key = desk.open_stamp_key()
    manifest = desk.manifest(key)
    envelope, proof = desk.register(manifest)
    common: dict[str, object] = {"issuer": desk.issuer}
    asked = [
        wire.question(wire.Ask.PING),
        wire.question(wire.Ask.NEW_ISSUER_KEY, **common),
        wire.question(wire.Ask.NEW_STAMP_KEY, **common, opens=desk.now(), closes=desk.now()),
        wire.question(wire.Ask.SIGN_STATEMENT, **common, key=desk.key, body=manifest.body()),
        wire.question(
            wire.Ask.SIGN_STAMPS,
            **common,
            key=key,
            run=1,
            first=1,
            last=2,
            manifest=envelope,
            proof=proof,
        ),
        wire.question(wire.Ask.CLOSE, **common, public_key=bytes(32)),
    ]
    return [json.dumps(question).encode() for question in asked]


ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    0,
    2**63,
    1e999,
    "",
    "x" * 300,
    [],
    {},
    [[]],
    "2026-13-01T00:00:00Z",
    "AAAA",
    "\ud800",
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, cut, doubled, or exchanged for what parsers stumble over."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(5):
            case 0 if at < len(made):
                made[at] = chance.randrange(256)
            case 1:
                del made[at : at + chance.randint(1, 40)]
            case 2:
                made[at:at] = chance.choice([b"null", b"1e999", b"-1", b"[[", b'"', b"\\ud800", b"9" * 400])
            case 3:
                made[at:at] = made[at : at + 30]
            case _:
                made[at:at] = chance.randbytes(3)
    return bytes(made)


def misfilled(data: bytes, chance: random.Random) -> bytes:
    """The same JSON with one member gone, odd, or another's."""
    question = json.loads(data)
    inner = [value for value in question.values() if isinstance(value, dict)]
    part = chance.choice([question, *inner])
    name = chance.choice(list(part))
    match chance.randrange(3):
        case 0:
            del part[name]
        case 1:
            part[name] = chance.choice(ODD)
        case _:
            part[name] = chance.choice(list(part.values()))
    return json.dumps(question).encode()


def test_fuzz_ten_thousand_questions_end_in_an_answer_or_a_refusal(desk: "Desk", vault: Vault) -> None:
    """No other exception than `TornFrame`, which drops the connection, ever leaves reading and answering."""
    chance, good = random.Random(7), questions(desk)
    count = 200_000 if os.environ.get("HYPOTHESIS_PROFILE") == "fuzz" else 10_000
    kinds = {"ok": 0, "error": 0, "torn": 0}
    near, beyond = socket.socketpair()
    with near, beyond:
        for number in range(count):
            spoil = chance.choice([mutated, misfilled])
            data = spoil(good[number % len(good)], chance)[: wire.FRAME_LIMIT]
            beyond.sendall(frame(data))
            try:
                question = wire.receive_frame(near, 5)
            except wire.TornFrame:
                kinds["torn"] += 1
                continue
            reply, stamps = wire.answer(vault, question)
            kinds[next(iter(reply))] += 1
            json.dumps(reply)
            assert stamps is None or 1 <= len(list(stamps)) <= 100
    assert min(kinds.values()) > count / 50


def test_fuzz_a_real_socket_survives_garbage(server: SignerServer, path: Path, desk: "Desk") -> None:
    """Five hundred connections of mutated frames and plain noise, then it answers as before."""
    chance, good = random.Random(11), questions(desk)
    for number in range(500):
        data = frame(mutated(good[number % len(good)], chance))
        with knock(path) as connection:
            connection.sendall(
                mutated(data, chance) if number % 2 else chance.randbytes(chance.randint(0, 99))
            )
            if number % 3:
                hung_up(connection)
    assert SignerClient(path).new_issuer_key(OTHER)


# As a process


@pytest.fixture
def home(tmp_path: Path, log: "TinyLog") -> Path:
    """A signer's folder with a key and a policy."""
    folder = tmp_path / "home"
    make_master_key(folder)
    log.write_policy(folder / "log.json")
    return folder


class Today:
    """The real clock, to the second."""

    def __call__(self) -> Any:
        import datetime as dt

        return dt.datetime.now(dt.UTC).replace(microsecond=0)


def test_the_process_signs_is_killed_and_goes_on(
    home: Path, path: Path, log: "TinyLog", make_desk: Callable[..., "Desk"]
) -> None:
    """A killed signer loses nothing: the next one opens the same keys and remembers what was closed."""
    signer = SignerProcess(home, path, home / "log.json")
    with closing(_Stop(signer)):
        signer.start()
        desk = make_desk(signer.client, log, Today())
        key, closed = desk.open_stamp_key(), desk.open_stamp_key()
        registered = desk.register(desk.manifest(key))
        signer.client.close(desk.issuer, closed.public_key)
        before = list(signer.client.sign_stamps(desk.issuer, key, 1, 1, 100, *registered))
        signer.kill()
        assert path.exists()
        signer.start()
        assert list(signer.client.sign_stamps(desk.issuer, key, 1, 1, 100, *registered)) == before
        with pytest.raises(StatementRefused):
            desk.register(desk.manifest(closed))
        signer.stop()
        assert not path.exists()


class _Stop:
    def __init__(self, signer: SignerProcess) -> None:
        self._signer = signer

    def close(self) -> None:
        self._signer.stop()


def test_the_process_loads_no_database_and_no_web_framework(home: Path) -> None:
    """What a signer does not load cannot be used against it."""
    code = (
        "import temthat_stamps.custody.signer_command, temthat_stamps.log.proof, sys;"
        "unwanted = ('sqlalchemy', 'fastapi', 'starlette', 'uvicorn', 'httpx', 'PIL', 'tuf');"
        "print([name for name in unwanted if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_signer_that_cannot_start_says_why(home: Path, path: Path) -> None:
    """A key that others may read: words with the way out, and nothing serves."""
    (home / "signer.key").chmod(0o644)
    with pytest.raises(CustodyError, match=r"chmod 600"):
        SignerProcess(home, path, home / "log.json").start()
    assert not path.exists()


def test_a_key_wrapped_by_one_signer_opens_in_no_other(home: Path, tmp_path: Path, desk: "Desk") -> None:
    """The database alone, or with another signer's key, opens nothing."""
    from temthat_stamps.custody.errors import KeyNotOpened
    from temthat_stamps.custody.wrapping import unwrap_issuer_key

    other = make_master_key(tmp_path / "another")
    with pytest.raises(KeyNotOpened, match=r"Restore the signer\.key"):
        unwrap_issuer_key(other, desk.issuer, Wrapped(desk.key.public_key, desk.key.sealed))
