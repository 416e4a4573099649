"""Capture: a document or single event into a party's repository, event by event, with what became of each.

All that is stored is stored in the caller's transaction, which the caller commits: a process that dies leaves nothing.
Captures are written one after the other; of up to 2,000 events what can be judged of each alone is judged before that.
"""

import datetime as dt
import json
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from temthat_trace.collecting import uncollected
from temthat_trace.epcis import store
from temthat_trace.epcis.document import Limits
from temthat_trace.epcis.history import Known, judge
from temthat_trace.epcis.judging import Judge, Judged
from temthat_trace.epcis.levels import DEFAULT_LEVELS
from temthat_trace.epcis.lifecycle import MOST_LEVELS
from temthat_trace.epcis.outcome import Behaviour, Captured, Fate, Result, outcome_json, problem_json
from temthat_trace.epcis.problems import EpcisError, Level, Problem
from temthat_trace.epcis.stream import Raw, Stream, open_document
from temthat_trace.epcis.tables import CaptureJob
from temthat_trace.epcis.terms import condition, terms
from temthat_trace.gs1.identity import identity

_OWN = frozenset({"eventID", "recordTime", "@context"})
GROUP = 500
"""Events judged and stored together; with it the memory a long document needs is bounded."""
AHEAD = 4
"""Groups that may be judged before the writing begins: on SQLite nobody else writes from then on."""
MOST_OF_A_THING = 300
"""Latest events of one thing that are looked at."""


@uncollected()
def capture(
    session: Session,
    party_id: uuid.UUID,
    data: bytes | str | Mapping[str, Any] | Stream,
    *,
    now: dt.datetime,
    behaviour: Behaviour = Behaviour.ROLLBACK,
    levels: Mapping[str, Level] | None = None,
    limits: Limits | None = None,
    job: CaptureJob | None = None,
    source: str = "",
) -> tuple[CaptureJob, Captured]:
    """Store the events of a document (or one event) in a party's repository; the job record and what became of each.

    `job`: one that was announced before; a new one otherwise. Nothing is committed. Raises EpcisError when the input is
    no EPCIS document at all, or has a member twice where that is an error; nothing is stored then, no job either.
    """
    if isinstance(data, Mapping):
        data = json.dumps(data, ensure_ascii=False)
    stream = data if isinstance(data, Stream) else open_document(data, limits)
    chosen = DEFAULT_LEVELS if levels is None else levels
    warnings = tuple(w.of_level(chosen.get(w.rule, w.level)) for w in stream.warnings)
    if any(w.level is Level.ERROR for w in warnings):
        raise EpcisError(warnings)
    judges = Judge(stream.context, chosen, now)
    groups = map(judges.judge, _groups(stream.events()))
    ahead = deque(islice(groups, AHEAD))  # judged before anybody has to wait for the writing
    store.one_writer(session)
    job = _begin(session, party_id, behaviour, job, now, source)
    work = _Work(session, party_id, job.id, chosen, now)
    savepoint = session.begin_nested()
    results: list[Result] = []
    context = store.keep_context(session, stream.context)
    for group in chain(_emptied(ahead), groups):
        results += work.settle(group, context)
    captured = Captured(tuple(results), warnings)
    if behaviour is Behaviour.ROLLBACK and not captured.success:
        savepoint.rollback()
        captured = Captured(tuple(map(_rolled_back, results)), warnings)
    else:
        savepoint.commit()
    _finish(job, captured, now)
    session.flush()
    return job, captured


def _groups(raws: Iterator[Raw]) -> Iterator[list[Raw]]:
    while group := list(islice(raws, GROUP)):
        yield group


def _emptied(groups: deque[list[Judged]]) -> Iterator[list[Judged]]:
    """Each group, kept by nobody any more."""
    while groups:
        yield groups.popleft()


def _begin(
    session: Session,
    party_id: uuid.UUID,
    behaviour: Behaviour,
    job: CaptureJob | None,
    now: dt.datetime,
    source: str,
) -> CaptureJob:
    """The job's row, written: from here on SQLite lets no other writer in."""
    if job is None:
        job = CaptureJob(party_id=party_id, created_at=now, behaviour=behaviour, source=source)
        session.add(job)
        session.flush()
    else:
        session.execute(update(CaptureJob).where(CaptureJob.id == job.id).values(running=True))
    return job


