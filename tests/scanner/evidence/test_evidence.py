"""Evidence files: what is whole, what is wrong, what cannot be read, and what other data says of the same codes."""

import base64
import datetime as dt
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from typer.testing import CliRunner, Result

import hatch_build
from temthat.main import app
from temthat_scanner.evidence.form import CHECKS_LIMIT, BadEvidence, parse_evidence
from temthat_scanner.evidence.proving import number_of, prove
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.fields import instant
from temthat_stamps.keys import key_id, public_bytes

from ..conftest import World
from .making import KEY, NAME, PICTURE, PRODUCER, body_of, check, enclose, reopened, service

runner = CliRunner()
OFFLINE = json.loads((Path(__file__).parents[3] / "stamps/vectors/offline.json").read_text("utf-8"))
TEXTS = {case["name"]: case["text"] for case in OFFLINE["cases"]}
GOOD, BARE, FORGED = TEXTS["good"], TEXTS["good, bare"], TEXTS["serial beyond the run"]
VECTOR = Path(hatch_build.__file__).parent.parent / hatch_build.WEB / "test" / "evidence.json"


def shelf() -> dict[str, Any]:
    """A good stamp, another pack with the same number in another spelling, a stranger, and a foreign code."""
    ours = {"id": PRODUCER, "province": "24"}
    theirs = {"id": "0196e4a0-0000-7000-8000-000000000002", "province": "25"}
    return body_of(
        check(
            GOOD,
            "2026-05-20T03:01:00Z",
            "genuine_offline",
            (4, 2),
            issuer=ours,
            photos=[NAME],
            service=service(),
        ),
        check(
            BARE, "2026-05-20T03:01:09Z", "genuine_offline", (4, 2), issuer=ours, duplicate_of=0, note="Gói 2"
        ),
        check(
            TEXTS["recalled batch"],
            "2026-05-20T03:02:00Z",
            "recalled",
            (8, 4),
            issuer=theirs,
            stranger=True,
            reasons=[["recall", "2026-05-19 \u201cmùi lạ\u201d"]],
        ),
        check("https://example.com/?q=€\n", "2026-05-20T03:02:30Z", "not_ours"),
    )


def numbered(body: dict[str, Any]) -> dict[str, Any]:
    """With the run and serial that each text really states."""
    for one in body["checks"]:
        number = number_of(one["text"])
        one.pop("run", None), one.pop("serial", None)
        if number:
            one |= {"run": number[0], "serial": number[1]}
    return body


def verify(data: bytes, tmp_path: Path, *arguments: object) -> Result:
    file = tmp_path / "evidence.json"
    file.write_bytes(data)
    return runner.invoke(app, ["evidence", "verify", str(file), *map(str, arguments)])


def test_a_whole_file(tmp_path: Path) -> None:
    """Exit code 0; who signed it, how many of what, duplicates and strangers, in both languages; never about goods."""
    result = verify(enclose(numbered(shelf())), tmp_path)
    assert result.exit_code == 0, result.output
    fingerprint = key_id(public_bytes(KEY))
    assert fingerprint[:4] + " " + fingerprint[4:8] in result.output
    for said in ("NGUYÊN VẸN", "WHOLE", "4 gói", "1  trùng / duplicates", "1  nơi khác", "Gói 2", "HTX Mẫu"):
        assert said in result.output
    assert "Chợ Mẫu, quầy 12, Bắc Ninh" in result.output, "provinces by name"
    assert "Số tem đã đặt nhiều hơn số gói." in result.output
    assert "hàng giả" not in result.output


def test_the_same_file_as_the_phone_app() -> None:
    """`web/test/evidence.test.ts` makes these very bytes from the same seed, body and photos."""
    vector = json.loads(VECTOR.read_text("utf-8"))
    body = numbered(shelf())
    assert vector["body"] == body
    assert vector["file"].encode() == enclose(body)
    assert prove(parse_evidence(vector["file"].encode())) == []


