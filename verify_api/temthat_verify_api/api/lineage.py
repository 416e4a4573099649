"""GET /api/v1/lineage: one call up or down, through recorded batches and stored EPCIS events.

A key sees whose records and events it may read (`epcis.access`); of others one step back and one step forward, and
beyond that no more than that there is something.
"""

import datetime as dt
import uuid
from typing import Annotated

from fastapi import FastAPI, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from temthat_trace.lineage.among import among
from temthat_trace.lineage.joined import Node, Trace, trace
from temthat_trace.lineage.repository import kinds_made
from temthat_trace.lineage.stays import FIRST, LAST
from temthat_trace.lineage.steps import StepKind
from temthat_trace.lineage.things import Handover, Thing, keepers
from temthat_trace.lineage.walk import Bounds, Direction, Line, Tie, outline
from temthat_trace.parties import Party
from temthat_trace.units import plain
from temthat_verify_api import errors
from temthat_verify_api.accounts import KeyRole
from temthat_verify_api.api.models import problems
from temthat_verify_api.credentials import Credential
from temthat_verify_api.epcis.access import readable as readable_by
from temthat_verify_api.errors import Refused
from temthat_verify_api.parts import parts_of
from temthat_verify_api.recall.naming import read_thing
from temthat_verify_api.recall.reach import seen_parties
from temthat_verify_api.wiring import Services, services_of

MOST_LINES = 10_000
"""Lines of one answer; more are told by `cut`."""
MOST_DEPTH = 100


class NodeModel(BaseModel):
    """A batch (`batch`, with what may be told of it) or a thing that EPCIS events tell of (`id`)."""

    kind: str = Field(
        description="`batch`, `thing` or `container`; `other`: another organisation's, further away."
    )
    id: str | None = Field(
        default=None, description="The canonical GS1 Digital Link or other identifier of a thing."
    )
    batch: uuid.UUID | None = None
    lot: str | None = None
    product: str | None = None
    made_on: dt.date | None = None
    organisation: str | None = None
    since: dt.datetime | None = Field(
        default=None, description="From when on it matters, for what was in a container."
    )
    until: dt.datetime | None = None


class LinkModel(BaseModel):
    """How a line hangs together with the one above it."""

    tie: Tie = Field(
        description="`made`: one came of the other; `inside`: one was in the other; `lot`: an item of it."
    )
    step: StepKind | None = Field(None, description="What was done, for a recorded batch.")
    amount: str | None = None
    unit: str | None = Field(default=None, description="UN/ECE Recommendation 20 code.")
    event: str | None = Field(
        None, description="The event that says so; none where it is recorded as a source."
    )


class LineModel(BaseModel):
    """A line of the tree. `abbreviated`: what is behind it was told at its first place."""

    depth: int
    node: NodeModel
    link: LinkModel | None
    abbreviated: bool


class HandoverModel(BaseModel):
    """To whom a thing went, by an EPCIS event; only on the way down."""

    id: str
    to: str
    at: dt.datetime
    step: str | None
    event: str


class LineageModel(BaseModel):
    """A walk as an indented list. `cut`: why it is not everything: `nodes`, `depth`, `events`, `lines`, or null."""

    of: str
    direction: Direction
    depth: int
    nodes: int
    cut: str | None
    lines: list[LineModel]
    handovers: list[HandoverModel]


def add_to(app: FastAPI) -> None:
    """Mount the route."""

    @app.get(
        "/api/v1/lineage",
        tags=["lineage"],
        summary="Everything something was made from (up), or that was made from it (down)",
        responses=problems(401, 403, 404, 422),
    )
    async def lineage(
        request: Request,
        of: Annotated[
            str,
            Query(
                max_length=512,
                description="A batch's id, a GS1 Digital Link, an EPC URN, or the 18 digits of an SSCC.",
            ),
        ],
        direction: Direction = Direction.UP,
        depth: Annotated[int, Query(ge=1, le=MOST_DEPTH, description="Steps.")] = MOST_DEPTH,
    ) -> LineageModel:
        credential = await parts_of(request).credentials.find(request)
        if credential is None:
            raise errors.needs_key()
        return await run_in_threadpool(_answer, services_of(request), credential, of, direction, depth)


