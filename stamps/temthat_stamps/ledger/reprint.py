"""Reprints: a recorded act with a reason and a second person, which voids what it replaces.

Somebody asks and gets a one-time link; a second person, another member of the organisation or an officer of its
alliance who was sent the link, agrees or refuses. Agreeing is one transaction: the old stamps are void by a signed
notice, and a new run that names them is in the log. Fetching a file again before printing was confirmed is no reprint.
"""

import datetime as dt
import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from temthat_stamps.ledger.claims import applied_stretches, ledger_of
from temthat_stamps.ledger.errors import ReprintRefused
from temthat_stamps.ledger.ledger import State, Stretch, state_words
from temthat_stamps.ledger.quotas import ALLIANCES
from temthat_stamps.ledger.records import Reprint, ReprintState
from temthat_stamps.manifest import Replaced
from temthat_stamps.runs.notices import check_logged, notices_for_run, notify_stamps
from temthat_stamps.runs.own import keeps_own_keys, order_own_run, plan_files, planned_files, settings_of
from temthat_stamps.runs.produce import FETCH_HOURS
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_stamps.runs.register import register_run
from temthat_stamps.runs.registry import Registry
from temthat_stamps.runs.revision import bump_revision
from temthat_stamps.verdict import NoticeKind
from temthat_trace.parties import Party, looks_after

LINK_LIFE = dt.timedelta(hours=48)
REASONS = ("spoiled_sheet", "misprint", "lost_in_transit", "stolen")
"""Why stamps are printed again: reason codes of notices, the usual one first."""
MIN_EXPLANATION = 10
MAX_EXPLANATION = 400

_FREE = frozenset({State.IN_FILE, State.PRINTED, State.SPOILED, State.LOST, State.VOID})
_ON_THE_WAY = frozenset({State.APPLIED, State.RETURNED})
"""Stamps that are or were on goods: replacing them is to withdraw goods, so the province has to agree."""
_BARRED = frozenset({NoticeKind.RECALL, NoticeKind.REVOCATION, NoticeKind.HOLD})
"""While one of these stands, new stamps would let the goods out under a clean number."""


@dataclass(frozen=True, slots=True)
class Signatory:
    """A person as this module needs to know them. `phone` normalised; `opened_by` made the account, at `since`."""

    id: uuid.UUID
    name: str
    phone: str
    party: Party
    since: dt.datetime
    opened_by: str = ""
    active: bool = True


def ask_reprint(
    session: Session,
    run: Run,
    first: int,
    last: int,
    reason: str,
    explanation: str,
    asker: Signatory,
    now: dt.datetime,
) -> tuple[Reprint, str]:
    """Ask for serials `first` to `last` of a run to be printed again; the request and the token of its link.

    The token cannot be had again. The caller commits. Raises `ReprintRefused`.
    """
    bump_revision(session)  # two who ask for the same stamps come one after the other
    expire_due(session, now)
    if not asker.active or asker.party.id != run.party_id:
        raise ReprintRefused(
            "Chỉ người của đơn vị đặt tem mới xin in lại được.",
            "Only somebody of the organisation that ordered the stamps may ask for a reprint.",
        )
    if reason not in REASONS or len(explanation.strip()) < MIN_EXPLANATION:
        raise ReprintRefused(
            f"Chọn lý do và viết rõ chuyện gì đã xảy ra, ít nhất {MIN_EXPLANATION} ký tự.",
            f"Choose a reason and tell what happened, in at least {MIN_EXPLANATION} characters.",
        )
    check_stamps(session, run, first, last, now)
    if any(r.first <= last and r.last >= first for r in waiting(session, run, now)):
        raise ReprintRefused(
            "Đã có yêu cầu in lại những tem này đang chờ người thứ hai. Hãy chờ, hoặc rút yêu cầu cũ rồi xin lại.",
            "A request for these stamps waits for its second person already. Wait, or take it back and ask again.",
        )
    token = secrets.token_urlsafe(24)
    reprint = Reprint(
        run=run.run,
        first=first,
        last=last,
        reason=reason,
        explanation=explanation.strip()[:MAX_EXPLANATION],
        asked_by=asker.id,
        asked_name=asker.name,
        asked_phone=asker.phone,
        asked_at=now,
        link_hash=_hash(token),
    )
    session.add(reprint)
    session.flush()
    return reprint, token


