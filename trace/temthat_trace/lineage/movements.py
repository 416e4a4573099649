"""What an EPCIS event says of where goods come from and went: made, put inside, handed over. Pure.

Events are read from their JSON value, which was checked when it was stored; identities are canonical Digital Links, so
that a URN and a Digital Link are one thing (`gs1.identity`).
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple

from temthat_trace.gs1.identity import identity
from temthat_trace.gs1.key import STEM, escape
from temthat_trace.units import UNITS


class Kind(StrEnum):
    """What an event does, seen from a lineage. `inside`: aggregation; `joined`: association; `other`: all the rest."""

    MADE = "made"
    INSIDE = "inside"
    JOINED = "joined"
    OTHER = "other"


_KINDS = {
    "TransformationEvent": Kind.MADE,
    "AggregationEvent": Kind.INSIDE,
    "AssociationEvent": Kind.JOINED,
}
_ARRIVALS = frozenset({"receiving", "accepting", "arriving", "retail_selling", "dispensing"})
_ITEM = f"{STEM}/01/"
_SERIAL_IN = re.compile(r"/21/")
_LOT_IN = re.compile(r"(/01/\d{14})(?:/22/[^/?#]+)?(/10/[^/?#]+)/21/")
_LOT_NUMBERS = frozenset({"cbvmda:lotNumber", "lotNumber", "gs1:hasBatchLotNumber", "batchLotNumber"})


class Part(NamedTuple):
    """A thing or a class in an event. `amount` in `unit` (UN/ECE code) and `lot`, of a serial, where told."""

    name: str
    amount: Decimal | None = None
    unit: str = ""
    lot: str | None = None

    @property
    def is_class(self) -> bool:
        """Whether there can be many of it: a lot or a GTIN."""
        return self.name.startswith(_ITEM) and "/21/" not in self.name


class Movement(NamedTuple):
    """One event. `at`: microseconds since 1970. `number`: its number in the store; `party`: whose repository it is in.

    A transformation has `inputs` and `outputs`; a containment `parent` and `children` (none with DELETE: all of them);
    everything else names `children`. `handed_to`: identities of the parties or places it names as destination, or, of
    goods that arrived, as place.
    """

    number: int
    at: int
    kind: Kind
    action: str = ""
    step: str = ""
    parent: str | None = None
    children: tuple[Part, ...] = ()
    inputs: tuple[Part, ...] = ()
    outputs: tuple[Part, ...] = ()
    joins: str | None = None
    handed_to: tuple[str, ...] = ()
    event_id: str = ""
    tells_lots: bool = False
    """Whether it says of a serial which lot it is of."""

    @property
    def named(self) -> Iterator[Part]:
        """Everything it names but the parent."""
        yield from self.children
        yield from self.inputs
        yield from self.outputs


def read_movement(number: int, at: int, event_id: str, value: Mapping[str, Any]) -> Movement:
    """The movement a stored event tells."""
    kind = _KINDS.get(value.get("type", ""), Kind.OTHER)
    step = _word(value.get("bizStep"))
    lot = _lot_number(value["ilmd"]) if "ilmd" in value else None
    parent, given = value.get("parentID"), value.get("transformationID")
    children: tuple[Part, ...] = ()
    inputs: tuple[Part, ...] = ()
    outputs: tuple[Part, ...] = ()
    if kind is Kind.MADE:
        inputs = _parts(value, "inputEPCList", "inputQuantityList", None)
        outputs = _parts(value, "outputEPCList", "outputQuantityList", lot)
    elif kind is Kind.OTHER:
        children = _parts(value, "epcList", "quantityList", lot)
    else:
        children = _parts(value, "childEPCs", "childQuantityList", lot)
    return Movement(
        number,
        at,
        kind,
        value.get("action", ""),
        step,
        identity(parent) if parent else None,
        children,
        inputs,
        outputs,
        identity(given) if given else None,
        _handed_to(value, step),
        event_id,
        any(part.lot for parts in (children, inputs, outputs) for part in parts),
    )


def lot_of(name: str, number: str) -> str | None:
    """The identity of a lot, by an item's identity and the lot's number; None for what has no GTIN."""
    return f"{name[: len(_ITEM) + 14]}/10/{escape(number)}" if name.startswith(_ITEM) else None


def _parts(value: Mapping[str, Any], epcs: str, quantities: str, lot: str | None) -> tuple[Part, ...]:
    found = [_thing(text, lot) for text in value.get(epcs) or ()]
    for element in value.get(quantities) or ():
        if element.get("epcClass"):
            found.append(Part(identity(element["epcClass"]), *_amount(element)))
    return tuple(found)


def _thing(text: str, lot: str | None) -> Part:
    name = identity(text)
    own = _LOT_IN.search(text) if "/10/" in text else None
    if own is not None:
        return Part(name, lot=identity(f"{STEM}{own[1]}{own[2]}"))
    return Part(name, lot=lot_of(name, lot)) if lot and _SERIAL_IN.search(name) else Part(name)


def _amount(element: Mapping[str, Any]) -> tuple[Decimal | None, str]:
    """Amount and unit; without `uom` a count of pieces (EPCIS 2.0, 7.3.3.3). Units unknown here stay as written."""
    try:
        amount = Decimal(str(element["quantity"]))
    except (KeyError, InvalidOperation):
        return None, ""
    unit = element.get("uom") or "C62"
    return (amount if amount.is_finite() else None), unit if unit in UNITS or unit.isalnum() else ""


def _lot_number(ilmd: Any) -> str | None:
    """The lot the master data of a commissioning or a transformation names."""
    if not isinstance(ilmd, dict):
        return None
    found = next((ilmd[name] for name in _LOT_NUMBERS if name in ilmd), None)
    return found if isinstance(found, str) and found else None


def _handed_to(value: Mapping[str, Any], step: str) -> tuple[str, ...]:
    if "destinationList" in value:
        found = [d.get("destination") for d in value["destinationList"] or ()]
    elif step in _ARRIVALS:
        place = value.get("bizLocation") or value.get("readPoint")
        found = [place.get("id")] if isinstance(place, dict) else []
    else:
        return ()
    return tuple(dict.fromkeys(identity(text) for text in found if text))


def _word(step: Any) -> str:
    """`shipping`, whether bare, as a URN or as a web address."""
    return re.split(r"[:/-]", step)[-1] if isinstance(step, str) and not step.isidentifier() else step or ""
