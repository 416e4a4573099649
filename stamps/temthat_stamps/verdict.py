"""The one verdict: a pure function of facts, of who asks, and of the day. The same on every surface.

`judge` walks the precedence of docs/spec/verdict.md from the top; the first that applies is the verdict, and every
other true fact goes into `reasons`, so that nothing known is kept from the person who asks. The words are for ever;
texts for people are in `texts.json`, examples for other implementations in `vectors/verdict.json`.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

HANOI = dt.timezone(dt.timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Vietnam keeps UTC+7 all year (tzdata: Asia/Ho_Chi_Minh since 1975): a day ends at 24:00 there."""

FRESH = dt.timedelta(days=7)
USABLE = dt.timedelta(days=30)


class Word(StrEnum):
    """The vocabulary, in order of precedence."""

    NOT_OURS = "not_ours"
    FORGED = "forged"
    RECALLED = "recalled"
    REVOKED = "revoked"
    CANNOT_TELL = "cannot_tell"
    NOT_APPLIED = "not_applied"
    EXPIRED = "expired"
    SUSPECT_COPY = "suspect_copy"
    SOLD = "sold"
    CLAIMED = "claimed"
    GENUINE_OFFLINE = "genuine_offline"
    GENUINE = "genuine"


class Asker(StrEnum):
    """Who asks. Every kind but the consumer needs a credential of that role."""

    CONSUMER = "consumer"
    TILL = "till"
    INSPECTOR = "inspector"
    PACKER = "packer"


class Proof(StrEnum):
    """What the signature (or, for a typed number, the MAC) says."""

    NOT_OURS = "not_ours"
    NEWER_FORMAT = "newer_format"
    GOOD = "good"
    WRONG = "wrong"
    UNKNOWN_KEY = "unknown_key"
    UNVERIFIABLE = "unverifiable"
    """A printed number offline: only the server has the MAC key."""


class Coverage(StrEnum):
    """Whether the trust data at hand speaks about this run."""

    COVERED = "covered"
    NO_SHARD = "no_shard"
    NEWER_THAN_DATA = "newer_than_data"
    NO_MANIFEST = "no_manifest"


class Registration(StrEnum):
    """What covering trust data says about (key, run, serial)."""

    IN_RUN = "in_run"
    OUTSIDE = "outside"
    """No such run, serial outside its range, or the run belongs to another key."""
    KEY_CLOSED = "key_closed"
    """The run was registered when its key was already closed."""


class PathMatch(StrEnum):
    """The clear text of a GS1 form against header and manifest."""

    NONE = "none"
    MATCH = "match"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


class NoticeKind(StrEnum):
    """What a notice says of its target until it is lifted."""

    RECALL = "recall"
    REVOCATION = "revocation"
    VOID = "void"
    LOST = "lost"
    HOLD = "hold"
    SPOILED = "spoiled"
    RETURNED = "returned"
    LIFT = "lift"


_REVOKING = frozenset({NoticeKind.REVOCATION, NoticeKind.VOID, NoticeKind.LOST})
_HOLDING = frozenset({NoticeKind.HOLD, NoticeKind.SPOILED, NoticeKind.RETURNED})


@dataclass(frozen=True, slots=True)
class StandingNotice:
    """A notice in force that applies to the stamp asked about. `reason` is a code of notice.REASONS."""

    kind: NoticeKind
    reason: str
    on: dt.date


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that was recorded once: a sale, a PIN entry. `province` is a two-digit code or empty."""

    on: dt.date
    province: str = ""


@dataclass(frozen=True, slots=True)
class CopyOpinion:
    """What the copy judge thinks: `score` in 0..1, reasons as (key, value) pairs in words of the texts file."""

    suspect: bool = False
    score: float = 0.0
    reasons: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything known about one code at one moment. Defaults are what is true of a good stamp, online."""

    proof: Proof
    coverage: Coverage = Coverage.COVERED
    registration: Registration = Registration.IN_RUN
    path: PathMatch = PathMatch.NONE
    notices: tuple[StandingNotice, ...] = ()
    not_activated: bool = False
    expires_on: dt.date | None = None
    copy: CopyOpinion = CopyOpinion()
    sold: Mark | None = None
    claimed: Mark | None = None
    """The first entry of the PIN, when someone else enters it now."""
    checks: int = 0
    last_check: Mark | None = None
    online: bool = True
    data_as_of: dt.datetime | None = None
    clock_behind: bool = False
    foreign_host: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """A true fact beside the verdict. `value` is a code, a date in ISO form, a count or empty."""

    key: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer. `reasons` starts with what decided, if there is more to say than the word."""

    word: Word
    reasons: tuple[Reason, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """The reasons' keys, for those who only look something up."""
        return tuple(reason.key for reason in self.reasons)


