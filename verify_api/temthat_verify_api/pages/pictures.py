"""Pictures of products and diaries, and the small one that counts a check."""

import base64
import re
import uuid

from fastapi import FastAPI, Request, Response
from sqlalchemy import Select, select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from temthat_trace.consent import shown
from temthat_trace.events import Event, EventPhoto
from temthat_trace.papers import Attachment
from temthat_trace.parties import Member
from temthat_trace.products import Product
from temthat_verify_api.checks import StaleView, is_a_view
from temthat_verify_api.errors import Refused
from temthat_verify_api.parts import parts_of

PICTURE_LIMIT = 12_000
"""Most bytes of a product's picture, so that the whole page stays below 50 kB."""

PHOTO_LIMIT = 150_000
"""Most bytes of a photo looked at by itself."""

_LASTS = "public, max-age=31536000, immutable"
_PASSES = "private, max-age=3600"
_DOT = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_TYPES = ("image/webp", "image/jpeg", "image/png")


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    app.add_api_route("/T/seen/{view}", seen, methods=["GET"], include_in_schema=False)
    app.add_api_route("/picture/{digest}", picture, methods=["GET"], include_in_schema=False)


async def seen(request: Request) -> Response:
    """Count the check whose page asks for this; always the same dot, so that nothing can be learnt from it."""
    parts = parts_of(request)
    response = Response(_DOT, media_type="image/gif")
    if is_a_view(request):
        try:
            view = parts.views.open(request.path_params["view"], parts.services.now())
        except StaleView:
            pass
        else:
            receipt, stamp = parts.receipts.read(request), (view.event.run, view.event.serial)
            event = view.seen_with(parts.receipts.hashed(receipt, *stamp) if receipt else None)
            event = await parts.judging.with_scoring(event)
            parts.metrics.wrote("check", await parts.services.store.record(event))
            if view.fresh and receipt:
                parts.receipts.take_back(response, request.url.path)
    return response


async def picture(request: Request) -> Response:
    """A product's picture, whose address changes with its content, so it may be kept for ever; a photo of people's work
    or of a member, who may change their mind, for an hour."""
    digest = request.path_params["digest"]
    found = await run_in_threadpool(_load, request, digest) if _DIGEST.fullmatch(digest) else None
    if found is None:
        raise Refused(404, "not_found", "Không có ảnh này.", "There is no such picture.")
    media_type, data, lasts = found
    return Response(data, media_type=media_type, headers={"Cache-Control": _LASTS if lasts else _PASSES})


def _load(request: Request, digest: str) -> tuple[str, bytes, bool] | None:
    with parts_of(request).services.sessions() as session:
        return find_picture(session, digest)


def find_picture(session: Session, digest: str) -> tuple[str, bytes, bool] | None:
    """(media type, bytes, whether it lasts) of a product's picture, of a photo in a diary that stands, or of a member
    who agreed to its being shown; never a paper's scan."""
    most, lasts = 0, False
    for limit, query in _shown(digest):
        if session.scalar(query.limit(1)):
            most, lasts = limit, query.column_descriptions[0]["entity"] is Product
            break
    if not most and _is_of_member(session, digest):
        most = PICTURE_LIMIT
    attachment = session.get(Attachment, digest) if most else None
    if attachment is None or attachment.media_type not in _TYPES or len(attachment.data) > most:
        return None
    return attachment.media_type, attachment.data, lasts


def _is_of_member(session: Session, digest: str) -> bool:
    """Whether it shows a member who agreed to that."""
    members = session.scalars(select(Member).where(Member.photo == digest))
    return any(shown(member).photo for member in members)


def _shown(digest: str) -> tuple[tuple[int, Select[uuid.UUID]], ...]:
    """What puts a picture before shoppers, with the most bytes it may have: a product, or an event that is neither a
    mistake nor erased."""
    standing = select(Event.id).join(EventPhoto, EventPhoto.event_id == Event.id)
    standing = standing.where(Event.withdrawn_at.is_(None), Event.text.is_not(None))
    return (
        (PICTURE_LIMIT, select(Product.id).where(Product.picture == digest)),
        (PICTURE_LIMIT, standing.where(EventPhoto.small == digest)),
        (PHOTO_LIMIT, standing.where(EventPhoto.digest == digest)),
    )
