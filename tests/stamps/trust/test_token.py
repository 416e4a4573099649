"""Holders' keys on a token, proved on SoftHSM: Ed25519 and ECDSA P-256 sign cards and trust files as TUF takes them."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature
from tuf.api.metadata import Metadata, Root

from temthat_stamps.errors import CustodyError
from temthat_stamps.trust.rolekeys import KeyCard

pytest.importorskip("pkcs11", reason="python-pkcs11 (the extra “token”) is not installed")
from temthat_stamps.trust.token import TokenPlace, TokenSigner, new_token_key

PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
MODULE = next((place for place in PLACES if Path(place).exists()), "")
PIN = "604817"

pytestmark = [
    pytest.mark.skipif(
        not MODULE or shutil.which("softhsm2-util") is None,
        reason="SoftHSM (Debian: softhsm2) is not installed here",
    ),
    # SoftHSM reads its folder once a process: who used it before in this one has the say where tokens lie.
    pytest.mark.xdist_group("softhsm-trust"),
]


@pytest.fixture(scope="module")
def holder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The label of a token of this module alone, in whatever folder this process's SoftHSM uses."""
    home = tmp_path_factory.mktemp("softhsm-trust")
    (home / "tokens").mkdir()
    (home / "softhsm2.conf").write_text(
        f"directories.tokendir = {home / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n"
    )
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(home / "softhsm2.conf")
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "holder", "--pin", PIN, "--so-pin", "5678"],
        check=True,
        capture_output=True,
    )
    import pkcs11

    pkcs11.lib(MODULE).reinitialize()
    yield "holder"
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture(scope="module", params=["ed25519", "ecdsa"])
def place(request: pytest.FixtureRequest, holder: str) -> TokenPlace:
    """A key of each kind."""
    made = TokenPlace(MODULE, holder, request.param)
    new_token_key(made, PIN, ed25519=request.param == "ed25519")
    return made


def test_a_tokens_signature_is_one_that_tuf_takes(place: TokenPlace) -> None:
    """A root file signed on the token verifies by `tuf` itself; the same signature on another file does not."""
    signer = TokenSigner(place, lambda: PIN)
    assert signer.public_key.keytype == place.key
    root = Root()
    root.add_key(signer.public_key, "root")
    signed = Metadata(root)
    signature = signed.sign(signer)
    root.verify_delegate("root", signed.signed_bytes, signed.signatures)
    assert signature.keyid == signer.public_key.keyid
    root.version = 2
    with pytest.raises(UnverifiedSignatureError):
        signer.public_key.verify_signature(
            Signature(signature.keyid, signature.signature), signed.signed_bytes
        )


def test_a_card_made_on_the_token_is_read(place: TokenPlace) -> None:
    """The card for the founding ceremony, signed by the key it names."""
    card = KeyCard.parse(KeyCard.make("root", "Chủ tịch Liên minh", TokenSigner(place, lambda: PIN)))
    assert (card.role, card.key.keytype) == ("root", place.key)


def test_a_label_in_use_is_left_alone(place: TokenPlace) -> None:
    """The key that signs already stays the one it was."""
    before = TokenSigner(place, lambda: PIN).public_key
    with pytest.raises(CustodyError, match="already"):
        new_token_key(place, PIN)
    assert TokenSigner(place, lambda: PIN).public_key == before


@pytest.mark.parametrize(
    ("token", "label", "pin", "says"),
    [
        ("holder", "ecdsa", "000000", "mã PIN không đúng"),
        ("holder", "ecdsa", "", "mã PIN không đúng"),
        ("holder", "nobody", PIN, "token không có khóa “nobody”"),
        ("nowhere", "ecdsa", PIN, "không thấy token “nowhere”"),
    ],
)
def test_a_mishap_is_said_in_words(place: TokenPlace, token: str, label: str, pin: str, says: str) -> None:
    """Wrong PIN, no such key, no such token: what to do, and no PIN in it."""
    with pytest.raises(CustodyError) as refusal:
        TokenSigner(TokenPlace(MODULE, token, label.replace("ecdsa", place.key)), lambda: pin).sign(b"x")
    assert says in refusal.value.vi
    assert "Cắm lại token" in refusal.value.vi
    assert not pin or pin not in refusal.value.vi + refusal.value.en


def test_a_missing_module_is_said_in_words() -> None:
    """The path of the library is wrong."""
    with pytest.raises(CustodyError, match="Plug it in again"):
        TokenSigner(TokenPlace("/nonexistent/module.so", "holder", "x"), lambda: PIN)
