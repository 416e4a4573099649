"""Erasing a member: what is personal goes, what was signed, counted and logged stays whole.

Of an erased member remain: the row under an opaque code, so that amounts of batches, plots and purchase slips still
add up; the days of its consents and requests, without names; digests of erased diary entries, which without their
salt tell nothing. What a recall needs (lots, materials, quantities, communes) stays: it names nobody.
"""

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, selectinload

from temthat_trace.batches import Batch
from temthat_trace.consent import FIELDS, former_code
from temthat_trace.events import Event, EventLine
from temthat_trace.lineage.among import among
from temthat_trace.parties import Member, Plot
from temthat_trace.privacy.attachments import drop_unused
from temthat_trace.privacy.consenting import EMPTY
from temthat_trace.privacy.plots import coarse_place
from temthat_trace.privacy.records import Ask, Handling, PersonalRequest
from temthat_trace.privacy.repository import answer_all, note
from temthat_trace.purchases import PurchaseSlip
from temthat_trace.repository import TraceRefused
from temthat_trace.search import fold

ERASED_ALIAS = "Một hộ thành viên"
"""What pages call an erased member."""

_HOUSEHOLD = frozenset({"ho", "nha", "gia", "dinh"})
_LEAST_WORDS = 2
_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


class Diary(StrEnum):
    """Which diary entries are erased with a member."""

    NONE = "none"
    NAMED = "named"
    """Those in whose words a name of the member stands."""
    ALL = "all"
    """Also the others that the member did, or that belong to the member's own batches: photos may show people."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A diary entry that may speak of a member. `named`: a name of the member stands in it."""

    event: Event
    lot: str
    named: bool


@dataclass(frozen=True, slots=True)
class Erased:
    """What was erased: the new code, and how many diary entries, slips' notes and pictures went."""

    code: str
    events: int
    notes: int
    pictures: int


def mentions(session: Session, member: Member) -> list[Mention]:
    """The diary entries to look through before erasing: done by the member, of its batches, or with its name in them.

    Those in which a name stands come first, then the newest.
    """
    names = _names(member)
    own = select(Event.id).join(Batch, Batch.id == Event.batch_id)
    own = own.where(or_(Event.member_id == member.id, Batch.member_id == member.id), Event.salt.is_not(None))
    wanted = {*_naming(session, member, names), *session.scalars(own)}
    query = (
        select(Event, Batch.lot)
        .join(Batch, Batch.id == Event.batch_id)
        .where(among(session, Event.id, wanted))
        .options(selectinload(Event.photos), selectinload(Event.lines))
        .order_by(Event.at.desc(), Event.id.desc())
    )
    found = [Mention(event, lot, _is_named(_said(event), names)) for event, lot in session.execute(query)]
    return sorted(found, key=lambda mention: not mention.named)


def erase(
    session: Session,
    member: Member,
    by: str,
    now: dt.datetime,
    diary: Diary = Diary.NONE,
) -> Erased:
    """Erase a member and those of its diary entries that were asked for; everything in one transaction.

    Purchase slips keep number, day and quantity under the opaque code; their notes go. Plots lose name and address and
    keep area and commune. Raises `TraceRefused` if it was done before.
    """
    if member.erased_at is not None:
        raise TraceRefused("Dữ liệu của người này đã được xóa rồi.", "This person's data was erased before.")
    pictures = [member.photo] if member.photo else []
    count = 0
    for mention in mentions(session, member) if diary is not Diary.NONE else ():
        if mention.named or diary is Diary.ALL:
            pictures += [d for photo in mention.event.photos for d in (photo.digest, photo.small)]
            mention.event.erase()
            count += 1
    notes = _blank_slips(session, member)
    _blank_plots(session, member)
    _blank_batches(session, member)
    _blank_member(session, member, by, now)
    session.flush()
    answer_all(session, member, Ask.ERASE, "", by, now)
    note(session, member, by, Handling.ERASED, now)
    return Erased(member.code, count, notes, drop_unused(session, pictures))


def _blank_member(session: Session, member: Member, by: str, now: dt.datetime) -> None:
    member.former = former_code(member.id, member.code)
    member.code = _opaque(session, member.party_id)
    member.alias, member.commune_text = ERASED_ALIAS, ""
    for field in FIELDS:
        setattr(member, field, EMPTY[field])
    for consent in member.consents:
        consent.witness = ""
        if consent.withdrawn_at is None:
            consent.withdrawn_at, consent.withdrawn_by = now, by[:100]
    member.erased_at = now
    session.execute(update(PersonalRequest).where(PersonalRequest.member_id == member.id).values(answer=""))


def _opaque(session: Session, party: uuid.UUID) -> str:
    """A code that says nothing and that no member of the party has."""
    while True:
        code = "HX-" + "".join(secrets.choice(_LETTERS) for _ in range(6))
        taken = select(Member.id).where(Member.party_id == party, Member.code == code)
        if session.scalar(taken) is None:
            return code


def _blank_slips(session: Session, member: Member) -> int:
    slips = session.scalars(
        select(PurchaseSlip).where(PurchaseSlip.member_id == member.id, PurchaseSlip.note != "")
    ).all()
    for slip in slips:
        slip.note = ""
    return len(slips)


def _blank_plots(session: Session, member: Member) -> None:
    for plot in session.scalars(select(Plot).where(Plot.member_id == member.id)):
        plot.name, plot.address = "", coarse_place(plot.province, plot.commune)


def _blank_batches(session: Session, member: Member) -> None:
    """The place of a batch that this member alone made is the member's: its commune stays."""
    for batch in session.scalars(select(Batch).where(Batch.member_id == member.id, Batch.address != "")):
        batch.address = coarse_place(batch.province, batch.commune)


def _names(member: Member) -> tuple[str, ...]:
    """What a diary may call the member by, folded: “Hộ bà Tư” stands there as “bà tư” too."""
    alias = fold(member.alias).split()
    bare = alias
    while len(bare) > _LEAST_WORDS and bare[0] in _HOUSEHOLD:
        bare = bare[1:]
    texts = (" ".join(alias), " ".join(bare), fold(member.full_name or ""), fold(member.phone or ""))
    return tuple(filter(None, texts))


def _naming(session: Session, member: Member, names: Sequence[str]) -> set[uuid.UUID]:
    """The entries of the party in whose words a name of the member stands.

    Compared here and not in the database, which does not know that “Bà Tư” and “bà tư” are one name.
    """
    here = select(Event.id, Event.text, Event.actor).join(Batch, Batch.id == Event.batch_id)
    here = here.where(Batch.party_id == member.party_id, Event.salt.is_not(None))
    found = {id_ for id_, text, actor in session.execute(here) if _is_named(f"{text or ''} {actor}", names)}
    partners = select(EventLine.event_id, EventLine.partner).join(Event, Event.id == EventLine.event_id)
    partners = partners.join(Batch, Batch.id == Event.batch_id)
    partners = partners.where(Batch.party_id == member.party_id, EventLine.partner != "")
    return found | {id_ for id_, partner in session.execute(partners) if _is_named(partner, names)}


def _said(event: Event) -> str:
    return " ".join(filter(None, (event.text, event.actor, *(line.partner for line in event.lines))))


def _is_named(said: str, names: Sequence[str]) -> bool:
    folded = f" {fold(said)} "
    return any(f" {name} " in folded for name in names)
