"""Lineage and suspects on real records: splits, mixes, combos, repacks, cycles; on SQLite and PostgreSQL."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, true
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch, BatchSource
from temthat_trace.database import make_engine
from temthat_trace.events import Event, EventLine, LineRole, Step, line
from temthat_trace.lineage.repository import lineage
from temthat_trace.lineage.steps import StepKind, Taken, step_kind
from temthat_trace.lineage.suspects import Suspicion, find_suspects
from temthat_trace.lineage.walk import Bounds, Cut, Direction
from temthat_trace.papers import Paper, PaperKind
from temthat_trace.parties import Member, Party, PartyKind, Plot
from temthat_trace.products import PackForm, PackKind, Product
from temthat_trace.purchases import PurchaseSlip

DAY = dt.date(2026, 11, 1)


@dataclass
class Farm:
    """A cooperative with three products, and batches by their lot."""

    session: Session
    party: Party
    products: dict[str, Product]
    lots: dict[str, uuid.UUID] = field(default_factory=dict)

    def batch(
        self, lot: str, product: str = "CAM", quantity: int = 100, diary: str = "", **more: Any
    ) -> Batch:
        """A batch of `quantity` kg."""
        made = Batch(
            party_id=self.party.id, product_id=self.products[product].id, lot=lot,
            quantity=Decimal(quantity), unit="KGM", **{"made_on": DAY, **more},
        )  # fmt: skip
        if diary:
            at = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
            entry = Event(
                step=Step.CARE, at=at, text=diary, actor="", recorded_by=self.party.id, recorded_at=at
            )
            entry.seal()
            made.events.append(entry)
        self.session.add(made)
        self.session.flush()
        self.lots[lot] = made.id
        return made

    def made(self, lot: str, **sources: int) -> None:
        """The batch of that lot was made from so many kg of those."""
        for source, amount in sources.items():
            link = BatchSource(batch_id=self.lots[lot], source_id=self.lots[source])
            link.quantity, link.unit = Decimal(amount), "KGM"
            self.session.add(link)
        self.session.flush()

    def named(self, ids: Any) -> list[str]:
        """Lots of ids, in order."""
        names = {batch: lot for lot, batch in self.lots.items()}
        return [names[batch] for batch in ids]


@pytest.fixture
def farm(database_url: str) -> Iterator[Farm]:
    engine = make_engine(database_url)
    with Session(engine) as session:
        party = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX mẫu", province="24")
        session.add(party)
        session.flush()
        products = {}
        for code in ("CAM", "CHE", "QUA"):
            products[code] = Product(party_id=party.id, code=code, name=f"Hàng {code}", base_unit="KGM")
        products["QUA"].pack_forms = [PackForm(code="C", name="Hộp quà", kind=PackKind.COMBO)]
        session.add_all(products.values())
        session.flush()
        yield Farm(session, party, products)
    engine.dispose()


def test_up_and_down_with_what_was_done(farm: Farm) -> None:
    """Two lots mixed, the mix split in two, one packed anew whole, one bundled with tea."""
    for lot in ("A", "B", "MIX", "S1", "S2", "RE"):
        farm.batch(lot)
    farm.batch("TEA", "CHE")
    farm.batch("GIFT", "QUA")
    farm.made("MIX", A=40, B=60)
    farm.made("S1", MIX=30)
    farm.made("S2", MIX=70)
    farm.made("RE", S1=100)
    farm.made("GIFT", S2=5, TEA=5)
    up = lineage(farm.session, [farm.lots["GIFT"]], Direction.UP)
    assert [sorted(farm.named(level)) for level in up.walk.levels] == [
        ["GIFT"], ["S2", "TEA"], ["MIX"], ["A", "B"],
    ]  # fmt: skip
    kinds = {farm.named([batch])[0]: kind for batch, kind in up.kinds.items()}
    assert kinds == {"GIFT": StepKind.COMBO, "S2": StepKind.SPLIT, "MIX": StepKind.MIX}
    repack = lineage(farm.session, [farm.lots["RE"]], Direction.UP)
    assert repack.kinds[farm.lots["RE"]] is StepKind.REPACK
    down = lineage(farm.session, [farm.lots["A"]], Direction.DOWN)
    assert sorted(farm.named(down.walk.nodes)) == ["A", "GIFT", "MIX", "RE", "S1", "S2"]
    assert down.facts[farm.lots["GIFT"]].product == "Hàng QUA"
    amounts = {link.source: link.amount for link in up.walk.links if link.made == farm.lots["MIX"]}
    assert amounts == {farm.lots["A"]: 40, farm.lots["B"]: 60}


def test_another_product_is_made_and_units_that_do_not_compare_are_a_part() -> None:
    """Dried tea of fresh tea; 3 boxes of a batch counted in kilograms."""
    one, other = uuid.uuid4(), uuid.uuid4()
    taken = Taken(other, Decimal(5), "KGM", Decimal(5000), "GRM")
    assert step_kind(one, [taken], bundles=False) is StepKind.MADE
    assert step_kind(other, [taken], bundles=False) is StepKind.REPACK
    assert (
        step_kind(other, [Taken(other, Decimal(3), "BX", Decimal(5), "KGM")], bundles=False) is StepKind.SPLIT
    )
    assert step_kind(one, [taken], bundles=True) is StepKind.MADE


def test_cycles_in_the_records_are_survived(farm: Farm) -> None:
    """A was packed into B and B back into A."""
    farm.batch("A")
    farm.batch("B")
    farm.made("A", B=1)
    farm.made("B", A=1)
    assert farm.named(lineage(farm.session, [farm.lots["A"]], Direction.DOWN).walk.nodes) == ["A", "B"]


def test_three_queries_a_level_and_three_for_the_facts(farm: Farm) -> None:
    """Fifty packs of one lot cost as many questions as one."""
    farm.batch("A")
    for n in range(50):
        farm.batch(f"P{n}")
        farm.made(f"P{n}", A=1)
    asked: list[str] = []
    connection = farm.session.connection()
    event.listen(connection, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))
    found = lineage(farm.session, [farm.lots["A"]], Direction.DOWN)
    assert len(found.walk.nodes) == 51
    assert len(asked) == 9
    cut = lineage(farm.session, [farm.lots["A"]], Direction.DOWN, Bounds(nodes=10))
    assert (len(cut.facts), cut.walk.cut) == (10, Cut.NODES)


def meant(farm: Farm, **said: Any) -> list[str]:
    """The lots a suspicion speaks of, sorted."""
    return sorted(farm.named(find_suspects(farm.session, Suspicion(**said), true()).batches))


def test_what_a_suspicion_can_be_about(farm: Farm) -> None:
    """A lot, words of a diary, a household, a plot, a place, a paper, a period; together they narrow."""
    session, party = farm.session, farm.party
    member = Member(party_id=party.id, code="H07", alias="Hộ bà Sáu")
    session.add(member)
    session.flush()
    plot = Plot(party_id=party.id, code="T1", name="Đồi Bắc", growing_area_code="VN-24-001", province="20")
    plot.member_id = member.id
    session.add(plot)
    paper = Paper(party_id=party.id, product_id=farm.products["CHE"].id, code="P1", kind=PaperKind.VIETGAP)
    paper.number, paper.issued_on = "55/2026/VG", dt.date(2026, 6, 1)
    session.add(paper)
    session.flush()
    farm.batch("A1", diary="Bón Đạm Phú Mỹ, bao số 2609", plot_id=plot.id)
    farm.batch("A2", diary="Bón phân chuồng", member_id=member.id, made_on=dt.date(2026, 1, 5))
    farm.batch("T", "CHE", commune="09001", province="24")
    farm.batch("T0", "CHE", made_on=dt.date(2025, 1, 5))
    farm.batch("a3X")
    assert meant(farm, lot="a1 ") == ["A1"]
    assert meant(farm, lot="A3x") == ["a3X"]
    assert meant(farm, words="dam phu my 2609") == ["A1"]
    assert meant(farm, words="BÓN") == ["A1", "A2"]
    assert meant(farm, words="bón", until=dt.date(2026, 6, 1)) == ["A2"]
    assert meant(farm, member="hộ bà sáu") == meant(farm, member="h07") == ["A1", "A2"]
    assert meant(farm, plot="vn 24 001") == meant(farm, plot="doi bac") == ["A1"]
    assert meant(farm, province="20") == ["A1"]
    assert meant(farm, commune="09001") == ["T"]
    assert meant(farm, paper="55/2026/vg") == ["T"]
    assert meant(farm, paper="không có số này") == []
    assert meant(farm, since=DAY, until=DAY) == ["A1", "T", "a3X"]
    assert meant(farm) == []


def test_only_batches_within_reach_are_suspects(farm: Farm) -> None:
    """What the condition on the party leaves out is not found, whatever is asked."""
    farm.batch("A1", diary="Bón đạm")
    for said in (Suspicion(lot="A1"), Suspicion(words="đạm")):
        assert find_suspects(farm.session, said, Party.code == "KHAC").batches == ()


def test_an_erased_diary_entry_says_nothing(farm: Farm) -> None:
    """What a farmer had erased cannot be searched for."""
    farm.batch("A1", diary="Bón đạm").events[0].erase()
    farm.session.flush()
    assert meant(farm, words="đạm") == []


def test_the_diary_alone_says_what_went_in_and_came_out(farm: Farm) -> None:
    """A lot that went into a step of another batch, and one that came out of it; a withdrawn slip says nothing."""
    for lot in ("A", "B", "C", "D"):
        farm.batch(lot)
    at = dt.datetime(2026, 10, 2, tzinfo=dt.UTC)
    for withdrawn, lines in (
        (None, [(LineRole.IN, "A"), (LineRole.OUT, "C"), (LineRole.OUT, "B")]),
        (at, [(LineRole.IN, "D")]),
    ):
        entry = Event(step=Step.PROCESSING, batch_id=farm.lots["B"], at=at, recorded_by=farm.party.id, recorded_at=at,
                      withdrawn_at=withdrawn)  # fmt: skip
        entry.lines += [
            line(role, lot, batch=farm.lots[lot], quantity=Decimal(5), unit="KGM") for role, lot in lines
        ]
        entry.seal()
        farm.session.add(entry)
    farm.session.flush()
    up = lineage(farm.session, [farm.lots["C"]], Direction.UP)
    assert farm.named(up.walk.nodes) == ["C", "B", "A"]
    assert [link.amount for link in up.walk.links] == [5, 5]
    assert farm.named(lineage(farm.session, [farm.lots["A"]], Direction.DOWN).walk.nodes) == ["A", "B", "C"]
    farm.made("B", A=7)
    assert [link.amount for link in lineage(farm.session, [farm.lots["B"]], Direction.UP).walk.links] == [7]


def test_an_input_a_household_and_a_place_lead_to_the_batches(farm: Farm) -> None:
    """A bag of fertiliser by name and lot however written; who delivered and where, by slips and steps."""
    member = Member(party_id=farm.party.id, code="H1", alias="Hộ Ba Sáu", commune_text="xã Đồi")
    farm.session.add(member)
    farm.session.flush()
    plot = Plot(
        party_id=farm.party.id, code="D1", name="Đồi 1", member_id=member.id, province="20", commune="06001"
    )
    farm.session.add(plot)
    farm.session.flush()
    for lot in ("A", "B", "C", "D"):
        farm.batch(lot)
    at = dt.datetime(2026, 10, 2, tzinfo=dt.UTC)

    def step(lot: str, *lines: EventLine, **more: Any) -> None:
        entry = Event(
            step=Step.CARE, batch_id=farm.lots[lot], at=at, recorded_by=farm.party.id, recorded_at=at, text="",
            lines=list(lines), **more,
        )  # fmt: skip
        entry.seal()
        farm.session.add(entry)

    step("A", line(LineRole.USED, "Phân bón NPK 16-16-8", lot="2609-B"))
    step("B", line(LineRole.USED, "Phân bón NPK 16-16-8", lot="2609-C"), plot_id=plot.id)
    step("C", line(LineRole.USED, "Phân bón NPK 16-16-8", lot="2609-B"), withdrawn_at=at)
    slip = PurchaseSlip(party_id=farm.party.id, number="1", member_id=member.id, plot_id=plot.id, quantity=Decimal(1),
                        unit="KGM", at=at, batch_id=farm.lots["D"], recorded_at=at)  # fmt: skip
    farm.session.add(slip)
    farm.session.flush()

    def found(**asked: Any) -> list[str]:
        return sorted(farm.named(find_suspects(farm.session, Suspicion(**asked), true()).batches))

    assert found(material_lot="2609 b") == ["A"]
    assert found(material="npk bon") == ["A", "B"]
    assert found(material="npk", material_lot="2609-c") == ["B"]
    assert found(material="đạm") == []
    assert found(words="npk 2609") == ["A", "B"]
    assert found(member="hộ ba sáu") == ["D"]
    assert found(plot="D1") == ["B", "D"]
    assert found(province="20") == ["B", "D"]
    assert found(commune="06001", material="npk") == ["B"]
    assert found(thing="https://id.gs1.org/01/08938505974194/10/L") == []
    slip.withdrawn_at = at
    farm.session.flush()
    assert found(plot="D1") == ["B"]
