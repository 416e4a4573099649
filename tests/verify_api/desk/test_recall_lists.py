"""A recall's lists and its other roads: materials, customers, paper, containers, and a hold signed at home."""

import csv
import io
import json
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pypdf
import pytest

from temthat_stamps.custody.order import request_from_json
from temthat_trace.batches import Batch
from temthat_trace.epcis.capture import capture
from temthat_trace.events import Event, EventLine, LineRole, Step, line
from temthat_trace.products import Product

from .conftest import CLERK, NOW, OFFICER, Office
from .test_lineage import copy, link
from .test_own_orders import at_home, sent
from .test_recall import kinds, send

GTIN = "08938505974194"
CARTON = "389385059700000012"
FERTILISER = {"material": "npk", "material_lot": "2609 b"}


def write(office: Office, lot: str, step: Step, *lines: EventLine) -> None:
    """An entry of the diary of a batch."""
    with office.session() as session:
        batch = session.get_one(Batch, office.batch_id(lot))
        entry = Event(batch_id=batch.id, step=step, at=NOW, text="", recorded_by=batch.party_id, recorded_at=NOW,
                      lines=list(lines))  # fmt: skip
        entry.seal()
        session.add(entry)
        session.commit()


@pytest.fixture
def farm(office: Office) -> Office:
    """A bad bag of fertiliser on a field's lot; the packs made from it were printed and sent to two shops."""
    link(office, office.batch_id(), copy(office, "RUONG-A"), 40)
    office.printed(100)
    write(
        office,
        "RUONG-A",
        Step.CARE,
        line(LineRole.USED, "Phân bón NPK 16-16-8", lot="2609-B", partner="Đại lý Hà"),
    )
    for shop, amount in (("Cửa hàng Sạch 24h", 10), ("cửa hàng sạch 24H", 5), ("Siêu thị Bình Minh", 7)):
        goods = line(
            LineRole.SENT, "", batch=office.batch_id(), partner=shop, quantity=Decimal(amount), unit="KGM"
        )
        write(office, "DE-2611", Step.TRANSPORT, goods)
    return office


def test_a_bad_bag_leads_to_the_customers(farm: Office) -> None:
    """By name and lot however written; one shop is one line, whatever its case, with what it got in all."""
    browser = farm.browser(CLERK)
    page = browser.open(f"/desk/recall?{urlencode(FERTILISER)}").text
    for said in ("RUONG-A", "DE-2611", "Siêu thị Bình Minh", "15 kg", "7 kg"):
        assert said in page, said
    assert "DE-2611" not in browser.open("/desk/recall?material=npk&material_lot=2609-c").text
    answer = browser.open(f"/desk/recall.csv?{urlencode(FERTILISER | {'list': 'customers'})}")
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert head[:2] == ["Ai", "Tên"]
    customers = {row[1]: (row[4], row[5]) for row in rows if row[0] == "Khách nhận hàng"}
    assert customers == {"Cửa hàng Sạch 24h": ("15 kg", "2"), "Siêu thị Bình Minh": ("7 kg", "1")}
    assert all("DE-2611" in row[3] for row in rows if row[1] in customers)


def test_the_list_on_paper(farm: Office) -> None:
    """A PDF with what was asked, how many, whom to call, and room to write down that it was done."""
    answer = farm.browser(CLERK).open(f"/desk/recall.pdf?{urlencode(FERTILISER)}")
    assert answer.headers["content-type"] == "application/pdf"
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
    for said in ("Biên bản truy vết và thu hồi", "2609 b", "2 lô", "100 tem", "Siêu thị Bình Minh", "RUONG-A",
                 "Đã gọi lúc", "giây"):  # fmt: skip
        assert said in text, said
    assert farm.browser(CLERK).open("/desk/recall.pdf?since=hôm-qua").status_code == 400


def test_a_producer_with_its_own_key_holds_from_home(farm: Office, tmp_path: Path) -> None:
    """The yes hands out a file; nothing changes until it comes back signed. Its alliance can recall at once."""
    browser = farm.browser(CLERK)
    own = at_home(farm, tmp_path / "keys", "HTX-DE")
    with closing(own.state):
        assert "Đơn vị giữ khóa riêng" in browser.open("/desk/recall?lot=RUONG-A").text
        page = send(browser, lot="RUONG-A", kind="hold")
        assert page.status_code == 200
        assert "temthat own sign thong-bao-hold.json" in page.text
        assert kinds(farm, 1) == []
        query = urlencode({"lot": "RUONG-A", "kind": "hold", "reason": "contamination"})
        answer = browser.open(f"/desk/recall/request.json?{query}")
        assert answer.status_code == 200
        signed = own.sign_request(request_from_json(answer.content))
        assert sent(browser, signed.to_json())[0] == 303
        assert kinds(farm, 1) == ["hold"]
        assert browser.open(f"/desk/recall/request.json?{query}").status_code == 422
        assert farm.browser(OFFICER).open(f"/desk/recall/request.json?{query}").status_code == 403
        assert send(farm.browser(OFFICER), lot="RUONG-A", kind="recall").status_code == 303
        assert kinds(farm, 1) == ["recall"]


def test_containers_and_who_got_them_by_events(farm: Office) -> None:
    """Packs told in EPCIS events, in a carton, shipped to a shop by its GLN: found from lot and carton."""
    with farm.session() as session:
        batch = session.get_one(Batch, farm.batch_id())
        session.get_one(Product, batch.product_id).gtin = GTIN
        shop = session.get_one(Batch, farm.batch_id("NA-2609")).party
        shop.gln = "8938505970004"
        name, party = shop.name, batch.party_id
        lot, pack = f"https://id.gs1.org/01/{GTIN}/10/DE-2611", f"https://id.gs1.org/01/{GTIN}/21/1"
        events: list[dict[str, Any]] = [
            {"type": "TransformationEvent", "outputEPCList": [pack],
             "inputQuantityList": [{"epcClass": lot, "quantity": 1, "uom": "KGM"}]},
            {"type": "AggregationEvent", "action": "ADD", "parentID": f"https://id.gs1.org/00/{CARTON}",
             "childEPCs": [pack]},
            {"type": "ObjectEvent", "action": "OBSERVE", "bizStep": "shipping",
             "epcList": [f"https://id.gs1.org/00/{CARTON}"],
             "destinationList": [{"type": "owning_party", "destination": "https://id.gs1.org/417/8938505970004"}]},
        ]  # fmt: skip
        for hour, event in enumerate(events):
            event |= {"eventTime": f"2026-11-01T{hour:02}:00:00+07:00", "eventTimeZoneOffset": "+07:00",
                      "@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"]}  # fmt: skip
            _, captured = capture(session, party, json.dumps(event), now=NOW)
            assert captured.success, captured
        session.commit()
    browser = farm.browser(CLERK)
    for asked in (FERTILISER, {"thing": CARTON}):
        page = browser.open(f"/desk/recall?{urlencode(asked)}").text
        assert f"(00) {CARTON}" in page, asked
        assert name in page
    assert "RUONG-A" not in page
    way = browser.open(f"/desk/batches/{farm.batch_id()}/lineage").text
    assert "ở trong thùng, kiện" in way
    assert f"(00) {CARTON}" in browser.open(f"/desk/recall.csv?{urlencode(FERTILISER)}").text
