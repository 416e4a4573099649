"""Captures one after the other, in a thread of their own, so that a long document keeps no page waiting."""

import asyncio
import datetime as dt
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from fastapi import Request

from temthat_trace.epcis.capture import capture, close_unfinished, fail
from temthat_trace.epcis.document import Limits
from temthat_trace.epcis.levels import levels_of
from temthat_trace.epcis.outcome import Behaviour, Captured
from temthat_trace.epcis.problems import EpcisError, Level, Problem
from temthat_trace.epcis.stream import open_document
from temthat_trace.epcis.tables import CaptureJob
from temthat_verify_api.errors import Refused
from temthat_verify_api.wiring import Services

_DOCUMENT_HERE = Problem(
    "/type",
    "event_type",
    "Ở đây chỉ nhận một sự kiện đứng riêng; tài liệu EPCIS hãy gửi tới /epcis/v2/capture.",
    "Only an event standing alone is taken here; send an EPCIS document to /epcis/v2/capture.",
)
T = TypeVar("T")
MOST_WAITING = 8
"""Documents that may wait; each is held in memory."""
log = logging.getLogger("temthat")


class Captures:
    """The one writer of this process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._levels: Mapping[str, Level] = levels_of(services.settings.epcis_rules)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="epcis-capture")
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self.limits = Limits(size=services.settings.epcis_limit)

    def start(self) -> None:
        """Close what an earlier process left running."""
        with self._services.sessions() as session:
            closed = close_unfinished(session, self._services.now())
            session.commit()
        if closed:
            log.warning("%d capture jobs were interrupted; nothing of them was stored", closed)

    def close(self) -> None:
        """Finish what is being written and take nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def run(
        self, party_id: uuid.UUID, body: bytes, behaviour: Behaviour, source: str, *, alone: bool = False
    ) -> tuple[CaptureJob, Captured]:
        """Capture a document, or an event standing `alone`: durable when this returns.

        Raises EpcisError when the body is none, `Refused` 503 when too many wait.
        """
        return await self._queue(lambda: self._capture(party_id, body, behaviour, source, alone=alone))

    async def _queue(self, work: Callable[[], T]) -> T:
        if not self._places.acquire(blocking=False):
            raise Refused(
                503,
                "busy",
                "Đang có nhiều tài liệu chờ ghi; hãy gửi lại sau ít phút.",
                "Many documents are waiting to be captured; send it again in a few minutes.",
                headers={"Retry-After": "30"},
            )
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._places.release()

    def _capture(
        self, party_id: uuid.UUID, body: bytes, behaviour: Behaviour, source: str, *, alone: bool
    ) -> tuple[CaptureJob, Captured]:
        stream = open_document(body, self.limits)
        if alone and stream.context is not None:
            raise EpcisError([_DOCUMENT_HERE])
        now = self._services.now()
        with self._services.sessions() as session:
            job = CaptureJob(party_id=party_id, created_at=now, behaviour=behaviour, source=source)
            session.add(job)
            session.commit()  # so that who asks finds it, and a start after a crash too
            try:
                done = capture(
                    session, party_id, stream, now=now, behaviour=behaviour, levels=self._levels, job=job
                )
                job.finished_at = self._services.now()
                session.commit()
            except Exception:
                session.rollback()
                self._failed(job.id, now)
                raise
        return done

    def _failed(self, job_id: uuid.UUID, now: dt.datetime) -> None:
        """Say of a job that it stumbled; a start later says so too, if the database does not answer now."""
        try:
            with self._services.sessions() as session:
                fail(
                    session.get_one(CaptureJob, job_id),
                    [
                        Problem(
                            "",
                            "fault",
                            "Hệ thống gặp lỗi; chưa lưu gì cả. Hãy gửi lại tài liệu.",
                            "The system had a fault; nothing was stored. Send the document again.",
                        )
                    ],
                    now,
                )
                session.commit()
        except Exception:
            log.exception("a capture job could not be closed")


def captures_of(request: Request) -> Captures:
    """The captures of the application that answers this request."""
    found: Captures = request.app.state.captures
    return found
