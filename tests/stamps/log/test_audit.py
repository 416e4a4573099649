"""An audit of a whole log: nothing to find in a good one, each kind of break under its name."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from temthat_stamps.errors import Fault
from temthat_stamps.log.audit import FINDINGS_KEPT, audit
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.finding import FindingCode
from temthat_stamps.log.merkle import EMPTY_ROOT
from temthat_stamps.log.note import BadNote
from temthat_stamps.log.policy import BadPolicy
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.tiles import BadTile, NotInLog
from temthat_stamps.manifest import Replaced
from temthat_stamps.notice import run_target, stamps_target
from temthat_stamps.statement import open_envelope, sign_statement

from .auditing import audited, found
from .published import COSIGNED_AT, ForeignLog, publish
from .world import MAY, ORIGIN, Issuer, StampKey, World, founded

# -- a good log --


def test_a_clean_log_has_no_finding(world: World, issuer: Issuer, key: StampKey, tmp_path: Path) -> None:
    """Runs, a reprint, notices, sources: everything counts, and the ledger adds up."""
    first = issuer.run(key)
    issuer.notice(stamps_target(first.run, 1, 10))
    issuer.run(
        key, batch=first.batch, pack_form=first.pack_form, count=10, replaces=Replaced(first.run, 1, 10)
    )
    issuer.run(key, count=500, beyond=True)
    issuer.close_key(key)
    report = audited(world, tmp_path)
    assert found(report) == []
    assert (report.size, report.known, report.unknown, report.foreign) == (len(world.entries),) * 2 + (
        0,
        False,
    )
    ledger = report.ledger
    assert (ledger.runs, ledger.stamps, ledger.replaced, ledger.beyond) == (3, 610, 10, 1)
    assert (ledger.over_issued, ledger.backfilled) == (0, 0)
    body = report.body()
    assert body["findings"] == []
    assert body["entries"]["by_type"]["run"] == 3
    assert body["entries"]["unknown"] == 0
    assert body["checkpoint"] == {"origin": ORIGIN, "size": report.size, "cosigned": {}}
    assert body["bundles"]["published"] is False


def test_the_first_root_may_be_known_from_elsewhere(world: World, tmp_path: Path) -> None:
    right = world.files["trust/1.root.json"]
    assert found(audited(world, tmp_path, first_root=right)) == []
    other = founded("31", seed=8).files["trust/1.root.json"]
    assert (1, "trust_refused") in found(audited(world, tmp_path, first_root=other))


def test_who_names_the_root_means_a_log_of_ours(tmp_path: Path) -> None:
    """An operator cannot pass a log off as other software's by spoiling its first entry."""
    world = World()
    world.append(b"no opening")
    world.found("31")
    assert audited(world, tmp_path).foreign
    report = audited(world, tmp_path, first_root=world.files["trust/1.root.json"])
    assert found(report) == [(0, "unreadable"), (1, "not_opened")]
    assert not report.foreign


def test_how_new_a_log_is_can_be_seen(world: World, issuer: Issuer, key: StampKey, tmp_path: Path) -> None:
    """Whoever is shown an old log for ever sees the date stand still."""
    issuer.run(key)
    report = audited(world, tmp_path)
    assert report.newest == world.now - dt.timedelta(minutes=1)
    assert report.body()["newest"] == "2026-05-04T02:04:00Z"


def test_progress_is_told(world: World, issuer: Issuer, key: StampKey, tmp_path: Path) -> None:
    for _ in range(600):
        world.append(b"no statement")
    seen: list[tuple[int, int]] = []
    report = audited(world, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(256, report.size), (512, report.size), (report.size, report.size)]


def test_more_findings_than_are_kept_are_counted(world: World, tmp_path: Path) -> None:
    for _ in range(FINDINGS_KEPT + 5):
        world.append(b"no statement")
    report = audited(world, tmp_path)
    assert len(report.findings) == FINDINGS_KEPT
    assert report.body()["findings_total"] == FINDINGS_KEPT + 5
    assert report.unknown == FINDINGS_KEPT + 5