def _answer(
    services: Services, credential: Credential, of: str, direction: Direction, depth: int
) -> LineageModel:
    """Raises `Refused`."""
    readable = readable_by(services, credential)
    if not readable:
        raise errors.wrong_role(KeyRole.PRODUCER)
    with services.sessions() as session:
        within = among(session, Party.id, readable)
        start = _start(of)
        found = trace(
            session,
            [start],
            direction,
            Bounds(depth=depth),
            keepers=keepers(session, within),
            hosts=sorted(services.settings.hosts),
        )
        seen = seen_parties(session, within, found.facts.values())
        [first] = found.walk.levels[0]
        if not _is_known(found, first, seen):
            raise Refused(
                404,
                "not_found",
                "Không có lô hay sự kiện nào như vậy mà khóa này được xem.",
                "There is no such batch, and no event of such a thing, that this key may see.",
            )
        return _model(session, found, of, depth, seen)


def _start(of: str) -> Node:
    try:
        return uuid.UUID(of)
    except ValueError:
        return Thing(read_thing(of))


def _is_known(found: Trace, first: Node, seen: set[uuid.UUID]) -> bool:
    if isinstance(first, uuid.UUID):
        return first in found.facts and found.facts[first].party_id in seen
    return found.has_met


def _model(session: Session, found: Trace, of: str, depth: int, seen: set[uuid.UUID]) -> LineageModel:
    lines, more = outline(found.walk, MOST_LINES)
    told = {line.node for line in lines if isinstance(line.node, uuid.UUID)}
    kinds = found.kinds or kinds_made(session, told)
    near = {node for level in found.walk.levels[:2] for node in level}
    is_up = found.walk.direction is Direction.UP
    above: list[Node] = []
    models = []
    for line in lines:
        del above[line.depth :]
        made = (above[-1] if is_up else line.node) if above else None
        above.append(line.node)
        kind = kinds.get(made) if isinstance(made, uuid.UUID) and found.facts[made].party_id in seen else None
        models.append(
            LineModel(
                depth=line.depth,
                node=_node(found, line.node, seen=seen, is_near=line.node in near),
                link=_link(line, kind),
                abbreviated=line.abbreviated,
            )
        )
    return LineageModel(
        of=of,
        direction=found.walk.direction,
        depth=depth,
        nodes=len(found.walk.nodes),
        cut=found.cut or ("lines" if more else None),
        lines=models,
        handovers=[_handover(h) for node, h in found.handovers if _may_tell(found, node, seen)],
    )


def _may_tell(found: Trace, node: Node, seen: set[uuid.UUID]) -> bool:
    return isinstance(node, Thing) or (node in found.facts and found.facts[node].party_id in seen)


def _node(found: Trace, node: Node, *, seen: set[uuid.UUID], is_near: bool) -> NodeModel:
    if isinstance(node, Thing):
        return NodeModel(
            kind="container" if node.carries else "thing",
            id=node.name,
            since=_time(node.since),
            until=_time(node.until),
        )
    facts = found.facts.get(node)
    if facts is None or not (is_near or facts.party_id in seen):
        return NodeModel(kind="other")
    return NodeModel(
        kind="batch",
        batch=node,
        lot=facts.lot,
        product=facts.product,
        made_on=facts.made_on,
        organisation=facts.party,
    )


def _link(line: Line[Node], kind: StepKind | None) -> LinkModel | None:
    if line.link is None:
        return None
    link = line.link
    return LinkModel(
        tie=link.tie,
        step=kind if link.tie is Tie.MADE else None,
        amount=None if link.amount is None else f"{plain(link.amount):f}",
        unit=link.unit or None,
        event=link.event or None,
    )


def _handover(handover: Handover) -> HandoverModel:
    return HandoverModel(
        id=handover.name,
        to=handover.to,
        at=_instant(handover.at),
        step=handover.step or None,
        event=handover.event,
    )


def _time(micros: int) -> dt.datetime | None:
    return None if micros in (FIRST, LAST) else _instant(micros)


def _instant(micros: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(micros / 1_000_000, dt.UTC)
