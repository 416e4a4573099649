"""Judging again, by trust data of one's own, what a file says was read: as of then; and why a verdict may differ."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from temthat_scanner.evidence.form import Check, Data, Evidence, How
from temthat_stamps.bundle.offline import Judged, judge_offline
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import Mistyped
from temthat_stamps.verdict import Asker, Verdict, Word, judge


class Why(StrEnum):
    """Why two verdicts on one text may differ; `NONE`: nothing explains it."""

    ONLINE_ONLY = "online_only"
    NEWER_HERE = "newer_here"
    OLDER_HERE = "older_here"
    NOT_HERE = "not_here"
    NOT_THERE = "not_there"
    CLOCK = "clock"
    NONE = "none"


SAID: dict[Why, tuple[str, str]] = {
    Why.ONLINE_ONLY: (
        "máy chủ còn biết những gì dữ liệu không mạng không có (lượt quét, đã bán)",
        "the service also knows what offline data does not hold (scans, sales)",
    ),
    Why.NEWER_HERE: ("dữ liệu ở đây mới hơn lúc kiểm tra", "the data here is newer than the check"),
    Why.OLDER_HERE: (
        "dữ liệu ở đây cũ hơn dữ liệu lúc kiểm tra",
        "the data here is older than that of the check",
    ),
    Why.NOT_HERE: ("dữ liệu ở đây không đủ cho tem này", "the data here does not cover this stamp"),
    Why.NOT_THERE: (
        "máy khi đó không đủ dữ liệu cho tem này",
        "the device had no data that covers this stamp",
    ),
    Why.CLOCK: ("đồng hồ của máy khi đó chạy chậm", "the device's clock was behind"),
    Why.NONE: ("không có lý do nào giải thích được", "nothing explains it"),
}
"""What is said for each, in Vietnamese and English."""

_ONLINE_WORDS = frozenset({Word.SUSPECT_COPY, Word.SOLD, Word.CLAIMED})
_GOOD = frozenset({Word.GENUINE, Word.GENUINE_OFFLINE})


@dataclass(frozen=True, slots=True)
class Difference:
    """A check (counted from 1) whose verdict is another one here."""

    check: int
    there: Word
    here: Word
    why: Why


def rejudge(evidence: Evidence, trust: TrustView, listing: str) -> Iterator[Difference]:
    """Where verdicts differ. `listing`: SHA-256 of the list of files of this trust data, hex.

    Raises `TrustError` where the trust data is damaged.
    """
    for place, check in enumerate(evidence.checks, 1):
        here = verdict_at(check.text, trust, check.at)
        if here is None or _means(here.word) == _means(check.verdict.word):
            continue
        why = _why(check, evidence.data_of(check), here.word, trust.as_of, listing)
        yield Difference(place, check.verdict.word, here.word, why)


def verdict_at(text: str, trust: TrustView, at: dt.datetime) -> Verdict | None:
    """What this trust data says of a text as of an instant; None for a mistyped number, of which nothing is said.

    What was issued later than that instant is in it: nobody can leave it out again.
    """
    try:
        judged: Judged = judge_offline(text, trust, at, Asker.INSPECTOR)
    except Mistyped:
        return None
    facts = replace(judged.facts, clock_behind=False)
    if facts.data_as_of is not None:
        facts = replace(facts, data_as_of=min(facts.data_as_of, at))
    return judge(facts, Asker.INSPECTOR, at)


def _means(word: Word) -> Word:
    return Word.GENUINE_OFFLINE if word in _GOOD else word


def _why(check: Check, used: Data | None, here: Word, as_of: dt.datetime, listing: str) -> Why:
    there = check.verdict.word
    if check.how is How.ONLINE and there in _ONLINE_WORDS:
        return Why.ONLINE_ONLY
    if check.how is How.UNAIDED or (there is Word.CANNOT_TELL and here is not Word.CANNOT_TELL):
        return Why.NOT_THERE
    if here is Word.CANNOT_TELL:
        return Why.NOT_HERE
    if "clock_behind" in check.verdict.keys:
        return Why.CLOCK
    if used is not None and used.sha256 == listing:
        return Why.NONE
    then = used.at if used is not None else check.at
    return Why.NEWER_HERE if as_of > then else Why.OLDER_HERE
