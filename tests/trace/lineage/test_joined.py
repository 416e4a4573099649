"""Lineage through captured EPCIS events and recorded batches together; on SQLite and PostgreSQL."""

import datetime as dt
import itertools
import json
import uuid
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import true

from temthat_trace.epcis.capture import capture
from temthat_trace.epcis.tables import CaptureJob
from temthat_trace.lineage.joined import Node, Trace, trace
from temthat_trace.lineage.things import Thing, keepers
from temthat_trace.lineage.walk import Bounds, Cut, Direction, Tie, outline
from temthat_trace.parties import Party

from .test_lineage import Farm, farm  # noqa: F401 - a fixture

GTIN = "08938505974194"
NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)


def lot(number: str, gtin: str = GTIN) -> str:
    return f"https://id.gs1.org/01/{gtin}/10/{number}"


def serial(number: str, of: str = "") -> str:
    return f"https://id.gs1.org/01/{GTIN}" + (f"/10/{of}" if of else "") + f"/21/{number}"


CARTON, PALLET, BIN = (
    f"https://id.gs1.org/00/{n}" for n in ("389385059700000012", "389385059700000029", "389385059700000036")
)
SHOP = "https://id.gs1.org/417/8938505970004"


class Story:
    """Events of one party, an hour apart, captured as they are told."""

    def __init__(self, farm: Farm) -> None:  # noqa: F811
        self.session = farm.session
        self.party = farm.party.id
        self._hours = itertools.count()

    def tell(self, kind: str, **members: Any) -> dict[str, Any]:
        """One event, an hour after the one before."""
        at = dt.datetime(2026, 10, 1, tzinfo=dt.UTC) + dt.timedelta(hours=next(self._hours))
        event = {"type": kind, "eventTime": at.isoformat(), "eventTimeZoneOffset": "+07:00", **members}
        self.keep(event)
        return event

    def keep(self, event: dict[str, Any], party: uuid.UUID | None = None) -> None:
        context = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]
        _, captured = capture(
            self.session, party or self.party, json.dumps({"@context": context, **event}), now=NOW
        )
        assert captured.success, captured

    def made(self, inputs: list[str], outputs: list[str], **more: Any) -> None:
        members: dict[str, Any] = dict(more)
        for names, epcs, classes in ((inputs, "inputEPCList", "inputQuantityList"),
                                     (outputs, "outputEPCList", "outputQuantityList")):  # fmt: skip
            things = [n for n in names if "/21/" in n or "/00/" in n or "sgtin" in n]
            if things:
                members[epcs] = things
            if others := [{"epcClass": n, "quantity": 5, "uom": "KGM"} for n in names if n not in things]:
                members[classes] = others
        self.tell("TransformationEvent", **members)

    def packed(self, action: str, parent: str, *children: str, kind: str = "AggregationEvent") -> None:
        more = {"childEPCs": list(children)} if children else {}
        self.tell(kind, action=action, parentID=parent, **more)

    def shipped(self, *things: str, to: str = SHOP) -> None:
        destination = [{"type": "owning_party", "destination": to}]
        self.tell("ObjectEvent", action="OBSERVE", bizStep="shipping", epcList=list(things),
                  destinationList=destination)  # fmt: skip

    def walk(self, start: Node | str, way: Direction, **bounds: int) -> Trace:
        node = Thing(start) if isinstance(start, str) else start
        read = keepers(self.session, true())
        return trace(self.session, [node], way, Bounds(**bounds), keepers=read, hosts=["tem.example.vn"])

    def names(self, found: Trace) -> list[str]:
        """The last part of each thing's name, and the lot of each batch."""
        return [
            found.facts[n].lot if isinstance(n, uuid.UUID) else n.name.rsplit("/", 1)[-1]
            for n in found.walk.nodes
        ]

    def down(self, start: Node | str) -> list[str]:
        return self.names(self.walk(start, Direction.DOWN))

    def up(self, start: Node | str) -> list[str]:
        return self.names(self.walk(start, Direction.UP))


@pytest.fixture
def story(farm: Farm) -> Story:  # noqa: F811
    return Story(farm)