def test_an_empty_log_is_a_log(tmp_path: Path) -> None:
    log = ForeignLog(tmp_path, [])
    report = audit(FolderReader(tmp_path), log.name, log.vkey)
    assert (report.size, report.root, found(report)) == (0, EMPTY_ROOT, [])


# -- entries that break a rule --


def test_two_manifests_for_one_run(world: World, issuer: Issuer, key: StampKey, tmp_path: Path) -> None:
    first = issuer.run(key)
    again = world.log(replace(issuer.manifest(key), run=first.run), issuer.signer)
    report = audited(world, tmp_path)
    assert found(report) == [(again, "run_taken")]
    assert report.findings[0].fault is Fault.ISSUER
    assert (report.ledger.runs, report.ledger.stamps) == (1, 100)


def test_a_back_dated_manifest(world: World, issuer: Issuer, key: StampKey, tmp_path: Path) -> None:
    world.now += dt.timedelta(days=8)
    world.bundle(2, 0)
    late = world.log(
        replace(issuer.manifest(key), registered_at=world.now - dt.timedelta(days=8)), issuer.signer
    )
    assert found(audited(world, tmp_path)) == [(late, "back_dated")]


def test_over_issue_with_its_arithmetic(world: World, issuer: Issuer, key: StampKey, tmp_path: Path) -> None:
    run = issuer.run(key)
    more = world.log(replace(issuer.manifest(key), batch=run.batch, pack_form=run.pack_form), issuer.signer)
    report = audited(world, tmp_path)
    assert found(report) == [(more, "over_issue")]
    assert report.findings[0].stands
    assert all(number in report.findings[0].vi for number in ("100", "102", "200"))
    assert (report.ledger.over_issued, report.ledger.stamps) == (1, 200)


def test_a_notice_by_the_wrong_issuer(world: World, issuer: Issuer, key: StampKey, tmp_path: Path) -> None:
    run, other = issuer.run(key), world.enrol("31")
    wrong = other.notice(run_target(run.run))
    assert found(audited(world, tmp_path)) == [(wrong, "target_of_another")]


def test_a_replayed_notice(world: World, issuer: Issuer, key: StampKey, tmp_path: Path) -> None:
    """The same envelope a second time, and one of another log."""
    issuer.run(key)
    notice = world.entries[issuer.notice(run_target(1))]
    again = world.append(notice)
    elsewhere = world.append(
        sign_statement({**open_envelope(notice).body, "origin": "other.example/log"}, issuer.signer)
    )
    assert found(audited(world, tmp_path)) == [(again, "notice_number"), (elsewhere, "foreign_origin")]


def test_a_revoked_key_and_a_changed_signature(
    world: World, issuer: Issuer, key: StampKey, tmp_path: Path
) -> None:
    """What a thief stated after the last good entry is taken back, and refused from then on."""
    issuer.run(key)
    stolen = len(world.entries)
    issuer.run(key)
    world.revoke(issuer, stolen - 1)
    late = world.log(issuer.manifest(key), issuer.signer)
    report = audited(world, tmp_path)
    assert found(report) == [(late, "key_not_valid")]
    assert report.taken_back == 1
    world.append(world.entries[stolen].replace(b'"sig":"', b'"sig":"A', 1))
    assert found(audited(world, tmp_path))[-1][0] == late + 1


def test_a_statement_from_the_future_is_told_by_the_clock(
    world: World, issuer: Issuer, key: StampKey, tmp_path: Path
) -> None:
    publish(world, tmp_path)
    report = audit(FolderReader(tmp_path), ORIGIN, world.log_signer.vkey, now=MAY - dt.timedelta(days=1))
    assert {finding.code for finding in report.findings} == {FindingCode.POST_DATED}
    assert report.findings[0].fault is Fault.CLOCK


