"""All that is held about one member, for that member to have: plain values, ready for JSON or a page."""

import base64
import datetime as dt
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from temthat_trace.batches import Batch
from temthat_trace.consent import in_force, shown
from temthat_trace.events import Event
from temthat_trace.papers import Attachment
from temthat_trace.parties import Consent, Member, Party, Plot
from temthat_trace.privacy.erasing import Mention, mentions
from temthat_trace.privacy.repository import looks_at, requests_of
from temthat_trace.privacy.texts import asked
from temthat_trace.purchases import PurchaseSlip
from temthat_trace.units import plain

ALL = 100_000


def held(session: Session, member: Member, now: dt.datetime, lang: str = "vi") -> dict[str, Any]:
    """Everything about one member: fields, consents and their words, plots, lots, diary, slips, requests, looks.

    Instants and days are ISO 8601 text, amounts decimal text with the UN/ECE unit, a photo base64. `lang` chooses the
    words of the consents.
    """
    party = session.get_one(Party, member.party_id)
    shows = shown(member)
    return {
        "as_of": now.isoformat(timespec="seconds"),
        "held_by": {"code": party.code, "name": party.name, "hotline": party.hotline, "address": party.address},
        "member": {
            "code": member.code, "alias": member.alias, "commune": member.commune_text,
            "full_name": member.full_name, "phone": member.phone, "story": member.story or None,
            "photo": _photo(session, member), "erased_at": _text(member.erased_at),
        },
        "shown_to_everybody": {
            "name": shows.name, "commune": shows.commune, "photo": shows.photo is not None,
            "story": shows.story or None, "exact_plots": shows.exact_plot,
        },
        "agreed_now": sorted(in_force(member.consents)),
        "consents": [_consent(c, lang) for c in member.consents],
        "plots": [_plot(p) for p in session.scalars(_of(Plot, member).order_by(Plot.code))],
        "batches": [
            _batch(b)
            for b in session.scalars(_of(Batch, member).options(joinedload(Batch.product)).order_by(Batch.made_on))
        ],
        "diary": [_event(m) for m in mentions(session, member)],
        "purchase_slips": [
            _slip(s)
            for s in session.scalars(
                _of(PurchaseSlip, member).options(joinedload(PurchaseSlip.product)).order_by(PurchaseSlip.at)
            )
        ],
        "requests": [
            {
                "ask": r.ask, "asked_on": _text(r.asked_on), "due_on": _text(r.due_on),
                "answered_at": _text(r.answered_at), "answer": r.answer or None,
            }
            for r in requests_of(session, member)
        ],
        "looked_at": [
            {"at": _text(look.at), "by": look.by, "act": look.act} for look in looks_at(session, member, ALL)
        ],
    }  # fmt: skip


def _of(model: Any, member: Member) -> Any:
    return select(model).where(model.member_id == member.id)


def _text(value: dt.datetime | dt.date | None) -> str | None:
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="seconds")
    return value.isoformat() if value else None


def _photo(session: Session, member: Member) -> dict[str, str] | None:
    found = session.get(Attachment, member.photo) if member.photo else None
    if found is None:
        return None
    return {"media_type": found.media_type, "base64": base64.b64encode(found.data).decode()}


def _consent(consent: Consent, lang: str) -> dict[str, Any]:
    words = asked(consent.purpose, lang, consent.text)
    return {
        "purpose": consent.purpose, "version": consent.text, "name": words.name, "text": words.text,
        "given_on": _text(consent.given_on), "how": consent.how, "witness": consent.witness or None,
        "recorded_at": _text(consent.recorded_at), "recorded_by": consent.recorded_by or None,
        "withdrawn_at": _text(consent.withdrawn_at),
    }  # fmt: skip


def _plot(plot: Plot) -> dict[str, Any]:
    return {
        "code": plot.code, "name": plot.name, "address": plot.address,
        "area_ha": _amount(plot.area_ha), "growing_area_code": plot.growing_area_code or None,
    }  # fmt: skip


def _batch(batch: Batch) -> dict[str, Any]:
    return {
        "product": batch.product.name, "lot": batch.lot, "made_on": _text(batch.made_on),
        "quantity": _amount(batch.quantity), "unit": batch.unit, "address": batch.address or None,
    }  # fmt: skip


def _event(mention: Mention) -> dict[str, Any]:
    event: Event = mention.event
    return {
        "lot": mention.lot, "step": event.step, "at": _text(event.at), "text": event.text, "actor": event.actor,
        "place": event.address or None, "photos": len(event.photos), "names_you": mention.named,
    }  # fmt: skip


def _slip(slip: PurchaseSlip) -> dict[str, Any]:
    return {
        "number": slip.number, "at": _text(slip.at), "goods": slip.goods, "quantity": _amount(slip.quantity),
        "unit": slip.unit, "note": slip.note or None, "withdrawn": slip.withdrawn_at is not None,
    }  # fmt: skip


def _amount(value: Any) -> str | None:
    return None if value is None else f"{plain(value):f}"
