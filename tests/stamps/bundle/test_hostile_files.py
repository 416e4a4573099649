"""Thousands of bent inputs for each parser of a bundle's files: read, or refused by name; nothing bent is believed."""

import base64
import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from temthat_stamps.bundle.check import check_file
from temthat_stamps.bundle.contacts import read_contacts
from temthat_stamps.bundle.encoding import Month
from temthat_stamps.bundle.index import Index
from temthat_stamps.bundle.installed import Installed
from temthat_stamps.bundle.issuers import Issuers
from temthat_stamps.bundle.listing import Listing
from temthat_stamps.bundle.names import NamesFile
from temthat_stamps.bundle.notices import Notices
from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.pack import parse_pack
from temthat_stamps.bundle.proof import open_proof
from temthat_stamps.bundle.shard import Shard
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import Mistyped, TrustError
from temthat_stamps.log.checkpoint import Checkpoint
from temthat_stamps.trust.logtrust import LogTrust

from .test_offline import HERE, LISTING, NOW, PACK, VECTORS

FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
INPUTS = 200_000 if FUZZ else 2_500
"""For each parser; there are ten."""
COSTLY = INPUTS // 5
"""Inputs where each costs signatures, a disk, or many judgements."""
MAY = Month(2026, 5)
PIECES = [
    b"\0",
    b"\xff",
    b"\x80" * 10,
    b"\xff" * 9 + b"\x01",
    b"TTB\x01",
    b"TTB\x02",
    b"\xff\xff\xff\xff",
    b"[]",
]
PIECES += [
    b"{}",
    b"null",
    b"-1",
    b"1e999",
    b"9" * 25,
    b'"',
    b'{"a":' * 300,
    b'"v":1,',
    "\u0661".encode(),
    b"\n",
]
PIECES += [b"../../etc/passwd", b"bundle/", b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59Z"]


def file(name: str) -> bytes:
    return PACK.read(f"bundle/{name}", 1_000_000)


def bent(data: bytes, dice: random.Random) -> bytes:
    """A neighbour of a good input: bytes changed, cut, doubled, moved; telling pieces put in."""
    out = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 8))):
        at, end = sorted((dice.randrange(len(out) + 1), dice.randrange(len(out) + 1)))
        match dice.randrange(6):
            case 0 if out:
                out[dice.randrange(len(out))] ^= 1 << dice.randrange(8)
            case 1:
                del out[at : min(end, at + 40)]
            case 2:
                out[at:at] = out[at : min(end, at + 200)]
            case 3:
                out[at:at] = dice.choice(PIECES)
            case 4:
                del out[dice.randrange(len(out) + 1) :]
            case 5:
                out[at:at] = dice.randbytes(dice.randrange(1, 12))
    return bytes(out)


def every_run(data: bytes) -> None:
    """A shard read whole, and then everything in it."""
    shard = Shard(data, "96", MAY)
    for number in shard.runs:
        run = shard.run(number)
        assert run is not None
        assert (run.run, run.key in shard.keys) == (number, True)
        assert 1 <= run.count < 2**24
        assert run.gtin is None or len(run.gtin) == 14


def every_hint(data: bytes) -> None:
    """What the first few questions find in the file, later ones find in the sorted table."""
    hints = [data[at : at + 4] for at in range(12, len(data), 5)][:20]
    first, sorted_ = Index(data, MAY), Index(data, MAY)
    sorted_._asked = 1_000
    for hint in (*hints, b"none"):
        assert first.provinces(hint) == sorted_.provinces(hint)


def every_issuer(data: bytes) -> None:
    issuers = Issuers(data)
    issuers.check()
    assert all(key.issuer < len(issuers) for key in issuers.keys.values())


def every_notice(data: bytes) -> None:
    notices = Notices(data)
    for run in range(25):
        notices.of(run, VECTORS["keys"][3]["id"])


def every_name(data: bytes) -> None:
    names = NamesFile(data, "96", MAY)
    for place in range(len(names) + 1):
        names.get(place)


def every_listing(data: bytes) -> None:
    listing = Listing.parse(data)
    listing.optional(["96"])
    listing.required(["96"])
    for number in (1, 16, 19, 2**28 - 2):
        TrustView(listing, lambda _: None).reaches(number)


READERS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "shard": (file("96-2026-05"), every_run),
    "index": (file("index-2026-05"), every_hint),
    "issuers": (file("issuers"), every_issuer),
    "notices": (file("notices"), every_notice),
    "names": (file("96-2026-05.names"), every_name),
    "contacts": (file("contacts.json"), read_contacts),
    "listing": (file("bundle.json"), every_listing),
    "pack": (json.dumps({**VECTORS["pack"], "files": {"bundle/x": "AAAA"}}).encode(), parse_pack),
}


