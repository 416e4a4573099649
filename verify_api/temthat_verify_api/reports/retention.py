"""How long a report keeps what tells of people. `expire_reports(session, now)` is the nightly job's part.

The contact and the photo go as soon as a report is explained or closed (`forget`, called with the state); what is still
open, or confirmed and evidence, keeps the contact for `CONTACT` and the photo for `PHOTO`. Free words, the shop's name
and the desk's notes go after `WORDS`; what stays is which stamp, which day, which province and what became of it.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from temthat_trace.privacy.attachments import drop_unused
from temthat_verify_api.reports.records import ReportContact, ReportState, ReportStep, SuspectReport

CONTACT = dt.timedelta(days=180)
PHOTO = dt.timedelta(days=365)
WORDS = dt.timedelta(days=730)
_DONE = tuple(state for state in ReportState if state.is_done)


@dataclass(frozen=True, slots=True)
class Expired:
    """What a night deleted: contacts, photos, and reports whose words were emptied."""

    contacts: int
    photos: int
    words: int


def forget(session: Session, report: SuspectReport) -> None:
    """Delete the contact and the photo of a report that is done; the caller commits."""
    report.contact = None
    photo, report.photo = report.photo, None
    session.flush()
    if photo is not None:
        drop_unused(session, [photo])


def expire_reports(session: Session, now: dt.datetime) -> Expired:
    """Delete what is past its time; the caller commits. Repeating it changes nothing."""
    late = select(SuspectReport.id).where(SuspectReport.state.in_(_DONE) | (SuspectReport.at < now - CONTACT))
    found = session.scalars(select(ReportContact.report_id).where(ReportContact.report_id.in_(late))).all()
    session.execute(delete(ReportContact).where(ReportContact.report_id.in_(found)))
    return Expired(len(found), _drop_photos(session, now), _empty_words(session, now))


def _empty_words(session: Session, now: dt.datetime) -> int:
    """The reports whose own words were emptied. The desk's notes go too, also those on a report that told nothing."""
    old = SuspectReport.at < now - WORDS
    notes = ReportStep.report_id.in_(select(SuspectReport.id).where(old))
    session.execute(update(ReportStep).where(notes, ReportStep.note != "").values(note=""))
    told = (SuspectReport.told != "") | (SuspectReport.shop != "") | (SuspectReport.code != "")
    words = session.scalars(select(SuspectReport.id).where(old, told)).all()
    session.execute(
        update(SuspectReport).where(SuspectReport.id.in_(words)).values(told="", shop="", code="")
    )
    return len(words)


def _drop_photos(session: Session, now: dt.datetime) -> int:
    late = SuspectReport.state.in_(_DONE) | (SuspectReport.at < now - PHOTO)
    photos = session.scalars(select(SuspectReport.photo).where(SuspectReport.photo.is_not(None), late))
    digests = [digest for digest in photos if digest]
    session.execute(update(SuspectReport).where(SuspectReport.photo.is_not(None), late).values(photo=None))
    session.flush()
    drop_unused(session, digests)
    return len(digests)
