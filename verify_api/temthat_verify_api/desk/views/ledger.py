"""The ledger of a run: what became of its stamps; recording it in two steps, the second after seeing what it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Response

from temthat_stamps.errors import TrustError
from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.ledger import Ledger, State, Stretch, state_words
from temthat_stamps.ledger.reconcile import Finding, reconcile_batch
from temthat_stamps.ledger.recording import REASONS, Fate, Plan, ask_to_sign, plan, record
from temthat_stamps.ledger.reprint import expire_due, reprints_of
from temthat_stamps.ledger.sheets import parse_parts, sheets_to_serials, stamps_to_serials
from temthat_stamps.printing.errors import PrintingError
from temthat_stamps.runs.errors import RunRefused
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import Fields, Posted
from temthat_verify_api.desk.ledger_queries import PrintedFile, printed_files
from temthat_verify_api.desk.queries import RunLine
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.views import own_orders
from temthat_verify_api.permissions import Action

router = desk_router()

BAR = 1000
"""Width of the bar in its own units."""
SHOWN = 6
"""Stretches of one state that the table lists before it says how many more there are."""
MOST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class StateLine:
    """One row of the table: a state with its stamps, and its piece of the bar."""

    state: State
    words: str
    count: int
    stretches: Sequence[Stretch]
    left: int
    width: int


@router.get("/runs/{number}/ledger")
def ledger_page(desk: SignedIn, number: int) -> Response:
    """Where every stamp of the run is, as a sum that adds up; what does not add up, as a question."""
    line = queries.find_run(desk.db, desk.person, number)
    expire_due(desk.db, desk.now)
    ledger = ledger_of(desk.db, line.run)
    return desk.page(
        "ledger.html",
        run=line.run,
        batch=line.run.batch,
        ledger=ledger,
        states=_states(ledger, desk),
        findings=_findings(desk, line),
        reprints=reprints_of(desk.db, line.run),
        fates=list(Fate) if line.jobs and line.run.is_logged else [],
        shown=SHOWN,
        bar=BAR,
    )


@router.get("/runs/{number}/ledger/{fate}")
def record_page(desk: SignedIn, number: int, fate: str) -> Response:
    """The form: which sheets, or which stamps."""
    line, what = _to_record(desk, number, fate)
    return _form(desk, line, what, {"sheets": "", "stamps": "", "job": "", "reason": ""})


@router.post("/runs/{number}/ledger/{fate}")
def record_fate(desk: SignedIn, number: int, fate: str, form: Fields) -> Response:
    """First what would be recorded; with the yes of that page, recorded."""
    line, what = _to_record(desk, number, fate)
    reason = form.text("reason") if form.text("reason") in REASONS[what] else next(iter(REASONS[what]), "")
    typed = {name: form.text(name, MOST_TEXT) for name in ("sheets", "stamps", "job")} | {"reason": reason}
    try:
        if form.text("sure"):
            registry = desk.services.registry
            exact = parse_parts(form.text("stretches", MOST_TEXT))
            if _is_signed_at_home(desk, line, what):
                ask_to_sign(desk.db, registry, line.run, what, exact, reason)
                return _to_sign(desk, line, what, exact, reason)
            record(desk.db, registry, line.run, what, exact, desk.person.name, reason)
            return desk.go(f"/desk/runs/{number}/ledger", "recorded")
        found = plan(ledger_of(desk.db, line.run), what, serials_of(line, form))
    except (RunRefused, PrintingError, TrustError) as refusal:
        desk.db.rollback()
        return _form(desk, line, what, typed, desk.words.of(refusal))
    return _preview(desk, line, found, typed)


@router.get("/runs/{number}/ledger/{fate}/request.json")
def download_request(
    desk: SignedIn, number: int, fate: str, stretches: str = "", reason: str = ""
) -> Response:
    """The notices that a cooperative with its own key signs at home; nothing counts until they come back."""
    line, what = _to_record(desk, number, fate)
    if not _is_signed_at_home(desk, line, what):
        raise NotFound
    try:
        exact = parse_parts(stretches[:MOST_TEXT])
        asked = ask_to_sign(desk.db, desk.services.registry, line.run, what, exact, reason)
    except (RunRefused, PrintingError) as refusal:
        desk.db.rollback()
        typed = {"sheets": "", "stamps": "", "job": "", "reason": ""}
        return _form(desk, line, what, typed, desk.words.of(refusal))
    return own_orders.file_answer(asked.to_json(), _request_name(line, what), "application/json")


def serials_of(line: RunLine, form: Posted) -> list[tuple[int, int]]:
    """The stamps a form names: sheets of one print file, or stamps of the run. Raises `RunRefused`, `PrintingError`."""
    stamps, sheets = form.text("stamps", MOST_TEXT), form.text("sheets", MOST_TEXT)
    if stamps or not sheets:
        return stamps_to_serials(line.run.run, line.run.count, stamps)
    files = printed_files(line.jobs)
    chosen = next(
        (file for file in files if str(file.job.id) == form.text("job")), files[0] if files else None
    )
    if chosen is None:
        raise RunRefused(
            "Đợt in này không có số tờ. Hãy ghi số tem.", "This run has no sheets. Name the stamps."
        )
    return sheets_to_serials(chosen.settings, chosen.job.first, chosen.job.last, sheets)


def _to_record(desk: Desk, number: int, fate: str) -> tuple[RunLine, Fate]:
    line = queries.find_run(desk.db, desk.person, number)
    desk.require(Action.ORDER, line.run.party)
    if fate not in list(Fate):
        raise NotFound
    return line, Fate(fate)


def _is_signed_at_home(desk: Desk, line: RunLine, fate: Fate) -> bool:
    """Whether recording this takes a signature that the service cannot give."""
    return fate is not Fate.APPLIED and own_orders.signs_itself(desk, line.run.party)


def _request_name(line: RunLine, fate: Fate) -> str:
    return f"thong-bao-{fate}-{line.run.run}.json"


def _to_sign(desk: Desk, line: RunLine, fate: Fate, exact: list[tuple[int, int]], reason: str) -> Response:
    """What is left to do at home before it counts."""
    parts = ",".join(f"{first}-{last}" for first, last in exact)
    name = _request_name(line, fate)
    return desk.page(
        "own_notice.html",
        run=line.run,
        batch=line.run.batch,
        fate=fate,
        count=sum(last - first + 1 for first, last in exact),
        file=name,
        signed=name.removesuffix(".json") + ".signed.json",
        query=urlencode({"stretches": parts, "reason": reason}),
    )


def _form(desk: Desk, line: RunLine, fate: Fate, typed: dict[str, str], problem: str = "") -> Response:
    files: list[PrintedFile] = printed_files(line.jobs) if fate is Fate.SPOILED else []
    return desk.page(
        "ledger_record.html",
        422 if problem else 200,
        run=line.run,
        batch=line.run.batch,
        fate=fate,
        files=files,
        reasons=REASONS[fate],
        typed=typed,
        problem=problem,
    )


def _preview(desk: Desk, line: RunLine, found: Plan, typed: dict[str, str]) -> Response:
    lang = desk.lang
    return desk.page(
        "ledger_preview.html",
        run=line.run,
        batch=line.run.batch,
        plan=found,
        fate=found.fate,
        own=_is_signed_at_home(desk, line, found.fate),
        taken=[Stretch(first, last, State.PRINTED).label(lang) for first, last in found.stretches],
        left_out=[(part.label(lang), state_words(part.state, lang)) for part in found.left_out],
        stretches=", ".join(f"{first}-{last}" for first, last in found.stretches),
        typed=typed,
    )


def _states(ledger: Ledger, desk: Desk) -> list[StateLine]:
    """States that have stamps, the furthest along last, with whole units of the bar that fill it exactly."""
    lines, before, left = [], 0, 0
    for state in reversed(State):
        if count := ledger.totals[state]:
            before += count
            right = before * BAR // ledger.count
            stretches = [stretch for stretch in ledger.stretches if stretch.state is state]
            words = state_words(state, desk.lang)
            lines.append(
                StateLine(state, words[:1].upper() + words[1:], count, stretches, left, right - left)
            )
            left = right
    return lines


def _findings(desk: Desk, line: RunLine) -> tuple[Finding, ...]:
    try:
        return reconcile_batch(desk.db, line.run.batch, desk.now).findings
    except (
        RunRefused
    ):  # a pack form changed since says no longer what it holds: the ledger itself still stands
        return ()