def judge(facts: Facts, asker: Asker, now: dt.datetime) -> Verdict:
    """The verdict for these facts. `now` is an aware instant."""
    if facts.proof is Proof.NOT_OURS:
        return Verdict(Word.NOT_OURS)
    found = list(_findings(facts, asker, now))
    asked = [word for word, _ in found if word is not None]
    word = min(asked, key=_RANK.__getitem__) if asked else _good(facts)
    if len(found) > 1:
        found = sorted(dict.fromkeys(found), key=lambda f: f[0] is not word)
    reasons = [reason for _, reason in found]
    if facts.checks:
        reasons.append(Reason("checked_before", str(facts.checks)))
    return Verdict(word, tuple(reasons))


Finding = tuple[Word | None, Reason]
"""A true fact with the verdict it asks for, None if it only wants to be told."""

_RANK = {word: rank for rank, word in enumerate(Word)}


def _good(facts: Facts) -> Word:
    return Word.GENUINE if facts.online else Word.GENUINE_OFFLINE


@lru_cache(maxsize=64)
def _day_in_vietnam(at: dt.datetime) -> str:
    """One set of trust data is asked about many stamps, and has one date."""
    return at.astimezone(HANOI).date().isoformat()


def is_past(expires_on: dt.date, now: dt.datetime) -> bool:
    """Past its date: a date ends at 24:00 in Vietnam."""
    return now.astimezone(HANOI).date() > expires_on


def _findings(facts: Facts, asker: Asker, now: dt.datetime) -> Iterator[Finding]:
    """Everything that is true, in the order it is told."""
    yield from _about_proof(facts)
    for notice in facts.notices:
        yield _notice_word(notice), Reason(f"{notice.kind}", f"{notice.on.isoformat()} {notice.reason}")
    yield from _about_data(facts, now)
    if facts.not_activated:
        yield Word.NOT_APPLIED, Reason("not_activated")
    if facts.expires_on and is_past(facts.expires_on, now):
        yield Word.EXPIRED, Reason("expired", facts.expires_on.isoformat())
    if facts.copy.suspect:
        yield Word.SUSPECT_COPY, Reason("copying", f"{facts.copy.score:.2f}")
        for key, value in facts.copy.reasons:
            yield None, Reason(key, value)
    if facts.sold:
        word = Word.SOLD if asker is Asker.TILL else None
        yield word, Reason("rung_up", f"{facts.sold.on.isoformat()} {facts.sold.province}".strip())
    if facts.claimed:
        yield (
            Word.CLAIMED,
            Reason("pin_entered", f"{facts.claimed.on.isoformat()} {facts.claimed.province}".strip()),
        )
    if facts.foreign_host:
        yield None, Reason("foreign_host", facts.foreign_host)


def _about_proof(facts: Facts) -> Iterator[Finding]:
    """Signature, registration and path. Without covering data an unknown key or run proves nothing."""
    covered = facts.coverage is Coverage.COVERED
    if facts.proof is not Proof.GOOD:
        word, reason = _bad_proof(facts.proof, covered)
        yield word, reason
        if word is Word.FORGED or facts.proof is Proof.NEWER_FORMAT:
            return
    if covered and facts.registration is not Registration.IN_RUN:
        outside = facts.registration is Registration.OUTSIDE
        yield Word.FORGED, Reason("outside_runs" if outside else "key_closed")
    if facts.path is PathMatch.MISMATCH:
        yield Word.FORGED, Reason("path_mismatch")
    elif facts.path is PathMatch.UNKNOWN:
        yield Word.CANNOT_TELL, Reason("no_manifest")


def _bad_proof(proof: Proof, covered: bool) -> Finding:
    match proof:
        case Proof.WRONG:
            return Word.FORGED, Reason("bad_signature")
        case Proof.UNKNOWN_KEY:
            return Word.FORGED if covered else Word.CANNOT_TELL, Reason("unknown_key")
        case Proof.UNVERIFIABLE:
            return Word.CANNOT_TELL, Reason("number_needs_network")
        case _:
            return Word.CANNOT_TELL, Reason("newer_format")


def _notice_word(notice: StandingNotice) -> Word | None:
    if notice.kind is NoticeKind.RECALL:
        return Word.RECALLED
    if notice.kind in _REVOKING:
        return Word.REVOKED
    return Word.NOT_APPLIED if notice.kind in _HOLDING else None


def _about_data(facts: Facts, now: dt.datetime) -> Iterator[Finding]:
    """How much the trust data at hand can tell, and how old it is. Offline, data without a date is no data."""
    if facts.coverage is not Coverage.COVERED and facts.proof is not Proof.WRONG:
        yield Word.CANNOT_TELL, Reason(facts.coverage.value)
    if facts.online:
        return
    if facts.data_as_of is None:
        yield Word.CANNOT_TELL, Reason(Coverage.NO_SHARD.value)
    else:
        yield _about_age(facts.data_as_of, now)
    if facts.clock_behind:
        yield None, Reason("clock_behind")


def _about_age(as_of: dt.datetime, now: dt.datetime) -> Finding:
    """The age bands: both ends belong to the better band."""
    day = _day_in_vietnam(as_of)
    age = now - as_of
    if age > USABLE:
        return Word.CANNOT_TELL, Reason("data_too_old", day)
    return None, Reason("data_old" if age > FRESH else "data_of", day)
