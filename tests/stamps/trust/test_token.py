"""Holders' keys on a token (PKCS#11), proved on SoftHSM: ECDSA P-256 and Ed25519 sign a founding side by side."""

from collections.abc import Iterator

import pytest

from temthat_stamps.errors import CustodyError
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.rolekeys import KeyCard
from temthat_stamps.trust.token import TokenPlace, TokenSigner, new_token_key

from ..softhsm import MODULE, PIN, needs_softhsm, tokens
from .conftest import Alliance

pytest.importorskip("pkcs11", reason="python-pkcs11 (the extra “token”) is not installed")

pytestmark = needs_softhsm


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A token of this module alone."""
    with tokens(tmp_path_factory.mktemp("softhsm-roles"), "roles"):
        yield "roles"


def signer(token: str, label: str, *, ed25519: bool) -> TokenSigner:
    """A new key on the token."""
    place = TokenPlace(MODULE, token, label)
    new_token_key(place, PIN, ed25519=ed25519)
    return TokenSigner(place, lambda: PIN)


def test_tokens_of_both_kinds_found_a_system(token: str, unfounded: Alliance) -> None:
    """Root's holders: one ECDSA P-256 token, one Ed25519 token, one key file. The tokens' two signatures suffice."""
    p256, edwards = signer(token, "p256", ed25519=False), signer(token, "edwards", ed25519=True)
    assert (p256.public_key.keytype, p256.public_key.scheme) == ("ecdsa", "ecdsa-sha2-nistp256")
    cards = [
        *(KeyCard.parse(KeyCard.make("root", f"Token {n}", s)) for n, s in enumerate((p256, edwards))),
        unfounded.card("root", unfounded.holders["root"][2]),
        *unfounded.cards("targets", "31-issuers"),
    ]
    made = ceremony.found(cards, unfounded.operator_card(), unfounded.now)
    for holder in (p256, edwards, *unfounded.holders["targets"][:2], *unfounded.holders["31-issuers"][:2]):
        made, _ = made.sign(holder)
    unfounded.repository.publish(made, unfounded.online, unfounded.now)
    assert p256.public_key.keyid in unfounded.base.root.roles["root"].keyids


def test_a_wrong_pin_or_label_is_told(token: str) -> None:
    """In words, before the token locks; a label in use is never overwritten."""
    signer(token, "told", ed25519=False)
    place = TokenPlace(MODULE, token, "told")
    with pytest.raises(CustodyError, match="PIN is wrong"):
        TokenSigner(place, lambda: "0000").sign(b"x")
    with pytest.raises(CustodyError, match="already"):
        new_token_key(place, PIN, ed25519=False)
    with pytest.raises(CustodyError, match="no key"):
        TokenSigner(TokenPlace(MODULE, token, "nothing"), lambda: PIN)
    with pytest.raises(CustodyError, match="no token"):
        TokenSigner(TokenPlace(MODULE, "nowhere", "told"), lambda: PIN)
