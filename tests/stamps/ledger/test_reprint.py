"""Reprints: a reason and a second person, once; void before new, and nothing washed off by new stamps."""

import datetime as dt
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.errors import ReprintRefused
from temthat_stamps.ledger.ledger import State
from temthat_stamps.ledger.recording import Fate, record
from temthat_stamps.ledger.records import Reprint, ReprintState
from temthat_stamps.ledger.reprint import (
    LINK_LIFE,
    Signatory,
    approve_reprint,
    ask_reprint,
    expire_due,
    find_reprint,
    refuse_reprint,
    waiting,
)
from temthat_stamps.log.entries import entry
from temthat_stamps.logged import read_body
from temthat_stamps.manifest import Replaced, RunManifest
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import notify_stamps
from temthat_stamps.runs.records import JobState, NoticeRecord, Run
from temthat_stamps.runs.register import plan_run
from temthat_stamps.statement import peek
from temthat_stamps.verdict import NoticeKind
from temthat_trace.parties import Party, PartyKind

from .conftest import LONG_AGO, Shop, person, print_file, together

WHY = "Máy in kẹt giấy, tờ 2 nhòe hết"


@pytest.fixture
def run(shop: Shop) -> Run:
    """A hundred stamps, all printed."""
    run = shop.run(100)
    print_file(shop, run)
    return run


def mai(shop: Shop) -> Signatory:
    return person(shop.coop)


def hung(shop: Shop, **more: object) -> Signatory:
    return person(shop.coop, "Anh Hùng", "+84912000002", **more)


def lan(shop: Shop) -> Signatory:
    return person(shop.alliance, "Cán bộ Lan", "+84912000003")


def ask(shop: Shop, run: Run, first: int = 25, last: int = 48, **more: Any) -> Reprint:
    asked = {"reason": "spoiled_sheet", "explanation": WHY, "asker": mai(shop), **more}
    return ask_reprint(shop.session, run, first, last, now=shop.now, **asked)[0]


def test_a_second_member_agrees(shop: Shop, run: Run) -> None:
    """The old stamps are void by a signed notice, the new run names them in the log, and the allowance stays."""
    left = plan_run(shop.session, shop.batch, shop.item).left
    reprint = ask(shop, run)
    fresh = approve_reprint(shop.session, shop.registry, reprint, hung(shop))
    assert (fresh.count, fresh.replaces_run, fresh.replaces_first, fresh.replaces_last) == (
        24,
        run.run,
        25,
        48,
    )
    assert (reprint.state, reprint.decided_name, reprint.new_run) == (
        ReprintState.DONE,
        "Anh Hùng",
        fresh.run,
    )
    notice = shop.session.scalars(select(NoticeRecord)).one()
    assert (notice.kind, notice.reason, notice.second_party_id) == (NoticeKind.VOID, "spoiled_sheet", None)
    assert notice.log_index < fresh.log_index
    stated = read_body(peek(entry(shop.session, fresh.log_index)))
    assert isinstance(stated, RunManifest)
    assert (stated.replaces, stated.beyond) == (Replaced(run.run, 25, 48), False)
    assert plan_run(shop.session, shop.batch, shop.item).left == left
    assert ledger_of(shop.session, run).total(State.REPLACED) == 24


def test_new_stamps_have_pins_if_the_old_ones_had(sqlite_shop: Shop) -> None:
    """They go on the same packs, under the same film; the PINs are others."""
    shop = sqlite_shop
    for has_pins in (True, False):
        run = shop.run(60)
        run.has_pins = has_pins
        print_file(shop, run)
        fresh = approve_reprint(shop.session, shop.registry, ask(shop, run), hung(shop))
        assert fresh.has_pins is has_pins


def test_the_link_is_known_by_its_hash_alone(shop: Shop, run: Run) -> None:
    """Who reads the database finds no link in it."""
    reprint, token = ask_reprint(shop.session, run, 25, 48, "misprint", WHY, mai(shop), shop.now)
    assert find_reprint(shop.session, token) is reprint
    assert find_reprint(shop.session, token[:-1]) is None
    kept = [getattr(reprint, column.name) for column in Reprint.__table__.columns]
    assert token not in [str(value) for value in kept]
    assert token.encode() not in kept
    assert len(token) >= 32


def test_the_province_agrees_by_link(shop: Shop, run: Run) -> None:
    """An officer of the alliance above needs no account in the cooperative; of another province he cannot."""
    far = Party(code="LM2", kind=PartyKind.PROVINCIAL_ALLIANCE, name="Liên minh xa", province="04")
    shop.session.add(far)
    shop.session.flush()
    reprint = ask(shop, run)
    for party in (far, shop.other):
        with pytest.raises(ReprintRefused, match="Only another person"):
            approve_reprint(shop.session, shop.registry, reprint, person(party, "Lạ", "+84912000009"))
    approve_reprint(shop.session, shop.registry, reprint, lan(shop))
    assert reprint.decided_name == "Cán bộ Lan"


