"""What a message about an alert says: the same facts as JSON and as a mail in both languages. No personal data.

The reason a person wrote with a state is not in it: it is read at the desk, by those who may.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace import formats
from temthat_trace.places import current_province
from temthat_verify_api.alerts.records import Alert, AlertSignal, AlertStep
from temthat_verify_api.settings import Settings

VERSION = 1
_SHOWN = 5
"""Provinces that a mail names before it counts the rest."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says of an alert, as it stands when the message is sent."""

    step: AlertStep
    alert: Alert
    evidence: dict[str, int]
    stamps: int
    provinces: tuple[str, ...]
    link: str


def told(session: Session, step: AlertStep, settings: Settings) -> Told:
    """The facts of a step's alert. `evidence`: how many stamps by kind; `provinces`: codes of today, sorted."""
    alert = step.alert
    signals = session.scalars(select(AlertSignal).where(AlertSignal.alert_id == alert.id)).all()
    evidence: dict[str, int] = {}
    for one in signals:
        if one.is_evidence:
            evidence[one.kind] = evidence.get(one.kind, 0) + 1
    found = {p.code for one in signals if one.province and (p := current_province(one.province))}
    return Told(
        step,
        alert,
        evidence,
        len({(one.run, one.serial) for one in signals}),
        tuple(sorted(found)),
        f"{settings.scheme.lower()}://{settings.host}/desk/alerts/{alert.id}",
    )


def as_json(said: Told) -> bytes:
    """The body of a webhook; docs/alerts.md describes each member."""
    alert, step = said.alert, said.step
    body: dict[str, Any] = {
        "type": "temthat.alert",
        "version": VERSION,
        "id": str(step.id),
        "event": step.what.value,
        "at": step.at.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "alert": str(alert.id),
        "state": step.state.value,
        "party": {"code": alert.party.code, "name": alert.party.name},
        "product": {"code": alert.product.code, "name": alert.product.name, "gtin": alert.product.gtin},
        "firstDay": formats.today(alert.first_at).isoformat(),
        "lastDay": formats.today(alert.last_at).isoformat(),
        "evidence": dict(sorted(said.evidence.items())),
        "stamps": said.stamps,
        "provinces": list(said.provinces),
        "link": said.link,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def as_mail(said: Told, receiver: str, settings: Settings) -> tuple[str, str]:
    """Subject and text of a mail: Vietnamese, then English."""
    words = _words()["vi"]
    state = words[f"state.{said.step.state}"]
    subject = words[f"subject.{said.step.what}"].format(product=said.alert.product.name, state=state)
    end = words["end"].format(operator=settings.operator_name, host=settings.host, receiver=receiver)
    parts = (_text(said, "vi"), "· · ·", _text(said, "en"), end)
    return f"[TemThật] {subject}", "\n\n".join(parts) + "\n"


def _text(said: Told, lang: Literal["vi", "en"]) -> str:
    words = _words()[lang]
    names = [p.name for code in said.provinces if (p := current_province(code))]
    shown = ", ".join(names[:_SHOWN]) + (f" (+{len(names) - _SHOWN})" if len(names) > _SHOWN else "")
    return words["body"].format(
        what=words[f"what.{said.step.what}"],
        product=said.alert.product.name,
        party=said.alert.party.name,
        state=words[f"state.{said.step.state}"],
        first=formats.date(formats.today(said.alert.first_at), lang),
        last=formats.date(formats.today(said.alert.last_at), lang),
        stamps=said.stamps,
        provinces=words["provinces"].format(names=shown) if names else "",
        link=said.link,
    )


@cache
def _words() -> dict[str, dict[str, str]]:
    loaded: dict[str, dict[str, str]] = json.loads(
        resources.files(__package__).joinpath("words.json").read_text("utf-8")
    )
    return loaded
