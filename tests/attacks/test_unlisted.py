"""Attacks beside the list: found by reading the code with a thief's eyes. Each had a hole, or might have had one."""

import base64
import datetime as dt
import json
import shutil
import uuid
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from sqlalchemy import select

from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.installed import OlderBundle
from temthat_stamps.bundle.listing import Listing
from temthat_stamps.keys import key_id
from temthat_stamps.log.audit import audit
from temthat_stamps.log.checkpoint import Checkpoint
from temthat_stamps.log.entries import BadDate, check_date, entry
from temthat_stamps.log.finding import FindingCode
from temthat_stamps.log.note import KeyKind, VerifierKey
from temthat_stamps.log.policy import BadPolicy, Policy
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.logged import Block, Delegation, PublishedFile, read_body
from temthat_stamps.manifest import Sources
from temthat_stamps.notice import batch_target, run_target
from temthat_stamps.runs.errors import RunRefused
from temthat_stamps.runs.notices import notices_for_run, notify_batch, notify_run
from temthat_stamps.runs.records import IssuerKey
from temthat_stamps.signer import KeySigner
from temthat_stamps.statement import PAYLOAD_TYPE, peek
from temthat_stamps.trust.errors import CeremonyRefused
from temthat_stamps.trust.handover import Handover
from temthat_stamps.verdict import NoticeKind, Word
from temthat_trace.batches import Batch, BatchSource

from ..stamps.bundle import house as house_module
from ..stamps.bundle.house import ORIGIN, House, Producer
from ..stamps.ledger.conftest import Shop
from .conftest import Scanner, manifest, notice, state, told


def new_id() -> str:
    return str(uuid.uuid4())


# -- other people's goods, by way of what they are made of --


def test_a_stranger_gives_notice_of_a_source(
    house: House, coop: Producer, rival: Producer, scanner: Scanner
) -> None:
    """A cooperative's honey is made from a batch that nobody has spoken for; a competitor voids that batch.

    He speaks for it first, in any of three ways, and gives a notice that one signature is enough for. It would reach
    all goods made from it. Refused: where others have made goods of a batch already, the province has to sign.
    """
    raw, batch = new_id(), new_id()
    house.sources(coop, batch, raw)
    house.run(coop, run=1, batch=batch)
    void = notice(house, rival, batch_target(raw), NoticeKind.VOID)
    assert state(house, void, rival.signer) is FindingCode.SECOND_SIGNER
    before, own = new_id(), new_id()
    house.sources(rival, own, before)
    house.sources(rival, raw, own)
    house.run(rival, run=2, batch=raw)
    for target in (raw, own, before):
        void = notice(house, rival, batch_target(target), NoticeKind.VOID)
        assert state(house, void, rival.signer) is FindingCode.SECOND_SIGNER
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.GENUINE_OFFLINE


def test_who_spoke_for_a_batch_before_others_used_it_may_hold_it(
    house: House, coop: Producer, rival: Producer, scanner: Scanner
) -> None:
    """A supplier whose batch has stamps, or stated sources, before a customer names it: he alone may hold it."""
    raw, batch, hives = new_id(), new_id(), new_id()
    house.sources(rival, raw, hives)
    house.sources(coop, batch, raw)
    house.run(coop, run=1, batch=batch)
    for target in (raw, hives):
        assert state(house, notice(house, rival, batch_target(target), NoticeKind.HOLD), rival.signer) is None
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.NOT_APPLIED


def test_a_supplier_needs_the_alliance_for_what_others_use(sqlite_shop: Shop) -> None:
    """The service asks for the alliance too, so that it logs no notice that does not count."""
    shop = sqlite_shop
    raw = shop.new_batch("RAW", shop.batch.quantity)
    made = Batch(
        party_id=shop.other.id, product_id=shop.product.id, lot="X", quantity=raw.quantity, unit="KGM",
        made_on=raw.made_on,
    )  # fmt: skip
    shop.session.add(made)
    shop.session.flush()
    shop.session.add(BatchSource(batch_id=made.id, source_id=raw.id, quantity=raw.quantity, unit="KGM"))
    shop.session.flush()
    with pytest.raises(RunRefused, match="alliance"):
        notify_batch(shop.session, shop.registry, raw, NoticeKind.HOLD, "complaint", shop.coop)
    both = notify_batch(
        shop.session, shop.registry, raw, NoticeKind.HOLD, "complaint", shop.coop, shop.alliance
    )
    assert both.number == 1


def test_a_batch_in_between_hides_no_recall(sqlite_shop: Shop) -> None:
    """Goods go through a batch that never gets stamps, so that a recall of what went into it would end there offline.

    All that a batch was made from, however far back, is stated before its first run.
    """
    shop = sqlite_shop
    raw, between = (shop.new_batch(lot, shop.batch.quantity) for lot in ("RAW", "BETWEEN"))
    for made, source in ((between, raw), (shop.batch, between)):
        shop.session.add(
            BatchSource(batch_id=made.id, source_id=source.id, quantity=source.quantity, unit="KGM")
        )
    shop.session.flush()
    shop.session.refresh(shop.batch)
    run = shop.run(10)
    stated = read_body(peek(entry(shop.session, run.log_index - 1)))
    assert isinstance(stated, Sources)
    assert set(stated.sources) == {str(raw.id), str(between.id)}


