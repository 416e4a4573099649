"""The rules of the log, one by one: what counts, and what is found to be wrong with what does not."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from temthat_stamps.errors import Fault
from temthat_stamps.log.finding import Finding, FindingCode
from temthat_stamps.logged import Block, BundlePublished, LogOpened
from temthat_stamps.manifest import Custody, KeyClosed, KeyOpened, Replaced, RunManifest
from temthat_stamps.notice import batch_target, key_target, run_target, stamps_target
from temthat_stamps.signer import KeySigner
from temthat_stamps.statement import sign_statement
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.trust.roles import NATIONAL
from temthat_stamps.verdict import NoticeKind

from .world import MAY, ORIGIN, Issuer, StampKey, World, founded

DAY = dt.timedelta(days=1)


@pytest.fixture
def world() -> World:
    """An open log, province 31 founded."""
    return founded()


@pytest.fixture
def issuer(world: World) -> Issuer:
    """A cooperative of province 31."""
    return world.enrol("31")


@pytest.fixture
def key(issuer: Issuer) -> StampKey:
    """Its stamp key of this month."""
    return issuer.open_key()


def test_a_run_counts_from_delegation_to_manifest(world: World, issuer: Issuer, key: StampKey) -> None:
    """Log opened, province founded, issuer enrolled, key opened, run logged: nothing is wrong."""
    manifest = issuer.run(key)
    seen = world.replay()
    assert seen.findings == []
    assert seen.remarks == []
    assert seen.outcomes[-1] == manifest
    assert seen.replay.highest_run == manifest.run
    assert [author.issuer for author in seen.replay.authors] == [issuer.id]
    assert set(seen.replay.keys) == {issuer.key_id}


def test_entries_come_in_order(world: World) -> None:
    """An entry out of turn is the caller's mistake, not the log's."""
    with pytest.raises(ValueError, match="comes next"):
        world.replay().replay.apply(5, b"")


# -- the opening --


def test_a_log_that_does_not_begin_with_its_opening_counts_for_nothing() -> None:
    """Every entry of it is a finding."""
    world = World()
    world.found("31")
    assert {finding.code for finding in world.replay().findings} == {FindingCode.NOT_OPENED}


def test_a_log_is_opened_once_and_by_the_key_it_names(world: World) -> None:
    """A second opening is a finding; an opening by another key is none."""
    world.open()
    assert world.replay().last is FindingCode.OPENED_TWICE
    other = World()
    other.log(LogOpened(ORIGIN, other.operator.public_key, 0, other.now), other.new_signer())
    assert other.replay().last is FindingCode.NOT_THE_OPERATOR


@pytest.mark.parametrize("entry", [b"", b"{}", b"\xff", b'{"payload":1}', b"x" * 40_000])
def test_what_cannot_be_read_is_a_finding(world: World, entry: bytes) -> None:
    """It takes its place in the log, and the next entry is judged as if it were not there."""
    world.append(entry)
    world.enrol("31")
    seen = world.replay()
    assert [finding.code for finding in seen.findings] == [FindingCode.UNREADABLE]
    assert seen.findings[0].fault is Fault.OPERATOR


def test_an_unknown_type_is_a_finding(world: World, issuer: Issuer) -> None:
    """A later version may state more; this one says that it cannot read it."""
    world.log({"v": 1, "type": "poem", "origin": ORIGIN}, issuer.signer)
    assert world.replay().last is FindingCode.UNREADABLE


# -- who signs --


def test_only_the_operator_states_operator_things(world: World, issuer: Issuer) -> None:
    """Blocks and bundles by an issuer count for nothing."""
    world.log(Block(ORIGIN, issuer.id, 10, 20, world.now), issuer.signer)
    assert world.replay().last is FindingCode.NOT_THE_OPERATOR
    world.log(BundlePublished(ORIGIN, 1, "0" * 64, 0, world.now), issuer.signer)
    assert world.replay().last is FindingCode.NOT_THE_OPERATOR


def test_an_unknown_key_signs_nothing(world: World, issuer: Issuer, key: StampKey) -> None:
    """Nor does the operator state an issuer's run."""
    issuer.run(key, signer=world.new_signer())
    assert world.replay().last is FindingCode.UNKNOWN_SIGNER
    issuer.run(key, signer=world.operator)
    assert world.replay().last is FindingCode.UNKNOWN_SIGNER


def test_a_signature_must_fit(world: World, issuer: Issuer, key: StampKey) -> None:
    """A known key's name over another key's signature; who wrote the entries itself may leave that unchecked."""

    class Liar:
        public_key = issuer.signer.public_key

        def sign(self, message: bytes) -> bytes:
            return world.operator.sign(message)

    issuer.run(key, signer=Liar())
    assert world.replay().last is FindingCode.BAD_SIGNATURE
    assert world.replay(check_signatures=False).last is None


