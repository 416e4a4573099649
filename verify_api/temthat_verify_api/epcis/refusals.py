"""Errors of the query language as the interface answers them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from temthat_trace.epcis.query.errors import QueryError, QueryTooComplexError, QueryTooLargeError
from temthat_verify_api.epcis.errors import EpcisRefused


@contextmanager
def refused() -> Iterator[None]:
    """What is wrong with a query becomes a refusal: 413 where it asks for too much, else 400."""
    try:
        yield
    except QueryError as error:
        is_too_much = isinstance(error, QueryTooLargeError | QueryTooComplexError)
        more: dict[str, Any] = {"parameter": error.parameter} if error.parameter else {}
        raise EpcisRefused(
            413 if is_too_much else 400, error.exception, error.vi, error.en, **more
        ) from error
