"""Records as EPCIS events: valid by GS1's schema and our rules, the same each time, without names of people."""

import datetime as dt
import json
import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from temthat_trace.balance.amounts import Amount
from temthat_trace.emitting import identities, words
from temthat_trace.emitting.facts import BatchFacts, Goods, LineFacts, SlipFacts, StampFacts, StepFacts
from temthat_trace.emitting.telling import NAMES, document, public, tell
from temthat_trace.epcis.document import document_of
from temthat_trace.epcis.eventhash import event_hash
from temthat_trace.epcis.rules import check_document
from temthat_trace.events import LineRole, Step
from temthat_trace.formats import VIETNAM
from temthat_trace.vouching import Vouching

from ..epcis.conformance import FOLDER, needs_data

BASE = "https://tem.example.vn"
NOW = dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC)
AT = dt.datetime(2026, 6, 1, 7, 30, tzinfo=VIETNAM)
GTIN = "08938505974194"
IDS = [uuid.UUID(int=n) for n in range(100)]


def kg(quantity: Any, unit: str = "KGM") -> Amount:
    return Amount(Decimal(quantity), unit)


def goods(number: int, lot: str, quantity: Any = None, gtin: str | None = None, unit: str = "KGM") -> Goods:
    called = identities.lot_class(BASE, "HTX-A", "CHÈ", lot, gtin)
    return Goods(IDS[number], called, None if quantity is None else kg(quantity, unit))


def line(role: LineRole, what: str, quantity: Any = None, unit: str = "KGM", **more: Any) -> LineFacts:
    return LineFacts(role, what, amount=None if quantity is None else kg(quantity, unit), **more)


def step(number: int, kind: Step, *lines: LineFacts, **more: Any) -> StepFacts:
    at = AT + dt.timedelta(days=number)
    return StepFacts(IDS[number], kind, at, Vouching.SELF_DECLARED, lines=lines, **more)


FIELD = "urn:uuid:" + str(IDS[50])
STEPS = (
    step(10, Step.SOWING, line(LineRole.USED, "Giống PH10", 2000, "EA"), place=FIELD, plot=IDS[50]),
    step(11, Step.CARE, line(LineRole.USED, "NPK 16-16-8", "12.5", lot="B-77"), place=FIELD, plot=IDS[50]),
    step(12, Step.HARVEST, line(LineRole.OUT, "chè tươi", 500), line(LineRole.LOST, "lá già", 5), place=FIELD),
    step(13, Step.PURCHASE, line(LineRole.IN, "chè tươi", 300)),
    step(14, Step.PRELIMINARY, line(LineRole.IN, "chè tươi", 800), line(LineRole.OUT, "chè héo", 600)),
    step(15, Step.PROCESSING, line(LineRole.IN, "mua", 20, goods=goods(4, "KHAC", 20)), line(LineRole.OUT, "", 160)),
    step(16, Step.TESTING),
    step(17, Step.PACKING, line(LineRole.OUT, "hộp", 800, "XBX")),
    step(18, Step.STORAGE),
    step(19, Step.TRANSPORT, line(LineRole.SENT, "chè", 50, partner=f"{BASE}/x/HTX-B"), line(LineRole.SENT, "chè", 5)),
    step(20, Step.OTHER),
    step(21, Step.TRANSPORT),
)  # fmt: skip


def batch(gtin: str | None = GTIN, **more: Any) -> BatchFacts:
    """Dried tea from two sources, with a whole diary, slips and stamps."""
    own = goods(1, "K/1", 160, gtin)
    known = {
        "goods": own, "lot": "K/1", "actor": identities.organisation(BASE, "HTX-A", None),
        "site": identities.site(BASE, "HTX-A", None), "made_on": dt.date(2026, 6, 20),
        "expires_on": dt.date(2027, 6, 20), "province": "24", "commune": "07321", "growing_area": "VN-BNOR-0001",
        "papers": f"{BASE}/p/HTX-A/CHE#papers", "sources": (goods(2, "T1", 500), goods(3, "T2", 3, unit="DTN")),
        "steps": STEPS, "slips": (SlipFacts(IDS[30], AT, kg(200), IDS[60], FIELD, IDS[50]),),
        "stamps": (StampFacts(7, AT, own.epc_class, 1, 816),),
    }  # fmt: skip
    return BatchFacts(**{**known, **more})


