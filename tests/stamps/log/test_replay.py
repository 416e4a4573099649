"""The rules of the log, one by one: what counts, and what is found to be wrong with what does not."""

import datetime as dt
from dataclasses import replace

import pytest

from temthat_stamps.errors import Fault
from temthat_stamps.log.finding import Finding, FindingCode
from temthat_stamps.logged import AppPublished, Block, BundlePublished, LogOpened
from temthat_stamps.manifest import Custody, KeyOpened, RunManifest
from temthat_stamps.statement import sign_statement
from temthat_stamps.trust.delegates import IssuerKind

from .world import MAY, ORIGIN, Issuer, StampKey, World

DAY = dt.timedelta(days=1)


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
    world.log(AppPublished(ORIGIN, "0" * 64, world.now), issuer.signer)
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
