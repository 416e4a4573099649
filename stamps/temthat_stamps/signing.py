"""Signing stamps and verifying them: Ed25519(b"temthat stamp v1\\n" | header)."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from temthat_stamps import ed25519
from temthat_stamps.code import RUN_MAX, SERIAL_MAX, Code, Header, encode
from temthat_stamps.errors import BadSignature
from temthat_stamps.keys import key_hint, public_bytes
from temthat_stamps.number import MAC_BITS, Number

CONTEXT = b"temthat stamp v1\n"
PIN_CONTEXT = b"temthat pin v1\n"
NUMBER_CONTEXT = b"temthat number v1\n"
KEYS_PER_HINT = 16
"""How many keys with one hint are tried at most; enrolment refuses a hint in use, so two is already odd."""


def sign_serials(
    private_key: Ed25519PrivateKey, run: int, serials: Iterable[int]
) -> Iterator[tuple[int, bytes, bytes]]:
    """(serial, header, signature) for each serial of a run; the hot loop of a print job."""
    if not 1 <= run <= RUN_MAX:
        raise ValueError(f"no such run: {run}")
    prefix = Header(key_hint(public_bytes(private_key)), run, 1).to_bytes()[:9]
    sign = private_key.sign
    for serial in serials:
        if not 1 <= serial <= SERIAL_MAX:
            raise ValueError(f"no such serial: {serial}")
        header = prefix + serial.to_bytes(3)
        yield serial, header, sign(CONTEXT + header)


def sign_code(private_key: Ed25519PrivateKey, run: int, serial: int) -> str:
    """One stamp's 122 characters."""
    [(_, header, signature)] = sign_serials(private_key, run, [serial])
    return encode(header, signature)


def verify(code: Code, public_keys: Sequence[bytes]) -> bytes:
    """The raw public key, of those given (all with the code's hint), that signed. Raises `BadSignature`."""
    message = CONTEXT + code.header.to_bytes()
    for raw in public_keys[:KEYS_PER_HINT]:
        try:
            ed25519.verify(_load(raw), code.signature, message)
        except BadSignature:
            continue
        return raw
    raise BadSignature("no key with this hint made the signature")


class RunSecrets:
    """What is derived from a run's secret: the numbers' MAC key and, if the run has PINs, the PIN key."""

    def __init__(self, secret: bytes) -> None:
        self._mac_key = HKDF(SHA256(), 32, None, b"temthat number key v1").derive(secret)
        self._pin_key = HKDF(SHA256(), 32, None, b"temthat pin key v1").derive(secret)

    def number(self, header: Header) -> Number:
        """The printed number of a stamp."""
        mac = int.from_bytes(_hmac(self._mac_key, NUMBER_CONTEXT + header.to_bytes())[:4]) >> 32 - MAC_BITS
        return Number(header.run, header.serial, mac)

    def pin(self, header: Header) -> str:
        """The six digits under the scratch layer."""
        digest = _hmac(self._pin_key, PIN_CONTEXT + header.to_bytes())
        return f"{int.from_bytes(digest[:8]) % 10**6:06d}"


def _hmac(key: bytes, message: bytes) -> bytes:
    mac = HMAC(key, SHA256())
    mac.update(message)
    return mac.finalize()


class KeyRing:
    """Public stamp keys by hint. The hint only finds candidates: every one of them is tried."""

    def __init__(self, public_keys: Iterable[bytes]) -> None:
        rings: dict[bytes, list[bytes]] = {}
        for raw in public_keys:
            rings.setdefault(key_hint(raw), []).append(raw)
        self._by_hint = rings

    def find(self, code: Code) -> bytes:
        """The raw public key that signed. Raises `KeyError` for an unknown hint, `BadSignature` if none fits."""
        return verify(code, self._by_hint[code.header.hint])


@lru_cache(maxsize=4096)
def _load(raw: bytes) -> Ed25519PublicKey:
    return ed25519.load_public_key(raw)
