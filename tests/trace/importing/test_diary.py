"""What happened, as sheets: the diary with materials and amounts, shipments, purchase slips."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.database import Base, make_engine
from temthat_trace.events import Event, EventLine, LineRole, Step
from temthat_trace.importing import ImportReport, import_workbook
from temthat_trace.parties import Member
from temthat_trace.purchases import PurchaseSlip
from temthat_trace.sealed import digest_of, event_record

World = dict[str, list[list[Any]]]
Import = Callable[..., ImportReport]
DIARY = [
    "Mã sản phẩm", "Số lô", "Ngày", "Công đoạn", "Nội dung", "Vật tư", "Số lô vật tư", "Lượng vật tư",
    "Đơn vị vật tư", "Mua của", "Lượng vào", "Lượng ra", "Hao hụt", "Đơn vị", "Mã vùng", "Mã thành viên",
]  # fmt: skip
SHIPPED = ["Mã sản phẩm", "Số lô", "Ngày giao", "Bên nhận", "Lượng giao", "Đơn vị", "Ghi chú"]
SLIP = ["Số phiếu", "Ngày mua", "Mã thành viên", "Hàng", "Lượng mua", "Đơn vị", "Mã sản phẩm", "Vào lô"]


def row(**cells: Any) -> list[Any]:
    """A diary row of lot L1, with cells by a short name of their column."""
    names = {
        "what": "Vật tư", "bag": "Số lô vật tư", "used": "Lượng vật tư", "measure": "Đơn vị vật tư",
        "shop": "Mua của", "put": "Lượng vào", "got": "Lượng ra", "lost": "Hao hụt", "unit": "Đơn vị",
        "plot": "Mã vùng", "member": "Mã thành viên", "text": "Nội dung", "day": "Ngày", "step": "Công đoạn",
    }  # fmt: skip
    cells = {"day": "02/11/2026", "step": "Chăm sóc"} | cells
    by_title = {"Mã sản phẩm": "CAM", "Số lô": "L1", **{names[k]: v for k, v in cells.items()}}
    return [by_title.get(title) for title in DIARY]


@pytest.fixture
def farm(world: World) -> World:
    """The small world with a household and a plot, and no diary yet."""
    world["Thành viên"] = [["Mã thành viên", "Tên hiển thị"], ["TV1", "Hộ bà Tư"], ["TV2", "Hộ ông Ba"]]
    world["Vùng trồng"] = [["Mã vùng", "Tên vùng"], ["V1", "Đồi"]]
    world["Sự kiện"] = [DIARY]
    return world


def reasons(report: ImportReport) -> list[tuple[str, str, str]]:
    assert all(p.reason_en for p in report.problems)
    return [(p.sheet, p.cell, p.reason_vi) for p in report.problems]


def said(line: EventLine) -> tuple[Any, ...]:
    return line.role, line.what, line.lot, line.partner, line.quantity, line.unit


def test_materials_and_amounts_become_lines(session: Session, farm: World, run: Import) -> None:
    """What was used with the number on its bag; what went in, came out and was lost, in the batch's unit or another."""
    farm["Sự kiện"] += [
        row(what="Phân NPK", bag="2609-B", used="1,5", measure="tạ", shop="Đại lý Hòa", plot="V1", member="TV1"),
        row(step="Sơ chế", put="0,13 tấn", got=120, lost=10),
    ]  # fmt: skip
    assert reasons(run(farm)) == []
    care, sorting = session.scalars(select(Event).order_by(Event.step)).all()
    assert [said(line) for line in care.lines] == [
        (LineRole.USED, "Phân NPK", "2609-B", "Đại lý Hòa", Decimal("1.5"), "DTN")
    ]
    assert care.lines[0].search == "phan npk 2609 b"
    assert care.plot is not None
    assert care.member is not None
    assert (care.plot.code, care.member.code) == ("V1", "TV1")
    batch = session.scalars(select(Batch).where(Batch.lot == "L1")).one()
    assert [(line.role, line.quantity, line.unit, line.batch_id) for line in sorting.lines] == [
        (LineRole.IN, Decimal("0.13"), "TNE", None),
        (LineRole.OUT, Decimal(120), "KGM", batch.id),
        (LineRole.LOST, Decimal(10), "KGM", batch.id),
    ]
    assert care.salt is not None
    assert care.sealed() == event_record(
        care.salt, care.step, care.at, "", "", "",
        plot=care.plot_id, member=care.member_id, lines=[line.record() for line in care.lines],
    )  # fmt: skip
    assert care.digest == digest_of(care.sealed() or {})


