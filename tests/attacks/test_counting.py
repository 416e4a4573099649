"""More stamps than goods: printing again without anybody knowing, and two who order at the same moment."""

import pytest
from sqlalchemy import func, select

from temthat_stamps.ledger.errors import ReprintRefused
from temthat_stamps.ledger.reprint import approve_reprint, ask_reprint
from temthat_stamps.log.finding import FindingCode
from temthat_stamps.manifest import Replaced
from temthat_stamps.notice import stamps_target
from temthat_stamps.runs.errors import BeyondQuantity
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.register import plan_run, register_run
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import Batch
from temthat_trace.products import PackForm

from ..stamps.bundle.house import House, Producer
from ..stamps.ledger.conftest import Shop, person, print_file, together
from .conftest import manifest, state


def check_two_prints_at_once(shop: Shop) -> None:
    """Two clerks order 200 stamps each at the same moment; the batch allows 244."""
    allowed = plan_run(shop.session, shop.batch, shop.item).left
    batch, form = shop.batch.id, shop.item.id

    def order(session):  # type: ignore[no-untyped-def]
        return register_run(
            session, shop.registry, session.get_one(Batch, batch), session.get_one(PackForm, form), 200
        ).run

    results = together(shop, order, order)
    printed = shop.session.scalar(select(func.sum(Run.count)))
    assert printed is not None
    assert printed <= allowed
    assert sum(isinstance(result, BeyondQuantity) for result in results) == 1


def test_two_prints_at_once_past_the_quantity(shop: Shop) -> None:
    """On SQLite and on PostgreSQL: the second one waits for the first, counts its stamps and is refused."""
    check_two_prints_at_once(shop)


def test_reprint_without_second_person(sqlite_shop: Shop) -> None:
    """A clerk asks for a reprint and agrees to it himself, from his own account and from a second one he opened."""
    shop = sqlite_shop
    run = shop.run(100)
    print_file(shop, run)
    clerk = person(shop.coop)
    reprint, _ = ask_reprint(
        shop.session, run, 1, 50, "spoiled_sheet", "Máy in kẹt giấy, tờ 2 nhòe hết", clerk, shop.now
    )
    shop.forward(minutes=5)
    twin = person(shop.coop, "Anh Hùng", "+84912000002", opened_by=clerk.name)
    for second in (clerk, twin):
        with pytest.raises(ReprintRefused):
            approve_reprint(shop.session, shop.registry, reprint, second)
    assert shop.session.scalar(select(func.count()).select_from(Run)) == 1


def test_reprint_that_voids_nothing(house: House, coop: Producer) -> None:
    """A hacked service registers a run “in place of” stamps that still stand, or of stamps replaced before.

    The log knows what is void: such a run does not count, so nobody gets twice the stamps for one batch.
    """
    run = house.run(coop)
    again = {
        "batch": run.batch,
        "pack_form": run.pack_form,
        "count": 50,
        "replaces": Replaced(run.run, 1, 50),
    }
    assert state(house, manifest(house, coop, 2, **again), coop.signer) is FindingCode.REPLACES_STANDING
    house.notice(coop, stamps_target(run.run, 1, 50), NoticeKind.VOID)
    assert state(house, manifest(house, coop, 3, **again), coop.signer) is None
    assert state(house, manifest(house, coop, 4, **again), coop.signer) is FindingCode.REPLACED_TWICE
