"""GET /api/v1/keys and /api/v1/trust: what others need to judge stamps on their own."""

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from starlette.concurrency import run_in_threadpool

from temthat_stamps.bundle.listing import PROOF_FILE, path_of
from temthat_stamps.bundle.pack import make_pack
from temthat_stamps.bundle.source import FolderSource
from temthat_stamps.errors import TrustError
from temthat_stamps.keys import key_id
from temthat_stamps.log.proof import PROOF_LIMIT
from temthat_stamps.notice import in_force, key_target
from temthat_stamps.runs.notices import as_notice
from temthat_stamps.runs.records import NoticeRecord, NoticeScope, StampKey
from temthat_verify_api.api.models import KeyModel, problems
from temthat_verify_api.errors import Refused
from temthat_verify_api.parts import Parts, parts_of

KEPT_PACKS = 8
"""Choices of provinces whose packs are kept in memory."""


@dataclass(frozen=True, slots=True)
class _Built:
    proof: bytes
    data: bytes
    etag: str


class TrustPacks:
    """The trust packs of the bundle that is published, made when somebody asks and kept until there is a newer one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: dict[tuple[str, ...] | None, _Built] = {}

    def get(self, provinces: tuple[str, ...] | None) -> _Built:
        """The pack of some provinces or of all. Raises `TrustError` before the first bundle."""
        proof = FolderSource(self._folder).read(path_of(PROOF_FILE), PROOF_LIMIT)
        built = self._built.get(provinces)
        if built is None or built.proof != proof:
            data = make_pack(self._folder, provinces)
            built = _Built(proof, data, f'"{hashlib.sha256(data).hexdigest()[:32]}"')
            if len(self._built) >= KEPT_PACKS:
                self._built.clear()
            self._built[provinces] = built
        return built


def add_to(app: FastAPI, parts: Parts) -> None:
    """Mount the routes."""
    packs = TrustPacks(parts.services.settings.public_dir)

    @app.get("/api/v1/keys", tags=["trust"], summary="All stamp keys", responses=problems(503))
    def keys(request: Request) -> list[KeyModel]:
        with parts_of(request).services.sessions() as session:
            return list_keys(session, parts_of(request).services.now())

    @app.get(
        "/api/v1/trust",
        tags=["trust"],
        summary="The trust pack for scanners: everything needed to judge without a network",
        response_class=Response,
        responses={
            200: {
                "description": "TUF metadata, the bundle's proof under a witnessed checkpoint, its files (base64)",
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            304: {"description": "Not changed since the ETag sent along"},
            **problems(422, 503),
        },
    )
    async def trust(
        request: Request,
        province: Annotated[
            str | None, Query(pattern="^[0-9]{2}(,[0-9]{2}){0,99}$", description="e.g. 31,01; all without it")
        ] = None,
    ) -> Response:
        wanted = None if province is None else tuple(sorted(set(province.split(","))))
        try:
            built = await run_in_threadpool(packs.get, wanted)
        except TrustError as error:
            raise Refused(503, "no_trust_data", error.vi, error.en) from error
        headers = {"ETag": built.etag, "Cache-Control": "no-cache"}
        if built.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(built.data, media_type="application/json", headers=headers)


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
