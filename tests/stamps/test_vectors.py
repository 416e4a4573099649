"""The shared vectors: made as they are committed, and met by this implementation case by case."""

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps import ed25519, number
from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.trustfile import load_trust, sign_trust
from temthat_stamps.code import Gs1Path, Header, decode
from temthat_stamps.errors import BadKey, BadSignature, Mistyped, NewerFormat, NotOurs
from temthat_stamps.keys import check_enrolment, key_hint, key_id
from temthat_stamps.number import Number
from temthat_stamps.signing import RunSecrets
from temthat_stamps.verdict import (
    Asker,
    CopyOpinion,
    Coverage,
    Facts,
    Mark,
    NoticeKind,
    PathMatch,
    Proof,
    Registration,
    StandingNotice,
    Verdict,
    Word,
    judge,
)
from vectors import make

FOLDER = Path(__file__).parents[2] / "stamps" / "vectors"


def load(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((FOLDER / name).read_bytes())
    return loaded


def cases(name: str, *lists: str) -> list[Any]:
    """The file's cases as parameters named by their own names; the names are different."""
    found = [case for part in lists for case in load(name)[part]]
    names = [case["name"] for case in found]
    assert len(set(names)) == len(names)
    return [pytest.param(case, id=case["name"]) for case in found]


def test_files_are_what_make_makes() -> None:
    """Running make.py again gives the committed files byte for byte."""
    for name, data in make.make().items():
        assert (FOLDER / name).read_bytes() == data, f"{name}: run python -m vectors.make"


def test_keys_are_marked_as_test_keys() -> None:
    """Whoever meets a key of the vectors elsewhere is warned; hints and ids are those of the keys."""
    for name in ("code.json", "offline.json"):
        vectors = load(name)
        for key in [*vectors["keys"], *([vectors["operator"]] if "operator" in vectors else [])]:
            public = bytes.fromhex(key["public_key"])
            assert "TEST KEY" in key["name"]
            assert (
                Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key["seed"]))
                .public_key()
                .public_bytes_raw()
                == public
            )
            assert (key["hint"], key["id"]) == (key_hint(public).hex(), key_id(public))


@pytest.mark.parametrize("case", cases("code.json", "good"))
def test_good_text(case: dict[str, Any]) -> None:
    """The text decodes to exactly these fields."""
    code = decode(case["text"])
    fields = case["header"]
    assert code.header == Header(bytes.fromhex(fields["hint"]), fields["run"], fields["serial"])
    assert code.header.to_bytes()[0] == fields["version"]
    assert code.signature.hex() == case["signature"]
    assert code.text == case["code"]
    assert code.host == case["host"]
    assert code.gs1 == (Gs1Path(**case["gs1"]) if case["gs1"] else None)


@pytest.mark.parametrize("case", cases("code.json", "bad"))
def test_bad_text(case: dict[str, Any]) -> None:
    """The text is refused, and for the right of two reasons."""
    expected = {"not_ours": NotOurs, "newer_format": NewerFormat}[case["result"]]
    with pytest.raises(expected) as refused:
        decode(case["text"])
    if isinstance(refused.value, NewerFormat):
        assert refused.value.version == case["version"]


@pytest.mark.parametrize("case", cases("ed25519.json", "cases"))
def test_signature(case: dict[str, Any]) -> None:
    """Strict Ed25519 accepts exactly what the slow reference accepts."""
    public, message, signature = (
        bytes.fromhex(case[part]) for part in ("public_key", "message", "signature")
    )
    if case["accept"]:
        ed25519.verify(ed25519.load_public_key(public), signature, message)
    else:
        with pytest.raises(BadSignature):
            ed25519.verify(ed25519.load_public_key(public), signature, message)


@pytest.mark.parametrize("case", cases("ed25519.json", "enrolment"))
def test_enrolment(case: dict[str, Any]) -> None:
    """A key with a torsion part, of small order or off the curve is never enrolled."""
    if case["enrol"]:
        check_enrolment(bytes.fromhex(case["public_key"]))
    else:
        with pytest.raises(BadKey):
            check_enrolment(bytes.fromhex(case["public_key"]))


def test_signature_vectors_tell_verifiers_apart() -> None:
    """The file holds cases that a lenient verifier accepts and the profile refuses, one for every reason at least."""
    disagreeing = {c["reason"] for c in load("ed25519.json")["cases"] if c["zip215"] != c["accept"]}
    assert {"a_small_order", "r_small_order", "a_not_canonical", "r_not_canonical", "equation"} <= disagreeing


