"""A party's keys: announced before use, closed with their month, destroyed; old stamps stay good."""

import base64
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from temthat_stamps.code import decode
from temthat_stamps.custody.interface import Wrapped
from temthat_stamps.custody.vault import Vault
from temthat_stamps.errors import CustodyError, SealBroken
from temthat_stamps.fields import instant
from temthat_stamps.keys import check_enrolment, key_id
from temthat_stamps.log.entries import entry
from temthat_stamps.log.records import LogEntry
from temthat_stamps.manifest import Custody
from temthat_stamps.runs.custody import (
    close_due_keys,
    end_of_month,
    issuer_key,
    issuer_signer,
    new_run_secret,
    open_stamp_key,
    request_issuer_key,
    run_secret,
    wrapped_stamp_key,
)
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.produce import PrintSettings, create_jobs
from temthat_stamps.runs.records import IssuerKey, StampKey
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import KeyRing
from temthat_stamps.statement import message_for, peek, verify_statement

if TYPE_CHECKING:
    from tests.stamps.runs.conftest import Shop


def closings(shop: "Shop") -> list[bytes]:
    """The statements that close a stamp key, in order."""
    query = select(LogEntry.envelope).where(LogEntry.kind == "key_closed").order_by(LogEntry.index)
    return list(shop.session.scalars(query))


def test_an_issuer_key_signs_only_once_it_is_approved(sqlite_shop: "Shop") -> None:
    """Asking for one makes it, sealed; until the province approves the new one, the party's older one signs."""
    shop = sqlite_shop
    old = issuer_key(shop.session, shop.registry, shop.coop)
    asked = request_issuer_key(shop.session, shop.registry, shop.coop)
    assert (asked.custody, asked.delegated_from, asked.opened_at) == (Custody.HOSTED, None, shop.now)
    assert issuer_key(shop.session, shop.registry, shop.coop) is old
    shop.run(1)
    asked.delegated_from, asked.valid_until = 3, shop.now + dt.timedelta(days=1)
    assert issuer_key(shop.session, shop.registry, shop.coop) is asked
    assert issuer_key(shop.session, shop.registry, shop.other) not in (old, asked)
    shop.forward(days=1)
    assert issuer_key(shop.session, shop.registry, shop.coop) is old


def test_an_issuer_key_is_asked_for_with_proof_of_possession(sqlite_shop: "Shop") -> None:
    """The request verifies under the key itself and says whose it is; that is what the province signs for."""
    shop = sqlite_shop
    asked = request_issuer_key(shop.session, shop.registry, shop.coop)
    body = verify_statement(asked.enrolment, {key_id(asked.public_key): asked.public_key}).body
    assert (body["type"], body["issuer"], body["province"]) == ("enrolment", str(shop.coop.id), "96")
    assert base64.b64decode(body["public_key"]) == asked.public_key
    check_enrolment(asked.public_key)


def test_a_party_that_keeps_its_own_key_is_told_where_to_sign(sqlite_shop: "Shop") -> None:
    """The service has nothing to sign with."""
    shop = sqlite_shop
    record = issuer_key(shop.session, shop.registry, shop.coop)
    record.sealed, record.custody = None, Custody.OWN
    with pytest.raises(RunRefused, match="its own computer") as refused:
        shop.run(1)
    assert "tự giữ khóa" in refused.value.vi


def test_a_stamp_key_is_announced_by_the_issuer_before_use(sqlite_shop: "Shop") -> None:
    """The announcement verifies under the issuer key and names key, hint and period; the key itself may be enrolled."""
    shop = sqlite_shop
    record = open_stamp_key(shop.session, shop.registry, shop.coop)
    issuer = issuer_key(shop.session, shop.registry, shop.coop).public_key
    body = verify_statement(entry(shop.session, record.log_index), {key_id(issuer): issuer}).body
    assert body["type"] == "key_opened"
    assert base64.b64decode(body["public_key"]) == record.public_key
    assert body["hint"] == record.hint.hex()
    assert (body["opens"], body["closes"]) == (instant(record.opened_at), instant(record.closes_at))
    assert body["custody"] == "hosted"
    check_enrolment(record.public_key)
    assert key_id(record.public_key) != key_id(issuer)


def test_a_party_has_one_open_key_at_a_time(sqlite_shop: "Shop") -> None:
    """The same within its month; parties never share one."""
    shop = sqlite_shop
    first = open_stamp_key(shop.session, shop.registry, shop.coop)
    shop.forward(days=5, hours=20)
    assert open_stamp_key(shop.session, shop.registry, shop.coop).id == first.id
    assert open_stamp_key(shop.session, shop.registry, shop.other).id != first.id


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-05-26T03:00:00", "2026-05-31T23:59:59"),
        ("2026-05-31T23:59:58.999999", "2026-05-31T23:59:59"),
        ("2026-05-31T23:59:59", "2026-06-01T00:00:00"),
        ("2026-06-01T00:00:00", "2026-06-30T23:59:59"),
        ("2028-02-01T00:00:00", "2028-02-29T23:59:59"),
        ("2026-12-31T23:59:59.5", "2027-01-01T00:00:00"),
    ],
)
def test_a_key_ends_with_its_calendar_month(now: str, ends: str) -> None:
    """Of UTC, whatever zone the clock has; its period is never empty."""
    at = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC)
    end = dt.datetime.fromisoformat(ends).replace(tzinfo=dt.UTC)
    assert end_of_month(at) == end
    assert end_of_month(at.astimezone(dt.timezone(dt.timedelta(hours=7)))) == end


