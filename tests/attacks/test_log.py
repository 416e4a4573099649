"""The public log in the hands of who wants to hide, rewrite or repeat something in it."""

import shutil
from pathlib import Path

import pytest

from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.installed import ForkedLog
from temthat_stamps.bundle.proof import WrongListing
from temthat_stamps.log.add_checkpoint import WitnessRefused
from temthat_stamps.log.checkpoint import Checkpoint, sign_checkpoint
from temthat_stamps.log.finding import FindingCode
from temthat_stamps.log.fork import ForkEvidence
from temthat_stamps.log.policy import TooFewWitnesses
from temthat_stamps.log.tiles import BadTile, decode_bundle, encode_bundle
from temthat_stamps.log.watch import Equivocation
from temthat_stamps.log.witness_client import LocalWitness
from temthat_stamps.notice import run_target
from temthat_stamps.statement import sign_statement
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.verdict import NoticeKind, Word

from ..stamps.bundle.house import HOST, ORIGIN, House, Producer, listed_of
from .conftest import Scanner, audited, look, manifest, new_scanner, notice, other_face, state, told

# -- one log for some, another for others --


def two_faces(house: House, coop: Producer, folder: Path) -> House:
    """A run is voided in the log that the house shows, and not in the other; both grow on from there."""
    house.run(coop, run=1)
    before = list(house.entries)
    house.notice(coop, run_target(1), NoticeKind.VOID)
    twin = other_face(house, folder, before)
    for face in (house, twin):
        face.run(coop, run=2)
        face.publish()
    return twin


def test_equivocation_and_a_witness(house: House, coop: Producer, tmp_path: Path) -> None:
    """The operator asks an honest witness to cosign a second log: refused, and both signed heads are kept."""
    log = house.log_signer
    witness = LocalWitness.new(tmp_path / "witness", "honest.example", [log.key])
    house.run(coop, run=1)
    first = sign_checkpoint(Checkpoint(ORIGIN, *house.log.integrate(0, house.entries)), log)
    witness.cosign(first, len(house.entries), house.tree().consistency_proof)
    changed = [*house.entries[:-1], sign_statement(manifest(house, coop, 1).body(), coop.signer)]
    twin = other_face(house, tmp_path / "twin", changed)
    second = sign_checkpoint(Checkpoint(ORIGIN, *twin.log.integrate(0, twin.entries)), log)
    with pytest.raises(WitnessRefused):
        witness.cosign(second, len(twin.entries), twin.tree().consistency_proof)
    assert len(list((tmp_path / "witness").rglob("*fork*"))) >= 1


def test_equivocation_without_witnesses(
    house: House, coop: Producer, scanner: Scanner, tmp_path: Path
) -> None:
    """The operator shows a scanner the other log without cosignatures, or with one witness's twice: not believed."""
    twin = two_faces(house, coop, tmp_path / "twin")
    lonely = twin.witnesses[:1] * 2
    twin.witnesses = lonely
    twin.publish()
    with pytest.raises(TooFewWitnesses):
        scanner.update(twin.public)


def test_equivocation_shown_to_two_clients(house: House, coop: Producer, tmp_path: Path) -> None:
    """Even where all witnesses help the operator: a scanner that saw one log refuses the other, whoever shows it.

    The limit: a device that only ever sees one of the two logs cannot know of the other.
    """
    twin = two_faces(house, coop, tmp_path / "twin")
    honest, cheated = new_scanner(house, tmp_path / "one"), new_scanner(house, tmp_path / "two")
    honest.update()
    cheated.update(twin.public)
    assert (honest.word(coop, 1), cheated.word(coop, 1)) == (Word.REVOKED, Word.GENUINE_OFFLINE)
    for face in (house, twin):
        face.run(coop, run=3)
        face.publish()
    for device, other in ((honest, twin), (cheated, house)):
        with pytest.raises(ForkedLog):
            device.update(other.public)
    assert honest.word(coop, 1) is Word.REVOKED


def test_equivocation_and_a_watcher(house: House, coop: Producer, tmp_path: Path) -> None:
    """`temthat log watch` meets the other log: it says so and keeps what convinces anybody."""
    twin = two_faces(house, coop, tmp_path / "twin")
    look(house, tmp_path, coop.id)
    twin.run(coop, run=3)
    twin.publish()
    with pytest.raises(Equivocation) as found:
        look(twin, tmp_path, coop.id)
    assert found.value.evidence is not None
    evidence = ForkEvidence.parse(found.value.evidence.read_bytes())
    fork = evidence.prove(ORIGIN, house.log_signer.key)
    assert fork.known.root != fork.offered.root


