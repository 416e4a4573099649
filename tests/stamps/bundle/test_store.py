"""A scanner's store: believed is only what is proved, kept is only what is whole, and nothing ever goes back."""

import dataclasses
import datetime as dt
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from temthat_stamps import files
from temthat_stamps.bundle.encoding import BadBundle, Month
from temthat_stamps.bundle.installed import ForkedLog, NotInstalled, OlderBundle
from temthat_stamps.bundle.listing import Listing
from temthat_stamps.bundle.names import NamesWriter
from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.pack import make_pack, parse_pack
from temthat_stamps.bundle.proof import WrongListing
from temthat_stamps.bundle.source import FolderSource, NotThere
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.merkle import BadProof
from temthat_stamps.log.note import BadNote
from temthat_stamps.log.policy import TooFewWitnesses
from temthat_stamps.notice import IssuedNotice
from temthat_stamps.signer import KeySigner
from temthat_stamps.trust.client import TrustClient
from temthat_stamps.trust.errors import BadTrustData, Rollback, TrustExpired
from temthat_stamps.verdict import NoticeKind, Verdict, Word

from .conftest import BUILT
from .house import HOST, House, Producer, listed_of, new_key, url

Scanner = Callable[..., TrustStore]


def judged(store: TrustStore, text: str, now: dt.datetime) -> Verdict:
    return judge_offline(text, store.load(), now).verdict


def snapshot(folder: Path) -> dict[str, bytes]:
    """What a scanner uses: files that count, by name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


# -- what is proved is taken --


def test_a_published_bundle_is_taken_and_judges(house: House, by: Producer, scanner: Scanner) -> None:
    """Genuine what was logged; forged what the data covers and does not have; beyond it nobody can tell."""
    store = scanner()
    assert judged(store, url(by, 1, 100), house.now).word is Word.GENUINE_OFFLINE
    assert judged(store, url(by, 1, 101), house.now).word is Word.FORGED
    beyond = judged(store, url(by, 2, 1), house.now)
    assert (beyond.word, beyond.keys) == (Word.CANNOT_TELL, ("newer_than_data", "data_of"))
    stranger = dataclasses.replace(by, stamp=new_key())
    assert judged(store, url(stranger, 1, 1), house.now).word is Word.FORGED
    assert judged(store, url(stranger, 2, 1), house.now).word is Word.CANNOT_TELL


def test_only_what_grew_is_fetched(house: House, by: Producer, scanner: Scanner) -> None:
    """A run more costs its record, its names, the list; the tiles prove that the log was continued."""
    for _ in range(30):
        house.run(by)
    house.publish()
    store = scanner()
    house.run(by)
    house.publish()
    updated = store.update(FolderSource(house.public), house.now)
    assert updated.compared
    assert 0 < updated.fetched < 60
    assert store.update(FolderSource(house.public), house.now).fetched == 0


def test_past_months_are_not_fetched_again(house: House, by: Producer, scanner: Scanner) -> None:
    """What was registered in May is the same file for ever."""
    store = scanner()
    house.now = dt.datetime(2026, 6, 2, tzinfo=dt.UTC)
    house.ceremony.renew(house.now)
    house.open_key(by)
    house.run(by)
    house.publish()
    before = snapshot(store.folder / "data")
    store.update(FolderSource(house.public), house.now)
    listed = store.load().listing.files
    assert listed["96-2026-05"].sha256 in before
    assert judged(store, url(by, 2, 1), house.now).word is Word.GENUINE_OFFLINE


def test_a_pack_is_as_good_as_the_folder(house: House, by: Producer, scanner: Scanner) -> None:
    store = scanner(update=False)
    updated = store.update(parse_pack(make_pack(house.public)), house.now)
    assert not updated.compared
    assert judged(store, url(by, 1, 1), house.now).word is Word.GENUINE_OFFLINE


def test_provinces(house: House, by: Producer, scanner: Scanner) -> None:
    """Only the province asked for is there and it is remembered; elsewhere's recalls are heard all the same."""
    away = house.producer("31")
    alliance = house.producer("31", kind=_alliance())
    house.run(away)
    house.run(away)
    house.notice(away, "run:3", NoticeKind.RECALL, alliance, reason="contamination")
    house.publish()
    store = scanner(provinces=["96"])
    assert not (store.folder / "data" / store.load().listing.files["31-2026-05"].sha256).exists()
    store.update(FolderSource(house.public), house.now)
    assert store.installed().provinces == ("96",)
    assert judged(store, url(by, 1, 1), house.now).word is Word.GENUINE_OFFLINE
    missing = judged(store, url(away, 2, 1), house.now)
    assert (missing.word, missing.keys) == (Word.CANNOT_TELL, ("unknown_key", "no_shard", "data_of"))
    assert judged(store, url(away, 3, 1), house.now).word is Word.RECALLED
    store.update(FolderSource(house.public), house.now, ["31", "96"])
    assert judged(store, url(away, 2, 1), house.now).word is Word.GENUINE_OFFLINE