def test_rows_that_differ_only_in_material_are_one_event(session: Session, farm: World, run: Import) -> None:
    """Two fertilisers of one morning are one event with two lines; the same row twice is still a slip."""
    farm["Sự kiện"] += [
        row(text="Bón thúc", what="Đạm", used=5, measure="kg"),
        row(text="Bón thúc", what="Kali", used=3, measure="kg"),
    ]
    assert reasons(run(farm)) == []
    assert [line.what for line in session.scalars(select(Event)).one().lines] == ["Đạm", "Kali"]
    assert all((c.new, c.changed) == (0, 0) for c in run(farm).counts.values())
    farm["Sự kiện"].append(row(text="Bón thúc", what="Kali", used=3, measure="kg"))
    assert reasons(run(farm)) == [("Sự kiện", "C4", "Trùng với dòng 2. Hãy bỏ bớt một dòng.")]


@pytest.mark.parametrize(
    ("cells", "cell", "why"),
    [
        ({"bag": "A1"}, "G2", "Hãy ghi tên vật tư"),
        ({"used": 5, "measure": "kg"}, "H2", "Hãy ghi tên vật tư"),
        ({"what": "Đạm", "used": 5}, "I2", "Chưa ghi đơn vị tính"),
        ({"what": "Đạm", "used": 0, "measure": "kg"}, "H2", "lớn hơn 0"),
        ({"step": "Thu hoạch", "got": "5 lít"}, "L2", "Không đổi được"),
        ({"plot": "V9"}, "O2", "Không có vùng trồng mã “V9”"),
        ({"member": "TV9"}, "P2", "Không có thành viên mã “TV9”"),
        ({"day": "25/12/2026"}, "C2", "tương lai"),
    ],
    ids=["lot alone", "amount alone", "no unit", "zero", "wrong unit", "plot", "member", "future"],
)
def test_a_slip_names_its_cell(
    farm: World, run: Import, session: Session, cells: dict[str, Any], cell: str, why: str
) -> None:
    """Sheet, cell, and what to do; nothing of the file is stored."""
    farm["Sự kiện"] += [row(**cells), row(day="03/11/2026", text="Tốt")]
    (where, which, reason), *more = reasons(run(farm))
    assert (where, which, more) == ("Sự kiện", cell, [])
    assert why in reason
    assert session.scalars(select(Event)).all() == []


def test_nothing_lost_is_nothing(session: Session, farm: World, run: Import) -> None:
    """Clerks write 0 into the column of losses."""
    farm["Sự kiện"].append(row(step="Thu hoạch", got=120, lost=0))
    assert reasons(run(farm)) == []
    assert [line.role for line in session.scalars(select(EventLine))] == [LineRole.OUT]


def test_an_older_workbook_leaves_lines_alone(session: Session, farm: World, run: Import) -> None:
    """Sent again without the new columns, the same event is the same; a changed one is told of."""
    farm["Sự kiện"].append(row(text="Bón thúc", what="Đạm", used=5, measure="kg", plot="V1"))
    assert run(farm).ok
    old = [["Mã sản phẩm", "Số lô", "Ngày", "Công đoạn", "Nội dung"]]
    farm["Sự kiện"] = [*old, ["CAM", "L1", "02/11/2026", "Chăm sóc", "Bón thúc"]]
    report = run(farm)
    assert (report.counts["Nhật ký"].same, report.counts["Nhật ký"].new) == (1, 0)
    farm["Sự kiện"] = [DIARY, row(text="Bón thúc", what="Đạm", used=6, measure="kg", plot="V1")]
    report = run(farm)
    assert (report.counts["Nhật ký"].same, report.counts["Nhật ký"].new) == (0, 1)
    assert [(n.sheet, n.cell) for n in report.notes] == [("Sự kiện", "C2")]
    assert "Ghi nhầm" in report.notes[0].vi


