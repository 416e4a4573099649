"""The request to delegate to an issuer key: a statement the key itself signs, so that nobody enrols another's key.

It names the issuer and the log, so that it cannot be replayed for another issuer or another system. It is no entry of
the log: its type is none the log takes.
"""

import base64
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from temthat_stamps.errors import BadKey, BadStatement, Fault
from temthat_stamps.fields import Fields, instant
from temthat_stamps.keys import check_enrolment, key_hint, key_id
from temthat_stamps.manifest import Custody
from temthat_stamps.signer import Signer
from temthat_stamps.statement import message_of, sign_statement, verify_statement
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.trust.errors import EnrolmentRefused
from temthat_stamps.trust.roles import NATIONAL, is_province

TYPE = "enrolment"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an issuer asks for: that this key may speak in its name. `province` is two digits, or `NATIONAL`."""

    origin: str
    issuer: str
    kind: IssuerKind
    province: str
    public_key: bytes
    custody: Custody
    at: dt.datetime

    @property
    def key_id(self) -> str:
        """SHA-256 of the public key, hex."""
        return key_id(self.public_key)

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return {
            "v": 1,
            "type": TYPE,
            "origin": self.origin,
            "issuer": self.issuer,
            "kind": self.kind.value,
            "province": self.province,
            "public_key": base64.b64encode(self.public_key).decode(),
            "custody": self.custody.value,
            "at": instant(self.at),
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        f.equal("v", 1)
        f.equal("type", TYPE)
        return cls(
            f.text("origin"), f.identity("issuer"), f.word("kind", IssuerKind), f.text("province"),
            f.raw("public_key", 32), f.word("custody", Custody), f.instant("at"),
        )  # fmt: skip


def sign_enrolment(enrolment: Enrolment, signer: Signer) -> bytes:
    """The request's bytes, signed by the key it speaks of. Raises `EnrolmentRefused` for any other signer."""
    if signer.public_key != enrolment.public_key:
        raise _refused("yêu cầu phải do chính khóa đó ký", "a request is signed by the very key it names")
    return sign_statement(enrolment.body(), signer)


def read_enrolment(data: bytes, origin: str) -> Enrolment:
    """What a request asks, once its own key has signed it and the key is fit. Raises `EnrolmentRefused`."""
    try:
        enrolment = Enrolment.parse(message_of(data)[0])
        check_enrolment(enrolment.public_key)
        verify_statement(data, {enrolment.key_id: enrolment.public_key})
    except (BadStatement, BadKey) as error:
        raise _refused(f"yêu cầu không hợp lệ ({error})", str(error)) from error
    if enrolment.origin != origin:
        raise _refused(
            f"yêu cầu dành cho sổ “{enrolment.origin}”, không phải “{origin}”",
            f"the request is for the log “{enrolment.origin}”, not “{origin}”",
        )
    national = enrolment.province == NATIONAL
    if not (national or is_province(enrolment.province)) or (
        national and enrolment.kind is IssuerKind.PRODUCER
    ):
        raise _refused("mã tỉnh không đúng", f"there is no province “{enrolment.province}” for it")
    return enrolment


def check_unused(enrolment: Enrolment, known: Iterable[bytes]) -> None:
    """Raise `EnrolmentRefused` if the key, or its four-byte hint, is among the raw public keys known already."""
    hint = key_hint(enrolment.public_key)
    for key in known:
        if key == enrolment.public_key:
            raise _refused("khóa này đã được đăng ký", "this key is known already")
        if key_hint(key) == hint:
            raise _refused(
                "bốn byte đầu của khóa này đã có khóa khác dùng", "its hint is in use by another key"
            )


def _refused(vi: str, en: str) -> EnrolmentRefused:
    return EnrolmentRefused(
        Fault.ISSUER,
        f"Không nhận yêu cầu giao quyền: {vi}. Hãy tạo khóa mới và gửi lại yêu cầu.",
        f"The enrolment is refused: {en}. Make a new key and send a new request.",
    )