def _alliance() -> Any:
    from temthat_stamps.trust.delegates import IssuerKind

    return IssuerKind.ALLIANCE


def test_numbers_lent_are_never_covered(house: House, by: Producer, scanner: Scanner) -> None:
    """A run of a lent block may be signed today, far from any network: not in the data is not forged."""
    house.block(by, 2, 9)
    house.run(by)
    house.publish()
    store = scanner()
    assert judged(store, url(by, 10, 1), house.now).word is Word.GENUINE_OFFLINE
    assert judged(store, url(by, 5, 1), house.now).word is Word.CANNOT_TELL


def test_what_a_revoked_key_stated_after_its_last_good_entry_is_revoked(
    house: House, by: Producer, scanner: Scanner
) -> None:
    """A scanner that had taken the run as good says otherwise after its next update."""
    store = scanner()
    last_good = len(house.entries) - 1
    house.run(by)
    house.publish()
    store.update(FolderSource(house.public), house.now)
    assert judged(store, url(by, 2, 1), house.now).word is Word.GENUINE_OFFLINE
    house.revoke(by, last_good)
    house.publish()
    store.update(FolderSource(house.public), house.now)
    assert judged(store, url(by, 2, 1), house.now).word is Word.REVOKED
    assert judged(store, url(by, 1, 1), house.now).word is Word.GENUINE_OFFLINE


# -- time --


def test_the_clock_never_goes_behind_what_was_accepted(house: House, by: Producer, scanner: Scanner) -> None:
    """The newest signed time is the floor, also of data that was replaced since; it is told."""
    store = scanner()
    floor = house.now
    early = judged(store, url(by, 1, 1), floor - dt.timedelta(days=300))
    assert (early.word, early.keys) == (Word.GENUINE_OFFLINE, ("data_of", "clock_behind"))
    built_later = TrustStore(store.folder, built=floor + dt.timedelta(days=40))
    late = judged(built_later, url(by, 1, 1), floor)
    assert (late.word, late.keys) == (Word.CANNOT_TELL, ("data_too_old", "clock_behind"))


def test_a_newer_bundle_dated_earlier_does_not_turn_the_clock_back(
    house: House, by: Producer, scanner: Scanner
) -> None:
    """The floor is the newest time of all that was accepted: whoever dates back does not make old data fresh."""
    store = scanner()
    newest = store.load().as_of
    house.publish(at=newest - dt.timedelta(days=5))
    store.update(FolderSource(house.public), house.now)
    view = store.load()
    assert (view.as_of, view.floor) == (newest - dt.timedelta(days=5), newest)
    early = judged(store, url(by, 1, 1), newest - dt.timedelta(days=4))
    assert early.keys == ("data_of", "clock_behind")


@pytest.mark.parametrize(
    ("age", "word", "key"),
    [
        (dt.timedelta(days=7), Word.GENUINE_OFFLINE, "data_of"),
        (dt.timedelta(days=7, seconds=1), Word.GENUINE_OFFLINE, "data_old"),
        (dt.timedelta(days=30), Word.GENUINE_OFFLINE, "data_old"),
        (dt.timedelta(days=30, seconds=1), Word.CANNOT_TELL, "data_too_old"),
    ],
)
def test_the_age_bands_to_the_second(
    house: House, by: Producer, scanner: Scanner, age: dt.timedelta, word: Word, key: str
) -> None:
    """Counted from the list's own date, not from when it was fetched."""
    store = scanner()
    verdict = judged(store, url(by, 1, 1), store.load().as_of + age)
    assert (verdict.word, verdict.keys) == (word, (key,))


