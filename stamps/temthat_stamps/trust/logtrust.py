"""`log.json`: the log, its witnesses and its operator, as the national alliance vouches for them."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Self

import rfc8785

from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import Fields
from temthat_stamps.trust.errors import bad

LOG_TARGET = "log.json"
_VKEY = re.compile(r"[^\s+]{1,200}\+[0-9a-f]{8}\+[0-9A-Za-z+/]{40,200}={0,2}")
_MOST = 64


@dataclass(frozen=True, slots=True)
class LogTrust:
    """Where statements are logged and who must have seen them.

    `log_key` and `witnesses` are verifier keys as C2SP signed-note writes them (name+hash+base64); at least `quorum`
    of the witnesses must have cosigned. `operator` are raw Ed25519 keys, newest first; `hosts` those whose stamps are
    ours.
    """

    origin: str
    log_key: str
    witnesses: tuple[str, ...]
    quorum: int
    operator: tuple[bytes, ...]
    hosts: tuple[str, ...]

    def format(self) -> bytes:
        """The file's bytes (RFC 8785)."""
        return rfc8785.dumps(
            {
                "v": 1,
                "origin": self.origin,
                "log_key": self.log_key,
                "witnesses": list(self.witnesses),
                "quorum": self.quorum,
                "operator": [base64.b64encode(key).decode() for key in self.operator],
                "hosts": list(self.hosts),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file. Raises `BadTrustData`. Members it does not know are ignored: a later version may say more."""
        try:
            body = {"v": None} | json.loads(data.decode())
            f = Fields(body)
            f.equal("v", 1)
            trust = cls(
                origin=f.text("origin"),
                log_key=_vkey(f.text("log_key", 500)),
                witnesses=tuple(_vkey(text) for text in _texts(body, "witnesses")),
                quorum=f.count("quorum", 0, _MOST),
                operator=tuple(_raw_key(text) for text in _texts(body, "operator")),
                hosts=_texts(body, "hosts"),
            )
        except (TypeError, ValueError, RecursionError, BadStatement) as error:
            raise bad(f"{LOG_TARGET} sai: {error}", f"{LOG_TARGET}: {error}") from error
        if trust.quorum > len(set(trust.witnesses)) or not trust.operator:
            raise bad(
                f"{LOG_TARGET} đòi nhiều bên chứng kiến hơn số đã kể, hoặc không có khóa nhà vận hành",
                f"{LOG_TARGET} asks for more witnesses than it names, or names no operator",
            )
        return trust


def _texts(body: dict[str, object], name: str) -> tuple[str, ...]:
    values = body.get(name)
    if not isinstance(values, list) or len(values) > _MOST or not all(isinstance(v, str) for v in values):
        raise BadStatement(f"member “{name}” is not a list of at most {_MOST} texts")
    return tuple(values)


def _vkey(text: str) -> str:
    if _VKEY.fullmatch(text) is None:
        raise BadStatement("a verifier key is written name+hash+base64")
    return text


def _raw_key(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != 32:
        raise BadStatement("an operator key is 32 bytes in base64")
    return raw
