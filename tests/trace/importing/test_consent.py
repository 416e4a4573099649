"""A workbook heeds what members decided: consent, withdrawal, erasing, not being named."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_trace.batches import Batch
from temthat_trace.consent import How, Purpose
from temthat_trace.events import Event
from temthat_trace.parties import Member
from temthat_trace.privacy.consenting import give, withdraw
from temthat_trace.privacy.erasing import Diary, erase

from ..conftest import NOW, Import
from .test_import import World, reasons

HEAD = ["Mã thành viên", "Tên hiển thị", "Họ và tên", "Điện thoại", "Ngày đồng ý"]


@pytest.fixture
def member(session: Session, world: World, run: Import) -> Member:
    """A member whose name is kept by consent of 1 September 2026."""
    world["Thành viên"] = [HEAD, ["TV1", "Hộ bà Tư", "Trần Thị Tư", "0912 345 678", "01/09/2026"]]
    assert reasons(run(world)) == []
    return session.scalars(select(Member)).one()


def test_the_day_in_the_workbook_is_a_recorded_consent(member: Member, world: World, run: Import) -> None:
    """By the workbook, of that day; the same workbook again changes nothing; another day corrects it."""
    [consent] = member.consents
    assert (consent.purpose, consent.how) == (Purpose.STORE, How.WORKBOOK)
    assert consent.given_on == dt.date(2026, 9, 1)
    again = run(world)
    assert all(counts.changed == counts.new == 0 for counts in again.counts.values())
    world["Thành viên"][1][4] = "02/09/2026"
    assert reasons(run(world)) == []
    assert [c.given_on for c in member.consents] == [dt.date(2026, 9, 2)]


def test_an_emptied_day_takes_the_consent_back(member: Member, world: World, run: Import) -> None:
    """With name and telephone emptied too; while one of them stands the sheet and cell are told."""
    world["Thành viên"][1][4] = None
    assert [r[:2] for r in reasons(run(world))] == [("Thành viên", "C2")]
    world["Thành viên"][1][2:4] = [None, None]
    assert reasons(run(world)) == []
    assert (member.full_name, member.phone) == (None, None)
    assert member.consents[0].withdrawn_at == NOW


def test_an_old_workbook_does_not_undo_a_withdrawal(member: Member, world: World, run: Import) -> None:
    """The day is refused at its cell; a consent given since is taken."""
    withdraw(member, Purpose.STORE, "Lan", NOW - dt.timedelta(days=3))
    [(sheet, cell, reason)] = reasons(run(world))
    assert (sheet, cell) == ("Thành viên", "E2")
    assert "đã rút đồng ý ngày 17/11/2026" in reason
    world["Thành viên"][1][4] = "19/11/2026"
    assert reasons(run(world)) == []
    assert member.full_name == "Trần Thị Tư"


def test_a_day_to_come_is_no_consent(world: World, run: Import) -> None:
    """Nobody has agreed tomorrow."""
    world["Thành viên"] = [HEAD, ["TV1", "Hộ bà Tư", "Trần Thị Tư", None, "01/12/2026"]]
    assert [r[:2] for r in reasons(run(world))] == [("Thành viên", "E2")]


def test_an_erased_member_does_not_come_back(
    member: Member, session: Session, world: World, run: Import
) -> None:
    """The row of the old code is refused with the new one; nothing of it is stored."""
    erase(session, member, "Lan", NOW, Diary.NONE)
    [(sheet, cell, reason)] = reasons(run(world))
    assert (sheet, cell) == ("Thành viên", "A2")
    assert member.code in reason
    assert session.scalars(select(Member.full_name)).all() == [None]


def rows_of_diary(world: World) -> list[list[Any]]:
    return world["Sự kiện"]


def test_an_erased_entry_does_not_come_back(session: Session, world: World, run: Import) -> None:
    """The old workbook's row of the same batch, step and moment is told, and the digest stands as it was."""
    assert reasons(run(world)) == []
    event = session.scalars(select(Event).join(Batch, Batch.id == Event.batch_id)).first()
    assert event is not None
    digest = event.digest
    event.erase()
    session.flush()
    told = reasons(run(world))
    assert [r[0] for r in told] == ["Sự kiện"]
    assert "đã được xóa nội dung theo yêu cầu" in told[0][2]
    assert (event.text, event.digest) == (None, digest)


def test_who_did_not_agree_to_be_named_is_not_named(
    member: Member, session: Session, world: World, run: Import
) -> None:
    """As the one who did a step; after consent to it the name is taken."""
    sheet = rows_of_diary(world)
    at = sheet[0].index("Người thực hiện") if "Người thực hiện" in sheet[0] else len(sheet[0])
    if at == len(sheet[0]):
        sheet[0].append("Người thực hiện")
    for row in sheet[1:]:
        row.extend([None] * (at + 1 - len(row)))
    sheet[1][at] = "trần thị tư"
    [(name, _, reason)] = reasons(run(world))
    assert name == "Sự kiện"
    assert "Hộ bà Tư" in reason
    give(member, Purpose.SHOW_NAME, How.PAPER, NOW.date(), "Lan", NOW)
    session.flush()
    assert reasons(run(world)) == []


def test_a_full_name_is_no_alias(member: Member, session: Session, world: World, run: Import) -> None:
    """Whatever its case; with consent to the name it may be."""
    world["Thành viên"][1][1] = "TRẦN THỊ TƯ"
    assert [r[:2] for r in reasons(run(world))] == [("Thành viên", "B2")]
    give(member, Purpose.SHOW_NAME, How.PAPER, NOW.date(), "Lan", NOW)
    session.flush()
    assert reasons(run(world)) == []