def test_a_bundle_dated_ahead_is_refused(house: House, by: Producer, scanner: Scanner) -> None:
    """It would never grow old: its date is held against the witnesses' clocks."""
    house.publish(at=house.now + dt.timedelta(hours=1))
    with pytest.raises(BadBundle, match="dated later"):
        scanner()


def test_a_frozen_source_is_told(house: House, by: Producer, scanner: Scanner) -> None:
    """A source that is kept from renewing is refused after its timestamp's period; what is here stays in use."""
    store = scanner()
    with pytest.raises(TrustExpired):
        store.update(FolderSource(house.public), house.now + dt.timedelta(days=20))
    assert judged(store, url(by, 1, 1), house.now + dt.timedelta(days=20)).keys == ("data_old",)


# -- what is not proved is not taken --


def forgeries(house: House) -> Iterator[tuple[str, type[Exception], Callable[[], None]]]:
    """What a hacked operator or a thief can put into the public folder, and what is said of it."""
    proof = house.public / "bundle" / "bundle.proof"
    index, size = len(house.entries) - 1, len(house.entries)

    def prove(entry: bytes, **changes: Any) -> None:
        """The proof of the last entry, with another statement's envelope in it."""
        from temthat_stamps.bundle.proof import enclose_statement
        from temthat_stamps.log.proof import TlogProof

        true = TlogProof.parse(proof.read_bytes())
        proof.write_bytes(enclose_statement(dataclasses.replace(true, **changes).format(), entry))

    def cosigned_by(count: int) -> None:
        house.witnesses = house.witnesses[:count]
        house.publish()

    def other_log_key() -> None:
        from temthat_stamps.log.note import NoteSigner

        house.log_signer = NoteSigner(house.log_signer.key.name, KeySigner(new_key()))
        house.publish()

    def counting_ahead() -> None:
        unlogged = {name: listed_of(data) for name, data in house.unlogged().items()}
        listing = house.builder.listing(size + 9, house.now, [HOST], unlogged)
        house.publish(at=house.now, listing=listing, size=size + 9)

    def without_a_notice() -> None:
        """Notices cut back, and the list to go with them: origin, size, runs and date are those of the statement."""
        folder = house.public / "bundle"
        body = json.loads((folder / "bundle.json").read_bytes())
        (folder / "notices").write_bytes((folder / "notices").read_bytes()[:12])
        listed = listed_of((folder / "notices").read_bytes())
        body["files"]["notices"] = {"length": listed.length, "sha256": listed.sha256}
        body["hosts"] = ["evil.example"]
        (folder / "bundle.json").write_bytes(rfc8785.dumps(body))

    def nonsense() -> None:
        proof.write_bytes(b"\xff" * 100)

    def bare_checkpoint() -> None:
        data = proof.read_bytes()
        proof.write_bytes(data[: data.index("\n— witness-1".encode()) + 1])

    yield "no proof", NotThere, proof.unlink
    yield "an entry that is not the one proved", BadProof, lambda: prove(house.entries[1])
    yield "a proof without its statement", BadProof, lambda: prove(b"")
    yield "another index", BadProof, lambda: prove(house.entries[index], index=index - 1)
    yield "no inclusion hashes", BadProof, lambda: prove(house.entries[index], hashes=())
    yield "one witness", TooFewWitnesses, lambda: cosigned_by(1)
    yield "no witness", TooFewWitnesses, bare_checkpoint
    yield "a checkpoint by another key", BadNote, other_log_key
    yield "a statement by another operator", BadBundle, lambda: house.publish(operator=KeySigner(new_key()))
    yield "a statement that counts entries after itself", BadBundle, lambda: house.publish(size=size + 9)
    yield "a list that says other than its statement", BadBundle, lambda: house.publish(complete_to_run=9)
    yield "a list and statement that count entries after themselves", BadBundle, counting_ahead
    yield "another list with the same head", WrongListing, without_a_notice
    yield "a list that is none", BadBundle, lambda: house.publish(listing=b"{}")
    yield "a proof that is none", BadNote, nonsense


