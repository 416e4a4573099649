"""Delegations between the trust folder, the database and the log: what is asked for, and what was granted.

The signed files decide; rows of `issuer_key` are a copy of them, made again from the files at every publication.
"""

import logging
import uuid
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from temthat_stamps.errors import Fault
from temthat_stamps.fields import Fields
from temthat_stamps.log.records import LogEntry
from temthat_stamps.logged import Delegation, PublishedFile
from temthat_stamps.manifest import Custody
from temthat_stamps.runs.custody import issuer_kind, issuer_province
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import IssuerKey, StampKey
from temthat_stamps.runs.registry import Registry
from temthat_stamps.runs.revision import bump_revision
from temthat_stamps.signer import KeySigner
from temthat_stamps.statement import StatementType, peek
from temthat_stamps.trust.accepted import Accepted, target_name
from temthat_stamps.trust.delegates import DelegatedKey
from temthat_stamps.trust.enrolment import Enrolment, check_unused, read_enrolment, sign_enrolment
from temthat_stamps.trust.errors import EnrolmentRefused
from temthat_stamps.trust.repository import TrustRepository
from temthat_trace.parties import Party

log = logging.getLogger(__name__)


def pending(session: Session, province: str | None = None) -> list[IssuerKey]:
    """Keys whose request nobody has approved yet, oldest first; of one province, if it is given."""
    query = select(IssuerKey).options(joinedload(IssuerKey.party)).join(IssuerKey.party)
    query = query.where(IssuerKey.delegated_from.is_(None), IssuerKey.enrolment != b"")
    if province is not None:
        query = query.where(Party.province == province)
    return list(session.scalars(query.order_by(IssuerKey.id)))


def request_for_old_keys(session: Session, registry: Registry) -> list[IssuerKey]:
    """Ask for delegations to the keys of before the log, so that their provinces can vouch for what they signed.

    Each signs its own request and is destroyed by that: its party goes on with a new key. The caller commits. Raises
    `SealBroken` for a foreign master key.
    """
    asked = []
    for record in session.scalars(
        select(IssuerKey).where(IssuerKey.enrolment == b"", IssuerKey.sealed.is_not(None))
    ):
        try:
            kind, province = issuer_kind(record.party), issuer_province(record.party)
        except RunRefused as refusal:
            log.warning("no delegation can be asked for to an old key: %s", refusal.en)
            continue
        raw = registry.sealer.open(f"issuer-key:{record.public_key.hex()}", record.sealed or b"")
        signer = KeySigner(Ed25519PrivateKey.from_private_bytes(raw))
        request = Enrolment(
            registry.origin,
            str(record.party_id),
            kind,
            province,
            record.public_key,
            Custody.HOSTED,
            registry.now(),
        )
        record.enrolment = sign_enrolment(request, signer)
        record.sealed, record.retired_at = None, registry.now()
        asked.append(record)
    session.flush()
    return asked


def record_request(session: Session, registry: Registry, party: Party, request: bytes) -> IssuerKey:
    """Take the request of a key that its party keeps itself; it waits for approval like any other.

    Raises `EnrolmentRefused`: another log, another party, a weak key, one known already or with a hint in use.
    """
    asked = read_enrolment(request, registry.origin)
    if (asked.issuer, asked.kind, asked.province) != (
        str(party.id),
        issuer_kind(party),
        issuer_province(party),
    ):
        raise EnrolmentRefused(
            Fault.ISSUER,
            f"Yêu cầu này không phải của “{party.name}”: mã đơn vị, loại hoặc tỉnh khác. Hãy tạo lại yêu cầu.",
            f"This request is not by “{party.name}”: its id, kind or province differs. Make the request again.",
        )
    check_unused(
        asked, (*session.scalars(select(IssuerKey.public_key)), *session.scalars(select(StampKey.public_key)))
    )
    record = IssuerKey(
        party_id=party.id,
        public_key=asked.public_key,
        custody=asked.custody,
        enrolment=request,
        opened_at=registry.now(),
    )
    session.add(record)
    session.flush()
    return record


def names_of(session: Session, keys: list[IssuerKey]) -> dict[str, str]:
    """What the issuers of these keys are called, by their opaque ids: shown to those who approve, never signed."""
    parties = session.scalars(select(Party).where(Party.id.in_({key.party_id for key in keys})))
    return {str(party.id): party.name for party in parties}


def publish_delegation(session: Session, registry: Registry, folder: Path) -> list[int]:
    """State in the log what the public trust folder holds and the log does not know yet; copy it into the keys' rows.

    The entries written; none if nothing was new. Harmless to repeat: it also heals a publication that was cut short
    between folder and database. The caller commits. Raises `TrustError` if the folder is not in order.
    """
    bump_revision(session)  # also the lock that puts writers of the log in order
    repository = TrustRepository(folder)
    written = [
        registry.state(session, Delegation(registry.origin, files, registry.now()), None)
        for files in repository.unlogged(logged_files(session))
    ]
    copy_keys(session, repository, repository.current())
    return written


def logged_files(session: Session) -> dict[str, PublishedFile]:
    """The newest of each trust file that the log states."""
    query = select(LogEntry.envelope).where(LogEntry.kind == StatementType.DELEGATION.value)
    newest: dict[str, PublishedFile] = {}
    for envelope in session.scalars(query.order_by(LogEntry.index).execution_options(yield_per=100)):
        newest |= Delegation.parse(peek(envelope)).files
    return newest


def copy_keys(session: Session, repository: TrustRepository, published: Accepted) -> int:
    """Make the rows say what the delegation says; how many changed. A key enrolled elsewhere gets a row of its own."""
    rows = {row.public_key: row for row in session.scalars(select(IssuerKey))}
    parties = set(session.scalars(select(Party.id)))
    changed = 0
    for key in published.keys.values():
        row = rows.get(key.public_key)
        if row is None:
            if uuid.UUID(key.issuer) not in parties:
                continue
            row = _row_of(key, repository)
            session.add(row)
        changed += _copy(key, row)
    session.flush()
    return changed


def _row_of(key: DelegatedKey, repository: TrustRepository) -> IssuerKey:
    request = repository.read(target_name(key.path, key.enrolment)) or b""
    opened = Fields(peek(request)).instant("at")
    return IssuerKey(
        party_id=uuid.UUID(key.issuer),
        public_key=key.public_key,
        custody=key.custody,
        enrolment=request,
        opened_at=opened,
    )


def _copy(key: DelegatedKey, row: IssuerKey) -> bool:
    said = {
        "delegated_from": key.delegated_from,
        "valid_until": key.until,
        "last_good": key.last_good,
        "revoked_reason": key.reason or "",
    }
    before = {name: getattr(row, name) for name in said}
    for name, value in said.items():
        setattr(row, name, value)
    return before != said
