"""Signals in the database become alerts, once, whatever came first; on SQLite and PostgreSQL."""

import datetime as dt
import random
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from temthat_stamps.copies.campaigns import AlertState
from temthat_stamps.runs.register import register_run
from temthat_trace.batches import Batch
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import PackForm, Product
from temthat_verify_api.alerts.records import Alert, AlertMessage, AlertSignal, AlertStep, Way, What
from temthat_verify_api.alerts.rounds import sweep
from temthat_verify_api.alerts.sweeping import step

from ..conftest import World
from .conftest import Watch


def steps(watch: Watch) -> list[tuple[What, AlertState]]:
    with watch.world.services.sessions() as session:
        return [(s.what, s.state) for s in session.scalars(select(AlertStep).order_by(AlertStep.id))]


def test_one_alert_a_campaign_and_not_one_a_scan(any_world: World) -> None:
    """A second sale opens one; further evidence and suspects join it; a sweep with nothing new does nothing."""
    watch = Watch(any_world)
    watch.signal(1, "suspect")
    watch.signal(2, "report")
    assert watch.sweep() == (0, 0, 0)
    watch.signal(1, "sales", 1, "79")
    assert watch.sweep() == (1, 0, 0)
    watch.signal(3, "suspect", 2)
    watch.signal(4, "pins", 20)
    assert watch.sweep() == (0, 0, 1)
    assert watch.sweep() == (0, 0, 0)
    [alert] = watch.alerts()
    assert alert.state is AlertState.OPEN
    assert (alert.last_at - alert.first_at) == dt.timedelta(days=19)
    assert steps(watch) == [(What.OPENED, AlertState.OPEN)]
    with any_world.services.sessions() as session:
        rows = session.execute(select(AlertSignal.serial, AlertSignal.kind, AlertSignal.is_evidence)).all()
        held = session.scalar(
            select(func.count()).select_from(AlertSignal).where(AlertSignal.alert_id == alert.id)
        )
    assert sorted(map(tuple, rows)) == [
        *((1, "sales", True), (1, "suspect", False), (2, "report", False), (3, "suspect", False)),
        (4, "pins", True),
    ]
    assert held == 5


def test_a_flood_on_one_stamp_calls_nobody(any_world: World) -> None:
    """However often one photographed code is checked, it becomes suspect once."""
    watch = Watch(any_world)
    for day in range(100):
        watch.signal(1, "suspect", day)
    assert watch.sweep() == (0, 0, 0)
    assert watch.alerts() == []


def test_new_evidence_reopens_and_says_so(any_world: World) -> None:
    """After it was explained; a suspect alone does not."""
    watch = Watch(any_world)
    watch.signal(1, "sales")
    watch.sweep()
    watch.say(AlertState.EXPLAINED)
    watch.signal(2, "suspect", 1)
    assert watch.sweep() == (0, 0, 0)
    watch.signal(2, "report", 1)
    assert watch.sweep() == (0, 1, 1)
    assert [alert.state for alert in watch.alerts()] == [AlertState.OPEN]
    assert steps(watch)[-1] == (What.REOPENED, AlertState.OPEN)


def test_two_alerts_that_were_one_campaign_become_one(any_world: World) -> None:
    """Late evidence from between: the younger ends, its signals move, both say so."""
    watch = Watch(any_world)
    for day, serial in ((0, 1), (40, 2)):
        watch.signal(serial, "sales", day)
        watch.sweep()
    first, second = watch.alerts()
    watch.signal(3, "sales", 20)
    assert watch.sweep() == (0, 0, 1)
    assert [alert.id for alert in watch.alerts()] == [first.id]
    with any_world.services.sessions() as session:
        younger = session.get_one(Alert, second.id)
        assert (younger.merged_into, younger.state) == (first.id, AlertState.CLOSED)
        assert set(session.scalars(select(AlertSignal.alert_id))) == {first.id}
    assert set(steps(watch)[2:]) == {(What.MERGED, AlertState.CLOSED), (What.MERGED, AlertState.OPEN)}


