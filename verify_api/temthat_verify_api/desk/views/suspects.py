"""Reports of suspect packs: what shoppers told, looked into by those whose stamp it is and their alliance."""

import uuid
from urllib.parse import urlencode

from fastapi import Response

from temthat_stamps.code import RUN_MAX, SERIAL_MAX
from temthat_stamps.texts import say
from temthat_stamps.verdict import Verdict, Word
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import Forbidden, NotFound
from temthat_verify_api.desk.forms import Fields, Posted
from temthat_verify_api.desk.pictures import kept_picture
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.pages.earlier import earlier_checks, provinces_of
from temthat_verify_api.permissions import Action, may_answer_others
from temthat_verify_api.places import province_name
from temthat_verify_api.reports import looking
from temthat_verify_api.reports.records import LONGEST_NOTE, ReportState, ReportStep, SuspectReport
from temthat_verify_api.reports.reference import grouped
from temthat_verify_api.reports.retention import CONTACT, PHOTO, forget

router = desk_router()


@router.get("/reports")
def reports_page(
    desk: SignedIn, state: str = "", page: int = 0, q: str = "", run: int = 0, serial: int = 0
) -> Response:
    """The reports this person looks after, by state; those that wait come first. `q`: a reference number somebody read
    out on the telephone. `run` and `serial`: those about one stamp.
    """
    if not desk.may(Action.REPORTS) and not may_answer_others(desk.person):
        raise Forbidden
    problem = ""
    if q:
        found = looking.find_by_reference(desk.db, desk.person, q[:40])
        if found is not None:
            return desk.go(f"/desk/reports/{found.id}")
        problem = desk.words("suspects.not_found")
    chosen = ReportState(state) if state in set(ReportState) else ReportState.OPEN
    one_stamp = 0 < run <= RUN_MAX and 0 < serial <= SERIAL_MAX
    wanted = looking.about(run, serial) if one_stamp else looking.in_state(chosen)
    number = min(max(page, 0), 10_000)
    lines, more = looking.lines(desk.db, desk.person, wanted, number)
    return desk.page(
        "suspects.html",
        422 if problem else 200,
        problem=problem,
        q=q[:40],
        lines=lines,
        more=more,
        number=number,
        chosen="" if one_stamp else chosen,
        stamp=desk.words("suspects.of_stamp", serial=serial, run=run) if one_stamp else "",
        address=urlencode({"run": run, "serial": serial} if one_stamp else {"state": chosen}),
        counts=looking.counts(desk.db, desk.person),
        grouped=grouped,
        province=province_name,
    )


@router.get("/reports/{report_id}")
def report_page(desk: SignedIn, report_id: uuid.UUID) -> Response:
    """One report with everything that was told, the stamp's history, and what was done about it."""
    return _page(desk, _find(desk, report_id))


@router.get("/reports/{report_id}/photo")
def photo(desk: SignedIn, report_id: uuid.UUID) -> Response:
    """The photo that came with it."""
    return kept_picture(desk.db, _find(desk, report_id).photo)


@router.post("/reports/{report_id}")
def move(desk: SignedIn, report_id: uuid.UUID, form: Fields) -> Response:
    """Say where it stands, with a note. What is done keeps neither contact nor photo."""
    report = _find(desk, report_id)
    state, note = form.text("state"), form.text("note", LONGEST_NOTE)
    if form.text("seen") != _seen(report):
        return _page(desk, report, desk.words("suspects.changed"), form)
    if state not in set(ReportState):
        return _page(desk, report, desk.words("suspects.no_state"), form)
    if not note:
        return _page(desk, report, desk.words("suspects.no_note"), form)
    report.state, report.state_at = ReportState(state), desk.now
    _note(desk, report, note)
    if report.state.is_done:
        forget(desk.db, report)
    return desk.go(f"/desk/reports/{report_id}", "report_moved")


@router.post("/reports/{report_id}/contact")
def forget_contact(desk: SignedIn, report_id: uuid.UUID, form: Fields) -> Response:
    """Whoever reported asked for the contact to be deleted: at once, and it stays on record that it was."""
    report = _find(desk, report_id)
    if report.contact is not None:
        report.contact = None
        _note(desk, report, desk.words("suspects.contact_deleted"))
    return desk.go(f"/desk/reports/{report_id}", "contact_deleted")


def _note(desk: Desk, report: SuspectReport, note: str) -> None:
    by = {"by_party_id": desk.party.id, "by_person": desk.person.name}
    report.steps.append(ReportStep(at=desk.now, state=report.state, note=note, **by))


def _find(desk: Desk, report_id: uuid.UUID) -> SuspectReport:
    report = looking.find_report(desk.db, desk.person, report_id)
    if report is None:
        raise NotFound
    return report


def _seen(report: SuspectReport) -> str:
    """What the form was shown with: an answer counts only for that."""
    return f"{report.state}/{len(report.steps)}"


def _page(desk: Desk, report: SuspectReport, problem: str = "", form: Posted | None = None) -> Response:
    history = looking.history_of(desk.db, report)
    provinces = provinces_of(desk.db, report.run, report.serial) if report.run and report.serial else 0
    verdict = say(Verdict(Word(report.verdict)), desk.lang).title if report.verdict else ""
    return desk.page(
        "suspect.html",
        422 if problem else 200,
        report=report,
        number=grouped(report.reference),
        run=looking.run_of(desk.db, report),
        verdict=verdict,
        history=earlier_checks(history, provinces, desk.lang),
        others=looking.others_on_stamp(desk.db, desk.person, report),
        states=tuple(ReportState),
        seen=_seen(report),
        problem=problem,
        chosen=form.text("state") if form else "",
        note=form.text("note", LONGEST_NOTE) if form else "",
        most=LONGEST_NOTE,
        days={"contact": CONTACT.days, "photo": PHOTO.days},
        grouped=grouped,
        province=province_name,
    )
