"""The vault signs what an issuer may say and what the log proves, as often as it may, and nothing else."""

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from temthat_stamps.code import SIGNATURE_SIZE, decode, stamp_url
from temthat_stamps.code import encode as encode_code
from temthat_stamps.custody.errors import (
    KeyIsClosed,
    KeyNotOpened,
    NoProof,
    OverQuota,
    StampsRefused,
    StatementRefused,
)
from temthat_stamps.custody.interface import Wrapped
from temthat_stamps.custody.state import Act, Quota
from temthat_stamps.custody.vault import Vault
from temthat_stamps.errors import CustodyError, Fault
from temthat_stamps.fields import instant
from temthat_stamps.keys import key_id
from temthat_stamps.logged import BundlePublished, LogOpened
from temthat_stamps.manifest import Activated, KeyClosed, KeyOpened, Sources
from temthat_stamps.manifest import Custody as Kept
from temthat_stamps.notice import Notice, batch_target
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import verify
from temthat_stamps.statement import enclose, verify_statement
from temthat_stamps.verdict import NoticeKind

if TYPE_CHECKING:
    from tests.stamps.custody.conftest import Clock, Desk, TinyLog

ORIGIN = "tem.example.vn/log"
OTHER = "00000000-0000-0000-0000-000000000002"
ALLIANCE = "00000000-0000-0000-0000-000000000003"
DAY = dt.timedelta(days=1)


def enrolment(desk: "Desk", **changes: object) -> dict[str, Any]:
    return {
        "v": 1,
        "type": "enrolment",
        "origin": ORIGIN,
        "issuer": desk.issuer,
        "kind": "producer",
        "province": "31",
        "public_key": base64.b64encode(desk.key.public_key).decode(),
        "custody": "hosted",
        "at": instant(desk.now()),
    } | changes


# What a key states


def test_every_statement_of_an_issuer_is_signed_and_verifies(desk: "Desk") -> None:
    """Keys, sources, runs, activations, notices and enrolment: the signature is over the DSSE message of the body."""
    key, now = desk.open_stamp_key(), desk.now()
    bodies = [
        KeyClosed(ORIGIN, desk.issuer, key_id(key.public_key), now).body(),
        Sources(ORIGIN, desk.issuer, OTHER, (ALLIANCE,), 1, 1, now).body(),
        desk.manifest(key).body(),
        Activated(ORIGIN, desk.issuer, 1, now).body(),
        Notice(batch_target(OTHER), 1, NoticeKind.HOLD, "complaint", now).body(ORIGIN, desk.issuer),
        enrolment(desk),
    ]
    for body in bodies:
        envelope = enclose(
            body, {desk.key.public_key: desk.custody.sign_statement(desk.issuer, desk.key, body)}
        )
        assert verify_statement(envelope, {key_id(desk.key.public_key): desk.key.public_key}, 1).body == body


def test_an_alliance_signs_a_notice_of_an_issuer_as_the_second_signer(
    desk: "Desk", make_desk: Callable[..., "Desk"]
) -> None:
    """The body is in the issuer's name: whether the alliance may is for the log's rules."""
    alliance = make_desk(desk.custody, desk.log, desk.now, ALLIANCE)
    body = Notice(batch_target(OTHER), 1, NoticeKind.RECALL, "contamination", desk.now()).body(
        ORIGIN, desk.issuer
    )
    signatures = {d.key.public_key: d.custody.sign_statement(d.issuer, d.key, body) for d in (desk, alliance)}
    keys = {key_id(raw): raw for raw in signatures}
    assert len(verify_statement(enclose(body, signatures), keys, threshold=2).signed_by) == 2


