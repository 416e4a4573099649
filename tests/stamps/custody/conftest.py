"""A small log with two witnesses of its own, and a vault told to trust it: what every test of custody needs."""

import base64
import datetime as dt
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.custody.interface import Custody, Wrapped
from temthat_stamps.custody.order import Order, PrintChoice
from temthat_stamps.custody.own import OwnCustody
from temthat_stamps.custody.own_folder import Secrets, make_folder
from temthat_stamps.custody.state import Quota
from temthat_stamps.custody.vault import Vault
from temthat_stamps.keys import key_id
from temthat_stamps.log.checkpoint import Checkpoint, sign_checkpoint
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.merkle import Frontier, inclusion_proof, leaf_hash
from temthat_stamps.log.note import Note, NoteSigner
from temthat_stamps.log.policy import Policy
from temthat_stamps.log.proof import TlogProof
from temthat_stamps.manifest import Custody as Kept
from temthat_stamps.manifest import KeyOpened, Names, RunManifest
from temthat_stamps.sealing import Sealer
from temthat_stamps.signer import KeySigner
from temthat_stamps.statement import enclose

ORIGIN = "tem.example.vn/log"
ISSUER, OTHER, ALLIANCE, BATCH, FORM = (str(uuid.UUID(int=n)) for n in range(1, 6))
NOW = dt.datetime(2026, 5, 26, 3, 0, tzinfo=dt.UTC)
MONTH = dt.timedelta(days=30)


