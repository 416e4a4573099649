"""The local interface for point-of-sale software: HTTP on this machine's loopback, one answer at a time.

    POST /v1/ask    {"code": "…"}                            the verdict
    POST /v1/mark   {"code": "…", "mark": "sold", "id": …}   told to the service, or kept on the disk until it can be
    GET  /v1/state                                           age of the data, what waits, whether the service answers

Who asks shows the token of a file that only this machine's user reads. A web page, which any browser here may have
open, is turned away by its Origin, by the name it came under (Host), and for want of the token.
"""

import datetime as dt
import hmac
import ipaddress
import json
import queue
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn

from temthat_scanner.judging import FallingBackJudge, Judge, ServiceUnreachable
from temthat_scanner.queue import QueueError
from temthat_scanner.reporting import line_of
from temthat_scanner.selling import Mark, Seller
from temthat_stamps.errors import TrustError

BODY_LIMIT = 16_384
"""Bytes of a question."""

CODE_LIMIT = 8_192
"""Characters of a code; a stamp needs fewer than 300."""

CONNECTIONS = 32
"""Connections at once; a till has a few."""

_TICK = 0.5
"""Seconds of one wait: a signal that comes just before it is seen after it."""

Line = dict[str, Any]


class Refused(Exception):
    """A question that gets no answer: status, key, and what to do in Vietnamese and English."""

    def __init__(self, status: HTTPStatus, key: str, vi: str, en: str) -> None:
        super().__init__(en)
        self.status = status
        self.body: Line = {"error": key, "message_vi": vi, "message_en": en}


def _stopped() -> Refused:
    return Refused(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "stopped",
        "Máy quét đang dừng; mã này chưa có kết quả. Bật lại rồi hỏi lại.",
        "The scanner is stopping; this code has no answer. Start it and ask again.",
    )


@dataclass
class Till:
    """What is asked: `judge` looks, `seller` tells. Used by one thread only, that of `run`."""

    judge: Judge
    seller: Seller
    _jobs: "queue.SimpleQueue[tuple[Callable[[], Line], Future[Line]]]" = field(
        default_factory=queue.SimpleQueue
    )

    def run(self) -> NoReturn:
        """Answer what `soon` brings, until somebody stops it."""
        try:
            while True:
                with suppress(queue.Empty):
                    self._answer(*self._jobs.get(timeout=_TICK))
        finally:
            while not self._jobs.empty():
                self._jobs.get()[1].set_exception(_stopped())

    def _answer(self, job: Callable[[], Line], answer: Future[Line]) -> None:
        try:
            answer.set_result(job())
        except Exception as error:  # noqa: BLE001 - it is the asking thread's, which tells it
            answer.set_exception(error)
        finally:
            if not answer.done():  # the till was stopped in the middle
                answer.set_exception(_stopped())

    def soon(self, job: Callable[[], Line]) -> Line:
        """Have `run` do it, from another thread. Raises what it raises."""
        answer: Future[Line] = Future()
        self._jobs.put((job, answer))
        return answer.result()

    def ask(self, code: str) -> Line:
        """The verdict; nothing is told. Raises as `Judge.ask`."""
        return line_of("pos", self.judge.ask(code))

    def mark(self, code: str, mark: Mark, event: uuid.UUID | None) -> Line:
        """The verdict, and what became of the event: on the disk or at the service. Raises as `Seller.ask`."""
        return line_of("pos", self.seller.tell(code, mark, event))

    def state(self) -> Line:
        """What a till's screen shows beside the verdict. Raises `QueueError`."""
        trust, queue = self.seller.offline.trust, self.seller.sender.queue
        return {
            "data_as_of": trust.as_of.isoformat() if trust else None,
            "data_days": (dt.datetime.now(dt.UTC) - trust.as_of).days if trust else None,
            "waiting": queue.count(),
            "refused": len(queue.refused()),
            "online": self._online(),
        }

    def _online(self) -> bool | None:
        """Whether the service answered last time; None without one."""
        if self.seller.sender.teller is None:
            return None
        return not (
            self.seller.sender.is_down or (isinstance(self.judge, FallingBackJudge) and self.judge.down)
        )


class PosServer(ThreadingHTTPServer):
    """Listens at `host` and `port` (0: any free one) for a till."""

    request_queue_size = CONNECTIONS

    def __init__(self, host: str, port: int, token: str, till: Till) -> None:
        self.till = till
        self._token = token.encode()
        self._room = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__((host, port), _Handler)
        self._names = {f"{name}:{self.server_port}" for name in (host, "localhost")}

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.server_address[0]!s}:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for it, if there is room."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """In its thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is nobody's concern."""

    def admit(self, host: str | None, origin: str | None, authorization: str | None) -> None:
        """Raises `Refused` for a web page, and for whoever does not have the token."""
        if host not in self._names or origin is not None:
            raise Refused(
                HTTPStatus.FORBIDDEN,
                "not_from_a_page",
                "Chỉ phần mềm trên máy này được hỏi, theo địa chỉ 127.0.0.1; trang web thì không.",
                "Only software on this machine may ask, at 127.0.0.1; a web page may not.",
            )
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), self._token):
            raise Refused(
                HTTPStatus.UNAUTHORIZED,
                "wrong_token",
                "Thiếu hoặc sai mã truy cập: đọc tệp pos.token và gửi “Authorization: Bearer …”.",
                "The token is missing or wrong: read the file pos.token and send “Authorization: Bearer …”.",
            )


