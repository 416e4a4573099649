"""Alerts of copied codes: the list with its map, one alert, moving it on, holding one stamp by notice."""

import uuid
from urllib.parse import urlencode

from fastapi import Response

from temthat_stamps.copies.campaigns import RAISES, AlertState, SignalKind
from temthat_stamps.errors import TrustError
from temthat_stamps.notice import stamps_target
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import notices_for_run, notify_stamps
from temthat_stamps.runs.own_notices import notice_request
from temthat_stamps.runs.records import Run
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.parties import PRODUCERS, Party
from temthat_verify_api.alerts.records import LONGEST_NOTE, Alert, AlertSignal, What
from temthat_verify_api.alerts.sweeping import step
from temthat_verify_api.desk import alert_queries as asking
from temthat_verify_api.desk import provincemap
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import BadForm, Forbidden, NotFound
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views.alert_found import finds
from temthat_verify_api.desk.views.recall import speaks_for
from temthat_verify_api.permissions import Action
from temthat_verify_api.places import province_name
from temthat_verify_api.recall.acting import signs_at_home

router = desk_router()

_AT_WORK = (AlertState.OPEN, AlertState.CONFIRMED)
_DONE = (AlertState.EXPLAINED, AlertState.CLOSED)
HOLD_REASONS = ("under_inspection", "complaint", "ordered_by_authority", "other")


@router.get("/alerts")
def alerts_page(desk: SignedIn, show: str = "") -> Response:
    """Alerts at work, or those that are done; above them where the evidence came from."""
    lines = asking.alert_lines(desk.db, desk.person, _DONE if show == "done" else _AT_WORK)
    where: dict[str, set[tuple[int, int]]] = {}
    for line in lines:
        for one in line.signals:
            if one.province:
                where.setdefault(one.province, set()).add((one.run, one.serial))
    return desk.page(
        "alerts.html",
        lines=lines,
        show="done" if show == "done" else "",
        tiles=provincemap.tiles({code: len(stamps) for code, stamps in where.items()}),
        size=(provincemap.COLUMNS * provincemap.WIDTH, provincemap.ROWS * provincemap.HEIGHT),
        province_name=province_name,
        is_office=desk.party.kind not in PRODUCERS,
        finds=finds(desk),
        most=asking.MOST_LINES,
    )


@router.get("/alerts/{alert_id}")
def alert_page(desk: SignedIn, alert_id: uuid.UUID) -> Response:
    """One alert; what was merged leads to the alert it belongs to."""
    alert = asking.find_alert(desk.db, desk.person, alert_id)
    if alert.merged_into is not None:
        return desk.go(f"/desk/alerts/{alert.merged_into}", "alert_merged")
    return _page(desk, alert)


@router.post("/alerts/{alert_id}/state")
def move_on(desk: SignedIn, form: Fields, alert_id: uuid.UUID) -> Response:
    """A person says what an alert came to, and why. What nobody had seen yet when the page was made, counts not."""
    alert = asking.find_alert(desk.db, desk.person, alert_id)
    desk.require(Action.ALERT, alert.party)
    state, note = form.text("state"), form.text("note", LONGEST_NOTE)
    if state not in set(AlertState):
        raise BadForm
    signals = asking.signals_of(desk.db, [alert.id]).get(alert.id, [])
    if form.text("seen") != _seen(alert, signals):
        return _page(desk, alert, desk.words("alerts.changed"), state, note)
    if not note:
        return _page(desk, alert, desk.words("alerts.no_note"), state, note)
    alert.move(AlertState(state), desk.now)
    step(desk.db, alert, What.CHANGED, desk.now, note, (desk.party.id, desk.person.name))
    return desk.go(f"/desk/alerts/{alert.id}", "alert_state")


@router.get("/alerts/{alert_id}/hold")
def hold_page(desk: SignedIn, alert_id: uuid.UUID, run: int = 0, serial: int = 0) -> Response:
    """What holding one stamp does, and the yes."""
    alert = asking.find_alert(desk.db, desk.person, alert_id)
    record, by = _to_hold(desk, alert, run, serial)
    return _hold_page(desk, alert, record, serial, by)


@router.post("/alerts/{alert_id}/hold")
def hold(desk: SignedIn, form: Fields, alert_id: uuid.UUID) -> Response:
    """A signed notice that one stamp is held; with an own key it is signed at home and counts then."""
    alert = asking.find_alert(desk.db, desk.person, alert_id)
    run, serial, reason = form.number("run") or 0, form.number("serial") or 0, form.text("reason")
    record, by = _to_hold(desk, alert, run, serial)
    if reason not in HOLD_REASONS:
        raise BadForm
    if not form.text("sure"):
        return _hold_page(desk, alert, record, serial, by, desk.words("alerts.hold_not_sure"), reason)
    try:
        if signs_at_home(desk.db, by, desk.now):
            _request(desk, record, serial, reason, by)
            return _to_sign(desk, alert, record, serial, reason)
        notify_stamps(desk.db, desk.services.registry, record, serial, serial, NoticeKind.HOLD, reason, by)
    except (RunRefused, TrustError) as refusal:
        desk.db.rollback()
        return _hold_page(desk, alert, record, serial, by, desk.words.of(refusal), reason)
    note = f"{record.run}/{serial}"
    step(desk.db, alert, What.HELD, desk.now, note, (desk.party.id, desk.person.name))
    return desk.go(f"/desk/alerts/{alert.id}", "alert_held")


