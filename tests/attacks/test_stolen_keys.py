"""Stolen and misused keys: what they are good for, for how long, and who sees it."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from temthat_stamps.log.finding import FindingCode
from temthat_stamps.manifest import Custody, KeyClosed, KeyOpened
from temthat_stamps.notice import key_target, run_target
from temthat_stamps.signer import KeySigner
from temthat_stamps.statement import enclose, message_for
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.trust.enrolment import Enrolment, sign_enrolment
from temthat_stamps.trust.errors import BadTrustData, EnrolmentRefused
from temthat_stamps.verdict import NoticeKind, Word

from ..stamps.bundle.house import ORIGIN, House, Producer, new_key
from ..stamps.log.world import World
from .conftest import Scanner, audited, look, manifest, notice, state

# -- a stolen stamp key --


def test_stolen_stamp_key_outside_its_runs(
    house: House, coop: Producer, rival: Producer, scanner: Scanner
) -> None:
    """The thief signs stamps with a cooperative's stamp key: of no logged run, past a run's end, of another's run.

    All are `forged`. A number higher than the data knows is `cannot_tell`, and `forged` once the data has come so far.
    """
    house.run(coop, run=1)
    house.run(rival, run=4)
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.GENUINE_OFFLINE
    assert [scanner.word(coop, *stamp) for stamp in [(1, 101), (2, 1), (4, 1)]] == [Word.FORGED] * 3
    assert scanner.word(coop, 5) is Word.CANNOT_TELL
    house.run(rival, run=6)
    house.publish()
    scanner.update()
    assert scanner.word(coop, 5) is Word.FORGED


def test_stolen_stamp_key_inside_its_open_period(house: House, coop: Producer, scanner: Scanner) -> None:
    """The thief signs serials of a logged run: the very bytes the cooperative signs.

    The limit: offline these are `genuine_offline`. What ends it is a notice that revokes the key, by the cooperative
    alone; from the next update on its stamps are `revoked`, and it can register no run any more.
    """
    house.run(coop, run=1)
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1, 77) is Word.GENUINE_OFFLINE
    house.notice(coop, key_target(coop.stamp_id), NoticeKind.REVOCATION, reason="key_compromised")
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1, 77) is Word.REVOKED
    assert state(house, manifest(house, coop, 2), coop.signer) is FindingCode.KEY_CLOSED


def test_stolen_stamp_key_in_a_closed_period(house: House, coop: Producer, scanner: Scanner) -> None:
    """The thief has last month's stamp key and the issuer key too: he registers a run for it, and prints without one.

    The log counts no run of a closed key, and his stamps are `forged`; the stamps of that month stay good.
    """
    house.run(coop, run=1)
    house.now = coop.closes + dt.timedelta(days=3)
    house.state(KeyClosed(ORIGIN, coop.id, coop.stamp_id, house.now))
    assert state(house, manifest(house, coop, 2), coop.signer) is FindingCode.KEY_CLOSED
    newer = replace(coop)
    house.open_key(newer)
    house.run(newer, run=3)
    house.publish()
    scanner.update()
    assert scanner.word(newer, 3) is Word.GENUINE_OFFLINE
    assert scanner.word(coop, 1) is Word.GENUINE_OFFLINE
    assert [scanner.word(coop, run) for run in (2, 3)] == [Word.FORGED] * 2


def test_closed_period_on_a_scanner_of_a_hacked_operator(
    house: House, coop: Producer, scanner: Scanner
) -> None:
    """The operator puts a run of a closed key into the bundle, though the log does not count it.

    The scanner sees by itself that the key was closed: `forged`. An audit finds the bundle differs from the log.
    """
    house.run(coop, run=1)
    house.close_key(coop)
    house.builder.apply(len(house.entries), manifest(house, coop, 2), house.now)
    house.names[2] = house.names[1]
    house.publish()
    scanner.update()
    verdict = scanner.judge(coop, 2)
    assert (verdict.word, verdict.keys[0]) == (Word.FORGED, "key_closed")
    assert FindingCode.BUNDLE_DIFFERS in audited(house).by_code


def test_back_dated_manifest(house: House, coop: Producer) -> None:
    """The thief has issuer key and closed stamp key, and dates a run into the month when the key was open.

    A date more than 7 days behind the log's newest is refused; a nearer one does not help, because a key is closed by
    the time of the log and not by the date on the statement.
    """
    open_day = house.now
    house.now = coop.closes + dt.timedelta(days=3)
    newer = replace(coop)
    house.open_key(newer)
    back_dated = manifest(house, coop, 2, registered_at=open_day)
    assert state(house, back_dated, coop.signer) is FindingCode.BACK_DATED
    just_inside = manifest(house, coop, 2, registered_at=coop.closes - dt.timedelta(days=1))
    assert state(house, just_inside, coop.signer) is FindingCode.KEY_CLOSED


# -- a stolen issuer key --


def test_stolen_issuer_key_logs_a_run(house: House, coop: Producer, scanner: Scanner, tmp_path: Path) -> None:
    """The thief announces a stamp key of his own in the cooperative's name and registers a run with it.

    The limit: until the province revokes, his stamps are `genuine_offline`. But the cooperative's watch tells of key
    and run as they come, and revoking at the last good entry makes his stamps `revoked` and leaves the earlier ones.
    """
    house.run(coop, run=1)
    house.publish()
    look(house, tmp_path, coop.id)
    last_good = len(house.entries) - 1
    thief = replace(coop)
    house.open_key(thief)
    house.run(thief, run=2)
    house.publish()
    assert [told.type for told in look(house, tmp_path, coop.id)] == ["key_opened", "run"]
    scanner.update()
    assert scanner.word(thief, 2) is Word.GENUINE_OFFLINE
    house.revoke(coop, last_good)
    house.publish()
    scanner.update()
    assert (scanner.word(thief, 2), scanner.word(coop, 1)) == (Word.REVOKED, Word.GENUINE_OFFLINE)


def test_stolen_issuer_key_voids_genuine_stock(
    house: House, coop: Producer, scanner: Scanner, tmp_path: Path
) -> None:
    """The thief voids a genuine run: one signature is enough for that, and shoppers read `revoked`.

    It is told to who watches, and taken back whole when the province revokes the key at the last good entry.
    """
    house.run(coop, run=1)
    house.publish()
    look(house, tmp_path, coop.id)
    last_good = len(house.entries) - 1
    assert state(house, notice(house, coop, run_target(1), NoticeKind.VOID), coop.signer) is None
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.REVOKED
    assert [told.type for told in look(house, tmp_path, coop.id)] == ["notice"]
    house.revoke(coop, last_good)
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.GENUINE_OFFLINE


def test_stolen_issuer_key_recalls_genuine_stock(house: House, coop: Producer, scanner: Scanner) -> None:
    """The thief recalls a genuine run, or lifts a hold: alone he cannot, the province has to sign as well."""
    house.run(coop, run=1)
    recall = notice(house, coop, run_target(1), NoticeKind.RECALL)
    assert state(house, recall, coop.signer) is FindingCode.SECOND_SIGNER
    house.notice(coop, run_target(1), NoticeKind.HOLD)
    lift = notice(house, coop, run_target(1), NoticeKind.LIFT, number=2)
    assert state(house, lift, coop.signer) is FindingCode.SECOND_SIGNER
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.NOT_APPLIED
    alliance = house.producer("96", IssuerKind.ALLIANCE)
    both = notice(house, coop, run_target(1), NoticeKind.RECALL, number=2)
    assert state(house, both, coop.signer, alliance.signer) is None


def test_key_used_after_its_revocation(house: House, coop: Producer, scanner: Scanner) -> None:
    """The thief goes on with a revoked issuer key: nothing he states counts, however he dates it."""
    house.run(coop, run=1)
    before = house.now
    house.revoke(coop, len(house.entries) - 1)
    for at in (house.now, before):
        late = manifest(house, coop, 2, registered_at=at)
        assert state(house, late, coop.signer) is FindingCode.KEY_NOT_VALID
    void = notice(house, coop, run_target(1), NoticeKind.VOID)
    assert state(house, void, coop.signer) is FindingCode.KEY_NOT_VALID
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.GENUINE_OFFLINE


def test_key_used_before_its_delegation(house: House) -> None:
    """Somebody states things with a key whose enrolment no province has approved yet: they never count.

    A delegation does not reach back: what stands before it in the log stays without effect.
    """
    signer, issuer = KeySigner(new_key()), "7f1f6a00-0000-4000-8000-000000000001"
    early = Producer(issuer, "96", signer, new_key(), house.now + dt.timedelta(days=20))
    opened = KeyOpened(
        ORIGIN, issuer, KeySigner(early.stamp).public_key, house.now, early.closes, Custody.HOSTED
    )
    assert state(house, opened, signer) is FindingCode.UNKNOWN_SIGNER
    asked = Enrolment(ORIGIN, issuer, IssuerKind.PRODUCER, "96", signer.public_key, Custody.OWN, house.now)
    request = sign_enrolment(asked, signer)
    house.delegate(house.ceremony.approve([request], len(house.entries), house.now))
    assert state(house, manifest(house, early, 1), signer) is FindingCode.UNKNOWN_KEY


# -- officers of a province who overreach --


def test_a_province_signs_for_another(world: World) -> None:
    """Both officers of 31 delegate to a key of their own under 96's name, then in the name of an issuer of 96.

    The publication is refused whole, and a run signed with that key does not count. The limit: inside their own
    province two officers together can approve whom they like, and everybody sees it.
    """
    victim = world.enrol("96")
    stamp = victim.open_key()
    mine = world.new_signer()
    false = replace(victim.delegated, public_key=mine.public_key, delegated_from=len(world.entries))
    for key in (false, replace(false, province="31")):
        world.keys["31"] = {key.key_id: key}
        world.republish("31")
        assert world.replay().last is FindingCode.TRUST_REFUSED
    victim.run(stamp, signer=mine)
    assert world.replay().last is FindingCode.UNKNOWN_SIGNER


def test_an_alliance_signs_for_another_province(world: World) -> None:
    """The alliance of 31 recalls goods of 96, alone and together with their producer: it has no say there."""
    victim = world.enrol("96")
    stranger = world.enrol("31", IssuerKind.ALLIANCE)
    run = victim.run(victim.open_key())
    stranger.notice(run_target(run.run), NoticeKind.RECALL)
    assert world.replay().last is FindingCode.TARGET_OF_ANOTHER
    victim.notice(run_target(run.run), NoticeKind.RECALL, 1, stranger)
    assert world.replay().last is FindingCode.SECOND_SIGNER


def test_an_alliance_mints_stamps(house: House, coop: Producer) -> None:
    """Whoever holds an alliance's key announces a stamp key with it: only producers have stamps."""
    alliance = house.producer("96", IssuerKind.ALLIANCE)
    public = KeySigner(new_key()).public_key
    opened = KeyOpened(ORIGIN, alliance.id, public, house.now, coop.closes, Custody.HOSTED)
    assert state(house, opened, alliance.signer) is FindingCode.NOT_A_PRODUCER


