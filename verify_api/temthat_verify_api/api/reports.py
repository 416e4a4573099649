"""POST /api/v1/reports: what the form on /report takes, from a program that may have waited for a network.

Anonymous. The reference number is drawn by whoever sends it, so that a person has it before anything is sent; by it a
report that is sent twice is one report.
"""

import base64
import binascii

from fastapi import FastAPI, Request, Response

from temthat_stamps.errors import Mistyped
from temthat_trace.places import current_province
from temthat_trace.search import clean
from temthat_verify_api.api.models import Outcome, ReportAnswer, SuspicionReport
from temthat_verify_api.api.routing import add_raw
from temthat_verify_api.api.verify import source_of
from temthat_verify_api.bodies import parse_json, read_body
from temthat_verify_api.desk.errors import FormExpired
from temthat_verify_api.desk.forms import check_same_origin
from temthat_verify_api.desk.pictures import BadPicture
from temthat_verify_api.desk.words import Words
from temthat_verify_api.errors import Refused, not_a_question
from temthat_verify_api.facts import Answer
from temthat_verify_api.parts import Parts, parts_of
from temthat_verify_api.reports import reference
from temthat_verify_api.reports.filing import ReferenceTaken, Told
from temthat_verify_api.reports.records import Odd
from temthat_verify_api.reports.taking import judged, no_room, other_site, redrawn, store, too_many
from temthat_verify_api.throttle import TooManyTries

REPORT_BYTES = 4_000_000
"""Room for a photo of 2.9 MB in base64; a phone makes it small first."""


def add_to(app: FastAPI) -> None:
    """Mount the route."""
    add_raw(
        app,
        "POST",
        "/api/v1/reports",
        report_suspicion,
        takes=SuspicionReport,
        answers=ReportAnswer,
        refuses=(400, 403, 409, 413, 422, 429, 503),
        summary="Report a suspect pack; idempotent by its reference number",
        description=(
            "As the form on `/report` takes it, without an account. Send it again with the same number until it is "
            "answered: `recorded` or `duplicate`. After 409 draw another number."
        ),
        tags=["events"],
    )


async def report_suspicion(request: Request) -> Response:
    """One report. Raises `Refused`, `StoreUnavailableError`."""
    parts, source = parts_of(request), source_of(request)
    try:
        check_same_origin(request)
        parts.reports.try_once(source)
        body = await read_body(request, REPORT_BYTES)
        report = parse_json(SuspicionReport, body)
        number = _number_of(report)
        told = await _told(parts, report)
        code = clean(report.code)
        filed = await store(parts, await _judged(parts, request, code), code, told, number)
    except FormExpired as error:
        raise other_site() from error
    except TooManyTries as error:
        raise too_many(error) from error
    except ReferenceTaken as error:
        raise _taken() from error
    except OSError as error:
        raise no_room() from error
    if filed.is_new:
        parts.reports.filed(source)
    outcome = Outcome.RECORDED if filed.is_new else Outcome.DUPLICATE
    return Response(
        ReportAnswer(reference=filed.reference, outcome=outcome).model_dump_json(),
        media_type="application/json",
    )


def _number_of(report: SuspicionReport) -> str:
    try:
        return reference.parse(report.reference)
    except Mistyped as error:
        raise not_a_question(
            "“reference” không phải mã số báo cáo: chín ký tự, ký tự cuối để kiểm tra.",
            "“reference” is no reference number: nine characters, the last one checks the others.",
            field="reference",
        ) from error


async def _judged(parts: Parts, request: Request, code: str) -> Answer | None:
    """A code that cannot be judged is reported as it was read. Raises `TooManyGuesses`: it is sent again later."""
    try:
        return await judged(parts, request, code) if code else None
    except Mistyped:
        return None


async def _told(parts: Parts, report: SuspicionReport) -> Told:
    """What is kept of it. Raises `Refused`."""
    words, shop, contact = clean(report.words), clean(report.shop), clean(report.contact)
    if contact and not report.agree:
        raise not_a_question(
            "Chỉ giữ cách liên hệ khi người báo đồng ý (“agree”).",
            "A contact is kept only where whoever reports agrees to it (“agree”).",
            field="agree",
        )
    photo = await _photo(parts, report.photo) if report.photo else None
    if not (report.odd or words or shop or photo or clean(report.code)):
        raise not_a_question("Hãy kể ít nhất một điều.", "Please tell at least one thing.")
    found = current_province(report.province or "")
    return Told(
        tuple(odd for odd in Odd if odd in report.odd),
        words,
        shop,
        found.code if found else None,
        photo,
        contact,
    )


async def _photo(parts: Parts, text: str) -> bytes:
    try:
        return await redrawn(parts, base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError) as error:
        if isinstance(error, BadPicture):
            raise not_a_question(Words("vi")(error.key), Words("en")(error.key), field="photo") from error
        raise not_a_question(
            "“photo” không phải base64 đúng.", "“photo” is not valid base64.", field="photo"
        ) from error


def _taken() -> Refused:
    return Refused(
        409,
        "reference_taken",
        "Mã số này đã thuộc một báo cáo khác. Hãy tạo mã số mới rồi gửi lại.",
        "This number belongs to another report. Draw a new one and send it again.",
    )