def test_a_shipment_says_who_got_how_much(session: Session, farm: World, run: Import) -> None:
    """One step forward: an event of transport with the receiver."""
    farm["Xuất hàng"] = [SHIPPED, ["CAM", "L1", "05/11/2026", "Siêu thị Minh Tâm", 40, None, "Hóa đơn 12"]]
    assert reasons(run(farm)) == []
    event = session.scalars(select(Event)).one()
    batch = session.scalars(select(Batch).where(Batch.lot == "L1")).one()
    assert (event.step, event.text, event.batch_id) == (Step.TRANSPORT, "Hóa đơn 12", batch.id)
    assert [said(line) for line in event.lines] == [(LineRole.SENT, "", "", "Siêu thị Minh Tâm", 40, "KGM")]
    assert event.lines[0].batch_id == batch.id
    assert (run(farm).counts["Xuất hàng"].same, len(session.scalars(select(Event)).all())) == (1, 1)
    farm["Xuất hàng"][1][3] = None
    assert reasons(run(farm)) == [("Xuất hàng", "D2", "“Bên nhận” chưa ghi.")]


def test_slips_are_kept_corrected_and_never_doubled(session: Session, farm: World, run: Import) -> None:
    """By their number; a corrected amount updates, a cancelled one stays cancelled."""
    farm["Phiếu thu mua"] = [
        SLIP,
        ["TM-0001", "30/10/2026", "TV1", "Cam xô", "35,5", None, "CAM", "L1"],
        ["TM-0002", "30/10/2026", "TV2", "Cam xô", 40, "yến", None, None],
    ]
    assert reasons(run(farm)) == []
    first, second = session.scalars(select(PurchaseSlip).order_by(PurchaseSlip.number)).all()
    assert first.batch is not None
    assert (first.member.alias, first.quantity, first.unit, first.batch.lot, first.goods) == (
        "Hộ bà Tư", Decimal("35.5"), "KGM", "L1", "Cam xô",
    )  # fmt: skip
    assert (second.quantity, second.unit, second.batch_id) == (Decimal(400), "KGM", None)
    assert all((c.new, c.changed) == (0, 0) for c in run(farm).counts.values())
    farm["Phiếu thu mua"][1][4] = 36
    report = run(farm)
    assert (report.counts["Phiếu thu mua"].changed, report.counts["Phiếu thu mua"].same) == (1, 1)
    session.expire_all()
    assert first.quantity == 36
    second.withdrawn_at = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    session.flush()
    farm["Phiếu thu mua"][2][4] = 41
    report = run(farm)
    assert report.ok
    assert "đã hủy" in report.notes[0].vi
    assert second.quantity == 400


@pytest.mark.parametrize(
    ("cells", "cell", "why"),
    [
        (["TM-1", "30/10/2026", "TV9", "Cam", 5, "kg", None, None], "C2", "Không có thành viên"),
        (["TM-1", "30/10/2026", "TV1", "Cam", 5, None, None, None], "F2", "Chưa ghi đơn vị tính"),
        (["TM-1", "30/10/2026", "TV1", None, 5, "kg", None, None], "D2", "Hãy ghi tên hàng"),
        (["TM-1", "30/10/2026", "TV1", "Cam", 5, "kg", None, "L1"], "H2", "Hãy ghi mã sản phẩm"),
        (["TM-1", "30/10/2026", "TV1", "Cam", 5, "kg", "CAM", "L7"], "H2", "Không có lô"),
        (["TM-1", "30/10/2027", "TV1", "Cam", 5, "kg", None, None], "B2", "tương lai"),
        ([None, "30/10/2026", "TV1", "Cam", 5, "kg", None, None], "A2", "chưa ghi"),
    ],
    ids=["member", "unit", "goods", "lot without product", "lot", "future", "number"],
)
def test_a_wrong_slip_names_its_cell(farm: World, run: Import, cells: list[Any], cell: str, why: str) -> None:
    """Each with the cell to mend."""
    farm["Phiếu thu mua"] = [SLIP, cells]
    (where, which, reason), *more = reasons(run(farm))
    assert (where, which, more) == ("Phiếu thu mua", cell, [])
    assert why in reason


