"""The shared vectors: made as they are committed, and met by this implementation case by case."""

import base64
import datetime as dt
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps import ed25519, number
from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.listing import CONTACTS_FILE, NAMES
from temthat_stamps.bundle.offline import Judged, judge_offline
from temthat_stamps.bundle.pack import parse_pack
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.code import Gs1Path, Header, decode
from temthat_stamps.errors import BadKey, BadSignature, Mistyped, NewerFormat, NotOurs, TrustError
from temthat_stamps.keys import check_enrolment, key_hint, key_id
from temthat_stamps.logged import Delegation, read_body
from temthat_stamps.manifest import Custody
from temthat_stamps.number import Number
from temthat_stamps.signing import RunSecrets
from temthat_stamps.trust.delegates import DelegatedKey, IssuerKind
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


def accepted(folder: Path, changed: dict[str, str | None] | None = None) -> TrustView:
    """The vectors' pack, with some files replaced, as a scanner built before it accepts it at first use."""
    vectors = load("offline.json")
    files = vectors["pack"]["files"] | (changed or {})
    pack = vectors["pack"] | {"files": {name: data for name, data in files.items() if data is not None}}
    root = base64.b64decode(vectors["pack"]["files"]["trust/1.root.json"])
    store = TrustStore(folder, root, built=instant(vectors["floor"]))
    store.update(parse_pack(json.dumps(pack).encode()), instant(vectors["floor"]))
    return store.load()


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> TrustView:
    return accepted(tmp_path_factory.mktemp("trust"))


@pytest.mark.parametrize("case", cases("offline.json", "cases"))
def test_offline(case: dict[str, Any], trust: TrustView) -> None:
    """Text and instant give word and reasons with the pack's trust data, and what to show of a proved run."""
    if "mistyped" in case:
        with pytest.raises(Mistyped) as refused:
            judge_offline(case["text"], trust, instant(case["now"]))
        assert refused.value.position == case["mistyped"]["position"]
        return
    judged = judge_offline(case["text"], trust, instant(case["now"]), Asker(case["asker"]))
    assert told(judged.verdict) == (case["word"], case["reasons"])
    if "shown" in case:
        assert shown(judged) == case["shown"]


def test_offline_vectors_hold_every_word_there_is_offline() -> None:
    """Whoever meets all cases has said every word that needs no network."""
    online = {Word.SUSPECT_COPY, Word.SOLD, Word.CLAIMED, Word.GENUINE}
    assert {case.get("word") for case in load("offline.json")["cases"]} - {None} == set(Word) - online


@pytest.mark.parametrize("case", cases("offline.json", "refused"))
def test_refused_pack(case: dict[str, Any], tmp_path: Path) -> None:
    """A pack with these files in place of its own is not accepted, and nothing of it stays."""
    with pytest.raises(TrustError):
        accepted(tmp_path, case["files"])
    assert not (tmp_path / "installed.json").exists()
    assert not (tmp_path / "root.json").exists()


def test_the_bundle_is_the_function_of_the_log_that_the_vectors_say() -> None:
    """Two implementations make the same files of the same statements, byte for byte, and the same list of them."""
    vectors = load("offline.json")
    files = {name: base64.b64decode(data) for name, data in vectors["pack"]["files"].items()}
    builder = BundleBuilder("tem.example.vn/log")
    delegations = 0
    for index, statement in enumerate(vectors["statements"]):
        if not statement["counts"]:
            continue
        stated = read_body(statement["body"])
        builder.apply(index, stated, stated.at)
        if isinstance(stated, Delegation):
            builder.delegate(index, delegated(delegations), vectors["taken_back"] if delegations else ())
            delegations += 1
    listing = json.loads(files["bundle/bundle.json"])
    built = builder.files()
    for name, listed in listing["files"].items():
        if name == CONTACTS_FILE or name.endswith(NAMES):
            continue
        assert hashlib.sha256(built[name]).hexdigest() == listed["sha256"], name
        assert built[name] == files.get(f"bundle/{name}", built[name])
        commitments = builder.listing(1, instant(vectors["floor"]), [], {})
        assert json.loads(commitments)["files"][name] == listed
    assert {"31-2026-05"} == {name for name in built if f"bundle/{name}" not in files}


def delegated(revoking: int) -> list[DelegatedKey]:
    """The vectors' issuers; in the second delegation one of them is revoked."""
    vectors = load("offline.json")
    keys = {key["name"].rpartition(": ")[2]: bytes.fromhex(key["public_key"]) for key in vectors["keys"]}
    until = dt.datetime(2028, 4, 1, tzinfo=dt.UTC)
    made = []
    for place, name, kind, province in (
        (2, "issuer B", IssuerKind.PRODUCER, "31"),
        (1, "issuer A", IssuerKind.PRODUCER, "96"),
        (3, "issuer C", IssuerKind.PRODUCER, "96"),
        (4, "alliance", IssuerKind.ALLIANCE, "national"),
    ):
        last_good, reason = (22, "stolen") if revoking and place == 3 else (None, None)
        identity = f"0196e4a0-0000-7000-8000-00000000000{place}"
        made.append(
            DelegatedKey(
                identity, kind, province, keys[name], Custody.HOSTED, 1, until, last_good, reason, "0" * 64
            )
        )
    return made


def shown(judged: Judged) -> dict[str, Any]:
    run, names = judged.run, judged.names
    assert run is not None
    assert judged.issuer is not None
    return {
        "product": names.product if names else None,
        "pack_form": names.pack_form if names else None,
        "lot": names.lot if names else None,
        "expires_on": run.expires_on.isoformat() if run.expires_on else None,
        "made_on": run.made_on.isoformat(),
        "issuer": judged.issuer.id,
    }


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
