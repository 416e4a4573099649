"""The neutral export: its schema, its tables, and the sheets for other systems."""

import csv
import datetime as dt
import io
import json
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema

from temthat_trace.events import Event
from temthat_trace.formats import VIETNAM
from temthat_trace.parties import Party
from temthat_verify_api.outgoing.exchange_pack import write_exchange_pack
from temthat_verify_api.outgoing.facts import SECTIONS, columns, schema
from temthat_verify_api.outgoing.gather import whole_party
from temthat_verify_api.outgoing.systems import SYSTEMS

from .conftest import HOSTILE, PARTNER, PERSON, PHONE, Goods, unzipped

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from temthat_trace.products import Product

SPEC = Path(__file__).parents[3] / "docs" / "spec"


def exported(goods: Goods) -> dict[str, bytes]:
    """All files of the export of the world's producer."""
    out = io.BytesIO()
    with goods.world.services.sessions() as session:
        party = session.query(Party).filter_by(code="HTX-MAU").one()
        write_exchange_pack(session, goods.world.services, whole_party(session, party), out)
    return unzipped(out.getvalue())


def table(data: bytes) -> list[list[str]]:
    """A CSV file as Excel reads it."""
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_published_schema_is_the_one_in_force() -> None:
    assert json.loads((SPEC / "exchange-1.schema.json").read_text("utf-8")) == schema()
    said = (SPEC / "exchange.md").read_text("utf-8")
    for name, kind in SECTIONS.items():
        assert f"## `{name}`" in said
        assert all(f"| `{column}` |" in said for column in columns(kind))


def test_the_export_fits_its_schema_and_its_tables_say_the_same(hostile: Goods) -> None:
    """JSON validates; each CSV has the same records; what a spreadsheet would compute is behind an apostrophe."""
    hostile.world.confirm_paper()
    hostile.add_event(partner=PARTNER)
    files = exported(hostile)
    body = json.loads(files["data.json"])
    jsonschema.validate(body, schema(), format_checker=jsonschema.FormatChecker())
    for name, kind in SECTIONS.items():
        head, *rows = table(files[f"csv/{name}.csv"])
        assert head == list(columns(kind))
        assert len(rows) == len(body[name])
        for row, record in zip(rows, body[name], strict=True):
            for cell, value in zip(row, record.values(), strict=True):
                text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                assert cell.removeprefix("'") == text
                assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert body["products"][0]["name"] == HOSTILE
    assert table(files["csv/products.csv"])[1][3] == f"'{HOSTILE}"
    assert {
        len(body[name]) for name in ("parties", "products", "sellers", "papers", "confirmations", "stamps")
    } == {1}
    assert {line["role"] for line in body["event_lines"]} == {"used"}
    for secret in (PARTNER, PERSON, PHONE):
        assert all(secret.encode() not in content for content in files.values())


def test_sheets_for_other_systems_say_that_no_format_is_published(goods: Goods) -> None:
    """The ten items of the circular, the passport's items; and none pretends to be the system's own form."""
    files = exported(goods)
    for key in SYSTEMS:
        assert "Chưa có giao diện hay mẫu tệp nào được công bố" in files[f"{key}/DOC-TRUOC.txt"].decode()
        head, row = table(files[f"{key}/lo.csv"])
        assert len(head) == len(row)
    heads, ten = table(files["cong-quoc-gia/lo.csv"])
    assert [head.split()[0] for head in heads] == [str(n) for n in range(1, 11)]
    assert ten[6] == "(01)08938505974194(10)L01"
    assert ten[4] == "Thu hoạch 2026-05-06T10:00+07:00"
    assert table(files["cong-quoc-gia/cong-doan.csv"])[1][1] == "Thu hoạch"
    assert table(files["ho-chieu-so/lo.csv"])[1][7] == "OCOP 123/QĐ-UBND"
    assert table(files["nong-san/lo.csv"])[1][2] == "2026-05-06"
    assert table(files["nong-san/lo.csv"])[1][5] == "Gian hàng HTX"


def test_a_day_in_a_sheet_is_the_day_in_vietnam(goods: Goods) -> None:
    """Midnight there is the evening before in UTC, which is what the facts for programs have."""

    def at_midnight(session: "Session", _: "Product") -> None:
        session.query(Event).one().at = dt.datetime(2026, 5, 6, tzinfo=VIETNAM)

    goods.change(at_midnight)
    files = exported(goods)
    assert json.loads(files["data.json"])["events"][0]["at"] == "2026-05-05T17:00:00Z"
    assert table(files["cong-quoc-gia/lo.csv"])[1][4] == "Thu hoạch 2026-05-06"
    assert table(files["cong-quoc-gia/cong-doan.csv"])[1][5] == "2026-05-06"
    assert table(files["nong-san/lo.csv"])[1][2] == "2026-05-06"


def test_memory_does_not_grow_with_the_number_of_batches(goods: Goods) -> None:
    """Fifty batches more take little more than one."""

    def peak() -> int:
        tracemalloc.start()
        goods.pdf()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    goods.pdf()
    few = peak()
    for number in range(50):
        goods.world.run(count=1, lot=f"N{number}")
    assert peak() < few + 3_000_000
