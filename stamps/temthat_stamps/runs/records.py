"""Mapped records of keys, runs, print jobs and notices. No row is ever kept per printed stamp."""

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_stamps.manifest import Custody
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.database import Base, words
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party
from temthat_trace.products import PackForm


class IssuerKey(Base):
    """A party's issuer key: signs statements, never stamps.

    In hosted custody `sealed` is what the signer wraps it in; in own custody there is none. What the delegation of the
    province says of it is copied here when it is published: `delegated_from` and `last_good` are positions in the log.
    """

    __tablename__ = "issuer_key"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    custody: Mapped[Custody] = mapped_column(
        words(Custody), default=Custody.HOSTED, server_default=Custody.HOSTED.value
    )
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    enrolment: Mapped[bytes] = mapped_column(LargeBinary, default=b"", server_default="")
    opened_at: Mapped[dt.datetime] = mapped_column()
    delegated_from: Mapped[int | None] = mapped_column(BigInteger)
    valid_until: Mapped[dt.datetime | None] = mapped_column()
    last_good: Mapped[int | None] = mapped_column(BigInteger)
    revoked_reason: Mapped[str] = mapped_column(String(32), default="", server_default="")
    retired_at: Mapped[dt.datetime | None] = mapped_column()

    party: Mapped[Party] = relationship()


class StampKey(Base):
    """A party's stamp key of one period, announced in the log. Once closed, `sealed` is emptied: the key is gone."""

    __tablename__ = "stamp_key"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"), index=True)
    hint: Mapped[bytes] = mapped_column(LargeBinary(4), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    opened_at: Mapped[dt.datetime] = mapped_column()
    closes_at: Mapped[dt.datetime] = mapped_column()
    closed_at: Mapped[dt.datetime | None] = mapped_column()
    custody: Mapped[Custody] = mapped_column(
        words(Custody), default=Custody.HOSTED, server_default=Custody.HOSTED.value
    )
    log_index: Mapped[int] = mapped_column(BigInteger)

    party: Mapped[Party] = relationship()


class Run(Base):
    """One run of stamps of one batch in one pack form: serials 1 to `count`; its manifest is entry `log_index`.

    Without that it is an order that its issuer, who keeps its own keys, has not signed yet (`runs.own`).
    """

    __tablename__ = "run"

    run: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"), index=True)
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("batch.id"), index=True)
    pack_form_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("pack_form.id"))
    stamp_key_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stamp_key.id"), nullable=True)
    count: Mapped[int] = mapped_column(Integer)
    gs1: Mapped[bool] = mapped_column(default=False)
    needs_activation: Mapped[bool] = mapped_column(default=False)
    activated_at: Mapped[dt.datetime | None] = mapped_column()
    has_pins: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether its stamps carry a hidden PIN. The PINs themselves are computed from the run's secret, never stored."""
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    packs: Mapped[int | None] = mapped_column(Integer)
    beyond: Mapped[bool] = mapped_column(default=False, server_default=false())
    log_index: Mapped[int] = mapped_column(BigInteger, nullable=True)
    proof: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The manifest's inclusion in the log under a witnessed checkpoint (C2SP tlog-proof); no file is made without."""
    replaces_run: Mapped[int | None] = mapped_column(Integer, index=True)
    replaces_first: Mapped[int | None] = mapped_column(Integer)
    replaces_last: Mapped[int | None] = mapped_column(Integer)
    registered_at: Mapped[dt.datetime] = mapped_column()
    requested_by: Mapped[str] = mapped_column(String(100), default="")
    override_reason: Mapped[str] = mapped_column(String(400), default="")

    party: Mapped[Party] = relationship()
    batch: Mapped[Batch] = relationship()
    pack_form: Mapped[PackForm] = relationship()
    stamp_key: Mapped[StampKey] = relationship()

    @property
    def is_logged(self) -> bool:
        """Whether it stands in the log; an order that waits for its issuer's signature has no key, entry or stamps."""
        return bool(self.log_index)


class JobState(StrEnum):
    """A print job's life. `ready` may be fetched again until printing is confirmed or 48 hours have passed."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    CONFIRMED = "confirmed"


class PrintJob(Base):
    """One file for one stretch of a run's serials. Two jobs of a run never share a serial."""

    __tablename__ = "print_job"
    __table_args__ = (UniqueConstraint("run", "first"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    run: Mapped[int] = mapped_column(ForeignKey("run.run"))
    first: Mapped[int] = mapped_column(Integer)
    last: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(8))
    settings: Mapped[str] = mapped_column(String(4000))
    state: Mapped[JobState] = mapped_column(words(JobState), default=JobState.WAITING)
    done: Mapped[int] = mapped_column(Integer, default=0)
    file: Mapped[str | None] = mapped_column(String(200))
    sha256: Mapped[str | None] = mapped_column(String(64))
    problem: Mapped[str] = mapped_column(String(1000), default="")
    created_at: Mapped[dt.datetime] = mapped_column()
    created_by: Mapped[str] = mapped_column(String(100), default="")
    released_at: Mapped[dt.datetime | None] = mapped_column()
    confirmed_at: Mapped[dt.datetime | None] = mapped_column()
    confirmed_by: Mapped[str] = mapped_column(String(100), default="")

    run_record: Mapped[Run] = relationship()
    fetches: Mapped[list["PrintFetch"]] = relationship(order_by="PrintFetch.at")
    pin_fetches: Mapped[list["PinFetch"]] = relationship(order_by="PinFetch.at")


class PrintFetch(Base):
    """Each time a print file left the house: when, and who took it."""

    __tablename__ = "print_fetch"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("print_job.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column()
    by: Mapped[str] = mapped_column(String(100))


class PinFetch(Base):
    """Each time the PINs of a print file's stamps left the house: when, and who took them."""

    __tablename__ = "pin_fetch"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    job_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("print_job.id"), index=True)
    at: Mapped[dt.datetime] = mapped_column()
    by: Mapped[str] = mapped_column(String(100))


class NoticeScope(StrEnum):
    """What a notice speaks of."""

    STAMPS = "stamps"
    RUN = "run"
    BATCH = "batch"
    KEY = "key"


class NoticeRecord(Base):
    """One notice, never changed. Notices for one target are numbered without gaps; the highest wins."""

    __tablename__ = "notice"
    __table_args__ = (UniqueConstraint("target", "number"), Index(None, "run", "first"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    scope: Mapped[NoticeScope] = mapped_column(words(NoticeScope))
    target: Mapped[str] = mapped_column(String(80))
    run: Mapped[int | None] = mapped_column(Integer)
    first: Mapped[int | None] = mapped_column(Integer)
    last: Mapped[int | None] = mapped_column(Integer)
    number: Mapped[int] = mapped_column(Integer)
    kind: Mapped[NoticeKind] = mapped_column(words(NoticeKind))
    reason: Mapped[str] = mapped_column(String(32))
    by_party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    second_party_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("party.id"))
    at: Mapped[dt.datetime] = mapped_column()
    log_index: Mapped[int] = mapped_column(BigInteger)


class RunBlock(Base):
    """Run numbers reserved for a party that signs without a network; listed in the log."""

    __tablename__ = "run_block"

    first: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"), index=True)
    reserved_at: Mapped[dt.datetime] = mapped_column()
    log_index: Mapped[int] = mapped_column(BigInteger)


class Revision(Base):
    """One row, raised in the same transaction as anything a verdict's cached facts depend on.

    The hot path reads it with the stamp's state, so that a recall is seen by the very next check.
    """

    __tablename__ = "revision"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger)
