"""Own custody as the service sees it: approved, ordered, signed elsewhere, logged, proved, printed elsewhere."""

import base64
import datetime as dt
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from temthat_stamps.code import decode
from temthat_stamps.custody.order import (
    BadOrder,
    Order,
    PrintChoice,
    Signed,
    order_from_json,
    request_from_json,
)
from temthat_stamps.custody.own import OwnCustody
from temthat_stamps.custody.own_folder import ENROLMENT, Secrets, make_folder
from temthat_stamps.custody.own_print import labels_of, print_order
from temthat_stamps.errors import TrustError
from temthat_stamps.keys import key_id
from temthat_stamps.ledger.claims import ledger_of
from temthat_stamps.ledger.ledger import State
from temthat_stamps.ledger.recording import Fate, record
from temthat_stamps.ledger.reprint import Signatory, ask_reprint
from temthat_stamps.log.entries import size
from temthat_stamps.log.finding import Finding
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.records import LogEntry
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.trust_files import trust_file
from temthat_stamps.manifest import Custody, KeyClosed, KeyOpened, RunManifest
from temthat_stamps.notice import IssuedNotice, Notice, batch_target, key_target, run_target, stamps_target
from temthat_stamps.number import parse
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.enrolment import pending, publish_delegation, record_request
from temthat_stamps.runs.errors import BeyondQuantity, RunRefused
from temthat_stamps.runs.notices import notices_for_run, notify_batch, notify_run, notify_stamps
from temthat_stamps.runs.own import (
    BLOCK,
    accept_signed,
    keeps_own_keys,
    order_file,
    order_own_run,
    plan_files,
    signed_runs,
    unsigned_orders,
    withdraw_order,
)
from temthat_stamps.runs.own_notices import notice_request
from temthat_stamps.runs.produce import PrintSettings, confirm_printing, create_jobs
from temthat_stamps.runs.records import IssuerKey, Run, RunBlock, StampKey
from temthat_stamps.runs.register import plan_run, register_run
from temthat_stamps.signer import KeySigner
from temthat_stamps.signing import RunSecrets, verify
from temthat_stamps.statement import peek, sign_statement
from temthat_stamps.trust.house import HouseCeremony
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import online_keys
from temthat_stamps.verdict import NoticeKind
from temthat_trace.batches import BatchSource
from temthat_trace.parties import Party

from .conftest import HOST, ORIGIN, Shop

PAPER = PrintChoice(layout="a4-24", dpi=300)


@dataclass
class OwnShop:
    """A shop whose cooperative's key lies on its own computer, approved by its province."""

    shop: Shop
    own: OwnCustody
    ceremony: HouseCeremony

    def order(self, count: int = 10, **more: object) -> Run:
        """An order as the desk places it."""
        form = more.pop("form", self.shop.item)
        batch = more.pop("batch", self.shop.batch)
        return order_own_run(self.shop.session, self.shop.registry, batch, form, count, **more)  # type: ignore[arg-type]

    def file(self, run: Run) -> Order:
        """The order's file, as it is read on the other side."""
        made = order_file(self.shop.session, self.shop.registry, run, HOST, "HTTPS", PAPER)
        return order_from_json(made.to_json())

    def signed(self, run: Run) -> Signed:
        """Its answer."""
        return self.own.sign_order(self.file(run))

    def accept(self, signed: Signed, party: Party | None = None) -> list[int]:
        """What the service makes of an answer."""
        return accept_signed(self.shop.session, self.shop.registry, signed, party or self.shop.coop)

    def by_hand(self, *envelopes: bytes) -> Signed:
        """A signed file that the cooperative's own program would not have written."""
        return Signed(ORIGIN, str(self.shop.coop.id), envelopes)

    def state(self, *stated: object) -> Signed:
        """These statements under the cooperative's key, whatever they say."""
        with self.own.folder.issuer_signer() as signer:
            return self.by_hand(*(sign_statement(s.body(), signer) for s in stated))  # type: ignore[attr-defined]

    def proved(self, run: Run) -> bytes:
        """Commit and prove."""
        self.shop.session.commit()
        self.shop.book.prove_run(run.run)
        self.shop.session.refresh(run)
        assert run.proof is not None
        return run.proof

    def logged(self) -> int:
        return size(self.shop.session)

    def revoke(self) -> None:
        """The province takes the cooperative's key back."""
        key = key_id(self.own.folder.identity.public_key)
        shop = self.shop
        self.ceremony.revoke(key, size(shop.session) - 1, "key_compromised", shop.now)
        publish_delegation(shop.session, shop.registry, shop.folder / "public" / "trust")


