"""Issuing notices: numbered without gaps, signed by whom it takes, found by every run they touch."""

import threading
import uuid
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, select

from temthat_stamps.copies.records import StampEvent, StampEventKind
from temthat_stamps.keys import key_id
from temthat_stamps.log.entries import entry, size
from temthat_stamps.log.records import LogEntry
from temthat_stamps.notice import standing
from temthat_stamps.runs.custody import issuer_key
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import (
    made_from,
    notices_by_run,
    notices_for_run,
    notices_on,
    notices_on_each,
    notify_batch,
    notify_key,
    notify_run,
    notify_stamps,
)
from temthat_stamps.runs.records import IssuerKey, NoticeRecord, Revision, Run
from temthat_stamps.statement import verify_statement
from temthat_stamps.verdict import Asker, NoticeKind
from temthat_trace.batches import BatchSource
from temthat_trace.database import make_sessions
from temthat_trace.ids import uuid7
from temthat_trace.parties import Party, PartyKind

if TYPE_CHECKING:
    from tests.stamps.runs.conftest import Shop


def notify(
    shop: "Shop", what: Any, *about: Any, by: Party | None = None, second: Party | None = None
) -> NoticeRecord:
    """Issue a notice of the cooperative on a run (or what `about` begins with)."""
    record: NoticeRecord = what(shop.session, shop.registry, *about, by or shop.coop, second=second)
    return record


def kinds(shop: "Shop", run: Run, serial: int = 1) -> list[str]:
    """What stands for one stamp; the way of one run and the way of all runs agree."""
    found = notices_for_run(shop.session, run)
    assert notices_by_run(shop.session, [run]).get(run.run, ()) == tuple(found)
    return [notice.kind.value for notice in standing(found, serial)]


def test_notices_on_stamps_touch_these_stamps(sqlite_shop: "Shop") -> None:
    """Serials 3 to 5 and no others; another run not at all."""
    shop = sqlite_shop
    run, other = shop.run(10), shop.run(10)
    notify(shop, notify_stamps, run, 3, 5, NoticeKind.VOID, "misprint")
    assert [kinds(shop, run, serial) for serial in (2, 3, 5, 6)] == [[], ["void"], ["void"], []]
    assert kinds(shop, other, 3) == []
    assert notices_by_run(shop.session, [run, other]).keys() == {run.run}


@pytest.mark.parametrize(("first", "last"), [(0, 1), (5, 4), (1, 11), (-1, 3)])
def test_stretches_outside_the_run_are_refused(sqlite_shop: "Shop", first: int, last: int) -> None:
    """A run of ten has serials 1 to 10."""
    with pytest.raises(RunRefused, match="1 to 10"):
        notify(sqlite_shop, notify_stamps, sqlite_shop.run(10), first, last, NoticeKind.VOID, "misprint")


def test_numbers_have_no_gaps_and_the_highest_wins(shop: "Shop") -> None:
    """Each target counts for itself; a refused notice uses no number up; a lift ends what stood."""
    run, other = shop.run(), shop.run()
    numbers = [notify(shop, notify_run, run, NoticeKind.HOLD, "complaint").number]
    with pytest.raises(RunRefused):
        notify(shop, notify_run, run, NoticeKind.RECALL, "contamination")
    numbers.append(notify(shop, notify_run, run, NoticeKind.LOST, "stolen").number)
    assert kinds(shop, run) == ["lost"]
    numbers.append(notify(shop, notify_run, run, NoticeKind.LIFT, "resolved", second=shop.alliance).number)
    assert numbers == [1, 2, 3]
    assert kinds(shop, run) == []
    assert notify(shop, notify_run, other, NoticeKind.HOLD, "complaint").number == 1
    assert notify(shop, notify_run, run, NoticeKind.HOLD, "complaint").number == 4
    assert kinds(shop, run) == ["hold"]


