"""The template and the demo's workbook, made from it."""

import datetime as dt
import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.importing import ImportReport, import_workbook, interpret, read_workbook, template
from temthat_trace.importing.sheets import SHEETS, column_named
from temthat_trace.packing import allowed, content
from temthat_trace.parties import PRODUCERS, Party
from temthat_trace.places import province_label
from temthat_trace.products import PackKind

Import = Callable[..., ImportReport]
DEMO = Path(__file__).parents[3] / "demo"


def test_the_template_has_every_sheet_and_reads_as_empty() -> None:
    """Guide, ten sheets, a hidden list sheet; its example rows are no data."""
    data = template()
    book = load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["Hướng dẫn", *(s.vi for s in SHEETS), "Danh mục"]
    assert book["Danh mục"].sheet_state == "hidden"
    found = interpret(read_workbook({"mau.xlsx": data}))
    assert (found.rows, found.findings.problems, found.findings.notes) == ([], [], [])


def test_every_header_of_the_template_is_understood_and_explained() -> None:
    """Each title leads back to its column and carries a comment."""
    book = load_workbook(io.BytesIO(template()))
    for spec in SHEETS:
        heads = list(book[spec.vi][1])
        assert [column_named(spec, str(c.value)) for c in heads] == list(spec.columns)
        assert all(c.comment for c in heads)


def test_codes_and_barcodes_are_text_cells() -> None:
    """So that Excel keeps leading zeros and all digits."""
    book = load_workbook(io.BytesIO(template()))
    products = book["Sản phẩm"]
    gtin = [str(c.value) for c in products[1]].index("Mã GTIN") + 1
    assert products.cell(3, gtin).number_format == "@"


def test_the_examples_themselves_are_good_data(run: Import) -> None:
    """What the example rows show can be typed as it stands."""
    book = load_workbook(io.BytesIO(template()))
    sheets: dict[str, list[list[Any]]] = {}
    for spec in SHEETS:
        head, example = (list(r) for r in book[spec.vi].iter_rows(1, 2, values_only=True))
        sheets[spec.vi] = [head, [str(v).removeprefix("(ví dụ) ") if v else None for v in example]]
    sheets["Đơn vị"].append(["LMHTX-BAC-NINH", "Liên minh HTX tỉnh", "Liên minh", *[None] * 6])
    sheets["Sản phẩm"].append(["HTX-AN-SON", "COMBO-TET", "Combo", None, None, None, "combo", *[None] * 6])
    sheets["Sản phẩm"].append(["HTX-AN-SON", "MATONG-THO", "Mật thô", None, None, None, "lít", *[None] * 6])
    sheets["Quy cách"].append(["HTX-AN-SON", "COMBO-TET", "COMBO1", "Combo", "Combo", *[None] * 5])
    sheets["Lô"].append(["HTX-AN-SON", "MATONG-THO", "THO261020", 90, None, "20/10/2026", *[None] * 4])
    report = run(sheets)
    assert [(p.sheet, p.cell, p.reason_vi) for p in report.problems] == []


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_workbook", DEMO / "make_workbook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("today", [dt.date(2026, 11, 20), dt.date(2027, 3, 1)])
def test_the_demo_s_workbook_imports_on_any_day(session: Session, maker: ModuleType, today: dt.date) -> None:
    """Sample parties only, a few thousand stamps' worth of goods, one batch past its date."""
    now = dt.datetime.combine(today, dt.time(3), dt.UTC) + dt.timedelta(days=1)
    report = import_workbook(session, {"htx-mau.xlsx": maker.make_workbook(today)}, None, now)
    assert [(p.sheet, p.cell, p.reason_vi) for p in report.problems] == []
    parties = session.scalars(select(Party)).all()
    assert all(p.is_sample and "(mẫu)" in p.name and p.province for p in parties)
    makers = [p for p in parties if p.kind in PRODUCERS]
    assert len({p.province for p in makers}) == 3
    assert "Bắc Ninh (trước 1/7/2025: Bắc Giang)" in {
        province_label(p.province or "", p.address) for p in makers
    }
    batches = session.scalars(select(Batch)).all()
    assert sum(b.expires_on is not None and b.expires_on < today for b in batches) >= 1
    stamps = 0
    for b in batches:
        for form in (f for f in b.product.pack_forms if f.kind is not PackKind.CASE):
            stamps += (
                allowed(b.quantity, content(form, b.product.base_unit), b.unit).left
                if b.unit == b.product.base_unit
                else 0
            )
    assert 2_000 < stamps < 6_000


def test_the_kept_demo_workbook_is_what_its_script_makes(maker: ModuleType) -> None:
    """The file in the repository is up to date with script and template."""

    def cells(data: bytes) -> list[Any]:
        raw = read_workbook({"a.xlsx": data})
        return [(s.name, [[(c.address, c.value) for c in row] for row in s.rows]) for s in raw.sheets]

    assert cells((DEMO / "htx-mau.xlsx").read_bytes()) == cells(maker.make_workbook())
