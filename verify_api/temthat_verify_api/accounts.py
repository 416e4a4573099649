"""Mapped records of people, their sessions and codes, API keys, and workbooks that wait for a yes.

Nothing that lets somebody in is kept in the clear: passwords and one-time codes as Argon2 hashes, session tokens and
API keys (random, so a plain hash is enough) as SHA-256.
"""

import datetime as dt
import hashlib
import secrets
import uuid
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from temthat_trace.database import Base, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party


class Role(StrEnum):
    """What a person is inside their organisation; what follows from it stands in `permissions`."""

    CLERK = "clerk"
    ADMIN = "admin"
    OFFICER = "officer"
    INSPECTOR = "inspector"
    OPERATOR = "operator"


class Person(Base):
    """Somebody who may sign in at the desk. Without a password only a one-time code opens the account."""

    __tablename__ = "person"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    phone: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"), index=True)
    role: Mapped[Role] = mapped_column(words(Role))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[dt.datetime] = mapped_column()
    created_by: Mapped[str] = mapped_column(String(100), default="")
    disabled_at: Mapped[dt.datetime | None] = mapped_column()

    party: Mapped[Party] = relationship()


class WebSession(Base):
    """A signed-in browser. The cookie holds the token, the row only its SHA-256."""

    __tablename__ = "web_session"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    opened_at: Mapped[dt.datetime] = mapped_column()
    seen_at: Mapped[dt.datetime] = mapped_column()

    person: Mapped[Person] = relationship()


class ResetCode(Base):
    """A printed one-time code with which a person chooses a new password."""

    __tablename__ = "reset_code"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[dt.datetime] = mapped_column()
    created_by: Mapped[str] = mapped_column(String(100))
    expires_at: Mapped[dt.datetime] = mapped_column()
    used_at: Mapped[dt.datetime | None] = mapped_column()


class WorkbookImport(Base):
    """An uploaded workbook: read and reported on at once, applied only after a person said so.

    `files` is a ZIP of what was uploaded, emptied once applied; `report` is the JSON shown on the page.
    """

    __tablename__ = "workbook_import"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"), index=True)
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("person.id"))
    file_name: Mapped[str] = mapped_column(String(200))
    files: Mapped[bytes | None] = mapped_column(LargeBinary)
    report: Mapped[str] = mapped_column(Text)
    uploaded_at: Mapped[dt.datetime] = mapped_column()
    applied_at: Mapped[dt.datetime | None] = mapped_column()


class KeyRole(StrEnum):
    """What the holder of an API key may do."""

    TILL = "till"
    INSPECTOR = "inspector"
    PACKER = "packer"
    PRODUCER = "producer"
    OFFICER = "officer"
    OPERATOR = "operator"


class ApiKey(Base):
    """A key for programs: tills, scanners, other systems. Shown once when issued, kept as SHA-256."""

    __tablename__ = "api_key"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"), index=True)
    role: Mapped[KeyRole] = mapped_column(words(KeyRole))
    label: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[dt.datetime] = mapped_column()
    revoked_at: Mapped[dt.datetime | None] = mapped_column()

    party: Mapped[Party] = relationship()


def token_hash(token: str) -> bytes:
    """SHA-256 of a random token, 32 bytes: what the database keeps of it."""
    return hashlib.sha256(token.encode()).digest()


def issue_api_key(session: Session, party: Party, role: KeyRole | str, label: str) -> str:
    """Store a new key and return its text, ``tt_<role>_<random>``. The text cannot be had again."""
    token = f"tt_{KeyRole(role)}_{secrets.token_urlsafe(30)}"
    session.add(
        ApiKey(
            hash=token_hash(token),
            party_id=party.id,
            role=KeyRole(role),
            label=label,
            created_at=dt.datetime.now(dt.UTC),
        )
    )
    session.flush()
    return token


def find_api_key(session: Session, token: str) -> ApiKey | None:
    """The key in force with this text; None when unknown or revoked."""
    return session.scalar(select(ApiKey).where(ApiKey.hash == token_hash(token), ApiKey.revoked_at.is_(None)))