def log_trust(shop: Shop) -> LogTrust:
    policy = shop.book.policy
    return LogTrust(
        ORIGIN,
        str(policy.log_key),
        tuple(map(str, policy.witnesses)),
        policy.quorum,
        (shop.registry.operator.public_key,),
        (HOST,),
    )


def at_home(shop: Shop, party: Party, name: str = "keys") -> OwnCustody:
    """A folder of own keys for a party, made with `log.json`; scrypt is made cheap for tests."""
    log = log_trust(shop).format()
    secrets = Secrets(lambda: "correct horse battery", lambda: "")
    folder = make_folder(shop.folder / name, log, str(party.id), "96", secrets, shop.now, work=16)
    return OwnCustody(folder, lambda: shop.now)


@pytest.fixture
def house(shop: Shop) -> Iterator[OwnShop]:
    yield from open_house(shop)


@pytest.fixture
def quick(sqlite_shop: Shop) -> Iterator[OwnShop]:
    """On SQLite alone, where the database makes no difference."""
    yield from open_house(sqlite_shop)


def open_house(shop: Shop) -> Iterator[OwnShop]:
    """Everybody enrolled anew, the cooperative with its own key, all approved in one publication."""
    online = online_keys(shop.sealer)
    ceremony = HouseCeremony(shop.folder / "ceremony", shop.folder / "public" / "trust", online, mode="demo")
    own = at_home(shop, shop.coop)
    session = shop.session
    for key in session.scalars(select(IssuerKey)):
        key.delegated_from = None
        if key.party_id == shop.coop.id:
            session.delete(key)
    session.commit()
    shop.book.open()
    record_request(session, shop.registry, shop.coop, (own.folder.path / ENROLMENT).read_bytes())
    ceremony.found(log_trust(shop), ["96"], shop.now)
    ceremony.approve([key.enrolment for key in pending(session)], size(session), shop.now)
    publish_delegation(session, shop.registry, shop.folder / "public" / "trust")
    session.commit()
    yield OwnShop(shop, own, ceremony)
    own.state.close()


def findings(shop: Shop) -> list[Finding]:
    """What an auditor has to say of the published log."""
    latest = shop.book.publish()
    replay = Replay(ORIGIN, trust_file(FolderReader(shop.folder / "public")))
    found: list[Finding] = []
    for index, envelope in enumerate(shop.book.folder.entries(0, latest.checkpoint.size)):
        stated = replay.apply(index, envelope)
        found += ([stated] if isinstance(stated, Finding) else []) + replay.remarks
    return found + replay.finish()


# The whole way


def test_from_order_to_paper(house: OwnShop, tmp_path: Path) -> None:
    """Ordered, signed elsewhere, logged, proved, printed elsewhere; the service never has a key; an auditor agrees."""
    shop = house.shop
    assert keeps_own_keys(shop.session, shop.registry, shop.coop)
    assert not keeps_own_keys(shop.session, shop.registry, shop.alliance)
    run = house.order(30)
    assert not run.is_logged
    order = house.file(run)
    opened, manifest = house.accept(house.own.sign_order(order))
    assert run.is_logged
    assert run.log_index == manifest
    assert (run.stamp_key.log_index, run.stamp_key.sealed, run.stamp_key.custody) == (
        opened, None, Custody.OWN,
    )  # fmt: skip
    proof = house.proved(run)
    [path] = print_order(house.own, order, proof, tmp_path)
    assert path.read_bytes().startswith(b"%PDF")
    secrets = RunSecrets(run_secret(shop.sealer, run))
    for label in labels_of(order, house.own.stamps(order, proof, 1, 30)):
        code = decode(label.url)
        verify(code, [run.stamp_key.public_key])
        assert parse(label.number) == secrets.number(code.header)
    assert findings(shop) == []


