"""An audit of a whole log: nothing to find in a good one, each kind of break under its name, others' logs hashed."""

import datetime as dt
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.issuers import ISSUERS_FILE
from temthat_stamps.bundle.listing import CONTACTS_FILE, LISTING_FILE, PROOF_FILE, Listing, shard_file
from temthat_stamps.bundle.notices import NOTICES_FILE
from temthat_stamps.errors import Fault
from temthat_stamps.log.audit import FINDINGS_KEPT, Report, audit
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.finding import Finding, FindingCode
from temthat_stamps.log.merkle import EMPTY_ROOT
from temthat_stamps.log.note import BadNote
from temthat_stamps.log.policy import BadPolicy
from temthat_stamps.log.reader import FolderReader, Unreachable, open_log
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.tiles import BadTile, NotInLog
from temthat_stamps.log.trust_files import trust_file
from temthat_stamps.logged import Delegation
from temthat_stamps.manifest import Replaced
from temthat_stamps.notice import run_target, stamps_target
from temthat_stamps.signer import KeySigner
from temthat_stamps.statement import open_envelope, sign_statement
from temthat_stamps.verdict import NoticeKind

from ..bundle.house import HOST, House, listed_of, new_key
from ..bundle.house import ORIGIN as HOUSE_ORIGIN
from .published import COSIGNED_AT, ForeignLog, publish
from .world import MAY, ORIGIN, Issuer, StampKey, World, founded

LATER = MAY + dt.timedelta(days=60)


@pytest.fixture
def world() -> World:
    """Open, with one province."""
    return founded("31")


@pytest.fixture
def issuer(world: World) -> Issuer:
    """A cooperative."""
    return world.enrol("31")


@pytest.fixture
def key(issuer: Issuer) -> StampKey:
    """Its stamp key."""
    return issuer.open_key()


def audited(world: World, folder: Path, *witnesses: Cosigner, **options: Any) -> Report:
    """The report on a world's log as it is now."""
    publish(world, folder, *witnesses)
    return audit(FolderReader(folder), world.origin, world.log_signer.vkey, now=LATER, **options)


def found(report: Report) -> list[tuple[int | None, str]]:
    """Which entry, and what is wrong."""
    return [(finding.index, finding.code.value) for finding in report.findings]


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


# -- the bundle --


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Two cooperatives with runs, a notice and a published bundle."""
    house = House(tmp_path, dt.datetime(2026, 5, 4, tzinfo=dt.UTC))
    one, two = house.producer("96"), house.producer("31")
    for by in (one, two, one):
        house.run(by)
    house.notice(one, run_target(1), NoticeKind.VOID)
    return house


def audited_house(house: House) -> Report:
    """The report on the house's public folder."""
    return audit(FolderReader(house.public), HOUSE_ORIGIN, house.log_signer.vkey, now=house.now)


def test_a_published_bundle_is_rebuilt_to_the_byte(house: House) -> None:
    house.publish()
    report = audited_house(house)
    assert found(report) == []
    assert report.bundle_size == len(house.entries) - 1
    assert report.bundle_logged_at == len(house.entries) - 1
    assert report.bundle_files == len(house.builder.files())
    assert report.cosigned.keys() == {witness.key.name for witness in house.witnesses}
    # The log goes on: a bundle speaks of the entries there were.
    house.run(house.producer("96"))
    house.checkpoint()
    assert found(audited_house(house)) == []


def forge(house: House, builder: BundleBuilder, **changes: Any) -> None:
    """Publish another builder's files as the bundle of this log."""
    unlogged = house.unlogged()
    names = builder.files().keys()
    kept = {n: d for n, d in unlogged.items() if n == CONTACTS_FILE or n.removesuffix(".names") in names}
    listing = builder.listing(
        len(house.entries), house.now, [HOST], {name: listed_of(data) for name, data in kept.items()}
    )
    house.publish_files({**builder.files(), **kept}, listing, house.now, **changes)


def rebuilt(house: House, *, leave_out: Callable[[int], bool] = lambda _: False) -> BundleBuilder:
    """The bundle of a log from which entries are missing."""
    replay = Replay(HOUSE_ORIGIN, trust_file(FolderReader(house.public)))
    builder = BundleBuilder(HOUSE_ORIGIN)
    for index, entry in enumerate(house.entries):
        stated = replay.apply(index, entry)
        assert not isinstance(stated, Finding)
        assert replay.log_time is not None
        if leave_out(index):
            continue
        builder.apply(index, stated, replay.log_time)
        if isinstance(stated, Delegation):
            builder.delegate(index, replay.changed_keys, replay.taken_back)
    house.replay = replay
    return builder


