"""POST /api/v1/sms: the hook of an SMS gateway. The answer is the reply's text; it may be posted to the gateway too.

The sender's number is used for limits and for the reply, and is neither kept nor logged. docs/sms.md has the details.
"""

import hmac
import json
import logging
import time
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from pydantic import Field
from starlette.background import BackgroundTask

from temthat_verify_api.api.models import Model
from temthat_verify_api.bodies import parse_json, read_body
from temthat_verify_api.errors import Refused, not_a_question
from temthat_verify_api.parts import parts_of
from temthat_verify_api.settings import Settings
from temthat_verify_api.sms.answering import answer_message
from temthat_verify_api.sms.wording import Sms, compose
from temthat_verify_api.webhooks import UndeliverableError, read_target, send, signature

PATH = "/api/v1/sms"
SIGNATURE = "TemThat-Signature"
ALPHABET = "TemThat-SMS-Alphabet"
"""Header of the answer: GSM-7 or UCS-2."""

FRESH_SECONDS = 300
"""How old a signature may be."""

_LIMIT = 10_000
log = logging.getLogger(__name__)


class Incoming(Model):
    """A message as the gateway hands it on."""

    sender: str = Field(min_length=1, max_length=40)
    text: str = Field(max_length=2_000)


def add_to(app: FastAPI) -> None:
    """Mount the route."""
    app.add_api_route(PATH, receive, methods=["POST"], include_in_schema=False)


async def receive(request: Request) -> Response:
    """One message. Raises `Refused`."""
    parts = parts_of(request)
    settings = parts.services.settings
    body = await read_body(request, _LIMIT)
    _check_gateway(request, settings, body)
    incoming = _read(request, body)
    sentences = await answer_message(parts, incoming.sender, incoming.text)
    reply = compose(sentences, accents=settings.sms_accents)
    later = BackgroundTask(_post, settings, incoming.sender, reply) if settings.sms_reply_url else None
    return Response(
        reply.text.encode(),
        media_type="text/plain; charset=utf-8",
        headers={ALPHABET: reply.encoding},
        background=later,
    )


def _check_gateway(request: Request, settings: Settings, body: bytes) -> None:
    """Only the gateway that knows the secret is answered: each answer is an SMS somebody pays for."""
    secret = settings.sms_secret.get_secret_value()
    if not secret:
        raise Refused(
            404, "not_found", "Máy chủ này không nhận SMS (TEMTHAT_SMS_SECRET chưa đặt).",
            "This server takes no SMS (TEMTHAT_SMS_SECRET is not set).",
        )  # fmt: skip
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), secret.encode()):
        return
    if _is_signed(request.headers.get(SIGNATURE, ""), secret, body):
        return
    raise Refused(
        401, "key_needed", "Cổng SMS phải gửi khóa chung hoặc chữ ký HMAC đúng (docs/sms.md).",
        "The SMS gateway must send the shared secret or a right HMAC signature (docs/sms.md).",
        headers={"WWW-Authenticate": 'Bearer realm="temthat sms"'},
    )  # fmt: skip


def _is_signed(given: str, secret: str, body: bytes) -> bool:
    """`t=SECONDS,v1=HEX`, as our own webhooks are signed, and not older than `FRESH_SECONDS`."""
    stamp = given.partition(",")[0].removeprefix("t=")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return False
    fresh = abs(time.time() - int(stamp)) <= FRESH_SECONDS
    right = signature(secret.encode(), int(stamp), body)
    return hmac.compare_digest(given.encode(), right.encode()) and fresh


def _read(request: Request, body: bytes) -> Incoming:
    """A form or a JSON object with `sender` and `text`; other members of a form are the gateway's own."""
    if "json" in request.headers.get("content-type", ""):
        return parse_json(Incoming, body)
    try:
        fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=40))
    except ValueError as error:
        raise not_a_question("Biểu mẫu không đọc được.", "The form cannot be read.") from error
    known = {name: fields[name] for name in Incoming.model_fields if name in fields}
    return parse_json(Incoming, json.dumps(known).encode())


def _post(settings: Settings, sender: str, reply: Sms) -> None:
    """Hand the reply to the gateway. A failure is logged without the number; the gateway may ask again."""
    body = json.dumps(
        {"to": sender, "text": reply.text, "alphabet": reply.encoding}, ensure_ascii=False
    ).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        SIGNATURE: signature(settings.sms_secret.get_secret_value().encode(), int(time.time()), body),
    }
    try:
        # The operator's own setting, so it may lead to a modem in the same house, by plain HTTP.
        status = send(read_target(settings.sms_reply_url, is_demo=True), body, headers)
    except UndeliverableError as error:
        log.warning("SMS reply not delivered: %s", error)
        return
    if not 200 <= status < 300:
        log.warning("SMS reply refused by the gateway: status %s", status)