class _Handler(BaseHTTPRequestHandler):
    server: PosServer
    protocol_version = "HTTP/1.1"
    server_version = "TemThat"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together: else each answer waits 40 ms for an acknowledgement
    timeout = 60

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, *_: Any) -> None:
        """Quiet: a code is nobody's business."""

    def _answer(self, method: str) -> None:
        try:
            self.server.admit(self.headers["host"], self.headers["origin"], self.headers["authorization"])
            self._send(HTTPStatus.OK, self.server.till.soon(self._job(method)))
        except Refused as refused:
            # What was sent with it may still lie there unread.
            self.close_connection = True
            self._send(refused.status, refused.body)
        except Exception as error:  # noqa: BLE001 - the next pack is to have its answer
            self._send(*_told(error))

    def _job(self, method: str) -> Callable[[], Line]:
        till = self.server.till
        match method, self.path:
            case "GET", "/v1/state":
                return till.state
            case "POST", "/v1/ask":
                code = _code(self._body())
                return lambda: till.ask(code)
            case "POST", "/v1/mark":
                body = self._body()
                code, mark, event = _code(body), _mark(body), _event(body)
                return lambda: till.mark(code, mark, event)
        raise Refused(
            HTTPStatus.NOT_FOUND,
            "no_such_question",
            "Chỉ có POST /v1/ask, POST /v1/mark và GET /v1/state.",
            "There are POST /v1/ask, POST /v1/mark and GET /v1/state.",
        )

    def _body(self) -> Line:
        length = self.headers["content-length"] or ""
        if not length.isascii() or not length.isdecimal() or "transfer-encoding" in self.headers:
            raise Refused(
                HTTPStatus.LENGTH_REQUIRED, "no_length", "Cần Content-Length.", "Content-Length is needed."
            )
        if len(length) > 9 or int(length) > BODY_LIMIT:
            raise Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too_long",
                f"Câu hỏi dài quá {BODY_LIMIT} byte.",
                f"The question is longer than {BODY_LIMIT} bytes.",
            )
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise _bad(
                "not_json", "Cần một đối tượng JSON, ví dụ {“code”: “…”}.", 'A JSON object: {"code": "…"}.'
            )
        return body

    def _send(self, status: HTTPStatus, body: Line) -> None:
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def parse_listen(text: str) -> tuple[str, int]:
    """`[HOST:]PORT` on this machine's loopback. Raises `ValueError`, also for an address that others can reach."""
    host, _, port = text.rpartition(":")
    host = host or "127.0.0.1"
    number = int(port)
    if not (0 <= number <= 65_535 and ipaddress.IPv4Address(host).is_loopback):
        raise ValueError(text)
    return host, number


def _code(body: Line) -> str:
    code = body.get("code")
    if not isinstance(code, str) or not code.strip() or len(code) > CODE_LIMIT or not _is_text(code):
        raise _bad(
            "no_code",
            f"“code” là chữ mà máy quét đọc được, không quá {CODE_LIMIT} ký tự.",
            f"“code” is the text that the scanner read, at most {CODE_LIMIT} characters.",
        )
    return code.strip()


def _is_text(code: str) -> bool:
    """JSON can spell halves of characters, which nothing can send on."""
    try:
        code.encode()
    except UnicodeEncodeError:
        return False
    return True


def _mark(body: Line) -> Mark:
    try:
        return Mark(body["mark"])
    except (KeyError, ValueError, TypeError):
        names = ", ".join(Mark)
        raise _bad("no_mark", f"“mark” là một trong: {names}.", f"“mark” is one of: {names}.") from None


def _event(body: Line) -> uuid.UUID | None:
    given = body.get("id")
    if given is None:
        return None
    try:
        event = uuid.UUID(given)
        # Ids are the order in which events are sent, so they have to begin with the time.
        is_good = event.version == 7 and str(event) == given
    except (ValueError, TypeError, AttributeError):
        is_good = False
    if not is_good:
        raise _bad(
            "no_id",
            "“id” là UUID phiên bản 7, chữ thường có gạch nối; bỏ trống thì máy tự đặt.",
            "“id” is a UUID of version 7, small letters with hyphens; without it one is made.",
        )
    return event


def _bad(key: str, vi: str, en: str) -> Refused:
    return Refused(HTTPStatus.UNPROCESSABLE_ENTITY, key, vi, en)


def _told(error: Exception) -> tuple[HTTPStatus, Line]:
    """What went wrong behind a good question."""
    match error:
        case QueueError():
            return _problem(HTTPStatus.INSUFFICIENT_STORAGE, "not_recorded", error.vi, error.en)
        case TrustError():
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "trust_data", error.vi, error.en)
        case ServiceUnreachable():
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, "no_answer", error.vi, error.en)
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "failed",
        f"Phần mềm gặp lỗi ({type(error).__name__}): hỏi lại, hoặc khởi động lại temthat scan.",
        f"The software failed ({type(error).__name__}): ask again, or restart temthat scan.",
    )


def _problem(status: HTTPStatus, key: str, vi: str, en: str) -> tuple[HTTPStatus, Line]:
    return status, {"error": key, "message_vi": vi, "message_en": en}
