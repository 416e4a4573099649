"""Looking things up in a bundle: which shards could have a run, and what is known of one."""

import datetime as dt

import pytest

from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.listing import Listing
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.keys import key_hint
from temthat_stamps.signer import KeySigner
from temthat_stamps.verdict import Coverage, NoticeKind

from .house import NAMES, House, Producer, listed_of


class Shelf:
    """A bundle's files of which some may be missing; counts what is read."""

    def __init__(self, house: House) -> None:
        unlogged = house.unlogged()
        self.files = {**house.builder.files(), **unlogged}
        listed = {name: listed_of(data) for name, data in unlogged.items()}
        self.listing = Listing.parse(house.builder.listing(len(house.entries), house.now, [], listed))
        self.read: list[str] = []

    def view(self, *missing: str) -> TrustView:
        def get(name: str) -> bytes | None:
            self.read.append(name)
            return None if name in missing else self.files.get(name)

        return TrustView(self.listing, get)


def stamp_key(by: Producer) -> bytes:
    return KeySigner(by.stamp).public_key


@pytest.fixture
def months(house: House) -> tuple[House, Producer, Producer, bytes]:
    """Runs 1 and 2 in May (96, 31); block 3-9 lent; runs 10 and 5 (of the block) in June. Also May's key of 96."""
    home, away = house.producer("96"), house.producer("31")
    house.run(home)
    house.run(away)
    house.block(home, 3, 9)
    may_key = stamp_key(home)
    house.now = dt.datetime(2026, 6, 2, tzinfo=dt.UTC)
    house.delegate(house.ceremony.renew(house.now))
    house.open_key(home)
    house.run(home)
    house.run(home, run=5)
    return house, home, away, may_key


Months = tuple[House, Producer, Producer, bytes]


def test_a_number_is_looked_for_in_its_month_alone(months: Months) -> None:
    """Of a lent block in every month since; what is missing there makes the answer incomplete."""
    shelf = Shelf(months[0])
    view = shelf.view()
    for run, month in ((1, "05"), (2, "05"), (10, "06"), (5, "06")):
        found, complete = view.look_for(run)
        assert found is not None
        assert (found.shard.month.month, complete) == (int(month), True)
    shelf.read.clear()
    assert shelf.view().look_for(10)[1]
    assert not [name for name in shelf.read if name.endswith("2026-05") and name[:2].isdigit()]
    assert shelf.view("31-2026-05").look_for(2) == (None, False)
    assert shelf.view("31-2026-05").look_for(11) == (None, True)
    assert shelf.view("31-2026-05").look_for(6) == (None, False)


def test_how_far_the_data_speaks(months: Months) -> None:
    view = Shelf(months[0]).view()
    assert [view.reaches(run) for run in (1, 10)] == [Coverage.COVERED] * 2
    assert [view.reaches(run) for run in (3, 9, 11)] == [Coverage.NEWER_THAN_DATA] * 3


def test_a_run_is_known_by_number_and_key_together(months: Months) -> None:
    """Another key of the same issuer did not register it; and it is looked for once."""
    house, home, away, may_key = months
    shelf = Shelf(house)
    view = shelf.view()
    known = view.known(1, may_key)
    assert known is not None
    assert (known.run.run, known.names) == (1, NAMES)
    assert known.issuer is not None
    assert (known.issuer.id, known.issuer.province, known.issuer.hotline) == (home.id, "96", "1900 0000")
    assert view.known(1, stamp_key(home)) is None
    assert view.known(1, stamp_key(away)) is None
    shelf.read.clear()
    assert view.known(1, may_key) is known
    assert shelf.read == []


def test_where_a_key_may_be_and_whether_all_of_it_is_here(months: Months) -> None:
    house, _, away, _ = months
    hint = key_hint(stamp_key(away))
    for missing, keys in (((), [stamp_key(away)]), (("31-2026-05",), [])):
        files, found, whole = Shelf(house).view(*missing).signers(hint)
        assert ([file.name for file in files], found, whole) == (["31-2026-05"], keys, not missing)
    assert Shelf(house).view().signers(b"none") == ([], [], True)


def test_what_every_bundle_has_must_be_there(months: Months) -> None:
    """Without index, notices or issuers there is no judging; without names and contacts there is."""
    house, _, _, may_key = months
    for name in ("index-2026-05", "index-2026-06", "notices", "issuers"):
        with pytest.raises(BadBundle, match="missing"):
            Shelf(house).view(name).known(1, may_key)
    known = Shelf(house).view("96-2026-05.names", "contacts.json").known(1, may_key)
    assert known is not None
    assert known.names is None
    assert known.issuer is not None
    assert known.issuer.name == ""


def test_notices_are_part_of_what_is_known(months: Months) -> None:
    house, home, _, may_key = months
    house.notice(home, "stamps:1:2-3", NoticeKind.VOID)
    known = Shelf(house).view().known(1, may_key)
    assert known is not None
    assert [notice.target for notice in known.issued.notices] == ["stamps:1:2-3"]
