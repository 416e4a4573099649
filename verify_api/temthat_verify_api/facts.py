"""From a question to the one verdict, online: signature, history, run, notices; then `verdict.judge`.

The order is chosen for those who send rubbish: what is settled by the text or the signature alone costs no query, and
only a stamp of ours reaches the store. Online the database knows every key and run, so an unknown one is forged.
"""

import datetime as dt
import hmac
from collections import OrderedDict
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from temthat_stamps import number, signing
from temthat_stamps.code import Code, Header
from temthat_stamps.copies.judge import CopyJudge, ScoreJudge
from temthat_stamps.copies.records import StampEvent, StampEventKind
from temthat_stamps.errors import BadSignature
from temthat_stamps.gs1path import match_path
from temthat_stamps.notice import standing
from temthat_stamps.runs.book import is_lost
from temthat_stamps.verdict import (
    HANOI,
    Asker,
    CopyOpinion,
    Coverage,
    Facts,
    Mark,
    NoticeKind,
    PathMatch,
    Proof,
    Registration,
    StandingNotice,
    Verdict,
    Word,
    judge,
)
from temthat_trace.formats import today as vietnam_day
from temthat_verify_api.cache import RevisionCache
from temthat_verify_api.guesses import Guesses
from temthat_verify_api.questions import Question
from temthat_verify_api.runfacts import RunFacts, find_stamp_keys, load_run_facts
from temthat_verify_api.store import SAME_PHONE, History, NewEvent
from temthat_verify_api.wiring import Services

CACHED_RUNS = 4_000
CACHED_KEYS = 20_000


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, as far as it matters: role, the neighbourhood typed numbers are limited by, this phone's receipt."""

    asker: Asker = Asker.CONSUMER
    source: str = ""
    receipt: bytes | None = None


CONSUMER = Asking()


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict and what it is about. `run` and `history` are None unless the stamp is one of a registered run."""

    question: Question
    verdict: Verdict
    facts: Facts
    at: dt.datetime
    header: Header | None = None
    run: RunFacts | None = None
    history: History | None = None

    @property
    def counts(self) -> bool:
        """Whether a check of it may be recorded: what is forged must never write into a real stamp's history."""
        return self.run is not None and self.verdict.word is not Word.FORGED


class Judging:
    """Answers questions for one service. Holds the caches of the hot path; one per application."""

    def __init__(self, services: Services, copy_judge: CopyJudge | None = None) -> None:
        self._services = services
        self._hosts = services.settings.hosts
        self._copy_judge = copy_judge or ScoreJudge()
        self._keys: OrderedDict[bytes, tuple[bytes, ...]] = OrderedDict()
        self._guesses = Guesses()
        self.runs: RevisionCache[RunFacts | None] = RevisionCache(self._load_run, CACHED_RUNS, seconds=60)

    async def ask(self, question: Question, asking: Asking = CONSUMER) -> Answer:
        """The verdict. Raises `TooManyGuesses` for typed numbers, `StoreUnavailableError` without a database."""
        now = self._services.now()
        if question.settled is not None:
            return _settled(question, question.settled, None, asking, now)
        if question.number is not None:
            return await self._ask_number(question, question.number, asking, now)
        assert question.code is not None, "a question is a code, a number, or settled"
        return await self._ask_code(question, question.code, asking, now)

    async def with_scoring(self, event: NewEvent) -> NewEvent:
        """The event with what its copy score is told by, for who reports it without having asked about its stamp."""
        run = self.runs.known(event.run)
        if run is None:
            now = self._services.now()
            history = await self._services.store.look_up(event.run, event.serial)
            run = await self.runs.get(event.run, history.revision, vietnam_day(now))
        return replace(event, scoring=run.scoring) if run else event

    async def _ask_code(self, question: Question, code: Code, asking: Asking, now: dt.datetime) -> Answer:
        header = code.header
        keys = self._keys.get(header.hint) or await self._find_keys(header.hint)
        if not keys:
            lost = await self._is_lost(header.run)
            return _settled(question, Proof.UNKNOWN_KEY, header, asking, now, lost=lost)
        try:
            signer = signing.verify(code, keys)
        except BadSignature:
            return _settled(question, Proof.WRONG, header, asking, now)
        history = await self._services.store.look_up(header.run, header.serial, asking.receipt, now)
        run = await self.runs.get(header.run, history.revision, vietnam_day(now))
        if run is None and await self._is_lost(header.run):
            return _settled(question, Proof.GOOD, header, asking, now, lost=True)
        if run is None or (registration := run.registration(signer, header.serial)) is Registration.OUTSIDE:
            facts = Facts(Proof.GOOD, registration=Registration.OUTSIDE)
            return Answer(question, judge(facts, asking.asker, now), facts, now, header)
        host = code.host if code.host and code.host not in self._hosts else None
        return await self._conclude(
            question,
            header,
            run,
            history,
            asking,
            now,
            registration=registration,
            path=match_path(code.gs1, header, (run.gtin, run.lot)),
            foreign_host=host,
        )

    async def _ask_number(
        self, question: Question, typed: number.Number, asking: Asking, now: dt.datetime
    ) -> Answer:
        self._guesses.check(asking.source, typed.run)
        history = await self._services.store.look_up(typed.run, typed.serial, asking.receipt, now)
        run = await self.runs.get(typed.run, history.revision, vietnam_day(now))
        header = Header(run.hint, typed.run, typed.serial) if run else None
        right = run.secrets.number(header) if run and header else None
        if run is None and await self._is_lost(typed.run):
            return _settled(question, Proof.UNKNOWN_KEY, None, asking, now, lost=True)
        if run is None or right is None or not hmac.compare_digest(str(right), str(typed)):
            self._guesses.wrong(asking.source, typed.run)
            return _settled(question, Proof.UNKNOWN_KEY if run is None else Proof.WRONG, None, asking, now)
        assert header is not None
        registration = run.registration(run.public_key, typed.serial)
        return await self._conclude(question, header, run, history, asking, now, registration=registration)

    async def _conclude(
        self,
        question: Question,
        header: Header,
        run: RunFacts,
        history: History,
        asking: Asking,
        now: dt.datetime,
        *,
        registration: Registration,
        path: PathMatch = PathMatch.NONE,
        foreign_host: str | None = None,
    ) -> Answer:
        """All is ours: put the facts together and judge."""
        if history.seen_by_receipt and asking.receipt is not None:
            history = await run_in_threadpool(self._without_own_check, header, history, asking.receipt, now)
        facts, verdict = _judged(
            asking.asker,
            vietnam_day(now),
            registration,
            path,
            _standing(run, header.serial, history) if run.notices or history.spoiled else (),
            run.not_activated,
            run.expires_on,
            self._copy_judge.judge(history, run, asking.receipt),
            history.sold,
            history.checks,
            history.last,
            foreign_host,
        )
        return Answer(question, verdict, facts, now, header, run, history)

    async def _find_keys(self, hint: bytes) -> tuple[bytes, ...]:
        """From the database; only keys that exist are remembered, so a new one is known at once."""
        keys = await run_in_threadpool(self._load_keys, hint)
        if keys:
            self._keys[hint] = keys
            while len(self._keys) > CACHED_KEYS:
                self._keys.popitem(last=False)
        return keys

    async def _is_lost(self, run: int) -> bool:
        """Whether the log has the run and a restored database does not: then nobody is told that a stamp is forged."""
        return await run_in_threadpool(self._ask_if_lost, run)

    def _ask_if_lost(self, run: int) -> bool:
        with self._services.sessions() as session:
            return is_lost(session, run)

    def _load_keys(self, hint: bytes) -> tuple[bytes, ...]:
        with self._services.sessions() as session:
            return find_stamp_keys(session, hint)

    def _load_run(self, number: int, _today: dt.date) -> RunFacts | None:
        with self._services.sessions() as session:
            return load_run_facts(session, self._services.sealer, number)

    def _without_own_check(
        self, header: Header, history: History, receipt: bytes, now: dt.datetime
    ) -> History:
        with self._services.sessions() as session:
            return without_own_check(session, header, history, receipt, now)


