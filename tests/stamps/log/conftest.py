"""A log in memory that signs whatever it is told to, two-faced if need be, and two witnesses' keys."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.log.checkpoint import Checkpoint, sign_checkpoint
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.merkle import consistency_proof, inclusion_proof, leaf_hash, root_of
from temthat_stamps.log.note import NoteSigner
from temthat_stamps.log.policy import Policy
from temthat_stamps.notice import run_target
from temthat_stamps.signer import KeySigner
from temthat_stamps.verdict import NoticeKind

from ..bundle.house import House
from .world import Issuer, StampKey, World, founded

ORIGIN = "tem.example.vn/log"


def a_signer(number: int) -> KeySigner:
    """The same key for the same number."""
    return KeySigner(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


class SignedLog:
    """Leaves of a log, and its key."""

    def __init__(self, key: int = 1, origin: str = ORIGIN) -> None:
        self.origin = origin
        self.signer = NoteSigner(origin, a_signer(key))
        self.entries: list[bytes] = []

    def grow(self, count: int, face: str = "") -> "SignedLog":
        """Add entries; another `face` has other entries."""
        self.entries += [f"entry {len(self.entries) + at} {face}".encode() for at in range(count)]
        return self

    def _hash_at(self, level: int, index: int) -> bytes:
        return root_of([leaf_hash(e) for e in self.entries[index << level : (index + 1) << level]])

    def root(self, size: int) -> bytes:
        """The root of the first entries."""
        return root_of([leaf_hash(entry) for entry in self.entries[:size]])

    def checkpoint(self, size: int | None = None) -> bytes:
        """Signed: the first `size` entries, or all."""
        size = len(self.entries) if size is None else size
        return sign_checkpoint(Checkpoint(self.origin, size, self.root(size)), self.signer)

    def prove(self, old_size: int, size: int | None = None) -> Sequence[bytes]:
        """The consistency proof between two sizes."""
        return consistency_proof(old_size, len(self.entries) if size is None else size, self._hash_at)

    def inclusion(self, index: int) -> Sequence[bytes]:
        """The inclusion proof of an entry in the whole log."""
        return inclusion_proof(index, len(self.entries), self._hash_at)


@pytest.fixture
def log() -> SignedLog:
    """A log of ten entries."""
    return SignedLog().grow(10)


@pytest.fixture
def cosigners() -> list[Cosigner]:
    """Three witnesses' keys."""
    return [Cosigner(f"w{number}.example", a_signer(10 + number)) for number in (1, 2, 3)]


@pytest.fixture
def policy(log: SignedLog, cosigners: list[Cosigner]) -> Policy:
    """Two of the three."""
    return Policy(ORIGIN, log.signer.key, tuple(cosigner.key for cosigner in cosigners), 2)


@pytest.fixture
def world() -> World:
    """An open log, province 31 founded."""
    return founded()


@pytest.fixture
def issuer(world: World) -> Issuer:
    """A cooperative of province 31."""
    return world.enrol("31")


@pytest.fixture
def key(issuer: Issuer) -> StampKey:
    """Its stamp key of this month."""
    return issuer.open_key()


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Two cooperatives with runs, a notice and a published bundle."""
    house = House(tmp_path, dt.datetime(2026, 5, 4, tzinfo=dt.UTC))
    one, two = house.producer("96"), house.producer("31")
    for by in (one, two, one):
        house.run(by)
    house.notice(one, run_target(1), NoticeKind.VOID)
    return house
