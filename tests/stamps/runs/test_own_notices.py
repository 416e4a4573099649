"""What an issuer with its own key records and reprints: asked for by the service, counted once it comes back signed."""

import json
from collections.abc import Iterator

import pytest

from temthat_stamps.custody.errors import StatementRefused
from temthat_stamps.custody.order import BadOrder, order_from_json, request_from_json
from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.errors import ReprintRefused
from temthat_stamps.ledger.recording import Fate, ask_to_sign, record
from temthat_stamps.ledger.records import Reprint
from temthat_stamps.ledger.reprint import approve_reprint, ask_reprint
from temthat_stamps.manifest import KeyClosed
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.own import plan_files, planned_files, withdraw_order
from temthat_stamps.runs.produce import PrintSettings, confirm_printing
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.register import plan_run
from temthat_stamps.statement import peek

from ..ledger.conftest import person
from .conftest import ORIGIN, Shop
from .test_own import OwnShop, findings, open_house

WHY = "Máy in kẹt giấy, tờ 2 nhòe hết"


@pytest.fixture
def house(sqlite_shop: Shop) -> Iterator[OwnShop]:
    yield from open_house(sqlite_shop)


def printed(house: OwnShop, count: int = 48) -> Run:
    """A run signed at home and on paper."""
    shop = house.shop
    run = house.order(count)
    paper = PrintSettings(layout="a4-24", dpi=300, start_position=5)
    jobs = plan_files(shop.session, shop.registry, run, paper, "Mai")
    house.accept(house.signed(run))
    for job in jobs:
        confirm_printing(shop.session, shop.press, job, "Mai")
    shop.forward(days=1)
    return run


def asked(house: OwnShop, run: Run, first: int, last: int) -> Reprint:
    shop = house.shop
    who = person(shop.coop)
    return ask_reprint(shop.session, run, first, last, "spoiled_sheet", WHY, who, shop.now)[0]


def agreed(house: OwnShop, run: Run, first: int, last: int) -> tuple[Reprint, Run]:
    """Asked for and agreed to by a colleague."""
    shop = house.shop
    reprint = asked(house, run, first, last)
    second = person(shop.coop, "Anh Hùng", "+84912000002")
    return reprint, approve_reprint(shop.session, shop.registry, reprint, second)


def totals(house: OwnShop, run: Run) -> dict[str, int]:
    return {str(state): n for state, n in ledger_of(house.shop.session, run).totals.items() if n}


def test_what_is_recorded_counts_once_it_is_signed_at_home(house: OwnShop) -> None:
    """Two stretches in one file, signed in one go; the ledger changes when they are in the log; an auditor agrees."""
    shop, run = house.shop, printed(house)
    request = ask_to_sign(shop.session, shop.registry, run, Fate.SPOILED, [(1, 4), (9, 10)])
    assert totals(house, run) == {"printed": 48}
    signed = house.own.sign_request(request_from_json(request.to_json()))
    assert len(house.accept(signed)) == 2
    assert totals(house, run) == {"printed": 42, "spoiled": 6}
    record(shop.session, shop.registry, run, Fate.APPLIED, [(20, 25)], "Mai")
    lost = ask_to_sign(shop.session, shop.registry, run, Fate.LOST, [(24, 26)], "stolen")
    house.accept(house.own.sign_request(lost))
    assert totals(house, run) == {"printed": 35, "applied": 4, "spoiled": 6, "lost": 3}
    with pytest.raises(RunRefused, match="ledger has just changed"):
        ask_to_sign(shop.session, shop.registry, run, Fate.SPOILED, [(3, 6)])
    with pytest.raises(RunRefused, match="keeps its own key"):
        record(shop.session, shop.registry, run, Fate.SPOILED, [(30, 31)], "Mai")
    shop.session.commit()
    assert findings(shop) == []


def test_a_request_is_refused_whole_when_one_of_it_is_not_to_be_signed(house: OwnShop) -> None:
    """The end of a key among them; more than a request holds."""
    shop, run = house.shop, printed(house)
    request = ask_to_sign(shop.session, shop.registry, run, Fate.SPOILED, [(1, 4), (9, 10)])
    body = json.loads(request.to_json())
    closing = KeyClosed(ORIGIN, str(shop.coop.id), "0" * 64, shop.now).body()
    hidden = {**body, "more": [closing]}
    with pytest.raises(StatementRefused, match="only signed by way of an order"):
        house.own.sign_request(request_from_json(json.dumps(hidden).encode()))
    wrongs: list[object] = [body["more"] * 50, {}, ["x"], [{}]]
    for wrong in wrongs:
        with pytest.raises(BadOrder):
            request_from_json(json.dumps({**body, "more": wrong}).encode())


