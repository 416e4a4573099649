"""`log.json`: the log, its witnesses and its operator, as the national alliance vouches for them."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Self

import rfc8785

from temthat_stamps.errors import BadStatement, TrustError
from temthat_stamps.fields import Fields
from temthat_stamps.log.policy import Policy
from temthat_stamps.trust.errors import bad

LOG_TARGET = "log.json"
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

    def policy(self) -> Policy:
        """Whose signatures a checkpoint of this log needs."""
        return Policy.parse(self.origin, self.log_key, self.witnesses, self.quorum)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file. Raises `BadTrustData`. Members it does not know are ignored: a later version may say more."""
        try:
            body = {"v": None} | json.loads(data.decode())
            f = Fields(body)
            f.equal("v", 1)
            trust = cls(
                origin=f.text("origin"),
                log_key=f.text("log_key", 500),
                witnesses=_texts(body, "witnesses"),
                quorum=f.count("quorum", 0, _MOST),
                operator=tuple(_raw_key(text) for text in _texts(body, "operator")),
                hosts=_texts(body, "hosts"),
            )
            trust.policy()
        except (TypeError, ValueError, RecursionError, BadStatement, TrustError) as error:
            raise bad(f"{LOG_TARGET} sai: {error}", f"{LOG_TARGET}: {error}") from error
        if not trust.operator:
            raise bad(f"{LOG_TARGET} không có khóa nhà vận hành", f"{LOG_TARGET} names no operator key")
        return trust


def _texts(body: dict[str, object], name: str) -> tuple[str, ...]:
    values = body.get(name)
    if not isinstance(values, list) or len(values) > _MOST or not all(isinstance(v, str) for v in values):
        raise BadStatement(f"member “{name}” is not a list of at most {_MOST} texts")
    return tuple(values)


def _raw_key(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    if len(raw) != 32:
        raise BadStatement("an operator key is 32 bytes in base64")
    return raw
