"""Own custody on files alone: order, signature, proof, print, closing; and each way of having lost something."""

import datetime as dt
import shutil
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from temthat_stamps.code import decode
from temthat_stamps.custody.errors import KeyIsClosed, NoProof, StampsRefused, StatementRefused
from temthat_stamps.custody.order import BadOrder, Order, Request, order_from_json
from temthat_stamps.custody.own import OwnCustody
from temthat_stamps.custody.own_folder import OwnFolder, Secrets, make_folder
from temthat_stamps.custody.own_print import labels_of, print_order
from temthat_stamps.custody.own_words import explain_order, explain_statement
from temthat_stamps.custody.state import Act
from temthat_stamps.errors import CustodyError, TrustError
from temthat_stamps.keys import key_hint, key_id
from temthat_stamps.logged import read_body
from temthat_stamps.manifest import Activated, KeyClosed, KeyOpened, Replaced, RunManifest, Sources
from temthat_stamps.notice import Notice, batch_target
from temthat_stamps.number import parse
from temthat_stamps.signing import RunSecrets, verify
from temthat_stamps.statement import verify_statement
from temthat_stamps.trust.enrolment import read_enrolment
from temthat_stamps.verdict import NoticeKind

if TYPE_CHECKING:
    from tests.stamps.custody.conftest import Clock, TinyLog

ORIGIN = "tem.example.vn/log"
ISSUER = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"
PHRASE = "correct horse battery"


def said(own: OwnCustody, envelope: bytes) -> Any:
    """What a statement says, once the issuer's key has been found to have signed it."""
    key = own.folder.identity.public_key
    return read_body(verify_statement(envelope, {key_id(key): key}).body)


# The whole way


def test_the_enrolment_request_is_what_the_alliance_takes(own: OwnCustody) -> None:
    """Signed by the very key it names, for own custody."""
    request = read_enrolment((own.folder.path / "enrolment.json").read_bytes(), ORIGIN)
    assert (request.issuer, request.province, request.custody) == (ISSUER, "24", "own")
    assert request.public_key == own.folder.identity.public_key


def test_an_order_becomes_statements_then_paper(
    own: OwnCustody, log: "TinyLog", make_order: Callable[..., Order], tmp_path: Path
) -> None:
    """Key opened, sources, run, in this order; after the proof a file whose stamps verify, numbers and all."""
    order = order_from_json(make_order().to_json())
    signed = own.sign_order(order)
    opened, sources, run = (said(own, envelope) for envelope in signed.statements)
    assert isinstance(opened, KeyOpened)
    assert isinstance(sources, Sources)
    assert isinstance(run, RunManifest)
    assert run.stamp_key == key_id(opened.public_key)
    assert opened.closes == dt.datetime(2026, 5, 31, 23, 59, 59, tzinfo=dt.UTC)
    proof = log.add(*signed.statements)
    [path] = print_order(own, order, proof, tmp_path)
    assert path.read_bytes().startswith(b"%PDF")
    labels = list(labels_of(order, own.stamps(order, proof, 1, 30)))
    for serial, label in enumerate(labels, 1):
        code = decode(label.url)
        verify(code, [opened.public_key])
        assert (code.header.run, code.header.serial, code.host) == (7, serial, "tem.example.vn")
        assert parse(label.number) == RunSecrets(order.secret).number(code.header)
        assert code.header.hint == key_hint(opened.public_key)


def test_a_gs1_order_prints_its_gtin_lot_and_number(
    own: OwnCustody, log: "TinyLog", make_order: Callable[..., Order]
) -> None:
    """The path agrees with the header and the manifest."""
    order = make_order(gs1=True, gtin="08938501234567", count=2)
    proof = log.add(*own.sign_order(order).statements)
    [label, _] = labels_of(order, own.stamps(order, proof, 1, 2))
    code = decode(label.url)
    assert code.gs1 is not None
    assert (code.gs1.gtin, code.gs1.lot) == ("08938501234567", "VT-2605")
    assert parse(code.gs1.number) == parse(label.number)


def test_signing_again_gives_the_same_statements(own: OwnCustody, make_order: Callable[..., Order]) -> None:
    """A file lost on the way back is simply made again, even hours later; nothing new is signed."""
    first = own.sign_order(make_order())
    lines = own.state.journal()
    assert own.sign_order(make_order()) == first
    assert own.state.journal() == lines


