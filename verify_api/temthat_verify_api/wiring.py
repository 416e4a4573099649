"""The composition point: everything the service is made of, built once from the settings."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import Request
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from temthat_stamps.custody.interface import Custody
from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.note import VerifierKey
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.records import LogEntry
from temthat_stamps.log.witness_client import LocalWitness, Witness, WitnessClient
from temthat_stamps.logged import LogOpened
from temthat_stamps.runs.book import LogBook
from temthat_stamps.runs.operator import log_signer, operator_signer
from temthat_stamps.runs.publication import PublicRecord
from temthat_stamps.runs.registry import Registry
from temthat_stamps.sealing import Sealer
from temthat_stamps.statement import peek
from temthat_stamps.trust.online import online_keys
from temthat_trace.database import make_engine, make_sessions
from temthat_verify_api.settings import MissingMasterKeyError, Settings, load_master_key
from temthat_verify_api.store import HotStore

EMBEDDED_SIGNER = "embedded signer v1"
"""The label of the key a signer within the service's own process wraps keys with: derived from the master key."""


class WitnessesNotSet(TrustError):
    """The settings name fewer witnesses than a checkpoint of the log needs: nothing could ever be published."""

    def __init__(self, named: int, needed: int) -> None:
        super().__init__(
            Fault.OPERATOR,
            f"TEMTHAT_WITNESSES mới nêu {named} bên chứng kiến của sổ công khai, cần ít nhất {needed}. Xin khóa và địa "
            "chỉ của họ (docs/witness.md), rồi đặt thành danh sách JSON.",
            f"TEMTHAT_WITNESSES names {named} witnesses of the public log, {needed} are needed. Ask for their keys and "
            "addresses (docs/witness.md) and set them as a JSON list.",
        )


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
    registry: Registry
    book: LogBook
    record: PublicRecord
    now: Callable[[], dt.datetime] = field(default=utc_now)

    def close(self) -> None:
        """Give back the database's connections and those to the witnesses; the hot store closes itself."""
        self.book.close()
        self.engine.dispose()


def require_own_key(services: Services) -> None:
    """Raise `MissingMasterKeyError` if the database was begun under another master key than the one that lies here."""
    with services.sessions() as session:
        first = session.get(LogEntry, 0)
    if (
        first is None
        or LogOpened.parse(peek(first.envelope)).operator == services.registry.operator.public_key
    ):
        return
    raise MissingMasterKeyError(
        f"{services.settings.key_file} is not the master key of this database: restore the master key that belongs to "
        "it from your backup (temthat restore)"
    )


def open_store(database_url: str) -> HotStore:
    """The hot store for a SQLAlchemy URL; only the driver that is needed is loaded."""
    if database_url.startswith("sqlite"):
        from temthat_verify_api.sqlite_store import SqliteStore

        return SqliteStore(database_url)
    from temthat_verify_api.postgres_store import PostgresStore

    return PostgresStore(database_url)


def build_services(settings: Settings, now: Callable[[], dt.datetime] = utc_now) -> Services:
    """Open the database, the hot store, the master key and the log. Raises `MissingMasterKeyError`, `TrustError`."""
    engine = make_engine(settings.database_url)
    sessions = make_sessions(engine)
    sealer = Sealer(load_master_key(settings))
    signer = log_signer(sealer, settings.origin)
    witnesses = open_witnesses(settings.witnesses)
    if settings.mode == "production" and len(witnesses) < settings.witness_quorum:
        raise WitnessesNotSet(len(witnesses), settings.witness_quorum)
    policy = Policy(
        settings.origin,
        signer.key,
        tuple(witness.key for witness in witnesses),
        min(settings.witness_quorum, len(witnesses)) if settings.mode == "demo" else settings.witness_quorum,
    )
    custody = open_custody(settings, sealer, policy, now)
    registry = Registry(settings.origin, custody, operator_signer(sealer), sealer, now)
    book = LogBook(sessions, registry, settings.public_dir, signer, policy, witnesses)
    return Services(
        settings=settings,
        engine=engine,
        sessions=sessions,
        store=open_store(settings.database_url),
        sealer=sealer,
        registry=registry,
        book=book,
        record=PublicRecord(
            sessions, registry, book, settings.public_dir, online_keys(sealer), settings.hosts
        ),
        now=now,
    )


def open_custody(
    settings: Settings, sealer: Sealer, policy: Policy, now: Callable[[], dt.datetime]
) -> Custody:
    """The signer process the settings name; a demo may sign in its own process, production never does."""
    if settings.signer is not None or settings.mode == "production":
        from temthat_stamps.custody.client import SignerClient

        return SignerClient(settings.signer or Path("TEMTHAT_SIGNER"))
    from temthat_stamps.custody.vault import Vault

    own = Sealer(sealer.derive(EMBEDDED_SIGNER))
    return Vault(own, settings.origin, policy, settings.data_dir / "signer", now=now)


def open_witnesses(named: Sequence[str]) -> list[Witness]:
    """The witnesses as the settings name them, each “VKEY URL” or “VKEY local:FOLDER”."""
    found: list[Witness] = []
    for text in named:
        vkey, _, where = text.partition(" ")
        if where.startswith("local:"):
            found.append(LocalWitness.open(Path(where.removeprefix("local:"))))
        else:
            found.append(WitnessClient(where, VerifierKey.parse(vkey)))
    return found


def services_of(request: Request) -> Services:
    """The services of the application that answers this request."""
    services: Services = request.app.state.services
    return services
