"""Taking a report that came over HTTP, from the form or from a program: judged, its photo drawn anew, stored once."""

from fastapi import Request
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool

from temthat_verify_api.api.verify import source_of
from temthat_verify_api.desk.pictures import shrink
from temthat_verify_api.errors import Refused
from temthat_verify_api.facts import Answer, Asking
from temthat_verify_api.parts import Parts
from temthat_verify_api.questions import read_question
from temthat_verify_api.reports.filing import PHOTO, Filed, Told, file_report
from temthat_verify_api.throttle import TooManyTries


async def judged(parts: Parts, request: Request, code: str) -> Answer:
    """The verdict on the code, not counted as a check. Raises `Mistyped`, `TooManyGuesses`."""
    question = read_question(code)
    return await parts.judging.ask(question, Asking(source=source_of(request) if question.number else ""))


async def redrawn(parts: Parts, photo: bytes) -> bytes:
    """The photo without anything else that the file said; few at a time. Raises `BadPicture`."""
    async with parts.reports.filing:
        return await run_in_threadpool(shrink, photo, PHOTO)


async def store(parts: Parts, answer: Answer | None, code: str, told: Told, drawn: str) -> Filed:
    """File it; it is durable when this returns. Raises `ReferenceTaken`, and whatever the database does."""

    def file() -> Filed:
        with parts.services.sessions() as session:
            filed = file_report(session, answer, code, told, drawn, parts.services.now())
            session.commit()
            return filed

    try:
        filed = await run_in_threadpool(file)
    except (
        IntegrityError
    ):  # the same report, or the same photo, at the same moment: now it is there to be found
        filed = await run_in_threadpool(file)
    parts.metrics.wrote("report", filed.is_new)
    return filed


def too_many(error: TooManyTries) -> Refused:
    """From one neighbourhood, or from all together."""
    return Refused(
        429,
        "too_many_reports",
        f"Vừa có nhiều báo cáo từ cùng một vùng mạng. Thử lại sau {error.minutes} phút, hoặc gọi số điện thoại trên "
        "bao bì.",
        f"Many reports have just come from this part of the network. Try again in {error.minutes} minutes, or call the "
        "number on the pack.",
        headers={"Retry-After": str(error.minutes * 60)},
    )


def no_room() -> Refused:
    """The disk or the memory could not take it."""
    return Refused(
        503,
        "not_stored",
        "Máy chủ chưa nhận được báo cáo; chưa có gì được ghi. Thử lại sau ít phút, không kèm ảnh nếu vẫn không được.",
        "The server could not take the report; nothing was stored. Try again in a few minutes, without the photo if it "
        "still fails.",
        headers={"Retry-After": "120"},
    )


def other_site() -> Refused:
    """Another site's page made the browser send it."""
    return Refused(
        403,
        "other_site",
        "Báo cáo phải được gửi từ trang của hệ thống này.",
        "A report must be sent from this system's own page.",
    )
