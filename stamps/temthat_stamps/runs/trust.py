"""The trust data as the database knows it now; `bundle.trustfile` signs and reads it."""

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from temthat_stamps.bundle.trustfile import TrustData, TrustedIssuer, TrustedKey, TrustedRun
from temthat_stamps.keys import key_id
from temthat_stamps.runs.notices import notices_by_run
from temthat_stamps.runs.records import Run, StampKey
from temthat_trace.batches import Batch
from temthat_trace.parties import Party


def build_trust(session: Session, origin: str, hosts: Iterable[str], now: dt.datetime) -> TrustData:
    """Everything a scanner without a network needs, complete up to the newest run."""
    query = select(Run).options(
        joinedload(Run.batch).joinedload(Batch.product), joinedload(Run.pack_form), joinedload(Run.stamp_key)
    )
    runs = session.scalars(query.order_by(Run.run)).unique().all()
    # Runs first: what they name is there already, whatever is registered while the rest is read.
    keys = session.scalars(select(StampKey).order_by(StampKey.id)).all()
    parties = session.scalars(select(Party).where(Party.id.in_(select(StampKey.party_id)))).all()
    return TrustData(
        origin=origin,
        as_of=now,
        hosts=frozenset(hosts),
        complete_to_run=max((run.run for run in runs), default=0),
        issuers={str(p.id): TrustedIssuer(str(p.id), p.name, p.province or "", p.hotline) for p in parties},
        keys={key_id(key.public_key): _key(key) for key in keys},
        runs={run.run: _run(run) for run in runs},
        notices=notices_by_run(session, runs),
    )


def _key(record: StampKey) -> TrustedKey:
    return TrustedKey(
        record.public_key, str(record.party_id), record.opened_at, record.closes_at, record.closed_at
    )


def _run(run: Run) -> TrustedRun:
    batch = run.batch
    return TrustedRun(
        run=run.run,
        key=key_id(run.stamp_key.public_key),
        first=1,
        last=run.count,
        registered=run.registered_at,
        issuer=str(run.party_id),
        batch=str(run.batch_id),
        product=batch.product.name,
        pack_form=run.pack_form.name,
        lot=batch.lot,
        made_on=batch.made_on.isoformat(),
        expires_on=batch.expires_on,
        gtin=run.pack_form.gtin or batch.product.gtin,
        not_activated=run.needs_activation and run.activated_at is None,
    )
