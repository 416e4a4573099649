"""Hostile cells in a workbook of the right form: each is a problem told in words or a record; nothing breaks later."""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from temthat_trace.database import make_engine
from temthat_trace.importing import WorkbookRefused, import_workbook

from ..conftest import PostgresForTests
from .asking import examples
from .serving import ROOT

NOW = dt.datetime(2026, 11, 22, 3, tzinfo=dt.UTC)
LEFT_OUT = ("Hướng dẫn", "Danh mục")
Sheets = dict[str, list[list[str]]]

HOSTILE = [
    "", " ", "\u00a0", "\0", "\x1b[2J", "\u202e", "\ufeff", "\ud7ff", "\U0010ffff", "e\u0301" * 150,
    "💥" * 200, "a" * 33_000, "<script>alert(1)</script>", "'; drop table party; --", "{{7*7}}",
    "[{issuer}]", "%s%n", "=1+1", "@SUM(1)", "../../x", "^XZ", "0", "-0", "-1", "1e5", "1e400", "-1e-400",
    "NaN", "Infinity", "9" * 30, "9" * 400, "0," + "0" * 300 + "1", "1.234.567.890.123",
    "999999999999,999999", "9223372036854,775807", "9223372036854,775808", "1.2.3,4,5", "½", "١٢٣", "１２３",
    "1 000", "0x10", "31/02/2026", "00/00/0000", "29/02/2025", "01/01/0001", "31/12/9999", "31/12/99999",
    "01/01/1", "45000", "99999999", "-45000", "2026-11-22T25:61:61", "12/2026", "ngày mai", "1000000 tháng",
    "-5 ngày", "99999999999 tháng", "0 tháng", "HTX-AN-SON", "x" * 65, "mã có dấu cách", "a/b", "a?b#c",
    "%2F", "12345678", "08938505974194", "00000000000000", "+84912345678", "0912", "1900 1234; rm", "kg",
    "KGM", "tấn", "lít", "quả", "combo", "thùng", "Có", "không", "5", "6",
]  # fmt: skip


@cache
def sample() -> Sheets:
    """The demo's workbook as text."""
    book = load_workbook(ROOT / "demo" / "htx-mau.xlsx", read_only=True)
    found: Sheets = {}
    for sheet in book.worksheets:
        rows = [["" if v is None else _text(v) for v in row] for row in sheet.iter_rows(values_only=True)]
        if sheet.title not in LEFT_OUT:
            found[sheet.title] = [row for row in rows if any(row)]
    book.close()
    return found


def _text(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.strftime("%d/%m/%Y %H:%M" if value.hour else "%d/%m/%Y")
    return str(value).replace(".", ",") if isinstance(value, float | Decimal) else str(value)


def files(sheets: Sheets) -> dict[str, bytes]:
    """As the CSV files of an office."""
    made = {}
    for title, rows in sheets.items():
        out = io.StringIO()
        csv.writer(out, delimiter=";").writerows(rows)
        made[f"{title}.csv"] = out.getvalue().encode("utf-8", "replace")
    return made


@pytest.fixture(scope="module")
def engines(
    postgres: PostgresForTests, _postgres_template: str, _sqlite_template: Path
) -> Iterator[list[Engine]]:
    """A database of either kind, whose tables stay empty."""
    made = [
        make_engine(f"sqlite:///{_sqlite_template}"),
        make_engine(postgres.url(postgres.new_database(_postgres_template))),
    ]
    yield made
    for engine in made:
        engine.dispose()


def test_the_sample_itself_is_good(engines: list[Engine]) -> None:
    """What the next tests spoil is whole."""
    for engine in engines:
        with Session(engine) as session:
            assert import_workbook(session, files(sample()), None, NOW).applied


@examples(40)
@given(data=st.data())
def test_property_hostile_cells_are_told_or_kept(engines: list[Engine], data: st.DataObject) -> None:
    """One to three cells exchanged: both databases agree on what is wrong with it, or take it all."""
    sheets = {title: [list(row) for row in rows] for title, rows in sample().items()}
    for _ in range(data.draw(st.integers(1, 3))):
        rows = sheets[data.draw(st.sampled_from(sorted(sheets)))]
        row = data.draw(st.integers(0, len(rows) - 1))
        column = data.draw(st.integers(0, len(rows[row]) - 1))
        rows[row][column] = data.draw(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=30)))
    told = []
    for engine in engines:
        with Session(engine) as session:
            try:
                report = import_workbook(session, files(sheets), None, NOW)
            except WorkbookRefused as refused:
                told.append([refused.reason_vi, refused.reason_en])
                continue
            assert report.applied == report.ok
            assert all(problem.reason_vi and problem.reason_en for problem in report.problems)
            told.append([f"{p.sheet}!{p.cell} {p.reason_vi}" for p in report.problems])
            session.flush()
    assert told[0] == told[1]
    assert all(told[0]) or not told[0]
