"""The public record kept up with the database: what is found in the folder, and when it is made anew."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.source import FolderSource
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.log.audit import audit
from temthat_stamps.log.entries import entry, size
from temthat_stamps.log.reader import open_log
from temthat_stamps.manifest import KeyClosed
from temthat_stamps.runs.enrolment import publish_delegation
from temthat_stamps.runs.publication import AT_LEAST, FRESH, PublicRecord
from temthat_stamps.runs.records import IssuerKey
from temthat_stamps.statement import peek
from temthat_stamps.trust.house import HouseCeremony
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import online_keys
from temthat_stamps.verdict import Asker, Word

if TYPE_CHECKING:
    from .conftest import Shop

HOST = "tem.example.vn"


@pytest.fixture
def record(sqlite_shop: "Shop") -> PublicRecord:
    """The record of a shop whose keys a ceremony has approved."""
    shop = sqlite_shop
    public, online, policy = shop.folder / "public", online_keys(shop.sealer), shop.book.policy
    shop.book.open()
    ceremony = HouseCeremony(shop.folder / "ceremony", public / "trust", online, mode="demo")
    log = LogTrust(
        policy.origin,
        str(policy.log_key),
        tuple(map(str, policy.witnesses)),
        policy.quorum,
        (shop.registry.operator.public_key,),
        (HOST,),
    )
    ceremony.found(log, ["96"], shop.now)
    requests = [key.enrolment for key in shop.session.scalars(select(IssuerKey))]
    ceremony.approve(requests, size(shop.session), shop.now)
    publish_delegation(shop.session, shop.registry, public / "trust")
    shop.session.commit()
    return PublicRecord(shop.sessions, shop.registry, shop.book, public, online, [HOST])


def scanner(shop: "Shop", name: str = "scanner") -> TrustStore:
    """A scanner that took what is published now."""
    root = (shop.folder / "public" / "trust" / "1.root.json").read_bytes()
    store = TrustStore(shop.folder / name, root, built=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    store.update(FolderSource(shop.folder / "public"), shop.now)
    return store


def proof(shop: "Shop") -> bytes:
    return (shop.folder / "public" / "bundle" / "bundle.proof").read_bytes()


def test_the_app_is_stated_when_it_changes(sqlite_shop: "Shop", record: PublicRecord) -> None:
    """Once for each build that is served; an audit finds nothing wrong with it and tells the last one."""
    shop = sqlite_shop
    record.publish()
    before = size(shop.session)
    for app, entries in (("", 0), ("a" * 64, 1), ("a" * 64, 1), ("b" * 64, 2)):
        record.app = app
        record.publish()
        shop.session.expire_all()
        assert size(shop.session) == before + entries
    policy = shop.book.policy
    with open_log(shop.folder / "public") as reader:
        report = audit(
            reader, policy.origin, str(policy.log_key), witnesses=[str(w) for w in policy.witnesses]
        )
    assert report.body()["app"] == "b" * 64
    assert report.findings == []


def test_what_is_published_judges_offline_and_passes_an_audit(
    sqlite_shop: "Shop", record: PublicRecord
) -> None:
    """A run of a moment ago is genuine on a scanner without a network, under its names; nobody finds a fault."""
    shop = sqlite_shop
    code = shop.code(shop.run(3), 2)
    record.publish()
    judged = judge_offline(code, scanner(shop).load(), shop.now, Asker.INSPECTOR)
    assert judged.verdict.word is Word.GENUINE_OFFLINE
    assert judged.names is not None
    assert judged.names.product == "Mật ong"
    policy = shop.book.policy
    with open_log(shop.folder / "public") as reader:
        report = audit(
            reader, policy.origin, str(policy.log_key), witnesses=[str(w) for w in policy.witnesses]
        )
    assert report.findings == []
    assert report.bundle_files > 0


def test_a_bundle_is_made_when_something_changed_and_again_before_it_grows_old(
    sqlite_shop: "Shop", record: PublicRecord
) -> None:
    """Nothing new, nothing published; something new waits for `AT_LEAST`; what nothing changed in is dated anew."""
    shop = sqlite_shop
    record.publish()
    first = proof(shop)
    record.publish()
    assert proof(shop) == first
    shop.run(1)
    shop.session.commit()
    record.publish()
    assert proof(shop) == first
    shop.forward(seconds=AT_LEAST.total_seconds())
    record.publish()
    second = proof(shop)
    assert second != first
    assert scanner(shop).load().as_of == shop.now
    shop.forward(seconds=FRESH.total_seconds())
    record.publish()
    assert proof(shop) != second
    assert scanner(shop, "another").load().as_of == shop.now


def test_a_publication_cut_short_is_made_again(
    sqlite_shop: "Shop", record: PublicRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped between the list and its proof: the next round mends it, though it is not due."""
    shop = sqlite_shop
    record.publish()
    shop.run(1)
    shop.session.commit()
    shop.forward(seconds=AT_LEAST.total_seconds())
    real = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if Path(target).name == "bundle.proof":
            raise OSError(28, "No space left on device")
        return real(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(OSError, match="No space"):
            record.publish()
    cut = proof(shop)
    record.publish()
    assert proof(shop) != cut
    assert scanner(shop).load().look_for(1)[0] is not None


def test_a_restart_goes_on_with_the_same_files(sqlite_shop: "Shop", record: PublicRecord) -> None:
    """A new process rebuilds its state from the log and gives the same bytes; what grew is all that differs."""
    shop = sqlite_shop
    shop.run(1)
    shop.session.commit()
    record.publish()
    before = {path.name: path.read_bytes() for path in (shop.folder / "public" / "bundle").iterdir()}
    again = PublicRecord(
        shop.sessions, shop.registry, shop.book, shop.folder / "public", online_keys(shop.sealer), [HOST]
    )
    shop.run(1)
    shop.session.commit()
    shop.forward(seconds=AT_LEAST.total_seconds())
    again.publish()
    after = {path.name: path.read_bytes() for path in (shop.folder / "public" / "bundle").iterdir()}
    streams = [name for name in before if "." not in name]
    assert streams
    assert [name for name in streams if not after[name].startswith(before[name])] == []
    assert after["96-2026-05"] != before["96-2026-05"]


def test_keys_past_their_month_are_closed_though_nobody_prints(
    sqlite_shop: "Shop", record: PublicRecord
) -> None:
    """Publishing sees to it: the closing is in the log, the private part is gone."""
    shop = sqlite_shop
    run = shop.run(1)
    shop.session.commit()
    record.publish()
    assert run.stamp_key.sealed is not None
    shop.forward(days=10)
    record.publish()
    shop.session.expire_all()
    assert run.stamp_key.sealed is None
    last = peek(entry(shop.session, size(shop.session) - 1))
    assert last["type"] == "key_closed"
    assert KeyClosed.parse(last).issuer == str(shop.coop.id)
