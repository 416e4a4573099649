"""The composition point: everything the service is made of, built once from the settings."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from temthat_stamps.sealing import Sealer
from temthat_trace.database import make_engine, make_sessions
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.store import HotStore


def utc_now() -> dt.datetime:
    """The service's clock."""
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Services:
    """What a request handler may need. Reached as `request.app.state.services`, in tests built by hand."""

    settings: Settings
    engine: Engine
    sessions: sessionmaker[Session]
    store: HotStore
    sealer: Sealer
    now: Callable[[], dt.datetime] = field(default=utc_now)


def open_store(database_url: str) -> HotStore:
    """The hot store for a SQLAlchemy URL; only the driver that is needed is loaded."""
    if database_url.startswith("sqlite"):
        from temthat_verify_api.sqlite_store import SqliteStore

        return SqliteStore(database_url)
    from temthat_verify_api.postgres_store import PostgresStore

    return PostgresStore(database_url)


def build_services(settings: Settings, now: Callable[[], dt.datetime] = utc_now) -> Services:
    """Open the database, the hot store and the master key. Raises `MissingMasterKeyError`."""
    engine = make_engine(settings.database_url)
    return Services(
        settings=settings,
        engine=engine,
        sessions=make_sessions(engine),
        store=open_store(settings.database_url),
        sealer=Sealer(load_master_key(settings)),
        now=now,
    )


def services_of(request: Request) -> Services:
    """The services of the application that answers this request."""
    services: Services = request.app.state.services
    return services