def test_a_second_run_of_the_month_uses_the_same_key_and_announces_it_again(
    own: OwnCustody, make_order: Callable[..., Order], clock: "Clock"
) -> None:
    """Byte for byte, so that it does not matter which of the two files arrives; next month there is another key."""
    first = own.sign_order(make_order())
    clock.move(hours=5)
    second = own.sign_order(make_order(run=8, sources=()))
    assert second.statements[0] == first.statements[0]
    clock.move(days=10)
    third = own.sign_order(make_order(run=9, sources=()))
    assert said(own, third.statements[0]).public_key != said(own, first.statements[0]).public_key


# What is refused


def test_another_content_under_a_signed_run_is_refused(
    own: OwnCustody, log: "TinyLog", make_order: Callable[..., Order]
) -> None:
    """Whoever sends the order again with more stamps, other names or another host gets neither signature nor print."""
    order = make_order()
    proof = log.add(*own.sign_order(order).statements)
    for other in (
        replace(order, count=31),
        replace(order, batch=OTHER),
        replace(order, names=replace(order.names, product="Mật ong")),
        replace(order, salt=bytes(16)),
    ):
        with pytest.raises(BadOrder, match="another content"):
            own.sign_order(other)
        with pytest.raises(BadOrder, match="another content"):
            own.stamps(other, proof, 1, 1)


@pytest.mark.parametrize(
    ("member", "value"),
    [("issuer", OTHER), ("origin", "other.example.vn/log"), ("host", "tem.evil.example")],
)
def test_an_order_for_somebody_else_or_another_host_is_refused(
    own: OwnCustody, make_order: Callable[..., Order], member: str, value: str
) -> None:
    """Hosts that may stand on stamps are the alliance's to say, not the order's."""
    with pytest.raises(BadOrder):
        own.sign_order(make_order(**{member: value}))
    assert not own.folder.stamp_keys()


def test_no_print_without_a_proof_in_the_witnessed_log(
    own: OwnCustody, log: "TinyLog", make_order: Callable[..., Order], tmp_path: Path
) -> None:
    """Not before it is logged, not with one witness of two, not with another entry's proof; and no file is left."""
    order = make_order()
    with pytest.raises(StampsRefused, match="own sign first"):
        own.stamps(order, b"", 1, 1)
    signed = own.sign_order(order)
    of_another = log.add(signed.statements[0])
    log.cosigning = 1
    unwitnessed = log.add(signed.statements[-1])
    for proof in (b"", of_another, unwitnessed):
        with pytest.raises(NoProof):
            list(print_order(own, order, proof, tmp_path))
    assert not list(tmp_path.glob("*tem-*"))


def test_stamps_are_only_those_of_the_manifest(
    own: OwnCustody, log: "TinyLog", make_order: Callable[..., Order]
) -> None:
    """The thirty-first of thirty is not signed."""
    order = make_order()
    proof = log.add(*own.sign_order(order).statements)
    with pytest.raises(StampsRefused):
        own.stamps(order, proof, 1, 31)


def test_requests_are_notices_and_activations_in_the_issuers_name(own: OwnCustody, clock: "Clock") -> None:
    """Runs and keys are only signed by way of an order; another log's or issuer's request not at all."""
    now = clock()
    notice = read_body(Notice(batch_target(OTHER), 1, NoticeKind.HOLD, "complaint", now).body(ORIGIN, ISSUER))
    for stated in (notice, Activated(ORIGIN, ISSUER, 5, now)):
        [envelope] = own.sign_request(Request(stated)).statements
        assert said(own, envelope) == stated
    for stated in (
        KeyClosed(ORIGIN, ISSUER, "0" * 64, now),
        Activated(ORIGIN, OTHER, 5, now),
        Activated("other.example.vn/log", ISSUER, 5, now),
        Activated(ORIGIN, ISSUER, 5, now - dt.timedelta(days=8)),
    ):
        with pytest.raises(StatementRefused):
            own.sign_request(Request(stated))


def test_what_is_signed_is_shown(make_order: Callable[..., Order], clock: "Clock") -> None:
    """Every member that a person could object to stands in the words, in both languages."""
    order = make_order(
        beyond=True,
        replaces=Replaced(3, 4, 5),
        gtin="08938501234567",
        needs_activation=True,
        count=12_345,
    )
    vi, en = ("\n".join(lines) for lines in zip(*explain_order(order), strict=True))
    for word in ("12.345", "HTX Vải thiều Lục Ngạn", "Vải thiều tươi", "VT-2605", "26/05/2026", "25/06/2026"):
        assert word in vi
    for word in ("đợt 3, tem 4–5", "08938501234567", "kích hoạt", "1 lô khác", "tem.example.vn", "CHÚ Ý"):
        assert word in vi
    assert "12,345 stamps" in en
    assert "serials 4 to 5" in en
    notice = read_body(
        Notice(batch_target(OTHER), 2, NoticeKind.RECALL, "contamination", clock()).body(ORIGIN, ISSUER)
    )
    shown = str(list(explain_statement(notice)))
    for word in ("số 2", "thu hồi", OTHER, "contamination", ISSUER):
        assert word in shown


