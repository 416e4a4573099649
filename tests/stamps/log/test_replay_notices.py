"""The rules of the log for notices and bundles."""

import datetime as dt
from dataclasses import replace

import pytest

from temthat_stamps.log.finding import FindingCode
from temthat_stamps.notice import batch_target, run_target, stamps_target
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.trust.roles import NATIONAL
from temthat_stamps.verdict import NoticeKind

from .world import Issuer, StampKey, World

DAY = dt.timedelta(days=1)


# -- notices --


def test_notices_are_numbered_without_gaps(world: World, issuer: Issuer, key: StampKey) -> None:
    """For each exact target; a notice shown twice has a number that is taken."""
    run = issuer.run(key).run
    issuer.notice(run_target(run), NoticeKind.HOLD)
    issuer.notice(stamps_target(run, 1, 5))
    issuer.notice(run_target(run), NoticeKind.VOID, 2)
    assert world.replay().findings == []
    issuer.notice(run_target(run), NoticeKind.LOST, 2)
    assert world.replay().last is FindingCode.NOTICE_NUMBER
    issuer.notice(run_target(run), NoticeKind.LOST, 4)
    assert world.replay().last is FindingCode.NOTICE_NUMBER
    world.append(world.entries[-4])
    assert world.replay().last is FindingCode.NOTICE_NUMBER


@pytest.mark.parametrize("target", ["run:77", "stamps:77:1-2", "stamps:1:90-101", f"key:{'0' * 64}"])
def test_a_notice_is_about_something_in_the_log(
    world: World, issuer: Issuer, key: StampKey, target: str
) -> None:
    """A run, stamps within its range, a stamp key."""
    assert issuer.run(key).run == 1
    issuer.notice(target)
    assert world.replay().last is FindingCode.UNKNOWN_TARGET


def test_a_batch_may_be_withdrawn_before_it_has_stamps(world: World, issuer: Issuer, key: StampKey) -> None:
    """Who gives notice of it first, owns it."""
    batch, other = world.new_id(), world.enrol("31")
    issuer.notice(batch_target(batch), NoticeKind.HOLD)
    assert world.replay().last is None
    other.run(other.open_key(), batch=batch)
    assert world.replay().last is FindingCode.BATCH_OF_ANOTHER


def test_graver_things_need_the_province(world: World, issuer: Issuer, key: StampKey) -> None:
    """Recall, lifting, and any kind milder than the one that stands."""
    alliance = world.enrol("31", IssuerKind.ALLIANCE)
    target = run_target(issuer.run(key).run)
    issuer.notice(target, NoticeKind.RECALL, reason="contamination")
    assert world.replay().last is FindingCode.SECOND_SIGNER
    issuer.notice(target, NoticeKind.RECALL, 1, alliance, reason="contamination")
    assert world.replay().last is None
    issuer.notice(target, NoticeKind.HOLD, 2)
    assert world.replay().last is FindingCode.SECOND_SIGNER
    issuer.notice(target, NoticeKind.LIFT, 2)
    assert world.replay().last is FindingCode.SECOND_SIGNER
    alliance.notice(target, NoticeKind.LIFT, 2, reason="resolved")
    assert world.replay().last is None
    alliance.notice(target, NoticeKind.LIFT, 3, reason="resolved")
    assert world.replay().last is FindingCode.NOTHING_TO_LIFT


def test_who_looks_after_an_issuer(world: World, issuer: Issuer, key: StampKey) -> None:
    """Alliance or authority of its province, or of the nation; nobody of another province, no other cooperative."""
    world.found("01", log=False)
    world.publish({"targets": world.sign_targets(), "01-issuers": world.sign_province("01")})
    run = issuer.run(key).run
    strangers = [world.enrol("01", IssuerKind.ALLIANCE), world.enrol("01"), world.enrol("31")]
    for stranger in strangers:
        stranger.notice(run_target(run), NoticeKind.HOLD)
        assert world.replay().last is FindingCode.TARGET_OF_ANOTHER
    above = [
        world.enrol("31", IssuerKind.ALLIANCE),
        world.enrol("31", IssuerKind.AUTHORITY),
        world.enrol(NATIONAL, IssuerKind.ALLIANCE),
        world.enrol(NATIONAL, IssuerKind.AUTHORITY),
    ]
    for number, party in enumerate(above, 1):
        party.notice(run_target(run), NoticeKind.RECALL, number)
        assert world.replay().last is None


def test_a_notice_names_one_of_its_signers(world: World, issuer: Issuer, key: StampKey) -> None:
    """An alliance does not speak in the issuer's name."""
    alliance = world.enrol("31", IssuerKind.ALLIANCE)
    run = issuer.run(key).run
    replace(issuer, signer=alliance.signer).notice(run_target(run), NoticeKind.HOLD)
    assert world.replay().last is FindingCode.WRONG_ISSUER


# -- bundles --


def test_a_bundle_speaks_of_what_is_in_the_log(world: World, issuer: Issuer, key: StampKey) -> None:
    """Entries below its own, runs registered so far, never fewer entries than the last."""
    world.block(issuer.id, 50, 60)
    issuer.run(key)
    issuer.run(key, run=55)
    world.bundle(len(world.entries), 1)
    assert world.replay().last is None
    for size, run in ((len(world.entries) + 1, 1), (3, 1), (len(world.entries), 55)):
        world.bundle(size, run)
        assert world.replay().last is FindingCode.BUNDLE_RANGE