def test_transformations_lead_both_ways_whichever_way_a_thing_is_written(story: Story) -> None:
    """A lot of rice becomes packs; one pack is written as a URN. Amounts of a lot stand on the links."""
    story.made([lot("LUA")], [serial("1"), "urn:epc:id:sgtin:89385059.07419.2"])
    found = story.walk(lot("LUA"), Direction.DOWN)
    assert sorted(story.names(found)) == ["1", "2", "LUA"]
    assert {(link.amount, link.unit, link.tie) for link in found.walk.links} == {
        (Decimal(5), "KGM", Tie.MADE)
    }
    assert story.up(serial("2")) == ["2", "LUA"]


def test_one_transformation_told_in_two_events(story: Story) -> None:
    """What went in in the morning and came out in the evening belongs together by its transformationID."""
    which = {"transformationID": "urn:uuid:8f3e1a52-3ce8-4b4e-9d6c-9c4d2f2b1a01"}
    story.tell(
        "TransformationEvent",
        **which,
        inputQuantityList=[{"epcClass": lot("A"), "quantity": 1, "uom": "KGM"}],
    )
    story.tell("TransformationEvent", **which, outputEPCList=[serial("9")])
    assert story.up(serial("9")) == ["9", "A"]
    assert story.down(lot("A")) == ["A", "9"]


def test_a_carton_shares_a_pack_only_while_it_is_inside(story: Story) -> None:
    """Shipped in a carton on a pallet; the other pack is not touched, and what came after it left neither."""
    story.made([lot("A")], [serial("1")])
    story.made([lot("B")], [serial("2")])
    story.packed("ADD", CARTON, serial("1"), serial("2"))
    story.packed("ADD", PALLET, CARTON)
    story.shipped(PALLET)
    story.packed("DELETE", PALLET)
    story.packed("DELETE", CARTON, serial("1"))
    story.packed("ADD", BIN, CARTON)
    story.shipped(CARTON, to="https://id.gs1.org/417/8938505970998")
    found = story.walk(lot("A"), Direction.DOWN)
    assert story.names(found) == ["A", "1", CARTON[-18:], PALLET[-18:]]
    assert [(h.name, h.to) for _, h in found.handovers] == [(PALLET, SHOP)]
    assert story.down(lot("B"))[1:] == ["2", CARTON[-18:], PALLET[-18:], BIN[-18:]]


def test_from_a_container_to_what_was_in_it_and_what_became_of_that(story: Story) -> None:
    """A dirty bin: what lay in it, and what was made of that afterwards; not what was made before."""
    story.packed("ADD", BIN, serial("1"), kind="AssociationEvent")
    story.made([serial("0")], [serial("00")])
    story.packed("DELETE", BIN, serial("1"), kind="AssociationEvent")
    story.made([serial("1")], [serial("3")])
    assert story.down(BIN) == [BIN[-18:], "1", "3"]
    assert story.up(BIN) == [BIN[-18:], "1"]
    late = Thing(BIN, since=int(dt.datetime(2026, 10, 1, 5, tzinfo=dt.UTC).timestamp() * 1e6))
    assert story.down(late) == [BIN[-18:]]


def test_a_lot_and_its_serials_are_found_from_each_other(story: Story) -> None:
    """By the identifier that names both, and by the lot number of a commissioning's master data."""
    story.tell("ObjectEvent", action="ADD", bizStep="commissioning", epcList=[serial("1", of="L1")])
    story.tell("ObjectEvent", action="ADD", bizStep="commissioning", epcList=[serial("2")],
               ilmd={"cbvmda:lotNumber": "L1"})  # fmt: skip
    story.made([serial("2")], [serial("5", of="L2")])
    assert sorted(story.down(lot("L1"))) == ["1", "2", "5", "L1"]
    assert sorted(story.up(serial("5"))) == ["2", "5", "L1", "L2"]
    assert sorted(story.up(lot("L2"))) == ["2", "L1", "L2"]


