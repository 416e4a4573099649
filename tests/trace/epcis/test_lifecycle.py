"""A thing is made before it is used, is in one parent at a time, and nothing happens to it after its end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.epcis.events import (
    AggregationEvent,
    ErrorDeclaration,
    Event,
    ObjectEvent,
    TransactionEvent,
    TransformationEvent,
)
from temthat_trace.epcis.history import Findings, Known, judge
from temthat_trace.epcis.lifecycle import EpcState, Happening, apply
from temthat_trace.epcis.problems import Level

ITEM, OTHER = "urn:epc:id:sgtin:4012345.011111.1", "urn:epc:id:sgtin:4012345.011111.2"
LINK = "https://x.vn/01/04012345111118/10/LOT/21/1"
BOX, PALLET = "urn:epc:id:sscc:4012345.0000000111", "urn:epc:id:sscc:4012345.0000000222"
START = datetime(2026, 3, 1, tzinfo=UTC)


def when(day: float) -> dict[str, Any]:
    return {"event_time": (START + timedelta(days=day)).isoformat(), "event_time_zone_offset": "+07:00"}


def make(day: float, *epcs: str) -> ObjectEvent:
    return ObjectEvent(type="ObjectEvent", action="ADD", biz_step="commissioning", epcs=epcs, **when(day))


def see(day: float, *epcs: str, step: str = "shipping") -> ObjectEvent:
    return ObjectEvent(type="ObjectEvent", action="OBSERVE", biz_step=step, epcs=epcs, **when(day))


def end(day: float, *epcs: str) -> ObjectEvent:
    return ObjectEvent(
        type="ObjectEvent", action="DELETE", biz_step="decommissioning", epcs=epcs, **when(day)
    )


def pack(day: float, parent: str | None, *epcs: str, action: str = "ADD") -> AggregationEvent:
    return AggregationEvent(
        type="AggregationEvent", action=action, parent_id=parent, child_epcs=epcs, **when(day)
    )


def turn(day: float, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> TransformationEvent:
    return TransformationEvent(
        type="TransformationEvent", input_epcs=inputs, output_epcs=outputs, **when(day)
    )


def replay(*events: Event) -> Findings:
    return judge([Known(event, b"") for event in events], (), {})


def rules(*events: Event) -> list[list[str]]:
    return [[p.rule for p in problems] for problems in replay(*events)]


def test_a_life_as_it_should_be_has_no_findings() -> None:
    life = [
        make(0, ITEM, OTHER),
        pack(1, BOX, ITEM, LINK.replace("/21/1", "/21/2")),
        pack(2, PALLET, BOX),
        see(3, PALLET, step="receiving"),
        pack(4, PALLET, BOX, action="DELETE"),
        pack(5, BOX, ITEM, action="DELETE"),
        pack(6, PALLET, ITEM),
        turn(7, (OTHER,), ("urn:epc:id:sgtin:4012345.022222.1",)),
        end(8, ITEM),
    ]
    assert rules(*life) == [[]] * len(life)


def test_a_logistic_unit_begins_by_being_filled_but_a_product_must_be_made() -> None:
    assert rules(pack(0, BOX, ITEM)) == [["not_commissioned"]]
    assert rules(make(0, ITEM), pack(1, BOX, ITEM)) == [[], []]
    outcome = apply(Happening(see(0, ITEM)), {})
    assert [p.level for p in outcome.problems] == [Level.WARNING]
    strict = apply(Happening(see(0, ITEM)), {}, levels={"not_commissioned": Level.ERROR})
    assert [p.level for p in strict.problems] == [Level.ERROR]


def test_both_ways_of_writing_are_one_thing() -> None:
    assert rules(make(0, ITEM), make(1, LINK)) == [[], ["commission_twice"]]


@pytest.mark.parametrize(
    "after",
    [make(2, ITEM), see(2, ITEM), end(2, ITEM), pack(2, BOX, ITEM), turn(2, (ITEM,), ())],
    ids=["made", "seen", "ended", "packed", "used"],
)
@pytest.mark.parametrize(
    "ending",
    [end(1, ITEM), see(1, ITEM, step="destroying"), turn(1, (ITEM,), (OTHER,))],
    ids=["decommissioned", "destroyed", "used up"],
)
def test_nothing_happens_after_the_end(ending: Event, after: Event) -> None:
    found = replay(make(0, ITEM), ending, after)
    assert found[:2] == [[], []]
    assert [(p.rule, p.level) for p in found[2]] == [("after_end", Level.ERROR)]
    assert found[2][0].pointer.endswith("/0")


def test_one_parent_at_a_time() -> None:
    made = make(0, ITEM, BOX, PALLET)
    assert rules(made, pack(1, BOX, ITEM), pack(2, PALLET, ITEM)) == [[], [], ["two_parents"]]
    assert rules(made, pack(1, BOX, ITEM), pack(2, BOX, ITEM)) == [[], [], ["already_inside"]]
    taken_out = pack(2, BOX, ITEM, action="DELETE")
    assert rules(made, pack(1, BOX, ITEM), taken_out, pack(3, PALLET, ITEM)) == [[], [], [], []]
    assert rules(made, pack(1, PALLET, ITEM), taken_out) == [[], [], ["not_inside"]]


def test_a_parent_emptied_without_naming_anything_is_empty() -> None:
    made = make(0, ITEM, OTHER, BOX, PALLET)
    empty = pack(2, BOX, action="DELETE")
    assert rules(made, pack(1, BOX, ITEM, OTHER), empty, pack(3, PALLET, ITEM, OTHER)) == [[], [], [], []]


def test_things_cannot_hold_each_other() -> None:
    made = make(0, BOX, PALLET)
    assert rules(made, pack(1, PALLET, BOX), pack(2, BOX, PALLET)) == [[], [], ["in_each_other"]]


def test_order_of_time_counts_and_not_order_of_arrival() -> None:
    assert rules(see(1, ITEM), make(0, ITEM)) == [[], []]
    state = {Happening(make(0, ITEM)).named[0]: EpcState(commissioned=True, last=START + timedelta(days=5))}
    assert [p.rule for p in apply(Happening(see(1, ITEM)), state).problems] == ["late"]


def test_a_late_event_does_not_turn_the_clock_back() -> None:
    thing = Happening(make(0, ITEM)).named[0]
    later = EpcState(commissioned=True, last=START + timedelta(days=5))
    assert apply(Happening(see(1, ITEM)), {thing: later}).changed[thing].last == later.last
    assert apply(Happening(see(9, ITEM)), {thing: later}).changed[thing].last == START + timedelta(days=9)


def test_an_event_declared_wrong_changes_nothing() -> None:
    wrong = ObjectEvent(
        type="ObjectEvent",
        action="DELETE",
        epcs=(ITEM,),
        error_declaration=ErrorDeclaration(declaration_time="2026-03-02T00:00:00Z"),
        **when(1),
    )
    assert rules(make(0, ITEM), wrong, see(2, ITEM)) == [[], [], []]


def test_lots_and_places_are_not_followed() -> None:
    lot = "urn:epc:class:lgtin:4012345.012345.A"
    event = TransactionEvent(
        type="TransactionEvent", action="ADD", epcs=(lot, ITEM), parent_id=BOX, **when(0)
    )
    assert Happening(event).named == [
        "https://id.gs1.org/01/04012345111118/21/1",
        "https://id.gs1.org/00/040123450000001112",
    ]


things = st.sampled_from([ITEM, OTHER, BOX, PALLET])
days = st.integers(0, 30).map(float)
histories = st.lists(
    st.builds(make, days, things)
    | st.builds(see, days, things)
    | st.builds(end, days, things)
    | st.builds(
        lambda d, p, c, a: pack(d, p, c, action=a), days, things, things, st.sampled_from(["ADD", "DELETE"])
    )
    | st.builds(lambda d, i, o: turn(d, (i,), (o,)), days, things, things),
    max_size=12,
)


@given(histories)
def test_property_what_is_accepted_never_uses_an_ended_thing_nor_makes_a_circle(history: list[Event]) -> None:
    ended: set[str] = set()
    states: dict[str, EpcState] = {}
    for event in sorted(history, key=lambda e: e.at()):
        outcome = apply(Happening(event), states)
        if any(p.level is Level.ERROR for p in outcome.problems):
            continue
        assert not ended & set(Happening(event).named)
        states.update(outcome.changed)
        ended |= {thing for thing, state in states.items() if state.ended}
        for thing, state in states.items():
            above, seen = state.parent, {thing}
            while above is not None:
                assert above not in seen
                seen.add(above)
                above = states.get(above, EpcState()).parent