# Closing


def test_closing_states_the_end_and_destroys_the_file(
    own: OwnCustody, log: "TinyLog", make_order: Callable[..., Order], clock: "Clock"
) -> None:
    """Nothing is due within the month; after it the key is stated closed, its file gone, its runs not printed."""
    order = make_order()
    signed = own.sign_order(order)
    proof = log.add(*signed.statements)
    assert own.closable() == []
    clock.move(days=6)
    [key] = own.closable()
    assert own.unprinted(key) == {7}
    [envelope] = own.close([key]).statements
    assert said(own, envelope) == KeyClosed(ORIGIN, ISSUER, key_id(key.public_key), clock())
    assert not key.path.exists()
    assert list(own.folder.path.glob("closed-*.signed"))
    with pytest.raises(StampsRefused, match="closed, or lost"):
        own.stamps(order, proof, 1, 1)


def test_a_closed_keys_file_from_a_backup_signs_nothing(
    own: OwnCustody, log: "TinyLog", make_order: Callable[..., Order], clock: "Clock", tmp_path: Path
) -> None:
    """The folder remembers what was closed; and a run already printed does not count as unprinted."""
    order = make_order()
    proof = log.add(*own.sign_order(order).statements)
    list(own.stamps(order, proof, 1, 30))
    [key] = own.closable(early=True)
    assert own.unprinted(key) == set()
    shutil.copy(key.path, tmp_path / "backup")
    own.close([key])
    shutil.copy(tmp_path / "backup", key.path)
    with pytest.raises(KeyIsClosed):
        own.stamps(order, proof, 1, 1)
    again = own.sign_order(make_order(run=8))
    assert said(own, again.statements[0]).public_key != key.public_key


