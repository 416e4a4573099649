"""/healthz and /metrics: for whoever runs the service."""

from contextlib import suppress

from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from temthat_verify_api import metrics, migrate
from temthat_verify_api.api.models import Health, TroubleModel
from temthat_verify_api.parts import Parts, parts_of
from temthat_verify_api.recordhealth import RecordHealth
from temthat_verify_api.store import StoreUnavailableError


def add_to(app: FastAPI, record: RecordHealth) -> None:
    """Mount both."""

    @app.get(
        "/healthz",
        tags=["operation"],
        summary="Whether database and schema are as this program needs them; how the public record stands",
        responses={200: {"model": Health}, 503: {"model": Health}},
    )
    async def healthz(request: Request) -> Response:
        health = await check(parts_of(request), record)
        return JSONResponse(health.model_dump(), 200 if health.status == "ok" else 503)

    @app.get(
        "/metrics",
        tags=["operation"],
        summary="Figures in Prometheus form",
        response_class=Response,
        responses={200: {"description": "Text", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def figures(request: Request) -> Response:
        parts = parts_of(request)
        parts.metrics.run_loads.set(parts.judging.runs.loads)
        with suppress(SQLAlchemyError):  # the other figures are worth having all the same
            parts.metrics.record(await run_in_threadpool(record.look))
        return Response(parts.metrics.text(), media_type=metrics.CONTENT_TYPE)


async def check(parts: Parts, record: RecordHealth) -> Health:
    """Ask the database both ways the service uses it, and for its schema; look at the public record."""
    try:
        await parts.services.store.look_up(1, 1)
        schema = await run_in_threadpool(_schema, parts)
    except (StoreUnavailableError, SQLAlchemyError):
        return Health(status="unavailable", database=False, schema_current=False)
    if schema != migrate.head():
        return Health(status="unavailable", database=True, schema_current=False)
    try:
        troubles = (await run_in_threadpool(record.look)).troubles
    except SQLAlchemyError:
        return Health(status="unavailable", database=False, schema_current=True)
    told = [TroubleModel(code=t.code, message_vi=t.vi, message_en=t.en) for t in troubles]
    return Health(status="ok", database=True, schema_current=True, record=told)


def _schema(parts: Parts) -> str | None:
    with parts.services.sessions() as session:
        return schema_of(session)


def schema_of(session: Session) -> str | None:
    """The revision the database says it is at."""
    found: str | None = session.execute(text("select version_num from alembic_version")).scalar()
    return found