@pytest.mark.parametrize("seed", range(4))
def test_any_order_leaves_the_same_alerts(any_world: World, seed: int) -> None:
    """Swept after each signal, in any order, twice: as many alerts with the same evidence as all at once."""
    watch = Watch(any_world)
    signals = [
        *((1, "suspect", 0), (1, "report", 3), (2, "sales", 25), (3, "gone", 50), (4, "suspect", 52)),
        *((5, "pins", 90), (6, "many_groups", 150), (7, "report", 151), (7, "suspect", 152)),
    ]
    mixed = signals * 2
    random.Random(seed).shuffle(mixed)
    for serial, kind, day in mixed:
        watch.signal(serial, kind, day)
        watch.sweep()
    with any_world.services.sessions() as session:
        rows = session.execute(
            select(AlertSignal.alert_id, AlertSignal.serial, AlertSignal.kind).where(AlertSignal.is_evidence)
        ).all()
    found: dict[object, set[tuple[int, str]]] = {}
    for alert, serial, kind in rows:
        found.setdefault(alert, set()).add((serial, kind))
    assert sorted(map(sorted, found.values())) == [
        [(1, "report"), (2, "sales"), (3, "gone")],
        [(5, "pins")],
        [(6, "many_groups"), (7, "report")],
    ]
    assert {alert.id for alert in watch.alerts()} == set(found)


def test_products_are_apart(any_world: World) -> None:
    """Evidence about two products on one day is two campaigns."""
    watch = Watch(any_world)
    services = any_world.services
    with services.sessions() as session:
        party = session.query(Party).filter_by(code="HTX-MAU").one()
        other = Product(party_id=party.id, code="MAT", name="Mật ong", base_unit="LTR")
        other.pack_forms = [PackForm(code="C", name="Chai", net_content=Decimal("0.1"), net_unit="LTR")]
        session.add(other)
        session.flush()
        batch = Batch(
            party_id=party.id, product_id=other.id, lot="M1", quantity=Decimal(100), unit="LTR",
            made_on=dt.date(2026, 5, 1), province="01",
        )  # fmt: skip
        session.add(batch)
        session.flush()
        run = register_run(session, services.registry, batch, other.pack_forms[0], 50).run
        session.commit()
    watch.signal(1, "sales")
    watch.signal(1, "sales", run=run)
    assert watch.sweep() == (2, 0, 0)
    assert len({alert.product_id for alert in watch.alerts()}) == 2


def test_who_is_told(any_world: World) -> None:
    """The producer, its alliance, the national one, inspectors of its province or of where it came to light."""
    watch = Watch(any_world)
    with any_world.services.sessions() as session:
        for code, kind, province in (
            ("LM-XA", PartyKind.PROVINCIAL_ALLIANCE, "92"),
            ("LMVN", PartyKind.NATIONAL_ALLIANCE, None),
            ("QL01", PartyKind.INSPECTOR, "01"),
            ("QL79", PartyKind.INSPECTOR, "79"),
            ("QL92", PartyKind.INSPECTOR, "92"),
            ("QLVN", PartyKind.INSPECTOR, None),
            ("HTX-KHAC", PartyKind.COOPERATIVE, "01"),
        ):
            session.add(Party(code=code, kind=kind, name=code, province=province))
        session.commit()
    told = {
        watch.subscribe(code, Way.EMAIL, f"{code.lower()}@example.vn"): code
        for code in ("HTX-MAU", "LM", "LM-XA", "LMVN", "QL01", "QL79", "QL92", "QLVN", "HTX-KHAC")
    }
    watch.signal(1, "sales", 0, "79")
    watch.sweep()
    watch.signal(1, "pins", 1, "92")
    watch.sweep()
    with any_world.services.sessions() as session:
        found = sorted(told[number] for number in session.scalars(select(AlertMessage.subscription_id)))
    assert found == ["HTX-MAU", "LM", "LMVN", "QL01", "QL79", "QLVN"]
    with any_world.services.sessions() as session:
        alert = session.query(Alert).one()
        for what in (What.HELD, What.FOUND, What.MERGED):
            step(session, alert, what, any_world.now)
        assert session.query(AlertMessage).count() == 6  # a hold and a pack in hand are read on the page


def test_several_processes_that_sweep_at_once_open_one(any_world: World) -> None:
    """Each takes its turn (PostgreSQL) or leaves it to the next round (SQLite); nothing is told twice."""
    watch = Watch(any_world)
    watch.subscribe("LM", Way.EMAIL, "lm@example.vn")
    for serial in range(1, 9):
        watch.signal(serial, "sales")
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: sweep(any_world.services), range(4)))
    assert sum(one.opened for one in done) == 1
    assert watch.sweep() == (0, 0, 0)
    assert len(watch.alerts()) == 1
    with any_world.services.sessions() as session:
        assert session.query(AlertMessage).count() == 1
        assert session.query(AlertSignal).filter(AlertSignal.alert_id.is_(None)).count() == 0
