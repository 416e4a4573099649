"""Filing a report: what somebody told becomes a row, with its photo, its contact and the trace it leaves on the stamp.

All in one transaction that the caller commits: half a report is never stored.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.copies.records import signal
from temthat_stamps.runs.records import Run
from temthat_verify_api.desk.pictures import Frame, keep_picture
from temthat_verify_api.facts import Answer
from temthat_verify_api.reports.records import LONGEST_CODE, Odd, ReportContact, ReportState, SuspectReport

PHOTO = Frame(150_000, (1600, 1280, 1024, 800, 640))
"""A pack and its label can be made out."""

CONSENT = "2026-11"
"""The version of the words by which somebody agrees to being contacted (`report_consent` of the pages' words)."""

SIGNAL = "report"


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody told: `photo` is drawn anew already (`pictures.shrink`), `contact` was agreed to."""

    odd: tuple[Odd, ...] = ()
    words: str = ""
    shop: str = ""
    province: str | None = None
    photo: bytes | None = None
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Filed:
    """Under which number a report stands; `is_new`: whether it was filed now and not before."""

    reference: str
    is_new: bool


class ReferenceTaken(Exception):
    """Another report stands under the number that was drawn for this one."""


def file_report(
    session: Session, answer: Answer | None, code: str, told: Told, drawn: str, now: dt.datetime
) -> Filed:
    """The report, flushed. `drawn`: the reference number it was given where it was written; sent twice it is filed
    once. `answer`: the verdict on the code; None if there was no code to judge. Raises `ReferenceTaken`.
    """
    report = SuspectReport(
        reference=drawn,
        at=now,
        state_at=now,
        state=ReportState.OPEN,
        code=code[:LONGEST_CODE],
        verdict=answer.verdict.word.value if answer else "",
        province=told.province,
        shop=told.shop,
        odd=" ".join(told.odd),
        told=told.words,
    )
    if answer is not None and answer.counts and answer.header is not None:
        run = session.get_one(Run, answer.header.run)
        report.run, report.serial, report.party_id = answer.header.run, answer.header.serial, run.party_id
        report.code = answer.facts.foreign_host or ""
    known = session.scalars(select(SuspectReport).where(SuspectReport.reference == drawn)).first()
    if known is not None:
        if _says_the_same(known, report):
            return Filed(drawn, is_new=False)
        raise ReferenceTaken
    if told.photo is not None:
        report.photo = keep_picture(session, told.photo)
    if told.contact:
        report.contact = ReportContact(contact=told.contact, text=CONSENT, given_at=now)
    session.add(report)
    session.flush()
    if report.run is not None and report.serial is not None:
        signal(session, report.run, report.serial, SIGNAL, now, told.province)
    return Filed(drawn, is_new=True)


def _says_the_same(known: SuspectReport, new: SuspectReport) -> bool:
    about = ("run", "serial", "code", "odd", "told", "shop", "province")
    return all(getattr(known, name) == getattr(new, name) for name in about)
