"""A house with a cooperative, a scanner that trusts it, and a thief with its log and its disk in his hands.

The house is real (`tests/stamps/bundle/house.py`): everything is made, signed and judged by the code that ships.
"""

import copy
import datetime as dt
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.source import BundleSource, FolderSource
from temthat_stamps.bundle.store import TrustStore, Updated
from temthat_stamps.log.audit import Report, audit
from temthat_stamps.log.finding import Finding, FindingCode
from temthat_stamps.log.folder import LogFolder
from temthat_stamps.log.note import VerifierKey
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.trust_files import trust_file
from temthat_stamps.log.watch import Told, Watch
from temthat_stamps.logged import Delegation, Stated
from temthat_stamps.manifest import RunManifest
from temthat_stamps.notice import IssuedNotice, Notice, _parse_target
from temthat_stamps.signer import Signer
from temthat_stamps.statement import sign_statement
from temthat_stamps.trust.house import HouseCeremony
from temthat_stamps.verdict import NoticeKind, Verdict, Word

from ..stamps.bundle.house import NAMES, ORIGIN, SALT, House, Producer, url
from ..stamps.ledger.conftest import postgres_shop, shop, sqlite_shop
from ..stamps.log.world import World, founded

__all__ = ["postgres_shop", "shop", "sqlite_shop"]

NOVEMBER = dt.datetime(2026, 11, 5, 3, tzinfo=dt.UTC)


@dataclass
class Scanner:
    """An inspector's device: it has the root of the house, and judges without a network."""

    store: TrustStore
    house: House

    def update(self, source: Path | BundleSource | None = None, now: dt.datetime | None = None) -> Updated:
        """Take what a place offers, the house's own public folder by default."""
        place = source or self.house.public
        with FolderSource(place) if isinstance(place, Path) else place as opened:
            return self.store.update(opened, now or self.house.now)

    def judge(self, by: Producer, run: int, serial: int = 1, *, now: dt.datetime | None = None) -> Verdict:
        """The verdict on a stamp signed with the key that this producer uses now."""
        return judge_offline(url(by, run, serial), self.store.load(), now or self.house.now).verdict

    def word(self, by: Producer, run: int, serial: int = 1, *, now: dt.datetime | None = None) -> Word:
        """The same in one word."""
        return self.judge(by, run, serial, now=now).word


@pytest.fixture(scope="session")
def founded_house(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, Producer, Producer]:
    """A house with its ceremonies behind it: every test has a copy, for these are what takes time."""
    made = House(tmp_path_factory.mktemp("founded"), NOVEMBER)
    return made, made.producer("96"), made.producer("31")


@pytest.fixture
def house(founded_house: tuple[House, Producer, Producer], tmp_path: Path) -> House:
    """A service with a log, two witnesses, and two provinces: 31 and 96."""
    made = founded_house[0]
    shutil.copytree(made.folder / "keys", tmp_path / "keys")
    copied = other_face(made, tmp_path / "public", made.entries)
    copied.runs = count(1)
    trust = copied.public / "trust"
    copied.ceremony = HouseCeremony(tmp_path / "keys", trust, made.ceremony._online, mode="demo")
    return copied


@pytest.fixture
def coop(founded_house: tuple[House, Producer, Producer]) -> Producer:
    """A cooperative of province 96 with an open stamp key."""
    return replace(founded_house[1])


@pytest.fixture
def rival(founded_house: tuple[House, Producer, Producer]) -> Producer:
    """Another cooperative, of province 31: a thief with keys of its own."""
    return replace(founded_house[2])


@pytest.fixture
def scanner(house: House, tmp_path: Path) -> Scanner:
    """A scanner without data yet; the root of trust was brought along."""
    return new_scanner(house, tmp_path / "scanner")


@pytest.fixture
def world() -> World:
    """An open log and two provinces, whose officers sign whatever is put before them."""
    return founded("31", "96")


def new_scanner(house: House, folder: Path) -> Scanner:
    """Another device."""
    return Scanner(TrustStore(folder, (house.public / "trust" / "1.root.json").read_bytes()), house)


def force(house: House, entry: bytes) -> Stated | Finding:
    """Put any bytes into the log, as a hacked operator would; what the rules of the log say to it."""
    index = len(house.entries)
    outcome = house.replay.apply(index, entry)
    if not isinstance(outcome, Finding):
        assert house.replay.log_time is not None
        house.builder.apply(index, outcome, house.replay.log_time)
        if isinstance(outcome, Delegation):
            house.builder.delegate(index, house.replay.changed_keys, house.replay.taken_back)
    house.entries.append(entry)
    house.now += dt.timedelta(seconds=1)
    return outcome


def told(house: House, entry: bytes) -> FindingCode | None:
    """The same in one word: what is wrong with the entry, None if it counts."""
    outcome = force(house, entry)
    return outcome.code if isinstance(outcome, Finding) else None


def state(house: House, stated: Stated, *signers: Signer) -> FindingCode | None:
    """The same of a statement signed by whoever."""
    return told(house, sign_statement(stated.body(), *signers))


def manifest(house: House, by: Producer, run: int, **changes: Any) -> RunManifest:
    """A run of a hundred stamps of a new batch, not logged."""
    made = RunManifest(
        origin=ORIGIN,
        run=run,
        count=100,
        stamp_key=by.stamp_id,
        issuer=by.id,
        pack_form=str(uuid.uuid4()),
        batch=str(uuid.uuid4()),
        gtin=None,
        gs1=False,
        made_on=house.now.date(),
        expires_on=None,
        needs_activation=False,
        packs=100,
        beyond=False,
        replaces=None,
        commitment=NAMES.commitment(SALT),
        events="00" * 32,
        registered_at=house.now,
    )
    return replace(made, **changes)


def notice(house: House, by: Producer, target: str, kind: NoticeKind, number: int = 1) -> IssuedNotice:
    """A notice in a producer's name, not logged."""
    made = Notice(target, number, kind, "misprint", house.now, *_parse_target(target))
    return IssuedNotice(ORIGIN, by.id, made)


def look(house: House, folder: Path, *issuers: str) -> list[Told]:
    """What `temthat log watch` tells of these issuers since it looked last."""
    keys = tuple(witness.key for witness in house.witnesses)
    policy = Policy(ORIGIN, VerifierKey.parse(house.log_signer.vkey), keys, house.quorum)
    return list(Watch(FolderReader(house.public), policy, folder / "watch.json", issuers).look())


def audited(house: House) -> Report:
    """What an outside auditor finds who has the public folder and the log's key, and nothing else."""
    return audit(FolderReader(house.public), ORIGIN, house.log_signer.vkey)


def other_face(house: House, folder: Path, entries: Sequence[bytes]) -> House:
    """The same operator with another log, for other people: same keys, same witnesses, these entries."""
    twin = copy.copy(house)
    twin.public = folder
    shutil.copytree(house.public / "trust", folder / "trust")
    twin.log = LogFolder(folder)
    twin.replay = Replay(ORIGIN, trust_file(FolderReader(folder)))
    twin.builder = BundleBuilder(ORIGIN)
    twin.entries, twin.names, twin.contacts = [], dict(house.names), dict(house.contacts)
    for entry in entries:
        force(twin, entry)
    twin.now = house.now
    return twin
