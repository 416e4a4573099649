"""The whole run, against a real service on an empty database of its own."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
from fastapi import FastAPI

from bench.conformance import epcis, links, queries
from bench.conformance.findings import DATA, Findings
from temthat_verify_api.app import create_app
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.wiring import Services, build_services


def find() -> Findings:
    """Run everything. Raises FileNotFoundError without the data."""
    if not DATA.is_dir():
        raise FileNotFoundError(DATA)
    with service() as services:
        return asyncio.run(_find(services))


async def _find(services: Services) -> Findings:
    app = create_app(services)
    async with client(app) as asking:
        examples = await epcis.examples(services, asking)
        refused, refusals = await epcis.broken(services, asking)
        linksets = await links.linksets(services, asking)
    app.state.captures.close()
    counts = (
        *examples,
        epcis.spoilt(),
        refused,
        epcis.hashes(),
        linksets,
        links.resolver(),
        queries.operations(app),
        *queries.parameters(),
    )
    return Findings(counts, tuple(refusals))


@contextlib.contextmanager
def service() -> Iterator[Services]:
    """A real service on an empty SQLite database."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'conformance.db'}"
        settings = Settings(mode="demo", data_dir=folder, database_url=url, host="tem.example.vn")
        load_master_key(settings, create=True)
        upgrade(url)
        services = build_services(settings)
        yield services
        services.close()


@contextlib.asynccontextmanager
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Straight into the application."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://tem.example.vn") as asking:
        yield asking
