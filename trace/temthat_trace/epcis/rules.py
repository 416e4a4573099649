"""The field rules of EPCIS 2.0 and CBV 2.0 over typed events: pure functions, findings with place and words.

Each finding names its rule. A rule is an error or a warning by `levels.FIELD`, and a repository may set it otherwise;
nothing is passed over in silence.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from temthat_trace.epcis import events as ev
from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.context import Context
from temthat_trace.epcis.document import Document
from temthat_trace.epcis.identifiers import identify
from temthat_trace.epcis.levels import FIELD
from temthat_trace.epcis.members import (
    check_action,
    check_closed,
    check_epcs,
    check_identifier,
    check_ilmd,
    check_persistent,
    check_quantities,
    check_uri,
    check_word,
    missing,
    no_time,
    require_identifier,
)
from temthat_trace.epcis.problems import Level, Problem, step
from temthat_trace.epcis.sensors import check_sensors
from temthat_trace.epcis.texts import is_time, is_uri
from temthat_trace.gs1.remember import remembered

CLOCK_SLACK = timedelta(minutes=10)
_OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)")
Found = list[Problem]


def check_document(
    document: Document, levels: Mapping[str, Level] | None = None, now: datetime | None = None
) -> list[Problem]:
    """All findings of a document: what could not be read, and what the events that could break."""
    found: Found = list(document.warnings)
    created = document.members.get("creationDate")
    if created is not None and not is_time(created):
        found.append(no_time("/creationDate", created))
    names = document.names
    for entry in document.entries:
        if entry.event is None:
            found += entry.problems
        else:
            found += check_event(entry.event, entry.pointer, names, levels, now)
    return found


def check_event(
    event: ev.Event,
    pointer: str = "",
    context: Context | None = None,
    levels: Mapping[str, Level] | None = None,
    now: datetime | None = None,
) -> list[Problem]:
    """What rules an event breaks, in the order of its members; `now` lets times in the future be told."""
    found: Found = []
    _times(event, now, found)
    _names(event, found)
    _error_declaration(event, found)
    _CHECKS.get(type(event), _extended)(event, found)
    _lists(event, found)
    if context is not None:
        _prefixes(event, context, found)
    if not found:
        return found
    chosen = {**FIELD, **(levels or {})}
    return [replace(p, pointer=pointer + p.pointer, level=chosen.get(p.rule, Level.ERROR)) for p in found]


@remembered(256)
def _is_offset(text: str) -> bool:
    return _OFFSET.fullmatch(text) is not None


# --- parts of all events ------------------------------------------------------------------------------------


def _times(event: ev.Event, now: datetime | None, found: Found) -> None:
    if event.event_time is None:
        found.append(missing("/eventTime"))
    elif not is_time(event.event_time):
        found.append(no_time("/eventTime", event.event_time))
    elif now is not None and event.at() > now + CLOCK_SLACK:
        found.append(
            Problem(
                "/eventTime",
                "future",
                "Giờ sự kiện ở tương lai; hãy xem lại đồng hồ hoặc múi giờ.",
                "The event lies in the future; check the clock or the zone.",
            )
        )
    offset = event.event_time_zone_offset
    if offset is None:
        found.append(missing("/eventTimeZoneOffset"))
    elif not _is_offset(offset):
        found.append(
            Problem(
                "/eventTimeZoneOffset", "zone", "Múi giờ phải viết như +07:00.", "Write the zone like +07:00."
            )
        )
    if event.record_time is not None and not is_time(event.record_time):
        found.append(no_time("/recordTime", event.record_time))


def _names(event: ev.Event, found: Found) -> None:
    """Members that hold one URI or one word, and places."""
    if event.event_id is not None:
        check_uri(event.event_id, "/eventID", found)
    certificates = event.certification_info
    if isinstance(certificates, str):
        check_uri(certificates, "/certificationInfo", found)
    elif certificates:
        for i, text in enumerate(certificates):
            check_uri(text, f"/certificationInfo/{i}", found)
    check_word(event.biz_step, cbv.BIZ_STEP, "/bizStep", found)
    check_word(event.disposition, cbv.DISPOSITION, "/disposition", found)
    for place, name in ((event.read_point, "/readPoint"), (event.biz_location, "/bizLocation")):
        if place is None:
            continue
        if place.id is None:
            found.append(missing(name + "/id"))
        else:
            check_identifier(place.id, name + "/id", found)


def _error_declaration(event: ev.Event, found: Found) -> None:
    declared = event.error_declaration
    if declared is None:
        return
    at = "/errorDeclaration"
    if declared.declaration_time is None:
        found.append(missing(at + "/declarationTime"))
    elif not is_time(declared.declaration_time):
        found.append(no_time(at + "/declarationTime", declared.declaration_time))
    check_word(declared.reason, cbv.ERROR_REASON, at + "/reason", found)
    for i, text in enumerate(declared.corrective_event_ids or ()):
        check_uri(text, f"{at}/correctiveEventIDs/{i}", found)


def _lists(event: ev.Event, found: Found) -> None:
    for i, transaction in enumerate(event.biz_transactions or ()):
        at = f"/bizTransactionList/{i}"
        check_closed(transaction, at, found)
        check_word(transaction.type, cbv.TRANSACTION_TYPE, at + "/type", found)
        require_identifier(transaction.id, at + "/bizTransaction", found)
    for i, source in enumerate(event.sources or ()):
        _party(source, f"/sourceList/{i}", "/source", found)
    for i, destination in enumerate(event.destinations or ()):
        _party(destination, f"/destinationList/{i}", "/destination", found)
    if event.sensor_elements:
        check_sensors(event.sensor_elements, found)


def _party(party: ev.Source | ev.Destination, at: str, member: str, found: Found) -> None:
    check_closed(party, at, found)
    if party.type is None:
        found.append(missing(at + "/type"))
    check_word(party.type, cbv.SOURCE_TYPE, at + "/type", found)
    require_identifier(party.id, at + member, found)


def _prefixes(event: ev.Event, context: Context, found: Found) -> None:
    """An extension whose prefix nobody declared means nothing to others."""
    if event.context is not None:
        context = context.extended(event.context)
    ilmd = getattr(event, "ilmd", None) or {}
    for at, names in (("", event.extensions), ("/ilmd", ilmd)):
        for name in names:
            prefix, colon, rest = name.partition(":")
            if colon and not rest.startswith("//") and prefix != "urn" and context.namespace(prefix) is None:
                found.append(
                    Problem(
                        at + step(name),
                        "prefix",
                        f"Tiền tố “{prefix}” chưa khai báo trong @context.",
                        f"The prefix “{prefix}” is not declared in @context.",
                    )
                )


# --- the five types -----------------------------------------------------------------------------------------


def _object_event(event: ev.ObjectEvent, found: Found) -> None:
    check_action(event, found)
    check_epcs(event.epcs, "/epcList", found)
    check_quantities(event.quantities, "/quantityList", found)
    check_persistent(event.persistent_disposition, found)
    check_ilmd(event.ilmd, found)
    if event.ilmd is not None and event.action != "ADD":
        found.append(
            Problem(
                "/ilmd",
                "ilmd",
                "“ilmd” chỉ được có khi action là ADD; hãy bỏ đi.",
                "“ilmd” may only stand with action ADD; leave it off.",
            )
        )
    measured = event.sensor_elements and event.read_point
    if event.epcs is None and not event.quantities and not measured:
        found.append(
            Problem(
                "/epcList",
                "required",
                "Phải có epcList, quantityList, hoặc số đo cảm biến cùng readPoint.",
                "There must be epcList, quantityList, or sensor data with a readPoint.",
            )
        )
    elif not (event.epcs or event.quantities or measured):
        found.append(
            Problem("/epcList", "nothing_named", "Sự kiện không nêu vật nào.", "The event names nothing.")
        )


def _with_children(event: ev.AggregationEvent | ev.AssociationEvent, found: Found) -> None:
    check_action(event, found)
    is_association = isinstance(event, ev.AssociationEvent)
    if event.parent_id is None:
        if is_association or event.action in ("ADD", "DELETE"):
            found.append(
                Problem(
                    "/parentID",
                    "parent",
                    "Thiếu “parentID”: ADD và DELETE phải nói vật chứa nào.",
                    "“parentID” is missing: ADD and DELETE must say which parent.",
                )
            )
    else:
        check_identifier(event.parent_id, "/parentID", found)
    check_epcs(event.child_epcs, "/childEPCs", found)
    check_quantities(event.child_quantities, "/childQuantityList", found)
    if event.action != "DELETE" and not event.child_epcs and not event.child_quantities:
        found.append(
            Problem(
                "/childEPCs",
                "required",
                "Phải có childEPCs hoặc childQuantityList (trừ khi DELETE).",
                "There must be childEPCs or childQuantityList (except with DELETE).",
            )
        )
    if event.parent_id is not None and event.child_epcs:
        parent = identify(event.parent_id).canonical
        for i, child in enumerate(event.child_epcs):
            if identify(child).canonical == parent:
                found.append(
                    Problem(
                        f"/childEPCs/{i}",
                        "own_parent",
                        "Một vật không thể nằm trong chính nó.",
                        "A thing cannot be inside itself.",
                    )
                )


def _transaction_event(event: ev.TransactionEvent, found: Found) -> None:
    check_action(event, found)
    if not event.biz_transactions:
        found.append(missing("/bizTransactionList"))
    if event.parent_id is not None:
        check_identifier(event.parent_id, "/parentID", found)
    check_epcs(event.epcs, "/epcList", found)
    check_quantities(event.quantities, "/quantityList", found)
    if event.action != "DELETE" and event.epcs is None and not event.quantities:
        found.append(
            Problem(
                "/epcList",
                "required",
                "Phải có epcList hoặc quantityList (trừ khi DELETE).",
                "There must be epcList or quantityList (except with DELETE).",
            )
        )


def _transformation_event(event: ev.TransformationEvent, found: Found) -> None:
    if event.action is not None:
        found.append(
            Problem(
                "/action",
                "unknown_member",
                "TransformationEvent không có “action”; hãy bỏ đi.",
                "A TransformationEvent has no “action”; leave it off.",
            )
        )
    check_epcs(event.input_epcs, "/inputEPCList", found)
    check_quantities(event.input_quantities, "/inputQuantityList", found)
    check_epcs(event.output_epcs, "/outputEPCList", found)
    check_quantities(event.output_quantities, "/outputQuantityList", found)
    if event.transformation_id is not None:
        check_identifier(event.transformation_id, "/transformationID", found)
    check_persistent(event.persistent_disposition, found)
    check_ilmd(event.ilmd, found)
    has_input = bool(event.input_epcs or event.input_quantities)
    has_output = bool(event.output_epcs or event.output_quantities)
    if event.transformation_id is not None:
        if not has_input and not has_output:
            found.append(
                Problem(
                    "/inputEPCList",
                    "required",
                    "Phải có ít nhất một đầu vào hoặc đầu ra.",
                    "There must be an input or an output.",
                )
            )
    elif not (has_input and has_output):
        at = "/outputEPCList" if has_input else "/inputEPCList"
        found.append(
            Problem(
                at,
                "required",
                "Phải có cả đầu vào và đầu ra, hoặc một transformationID nối các phần.",
                "There must be inputs and outputs, or a transformationID that joins the parts.",
            )
        )


def _extended(event: ev.Event, found: Found) -> None:
    if not is_uri(event.type):
        found.append(
            Problem(
                "/type",
                "uri",
                "Loại sự kiện riêng phải là một URI.",
                "An event type of one's own must be a URI.",
            )
        )
    found.append(
        Problem(
            "/type",
            "event_kind",
            "Loại sự kiện riêng: được lưu nhưng không dùng để truy vết.",
            "An event type of one's own: kept, but not used in tracing.",
        )
    )


_CHECKS: dict[type[ev.Event], Callable[[Any, Found], None]] = {
    ev.ObjectEvent: _object_event,
    ev.AggregationEvent: _with_children,
    ev.AssociationEvent: _with_children,
    ev.TransactionEvent: _transaction_event,
    ev.TransformationEvent: _transformation_event,
}
