"""Hosted custody: a party's keys, sealed in the database, opened only to sign.

The issuer key is made once. A stamp key is opened when a run needs one, announced by a signed statement before its
first use, and destroyed when its month is over: what it signed stays good, a later thief finds nothing.
"""

import datetime as dt
import os
import uuid

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.keys import STAMP_KEY_LIFE, key_hint, public_bytes
from temthat_stamps.manifest import key_opened
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import IssuerKey, JobState, PrintJob, Run, StampKey
from temthat_stamps.sealing import Sealer
from temthat_stamps.statement import sign_statement


def issuer_key(session: Session, sealer: Sealer, party_id: uuid.UUID, now: dt.datetime) -> Ed25519PrivateKey:
    """The party's issuer key; made and stored at first use."""
    query = select(IssuerKey).where(IssuerKey.party_id == party_id, IssuerKey.retired_at.is_(None))
    record = session.scalars(query.order_by(IssuerKey.id.desc()).limit(1)).first()
    if record is None:
        key = Ed25519PrivateKey.generate()
        public = public_bytes(key)
        sealed = sealer.seal(f"issuer-key:{public.hex()}", key.private_bytes_raw())
        session.add(IssuerKey(party_id=party_id, public_key=public, sealed=sealed, opened_at=now))
        session.flush()
        return key
    raw = sealer.open(f"issuer-key:{record.public_key.hex()}", record.sealed)
    return Ed25519PrivateKey.from_private_bytes(raw)


def open_stamp_key(
    session: Session, sealer: Sealer, origin: str, party_id: uuid.UUID, now: dt.datetime
) -> StampKey:
    """The party's open stamp key; where there is none, a new one, announced. A hint in use is never taken."""
    close_due_keys(session, now)
    query = select(StampKey).where(
        StampKey.party_id == party_id,
        StampKey.closed_at.is_(None),
        StampKey.sealed.is_not(None),
        StampKey.opened_at <= now,
        StampKey.closes_at > now,
    )
    record = session.scalars(query.order_by(StampKey.id.desc()).limit(1)).first()
    if record is not None:
        return record
    key = Ed25519PrivateKey.generate()
    while session.scalar(select(StampKey.id).where(StampKey.hint == key_hint(public_bytes(key)))):
        key = Ed25519PrivateKey.generate()
    public = public_bytes(key)
    closes = now + STAMP_KEY_LIFE
    body = key_opened(origin, str(party_id), public, now, closes)
    record = StampKey(
        party_id=party_id,
        hint=key_hint(public),
        public_key=public,
        sealed=sealer.seal(f"stamp-key:{public.hex()}", key.private_bytes_raw()),
        opened_at=now,
        closes_at=closes,
        announcement=sign_statement(body, issuer_key(session, sealer, party_id, now)),
    )
    session.add(record)
    session.flush()
    return record


def close_due_keys(session: Session, now: dt.datetime) -> int:
    """Destroy the private part of every stamp key past its period that no unfinished job needs. How many."""
    busy = (
        select(Run.stamp_key_id)
        .join(PrintJob, PrintJob.run == Run.run)
        .where(PrintJob.state.in_([JobState.WAITING, JobState.RUNNING]))
    )
    query = select(StampKey).where(
        StampKey.closes_at <= now, StampKey.sealed.is_not(None), StampKey.id.not_in(busy)
    )
    due = session.scalars(query).all()
    for record in due:
        record.sealed = None
        record.closed_at = record.closed_at or record.closes_at
    return len(due)


def close_key(record: StampKey, now: dt.datetime) -> None:
    """Close a key before its time and destroy its private part."""
    record.sealed = None
    record.closed_at = min(record.closed_at or now, now)


def private_stamp_key(sealer: Sealer, record: StampKey) -> Ed25519PrivateKey:
    """The signing half of a stamp key. Raises `RunRefused` if it was destroyed, `SealBroken` on a wrong master key."""
    if record.sealed is None:
        raise RunRefused(
            "Khóa tem của đợt in này đã đóng và đã hủy. Hãy tạo đợt in mới cho số tem còn lại.",
            "The stamp key of this run is closed and destroyed. Order a new run for the stamps still needed.",
        )
    raw = sealer.open(f"stamp-key:{record.public_key.hex()}", record.sealed)
    return Ed25519PrivateKey.from_private_bytes(raw)


def new_run_secret(sealer: Sealer, run: int) -> bytes:
    """A fresh secret for a run's numbers and PINs, sealed; `run_secret` opens it."""
    return sealer.seal(f"run-secret:{run}", os.urandom(32))


def run_secret(sealer: Sealer, run: Run) -> bytes:
    """A run's secret. Raises `SealBroken`."""
    return sealer.open(f"run-secret:{run.run}", run.sealed_secret)