NAMES_OF_FORGERIES = [
    "no proof",
    "an entry that is not the one proved",
    "a proof without its statement",
    "another index",
    "no inclusion hashes",
    "one witness",
    "no witness",
    "a checkpoint by another key",
    "a statement by another operator",
    "a statement that counts entries after itself",
    "a list that says other than its statement",
    "a list and statement that count entries after themselves",
    "another list with the same head",
    "a list that is none",
    "a proof that is none",
]


@pytest.mark.parametrize("name", NAMES_OF_FORGERIES)
def test_nothing_is_believed_without_its_proof(
    house: House, by: Producer, scanner: Scanner, name: str
) -> None:
    """Neither at first use, where nothing stays, nor later, where what was in use stays."""
    used = scanner("used")
    house.run(by)
    house.publish()
    forge = {title: (error, act) for title, error, act in forgeries(house)}
    assert list(forge) == NAMES_OF_FORGERIES
    error, act = forge[name]
    before = snapshot(used.folder)
    act()
    with pytest.raises(error) as refused:
        used.update(FolderSource(house.public), house.now)
    assert isinstance(refused.value, TrustError)
    after = snapshot(used.folder)
    assert after["installed.json"] == before["installed.json"]
    assert judged(used, url(by, 1, 1), house.now).word is Word.GENUINE_OFFLINE
    assert judged(used, url(by, 2, 1), house.now).word is Word.CANNOT_TELL
    fresh = scanner("fresh", update=False)
    with pytest.raises(error):
        fresh.update(FolderSource(house.public), house.now)
    with pytest.raises(NotInstalled):
        fresh.load()
    assert not (fresh.folder / "root.json").exists()


def test_a_shard_with_an_unlogged_run_is_refused(house: House, by: Producer, scanner: Scanner) -> None:
    """Behind what the list names it is never read; in place of it, it is not what the list names."""
    run = house.run(by)
    twin = house.rebuilt()
    honest = twin.files()["96-2026-05"]
    assert house.builder.files()["96-2026-05"] == honest
    twin.apply(len(house.entries), dataclasses.replace(run, run=run.run + 1), run.at)
    padded = twin.files()["96-2026-05"]
    house.publish(files={"96-2026-05": padded})
    store = scanner()
    assert judged(store, url(by, 3, 1), house.now).word is Word.CANNOT_TELL
    assert store.load().listing.files["96-2026-05"].length == len(honest) < len(padded)
    house.publish(files={"96-2026-05": padded[:12] + padded[12 - len(honest) :]})
    with pytest.raises(WrongListing):
        scanner("another")


def test_an_operator_who_lists_an_unlogged_run_is_convicted_by_the_log(house: House, by: Producer) -> None:
    """The list is signed and logged, and whoever reads the log makes another shard than it names."""
    run = house.run(by)
    twin = house.rebuilt()
    twin.apply(len(house.entries), dataclasses.replace(run, run=run.run + 1), run.at)
    signed = Listing.parse(twin.listing(len(house.entries), house.now, [], {})).files["96-2026-05"]
    made = Listing.parse(house.rebuilt().listing(len(house.entries), house.now, [], {})).files["96-2026-05"]
    assert signed != made


def test_a_bundle_without_a_logged_revocation_is_refused(
    house: House, by: Producer, scanner: Scanner
) -> None:
    """Left out of the file it does not fit the list; left out of both, whoever reads the log makes another file."""
    store = scanner()
    before = house.builder.files()["notices"]
    house.notice(by, "run:1", NoticeKind.VOID)
    house.publish(files={"notices": before})
    with pytest.raises(TrustError):
        store.update(FolderSource(house.public), house.now)
    silent = house.rebuilt(lambda stated: not isinstance(stated, IssuedNotice)).files()
    assert silent["notices"] == before
    assert house.rebuilt().files()["notices"] != before


# -- never back, never elsewhere --


def test_an_older_bundle_is_refused(house: House, by: Producer, scanner: Scanner, tmp_path: Path) -> None:
    """Yesterday's folder, with trust files that are still valid: what is in use stays."""
    shutil.copytree(house.public, tmp_path / "yesterday")
    house.notice(by, "run:1", NoticeKind.VOID)
    house.publish()
    store = scanner()
    for trust in (tmp_path / "yesterday" / "trust", house.public / "trust"):
        source = FolderSource(tmp_path / "yesterday")
        source.trust = trust
        with pytest.raises((OlderBundle, Rollback)):
            store.update(source, house.now)
        assert judged(store, url(by, 1, 1), house.now).word is Word.REVOKED


