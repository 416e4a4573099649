"""Who may capture into, and read from, whose repository. Nothing of EPCIS is public; every request shows an API key.

| key | captures | reads |
|---|---|---|
| producer | into its own repository | its own |
| officer, of an alliance or granting authority | – | of those the office looks after |
| inspector, operator | – | of all producers |
| till, packer | – | – |
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from temthat_trace.parties import PRODUCERS, Party, looks_after
from temthat_verify_api import errors
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.credentials import Credential
from temthat_verify_api.epcis.errors import EpcisRefused
from temthat_verify_api.parts import parts_of
from temthat_verify_api.wiring import Services, services_of


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks: the organisation of the key, and those whose events it may read (its own among them)."""

    party_id: uuid.UUID
    role: KeyRole
    parties: tuple[uuid.UUID, ...]


async def capturer_of(request: Request) -> uuid.UUID:
    """The organisation whose repository the request may write into. Raises `Refused` 401 or 403."""
    credential = await _credential(request)
    if credential.role is not KeyRole.PRODUCER or credential.party_kind not in PRODUCERS:
        raise _forbidden(
            "Chỉ khóa API vai trò “producer” của chính cơ sở mới ghi được sự kiện vào kho của mình.",
            "Only an API key of the role “producer” captures, and only into its own organisation's repository.",
        )
    return credential.party_id


async def reader_of(request: Request) -> Reader:
    """Whose events the request may read. Raises `Refused` 401 or 403."""
    credential = await _credential(request)
    parties = await run_in_threadpool(readable, services_of(request), credential)
    if not parties:
        raise _forbidden(
            "Khóa API này không được đọc sự kiện EPCIS.", "This API key may not read EPCIS events."
        )
    return Reader(credential.party_id, credential.role, parties)


def readable(services: Services, credential: Credential) -> tuple[uuid.UUID, ...]:
    """The organisations whose events a key may read; empty for none."""
    if credential.role is KeyRole.PRODUCER:
        return (credential.party_id,) if credential.party_kind in PRODUCERS else ()
    if credential.role not in (KeyRole.OFFICER, KeyRole.INSPECTOR, KeyRole.OPERATOR):
        return ()
    with services.sessions() as session:
        producers = session.scalars(select(Party).where(Party.kind.in_(PRODUCERS)).order_by(Party.id))
        if credential.role is KeyRole.OFFICER:
            office = session.get_one(Party, credential.party_id)
            return tuple(p.id for p in producers if looks_after(office, p))
        return tuple(p.id for p in producers)


async def _credential(request: Request) -> Credential:
    credential = await parts_of(request).credentials.find(request)
    if credential is None:
        raise errors.needs_key()
    return credential


def _forbidden(vi: str, en: str) -> EpcisRefused:
    return EpcisRefused(403, "SecurityException", vi, en)
