"""When a thing was inside another: every way that aggregations tell it, and a simpler reading of random ones."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.lineage.movements import Kind, Movement, Part, read_movement
from temthat_trace.lineage.stays import FIRST, LAST, stays

ITEM = "https://id.gs1.org/01/08938505974194"


def event(
    at: int, action: str, parent: str | None, *children: str | Part, kind: Kind = Kind.INSIDE
) -> Movement:
    parts = tuple(c if isinstance(c, Part) else Part(c) for c in children)
    return Movement(at, at, kind, action=action, parent=parent, children=parts)


def told(*events: Movement) -> list[tuple[str, str, int, int]]:
    return [(stay.child.name, stay.parent, stay.since, stay.until) for stay in stays(events)]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        pytest.param([event(1, "ADD", "P", "a"), event(5, "DELETE", "P", "a")], [("a", "P", 1, 5)], id="in-and-out"),
        pytest.param([event(1, "ADD", "P", "a")], [("a", "P", 1, LAST)], id="still-inside"),
        pytest.param([event(5, "DELETE", "P", "a")], [("a", "P", FIRST, 5)], id="nobody-told-of-the-beginning"),
        pytest.param([event(3, "OBSERVE", "P", "a")], [("a", "P", FIRST, LAST)], id="seen-inside"),
        pytest.param(
            [event(1, "ADD", "P", "a", "b"), event(4, "DELETE", "P")], [("a", "P", 1, 4), ("b", "P", 1, 4)],
            id="emptied",
        ),
        pytest.param(
            [event(1, "ADD", "P", "a"), event(4, "ADD", "Q", "a")], [("a", "P", 1, 4), ("a", "Q", 4, LAST)],
            id="one-parent-at-a-time",
        ),
        pytest.param(
            [event(1, "ADD", "P", "a"), event(4, "ADD", "Q", "a", kind=Kind.JOINED)],
            [("a", "P", 1, LAST), ("a", "Q", 4, LAST)], id="a-sensor-may-be-joined-as-well",
        ),
        pytest.param(
            [event(1, "ADD", "P", "a"), event(4, "DELETE", None, "a")], [("a", "P", 1, 4)], id="out-of-wherever",
        ),
        pytest.param(
            [event(1, "ADD", "P", "a"), Movement(3, 3, Kind.MADE, inputs=(Part("a"),))], [("a", "P", 1, 3)],
            id="used-up",
        ),
    ],
)  # fmt: skip
def test_single_things(events: list[Movement], expected: list[tuple[str, str, int, int]]) -> None:
    """Each way records begin, end or leave open."""
    assert told(*events) == expected
    assert told(*reversed(events)) == expected


def test_of_a_lot_only_so_much_leaves_as_is_said() -> None:
    """Ten kilograms in, four out, six out: inside until the second; and in two cartons at once."""
    lot = f"{ITEM}/10/L"

    def some(amount: int) -> Part:
        return Part(lot, Decimal(amount), "KGM")

    moved = [event(1, "ADD", "P", some(10)), event(2, "DELETE", "P", some(4)), event(3, "ADD", "Q", some(5))]
    assert told(*moved) == [(lot, "P", 1, LAST), (lot, "Q", 3, LAST)]
    assert told(*moved, event(4, "DELETE", "P", some(6))) == [(lot, "P", 1, 4), (lot, "Q", 3, LAST)]


@given(
    st.lists(
        st.tuples(st.sampled_from(["ADD", "DELETE"]), st.sampled_from("PQ"), st.sampled_from("ab")),
        max_size=12,
    )
)
def test_a_thing_is_nowhere_twice(steps: list[tuple[str, str, str]]) -> None:
    """Whatever is told, stays of one thing overlap nowhere but at their ends, except before anything was told."""
    events = [event(n, action, parent, child) for n, (action, parent, child) in enumerate(steps)]
    for child in "ab":
        mine = [stay for stay in stays(events) if stay.child.name == child and stay.since != FIRST]
        for one, other in itertools.pairwise(mine):
            assert one.until <= other.since
        assert all(stay.since <= stay.until for stay in mine)


def test_reading_an_event_as_it_came() -> None:
    """Identifiers in any form, amounts with and without unit, the lot in master data, where goods arrived."""
    read = read_movement(
        7, 1, "e",
        {
            "type": "ObjectEvent", "action": "ADD", "bizStep": "urn:epcglobal:cbv:bizstep:receiving",
            "epcList": ["urn:epc:id:sgtin:89385059.07419.2"],
            "quantityList": [{"epcClass": f"{ITEM}/10/L", "quantity": 2.5, "uom": "KGM"}, {"epcClass": ITEM}],
            "ilmd": {"cbvmda:lotNumber": "A/1"}, "bizLocation": {"id": "urn:epc:id:sgln:893850597.000.0"},
        },
    )  # fmt: skip
    assert read.children == (
        Part(f"{ITEM}/21/2", lot=f"{ITEM}/10/A%2F1"), Part(f"{ITEM}/10/L", Decimal("2.5"), "KGM"), Part(ITEM),
    )  # fmt: skip
    assert read.step == "receiving"
    assert len(read.handed_to) == 1
    assert read.handed_to[0].startswith("https://id.gs1.org/414/893850597000")