def events(facts: BatchFacts) -> list[dict[str, Any]]:
    return [told.as_json() for told in tell(facts)]


CASES = {
    "with GTIN": batch(),
    "without GTIN": batch(None),
    "made from no other": batch(sources=()),
    "bare": batch(
        None, sources=(), steps=(), slips=(), stamps=(), expires_on=None, papers="", growing_area=""
    ),
    "public": public(batch()),
    "pieces": batch(goods=goods(1, "E1", 1000, unit="H87"), sources=()),
}


@needs_data
@pytest.mark.parametrize("name", sorted(CASES))
def test_conformance_events_are_valid_by_the_schema_of_gs1(name: str) -> None:
    """Every event of every kind, with formats checked."""
    schema = json.loads((FOLDER / "epcis" / "EPCIS-JSON-Schema.json").read_text("utf-8"))
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    made = document(events(CASES[name]), NOW)
    assert [e.message for e in validator.iter_errors(made)] == []
    # The schema lets a document pass when one alternative of an event does: each by its own definition as well.
    for event in made["epcisBody"]["eventList"]:
        own = jsonschema.Draft7Validator(
            {**schema, **schema["definitions"][event["type"]], "definitions": schema["definitions"]}
        )
        assert [e.message for e in own.iter_errors(event)] == []


@pytest.mark.parametrize("name", sorted(CASES))
def test_events_keep_every_field_rule(name: str) -> None:
    """Not even a warning."""
    assert check_document(document_of(document(events(CASES[name]), NOW)), now=NOW) == []


def test_each_record_is_told_once_and_the_same_each_time() -> None:
    """The id of an event is its CBV hash."""
    first, again = events(batch()), events(batch())
    assert first == again
    assert len({event["eventID"] for event in first}) == len(first) == 1 + len(STEPS) + 2
    assert len({event[words.RECORD] for event in first}) == len(first)
    for event in first:
        bare = {name: value for name, value in event.items() if name != "eventID"}
        assert event["eventID"] == event_hash(bare, NAMES)


def test_a_batch_made_of_others_is_a_transformation() -> None:
    """Inputs and output with their units, master data, one id that later inputs join."""
    made, *rest = events(batch())
    assert made["type"] == "TransformationEvent"
    assert made["bizStep"] == "creating_class_instance"
    assert made["eventTime"] == "2026-06-20T00:00:00.000+07:00"
    assert made["inputQuantityList"] == [
        {"epcClass": f"{BASE}/x/HTX-A/CH%C3%88/T1", "quantity": 500, "uom": "KGM"},
        {"epcClass": f"{BASE}/x/HTX-A/CH%C3%88/T2", "quantity": 3, "uom": "DTN"},
    ]
    assert made["outputQuantityList"] == [
        {"epcClass": f"https://id.gs1.org/01/{GTIN}/10/K%2F1", "quantity": 160, "uom": "KGM"}
    ]
    assert made["ilmd"]["cbvmda:lotNumber"] == "K/1"
    assert made["certificationInfo"] == f"{BASE}/p/HTX-A/CHE#papers"
    [joined] = [e for e in rest if e["type"] == "TransformationEvent"]
    assert joined["transformationID"] == made["transformationID"]
    assert joined["inputQuantityList"] == [
        {"epcClass": f"{BASE}/x/HTX-A/CH%C3%88/KHAC", "quantity": 20, "uom": "KGM"}
    ]


def test_a_batch_made_of_none_is_commissioned() -> None:
    """With its lot, dates and harvest area."""
    made = events(batch(sources=()))[0]
    assert (made["type"], made["action"], made["disposition"]) == ("ObjectEvent", "ADD", "active")
    assert made["ilmd"]["temthat:growingAreaCode"] == "VN-BNOR-0001"
    assert made["ilmd"]["cbvmda:itemExpirationDate"] == "2027-06-20"


