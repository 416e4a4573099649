"""What may be kept and shown of a member (farmer, household) now: a pure function of the consents on record.

Law 91/2025/QH15: consent is voluntary, specific and informed; silence is none, nothing is ticked beforehand, and taking
it back is as easy as giving it. So each purpose is asked for alone, and without a record the answer is no. Pages show
the name used (`alias`) and the commune; anything more only for a purpose that is in force.
"""

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import UUID


class Purpose(StrEnum):
    """What a member agrees to, one at a time."""

    STORE = "store"
    """Keeping the full name and the telephone number."""
    SHOW_NAME = "show_name"
    """Showing the full name to anybody. Needs `STORE`."""
    SHOW_PHOTO = "show_photo"
    """Keeping and showing a photo of the member."""
    SHOW_PLOT = "show_plot"
    """Showing where exactly the member's plots are."""
    STORY = "story"
    """Keeping and showing the member's story."""


class How(StrEnum):
    """By what consent was given."""

    PAPER = "paper"
    """A signed form, which the cooperative keeps."""
    WITNESS = "witness"
    """Spoken before a witness."""
    OWN_SIGN = "own_sign"
    """The member's own sign on the screen of the desk."""
    WORKBOOK = "workbook"
    """A day written in the workbook: the cooperative states that it has the member's word."""


NEEDS: dict[Purpose, Purpose] = {Purpose.SHOW_NAME: Purpose.STORE}
"""A purpose that means nothing without another one; it falls with it."""

FIELDS: dict[str, Purpose] = {
    "full_name": Purpose.STORE,
    "phone": Purpose.STORE,
    "photo": Purpose.SHOW_PHOTO,
    "story": Purpose.STORY,
}
"""The personal fields of a member, and the consent under which each may be kept."""


class Recorded(Protocol):
    """A consent on record. It holds until it is withdrawn."""

    @property
    def purpose(self) -> Purpose:
        """What it is for."""

    @property
    def withdrawn_at(self) -> object | None:
        """When it was taken back, if ever."""


class Person(Protocol):
    """What the rules look at of a member."""

    @property
    def alias(self) -> str:
        """The name used for the household."""

    @property
    def commune_text(self) -> str:
        """The commune in words."""

    @property
    def full_name(self) -> str | None:
        """The full name, if it is kept."""

    @property
    def photo(self) -> str | None:
        """The digest of a photo, if it is kept."""

    @property
    def story(self) -> str:
        """The story, if it is kept."""

    @property
    def consents(self) -> Sequence[Recorded]:
        """All consents ever given."""


@dataclass(frozen=True, slots=True)
class MemberShown:
    """What anybody may see of a member. `photo` is an attachment's digest; `exact_plot`: plots may be shown exactly."""

    name: str
    commune: str
    photo: str | None = None
    story: str = ""
    exact_plot: bool = False

    @property
    def grower(self) -> str:
        """Name and commune in one line."""
        return ", ".join(filter(None, (self.name, self.commune)))


def in_force(consents: Iterable[Recorded]) -> frozenset[Purpose]:
    """The purposes agreed to now. One whose ground (`NEEDS`) was taken back does not count."""
    given = {consent.purpose for consent in consents if consent.withdrawn_at is None}
    return frozenset(purpose for purpose in given if NEEDS.get(purpose, purpose) in given)


def may_keep(field: str, agreed: Iterable[Purpose]) -> bool:
    """Whether a personal field (see `FIELDS`) may be kept under these purposes."""
    return FIELDS[field] in agreed


def fallen(purpose: Purpose) -> frozenset[Purpose]:
    """What ends when a purpose is withdrawn: itself and all that need it."""
    return frozenset({purpose} | {dependent for dependent, ground in NEEDS.items() if ground is purpose})


def lost_fields(ended: Iterable[Purpose]) -> tuple[str, ...]:
    """The personal fields to be emptied when these purposes end."""
    gone = frozenset(ended)
    return tuple(field for field, purpose in FIELDS.items() if purpose in gone)


def former_code(member: UUID, code: str) -> bytes:
    """What an erased member keeps of its old code: enough to tell it again in an old workbook, not to read it back.

    HMAC-SHA256 under the member's own id, so that equal codes of two cooperatives have nothing in common.
    """
    return hmac.digest(member.bytes, code.strip().upper().encode(), hashlib.sha256)


def shown(member: Person) -> MemberShown:
    """All that may be shown of a member, by whoever shows it: pages, desk, dossier, exports."""
    agreed = in_force(member.consents)
    return MemberShown(
        name=(member.full_name if Purpose.SHOW_NAME in agreed else None) or member.alias,
        commune=member.commune_text,
        photo=member.photo if Purpose.SHOW_PHOTO in agreed else None,
        story=member.story if Purpose.STORY in agreed else "",
        exact_plot=Purpose.SHOW_PLOT in agreed,
    )


def shown_name(member: Person | None) -> str:
    """The name to show for a member: the full name if that was agreed to, else the alias; nothing for nobody."""
    return shown(member).name if member is not None else ""