def test_a_block_is_reserved_in_the_log_and_used_up_before_the_next(house: OwnShop) -> None:
    """Numbers come from the party's own block; others' runs leave it alone; the next block follows when it is full."""
    shop = house.shop
    runs = [house.order(1).run for _ in range(2)]
    [block] = shop.session.scalars(select(RunBlock))
    assert (block.first, block.last, block.party_id) == (runs[0], runs[0] + BLOCK - 1, shop.coop.id)
    assert peek(shop.session.get_one(LogEntry, block.log_index).envelope)["first"] == block.first
    assert runs == [block.first, block.first + 1]
    rest = [house.order(1).run for _ in range(BLOCK - 1)]
    assert rest[:-1] == list(range(block.first + 2, block.last + 1))
    assert rest[-1] == block.last + 1
    assert len(shop.session.scalars(select(RunBlock)).all()) == 2


def test_two_orders_of_one_batch_both_carry_its_sources(house: OwnShop) -> None:
    """Whichever comes back first states them; the other's are passed over, and its run is logged all the same."""
    shop = house.shop
    source = shop.new_batch("NGUON", Decimal(50))
    shop.session.add(
        BatchSource(batch_id=shop.batch.id, source_id=source.id, quantity=Decimal(5), unit="KGM")
    )
    shop.session.flush()
    shop.session.refresh(shop.batch)
    first, second = house.order(3), house.order(4)
    one = house.signed(first)
    shop.forward(minutes=5)
    other = house.signed(second)
    assert len(house.accept(other)) == 3
    assert len(house.accept(one)) == 2
    kinds = [e.kind for e in shop.session.scalars(select(LogEntry).order_by(LogEntry.index))]
    assert kinds.count("sources") == 1
    shop.session.commit()
    assert findings(shop) == []


def test_sent_twice_is_taken_once(house: OwnShop) -> None:
    """The same entries as answer, and not one more in the log."""
    run = house.order()
    signed = house.signed(run)
    entries, before = house.accept(signed), house.logged()
    assert house.accept(signed) == entries
    assert house.logged() == before


def test_a_signed_month_is_closed_by_its_owner(house: OwnShop) -> None:
    """The closing is logged; the key signs no run any more; a key closed in the log is closed for the service."""
    shop = house.shop
    run = house.order()
    house.accept(house.signed(run))
    late = house.order()
    unsent = house.signed(late)
    keys = house.own.closable(early=True)
    [entry] = house.accept(house.own.close(keys))
    assert peek(shop.session.get_one(LogEntry, entry).envelope)["type"] == "key_closed"
    assert run.stamp_key.closed_at == shop.now
    with pytest.raises(RunRefused, match="the stamp key is closed"):
        house.accept(unsent)


# Orders


def test_an_order_takes_its_share_and_gives_it_back_when_withdrawn(house: OwnShop) -> None:
    """An open order counts against the batch; withdrawn it does not, and its number is never ordered again."""
    shop = house.shop
    before = plan_run(shop.session, shop.batch, shop.item).left
    run = house.order(100)
    assert unsigned_orders(shop.session, shop.coop) == [run]
    assert plan_run(shop.session, shop.batch, shop.item).left == before - 100
    signed = house.signed(run)
    withdraw_order(shop.session, run)
    assert plan_run(shop.session, shop.batch, shop.item).left == before
    assert unsigned_orders(shop.session, shop.coop) == []
    assert house.order(1).run == run.run + 1
    with pytest.raises(RunRefused, match="was withdrawn"):
        house.accept(signed)
    with pytest.raises(RunRefused, match="was withdrawn"):
        house.file(run)


