"""The balance at the desk: a batch's table, an organisation's year, what an alliance sees of its members."""

import datetime as dt
import uuid
from decimal import Decimal

from sqlalchemy import event, select

from temthat_trace.batches import Batch, BatchSource
from temthat_trace.events import Event, LineRole, Step, line
from temthat_trace.parties import Plot
from temthat_trace.products import PackComponent, PackForm, PackKind, Product, ProductKind

from .conftest import CLERK, NEIGHBOUR, OFFICER, Office


def copy(office: Office, lot: str, of: str = "DE-2611", quantity: int = 50) -> uuid.UUID:
    """Another batch of the same product."""
    with office.session() as session:
        like = session.get_one(Batch, office.batch_id(of))
        made = Batch(
            party_id=like.party_id, product_id=like.product_id, lot=lot, quantity=Decimal(quantity), unit="KGM",
            made_on=like.made_on,
        )  # fmt: skip
        session.add(made)
        session.commit()
        return made.id


def link(office: Office, made: uuid.UUID, source: uuid.UUID, amount: int) -> None:
    with office.session() as session:
        session.add(BatchSource(batch_id=made, source_id=source, quantity=Decimal(amount), unit="KGM"))
        session.commit()


def work(office: Office, batch: uuid.UUID, step: Step, **amounts: int) -> None:
    """An entry of the diary with kilograms: `went_in`, `out`, `lost`, `sent`."""
    roles = {"went_in": LineRole.IN, "out": LineRole.OUT, "lost": LineRole.LOST, "sent": LineRole.SENT}
    with office.session() as session:
        lines = [line(roles[r], "hàng", quantity=Decimal(q), unit="KGM") for r, q in amounts.items()]
        of = session.get_one(Batch, batch)
        at = dt.datetime.combine(of.made_on, dt.time(8), dt.UTC)
        made = Event(
            batch_id=batch, step=step, at=at, text="", actor="", recorded_by=of.party_id, recorded_at=at, lines=lines
        )  # fmt: skip
        made.seal()
        session.add(made)
        session.commit()


def test_a_batch_shows_its_table(any_office: Office) -> None:
    """Steps, the whole, and what was passed on; nothing is over, and it says so."""
    office = any_office
    batch = office.batch_id()
    link(office, batch, copy(office, "RUONG-A", quantity=400), 400)
    work(office, batch, Step.PROCESSING, went_in=400, out=120, lost=30)
    link(office, copy(office, "CON-1", quantity=20), batch, 20)
    page = office.browser(CLERK).open(f"/desk/batches/{batch}").text
    table = page[page.index('<table class="sheet balance"') :]
    table = table[: table.index("</table>")]
    for words in (
        "Chế biến",
        "400 kg",
        "120 kg",
        "30 kg",
        "giảm 250 kg",
        "Cả lô",
        "Đã giao đi từ lô",
        "còn 100 kg",
    ):
        assert words in table, words
    assert "Không có chỗ nào ra nhiều hơn vào." in page
    assert "<script" not in page


def test_a_batch_that_gives_more_than_it_got_is_asked_about(office: Office) -> None:
    """In words, on its page, in both languages; the number is bold in the table."""
    batch = office.batch_id()
    work(office, batch, Step.PACKING, went_in=100, out=120)
    browser = office.browser(CLERK)
    page = browser.open(f"/desk/batches/{batch}").text
    assert "ra 120 kg (kể cả hao hụt), nhiều hơn 100 kg đã vào; vượt 20 kg" in page
    assert "<b>vượt 20 kg</b>" in page
    browser.open("/desk/language/en")
    assert "more than the 100 kg that went in; 20 kg over" in browser.open(f"/desk/batches/{batch}").text


def test_only_units_that_do_not_convert_cannot_be_compared(office: Office) -> None:
    """Goods that are only sent have no input to compare; kilograms and boxes do not compare."""
    batch = office.batch_id()
    work(office, batch, Step.TRANSPORT, sent=10)
    address = f"/desk/batches/{batch}"
    assert "không so được" not in office.browser(CLERK).open(address).text
    with office.session() as session:
        of = session.get_one(Batch, batch)
        lines = [
            line(LineRole.IN, "hạt", quantity=Decimal(10), unit="KGM"),
            line(LineRole.OUT, "thùng", quantity=Decimal(4), unit="XCT"),
        ]
        at = dt.datetime(2026, 11, 18, tzinfo=dt.UTC)
        made = Event(
            batch_id=batch, step=Step.PACKING, at=at, text="", actor="", recorded_by=of.party_id, recorded_at=at,
            lines=lines,
        )  # fmt: skip
        made.seal()
        session.add(made)
        session.commit()
    assert office.browser(CLERK).open(address).text.count("không so được") == 2