def _finish(job: CaptureJob, captured: Captured, now: dt.datetime) -> None:
    counts = captured.counts
    job.running, job.success, job.finished_at = False, captured.success, now
    job.accepted, job.duplicate, job.rejected = counts.accepted, counts.duplicate, counts.rejected
    job.outcome = outcome_json(captured)


def _rolled_back(result: Result) -> Result:
    if result.fate is not Fate.ACCEPTED:
        return result
    return Result(result.pointer, Fate.ROLLED_BACK, result.event_id, result.problems)


class _Work:
    """One capture, group by group: what is there already, what contradicts what is there, the rest stored."""

    def __init__(
        self,
        session: Session,
        party_id: uuid.UUID,
        job_id: uuid.UUID,
        levels: Mapping[str, Level],
        now: dt.datetime,
    ) -> None:
        self.session = session
        self.party_id = party_id
        self.job_id = job_id
        self.levels = levels
        self.now_ms = int(now.timestamp() * 1000)

    def settle(self, group: Sequence[Judged], context: bytes | None) -> list[Result]:
        """The fate of each event of a group; the good ones are stored."""
        duplicates = self._duplicates(group)
        fresh = [j for n, j in enumerate(group) if j.is_good and n not in duplicates]
        self._check_ids(fresh)
        self._check_lives([j for j in fresh if j.is_good])
        store.add_events(
            self.session,
            self.party_id,
            self.job_id,
            [j for j in fresh if j.is_good],
            context,
            self.now_ms,
        )
        return [self._result(j, duplicates.get(n)) for n, j in enumerate(group)]

    def _result(self, judged: Judged, known_as: str | None) -> Result:
        if known_as is not None:
            return Result(judged.raw.pointer, Fate.DUPLICATE, known_as, tuple(judged.problems))
        fate = Fate.ACCEPTED if judged.is_good else Fate.REJECTED
        return Result(judged.raw.pointer, fate, judged.event_id, tuple(judged.problems))

    def _duplicates(self, group: Sequence[Judged]) -> dict[int, str]:
        """Places in the group of events that are there already or stand in it before, with the ids they have there."""
        good = {j.digest for j in group if j.is_good}
        held = store.digests_held(self.session, self.party_id, list(good))
        if not held and len(good) == len(group):
            return {}
        first: dict[bytes, tuple[str, Any]] = {
            s.row.digest: (s.row.event_id, s.value) for s in store.events_of(self.session, held.values())
        }
        found: dict[int, str] = {}
        for n, judged in enumerate(group):
            if not judged.is_good:
                continue
            known = first.setdefault(judged.digest, (judged.event_id or "", judged.raw.value))
            if known[1] is not judged.raw.value:
                found[n] = known[0]
                self._compare(judged, known[1])
        return found

    def _compare(self, judged: Judged, first: dict[str, Any]) -> None:
        """What the hash leaves out may differ; the first event stays as it is, and that is told."""
        value = judged.raw.value
        names = [n for n in {**first, **value} if n not in _OWN and first.get(n) != value.get(n)]
        if names:
            listed = ", ".join(names)[:200]
            self._tell(
                judged,
                judged.raw.pointer,
                "duplicate_differs",
                f"Đã có sự kiện này, nhưng khác ở: {listed}. Sự kiện đã lưu được giữ nguyên.",
                f"The event is here already, but differs in: {listed}. What was stored stays as it was.",
            )

    # --- ids ---

    def _check_ids(self, fresh: Sequence[Judged]) -> None:
        """An id names one event; only a declaration that it was wrong may use it again."""
        named = [(j, j.event.event_id) for j in fresh if j.event is not None and j.event.event_id is not None]
        if not named:
            return
        wanted = dict(
            zip(terms(self.party_id, (condition("eventID", i) for _, i in named)), named, strict=True)
        )
        held = store.numbers_by_term(self.session, list(wanted))
        uses: dict[str, list[tuple[bytes, bool]]] = {}
        if held:  # a term may be met by chance; the id itself decides
            by_number = {
                s.row.id: s for s in store.events_of(self.session, {n for ns in held.values() for n in ns})
            }
            for key, numbers in held.items():
                rows = [by_number[n].row for n in numbers]
                event_id = wanted[key][1]
                uses[event_id] = [
                    (row.hash, row.hash != row.digest) for row in rows if row.event_id == event_id
                ]
        for judged, event_id in named:
            self._check_id(judged, uses.setdefault(event_id, []))
            if judged.is_good:
                uses[event_id].append((judged.hash, judged.hash != judged.digest))

    def _check_id(self, judged: Judged, uses: Sequence[tuple[bytes, bool]]) -> None:
        others = [hash_ for hash_, _ in uses if hash_ != judged.hash]
        if not others:
            return
        pointer = judged.raw.pointer
        if judged.hash != judged.digest:  # it declares an error
            self._tell(
                judged,
                pointer + "/errorDeclaration",
                "declaration_differs",
                "Khai báo sai sót phải lặp lại đúng sự kiện gốc; nội dung ở đây khác sự kiện cùng eventID.",
                "A declaration of error repeats the event as it was; this differs from the event of the same eventID.",
            )
        elif any(not declares for _, declares in uses):
            self._tell(
                judged,
                pointer + "/eventID",
                "event_id_taken",
                "eventID này đã thuộc về một sự kiện khác. Hãy dùng eventID mới; nếu sự kiện cũ sai, hãy gửi lại "
                "nó kèm errorDeclaration.",
                "This eventID belongs to another event. Use a new one; if the older event was wrong, send it again "
                "with an errorDeclaration.",
            )

    def _tell(self, judged: Judged, pointer: str, rule: str, vi: str, en: str) -> None:
        judged.problems.append(Problem(pointer, rule, vi, en, self.levels.get(rule, Level.ERROR)))

    # --- lives ---

    def _check_lives(self, fresh: Sequence[Judged]) -> None:
        """The rules of a thing's life, each event at its place in time among those stored."""
        new = [Known(j.event, j.hash) for j in fresh if j.event is not None]
        stored, long = self._history({thing for known in new for thing in known.named})
        for judged, problems in zip(fresh, judge(new, stored, self.levels, long), strict=True):
            if problems:
                judged.problems += [p.under(judged.raw.pointer) for p in problems]

    def _history(self, things: set[str]) -> tuple[list[Known], set[str]]:
        """What is stored of things and of whatever they were in; and the things of which that is only the latest."""
        seen: set[str] = set()
        long: set[str] = set()
        numbers: set[int] = set()
        found: dict[int, Known] = {}
        for _ in range(MOST_LEVELS):
            asked = sorted(things - seen)
            if not asked:
                break
            seen.update(asked)
            keys = dict(zip(terms(self.party_id, ("epc\0" + thing for thing in asked)), asked, strict=True))
            for key, held in store.numbers_by_term(self.session, list(keys)).items():
                if len(held) > MOST_OF_A_THING:
                    long.add(keys[key])
                numbers.update(held[-MOST_OF_A_THING:])
            things = set()
            for one in store.events_of(self.session, numbers - found.keys()):
                found[one.row.id] = Known(one.event, one.row.hash)
                parent = getattr(one.event, "parent_id", None)
                if parent:
                    things.add(identity(parent))
        return [found[n] for n in sorted(found)], long


def close_unfinished(session: Session, now: dt.datetime) -> int:
    """Close, as failed, the jobs a process left running when it died; how many. Nothing of them was stored."""
    left = list(session.scalars(select(CaptureJob).where(CaptureJob.running)))
    for job in left:
        fail(
            job,
            [
                Problem(
                    "",
                    "interrupted",
                    "Dịch vụ dừng giữa chừng; chưa lưu gì cả. Hãy gửi lại tài liệu.",
                    "The service stopped on the way; nothing was stored. Send the document again.",
                )
            ],
            now,
        )
    return len(left)


def fail(job: CaptureJob, problems: Sequence[Problem], now: dt.datetime) -> None:
    """Close a job whose document could not be captured at all."""
    job.running, job.success, job.finished_at = False, False, now
    job.outcome = json.dumps({"errors": [problem_json(p) for p in problems]}, ensure_ascii=False)
