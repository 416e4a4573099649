"""Judging without a network: from a text and the trust data at hand to facts, and from facts to the one verdict."""

import datetime as dt
from dataclasses import dataclass

from temthat_stamps import number
from temthat_stamps.bundle.trustfile import TrustData, TrustedIssuer, TrustedRun
from temthat_stamps.code import Code, decode
from temthat_stamps.errors import BadSignature, NewerFormat, NotOurs
from temthat_stamps.gs1path import match_path
from temthat_stamps.notice import standing
from temthat_stamps.verdict import (
    Asker,
    Coverage,
    Facts,
    Proof,
    Registration,
    StandingNotice,
    Verdict,
    judge,
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict with what it is about; the parts that are not known are None."""

    verdict: Verdict
    facts: Facts
    code: Code | None = None
    run: TrustedRun | None = None
    issuer: TrustedIssuer | None = None


def judge_offline(text: str, trust: TrustData, now: dt.datetime, asker: Asker = Asker.INSPECTOR) -> Judged:
    """The verdict for a scanned text. A clock behind the trust data is reported and the data's time used.

    Raises `Mistyped` for a printed number with a slip in it.
    """
    behind = now < trust.as_of
    now = max(now, trust.as_of)
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
    facts, run = _facts(code, trust, behind)
    return Judged(judge(facts, asker, now), facts, code, run, trust.issuers.get(run.issuer) if run else None)


def _facts(code: Code, trust: TrustData, clock_behind: bool) -> tuple[Facts, TrustedRun | None]:
    header = code.header
    signer = b""
    try:
        signer = trust.ring.find(code)
        proof = Proof.GOOD
    except KeyError:
        proof = Proof.UNKNOWN_KEY
    except BadSignature:
        proof = Proof.WRONG
    run = trust.runs.get(header.run) if proof is Proof.GOOD else None
    facts = Facts(
        proof=proof,
        coverage=_coverage(header.run, trust),
        registration=_registration(run, header.serial, signer, trust),
        path=match_path(code.gs1, header, (run.gtin, run.lot) if run else None),
        notices=_notices(header.run, header.serial, trust) if run else (),
        not_activated=run is not None and run.not_activated,
        expires_on=run.expires_on if run else None,
        online=False,
        data_as_of=trust.as_of,
        clock_behind=clock_behind,
        foreign_host=code.host if code.host and code.host not in trust.hosts else None,
    )
    return facts, run


def _number_facts(typed: number.Number, trust: TrustData, clock_behind: bool) -> Facts:
    """What can be told of a typed number: not that it is genuine, but that what it names is recalled or does not exist.

    Nothing about the run is handed on for display, because nothing was proved.
    """
    run = trust.runs.get(typed.run)
    signer = trust.keys[run.key].public_key if run and run.key in trust.keys else b""
    return Facts(
        proof=Proof.UNVERIFIABLE,
        coverage=_coverage(typed.run, trust),
        registration=_registration(run, typed.serial, signer, trust),
        notices=_notices(typed.run, typed.serial, trust) if run else (),
        expires_on=run.expires_on if run else None,
        online=False,
        data_as_of=trust.as_of,
        clock_behind=clock_behind,
    )


def _coverage(run: int, trust: TrustData) -> Coverage:
    return Coverage.COVERED if run <= trust.complete_to_run else Coverage.NEWER_THAN_DATA


def _notices(run: int, serial: int, trust: TrustData) -> tuple[StandingNotice, ...]:
    notices = trust.notices.get(run)
    return standing(notices, serial) if notices else ()


def _registration(run: TrustedRun | None, serial: int, signer: bytes, trust: TrustData) -> Registration:
    if run is None or not run.first <= serial <= run.last:
        return Registration.OUTSIDE
    key = trust.keys.get(run.key)
    if key is None or key.public_key != signer:
        return Registration.OUTSIDE
    return Registration.IN_RUN if run.registered <= key.end else Registration.KEY_CLOSED


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
