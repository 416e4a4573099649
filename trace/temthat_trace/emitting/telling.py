"""A batch's facts as EPCIS 2.0 events, one a record. Pure.

| record | event |
|---|---|
| the batch, made from no other | ObjectEvent ADD, `creating_class_instance`, with master data (ILMD) |
| the batch, made from others | TransformationEvent, the same step, with inputs, output and ILMD |
| a diary entry | ObjectEvent OBSERVE of the batch, amounts and materials in `temthat:lines` |
| a diary entry that used a batch which is not among the sources | TransformationEvent joined by the transformation id |
| a purchase slip | TransactionEvent ADD, `receiving`, from a household known by an opaque id |
| a run of stamps | ObjectEvent OBSERVE, `encoding`, of the class with the count; the range in `temthat:serials` |
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from temthat_trace import formats
from temthat_trace.balance.amounts import Amount
from temthat_trace.emitting import words
from temthat_trace.emitting.facts import BatchFacts, Goods, LineFacts, SlipFacts, StampFacts, StepFacts
from temthat_trace.emitting.identities import opaque
from temthat_trace.epcis import events as ev
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.eventhash import event_hash
from temthat_trace.events import LineRole, Step
from temthat_trace.units import plain

NAMES = Context(words.CONTEXT)
_TRANSFORMS = frozenset({Step.PRELIMINARY, Step.PROCESSING, Step.PACKING})


@dataclass(frozen=True, slots=True)
class Told:
    """An event without its id. `record`: the urn:uuid of what it tells of; `facts`: the digest of that."""

    record: str
    facts: str
    event: ev.Event

    def as_json(self, revision: int = 0) -> ev.Json:
        """The event with its CBV hash as its id. `revision` tells it from one declared wrong that is right again."""
        value = self.event.to_json()
        if revision:
            value[words.REVISION] = revision
        return {**value, "eventID": event_hash(value, NAMES)}


def tell(batch: BatchFacts) -> list[Told]:
    """All events of a batch, each record once."""
    return [
        _made(batch),
        *(_step(batch, step) for step in batch.steps),
        *(_slip(batch, slip) for slip in batch.slips),
        *(_stamps(batch, run) for run in batch.stamps),
    ]


def public(batch: BatchFacts) -> BatchFacts:
    """What everybody may read, as on the batch's page: no purchases, stamps or plots, nothing of goods sent away.

    Of a step's lines the materials with their amounts and the amounts that came out.
    """
    steps = tuple(
        replace(step, lines=tuple(_shown(step)), place="", plot=None)
        for step in batch.steps
        if not any(line.role is LineRole.SENT for line in step.lines)
    )
    return replace(batch, steps=steps, slips=(), stamps=(), plot=None, place="", growing_area="")


def _shown(step: StepFacts) -> Iterator[LineFacts]:
    for line in step.lines:
        if line.role in (LineRole.USED, LineRole.OUT):
            what = line.what if line.role is LineRole.USED else ""
            yield LineFacts(line.role, what, amount=line.amount)


def document(events: Iterable[ev.Json], created: dt.datetime) -> ev.Json:
    """An EPCIS document of such events."""
    return {
        "@context": words.CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": _time(created),
        "epcisBody": {"eventList": list(events)},
    }


def _made(batch: BatchFacts) -> Told:
    at = dt.datetime.combine(batch.made_on, dt.time(), formats.VIETNAM)
    common = _common(batch, batch.goods.batch, batch.digest(), at, batch.place)
    common["biz_step"], common["disposition"] = "creating_class_instance", "active"
    if batch.papers:
        common["certification_info"] = batch.papers
    output = (_quantity(batch.goods),)
    event: ev.Event
    if batch.sources:
        event = ev.TransformationEvent(
            type="TransformationEvent", transformation_id=_transformation(batch), ilmd=_ilmd(batch),
            input_quantities=tuple(map(_quantity, batch.sources)), output_quantities=output, **common,
        )  # fmt: skip
    else:
        event = ev.ObjectEvent(
            type="ObjectEvent", action="ADD", quantities=output, ilmd=_ilmd(batch), **common
        )
    return _told(event)


def _ilmd(batch: BatchFacts) -> ev.Json:
    known = {
        "cbvmda:lotNumber": batch.lot,
        "cbvmda:itemExpirationDate": str(batch.expires_on or ""),
        "cbvmda:countryOfOrigin": "VN",
        "temthat:productionDate": str(batch.made_on),
        "temthat:province": batch.province,
        "temthat:commune": batch.commune,
        "temthat:growingAreaCode": batch.growing_area,
    }
    return {name: text for name, text in known.items() if text}


def _step(batch: BatchFacts, step: StepFacts) -> Told:
    common = _common(batch, step.id, step.digest(), step.at, step.place)
    common["biz_step"] = words.BIZ_STEPS[step.step]
    common["extensions"] |= {words.STEP: str(step.step), words.VOUCHING: str(step.vouching)}
    if step.lines:
        common["extensions"][words.LINES] = [_line(line) for line in step.lines]
    known = {source.batch for source in batch.sources} | {batch.goods.batch}
    taken = [
        line.goods
        for line in step.lines
        if line.role is LineRole.IN and line.goods and line.goods.batch not in known
    ]
    if taken and step.step in _TRANSFORMS:
        return _told(
            ev.TransformationEvent(
                type="TransformationEvent", transformation_id=_transformation(batch),
                input_quantities=tuple(map(_quantity, taken)), output_quantities=_amounts(batch, step, LineRole.OUT),
                **common,
            )
        )  # fmt: skip
    role = LineRole.OUT
    if step.step is Step.TRANSPORT:
        role = LineRole.SENT
        common |= _transport(batch, step)
    return _told(
        ev.ObjectEvent(type="ObjectEvent", action="OBSERVE", quantities=_amounts(batch, step, role), **common)
    )


def _transport(batch: BatchFacts, step: StepFacts) -> dict[str, Any]:
    """Goods under way: from the organisation, to those it knows here. Where they are is nowhere, so no bizLocation."""
    partners = dict.fromkeys(line.partner for line in step.lines if line.partner)
    more: dict[str, Any] = {"disposition": "in_transit", "biz_location": None}
    if any(line.role is LineRole.SENT for line in step.lines):
        more["biz_step"] = "shipping"
        more["sources"] = (ev.Source(type="possessing_party", id=batch.actor),)
        if partners:
            more["destinations"] = tuple(ev.Destination(type="possessing_party", id=uri) for uri in partners)
    return more


def _slip(batch: BatchFacts, slip: SlipFacts) -> Told:
    common = _common(batch, slip.id, slip.digest(), slip.at, slip.place)
    return _told(
        ev.TransactionEvent(
            type="TransactionEvent", action="ADD", biz_step="receiving",
            biz_transactions=(ev.BizTransaction(type="recadv", id=opaque(slip.id)),),
            quantities=(_quantity(replace(batch.goods, amount=slip.amount)),),
            sources=(ev.Source(type="possessing_party", id=opaque(slip.member)),),
            destinations=(ev.Destination(type="possessing_party", id=batch.actor),),
            **common,
        )
    )  # fmt: skip


def _stamps(batch: BatchFacts, run: StampFacts) -> Told:
    record = uuid.uuid5(batch.goods.batch, f"run {run.run}")
    common = _common(batch, record, run.digest(), run.at, "")
    common["extensions"][words.SERIALS] = {
        "temthat:run": run.run,
        "temthat:first": run.first,
        "temthat:last": run.last,
    }
    count = ev.QuantityElement(epc_class=run.epc_class, quantity=run.last - run.first + 1)
    return _told(
        ev.ObjectEvent(
            type="ObjectEvent", action="OBSERVE", biz_step="encoding", disposition="encoded", quantities=(count,),
            **common,
        )
    )  # fmt: skip


def _common(batch: BatchFacts, record: uuid.UUID, facts: str, at: dt.datetime, place: str) -> dict[str, Any]:
    return {
        "event_time": _time(at),
        "event_time_zone_offset": "+07:00",
        "read_point": ev.Place(id=place or batch.site),
        "biz_location": ev.Place(id=batch.site),
        "extensions": {
            words.BATCH: opaque(batch.goods.batch),
            words.RECORD: opaque(record),
            words.FACTS: facts,
        },
    }


def _told(event: ev.Event) -> Told:
    return Told(event.extensions[words.RECORD], event.extensions[words.FACTS], event)


def _transformation(batch: BatchFacts) -> str:
    return opaque(uuid.uuid5(batch.goods.batch, "transformation"))


def _amounts(batch: BatchFacts, step: StepFacts, role: LineRole) -> tuple[ev.QuantityElement, ...]:
    """The batch with the amounts of its lines of one role, added up by unit; without any, some of it."""
    sums: dict[str, Amount] = {}
    for line in step.lines:
        if (
            line.role is role
            and line.amount
            and (line.goods is None or line.goods.batch == batch.goods.batch)
        ):
            known = sums.get(line.amount.unit)
            quantity = line.amount.quantity + (known.quantity if known else 0)
            sums[line.amount.unit] = Amount(quantity, line.amount.unit)
    return tuple(_quantity(replace(batch.goods, amount=amount)) for amount in sums.values() or (None,))


def _quantity(goods: Goods) -> ev.QuantityElement:
    if goods.amount is None:
        return ev.QuantityElement(epc_class=goods.epc_class)
    return ev.QuantityElement(
        epc_class=goods.epc_class, quantity=_number(goods.amount), uom=goods.amount.unit
    )


def _line(line: LineFacts) -> ev.Json:
    told: dict[str, Any] = {
        "temthat:role": str(line.role),
        "temthat:name": line.what,
        "temthat:lot": line.lot,
    }
    if line.amount:
        told |= {"temthat:quantity": _number(line.amount), "temthat:uom": line.amount.unit}
    if line.goods:
        told["temthat:goods"] = line.goods.epc_class
    return {name: value for name, value in told.items() if value != ""}


def _number(amount: Amount) -> ev.Number:
    quantity = plain(amount.quantity)
    return int(quantity) if quantity == quantity.to_integral_value() else float(quantity)


def _time(at: dt.datetime) -> str:
    return formats.local(at).isoformat(timespec="milliseconds")
