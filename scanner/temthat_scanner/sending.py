"""The line to the service, and what waits to go down it: the oldest first, each event once in effect.

A pack that is scanned comes after what waits. A short line is sent before it, in one call; a long one, or any while the
service does not answer, is worked off by a thread in the background, and the pack stands in it: whoever waits for a
verdict waits neither for yesterday's sales nor for a dead line.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from temthat_scanner.judging import REST, STRANGE, Answer, OnlineJudge, ServiceUnreachable, read_answer
from temthat_scanner.queue import Queue, QueueError, Waiting
from temthat_stamps.texts import Lang
from temthat_stamps.verdict import Word

AT_ONCE = 200
"""Events in one call: a second's work on a slow line."""

SHORT = 20
"""Events that a pack's answer may wait for."""

IDLE = 15.0
"""Seconds after which the background looks whether something waits; sooner when a pack had to stand in line."""

_PATIENCE = 60.0
"""Seconds for the answer to a call in the background."""

_LEAVE = 5.0
"""Seconds to wait at the end for a call that is under way; cut off, it is made again another time."""

_MOMENT = 0.002
_STRANGE_KEPT = 1_000

_IN_LINE = ("còn mục trước đang chờ gửi", "earlier ones are still to be sent")
_NO_SERVER = ("chưa có --server", "no --server")


@dataclass
class Flushed:
    """What became of what waited. `strange`: events taken, whose stamp's verdict a person should know of."""

    sent: int = 0
    refused: int = 0
    strange: list[tuple[str, Word]] = field(default_factory=list)
    problem: str = ""
    """Why the rest still waits."""


class Teller:
    """Sends events to the service through the judge's own connections."""

    def __init__(self, online: OnlineJudge) -> None:
        self._online = online

    def tell(self, event: dict[str, Any]) -> httpx.Response:
        """One event. Raises `ServiceUnreachable`."""
        return self._online.post("/api/v1/events", event)

    def tell_many(
        self, events: Sequence[dict[str, Any]], patience: float | None = None
    ) -> list[dict[str, Any]]:
        """Each event's line of the answer, in order. `patience`: seconds. Raises `ServiceUnreachable`."""
        response = self._online.post("/api/v1/events/batch", list(events), patience)
        body = read_answer(response)
        if response.status_code != httpx.codes.OK:
            raise ServiceUnreachable(f"{response.status_code} {body.get('message_vi', '')}".strip())
        match body:
            case {"events": [*lines]} if len(lines) == len(events) and all(
                isinstance(x, dict) for x in lines
            ):
                return lines
        raise ServiceUnreachable(STRANGE)

    def answer_of(self, text: str, body: dict[str, Any]) -> Answer:
        """The service's verdict in words. Raises `ServiceUnreachable` where it is none."""
        return self._online.answer_of(text, body)