@pytest.mark.parametrize("case", load("number.json")["good"], ids=lambda case: str(case["number"]))
def test_good_number(case: dict[str, Any]) -> None:
    """Number and PIN follow from the run's secret and the header, and every way to type the number is read."""
    vectors = load("number.json")
    header = Header(bytes.fromhex(vectors["hint"]), case["run"], case["serial"])
    secrets = RunSecrets(bytes.fromhex(vectors["run_secret"]))
    assert header.to_bytes().hex() == case["header"]
    assert secrets.number(header) == Number(case["run"], case["serial"], case["mac"])
    assert secrets.pin(header) == case["pin"]
    assert (str(secrets.number(header)), secrets.number(header).grouped) == (case["number"], case["grouped"])
    for text in case["typed"]:
        assert number.looks_like_number(text)
        assert number.parse(text) == secrets.number(header)


@pytest.mark.parametrize("case", cases("number.json", "mistyped"))
def test_mistyped_number(case: dict[str, Any]) -> None:
    """A slip of the finger is noticed, and where it can be told, so is its place."""
    with pytest.raises(Mistyped) as refused:
        number.parse(case["text"])
    assert refused.value.position == case["position"]


@pytest.mark.parametrize("text", load("number.json")["not_numbers"])
def test_not_a_number(text: str) -> None:
    """What nobody meant as a number is not taken for one."""
    assert not number.looks_like_number(text)


@pytest.mark.parametrize("case", cases("verdict.json", "cases"))
def test_verdict(case: dict[str, Any]) -> None:
    """Word and ordered reasons are as the table says."""
    verdict = judge(facts_of(case["facts"]), Asker(case["asker"]), instant(case["now"]))
    assert told(verdict) == (case["word"], case["reasons"])


def test_verdict_vectors_hold_every_word() -> None:
    """No row of the table is without an example."""
    assert {case["word"] for case in load("verdict.json")["cases"]} == set(Word)


@pytest.mark.parametrize("case", cases("offline.json", "cases"))
def test_offline(case: dict[str, Any]) -> None:
    """Text and instant give word and reasons with the file's trust data."""
    vectors = load("offline.json")
    trust = load_trust(vectors["trust_file"].encode(), bytes.fromhex(vectors["operator"]["public_key"]))
    if "mistyped" in case:
        with pytest.raises(Mistyped) as refused:
            judge_offline(case["text"], trust, instant(case["now"]))
        assert refused.value.position == case["mistyped"]["position"]
    else:
        judged = judge_offline(case["text"], trust, instant(case["now"]), Asker(case["asker"]))
        assert told(judged.verdict) == (case["word"], case["reasons"])


def test_signing_the_offline_trust_data_gives_the_same_file() -> None:
    """Two implementations write the same bytes: canonical JSON, envelope and signature leave no choice."""
    vectors = load("offline.json")
    file, operator = vectors["trust_file"].encode(), vectors["operator"]
    data = load_trust(file, bytes.fromhex(operator["public_key"]))
    assert sign_trust(data, Ed25519PrivateKey.from_private_bytes(bytes.fromhex(operator["seed"]))) == file
    assert base64.b64decode(json.loads(file)["payload"]).startswith(b'{"as_of"')


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def told(verdict: Verdict) -> tuple[str, list[list[str]]]:
    return verdict.word.value, [[reason.key, reason.value] for reason in verdict.reasons]


def mark(record: dict[str, str] | None) -> Mark | None:
    return Mark(dt.date.fromisoformat(record["on"]), record["province"]) if record else None


def facts_of(record: dict[str, Any]) -> Facts:
    """Facts from their JSON form: what is left out has its default."""
    copy = record.get("copy", {})
    return Facts(
        proof=Proof(record["proof"]),
        coverage=Coverage(record.get("coverage", "covered")),
        registration=Registration(record.get("registration", "in_run")),
        path=PathMatch(record.get("path", "none")),
        notices=tuple(
            StandingNotice(NoticeKind(n["kind"]), n["reason"], dt.date.fromisoformat(n["on"]))
            for n in record.get("notices", [])
        ),
        not_activated=record.get("not_activated", False),
        expires_on=dt.date.fromisoformat(record["expires_on"]) if record.get("expires_on") else None,
        copy=CopyOpinion(
            copy.get("suspect", False),
            copy.get("score", 0.0),
            tuple((k, v) for k, v in copy.get("reasons", [])),
        ),
        sold=mark(record.get("sold")),
        claimed=mark(record.get("claimed")),
        checks=record.get("checks", 0),
        last_check=mark(record.get("last_check")),
        online=record.get("online", True),
        data_as_of=instant(record["data_as_of"]) if record.get("data_as_of") else None,
        clock_behind=record.get("clock_behind", False),
        foreign_host=record.get("foreign_host"),
    )
