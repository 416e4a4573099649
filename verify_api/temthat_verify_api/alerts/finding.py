"""Somebody in office had a pack in hand and found its code copied: a signal of its own kind, and an alert at once."""

import datetime as dt
import hmac

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from temthat_stamps import signing
from temthat_stamps.code import Header
from temthat_stamps.copies.campaigns import SignalKind
from temthat_stamps.copies.records import signal
from temthat_stamps.errors import BadSignature, Mistyped
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.records import Run
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import RunSecrets
from temthat_verify_api.alerts.records import Alert, AlertSignal, What
from temthat_verify_api.alerts.sweeping import By, Goods, step, sweep_goods
from temthat_verify_api.questions import read_question


def stamp_of(session: Session, sealer: Sealer, text: str) -> tuple[Run, int] | None:
    """The run and serial of a stamp by its printed number or its code, whole; None for what is no stamp of ours.

    Of a forged code nothing may be said about the stamp whose number it took.
    """
    try:
        question = read_question(text.strip())
    except Mistyped:
        return None
    if question.number is not None:
        run, serial = question.number.run, question.number.serial
    elif question.code is not None:
        run, serial = question.code.header.run, question.code.header.serial
    else:
        return None
    query = select(Run).where(Run.run == run).options(joinedload(Run.stamp_key), joinedload(Run.batch))
    record = session.scalars(query).first()
    if record is None or not record.is_logged or not 1 <= serial <= record.count:
        return None
    if question.code is not None:
        try:
            signing.verify(question.code, [record.stamp_key.public_key])
        except BadSignature:
            return None
        return record, serial
    right = RunSecrets(run_secret(sealer, record)).number(Header(record.stamp_key.hint, run, serial))
    return (record, serial) if hmac.compare_digest(str(right), str(question.number)) else None


def found_copied(
    session: Session, run: Run, serial: int, province: str | None, now: dt.datetime, note: str, by: By
) -> Alert:
    """Write it down; the alert it is evidence of. The caller commits."""
    signal(session, run.run, serial, SignalKind.INSPECTOR, now, province)
    session.flush()
    sweep_goods(session, Goods(run.party_id, run.batch.product_id), now)
    row = session.get_one(AlertSignal, (run.run, serial, SignalKind.INSPECTOR.value))
    alert = session.get_one(Alert, row.alert_id)
    step(session, alert, What.FOUND, now, f"{run.run}/{serial}: {note}", by)
    return alert