def test_there_must_be_something_to_lift(sqlite_shop: "Shop") -> None:
    """A lift of nothing, or of what is lifted already, is a mistake of the person, told in words."""
    shop, run = sqlite_shop, sqlite_shop.run()
    with pytest.raises(RunRefused, match="no notice in force"):
        notify(shop, notify_run, run, NoticeKind.LIFT, "resolved", second=shop.alliance)
    notify(shop, notify_run, run, NoticeKind.HOLD, "complaint")
    notify(shop, notify_run, run, NoticeKind.LIFT, "resolved", second=shop.alliance)
    with pytest.raises(RunRefused, match="no notice in force"):
        notify(shop, notify_run, run, NoticeKind.LIFT, "resolved", second=shop.alliance)


@pytest.mark.parametrize("kind", [NoticeKind.RECALL, NoticeKind.LIFT])
def test_recall_and_lift_need_the_alliance(sqlite_shop: "Shop", kind: NoticeKind) -> None:
    """Not the issuer alone, not with another cooperative or somebody else's alliance; the alliance alone may."""
    shop = sqlite_shop
    run = shop.run()
    notify(shop, notify_run, run, NoticeKind.HOLD, "complaint")
    stranger = Party(
        code="LM2", kind=PartyKind.PROVINCIAL_ALLIANCE, name="Liên minh tỉnh khác", province="01"
    )
    shop.session.add(stranger)
    shop.session.flush()
    for second in (None, shop.coop, shop.other, stranger):
        with pytest.raises(RunRefused, match="alliance"):
            notify(shop, notify_run, run, kind, "resolved", second=second)
    notify(shop, notify_run, run, kind, "resolved", second=shop.alliance)
    notify(shop, notify_run, run, NoticeKind.RECALL, "contamination", by=shop.alliance)
    notify(shop, notify_run, run, NoticeKind.LIFT, "resolved", by=shop.alliance)


@pytest.mark.parametrize("milder", [NoticeKind.HOLD, NoticeKind.SPOILED, NoticeKind.VOID])
def test_a_recall_cannot_be_ended_by_a_milder_notice(sqlite_shop: "Shop", milder: NoticeKind) -> None:
    """The highest number wins, so this would be a lift by the issuer alone."""
    shop = sqlite_shop
    run = shop.run()
    notify(shop, notify_batch, shop.batch, NoticeKind.RECALL, "contamination", second=shop.alliance)
    with pytest.raises(RunRefused, match="milder"):
        notify(shop, notify_batch, shop.batch, milder, "other")
    assert kinds(shop, run) == ["recall"]
    notify(shop, notify_batch, shop.batch, milder, "other", second=shop.alliance)
    assert kinds(shop, run) == [milder.value]


@pytest.mark.parametrize("event", [StampEventKind.APPLIED, StampEventKind.SOLD])
def test_voiding_applied_stamps_needs_the_alliance(shop: "Shop", event: StampEventKind) -> None:
    """Where a record says that one of them is on goods; the silence about the others says nothing."""
    run = shop.run(10)
    shop.session.add(
        StampEvent(
            run=run.run, serial=4, id=uuid7(), at=shop.now, event=event, kind=Asker.TILL, verdict="genuine"
        )
    )
    shop.session.flush()
    notify(shop, notify_stamps, run, 1, 3, NoticeKind.VOID, "misprint")
    for what, about in ((notify_stamps, (run, 3, 5)), (notify_run, (run,)), (notify_batch, (shop.batch,))):
        with pytest.raises(RunRefused, match="void applied"):
            notify(shop, what, *about, NoticeKind.VOID, "misprint")
    notify(shop, notify_stamps, run, 3, 5, NoticeKind.LOST, "stolen")
    notify(shop, notify_run, run, NoticeKind.VOID, "misprint", second=shop.alliance)


def test_nobody_issues_notices_on_others_stamps(sqlite_shop: "Shop") -> None:
    """Another cooperative is refused on stamps, runs, batches and keys."""
    shop, run = sqlite_shop, sqlite_shop.run()
    for what, about in (
        (notify_stamps, (run, 1, 1)),
        (notify_run, (run,)),
        (notify_batch, (shop.batch,)),
        (notify_key, (run.stamp_key,)),
    ):
        with pytest.raises(RunRefused, match="another party"):
            notify(shop, what, *about, NoticeKind.HOLD, "complaint", by=shop.other)


