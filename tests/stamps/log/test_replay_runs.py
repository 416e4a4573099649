"""The rules of the log for runs: numbers, blocks, arithmetic, reprints, activation, sources."""

import datetime as dt
from typing import Any

import pytest

from temthat_stamps.errors import Fault
from temthat_stamps.log.finding import FindingCode
from temthat_stamps.manifest import Replaced, RunManifest
from temthat_stamps.notice import stamps_target
from temthat_stamps.verdict import NoticeKind

from .world import Issuer, StampKey, World

DAY = dt.timedelta(days=1)


def test_a_run_needs_a_key_of_its_issuer(world: World, issuer: Issuer, key: StampKey) -> None:
    """Not one nobody announced, and not another cooperative's."""
    other = world.enrol("31")
    other.run(key)
    assert world.replay().last is FindingCode.UNKNOWN_KEY
    issuer.run(StampKey(world.new_signer(), key.opens, key.closes))
    assert world.replay().last is FindingCode.UNKNOWN_KEY


def test_a_run_is_registered_while_its_key_is_open(world: World, issuer: Issuer, key: StampKey) -> None:
    """A minute before its opening is outside."""
    issuer.run(key, registered_at=key.opens - dt.timedelta(minutes=1))
    assert world.replay().last is FindingCode.OUTSIDE_KEY_PERIOD


def test_run_numbers_rise(world: World, issuer: Issuer, key: StampKey) -> None:
    """A number is used once, and none below the highest is used later: the bundle says “complete up to”."""
    issuer.run(key, run=5)
    issuer.run(key, run=5)
    assert world.replay().last is FindingCode.RUN_TAKEN
    issuer.run(key, run=4)
    assert world.replay().last is FindingCode.RUN_OUT_OF_ORDER
    issuer.run(key, run=9)
    assert world.replay().last is None


def test_a_block_is_its_issuers_alone(world: World, issuer: Issuer, key: StampKey) -> None:
    """Inside it numbers come in any order, outside it they go on as if it were not there."""
    other = world.enrol("31")
    world.block(issuer.id, 10, 19)
    theirs = other.open_key()
    issuer.run(key, run=1)
    issuer.run(key, run=15)
    issuer.run(key, run=12)
    other.run(theirs, run=2)
    other.run(theirs, run=20)
    seen = world.replay()
    assert seen.findings == []
    assert seen.replay.highest_run == 20
    other.run(theirs, run=11)
    assert world.replay().last is FindingCode.BLOCK_OF_ANOTHER


@pytest.mark.parametrize(("first", "last"), [(1, 3), (3, 12), (15, 16), (19, 25), (5, 30)])
def test_a_block_is_of_unused_numbers(
    world: World, issuer: Issuer, key: StampKey, first: int, last: int
) -> None:
    """Neither used, nor passed over, nor reserved before."""
    issuer.run(key, run=3)
    world.block(issuer.id, 10, 19)
    world.block(issuer.id, 4, 9)
    assert world.replay().findings == []
    world.block(issuer.id, first, last)
    assert world.replay().last is FindingCode.BLOCK_TAKEN


def test_a_run_says_how_many_packs_its_batch_fills(world: World, issuer: Issuer, key: StampKey) -> None:
    """Without that nobody could count; GS1 stamps need their GTIN."""
    issuer.run(key, packs=None)
    assert world.replay().last is FindingCode.PACKS_MISSING
    issuer.run(key, gs1=True)
    assert world.replay().last is FindingCode.GTIN_MISSING
    issuer.run(key, gs1=True, gtin="08930000000012")
    assert world.replay().last is None


def test_over_issue_is_flagged_with_its_arithmetic(world: World, issuer: Issuer, key: StampKey) -> None:
    """100 packs allow 102 stamps of a batch and pack form, over all its runs; a run too many stands, and is told of."""
    first = issuer.run(key, count=102)
    assert world.replay().remarks == []
    same: dict[str, Any] = {"batch": first.batch, "pack_form": first.pack_form}
    issuer.run(key, count=1, **same)
    seen = world.replay()
    assert seen.last is None
    [remark] = seen.remarks
    assert (remark.code, remark.stands, remark.fault) == (FindingCode.OVER_ISSUE, True, Fault.ISSUER)
    assert "102" in remark.en
    assert "103" in remark.en
    issuer.run(key, count=50, beyond=True, **same)
    issuer.run(key, count=100, batch=first.batch)
    assert len(world.replay().remarks) == 1


# -- reprints --


@pytest.fixture
def void_run(world: World, issuer: Issuer, key: StampKey) -> RunManifest:
    """A run of 100 stamps for 100 packs, of which 1 to 40 are void."""
    run = issuer.run(key)
    issuer.notice(stamps_target(run.run, 1, 20))
    issuer.notice(stamps_target(run.run, 15, 40), NoticeKind.LOST)
    return run


