"""Judging without a network: from a text and the trust data at hand to facts, and from facts to the one verdict."""

import datetime as dt
from dataclasses import dataclass

from temthat_stamps import number
from temthat_stamps.bundle.notices import Issued
from temthat_stamps.bundle.shard import ShardRun
from temthat_stamps.bundle.view import BundleIssuer, TrustView
from temthat_stamps.code import Code, decode
from temthat_stamps.errors import BadSignature, NewerFormat, NotOurs
from temthat_stamps.gs1path import match_path
from temthat_stamps.keys import key_id
from temthat_stamps.manifest import Names
from temthat_stamps.notice import standing
from temthat_stamps.signing import verify
from temthat_stamps.verdict import (
    Asker,
    Coverage,
    Facts,
    PathMatch,
    Proof,
    Registration,
    StandingNotice,
    Verdict,
    judge,
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with what it is about; the parts that are not known, or not proved, are None."""

    verdict: Verdict
    facts: Facts
    code: Code | None = None
    run: ShardRun | None = None
    names: Names | None = None
    issuer: BundleIssuer | None = None


def judge_offline(text: str, trust: TrustView, now: dt.datetime, asker: Asker = Asker.INSPECTOR) -> Judged:
    """The verdict for a scanned text. A clock behind the trust data is reported and the data's time used.

    Raises `Mistyped` for a printed number with a slip in it, `TrustError` where the data on this device is damaged.
    """
    behind = now < trust.floor
    now = max(now, trust.floor)
    if number.looks_like_number(text):
        facts = _number_facts(number.parse(text), trust, behind)
        return Judged(judge(facts, asker, now), facts)
    try:
        code = decode(text)
    except NotOurs:
        facts = Facts(Proof.NOT_OURS, online=False)
        return Judged(judge(facts, asker, now), facts)
    except NewerFormat:
        facts = Facts(Proof.NEWER_FORMAT, online=False, data_as_of=trust.as_of, clock_behind=behind)
        return Judged(judge(facts, asker, now), facts)
    return _judge_code(code, trust, now, behind, asker)


def _judge_code(code: Code, trust: TrustView, now: dt.datetime, behind: bool, asker: Asker) -> Judged:
    header = code.header
    proof, signer, whole = _look_up(code, trust)
    known = trust.known(header.run, signer) if signer else None
    run, names, issued = (known.run, known.names, known.issued) if known else (None, None, None)
    coverage = Coverage.COVERED
    if known is None:
        coverage = trust.reaches(header.run) if whole else Coverage.NO_SHARD
        if not whole:
            # Notices are the nation's: a recall is heard also where the run itself is not on this device.
            issued = trust.notices.of(header.run, key_id(signer) if signer else None)
    facts = Facts(
        proof=proof,
        coverage=coverage,
        registration=_registration(run, header.serial, signer),
        path=_path(code, run, names),
        notices=_standing(issued, header.serial),
        not_activated=_asleep(run, issued),
        expires_on=run.expires_on if run else None,
        online=False,
        data_as_of=trust.as_of,
        clock_behind=behind,
        foreign_host=code.host if code.host and code.host not in trust.hosts else None,
    )
    return Judged(judge(facts, asker, now), facts, code, run, names, known.issuer if known else None)


def _look_up(code: Code, trust: TrustView) -> tuple[Proof, bytes, bool]:
    """Proof, the key that signed (empty: none), whether all shards that could have it are at hand.

    The national index knows every hint: one it does not know was never announced, one of a shard that is not here
    proves nothing.
    """
    _, keys, whole = trust.signers(code.header.hint)
    if not keys:
        return Proof.UNKNOWN_KEY, b"", whole
    try:
        return Proof.GOOD, verify(code, keys), whole
    except BadSignature:
        return (Proof.WRONG if whole else Proof.UNKNOWN_KEY), b"", whole


def _path(code: Code, run: ShardRun | None, names: Names | None) -> PathMatch:
    """The lot is known by the names alone: where those are not at hand, an address that could still be wrong is."""
    if code.gs1 is None:
        return PathMatch.NONE
    if run is None or names is not None:
        return match_path(code.gs1, code.header, (run.gtin, names.lot) if run and names else None)
    told = match_path(code.gs1, code.header, (run.gtin, code.gs1.lot))
    return PathMatch.UNKNOWN if told is PathMatch.MATCH else told


def _registration(run: ShardRun | None, serial: int, signer: bytes) -> Registration:
    if run is None or serial > run.count or run.key.public_key != signer:
        return Registration.OUTSIDE
    closed = run.late or run.registered > run.key.closes
    return Registration.KEY_CLOSED if closed else Registration.IN_RUN


def _standing(issued: Issued | None, serial: int) -> tuple[StandingNotice, ...]:
    if issued is None or not (issued.notices or issued.revoked):
        return ()
    revoked = (issued.revoked,) if issued.revoked else ()
    return standing(issued.notices, serial) + revoked


def _asleep(run: ShardRun | None, issued: Issued | None) -> bool:
    return run is not None and run.needs_activation and not (issued and issued.activated)


def _number_facts(typed: number.Number, trust: TrustView, clock_behind: bool) -> Facts:
    """What can be told of a typed number: not that it is genuine, but that what it names is recalled or does not exist.

    Nothing about the run is handed on for display, because nothing was proved.
    """
    found, complete = trust.look_for(typed.run)
    run = found.run if found else None
    signer = run.key.public_key if run else b""
    coverage = Coverage.COVERED if found else trust.reaches(typed.run) if complete else Coverage.NO_SHARD
    issued = trust.notices.of(typed.run, key_id(signer) if signer else None)
    return Facts(
        proof=Proof.UNVERIFIABLE,
        coverage=coverage,
        registration=_registration(run, typed.serial, signer),
        notices=_standing(issued, typed.serial),
        not_activated=_asleep(run, issued),
        expires_on=run.expires_on if run else None,
        online=False,
        data_as_of=trust.as_of,
        clock_behind=clock_behind,
    )


def judge_unaided(text: str, now: dt.datetime, asker: Asker = Asker.INSPECTOR) -> Judged:
    """Without any trust data only what is not ours can be told; everything else is `cannot_tell`."""
    try:
        if number.looks_like_number(text):
            number.parse(text)
            facts, code = Facts(Proof.UNVERIFIABLE, Coverage.NO_SHARD, online=False), None
        else:
            code = decode(text)
            facts = Facts(Proof.UNKNOWN_KEY, Coverage.NO_SHARD, online=False)
    except NotOurs:
        facts, code = Facts(Proof.NOT_OURS, online=False), None
    except NewerFormat:
        facts, code = Facts(Proof.NEWER_FORMAT, Coverage.NO_SHARD, online=False), None
    return Judged(judge(facts, asker, now), facts, code)