def test_a_reason_is_one_of_the_list(sqlite_shop: "Shop") -> None:
    """No free text gets into a signed notice."""
    with pytest.raises(RunRefused, match="reason code"):
        notify(sqlite_shop, notify_run, sqlite_shop.run(), NoticeKind.HOLD, "ông A làm hỏng")


def test_a_recall_reaches_everything_made_from_the_batch(shop: "Shop") -> None:
    """Through mixing and repacking, any number of steps down, and never upwards; a circle is survived."""
    mixed, repacked, apart = (shop.new_batch(lot, Decimal(20)) for lot in ("L2", "L3", "L4"))
    for batch, source in ((mixed, shop.batch), (mixed, apart), (repacked, mixed), (mixed, repacked)):
        shop.session.add(BatchSource(batch_id=batch.id, source_id=source.id, quantity=Decimal(1), unit="KGM"))
    shop.session.flush()
    runs = {batch.lot: shop.run(1, batch=batch) for batch in (shop.batch, mixed, repacked, apart)}
    assert made_from(shop.session, repacked.id) == {repacked.id, mixed.id, shop.batch.id, apart.id}
    notify(shop, notify_batch, shop.batch, NoticeKind.RECALL, "contamination", second=shop.alliance)
    assert {lot: kinds(shop, run) for lot, run in runs.items()} == {
        "L1": ["recall"],
        "L2": ["recall"],
        "L3": ["recall"],
        "L4": [],
    }
    ids = [repacked.id, apart.id, shop.batch.id, uuid7()]
    found = notices_on_each(shop.session, ids)
    assert found == {i: told for i in ids if (told := notices_on(shop.session, i))}
    assert found.keys() == {repacked.id, shop.batch.id}


def test_many_batches_are_looked_up_in_a_few_queries(sqlite_shop: "Shop") -> None:
    """As many for two batches as for twenty: a page of batches waits no longer once something is recalled."""
    shop = sqlite_shop
    batches = [shop.new_batch(f"M{n}", Decimal(5)) for n in range(20)]
    for batch in batches:
        shop.session.add(
            BatchSource(batch_id=batch.id, source_id=shop.batch.id, quantity=Decimal(1), unit="KGM")
        )
    shop.session.flush()
    notify(shop, notify_batch, shop.batch, NoticeKind.RECALL, "contamination", second=shop.alliance)

    def asked(ids: list[uuid.UUID]) -> int:
        seen: list[str] = []

        def count(*said: Any) -> None:
            seen.append(said[2])

        bind = shop.session.get_bind()
        event.listen(bind, "before_cursor_execute", count)
        try:
            assert notices_on_each(shop.session, ids).keys() == set(ids)
        finally:
            event.remove(bind, "before_cursor_execute", count)
        return len(seen)

    ids = [batch.id for batch in batches]
    assert asked(ids) == asked(ids[:2]) < 10


def test_a_revoked_key_is_closed_and_touches_its_runs(sqlite_shop: "Shop") -> None:
    """Its private part is gone at once, runs of other keys are untouched, the next run has a new key."""
    shop = sqlite_shop
    run = shop.run()
    key = run.stamp_key
    notify(shop, notify_key, key, NoticeKind.REVOCATION, "key_compromised")
    assert (key.sealed, key.closed_at) == (None, shop.now)
    assert kinds(shop, run) == ["revocation"]
    shop.forward(seconds=1)
    later = shop.run()
    assert later.stamp_key_id != key.id
    assert kinds(shop, later) == []


def test_a_revocation_ends_the_key_in_the_log_by_itself(sqlite_shop: "Shop") -> None:
    """Nothing is stated about its end beside the notice, neither at once nor when its month is over."""
    shop = sqlite_shop
    notify(shop, notify_key, shop.run().stamp_key, NoticeKind.REVOCATION, "key_compromised")
    shop.forward(days=31)
    shop.run()
    found = shop.session.scalars(select(LogEntry.kind).order_by(LogEntry.index)).all()
    assert found == ["log_opened", "key_opened", "run", "notice", "key_opened", "run"]


