"""Who grew many batches, and where, as far as that may be shown: three queries at most, however many batches."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from temthat_trace.consent import MemberShown, Purpose, shown
from temthat_trace.lineage.among import among
from temthat_trace.parties import Consent, Member, Plot
from temthat_trace.privacy.plots import shown_plot


@dataclass(frozen=True, slots=True)
class _Consent:
    purpose: Purpose
    withdrawn_at: None = None


@dataclass(frozen=True, slots=True)
class _Member:
    alias: str
    commune_text: str
    full_name: str | None
    consents: tuple[_Consent, ...]
    photo: None = None
    story: str = ""


@dataclass(frozen=True, slots=True)
class Growers:
    """By id as the driver gives it: a member's name; a plot's name (or code) and place."""

    members: dict[Any, str]
    plots: dict[Any, tuple[str, str]]

    @classmethod
    def load(cls, session: Session, members: Iterable[Any], plots: Iterable[Any]) -> "Growers":
        """Those of these ids; None among them is passed over."""
        found = _plots(session, _known(plots))
        people = _members(session, {*members, *(row[1] for row in found)})
        places = {}
        for row in found:
            plot = shown_plot(row, people.get(row[1]))
            places[row[0]] = (plot.name or row.code, plot.address)
        return cls({key: member.name for key, member in people.items()}, places)


def _plots(session: Session, ids: list[Any]) -> Sequence[Any]:
    if not ids:
        return []
    query = select(
        type_coerce(Plot.id, String), type_coerce(Plot.member_id, String), Plot.code, Plot.name, Plot.address,
        Plot.growing_area_code, Plot.province, Plot.commune,
    )  # fmt: skip
    return session.execute(query.where(among(session, Plot.id, ids))).all()


def _members(session: Session, keys: Iterable[Any]) -> dict[Any, MemberShown]:
    ids = _known(keys)
    if not ids:
        return {}
    agreed: dict[Any, list[_Consent]] = {}
    given = select(type_coerce(Consent.member_id, String), Consent.purpose)
    for key, purpose in session.execute(
        given.where(Consent.withdrawn_at.is_(None), among(session, Consent.member_id, ids))
    ):
        agreed.setdefault(key, []).append(_Consent(purpose))
    query = select(type_coerce(Member.id, String), Member.alias, Member.commune_text, Member.full_name)
    return {
        key: shown(_Member(alias, commune, name, tuple(agreed.get(key, ()))))
        for key, alias, commune, name in session.execute(query.where(among(session, Member.id, ids)))
    }


def _known(keys: Iterable[Any]) -> list[Any]:
    """Ids as the driver gives them, which is how they are compared: making a UUID of each costs more than its row."""
    return [key for key in set(keys) if key is not None]
