"""Remembering answers about texts from outside, except texts so long that they would fill memory."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

LONGEST = 256
P = ParamSpec("P")
R = TypeVar("R")
_NOTHING = object()


class _Answers(dict[str, Any]):
    """Answers by text; a text not among them is asked about. The dictionary's own look-up calls no Python at all."""

    def __init__(self, function: Callable[..., Any], count: int) -> None:
        super().__init__()
        self.function = function
        self.count = count

    def __missing__(self, text: str) -> Any:
        answer = self.function(text)
        if len(text) <= LONGEST:
            if len(self) >= self.count:
                self.clear()
            self[text] = answer
        return answer


def remembered(count: int) -> Callable[[Callable[Concatenate[str, P], R]], Callable[Concatenate[str, P], R]]:
    """Keeps up to `count` answers of a function whose first argument is a text of at most LONGEST characters.

    When they are full all are forgotten: an event repository asks about a text a few times in a row and then never
    again, and keeping the order of use would cost more than most of the answers.
    """

    def wrap(function: Callable[Concatenate[str, P], R]) -> Callable[Concatenate[str, P], R]:
        if function.__code__.co_argcount == 1:
            return cast(Callable[Concatenate[str, P], R], _Answers(function, count).__getitem__)
        known: dict[Any, Any] = {}

        @wraps(function)
        def ask(text: str, *rest: Any) -> Any:
            key = (text, rest)
            answer = known.get(key, _NOTHING)
            if answer is not _NOTHING:
                return answer
            answer = function(text, *rest)  # type: ignore[call-arg]
            if len(text) <= LONGEST:
                if len(known) >= count:
                    known.clear()
                known[key] = answer
            return answer

        return cast(Callable[Concatenate[str, P], R], ask)

    return wrap
