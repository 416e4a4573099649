"""API keys of a request: who claims a role shows a key of it.

A key once found is remembered for half a minute, so that a till's questions do not each cost a query; that is how long
a revoked key may still answer.
"""

import hmac
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from temthat_stamps.verdict import Asker
from temthat_trace.parties import PartyKind
from temthat_verify_api import errors
from temthat_verify_api.accounts import KeyRole, find_api_key, token_hash
from temthat_verify_api.wiring import Services

REMEMBERED_SECONDS = 30.0
_MOST = 1_000
_LONGEST_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Credential:
    """What a key in force allows, and whose it is."""

    role: KeyRole
    party_id: uuid.UUID
    party_kind: PartyKind
    teller: bytes = b""
    """Sixteen bytes that stand for the organisation where it tells of a unit, by a key of this installation."""

    def may_ask_as(self, kind: Asker) -> bool:
        """A key speaks for its own role; the operator's for every role."""
        return kind is Asker.CONSUMER or self.role.value in (kind.value, KeyRole.OPERATOR.value)


class Credentials:
    """Finds the credential behind a request."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: OrderedDict[bytes, tuple[float, Credential]] = OrderedDict()

    async def require(self, request: Request, kind: Asker) -> Credential | None:
        """None for the consumer, else the key of that role. Raises `Refused` 401 or 403."""
        if kind is Asker.CONSUMER:
            return None
        credential = await self.find(request)
        if credential is None:
            raise errors.needs_key()
        if not credential.may_ask_as(kind):
            raise errors.wrong_role(kind.value)
        return credential

    async def find(self, request: Request) -> Credential | None:
        """The credential of the bearer token; None without one that is in force."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
            return None
        key = token_hash(token)
        known = self._known.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        self._known.pop(key, None)
        credential = await run_in_threadpool(self._load, token)
        if credential is not None:
            self._known[key] = (time.monotonic() + REMEMBERED_SECONDS, credential)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return credential

    def _load(self, token: str) -> Credential | None:
        with self._services.sessions() as session:
            key = find_api_key(session, token)
            if key is None:
                return None
            teller = hmac.digest(self._services.sealer.derive("tellers v1"), key.party_id.bytes, "sha256")[
                :16
            ]
            return Credential(key.role, key.party_id, key.party.kind, teller)