def test_everything_secret_is_its_owners_alone(own: OwnCustody, make_order: Callable[..., Order]) -> None:
    """Files 0600, the folder 0700; no private key in clear in any of them."""
    own.sign_order(make_order())
    assert stat.S_IMODE(own.folder.path.stat().st_mode) == 0o700
    for path in own.folder.path.glob("*.key"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with own.folder.issuer_signer() as signer:
        raw = signer._key.private_bytes_raw()  # type: ignore[attr-defined]
    for path in own.folder.path.iterdir():
        assert raw not in path.read_bytes()
        assert raw.hex() not in path.read_text("latin-1")


def test_the_journal_of_the_folder_says_what_was_signed(
    own: OwnCustody, log: "TinyLog", make_order: Callable[..., Order]
) -> None:
    """Key, announcement, sources, run, stamps: the cooperative can compare it with the public log."""
    order = make_order()
    proof = log.add(*own.sign_order(order).statements)
    own.stamps(order, proof, 1, 30)
    acts = [(line.act, line.run) for line in own.state.journal()]
    assert acts == [
        (Act.STAMP_KEY, None),
        (Act.STATEMENT, None),
        (Act.STATEMENT, None),
        (Act.STATEMENT, 7),
        (Act.STAMPS, 7),
    ]


# What was lost


class Reopened:
    """The folder as another process finds it."""

    def __init__(self, path: Path, clock: "Clock", phrase: str = PHRASE) -> None:
        self.custody = OwnCustody(OwnFolder(path, Secrets(lambda: phrase, lambda: ""), work=16), clock)

    def close(self) -> None:
        self.custody.state.close()


def test_recovery_a_wrong_or_forgotten_pass_phrase_signs_nothing(
    own: OwnCustody, make_order: Callable[..., Order], clock: "Clock"
) -> None:
    """In words; the files stay as they are, so that it can be typed again."""
    with (
        closing(Reopened(own.folder.path, clock, "wrong horse battery")) as other,
        pytest.raises(CustodyError, match="Type it again"),
    ):
        other.custody.sign_order(make_order())
    own.sign_order(make_order())


def test_recovery_the_backup_made_at_the_start_goes_on_with_a_new_stamp_key(
    own: OwnCustody, log: "TinyLog", make_order: Callable[..., Order], clock: "Clock", tmp_path: Path
) -> None:
    """The computer is gone, the backup of the issuer key is there: the old month's key is revoked, a new one opened."""
    backup = shutil.copytree(
        own.folder.path, tmp_path / "backup", ignore=shutil.ignore_patterns("signer.db*")
    )
    order = make_order()
    signed = own.sign_order(order)
    proof = log.add(*signed.statements)
    again = Reopened(backup, clock)
    restored = again.custody
    with pytest.raises(StampsRefused, match="own sign first"):
        restored.stamps(order, proof, 1, 1)
    next_run = restored.sign_order(make_order(run=8, sources=()))
    lost, new = said(own, signed.statements[0]).public_key, said(own, next_run.statements[0]).public_key
    assert new != lost
    revocation = Notice(f"key:{key_id(lost)}", 1, NoticeKind.REVOCATION, "stolen", clock())
    [envelope] = restored.sign_request(Request(read_body(revocation.body(ORIGIN, ISSUER)))).statements
    assert said(own, envelope).notice.target == f"key:{key_id(lost)}"
    log.add(envelope)
    proof = log.add(*next_run.statements)
    assert len(list(restored.stamps(make_order(run=8, sources=()), proof, 1, 30))) == 30
    again.close()


def test_recovery_without_any_backup_is_a_new_issuer_key_enrolled_anew(
    own: OwnCustody, make_order: Callable[..., Order], clock: "Clock", tmp_path: Path
) -> None:
    """The same issuer, another key, another request for the alliance; the lost key's folder is not needed."""
    trust = (own.folder.path / "log.json").read_bytes()
    folder = make_folder(
        tmp_path / "anew", trust, ISSUER, "24", Secrets(lambda: PHRASE, lambda: ""), clock(), work=16
    )
    request = read_enrolment((folder.path / "enrolment.json").read_bytes(), ORIGIN)
    assert request.issuer == ISSUER
    assert request.public_key != own.folder.identity.public_key
    anew = OwnCustody(folder, clock)
    assert isinstance(said(anew, anew.sign_order(make_order()).statements[-1]), RunManifest)
    anew.state.close()


@pytest.mark.parametrize("lost", ["own.json", "issuer.key", "log.json"])
def test_recovery_a_missing_file_is_named(
    own: OwnCustody, make_order: Callable[..., Order], clock: "Clock", lost: str
) -> None:
    """The refusal says which file to take from the backup."""
    (own.folder.path / lost).unlink()
    with pytest.raises(TrustError) as refusal, closing(Reopened(own.folder.path, clock)) as again:
        again.custody.sign_order(make_order())
    assert "bản sao lưu" in refusal.value.vi


def test_recovery_an_altered_signed_file_is_noticed(
    own: OwnCustody, log: "TinyLog", make_order: Callable[..., Order]
) -> None:
    """A virus that edits what was signed gets no stamps for it."""
    order = make_order()
    proof = log.add(*own.sign_order(order).statements)
    [path] = own.folder.path.glob("run-*.signed")
    path.write_bytes(own.sign_order(make_order()).to_json().replace(b'"statements"', b'"Statements"'))
    with pytest.raises(BadOrder):
        own.stamps(order, proof, 1, 1)


def test_a_folder_in_use_is_never_overwritten(own: OwnCustody, clock: "Clock") -> None:
    """A second `own new` at the same place would lose the key the alliance approved."""
    before = (own.folder.path / "issuer.key").read_bytes()
    with pytest.raises(CustodyError, match="already"):
        make_folder(
            own.folder.path,
            (own.folder.path / "log.json").read_bytes(),
            ISSUER,
            "24",
            Secrets(lambda: PHRASE, lambda: ""),
            clock(),
            work=16,
        )
    assert (own.folder.path / "issuer.key").read_bytes() == before


def test_newer_witnesses_are_taken_another_log_is_not(
    own: OwnCustody, make_log: Callable[..., "TinyLog"], tmp_path: Path
) -> None:
    """`temthat own trust`: the same origin only."""
    newer = make_log(seed=60).write_policy(tmp_path / "newer.json").read_bytes()
    own.folder.replace_log(newer)
    assert own.folder.trust.witnesses == tuple(w.vkey for w in make_log(seed=60).witnesses)
    with pytest.raises(CustodyError, match=r"other\.example"):
        own.folder.replace_log(
            make_log(origin="other.example/log").write_policy(tmp_path / "other.json").read_bytes()
        )