def refused_bodies(desk: "Desk") -> dict[str, dict[str, Any]]:
    key, now = desk.open_stamp_key(), desk.now()
    run = desk.manifest(key)
    return {
        "another issuer's run": replace(run, issuer=OTHER).body(),
        "another issuer's sources": Sources(ORIGIN, OTHER, OTHER, (), 1, 1, now).body(),
        "another log": replace(run, origin="other.example.vn/log").body(),
        "the log's opening": LogOpened(ORIGIN, desk.key.public_key, 0, now).body(),
        "a bundle": BundlePublished(ORIGIN, 1, "0" * 64, 1, now).body(),
        "an unknown type": run.body() | {"type": "payment"},
        "no type": {},
        "a member nobody reads": run.body() | {"comment": "pay me"},
        "a missing member": {k: v for k, v in run.body().items() if k != "events"},
        "another version": run.body() | {"v": 2},
        "eight days ago": replace(run, registered_at=now - 8 * DAY).body(),
        "tomorrow": replace(run, registered_at=now + DAY).body(),
        "an enrolment of another's key": enrolment(
            desk, public_key=base64.b64encode(key.public_key).decode()
        ),
        "an enrolment for another issuer": enrolment(desk, issuer=OTHER),
        "an enrolment in own custody": enrolment(desk, custody="own"),
        "an enrolment with more in it": enrolment(desk, pays=5),
        "a key made elsewhere": KeyOpened(
            ORIGIN, desk.issuer, bytes(31) + b"\1", now, now + DAY, Kept.HOSTED
        ).body(),
        "a key opened longer than it is": KeyOpened(
            ORIGIN, desk.issuer, key.public_key, now, now + 31 * DAY, Kept.HOSTED
        ).body(),
        "a hosted key as the issuer's own": KeyOpened(
            ORIGIN, desk.issuer, key.public_key, now, now + 30 * DAY, Kept.OWN
        ).body(),
    }


def test_everything_else_is_refused_and_nothing_of_it_is_counted(desk: "Desk", vault: Vault) -> None:
    """A typed refusal for each; the journal records only what was signed."""
    bodies = refused_bodies(desk)
    before = vault.state.journal()
    for name, body in bodies.items():
        with pytest.raises(StatementRefused) as refusal:
            vault.sign_statement(desk.issuer, desk.key, body)
        assert refusal.value.fault in (Fault.OPERATOR, Fault.CLOCK), name
        assert refusal.value.vi
    assert vault.state.journal() == before


def test_no_key_works_as_anothers_or_as_another_kind(
    desk: "Desk", vault: Vault, make_desk: Callable[..., "Desk"]
) -> None:
    """Rows of the database moved about, or the period of a stamp key stretched, open nothing."""
    stamp_key, other = desk.open_stamp_key(), make_desk(vault, desk.log, desk.now, OTHER)
    body = desk.manifest(stamp_key).body()
    altered = bytearray(stamp_key.sealed)
    altered[17] ^= 1  # the closing time, in clear
    for issuer, wrapped in (
        (OTHER, desk.key),
        (desk.issuer, other.key),
        (desk.issuer, stamp_key),
        (desk.issuer, Wrapped(other.key.public_key, desk.key.sealed)),
        (desk.issuer, Wrapped(desk.key.public_key, b"")),
        ("not-a-uuid", desk.key),
    ):
        with pytest.raises(KeyNotOpened):
            vault.sign_statement(issuer, wrapped, body)
    envelope, proof = desk.register(desk.manifest(stamp_key))
    for wrapped in (desk.key, Wrapped(stamp_key.public_key, bytes(altered)), Wrapped(b"", b"")):
        with pytest.raises(KeyNotOpened):
            vault.sign_stamps(desk.issuer, wrapped, 2, 1, 1, envelope, proof)


def test_a_stamp_key_is_made_for_now_and_a_month(vault: Vault, desk: "Desk", clock: "Clock") -> None:
    """Nobody stores up keys for next year; a clock gone wrong is said to be one."""
    with pytest.raises(StampsRefused) as refusal:
        vault.new_stamp_key(desk.issuer, clock() + DAY, clock() + 2 * DAY)
    assert refusal.value.fault is Fault.CLOCK
    for lasts in (32 * DAY, -DAY):
        with pytest.raises(StampsRefused):
            vault.new_stamp_key(desk.issuer, clock(), clock() + lasts)


def test_a_run_by_a_closed_key_or_anothers_is_not_stated(
    desk: "Desk", vault: Vault, make_desk: Callable[..., "Desk"]
) -> None:
    """Over that key no stamp would ever be signed."""
    mine, theirs = (
        desk.open_stamp_key(),
        make_desk(vault, desk.log, desk.now, OTHER).open_stamp_key(),
    )
    vault.close(desk.issuer, mine.public_key)
    for key in (mine, theirs):
        with pytest.raises(StatementRefused):
            desk.register(desk.manifest(key))


# Stamps


def test_stamps_of_a_proved_run_verify(desk: "Desk") -> None:
    """Each serial asked for, in order, under the run's stamp key."""
    key = desk.open_stamp_key()
    envelope, proof = desk.register(desk.manifest(key))
    stamps = list(desk.custody.sign_stamps(desk.issuer, key, 1, 41, 60, envelope, proof))
    assert [serial for serial, _, _ in stamps] == list(range(41, 61))
    for serial, header, signature in stamps:
        code = decode(stamp_url("tem.example.vn", encode_code(header, signature)))
        assert (code.header.run, code.header.serial) == (1, serial)
        assert verify(code, [key.public_key]) == key.public_key


