"""Whatever order people act in: only an office's yes, or its own hand, changes what is public; nothing is forgotten."""

import datetime as dt

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

import temthat_trace.tables  # noqa: F401 - so that the metadata is whole
from temthat_trace.approvals.deciding import approve, refuse, reopen, take_back
from temthat_trace.approvals.proposing import change_product
from temthat_trace.approvals.records import Proposal, Reason, State
from temthat_trace.approvals.rule import set_rule
from temthat_trace.approvals.values import from_json
from temthat_trace.database import Base
from temthat_trace.parties import Party, PartyKind
from temthat_trace.products import Product
from temthat_trace.repository import TraceRefused

NOW = dt.datetime(2026, 11, 20, 3, tzinfo=dt.UTC)
WORDS = st.sampled_from(["", "Một", "Hai", "Ba"])
FIELDS = st.sampled_from(["brand", "warning", "standard"])


class Office(RuleBasedStateMachine):
    """A cooperative, its alliance, one product, and a model of what shoppers see."""

    @initialize(waits=st.booleans())
    def begin(self, waits: bool) -> None:
        self.engine = create_engine("sqlite://")
        Base.metadata.create_all(self.engine)
        self.session = Session(self.engine)
        self.alliance = Party(code="LM", kind=PartyKind.PROVINCIAL_ALLIANCE, name="LM")
        self.session.add(self.alliance)
        self.session.flush()
        self.htx = Party(code="HTX", kind=PartyKind.COOPERATIVE, name="HTX", alliance_id=self.alliance.id)
        self.session.add(self.htx)
        self.session.flush()
        self.product = Product(party_id=self.htx.id, code="P", name="P", base_unit="KGM")
        self.session.add(self.product)
        self.session.flush()
        self.now, self.waits = NOW, False
        self.public = {"brand": "", "warning": "", "standard": ""}
        self.told: dict[str, str] = {}
        if waits:
            self.turn()

    def tick(self) -> dt.datetime:
        self.now += dt.timedelta(seconds=1)
        return self.now

    def waiting(self) -> list[Proposal]:
        return list(self.session.scalars(select(Proposal).where(Proposal.state == State.WAITING)))

    @rule()
    def turn(self) -> None:
        self.waits = not self.waits
        set_rule(self.session, self.alliance, waits=self.waits, person="Lan", now=self.tick())

    @rule(field=FIELDS, word=WORDS)
    def change(self, field: str, word: str) -> None:
        change_product(self.session, self.product, {field: word}, self.htx, "Mai", self.tick())
        if not self.waits:
            self.public[field] = word

    @rule(field=FIELDS, word=WORDS)
    def office_changes(self, field: str, word: str) -> None:
        setattr(self.product, field, word)
        self.session.flush()
        self.public[field] = word

    @precondition(lambda self: self.waiting())
    @rule()
    def approve(self) -> None:
        [proposal] = self.waiting()
        [record] = from_json(proposal.entries)
        fits = all(self.public[n] in (record.before[n], v) for n, v in record.after.items())
        self.session.commit()
        try:
            approve(self.session, proposal, self.alliance, "Lan", self.tick(), frozenset())
            self.session.commit()
        except TraceRefused:
            self.session.rollback()
            assert not fits
        else:
            assert fits
            self.public |= record.after

    @precondition(lambda self: self.waiting())
    @rule()
    def refuse(self) -> None:
        [proposal] = self.waiting()
        refuse(self.session, proposal, self.alliance, "Lan", self.tick(), Reason.MISLEADING, "")

    @precondition(lambda self: self.waiting())
    @rule()
    def take_back(self) -> None:
        [proposal] = self.waiting()
        take_back(self.session, proposal, "Mai", self.tick())

    @rule()
    def reopen_the_newest(self) -> None:
        newest = self.session.scalars(select(Proposal).order_by(Proposal.at.desc()).limit(1)).first()
        if newest is None:
            return
        if newest.state is State.REFUSED:
            assert reopen(self.session, newest, self.alliance, self.tick()).state is State.WAITING
        else:
            with pytest.raises(TraceRefused):
                reopen(self.session, newest, self.alliance, self.now)

    @invariant()
    def public_is_what_was_agreed(self) -> None:
        assert {name: getattr(self.product, name) for name in self.public} == self.public

    @invariant()
    def at_most_one_waits_and_history_never_alters(self) -> None:
        assert len(self.waiting()) <= 1
        stored = {str(p.id): p.entries for p in self.session.scalars(select(Proposal))}
        assert self.told.items() <= stored.items()
        self.told = stored

    def teardown(self) -> None:
        self.session.close()
        self.engine.dispose()


TestOffice = Office.TestCase
TestOffice.settings = settings(
    max_examples=15, stateful_step_count=15, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
