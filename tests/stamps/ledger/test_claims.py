"""From records to the ledger: every source of facts claims exactly its stamps, on both databases."""

import uuid

import pytest

from temthat_stamps.copies.records import StampEvent, StampEventKind, StampState
from temthat_stamps.ledger.claims import applied_stretches, ledger_of
from temthat_stamps.ledger.ledger import State
from temthat_stamps.ledger.records import Act, LedgerAct
from temthat_stamps.manifest import Replaced
from temthat_stamps.runs.notices import notify_batch, notify_key, notify_run, notify_stamps
from temthat_stamps.runs.records import JobState, Run
from temthat_stamps.verdict import Asker, NoticeKind

from .conftest import Shop, print_file


def states(shop: Shop, run: Run) -> list[tuple[int, int, State]]:
    return [(s.first, s.last, s.state) for s in ledger_of(shop.session, run).stretches]


def test_a_run_from_order_to_paper(shop: Shop) -> None:
    """Ordered, in a file, printed."""
    run = shop.run(100)
    assert states(shop, run) == [(1, 100, State.ORDERED)]
    print_file(shop, run, 1, 60)
    print_file(shop, run, 61, 80, JobState.READY)
    assert states(shop, run) == [(1, 60, State.PRINTED), (61, 80, State.IN_FILE), (81, 100, State.ORDERED)]


def test_notices_acts_and_tills_claim_their_stamps(shop: Shop) -> None:
    """Each kind of record once; what is stronger covers what is weaker."""
    run = shop.run(100)
    print_file(shop, run)
    shop.session.add(LedgerAct(run=run.run, first=1, last=40, act=Act.APPLIED, at=shop.now, by="Mai"))
    for serial in (50, 51, 53):
        shop.session.add(
            StampEvent(
                run=run.run, serial=serial, id=uuid.uuid4(), at=shop.now, event=StampEventKind.SOLD,
                kind=Asker.TILL, verdict="genuine",
            )
        )  # fmt: skip
    shop.session.flush()
    for first, last, kind, reason in (
        (31, 35, NoticeKind.RETURNED, "returned"),
        (60, 70, NoticeKind.SPOILED, "spoiled_sheet"),
        (69, 75, NoticeKind.LOST, "stolen"),
        (80, 80, NoticeKind.VOID, "misprint"),
        (90, 95, NoticeKind.HOLD, "complaint"),
    ):
        notify_stamps(shop.session, shop.registry, run, first, last, kind, reason, shop.coop)
    assert states(shop, run) == [
        (1, 30, State.APPLIED),
        (31, 35, State.RETURNED),
        (36, 40, State.APPLIED),
        (41, 49, State.PRINTED),
        (50, 51, State.APPLIED),
        (52, 52, State.PRINTED),
        (53, 53, State.APPLIED),
        (54, 59, State.PRINTED),
        (60, 68, State.SPOILED),
        (69, 75, State.LOST),
        (76, 79, State.PRINTED),
        (80, 80, State.VOID),
        (81, 100, State.PRINTED),
    ]
    assert list(applied_stretches(shop.session, run)) == [(1, 40), (50, 51), (53, 53)]


@pytest.mark.parametrize("scope", ["run", "key", "batch"])
def test_what_withdraws_more_than_stamps_claims_the_whole_run(sqlite_shop: Shop, scope: str) -> None:
    """A void run, a revoked key; a recalled batch leaves the ledger as it is, for a recall speaks of goods."""
    shop = sqlite_shop
    run = shop.run(10)
    if scope == "run":
        notify_run(shop.session, shop.registry, run, NoticeKind.VOID, "misprint", shop.coop)
    elif scope == "key":
        revocation = NoticeKind.REVOCATION
        notify_key(shop.session, shop.registry, run.stamp_key, revocation, "key_compromised", shop.coop)
    else:
        recall = NoticeKind.RECALL
        notify_batch(
            shop.session, shop.registry, shop.batch, recall, "contamination", shop.coop, second=shop.alliance
        )
    assert states(shop, run) == [(1, 10, State.ORDERED if scope == "batch" else State.VOID)]


def test_a_reprint_claims_what_it_replaces(shop: Shop) -> None:
    """The old run shows it; the new one starts with its own stamps."""
    run = shop.run(100)
    print_file(shop, run)
    notify_stamps(shop.session, shop.registry, run, 25, 48, NoticeKind.VOID, "misprint", shop.coop)
    fresh = shop.run(24, replaces=Replaced(run.run, 25, 48))
    assert states(shop, run) == [(1, 24, State.PRINTED), (25, 48, State.REPLACED), (49, 100, State.PRINTED)]
    assert states(shop, fresh) == [(1, 24, State.ORDERED)]


def test_another_run_is_another_ledger(sqlite_shop: Shop) -> None:
    """No record of one run touches its neighbour."""
    run, other = sqlite_shop.run(10), sqlite_shop.run(10)
    print_file(sqlite_shop, run)
    notify_stamps(
        sqlite_shop.session, sqlite_shop.registry, run, 1, 5, NoticeKind.LOST, "stolen", sqlite_shop.coop
    )
    assert states(sqlite_shop, other) == [(1, 10, State.ORDERED)]


def test_what_a_till_had_stays_applied_when_its_events_are_deleted(shop: Shop) -> None:
    """A sale's event is kept for some months, the unit's state for ever."""
    run = shop.run(20)
    print_file(shop, run)
    for serial, column in ((4, "sold_at"), (5, "spoiled_at"), (9, "returned_at")):
        shop.session.add(StampState(run=run.run, serial=serial, checks=0, **{column: shop.now}))
    shop.session.add(StampState(run=run.run, serial=7, checks=3, first_at=shop.now, last_at=shop.now))
    shop.session.flush()
    assert list(applied_stretches(shop.session, run)) == [(4, 5), (9, 9)]