def test_an_older_list_under_the_newest_tree_is_refused(house: House, by: Producer, scanner: Scanner) -> None:
    """An old bundle proved by a new checkpoint: its place in the log tells."""
    index = len(house.entries) - 1
    listing = (house.public / "bundle" / "bundle.json").read_bytes()
    house.notice(by, "run:1", NoticeKind.VOID)
    house.publish()
    store = scanner()
    checkpoint = house.checkpoint()
    (house.public / "bundle" / "bundle.proof").write_bytes(house.prove(index, checkpoint))
    (house.public / "bundle" / "bundle.json").write_bytes(listing)
    with pytest.raises(OlderBundle):
        store.update(FolderSource(house.public), house.now)


def test_another_log_is_refused(house: House, by: Producer, scanner: Scanner, tmp_path: Path) -> None:
    """Another service's data, with another root, whatever its folder is called."""
    store = scanner()
    other = House(tmp_path / "other", house.now)
    other.run(other.producer())
    other.publish()
    before = snapshot(store.folder)
    with pytest.raises((BadTrustData, ForkedLog)):
        store.update(FolderSource(other.public), house.now)
    assert snapshot(store.folder)["installed.json"] == before["installed.json"]


def test_a_forked_log_is_refused_and_told(
    house: House, by: Producer, scanner: Scanner, tmp_path: Path
) -> None:
    """The operator and its witnesses show this scanner another history: larger, cosigned, and no continuation."""
    store = scanner()
    house.rewrite(2)
    house.run(by)
    house.publish()
    with pytest.raises(ForkedLog) as refused:
        store.update(FolderSource(house.public), house.now)
    assert refused.value.fault is Fault.OPERATOR
    assert "KHÔNG nối tiếp" in refused.value.vi
    assert judged(store, url(by, 1, 1), house.now).word is Word.GENUINE_OFFLINE


def test_a_tree_of_the_same_size_with_another_root_is_a_fork(
    house: House, by: Producer, scanner: Scanner
) -> None:
    """Told even by a pack, which has no tiles."""
    store = scanner()
    house.rewrite(2)
    (house.public / "bundle" / "bundle.proof").write_bytes(
        house.prove(len(house.entries) - 1, house.checkpoint())
    )
    with pytest.raises(ForkedLog):
        store.update(parse_pack(make_pack(house.public)), house.now)


def test_files_of_two_lists_are_never_mixed(
    house: House, by: Producer, scanner: Scanner, tmp_path: Path
) -> None:
    """Each file of the other list in turn, in both directions: refused, or the same file in both."""
    shutil.copytree(house.public, tmp_path / "old")
    house.notice(by, "run:1", NoticeKind.VOID)
    house.run(by)
    house.publish()
    names = [path.name for path in (house.public / "bundle").iterdir()]
    mixed = 0
    for one, other in ((house.public, tmp_path / "old"), (tmp_path / "old", house.public)):
        for name in names:
            source = tmp_path / "mixed"
            shutil.rmtree(source, ignore_errors=True)
            shutil.copytree(one, source)
            theirs = (other / "bundle" / name).read_bytes()
            if name.endswith((".names", ".json")) and name != "bundle.json":
                continue
            if theirs.startswith((one / "bundle" / name).read_bytes()):
                continue  # it only grew: its beginning is the file that is wanted
            (source / "bundle" / name).write_bytes(theirs)
            with pytest.raises(TrustError):
                scanner(f"{mixed}", update=False).update(FolderSource(source), house.now)
            mixed += 1
    assert mixed >= 5


def test_a_grown_file_beside_an_older_list_is_read_as_it_was(
    house: House, by: Producer, scanner: Scanner, tmp_path: Path
) -> None:
    """Whoever publishes replaces the list last: a reader in between takes the beginnings that the old list names."""
    shutil.copytree(house.public / "bundle", tmp_path / "old")
    house.run(by)
    house.publish()
    for name in ("bundle.json", "bundle.proof"):
        shutil.copy(tmp_path / "old" / name, house.public / "bundle" / name)
    store = scanner()
    assert store.load().listing.complete_to_run == 1


# -- names --


