"""Remembering answers about texts from outside, except texts so long that they would fill memory."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

LONGEST = 256
P = ParamSpec("P")
R = TypeVar("R")


def remembered(count: int) -> Callable[[Callable[Concatenate[str, P], R]], Callable[Concatenate[str, P], R]]:
    """Keeps the last `count` answers of a function whose first argument is a text of at most LONGEST characters."""

    def wrap(function: Callable[Concatenate[str, P], R]) -> Callable[Concatenate[str, P], R]:
        cached = lru_cache(maxsize=count)(function)

        @wraps(function)
        def ask(text: str, *args: P.args, **kwargs: P.kwargs) -> R:
            if len(text) > LONGEST:
                return function(text, *args, **kwargs)
            return cached(text, *args, **kwargs)  # type: ignore[arg-type]

        return cast(Callable[Concatenate[str, P], R], ask)

    return wrap