@pytest.mark.parametrize("damage", ["truncated", "reordered", "entry changed"])
def test_truncated_and_reordered_tiles(house: House, coop: Producer, damage: str) -> None:
    """Whoever holds the disk cuts a tile short, swaps two entries, or changes one: an audit stops at that file."""
    house.run(coop, run=1)
    house.publish()
    size = len(house.entries)
    tile = house.public / f"tile/{'0' if damage == 'truncated' else 'entries'}/000.p/{size}"
    data = tile.read_bytes()
    if damage == "truncated":
        tile.write_bytes(data[:-32])
    else:
        entries = decode_bundle(data, size)
        swapped = (
            [*entries[:-2], entries[-1], entries[-2]] if damage == "reordered" else [b"{}", *entries[1:]]
        )
        tile.write_bytes(encode_bundle(swapped))
    with pytest.raises(BadTile):
        audited(house)


# -- statements again, or elsewhere --


def test_replayed_notice(house: House, coop: Producer, scanner: Scanner) -> None:
    """The province lifted a hold; the operator logs the cooperative's old notice again: its number is used up."""
    house.run(coop, run=1)
    held = house.entries[house.notice(coop, run_target(1), NoticeKind.HOLD)]
    alliance = house.producer("96", IssuerKind.ALLIANCE)
    house.notice(coop, run_target(1), NoticeKind.LIFT, alliance, number=2, reason="resolved")
    assert told(house, held) is FindingCode.NOTICE_NUMBER
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.GENUINE_OFFLINE


def test_replayed_notice_of_another_log(house: House, coop: Producer) -> None:
    """The cooperative voids run 1 in the log of another system with the same key; somebody logs that here.

    Every statement carries its log's name, under the signature.
    """
    house.run(coop, run=1)
    elsewhere = notice(house, coop, run_target(1), NoticeKind.VOID).body() | {"origin": "trial.example/log"}
    assert told(house, sign_statement(elsewhere, coop.signer)) is FindingCode.FOREIGN_ORIGIN


def test_notice_by_the_wrong_issuer(house: House, coop: Producer, rival: Producer, scanner: Scanner) -> None:
    """A competitor voids a cooperative's run with his own key, in his own name and in the cooperative's."""
    house.run(coop, run=1)
    own = notice(house, rival, run_target(1), NoticeKind.VOID)
    assert state(house, own, rival.signer) is FindingCode.TARGET_OF_ANOTHER
    borrowed = notice(house, coop, run_target(1), NoticeKind.VOID)
    assert state(house, borrowed, rival.signer) is FindingCode.WRONG_ISSUER
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.GENUINE_OFFLINE


# -- bundles that say other than the log --


def test_shard_with_an_unlogged_run(house: House, coop: Producer, scanner: Scanner, tmp_path: Path) -> None:
    """A mirror's owner adds a run to a shard: not read. The operator states such a bundle: an audit shows it.

    The limit: a scanner believes a bundle that the operator stated and witnesses saw; it does not rebuild it. Whoever
    audits does, byte for byte, and the false bundle's digest stands in the log for ever.
    """
    house.run(coop, run=1)
    house.publish()
    builder = house.builder
    builder.apply(len(house.entries), manifest(house, coop, 2), house.now)
    [shard] = [name for name in builder.files() if name.startswith("96-") and "." not in name]
    mirror = tmp_path / "mirror"
    shutil.copytree(house.public, mirror)
    (mirror / "bundle" / shard).write_bytes(builder.files()[shard])
    scanner.update(mirror)
    assert scanner.word(coop, 2) is Word.CANNOT_TELL
    house.names[2] = house.names[1]
    house.publish()
    assert FindingCode.BUNDLE_DIFFERS in audited(house).by_code


def test_shard_without_a_revocation(house: House, coop: Producer, tmp_path: Path) -> None:
    """The operator leaves a revocation out of the bundle: the log has it, and an audit shows the bundle without."""
    house.run(coop, run=1)
    without = list(house.entries)
    house.notice(coop, run_target(1), NoticeKind.REVOCATION)
    house.builder = BundleBuilder(ORIGIN)
    twin = other_face(house, tmp_path / "twin", without)
    house.builder = twin.builder
    house.publish()
    assert FindingCode.BUNDLE_DIFFERS in audited(house).by_code


def test_bundle_never_stated_in_the_log(
    house: House, coop: Producer, scanner: Scanner, tmp_path: Path
) -> None:
    """The operator gives one inspector a bundle of his own beside a proof of the public one: `WrongListing`."""
    house.run(coop, run=1)
    house.publish()
    bundle = house.public / "bundle"
    house.builder.apply(len(house.entries), manifest(house, coop, 2), house.now)
    listed = {"contacts.json": listed_of((bundle / "contacts.json").read_bytes())}
    false = house.builder.listing(len(house.entries), house.now, [HOST], listed)
    for name, data in {**house.builder.files(), "bundle.json": false}.items():
        (bundle / name).write_bytes(data)
    with pytest.raises(WrongListing):
        scanner.update()