def test_a_missing_trust_file(world: World, issuer: Issuer, key: StampKey, tmp_path: Path) -> None:
    """Without the delegation nobody may state anything: each entry after it says so, the audit goes on."""
    issuer.run(key)
    publish(world, tmp_path)
    (tmp_path / "trust" / "31-issuers").with_name("2.31-issuers.json").unlink()
    report = audit(FolderReader(tmp_path), ORIGIN, world.log_signer.vkey)
    assert found(report) == [(2, "trust_missing"), (3, "unknown_signer"), (4, "unknown_signer")]


# -- the log itself --


def test_a_changed_entry_is_no_log_any_more(
    world: World, issuer: Issuer, key: StampKey, tmp_path: Path
) -> None:
    issuer.run(key)
    publish(world, tmp_path)
    (bundle,) = (tmp_path / "tile" / "entries" / "000.p").iterdir()
    data = bundle.read_bytes()
    bundle.write_bytes(data[:-30] + b"\0" + data[-29:])
    with pytest.raises(BadTile, match="entries"):
        audit(FolderReader(tmp_path), ORIGIN, world.log_signer.vkey)


def test_a_checkpoint_under_another_key_or_of_another_log(world: World, tmp_path: Path) -> None:
    publish(world, tmp_path)
    other = founded("31", seed=9).log_signer.vkey
    with pytest.raises(BadNote, match="missing"):
        audit(FolderReader(tmp_path), ORIGIN, other)
    with pytest.raises(BadNote, match="not of"):
        audit(FolderReader(tmp_path), "other.example/log", world.log_signer.vkey)
    checkpoint = tmp_path / "checkpoint"
    size = len(world.entries)
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"\n%d\n" % size, b"\n%d\n" % (size - 1)))
    with pytest.raises(BadNote, match="wrong"):
        audit(FolderReader(tmp_path), ORIGIN, world.log_signer.vkey)


def test_no_checkpoint_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(NotInLog, match="checkpoint"):
        audit(FolderReader(tmp_path), ORIGIN, founded("31").log_signer.vkey)


def test_a_missing_witness_is_named(world: World, cosigners: list[Cosigner], tmp_path: Path) -> None:
    """Asked for by the auditor: the audit goes on and says who is missing."""
    here, away = cosigners[:2]
    report = audited(world, tmp_path, here, witnesses=[here.vkey, away.vkey])
    assert found(report) == [(None, "witnesses_missing")]
    assert away.key.name in report.findings[0].en
    assert report.cosigned == {here.key.name: COSIGNED_AT}
    assert report.findings[0].fault is Fault.OPERATOR
    assert found(audited(world, tmp_path, here, away, witnesses=[here.vkey, away.vkey])) == []


def test_the_witnesses_that_the_alliance_names_are_asked_for(
    cosigners: list[Cosigner], tmp_path: Path
) -> None:
    world = founded("31", witnesses=tuple(c.vkey for c in cosigners), quorum=2)
    assert found(audited(world, tmp_path, cosigners[0])) == [(None, "witnesses_missing")]
    report = audited(world, tmp_path, *cosigners[:2])
    assert found(report) == []
    assert set(report.cosigned) == {cosigner.key.name for cosigner in cosigners[:2]}


def test_a_log_is_no_witness_of_itself(world: World, tmp_path: Path) -> None:
    publish(world, tmp_path)
    itself = Cosigner("w.example", world.log_signer._signer)
    with pytest.raises(BadPolicy):
        audit(FolderReader(tmp_path), ORIGIN, world.log_signer.vkey, witnesses=[itself.vkey])


def test_a_log_key_that_the_alliance_does_not_name(tmp_path: Path) -> None:
    """An operator that shows a log under a key of its own."""
    world = founded("31")
    world.log_signer = type(world.log_signer)(ORIGIN, world.new_signer())
    assert found(audited(world, tmp_path)) == [(None, "log_key_differs")]


def test_every_finding_is_explained_to_auditors() -> None:
    page = (Path(__file__).parents[3] / "docs" / "audit.md").read_text("utf-8")
    assert [code.value for code in FindingCode if f"`{code.value}`" not in page] == []
