"""The one schema's foundation: metadata, column types that mean the same on SQLite and PostgreSQL, engine.

Every package of the house declares its tables on `Base.metadata`; one Alembic history covers them all.
"""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Enum,
    MetaData,
    String,
    Uuid,
    create_engine,
    event,
)
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

MICRO = Decimal(1_000_000)


class Quantity(TypeDecorator[Decimal]):
    """An exact decimal with up to six places, kept as an integer number of millionths.

    SQLite has no decimal type; millionths in 64 bits are exact on both databases and can be summed.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Decimal to millionths; more than six decimal places raise ValueError."""
        if value is None:
            return None
        micro = value * MICRO
        if micro != micro.to_integral_value():
            raise ValueError(f"{value} has more than six decimal places")
        return int(micro)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Millionths to Decimal, without trailing zeros."""
        if value is None:
            return None
        number = Decimal(value) / MICRO
        return number.to_integral_value() if number == number.to_integral_value() else number.normalize()


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware instant; stored as UTC, returned as UTC, naive values refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """To UTC; SQLite keeps it without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Back to an aware UTC instant."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    """Root of every mapped record."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012
        Decimal: Quantity,
        dt.datetime: UtcDateTime,
        uuid.UUID: Uuid(),
    }


def words(enum: type[Any]) -> Enum:
    """A column for a `StrEnum`: its value as text, so that a new word needs no migration."""
    return Enum(
        enum,
        native_enum=False,
        create_constraint=False,
        length=32,
        values_callable=lambda e: [m.value for m in e],
    )


Code = String(64)
Text = String(2000)


def make_engine(url: str) -> Engine:
    """An engine for a SQLAlchemy URL, with durable defaults.

    SQLite: write-ahead log, full synchronisation (a row acknowledged survives a power cut), foreign keys on.
    PostgreSQL: psycopg 3, connections checked before use.
    """
    # Hidden parameters: an error's story goes to a log, and the values of a statement are people's.
    if url.startswith("sqlite"):
        engine = create_engine(url, connect_args={"timeout": 30}, hide_parameters=True)
        event.listen(engine, "connect", _sqlite_pragmas)
        return engine
    return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=5, hide_parameters=True)


def _sqlite_pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # secure_delete: a destroyed private key must not linger in the file's free pages.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions whose records stay readable after commit; the edge that opens one commits it."""
    return sessionmaker(engine, expire_on_commit=False)
