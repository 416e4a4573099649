"""Who states things in which log: the value that everything that registers, notifies or closes is given."""

import datetime as dt
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from sqlalchemy.orm import Session

from temthat_stamps.custody.interface import Custody, Wrapped
from temthat_stamps.log.entries import append
from temthat_stamps.logged import Stated
from temthat_stamps.runs.records import IssuerKey
from temthat_stamps.sealing import Sealer
from temthat_stamps.signer import Signer
from temthat_stamps.statement import sign_statement


@dataclass(frozen=True, slots=True)
class Registry:
    """The log's name, who keeps the issuers' keys, the operator's own key, what seals run secrets, and the clock."""

    origin: str
    custody: Custody
    operator: Signer
    sealer: Sealer
    now: Callable[[], dt.datetime] = field(default=lambda: dt.datetime.now(dt.UTC))

    def at_one_moment(self) -> Self:
        """The same with its clock stopped now: what one transaction states has one date, however long it takes."""
        now = self.now()
        return replace(self, now=lambda: now)

    def state(self, session: Session, stated: Stated, party_id: uuid.UUID | None, *signers: Signer) -> int:
        """Sign a statement and put it into the log; its index. The caller holds the lock and commits."""
        envelope = sign_statement(stated.body(), *(signers or (self.operator,)))
        return self.log(session, stated, envelope, party_id)

    def log(self, session: Session, stated: Stated, envelope: bytes, party_id: uuid.UUID | None) -> int:
        """Put a statement that others signed into the log; its index."""
        return append(session, stated, envelope, self.operator, self.now(), party_id)


class HostedSigner:
    """An issuer key in hosted custody: signs statements only, and only those its keeper lets pass."""

    def __init__(self, custody: Custody, record: IssuerKey) -> None:
        assert record.sealed is not None, "a key in own custody signs with its owner"
        self._custody = custody
        self._issuer = str(record.party_id)
        self._wrapped = Wrapped(record.public_key, record.sealed)
        self.public_key = record.public_key

    def sign(self, message: bytes) -> bytes:
        """Sign a DSSE message. Raises `CustodyError`."""
        # "DSSEv1 LEN TYPE LEN PAYLOAD": the keeper signs what it has read, never bytes it does not understand.
        body = json.loads(message.split(b" ", 4)[4])
        return self._custody.sign_statement(self._issuer, self._wrapped, body)