def approve_reprint(session: Session, registry: Registry, reprint: Reprint, second: Signatory) -> Run:
    """The second person agrees: the old stamps are void, the new run is registered. The caller commits.

    Where the issuer keeps its own keys, the new run is an order; the old stamps are void once that comes back signed.
    Raises `ReprintRefused` or what `notify_stamps` and `register_run` raise; then nothing changed.
    """
    _lock(session, registry.now(), reprint)
    run = reprint.run_record
    office = _second_person(reprint, run, second)
    on_goods = check_stamps(session, run, reprint.first, reprint.last, registry.now())
    if on_goods and office is None:
        raise ReprintRefused(
            "Có tem đã dán hoặc đã trả lại trong số này. Việc này phải do cán bộ Liên minh HTX tỉnh đồng ý.",
            "Some of these stamps were applied or returned. An officer of the provincial alliance has to agree.",
        )
    is_own = keeps_own_keys(session, registry, run.party)
    if is_own:
        _check_own(session, reprint)
    else:
        notify_stamps(
            session,
            registry,
            run,
            reprint.first,
            reprint.last,
            NoticeKind.VOID,
            reprint.reason,
            run.party,
            office,
        )
    fresh = (order_own_run if is_own else register_run)(
        session,
        registry,
        run.batch,
        run.pack_form,
        reprint.count,
        requested_by=reprint.asked_name,
        gs1=run.gs1,
        needs_activation=run.needs_activation and run.activated_at is None,
        has_pins=run.has_pins,
        replaces=Replaced(run.run, reprint.first, reprint.last),
    )
    if is_own:
        paper = replace(settings_of(planned_files(session, run)), start_position=1)
        plan_files(session, registry, fresh, paper, reprint.asked_name)
    _decide(reprint, ReprintState.DONE, second, registry.now())
    reprint.new_run = fresh.run
    session.flush()
    return fresh


def refuse_reprint(session: Session, reprint: Reprint, person: Signatory, now: dt.datetime) -> None:
    """The second person says no, or who asked takes it back. The caller commits. Raises `ReprintRefused`."""
    _lock(session, now, reprint)
    if person.id != reprint.asked_by:
        _second_person(reprint, reprint.run_record, person)
    _decide(reprint, ReprintState.REFUSED, person, now)
    session.flush()


def find_reprint(session: Session, token: str) -> Reprint | None:
    """The request a link belongs to, whatever became of it."""
    return session.scalar(select(Reprint).where(Reprint.link_hash == _hash(token)))


def waiting(session: Session, run: Run, now: dt.datetime) -> Sequence[Reprint]:
    """Requests on a run that a second person may still decide, the oldest first."""
    query = select(Reprint).where(
        Reprint.run == run.run, Reprint.state == ReprintState.WAITING, Reprint.asked_at > now - LINK_LIFE
    )
    return session.scalars(query.order_by(Reprint.id)).all()


def reprints_of(session: Session, run: Run) -> Sequence[Reprint]:
    """All requests on a run, the newest first."""
    return session.scalars(select(Reprint).where(Reprint.run == run.run).order_by(Reprint.id.desc())).all()


def expire_due(session: Session, now: dt.datetime) -> None:
    """Mark requests that nobody decided in time. A request past its time is refused with or without this mark."""
    due = update(Reprint).where(Reprint.state == ReprintState.WAITING, Reprint.asked_at <= now - LINK_LIFE)
    session.execute(due.values(state=ReprintState.EXPIRED))


def check_stamps(session: Session, run: Run, first: int, last: int, now: dt.datetime) -> bool:
    """Whether stamps that may be replaced were on goods, so that only the province can agree. Raises `ReprintRefused`.

    May not be replaced: stamps of a recalled, revoked or held run, stamps replaced before, and stamps that can still be
    printed as they are.
    """
    check_logged(run)
    _check_orders(session, run, first, last)
    if not 1 <= first <= last <= run.count:
        raise ReprintRefused(
            f"Đợt in {run.run} có tem từ 1 đến {run.count}.", f"Run {run.run} has serials 1 to {run.count}."
        )
    _check_notices(session, run, first, last)
    parts = list(ledger_of(session, run).within(first, last))
    for part in parts:
        if part.state not in _FREE | _ON_THE_WAY:
            raise _not_replaceable(part)
    _check_files(session, run, [part for part in parts if part.state is State.IN_FILE], now)
    applied = any(a <= last and b >= first for a, b in applied_stretches(session, run))
    return applied or any(part.state in _ON_THE_WAY for part in parts)


def _check_orders(session: Session, run: Run, first: int, last: int) -> None:
    """Stamps whose reprint was agreed to and waits for the issuer's signature are not reprinted a second time."""
    query = select(Run.run).where(
        Run.replaces_run == run.run,
        Run.log_index.is_(None),
        Run.replaces_first <= last,
        Run.replaces_last >= first,
    )
    if (order := session.scalar(query.limit(1))) is not None:
        raise ReprintRefused(
            f"Đơn {order} in lại những tem này đang chờ ký. Ký đơn đó, hoặc hủy nó rồi xin lại.",
            f"Order {order} reprints these stamps and waits for its signature. Sign it, or withdraw it and ask again.",
        )


def _check_own(session: Session, reprint: Reprint) -> None:
    """What is on goods is voided under two signatures on one statement, which own custody does not offer yet."""
    run, first, last = reprint.run_record, reprint.first, reprint.last
    if any(a <= last and b >= first for a, b in applied_stretches(session, run)):
        raise ReprintRefused(
            "Có tem đã dán lên hàng. Hủy chúng cần cả chữ ký của Liên minh, mà đơn vị tự giữ khóa chưa ký chung được. "
            f"Xin Liên minh ra thông báo: temthat notice void --run {run.run} --serials {first}-{last} "
            f"--reason {reprint.reason} --by (mã Liên minh); rồi đặt đơn in mới.",
            "Some of these stamps are on goods. To void them the alliance signs as well, which own custody does not "
            f"offer yet. Ask the alliance for a notice: temthat notice void --run {run.run} --serials {first}-{last} "
            f"--reason {reprint.reason} --by (the alliance's code); then place a new order.",
        )


