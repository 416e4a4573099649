"""A private key in a file under a pass phrase: how a cooperative without a token keeps its own keys.

JSON with the public key in clear and the private one sealed: scrypt from the pass phrase, then AES-256-GCM bound to
what the file says in clear. Pure: bytes in, bytes out.
"""

import base64
import binascii
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from temthat_stamps.errors import BadStatement, CustodyError, Fault, SealBroken
from temthat_stamps.fields import Fields
from temthat_stamps.keys import public_bytes
from temthat_stamps.sealing import Sealer

PASSPHRASE_LEAST = 12
"""Fewest characters of a pass phrase: a copied file can be guessed at for years."""
WORK = 2**17
"""scrypt's cost: 128 MB and about half a second for each guess."""
_WORK_MOST = 2**20
_FILE_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class OpenedKey:
    """A key file's private key and what the file says of it in clear, which is authenticated."""

    key: Ed25519PrivateKey
    about: Mapping[str, str]


def seal_key(key: Ed25519PrivateKey, about: Mapping[str, str], passphrase: str, work: int = WORK) -> bytes:
    """The file's bytes. `about` says in clear what the key is for. Raises `CustodyError` for a short pass phrase."""
    if len(passphrase) < PASSPHRASE_LEAST:
        raise CustodyError(
            Fault.ISSUER,
            f"Mật khẩu cần ít nhất {PASSPHRASE_LEAST} ký tự. Nên dùng năm, sáu từ không liên quan nhau.",
            f"A pass phrase has at least {PASSPHRASE_LEAST} characters. Five or six unrelated words are good.",
        )
    salt, told = os.urandom(16), dict(about) | {"public_key": public_bytes(key).hex()}
    sealed = _sealer(passphrase, salt, work).seal(_purpose(told), key.private_bytes_raw())
    body = {
        "v": 1,
        "about": told,
        "scrypt": {"n": work, "salt": base64.b64encode(salt).decode()},
        "sealed": base64.b64encode(sealed).decode(),
    }
    return json.dumps(body, indent=1, ensure_ascii=False).encode()


def open_key(data: bytes, passphrase: str) -> OpenedKey:
    """The key again. Raises `CustodyError`: a wrong pass phrase, an altered file, or none of ours."""
    try:
        body = _load(data)
        kdf, about = Fields(body).record("scrypt"), _about(body)
        work, salt = kdf.count("n", 2, _WORK_MOST), kdf.raw("salt", 16)
        sealed = base64.b64decode(Fields(body).text("sealed"), validate=True)
        sealer = _sealer(passphrase, salt, work)
    except (ValueError, binascii.Error, BadStatement) as error:
        raise _no_key_file() from error
    try:
        raw = sealer.open(_purpose(about), sealed)
    except SealBroken as error:
        raise CustodyError(
            Fault.ISSUER,
            "Mật khẩu không mở được tệp khóa này. Gõ lại; nếu tệp đã bị sửa thì lấy bản sao lưu.",
            "The pass phrase does not open this key file. Type it again; if the file was altered, take its backup.",
        ) from error
    return OpenedKey(Ed25519PrivateKey.from_private_bytes(raw), about)


def read_about(data: bytes) -> dict[str, str]:
    """What a key file says in clear, proved by nothing until it is opened. Raises `CustodyError`."""
    try:
        return _about(_load(data))
    except (ValueError, BadStatement) as error:
        raise _no_key_file() from error


def _load(data: bytes) -> dict[str, object]:
    try:
        body = json.loads(data[:_FILE_LIMIT].decode())
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(body, dict):
        raise ValueError("no JSON object")  # noqa: TRY004
    return body


def _about(body: Mapping[str, object]) -> dict[str, str]:
    about = Fields(body).mapping("about")
    if not all(isinstance(value, str) for value in about.values()):
        raise BadStatement("member “about” has something else than texts")
    return about


def _purpose(about: Mapping[str, str]) -> str:
    return "own key v1:" + json.dumps(about, sort_keys=True)


def _sealer(passphrase: str, salt: bytes, work: int) -> Sealer:
    # The same letters may be typed composed or decomposed, depending on the keyboard.
    text = unicodedata.normalize("NFC", passphrase)
    return Sealer(Scrypt(salt, 32, work, 8, 1).derive(text.encode()))


def _no_key_file() -> CustodyError:
    return CustodyError(
        Fault.ISSUER,
        "Tệp này không phải tệp khóa của TemThật, hoặc đã hỏng. Lấy lại từ bản sao lưu.",
        "This is no key file of TemThật, or it is damaged. Take it from the backup.",
    )