def test_a_shard_without_a_revocation(house: House) -> None:
    """Everything is signed, proved and consistent; only the notice is not there."""
    forge(house, rebuilt(house, leave_out=lambda index: index == len(house.entries) - 1))
    report = audited_house(house)
    assert {name for _, name in found(report)} == {"bundle_differs"}
    named = " ".join(finding.en for finding in report.findings)
    assert NOTICES_FILE in named
    assert LISTING_FILE in named
    assert report.findings[0].fault is Fault.OPERATOR


def test_a_shard_with_an_unlogged_run(house: House) -> None:
    """Whichever number its statement claims to be complete to."""
    producer = house.producer("96")
    logged = len(house.entries)
    house.run(producer)
    with_it = rebuilt(house)
    shard = next(name for name in with_it.files() if shard_file(name) and name.startswith("96"))
    for claimed in (3, 4):
        del house.entries[logged:]
        rebuilt(house)
        forge(house, with_it, complete_to_run=claimed)
        report = audited_house(house)
        codes = {name for _, name in found(report)}
        assert codes == (
            {"bundle_differs"} if claimed == 3 else {"bundle_range", "bundle_unlogged", "bundle_differs"}
        )
        assert any(shard in finding.en for finding in report.findings)
        shutil.rmtree(house.public / "tile")
        (house.public / "checkpoint").unlink()


@pytest.mark.parametrize(
    "name", [ISSUERS_FILE, CONTACTS_FILE, "96-2026-05", "96-2026-05.names", "index-2026-05"]
)
def test_a_file_of_the_bundle_changed_or_missing(house: House, name: str) -> None:
    house.publish()
    file = house.public / "bundle" / name
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    (finding,) = audited_house(house).findings
    assert (finding.code, finding.index) == (FindingCode.BUNDLE_DIFFERS, len(house.entries) - 1)
    assert name in finding.vi
    file.unlink()
    (finding,) = audited_house(house).findings
    assert (finding.code, finding.fault) == (FindingCode.BUNDLE_MISSING, Fault.STORE)


def test_a_bundle_that_no_entry_states(house: House) -> None:
    house.publish()
    listing = house.public / "bundle" / LISTING_FILE
    parsed = Listing.parse(listing.read_bytes())
    listing.write_bytes(replace(parsed, at=parsed.at + dt.timedelta(days=1)).format())
    assert found(audited_house(house)) == [(None, "bundle_unlogged")]
    listing.write_bytes(b"{}")
    assert found(audited_house(house)) == [(None, "bundle_differs")]


def test_a_bundle_whose_statement_says_other_than_its_list(house: House) -> None:
    house.publish(size=len(house.entries) - 1)
    assert {name for _, name in found(audited_house(house))} == {"bundle_differs"}


def test_the_bundles_proof_is_looked_at(house: House) -> None:
    house.publish()
    proof = house.public / "bundle" / PROOF_FILE
    good = proof.read_bytes()
    proof.write_bytes(good.replace(b"index ", b"index 1"))
    assert found(audited_house(house)) == [(len(house.entries) - 1, "bundle_differs")]
    proof.unlink()
    assert found(audited_house(house)) == [(len(house.entries) - 1, "bundle_missing")]


def test_a_bundle_stated_by_someone_else_counts_for_nothing(house: House) -> None:
    house.publish(operator=KeySigner(new_key()))
    assert [name for _, name in found(audited_house(house))] == ["not_the_operator", "bundle_unlogged"]


# -- logs of other software --


SIZES = (1, 2, 255, 256, 257, 511, 512, 513, 1000)


@pytest.mark.parametrize("size", SIZES)
def test_a_foreign_log_is_hashed_to_its_last_entry(size: int, tmp_path: Path) -> None:
    """Written from the specification by other code, with partial tiles of sizes before."""
    entries = [b"\x00\xffentry %d" % number * (number % 5) for number in range(size)]
    log = ForeignLog(tmp_path, entries, *(s for s in SIZES if s <= size))
    report = audit(FolderReader(tmp_path), log.name, log.vkey)
    assert (report.size, report.root, report.foreign) == (size, log.root, True)
    body = report.body()
    assert (body["entries"], body["hashes"], body["findings"]) == ("unknown", "ok", [])


