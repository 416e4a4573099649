"""The whole import: records made, nothing half done, the same file twice, numbers by their unit."""

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch, BatchSource
from temthat_trace.database import make_engine
from temthat_trace.events import Event
from temthat_trace.importing import (
    ImportReport,
    apply,
    check,
    import_workbook,
    interpret,
    load_existing,
    read_workbook,
)
from temthat_trace.papers import Paper
from temthat_trace.parties import Member, Party, Plot
from temthat_trace.products import PackForm, PackKind, Product
from temthat_trace.sealed import digest_of, event_record
from temthat_trace.tables import Base

World = dict[str, list[list[Any]]]
Import = Callable[..., ImportReport]


def reasons(report: ImportReport) -> list[tuple[str, str, str]]:
    assert all(p.reason_en for p in report.problems)
    return [(p.sheet, p.cell, p.reason_vi) for p in report.problems]


def test_a_workbook_becomes_records(session: Session, world: World, run: Import) -> None:
    """Every sheet's rows, with what follows from them: search text, place, expiry, validity, seals."""
    report = run(world)
    assert (report.ok, report.applied) == (True, True)
    assert {n: c.new for n, c in report.counts.items()} == {
        "Đơn vị": 1, "Sản phẩm": 2, "Quy cách": 2, "Giấy tờ": 1, "Lô": 2, "Nhật ký": 1,
    }  # fmt: skip
    party = session.scalars(select(Party)).one()
    assert (party.province, party.commune, party.address) == ("24", "07246", "Xã Xuân Lương, Bắc Ninh")
    assert "htx mot" in party.search
    assert "bac giang" in party.search
    orange = session.scalars(select(Batch).where(Batch.lot == "L1")).one()
    assert (orange.quantity, orange.unit, orange.expires_on) == (Decimal(120), "KGM", dt.date(2026, 12, 1))
    eggs = session.scalars(select(Batch).where(Batch.lot == "T1")).one()
    assert eggs.expires_on == dt.date(2026, 11, 30)
    assert session.scalars(select(Paper)).one().valid_until == dt.date(2028, 3, 15)
    event = session.scalars(select(Event)).one()
    assert event.salt is not None
    assert event.sealed() == event_record(event.salt, event.step, event.at, "Hái buổi sáng.", "", "")
    assert event.digest == digest_of(event.sealed() or {})
    assert event.at == dt.datetime(2026, 11, 1, 0, 30, tzinfo=dt.UTC)
    assert event.recorded_by == party.id


def test_the_same_file_again_changes_nothing(session: Session, world: World, run: Import) -> None:
    """Idempotent: all rows are the same, no event is doubled."""
    run(world)
    again = run(world)
    assert again.ok
    assert all((c.new, c.changed) == (0, 0) for c in again.counts.values())
    assert sum(c.same for c in again.counts.values()) == 9
    assert session.scalar(select(func.count()).select_from(Event)) == 1


def test_a_changed_row_updates_its_record_and_no_other(session: Session, world: World, run: Import) -> None:
    """Corrections are sent as the same workbook with the cell corrected."""
    run(world)
    world["Sản phẩm"][1][1] = "Cam sành Hàm Yên"
    world["Lô"][1][2] = 130
    report = run(world)
    assert {n: c.changed for n, c in report.counts.items() if c.changed} == {"Sản phẩm": 1, "Lô": 1}
    product = session.scalars(select(Product).where(Product.code == "CAM")).one()
    assert (product.name, product.search) == ("Cam sành Hàm Yên", "cam sanh ham yen cam")
    assert session.scalars(select(Batch.quantity).where(Batch.lot == "L1")).one() == 130


def test_a_missing_column_leaves_what_is_stored_an_empty_cell_empties_it(
    session: Session, world: World, run: Import
) -> None:
    """A short workbook does not wipe out what it does not mention."""
    run(world)
    short = {
        "Đơn vị": [["Mã đơn vị", "Loại đơn vị", "Tên đơn vị"], ["HTX1", "HTX", "HTX Một"]],
        "Sản phẩm": [["Mã sản phẩm", "Tên sản phẩm", "Đơn vị tính"], ["CAM", "Cam sành", "kg"]],
    }
    assert run(short).counts["Sản phẩm"].same == 1
    short["Sản phẩm"] = [[*short["Sản phẩm"][0], "Hạn dùng (tháng)"], [*short["Sản phẩm"][1], ""]]
    assert run(short).counts["Sản phẩm"].changed == 1
    assert session.scalars(select(Product.shelf_life_months).where(Product.code == "CAM")).one() is None