@router.get("/alerts/{alert_id}/hold/request.json")
def download_request(
    desk: SignedIn, alert_id: uuid.UUID, run: int = 0, serial: int = 0, reason: str = ""
) -> Response:
    """The notice that an issuer with its own key signs at home; nothing counts until it comes back."""
    alert = asking.find_alert(desk.db, desk.person, alert_id)
    record, by = _to_hold(desk, alert, run, serial)
    if reason not in HOLD_REASONS:
        raise BadForm
    if not signs_at_home(desk.db, by, desk.now):
        raise Forbidden
    headers = {"Content-Disposition": f'attachment; filename="{_request_name(run, serial)}"'}
    return Response(
        _request(desk, record, serial, reason, by), media_type="application/json", headers=headers
    )


def _page(desk: Desk, alert: Alert, problem: str = "", state: str = "", note: str = "") -> Response:
    signals = asking.signals_of(desk.db, [alert.id]).get(alert.id, [])
    stamps = asking.stamp_lines(desk.db, desk.services.sealer, signals)
    checks = asking.checks_by_province(desk.db, [(line.run.run, line.serial) for line in stamps])
    return desk.page(
        "alert.html",
        422 if problem else 200,
        alert=alert,
        line=asking.line_of(alert, signals),
        suspects=len({(s.run, s.serial) for s in signals if s.kind == SignalKind.SUSPECT}),
        stamps=stamps,
        batches=_batches(stamps),
        moments=asking.time_line(alert, signals),
        tiles=provincemap.tiles(checks),
        unknown=checks.get("", 0),
        size=(provincemap.COLUMNS * provincemap.WIDTH, provincemap.ROWS * provincemap.HEIGHT),
        states=list(AlertState),
        seen=_seen(alert, signals),
        problem=problem,
        state=state,
        note=note,
        holds=_speaker(desk, stamps[0].run.batch) is not None if stamps else False,
        acts=desk.may(Action.ALERT, alert.party),
        province_name=province_name,
        raises=RAISES,
        few=provincemap.SHOWN_FROM,
    )


def _batches(stamps: list[asking.StampLine]) -> list[tuple[Batch, int]]:
    """The batches these stamps are of, with how many of them, the most first."""
    counted: dict[uuid.UUID, tuple[Batch, int]] = {}
    for line in stamps:
        batch, n = counted.get(line.run.batch_id, (line.run.batch, 0))
        counted[line.run.batch_id] = batch, n + 1
    return sorted(counted.values(), key=lambda item: (-item[1], item[0].lot))


def _seen(alert: Alert, signals: list[AlertSignal]) -> str:
    """What the page showed, in a few characters: a decision is made on that and on nothing newer."""
    return f"{alert.state}.{len(alert.steps)}.{sum(one.is_evidence for one in signals)}"


def _speaker(desk: Desk, batch: Batch) -> Party | None:
    """In whose name this person may hold a stamp of a batch; None for those who only look."""
    try:
        return speaks_for(desk, batch)
    except Forbidden:
        return None


def _to_hold(desk: Desk, alert: Alert, run: int, serial: int) -> tuple[Run, Party]:
    """The run of a stamp of this alert, and in whose name it would be held. Raises `NotFound`, `Forbidden`."""
    signals = asking.signals_of(desk.db, [alert.id]).get(alert.id, [])
    if not any((one.run, one.serial) == (run, serial) for one in signals):
        raise NotFound
    record = desk.db.get_one(Run, run)
    return record, speaks_for(desk, record.batch)


def _hold_page(
    desk: Desk, alert: Alert, run: Run, serial: int, by: Party, problem: str = "", reason: str = ""
) -> Response:
    standing = any(asking.covers(notice, serial) for notice in notices_for_run(desk.db, run))
    return desk.page(
        "alert_hold.html",
        422 if problem else 200,
        alert=alert,
        run=run,
        serial=serial,
        standing=standing,
        at_home=signs_at_home(desk.db, by, desk.now),
        reasons=HOLD_REASONS,
        reason=reason,
        problem=problem,
    )


def _request(desk: Desk, run: Run, serial: int, reason: str, by: Party) -> bytes:
    target = stamps_target(run.run, serial, serial)
    return notice_request(desk.db, desk.services.registry, by, target, NoticeKind.HOLD, reason).to_json()


def _to_sign(desk: Desk, alert: Alert, run: Run, serial: int, reason: str) -> Response:
    """What is left to do at home before it counts."""
    name = _request_name(run.run, serial)
    query = urlencode({"run": run.run, "serial": serial, "reason": reason})
    return desk.page(
        "alert_sign.html",
        alert=alert,
        run=run,
        serial=serial,
        file=name,
        signed=name.removesuffix(".json") + ".signed.json",
        to_sign=f"/desk/alerts/{alert.id}/hold/request.json?{query}",
    )


def _request_name(run: int, serial: int) -> str:
    return f"giu-lai-{run}-{serial}.json"
