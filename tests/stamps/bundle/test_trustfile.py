"""The trust file: read as it was signed or not at all, and replaced in one step."""

import base64
import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.trustfile import (
    KEY_FILE,
    TRUST_FILE,
    TrustData,
    TrustedIssuer,
    TrustedKey,
    TrustedRun,
    claimed_operator,
    load_trust,
    read_trust,
    sign_trust,
    write_trust,
)
from temthat_stamps.errors import BadStatement
from temthat_stamps.keys import key_id, public_bytes
from temthat_stamps.notice import Notice
from temthat_stamps.statement import sign_statement
from temthat_stamps.verdict import NoticeKind

OPERATOR = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
OPERATOR_PUBLIC = public_bytes(OPERATOR)
STAMP_PUBLIC = public_bytes(Ed25519PrivateKey.from_private_bytes(b"s" * 32))
AS_OF = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)


def trust(as_of: dt.datetime = AS_OF) -> TrustData:
    return TrustData(
        origin="tem.example.vn/log",
        as_of=as_of,
        hosts=frozenset({"tem.example.vn", "t.example.vn"}),
        complete_to_run=2,
        issuers={"i": TrustedIssuer("i", "HTX Mẫu", "96", "0900")},
        keys={key_id(STAMP_PUBLIC): TrustedKey(STAMP_PUBLIC, "i", as_of, as_of + dt.timedelta(days=31))},
        runs={
            1: TrustedRun(
                1, key_id(STAMP_PUBLIC), 1, 9, as_of, "i", "b", "Mật ong", "Chai", "L1", "2026-05-01"
            ),
            2: TrustedRun(
                2,
                key_id(STAMP_PUBLIC),
                1,
                5,
                as_of,
                "i",
                "b2",
                "Chè",
                "Gói",
                "L2",
                "2026-05-01",
                dt.date(2027, 5, 1),
                "08931234567891",
                True,
            ),
        },
        notices={2: (Notice("stamps:2:1-3", 1, NoticeKind.VOID, "misprint", as_of, 2, 1, 3),)},
    )


FILE = sign_trust(trust(), OPERATOR)
BODY: dict[str, Any] = json.loads(base64.b64decode(json.loads(FILE)["payload"]))


def test_what_was_signed_is_read() -> None:
    """Every field of every record comes back."""
    data = load_trust(FILE, OPERATOR_PUBLIC)
    assert data == trust()
    assert data.ring is not None


def test_another_operators_file_is_refused() -> None:
    """A good file under another key is nobody's file."""
    with pytest.raises(BadStatement):
        load_trust(FILE, STAMP_PUBLIC)


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_property_a_changed_byte_changes_no_meaning(at: int, flip: int) -> None:
    """A bent file is refused, or means exactly what was signed (white space and unused base64 bits)."""
    bent = bytearray(FILE)
    bent[at] ^= flip
    try:
        data = load_trust(bytes(bent), OPERATOR_PUBLIC)
    except BadStatement:
        return
    assert data == trust()


def test_every_changed_byte_of_the_payload_is_refused() -> None:
    """All of them: what is signed cannot be bent anywhere."""
    envelope = json.loads(FILE)
    payload = base64.b64decode(envelope["payload"])
    for at in range(0, len(payload)):
        bent = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1 :]
        envelope["payload"] = base64.b64encode(bent).decode()
        with pytest.raises(BadStatement):
            load_trust(json.dumps(envelope).encode(), OPERATOR_PUBLIC)


def paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of everything inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, part in inner for place in [(*path, name), *paths(part, (*path, name))]]


OPTIONAL = {"closed", "expires_on", "gtin", "first", "last"}
JUNK = st.sampled_from(
    [None, True, 7, 7.5, "x", [], {}, [1], {"a": 1}, "2026-05-20T00:00:00", "0001-01-01T00:00:00Z"]
)


@given(st.sampled_from(paths(BODY)), JUNK)
def test_property_a_signed_file_of_wrong_kinds_is_refused_or_whole(place: tuple[Any, ...], junk: Any) -> None:
    """The operator's own mistake is found when reading, never when judging."""
    body = json.loads(json.dumps(BODY))
    inside = body
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = junk
    try:
        data = load_trust(sign_statement(body, OPERATOR, limit=10**6), OPERATOR_PUBLIC)
    except BadStatement:
        return
    again = load_trust(sign_trust(data, OPERATOR), OPERATOR_PUBLIC)
    assert again == data


@given(st.sampled_from([place for place in paths(BODY) if isinstance(place[-1], str)]))
def test_property_a_missing_member_is_refused(place: tuple[Any, ...]) -> None:
    """Every member stands there, if only with null."""
    body = json.loads(json.dumps(BODY))
    inside = body
    for name in place[:-1]:
        inside = inside[name]
    del inside[place[-1]]
    with pytest.raises(BadStatement):
        load_trust(sign_statement(body, OPERATOR), OPERATOR_PUBLIC)


