"""Marking units: every scan is an event for the service, kept on the disk until the service has it.

A till goes on while the line is down: what it scans is judged by the trust data at hand, and told later, in bulk, each
event once in effect however often it was sent.
"""

import datetime as dt
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import httpx

from temthat_scanner.judging import (
    REST,
    STRANGE,
    Answer,
    OfflineJudge,
    OnlineJudge,
    ServiceUnreachable,
)
from temthat_scanner.queue import Queue, QueueError, Waiting
from temthat_stamps.errors import TrustError
from temthat_stamps.texts import Lang, Saying
from temthat_stamps.verdict import Asker, Word
from temthat_trace.ids import uuid7

AT_ONCE = 200
"""Events in one call: a second's work on a slow line."""


class Mark(StrEnum):
    """What a scan tells of a unit."""

    SOLD = "sold"
    RETURNED = "returned"
    SPOILED = "spoiled"
    APPLIED = "applied"


_DONE = {
    Mark.SOLD: ("Đã ghi bán.", "Recorded as sold."),
    Mark.RETURNED: (
        "Đã ghi khách trả lại: lần bán được hoàn.",
        "Recorded as brought back: the sale is taken back.",
    ),
    Mark.SPOILED: ("Đã ghi hỏng, không bán.", "Recorded as spoiled, not for sale."),
    Mark.APPLIED: ("Đã ghi dán tem.", "Recorded as applied."),
}
_WAITS = (
    "Chưa gửi được ({why}): đã cất trên máy, sẽ tự gửi sau.",
    "Not sent yet ({why}): kept here, to be sent later.",
)
_IN_LINE = ("còn mục trước đang chờ gửi", "earlier ones are still to be sent")
_NO_SERVER = ("chưa có --server", "no --server")
_NOT_KEPT = (
    "CHƯA GHI ĐƯỢC: không có mạng và không cất được. Ghi tay số tem này, rồi quét lại sau.",
    "NOT RECORDED: no network and no room to keep it. Write this stamp's number down and scan it again later.",
)


@dataclass
class Flushed:
    """What became of what waited. `strange`: events taken, whose stamp's verdict a person should know of."""

    sent: int = 0
    refused: int = 0
    strange: list[tuple[str, Word]] = field(default_factory=list)
    problem: str = ""
    """Why the rest still waits."""
    has_more: bool = False
    """Whether the rest waits only for another call."""


