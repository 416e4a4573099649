"""Quotas: how many stamps a province lets a party order in a calendar year. Nobody but the province overrides one.

A reprint takes the place of stamps that were counted when they were first ordered, so it is not counted again.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from temthat_stamps.ledger.errors import BeyondQuota
from temthat_stamps.ledger.records import StampQuota
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.revision import bump_revision
from temthat_trace import formats
from temthat_trace.batches import Batch
from temthat_trace.parties import Party, PartyKind, looks_after
from temthat_trace.products import Product

MOST_STAMPS = 2_000_000_000
MIN_REASON = 10
MAX_REASON = 400
ALLIANCES = frozenset({PartyKind.NATIONAL_ALLIANCE, PartyKind.PROVINCIAL_ALLIANCE})
TAKEN = Run.count - func.coalesce(Run.replaces_last - Run.replaces_first + 1, 0)
"""What a run takes of an allowance or quota: a reprint stands in for stamps that took it before."""


def taken_by(run: Run) -> int:
    """`TAKEN` of a run that is loaded."""
    replaced = 0 if run.replaces_first is None else (run.replaces_last or 0) - run.replaces_first + 1
    return run.count - replaced


@dataclass(frozen=True, slots=True)
class Room:
    """A quota in force with what was ordered under it so far. `product` is None for all products together."""

    quota: StampQuota
    used: int

    @property
    def left(self) -> int | None:
        """Stamps that may still be ordered this year; None without a limit."""
        return None if self.quota.most is None else max(0, self.quota.most - self.used)

    def explain(self, lang: str = "vi") -> str:
        """The arithmetic in one sentence."""
        most, used, left = (
            formats.number(n, lang) for n in (self.quota.most or 0, self.used, self.left or 0)
        )
        year, product = self.quota.year, self.quota.product
        if lang == "en":
            what = f"for “{product.name_en or product.name}”" if product else "for all products"
            if self.quota.most is None:
                return f"Quota of {year} {what}: no limit; {used} stamps ordered."
            return f"Quota of {year} {what}: {most} stamps less {used} ordered; {left} left."
        what = f"cho “{product.name}”" if product else "cho mọi sản phẩm"
        if self.quota.most is None:
            return f"Hạn mức năm {year} {what}: không giới hạn; đã đặt {used} tem."
        return f"Hạn mức năm {year} {what}: {most} tem, đã đặt {used}; còn {left}."


def set_quota(
    session: Session,
    office: Party,
    party: Party,
    product: Product | None,
    year: int,
    most: int | None,
    reason: str,
    by: str,
    now: dt.datetime,
) -> StampQuota:
    """Set, change or (None) lift a quota; it holds for the very next order. The caller commits. Raises `RunRefused`."""
    bump_revision(
        session
    )  # in line with orders: what was allowed before stays, what comes after sees the new one
    if office.kind not in ALLIANCES or not looks_after(office, party):
        raise RunRefused(
            f"Chỉ Liên minh HTX quản lý “{party.name}” mới đặt được hạn mức.",
            f"Only the alliance that looks after “{party.name}” may set its quota.",
        )
    if product is not None and product.party_id != party.id:
        raise RunRefused(
            f"“{product.name}” không phải sản phẩm của đơn vị này.",
            f"“{product.name}” is not a product of this party.",
        )
    this_year = formats.today(now).year
    if not this_year - 1 <= year <= this_year + 5:
        raise RunRefused(
            f"Năm của hạn mức từ {this_year - 1} đến {this_year + 5}.",
            f"A quota's year is {this_year - 1} to {this_year + 5}.",
        )
    if most is not None and not 0 <= most <= MOST_STAMPS:
        raise RunRefused(
            f"Hạn mức từ 0 đến {formats.number(MOST_STAMPS)} tem.",
            f"A quota is 0 to {formats.number(MOST_STAMPS, 'en')} stamps.",
        )
    if len(reason.strip()) < MIN_REASON:
        raise RunRefused(
            f"Ghi lý do đặt hạn mức, ít nhất {MIN_REASON} ký tự.",
            f"State the reason for the quota, in at least {MIN_REASON} characters.",
        )
    quota = StampQuota(
        party_id=party.id,
        product_id=product.id if product else None,
        year=year,
        most=most,
        office_id=office.id,
        set_by=by,
        set_at=now,
        reason=reason.strip()[:MAX_REASON],
    )
    session.add(quota)
    session.flush()
    return quota


def check_quota(session: Session, party: Party, product: Product, count: int, now: dt.datetime) -> None:
    """Raises `BeyondQuota` when `count` more stamps of this product go beyond a quota of the party this year.

    Called inside the transaction that registers the run, after its lock was taken; `count` leaves out what a reprint
    replaces.
    """
    for room in rooms(session, party, formats.today(now).year):
        if room.quota.product_id not in (None, product.id) or room.left is None or count <= room.left:
            continue
        vi, en = formats.number(count), formats.number(count, "en")
        raise BeyondQuota(
            f"Không thể in {vi} tem. {room.explain('vi')} Cần thêm thì xin {room.quota.office.name} nâng hạn mức.",
            f"{en} stamps cannot be printed. {room.explain('en')} For more, ask {room.quota.office.name} to raise it.",
        )


def rooms(session: Session, party: Party, year: int) -> list[Room]:
    """The party's quotas in force that year, that of all products first, each with what was ordered under it."""
    newest: dict[uuid.UUID | None, StampQuota] = {}
    for quota in quota_history(session, party, year):
        newest.setdefault(quota.product_id, quota)
    found = [Room(quota, ordered(session, party, quota.product_id, year)) for quota in newest.values()]
    return sorted(found, key=lambda room: room.quota.product.name if room.quota.product else "")


def quota_history(session: Session, party: Party, year: int) -> Sequence[StampQuota]:
    """Every quota ever set for the party and year, the newest first."""
    query = (
        select(StampQuota)
        .where(StampQuota.party_id == party.id, StampQuota.year == year)
        .options(joinedload(StampQuota.product), joinedload(StampQuota.office))
        .order_by(StampQuota.set_at.desc(), StampQuota.id.desc())
    )
    return session.scalars(query).all()


def ordered(session: Session, party: Party, product_id: uuid.UUID | None, year: int) -> int:
    """Stamps registered for a party in a calendar year of Vietnam, of one product or all; no reprint counts again."""
    begins, ends = (dt.datetime(y, 1, 1, tzinfo=formats.VIETNAM) for y in (year, year + 1))
    query = select(func.coalesce(func.sum(TAKEN), 0)).where(
        Run.party_id == party.id,
        Run.registered_at >= begins,
        Run.registered_at < ends,
    )
    if product_id is not None:
        query = query.join(Batch, Batch.id == Run.batch_id).where(Batch.product_id == product_id)
    return int(session.scalar(query) or 0)