def test_a_signed_order_is_not_withdrawn(quick: OwnShop) -> None:
    """What stands in the log stays; the words say what to do with unused stamps."""
    run = quick.order()
    quick.accept(quick.signed(run))
    with pytest.raises(RunRefused, match="cannot be withdrawn"):
        withdraw_order(quick.shop.session, run)
    with pytest.raises(RunRefused, match="signed already"):
        quick.file(run)
    assert run.count == 10


def test_past_the_quantity_is_refused_or_needs_a_reason_that_shows(house: OwnShop) -> None:
    """Open orders count: nobody gets past the batch by not signing yet."""
    shop = house.shop
    left = plan_run(shop.session, shop.batch, shop.item).left
    house.order(left)
    with pytest.raises(BeyondQuantity):
        house.order(1)
    run = house.order(1, override_reason="Hai tờ tem bị mưa ướt")
    house.accept(house.signed(run))
    assert peek(shop.session.get_one(LogEntry, run.log_index).envelope)["beyond"] is True


def test_the_service_makes_no_stamps_of_such_a_run(quick: OwnShop) -> None:
    """No print job before the signature, no signing by the service, neither before nor after."""
    shop = quick.shop
    run = quick.order()
    with pytest.raises(RunRefused, match="own print"):
        create_jobs(shop.session, shop.press, run, PrintSettings(), "x")
    with pytest.raises(RunRefused, match="keeps its own key"):
        register_run(shop.session, shop.registry, shop.batch, shop.item, 1)


def test_nothing_is_said_of_stamps_that_are_not_signed_yet(quick: OwnShop) -> None:
    """No notice, no entry in the ledger, no reprint, no "printed"; planned files are none; a batch's hold is told."""
    shop = quick.shop
    run = quick.order(10)
    jobs = plan_files(shop.session, shop.registry, run, PrintSettings(), "Mai")
    asker = Signatory(shop.coop.id, "Mai", "+84912000001", shop.coop, shop.now)
    for act in (
        lambda: notify_run(shop.session, shop.registry, run, NoticeKind.HOLD, "complaint", shop.coop),
        lambda: notify_stamps(shop.session, shop.registry, run, 1, 2, NoticeKind.LOST, "stolen", shop.coop),
        lambda: record(shop.session, shop.registry, run, Fate.APPLIED, [(1, 2)], "Mai"),
        lambda: record(shop.session, shop.registry, run, Fate.SPOILED, [(1, 2)], "Mai"),
        lambda: ask_reprint(shop.session, run, 1, 2, "misprint", "Máy in kẹt giấy", asker, shop.now),
        lambda: confirm_printing(shop.session, shop.press, jobs[0], "Mai"),
    ):
        with pytest.raises(RunRefused, match="is not signed, so there are no stamps of it yet"):
            act()
    assert ledger_of(shop.session, run).totals == {State.ORDERED: 10}
    notify_batch(shop.session, shop.registry, shop.batch, NoticeKind.HOLD, "complaint", shop.alliance)
    assert [notice.kind for notice in notices_for_run(shop.session, run)] == [NoticeKind.HOLD]
    quick.accept(quick.signed(run))
    assert ledger_of(shop.session, run).totals == {State.IN_FILE: 10}
    record(shop.session, shop.registry, run, Fate.APPLIED, [(1, 2)], "Mai")


# What is refused


def test_a_run_that_says_other_than_its_order_is_refused(house: OwnShop) -> None:
    """Count, product, batch, dates, names, another number: each refused, and nothing of the file is logged."""
    shop = house.shop
    run, other = house.order(10), house.order(5)
    honest = house.signed(run)
    key = KeyOpened.parse(peek(honest.statements[0]))
    said = RunManifest.parse(peek(honest.statements[-1]))
    before = house.logged()
    for false in (
        replace(said, count=11),
        replace(said, pack_form=str(shop.large.id)),
        replace(said, batch=str(shop.party("X", "X").id)),
        replace(said, made_on=said.made_on + dt.timedelta(days=1)),
        replace(said, expires_on=None),
        replace(said, packs=10_000),
        replace(said, commitment="0" * 64),
        replace(said, events="0" * 64),
        replace(said, gs1=not said.gs1),
        replace(said, run=other.run),
    ):
        with shop.session.begin_nested() as nested:
            with pytest.raises(RunRefused, match="it says other than the order"):
                house.accept(house.state(key, false))
            nested.rollback()
        assert house.logged() == before
    assert not run.is_logged
    house.accept(honest)


