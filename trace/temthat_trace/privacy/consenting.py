"""Recording that a member agrees, or no longer does. Whoever opened the session commits it."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session, object_session

from temthat_trace import formats
from temthat_trace.consent import FIELDS, NEEDS, How, Purpose, fallen, in_force, lost_fields
from temthat_trace.parties import Consent, Member
from temthat_trace.privacy.attachments import drop_unused
from temthat_trace.privacy.texts import VERSION, purpose_name
from temthat_trace.repository import TraceRefused

LONGEST_NAME = 100
EMPTY: dict[str, Any] = {"full_name": None, "phone": None, "photo": None, "story": ""}
"""What an emptied personal field holds."""


def give(
    member: Member,
    purpose: Purpose,
    how: How,
    given_on: dt.date,
    by: str,
    now: dt.datetime,
    witness: str = "",
) -> Consent:
    """Record that a member agreed to one purpose; one that is in force already is left as it is.

    `by`: who records it. Raises `TraceRefused`: erased, a day to come or before the last withdrawal, spoken without a
    witness, or a purpose whose ground is missing.
    """
    _check_there(member)
    for consent in member.consents:
        if consent.purpose is purpose and consent.withdrawn_at is None:
            return consent
    check_day(member, purpose, given_on, formats.today(now))
    if how is How.WITNESS and not witness:
        raise TraceRefused(
            "Đồng ý bằng lời thì phải ghi tên người làm chứng.",
            "Consent that was spoken needs the name of the witness.",
        )
    ground = NEEDS.get(purpose)
    if ground and ground not in in_force(member.consents):
        raise TraceRefused(
            f"Muốn “{purpose_name(purpose, 'vi')}” thì trước hết phải có đồng ý “{purpose_name(ground, 'vi')}”.",
            f"“{purpose_name(purpose, 'en')}” first needs consent to “{purpose_name(ground, 'en')}”.",
        )
    consent = Consent(
        purpose=purpose,
        text=VERSION,
        how=how,
        witness=witness[:LONGEST_NAME] if how is How.WITNESS else "",
        given_on=given_on,
        recorded_at=now,
        recorded_by=by[:LONGEST_NAME],
    )
    member.consents.append(consent)
    return consent


def check_day(member: Member, purpose: Purpose, given_on: dt.date, today: dt.date) -> None:
    """Raises `TraceRefused` for a day to come, or one on or before which this consent was last taken back.

    Without the second rule an old workbook would undo a withdrawal. On the day of the withdrawal itself consent given
    anew is recorded the next day.
    """
    if given_on > today:
        raise TraceRefused(
            "Ngày đồng ý không được ở sau hôm nay.", "The day of consent cannot be after today."
        )
    ended = [
        formats.today(c.withdrawn_at) for c in member.consents if c.purpose is purpose and c.withdrawn_at
    ]
    if ended and given_on <= max(ended):
        day = max(ended)
        raise TraceRefused(
            f"Người này đã rút đồng ý ngày {formats.date(day)}. Muốn ghi lại phải có đồng ý mới sau ngày đó.",
            f"This person withdrew consent on {formats.date(day, 'en')}. Recording it again needs a later consent.",
        )


def withdraw(member: Member, purpose: Purpose, by: str, now: dt.datetime) -> frozenset[Purpose]:
    """A member takes a consent back: what was kept under it is emptied at once. Gives the purposes that ended.

    Withdrawing what was never given changes nothing. No reason is asked for.
    """
    agreed = {c.purpose for c in member.consents if c.withdrawn_at is None}
    ended = fallen(purpose) & agreed
    for consent in member.consents:
        if consent.purpose in ended and consent.withdrawn_at is None:
            consent.withdrawn_at, consent.withdrawn_by = now, by[:LONGEST_NAME]
            consent.witness = ""
    empty_fields(member, lost_fields(ended))
    return ended


def set_fields(member: Member, **values: str | None) -> None:
    """Set personal fields (see `consent.FIELDS`). Raises `TraceRefused` for one that no consent allows."""
    _check_there(member)
    agreed = in_force(member.consents)
    for field, value in values.items():
        if value and FIELDS[field] not in agreed:
            purpose = FIELDS[field]
            raise TraceRefused(
                f"Chưa có đồng ý “{purpose_name(purpose, 'vi')}” nên không ghi được. Hãy ghi đồng ý trước.",
                f"There is no consent to “{purpose_name(purpose, 'en')}”, so this cannot be kept. Record it first.",
            )
    for field, value in values.items():
        if not value:
            empty_fields(member, [field])
        else:
            before = getattr(member, field)
            setattr(member, field, value)
            if field == "photo" and before not in (None, value):
                _forget_attachments(member, [before])


def empty_fields(member: Member, fields: Iterable[str]) -> None:
    """Empty personal fields; a photo that nothing else shows is deleted."""
    photo = member.photo
    for field in fields:
        setattr(member, field, EMPTY[field])
    if photo and member.photo is None:
        _forget_attachments(member, [photo])


def _forget_attachments(member: Member, digests: list[str]) -> None:
    session: Session | None = object_session(member)
    if session is not None:
        session.flush()
        drop_unused(session, digests)


def _check_there(member: Member) -> None:
    if member.erased_at is not None:
        raise TraceRefused(
            "Dữ liệu của người này đã được xóa theo yêu cầu.", "This person's data was erased on request."
        )
