"""A party's keys: the issuer key its province delegated, and the stamp key of the month.

A stamp key is opened when a run needs one and announced in the log before its first use; when its month is over it is
closed there and its private part destroyed: what it signed stays good, a later thief finds nothing.
"""

import calendar
import datetime as dt
import os
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from temthat_stamps.custody.interface import Wrapped
from temthat_stamps.keys import key_hint, key_id
from temthat_stamps.log.entries import size
from temthat_stamps.manifest import Custody, KeyClosed, KeyOpened
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import IssuerKey, JobState, PrintJob, Run, StampKey
from temthat_stamps.runs.registry import HostedSigner, Registry
from temthat_stamps.sealing import Sealer
from temthat_stamps.signer import Signer
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.trust.enrolment import Enrolment, sign_enrolment
from temthat_stamps.trust.roles import NATIONAL
from temthat_trace.parties import PRODUCERS, Party, PartyKind

ISSUER_KEY_LIFE = dt.timedelta(days=730)


def request_issuer_key(session: Session, registry: Registry, party: Party) -> IssuerKey:
    """A new issuer key in hosted custody; nothing it signs counts before its province approved it."""
    made, now = registry.custody.new_issuer_key(str(party.id)), registry.now()
    record = IssuerKey(
        party_id=party.id, public_key=made.public_key, sealed=made.sealed, enrolment=b"", opened_at=now
    )
    asked = Enrolment(
        origin=registry.origin,
        issuer=str(party.id),
        kind=issuer_kind(party),
        province=issuer_province(party),
        public_key=made.public_key,
        custody=Custody.HOSTED,
        at=now,
    )
    record.enrolment = sign_enrolment(asked, HostedSigner(registry.custody, record))
    session.add(record)
    session.flush()
    return record


def issuer_kind(party: Party) -> IssuerKind:
    """What a party's key may speak as. Raises `RunRefused` for one that states nothing in the log."""
    if party.kind in PRODUCERS:
        return IssuerKind.PRODUCER
    if party.kind in (PartyKind.NATIONAL_ALLIANCE, PartyKind.PROVINCIAL_ALLIANCE):
        return IssuerKind.ALLIANCE
    if party.kind is PartyKind.GRANTING_AUTHORITY:
        return IssuerKind.AUTHORITY
    raise RunRefused(
        f"“{party.name}” không phát hành tem hay thông báo nên không cần khóa.",
        f"“{party.name}” issues neither stamps nor notices and needs no key.",
    )


def issuer_province(party: Party) -> str:
    """Whose role delegates to a party's key: its province's, or the national alliance's. Raises `RunRefused`."""
    if party.kind is PartyKind.NATIONAL_ALLIANCE or (party.province is None and party.kind not in PRODUCERS):
        return NATIONAL
    if party.province is None:
        raise RunRefused(
            f"Chưa biết “{party.name}” thuộc tỉnh nào: ghi tỉnh vào sổ rồi thử lại.",
            f"The province of “{party.name}” is not known: record it, then try again.",
        )
    return party.province


def delegated_key(session: Session, party: Party, now: dt.datetime) -> IssuerKey | None:
    """The party's newest issuer key that its province stands behind now."""
    query = select(IssuerKey).where(
        IssuerKey.party_id == party.id,
        IssuerKey.delegated_from.is_not(None),
        IssuerKey.delegated_from <= size(session),
        IssuerKey.last_good.is_(None),
        IssuerKey.retired_at.is_(None),
        or_(IssuerKey.valid_until.is_(None), IssuerKey.valid_until > now),
    )
    return session.scalars(
        query.order_by(IssuerKey.delegated_from.desc(), IssuerKey.id.desc()).limit(1)
    ).first()


def issuer_key(session: Session, registry: Registry, party: Party) -> IssuerKey:
    """The same, or `RunRefused` saying that the alliance has to approve one first."""
    record = delegated_key(session, party, registry.now())
    if record is None:
        raise RunRefused(
            f"“{party.name}” chưa có khóa phát hành được Liên minh HTX tỉnh duyệt, hoặc khóa đã hết hạn hay bị thu hồi."
            " Hãy liên hệ Liên minh.",
            f"“{party.name}” has no issuer key that its provincial alliance approved, or it ended. Ask the alliance.",
        )
    return record


