"""The rules of the log for stamp keys: opened once, closed in time, revoked."""

import datetime as dt
from dataclasses import replace

import pytest

from temthat_stamps.log.finding import FindingCode
from temthat_stamps.manifest import KeyClosed
from temthat_stamps.notice import key_target, run_target
from temthat_stamps.signer import KeySigner
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.verdict import NoticeKind

from .world import ORIGIN, Issuer, StampKey, World

DAY = dt.timedelta(days=1)


def test_a_stamp_key_is_announced_once(world: World, issuer: Issuer, key: StampKey) -> None:
    """Nor may it be an issuer's key, or the operator's."""
    for signer in (key.signer, issuer.signer, world.operator):
        issuer.open_key(signer)
        assert world.replay().last is FindingCode.KEY_TAKEN


def test_a_weak_stamp_key_is_refused(world: World, issuer: Issuer) -> None:
    """A point of small order."""

    class Weak(KeySigner):
        def __init__(self) -> None:
            self.public_key = bytes([1]) + bytes(31)

    issuer.open_key(Weak())
    assert world.replay().last is FindingCode.WEAK_KEY


@pytest.mark.parametrize("days", [-1, 0, 32, 60])
def test_a_stamp_key_lives_31_days_at_most(world: World, issuer: Issuer, days: int) -> None:
    """And longer than no time at all."""
    issuer.open_key(closes=world.now + days * DAY)
    assert world.replay().last is FindingCode.KEY_PERIOD


def test_a_stamp_key_ends_with_its_month(world: World, issuer: Issuer) -> None:
    """At the first instant of the next month (UTC) at the latest."""
    june = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    issuer.open_key(closes=june)
    assert world.replay().last is None
    issuer.open_key(closes=june + dt.timedelta(seconds=1))
    assert world.replay().last is FindingCode.KEY_PERIOD


def test_a_closed_key_registers_no_more_runs(world: World, issuer: Issuer, key: StampKey) -> None:
    """What it registered before stands; it is closed once."""
    issuer.run(key)
    issuer.close_key(key)
    issuer.run(key)
    seen = world.replay()
    assert [f.code for f in seen.findings] == [FindingCode.KEY_CLOSED]
    issuer.close_key(key)
    assert world.replay().last is FindingCode.KEY_CLOSED


def test_the_operator_closes_keys_whose_time_is_over(world: World, issuer: Issuer, key: StampKey) -> None:
    """Not before; and nobody closes another's key."""
    closed = KeyClosed(ORIGIN, issuer.id, key.id, world.now)
    world.log(closed)
    assert world.replay().last is FindingCode.KEY_STILL_OPEN
    other = world.enrol("31")
    world.log(KeyClosed(ORIGIN, other.id, key.id, world.now), other.signer)
    assert world.replay().last is FindingCode.UNKNOWN_KEY
    world.now = key.closes + DAY
    world.log(replace(closed, at=world.now))
    assert world.replay().last is None


def test_a_key_is_closed_by_the_time_of_the_log(world: World, issuer: Issuer, key: StampKey) -> None:
    """Once the log is past its end no run is logged with it, whatever the manifest's own date."""
    manifest = issuer.manifest(key)
    world.now = key.closes + DAY
    world.enrol("31")
    world.log(manifest, issuer.signer)
    assert world.replay().last is FindingCode.BACK_DATED
    world.log(replace(manifest, registered_at=key.closes), issuer.signer)
    assert world.replay().last is FindingCode.KEY_CLOSED


def test_a_revoked_stamp_key_registers_no_more_runs(world: World, issuer: Issuer, key: StampKey) -> None:
    """Even after the revocation is lifted: its private part is destroyed."""
    alliance = world.enrol("31", IssuerKind.ALLIANCE)
    issuer.notice(key_target(key.id), NoticeKind.REVOCATION, reason="key_compromised")
    alliance.notice(key_target(key.id), NoticeKind.LIFT, 2, reason="resolved")
    assert world.replay().findings == []
    issuer.run(key)
    assert world.replay().last is FindingCode.KEY_CLOSED


# -- revocation --


def test_a_revocation_takes_back_what_came_after_the_last_good_entry(
    world: World, issuer: Issuer, key: StampKey
) -> None:
    """Runs, keys, notices, activations stated later are void, also those accepted before; earlier ones stay good."""
    alliance = world.enrol("31", IssuerKind.ALLIANCE)
    good = issuer.run(key, needs_activation=True)
    last_good = len(world.entries) - 1
    bad = [
        issuer.notice(run_target(good.run)),
        issuer.activate(good.run),
    ]
    issuer.run(key)
    bad.append(len(world.entries) - 1)
    late_key = issuer.open_key()
    bad.append(len(world.entries) - 1)
    issuer.run(late_key)
    bad.append(len(world.entries) - 1)
    assert world.replay().findings == []
    world.revoke(issuer, last_good)
    seen = world.replay()
    assert seen.last is None
    assert list(seen.replay.taken_back) == sorted(bad)
    issuer.run(key)
    assert world.replay().last is FindingCode.KEY_NOT_VALID
    # The void notice is gone, but not its number: what the alliance says next is number 2.
    alliance.notice(run_target(good.run), NoticeKind.LIFT, 2, reason="resolved")
    assert world.replay().last is FindingCode.NOTHING_TO_LIFT
    alliance.notice(run_target(good.run), NoticeKind.HOLD, 2)
    assert world.replay().last is None


def test_a_second_revocation_takes_back_nothing_twice(world: World, issuer: Issuer, key: StampKey) -> None:
    """Lowered further, only what still counted is taken back."""
    first = len(world.entries)
    issuer.run(key)
    issuer.run(key)
    world.revoke(issuer, first)
    assert world.replay().replay.taken_back == (first + 1,)
    world.revoke(issuer, first - 1)
    assert world.replay().replay.taken_back == (first,)
    world.revoke(issuer, first + 1)
    assert world.replay().last is FindingCode.TRUST_REFUSED


def test_over_issue_forgets_what_was_taken_back(world: World, issuer: Issuer, key: StampKey) -> None:
    """A thief's stamps for a batch are not held against its issuer's new key."""
    mine = issuer.run(key, count=50)
    good = len(world.entries) - 1
    issuer.run(key, count=52, batch=mine.batch, pack_form=mine.pack_form)
    world.revoke(issuer, good)
    again = world.enrol("31", issuer=issuer.id)
    fresh = again.open_key()
    again.run(fresh, count=52, batch=mine.batch, pack_form=mine.pack_form)
    seen = world.replay()
    assert (seen.findings, seen.remarks) == ([], [])
