"""Parties (GS1: who), their members and their plots."""

import datetime as dt
import uuid
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from temthat_trace.consent import How, Purpose
from temthat_trace.database import Base, Code, Text, words
from temthat_trace.ids import uuid7


class PartyKind(StrEnum):
    """The kinds of organisation the system knows."""

    NATIONAL_ALLIANCE = "national_alliance"
    PROVINCIAL_ALLIANCE = "provincial_alliance"
    COOPERATIVE = "cooperative"
    COOPERATIVE_UNION = "cooperative_union"
    COOPERATIVE_GROUP = "cooperative_group"
    HOUSEHOLD_BUSINESS = "household_business"
    ENTERPRISE = "enterprise"
    PRINT_HOUSE = "print_house"
    GRANTING_AUTHORITY = "granting_authority"
    INSPECTOR = "inspector"
    SHOP = "shop"


PRODUCERS = frozenset(
    {
        PartyKind.COOPERATIVE,
        PartyKind.COOPERATIVE_UNION,
        PartyKind.COOPERATIVE_GROUP,
        PartyKind.HOUSEHOLD_BUSINESS,
        PartyKind.ENTERPRISE,
    }
)
"""Who may own products and order stamps."""

CONFIRMERS = frozenset(
    {PartyKind.NATIONAL_ALLIANCE, PartyKind.PROVINCIAL_ALLIANCE, PartyKind.GRANTING_AUTHORITY}
)
"""Who may confirm a paper for a product."""


class Address:
    """Columns shared by everything that stands somewhere.

    `address` is the text as printed, never rewritten; `province` and `commune` are the current unit's codes
    (34 provinces since 1 July 2025), so that a label printed before a merger stays true as printed.
    """

    address: Mapped[str] = mapped_column(Text, default="")
    province: Mapped[str | None] = mapped_column(String(2))
    commune: Mapped[str | None] = mapped_column(String(5))


class Party(Address, Base):
    """An organisation or household that acts in the chain."""

    __tablename__ = "party"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    code: Mapped[str] = mapped_column(Code, unique=True)
    kind: Mapped[PartyKind] = mapped_column(words(PartyKind))
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200), default="", server_default="")
    search: Mapped[str] = mapped_column(String(400), default="", index=True)
    hotline: Mapped[str] = mapped_column(String(32), default="")
    email: Mapped[str] = mapped_column(String(200), default="")
    tax_code: Mapped[str] = mapped_column(String(20), default="")
    gln: Mapped[str | None] = mapped_column(String(13), index=True)
    alliance_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("party.id"))
    is_sample: Mapped[bool] = mapped_column(default=False)

    alliance: Mapped["Party | None"] = relationship(remote_side=[id])


def looks_after(office: Party, party: Party) -> bool:
    """Whether that office stands above this party: as its alliance, the national one, or its granting authority."""
    if office.id == party.id:
        return False
    if office.kind is PartyKind.NATIONAL_ALLIANCE:
        return True
    if office.kind is PartyKind.PROVINCIAL_ALLIANCE:
        return party.alliance_id == office.id
    if office.kind is PartyKind.GRANTING_AUTHORITY:
        return party.kind in PRODUCERS and office.province in (None, party.province)
    return False


class Member(Base):
    """A member or household of a party.

    What may be shown is for `consent.shown` to say: `alias` and commune unless the member agreed to more. The personal
    fields (`consent.FIELDS`) are kept only under recorded consent and can be emptied without touching anything that was
    signed. An erased member keeps an opaque code, so that amounts stay whole; `former` tells its old code again
    (`consent.former_code`) when an old workbook would bring it back.
    """

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("party_id", "code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    code: Mapped[str] = mapped_column(Code)
    alias: Mapped[str] = mapped_column(String(100))
    commune_text: Mapped[str] = mapped_column(String(200), default="")
    full_name: Mapped[str | None] = mapped_column(String(200))
    phone: Mapped[str | None] = mapped_column(String(32))
    photo: Mapped[str | None] = mapped_column(ForeignKey("attachment.digest"))
    story: Mapped[str] = mapped_column(Text, default="", server_default="")
    erased_at: Mapped[dt.datetime | None] = mapped_column()
    former: Mapped[bytes | None] = mapped_column(LargeBinary(32))

    consents: Mapped[list["Consent"]] = relationship(
        order_by="Consent.recorded_at, Consent.id", lazy="selectin", back_populates="member"
    )

    @property
    def consented_on(self) -> dt.date | None:
        """The day of the consent to keeping name and telephone, if it is in force."""
        days = [c.given_on for c in self.consents if c.purpose is Purpose.STORE and c.withdrawn_at is None]
        return days[0] if days else None


class Consent(Base):
    """That a member agreed to one purpose, and perhaps took it back; never deleted, so that both can be shown.

    `text`: the version of the words the member was shown (`privacy.texts`). `witness`: who heard it, if it was spoken.
    """

    __tablename__ = "consent"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    member_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("member.id"), index=True)
    purpose: Mapped[Purpose] = mapped_column(words(Purpose))
    text: Mapped[str] = mapped_column(String(16))
    how: Mapped[How] = mapped_column(words(How))
    witness: Mapped[str] = mapped_column(String(100), default="")
    given_on: Mapped[dt.date] = mapped_column()
    recorded_at: Mapped[dt.datetime] = mapped_column()
    recorded_by: Mapped[str] = mapped_column(String(100))
    withdrawn_at: Mapped[dt.datetime | None] = mapped_column()
    withdrawn_by: Mapped[str] = mapped_column(String(100), default="")

    member: Mapped[Member] = relationship(back_populates="consents")


class Plot(Address, Base):
    """A plot or growing area, with its area in hectares and its code if one was granted.

    `yield_kg_per_ha`: what a hectare is expected to give in one season, fresh; `seasons_per_year`: how often a year.
    """

    __tablename__ = "plot"
    __table_args__ = (UniqueConstraint("party_id", "code"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    party_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("party.id"))
    member_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("member.id"))
    code: Mapped[str] = mapped_column(Code)
    name: Mapped[str] = mapped_column(String(200), default="")
    area_ha: Mapped[Decimal | None] = mapped_column()
    growing_area_code: Mapped[str] = mapped_column(String(64), default="")
    yield_kg_per_ha: Mapped[Decimal | None] = mapped_column()
    seasons_per_year: Mapped[int | None] = mapped_column()
    gln: Mapped[str | None] = mapped_column(String(13), index=True)

    member: Mapped[Member | None] = relationship()
