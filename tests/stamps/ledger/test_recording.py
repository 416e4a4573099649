"""Recording by stretches: what can go that way is taken, the rest is left out and told; nothing is written twice."""

import pytest
from sqlalchemy import select

from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.ledger import State
from temthat_stamps.ledger.recording import REASONS, Fate, plan, record
from temthat_stamps.ledger.records import LedgerAct
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.records import NoticeRecord, Run
from temthat_stamps.verdict import NoticeKind

from .conftest import Shop, print_file


@pytest.fixture
def run(shop: Shop) -> Run:
    """A hundred stamps, the first 96 printed."""
    run = shop.run(100)
    print_file(shop, run, 1, 96)
    return run


def write(shop: Shop, run: Run, fate: Fate, *stretches: tuple[int, int], **more: str) -> None:
    record(shop.session, shop.registry, run, fate, stretches, "Mai", **more)


def test_applied_is_told_and_the_rest_are_signed_notices(shop: Shop, run: Run) -> None:
    """One row for a whole stretch, never one for a stamp."""
    write(shop, run, Fate.APPLIED, (1, 40))
    write(shop, run, Fate.SPOILED, (41, 48), (90, 96))
    write(shop, run, Fate.RETURNED, (31, 40))
    write(shop, run, Fate.LOST, (49, 60), reason="stolen")
    kept = shop.session.scalars(select(LedgerAct)).all()
    assert [(a.first, a.last, a.by) for a in kept] == [(1, 40, "Mai")]
    notices = shop.session.scalars(select(NoticeRecord).order_by(NoticeRecord.log_index)).all()
    assert [(n.first, n.last, n.kind, n.reason) for n in notices] == [
        (41, 48, NoticeKind.SPOILED, "spoiled_sheet"),
        (90, 96, NoticeKind.SPOILED, "spoiled_sheet"),
        (31, 40, NoticeKind.RETURNED, "returned"),
        (49, 60, NoticeKind.LOST, "stolen"),
    ]
    totals = ledger_of(shop.session, run).totals
    assert {str(state): n for state, n in totals.items() if n} == {
        "applied": 30, "returned": 10, "spoiled": 15, "lost": 12, "printed": 29, "ordered": 4
    }  # fmt: skip


def test_what_cannot_go_that_way_is_left_out_and_told(shop: Shop, run: Run) -> None:
    """Half a sheet was applied before the rest was spoiled; four stamps were never printed."""
    write(shop, run, Fate.APPLIED, (1, 10), (20, 30))
    found = plan(ledger_of(shop.session, run), Fate.SPOILED, [(5, 24), (90, 100)])
    assert found.stretches == [(11, 19), (90, 96)]
    assert found.count == 16
    assert [(p.first, p.last, p.state) for p in found.left_out] == [
        (5, 10, State.APPLIED),
        (20, 24, State.APPLIED),
        (97, 100, State.ORDERED),
    ]


@pytest.mark.parametrize(
    ("fate", "stretch"), [(Fate.APPLIED, (97, 100)), (Fate.SPOILED, (1, 10)), (Fate.RETURNED, (97, 98))]
)
def test_where_nothing_is_left_it_is_refused_with_why(
    sqlite_shop: Shop, fate: Fate, stretch: tuple[int, int]
) -> None:
    """Never printed, or on goods already: the refusal names the state."""
    run = sqlite_shop.run(100)
    print_file(sqlite_shop, run, 1, 96)
    write(sqlite_shop, run, Fate.APPLIED, (1, 20))
    with pytest.raises(RunRefused, match=r"applied|no print file"):
        write(sqlite_shop, run, fate, stretch)


def test_a_second_clerk_with_an_old_page_is_asked_to_look_again(shop: Shop, run: Run) -> None:
    """What was planned from an older ledger is not written if it would now take other stamps along."""
    stale = plan(ledger_of(shop.session, run), Fate.SPOILED, [(1, 24)]).stretches
    write(shop, run, Fate.APPLIED, (1, 10))
    with pytest.raises(RunRefused, match="just changed"):
        write(shop, run, Fate.SPOILED, *stale)
    assert ledger_of(shop.session, run).total(State.SPOILED) == 0


def test_a_double_click_records_once(sqlite_shop: Shop) -> None:
    """The second finds the stamps recorded."""
    run = sqlite_shop.run(100)
    print_file(sqlite_shop, run)
    write(sqlite_shop, run, Fate.APPLIED, (1, 10))
    with pytest.raises(RunRefused):
        write(sqlite_shop, run, Fate.APPLIED, (1, 10))
    assert len(sqlite_shop.session.scalars(select(LedgerAct)).all()) == 1


def test_other_refusals(sqlite_shop: Shop) -> None:
    """Serials the run does not have, reasons that do not belong, stamps strewn too far."""
    run = sqlite_shop.run(200)
    print_file(sqlite_shop, run)
    with pytest.raises(RunRefused, match="1 to 200 only"):
        write(sqlite_shop, run, Fate.LOST, (150, 201))
    with pytest.raises(RunRefused, match="no reason code"):
        write(sqlite_shop, run, Fate.SPOILED, (1, 2), reason="stolen")
    write(sqlite_shop, run, Fate.APPLIED, *[(n, n) for n in range(1, 100, 2)])
    write(sqlite_shop, run, Fate.APPLIED, (101, 101), (103, 103), (105, 105))
    with pytest.raises(RunRefused, match="more than 50"):
        write(sqlite_shop, run, Fate.SPOILED, (1, 200))
    assert all(REASONS[fate] or fate is Fate.APPLIED for fate in Fate)