@pytest.mark.parametrize("shift", [dt.timedelta(days=-30), dt.timedelta(hours=2)])
def test_a_run_dated_outside_its_key_or_ahead_is_refused(quick: OwnShop, shift: dt.timedelta) -> None:
    """A manifest dated back to last month, or ahead of the clock."""
    honest = quick.signed(quick.order())
    said = RunManifest.parse(peek(honest.statements[-1]))
    dated = quick.state(replace(said, registered_at=said.registered_at + shift)).statements
    with pytest.raises((RunRefused, TrustError)):
        quick.accept(quick.by_hand(honest.statements[0], *dated))


def test_a_second_manifest_for_a_run_is_refused(quick: OwnShop) -> None:
    """Even a true one with another date: one number, one manifest."""
    shop = quick.shop
    run = quick.order()
    honest = quick.signed(run)
    quick.accept(honest)
    said = RunManifest.parse(peek(honest.statements[-1]))
    again = replace(said, registered_at=said.registered_at + dt.timedelta(seconds=1))
    shop.forward(minutes=1)
    with pytest.raises(RunRefused, match="registered already"):
        quick.accept(quick.state(again))


def test_a_run_nobody_ordered_is_refused_in_the_block_and_outside(quick: OwnShop) -> None:
    """Numbers that were reserved and not ordered, another's, never reserved."""
    shop = quick.shop
    honest = quick.signed(quick.order())
    said = RunManifest.parse(peek(honest.statements[-1]))
    for number in (said.run + 1, said.run + BLOCK, 9_999):
        with pytest.raises(RunRefused, match=f"there is no order {number}"):
            quick.accept(quick.state(replace(said, run=number)))
    assert not shop.session.scalars(select(Run).where(Run.log_index.is_not(None))).all()


def test_keys_that_do_not_speak_for_the_cooperative(quick: OwnShop) -> None:
    """Another key, a key not approved, the file of another cooperative, of another log; each in words."""
    shop = quick.shop
    run = quick.order()
    honest = quick.signed(run)
    bodies = [peek(envelope) for envelope in honest.statements]
    thief = KeySigner(Ed25519PrivateKey.generate())
    with pytest.raises(RunRefused, match="it is not valid"):
        quick.accept(quick.by_hand(*(sign_statement(body, thief) for body in bodies)))
    unapproved = at_home(shop, shop.coop, "second")
    with pytest.raises(RunRefused, match="it is not valid"):
        quick.accept(unapproved.sign_order(quick.file(run)))
    with pytest.raises(RunRefused, match="it is not by “HTX Khác”"):
        quick.accept(honest, shop.other)
    with pytest.raises(RunRefused, match="it is not by “HTX Khác”"):
        quick.accept(replace(honest, issuer=str(shop.other.id)), shop.other)
    with pytest.raises(RunRefused, match="of the log “other"):
        quick.accept(replace(honest, origin="other.example/log"))
    with pytest.raises(RunRefused, match="it is not valid"):
        quick.accept(quick.by_hand(b"not an envelope"))
    unapproved.state.close()
    assert not run.is_logged


def test_another_cooperatives_order_is_nobody_elses_to_sign(quick: OwnShop) -> None:
    """Its program refuses the file, and the service a manifest in its own name for the other's run."""
    shop = quick.shop
    run = quick.order()
    other = at_home(shop, shop.other, "other")
    with closing(other.state), pytest.raises(BadOrder, match="another issuer's"):
        other.sign_order(quick.file(run))
    said = RunManifest.parse(peek(quick.signed(run).statements[-1]))
    run.party_id = shop.other.id
    shop.session.flush()
    with pytest.raises(RunRefused, match="there is no order"):
        quick.accept(quick.state(said))


