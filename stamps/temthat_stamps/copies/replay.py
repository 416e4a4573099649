"""A scan log replayed: JSON Lines in, one score per stamp out, and what the labels say about it.

Lines are events in time order (up to seven days late is scored in its right order). A line that is no event is told
with its number and kept out of the score. Labels (`truth`) are counted in the summary and nowhere else.
"""

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from temthat_stamps.copies.errors import BadEvent
from temthat_stamps.copies.events import ScanEvent, read_event
from temthat_stamps.copies.history import History, Taken
from temthat_stamps.copies.model import Model
from temthat_stamps.verdict import HANOI, Asker

LONGEST_LINE = 1_000_000
"""Bytes; a longer line is no event."""
_TRUTHS = ("genuine", "copied")
Notice = Callable[[int, BadEvent], None]


class Stopped(Exception):
    """A bad line, and the replay was asked to stop at one."""

    def __init__(self, line: int, cause: BadEvent) -> None:
        super().__init__(str(cause))
        self.line = line
        self.cause = cause


@dataclass
class _Stamp:
    history: History
    truth: str = ""
    phones: set[str] = field(default_factory=set)
    at_suspicion: int = 0
    """Different phones when it became suspect."""
    first_at: int = 0
    """The earliest event that was scored."""


class Replay:
    """Scores a log line by line. Holds a history per stamp, and of stamps that are labelled copied their phones."""

    def __init__(self, model: Model, on_bad: Notice, stop: bool = False) -> None:
        self._model = model
        self._on_bad = on_bad
        self._stop = stop
        self._stamps: dict[str, _Stamp] = {}
        self._counts = {"lines": 0, "events": 0, "refused": 0, "repeated": 0, "late": 0}

    def read(self, lines: Iterable[bytes]) -> None:
        """Take a whole log; raises `Stopped` at a bad line if asked to stop."""
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            self._counts["lines"] += 1
            try:
                self._take(line)
            except BadEvent as error:
                self._counts["refused"] += 1
                self._on_bad(number, error)
                if self._stop:
                    raise Stopped(number, error) from error

    def _take(self, line: bytes) -> None:
        row = _object(line)
        name, truth = row.get("stamp"), row.get("truth")
        if not isinstance(name, str) or not name:
            raise BadEvent(
                "stamp",
                "“stamp” phải là mã tem, một chuỗi ký tự.",
                "“stamp” must be the stamp's id, a string.",
            )
        if truth is not None and truth not in _TRUTHS:
            raise BadEvent(
                "truth",
                "“truth” là genuine, copied hoặc bỏ trống.",
                "“truth” is genuine, copied or left out.",
            )
        event = read_event(row)
        stamp = self._stamps.get(name)
        if stamp is None:
            # Whoever has the whole log needs no stride: a week late is a week, on whatever day it ends.
            stamp = self._stamps[name] = _Stamp(History(self._model, stride=1))
        if truth:
            stamp.truth = "copied" if "copied" in (truth, stamp.truth) else "genuine"
        taken = stamp.history.add(event)
        if taken is Taken.REPEATED:
            self._counts["repeated"] += 1
        elif taken is Taken.TOO_LATE:
            self._counts["late"] += 1
        else:
            self._counts["events"] += 1
            _follow(stamp, event)

    def results(self) -> Iterator[dict[str, Any]]:
        """One object per stamp, in the order they were first seen: stamp, checks, suspect_check, suspect_at, score."""
        for name, stamp in self._stamps.items():
            state = stamp.history.live
            yield {
                "stamp": name,
                "checks": state.checks,
                "suspect_check": state.suspect_check if state.suspect_at else None,
                "suspect_at": _rfc3339(state.suspect_at) if state.suspect_at else None,
                "score": state.score / 1_000,
            }

    def summary(self) -> dict[str, Any]:
        """Lines read and refused, stamps and suspects; for labelled stamps rates and delay."""
        states = [stamp.history.live for stamp in self._stamps.values()]
        told: dict[str, Any] = {
            **self._counts,
            "stamps": len(states),
            "suspect": sum(1 for state in states if state.suspect_at),
            "checks": sum(state.checks for state in states),
            "threshold": self._model.habits.thresholds.suspect,
        }
        genuine = [s for s in self._stamps.values() if s.truth == "genuine"]
        copied = [s for s in self._stamps.values() if s.truth == "copied"]
        caught = [s for s in copied if s.history.live.suspect_at]
        delays = [round((s.history.live.suspect_at - s.first_at) / 86_400, 2) for s in caught]
        return told | {
            "genuine": len(genuine),
            "copied": len(copied),
            "false_suspects": sum(1 for s in genuine if s.history.live.suspect_at),
            "true_suspects": len(caught),
            "false_rate": _share(sum(1 for s in genuine if s.history.live.suspect_at), len(genuine)),
            "true_rate": _share(len(caught), len(copied)),
            "delay_checks_median": _median([s.history.live.suspect_check for s in caught]),
            "delay_phones_median": _median([s.at_suspicion for s in caught]),
            "delay_days_median": _median(delays),
        }


def _follow(stamp: _Stamp, event: ScanEvent) -> None:
    """Count different phones up to the suspicion; a set that only the measurement needs."""
    stamp.first_at = min(stamp.first_at or event.at, event.at)
    if stamp.at_suspicion:
        return
    if event.kind is Asker.CONSUMER and event.visitor is not None:
        stamp.phones.add(event.visitor)
    if stamp.history.live.suspect_at:
        stamp.at_suspicion = len(stamp.phones)
        stamp.phones.clear()


def _object(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line) if len(line) <= LONGEST_LINE else None
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise BadEvent(
            "line",
            "Dòng này không phải một đối tượng JSON trọn vẹn: có thể tệp bị cắt ngang.",
            "This line is not one whole JSON object: the file may have been cut off.",
        )
    return row


def _rfc3339(at: int) -> str:
    return dt.datetime.fromtimestamp(at, HANOI).isoformat()


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _median(values: list[Any]) -> Any:
    return sorted(values)[len(values) // 2] if values else None
