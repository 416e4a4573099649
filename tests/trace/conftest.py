"""An empty database in memory, and workbooks made from plain rows."""

import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

import temthat_trace.tables  # noqa: F401 - so that the metadata is whole
from temthat_trace.database import Base
from temthat_trace.importing import ImportReport, import_workbook
from temthat_trace.parties import Party

NOW = dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC)

Rows = Sequence[Sequence[Any]]
Sheets = Mapping[str, Rows]
Build = Callable[[Sheets], bytes]
Import = Callable[..., ImportReport]


@pytest.fixture
def now() -> dt.datetime:
    return NOW


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    event.listen(engine, "connect", lambda c, _: c.execute("PRAGMA foreign_keys=ON"))
    Base.metadata.create_all(engine)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def build_xlsx(sheets: Sheets) -> bytes:
    book = Workbook()
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        assert isinstance(sheet, Worksheet)
        for row in rows:
            sheet.append(list(row))
    book.remove(book.worksheets[0])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.fixture
def build() -> Build:
    """Sheets as rows of values to the bytes of an XLSX."""
    return build_xlsx


@pytest.fixture
def world() -> dict[str, list[list[Any]]]:
    """The smallest whole world: a cooperative, a product, a pack form, a batch, an event, a paper."""
    return {
        "Đơn vị": [
            ["Mã đơn vị", "Loại đơn vị", "Tên đơn vị", "Địa chỉ"],
            ["HTX1", "Hợp tác xã", "HTX Một", "Xã Xuân Lương, Bắc Ninh"],
        ],
        "Sản phẩm": [
            ["Mã sản phẩm", "Tên sản phẩm", "Đơn vị tính", "Hạn dùng (tháng)"],
            ["CAM", "Cam sành", "kg", 1],
            ["TRUNG", "Trứng gà", "quả", None],
        ],
        "Quy cách": [
            ["Mã sản phẩm", "Mã quy cách", "Tên quy cách", "Lượng tịnh", "Đơn vị lượng tịnh"],
            ["CAM", "TUI", "Túi 500 g", 500, "g"],
            ["TRUNG", "KHAY", "Khay 10 quả", 10, "quả"],
        ],
        "Giấy tờ": [
            ["Mã giấy tờ", "Loại giấy tờ", "Số giấy", "Mã sản phẩm", "Ngày cấp", "Số sao"],
            ["OCOP1", "OCOP", "12/QĐ", "CAM", "15/03/2025", 4],
        ],
        "Lô": [
            ["Mã sản phẩm", "Số lô", "Số lượng", "Ngày sản xuất", "Hạn sử dụng"],
            ["CAM", "L1", 120, "01/11/2026", None],
            ["TRUNG", "T1", 1000, "10/11/2026", "20 ngày"],
        ],
        "Sự kiện": [
            ["Mã sản phẩm", "Số lô", "Thời điểm", "Công đoạn", "Nội dung"],
            ["CAM", "L1", "01/11/2026 07:30", "Thu hoạch", "Hái buổi sáng."],
        ],
    }


@pytest.fixture
def run(session: Session) -> Import:
    """Import sheets (or ready files) into the session; the operator unless `acting` says who."""

    def importing(
        sheets: Sheets | None = None,
        files: Mapping[str, bytes] | None = None,
        acting: Party | None = None,
        **options: Any,
    ) -> ImportReport:
        handed_in = files or {"htx.xlsx": build_xlsx(sheets or {})}
        return import_workbook(session, handed_in, acting, NOW, **options)

    return importing
