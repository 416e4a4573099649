"""The builder: a function of the log's statements and of nothing else, and a file never loses a byte."""

import datetime as dt
import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.encoding import Month
from temthat_stamps.bundle.issuers import ISSUERS_FILE, Issuers
from temthat_stamps.bundle.listing import Listing
from temthat_stamps.bundle.notices import NOTICES_FILE, Notices
from temthat_stamps.bundle.shard import Shard, ShardRun
from temthat_stamps.manifest import KeyClosed, RunManifest
from temthat_stamps.notice import IssuedNotice
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.verdict import NoticeKind

from .house import House, Producer


def busy(house: House) -> list[dict[str, bytes]]:
    """Two months of everything that can be stated, drawn; the files after each statement."""
    draw, stages = random.Random(5), []
    alliances = {code: house.producer(code, kind=IssuerKind.ALLIANCE) for code in ("31", "96")}
    producers = [house.producer(province) for province in ("96", "31", "96")]
    revoked: Producer | None = None

    def seen() -> None:
        stages.append(dict(house.builder.files()))

    for step in range(60):
        if step == 30:
            house.now = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
            house.delegate(house.ceremony.renew(house.now))
            for producer in producers:
                house.open_key(producer)
        by = draw.choice([producer for producer in producers if producer is not revoked])
        run = house.run(by, needs_activation=draw.random() < 0.3)
        seen()
        match draw.randrange(5):
            case 0:
                house.notice(by, f"run:{run.run}", NoticeKind.HOLD)
            case 1:
                house.notice(by, f"batch:{run.batch}", NoticeKind.RECALL, alliances[by.province])
            case 2 if run.needs_activation:
                house.activate(by, run.run)
            case 3:
                house.close_key(by)
                house.open_key(by)
            case _ if step == 45 or (step > 45 and revoked is None):
                revoked = by
                house.revoke(by, len(house.entries) - 2)
        seen()
    return stages


@pytest.fixture(scope="module")
def busy_house(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, list[dict[str, bytes]]]:
    house = House(tmp_path_factory.mktemp("busy"), dt.datetime(2026, 5, 20, tzinfo=dt.UTC))
    return house, busy(house)


Busy = tuple[House, list[dict[str, bytes]]]


def test_the_same_log_gives_the_same_bytes(busy_house: Busy) -> None:
    """Built while it grew, and built anew by somebody who reads it: the same files and the same list of them."""
    house, _ = busy_house
    again = house.rebuilt()
    assert again.files() == house.builder.files()
    size, hosts = len(house.entries), ["b.example", "a.example"]
    ours, theirs = (builder.listing(size, house.now, hosts, {}) for builder in (house.builder, again))
    assert ours == theirs


def test_files_only_grow(busy_house: Busy) -> None:
    """After each statement every file begins with what it was before."""
    _, stages = busy_house
    for before, after in pairwise(stages):
        for name, data in before.items():
            assert after[name].startswith(data)


def test_past_months_never_change(busy_house: Busy) -> None:
    """Not by notices, activations, closings or revocations in a later month."""
    _, stages = busy_house
    end_of_may = next(files for files in reversed(stages) if "index-2026-06" not in files)
    for name, data in end_of_may.items():
        if "2026-05" in name:
            assert stages[-1][name] == data
    assert stages[-1][NOTICES_FILE] != end_of_may[NOTICES_FILE]


def test_every_logged_run_and_key_is_in_the_files(busy_house: Busy) -> None:
    """Complete up to the highest run; each run in one shard, with the key that its manifest names."""
    house, stages = busy_house
    found: dict[int, ShardRun | None] = {}
    for name, data in stages[-1].items():
        if name[:2].isdigit():
            shard = Shard(data, name[:2], Month.parse(name[3:]))
            found |= {number: shard.run(number) for number in shard.runs}
    assert sorted(found) == list(range(1, house.builder.complete_to_run + 1))
    Issuers(stages[-1][ISSUERS_FILE]).check()
    Notices(stages[-1][NOTICES_FILE])


@pytest.mark.parametrize(
    ("kept_out", "file"),
    [
        (lambda stated: isinstance(stated, IssuedNotice), NOTICES_FILE),
        (lambda stated: isinstance(stated, KeyClosed), "96-2026-05"),
        (lambda stated: isinstance(stated, RunManifest) and stated.run == 7, None),
    ],
    ids=["notices", "closings", "a run"],
)
def test_a_statement_left_out_gives_other_bytes(
    busy_house: Busy, kept_out: Callable[[object], bool], file: str | None
) -> None:
    """So that a bundle which hides a revocation, a closing or a run is not what an audit builds."""
    house, _ = busy_house
    silent = house.rebuilt(lambda stated: not kept_out(stated)).files()
    honest = house.builder.files()
    assert silent != honest
    if file is not None:
        assert silent[file] != honest[file]


def test_a_recall_reaches_what_was_made_from_the_batch(house: House) -> None:
    """Before and after the recall, however far."""
    by, alliance = house.producer(), house.producer(kind=IssuerKind.ALLIANCE)
    honey = house.run(by)
    cake = "0196e4a0-0000-7000-8000-0000000000c1"
    house.sources(by, cake, honey.batch)
    house.run(by, batch=cake)
    house.notice(by, f"batch:{honey.batch}", NoticeKind.RECALL, alliance, reason="contamination")
    box = "0196e4a0-0000-7000-8000-0000000000c2"
    house.sources(by, box, cake)
    house.run(by, batch=box)
    other = house.run(by)
    notices = Notices(house.builder.files()[NOTICES_FILE])
    reached = [run for run in range(1, other.run + 1) if notices.of(run, None).notices]
    assert reached == [1, 2, 3]
    house.notice(by, f"batch:{honey.batch}", NoticeKind.LIFT, alliance, number=2, reason="resolved")
    notices = Notices(house.builder.files()[NOTICES_FILE])
    assert [run for run in range(1, other.run + 1) if notices.of(run, None).notices] == []


def test_an_unchanged_file_is_the_same_object(house: House) -> None:
    """Whoever publishes every few minutes copies nothing that did not grow."""
    by = house.producer()
    before = house.builder.files()
    house.activate(by, house.run(by, needs_activation=True).run)
    after = house.builder.files()
    assert after[ISSUERS_FILE] is before[ISSUERS_FILE]
    assert after[NOTICES_FILE] is not before[NOTICES_FILE]


def test_the_list_names_every_file_with_its_digest(house: House) -> None:
    """Also blocks that are lent, and how far the files speak."""
    by = house.producer()
    house.block(by, 5, 9)
    house.run(by, run=7)
    house.run(by, run=1)
    listing = Listing.parse(house.builder.listing(len(house.entries), house.now, ["h"], {}))
    assert listing.blocks == ((5, 9),)
    assert listing.complete_to_run == 1
    assert set(listing.files) == set(house.builder.files())
    for name, data in house.builder.files().items():
        assert listing.files[name].length == len(data)


def test_a_builder_of_nothing() -> None:
    """Before the first statement there are two empty files, which can be read."""
    files = BundleBuilder("o").files()
    assert set(files) == {ISSUERS_FILE, NOTICES_FILE}
    assert len(Issuers(files[ISSUERS_FILE])) == 0
    assert Notices(files[NOTICES_FILE]).of(1, None).notices == []