def key(number: int) -> KeySigner:
    """A key of the tests' own."""
    return KeySigner(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


@dataclass
class TinyLog:
    """A log in memory that proves whatever is put into it, cosigned by its first `cosigning` witnesses."""

    origin: str = ORIGIN
    seed: int = 100
    cosigning: int = 2
    leaves: list[bytes] = field(default_factory=list)

    @property
    def signer(self) -> NoteSigner:
        return NoteSigner(self.origin, key(self.seed))

    @property
    def witnesses(self) -> list[Cosigner]:
        return [Cosigner(f"witness-{n}.example", key(self.seed + n)) for n in (1, 2)]

    @property
    def policy(self) -> Policy:
        return Policy(self.origin, self.signer.key, tuple(w.key for w in self.witnesses), 2)

    def write_policy(self, path: Path) -> Path:
        """As `log.json` says it."""
        members = {
            "v": 1,
            "origin": self.origin,
            "log_key": self.signer.vkey,
            "witnesses": [w.vkey for w in self.witnesses],
            "quorum": 2,
            "operator": [base64.b64encode(key(self.seed).public_key).decode()],
            "hosts": ["tem.example.vn"],
        }
        path.write_text(json.dumps(members))
        return path

    def add(self, *entries: bytes) -> bytes:
        """Log these; the proof of the last."""
        tree = Frontier()
        self.leaves += [leaf_hash(entry) for entry in entries]
        for leaf in self.leaves:
            tree.append(leaf)
        index = len(self.leaves) - 1
        checkpoint = Checkpoint(self.origin, tree.size, tree.root)
        note = Note.parse(sign_checkpoint(checkpoint, self.signer))
        lines = [w.cosign(checkpoint.text, int(NOW.timestamp())) for w in self.witnesses[: self.cosigning]]

        def hash_at(level: int, position: int) -> bytes:
            part = Frontier()
            for leaf in self.leaves[position << level : (position + 1) << level]:
                part.append(leaf)
            return part.root

        hashes = inclusion_proof(index, tree.size, hash_at)
        return TlogProof(index, tuple(hashes), bytes(note.with_lines(lines))).format()


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> dt.datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += dt.timedelta(**by)


@dataclass
class Desk:
    """What a service does with custody: it keeps wrapped keys, writes statements, and logs them."""

    custody: Custody
    log: TinyLog
    now: Clock
    issuer: str = ISSUER
    runs: int = 0

    def __post_init__(self) -> None:
        self.key = self.custody.new_issuer_key(self.issuer)

    def open_stamp_key(self, lasts: dt.timedelta = MONTH) -> Wrapped:
        """A stamp key, announced in the log."""
        opens, closes = self.now(), self.now() + lasts
        made = self.custody.new_stamp_key(self.issuer, opens, closes)
        body = KeyOpened(ORIGIN, self.issuer, made.public_key, opens, closes, Kept.HOSTED).body()
        self.log.add(
            enclose(body, {self.key.public_key: self.custody.sign_statement(self.issuer, self.key, body)})
        )
        return made

    def manifest(self, stamp_key: Wrapped, count: int = 100) -> RunManifest:
        """The next run's."""
        self.runs += 1
        return a_run(self.runs, key_id(stamp_key.public_key), count, self.now(), self.issuer)

    def register(self, manifest: RunManifest) -> tuple[bytes, bytes]:
        """Sign and log a manifest: its envelope and its proof."""
        body = manifest.body()
        signature = self.custody.sign_statement(self.issuer, self.key, body)
        envelope = enclose(body, {self.key.public_key: signature})
        return envelope, self.log.add(envelope)


def a_run(
    number: int, stamp_key: str, count: int = 100, at: dt.datetime = NOW, issuer: str = ISSUER
) -> RunManifest:
    """A manifest with nothing unusual in it."""
    return RunManifest(
        origin=ORIGIN,
        run=number,
        count=count,
        stamp_key=stamp_key,
        issuer=issuer,
        pack_form=FORM,
        batch=BATCH,
        gtin=None,
        gs1=False,
        made_on=at.date(),
        expires_on=None,
        needs_activation=False,
        packs=count,
        beyond=False,
        replaces=None,
        commitment="0" * 64,
        events="0" * 64,
        registered_at=at,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log() -> TinyLog:
    return TinyLog()


@pytest.fixture
def vault(tmp_path: Path, log: TinyLog, clock: Clock) -> Iterator[Vault]:
    """A vault that trusts `log`, with quotas small enough to reach."""
    quota = Quota(stamps_per_day=1_000, stamps_per_month=3_000, statements_per_minute=20)
    made = Vault(Sealer(bytes(range(32))), ORIGIN, log.policy, tmp_path / "signer", quota, clock)
    yield made
    made.state.close()


@pytest.fixture
def desk(vault: Vault, log: TinyLog, clock: Clock) -> Desk:
    return Desk(vault, log, clock)


def an_order(run: int = 7, count: int = 30, **changes: object) -> Order:
    """What a service sends to a cooperative that keeps its own keys."""
    names = Names("HTX Vải thiều Lục Ngạn", "Vải thiều tươi", "Hộp 1 kg", "VT-2605")
    order = Order(
        origin=ORIGIN,
        issuer=ISSUER,
        run=run,
        count=count,
        pack_form=FORM,
        batch=BATCH,
        gtin=None,
        gs1=False,
        made_on=NOW.date(),
        expires_on=NOW.date() + MONTH,
        needs_activation=False,
        packs=40,
        beyond=False,
        replaces=None,
        names=names,
        salt=bytes(range(16)),
        events="5" * 64,
        secret=bytes(range(32)),
        host="tem.example.vn",
        lines=("Vải thiều tươi", "Hộp 1 kg · Lô VT-2605", "NSX 26/05/2026"),
        sources=(OTHER,),
        printing=PrintChoice(layout="a4-24", dpi=300),
    )
    return replace(order, **changes)  # type: ignore[arg-type]


@pytest.fixture
def make_order() -> Callable[..., Order]:
    return an_order


@pytest.fixture
def own(tmp_path: Path, log: TinyLog, clock: Clock) -> Iterator[OwnCustody]:
    """A cooperative's own keys in files; scrypt is made cheap for tests."""
    trust = log.write_policy(tmp_path / "log.json").read_bytes()
    secrets = Secrets(lambda: "correct horse battery", lambda: "")
    folder = make_folder(tmp_path / "keys", trust, ISSUER, "24", secrets, clock(), work=16)
    made = OwnCustody(folder, clock)
    yield made
    made.state.close()


@pytest.fixture
def make_run() -> Callable[..., RunManifest]:
    return a_run


@pytest.fixture
def make_log() -> Callable[..., TinyLog]:
    return TinyLog


@pytest.fixture
def make_desk() -> Callable[..., Desk]:
    return Desk
