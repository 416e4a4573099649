"""GET /api/v1/keys and /api/v1/trust: what others need to judge stamps on their own."""

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from starlette.concurrency import run_in_threadpool

from temthat_stamps.bundle.trustfile import sign_trust
from temthat_stamps.keys import key_id, public_bytes
from temthat_stamps.notice import in_force, key_target
from temthat_stamps.runs.notices import as_notice
from temthat_stamps.runs.operator import operator_key
from temthat_stamps.runs.records import NoticeRecord, NoticeScope, Revision, StampKey
from temthat_stamps.runs.trust import build_trust
from temthat_verify_api.api.models import KeyModel, problems
from temthat_verify_api.parts import Parts, parts_of

REBUILT_AFTER = dt.timedelta(minutes=10)
"""An unchanged trust file is signed anew this often, so that its date tells scanners that it is fresh."""


@dataclass(frozen=True, slots=True)
class _Built:
    revision: int
    at: dt.datetime
    data: bytes
    etag: str


class TrustFile:
    """The signed trust file, built when somebody asks and kept until anything in it changes."""

    def __init__(self, parts: Parts) -> None:
        self._services = parts.services
        self._built: _Built | None = None

    def get(self) -> _Built:
        """The file as of now; uses SQLAlchemy, so it runs in a thread."""
        services, now = self._services, self._services.now()
        with services.sessions() as session:
            revision = session.scalar(select(Revision.value)) or 0
            built = self._built
            if built and built.revision == revision and dt.timedelta(0) <= now - built.at < REBUILT_AFTER:
                return built
            trust = build_trust(session, services.settings.origin, services.settings.hosts, now)
        data = sign_trust(trust, operator_key(services.sealer))
        self._built = _Built(revision, now, data, f'"{hashlib.sha256(data).hexdigest()[:32]}"')
        return self._built


def add_to(app: FastAPI, parts: Parts) -> None:
    """Mount the routes."""
    trust_file = TrustFile(parts)

    @app.get("/api/v1/keys", tags=["trust"], summary="All stamp keys", responses=problems(503))
    def keys(request: Request) -> list[KeyModel]:
        with parts_of(request).services.sessions() as session:
            return list_keys(session, parts_of(request).services.now())

    @app.get(
        "/api/v1/trust",
        tags=["trust"],
        summary="The trust file for scanners, signed by the operator's key",
        response_class=Response,
        responses={
            200: {
                "description": "A DSSE envelope",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            304: {"description": "Not changed since the ETag sent along"},
            **problems(503),
        },
    )
    async def trust(request: Request) -> Response:
        built = await run_in_threadpool(trust_file.get)
        headers = {"ETag": built.etag, "Cache-Control": "no-cache"}
        if built.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(built.data, media_type="application/json", headers=headers)

    @app.get(
        "/api/v1/trust/operator.pub",
        tags=["trust"],
        summary="The operator's public key: base64 of 32 bytes; compare it with a copy from elsewhere",
        response_class=Response,
        responses={200: {"description": "Base64", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    def operator(request: Request) -> Response:
        public = public_bytes(operator_key(parts_of(request).services.sealer))
        return Response(base64.b64encode(public) + b"\n", media_type="text/plain")


def list_keys(session: Session, now: dt.datetime) -> list[KeyModel]:
    """Every stamp key there ever was, the oldest first."""
    query = select(NoticeRecord).where(NoticeRecord.scope == NoticeScope.KEY)
    revoked = {notice.target for notice in in_force(map(as_notice, session.scalars(query)))}
    records = session.scalars(select(StampKey).options(joinedload(StampKey.party)).order_by(StampKey.id))
    return [_key(record, revoked, now) for record in records]


def _key(record: StampKey, revoked: set[str], now: dt.datetime) -> KeyModel:
    end = min(record.closes_at, record.closed_at) if record.closed_at else record.closes_at
    status = "open" if now < end else "closed"
    if key_target(key_id(record.public_key)) in revoked:
        status = "revoked"
    return KeyModel.model_validate(
        {
            "hint": record.hint.hex(),
            "public_key": base64.b64encode(record.public_key).decode(),
            "issuer": str(record.party_id),
            "organisation": record.party.name,
            "from": record.opened_at,
            "to": end,
            "status": status,
        }
    )
