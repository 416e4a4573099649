"""What is told of a batch in events: plain values, no text of a diary and no name of a person. Pure.

`digest` of the facts of one record tells whether it was changed since it was told. It leaves out how things are
called, so that a new GTIN, GLN or host makes nothing of what was told wrong.
"""

import datetime as dt
import hashlib
import json
import uuid
from dataclasses import dataclass
from typing import Any

from temthat_trace.balance.amounts import Amount
from temthat_trace.events import LineRole, Step
from temthat_trace.units import plain
from temthat_trace.vouching import Vouching


@dataclass(frozen=True, slots=True)
class Goods:
    """A batch and so much of it; without an amount, some of it. `epc_class`: how it is called."""

    batch: uuid.UUID
    epc_class: str
    amount: Amount | None = None


@dataclass(frozen=True, slots=True)
class LineFacts:
    """A line of a diary entry. `goods`: a batch of this system; `partner`: an organisation known here, by its URI."""

    role: LineRole
    what: str
    lot: str = ""
    amount: Amount | None = None
    goods: Goods | None = None
    partner: str = ""

    def record(self) -> dict[str, str]:
        """What of it is told."""
        told = {
            "role": str(self.role), "what": self.what, "lot": self.lot, **_amount(self.amount),
            "goods": str(self.goods.batch) if self.goods else "",
        }  # fmt: skip
        return {name: text for name, text in told.items() if text}


@dataclass(frozen=True, slots=True)
class StepFacts:
    """A diary entry. `place`: the URI of where it happened, `plot`: the plot, if it was one."""

    id: uuid.UUID
    step: Step
    at: dt.datetime
    vouching: Vouching
    place: str = ""
    plot: uuid.UUID | None = None
    lines: tuple[LineFacts, ...] = ()

    def digest(self) -> str:
        """See the module."""
        lines = _in_order([line.record() for line in self.lines])
        told = {"step": str(self.step), "at": _time(self.at), "plot": str(self.plot or ""), "lines": lines}
        return _digest(told)


@dataclass(frozen=True, slots=True)
class SlipFacts:
    """A purchase slip: so much of a household, known by an opaque id only."""

    id: uuid.UUID
    at: dt.datetime
    amount: Amount
    member: uuid.UUID
    place: str = ""
    plot: uuid.UUID | None = None

    def digest(self) -> str:
        """See the module."""
        told = {"at": _time(self.at), "member": str(self.member), "plot": str(self.plot or "")}
        return _digest({**told, **_amount(self.amount)})


@dataclass(frozen=True, slots=True)
class StampFacts:
    """Stamps registered for packs of the batch: a range, told as a range."""

    run: int
    at: dt.datetime
    epc_class: str
    first: int
    last: int

    def digest(self) -> str:
        """See the module."""
        return _digest({"run": self.run, "at": _time(self.at), "first": self.first, "last": self.last})


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """A batch with all that is told of it.

    `actor` and `site`: URIs of its organisation and of where that is; `papers`: the page of its papers, if it has any.
    `kept`: records of which nothing new is told and nothing taken back, because their text was erased.
    """

    goods: Goods
    lot: str
    actor: str
    site: str
    made_on: dt.date
    expires_on: dt.date | None = None
    province: str = ""
    commune: str = ""
    growing_area: str = ""
    plot: uuid.UUID | None = None
    place: str = ""
    papers: str = ""
    sources: tuple[Goods, ...] = ()
    steps: tuple[StepFacts, ...] = ()
    slips: tuple[SlipFacts, ...] = ()
    stamps: tuple[StampFacts, ...] = ()
    kept: frozenset[uuid.UUID] = frozenset()

    def digest(self) -> str:
        """Of the batch's own record: see the module."""
        sources = [{"batch": str(source.batch), **_amount(source.amount)} for source in self.sources]
        told = {
            "lot": self.lot, "made_on": str(self.made_on), "expires_on": str(self.expires_on or ""),
            "province": self.province, "commune": self.commune, "area": self.growing_area,
            "plot": str(self.plot or ""), "sources": _in_order(sources), **_amount(self.goods.amount),
        }  # fmt: skip
        return _digest(told)


def _amount(amount: Amount | None) -> dict[str, str]:
    if amount is None:
        return {"quantity": "", "unit": ""}
    return {"quantity": f"{plain(amount.quantity):f}", "unit": amount.unit}


def _in_order(records: list[dict[str, str]]) -> list[dict[str, str]]:
    """So that the order of entry does not matter."""
    return sorted(records, key=lambda record: sorted(record.items()))


def _time(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds")


def _digest(told: dict[str, Any]) -> str:
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