def test_one_bad_cell_and_nothing_is_imported(session: Session, world: World, run: Import) -> None:
    """All or nothing per file: the good rows wait for the bad one."""
    world["Lô"][2][2] = "nhiều"
    report = run(world)
    assert not report.applied
    assert reasons(report) == [("Lô", "C3", "Không phải số. Hãy viết như 1234,5.")]
    for table in reversed(Base.metadata.sorted_tables):
        assert session.scalar(select(func.count()).select_from(table)) == 0


def test_a_preview_writes_nothing(session: Session, world: World, run: Import) -> None:
    """dry_run counts what would happen."""
    report = run(world, dry_run=True)
    assert (report.ok, report.applied, report.counts["Lô"].new) == (True, False, 2)
    assert session.scalar(select(func.count()).select_from(Party)) == 0


def test_unclear_numbers_follow_the_unit_and_are_shown(session: Session, world: World, run: Import) -> None:
    """1.234 eggs are a thousand; 1.234 tonnes are one; 1.234 kilograms are a thousand; the preview tells each."""
    world["Lô"] = [
        ["Mã sản phẩm", "Số lô", "Số lượng", "Đơn vị", "Ngày sản xuất"],
        ["TRUNG", "A", "1.234", "quả", "1/11/2026"],
        ["TRUNG", "B", 1.234, "quả", "1/11/2026"],
        ["CAM", "C", "1.234", "tấn", "1/11/2026"],
        ["CAM", "D", "1.234", "kg", "1/11/2026"],
        ["CAM", "E", "1.234,5", "kg", "1/11/2026"],
        ["CAM", "F", "3", "yến", "1/11/2026"],
        ["CAM", "G", "1,2 tấn", None, "1/11/2026"],
    ]
    del world["Sự kiện"]
    report = run(world)
    assert reasons(report) == []
    stored = {b.lot: (b.quantity, b.unit) for b in session.scalars(select(Batch))}
    assert stored == {
        "A": (1234, "H87"), "B": (1234, "H87"), "C": (Decimal("1.234"), "TNE"), "D": (1234, "KGM"),
        "E": (Decimal("1234.5"), "KGM"), "F": (30, "KGM"), "G": (Decimal("1.2"), "TNE"),
    }  # fmt: skip
    shown = {r.cell: r.understood_vi for r in report.readings if r.sheet == "Lô"}
    assert shown.pop("E2") == "ngày 1 tháng 11 năm 2026; cả cột đọc ngày trước, tháng sau"
    assert shown == {"C2": "1.234 quả", "C3": "1.234 quả", "C4": "1,234 tấn", "C5": "1.234 kg"}


def test_half_an_egg_is_refused(world: World, run: Import) -> None:
    """A number no egg can be, and no lost thousand either."""
    world["Lô"][2][2] = 12.5
    assert reasons(run(world)) == [("Lô", "C3", "Số quả phải là số nguyên, đang là 12,5.")]


