"""Events as a packing house and a cooperative write them, as many as wanted; no two of them or their serials alike."""

import datetime as dt
import json
from collections.abc import Callable, Sequence
from typing import Any

from temthat_trace.gs1.identity import identity

CONTEXT = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"ex": "https://ns.example.com/epcis/"},
]
Kinds = Sequence[Callable[[int], dict[str, Any]]]
"""What one event after the other is."""
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def document(
    count: int, start: int, kinds: Kinds | None = None, prefixes: dict[str, str] | None = None
) -> str:
    """JSON text of `count` events that follow each other, `start` being the number of the first.

    No two events or serials are alike, and none breaks a rule. Without `kinds` bare events: packs made, then shipped.
    `prefixes`: what its compact names mean.
    """
    made = kinds or (_packed, _shipped)
    if start % len(made):
        raise ValueError("start at the beginning of a round")
    events = [made[n % len(made)](n) for n in range(start, start + count)]
    return json.dumps(
        {
            "@context": CONTEXT if prefixes is None else [CONTEXT[0], prefixes],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": "2026-11-28T00:00:00Z",
            "epcisBody": {"eventList": events},
        }
    )


def _time(n: int) -> str:
    return (START + dt.timedelta(seconds=n)).isoformat(timespec="milliseconds")


def _packed(n: int) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventTime": _time(n),
        "eventTimeZoneOffset": "+07:00",
        "epcList": [f"urn:epc:id:sgtin:8934567.011111.{n}A", f"urn:epc:id:sgtin:8934567.011111.{n}B"],
        "quantityList": [
            {"epcClass": f"urn:epc:class:lgtin:8934567.022222.L{n}", "quantity": 12.5, "uom": "KGM"}
        ],
        "action": "ADD",
        "bizStep": "commissioning",
        "disposition": "active",
        "readPoint": {"id": "urn:epc:id:sgln:8934567.00001.0"},
        "ilmd": {"ex:harvest": "2026-11-20", "ex:plot": f"T{n % 40}"},
        "ex:worker": f"w{n % 30}",
    }


def _shipped(n: int) -> dict[str, Any]:
    """The packs of the event before, named by Digital Links."""
    return {
        "type": "AggregationEvent",
        "eventTime": _time(n),
        "eventTimeZoneOffset": "+07:00",
        "parentID": f"urn:epc:id:sscc:8934567.1{n:09d}",
        "childEPCs": [f"https://id.gs1.org/01/08934567111119/10/L{n - 1}/21/{n - 1}{c}" for c in "AB"],
        "action": "ADD",
        "bizStep": "shipping",
        "disposition": "in_transit",
        "bizLocation": {"id": "https://id.gs1.org/414/8934567000017"},
        "bizTransactionList": [{"type": "po", "bizTransaction": f"urn:epc:id:gdti:8934567.00001.{n}"}],
        "destinationList": [{"type": "owning_party", "destination": "urn:epc:id:pgln:8934567.00002"}],
    }


def _common(n: int, kind: str, step: str, **members: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "eventTime": _time(n),
        "eventTimeZoneOffset": "+07:00",
        "bizStep": step,
        "disposition": "in_progress",
        "readPoint": {"id": "urn:epc:id:sgln:8934567.00001.0"},
        "bizLocation": {"id": "https://id.gs1.org/414/8934567000017"},
        **members,
    }


def _measured(n: int, device: str) -> list[dict[str, Any]]:
    """Temperature and humidity of a time, by a device."""
    return [
        {
            "sensorMetadata": {
                "time": _time(n),
                "deviceID": f"urn:epc:id:giai:8934567.{device}",
                "dataProcessingMethod": "https://id.gs1.org/253/8934567000017M1",
            },
            "sensorReport": [
                {"type": "Temperature", "value": 20 + n % 70 / 10, "uom": "CEL"},
                {"type": "RelativeHumidity", "value": 60 + n % 30, "uom": "A93"},
            ],
        }
    ]