def test_an_issuer_states_things_in_its_own_name_only(world: World, issuer: Issuer, key: StampKey) -> None:
    """Another cooperative's key does not sign for it, however good it is."""
    other = world.enrol("31")
    issuer.run(key, signer=other.signer)
    seen = world.replay()
    assert seen.last is FindingCode.WRONG_ISSUER
    assert other.id in seen.findings[-1].en


def test_an_alliance_registers_no_stamps(world: World) -> None:
    """Only producers open stamp keys."""
    world.enrol("31", IssuerKind.ALLIANCE).open_key()
    assert world.replay().last is FindingCode.NOT_A_PRODUCER


def test_a_key_counts_from_its_delegation_on(world: World, issuer: Issuer) -> None:
    """Stated before the delegation says it counts: nothing; after its end: nothing."""
    early = world.enrol("31", delegated_from=len(world.entries) + 3)
    early.open_key()
    assert world.replay().last is FindingCode.KEY_NOT_VALID
    ended = world.enrol("31", until=world.now.replace(second=0) - dt.timedelta(minutes=1))
    ended.open_key()
    assert world.replay().last is FindingCode.KEY_NOT_VALID


# -- dates --


def test_a_statement_is_at_most_seven_days_late(world: World, issuer: Issuer, key: StampKey) -> None:
    """Dated back further it counts for nothing, and it does not move the log's time."""
    newest = world.now
    world.now = newest - 7 * DAY
    issuer.sources(world.new_id())
    assert world.replay().last is None
    world.now = newest - 8 * DAY
    issuer.sources(world.new_id())
    seen = world.replay()
    assert seen.last is FindingCode.BACK_DATED
    assert seen.replay.log_time == newest - dt.timedelta(minutes=1)


def test_a_statement_from_the_readers_future_is_told_of_and_counts(world: World, issuer: Issuer) -> None:
    """The log alone cannot tell a wrong clock from a quiet month."""
    world.now += 30 * DAY
    issuer.open_key()
    seen = world.replay(now=world.now - DAY)
    assert seen.last is None
    assert [(r.code, r.stands) for r in seen.remarks] == [(FindingCode.POST_DATED, True)]


# -- stamp keys --


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


# -- runs --


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


# -- delegation --


def test_a_trust_file_must_be_there_and_be_the_one_published(world: World) -> None:
    """Missing or changed, the delegation counts for nothing; so does what stands on it."""
    issuer = world.enrol("31")
    index = len(world.entries) - 1
    issuer.open_key()
    [path] = [p for p in world.files if p.endswith("2.31-issuers.json")]
    data = world.files.pop(path)
    seen = world.replay()
    assert seen.code(index) is FindingCode.TRUST_MISSING
    assert seen.outcomes[index].fault is Fault.STORE  # type: ignore[union-attr]
    assert seen.last is FindingCode.UNKNOWN_SIGNER
    world.files[path] = data.replace(b"31", b"32", 1)
    assert world.replay().code(index) is FindingCode.TRUST_MISSING


def test_a_province_needs_its_threshold_and_a_newer_version(world: World) -> None:
    """One holder's signature is too few; another province's holders are nobody here; old versions are refused."""
    world.found("01", log=False)
    world.publish({"targets": world.sign_targets(), "01-issuers": world.sign_province("01")})
    assert world.replay().findings == []
    old = world.sign_province("31")
    for signers in (world.provinces["31"].signers[:1], world.provinces["01"].signers):
        world.publish({"31-issuers": world.sign_province("31", signers)})
        assert world.replay().last is FindingCode.TRUST_REFUSED
    world.republish("31")
    assert world.replay().last is None
    newest = world.provinces["31"].version
    for stated in (2, newest + 1):  # as it is, and under a higher number
        world.provinces["31"].version = stated
        world.publish({"31-issuers": old})
        assert world.replay().last is FindingCode.TRUST_REFUSED


def test_root_rotates_under_the_old_and_the_new_threshold(world: World) -> None:
    """A new version by the old holders is taken; a first root other than the pinned one is not."""
    world.publish({"root": world.sign_root()})
    assert world.replay().findings == []
    first = world.files["trust/1.root.json"]
    assert world.replay(first_root=first).findings == []
    seen = world.replay(first_root=World(seed=8).sign_root())
    assert seen.code(1) is FindingCode.TRUST_REFUSED


def test_the_operator_that_delegates_is_the_one_the_alliance_names(world: World) -> None:
    """After log.json names another key only that one states operator things, and it may publish the change itself."""
    old, world.operator = world.operator, world.new_signer()
    files = {"targets": world.sign_targets(), "log.json": world.log_trust().format()}
    world.publish(files, world.operator)
    assert world.replay().last is None
    world.bundle(1, 0)
    assert world.replay().last is None
    world.log(BundlePublished(ORIGIN, 1, "0" * 64, 0, world.now), old)
    assert world.replay().last is FindingCode.NOT_THE_OPERATOR
    stranger = World(seed=9)
    stranger.open()
    stranger.operator = stranger.new_signer()
    stranger.found("31")
    assert stranger.replay().findings == []  # the alliance decides who operates