def test_online_a_revoked_key_had_logged_a_run_and_a_notice(sqlite_shop: Shop) -> None:
    """The province revokes a stolen issuer key: what the service says of the thief's run and of his notice changes too.

    His run is revoked, and his voiding of the cooperative's run is gone, on the page as on a scanner.
    """
    shop = sqlite_shop
    [key] = [key for key in shop.session.scalars(select(IssuerKey)) if key.party_id == shop.coop.id]
    good = shop.run(10)
    last_good = good.log_index
    stolen = shop.run(10)
    notify_run(shop.session, shop.registry, good, NoticeKind.VOID, "misprint", shop.coop)
    notify_run(shop.session, shop.registry, good, NoticeKind.RECALL, "complaint", shop.coop, shop.alliance)
    assert notices_for_run(shop.session, stolen) == []
    key.last_good, key.revoked_reason = last_good, "key_compromised"
    shop.session.flush()
    told_of = [(notice.kind, notice.reason) for notice in notices_for_run(shop.session, stolen)]
    assert told_of == [(NoticeKind.REVOCATION, "key_compromised")]
    assert [notice.kind for notice in notices_for_run(shop.session, good)] == [NoticeKind.RECALL]
    key.last_good = stolen.log_index
    shop.session.flush()
    assert notices_for_run(shop.session, stolen) == []


# -- using up what everybody needs --


def test_the_last_run_number_is_taken(house: House, coop: Producer, rival: Producer) -> None:
    """A thief registers a run with the highest number there is, or a hacked operator lends somebody all numbers.

    Numbers only rise, so that would end stamps for the whole country. Refused: no number lies far beyond the highest.
    """
    assert state(house, manifest(house, rival, 2**28 - 2), rival.signer) is FindingCode.RUN_FAR_AHEAD
    lent = Block(ORIGIN, rival.id, 1, 2**28 - 2, house.now)
    assert state(house, lent, house.operator) is FindingCode.RUN_FAR_AHEAD
    assert state(house, manifest(house, coop, 1), coop.signer) is None


def test_a_date_far_ahead(house: House, coop: Producer) -> None:
    """A hacked operator logs a statement dated years ahead: its time never goes back, honest dates are too old.

    The limit: whoever runs a log can spoil it. He cannot do it unseen: an audit tells of the date and of all that it
    pushed out. The service itself takes nothing dated more than ten minutes ahead.
    """
    before = house.now
    ahead = Block(ORIGIN, coop.id, 1, 2, before + dt.timedelta(days=900))
    assert state(house, ahead, house.operator) is None
    assert state(house, manifest(house, coop, 3), coop.signer) is FindingCode.BACK_DATED
    house.publish()
    found = audit(FolderReader(house.public), ORIGIN, house.log_signer.vkey, now=before).by_code
    assert {FindingCode.POST_DATED, FindingCode.BACK_DATED} <= set(found)
    with pytest.raises(BadDate):
        check_date(ahead.at, before, before)


def test_a_circle_of_sources(house: House, coop: Producer, rival: Producer, scanner: Scanner) -> None:
    """A competitor names a cooperative's own batch as a source of what that batch is made from.

    Nothing goes round for ever, and the cooperative may still hold its own goods with one signature.
    """
    first, second = new_id(), new_id()
    house.sources(coop, first, second)
    house.sources(rival, second, first)
    house.run(coop, run=1, batch=first)
    assert state(house, notice(house, coop, batch_target(first), NoticeKind.HOLD), coop.signer) is None
    house.publish()
    scanner.update()
    assert scanner.word(coop, 1) is Word.NOT_APPLIED


# -- envelopes that two readers could read differently --


def envelope(body: dict[str, Any] | bytes, signer: KeySigner, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """A DSSE envelope over any payload, correctly signed."""
    payload = body if isinstance(body, bytes) else rfc8785.dumps(body)
    pae = b"DSSEv1 %d %s %d %s" % (len(payload_type), payload_type.encode(), len(payload), payload)
    signature = {"keyid": key_id(signer.public_key), "sig": base64.b64encode(signer.sign(pae)).decode()}
    told = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [signature],
    }
    return json.dumps(told).encode()