def test_names_that_the_manifests_do_not_commit_to_are_left_out(
    house: House, by: Producer, scanner: Scanner
) -> None:
    """Another product's names: the verdict stands, and shows none."""
    from .house import NAMES, SALT

    house.run(by)
    unlogged = house.unlogged()
    writer = NamesWriter("96", Month(2026, 5))
    for _ in range(2):
        writer.add(dataclasses.replace(NAMES, product="Sâm Ngọc Linh"), SALT)
    listed = {name: listed_of(data) for name, data in unlogged.items()}
    listed["96-2026-05.names"] = listed_of(writer.data)
    listing = house.builder.listing(len(house.entries), house.now, [HOST], listed)
    files_ = {**house.builder.files(), **unlogged, "96-2026-05.names": writer.data}
    house.publish_files(files_, listing, house.now)
    store = scanner(update=False)
    updated = store.update(FolderSource(house.public), house.now)
    assert updated.nameless == ("96-2026-05.names",)
    shown = judge_offline(url(by, 1, 1), store.load(), house.now)
    assert (shown.verdict.word, shown.names) == (Word.GENUINE_OFFLINE, None)


def test_erased_names_are_told_as_such(house: House, by: Producer, scanner: Scanner) -> None:
    """A bare commitment in their place; the shard and its proof are the same."""
    manifest = house.run(by)
    house.names[manifest.run] = bytes.fromhex(manifest.commitment)
    house.publish()
    store = scanner()
    shown = judge_offline(url(by, 2, 1), store.load(), house.now)
    assert (shown.verdict.word, shown.names) == (Word.GENUINE_OFFLINE, None)
    assert judge_offline(url(by, 1, 1), store.load(), house.now).names is not None


# -- this device --


def test_a_missing_shard_on_this_device_is_cannot_tell(house: House, by: Producer, scanner: Scanner) -> None:
    """Deleted, not damaged: nothing is known of its runs, and nothing is forged."""
    store = scanner()
    (store.folder / "data" / store.load().listing.files["96-2026-05"].sha256).unlink()
    for text in (url(by, 1, 1), url(by, 1, 101)):
        assert judged(store, text, house.now).keys == ("unknown_key", "no_shard", "data_of")
    assert not store.is_whole()
    store.update(FolderSource(house.public), house.now)
    assert store.is_whole()


@pytest.mark.parametrize("name", ["issuers", "notices", "index-2026-05", "96-2026-05", "bundle.json"])
def test_a_damaged_file_on_this_device_is_told_and_mended(
    house: House, by: Producer, scanner: Scanner, name: str
) -> None:
    """Whose fault: our store. The next update puts it right."""
    store = scanner()
    listed = store.load().listing.files
    digest = listed[name].sha256 if name in listed else store.installed().listing
    path = store.folder / "data" / digest
    path.write_bytes(path.read_bytes()[:-1] + b"\xaa")
    assert not store.is_whole()
    with pytest.raises(TrustError) as refused:
        judged(store, url(by, 1, 1), house.now)
    assert refused.value.fault is Fault.STORE
    store.update(FolderSource(house.public), house.now)
    assert store.is_whole()
    assert judged(store, url(by, 1, 1), house.now).word is Word.GENUINE_OFFLINE


class Stop(Exception):
    """A power cut."""