def test_a_diary_entry_has_its_materials_and_place() -> None:
    """Fertiliser with its lot, on the plot, in the field's own step."""
    care = next(e for e in events(batch()) if e.get(words.STEP) == "care")
    assert care["bizStep"] == "urn:temthat:epcis:BizStep-caring"
    assert care["readPoint"] == {"id": FIELD}
    assert care[words.LINES] == [
        {"temthat:role": "used", "temthat:name": "NPK 16-16-8", "temthat:lot": "B-77", "temthat:quantity": 12.5,
         "temthat:uom": "KGM"}
    ]  # fmt: skip
    assert care[words.VOUCHING] == "self_declared"


def test_goods_sent_are_shipped_to_whom_the_system_knows() -> None:
    """Amounts of one unit are added; without anything sent it is a transport."""
    shipped, moved = (e for e in events(batch()) if e.get(words.STEP) == "transport")
    assert (shipped["bizStep"], moved["bizStep"]) == ("shipping", "transporting")
    assert shipped["quantityList"][0]["quantity"] == 55
    assert shipped["destinationList"] == [{"type": "possessing_party", "destination": f"{BASE}/x/HTX-B"}]
    assert "bizLocation" not in shipped
    assert "sourceList" not in moved


def test_a_purchase_names_its_household_by_an_opaque_id() -> None:
    """From a household to the cooperative, under the slip's id."""
    bought = next(e for e in events(batch()) if e["type"] == "TransactionEvent")
    assert bought["sourceList"] == [{"type": "possessing_party", "source": f"urn:uuid:{IDS[60]}"}]
    assert bought["destinationList"] == [{"type": "possessing_party", "destination": f"{BASE}/x/HTX-A"}]
    assert bought["bizTransactionList"] == [{"type": "recadv", "bizTransaction": f"urn:uuid:{IDS[30]}"}]


def test_a_run_of_stamps_is_one_event_however_many() -> None:
    """The range, and the class with the count."""
    many = batch(stamps=(StampFacts(7, AT, goods(1, "K1").epc_class, 1, 5_000_000),))
    run = next(e for e in events(many) if e["bizStep"] == "encoding")
    assert run["quantityList"] == [{"epcClass": f"{BASE}/x/HTX-A/CH%C3%88/K1", "quantity": 5_000_000}]
    assert run[words.SERIALS] == {"temthat:run": 7, "temthat:first": 1, "temthat:last": 5_000_000}


def test_what_everybody_may_read_is_what_the_page_shows() -> None:
    """The batch, its sources, materials and what came out; not where, from whom, to whom."""
    told = events(public(batch()))
    shown = json.dumps(told, ensure_ascii=False)
    assert '"quantity": 160' in shown
    assert "NPK 16-16-8" in shown
    assert sum(words.STEP in event for event in told) == len(STEPS) - 1
    for hidden in (
        "B-77",
        FIELD,
        str(IDS[60]),
        "TransactionEvent",
        "encoding",
        "HTX-B",
        "VN-BNOR",
        "KHAC",
        "lost",
    ):
        assert hidden not in shown


def test_the_digest_of_facts_does_not_depend_on_what_things_are_called() -> None:
    """A GTIN, a GLN or another host later is no change of the record; an amount is."""
    one, other = tell(batch()), tell(batch(None, site="https://id.gs1.org/414/8938505970004"))
    assert [told.facts for told in one] == [told.facts for told in other]
    less = replace(batch(), goods=replace(batch().goods, amount=kg(150)))
    assert [a.facts == b.facts for a, b in zip(one, tell(less), strict=True)] == [False] + [True] * (
        len(STEPS) + 2
    )


def test_the_order_of_lines_does_not_matter_to_the_facts() -> None:
    """As for the digest of the diary's entry."""
    turned = tuple(replace(s, lines=s.lines[::-1]) for s in STEPS)
    assert [s.digest() for s in turned] == [s.digest() for s in STEPS]