def test_nobody_is_both(sqlite_shop: Shop) -> None:
    """Not the same account, not the same telephone, not an account that the asker opened, nor one opened since."""
    shop = sqlite_shop
    run = shop.run(100)
    print_file(shop, run)
    reprint = ask(shop, run)
    shop.forward(minutes=5)
    twins = [
        mai(shop),
        person(shop.coop, "Tên khác", mai(shop).phone),
        person(shop.alliance, "Chị Mai", mai(shop).phone),
        hung(shop, opened_by="Chị Mai"),
        hung(shop, since=shop.now),
        hung(shop, active=False),
    ]
    for twin in twins:
        with pytest.raises(ReprintRefused):
            approve_reprint(shop.session, shop.registry, reprint, twin)
    assert shop.session.scalars(select(NoticeRecord)).all() == []
    approve_reprint(shop.session, shop.registry, reprint, hung(shop, opened_by="Anh Hùng", since=LONG_AGO))


def test_a_link_works_once(sqlite_shop: Shop) -> None:
    """After a yes no second yes and no no; after a no neither."""
    shop = sqlite_shop
    run = shop.run(100)
    print_file(shop, run)
    done = ask(shop, run)
    approve_reprint(shop.session, shop.registry, done, hung(shop))
    refused = ask(shop, run, 49, 72)
    refuse_reprint(shop.session, refused, lan(shop), shop.now)
    for reprint, by in ((done, "Anh Hùng"), (refused, "Cán bộ Lan")):
        with pytest.raises(ReprintRefused, match=f"{by} decided"):
            approve_reprint(shop.session, shop.registry, reprint, hung(shop))
        with pytest.raises(ReprintRefused, match=f"{by} decided"):
            refuse_reprint(shop.session, reprint, hung(shop), shop.now)
    assert ledger_of(shop.session, run).total(State.REPLACED) == 24


def test_a_request_runs_out_after_two_days(sqlite_shop: Shop) -> None:
    """Whether or not somebody marked it so; then it may be asked again."""
    shop = sqlite_shop
    run = shop.run(100)
    print_file(shop, run)
    reprint = ask(shop, run)
    shop.now += LINK_LIFE - dt.timedelta(seconds=1)
    assert list(waiting(shop.session, run, shop.now)) == [reprint]
    shop.forward(seconds=1)
    assert list(waiting(shop.session, run, shop.now)) == []
    with pytest.raises(ReprintRefused, match="older than 48 hours"):
        approve_reprint(shop.session, shop.registry, reprint, hung(shop))
    again = ask(shop, run)
    shop.session.refresh(reprint)
    assert (reprint.state, again.state) == (ReprintState.EXPIRED, ReprintState.WAITING)
    expire_due(shop.session, shop.now)
    assert again.state is ReprintState.WAITING


def test_who_asked_may_take_it_back(sqlite_shop: Shop) -> None:
    """Saying no needs no second person when it is one's own request."""
    shop = sqlite_shop
    run = shop.run(100)
    print_file(shop, run)
    reprint = ask(shop, run)
    with pytest.raises(ReprintRefused, match="waits for its second person"):
        ask(shop, run, 48, 60)
    refuse_reprint(shop.session, reprint, mai(shop), shop.now)
    ask(shop, run, 48, 60)


def test_applied_stock_is_the_provinces_business(shop: Shop, run: Run) -> None:
    """A colleague cannot replace stamps on goods; an officer can, and the notice has both signatures."""
    record(shop.session, shop.registry, run, Fate.APPLIED, [(40, 60)], "Mai")
    reprint = ask(shop, run)
    with pytest.raises(ReprintRefused, match="officer of the provincial alliance"):
        approve_reprint(shop.session, shop.registry, reprint, hung(shop))
    approve_reprint(shop.session, shop.registry, reprint, lan(shop))
    notice = shop.session.scalars(select(NoticeRecord)).one()
    assert notice.second_party_id == shop.alliance.id


def test_what_was_applied_before_it_was_lost_still_needs_the_province(sqlite_shop: Shop) -> None:
    """A stronger state does not hide that the stamps were on goods."""
    shop = sqlite_shop
    run = shop.run(100)
    print_file(shop, run)
    record(shop.session, shop.registry, run, Fate.APPLIED, [(25, 48)], "Mai")
    record(shop.session, shop.registry, run, Fate.LOST, [(25, 48)], "Mai", reason="stolen")
    with pytest.raises(ReprintRefused, match="officer"):
        approve_reprint(shop.session, shop.registry, ask(shop, run, reason="stolen"), hung(shop))


@pytest.mark.parametrize("state", list(JobState))
def test_only_what_can_no_longer_be_printed_is_reprinted(sqlite_shop: Shop, state: JobState) -> None:
    """A file that may still be fetched or made is no case for a reprint; after 48 hours it is."""
    shop = sqlite_shop
    run = shop.run(100)
    print_file(shop, run, 1, 50, state)
    if state is not JobState.CONFIRMED:
        with pytest.raises(ReprintRefused, match="fetch it again"):
            ask(shop, run)
    if state is JobState.READY:
        shop.forward(hours=49)
    if state in (JobState.READY, JobState.CONFIRMED):
        approve_reprint(shop.session, shop.registry, ask(shop, run), hung(shop))
    with pytest.raises(ReprintRefused, match="never printed"):
        ask(shop, run, 51, 60)