class Sender:
    """Sends what waits in a queue. `teller` None: there is no service, everything waits. `notify`: told what became of
    events that had waited.

    As a context manager it works in the background too, and keeps the queue's file whole by itself.
    """

    def __init__(
        self, queue: Queue, teller: Teller | None, lang: Lang, notify: Callable[[Flushed], None]
    ) -> None:
        self.queue = queue
        self.teller = teller
        self.is_down = False
        """Whether the service gave no answer last time."""
        self.why = ""
        """Why events wait, in words."""
        self._lang: Lang = lang
        self._notify = notify
        self._resting_until = 0.0
        self._sending = threading.Lock()
        """Held by whoever sends: nothing overtakes, nothing is sent by two."""
        self._is_calling = False
        self._nudge = threading.Event()
        self._has_ended = False
        self._thread = threading.Thread(target=self._work, name="sender", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._has_ended = True
        self._nudge.set()
        if self._thread.is_alive():
            self._thread.join(_LEAVE)
        # A command that is started for each pack works off a long line too.
        if not (self.is_down or self._thread.is_alive()):
            self._hear(self.flush(1, _LEAVE))

    @property
    def is_resting(self) -> bool:
        """Whether the service gave no answer a moment ago."""
        return time.monotonic() < self._resting_until

    def rest(self, why: str) -> None:
        """The service gave no answer: it is not asked for `REST` seconds."""
        self.is_down, self.why = True, why
        self._resting_until = time.monotonic() + REST

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """The turn of one pack: True if it may be told at once, for nothing waits before it (any more)."""
        if self.teller is None:
            self.why = self._say(_NO_SERVER)
            yield False
        elif not self._has_line():
            self.why = self.why if self.is_down else self._say(_IN_LINE)
            yield False
        else:
            try:
                yield self._is_next()
            finally:
                self._sending.release()

    def _has_line(self) -> bool:
        """Whether the line is this pack's: a look of the background into the file is waited for, its calls are not."""
        while not self._sending.acquire(timeout=_MOMENT):
            if self._is_calling:
                return False
        return True

    def _is_next(self) -> bool:
        """Whether nothing waits; a short line is sent."""
        if self.is_resting:
            return False
        try:
            ahead = self.queue.count(SHORT + 1)
        except QueueError:
            return True  # whatever waits cannot be read: this one is not to wait for it
        if ahead == 0:
            return True
        if ahead > SHORT or self.is_down:
            self.why = self.why if self.is_down else self._say(_IN_LINE)
            self._nudge.set()
            return False
        done = Flushed()
        self._send_some(done, None)
        self._hear(done)
        return not self.is_down

    def flush(self, calls: int = -1, patience: float = _PATIENCE) -> Flushed:
        """Send what waits as long as the service takes it, in at most so many calls of at most `patience` seconds.
        Nobody has a turn meanwhile.
        """
        done = Flushed()
        with self._sending:
            while calls and self._send_some(done, patience):
                calls -= 1
        return done

    def _hear(self, done: Flushed) -> None:
        """Tell what became of it. Where nobody hears it any more, that stops neither a sale nor the background."""
        with suppress(Exception):
            self._notify(done)

    def _work(self) -> None:
        """In the background: work off what waits, then see that the queue's file is whole by itself."""
        while not self._has_ended:
            self._nudge.wait(IDLE)
            self._nudge.clear()
            try:
                self._work_off()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again; packs stand in line meanwhile
                self.rest(type(error).__name__)

    def _work_off(self) -> None:
        done, is_going = Flushed(), True
        try:
            while is_going and not self._has_ended:
                with self._sending:
                    is_going = self._send_some(done, _PATIENCE)
        finally:
            self._hear(done)
        with suppress(QueueError):
            self.queue.settle()

    def _send_some(self, done: Flushed, patience: float | None) -> bool:
        """One call; False when it was the last for now: nothing waits, or the service wants no more."""
        if self.teller is None or self.is_resting:
            return False
        try:
            waiting = self.queue.waiting(AT_ONCE)
            if not waiting:
                return False
            self._is_calling = True
            lines = self.teller.tell_many([one.body for one in waiting], patience)
            self.is_down = False
            self._settle(waiting, lines, done)
        except QueueError as error:
            # No room to note that they are sent: they will be again. The line is up all the same.
            done.problem = str(error)
            return False
        except ServiceUnreachable as error:
            done.problem = str(error)
        finally:
            self._is_calling = False
        if done.problem:
            self.rest(done.problem)
        return not done.problem

    def _settle(self, waiting: Sequence[Waiting], lines: Sequence[dict[str, Any]], done: Flushed) -> None:
        """Take the service's word for each event; those it wants later stay, and `done.problem` says why."""
        taken, refused = [], []
        for one, line in zip(waiting, lines, strict=True):
            problem = _object(line.get("problem"))
            match line.get("outcome"):
                case "recorded" | "duplicate" | "judged":
                    taken.append(one.id)
                    word = _word_of(_object(line.get("answer")))
                    if word not in (None, Word.GENUINE) and len(done.strange) < _STRANGE_KEPT:
                        done.strange.append((str(one.body.get("code", "")), word))
                case "refused":
                    refused.append((one.id, message_of(problem, self._lang)))
                case _:
                    done.problem = message_of(problem, self._lang)
        self.queue.done(taken)
        self.queue.refuse(refused)
        done.sent += len(taken)
        done.refused += len(refused)

    def _say(self, words: tuple[str, str]) -> str:
        return words[0] if self._lang == "vi" else words[1]


def message_of(problem: dict[str, Any], lang: Lang) -> str:
    """What the service says is wrong."""
    text = problem.get("message_vi" if lang == "vi" else "message_en") or problem.get("error")
    return str(text or "—")


def _object(value: Any) -> dict[str, Any]:
    """Of what else the service may say here nothing is known."""
    return value if isinstance(value, dict) else {}


def _word_of(answer: dict[str, Any]) -> Word | None:
    try:
        return Word(answer["verdict"])
    except (KeyError, ValueError):
        return None