def test_an_alliance_revokes_a_key_whose_owner_can_sign_no_more(sqlite_shop: "Shop") -> None:
    """A thief took the issuer key as well and the province revoked it: its stamp key must still be ended."""
    shop = sqlite_shop
    run = shop.run()
    [key] = shop.session.scalars(select(IssuerKey).where(IssuerKey.party_id == shop.coop.id))
    key.last_good, key.revoked_reason = size(shop.session) - 1, "stolen"
    shop.session.flush()
    with pytest.raises(RunRefused, match="Ask the alliance"):
        notify(shop, notify_key, run.stamp_key, NoticeKind.REVOCATION, "stolen")
    notify(shop, notify_key, run.stamp_key, NoticeKind.REVOCATION, "stolen", by=shop.alliance)
    assert run.stamp_key.sealed is None
    assert kinds(shop, run) == ["revocation"]


def test_a_notice_is_signed_by_everyone_it_names(sqlite_shop: "Shop") -> None:
    """The envelope verifies under issuer and alliance together, says target and number, and no more."""
    shop = sqlite_shop
    run = shop.run()
    record = notify(shop, notify_run, run, NoticeKind.RECALL, "contamination", second=shop.alliance)
    publics = [
        issuer_key(shop.session, shop.registry, party).public_key for party in (shop.coop, shop.alliance)
    ]
    envelope = entry(shop.session, record.log_index)
    statement = verify_statement(envelope, {key_id(raw): raw for raw in publics}, threshold=2)
    assert statement.body["target"] == f"run:{run.run}"
    assert (statement.body["number"], statement.body["kind"]) == (1, "recall")
    assert statement.body["issuer"] == str(shop.coop.id)
    assert (record.by_party_id, record.second_party_id) == (shop.coop.id, shop.alliance.id)


def test_who_has_no_approved_key_gives_no_notice(sqlite_shop: "Shop") -> None:
    """Neither the issuer nor the second signer: refused in words, and no number is used up."""
    shop = sqlite_shop
    run = shop.run()
    [key] = shop.session.scalars(select(IssuerKey).where(IssuerKey.party_id == shop.alliance.id))
    key.delegated_from = None
    with pytest.raises(RunRefused, match="Ask the alliance"):
        notify(shop, notify_run, run, NoticeKind.RECALL, "contamination", second=shop.alliance)
    assert notify(shop, notify_run, run, NoticeKind.HOLD, "complaint").number == 1


def test_every_notice_raises_the_revision(sqlite_shop: "Shop") -> None:
    """Caches of facts see a recall with the next check."""
    shop = sqlite_shop
    run = shop.run()
    before = shop.session.get_one(Revision, 1, populate_existing=True).value
    notify(shop, notify_run, run, NoticeKind.HOLD, "complaint")
    assert shop.session.get_one(Revision, 1, populate_existing=True).value == before + 1


def test_numbers_have_no_gaps_under_concurrency(shop: "Shop") -> None:
    """Four offices at once on one target: 1 to 12, each once."""
    run_number, coop_id = shop.run().run, shop.coop.id
    shop.session.commit()
    problems: list[BaseException] = []

    def office() -> None:
        with make_sessions(shop.engine)() as session:
            try:
                for _ in range(3):
                    run, coop = session.get_one(Run, run_number), session.get_one(Party, coop_id)
                    notify_run(session, shop.registry, run, NoticeKind.HOLD, "complaint", coop)
                    session.commit()
            except BaseException as error:  # noqa: BLE001 - told to the test's own thread
                problems.append(error)

    threads = [threading.Thread(target=office) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    numbers = shop.session.scalars(select(NoticeRecord.number).order_by(NoticeRecord.number)).all()
    assert numbers == list(range(1, 13))
    entries = shop.session.scalars(select(LogEntry.index).order_by(LogEntry.index)).all()
    assert entries == list(range(3 + 12))


def test_a_batch_without_sources_is_made_from_itself(sqlite_shop: "Shop") -> None:
    """The walk begins with the batch, also one that nobody knows."""
    unknown = uuid.uuid4()
    assert made_from(sqlite_shop.session, unknown) == {unknown}