def issuer_signer(session: Session, registry: Registry, party: Party) -> Signer:
    """Whoever signs statements for a party in hosted custody. Raises `RunRefused`."""
    record = issuer_key(session, registry, party)
    if record.sealed is None:
        raise RunRefused(
            f"“{party.name}” tự giữ khóa: hãy ký trên máy của đơn vị (temthat own).",
            f"“{party.name}” keeps its own key: sign on its own computer (temthat own).",
        )
    return HostedSigner(registry.custody, record)


def open_stamp_key(session: Session, registry: Registry, party: Party) -> StampKey:
    """The party's open stamp key; where there is none, a new one, announced. A hint in use is never taken."""
    close_due_keys(session, registry)
    now = registry.now()
    query = select(StampKey).where(
        StampKey.party_id == party.id,
        StampKey.closed_at.is_(None),
        StampKey.sealed.is_not(None),
        StampKey.opened_at <= now,
        StampKey.closes_at > now,
    )
    record = session.scalars(query.order_by(StampKey.id.desc()).limit(1)).first()
    if record is not None:
        return record
    signer, closes = issuer_signer(session, registry, party), end_of_month(now)
    made = registry.custody.new_stamp_key(str(party.id), now, closes)
    while session.scalar(select(StampKey.id).where(StampKey.hint == key_hint(made.public_key))):
        made = registry.custody.new_stamp_key(str(party.id), now, closes)
    opened = KeyOpened(registry.origin, str(party.id), made.public_key, now, closes, Custody.HOSTED)
    record = StampKey(
        party_id=party.id,
        hint=key_hint(made.public_key),
        public_key=made.public_key,
        sealed=made.sealed,
        opened_at=now,
        closes_at=closes,
        log_index=registry.state(session, opened, party.id, signer),
    )
    session.add(record)
    session.flush()
    return record


def end_of_month(now: dt.datetime) -> dt.datetime:
    """The last second of this month (UTC): a stamp key does not span two months of the offline bundle.

    In that very second it is the next one: a key's period is never empty.
    """
    now = now.astimezone(dt.UTC).replace(microsecond=0)
    days = calendar.monthrange(now.year, now.month)[1]
    last = now.replace(day=days, hour=23, minute=59, second=59)
    return last if now < last else last + dt.timedelta(seconds=1)


def close_due_keys(session: Session, registry: Registry) -> int:
    """State the end of every stamp key past its period that no unfinished job needs, and destroy it. How many.

    The operator may state it, once the period is over in the log's time too.
    """
    # In whole seconds, as statements are dated.
    now = registry.now().replace(microsecond=0)
    due = due_keys(session, now)
    for record in due:
        closed = KeyClosed(registry.origin, str(record.party_id), key_id(record.public_key), now)
        registry.state(session, closed, record.party_id)
        destroy_key(registry, record)
    return len(due)


def due_keys(session: Session, now: dt.datetime) -> Sequence[StampKey]:
    """Stamp keys past their period that no unfinished job needs and that are not destroyed yet."""
    busy = (
        select(Run.stamp_key_id)
        .join(PrintJob, PrintJob.run == Run.run)
        .where(PrintJob.state.in_([JobState.WAITING, JobState.RUNNING]))
    )
    query = select(StampKey).where(
        StampKey.closes_at < now.replace(microsecond=0),
        StampKey.sealed.is_not(None),
        StampKey.id.not_in(busy),
    )
    return session.scalars(query.order_by(StampKey.id)).all()


def destroy_key(registry: Registry, record: StampKey) -> None:
    """Forget a stamp key's private part, here and with its keeper: it has ended in the log, by time or by a notice."""
    registry.custody.close(str(record.party_id), record.public_key)
    record.sealed = None
    record.closed_at = min(record.closed_at or record.closes_at, record.closes_at, registry.now())


def wrapped_stamp_key(record: StampKey) -> Wrapped:
    """A stamp key as its keeper takes it. Raises `RunRefused` if it was destroyed."""
    if record.sealed is None:
        raise RunRefused(
            "Khóa tem của đợt in này đã đóng và đã hủy. Hãy tạo đợt in mới cho số tem còn lại.",
            "The stamp key of this run is closed and destroyed. Order a new run for the stamps still needed.",
        )
    return Wrapped(record.public_key, record.sealed)


def new_run_secret(sealer: Sealer, run: int) -> bytes:
    """A fresh secret for a run's numbers and PINs, sealed; `run_secret` opens it."""
    return sealer.seal(f"run-secret:{run}", os.urandom(32))


def run_secret(sealer: Sealer, run: Run) -> bytes:
    """A run's secret. Raises `SealBroken`."""
    return sealer.open(f"run-secret:{run.run}", run.sealed_secret)