def test_after_its_month_a_key_is_closed_in_the_log_and_destroyed_and_its_stamps_stay_good(
    shop: "Shop",
) -> None:
    """Rotation: a new key, the old one closed by the operator and its private part gone; the old stamp verifies."""
    run = shop.run(3)
    old = run.stamp_key
    text, sealed = shop.code(run, 2), wrapped_stamp_key(old)
    shop.forward(days=5, hours=21)
    later = shop.run(3)
    assert later.stamp_key_id != old.id
    assert old.sealed is None
    assert old.closed_at == old.closes_at
    [closing] = closings(shop)
    operator = shop.registry.operator.public_key
    body = verify_statement(closing, {key_id(operator): operator}).body
    assert (body["issuer"], body["stamp_key"]) == (str(shop.coop.id), key_id(old.public_key))
    assert body["at"] > instant(old.closes_at)
    with pytest.raises(RunRefused) as refused:
        wrapped_stamp_key(old)
    assert "đã hủy" in refused.value.vi
    assert "new run" in refused.value.en
    assert run.proof is not None
    with pytest.raises(CustodyError, match="closed"):  # nor does its keeper sign for a copy from a backup
        list(
            shop.custody.sign_stamps(
                str(run.party_id), sealed, run.run, 2, 2, entry(shop.session, run.log_index), run.proof
            )
        )
    keys = shop.session.scalars(select(StampKey)).all()
    assert KeyRing(key.public_key for key in keys).find(decode(text)) == old.public_key


def test_every_partys_key_is_closed_by_whoever_comes_next(sqlite_shop: "Shop") -> None:
    """A cooperative that orders nothing more has no open key lying about; each is closed once."""
    shop = sqlite_shop
    for party in (shop.coop, shop.other):
        open_stamp_key(shop.session, shop.registry, party)
    shop.forward(days=6)
    shop.run(1)
    shop.run(1)
    closed = {peek(closing)["issuer"] for closing in closings(shop)}
    assert closed == {str(shop.coop.id), str(shop.other.id)}
    assert len(closings(shop)) == 2


def test_a_key_that_a_waiting_job_needs_outlives_its_month(sqlite_shop: "Shop") -> None:
    """What was ordered in time can still be printed; after that the key goes."""
    shop = sqlite_shop
    run = shop.run(3)
    [job] = create_jobs(shop.session, shop.press, run, PrintSettings(kind="csv"), by="x")
    shop.forward(days=7)
    assert close_due_keys(shop.session, shop.registry) == 0
    assert shop.code(run, 3)
    shop.session.delete(job)
    shop.session.flush()
    assert close_due_keys(shop.session, shop.registry) == 1
    assert close_due_keys(shop.session, shop.registry) == 0
    assert run.stamp_key.sealed is None


def test_a_hint_in_use_is_never_taken(sqlite_shop: "Shop") -> None:
    """If a fresh key collides with a known hint, another one is drawn."""
    shop = sqlite_shop
    taken = open_stamp_key(shop.session, shop.registry, shop.other)

    class Unlucky(Vault):
        """Draws a known key first, as one of four thousand million would."""

        def __init__(self) -> None:
            self.drawn = 0

        def new_stamp_key(self, issuer: str, opens: dt.datetime, closes: dt.datetime) -> Wrapped:
            self.drawn += 1
            return (
                wrapped_stamp_key(taken)
                if self.drawn < 3
                else shop.custody.new_stamp_key(issuer, opens, closes)
            )

        sign_statement = shop.custody.sign_statement

    custody = Unlucky()
    record = open_stamp_key(shop.session, replace(shop.registry, custody=custody), shop.coop)
    assert record.hint != taken.hint
    assert custody.drawn == 3


def test_nothing_opens_with_another_master_key(sqlite_shop: "Shop") -> None:
    """Issuer key, stamp key and run secret alike; the message says which file is missing."""
    shop, wrong = sqlite_shop, Sealer(b"w" * 32)
    run = shop.run(1)
    assert shop.code(run)
    assert run.proof is not None
    vault = Vault(wrong, shop.registry.origin, shop.book.policy, shop.folder / "wrong", now=lambda: shop.now)
    signer = issuer_signer(shop.session, replace(shop.registry, custody=vault), shop.coop)
    manifest = entry(shop.session, run.log_index)
    with pytest.raises(CustodyError, match=r"signer\.key"):
        signer.sign(message_for(peek(manifest)))
    with pytest.raises(CustodyError, match=r"signer\.key"):
        vault.sign_stamps(str(run.party_id), wrapped_stamp_key(run.stamp_key), 1, 1, 1, manifest, run.proof)
    with pytest.raises(SealBroken, match="master key"):
        run_secret(wrong, run)


def test_sealed_keys_show_nothing_of_the_private_part(sqlite_shop: "Shop") -> None:
    """What lies in the database is bound to its row: another party's signs nothing for this one."""
    shop = sqlite_shop
    mine, theirs = (issuer_key(shop.session, shop.registry, party) for party in (shop.coop, shop.other))
    mine.sealed = theirs.sealed
    with pytest.raises(CustodyError):
        shop.run(1)
    keys = shop.session.scalars(select(IssuerKey)).all()
    assert len({key.public_key for key in keys}) == 3  # alliance and two cooperatives


def test_run_secrets_differ_and_are_bound_to_their_run(sqlite_shop: "Shop") -> None:
    """A sealed secret moved to another run does not open."""
    one, two = sqlite_shop.run(1), sqlite_shop.run(1)
    assert run_secret(sqlite_shop.sealer, one) != run_secret(sqlite_shop.sealer, two)
    one.sealed_secret = two.sealed_secret
    with pytest.raises(SealBroken):
        run_secret(sqlite_shop.sealer, one)
    assert len(sqlite_shop.sealer.open("run-secret:9", new_run_secret(sqlite_shop.sealer, 9))) == 32