def test_stamps_replaced_once_are_not_replaced_again(sqlite_shop: Shop) -> None:
    """Not the same stretch, not one that only touches it."""
    shop = sqlite_shop
    run = shop.run(100)
    print_file(shop, run)
    approve_reprint(shop.session, shop.registry, ask(shop, run), hung(shop))
    for first, last in ((25, 48), (1, 25), (48, 100), (30, 31)):
        with pytest.raises(ReprintRefused, match="already"):
            ask(shop, run, first, last)


def test_a_request_says_what_happened(sqlite_shop: Shop) -> None:
    """A reason of the list, a sentence, serials the run has, and somebody of the organisation."""
    shop = sqlite_shop
    run = shop.run(100)
    print_file(shop, run)
    bad: list[dict[str, Any]] = [
        {"reason": "other"},
        {"explanation": "  hỏng   "},
        {"first": 0},
        {"last": 101},
        {"first": 50, "last": 49},
        {"asker": lan(shop)},
        {"asker": person(shop.other)},
        {"asker": person(shop.coop, active=False)},
    ]
    for wrong in bad:
        with pytest.raises(ReprintRefused):
            ask(shop, run, **wrong)


def test_a_refusal_of_the_registry_leaves_nothing_behind(shop: Shop, run: Run) -> None:
    """Without a key the province stands behind nothing is void and nothing new: the request still waits."""
    reprint = ask(shop, run)
    shop.session.commit()
    shop.now += LINK_LIFE / 2
    shop.session.execute(Run.metadata.tables["issuer_key"].update().values(retired_at=shop.now))
    with pytest.raises(RunRefused, match="issuer key"):
        approve_reprint(shop.session, shop.registry, reprint, hung(shop))
    shop.session.rollback()
    shop.session.refresh(reprint)
    assert reprint.state is ReprintState.WAITING
    assert ledger_of(shop.session, run).total(State.PRINTED) == 100


# --- two at once -----------------------------------------------------------------------------------------------


def approving(shop: Shop, reprint: Reprint, second: Signatory) -> Any:
    def approve(session: Session) -> object:
        return approve_reprint(session, shop.registry, session.get_one(Reprint, reprint.id), second).run

    return approve


def test_two_agree_at_once(shop: Shop, run: Run) -> None:
    """One of them is too late; there is one new run."""
    reprint = ask(shop, run)
    results = together(
        shop, approving(shop, reprint, hung(shop)), approving(shop, reprint, lan(shop)),
        approving(shop, reprint, hung(shop)),
    )  # fmt: skip
    assert sorted(type(result).__name__ for result in results) == ["ReprintRefused", "ReprintRefused", "int"]
    assert len(shop.session.scalars(select(Run).where(Run.replaces_run == run.run)).all()) == 1
    assert len(shop.session.scalars(select(NoticeRecord)).all()) == 1


def test_stamps_are_applied_while_somebody_agrees(shop: Shop, run: Run) -> None:
    """Whichever comes first, no stamp ends up both on goods by record and replaced by a colleague."""
    reprint = ask(shop, run)

    def apply(session: Session) -> object:
        return record(session, shop.registry, session.get_one(Run, run.run), Fate.APPLIED, [(25, 48)], "Mai")

    results = together(shop, approving(shop, reprint, hung(shop)), apply)
    assert sum(isinstance(result, RunRefused) for result in results) == 1
    ledger = ledger_of(shop.session, run)
    assert {ledger.total(State.REPLACED), ledger.total(State.APPLIED)} == {0, 24}


def test_the_same_stamps_asked_for_twice_at_once(shop: Shop, run: Run) -> None:
    """One request waits, the other is told so."""

    def asking(session: Session) -> object:
        return ask_reprint(
            session, session.get_one(Run, run.run), 25, 48, "misprint", WHY, mai(shop), shop.now
        )[0].id

    results = together(shop, asking, asking)
    assert sum(isinstance(result, ReprintRefused) for result in results) == 1
    assert len(waiting(shop.session, run, shop.now)) == 1


def test_a_recall_stays_with_what_it_names(shop: Shop, run: Run) -> None:
    """Recalled between asking and agreeing: refused, whatever the recall speaks of."""
    reprint = ask(shop, run)
    recall = NoticeKind.RECALL
    notify_stamps(
        shop.session, shop.registry, run, 48, 60, recall, "contamination", shop.coop, second=shop.alliance
    )
    for second in (hung(shop), lan(shop)):
        with pytest.raises(ReprintRefused, match="recalled, revoked or held"):
            approve_reprint(shop.session, shop.registry, reprint, second)
    approve_reprint(shop.session, shop.registry, ask(shop, run, 61, 72), hung(shop))