def test_a_reprint_is_one_file_that_voids_and_replaces(house: OwnShop) -> None:
    """Nothing happens before it is signed; then the old are void and the new in the log; no allowance is used."""
    shop, run = house.shop, printed(house)
    left = plan_run(shop.session, shop.batch, shop.item).left
    reprint, fresh = agreed(house, run, 25, 48)
    assert (reprint.standing, fresh.is_logged, totals(house, run)) == ("signing", False, {"printed": 48})
    [job] = planned_files(shop.session, fresh)
    assert (json.loads(job.settings)["dpi"], json.loads(job.settings)["start_position"]) == (300, 1)
    signed = house.signed(fresh)
    house.accept(signed)
    assert (reprint.standing, fresh.is_logged) == ("done", True)
    assert totals(house, run) == {"printed": 24, "replaced": 24}
    assert house.accept(signed), "sending twice does no harm"
    assert plan_run(shop.session, shop.batch, shop.item).left == left
    shop.session.commit()
    assert findings(shop) == []


def test_a_reprint_that_is_not_signed_bars_another_and_can_be_withdrawn(house: OwnShop) -> None:
    """The old stamps stay what they were; after withdrawing it may be asked for again."""
    shop, run = house.shop, printed(house)
    reprint, fresh = agreed(house, run, 25, 48)
    with pytest.raises(ReprintRefused, match=f"Order {fresh.run} reprints these"):
        asked(house, run, 40, 41)
    withdraw_order(shop.session, fresh)
    assert (reprint.standing, totals(house, run)) == ("withdrawn", {"printed": 48})
    again = agreed(house, run, 25, 48)[1]
    house.accept(house.signed(again))
    assert totals(house, run) == {"printed": 24, "replaced": 24}


def test_attack_a_reprint_without_the_void(house: OwnShop) -> None:
    """The run alone, under the cooperative's own key: refused, for two good stamps would stand for one pack."""
    run = printed(house)
    fresh = agreed(house, run, 25, 48)[1]
    signed = house.signed(fresh)
    kinds = [peek(envelope)["type"] for envelope in signed.statements]
    kept = [e for e, kind in zip(signed.statements, kinds, strict=True) if kind != "notice"]
    assert len(kept) == len(kinds) - 1
    with pytest.raises(RunRefused, match="that it replaces are not void"):
        house.accept(house.by_hand(*kept))
    assert not fresh.is_logged


def test_attack_an_order_that_voids_something_else(house: OwnShop) -> None:
    """The cooperative's computer signs no notice but the one on what the run replaces."""
    run = printed(house)
    order = house.file(agreed(house, run, 25, 48)[1])
    body = json.loads(order.to_json())
    for change in (
        {"target": f"stamps:{run.run}:1-48"},
        {"kind": "lost"},
        {"issuer": str(house.shop.other.id)},
        {"origin": "other.example/log"},
    ):
        with pytest.raises(BadOrder, match="does not void what the run replaces"):
            order_from_json(json.dumps({**body, "void": {**body["void"], **change}}).encode())
    with pytest.raises(BadOrder, match="does not void"):
        order_from_json(json.dumps({**body, "replaces": None}).encode())


def test_stamps_on_goods_need_two_signatures(house: OwnShop) -> None:
    """Not offered to who keeps its own key: the refusal names the alliance's command."""
    shop, run = house.shop, printed(house)
    record(shop.session, shop.registry, run, Fate.APPLIED, [(1, 10)], "Mai")
    reprint = asked(house, run, 9, 12)
    officer = person(shop.alliance, "Chị Lan", "+84912000003")
    with pytest.raises(ReprintRefused, match=f"temthat notice void --run {run.run} --serials 9-12"):
        approve_reprint(shop.session, shop.registry, reprint, officer)
    assert totals(house, run) == {"printed": 38, "applied": 10}
