"""New events are judged at their place in time among those stored, however late they came."""

from datetime import UTC, datetime, timedelta
from typing import Any

from temthat_trace.epcis.events import AggregationEvent, ErrorDeclaration, Event, ObjectEvent
from temthat_trace.epcis.history import Known, judge
from temthat_trace.epcis.levels import levels_of
from temthat_trace.epcis.problems import Level

ITEM = "urn:epc:id:sgtin:4012345.011111.1"
BOX, PALLET = "urn:epc:id:sscc:4012345.0000000111", "urn:epc:id:sscc:4012345.0000000222"
START = datetime(2026, 3, 1, tzinfo=UTC)
LEVELS = levels_of({})


def at(day: float) -> dict[str, Any]:
    return {"event_time": (START + timedelta(days=day)).isoformat(), "event_time_zone_offset": "+07:00"}


def item(day: float, action: str = "OBSERVE", **more: Any) -> ObjectEvent:
    return ObjectEvent(type="ObjectEvent", epcs=(ITEM,), action=action, **at(day), **more)


def packed(day: float, parent: str = BOX, action: str = "ADD") -> AggregationEvent:
    return AggregationEvent(
        type="AggregationEvent", parent_id=parent, child_epcs=(ITEM,), action=action, **at(day)
    )


def known(*events: Event) -> list[Known]:
    """Events with hashes of their own; a declaration has that of the event it repeats."""
    return [Known(e, repr((type(e), e.event_time, e.action)).encode()) for e in events]


def rules(new: list[Event], stored: list[Event], **more: Any) -> list[list[str]]:
    found = judge(known(*new), known(*stored), more.pop("levels", LEVELS), **more)
    return [[p.rule for p in problems] for problems in found]


def test_what_was_stored_is_the_past() -> None:
    """Made before: nothing to tell. Ended before: told."""
    assert rules([item(2)], [item(1, "ADD")]) == [[]]
    assert rules([item(3)], [item(1, "ADD"), item(2, "DELETE")]) == [["after_end"]]
    assert rules([item(2)], []) == [["not_commissioned"]]


def test_a_group_is_taken_in_the_order_of_time() -> None:
    """Though it came the other way round."""
    assert rules([item(3, "DELETE"), item(1, "ADD"), item(2)], []) == [[], [], []]


def test_what_comes_late_is_judged_at_its_place() -> None:
    """The end is stored, an observation before it comes later: it is late and nothing else."""
    assert rules([item(2)], [item(1, "ADD"), item(3, "DELETE")]) == [["late"]]


def test_what_comes_late_and_contradicts_is_told() -> None:
    """An end that makes a stored event one after the end; a packing that makes the stored one a second parent."""
    assert rules([item(2, "DELETE")], [item(1, "ADD"), item(3)]) == [["late", "contradicts_later"]]
    assert rules([packed(2, PALLET)], [item(1, "ADD"), packed(3)]) == [["late", "contradicts_later"]]
    [[_, problem]] = judge(known(item(2, "DELETE")), known(item(1, "ADD"), item(3)), LEVELS)
    assert problem.pointer == "/epcList/0"
    assert "2026-03-04" in problem.en
    assert "2026-03-04" in problem.vi


def test_two_parents_across_the_store() -> None:
    """In the box since yesterday: today's pallet is a second parent, unless it was taken out."""
    stored: list[Event] = [item(1, "ADD"), packed(2)]
    assert rules([packed(3, PALLET)], stored) == [["two_parents"]]
    assert rules([packed(3, PALLET)], [*stored, packed(2.5, action="DELETE")]) == [[]]


def test_emptying_a_parent_takes_out_what_is_in_it() -> None:
    """The stored box is emptied without naming its packs."""
    emptied = AggregationEvent(type="AggregationEvent", parent_id=BOX, action="DELETE", **at(3))
    assert rules([packed(4, PALLET)], [item(1, "ADD"), packed(2), emptied]) == [[]]


def test_what_was_declared_wrong_counts_for_nothing() -> None:
    """A stored end that was an error, declared before or with the new event."""
    end = item(2, "DELETE")
    declared = item(2, "DELETE", error_declaration=ErrorDeclaration(declaration_time="2026-03-05T00:00:00Z"))
    assert rules([item(3)], [item(1, "ADD"), end, declared]) == [[]]
    assert rules([declared, item(3)], [item(1, "ADD"), end]) == [[], []]


def test_a_long_history_is_told_and_its_beginning_not_guessed() -> None:
    """Only the latest events are known, so nothing says that it was not made before."""
    assert rules([item(9)], [item(8)], long={"https://id.gs1.org/01/04012345111118/21/1"}) == [
        ["long_history"]
    ]


def test_a_rule_that_is_an_error_keeps_the_event_out_of_the_rest() -> None:
    """The refused second packing does not count: the third event finds the thing where it was."""
    levels = levels_of({"two_parents": Level.ERROR})
    events: list[Event] = [packed(3, PALLET), packed(4, action="DELETE")]
    assert rules(events, [item(1, "ADD"), packed(2)], levels=levels) == [["two_parents"], []]
