"""What is recorded day by day, on the real schema of both databases."""

import datetime as dt
import itertools
import uuid
from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace import fieldwork, repository
from temthat_trace.batches import Batch
from temthat_trace.database import make_engine
from temthat_trace.drafts import StepDraft
from temthat_trace.events import Event, EventPhoto, LineRole, Step, line
from temthat_trace.papers import Attachment
from temthat_trace.parties import Member, Party, PartyKind
from temthat_trace.products import Product
from temthat_trace.purchases import PurchaseSlip

NOW = dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC)
WORDS = ("Gieo hạt đã ngâm ủ hai ngày", "Bón thúc đợt một, trời mát", "Gặt máy, phơi hai nắng")


@pytest.fixture
def db(database_url: str) -> Iterator[Session]:
    """A session on SQLite, then on PostgreSQL."""
    engine = make_engine(database_url)
    with Session(engine) as session:
        yield session
    engine.dispose()


class Farm:
    """A cooperative with two households and a product."""

    def __init__(self, db: Session) -> None:
        self.db, self.clock = db, itertools.count()
        self.party = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX Một")
        db.add(self.party)
        db.flush()
        self.product = Product(party_id=self.party.id, code="CAM", name="Cam", base_unit="KGM")
        self.members = [Member(party_id=self.party.id, code=f"TV{n}", alias=f"Hộ {n}") for n in (1, 2)]
        db.add_all([self.product, *self.members])
        db.flush()

    def batch(self, lot: str, made_on: dt.date, words: tuple[str, ...] = ()) -> Batch:
        batch = Batch(
            party_id=self.party.id, product_id=self.product.id, lot=lot, quantity=Decimal(100), unit="KGM",
            made_on=made_on,
        )  # fmt: skip
        self.db.add(batch)
        self.db.flush()
        for number, text in enumerate(words):
            at = dt.datetime.combine(made_on, dt.time(), dt.UTC) - dt.timedelta(
                days=9 * (len(words) - number)
            )
            self.event(batch, text=text, at=at)
        return batch

    def event(self, batch: Batch, **more: object) -> Event:
        lines = more.pop("lines", [])
        photos = more.pop("photos", [])
        event = Event(
            step=Step.CARE, recorded_by=self.party.id, recorded_at=NOW, **{"at": NOW, "text": "", **more}
        )
        event.lines, event.photos = list(lines), list(photos)  # type: ignore[call-overload]
        return fieldwork.record_event(self.db, batch, event)

    def slip(self, number: str, member: int, quantity: str, unit: str, batch: Batch | None) -> PurchaseSlip:
        slip = PurchaseSlip(
            party_id=self.party.id,
            number=number,
            member_id=self.members[member].id,
            product_id=self.product.id,
            quantity=Decimal(quantity),
            unit=unit,
            at=NOW,
            batch_id=batch.id if batch else None,
            recorded_at=NOW + dt.timedelta(seconds=next(self.clock)),
        )
        self.db.add(slip)
        self.db.flush()
        return slip


@pytest.fixture
def farm(db: Session) -> Farm:
    return Farm(db)


def test_an_event_is_kept_with_lines_and_photos_and_forgotten_on_request(farm: Farm) -> None:
    """Erased, its photos go unless something else shows them; lot and amount of the material stay."""
    db = farm.db
    db.add_all([Attachment(digest=c * 64, media_type="image/webp", data=c.encode()) for c in "abcd"])
    farm.product.picture = "d" * 64
    db.flush()
    batch = farm.batch("L1", dt.date(2026, 11, 1))
    npk = line(LineRole.USED, "NPK", lot="B1", partner="Bà Hòa", quantity=Decimal("2.5"), unit="KGM")
    photos = [EventPhoto(digest="a" * 64, small="b" * 64), EventPhoto(digest="c" * 64, small="d" * 64)]
    event = farm.event(batch, text="Bón", lines=[npk], photos=photos, member_id=farm.members[0].id)
    digest = event.digest
    db.commit()
    db.expire_all()
    found = repository.batch(db, batch.id)
    assert found is not None
    [stored] = found.events
    assert [(x.what, x.quantity) for x in stored.lines] == [("NPK", Decimal("2.5"))]
    assert [p.digest[0] for p in stored.photos] == ["a", "c"]
    fieldwork.erase_event(db, stored)
    db.commit()
    db.expire_all()
    assert {a.digest[0] for a in db.scalars(select(Attachment))} == {"d"}
    assert (stored.digest, stored.text, stored.member_id, stored.photos) == (digest, None, None, [])
    assert [(x.what, x.lot, x.partner) for x in stored.lines] == [("NPK", "B1", "")]


def test_a_slip_of_the_pen_is_taken_back_and_stays_on_record(farm: Farm) -> None:
    """Who and when; the second time changes nothing."""
    event = farm.event(farm.batch("L1", dt.date(2026, 11, 1)), text="Bón 500 kg")
    fieldwork.withdraw_event(event, "Bà Thủ", NOW)
    fieldwork.withdraw_event(event, "Người khác", NOW + dt.timedelta(days=1))
    farm.db.commit()
    farm.db.expire_all()
    assert (event.withdrawn_name, event.withdrawn_at, event.text) == ("Bà Thủ", NOW, "Bón 500 kg")