def test_unknown_members_are_ignored() -> None:
    """A later service may say more."""
    body = json.loads(json.dumps(BODY))
    for record in (body, body["issuers"][0], body["keys"][0], body["runs"][0], body["notices"][0]):
        record["later"] = {"x": 1}
    assert load_trust(sign_statement(body, OPERATOR), OPERATOR_PUBLIC) == trust()


@pytest.mark.parametrize(
    "change", [{"v": 2}, {"type": "run"}, {"operator": base64.b64encode(STAMP_PUBLIC).decode()}]
)
def test_another_version_or_type_is_refused(change: dict[str, Any]) -> None:
    """A run's manifest signed by the operator is no trust file, nor one that names another operator."""
    with pytest.raises(BadStatement):
        load_trust(sign_statement(BODY | change, OPERATOR), OPERATOR_PUBLIC)


def test_folder_and_file_are_read_alike(tmp_path: Path) -> None:
    """The key lies beside the file, or is given."""
    write_trust(tmp_path / "new" / "folder", FILE, OPERATOR_PUBLIC)
    folder = tmp_path / "new" / "folder"
    assert read_trust(folder) == read_trust(folder / TRUST_FILE) == read_trust(folder, OPERATOR_PUBLIC)
    with pytest.raises(BadStatement):
        read_trust(folder, STAMP_PUBLIC)
    assert {file.name for file in folder.iterdir()} == {KEY_FILE, TRUST_FILE}


def test_a_first_file_names_its_operator_and_is_checked_under_that_key(tmp_path: Path) -> None:
    """Whole, it gives the key that may be pinned; bent, named falsely or no trust file at all, our error."""
    path = tmp_path / TRUST_FILE
    path.write_bytes(FILE)
    assert claimed_operator(path) == claimed_operator(tmp_path) == OPERATOR_PUBLIC
    other = base64.b64encode(STAMP_PUBLIC).decode()
    broken = [
        b"",
        b"{}",
        b"[]",
        FILE[:-40],
        sign_statement(BODY | {"operator": other}, OPERATOR),
        sign_statement(BODY | {"operator": 7}, OPERATOR),
        sign_statement({"type": "trust", "origin": "o"}, OPERATOR),
    ]
    for data in broken:
        path.write_bytes(data)
        with pytest.raises(BadStatement):
            claimed_operator(path)
    with pytest.raises(BadStatement, match="not found"):
        claimed_operator(tmp_path / "nowhere")


def test_a_file_larger_than_any_is_not_read(tmp_path: Path) -> None:
    """A sparse file of a gigabyte is refused by its size."""
    path = tmp_path / TRUST_FILE
    with path.open("wb") as out:
        out.truncate(2**30)
    (tmp_path / KEY_FILE).write_text(base64.b64encode(OPERATOR_PUBLIC).decode())
    for reading in (read_trust, claimed_operator):
        with pytest.raises(BadStatement, match="larger"):
            reading(tmp_path)


@pytest.mark.parametrize("broken", ["", "not base64!", base64.b64encode(b"short").decode(), "\udcff"])
def test_missing_or_broken_parts_are_told_in_words(tmp_path: Path, broken: str) -> None:
    """No file, no key, an unreadable key: our error, which names the file."""
    with pytest.raises(BadStatement, match="not found"):
        read_trust(tmp_path / "nowhere")
    (tmp_path / TRUST_FILE).write_bytes(FILE)
    with pytest.raises(BadStatement, match=KEY_FILE):
        read_trust(tmp_path)
    (tmp_path / KEY_FILE).write_bytes(broken.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadStatement):
        read_trust(tmp_path)


def test_a_writer_killed_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    """Two versions are written in turns by a child; whenever it dies, one of them is there and verifies."""
    code = (
        "import sys, pathlib; from temthat_stamps.bundle.trustfile import write_trust\n"
        "folder, key, *files = [pathlib.Path(a) for a in sys.argv[1:]]\n"
        "files = [f.read_bytes() for f in files]; key = key.read_bytes()\n"
        "print('go', flush=True)\n"
        "while True:\n"
        "    for file in files: write_trust(folder, file, key)\n"
    )
    later = sign_trust(trust(AS_OF + dt.timedelta(days=1)), OPERATOR)
    for name, data in (("key", OPERATOR_PUBLIC), ("one", FILE), ("two", later)):
        (tmp_path / name).write_bytes(data)
    folder = tmp_path / "trust"
    write_trust(folder, FILE, OPERATOR_PUBLIC)
    for _ in range(3):
        arguments = [str(folder), *(str(tmp_path / name) for name in ("key", "one", "two"))]
        with subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            for _ in range(20):
                assert read_trust(folder).as_of in (AS_OF, AS_OF + dt.timedelta(days=1))
            child.kill()
        assert read_trust(folder).as_of in (AS_OF, AS_OF + dt.timedelta(days=1))
