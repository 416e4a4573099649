"""The recall drill: what went bad, everything it reaches, the lists to take along, and the signed notice."""

import datetime as dt
import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import Response

from temthat_stamps.errors import TrustError
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.lineage.suspects import Suspicion
from temthat_trace.parties import Party
from temthat_trace.places import Place, find_place
from temthat_trace.places.units import provinces
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import BadForm, Forbidden
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.queries import visible
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.permissions import ALLIANCES, Action
from temthat_verify_api.places import provinces_by_name
from temthat_verify_api.recall import listing
from temthat_verify_api.recall.acting import (
    MOST_NOTICES,
    REASONS,
    ask_to_sign,
    give_notice,
    left_to_tell,
    signs_at_home,
)
from temthat_verify_api.recall.naming import read_thing, thing_words
from temthat_verify_api.recall.reach import Reach, batches_by_id, reach_of

router = desk_router()

ASKED = ("batch", "material", "material_lot", "lot", "words", "member", "plot", "province", "commune", "paper",
         "thing", "since", "until")  # fmt: skip
"""Fields of the search, in the order of the form; they are the address of what was found, to be sent to a colleague."""
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form says, as typed and as understood. `problem`: the key of what is wrong with it, or empty."""

    typed: dict[str, str]
    suspicion: Suspicion
    problem: str = ""

    @property
    def address(self) -> str:
        """The same search as a query string."""
        return urlencode({name: value for name, value in self.typed.items() if value})


@router.get("/recall")
def recall_page(desk: SignedIn) -> Response:
    """The form, and below it what it finds."""
    asked = asked_of(desk.request.query_params)
    pressed = "lot" in desk.request.query_params
    empty = pressed and not asked.problem and not asked.suspicion
    return _page(desk, asked, problem=desk.words("recall.nothing_asked") if empty else "")


@router.get("/recall.csv")
def recall_list(desk: SignedIn) -> Response:
    """The same as a list for Excel; with `?list=customers` whom to call."""
    _, reach = _found(desk)
    wants_customers = desk.request.query_params.get("list") == "customers"
    made = listing.customers_csv if wants_customers else listing.batches_csv
    return _file(desk, made(desk.words, reach), "csv", "-goi" if wants_customers else "")


@router.get("/recall.pdf")
def recall_paper(desk: SignedIn) -> Response:
    """The same on paper, with room to write down who was called."""
    asked, reach = _found(desk)
    made = listing.document(
        desk.words,
        reach,
        _said(desk, asked),
        now=desk.now,
        by=f"{desk.person.name}, {desk.party.name}",
        host=desk.services.settings.host,
    )
    return _file(desk, made, "pdf")


@router.get("/recall/request.json")
def download_request(desk: SignedIn) -> Response:
    """The notices that an issuer with its own key signs at home; nothing counts until they come back."""
    asked, reach = _found(desk)
    kind, reason = (desk.request.query_params.get(name, "") for name in ("kind", "reason"))
    by = _signer(desk, reach)
    if kind not in (NoticeKind.HOLD, NoticeKind.RECALL) or reason not in REASONS:
        raise BadForm
    if by is None or not signs_at_home(desk.db, by, desk.now):
        raise Forbidden
    try:
        roots = [batch.id for batch in left_to_tell(desk.db, reach, NoticeKind(kind))]
        request = ask_to_sign(desk.db, desk.services.registry, roots, NoticeKind(kind), reason, by)
    except RunRefused as refusal:
        desk.db.rollback()
        return _page(desk, asked, reach, desk.words.of(refusal), reason)
    headers = {"Content-Disposition": f'attachment; filename="{_request_name(kind)}"'}
    return Response(request.to_json(), media_type="application/json", headers=headers)


@router.post("/recall")
def issue(desk: SignedIn, form: Fields) -> Response:
    """Hold (the producer alone) or recall (with the alliance): one signed notice on each root."""
    asked = asked_of(form.all())
    reach = _reach(desk, asked)
    kind, reason = form.text("kind"), form.text("reason")
    if asked.problem or kind not in (NoticeKind.HOLD, NoticeKind.RECALL) or reason not in REASONS:
        raise BadForm
    by = _signer(desk, reach)
    if by is None and 0 < len(reach.roots) <= MOST_NOTICES:
        raise Forbidden
    if not form.text("sure"):
        return _page(desk, asked, reach, desk.words("recall.not_sure"), reason)
    if form.text("seen") != seen_mark(reach):
        return _page(desk, asked, reach, desk.words("recall.changed"), reason)
    try:
        roots = left_to_tell(desk.db, reach, NoticeKind(kind))
        if by is not None and signs_at_home(desk.db, by, desk.now):
            ask_to_sign(desk.db, desk.services.registry, [b.id for b in roots], NoticeKind(kind), reason, by)
            return _to_sign(desk, asked, reach, kind, reason)
        if by is not None:
            give_notice(desk.db, desk.services.registry, roots, NoticeKind(kind), reason, by)
    except (RunRefused, TrustError) as refusal:
        desk.db.rollback()
        return _page(desk, asked, reach, desk.words.of(refusal), reason)
    return desk.go(f"/desk/recall?{asked.address}", f"recall_{kind}")


def speaks_for(desk: Desk, batch: Batch) -> Party:
    """In whose name this person gives notice on a batch: their own producer's, or their alliance's for a member.

    Raises `Forbidden`.
    """
    if desk.may(Action.ORDER, batch.party) or (
        desk.party.kind in ALLIANCES and desk.may(Action.AGREE, batch.party)
    ):
        return desk.party
    raise Forbidden


def asked_of(fields: Mapping[str, str]) -> Asked:
    """The search a page or form carries."""
    typed = {name: str(fields.get(name, ""))[:200].strip() for name in ASKED}
    try:
        batch = uuid.UUID(typed["batch"]) if typed["batch"] else None
        since, until = (dt.date.fromisoformat(typed[n]) if typed[n] else None for n in ("since", "until"))
    except ValueError:
        return Asked(typed, Suspicion(), "recall.bad_date")
    commune = ""
    province = typed["province"] if typed["province"] in provinces() else ""
    if typed["commune"]:
        name = provinces()[province].name if province else ""
        place = find_place(f"{typed['commune']}, {name}" if name else typed["commune"])
        if not isinstance(place, Place) or place.commune is None:
            return Asked(typed, Suspicion(), "recall.no_commune")
        commune, province = place.commune, place.province
    same = {
        name: typed[name] for name in ("lot", "material", "material_lot", "words", "member", "plot", "paper")
    }
    suspicion = Suspicion(
        batch=batch, province=province, commune=commune, since=since, until=until, thing=read_thing(typed["thing"]),
        **same,
    )  # fmt: skip
    return Asked(typed, suspicion)


def seen_mark(reach: Reach) -> str:
    """What the page showed, in a few characters: a yes counts only for that."""
    said = ",".join(sorted(str(line.facts.id) for line in reach.affected)) + f"/{reach.unseen}/{reach.stamps}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _reach(desk: Desk, asked: Asked) -> Reach:
    return reach_of(desk.db, visible(desk.person), asked.suspicion, desk.services.settings.hosts)


def _found(desk: Desk) -> tuple[Asked, Reach]:
    asked = asked_of(desk.request.query_params)
    if asked.problem:
        raise BadForm
    return asked, _reach(desk, asked)


def _page(
    desk: Desk, asked: Asked, reach: Reach | None = None, problem: str = "", reason: str = ""
) -> Response:
    """`reason`: the one chosen in a form that could not be taken: nobody signs another by not looking again."""
    if reach is None and asked.suspicion:
        reach = _reach(desk, asked)
    problem = problem or (desk.words(asked.problem) if asked.problem else "")
    by = _signer(desk, reach) if reach and not reach.cut else None
    return desk.page(
        "recall.html",
        422 if problem else 200,
        asked=asked,
        reach=reach,
        problem=problem,
        seen=seen_mark(reach) if reach is not None else "",
        seconds=listing.seconds(desk.words, reach) if reach is not None else "",
        kinds=_kinds(desk, by),
        at_home=by is not None and signs_at_home(desk.db, by, desk.now),
        reasons=REASONS,
        reason=reason,
        provinces=provinces_by_name(),
        thing_words=thing_words,
        shown=SHOWN,
    )


def _signer(desk: Desk, reach: Reach) -> Party | None:
    """In whose name this person may give notice of all the roots; None for those who only look."""
    if not 0 < len(reach.roots) <= MOST_NOTICES:
        return None
    try:
        [by] = {speaks_for(desk, batch) for batch in batches_by_id(desk.db, reach.roots)}
    except Forbidden:
        return None
    return by


def _kinds(desk: Desk, by: Party | None) -> list[NoticeKind]:
    if by is None:
        return []
    return [NoticeKind.HOLD, NoticeKind.RECALL] if desk.party.kind in ALLIANCES else [NoticeKind.HOLD]


def _to_sign(desk: Desk, asked: Asked, reach: Reach, kind: str, reason: str) -> Response:
    """What is left to do at home before it counts."""
    name = _request_name(kind)
    return desk.page(
        "recall_sign.html",
        asked=asked,
        reach=reach,
        kind=kind,
        file=name,
        signed=name.removesuffix(".json") + ".signed.json",
        query=f"{asked.address}&{urlencode({'kind': kind, 'reason': reason})}",
    )


def _request_name(kind: str) -> str:
    return f"thong-bao-{kind}.json"


def _said(desk: Desk, asked: Asked) -> listing.Said:
    """What was asked, for the head of the paper."""
    typed = asked.typed
    if asked.suspicion.province:
        typed = typed | {"province": provinces()[asked.suspicion.province].name}
    return [(desk.words(f"recall.{name}"), typed[name]) for name in ASKED if typed[name] and name != "batch"]


def _file(desk: Desk, data: bytes, kind: str, mark: str = "") -> Response:
    media = {"csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}[kind]
    name = f"thu-hoi{mark}-{desk.today:%Y%m%d}.{kind}"
    return Response(data, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})