def test_no_stamp_without_a_proof_in_the_witnessed_log(
    desk: "Desk", make_log: Callable[..., "TinyLog"]
) -> None:
    """A hacked service has a manifest signed but cannot show it in the log: no file, whatever else it shows."""
    key = desk.open_stamp_key()
    envelope, proof = desk.register(desk.manifest(key))
    other_envelope, other_proof = desk.register(desk.manifest(key))
    desk.log.cosigning = 1
    unwitnessed = desk.log.add(envelope)
    forged = {
        "none": b"",
        "another entry's": other_proof,
        "of one witness": unwitnessed,
        "of a log by another key": make_log(seed=50).add(envelope),
        "of another origin": make_log(origin="other.example.vn/log").add(envelope),
        "altered": proof.replace(b"index 1", b"index 0"),
    }
    for name, wrong in forged.items():
        with pytest.raises(NoProof) as refusal:
            desk.custody.sign_stamps(desk.issuer, key, 1, 1, 1, envelope, wrong)
        assert "sổ công khai" in refusal.value.vi, name
    with pytest.raises(StampsRefused):
        desk.custody.sign_stamps(desk.issuer, key, 1, 1, 1, other_envelope, other_proof)


def test_without_a_policy_no_stamp_is_signed(
    tmp_path: Path, log: "TinyLog", clock: "Clock", make_desk: Callable[..., "Desk"]
) -> None:
    """A vault that was not told which log counts trusts none."""
    vault = Vault(Sealer(bytes(range(32))), ORIGIN, None, tmp_path / "v", Quota(), clock)
    desk = make_desk(vault, log, clock)
    key = desk.open_stamp_key()
    envelope, proof = desk.register(desk.manifest(key))
    with pytest.raises(NoProof):
        vault.sign_stamps(desk.issuer, key, 1, 1, 1, envelope, proof)
    vault.state.close()


def test_a_stamp_key_signs_only_what_its_manifest_names(desk: "Desk", vault: Vault) -> None:
    """Not the 101st of a hundred, not another run, not with another key, not what was registered outside its period."""
    key, second = desk.open_stamp_key(), desk.open_stamp_key()
    envelope, proof = desk.register(desk.manifest(key, count=100))
    for wrapped, run, first, last in (
        (key, 1, 1, 101),
        (key, 1, 0, 5),
        (key, 1, 7, 6),
        (key, 2, 1, 1),
        (second, 1, 1, 1),
    ):
        with pytest.raises(StampsRefused):
            vault.sign_stamps(desk.issuer, wrapped, run, first, last, envelope, proof)
    early = desk.register(replace(desk.manifest(key), registered_at=desk.now() - dt.timedelta(seconds=1)))
    with pytest.raises(StampsRefused):
        vault.sign_stamps(desk.issuer, key, 2, 1, 1, *early)


def test_a_manifest_that_a_stranger_signed_and_logged_gives_no_stamps(
    desk: "Desk", vault: Vault, tmp_path: Path, make_desk: Callable[..., "Desk"]
) -> None:
    """Whoever can write the log cannot name a key of this signer and have it sign beyond the quota."""
    key = desk.open_stamp_key()
    stranger = Vault(Sealer(bytes(range(1, 33))), ORIGIN, None, tmp_path / "s", Quota(), desk.now)
    envelope, proof = make_desk(stranger, desk.log, desk.now).register(desk.manifest(key))
    with pytest.raises(StampsRefused):
        vault.sign_stamps(desk.issuer, key, 1, 1, 1, envelope, proof)
    stranger.state.close()


def test_another_statement_of_the_issuer_is_no_manifest(desk: "Desk") -> None:
    """A signed and logged notice or enrolment lets no stamp be signed."""
    key = desk.open_stamp_key()
    body = Activated(ORIGIN, desk.issuer, 1, desk.now()).body()
    envelope = enclose(body, {desk.key.public_key: desk.custody.sign_statement(desk.issuer, desk.key, body)})
    with pytest.raises(StampsRefused):
        desk.custody.sign_stamps(desk.issuer, key, 1, 1, 1, envelope, desk.log.add(envelope))


