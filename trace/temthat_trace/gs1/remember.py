"""Remembering answers about texts from outside, except texts so long that they would fill memory."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

LONGEST = 256
P = ParamSpec("P")
R = TypeVar("R")
_NOTHING = object()


def remembered(count: int) -> Callable[[Callable[Concatenate[str, P], R]], Callable[Concatenate[str, P], R]]:
    """Keeps up to `count` answers of a function whose first argument is a text of at most LONGEST characters.

    When they are full all are forgotten: an event repository asks about a text a few times in a row and then never
    again, and keeping the order of use would cost more than most of the answers.
    """

    def wrap(function: Callable[Concatenate[str, P], R]) -> Callable[Concatenate[str, P], R]:
        known: dict[Any, Any] = {}

        @wraps(function)
        def ask_one(text: str) -> Any:
            answer = known.get(text, _NOTHING)
            if answer is not _NOTHING:
                return answer
            answer = function(text)  # type: ignore[call-arg]
            if len(text) <= LONGEST:
                if len(known) >= count:
                    known.clear()
                known[text] = answer
            return answer

        @wraps(function)
        def ask(text: str, *rest: Any) -> Any:
            key = (text, rest) if rest else text
            answer = known.get(key, _NOTHING)
            if answer is not _NOTHING:
                return answer
            answer = function(text, *rest)  # type: ignore[call-arg]
            if len(text) <= LONGEST:
                if len(known) >= count:
                    known.clear()
                known[key] = answer
            return answer

        takes_text_alone = function.__code__.co_argcount == 1
        return cast(Callable[Concatenate[str, P], R], ask_one if takes_text_alone else ask)

    return wrap