def _check_notices(session: Session, run: Run, first: int, last: int) -> None:
    """A recall, a revocation or a hold stays with the stamps it names: it is not washed off by new ones."""
    for notice in notices_for_run(session, run):
        touches = (notice.first or 1) <= last and (notice.last or run.count) >= first
        if touches and notice.kind in _BARRED:
            raise ReprintRefused(
                "Tem này, đợt in hoặc lô này đang bị thu hồi, hủy hiệu lực hay tạm giữ nên không in lại được. "
                "Hãy giải quyết thông báo đó với Liên minh trước.",
                "These stamps, their run or batch are recalled, revoked or held and cannot be reprinted. Settle that "
                "notice with the alliance first.",
            )


def _check_files(session: Session, run: Run, parts: Sequence[Stretch], now: dt.datetime) -> None:
    """Stamps of a file that can still be fetched are printed from that file, not again."""
    if not parts:
        return
    jobs = session.scalars(
        select(PrintJob).where(PrintJob.run == run.run, PrintJob.state != JobState.CONFIRMED)
    )
    for job in jobs:
        is_closed = (
            job.state is JobState.READY
            and job.released_at is not None
            and now > job.released_at + dt.timedelta(hours=FETCH_HOURS)
        )
        if not is_closed and any(p.first <= job.last and p.last >= job.first for p in parts):
            raise ReprintRefused(
                f"Tệp in có tem {job.first} đến {job.last} chưa xác nhận in xong: hãy tải lại tệp đó.",
                f"The print file with stamps {job.first} to {job.last} was not confirmed as printed: fetch it again. "
                "That is no reprint.",
            )


def _not_replaceable(part: Stretch) -> ReprintRefused:
    if part.state is State.ORDERED:
        return ReprintRefused(
            f"Tem {part.label()} chưa in lần nào: hãy in bình thường.",
            f"Stamps {part.label('en')} were never printed: print them in the usual way.",
        )
    return ReprintRefused(
        f"Tem {part.label()} {state_words(part.state)} rồi nên không in lại lần nữa.",
        f"Stamps {part.label('en')} are {state_words(part.state, 'en')} already and are not printed again.",
    )


def _lock(session: Session, now: dt.datetime, reprint: Reprint) -> None:
    """One decision at a time, on the request as it is now. Raises `ReprintRefused` if there is none left to take."""
    bump_revision(session)
    session.refresh(reprint)
    if reprint.state is ReprintState.WAITING and now < reprint.asked_at + LINK_LIFE:
        return
    if reprint.state in (ReprintState.WAITING, ReprintState.EXPIRED):
        hours = LINK_LIFE // dt.timedelta(hours=1)
        raise ReprintRefused(
            f"Yêu cầu đã quá {hours} giờ. Nếu vẫn cần, hãy xin lại.",
            f"The request is older than {hours} hours. If it is still needed, ask again.",
        )
    raise ReprintRefused(
        f"Yêu cầu này {reprint.decided_name} đã quyết định rồi; đường dẫn chỉ dùng một lần.",
        f"{reprint.decided_name} decided this request already; the link works once.",
    )


def _second_person(reprint: Reprint, run: Run, second: Signatory) -> Party | None:
    """The alliance that agrees, None for a member of the organisation. Raises `ReprintRefused` for anybody else."""
    if second.id == reprint.asked_by or second.phone == reprint.asked_phone:
        raise ReprintRefused(
            "Người xin in lại không tự đồng ý được. Cần một người thứ hai.",
            "Who asked for the reprint cannot agree to it as well. A second person is needed.",
        )
    office = second.party if second.party.kind in ALLIANCES and looks_after(second.party, run.party) else None
    if not second.active or (office is None and second.party.id != run.party_id):
        raise ReprintRefused(
            "Chỉ người khác trong đơn vị hoặc cán bộ Liên minh quản lý đơn vị mới quyết định được.",
            "Only another person of the organisation or an officer of its alliance can decide.",
        )
    if second.since >= reprint.asked_at or (office is None and second.opened_by == reprint.asked_name):
        raise ReprintRefused(
            "Tài khoản này do người xin in lại mở, hoặc mới mở sau khi xin. Hãy gửi đường dẫn cho cán bộ Liên minh.",
            "This account was opened by who asked, or after asking. Send the link to an officer of the alliance.",
        )
    return office


def _decide(reprint: Reprint, state: ReprintState, person: Signatory, now: dt.datetime) -> None:
    reprint.state = state
    reprint.decided_by = person.id
    reprint.decided_name = person.name
    reprint.decided_at = now


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
