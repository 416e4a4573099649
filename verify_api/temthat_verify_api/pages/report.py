"""Reporting a suspect pack: a form without an account, about the code of a result page or a pack without one.

GET /report?code=... shows it, POST files it and goes on to the report's own page (`reported`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse

from temthat_stamps.errors import Mistyped
from temthat_stamps.texts import Lang, say, visible
from temthat_trace.formats import today as vietnam_day
from temthat_trace.places import current_province
from temthat_verify_api.api.verify import source_of
from temthat_verify_api.desk.errors import DeskError, FormExpired, TooLarge
from temthat_verify_api.desk.forms import FIELDS_LIMIT, Posted, read_form
from temthat_verify_api.desk.pictures import BadPicture
from temthat_verify_api.desk.words import Words
from temthat_verify_api.errors import Refused
from temthat_verify_api.facts import Answer
from temthat_verify_api.guesses import TooManyGuesses
from temthat_verify_api.pages.consumer_view import (
    LONGEST_READ,
    REPORTED,
    calls_of,
    chosen_province,
    report_url,
)
from temthat_verify_api.pages.render import language, page, words
from temthat_verify_api.pages.story import Story
from temthat_verify_api.parts import Parts, parts_of
from temthat_verify_api.places import province_name, provinces_by_name
from temthat_verify_api.reports import reference
from temthat_verify_api.reports.filing import ReferenceTaken, Told
from temthat_verify_api.reports.records import LONGEST_CONTACT, LONGEST_SHOP, LONGEST_WORDS, Odd
from temthat_verify_api.reports.retention import CONTACT
from temthat_verify_api.reports.retention import PHOTO as PHOTO_KEPT
from temthat_verify_api.reports.taking import judged, no_room, other_site, redrawn, store, too_many
from temthat_verify_api.store import StoreUnavailableError
from temthat_verify_api.throttle import TooManyTries

_SHOWN = 120
_HONEYPOT = "website"
"""A field no person sees: who fills it in is asked to leave it empty. A program does not read that."""


@dataclass(frozen=True, slots=True)
class About:
    """What a report is about: the text of the code, the verdict on it, and the story of a stamp of ours."""

    code: str = ""
    answer: Answer | None = None
    story: Story | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form, to be shown again if it could not be taken."""

    fields: Mapping[str, str] = field(default_factory=dict)
    odd: tuple[Odd, ...] = ()

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


class NotTaken(Exception):
    """The form cannot be taken as it is: `key` of the words says why, with `values` filled in."""

    def __init__(self, key: str, status: int = 422, **values: object) -> None:
        super().__init__(key)
        self.key, self.status, self.values_in = key, status, values


