"""/healthz and /metrics: for whoever runs the service."""

from fastapi import FastAPI, Request, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from temthat_verify_api import metrics, migrate
from temthat_verify_api.api.models import Health
from temthat_verify_api.parts import Parts, parts_of
from temthat_verify_api.store import StoreUnavailableError


def add_to(app: FastAPI) -> None:
    """Mount both."""

    @app.get(
        "/healthz",
        tags=["operation"],
        summary="Whether database and schema are as this program needs them",
        responses={200: {"model": Health}, 503: {"model": Health}},
    )
    async def healthz(request: Request) -> Response:
        health = await check(parts_of(request))
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
        return Response(parts.metrics.text(), media_type=metrics.CONTENT_TYPE)


async def check(parts: Parts) -> Health:
    """Ask the database both ways the service uses it, and for its schema."""
    try:
        await parts.services.store.look_up(1, 1)
        schema = await run_in_threadpool(_schema, parts)
    except (StoreUnavailableError, SQLAlchemyError):
        return Health(status="unavailable", database=False, schema_current=False)
    current = schema == migrate.head()
    return Health(status="ok" if current else "unavailable", database=True, schema_current=current)


def _schema(parts: Parts) -> str | None:
    with parts.services.sessions() as session:
        return schema_of(session)


def schema_of(session: Session) -> str | None:
    """The revision the database says it is at."""
    found: str | None = session.execute(text("select version_num from alembic_version")).scalar()
    return found
