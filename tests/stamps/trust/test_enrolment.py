"""Proof of possession: whose key may be asked for, and what a request cannot be used for."""

import datetime as dt
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from nacl.bindings import crypto_core_ed25519_add, crypto_core_ed25519_scalar_reduce

from temthat_stamps import ed25519
from temthat_stamps.errors import Fault
from temthat_stamps.fields import instant
from temthat_stamps.keys import key_hint
from temthat_stamps.manifest import Custody
from temthat_stamps.signer import KeySigner
from temthat_stamps.statement import enclose, message_for
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.trust.enrolment import Enrolment, check_unused, read_enrolment, sign_enrolment
from temthat_stamps.trust.errors import BadTrustData, EnrolmentRefused
from temthat_stamps.trust.roles import NATIONAL

from .conftest import NOW, ORIGIN, Alliance

ORDER = 2**252 + 27742317777372353535851937790883648493
POINT_OF_ORDER_2 = (2**255 - 20).to_bytes(32, "little")
SMALL = (bytes(32), b"\x01" + bytes(31), POINT_OF_ORDER_2)
SAME_HINT = (34433, 170398)
"""Two private keys whose public keys have one hint, found by trying."""


def seeded(number: int) -> KeySigner:
    """The key of a number."""
    return KeySigner(Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big")))


def asked(public_key: bytes, **changes: object) -> Enrolment:
    """A request of a producer in 31."""
    values: dict[str, object] = {
        "origin": ORIGIN, "issuer": "0" * 8 + "-0000-4000-8000-" + "0" * 12, "kind": IssuerKind.PRODUCER,
        "province": "31", "public_key": public_key, "custody": Custody.OWN, "at": NOW,
    }  # fmt: skip
    return Enrolment(**(values | changes))  # type: ignore[arg-type]


class TorsionedSigner:
    """A key outside the prime-order subgroup whose signatures strict verifiers do accept (some of them)."""

    def __init__(self) -> None:
        half = hashlib.sha512(b"a cooperative's secret").digest()
        self._secret = int.from_bytes(half[:32], "little") % ORDER
        self.public_key = crypto_core_ed25519_add(_times_base(self._secret), POINT_OF_ORDER_2)

    def sign(self, message: bytes) -> bytes:
        """Tries nonces until the small part of the key falls out of the equation."""
        for nonce in range(1, 1000):
            point = _times_base(nonce)
            digest = hashlib.sha512(point + self.public_key + message).digest()
            challenge = int.from_bytes(crypto_core_ed25519_scalar_reduce(digest), "little")
            if challenge % 2 == 0:
                response = (nonce + challenge * self._secret) % ORDER
                return point + response.to_bytes(32, "little")
        raise AssertionError("half of all nonces do")


def _times_base(scalar: int) -> bytes:
    from nacl.bindings import crypto_scalarmult_ed25519_base_noclamp

    return crypto_scalarmult_ed25519_base_noclamp(scalar.to_bytes(32, "little"))


def test_a_request_reads_as_it_was_asked() -> None:
    """Issuer, log, province, custody and key come back; a national alliance asks for no province."""
    signer = seeded(1)
    for request in (
        asked(signer.public_key),
        asked(signer.public_key, kind=IssuerKind.ALLIANCE, province=NATIONAL),
    ):
        assert read_enrolment(sign_enrolment(request, signer), ORIGIN) == request


def test_nobody_enrols_anothers_key() -> None:
    """A request is signed by the key it names: made with another it is not written, and forged it is not read."""
    mine, theirs = seeded(1), seeded(2)
    with pytest.raises(EnrolmentRefused, match="very key"):
        sign_enrolment(asked(theirs.public_key), mine)
    body = asked(theirs.public_key).body()
    forged = enclose(body, {theirs.public_key: mine.sign(message_for(body))})
    with pytest.raises(EnrolmentRefused):
        read_enrolment(forged, ORIGIN)
    borrowed = enclose(body, {mine.public_key: mine.sign(message_for(body))})
    with pytest.raises(EnrolmentRefused):
        read_enrolment(borrowed, ORIGIN)


def test_a_request_cannot_be_turned_to_another_issuer_or_log() -> None:
    """The signature is over both: changing either breaks it; unchanged, another log refuses it by name."""
    signer = seeded(1)
    good = sign_enrolment(asked(signer.public_key), signer)
    signature = signer.sign(message_for(asked(signer.public_key).body()))
    for changes in ({"issuer": "1" * 8 + "-0000-4000-8000-" + "0" * 12}, {"origin": "other.example/log"}):
        turned = enclose(asked(signer.public_key, **changes).body(), {signer.public_key: signature})
        with pytest.raises(EnrolmentRefused):
            read_enrolment(turned, str(changes.get("origin", ORIGIN)))
    with pytest.raises(EnrolmentRefused, match="for the log") as refusal:
        read_enrolment(good, "other.example/log")
    assert refusal.value.fault is Fault.ISSUER


@pytest.mark.parametrize("key", SMALL, ids=["zero", "one", "order 2"])
def test_keys_of_small_order_are_refused(key: bytes) -> None:
    """Under such a key anybody signs anything."""
    body = asked(key).body()
    with pytest.raises(EnrolmentRefused, match="large order"):
        read_enrolment(enclose(body, {key: bytes(64)}), ORIGIN)


def test_a_torsioned_key_is_refused_though_its_signature_is_good(alliance: Alliance) -> None:
    """Strict verifiers accept what it signed here; others would not. It is refused for the key, at every desk."""
    signer = TorsionedSigner()
    body = asked(signer.public_key).body()
    message = message_for(body)
    signature = signer.sign(message)
    ed25519.verify(ed25519.load_public_key(signer.public_key), signature, message)
    request = enclose(body, {signer.public_key: signature})
    with pytest.raises(EnrolmentRefused, match="prime-order"):
        read_enrolment(request, ORIGIN)
    with pytest.raises(EnrolmentRefused, match="prime-order"):
        ceremony.approve(alliance.base, [request], 10, alliance.now)


def test_a_known_key_and_a_hint_in_use_are_refused() -> None:
    """Key squatting: another's key under one's own name, or a key made to collide with its four-byte hint."""
    first, second = map(seeded, SAME_HINT)
    assert key_hint(first.public_key) == key_hint(second.public_key)
    check_unused(asked(first.public_key), [seeded(3).public_key])
    with pytest.raises(EnrolmentRefused, match="known already"):
        check_unused(asked(first.public_key), [first.public_key])
    with pytest.raises(EnrolmentRefused, match="hint is in use"):
        check_unused(asked(second.public_key), [first.public_key])


def test_a_hint_in_use_is_refused_by_those_who_sign(alliance: Alliance) -> None:
    """In another province's keys, or in the same handover: no officer is left to notice it alone."""
    first, second = map(seeded, SAME_HINT)
    requests = [alliance.request(first, "31"), alliance.request(second, "37")]
    with pytest.raises(EnrolmentRefused, match="hint is in use"):
        ceremony.approve(alliance.base, requests, 10, alliance.now)
    alliance.publish(ceremony.approve(alliance.base, requests[:1], 10, alliance.now))
    with pytest.raises(EnrolmentRefused, match="hint is in use"):
        ceremony.approve(alliance.base, requests[1:], 10, alliance.now)


def test_anothers_key_under_ones_own_name_is_refused(alliance: Alliance) -> None:
    """Whoever holds a key of a role, or one that is delegated already, cannot have it delegated again."""
    signer = alliance.approve("31")
    with pytest.raises(BadTrustData, match="belongs to two issuers"):
        ceremony.approve(alliance.base, [alliance.request(signer, "37")], 10, alliance.now)
    private = alliance.holders["31-issuers"][0]._private_key
    assert isinstance(private, Ed25519PrivateKey)
    officer = KeySigner(private)
    with pytest.raises(EnrolmentRefused, match="known already"):
        ceremony.approve(alliance.base, [alliance.request(officer, "31")], 10, alliance.now)


@pytest.mark.parametrize(
    "changes",
    [
        {"province": "3"}, {"province": "031"}, {"province": "../31"}, {"province": "٣١"},
        {"province": NATIONAL}, {"issuer": "htx-mat-ong"}, {"issuer": "*"}, {"issuer": "a/b"},
    ],
)  # fmt: skip
def test_hostile_names_in_a_request_are_refused(changes: dict[str, object]) -> None:
    """Provinces and issuers become paths: only two digits, only opaque ids; a producer belongs to a province."""
    signer = seeded(1)
    body = asked(signer.public_key, **changes).body()
    with pytest.raises(EnrolmentRefused):
        read_enrolment(enclose(body, {signer.public_key: signer.sign(message_for(body))}), ORIGIN)


def test_a_request_is_no_entry_of_the_log_and_no_entry_is_a_request() -> None:
    """Its type is its own: a notice that the key signed is not taken for the wish to be enrolled."""
    signer = seeded(1)
    body = asked(signer.public_key).body() | {"type": "notice"}
    with pytest.raises(EnrolmentRefused):
        read_enrolment(enclose(body, {signer.public_key: signer.sign(message_for(body))}), ORIGIN)
    assert instant(NOW + dt.timedelta(0)) in str(asked(signer.public_key).body())
