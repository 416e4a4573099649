"""A scanner's store: what is proved is taken, judged with, and kept to its time."""

import dataclasses
import datetime as dt
from typing import Any

import pytest

from temthat_stamps.bundle.encoding import BadBundle, Month
from temthat_stamps.bundle.names import NamesWriter
from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.pack import make_pack, parse_pack
from temthat_stamps.bundle.source import FolderSource
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.trust.errors import TrustExpired
from temthat_stamps.verdict import NoticeKind, Word

from .conftest import Scanner, judged, snapshot
from .house import HOST, House, Producer, listed_of, new_key, url

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