def test_what_was_passed_on_whole_is_not_taken_for_the_batch(office: Office) -> None:
    """Two rows with the same numbers: the batch that came whole of another, and went whole into a third."""
    batch = office.batch_id()
    link(office, batch, copy(office, "RUONG-A", quantity=120), 120)
    link(office, copy(office, "CON-1", quantity=120), batch, 120)
    page = office.browser(CLERK).open(f"/desk/batches/{batch}").text
    table = page[page.index('<table class="sheet balance"') :]
    assert table.index("Cả lô") < table.index("Đã giao đi từ lô")
    assert table.count("khớp") == 2


def test_a_batch_without_amounts_says_what_is_missing(office: Office) -> None:
    """No false comfort."""
    page = office.browser(CLERK).open(f"/desk/batches/{office.batch_id()}").text
    assert "Chưa có gì để đối chiếu" in page
    assert "Không có chỗ nào ra nhiều hơn vào." not in page


def test_an_alliance_sees_what_is_over_among_its_members(any_office: Office) -> None:
    """Batches and growing areas with their organisations; a neighbour sees nothing of it."""
    office = any_office
    batch = office.batch_id()
    work(office, batch, Step.PACKING, went_in=100, out=120)
    with office.session() as session:
        of = session.get_one(Batch, batch)
        plot = Plot(
            party_id=of.party_id, code="V1", name="Vườn Đông", area_ha=Decimal(1), yield_kg_per_ha=Decimal(10)
        )
        session.add(plot)
        session.flush()
        of.plot_id = plot.id
        year, party, name = of.made_on.year, of.party_id, of.party.name
        session.commit()
    page = office.browser(OFFICER).open(f"/desk/balance?year={year}").text
    assert f'href="/desk/batches/{batch}#balance"' in page
    assert page.count(name) == 2
    assert "Vườn Đông: 1 ha × 10 kg mỗi ha × 1 vụ = dự kiến 10 kg" in page
    assert "vượt 20 kg" in page
    own = office.browser(CLERK).open(f"/desk/organisations/{party}/balance?year={year}").text
    assert "vượt 20 kg" in own
    assert "<th" in own
    neighbour = office.browser(NEIGHBOUR)
    assert neighbour.open(f"/desk/organisations/{party}/balance").status_code == 404
    assert "vượt 20 kg" not in neighbour.open(f"/desk/balance?year={year}").text
    assert "vượt 20 kg" not in office.browser(OFFICER).open(f"/desk/balance?year={year - 1}").text


def test_an_office_asks_the_database_as_often_for_many_batches(office: Office) -> None:
    """The page of a year does not ask once a batch."""
    browser = office.browser(OFFICER)

    def asked() -> int:
        statements: list[str] = []
        listener = lambda _c, _k, statement, *_: statements.append(statement)  # noqa: E731
        event.listen(office.services.engine, "before_cursor_execute", listener)
        browser.open("/desk/balance?year=2026")
        event.remove(office.services.engine, "before_cursor_execute", listener)
        return len(statements)

    work(office, copy(office, "A0"), Step.PACKING, went_in=10, out=20)
    few = asked()
    for n in range(1, 15):
        work(office, copy(office, f"A{n}"), Step.PACKING, went_in=10, out=20)
    assert asked() == few
    assert few < 40


def test_units_that_do_not_compare_are_said_to_be_the_reason(office: Office) -> None:
    """A box is made of litres: the source is there, so the page must not say that none is recorded."""
    batch, source = copy(office, "HOP-1"), copy(office, "NGUON-1")
    with office.session() as session:
        made = session.get_one(Batch, batch)
        part = session.scalars(select(PackForm).where(PackForm.product_id == made.product_id)).first()
        assert part is not None
        box = Product(
            party_id=made.party_id, code="HOP", name="Hộp quà", kind=ProductKind.GOODS, base_unit="KT"
        )
        form = PackForm(code="H", name="Hộp quà", kind=PackKind.COMBO)
        form.components.append(PackComponent(part=part, quantity=1))
        box.pack_forms.append(form)
        session.add(box)
        session.flush()
        made.product_id, made.unit = box.id, "KT"
        session.add(BatchSource(batch_id=batch, source_id=source, quantity=Decimal(3), unit="LTR"))
        session.commit()
    page = office.browser(CLERK).open(f"/desk/batches/{batch}").text
    assert "Đã ghi hàng vào, nhưng đơn vị" in page
    assert "chưa ghi lô nguồn" not in page