def add_to(app: FastAPI) -> None:
    """Mount the routes."""
    app.add_api_route("/report", form, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/report", file, methods=["POST"], include_in_schema=False)


async def form(request: Request) -> Response:
    """The empty form."""
    about = await _about(request, request.query_params.get(REPORTED, ""))
    return _form(request, about, Typed({"province": chosen_province(request), "ref": reference.draw()}))


async def file(request: Request) -> Response:
    """Take the report; what cannot be taken comes back with all that was typed. Raises `Refused`."""
    parts = parts_of(request)
    source = source_of(request)
    try:
        parts.reports.try_once(source)
        async with read_form(request, parts.services.settings.upload_limit + FIELDS_LIMIT, 1) as posted:
            return await _take(request, parts, posted, source)
    except TooManyTries as error:
        raise too_many(error) from error
    except ClientDisconnect as error:
        raise Refused(400, "disconnected", "Kết nối bị ngắt.", "The connection was cut.") from error
    except DeskError as error:
        raise _refused(error) from error
    except OSError as error:
        raise no_room() from error


async def _take(request: Request, parts: Parts, posted: Posted, source: str) -> Response:
    """Read the fields, store, and go to the report's page."""
    lang = language(request)
    typed = _typed(posted)
    about = About(_bare(request.query_params.get(REPORTED, "") or typed["stamp"]))
    try:
        about = await _about(request, about.code)
        told = await _told(parts, posted, typed)
        number = await _store(parts, about, told, typed["ref"])
    except NotTaken as error:
        return _form(request, about, typed, problem=error)
    except (SQLAlchemyError, StoreUnavailableError, OSError):
        return _form(request, about, typed, problem=NotTaken("report_not_stored", 503))
    parts.reports.filed(source)
    return RedirectResponse(f"/report/{number}?" + urlencode({"new": 1, "lang": lang}), 303)


def _typed(posted: Posted) -> Typed:
    """The fields as they were typed, each at most one character longer than may be kept."""
    limits = {
        "stamp": LONGEST_READ,
        "words": LONGEST_WORDS,
        "shop": LONGEST_SHOP,
        "contact": LONGEST_CONTACT,
        "agree": 1,
        "province": 2,
        "ref": 40,
        _HONEYPOT: 100,
    }
    fields = {name: posted.text(name, limit + 1) for name, limit in limits.items()}
    chosen = set(posted.texts("odd"))
    return Typed(fields, tuple(odd for odd in Odd if odd in chosen))


async def _told(parts: Parts, posted: Posted, typed: Typed) -> Told:
    """What is kept of the form. Raises `NotTaken`."""
    if typed[_HONEYPOT]:
        raise NotTaken("report_leave_empty")
    for name, limit in (("words", LONGEST_WORDS), ("shop", LONGEST_SHOP), ("contact", LONGEST_CONTACT)):
        if len(typed[name]) > limit:
            raise NotTaken("report_too_long", field=name, limit=limit)
    if typed["contact"] and not typed["agree"]:
        raise NotTaken("report_agree_first")
    files = posted.files("photo")
    photo = None
    if files:
        try:
            photo = await redrawn(parts, files[0][1])
        except BadPicture as error:
            raise NotTaken(error.key) from error
    if not (typed.odd or typed["words"] or typed["shop"] or photo or typed["stamp"]):
        raise NotTaken("report_say_something")
    found = current_province(typed["province"])
    return Told(
        typed.odd, typed["words"], typed["shop"], found.code if found else None, photo, typed["contact"]
    )


async def _store(parts: Parts, about: About, told: Told, drawn: str) -> str:
    """The reference number under which it is filed; what was changed since it was sent first gets one of its own."""
    try:
        drawn = reference.parse(drawn)
    except Mistyped:
        drawn = reference.draw()
    try:
        filed = await store(parts, about.answer, about.code, told, drawn)
    except ReferenceTaken:
        filed = await store(parts, about.answer, about.code, told, reference.draw())
    return filed.reference


def _bare(code: str) -> str:
    """As much of a code as is read, without the blanks around it."""
    return code[:LONGEST_READ].strip()


async def _about(request: Request, code: str) -> About:
    """The verdict on the code, not counted as a check. What cannot be judged now is still reported as it was read."""
    parts = parts_of(request)
    code = _bare(code)
    if not code:
        return About()
    try:
        answer = await judged(parts, request, code)
    except (Mistyped, TooManyGuesses):
        return About(code)
    story = None
    if answer.counts and answer.run is not None and answer.history is not None:
        story = await parts.stories.get(answer.run.run, answer.history.revision, vietnam_day(answer.at))
    return About(code, answer, story)


def _form(
    request: Request,
    about: About,
    typed: Typed,
    problem: NotTaken | None = None,
) -> Response:
    """The form as it stands. One that is shown again keeps its reference number, so that nothing is filed twice."""
    lang = language(request)
    said = words(lang)
    origin = about.story.origin if about.story else None
    answer = about.answer
    title = ""
    if answer is not None:
        title = say(
            answer.verdict, lang, province=province_name, issuer=origin.issuer.name if origin else None
        ).title
    return page(
        request,
        "report.html",
        status=problem.status if problem else 200,
        sample=bool(origin and origin.issuer.is_sample),
        action=report_url(about.code, lang) if about.code else f"/report?lang={lang}",
        code=visible(about.code)[:_SHOWN],
        title=title,
        story=about.story,
        name=((origin.product.name_en if lang == "en" else "") or origin.product.name) if origin else "",
        typed=typed,
        ref=typed["ref"] or reference.draw(),
        odds=[(odd.value, said[f"report_odd_{odd}"]) for odd in Odd],
        provinces=[(p.code, p.name) for p in provinces_by_name()],
        problem=_words_of(problem, lang) if problem else "",
        limits={"words": LONGEST_WORDS, "shop": LONGEST_SHOP, "contact": LONGEST_CONTACT},
        contact_days=CONTACT.days,
        photo_days=PHOTO_KEPT.days,
        calls=calls_of(request, lang, origin.issuer if origin else None, origin.alliance if origin else None),
    )


def _words_of(problem: NotTaken, lang: Lang) -> str:
    said = words(lang)
    if problem.key not in said:  # a picture's trouble is told in the desk's words
        return Words(lang)(problem.key)
    values = {name: said.get(f"report_{value}", value) for name, value in problem.values_in.items()}
    return said[problem.key].format(**values)


def _refused(error: DeskError) -> Refused:
    """What is wrong with the request itself, in this page's own words."""
    if isinstance(error, TooLarge):
        limit = error.values["limit"]
        return Refused(
            413, "too_large", f"Ảnh quá lớn: nhiều nhất {limit} MB. Chụp ở cỡ nhỏ hơn.",
            f"The photo is too large: at most {limit} MB. Take a smaller one.",
        )  # fmt: skip
    if isinstance(error, FormExpired):
        return other_site()
    return Refused(400, "bad_request", "Yêu cầu không đọc được.", "The request cannot be read.")