def drop(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        target: Any = body
        for part in path[:-1]:
            target = target[part]
        del target[path[-1]]

    return change


def put(value: object, *path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        target: Any = body
        for part in path[:-1]:
            target = target[part]
        target[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (drop("checks", 1, "duplicate_of"), "duplicate"),
        (put(0, "checks", 2, "duplicate_of"), "duplicate"),
        (put(1, "checks", 1, "duplicate_of"), "duplicate"),
        (drop("checks", 2, "stranger"), "stranger"),
        (put(True, "checks", 0, "stranger"), "stranger"),
        (put(9, "checks", 0, "serial"), "Run and serial"),
        (put("2026-05-20T02:59:59Z", "checks", 0, "at"), "out of order"),
        (put("2026-05-20T04:00:01Z", "checks", 3, "at"), "out of order"),
        (put("2026-05-20T02:00:00Z", "ended"), "before it began"),
        (put(1, "checks", 0, "data"), "by which data"),
        (drop("checks", 0, "data"), "by which data"),
        (put([], "data"), "by which data"),
        (put(["ab" * 32], "checks", 3, "photos"), "not listed"),
        (put([], "photos"), "was not signed"),
        (put(7, "photos", 0, "length"), "not the one"),
        (put("2026-05-20T03:00:59Z", "checks", 0, "service", "at"), "not from the time"),
        (put("2026-05-20T04:00:01Z", "checks", 0, "service", "at"), "not from the time"),
        (put(1299, "checks", 0, "service", "ordered"), "do not add up"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_does_not_agree_is_told(
    change: Callable[[dict[str, Any]], None], said: str, tmp_path: Path
) -> None:
    """Signed or not: exit code 1 and a sentence."""
    body = numbered(shelf())
    change(body)
    result = verify(enclose(body), tmp_path)
    assert result.exit_code == 1, result.output
    assert said in result.output


def test_a_changed_word_breaks_the_signature(tmp_path: Path) -> None:
    """As does a signature of another key under this one's name."""
    file = reopened(enclose(numbered(shelf())))
    body = numbered(shelf())
    body["checks"][2]["verdict"] = "genuine"
    file["envelope"]["payload"] = base64.b64encode(rfc8785.dumps(body)).decode()
    other = reopened(enclose(numbered(shelf()), Ed25519PrivateKey.generate()))
    for changed in (file, other):
        result = verify(json.dumps(changed).encode(), tmp_path)
        assert result.exit_code == 1
        assert "The signature is wrong" in result.output
    other["envelope"]["signatures"][0]["keyid"] = key_id(public_bytes(KEY))
    assert verify(json.dumps(other).encode(), tmp_path).exit_code == 1


def test_photos_are_held_to_their_hashes(tmp_path: Path) -> None:
    """One missing, one changed, one too many."""
    for photos, said in (
        ({}, "is missing"),
        ({NAME: PICTURE + b"x"}, "is not the one"),
        ({NAME: PICTURE, "cd" * 32: PICTURE}, "was not signed"),
    ):
        result = verify(enclose(numbered(shelf()), photos=photos), tmp_path)
        assert result.exit_code == 1
        assert said in result.output


def test_a_photos_name_paints_no_other_verdict(tmp_path: Path) -> None:
    """It is not signed: whoever passes the file on may have written it."""
    names = ["\x1b[2J\x1b[8mx", "\x1b[2J\x1b[8my"]
    result = verify(enclose(numbered(shelf()), photos={NAME: PICTURE, **dict.fromkeys(names, b"")}), tmp_path)
    assert (result.exit_code, result.output.count("was not signed")) == (1, 2)
    assert "\x1b" not in result.output


def test_the_key_that_was_written_down(tmp_path: Path) -> None:
    """`--key`: spaces do not matter; another one is told."""
    fingerprint = key_id(public_bytes(KEY))
    data = enclose(numbered(shelf()))
    assert verify(data, tmp_path, "--key", f"{fingerprint[:4]} {fingerprint[4:].upper()}").exit_code == 0
    result = verify(data, tmp_path, "--key", "0" * 64)
    assert result.exit_code == 1
    assert "Not the key asked for" in result.output


_WRONGLY_TOLD: dict[str, dict[str, Any]] = {
    "an unknown verdict": {"verdict": "fake"},
    "no list": {"states": {"applied": 3}},
    "a count below zero": {"states": [["applied", -1]]},
    "a count that is a yes": {"states": [["applied", True]]},
    "a short row": {"papers": [["ocop", "1"]]},
    "no day": {"last": ["2026-02-30", "01"]},
    "no province": {"sold": ["2026-05-02", "1"]},
    "no pair": {"first": "2026-05-02"},
    "too many questions": {"questions": [["x", "a", "b"]] * 11},
    "an endless question": {"questions": [["x", "a" * 601, "b"]]},
    "a paper until never": {"papers": [["ocop", "1", "never", "in_force"]]},
}


def _unusable() -> dict[str, bytes]:
    body = numbered(shelf())
    file = reopened(enclose(body))
    twice = json.loads(json.dumps(file))
    twice["envelope"]["signatures"] *= 2
    typed = json.loads(json.dumps(file))
    typed["envelope"]["payloadType"] = "application/vnd.temthat.statement+json"
    return {
        "empty": b"",
        "torn": enclose(body)[:-100],
        "a list": b"[]",
        "deep": b"[" * 100_000,
        "two signatures": json.dumps(twice).encode(),
        "a statement": json.dumps(typed).encode(),
        "spaces in the body": enclose(body, payload=json.dumps(body).encode()),
        "a member twice": enclose(body, payload=b'{"v":1,"v":1}'),
        "no number": enclose(body, payload=b'{"v":NaN}'),
        "half a character": enclose(body, payload=b'{"v":"\\ud800"}'),
        "newer": enclose({**body, "v": 2}),
        "an unknown word": enclose(body_of(check("x", "2026-05-20T03:01:00Z", "fake"))),
        "too many checks": enclose(
            body_of(*[check("x", "2026-05-20T03:01:00Z", "not_ours")] * (CHECKS_LIMIT + 1))
        ),
        "a yes that is a number": enclose(
            body_of(check("x", "2026-05-20T03:01:00Z", "not_ours", stranger=1))
        ),
        "no such province": enclose({**body, "purpose": {"province": "9"}}),
        **{
            f"told: {name}": enclose(
                body_of(check("x", "2026-05-20T03:01:00Z", "not_ours", service=service(**wrong)))
            )
            for name, wrong in _WRONGLY_TOLD.items()
        },
        "another spelling of base64": enclose(body).replace(b'","payloadType', b'=","payloadType'),
    }


@pytest.mark.parametrize("name", sorted(_unusable()))
def test_what_cannot_be_read(name: str, tmp_path: Path) -> None:
    """Exit code 2, both languages, no traceback."""
    result = verify(_unusable()[name], tmp_path)
    assert result.exit_code == 2, result.output
    assert "KHÔNG DÙNG ĐƯỢC" in result.output
    assert "UNUSABLE" in result.output


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Neither is a folder one."""
    for path in (tmp_path / "none.json", tmp_path):
        assert runner.invoke(app, ["evidence", "verify", str(path)]).exit_code == 2


WHOLE = enclose(numbered(shelf()))


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_no_byte_can_be_changed(place: int, bits: int) -> None:
    """Whatever bit turns: told, or unreadable; never whole."""
    changed = bytearray(WHOLE)
    changed[place] ^= bits
    try:
        evidence = parse_evidence(bytes(changed))
    except BadEvidence:
        return
    assert prove(evidence) != []


_PLAIN = (
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8"))
)
_ANYTHING = st.recursive(_PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner))


@given(st.dictionaries(st.sampled_from([*service(), "more"]), _ANYTHING))
def test_whatever_was_told(members: dict[str, Any]) -> None:
    """A form that is broken is said to be; what can be read can be shown."""
    body = body_of(check("x", "2026-05-20T03:01:00Z", "not_ours", service=service() | members))
    try:
        evidence = parse_evidence(enclose(body))
    except BadEvidence:
        return
    told = evidence.checks[0].service
    assert told is not None
    assert len(told.of_stamp()) == 2
    assert all(len(pair) == 2 for pair in told.of_batch())


# -- judged again --


def file_of(world: World, how_old: dt.timedelta, *checks: tuple[str, str], listing: str = "00" * 32) -> bytes:
    """Evidence of stamps of a living world, checked so long ago."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0) - how_old
    body = numbered(body_of(*[check(text, instant(now), word) for text, word in checks]))
    body |= {"begun": instant(now), "ended": instant(now), "photos": []}
    body["data"][0] |= {"sha256": listing, "at": instant(now - dt.timedelta(hours=1))}
    return enclose(body, photos={})


def test_the_same_by_other_data(world: World, tmp_path: Path) -> None:
    """Online or offline, good is good; a forged one is forged; out of date is out of date."""
    data = file_of(
        world,
        dt.timedelta(0),
        (world.stamp(1, 1), "genuine"),
        (world.stamp(2, 1), "expired"),
        (world.forge(1, 2), "forged"),
        ("https://example.com", "not_ours"),
    )
    result = verify(data, tmp_path, "--trust", world.folder)
    assert result.exit_code == 0, result.output
    assert "every code gives the same" in result.output


def test_newer_data_explains_a_difference(world: World, tmp_path: Path) -> None:
    """Serial 11 became void after the check: told, and the file is whole all the same."""
    data = file_of(world, dt.timedelta(hours=2), (world.stamp(1, 11), "genuine_offline"))
    result = verify(data, tmp_path, "--trust", world.folder)
    assert result.exit_code == 0, result.output
    assert "1. genuine_offline → revoked" in result.output
    assert "newer than the check" in result.output


def test_by_the_very_data_nothing_else_can_come_out(world: World, tmp_path: Path) -> None:
    """A verdict that the named data does not give is wrong, whoever signed it."""
    verify(file_of(world, dt.timedelta(0)), tmp_path, "--trust", world.folder)
    listing = TrustStore(world.folder).installed().listing
    data = file_of(world, dt.timedelta(0), (world.stamp(1, 1), "forged"), listing=listing)
    result = verify(data, tmp_path, "--trust", world.folder)
    assert result.exit_code == 1, result.output
    assert "By the same data the verdict is another" in result.output


def test_data_that_the_file_does_not_list(world: World, tmp_path: Path) -> None:
    """Wrong, and judged again all the same."""
    body = numbered(body_of(check(world.stamp(1, 1), "2026-05-20T03:01:00Z", "forged", data=5)))
    result = verify(enclose(body), tmp_path, "--trust", world.folder)
    assert result.exit_code == 1, result.output
    assert "by which data" in result.output


def test_trust_data_that_is_not_there(world: World, tmp_path: Path) -> None:
    """Unusable, not wrong."""
    assert verify(file_of(world, dt.timedelta(0)), tmp_path, "--trust", tmp_path / "nowhere").exit_code == 2


# -- as pages --


def jpeg() -> bytes:
    """A real photo."""
    made = BytesIO()
    Image.effect_noise((640, 480), 60).convert("RGB").save(made, "JPEG")
    return made.getvalue()


def pages_of(data: bytes, tmp_path: Path) -> tuple[int, int]:
    """Exit code, number of pages."""
    (tmp_path / "evidence.json").write_bytes(data)
    pdf = tmp_path / "evidence.pdf"
    result = runner.invoke(app, ["evidence", "show", str(tmp_path / "evidence.json"), "--pdf", str(pdf)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, len(pdfium.PdfDocument(pdf)) if pdf.exists() else 0


def test_pages_with_photos(tmp_path: Path) -> None:
    """A photo stands where it belongs; bytes that are no photo, a word without end and a wrong file are shown too."""
    photo = jpeg()
    name = hashlib.sha256(photo).hexdigest()
    body = numbered(shelf())
    body["checks"][0]["photos"] = [name]
    body["checks"][1]["note"] = "x" * 500
    body["photos"] = [{"sha256": name, "type": "image/jpeg", "length": len(photo)}]
    assert pages_of(enclose(body, photos={name: photo}), tmp_path) == (0, 2)
    assert pages_of(WHOLE, tmp_path) == (0, 1)
    assert pages_of(enclose(body, photos={}), tmp_path) == (1, 1)


def test_what_the_service_told_is_shown_once_for_a_batch(tmp_path: Path) -> None:
    """Also a state, and a standing of papers, of which this program knows nothing yet; and where nothing was told."""
    told = [
        service(),
        service(checks=None, last=None, sold=["2026-05-20", "01"]),
        {"at": "2026-05-20T03:01:02Z"},
    ]
    told[1]["states"], told[1]["papers"] = [["lent", 1300]], [["ocop", "12/QĐ", "", "asleep"]]
    told[2]["verdict"] = "sold"
    packs = [
        check(f"https://example.com/{n}", "2026-05-20T03:01:00Z", "not_ours", service=told[n % 3])
        for n in range(60)
    ]
    code, pages = pages_of(enclose(body_of(*packs, photos=[]), photos={}), tmp_path)
    assert code == 0
    assert 5 <= pages <= 8, "ledger, figures and papers stand with the first pack of a batch"
    first = parse_evidence(enclose(body_of(*packs, photos=[]), photos={})).checks[0].service
    assert first is not None
    assert first.of_stamp() == (
        "theo sổ tem, tem này đã dán; đã quét 7 lượt; quét gần nhất 19/05/2026, Hà Nội",
        "by the ledger this stamp is applied; 7 scans; latest scan 19 May 2026, Hà Nội",
    )
    assert next(first.of_batch()) == (
        "1.300 tem đã đặt = 100 đã in, chưa ghi dùng vào đâu + 1.200 đã dán",
        "1,300 stamps ordered = 100 printed, not yet accounted for + 1,200 applied",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a limit of POSIX stands for a full disk")
def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    """Pages go out bit by bit: where there is no more room, none of them stay, and the old file does."""
    packs = [check(f"https://example.com/{n}", "2026-05-20T03:01:00Z", "not_ours") for n in range(400)]
    (tmp_path / "evidence.json").write_bytes(enclose(body_of(*packs, photos=[]), photos={}))
    (tmp_path / "evidence.pdf").write_bytes(b"old")
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000));"
        "from temthat.main import main; main()"
    )
    arguments = ["evidence", "show", str(tmp_path / "evidence.json"), "--pdf", str(tmp_path / "evidence.pdf")]
    done = subprocess.run([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)
    assert done.returncode == 2, done.stdout
    assert "Cannot write" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evidence.json", "evidence.pdf"]
    assert (tmp_path / "evidence.pdf").read_bytes() == b"old"


def test_a_photo_is_drawn_once(tmp_path: Path) -> None:
    """However many packs name it: not a page more for each."""
    photo = jpeg()
    name = hashlib.sha256(photo).hexdigest()
    packs = [
        check(f"https://example.com/{n}", "2026-05-20T03:01:00Z", "not_ours", photos=[name])
        for n in range(25)
    ]
    listed = [{"sha256": name, "type": "image/jpeg", "length": len(photo)}]
    assert pages_of(enclose(body_of(*packs, photos=listed), photos={name: photo}), tmp_path)[1] <= 3


def test_as_many_pages_as_it_needs(tmp_path: Path) -> None:
    """A hundred packs; nothing is written where the file is none, or where the PDF cannot be."""
    packs = [check(f"https://example.com/{n}", "2026-05-20T03:01:00Z", "not_ours") for n in range(100)]
    code, pages = pages_of(enclose(body_of(*packs, photos=[]), photos={}), tmp_path)
    assert code == 0
    assert 4 <= pages <= 8
    (tmp_path / "evidence.pdf").unlink()
    assert pages_of(b"{}", tmp_path) == (2, 0)
    (tmp_path / "evidence.pdf").mkdir()
    (tmp_path / "whole.json").write_bytes(WHOLE)
    arguments = ["evidence", "show", str(tmp_path / "whole.json"), "--pdf", str(tmp_path / "evidence.pdf")]
    assert runner.invoke(app, arguments).exit_code == 2