def test_a_hosted_cooperative_has_no_such_way(quick: OwnShop) -> None:
    """Whose key the service keeps sends no files: whoever does is a stranger."""
    shop = quick.shop
    stated = KeyClosed(ORIGIN, str(shop.alliance.id), "0" * 64, shop.now)
    thief = KeySigner(Ed25519PrivateKey.generate())
    signed = Signed(ORIGIN, str(shop.alliance.id), (sign_statement(stated.body(), thief),))
    with pytest.raises(RunRefused, match="does not keep its own keys"):
        accept_signed(shop.session, shop.registry, signed, shop.alliance)


def test_stamp_keys_that_are_refused(quick: OwnShop) -> None:
    """Weak, in use, longer than its month, said to be hosted, over already."""
    shop = quick.shop
    honest = quick.signed(quick.order())
    opened = KeyOpened.parse(peek(honest.statements[0]))
    quick.accept(quick.by_hand(honest.statements[0]))
    fresh = replace(opened, public_key=KeySigner(Ed25519PrivateKey.generate()).public_key)
    for false in (
        replace(opened, closes=opened.closes - dt.timedelta(days=1)),
        replace(fresh, public_key=quick.own.folder.identity.public_key),
        replace(fresh, public_key=bytes([1]) + bytes(31)),
        replace(fresh, closes=opened.closes + dt.timedelta(days=1)),
        replace(fresh, custody=Custody.HOSTED),
    ):
        with pytest.raises(RunRefused):
            quick.accept(quick.state(false))
    shop.forward(days=8)
    over = replace(fresh, closes=opened.closes - dt.timedelta(hours=1))
    with pytest.raises(RunRefused, match="its period is wrong"):
        quick.accept(quick.state(over))
    assert len(shop.session.scalars(select(StampKey).where(StampKey.custody == Custody.OWN)).all()) == 1


def test_a_run_before_its_stamp_key_is_refused(quick: OwnShop) -> None:
    """A file without its first statement."""
    honest = quick.signed(quick.order())
    with pytest.raises(RunRefused, match="was not announced"):
        quick.accept(quick.by_hand(honest.statements[-1]))


def test_after_revocation_nothing_is_taken_or_ordered(house: OwnShop) -> None:
    """An answer signed before and sent after the revocation too: order in the log is what counts."""
    shop = house.shop
    run = house.order()
    signed = house.signed(run)
    shop.session.commit()
    house.revoke()
    with pytest.raises(RunRefused, match="has no issuer key"):
        house.accept(signed)
    with pytest.raises(RunRefused, match="has no issuer key"):
        keeps_own_keys(shop.session, shop.registry, shop.coop)
    assert not run.is_logged


def test_a_batch_changed_after_the_order_needs_a_new_order(quick: OwnShop) -> None:
    """The digest of its diary is signed: words say to withdraw and order anew, and that works."""
    shop = quick.shop
    run = quick.order()
    signed = quick.signed(run)
    shop.session.delete(shop.batch.events[-1])
    shop.session.flush()
    shop.session.refresh(shop.batch)
    with pytest.raises(RunRefused, match="withdraw this order and place a new one"):
        quick.accept(signed)
    with pytest.raises(BadOrder, match="new run number"):
        quick.signed(run)
    withdraw_order(shop.session, run)
    again = quick.order()
    quick.accept(quick.signed(again))
    assert again.is_logged


# Notices


