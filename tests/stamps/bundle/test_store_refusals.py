"""What is not proved, is older, or comes from elsewhere is refused, and what was in use stays."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.installed import ForkedLog, NotInstalled, OlderBundle
from temthat_stamps.bundle.listing import Listing
from temthat_stamps.bundle.pack import make_pack, parse_pack
from temthat_stamps.bundle.proof import WrongListing
from temthat_stamps.bundle.source import FolderSource, NotThere
from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.fork import ForkEvidence
from temthat_stamps.log.merkle import BadProof
from temthat_stamps.log.note import BadNote
from temthat_stamps.log.policy import TooFewWitnesses
from temthat_stamps.notice import IssuedNotice
from temthat_stamps.signer import KeySigner
from temthat_stamps.trust.errors import BadTrustData, Rollback
from temthat_stamps.verdict import NoticeKind, Word

from .conftest import Scanner, judged, snapshot
from .house import HOST, ORIGIN, House, Producer, listed_of, new_key, url

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
    evidence = store.folder / "fork.json"
    assert str(evidence) in refused.value.en
    fork = ForkEvidence.parse(evidence.read_bytes()).prove(ORIGIN, house.log_signer.key)
    assert fork.known == store.installed().tree
    assert fork.offered.size == len(house.entries)
    assert judged(store, url(by, 1, 1), house.now).word is Word.GENUINE_OFFLINE
    evidence.unlink()
    evidence.mkdir()  # nothing can be written there, as on a full disk
    with pytest.raises(ForkedLog, match="Keep this folder"):
        store.update(FolderSource(house.public), house.now)


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
    evidence = store.folder / "fork.json"
    fork = ForkEvidence.parse(evidence.read_bytes()).prove(ORIGIN, house.log_signer.key)
    assert fork.known.size == fork.offered.size
    evidence.unlink()
    in_use = store.folder / "installed.json"
    before = json.loads(in_use.read_bytes())
    del before["signed"]  # by a program of before
    in_use.write_text(json.dumps(before))
    with pytest.raises(ForkedLog, match="Keep this folder"):
        store.update(parse_pack(make_pack(house.public)), house.now)
    assert not evidence.exists()


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
