"""A key on a token or card (PKCS#11): made there, used there, never outside it.

Ed25519 by CKM_EDDSA. Needs the extra `token` and the maker's module, a shared library such as
/usr/lib/softhsm/libsofthsm2.so. A module can be loaded once a process.
"""

import contextlib
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import pkcs11
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11 import exceptions as on_token

from temthat_stamps import ed25519
from temthat_stamps.errors import BadSignature, CustodyError, Fault

_CURVES = (b"\x06\x03\x2b\x65\x70", b"\x13\x0cedwards25519")
"""Ed25519 as tokens want it named: RFC 8410's object identifier, or the name of PKCS#11 v3.0."""

_TRIAL = b"temthat token trial"


class TokenSigner:
    """Implements `Signer` with one key pair of a token, found by its label.

    Closing the first of several signers of one token logs the others out. Raises `CustodyError` in words: no such
    module, token or key, a wrong PIN, a token pulled out.
    """

    def __init__(self, module: str, token: str, label: str, pin: str) -> None:
        self._lock = threading.Lock()
        with _in_words(token, label):
            self._session = _open(module, token, pin)
            try:
                self.public_key = _raw_point(
                    self._session.get_key(object_class=ObjectClass.PUBLIC_KEY, label=label)
                )
                self._key: Any = self._session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=label)
            except BaseException:
                self._session.close()
                raise
        self._token, self._label = token, label
        self._try()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature, made on the token. Raises `CustodyError`."""
        with self._lock, _in_words(self._token, self._label):
            return bytes(self._key.sign(message, mechanism=Mechanism.EDDSA))

    def close(self) -> None:
        """Log out and let go of the token."""
        with contextlib.suppress(pkcs11.PKCS11Error):
            self._session.close()

    def _try(self) -> None:
        """A signature that our own verifier does not take must not be found out by a scanner."""
        try:
            ed25519.verify(ed25519.load_public_key(self.public_key), self.sign(_TRIAL), _TRIAL)
        except BadSignature as error:
            self.close()
            raise _cannot(self._token) from error
        except CustodyError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def make_token_key(module: str, token: str, label: str, pin: str) -> bytes:
    """Make a key pair on the token that never leaves it; its raw public key. Raises `CustodyError`."""
    with _in_words(token, label), contextlib.closing(_open(module, token, pin, writing=True)) as session:
        if any(True for _ in session.get_objects({Attribute.LABEL: label})):
            raise CustodyError(
                Fault.ISSUER,
                f"Trên token “{token}” đã có khóa tên “{label}”; không ghi đè. Hãy chọn tên khác.",
                f"The token “{token}” has a key “{label}” already, which is left as it is. Choose another label.",
            )
        return _generate(session, label)


def _generate(session: Any, label: str) -> bytes:
    for last, curve in enumerate(_CURVES, 1 - len(_CURVES)):
        try:
            parameters = session.create_domain_parameters(
                KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: curve}, local=True
            )
            public, _ = parameters.generate_keypair(
                mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=label,
                private_template={Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False},
            )  # fmt: skip
        except (
            on_token.AttributeValueInvalid,
            on_token.DomainParamsInvalid,
            on_token.TemplateInconsistent,
        ):
            if last == 0:
                raise
        else:
            return _raw_point(public)
    raise AssertionError("one of the names was tried last")


def _open(module: str, token: str, pin: str, *, writing: bool = False) -> Any:
    found = pkcs11.lib(module).get_token(token_label=token)
    try:
        return found.open(rw=writing, user_pin=pin)
    except on_token.UserAlreadyLoggedIn:
        # Being logged in is the process's, not the session's: a second signer of this token joins the first.
        return found.open(rw=writing)


def _raw_point(public: Any) -> bytes:
    """CKA_EC_POINT: 32 bytes, by most tokens in a DER octet string."""
    point = bytes(public[Attribute.EC_POINT])
    return point[2:] if point.startswith(b"\x04\x20") and len(point) == 34 else point


@contextlib.contextmanager
def _in_words(token: str, label: str) -> Iterator[None]:
    """What a token says, for people. The PIN is in none of it."""
    try:
        yield
    except (on_token.PinIncorrect, on_token.PinInvalid, on_token.PinLenRange) as error:
        raise CustodyError(
            Fault.ISSUER,
            f"PIN của token “{token}” không đúng. Nhập lại; sai nhiều lần token sẽ khóa.",
            f"The PIN of the token “{token}” is wrong. Try again; the token locks after some wrong ones.",
        ) from error
    except on_token.PinLocked as error:
        raise CustodyError(
            Fault.ISSUER,
            f"Token “{token}” đã khóa vì nhập sai PIN nhiều lần. Mở khóa bằng PIN quản trị (SO) của token.",
            f"The token “{token}” is locked after wrong PINs. Unlock it with its security officer's PIN.",
        ) from error
    except on_token.NoSuchKey as error:
        raise CustodyError(
            Fault.ISSUER,
            f"Token “{token}” không có khóa tên “{label}”. Kiểm tra lại tên khóa, hoặc cắm đúng token.",
            f"The token “{token}” has no key “{label}”. Check the label, or plug in the right token.",
        ) from error
    except on_token.MechanismInvalid as error:
        raise _cannot(token) from error
    except (pkcs11.PKCS11Error, RuntimeError) as error:
        raise CustodyError(
            Fault.ISSUER,
            f"Không dùng được token “{token}” ({type(error).__name__}). Cắm lại token, kiểm tra thư viện PKCS#11, "
            "rồi thử lại.",
            f"The token “{token}” cannot be used ({type(error).__name__}). Plug it in again, check the PKCS#11 module, "
            "then try again.",
        ) from error


def _cannot(token: str) -> CustodyError:
    return CustodyError(
        Fault.ISSUER,
        f"Token “{token}” không ký được Ed25519. Dùng token khác có hỗ trợ, hoặc giữ khóa trong tệp có mật khẩu.",
        f"The token “{token}” cannot sign Ed25519. Use one that can, or keep the key in a file with a pass phrase.",
    )
