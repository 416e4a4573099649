"""What is wrong with a document or an event, where, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Whether a problem keeps an event out or is only told. Nothing is passed over in silence."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding: a JSON pointer (RFC 6901), the short stable name of the rule, and both languages."""

    pointer: str
    rule: str
    vi: str
    en: str
    level: Level = Level.ERROR

    def under(self, pointer: str) -> "Problem":
        """The same finding seen from the whole document."""
        return Problem(pointer + self.pointer, self.rule, self.vi, self.en, self.level)

    def of_level(self, level: Level) -> "Problem":
        """The same finding, as grave as that."""
        return self if level is self.level else Problem(self.pointer, self.rule, self.vi, self.en, level)


class EpcisError(ValueError):
    """The input is no EPCIS document, or holds events that break rules; `problems` says what and where."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = self.problems[0]
        more = f" (+{len(self.problems) - 1})" if len(self.problems) > 1 else ""
        super().__init__(f"{first.pointer or '/'}: {first.en}{more}")

    @property
    def vi(self) -> str:
        """The first finding in Vietnamese."""
        return f"{self.problems[0].pointer or '/'}: {self.problems[0].vi}"


def step(name: str | int) -> str:
    """One step of a JSON pointer, escaped."""
    return "/" + str(name).replace("~", "~0").replace("/", "~1")