# -- numbers and keys that are somebody else's --


def test_key_squatting_at_enrolment(house: House, coop: Producer) -> None:
    """The thief asks a province to approve a key that is another's, or a copy of another's request in his own name.

    A request is signed by the very key it names, over issuer and log: he cannot make one, and an old one says whose it
    is. A key that is known already is refused, in his province and in another.
    """
    theirs, mine = KeySigner(new_key()), KeySigner(new_key())
    asked = Enrolment(
        ORIGIN, "7f1f6a00-0000-4000-8000-000000000002", IssuerKind.PRODUCER, "31", theirs.public_key, Custody.OWN,
        house.now,
    )  # fmt: skip
    forged = enclose(asked.body(), {theirs.public_key: mine.sign(message_for(asked.body()))})
    with pytest.raises(EnrolmentRefused, match="signatures"):
        house.ceremony.approve([forged], len(house.entries), house.now)
    elsewhere = replace(asked, origin="another.example/log")
    with pytest.raises(EnrolmentRefused, match=r"another\.example"):
        house.ceremony.approve([sign_enrolment(elsewhere, theirs)], len(house.entries), house.now)
    for province, refusal in (("31", "two issuers"), ("96", "two issuers|known already")):
        again = replace(asked, province=province, public_key=coop.signer.public_key)
        with pytest.raises((EnrolmentRefused, BadTrustData), match=refusal):
            house.ceremony.approve([sign_enrolment(again, coop.signer)], len(house.entries), house.now)


def test_key_squatting_in_the_log(house: House, coop: Producer, rival: Producer) -> None:
    """The thief announces another's stamp key, or another's issuer key, as a stamp key of his own: taken."""
    for key in (KeySigner(coop.stamp).public_key, coop.signer.public_key):
        opened = KeyOpened(ORIGIN, rival.id, key, house.now, rival.closes, Custody.OWN)
        assert state(house, opened, rival.signer) is FindingCode.KEY_TAKEN


def test_two_manifests_for_one_run(house: House, coop: Producer, rival: Producer, scanner: Scanner) -> None:
    """The thief registers a run number again, for goods of his own or for more stamps: the first one counts."""
    house.run(coop, run=1)
    assert state(house, manifest(house, rival, 1), rival.signer) is FindingCode.RUN_TAKEN
    assert state(house, manifest(house, coop, 1, count=9_999), coop.signer) is FindingCode.RUN_TAKEN
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.GENUINE_OFFLINE
    assert [scanner.word(coop, 1, 101), scanner.word(rival, 1)] == [Word.FORGED] * 2