def test_the_cooperative_signs_its_own_notices(house: OwnShop) -> None:
    """Void, lost, spoiled, hold: asked for by the service, signed at home, logged, in force; an auditor agrees."""
    shop = house.shop
    run = house.order()
    house.accept(house.signed(run))
    shop.forward(minutes=1)
    for target, kind, reason in (
        (stamps_target(run.run, 1, 2), NoticeKind.VOID, "misprint"),
        (stamps_target(run.run, 3, 4), NoticeKind.LOST, "stolen"),
        (stamps_target(run.run, 5, 6), NoticeKind.SPOILED, "spoiled_sheet"),
        (run_target(run.run), NoticeKind.HOLD, "under_inspection"),
        (batch_target(shop.batch.id), NoticeKind.HOLD, "under_inspection"),
    ):
        asked = notice_request(shop.session, shop.registry, shop.coop, target, kind, reason)
        house.accept(house.own.sign_request(request_from_json(asked.to_json())))
    assert len(notices_for_run(shop.session, run)) == 5
    shop.session.commit()
    assert findings(shop) == []


def test_a_revoked_stamp_key_of_its_own_signs_no_further_run(quick: OwnShop) -> None:
    """Stolen with the computer: the cooperative revokes it, and an answer under it is refused from then on."""
    shop = quick.shop
    run, late = quick.order(), quick.order()
    quick.accept(quick.signed(run))
    unsent = quick.signed(late)
    target = key_target(key_id(run.stamp_key.public_key))
    asked = notice_request(
        shop.session, shop.registry, shop.coop, target, NoticeKind.REVOCATION, "key_compromised"
    )
    quick.accept(quick.own.sign_request(asked))
    assert [notice.kind for notice in notices_for_run(shop.session, run)] == [NoticeKind.REVOCATION]
    with pytest.raises(RunRefused, match="the stamp key is closed"):
        quick.accept(unsent)


@pytest.mark.parametrize(
    ("kind", "reason", "why"),
    [
        (NoticeKind.RECALL, "contamination", "the alliance"),
        (NoticeKind.LIFT, "resolved", "no notice in force"),
        (NoticeKind.HOLD, "no_such_reason", "no reason code"),
    ],
)
def test_notices_that_are_not_its_own_to_give(
    quick: OwnShop, kind: NoticeKind, reason: str, why: str
) -> None:
    """A recall needs the province; a lift something to lift; and what it signs regardless is refused as well."""
    shop = quick.shop
    run = quick.order()
    quick.accept(quick.signed(run))
    with pytest.raises(RunRefused, match=why):
        notice_request(shop.session, shop.registry, shop.coop, run_target(run.run), kind, reason)
    regardless = IssuedNotice(
        ORIGIN, str(shop.coop.id), Notice(run_target(run.run), 1, kind, reason, shop.now)
    )
    with pytest.raises(RunRefused):
        quick.accept(quick.state(regardless))


def test_a_notice_replayed_or_on_anothers_stamps_is_refused(quick: OwnShop) -> None:
    """The same number again with another date; and a batch of somebody else."""
    shop = quick.shop
    run = quick.order()
    quick.accept(quick.signed(run))
    asked = notice_request(
        shop.session, shop.registry, shop.coop, run_target(run.run), NoticeKind.HOLD, "complaint"
    )
    signed = quick.own.sign_request(asked)
    entries = quick.accept(signed)
    assert quick.accept(signed) == entries
    shop.forward(minutes=1)
    notice = Notice(run_target(run.run), 1, NoticeKind.HOLD, "complaint", shop.now)
    with pytest.raises(RunRefused, match="number 2"):
        quick.accept(quick.state(IssuedNotice(ORIGIN, str(shop.coop.id), notice)))
    shop.batch.party_id = shop.other.id
    shop.session.flush()
    shop.session.refresh(shop.batch)
    theirs = Notice(batch_target(shop.batch.id), 1, NoticeKind.HOLD, "complaint", shop.now)
    with pytest.raises(RunRefused, match="another party's stamps"):
        quick.accept(quick.state(IssuedNotice(ORIGIN, str(shop.coop.id), theirs)))


def test_signed_runs_are_told_before_anything_is_verified(quick: OwnShop) -> None:
    """For the page to lead on to the right order; rubbish is no run."""
    run = quick.order()
    assert signed_runs(quick.signed(run)) == [run.run]
    assert signed_runs(quick.by_hand(b"rubbish", base64.b64encode(b"x"))) == []
