"""Reading what somebody sends: limited while it arrives, checked against a model, never trusted to be JSON."""

from typing import TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from temthat_verify_api.errors import Refused, not_a_question, too_large

M = TypeVar("M", bound=BaseModel)
FORM_LIMIT = 20_000
"""Largest form of these pages, bytes: one line of text and a few choices."""


async def read_body(request: Request, limit: int) -> bytes:
    """The body. Raises `Refused` 413 as soon as it is known to be longer than `limit` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and (len(declared) > 12 or int(declared) > limit):
        raise too_large(limit)
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise too_large(limit)
            parts.append(part)
    except ClientDisconnect as error:
        raise Refused(400, "disconnected", "Kết nối bị ngắt.", "The connection was cut.") from error
    return b"".join(parts)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a small URL-encoded form; the last of several with one name. Raises `Refused`."""
    body = await read_body(request, FORM_LIMIT)
    try:
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise not_a_question("Biểu mẫu không đọc được.", "The form cannot be read.") from error
    return dict(fields)


def parse_json(model: type[M], body: bytes) -> M:
    """The body as a model. Raises `Refused` 422, naming the member at fault but never echoing its value."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise not_a_question("Nội dung không phải JSON đúng.", "The body is not valid JSON.") from error
        where = ".".join(str(part) for part in first["loc"])[:100]
        raise not_a_question(
            f"Mục “{where}” không đúng mẫu.", f"The member “{where}” is not as documented.", field=where
        ) from error