def test_cases_combos_and_sources(session: Session, world: World, run: Import) -> None:
    """A case of trays, a gift box of two products, a batch made from two others."""
    world["Sản phẩm"] += [["QUA", "Giỏ quà", "combo", 2]]
    world["Quy cách"] = [
        [
            "Mã sản phẩm",
            "Mã quy cách",
            "Tên quy cách",
            "Loại",
            "Lượng tịnh",
            "ĐVT",
            "Chứa quy cách",
            "Số gói",
        ],
        ["CAM", "TUI", "Túi", "Gói lẻ", "0,5", "kg", None, None],
        ["TRUNG", "THUNG", "Thùng 12 khay", "Thùng", None, None, "KHAY", 12],
        ["TRUNG", "KHAY", "Khay", None, 10, None, None, None],
        ["QUA", "GIO", "Giỏ", None, None, None, None, None],
    ]
    world["Combo"] = [
        [
            "Mã sản phẩm combo",
            "Mã quy cách combo",
            "Mã sản phẩm thành phần",
            "Mã quy cách thành phần",
            "Số lượng",
        ],
        ["QUA", "GIO", "CAM", "TUI", 2],
        ["QUA", "GIO", "TRUNG", "KHAY", 1],
    ]
    world["Lô"] += [["CAM", "L2", 50, "2/11/2026", None], ["CAM", "L3", 100, "3/11/2026", None]]
    world["Nguồn lô"] = [
        ["Mã sản phẩm", "Số lô", "Lô nguồn", "Số lượng", "Đơn vị"],
        ["CAM", "L3", "L1", 60, "kg"],
        ["CAM", "L3", "L2", 0.04, "tấn"],
    ]
    assert reasons(run(world)) == []
    forms = {f.code: f for f in session.scalars(select(PackForm))}
    assert (forms["THUNG"].kind, forms["THUNG"].inner, forms["THUNG"].holds) == (
        PackKind.CASE,
        forms["KHAY"],
        12,
    )
    assert forms["GIO"].kind is PackKind.COMBO
    assert {c.part.code: c.quantity for c in forms["GIO"].components} == {"TUI": 2, "KHAY": 1}
    sources = session.scalars(select(BatchSource)).all()
    assert {(s.source.lot, s.quantity, s.unit) for s in sources} == {
        ("L1", 60, "KGM"),
        ("L2", Decimal("0.04"), "TNE"),
    }
    assert all(c.new == 0 for c in run(world).counts.values())


def test_members_and_plots(session: Session, world: World, run: Import) -> None:
    """A member by alias, a plot with its area, a batch from both."""
    world["Thành viên"] = [
        ["Mã thành viên", "Tên hiển thị", "Xã / phường"],
        ["TV1", "Hộ bà Tư", "Xã Xuân Lương"],
    ]
    world["Vùng trồng"] = [
        ["Mã vùng", "Tên vùng", "Mã thành viên", "Diện tích"],
        ["V1", "Đồi", "TV1", "1,5"],
        ["V2", "Vườn", "", "2500 m2"],
    ]
    world["Lô"] = [[*world["Lô"][0], "Mã vùng", "Mã thành viên"], [*world["Lô"][1], "V1", "TV1"]]
    assert reasons(run(world)) == []
    batch = session.scalars(select(Batch)).one()
    assert batch.plot is not None
    assert batch.member is not None
    assert (batch.plot.area_ha, batch.member.alias) == (Decimal("1.5"), "Hộ bà Tư")
    assert session.scalars(select(Plot.area_ha).where(Plot.code == "V2")).one() == Decimal("0.25")


def test_a_plot_says_what_it_should_give(session: Session, world: World, run: Import) -> None:
    """Yield a hectare and season, and seasons a year: optional, in kilos or tonnes, never a season too many."""
    head = ["Mã vùng", "Diện tích (ha)", "Năng suất mỗi vụ (kg/ha)", "Số vụ mỗi năm"]
    world["Vùng trồng"] = [head, ["V1", "1,5", "12.000", 2], ["V2", "1", "12 tấn", None], ["V3", "1", "", ""]]
    assert reasons(run(world)) == []
    kept = session.execute(select(Plot.code, Plot.yield_kg_per_ha, Plot.seasons_per_year)).all()
    assert {tuple(row) for row in kept} == {("V1", 12_000, 2), ("V2", 12_000, None), ("V3", None, None)}
    world["Vùng trồng"] = [head[:2], ["V1", "1,4"]]
    assert reasons(run(world)) == []
    assert session.scalars(select(Plot.yield_kg_per_ha).where(Plot.code == "V1")).one() == 12_000
    world["Vùng trồng"] = [head, ["V1", "1,5", "3 lít", 13]]
    assert [where[:2] for where in reasons(run(world))] == [("Vùng trồng", "C2"), ("Vùng trồng", "D2")]