def _parties(n: int) -> dict[str, Any]:
    """Papers, and from whom to whom."""
    return {
        "bizTransactionList": [
            {"type": "po", "bizTransaction": f"urn:epc:id:gdti:8934567.00001.{n}"},
            {"type": "inv", "bizTransaction": f"https://id.gs1.org/253/8934567000024{n}"},
        ],
        "sourceList": [
            {"type": "owning_party", "source": "urn:epc:id:pgln:8934567.00001"},
            {"type": "location", "source": "urn:epc:id:sgln:8934567.00001.0"},
        ],
        "destinationList": [
            {"type": "owning_party", "destination": "urn:epc:id:pgln:8934567.00002"},
            {"type": "location", "destination": "https://id.gs1.org/414/8934567000048"},
        ],
    }


def _harvested(n: int) -> dict[str, Any]:
    return _common(
        n,
        "ObjectEvent",
        "commissioning",
        action="ADD",
        quantityList=[
            {"epcClass": f"urn:epc:class:lgtin:8934567.022222.H{n}", "quantity": 412.5, "uom": "KGM"}
        ],
        ilmd={
            "cbvmda:lotNumber": f"H{n}",
            "cbvmda:harvestStartDate": "2026-11-20",
            "ex:plot": {"ex:code": f"T{n % 40}", "ex:area": {"ex:value": 0.25, "ex:uom": "HAR"}},
        },
        sensorElementList=_measured(n, "S1"),
        **{"ex:member": f"w{n % 30}"},
    )


def _dried(n: int) -> dict[str, Any]:
    return _common(
        n,
        "TransformationEvent",
        "creating_class_instance",
        inputQuantityList=[
            {"epcClass": f"urn:epc:class:lgtin:8934567.022222.H{n - 1}", "quantity": 412.5, "uom": "KGM"},
            {"epcClass": f"urn:epc:class:lgtin:8934567.033333.W{n}", "quantity": 30, "uom": "KGM"},
        ],
        outputQuantityList=[
            {"epcClass": f"https://id.gs1.org/01/08934567111119/10/L{n}", "quantity": 88.4, "uom": "KGM"}
        ],
        transformationID=f"urn:epc:id:gdti:8934567.00009.T{n}",
        ilmd={"cbvmda:bestBeforeDate": "2027-11-20", "ex:grade": "A"},
        sensorElementList=_measured(n, "S2"),
    )


def _bagged(n: int) -> dict[str, Any]:
    return _common(
        n,
        "ObjectEvent",
        "commissioning",
        action="ADD",
        epcList=[f"https://id.gs1.org/01/08934567111119/10/L{n - 1}/21/{n}{c}" for c in "ABCD"],
        persistentDisposition={"set": ["completeness_verified"]},
        ilmd={"cbvmda:lotNumber": f"L{n - 1}", "ex:line": 2},
        **{"ex:checkedBy": {"ex:name": f"w{n % 30}", "ex:at": _time(n)}},
    )


def _boxed(n: int) -> dict[str, Any]:
    return _common(
        n,
        "AggregationEvent",
        "packing",
        action="ADD",
        parentID=f"urn:epc:id:sscc:8934567.1{n:09d}",
        childEPCs=[f"urn:epc:id:sgtin:8934567.011111.{n - 1}{c}" for c in "ABCD"],
        sensorElementList=_measured(n, "S3"),
    )


def _sent(n: int) -> dict[str, Any]:
    return _common(
        n,
        "ObjectEvent",
        "shipping",
        action="OBSERVE",
        epcList=[f"https://id.gs1.org/00/{_sscc(n - 1)}"],
        sensorElementList=_measured(n, "S4"),
        **_parties(n),
    )


def _sscc(n: int) -> str:
    return identity(f"urn:epc:id:sscc:8934567.1{n:09d}").rpartition("/")[2]


WHOLE: Kinds = (_harvested, _dried, _bagged, _boxed, _sent)