def reprint(issuer: Issuer, key: StampKey, run: RunManifest, first: int, last: int) -> RunManifest:
    """As many stamps in place of those, for the same batch and pack form."""
    return issuer.run(
        key,
        count=last - first + 1,
        batch=run.batch,
        pack_form=run.pack_form,
        replaces=Replaced(run.run, first, last),
    )


def test_stamps_that_replace_void_ones_are_no_over_issue(
    world: World, issuer: Issuer, key: StampKey, void_run: RunManifest
) -> None:
    """40 for 40 void ones."""
    reprint(issuer, key, void_run, 1, 40)
    seen = world.replay()
    assert (seen.findings, seen.remarks) == ([], [])


def test_standing_stamps_are_not_replaced(
    world: World, issuer: Issuer, key: StampKey, void_run: RunManifest
) -> None:
    """Number 41 is not void."""
    reprint(issuer, key, void_run, 30, 41)
    assert world.replay().last is FindingCode.REPLACES_STANDING


def test_void_stamps_are_replaced_once(
    world: World, issuer: Issuer, key: StampKey, void_run: RunManifest
) -> None:
    """The same void stamps would hide any number of copies otherwise."""
    reprint(issuer, key, void_run, 1, 10)
    reprint(issuer, key, void_run, 11, 20)
    assert world.replay().findings == []
    reprint(issuer, key, void_run, 20, 21)
    assert world.replay().last is FindingCode.REPLACED_TWICE


def test_a_reprint_is_of_the_same_goods(
    world: World, issuer: Issuer, key: StampKey, void_run: RunManifest
) -> None:
    """Another pack form, another batch, a run that is not there, serials beyond its range."""
    wrong: list[dict[str, Any]] = [
        {"pack_form": world.new_id(), "batch": void_run.batch},
        {"batch": world.new_id(), "pack_form": void_run.pack_form},
    ]
    for change in wrong:
        issuer.run(key, count=10, replaces=Replaced(void_run.run, 1, 10), **change)
        assert world.replay().last is FindingCode.REPLACES_UNKNOWN
    for run, last in ((999, 10), (void_run.run, 101)):
        issuer.run(
            key,
            count=10,
            batch=void_run.batch,
            pack_form=void_run.pack_form,
            replaces=Replaced(run, 1, last),
        )
        assert world.replay().last is FindingCode.REPLACES_UNKNOWN


# -- activation --


def test_a_run_that_chose_activation_is_activated_once(world: World, issuer: Issuer, key: StampKey) -> None:
    """By its issuer; a run that did not choose it never."""
    waiting, other = issuer.run(key, needs_activation=True), world.enrol("31")
    other.activate(waiting.run)
    assert world.replay().last is FindingCode.UNKNOWN_RUN
    issuer.activate(waiting.run)
    assert world.replay().last is None
    issuer.activate(waiting.run)
    assert world.replay().last is FindingCode.NOT_WAITING
    issuer.activate(issuer.run(key).run)
    assert world.replay().last is FindingCode.NOT_WAITING


# -- sources --


def test_sources_come_in_parts_before_the_first_run(world: World, issuer: Issuer, key: StampKey) -> None:
    """Part after part; no run in between; nothing after it."""
    batch, sources = world.new_id(), [world.new_id() for _ in range(3)]
    issuer.sources(batch, sources[0], part=1, parts=2)
    issuer.run(key, batch=batch)
    assert world.replay().last is FindingCode.SOURCES_INCOMPLETE
    issuer.sources(batch, sources[1], part=1, parts=2)
    assert world.replay().last is FindingCode.SOURCES_OUT_OF_ORDER
    issuer.sources(batch, sources[1], part=2, parts=3)
    assert world.replay().last is FindingCode.SOURCES_OUT_OF_ORDER
    issuer.sources(batch, sources[1], part=2, parts=2)
    issuer.run(key, batch=batch)
    assert world.replay().last is None
    issuer.sources(batch, sources[2], part=3, parts=3)
    assert world.replay().last is FindingCode.SOURCES_LATE


def test_a_batch_is_no_source_of_itself(world: World, issuer: Issuer) -> None:
    """A circle of one."""
    batch = world.new_id()
    issuer.sources(batch, batch)
    assert world.replay().last is FindingCode.SOURCES_OUT_OF_ORDER


def test_a_batch_is_of_who_speaks_for_it_first(world: World, issuer: Issuer, key: StampKey) -> None:
    """Another cooperative states neither its sources nor runs of it; to be named as a source claims nothing."""
    batch, raw = world.new_id(), world.new_id()
    other = world.enrol("31")
    issuer.sources(batch, raw)
    other.sources(batch)
    assert world.replay().last is FindingCode.BATCH_OF_ANOTHER
    other.run(other.open_key(), batch=batch)
    assert world.replay().last is FindingCode.BATCH_OF_ANOTHER
    other.sources(raw)
    assert world.replay().last is None