@pytest.mark.parametrize("kind", READERS)
def test_fuzz_a_bent_file_is_read_or_refused(kind: str) -> None:
    """`TrustError` with words for a person, and nothing else; many are refused."""
    good, read = READERS[kind]
    read(good)
    dice = random.Random(None if FUZZ else 20260526)
    refused = 0
    for _ in range(INPUTS):
        try:
            read(bent(good, dice))
        except TrustError as error:
            refused += bool(error.vi and error.en)
    assert refused > INPUTS // 10


def test_fuzz_no_bent_proof_is_believed() -> None:
    """A `bundle.proof` with anything changed is refused, or says exactly what the good one says."""
    log_file = next(data for path, data in PACK._files.items() if path.endswith("log.json"))
    log = LogTrust.parse(log_file)
    good = file("bundle.proof")
    proved = open_proof(good, log.policy(), log.operator)
    dice = random.Random(None if FUZZ else 20260527)
    for _ in range(INPUTS):
        with suppress(TrustError):
            again = open_proof(bent(good, dice), log.policy(), log.operator)
            assert (again.stated, again.index, again.checkpoint) == (
                proved.stated, proved.index, proved.checkpoint
            )  # fmt: skip


def test_fuzz_a_bent_note_of_what_is_installed_is_damage_told_as_such(tmp_path: Path) -> None:
    """`installed.json` is this device's own; whatever a bad disk makes of it is read or told, never a traceback."""
    good = Installed("0" * 64, 7, Checkpoint("o", 9, b"r" * 32), NOW, ("tem.example.vn",), ("96",)).format()
    store = TrustStore(tmp_path)
    dice = random.Random(None if FUZZ else 20260528)
    told = 0
    for _ in range(INPUTS):
        (tmp_path / "installed.json").write_bytes(bent(good, dice))
        try:
            store.load()
        except TrustError as error:
            told += bool(error.vi and error.en)
    assert told > INPUTS // 10


@pytest.mark.parametrize("name", sorted(HERE - {"contacts.json"}))
def test_fuzz_judging_with_a_bent_file_gives_a_verdict_or_a_message(name: str) -> None:
    """Also where a bent file is taken at its word, as if a hacked operator had signed it."""
    texts = [case["text"] for case in VECTORS["cases"]]
    good = file(name)
    dice = random.Random(None if FUZZ else name)
    judged = 0
    for _ in range(COSTLY // len(HERE)):
        bad = bent(good, dice)
        with suppress(TrustError):
            check_file(name, bad, LISTING)
        view = TrustView(LISTING, lambda wanted, bad=bad: bad if wanted == name else here(wanted))  # type: ignore[misc]
        for text in dice.sample(texts, 5):
            try:
                judge_offline(text, view, NOW)
                judged += 1
            except (TrustError, Mistyped):
                continue
    assert judged


def here(name: str) -> bytes | None:
    return file(name) if name in HERE else None


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        {},
        {"v": 2},
        {"type": "trust pack", "v": 1, "provinces": None, "files": []},
        {"type": "trust pack", "v": 1, "provinces": 7, "files": {}},
        {"type": "trust pack", "v": 1, "provinces": None, "files": {"a": "?"}},
        {"type": "trust pack", "v": 1, "provinces": None, "files": {"a": 7}},
        {"type": "trust pack", "v": 1, "provinces": None, "files": {"a": "é"}},
        {"type": "trust pack", "v": True, "provinces": None, "files": {}},
        {"type": "trust pack", "v": 1, "files": {}},
    ],
)
def test_hostile_json_in_place_of_a_pack_is_refused(body: Any) -> None:
    with pytest.raises(TrustError):
        parse_pack(json.dumps(body).encode())


def test_hostile_paths_in_a_pack_reach_no_file(tmp_path: Path) -> None:
    """A pack's files live in memory under their names; whatever these are, nothing is written by them."""
    files = {"../../evil": "AAAA", "trust/../../evil": "AAAA", "/etc/passwd": "AAAA"}
    root = base64.b64encode(PACK.read("trust/1.root.json", 100_000)).decode()
    pack = {**VECTORS["pack"], "files": files | {"trust/1.root.json": root}}
    with pytest.raises(TrustError):
        TrustStore(tmp_path / "store", base64.b64decode(root)).update(
            parse_pack(json.dumps(pack).encode()), NOW
        )
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []
