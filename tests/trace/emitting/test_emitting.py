"""Records into repositories on SQLite and PostgreSQL: told once, corrected when they change, found by their lot."""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch, BatchSource
from temthat_trace.database import make_engine
from temthat_trace.emitting import words
from temthat_trace.emitting.repository import Emitted, StampRun, emit, held_of
from temthat_trace.emitting.telling import document
from temthat_trace.epcis import store
from temthat_trace.epcis.capture import capture
from temthat_trace.epcis.tables import CaptureJob, EpcisEvent
from temthat_trace.epcis.terms import term, thing
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.papers import Paper, PaperKind
from temthat_trace.parties import Member, Party, PartyKind, Plot
from temthat_trace.products import Product, ProductKind
from temthat_trace.purchases import PurchaseSlip

from .test_telling import BASE, GTIN, NOW

DAY = dt.date(2026, 6, 1)


@dataclass
class Coop:
    """A cooperative and a buyer, a household with its plot, batches of fresh and dried tea."""

    session: Session
    party: Party
    buyer: Party
    member: Member
    product: Product
    fresh: Batch
    dried: Batch

    def emit(self, *batches: Batch, **more: Any) -> Emitted:
        self.session.flush()
        self.session.expire_all()
        return emit(self.session, [b.id for b in batches or (self.fresh, self.dried)], BASE, NOW, **more)

    def told(self, batch: Batch) -> list[dict[str, Any]]:
        """What repositories hold of a batch, as recorded."""
        return held_of(self.session, {batch.id: batch.party_id}).get(batch.id, [])

    def standing(self, batch: Batch) -> list[dict[str, Any]]:
        """Of these, what nobody declared wrong."""
        told = self.told(batch)
        wrong = {e["eventID"] for e in told if "errorDeclaration" in e}
        return [e for e in told if e["eventID"] not in wrong]

    def step(self, batch: Batch, step: Step, *lines: Any, text: str = "", **more: Any) -> Event:
        made = Event(
            batch_id=batch.id, step=step, at=NOW, text=text, actor="Bà Nguyễn Thị Sáu", recorded_by=self.party.id,
            recorded_at=NOW, lines=list(lines), **more,
        )  # fmt: skip
        made.seal()
        self.session.add(made)
        self.session.flush()
        return made


@pytest.fixture
def coop(database_url: str) -> Iterator[Coop]:
    engine = make_engine(database_url)
    with Session(engine) as session:
        party = Party(
            code="HTX-A", kind=PartyKind.COOPERATIVE, name="HTX A", gln="8938505970004", province="24"
        )
        buyer = Party(code="HTX-B", kind=PartyKind.COOPERATIVE, name="Công ty B")
        session.add_all([party, buyer])
        session.flush()
        member = Member(party_id=party.id, code="H1", alias="Hộ bà Sáu", full_name="Nguyễn Thị Sáu")
        session.add(member)
        session.flush()
        plot = Plot(
            party_id=party.id, code="V1", name="Vườn bà Sáu", member_id=member.id, growing_area_code="VN-1"
        )
        product = Product(party_id=party.id, code="CHE", name="Chè", base_unit="KGM")
        session.add_all([plot, product])
        session.flush()
        session.add(Paper(party_id=party.id, code="G1", kind=PaperKind.VIETGAP, number="V-1"))
        common = {"party_id": party.id, "product_id": product.id, "unit": "KGM", "made_on": DAY}
        fresh = Batch(lot="T1", quantity=Decimal(500), plot_id=plot.id, **common)
        dried = Batch(lot="K1", quantity=Decimal("99.5"), **common)
        session.add_all([fresh, dried])
        session.flush()
        session.add(BatchSource(batch_id=dried.id, source_id=fresh.id, quantity=Decimal(5), unit="DTN"))
        made = Coop(session, party, buyer, member, product, fresh, dried)
        made.step(
            fresh, Step.CARE, line(LineRole.USED, "Phân NPK", lot="B7", quantity=Decimal(3), unit="KGM")
        )
        made.step(fresh, Step.HARVEST, text="Bà Sáu hái, gọi 0912 345 678")
        made.step(
            dried, Step.TRANSPORT,
            line(LineRole.SENT, "Chè", partner="Công ty B", quantity=Decimal(40), unit="KGM"),
            line(LineRole.SENT, "Chè", partner="Chị Hoa chợ Đồng Xuân", quantity=Decimal(2), unit="KGM"),
        )  # fmt: skip
        session.add(
            PurchaseSlip(
                party_id=party.id, number="P1", member_id=member.id, plot_id=plot.id, quantity=Decimal(20), unit="KGM",
                at=NOW, batch_id=dried.id, recorded_at=NOW,
            )
        )  # fmt: skip
        session.flush()
        yield made
    engine.dispose()


def test_records_are_told_once(coop: Coop) -> None:
    """A batch, its diary, its slips; the second time nothing is captured, not even a job."""
    first = coop.emit()
    assert (first.batches, first.told, first.corrected, first.refused) == (2, 6, 0, [])
    again = coop.emit()
    assert (again.batches, again.told) == (2, 0)
    session = coop.session
    assert session.scalar(select(func.count()).select_from(EpcisEvent)) == 6
    [job] = session.scalars(select(CaptureJob))
    assert (job.party_id, job.source, job.success, job.accepted) == (coop.party.id, "records", True, 6)


def test_what_others_capture_about_a_batch_is_not_ours(coop: Coop) -> None:
    """An event that names our batch, and no lot: it is neither read as ours nor taken back."""
    batch = f"urn:uuid:{coop.fresh.id}"
    foreign = {
        "type": "ObjectEvent", "eventTime": "2026-06-01T08:00:00+07:00", "eventTimeZoneOffset": "+07:00",
        "action": "OBSERVE", "epcList": [f"https://id.gs1.org/01/{GTIN}/21/1"], words.BATCH: batch, words.RECORD: batch,
    }  # fmt: skip
    _, captured = capture(coop.session, coop.party.id, document([foreign], NOW), now=NOW)
    assert captured.success
    assert (coop.emit().told, coop.emit().told) == (6, 0)
    assert all(words.FACTS in told and "errorDeclaration" not in told for told in coop.told(coop.fresh))


def test_exporters_find_a_batch_by_its_lot(coop: Coop) -> None:
    """By the lot in a Digital Link or URN, in the party's own repository only."""
    coop.product.gtin = GTIN
    coop.emit()
    urn = "urn:epc:class:lgtin:8938505.097419.K1"
    for called in (f"https://id.gs1.org/01/{GTIN}/10/K1", urn):
        [found] = store.numbers_by_term(coop.session, [term(coop.party.id, thing(called))]).values()
        assert len(found) == 3
        assert store.numbers_by_term(coop.session, [term(coop.buyer.id, thing(called))]) == {}
    [made] = store.events_of(coop.session, found[:1])
    assert made.value["inputQuantityList"][0]["epcClass"] == f"https://id.gs1.org/01/{GTIN}/10/T1"
    assert made.value["certificationInfo"] == f"{BASE}/p/HTX-A/CHE#papers"
    assert made.value["ilmd"]["temthat:province"] == "24"
    assert made.value["bizLocation"] == {"id": "https://id.gs1.org/414/8938505970004"}


def test_no_name_of_a_person_is_told(coop: Coop) -> None:
    """Neither members nor the words of the diary nor whom the goods went to, unless it is an organisation here."""
    coop.emit()
    told = json.dumps([coop.told(coop.fresh), coop.told(coop.dried)], ensure_ascii=False)
    for name in ("Sáu", "0912 345 678", "Hoa", "Vườn", "hái"):
        assert name not in told
    assert f"{BASE}/x/HTX-B" in told
    assert "Phân NPK" in told
    assert str(coop.member.id) in told


def test_a_changed_amount_is_corrected(coop: Coop) -> None:
    """The old event stays, declared wrong, and names the new one."""
    coop.emit()
    coop.dried.quantity = Decimal(90)
    outcome = coop.emit()
    assert (outcome.told, outcome.corrected) == (2, 1)
    made = [e for e in coop.standing(coop.dried) if e["bizStep"] == "creating_class_instance"]
    assert [e["outputQuantityList"][0]["quantity"] for e in made] == [90]
    [declared] = [e for e in coop.told(coop.dried) if "errorDeclaration" in e]
    assert declared["errorDeclaration"]["correctiveEventIDs"] == [made[0]["eventID"]]
    assert coop.emit().told == 0


def test_what_is_withdrawn_is_taken_back_and_what_is_erased_stays(coop: Coop) -> None:
    """A slip of the pen did not occur; an erased text changes nothing that was told."""
    by_step = {entry.step: entry for entry in coop.fresh.events}
    care, harvest = by_step[Step.CARE], by_step[Step.HARVEST]
    coop.emit()
    care.withdrawn_at = NOW
    harvest.erase()
    outcome = coop.emit()
    assert (outcome.told, outcome.corrected) == (1, 1)
    assert [e[words.STEP] for e in coop.standing(coop.fresh) if words.STEP in e] == ["harvest"]
    assert coop.emit().told == 0


def test_a_gtin_or_a_host_that_comes_later_changes_nothing_told(coop: Coop) -> None:
    """The batch keeps its name, in what is told of it later as well; a new batch has the GTIN."""
    coop.emit()
    coop.product.gtin = GTIN
    coop.step(coop.dried, Step.STORAGE)
    coop.session.flush()
    outcome = emit(coop.session, [coop.fresh.id, coop.dried.id], "https://tem.khac.vn", NOW)
    assert (outcome.told, outcome.corrected) == (1, 0)
    classes = {e["quantityList"][0]["epcClass"] for e in coop.told(coop.dried) if "quantityList" in e}
    assert classes == {f"{BASE}/x/HTX-A/CHE/K1"}
    later = Batch(
        party_id=coop.party.id, product_id=coop.product.id, lot="K2", quantity=Decimal(9), unit="KGM", made_on=DAY
    )  # fmt: skip
    coop.session.add(later)
    coop.session.flush()
    coop.session.add(BatchSource(batch_id=later.id, source_id=coop.fresh.id, quantity=Decimal(1), unit="KGM"))
    coop.emit(later)
    [made] = coop.told(later)
    assert made["outputQuantityList"][0]["epcClass"] == f"https://id.gs1.org/01/{GTIN}/10/K2"
    assert made["inputQuantityList"][0]["epcClass"] == f"{BASE}/x/HTX-A/CHE/T1"


def test_stamps_are_told_as_a_range(coop: Coop) -> None:
    """Under the pack form's own GTIN, if it has one."""
    runs = {coop.dried.id: [StampRun(7, NOW, GTIN, 1, 400), StampRun(8, NOW, None, 1, 5)]}
    coop.emit(stamps=runs)
    told = [e for e in coop.told(coop.dried) if e["bizStep"] == "encoding"]
    assert [
        e["quantityList"][0] for e in sorted(told, key=lambda e: int(e[words.SERIALS]["temthat:run"]))
    ] == [
        {"epcClass": f"https://id.gs1.org/01/{GTIN}/10/K1", "quantity": 400},
        {"epcClass": f"{BASE}/x/HTX-A/CHE/K1", "quantity": 5},
    ]


def test_services_have_no_goods(coop: Coop) -> None:
    """A guided tour is no lot."""
    coop.product.kind = ProductKind.SERVICE
    assert coop.emit().batches == 0


def test_each_party_has_its_own(coop: Coop) -> None:
    """What the buyer made of it is told in the buyer's repository."""
    product = Product(party_id=coop.buyer.id, code="TRON", name="Trộn", base_unit="KGM")
    coop.session.add(product)
    coop.session.flush()
    theirs = Batch(
        party_id=coop.buyer.id, product_id=product.id, lot="X1", quantity=Decimal(40), unit="KGM", made_on=DAY
    )  # fmt: skip
    coop.session.add(theirs)
    coop.session.flush()
    coop.session.add(
        BatchSource(batch_id=theirs.id, source_id=coop.dried.id, quantity=Decimal(40), unit="KGM")
    )
    coop.emit(coop.fresh, coop.dried, theirs)
    count = select(func.count()).select_from(EpcisEvent).where(EpcisEvent.party_id == coop.buyer.id)
    assert coop.session.scalar(count) == 1
    assert coop.told(theirs)[0]["inputQuantityList"][0]["epcClass"] == f"{BASE}/x/HTX-A/CHE/K1"


def test_as_many_queries_for_many_batches_as_for_one(coop: Coop) -> None:
    """Looking whether anything is to be told costs the same for thirty batches."""
    coop.emit()

    def asked() -> int:
        statements: list[str] = []
        engine = coop.session.get_bind()
        ids = list(coop.session.scalars(select(Batch.id)))
        coop.session.expire_all()
        listener = lambda _c, _k, statement, *_: statements.append(statement)  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        assert emit(coop.session, ids, BASE, NOW).told == 0
        event.remove(engine, "before_cursor_execute", listener)
        return len(statements)

    few = asked()
    for n in range(30):
        more = Batch(
            party_id=coop.party.id, product_id=coop.product.id, lot=f"N{n}", quantity=Decimal(9), unit="KGM",
            made_on=DAY,
        )  # fmt: skip
        coop.session.add(more)
        coop.session.flush()
        coop.step(more, Step.STORAGE)
    emit(coop.session, list(coop.session.scalars(select(Batch.id))), BASE, NOW)
    assert asked() == few
    assert few <= 20