class Teller:
    """Sends events to the service through the judge's own connection."""

    def __init__(self, online: OnlineJudge) -> None:
        self._online = online

    def tell(self, event: dict[str, Any]) -> httpx.Response:
        """One event. Raises `ServiceUnreachable`."""
        return self._online.post("/api/v1/events", event)

    def tell_many(self, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each event's line of the answer, in order. Raises `ServiceUnreachable`."""
        response = self._online.post("/api/v1/events/batch", list(events), patience=60.0)
        try:
            body = response.json()
        except ValueError as error:
            raise ServiceUnreachable(STRANGE) from error
        if response.status_code != httpx.codes.OK:
            why = body.get("message_vi", "") if isinstance(body, dict) else ""
            raise ServiceUnreachable(f"{response.status_code} {why}".strip())
        match body:
            case {"events": [*lines]} if len(lines) == len(events) and all(
                isinstance(x, dict) for x in lines
            ):
                return lines
        raise ServiceUnreachable(STRANGE)

    def answer_of(self, text: str, body: dict[str, Any]) -> Answer:
        """The service's verdict in words. Raises `ServiceUnreachable` where it is none."""
        return self._online.answer_of(text, body)


@dataclass
class Seller:
    """A `Judge` that also tells: the answer's `record` has `told` (what became of the event) and `event`, its id."""

    mark: Mark
    queue: Queue
    teller: Teller | None
    offline: OfflineJudge
    lang: Lang
    kind: str | None = None
    place: str | None = None
    notify: Callable[[Flushed], None] = lambda _: None
    """Told what became of events that had waited."""
    _resting_until: float = 0.0
    _why: str = ""

    def ask(self, text: str) -> Answer:
        """Judge a code and tell what `mark` says of it. Raises as the offline judge does, and `QueueError` when it is
        told nowhere: neither kept nor sent.
        """
        return self.tell(text, self.mark)

    def tell(self, text: str, mark: Mark, event_id: uuid.UUID | None = None) -> Answer:
        """The same for any mark; a caller that may ask again after a broken line gives the event its id (version 7)."""
        judged = self._judge(text)
        if judged.verdict is None or judged.verdict.word is Word.NOT_OURS:
            return judged
        # What waits goes first: of one unit the sale before its return. A customer waits for one call of it at most.
        flushed = self.flush(1)
        self.notify(flushed)
        event = self._event(text, mark, event_id)
        trouble = self._keep(event)
        if flushed.has_more and trouble is None:
            self._why = _IN_LINE[0] if self.lang == "vi" else _IN_LINE[1]
        elif (answer := self._tell(event, judged)) is not None:
            return answer
        if trouble is not None:
            raise QueueError(*_NOT_KEPT) from trouble
        vi, en = (words.format(why=self._why) for words in _WAITS)
        return self._told(judged, event, "waiting", (vi, en))

    def _judge(self, text: str) -> Answer:
        """By the trust data; where that is damaged, by the text alone: it must not keep a sale from being told."""
        try:
            return self.offline.ask(text)
        except TrustError:
            return OfflineJudge(None, Asker.TILL, self.lang).ask(text)

    def flush(self, calls: int = -1) -> Flushed:
        """Send what waits, the oldest first, as long as the service takes it. `calls`: at most so many of `AT_ONCE`."""
        done = Flushed()
        if self.teller is None or self.is_resting:
            return done
        try:
            while waiting := self.queue.waiting(AT_ONCE):
                if calls == 0:
                    done.has_more = True
                    break
                calls -= 1
                lines = self.teller.tell_many([one.body for one in waiting])
                if not self._settle(waiting, lines, done):
                    break
        except QueueError as error:
            # No room to note that they are sent: they will be again. The line is up all the same.
            done.problem = str(error)
            return done
        except ServiceUnreachable as error:
            done.problem = str(error)
        if done.problem:
            self._rest(done.problem)
        return done

    def _settle(self, waiting: Sequence[Waiting], lines: Sequence[dict[str, Any]], done: Flushed) -> bool:
        """Take the service's word for each event; False where it wants some of them later."""
        taken, refused = [], []
        for one, line in zip(waiting, lines, strict=True):
            problem = line.get("problem") or {}
            match line.get("outcome"):
                case "recorded" | "duplicate" | "judged":
                    taken.append(one.id)
                    word = _word_of(line.get("answer") or {})
                    if word not in (None, Word.GENUINE):
                        done.strange.append((str(one.body.get("code", "")), word))
                case "refused":
                    refused.append((one.id, _message(problem, self.lang)))
                case _:
                    done.problem = _message(problem, self.lang)
        self.queue.done(taken)
        self.queue.refuse(refused)
        done.sent += len(taken)
        done.refused += len(refused)
        return not done.problem

    def _event(self, text: str, mark: Mark, event_id: uuid.UUID | None) -> dict[str, Any]:
        at = dt.datetime.now(dt.UTC)
        event = {
            "id": str(event_id or uuid7(int(at.timestamp() * 1000))),
            "at": at.isoformat(),
            "code": text,
            "event": mark.value,
        }
        more = {"kind": self.kind, "place": self.place}
        return event | {name: value for name, value in more.items() if value}

    def _keep(self, event: dict[str, Any]) -> QueueError | None:
        """With no room on the disk the service may still take it."""
        try:
            self.queue.put(event)
        except QueueError as error:
            return error
        return None

    def _tell(self, event: dict[str, Any], judged: Answer) -> Answer | None:
        """The service's answer; None if it has to wait."""
        if self.teller is None:
            self._why = _NO_SERVER[0] if self.lang == "vi" else _NO_SERVER[1]
            return None
        if self.is_resting:
            return None
        try:
            response = self.teller.tell(event)
            body = response.json()
        except (ServiceUnreachable, ValueError) as error:
            self._rest(str(error))
            return None
        if not isinstance(body, dict) or response.status_code not in (200, 400, 413, 422):
            # A wrong key or address is mended by a person, the rest by time: what was sold meanwhile is not lost.
            why = _message(body, self.lang) if isinstance(body, dict) else ""
            self._rest(f"{response.status_code} {why}".strip())
            return None
        if response.status_code == httpx.codes.OK:
            return self._answered(event, body, judged)
        self._let_go(event, None if body.get("error") == "mistyped" else _message(body, self.lang))
        title = "Không ghi được" if self.lang == "vi" else "Not recorded"
        saying = Saying(title, _message(body, self.lang), "", "warn", "warn")
        record = {"told": "refused", "event": event["id"], "error": body.get("error")}
        return Answer(judged.text, None, saying, (), record)

    def _answered(self, event: dict[str, Any], body: dict[str, Any], judged: Answer) -> Answer | None:
        assert self.teller is not None, "somebody answered"
        try:
            answer = self.teller.answer_of(judged.text, body)
        except ServiceUnreachable as error:
            self._rest(str(error))
            return None
        self._let_go(event, None)
        known = {name: value for name, value in judged.record.items() if name not in answer.record}
        answer = replace(answer, record={**answer.record, **known})
        if body.get("outcome") == "judged":
            return self._told(answer, event, "judged", None)
        return self._told(answer, event, str(body.get("outcome")), _DONE[Mark(event["event"])])

    def _let_go(self, event: dict[str, Any], refused: str | None) -> None:
        """The service has it, or will not have it. A full disk here is no loss: it would be sent once more."""
        try:
            if refused is None:
                self.queue.done([event["id"]])
            else:
                self.queue.refuse([(event["id"], refused)])
        except QueueError:
            return

    def _told(
        self, answer: Answer, event: dict[str, Any], told: str, words: tuple[str, str] | None
    ) -> Answer:
        explained = answer.explained
        if words is not None:
            explained = (words[0] if self.lang == "vi" else words[1], *explained)
        return replace(
            answer, explained=explained, record={**answer.record, "told": told, "event": event["id"]}
        )

    @property
    def is_resting(self) -> bool:
        """Whether the service gave no answer a moment ago."""
        return time.monotonic() < self._resting_until

    def _rest(self, why: str) -> None:
        self._why = why
        self._resting_until = time.monotonic() + REST


def _message(problem: dict[str, Any], lang: Lang) -> str:
    text = problem.get("message_vi" if lang == "vi" else "message_en") or problem.get("error")
    return str(text or "—")


def _word_of(answer: dict[str, Any]) -> Word | None:
    try:
        return Word(answer["verdict"])
    except (KeyError, ValueError):
        return None
