"""Hosted custody by way of a signer process: the same `Custody`, asked over its Unix socket."""

import datetime as dt
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from temthat_stamps import ed25519
from temthat_stamps.code import SIGNATURE_SIZE, Header
from temthat_stamps.custody.errors import SignerUnreachable
from temthat_stamps.custody.interface import Wrapped
from temthat_stamps.custody.wire import (
    BATCH,
    Ask,
    TornFrame,
    question,
    raise_error,
    receive,
    receive_frame,
    send_frame,
    wrapped_from_json,
)
from temthat_stamps.errors import BadSignature, BadStatement, Fault
from temthat_stamps.fields import Fields
from temthat_stamps.keys import key_hint
from temthat_stamps.signing import CONTEXT
from temthat_stamps.statement import message_for

ANSWER_SECONDS = 30.0
"""How long an answer may take, and how long the stream of signatures may stand still."""
PATIENCE_SECONDS = 3.0
"""How long a signer that does not listen is tried again: it may be starting."""


class SignerClient:
    """Implements `Custody`. Holds no connection between questions, so a signer may be restarted at any time."""

    def __init__(self, path: Path, patience: float = PATIENCE_SECONDS) -> None:
        self._path = path
        self._patience = patience

    def ping(self) -> None:
        """Raise `SignerUnreachable` unless the signer answers."""
        self._ask(Ask.PING)

    def new_issuer_key(self, issuer: str) -> Wrapped:
        """See `Custody`."""
        return self._made(self._ask(Ask.NEW_ISSUER_KEY, issuer=issuer))

    def new_stamp_key(self, issuer: str, opens: dt.datetime, closes: dt.datetime) -> Wrapped:
        """See `Custody`."""
        return self._made(self._ask(Ask.NEW_STAMP_KEY, issuer=issuer, opens=opens, closes=closes))

    def sign_statement(self, issuer: str, wrapped: Wrapped, body: Mapping[str, Any]) -> bytes:
        """See `Custody`. What comes back is verified: a wrong signature in the log would stay there."""
        told = self._ask(Ask.SIGN_STATEMENT, issuer=issuer, key=wrapped, body=dict(body))
        try:
            signature = told.raw("signature", SIGNATURE_SIZE)
            _verify(wrapped.public_key, signature, message_for(body))
        except (BadStatement, BadSignature) as error:
            raise self._unreachable("wrong answer") from error
        return signature

    def sign_stamps(
        self, issuer: str, wrapped: Wrapped, run: int, first: int, last: int, manifest: bytes, proof: bytes
    ) -> Iterator[tuple[int, bytes, bytes]]:
        """See `Custody`. A refusal is raised here; a signer that dies on the way, while the stamps are taken."""
        members = {"run": run, "first": first, "last": last, "manifest": manifest, "proof": proof}
        connection = self._connect()
        try:
            self._exchange(connection, question(Ask.SIGN_STAMPS, issuer=issuer, key=wrapped, **members))
        except BaseException:
            connection.close()
            raise
        return self._stamps(connection, wrapped.public_key, run, first, last)

    def close(self, issuer: str, public_key: bytes) -> None:
        """See `Custody`."""
        self._ask(Ask.CLOSE, issuer=issuer, public_key=public_key)

    def _stamps(
        self, connection: socket.socket, public_key: bytes, run: int, first: int, last: int
    ) -> Iterator[tuple[int, bytes, bytes]]:
        prefix = Header(key_hint(public_key), run, 1).to_bytes()[:9]
        serial, wanted = first, (last - first + 1) * SIGNATURE_SIZE
        with connection:
            while wanted:
                part = self._signatures(connection, min(wanted, BATCH * SIGNATURE_SIZE))
                if serial == first:
                    self._check_first(public_key, prefix + first.to_bytes(3), part[:SIGNATURE_SIZE])
                for at in range(0, len(part), SIGNATURE_SIZE):
                    yield serial, prefix + serial.to_bytes(3), part[at : at + SIGNATURE_SIZE]
                    serial += 1
                wanted -= len(part)

    def _signatures(self, connection: socket.socket, size: int) -> bytes:
        try:
            return receive(connection, size, ANSWER_SECONDS)
        except (TornFrame, OSError) as error:
            raise self._unreachable(str(error)) from error

    def _check_first(self, public_key: bytes, header: bytes, signature: bytes) -> None:
        """One of a job's stamps is verified before any of them goes on paper."""
        try:
            _verify(public_key, signature, CONTEXT + header)
        except BadSignature as error:
            raise self._unreachable("wrong signatures") from error

    def _ask(self, act: Ask, **members: object) -> Fields:
        with self._connect() as connection:
            return self._exchange(connection, question(act, **members))

    def _exchange(self, connection: socket.socket, asked: Mapping[str, Any]) -> Fields:
        try:
            send_frame(connection, asked)
            reply = receive_frame(connection, ANSWER_SECONDS)
            if "ok" not in reply:
                raise_error(reply.get("error"))
            return Fields(reply).record("ok")
        except (TornFrame, BadStatement, OSError) as error:
            raise self._unreachable(str(error)) from error

    def _made(self, told: Fields) -> Wrapped:
        try:
            return wrapped_from_json(told)
        except BadStatement as error:
            raise self._unreachable(str(error)) from error

    def _connect(self) -> socket.socket:
        """A fresh connection; nothing was asked yet, so trying again is harmless."""
        until = time.monotonic() + self._patience
        while True:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(ANSWER_SECONDS)
            try:
                connection.connect(str(self._path))
            except OSError as error:
                connection.close()
                if time.monotonic() >= until:
                    raise self._unreachable(str(error)) from error
                time.sleep(0.05)
            else:
                return connection

    def _unreachable(self, why: str) -> SignerUnreachable:
        return SignerUnreachable(
            Fault.OPERATOR,
            f"Bộ ký không trả lời ({self._path}: {why}). Chưa ký thêm gì. Khởi động lại bộ ký (temthat signer serve) "
            "rồi thử lại.",
            f"The signer does not answer ({self._path}: {why}). Nothing more was signed. Start it again "
            "(temthat signer serve), then try again.",
        )


def _verify(public_key: bytes, signature: bytes, message: bytes) -> None:
    ed25519.verify(ed25519.load_public_key(public_key), signature, message)
