"""Two people of a cooperative send workbooks at the same moment, and an office decides meanwhile, on both databases."""

import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from temthat_trace.approvals.deciding import approve, refuse, reopen
from temthat_trace.approvals.records import Proposal, Reason, State
from temthat_trace.approvals.rule import set_rule
from temthat_trace.approvals.values import from_json
from temthat_trace.database import make_engine, make_sessions
from temthat_trace.importing import import_workbook
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product
from temthat_trace.repository import TraceRefused

from ..conftest import NOW, build_xlsx

HEAD = ["Mã sản phẩm", "Tên sản phẩm", "Đơn vị tính", "Tiêu chuẩn"]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    made = make_engine(database_url)
    yield made
    made.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """A cooperative with one product under an alliance that wants to be asked."""
    opened = make_sessions(engine)
    with opened() as session:
        alliance = Party(code="LM", kind=PartyKind.PROVINCIAL_ALLIANCE, name="LM")
        session.add(alliance)
        session.flush()
        htx = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX", alliance_id=alliance.id)
        session.add(htx)
        session.flush()
        session.add(Product(party_id=htx.id, code="CAM", name="Cam", base_unit="KGM"))
        set_rule(session, alliance, waits=True, person="Lan", now=NOW)
        session.commit()
    return opened


def party(session: Session, code: str) -> Party:
    return session.scalars(select(Party).where(Party.code == code)).one()


def bring(sessions: sessionmaker[Session], name: str, standard: str) -> bool:
    with sessions() as session:
        sheet = build_xlsx({"Sản phẩm": [HEAD, ["CAM", name, "kg", standard]]})
        report = import_workbook(session, {"so.xlsx": sheet}, party(session, "HTX"), NOW)
        session.commit()
        return report.applied


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Do them at the same moment; what each gave."""
    gate, given = threading.Barrier(len(acts)), [None] * len(acts)

    def run(n: int) -> None:
        gate.wait()
        given[n] = acts[n]()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return given


def test_of_two_workbooks_at_once_one_change_waits(sessions: sessionmaker[Session]) -> None:
    """The later is either joined or told to send again; never two that wait, never half of one."""
    applied = together(lambda: bring(sessions, "Cam", "TCCS 1"), lambda: bring(sessions, "Cam", "TCCS 2"))
    assert any(applied)
    with sessions() as session:
        waiting = session.scalars(select(Proposal).where(Proposal.state == State.WAITING)).all()
        assert len(waiting) == 1
        [record] = from_json(waiting[0].entries)
        assert record.after["standard"] in ("TCCS 1", "TCCS 2")
        assert len(session.scalars(select(Proposal)).all()) == sum(applied)


def test_a_workbook_while_an_office_approves(sessions: sessionmaker[Session]) -> None:
    """Whoever is first: what is stored is what was approved, and the later change waits or was told."""
    assert bring(sessions, "Cam sành", "")

    def decide() -> bool:
        with sessions() as session:
            proposal = session.scalars(select(Proposal).where(Proposal.state == State.WAITING)).one()
            try:
                approve(session, proposal, party(session, "LM"), "Lan", NOW, frozenset())
                session.commit()
            except TraceRefused:
                session.rollback()
                return False
            return True

    approved, applied = together(decide, lambda: bring(sessions, "Cam sành", "TCCS 1"))
    with sessions() as session:
        product = session.scalars(select(Product)).one()
        states = [p.state for p in session.scalars(select(Proposal).order_by(Proposal.id))]
        assert product.standard == ""
        assert product.name == ("Cam sành" if approved else "Cam")
        assert (State.APPROVED in states) == approved
        assert approved or applied
        assert states.count(State.WAITING) == (1 if applied else 0)


def test_two_officers_reopen_one_refusal(sessions: sessionmaker[Session]) -> None:
    """It waits once more, once; the other officer is told in words."""
    assert bring(sessions, "Cam sành", "")
    with sessions() as session:
        proposal = session.scalars(select(Proposal)).one()
        refuse(session, proposal, party(session, "LM"), "Lan", NOW, Reason.MISLEADING, "")
        session.commit()
    read = threading.Barrier(2, timeout=60)

    def again() -> bool:
        with sessions() as session:
            proposal, office = session.scalars(select(Proposal)).one(), party(session, "LM")
            session.rollback()
            read.wait()
            try:
                reopen(session, proposal, office, NOW + dt.timedelta(minutes=1))
                session.commit()
            except TraceRefused:
                session.rollback()
                return False
            return True

    assert sorted(together(again, again)) == [False, True]
    with sessions() as session:
        states = session.scalars(select(Proposal.state).order_by(Proposal.at)).all()
        assert states == [State.REFUSED, State.WAITING]
