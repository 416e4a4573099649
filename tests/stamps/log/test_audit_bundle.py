"""An audit of a published bundle: rebuilt to the byte, and each way it may lie under its name."""

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.issuers import ISSUERS_FILE
from temthat_stamps.bundle.listing import CONTACTS_FILE, LISTING_FILE, PROOF_FILE, Listing, shard_file
from temthat_stamps.bundle.notices import NOTICES_FILE
from temthat_stamps.errors import Fault
from temthat_stamps.log.finding import Finding, FindingCode
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.trust_files import trust_file
from temthat_stamps.logged import Delegation
from temthat_stamps.signer import KeySigner

from ..bundle.house import HOST, House, listed_of, new_key
from ..bundle.house import ORIGIN as HOUSE_ORIGIN
from .auditing import audited_house, found


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