def test_personal_data_needs_a_date_of_consent(session: Session, world: World, run: Import) -> None:
    """A name or a telephone without consent is refused; with it, it is kept."""
    world["Thành viên"] = [
        ["Mã thành viên", "Tên hiển thị", "Họ và tên", "Ngày đồng ý"],
        ["TV1", "Hộ A", "Nguyễn Văn A", None],
    ]
    assert reasons(run(world))[0][:2] == ("Thành viên", "C2")
    world["Thành viên"][1][3] = "01/09/2026"
    assert run(world).ok
    assert session.scalars(select(Member.full_name)).one() == "Nguyễn Văn A"


def test_a_gln_of_a_party_and_of_a_plot(session: Session, world: World, run: Import) -> None:
    """Kept when its check digit is right; a wrong one is told at its cell; a foreign prefix is noted."""
    world["Đơn vị"][0].append("Mã GLN")
    for row in world["Đơn vị"][1:]:
        row.append("8938505974002")
    world["Vùng trồng"] = [["Mã vùng", "Mã GLN"], ["V1", "4000001000005"]]
    report = run(world)
    assert reasons(report) == []
    assert session.scalars(select(Party.gln)).all() == ["8938505974002"]
    assert session.scalars(select(Plot.gln)).all() == ["4000001000005"]
    assert ["893" in note.vi for note in report.notes] == [True]
    world["Vùng trồng"][1][1] = "4000001000006"
    assert [where[:2] for where in reasons(run(world))] == [("Vùng trồng", "B2")]


def test_csv_files_do_the_same_as_a_workbook(session: Session, world: World, run: Import) -> None:
    """One file a sheet, semicolons and UTF-16 as Excel's Unicode text has it."""
    files = {
        f"{name}.csv": "\r\n".join(";".join("" if v is None else str(v) for v in r) for r in rows).encode(
            "utf-16"
        )
        for name, rows in world.items()
    }
    assert reasons(run(files=files)) == []
    assert all(c.new == 0 and c.changed == 0 for c in run(world).counts.values())


def test_ten_thousand_rows_take_less_than_twenty_seconds(session: Session, world: World, run: Import) -> None:
    """Five thousand batches with five thousand events, from bytes to rows of the database."""
    count = 5_000
    day = dt.datetime(2026, 11, 1, 7, 30)  # noqa: DTZ001
    world["Lô"] += [["CAM", f"M{i}", 10, day, "1 tháng"] for i in range(count)]
    world["Sự kiện"] += [["CAM", f"M{i}", day, "Thu hoạch", f"Hái luống {i}."] for i in range(count)]
    started = time.process_time()
    report = run(world)
    assert time.process_time() - started < 20
    assert (report.counts["Lô"].new, report.counts["Nhật ký"].new) == (count + 2, count + 1)


def test_both_databases_keep_the_same(
    database_url: str, world: World, build: Callable[..., bytes], now: dt.datetime
) -> None:
    """A workbook imported twice through the real schema, on SQLite and on PostgreSQL."""
    engine = make_engine(database_url)
    files = {"htx.xlsx": build(world)}
    with Session(engine) as first:
        assert import_workbook(first, files, None, now).applied
        first.commit()
    with Session(engine) as second:
        again = import_workbook(second, files, None, now)
        assert all((c.new, c.changed) == (0, 0) for c in again.counts.values())
        assert second.scalars(select(Batch.quantity).where(Batch.lot == "L1")).one() == 120
    engine.dispose()


def test_two_at_once_do_not_make_two(
    session: Session, world: World, run: Import, now: dt.datetime, build: Callable[..., bytes]
) -> None:
    """Somebody else wrote the same codes after this import looked: nothing is written, and it says so."""
    checked = check(
        (seen := interpret(read_workbook({"htx.xlsx": build(world)}))),
        load_existing(session, seen.rows, None, now),
    )
    assert run(world).applied
    session.commit()
    assert checked.plan is not None
    with pytest.raises(IntegrityError):
        apply(session, checked.plan, None, now)


@pytest.mark.parametrize("sheet", ["Sản phẩm", "Quy cách", "Giấy tờ", "Lô", "Sự kiện"])
def test_a_repeated_row_is_named_with_its_twin(world: World, run: Import, sheet: str) -> None:
    """Pasted twice: the second row is reported with the number of the first."""
    world[sheet].append(list(world[sheet][1]))
    found = reasons(run(world))
    assert len(found) == 1
    assert "Trùng với dòng 2" in found[0][2]
