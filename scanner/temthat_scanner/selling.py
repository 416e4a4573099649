"""Marking units: every scan is an event for the service, kept on the disk until the service has it.

A till goes on while the line is down: what it scans is judged by the trust data at hand, and told later (`sending`).
"""

import datetime as dt
import uuid
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import httpx

from temthat_scanner.judging import Answer, OfflineJudge, ServiceUnreachable, read_answer
from temthat_scanner.queue import QueueError
from temthat_scanner.sending import Sender, Teller, message_of
from temthat_stamps.errors import TrustError
from temthat_stamps.texts import Lang, Saying
from temthat_stamps.verdict import Asker, Word
from temthat_trace.ids import uuid7


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
_NOT_KEPT = (
    "CHƯA GHI ĐƯỢC: không có mạng và không cất được. Ghi tay số tem này, rồi quét lại sau.",
    "NOT RECORDED: no network and no room to keep it. Write this stamp's number down and scan it again later.",
)


@dataclass
class Seller:
    """A `Judge` that also tells: the answer's `record` has `told` (what became of the event) and `event`, its id."""

    mark: Mark
    sender: Sender
    offline: OfflineJudge
    lang: Lang
    kind: str | None = None
    place: str | None = None

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
        # What waits goes first: of one unit the sale before its return.
        with self.sender.turn() as is_next:
            event = self._event(text, mark, event_id)
            trouble = self._keep(event)
            # With no room on the disk the service may still take it.
            if (is_next or trouble) and (answer := self._tell(event, judged)) is not None:
                return answer
        if trouble is not None:
            raise QueueError(*_NOT_KEPT) from trouble
        vi, en = (words.format(why=self.sender.why) for words in _WAITS)
        return self._told(judged, event, "waiting", (vi, en))

    def _judge(self, text: str) -> Answer:
        """By the trust data; where that is damaged, by the text alone: it must not keep a sale from being told."""
        try:
            return self.offline.ask(text)
        except TrustError:
            return OfflineJudge(None, Asker.TILL, self.lang).ask(text)

    def _event(self, text: str, mark: Mark, event_id: uuid.UUID | None) -> dict[str, Any]:
        event = {
            "id": str(event_id or uuid7()),
            "at": dt.datetime.now(dt.UTC).isoformat(),
            "code": text,
            "event": mark.value,
        }
        more = {"kind": self.kind, "place": self.place}
        return event | {name: value for name, value in more.items() if value}

    def _keep(self, event: dict[str, Any]) -> QueueError | None:
        try:
            self.sender.queue.put(event)
        except QueueError as error:
            return error
        return None

    def _tell(self, event: dict[str, Any], judged: Answer) -> Answer | None:
        """The service's answer; None if it has to wait."""
        sender = self.sender
        if sender.teller is None or sender.is_resting:
            return None
        try:
            response = sender.teller.tell(event)
            body = read_answer(response)
        except ServiceUnreachable as error:
            sender.rest(str(error))
            return None
        if response.status_code not in (200, 400, 413, 422):
            # A wrong key or address is mended by a person, the rest by time: what was sold meanwhile is not lost.
            sender.rest(f"{response.status_code} {message_of(body, self.lang)}")
            return None
        sender.is_down = False
        if response.status_code == httpx.codes.OK:
            return self._answered(sender.teller, event, body, judged)
        self._let_go(event, None if body.get("error") == "mistyped" else message_of(body, self.lang))
        title = "Không ghi được" if self.lang == "vi" else "Not recorded"
        saying = Saying(title, message_of(body, self.lang), "", "warn", "warn")
        record = {"told": "refused", "event": event["id"], "error": body.get("error")}
        return Answer(judged.text, None, saying, (), record)

    def _answered(
        self, teller: Teller, event: dict[str, Any], body: dict[str, Any], judged: Answer
    ) -> Answer | None:
        try:
            answer = teller.answer_of(judged.text, body)
        except ServiceUnreachable as error:
            self.sender.rest(str(error))
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
                self.sender.queue.done([event["id"]])
            else:
                self.sender.queue.refuse([(event["id"], refused)])
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