def test_what_was_used_before_is_offered_again(farm: Farm) -> None:
    """The latest first, each once, with the lot; partners likewise; another party's never."""
    batch = farm.batch("L1", dt.date(2026, 11, 1))
    for what, lot in (("NPK", "B1"), ("Đạm", ""), ("NPK", "B2"), ("NPK", "B1")):
        farm.event(batch, lines=[line(LineRole.USED, what, lot=lot)])
    farm.event(batch, lines=[line(LineRole.SENT, "", batch=batch.id, partner="Chợ đầu mối")])
    used = fieldwork.names_used(farm.db, farm.party.id, LineRole.USED)
    assert set(used) == {("NPK", "B1"), ("NPK", "B2"), ("Đạm", "")}
    assert fieldwork.partners_of(farm.db, farm.party.id, LineRole.SENT) == ["Chợ đầu mối"]
    assert fieldwork.names_used(farm.db, uuid.uuid4(), LineRole.USED) == []


def test_as_last_time_makes_drafts_and_no_facts(farm: Farm) -> None:
    """Each open until it is confirmed or set aside; never twice; not from a withdrawn or erased step."""
    db = farm.db
    old = farm.batch("L1", dt.date(2026, 10, 1), WORDS)
    wrong, gone = farm.event(old, text="Ghi nhầm"), farm.event(old, text="Của bà Tư")
    fieldwork.withdraw_event(wrong, "Bà Thủ", NOW)
    gone.erase()
    new = farm.batch("L2", dt.date(2026, 11, 1))
    assert [b.lot for b in fieldwork.earlier_batches(db, new)] == ["L1"]
    assert fieldwork.plan_as(db, new, old) == 3
    assert fieldwork.plan_as(db, new, old) == 0
    assert new.events == []
    drafts = fieldwork.drafts_of(db, new)
    assert [d.model.text for d in drafts] == list(WORDS)
    event = farm.event(new, text="Gieo hạt")
    fieldwork.close_draft(db, new, drafts[0].model_id, event.id, NOW)
    fieldwork.close_draft(db, new, drafts[1].model_id, None, NOW)
    assert [d.model.text for d in fieldwork.drafts_of(db, new)] == [WORDS[2]]
    old.events[2].erase()
    db.flush()
    assert fieldwork.drafts_of(db, new) == []
    assert fieldwork.plan_as(db, new, old) == 0
    kept = db.get_one(StepDraft, (new.id, drafts[0].model_id))
    assert kept.event_id == event.id
    with pytest.raises(repository.TraceRefused):
        fieldwork.plan_as(db, new, new)


@pytest.mark.parametrize(
    ("last", "following"),
    [("", "TM-0001"), ("TM-0009", "TM-0010"), ("TM-9999", "TM-10000"), ("12/2026", "12/2027"), ("A", "A-2")],
    ids=["none", "carry", "wider", "last digits", "no digits"],
)
def test_the_next_number(last: str, following: str) -> None:
    """The last digits go up by one and keep their width."""
    assert fieldwork.next_number(last) == following


def test_slips_are_numbered_summed_and_cancelled(farm: Farm) -> None:
    """Sums by household and unit; a cancelled slip leaves the sum and keeps its number."""
    db, batch = farm.db, farm.batch("L1", dt.date(2026, 11, 1))
    assert fieldwork.propose_number(db, farm.party.id) == "TM-0001"
    farm.slip("TM-0002", 0, "10.5", "KGM", batch)
    farm.slip("TM-0001", 0, "4.5", "KGM", batch)
    wrong = farm.slip("TM-0003", 1, "999", "KGM", batch)
    farm.slip("TM-0005", 1, "2", "DTN", None)
    assert fieldwork.propose_number(db, farm.party.id) == "TM-0006"
    farm.slip("TM-0004", 1, "7", "KGM", batch)
    assert fieldwork.propose_number(db, farm.party.id) == "TM-0006"
    wrong.withdrawn_at = NOW
    db.flush()
    summed = [(d.alias, d.slips, d.quantity, d.unit) for d in fieldwork.delivered_into(db, batch.id)]
    assert summed == [("Hộ 1", 2, Decimal(15), "KGM"), ("Hộ 2", 1, Decimal(7), "KGM")]
    found = fieldwork.slips_of(db, farm.party.id, batch_id=batch.id, member_id=farm.members[1].id)
    assert [slip.number for slip in found] == ["TM-0004", "TM-0003"]


def test_copied_diaries_are_found_in_what_is_stored(farm: Farm) -> None:
    """By party and from one batch; a withdrawn line no longer counts, and other amounts are another diary."""
    db = farm.db
    first = farm.batch("L1", dt.date(2026, 9, 1), WORDS)
    second = farm.batch("L2", dt.date(2026, 10, 1), tuple(w.upper() for w in WORDS))
    honest = farm.batch(
        "L3", dt.date(2026, 10, 20), ("Gieo hạt giống mới", "Tưới nhỏ giọt ban đêm", "Hái tay")
    )
    [group] = fieldwork.copied_diaries(db, farm.party.id)
    assert (set(group.batches), group.lines, group.whole) == ({first.id, second.id}, 3, True)
    found = fieldwork.copies_of(db, second)
    assert found is not None
    assert found.batches == (second.id, first.id)
    assert fieldwork.copies_of(db, honest) is None
    assert fieldwork.copied_diaries(db, farm.party.id, limit=2) == []
    fieldwork.withdraw_event(second.events[0], "Bà Thủ", NOW)
    db.flush()
    assert fieldwork.copied_diaries(db, farm.party.id) == []