def test_a_closed_key_signs_nothing_even_its_earlier_runs(desk: "Desk", vault: Vault, clock: "Clock") -> None:
    """Whoever still holds the sealed form finds it worthless; closing again changes nothing."""
    key = desk.open_stamp_key()
    registered = desk.register(desk.manifest(key))
    vault.close(desk.issuer, key.public_key)
    clock.move(hours=1)
    vault.close(desk.issuer, key.public_key)
    with pytest.raises(KeyIsClosed, match=r"26 May 2026 10:00"):
        vault.sign_stamps(desk.issuer, key, 1, 1, 1, *registered)
    assert [line.act for line in vault.state.journal()].count(Act.CLOSED) == 1


def test_a_run_registered_in_time_is_printed_up_to_48_hours_after_closing(
    desk: "Desk", clock: "Clock"
) -> None:
    """A job interrupted on the last evening of the month is finished; after the grace nothing is."""
    key = desk.open_stamp_key(lasts=DAY)
    registered = desk.register(desk.manifest(key))
    clock.move(days=3)
    assert len(list(desk.custody.sign_stamps(desk.issuer, key, 1, 1, 100, *registered))) == 100
    clock.move(seconds=1)
    with pytest.raises(KeyIsClosed):
        desk.custody.sign_stamps(desk.issuer, key, 1, 1, 1, *registered)


def test_only_the_issuers_own_stamp_key_can_be_closed(desk: "Desk", vault: Vault) -> None:
    """Not by another issuer, and an issuer key is no stamp key."""
    key = desk.open_stamp_key()
    for issuer, raw in ((OTHER, key.public_key), (desk.issuer, desk.key.public_key)):
        with pytest.raises(StampsRefused):
            vault.close(issuer, raw)


# Quotas


def test_stamps_beyond_the_day_are_refused_with_the_arithmetic(desk: "Desk", clock: "Clock") -> None:
    """1,000 a day: 900 leave room for 100, not for 101; the next day in Vietnam there is room again."""
    key = desk.open_stamp_key()
    desk.register(desk.manifest(key, 900))
    with pytest.raises(OverQuota) as refusal:
        desk.register(desk.manifest(key, 101))
    assert refusal.value.fault is Fault.ISSUER
    assert "hôm nay đã đăng ký 900, xin thêm 101, hạn mức 1.000" in refusal.value.vi
    assert "00:00 ngày 27/05/2026" in refusal.value.vi
    assert "900 registered today, 101 more asked, 1,000 allowed" in refusal.value.en
    desk.register(desk.manifest(key, 100))
    clock.move(hours=14)  # 10:00 in Vietnam when the day began to be used: 24:00 now
    desk.register(desk.manifest(key, 1_000))


def test_stamps_beyond_the_month_are_refused(desk: "Desk", clock: "Clock") -> None:
    """3,000 a month, used up in three days; the first of June is another month."""
    key = desk.open_stamp_key()
    for _ in range(3):
        desk.register(desk.manifest(key, 1_000))
        clock.move(days=1)
    with pytest.raises(OverQuota, match=r"3,000 registered this month.*wait until 00:00 on 1 Jun 2026"):
        desk.register(desk.manifest(key, 1))
    clock.move(days=3)
    desk.register(desk.manifest(key, 1))


def test_the_same_run_signed_again_is_counted_once_and_a_larger_one_by_the_difference(desk: "Desk") -> None:
    """A retry after a lost answer costs nothing; asking for more under the same number hides nothing."""
    key = desk.open_stamp_key()
    manifest = desk.manifest(key, 600)
    desk.register(manifest)
    desk.register(manifest)
    desk.register(replace(manifest, count=700))
    with pytest.raises(OverQuota, match="700 registered today, 301 more"):
        desk.register(desk.manifest(key, 301))


def test_one_issuers_quota_is_no_others_affair(desk: "Desk", make_desk: Callable[..., "Desk"]) -> None:
    """Each issuer has its own, and may be given another one."""
    other = make_desk(desk.custody, desk.log, desk.now, OTHER)
    desk.register(desk.manifest(desk.open_stamp_key(), 1_000))
    other.register(other.manifest(other.open_stamp_key(), 1_000))
    for full in (desk, other):
        with pytest.raises(OverQuota, match="1,000 registered today"):
            full.register(full.manifest(full.open_stamp_key(), 1))


