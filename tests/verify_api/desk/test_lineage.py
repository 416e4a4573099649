"""The way of a batch at the desk: the picture, the tables behind it, and what others may not see of it."""

import re
import uuid
from decimal import Decimal
from itertools import pairwise

from temthat_trace.batches import Batch, BatchSource

from .conftest import CLERK, INSPECTOR, NEIGHBOUR, OFFICER, Office


def link(office: Office, made: uuid.UUID, source: uuid.UUID, amount: int) -> None:
    """A record that so many kg of one batch went into another."""
    with office.session() as session:
        row = BatchSource(batch_id=made, source_id=source, quantity=Decimal(amount), unit="KGM")
        session.add(row)
        session.commit()


def copy(office: Office, lot: str, of: str = "DE-2611", quantity: int = 50) -> uuid.UUID:
    """Another batch of the same product."""
    with office.session() as session:
        like = session.get_one(Batch, office.batch_id(of))
        batch = Batch(
            party_id=like.party_id, product_id=like.product_id, lot=lot, quantity=Decimal(quantity),
            unit="KGM", made_on=like.made_on, province=like.province, address=like.address,
        )  # fmt: skip
        session.add(batch)
        session.commit()
        return batch.id


def test_the_picture_tells_the_way_from_the_field(office: Office) -> None:
    """Two lots were mixed, a part of the mix is this one: in the order it happened, with amounts."""
    mix, field = copy(office, "TRON-1", quantity=90), copy(office, "RUONG-A", quantity=30)
    other = copy(office, "RUONG-B", quantity=60)
    link(office, mix, field, 30)
    link(office, mix, other, 60)
    link(office, office.batch_id(), mix, 40)
    office.printed(100)
    page = office.browser(CLERK).open(f"/desk/batches/{office.batch_id()}/lineage")
    assert page.status_code == 200
    way = page.text[page.text.index('<ol class="way">') : page.text.index("</ol>")]
    said = re.sub(r"<[^>]+>|\s+", " ", way)
    order = [
        "RUONG-A",
        "RUONG-B",
        "TRON-1",
        "Trộn từ",
        "RUONG-A: 30 kg",
        "DE-2611",
        "Chia ra từ",
        "TRON-1: 40 kg",
    ]
    order += ["Thu hoạch", "Đóng gói", "100 tem"]
    places = [said.index(words) for words in order]
    assert places == sorted(places)
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert len(page.content) < 50_000
    assert "RUONG-A: 30 kg" in office.browser(CLERK).open(f"/desk/batches/{office.batch_id()}").text


def test_the_tables_abbreviate_what_they_told(office: Office) -> None:
    """A diamond: the second way to the field says that the rest stands above."""
    one, two, field, earth = (copy(office, lot) for lot in ("M1", "M2", "RUONG", "GIONG"))
    for made, source in ((one, field), (two, field), (field, earth), (office.batch_id(), one)):
        link(office, made, source, 10)
    link(office, office.batch_id(), two, 10)
    browser = office.browser(CLERK)
    page = browser.open(f"/desk/batches/{office.batch_id()}/lineage").text
    assert page.count("(đã kể phần sau ở trên)") == 1
    assert "4 lô đứng trước lô này" in page
    down = browser.open(f"/desk/batches/{earth}/lineage?depth=1").text
    assert "1 lô làm ra từ lô này" in down
    assert "Bảng chưa kể hết" in down


def test_a_long_way_is_shortened_and_says_so(office: Office) -> None:
    """Fifty steps: the picture shows both ends, the table all of them; a cycle changes nothing."""
    chain = [office.batch_id(), *(copy(office, f"B{n:02}") for n in range(50))]
    for made, source in pairwise(chain):
        link(office, made, source, 1)
    link(office, chain[-1], chain[0], 1)
    page = office.browser(CLERK).open(f"/desk/batches/{chain[0]}/lineage").text
    assert "47 chặng ở giữa" in page
    assert all(f"B{n:02}" in page for n in range(50))


def test_only_one_step_into_anothers_goods_is_told(office: Office) -> None:
    """One step back and one forward; further on, another's batch has no name here. Its alliance sees all."""
    far, near = copy(office, "NA-XA", of="NA-2609"), copy(office, "NA-GAN", of="NA-2609")
    link(office, near, far, 5)
    link(office, office.batch_id(), near, 5)
    address = f"/desk/batches/{office.batch_id()}/lineage"
    page = office.browser(CLERK).open(address).text
    assert "NA-GAN" in page
    assert "NA-XA" not in page
    assert "Lô của đơn vị khác" in page
    for phone in (OFFICER, INSPECTOR):
        assert "NA-XA" in office.browser(phone).open(address).text
    assert office.browser(NEIGHBOUR).open(address).status_code == 404