def test_both_databases_keep_lines_and_slips(
    database_url: str, farm: World, build: Callable[..., bytes], now: dt.datetime
) -> None:
    """Through the real schema, twice, on SQLite and on PostgreSQL; the digest can be made again from what is stored."""
    farm["Sự kiện"].append(row(what="Đạm", bag="B1", used="1,25", measure="kg", got=7, member="TV1"))
    farm["Xuất hàng"] = [SHIPPED, ["CAM", "L1", "05/11/2026", "Chợ đầu mối", "40,5", None, None]]
    farm["Phiếu thu mua"] = [SLIP, ["TM-1", "30/10/2026", "TV1", "Cam xô", "35,5", None, "CAM", "L1"]]
    files = {"htx.xlsx": build(farm)}
    engine = make_engine(database_url)
    with Session(engine) as first:
        assert import_workbook(first, files, None, now, recorded_name="Bà Thủ").applied
        first.commit()
    with Session(engine) as second:
        again = import_workbook(second, files, None, now)
        assert all((c.new, c.changed) == (0, 0) for c in again.counts.values())
        assert second.scalars(select(PurchaseSlip.recorded_name)).all() == ["Bà Thủ"]
        for event in second.scalars(select(Event)):
            assert event.recorded_name == "Bà Thủ"
            assert event.salt is not None
            assert event.digest == digest_of(event.sealed() or {})
    engine.dispose()


words = st.text("abcdkxyzĐđạếộưÂ019-", min_size=1, max_size=12).map(lambda t: f"x{t}")
amounts = st.decimals(Decimal("0.001"), Decimal(99_999), places=3)
happenings = st.fixed_dictionaries(
    {
        "step": st.sampled_from(list(Step)),
        "hour": st.integers(0, 300),
        "text": st.one_of(st.just(""), words),
        "used": st.lists(
            st.tuples(words, st.one_of(st.just(""), words), amounts), max_size=3, unique_by=lambda u: u[0]
        ),
        "got": st.one_of(st.none(), amounts),
        "lost": st.one_of(st.none(), amounts),
    }
)  # fmt: skip


@settings(max_examples=15)
@given(st.lists(happenings, min_size=1, max_size=6, unique_by=lambda h: (h["hour"], h["step"])))
def test_property_what_a_sheet_says_is_what_is_stored(
    world: World, now: dt.datetime, told: list[dict[str, Any]]
) -> None:
    """Any diary written as rows comes back as the same events with the same lines, and once only."""
    start = dt.datetime(2026, 11, 1)  # noqa: DTZ001 - cells have no zone
    rows = []
    for h in told:
        at = f"{start + dt.timedelta(hours=h['hour']):%d/%m/%Y %H:%M}"
        said = {"day": at, "step": str(h["step"]), "text": h["text"]}
        goods = {"got": _written(h["got"]), "lost": _written(h["lost"]), "unit": "kg"}
        used = [{"what": w, "bag": bag, "used": _written(q), "measure": "kg"} for w, bag, q in h["used"]]
        rows += [row(**said, **goods, **(used[0] if used else {})), *(row(**said, **u) for u in used[1:])]
    head = [";".join(DIARY)]
    body = [";".join("" if cell is None else str(cell) for cell in r) for r in rows]
    sheets = {
        name: [";".join("" if v is None else str(v) for v in r) for r in rs] for name, rs in world.items()
    }
    sheets["Sự kiện"] = head + body
    files = {f"{name}.csv": "\r\n".join(lines).encode("utf-8-sig") for name, lines in sheets.items()}
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        report = import_workbook(session, files, None, now)
        assert reasons(report) == []
        stored = {
            (e.step, e.at, e.text): sorted((str(x.role), x.what, x.lot, x.quantity) for x in e.lines)
            for e in session.scalars(select(Event))
        }
        assert stored == {
            (
                h["step"],
                (start + dt.timedelta(hours=h["hour"] - 7)).replace(tzinfo=dt.UTC),
                h["text"],
            ): sorted(
                [
                    *(("used", w, bag, q) for w, bag, q in h["used"]),
                    *(("out", "", "", h["got"]) for _ in [0] if h["got"]),
                    *(("lost", "", "", h["lost"]) for _ in [0] if h["lost"]),
                ]
            )
            for h in told
        }
        assert all(
            (c.new, c.changed) == (0, 0) for c in import_workbook(session, files, None, now).counts.values()
        )
    engine.dispose()


def _written(amount: Decimal | None) -> str | None:
    """With a comma and four decimals, which nobody takes for thousands."""
    return None if amount is None else f"{amount:.4f}".replace(".", ",")


def test_a_household_is_whose_work_it_was(session: Session, farm: World, run: Import) -> None:
    """The cooperative writes for its household: both are kept."""
    farm["Sự kiện"].append(row(text="Bón thúc", member="TV2"))
    assert run(farm, recorded_name="Bà Thủ").ok
    event = session.scalars(select(Event)).one()
    member = session.scalars(select(Member).where(Member.code == "TV2")).one()
    assert (event.member_id, event.recorded_name) == (member.id, "Bà Thủ")
