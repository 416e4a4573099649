"""The recall drill: what went bad, everything it reaches, the list to take along, and the signed notice."""

import csv
import datetime as dt
import hashlib
import io
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from urllib.parse import urlencode

from fastapi import Response

from temthat_stamps.errors import TrustError
from temthat_stamps.printing.listing import harmless
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import notify_batch
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.lineage.suspects import Suspicion
from temthat_trace.parties import Party
from temthat_trace.places import Place, find_place
from temthat_trace.places.units import provinces
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import BadForm, Forbidden
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.recall_queries import Affected, Reach, batches_by_id, reach_of, standing_on
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.permissions import ALLIANCES, Action

router = desk_router()

ASKED = ("batch", "lot", "words", "member", "plot", "province", "commune", "paper", "since", "until")
"""Fields of the search, in the order of the form; they are the address of what was found, to be sent to a colleague."""

REASONS = ("contamination", "input_recalled", "paper_withdrawn", "mislabelled", "complaint", "under_inspection",
           "ordered_by_authority", "other")  # fmt: skip
SHOWN = 200
MOST_NOTICES = 100
"""Notices of one yes; a suspicion with more roots than that has to be made narrower."""


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
    return _page(desk, asked_of(desk.request.query_params))


@router.get("/recall.csv")
def recall_list(desk: SignedIn) -> Response:
    """The same as a list for Excel: a line a run, and one for each batch without any."""
    asked = asked_of(desk.request.query_params)
    if asked.problem:
        raise BadForm
    reach = reach_of(desk.db, desk.person, asked.suspicion)
    name = f"thu-hoi-{desk.today:%Y%m%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(_csv(desk, reach), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/recall")
def issue(desk: SignedIn, form: Fields) -> Response:
    """Hold (the producer alone) or recall (with the alliance): one signed notice on each root."""
    asked = asked_of(form.all())
    reach = reach_of(desk.db, desk.person, asked.suspicion)
    kind, reason = form.text("kind"), form.text("reason")
    if asked.problem or kind not in (NoticeKind.HOLD, NoticeKind.RECALL) or reason not in REASONS:
        raise BadForm
    if len(reach.roots) <= MOST_NOTICES:
        for batch in batches_by_id(desk.db, reach.roots):
            speaks_for(desk, batch)
    if not form.text("sure"):
        return _page(desk, asked, reach, problem=desk.words("recall.not_sure"))
    if form.text("seen") != seen_mark(reach):
        return _page(desk, asked, reach, problem=desk.words("recall.changed"))
    if not 0 < len(reach.roots) <= MOST_NOTICES or reach.cut:
        return _page(desk, asked, reach, problem=desk.words("recall.too_wide", most=MOST_NOTICES))
    standing = standing_on(desk.db, reach.roots)
    # A hold after a recall would be milder, and the same once more says nothing new.
    roots = [root for root in reach.roots if standing.get(root) not in (kind, NoticeKind.RECALL)]
    if not roots:
        return _page(desk, asked, reach, problem=desk.words("recall.already"))
    try:
        for batch in batches_by_id(desk.db, roots):
            notify_batch(
                desk.db, desk.services.registry, batch, NoticeKind(kind), reason, speaks_for(desk, batch)
            )
    except (RunRefused, TrustError) as refusal:
        desk.db.rollback()
        return _page(desk, asked, reach, problem=desk.words.of(refusal))
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
    suspicion = Suspicion(
        batch, typed["lot"], typed["words"], typed["member"], typed["plot"], province, commune, typed["paper"],
        since, until,
    )  # fmt: skip
    return Asked(typed, suspicion)


def seen_mark(reach: Reach) -> str:
    """What the page showed, in a few characters: a yes counts only for that."""
    said = ",".join(sorted(str(line.facts.id) for line in reach.affected)) + f"/{reach.unseen}/{reach.stamps}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _page(desk: Desk, asked: Asked, reach: Reach | None = None, problem: str = "") -> Response:
    if reach is None and asked.suspicion:
        reach = reach_of(desk.db, desk.person, asked.suspicion)
    roots = batches_by_id(desk.db, reach.roots) if reach and not reach.cut else []
    problem = problem or (desk.words(asked.problem) if asked.problem else "")
    return desk.page(
        "recall.html",
        422 if problem else 200,
        asked=asked,
        reach=reach,
        problem=problem,
        seen=seen_mark(reach) if reach else "",
        seconds=desk.words.number(Decimal(max(ceil(reach.seconds * 10), 1)) / 10) if reach else "",
        kinds=_kinds(desk, roots),
        reasons=REASONS,
        provinces=sorted(provinces().values(), key=lambda province: province.name),
        shown=SHOWN,
    )


def _kinds(desk: Desk, roots: list[Batch]) -> list[NoticeKind]:
    """What this person may give notice of, for all the roots alike; nothing for those who only look."""
    try:
        parties = {speaks_for(desk, batch).id for batch in roots}
    except Forbidden:
        return []
    if not parties or len(roots) > MOST_NOTICES:
        return []
    return [NoticeKind.HOLD, NoticeKind.RECALL] if desk.party.kind in ALLIANCES else [NoticeKind.HOLD]


def _csv(desk: Desk, reach: Reach) -> bytes:
    """UTF-8 with BOM, comma, CRLF (RFC 4180); no field that a spreadsheet would compute."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    heads = ("maker", "hotline", "product", "lot", "made_on", "quantity", "steps", "notice", "run", "stamps",
             "checked", "sold")  # fmt: skip
    rows.writerow([desk.words(f"recall.col.{head}") for head in heads])
    for line in reach.affected:
        rows.writerows([harmless(field) for field in row] for row in _rows(desk, line))
    if reach.unseen or reach.cut:
        rows.writerow([desk.words("recall.unseen", n=reach.unseen) if reach.unseen else ""])
        rows.writerow([desk.words("recall.cut") if reach.cut else ""])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _rows(desk: Desk, line: Affected) -> Iterator[list[str]]:
    facts = line.facts
    about = [facts.party, facts.hotline, facts.product, facts.lot, facts.made_on.isoformat()]
    about += [desk.words.quantity(facts.quantity, facts.unit), str(line.steps)]
    about.append(desk.words(f"recall.standing.{line.standing}") if line.standing else "")
    for run in line.runs:
        yield [*about, *map(str, (run.run, run.stamps, run.checked, run.sold))]
    if not line.runs:
        yield [*about, "", "0", "0", "0"]