def bent(house: House, coop: Producer) -> dict[str, bytes]:
    """Envelopes that the issuer's own key signed, each wrong in one way."""
    good = manifest(house, coop, 1).body()
    text = rfc8785.dumps(good)
    signed = json.loads(envelope(good, coop.signer))
    other = json.loads(envelope(good | {"run": 2}, coop.signer))
    return {
        "doubled member": envelope(text.replace(b'"run":1,', b'"run":1,"run":2,'), coop.signer),
        "UTF-16": envelope(text.decode().encode("utf-16"), coop.signer),
        "look-alike member": envelope(text.replace(b'"run":', '"r\u0443n":'.encode()), coop.signer),
        "number as float": envelope(text.replace(b'"run":1,', b'"run":1.0,'), coop.signer),
        "another payload type": envelope(good, coop.signer, "application/json"),
        "another statement's signature": json.dumps(signed | {"signatures": other["signatures"]}).encode(),
        "larger than 32 kB": envelope(good | {"pad": "x" * 40_000}, coop.signer),
        "doubled signature": json.dumps(signed | {"signatures": signed["signatures"] * 2}).encode(),
        "enrolment": envelope(good | {"type": "enrolment"}, coop.signer),
    }


def test_bent_envelopes_by_the_right_key(house: House, coop: Producer) -> None:
    """Doubled or look-alike members, other encodings, 33 kB, the right key over other bytes: none counts."""
    for what, data in bent(house, coop).items():
        assert told(house, data) in (FindingCode.UNREADABLE, FindingCode.BAD_SIGNATURE), what
    assert told(house, envelope(manifest(house, coop, 1).body(), coop.signer)) is None


# -- names that are paths --


def test_paths_in_names(house: House, coop: Producer, scanner: Scanner, tmp_path: Path) -> None:
    """The list of files or a delegation names files outside their folders: passed over, or refused, never opened."""
    published = Delegation(ORIGIN, {"../../secret": PublishedFile(1, 10, "0" * 64)}, house.now)
    assert state(house, published, house.operator) is FindingCode.TRUST_MISSING
    house.run(coop, run=1)
    house.publish()
    listed = json.loads((house.public / "bundle" / "bundle.json").read_bytes())
    one = listed["files"]["notices"]
    listed["files"] |= {"../../escaped": one, "/etc/passwd": one, "31-2026-11/../../x": one}
    assert not [name for name in Listing.parse(json.dumps(listed).encode()).files if "/" in name]
    listed["files"]["notices"] = one | {"sha256": "../" * 21 + "x"}
    with pytest.raises(BadBundle):
        Listing.parse(json.dumps(listed).encode())


def test_a_zip_bomb_for_an_officer(tmp_path: Path) -> None:
    """A handover of some kilobytes that unfolds to more than 100 MB, or has thousands of files: not unpacked."""
    bomb, crowd, good = (tmp_path / name for name in ("bomb.zip", "crowd.zip", "good.zip"))
    for file, parts, size in ((bomb, 12, 10_000_000), (crowd, 6_000, 0), (good, 12, 1_000)):
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(
                "handover.json", '{"v":1,"purpose":"renew","at":"2026-11-05T03:00:00Z","names":{}}'
            )
            for number in range(parts):
                archive.writestr(f"base/{number}", bytes(size))
    for file in (bomb, crowd):
        with pytest.raises(CeremonyRefused):
            Handover.read(file)
    assert len(Handover.read(good).base) == 12


# -- witnesses on paper --


def test_one_witness_under_two_names(house: House) -> None:
    """The operator writes one witness into the policy twice, itself as a witness, or more than there are: refused."""
    first, second = house.witnesses
    name, _, _ = second.vkey.partition("+")
    twice = replace(first.key, name=name)
    for witnesses in ((first.key, twice), (first.key, replace(house_key(house), name="w")), (first.key,)):
        with pytest.raises(BadPolicy):
            Policy(ORIGIN, house.log_signer.key, witnesses, 2)


def house_key(house: House) -> VerifierKey:
    """The log's own key as if it were a witness's."""
    return VerifierKey("w.example", KeyKind.COSIGNATURE_V1, house.log_signer.key.public_key)


def test_extension_lines_that_make_a_scanner_forget(
    house: House, coop: Producer, scanner: Scanner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hacked operator signs a checkpoint with 12 kB of extension lines, which witnesses cosign like any other.

    The scanner must be able to read what it wrote down of it: else it forgets the newest log that it saw, and takes an
    older one the next time.
    """
    house.run(coop, run=1)
    house.publish()
    shutil.copytree(house.public, tmp_path / "old")
    house.notice(coop, run_target(1), NoticeKind.VOID)
    long = tuple(f"{number} {'x' * 100}" for number in range(110))
    monkeypatch.setattr(
        house_module, "Checkpoint", lambda name, size, root: Checkpoint(name, size, root, long)
    )
    house.publish()
    scanner.update()
    shutil.rmtree(tmp_path / "old" / "trust")
    shutil.copytree(house.public / "trust", tmp_path / "old" / "trust")
    with pytest.raises(OlderBundle):
        scanner.update(tmp_path / "old")
    assert scanner.word(coop, 1) is Word.REVOKED