def test_an_issuer_may_have_a_quota_of_its_own(desk: "Desk", vault: Vault) -> None:
    """A large cooperative gets more, a suspicious one nothing."""
    key = desk.open_stamp_key()
    vault.state.set_quota(desk.issuer, Quota(5_000, 9_000, 20))
    desk.register(desk.manifest(key, 4_000))
    vault.state.set_quota(desk.issuer, Quota(0, 0, 20))
    with pytest.raises(OverQuota):
        desk.register(desk.manifest(key, 1))


def test_statements_beyond_the_minute_wait(desk: "Desk", clock: "Clock") -> None:
    """20 a minute; the refusal says for how many seconds to wait, and after them it goes on."""
    body = Activated(ORIGIN, desk.issuer, 1, desk.now()).body()
    for _ in range(20):
        desk.custody.sign_statement(desk.issuer, desk.key, body)
        clock.move(seconds=1)
    with pytest.raises(OverQuota, match="again in 40 seconds"):
        desk.custody.sign_statement(desk.issuer, desk.key, body)
    clock.move(seconds=40)
    desk.custody.sign_statement(desk.issuer, desk.key, body)


# What it remembers


def test_a_restarted_signer_forgets_neither_quotas_nor_closed_keys(
    desk: "Desk", vault: Vault, tmp_path: Path, make_desk: Callable[..., "Desk"]
) -> None:
    """The counters and the memory of closed keys are in the folder, not in the process."""
    open_key, closed_key = desk.open_stamp_key(), desk.open_stamp_key()
    registered = desk.register(desk.manifest(closed_key, 900))
    vault.close(desk.issuer, closed_key.public_key)
    vault.state.close()
    again = Vault(
        Sealer(bytes(range(32))), ORIGIN, desk.log.policy, tmp_path / "signer", Quota(1_000), desk.now
    )
    desk.custody = again
    with pytest.raises(OverQuota):
        desk.register(desk.manifest(open_key, 101))
    with pytest.raises(KeyIsClosed):
        again.sign_stamps(desk.issuer, closed_key, 1, 1, 1, *registered)
    again.state.close()


def test_the_journal_says_what_was_signed_for_whom_and_is_only_added_to(desk: "Desk", vault: Vault) -> None:
    """Keys made, statements, stretches of serials, each before its result left; no line can be changed or removed."""
    key = desk.open_stamp_key()
    registered = desk.register(desk.manifest(key))
    desk.custody.sign_stamps(desk.issuer, key, 1, 1, 50, *registered)  # not one of them was taken
    lines = vault.state.journal(desk.issuer)
    assert [line.act for line in lines] == [
        Act.ISSUER_KEY,
        Act.STAMP_KEY,
        Act.STATEMENT,
        Act.STATEMENT,
        Act.STAMPS,
    ]
    assert (lines[-1].run, lines[-1].first, lines[-1].last) == (1, 1, 50)
    assert lines[-1].public_key == key.public_key
    assert lines[3].what.startswith("run ")
    assert vault.state.journal(OTHER) == []
    for statement in ("DELETE FROM journal", "UPDATE journal SET run = 2"):
        with pytest.raises(CustodyError, match="only added to"), vault.state.transaction():
            vault.state._db.execute(statement)
    assert vault.state.journal(desk.issuer) == lines


def test_a_full_disk_signs_nothing_and_says_so(desk: "Desk", vault: Vault) -> None:
    """What cannot be written down is not done."""
    key = desk.open_stamp_key()
    registered = desk.register(desk.manifest(key))
    (pages,) = vault.state._db.execute("PRAGMA page_count").fetchone()
    vault.state._db.execute(f"PRAGMA max_page_count = {pages}")

    def sign_on() -> None:
        for _ in range(1_000):
            desk.custody.sign_stamps(desk.issuer, key, 1, 1, 1, *registered)

    with pytest.raises(CustodyError) as refusal:
        sign_on()
    assert refusal.value.fault is Fault.STORE
    assert "Chưa ký gì" in refusal.value.vi


def test_stamps_come_as_they_are_taken(desk: "Desk") -> None:
    """A job of twenty thousand is not held in memory: the first is there before the last is signed."""
    key = desk.open_stamp_key()
    desk.custody.state.set_quota(desk.issuer, Quota(10**7, 10**7))  # type: ignore[attr-defined]
    manifest = desk.manifest(key, 5_000_000)
    stamps = desk.custody.sign_stamps(desk.issuer, key, 1, 1, 5_000_000, *desk.register(manifest))
    assert len(next(stamps)[2]) == SIGNATURE_SIZE
