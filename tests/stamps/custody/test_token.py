"""Keys on a token, proved on SoftHSM: Ed25519 made and used there, and every mishap in words without the PIN."""

import shutil
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from temthat_stamps import ed25519
from temthat_stamps.errors import CustodyError, Fault
from temthat_stamps.keys import key_id
from temthat_stamps.signer import KeySigner, Signer
from temthat_stamps.statement import sign_statement, verify_statement

pytest.importorskip("pkcs11", reason="python-pkcs11 (the extra “token”) is not installed")
from temthat_stamps.custody.token import TokenSigner, make_token_key

from ..softhsm import MODULE, PIN, needs_softhsm, read_anew, tokens

pytestmark = needs_softhsm


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Three tokens of this module alone."""
    with tokens(tmp_path_factory.mktemp("softhsm"), "coop", "other", "pulled") as folder:
        yield folder


@pytest.fixture(scope="module")
def public_key(folder: Path) -> bytes:
    return make_token_key(MODULE, "coop", "issuer", PIN)


def test_a_key_made_on_the_token_signs_what_verifiers_take(public_key: bytes) -> None:
    """Statements signed on the token verify under the public key it gave; Ed25519 gives the same bytes twice."""
    with TokenSigner(MODULE, "coop", "issuer", PIN) as signer:
        assert signer.public_key == public_key
        body = {"v": 1, "type": "notice", "origin": "tem.example.vn/log"}
        envelope = sign_statement(body, signer)
        assert verify_statement(envelope, {key_id(public_key): public_key}).body == body
        assert signer.sign(b"once") == signer.sign(b"once")
        ed25519.verify(ed25519.load_public_key(public_key), signer.sign(b""), b"")


def test_the_token_is_a_signer_like_any_other(public_key: bytes) -> None:
    """Whoever asks for a `Signer` takes one in memory and one on a token alike."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    with TokenSigner(MODULE, "coop", "issuer", PIN) as token:
        signers: list[Signer] = [KeySigner(Ed25519PrivateKey.generate()), token]
        assert [len(signer.sign(b"message")) for signer in signers] == [64, 64]


def test_the_private_key_never_leaves_the_token(public_key: bytes) -> None:
    """It is sensitive and not extractable: whoever has the PIN can use it, not copy it."""
    import pkcs11

    with pkcs11.lib(MODULE).get_token(token_label="coop").open(user_pin=PIN) as session:
        key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label="issuer")
        assert key[pkcs11.Attribute.SENSITIVE] is True
        assert key[pkcs11.Attribute.EXTRACTABLE] is False
        with pytest.raises(pkcs11.AttributeSensitive):
            key[pkcs11.Attribute.VALUE]


def test_two_keys_of_one_token_are_used_side_by_side(public_key: bytes) -> None:
    """An old and a new issuer key, while the new one is not yet approved."""
    second = make_token_key(MODULE, "coop", "issuer-2027", PIN)
    assert second != public_key
    with (
        TokenSigner(MODULE, "coop", "issuer", PIN) as old,
        TokenSigner(MODULE, "coop", "issuer-2027", PIN) as new,
    ):
        assert (old.public_key, new.public_key) == (public_key, second)
        assert old.sign(b"x") != new.sign(b"x")


def test_a_label_in_use_is_never_overwritten(public_key: bytes) -> None:
    """A second key of one name would leave it to chance which one signs."""
    with pytest.raises(CustodyError, match="already"):
        make_token_key(MODULE, "coop", "issuer", PIN)
    with TokenSigner(MODULE, "coop", "issuer", PIN) as signer:
        assert signer.public_key == public_key


@pytest.mark.parametrize(
    ("module", "token", "label", "pin", "says"),
    [
        (MODULE, "coop", "issuer", "000000", "PIN của token “coop” không đúng"),
        (MODULE, "coop", "issuer", "", "PIN của token “coop” không đúng"),
        (MODULE, "coop", "nobody", PIN, "không có khóa tên “nobody”"),
        (MODULE, "nowhere", "issuer", PIN, "Cắm lại token"),
        ("/nonexistent/module.so", "coop", "issuer", PIN, "kiểm tra thư viện PKCS#11"),
    ],
)
def test_a_mishap_is_said_in_words_and_without_the_pin(
    public_key: bytes, module: str, token: str, label: str, pin: str, says: str
) -> None:
    """It is the issuer's affair, the text says what to do, and no PIN stands in text or traceback."""
    with pytest.raises(CustodyError) as refusal:
        TokenSigner(module, token, label, pin)
    assert refusal.value.fault is Fault.ISSUER
    assert says in refusal.value.vi
    told = "".join(traceback.format_exception(refusal.value)) + refusal.value.vi + refusal.value.en
    assert not pin or pin not in told.replace("0000000", "")


def test_a_token_pulled_out_is_noticed(folder: Path) -> None:
    """Between two signatures the token goes away: a refusal in words, and no signature."""
    before = set(folder.iterdir())
    make_token_key(MODULE, "pulled", "issuer", PIN)
    with TokenSigner(MODULE, "pulled", "issuer", PIN) as signer:
        signer.sign(b"message")
        for token in before:
            if any(b"pulled" in part.read_bytes() for part in token.glob("token.object")):
                shutil.rmtree(token)
        with pytest.raises(CustodyError, match="Plug it in again"):
            signer.sign(b"message")
    read_anew()  # a gap in the folder disturbs the other tokens too