@lru_cache(maxsize=10_000)
def _judged(
    asker: Asker,
    day: dt.date,
    registration: Registration,
    path: PathMatch,
    notices: tuple[StandingNotice, ...],
    not_activated: bool,
    expires_on: dt.date | None,
    copy: CopyOpinion,
    sold: Mark | None,
    checks: int,
    last_check: Mark | None,
    foreign_host: str | None,
) -> tuple[Facts, Verdict]:
    """Facts and verdict for a stamp of ours. Online a verdict depends on the day, not on the second, and it is a pure
    function: stamps of a run that nothing has happened to share one.
    """
    facts = Facts(
        proof=Proof.GOOD,
        registration=registration,
        path=path,
        notices=notices,
        not_activated=not_activated,
        expires_on=expires_on,
        copy=copy,
        sold=sold,
        checks=checks,
        last_check=last_check,
        foreign_host=foreign_host,
    )
    return facts, judge(facts, asker, dt.datetime.combine(day, dt.time(12), HANOI))


def _standing(run: RunFacts, serial: int, history: History) -> tuple[StandingNotice, ...]:
    """The notices in force on a stamp, and what a till told of this one unit, which is shown as one."""
    notices = standing(run.notices, serial)
    if history.spoiled is None:
        return notices
    day = history.spoiled.astimezone(HANOI).date()
    return (*notices, StandingNotice(NoticeKind.SPOILED, "other", day))


def without_own_check(
    session: Session, header: Header, history: History, receipt: bytes, now: dt.datetime
) -> History:
    """The history as it was before this phone's own check of the last half hour: reloading a page changes nothing."""
    own = (StampEvent.receipt == receipt) & (StampEvent.at > now - SAME_PHONE)
    others = (
        select(StampEvent.at, StampEvent.place)
        .where(StampEvent.run == header.run, StampEvent.serial == header.serial)
        .where(StampEvent.event == StampEventKind.CHECK, StampEvent.receipt.is_(None) | ~own)
        .order_by(StampEvent.id.desc())
        .limit(1)
    )
    last = session.execute(others).first()
    if last is None:
        return replace(history, checks=0, first=None, last=None)
    place = last.place if last.place and len(last.place) == 2 else ""
    mark = Mark(last.at.astimezone(HANOI).date(), place)
    return replace(history, checks=max(1, history.checks - 1), last=mark)


def _settled(
    question: Question,
    proof: Proof,
    header: Header | None,
    asking: Asking,
    now: dt.datetime,
    *,
    lost: bool = False,
) -> Answer:
    """Decided by text or signature alone; nothing about it is looked up, whatever identity it claims.

    `lost`: its run's records are, so that nothing is decided at all.
    """
    facts = Facts(proof, coverage=Coverage.NO_MANIFEST if lost else Coverage.COVERED)
    return Answer(question, judge(facts, asking.asker, now), facts, now, header)
