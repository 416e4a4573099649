"""What became of a report, for whoever has its reference number: GET /report/{reference}, GET /report/find?ref=..."""

from fastapi import FastAPI, Request, Response
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from temthat_stamps.errors import Mistyped
from temthat_trace import formats
from temthat_trace.formats import today as vietnam_day
from temthat_verify_api.api.verify import source_of
from temthat_verify_api.pages.consumer_view import calls_of
from temthat_verify_api.pages.render import language, page, words
from temthat_verify_api.pages.story import Story
from temthat_verify_api.parts import Parts, parts_of
from temthat_verify_api.reports import reference
from temthat_verify_api.reports.records import SuspectReport
from temthat_verify_api.reports.retention import CONTACT, PHOTO
from temthat_verify_api.reports.taking import too_many
from temthat_verify_api.throttle import TooManyTries

_LONGEST = 40


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    app.add_api_route("/report/find", find, methods=["GET"], include_in_schema=False)
    app.add_api_route("/report/{reference}", filed, methods=["GET", "HEAD"], include_in_schema=False)


async def find(request: Request) -> Response:
    """On to the page of a typed reference number; one that is mistyped, with its field to try again."""
    typed = request.query_params.get("ref", "")[:_LONGEST]
    try:
        number = reference.parse(typed)
    except Mistyped:
        return page(request, "report_find.html", status=422, typed=typed)
    return RedirectResponse(f"/report/{number}?lang={language(request)}", 303)


async def filed(request: Request) -> Response:
    """A report's state. Raises `Refused`."""
    parts, lang = parts_of(request), language(request)
    typed = request.path_params["reference"][:_LONGEST]
    try:
        parts.reports.look(source_of(request))
        report = await run_in_threadpool(_find, parts, reference.parse(typed))
    except TooManyTries as error:
        raise too_many(error) from error
    except Mistyped:
        return page(request, "report_find.html", status=404, typed=typed)
    if report is None:
        parts.reports.unknown(source_of(request))
        return page(request, "report_find.html", status=404, typed=typed)
    story = await _story_of(parts, report)
    issuer = story.origin.issuer if story else None
    return page(
        request,
        "report_filed.html",
        sample=bool(issuer and issuer.is_sample),
        fresh="new" in request.query_params,
        number=reference.grouped(report.reference),
        state=report.state.value,
        state_said=words(lang)[f"report_state_{report.state}"],
        day=formats.date(vietnam_day(report.at), lang),
        state_day=formats.date(vietnam_day(report.state_at), lang),
        issuer=issuer.name if issuer else "",
        contact_days=CONTACT.days,
        photo_days=PHOTO.days,
        calls=calls_of(request, lang, issuer, story.origin.alliance if story else None),
    )


def _find(parts: Parts, number: str) -> SuspectReport | None:
    with parts.services.sessions() as session:
        return session.scalars(select(SuspectReport).where(SuspectReport.reference == number)).first()


async def _story_of(parts: Parts, report: SuspectReport) -> Story | None:
    """The story of the stamp that was reported; None if it is none of ours."""
    if report.run is None or report.serial is None:
        return None
    history = await parts.services.store.look_up(report.run, report.serial)
    return await parts.stories.get(report.run, history.revision, vietnam_day(parts.services.now()))