def test_a_delegation_about_another_log_is_refused() -> None:
    """Trust data of another log would make its operator ours."""
    world, other = World(), World(origin="khac.example.vn/log", seed=8)
    world.open()
    other.open()
    other.found("31")
    world.files = other.files
    files = {
        name: other.files[path]
        for name, path in (("root", "trust/1.root.json"), ("targets", "trust/1.targets.json"))
    }
    files["log.json"] = other.log_trust().format()
    world.roles["root"].version = world.roles["targets"].version = 1
    world.publish(files)
    assert world.replay().last is FindingCode.TRUST_REFUSED


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


# -- what is older than the log --


def backfilled() -> tuple[World, Issuer, KeyOpened, RunManifest]:
    """A key and a run of last year's, logged right after the opening; then the province is founded."""
    world = World()
    world.keys["31"] = {}
    issuer = world.enrol("31", publish=False)
    opens = MAY - 200 * DAY
    stamp = StampKey(world.new_signer(), opens, opens + 31 * DAY)
    opened = KeyOpened(ORIGIN, issuer.id, stamp.signer.public_key, stamp.opens, stamp.closes, Custody.HOSTED)
    run = replace(issuer.manifest(stamp), packs=None, registered_at=opens + 20 * DAY)
    world.open(backfill=2)
    world.log(opened, issuer.signer)
    world.log(run, issuer.signer)
    return world, issuer, opened, run


def test_older_statements_count_on_the_operators_word_until_their_key_is_delegated_to() -> None:
    """Their dates and missing pack counts are no finding; that nobody vouched for them is told at the end."""
    world, _, _, run = backfilled()
    seen = world.replay()
    assert seen.findings == []
    assert seen.outcomes[2] == run
    assert seen.replay.backfilled
    told = seen.replay.finish()
    assert [(f.index, f.code, f.stands) for f in told] == [
        (1, FindingCode.BACKFILL_UNVOUCHED, True),
        (2, FindingCode.BACKFILL_UNVOUCHED, True),
    ]
    world.found("31")
    seen = world.replay()
    assert (seen.findings, seen.remarks, seen.replay.finish()) == ([], [], [])
    assert not seen.replay.backfilled


def test_an_older_statement_its_key_never_signed_is_taken_back() -> None:
    """The operator wrote it; the key that the province vouches for did not."""
    world, issuer, _, run = backfilled()

    class Liar:
        public_key = issuer.signer.public_key

        def sign(self, message: bytes) -> bytes:
            return world.operator.sign(message)

    world.entries[2] = sign_statement(run.body(), Liar())
    world.found("31")
    seen = world.replay()
    assert [(r.index, r.code, r.stands) for r in seen.remarks] == [(2, FindingCode.BAD_SIGNATURE, False)]
    assert seen.replay.taken_back == (2,)


def test_only_as_many_entries_are_older_as_the_opening_says() -> None:
    """And none after the first delegation, or dated after the opening."""
    world, issuer, opened, _ = backfilled()
    late = replace(opened, public_key=world.new_signer().public_key)
    world.log(late, issuer.signer)
    assert world.replay().last is FindingCode.BACK_DATED
    world, issuer, opened, _ = backfilled()
    world.entries[0] = sign_statement(
        LogOpened(ORIGIN, world.operator.public_key, 9, MAY).body(), world.operator
    )
    after = replace(opened, public_key=world.new_signer().public_key, opens=MAY + DAY, closes=MAY + 3 * DAY)
    world.log(after, issuer.signer)
    assert world.replay().last is FindingCode.BACKFILL_LATE
    world.found("31")
    world.log(late, issuer.signer)
    assert world.replay().last is FindingCode.BACK_DATED


def test_one_older_key_speaks_for_one_issuer() -> None:
    """Even on the operator's word."""
    world, issuer, opened, _ = backfilled()
    world.entries[0] = sign_statement(
        LogOpened(ORIGIN, world.operator.public_key, 9, MAY).body(), world.operator
    )
    foreign = replace(opened, issuer=world.new_id(), public_key=world.new_signer().public_key)
    world.log(foreign, issuer.signer)
    assert world.replay().last is FindingCode.WRONG_ISSUER


# -- findings --


def test_every_code_has_words_in_both_languages(world: World) -> None:
    """No code without them; each names whose fault it is."""
    from temthat_stamps.log.finding import _WORDS

    assert set(_WORDS) == set(FindingCode)
    for fault, vi, en in _WORDS.values():
        assert isinstance(fault, Fault)
        assert vi != en
    issuer = world.enrol("31")
    issuer.run(issuer.open_key(), signer=world.new_signer())
    finding = world.replay().outcomes[-1]
    assert isinstance(finding, Finding)
    assert finding.vi.startswith("Không khóa nào")
