"""The balance of recorded batches on SQLite and PostgreSQL: what is read, and with how many queries."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from temthat_trace.balance.findings import Rule
from temthat_trace.balance.repository import balance_of, excesses_among, season_of
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.database import make_engine
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.parties import Member, Party, PartyKind, Plot
from temthat_trace.products import PackComponent, PackForm, PackKind, Product
from temthat_trace.purchases import PurchaseSlip

from .chain import DAY, NOON, amount


@dataclass
class Coop:
    """A cooperative with fresh tea, dried tea and a gift box, a household and its plot, and a buyer."""

    session: Session
    party: Party
    buyer: Party
    plot: Plot
    member: Member
    products: dict[str, Product]

    def batch(self, lot: str, product: str, quantity: Any, unit: str = "KGM", **more: Any) -> Batch:
        known = {"party_id": self.products[product].party_id, "made_on": DAY, **more}
        made = Batch(
            product_id=self.products[product].id, lot=lot, quantity=Decimal(quantity), unit=unit, **known
        )
        self.session.add(made)
        self.session.flush()
        return made

    def link(self, made: Batch, source: Batch, quantity: Any, unit: str = "KGM") -> None:
        row = BatchSource(batch_id=made.id, source_id=source.id, quantity=Decimal(quantity), unit=unit)
        self.session.add(row)
        self.session.flush()

    def step(self, batch: Batch, step: Step, day: int, *lines: Any, **more: Any) -> Event:
        made = Event(
            batch_id=batch.id, step=step, at=NOON + dt.timedelta(days=day), text="", actor="",
            recorded_by=batch.party_id, recorded_at=NOON, lines=list(lines), **more,
        )  # fmt: skip
        made.seal()
        self.session.add(made)
        self.session.flush()
        return made

    def slip(self, number: str, quantity: Any, batch: Batch | None = None, **more: Any) -> PurchaseSlip:
        made = PurchaseSlip(
            party_id=self.party.id, number=number, member_id=self.member.id, quantity=Decimal(quantity), unit="KGM",
            at=NOON, batch_id=batch.id if batch else None, recorded_at=NOON, **more,
        )  # fmt: skip
        self.session.add(made)
        self.session.flush()
        return made


def goods(role: LineRole, quantity: Any, unit: str = "KGM", **more: Any) -> Any:
    return line(role, "chè", quantity=Decimal(quantity), unit=unit, **more)


@pytest.fixture
def coop(database_url: str) -> Iterator[Coop]:
    engine = make_engine(database_url)
    with Session(engine) as session:
        party, buyer = (
            Party(code=c, kind=PartyKind.COOPERATIVE, name=f"HTX {c}", province="24") for c in "AB"
        )
        session.add_all([party, buyer])
        session.flush()
        member = Member(party_id=party.id, code="H1", alias="Hộ bà Sáu")
        session.add(member)
        session.flush()
        plot = Plot(
            party_id=party.id, code="V1", name="Vườn bà Sáu", member_id=member.id, area_ha=Decimal(1),
            yield_kg_per_ha=Decimal(1000), seasons_per_year=1,
        )  # fmt: skip
        session.add(plot)
        owners = {"TUOI": party, "KHO": party, "QUA": party, "TRON": buyer}
        products = {
            code: Product(party_id=owner.id, code=code, name=f"Chè {code}", base_unit="KGM")
            for code, owner in owners.items()
        }
        products["QUA"].base_unit = "KT"
        session.add_all(products.values())
        session.flush()
        box = PackForm(
            product_id=products["KHO"].id,
            code="H",
            name="Hộp 200 g",
            net_content=Decimal(200),
            net_unit="GRM",
        )
        combo = PackForm(product_id=products["QUA"].id, code="Q", name="Hộp quà", kind=PackKind.COMBO)
        session.add_all([box, combo])
        session.flush()
        session.add(PackComponent(combo_id=combo.id, part_id=box.id, quantity=2))
        session.flush()
        yield Coop(session, party, buyer, plot, member, products)
    engine.dispose()


def whole_chain(coop: Coop, packed: int = 200) -> dict[str, Batch]:
    """Fresh tea from the plot and by slip, dried, packed into boxes, some sold on, some in gift boxes."""
    fresh, bought = coop.batch("T1", "TUOI", 500, plot_id=coop.plot.id), coop.batch("T2", "TUOI", 300)
    dried = coop.batch("K1", "KHO", 160)
    gifts = coop.batch("Q1", "QUA", 100, "KT")
    theirs = coop.batch("X1", "TRON", 50)
    coop.step(fresh, Step.HARVEST, 0, goods(LineRole.OUT, 500))
    coop.slip("P1", 200, bought, plot_id=coop.plot.id)
    coop.slip("P2", 100, bought, plot_id=coop.plot.id)
    coop.step(bought, Step.PURCHASE, 0, goods(LineRole.IN, 300, partner="Hộ bà Sáu"))
    coop.link(dried, fresh, 500)
    coop.link(dried, bought, 3, "DTN")
    coop.step(
        dried, Step.PROCESSING, 1, goods(LineRole.IN, 500, batch=fresh.id), goods(LineRole.IN, 300, batch=bought.id),
        goods(LineRole.OUT, 160), goods(LineRole.LOST, 10),
    )  # fmt: skip
    coop.step(dried, Step.PACKING, 2, goods(LineRole.IN, 160), goods(LineRole.OUT, packed * 4, "XBX"))
    coop.step(dried, Step.TRANSPORT, 3, goods(LineRole.SENT, 50, partner="HTX B"))
    coop.link(gifts, dried, 200, "XBX")
    coop.link(theirs, dried, 50)
    coop.session.expire_all()
    return {"fresh": fresh, "bought": bought, "dried": dried, "gifts": gifts, "theirs": theirs}


def test_a_chain_that_adds_up(coop: Coop) -> None:
    """Units of every kind, goods bought, mixed, dried, boxed, sold and given away: nothing is over."""
    batches = whole_chain(coop)
    season = season_of(coop.session, Party.id == coop.party.id, 2026)
    assert sorted(a.batch.lot for a in season.accounts) == ["K1", "Q1", "T1", "T2"]
    assert season.excesses == []
    assert season.area.findings == ()
    parts = season.area.lines[0].parts
    assert {(p.what, int(p.kilograms)) for p in parts} == {("T1", 500), ("P1", 200), ("P2", 100)}
    account = balance_of(coop.session, batches["dried"].id)
    assert account is not None
    assert [row.step for row in account.steps] == [Step.PROCESSING, Step.PACKING, Step.TRANSPORT]
    assert {row.unit for row in account.rows} == {"KGM"}
    assert [row.went_in for row in account.rows] == [800, 160, None, 800, 160]
    assert [row.came_out for row in account.rows] == [160, 160, 50, 160, 90]
    assert [row.lost for row in account.rows] == [10, 0, 0, 10, 0]
    assert [row.difference for row in account.rows] == [630, 0, None, 630, 70]


def test_every_kind_of_excess_is_found(coop: Coop) -> None:
    """Each record made larger by itself."""
    batches = whole_chain(coop, packed=300)
    coop.link(coop.batch("K2", "KHO", 20), batches["fresh"], 100)
    batches["gifts"].quantity = Decimal(120)
    coop.slip("P3", 900)
    coop.session.expire_all()
    season = season_of(coop.session, Party.id == coop.party.id, 2026)
    found = {(account.batch.lot, f.rule, int(f.over.quantity)) for account, f in season.excesses}
    assert found == {
        ("K1", Rule.GAVE_MORE, 80),
        ("T1", Rule.PASSED_ON_MORE, 100),
        ("Q1", Rule.COMBO_MORE, 8),
    }
    [member] = season.area.findings
    assert (member.rule, member.subject, member.stated) == (Rule.MEMBER_YEAR, coop.member.id, amount(1700))
    ids = [batch.id for batch in batches.values()]
    assert set(excesses_among(coop.session, ids)) == {batches[b].id for b in ("fresh", "dried", "gifts")}


def test_who_tends_a_plot_harvested_there(coop: Coop) -> None:
    """The harvest names the plot, or only the batch does, and the slip the household: the same 500 kg, drawn once."""
    for lot, of_batch, of_step in (("T8", None, coop.plot.id), ("T9", coop.plot.id, None)):
        fresh = coop.batch(lot, "TUOI", 500, plot_id=of_batch)
        coop.step(fresh, Step.HARVEST, 0, goods(LineRole.OUT, 500), plot_id=of_step)
        slip = coop.slip(lot, 500, fresh)
        coop.session.expire_all()
        season = season_of(coop.session, Party.id == coop.party.id, 2026)
        account = next(a for a in season.accounts if a.batch.lot == lot)
        assert [row.went_in for row in account.whole] == [500]
        assert [(part.what, part.kilograms) for part in season.area.lines[0].parts] == [(lot, Decimal(500))]
        slip.withdrawn_at, fresh.made_on = NOON, dt.date(2025, 6, 1)
        coop.session.flush()


def test_what_was_withdrawn_does_not_count(coop: Coop) -> None:
    """A slip of the pen that its writer took back, an event and a purchase slip."""
    batches = whole_chain(coop)
    wrong = coop.step(batches["dried"], Step.PACKING, 4, goods(LineRole.IN, 900))
    slip = coop.slip("P9", 9_000, batches["bought"])
    coop.session.expire_all()
    assert season_of(coop.session, Party.id == coop.party.id, 2026).excesses
    wrong.withdrawn_at = slip.withdrawn_at = NOON
    coop.session.flush()
    season = season_of(coop.session, Party.id == coop.party.id, 2026)
    assert season.excesses == []
    assert season.area.findings == ()


def test_a_batch_another_diary_says_it_used(coop: Coop) -> None:
    """Without a recorded link: 60 kg went into one batch, 50 into another, of 100."""
    source = coop.batch("T1", "TUOI", 100)
    for lot, quantity in (("K1", 60), ("K2", 50)):
        made = coop.batch(lot, "KHO", 10)
        coop.step(
            made, Step.PROCESSING, 1, goods(LineRole.IN, quantity, batch=source.id), goods(LineRole.OUT, 10)
        )
    [found] = excesses_among(coop.session, [source.id])[source.id]
    assert (found.rule, found.over) == (Rule.PASSED_ON_MORE, amount(10))


def test_another_year_and_another_party_stay_apart(coop: Coop) -> None:
    """A season is a calendar year of Vietnam."""
    coop.batch("CU", "TUOI", 900, plot_id=coop.plot.id, made_on=dt.date(2025, 12, 31))
    coop.batch("MOI", "TUOI", 900, plot_id=coop.plot.id)
    assert [a.batch.lot for a in season_of(coop.session, Party.id == coop.party.id, 2026).accounts] == ["MOI"]
    assert season_of(coop.session, Party.id == coop.buyer.id, 2026).accounts == ()
    assert season_of(coop.session, Party.id == coop.party.id, 2026).area.findings == ()


def test_as_many_queries_for_many_batches_as_for_one(coop: Coop) -> None:
    """A season's page asks the database a bounded number of times."""

    def asked() -> int:
        coop.session.expire_all()
        statements: list[str] = []
        engine = coop.session.get_bind()
        listener = lambda _c, _k, statement, *_: statements.append(statement)  # noqa: E731
        event.listen(engine, "before_cursor_execute", listener)
        season_of(coop.session, Party.id == coop.party.id, 2026)
        event.remove(engine, "before_cursor_execute", listener)
        return len(statements)

    whole_chain(coop)
    few = asked()
    source = coop.batch("T3", "TUOI", 900)
    for n in range(30):
        made = coop.batch(f"N{n}", "KHO", 10)
        coop.link(made, source, 30)
        coop.step(made, Step.PROCESSING, n, goods(LineRole.IN, 30), goods(LineRole.OUT, 10))
        coop.slip(f"N{n}", 1, made)
    assert asked() == few
    assert few <= 18


def test_no_such_batch(coop: Coop) -> None:
    """Nothing is drawn of nothing."""
    assert balance_of(coop.session, uuid.uuid4()) is None
