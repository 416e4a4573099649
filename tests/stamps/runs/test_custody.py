"""Keys in hosted custody: announced before use, rotated, destroyed; old stamps stay good."""

import base64
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.code import decode
from temthat_stamps.errors import SealBroken
from temthat_stamps.keys import check_enrolment, key_id, public_bytes
from temthat_stamps.manifest import instant
from temthat_stamps.runs.custody import (
    close_due_keys,
    issuer_key,
    new_run_secret,
    open_stamp_key,
    private_stamp_key,
    run_secret,
)
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.produce import PrintSettings, create_jobs
from temthat_stamps.runs.records import IssuerKey, StampKey
from temthat_stamps.runs.trust import build_trust
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import KeyRing, sign_code
from temthat_stamps.statement import verify_statement
from temthat_stamps.verdict import Word

if TYPE_CHECKING:
    from tests.stamps.runs.conftest import Shop

ORIGIN = "tem.example.vn/log"


def test_the_issuer_key_is_made_once_and_kept(sqlite_shop: "Shop") -> None:
    """Each party has its own, the same at every call, sealed in the database."""
    shop = sqlite_shop
    key = issuer_key(shop.session, shop.sealer, shop.coop.id, shop.now)
    again = issuer_key(shop.session, shop.sealer, shop.coop.id, shop.now)
    other = issuer_key(shop.session, shop.sealer, shop.other.id, shop.now)
    assert public_bytes(key) == public_bytes(again) != public_bytes(other)
    records = shop.session.scalars(select(IssuerKey)).all()
    assert len(records) == 2
    assert all(key.private_bytes_raw() not in record.sealed for record in records)


def test_a_stamp_key_is_announced_by_the_issuer_before_use(sqlite_shop: "Shop") -> None:
    """The announcement verifies under the issuer key and names key, hint and period; the key itself may be enrolled."""
    shop = sqlite_shop
    record = open_stamp_key(shop.session, shop.sealer, ORIGIN, shop.coop.id, shop.now)
    issuer = public_bytes(issuer_key(shop.session, shop.sealer, shop.coop.id, shop.now))
    body = verify_statement(record.announcement, {key_id(issuer): issuer}).body
    assert body["type"] == "key_opened"
    assert base64.b64decode(body["public_key"]) == record.public_key
    assert body["hint"] == record.hint.hex()
    assert (body["opens"], body["closes"]) == (instant(record.opened_at), instant(record.closes_at))
    check_enrolment(record.public_key)
    assert key_id(record.public_key) != key_id(issuer)


def test_a_party_has_one_open_key_at_a_time(sqlite_shop: "Shop") -> None:
    """The same within its month; parties never share one."""
    shop = sqlite_shop
    first = open_stamp_key(shop.session, shop.sealer, ORIGIN, shop.coop.id, shop.now)
    shop.forward(days=30, hours=23)
    assert open_stamp_key(shop.session, shop.sealer, ORIGIN, shop.coop.id, shop.now).id == first.id
    assert open_stamp_key(shop.session, shop.sealer, ORIGIN, shop.other.id, shop.now).id != first.id


def test_after_a_month_the_key_is_destroyed_and_its_stamps_stay_good(shop: "Shop") -> None:
    """Rotation: a new key, the old private part gone, the old stamp still verifies, also offline."""
    run = shop.run(3)
    old = run.stamp_key
    text = sign_code(private_stamp_key(shop.sealer, old), run.run, 2)
    shop.forward(days=31)
    later = shop.run(3)
    assert later.stamp_key_id != old.id
    assert old.sealed is None
    assert old.closed_at == old.closes_at
    with pytest.raises(RunRefused) as refused:
        private_stamp_key(shop.sealer, old)
    assert "đã hủy" in refused.value.vi
    assert "new run" in refused.value.en
    keys = shop.session.scalars(select(StampKey)).all()
    assert KeyRing(key.public_key for key in keys).find(decode(text)) == old.public_key
    trust = build_trust(shop.session, ORIGIN, ["tem.example.vn"], shop.now)
    assert judge_offline(text, trust, shop.now).verdict.word is Word.GENUINE_OFFLINE


def test_a_key_that_a_waiting_job_needs_outlives_its_month(sqlite_shop: "Shop") -> None:
    """What was ordered in time can still be printed; after that the key goes."""
    shop = sqlite_shop
    run = shop.run(3)
    [job] = create_jobs(shop.session, shop.press, run, PrintSettings(kind="csv"), by="x")
    shop.forward(days=40)
    assert close_due_keys(shop.session, shop.now) == 0
    assert private_stamp_key(shop.sealer, run.stamp_key) is not None
    shop.session.delete(job)
    shop.session.flush()
    assert close_due_keys(shop.session, shop.now) == 1
    assert close_due_keys(shop.session, shop.now) == 0
    assert run.stamp_key.sealed is None


def test_a_hint_in_use_is_never_taken(sqlite_shop: "Shop", monkeypatch: pytest.MonkeyPatch) -> None:
    """If a fresh key collides with a known hint, another one is drawn."""
    shop = sqlite_shop
    taken = open_stamp_key(shop.session, shop.sealer, ORIGIN, shop.other.id, shop.now)
    known = private_stamp_key(shop.sealer, taken)
    fresh = Ed25519PrivateKey.generate()
    drawn = [known, fresh, Ed25519PrivateKey.generate()]
    monkeypatch.setattr(Ed25519PrivateKey, "generate", staticmethod(lambda: drawn.pop(0)))
    assert open_stamp_key(
        shop.session, shop.sealer, ORIGIN, shop.coop.id, shop.now
    ).public_key == public_bytes(fresh)


def test_nothing_opens_with_another_master_key(sqlite_shop: "Shop") -> None:
    """Issuer key, stamp key and run secret alike; the message says which file is missing."""
    shop, wrong = sqlite_shop, Sealer(b"w" * 32)
    run = shop.run(1)
    for opening in (
        lambda: issuer_key(shop.session, wrong, shop.coop.id, shop.now),
        lambda: private_stamp_key(wrong, run.stamp_key),
        lambda: run_secret(wrong, run),
    ):
        with pytest.raises(SealBroken, match="master key"):
            opening()


def test_run_secrets_differ_and_are_bound_to_their_run(sqlite_shop: "Shop") -> None:
    """A sealed secret moved to another run does not open."""
    one, two = sqlite_shop.run(1), sqlite_shop.run(1)
    assert run_secret(sqlite_shop.sealer, one) != run_secret(sqlite_shop.sealer, two)
    one.sealed_secret = two.sealed_secret
    with pytest.raises(SealBroken):
        run_secret(sqlite_shop.sealer, one)
    assert len(sqlite_shop.sealer.open("run-secret:9", new_run_secret(sqlite_shop.sealer, 9))) == 32