@contextmanager
def failing_at(step: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The operating system's `rename` fails from its `step`-th call on; gives what was renamed until then."""
    done: list[str] = []
    real = os.replace

    def replace(old: Any, new: Any, **more: Any) -> None:
        if len(done) >= step:
            raise error
        real(old, new, **more)
        done.append(Path(new).name)

    def path_replace(self: Path, target: Any) -> Path:
        replace(self, target)
        return Path(target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        patch.setattr(os, "rename", replace)
        patch.setattr(Path, "replace", path_replace)
        with suppress(Stop, TrustError):
            yield done


@pytest.mark.parametrize("error", [Stop(), OSError(28, "No space left on device")], ids=["cut", "full disk"])
@pytest.mark.parametrize("first", [True, False], ids=["first use", "later"])
def test_stopped_between_any_two_files_leaves_the_last_good_set(
    house: House,
    by: Producer,
    scanner: Scanner,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    first: bool,
) -> None:
    """Whatever was replaced until then; and the next update goes through."""
    good = scanner("good", update=not first)
    house.notice(by, "run:1", NoticeKind.VOID)
    house.publish()
    steps = 0
    while True:
        folder = good.folder.with_name(f"try-{steps}")
        if good.folder.exists():
            shutil.copytree(good.folder, folder)
        root = (house.public / "trust" / "1.root.json").read_bytes()
        store = TrustStore(folder, root, BUILT)
        finished = False
        with failing_at(steps, error, monkeypatch) as done:
            store.update(FolderSource(house.public), house.now)
            finished = True
        if finished:
            break
        assert "installed.json" not in done[:-1]
        if "installed.json" in done:
            assert judged(store, url(by, 1, 1), house.now).word is Word.REVOKED
        elif first:
            with pytest.raises(NotInstalled):
                store.load()
        else:
            assert judged(store, url(by, 1, 1), house.now).word is Word.GENUINE_OFFLINE
            assert store.is_whole()
        store.update(FolderSource(house.public), house.now)
        assert judged(store, url(by, 1, 1), house.now).word is Word.REVOKED
        shutil.rmtree(folder)
        steps += 1
    assert steps >= 5


def update_and_die(folder: Path, source: Path, now: dt.datetime, step: int) -> int:
    """Update in a process of its own that is killed (SIGKILL) at its `step`-th file operation; how it ended."""
    child = os.fork()
    if child == 0:
        left = step

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            if event in ("open", "os.rename", "os.remove", "os.mkdir") and str(folder) in str(arguments[0]):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(hook)
            TrustStore(folder, None, BUILT).update(FolderSource(source), now)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_killed_at_every_third_file_operation_of_an_update(
    house: House, by: Producer, scanner: Scanner, tmp_path: Path
) -> None:
    """A real process, really killed: the set in use is one of the two, whole; the next update goes through."""
    good = scanner("good")
    house.notice(by, "run:1", NoticeKind.VOID)
    house.publish()
    words, step, ended = [], 0, -1
    while ended != 0:
        folder = tmp_path / f"killed-{step}"
        shutil.copytree(good.folder, folder)
        ended = update_and_die(folder, house.public, house.now, step)
        assert ended in (0, -signal.SIGKILL)
        store = TrustStore(folder, None, BUILT)
        assert store.is_whole()
        words.append(judged(store, url(by, 1, 1), house.now).word)
        store.update(FolderSource(house.public), house.now)
        assert judged(store, url(by, 1, 1), house.now).word is Word.REVOKED
        step += 3
    assert len(words) > 5
    assert words == sorted(words, key=[Word.GENUINE_OFFLINE, Word.REVOKED].index)
    assert set(words) == {Word.GENUINE_OFFLINE, Word.REVOKED}


def test_strays_are_swept_but_not_the_files_in_use(house: House, by: Producer, scanner: Scanner) -> None:
    """What an unfinished update left goes after a day; what another may be fetching right now stays."""
    store = scanner()
    old, fresh = store.folder / "data" / ("0" * 64), store.folder / "data" / ("1" * 64)
    for path in (old, fresh):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    for path in (store.folder / "data").iterdir():
        if path != fresh:
            os.utime(path, (0, 0))
    house.run(by)
    house.publish()
    store.update(FolderSource(house.public), house.now)
    assert not old.exists()
    assert fresh.exists()
    assert store.is_whole()


def test_a_root_pinned_here_is_not_replaced(house: House, by: Producer, scanner: Scanner) -> None:
    store = scanner()
    other = TrustStore(store.folder, b"{}", BUILT)
    with pytest.raises(BadTrustData):
        other.update(FolderSource(house.public), house.now)
    assert TrustClient(store.folder).root == (house.public / "trust" / "1.root.json").read_bytes()


def test_the_files_module_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while writing: the old file stands, and the new one's beginning is gone."""
    path = tmp_path / "file"
    files.replace_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_installed_is_read_again(house: House, by: Producer, scanner: Scanner) -> None:
    """The note of what is in use says list, place, tree, floor and provinces."""
    store = scanner(provinces=["96"])
    installed = store.installed()
    assert type(installed).parse(installed.format()) == installed
    assert installed.floor == Listing.parse((house.public / "bundle/bundle.json").read_bytes()).at
    assert json.loads(installed.format())["provinces"] == ["96"]
