"""Mapped records of the EPCIS repository: events as they came, what they can be found by, and capture jobs.

Each party has a repository of its own; nothing is found across them except by asking for several parties.
"""

import datetime as dt
import uuid

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from temthat_trace.database import Base, words
from temthat_trace.epcis.eventhash import hash_id
from temthat_trace.epcis.outcome import Behaviour
from temthat_trace.ids import uuid7

# INTEGER PRIMARY KEY is SQLite's own row number: one tree less to write.
_Number = BigInteger().with_variant(Integer(), "sqlite")
COUNTER_BITS = 20
"""The lower bits of an event's number count within a millisecond."""


class EpcisEvent(Base):
    """One event. `id` is when it was recorded (milliseconds << 20) and its turn within that millisecond.

    Numbers rise in the order events became visible, so that a reader who remembers the last one misses none.
    `event_time`: microseconds since 1970. `hash`: the CBV event hash. `digest` tells one event from another: the hash,
    with the declaration where an error is declared. `given_id`: the `eventID` it came with. `body`: its JSON text as it
    came. `context`: the `@context` of its document; None when the event stood alone and has its own.
    """

    __tablename__ = "epcis_event"
    __table_args__ = (
        UniqueConstraint("party_id", "digest"),
        Index("ix_epcis_event_party_id_event_time", "party_id", "event_time"),
    )

    id: Mapped[int] = mapped_column(_Number, primary_key=True, autoincrement=False)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    job_id: Mapped[uuid.UUID] = mapped_column()
    event_time: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    given_id: Mapped[str | None] = mapped_column(Text)
    context: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    body: Mapped[str] = mapped_column(Text)

    @property
    def event_id(self) -> str:
        """The id it came with, or else its hash."""
        return self.given_id or hash_id(self.hash)

    @property
    def record_time(self) -> dt.datetime:
        """When it was recorded, to the millisecond."""
        return dt.datetime.fromtimestamp((self.id >> COUNTER_BITS) / 1000, dt.UTC)


class EpcisTerm(Base):
    """What an event can be found by: the hash of a condition it meets (`terms`), and the event's number."""

    __tablename__ = "epcis_term"
    __table_args__ = ({"sqlite_with_rowid": False},)

    term: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class EpcisContext(Base):
    """The `@context` of documents, each once. `id`: BLAKE2b-128 of its JSON text."""

    __tablename__ = "epcis_context"

    id: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    body: Mapped[str] = mapped_column(Text)


class CaptureJob(Base):
    """What became of a document. `outcome`: JSON, `{"errors": [...], "events": [...]}`."""

    __tablename__ = "epcis_capture_job"
    __table_args__ = (Index("ix_epcis_capture_job_party_id_id", "party_id", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    created_at: Mapped[dt.datetime] = mapped_column()
    finished_at: Mapped[dt.datetime | None] = mapped_column()
    running: Mapped[bool] = mapped_column(default=True)
    success: Mapped[bool] = mapped_column(default=True)
    behaviour: Mapped[Behaviour] = mapped_column(words(Behaviour), default=Behaviour.ROLLBACK)
    accepted: Mapped[int] = mapped_column(default=0)
    duplicate: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str] = mapped_column(Text, default="{}")
    source: Mapped[str] = mapped_column(String(100), default="")