def test_a_foreign_log_whose_partial_tiles_are_pruned(tmp_path: Path) -> None:
    """A reader must take the full tile where the partial one is gone: here the checkpoint is older than the tiles."""
    log = ForeignLog(tmp_path, [b"%d" % number for number in range(600)], 300, 600)
    log.sign(300, log._root(0, 300))
    shutil.rmtree(tmp_path / "tile" / "0" / "001.p")
    shutil.rmtree(tmp_path / "tile" / "entries" / "001.p")
    assert audit(FolderReader(tmp_path), log.name, log.vkey).size == 300


def damages(folder: Path) -> Iterator[tuple[str, Callable[[], object]]]:
    """Ways to break a log of 513 entries."""
    tile, other = folder / "tile" / "0" / "000", folder / "tile" / "0" / "001"
    entries, last = folder / "tile" / "entries" / "000", folder / "tile" / "entries" / "002.p" / "1"
    top = folder / "tile" / "1" / "000.p" / "2"

    def swap(one: Path, two: Path) -> None:
        first, second = one.read_bytes(), two.read_bytes()
        one.write_bytes(second)
        two.write_bytes(first)

    def flip(path: Path, at: int) -> None:
        data = bytearray(path.read_bytes())
        data[at] ^= 1
        path.write_bytes(data)

    yield "truncated tile", lambda: tile.write_bytes(tile.read_bytes()[:-32])
    yield "reordered tiles", lambda: swap(tile, other)
    yield (
        "hashes within a tile reordered",
        lambda: tile.write_bytes(tile.read_bytes()[32:64] + tile.read_bytes()[:32] + tile.read_bytes()[64:]),
    )
    yield "entry changed", lambda: flip(entries, 5)
    yield "entry's length changed", lambda: flip(entries, 1)
    yield "last entry changed", lambda: flip(last, 3)
    yield "bundles reordered", lambda: swap(entries, folder / "tile" / "entries" / "001")
    yield "bundle cut", lambda: entries.write_bytes(entries.read_bytes()[:-1])
    yield "upper tile changed", lambda: flip(top, 7)
    yield "tile gone", tile.unlink
    yield "bundle gone", entries.unlink


@pytest.mark.parametrize("number", range(11))
def test_a_foreign_log_that_is_damaged_is_broken(number: int, tmp_path: Path) -> None:
    log = ForeignLog(tmp_path, [b"entry %d" % at for at in range(513)])
    assert audit(FolderReader(tmp_path), log.name, log.vkey).size == 513
    _, damage = list(damages(tmp_path))[number]
    damage()
    with pytest.raises(NotInLog if number > 8 else BadTile) as broken:
        audit(FolderReader(tmp_path), log.name, log.vkey)
    assert broken.value.fault is Fault.OPERATOR


def test_a_foreign_checkpoint_may_have_extensions_and_must_have_the_root(tmp_path: Path) -> None:
    log = ForeignLog(tmp_path, [b"one", b"two"])
    log.sign(2, log.root, "an extension line\n")
    assert audit(FolderReader(tmp_path), log.name, log.vkey).size == 2
    log.sign(2, bytes(32))
    with pytest.raises(BadTile, match="root"):
        audit(FolderReader(tmp_path), log.name, log.vkey)


def test_every_finding_is_explained_to_auditors() -> None:
    page = (Path(__file__).parents[3] / "docs" / "audit.md").read_text("utf-8")
    assert [code.value for code in FindingCode if f"`{code.value}`" not in page] == []


# -- over HTTP --


class _Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; `refusing` answers 403 for what is not there, as object stores do."""

    refusing = False

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """See `refusing`."""
        super().send_error(403 if self.refusing and code == 404 else code, message, explain)


@contextmanager
def site(folder: Path, handler: type[_Quiet] = _Quiet) -> Iterator[str]:
    """The folder's address while it is served."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_log_is_audited_by_its_address(house: House) -> None:
    house.publish()
    with site(house.public) as url, open_log(url + "/") as reader:
        report = audit(reader, HOUSE_ORIGIN, house.log_signer.vkey, now=house.now)
    assert found(report) == []
    assert report.bundle_files > 3


def test_a_store_that_refuses_what_it_does_not_have(tmp_path: Path, world: World) -> None:
    """Others' logs have no bundle, and nobody asks for it; ours cannot be judged without an answer."""
    refusing = type("Refusing", (_Quiet,), {"refusing": True})
    log = ForeignLog(tmp_path / "foreign", [b"one"])
    with site(log.folder, refusing) as url, open_log(url) as reader:
        assert audit(reader, log.name, log.vkey).size == 1
    publish(world, tmp_path / "ours")
    with site(tmp_path / "ours", refusing) as url, open_log(url) as reader, pytest.raises(Unreachable):
        audit(reader, ORIGIN, world.log_signer.vkey)