def test_records_and_events_are_walked_as_one(story: Story, farm: Farm) -> None:  # noqa: F811
    """Field by record, mill by events, packs by record again: by GTIN and lot, and by our own codes."""
    farm.products["CAM"].gtin = GTIN
    for name in ("RUONG", "XAY", "GOI"):
        farm.batch(name)
    farm.made("XAY", RUONG=10)
    codes = f"https://tem.example.vn/x/{farm.party.code}/CAM/GOI"
    story.made([lot("XAY")], [lot("TRUNG-GIAN", "08938505974200"), "https://elsewhere.vn/x/HTX/CAM/KHAC"])
    story.made([lot("TRUNG-GIAN", "08938505974200")], [codes])
    whole = ["RUONG", "XAY", "TRUNG-GIAN", "KHAC", "GOI"]
    assert story.down(farm.lots["RUONG"]) == whole
    assert story.up(farm.lots["GOI"]) == ["GOI", "TRUNG-GIAN", "XAY", "RUONG"]
    assert story.down(lot("RUONG")) == whole
    assert farm.named(trace(farm.session, [farm.lots["RUONG"]], Direction.DOWN).batches) == ["RUONG", "XAY"]


def test_an_event_declared_wrong_leads_nowhere(story: Story) -> None:
    """The declaration repeats the event; both say nothing from then on."""
    event = story.tell("TransformationEvent", inputEPCList=[serial("1")], outputEPCList=[serial("2")])
    assert story.down(serial("1")) == ["1", "2"]
    story.keep(
        {**event, "errorDeclaration": {"declarationTime": NOW.isoformat(), "reason": "incorrect_data"}}
    )
    assert story.down(serial("1")) == ["1"]


def test_circles_repeats_and_depth(story: Story) -> None:
    """Reworked goods come back; a node met again is one abbreviated line; the depth asked for is kept."""
    story.made([lot("A")], [lot("B"), lot("C")])
    story.made([lot("B"), lot("C")], [lot("D")])
    story.made([lot("D")], [lot("A"), lot("E")])
    found = story.walk(lot("A"), Direction.DOWN)
    assert story.names(found) == ["A", "B", "C", "D", "E"]
    lines, _ = outline(found.walk)
    told = [
        (line.node.name[-1], line.depth, line.abbreviated) for line in lines if isinstance(line.node, Thing)
    ]
    assert ("D", 2, False) in told
    assert ("D", 2, True) in told
    assert story.walk(lot("A"), Direction.DOWN, depth=1).cut is Cut.DEPTH


def test_goods_are_followed_into_the_next_organisations_events(story: Story, farm: Farm) -> None:  # noqa: F811
    """Only whose events may be read is walked through; what both keep counts once."""
    other = Party(code="XAY", kind=farm.party.kind, name="Nhà máy", province="24")
    farm.session.add(other)
    farm.session.flush()
    story.made([lot("A")], [serial("1")])
    event = story.tell("TransformationEvent", inputEPCList=[serial("1")], outputEPCList=[serial("2")])
    story.keep(event, other.id)
    story.keep({**event, "inputEPCList": [serial("2")], "outputEPCList": [serial("3")]}, other.id)
    found = story.walk(lot("A"), Direction.DOWN)
    assert story.names(found) == ["A", "1", "2", "3"]
    assert len(found.walk.links) == 3
    mine = trace(
        farm.session,
        [Thing(lot("A"))],
        Direction.DOWN,
        keepers=keepers(farm.session, Party.id == farm.party.id),
    )
    assert story.names(mine) == ["A", "1", "2"]


def test_a_wide_transformation_costs_links_by_the_sum_not_the_product(story: Story) -> None:
    """Two hundred lots into two hundred: all are reached, with a bounded number of links."""
    ins, outs = ([lot(f"{side}{n}") for n in range(200)] for side in "IO")
    story.made(ins, outs)
    found = trace(
        story.session, [Thing(name) for name in ins], Direction.DOWN, keepers=keepers(story.session, true())
    )
    assert len(found.walk.nodes) == 400
    assert len(found.walk.links) == 399


def test_what_was_told_from_records_can_be_left_out(story: Story) -> None:
    """A recall walks the records themselves, not the events made of them."""
    story.made([lot("A")], [serial("1")])
    for job in story.session.query(CaptureJob):
        job.source = "records"
    story.made([lot("A")], [serial("2")])
    found = trace(
        story.session,
        [Thing(lot("A"))],
        Direction.DOWN,
        keepers=keepers(story.session, true()),
        without="records",
    )
    assert story.names(found) == ["A", "2"]
