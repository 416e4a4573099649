"""An alliance whose holders sign for real, each with a key of its own, and the public folder they publish into."""

import copy
import datetime as dt
import random
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner  # type: ignore[attr-defined]

from temthat_stamps.log.note import NoteSigner
from temthat_stamps.logged import PublishedFile
from temthat_stamps.manifest import Custody
from temthat_stamps.signer import KeySigner
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.accepted import Accepted
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.trust.enrolment import Enrolment, sign_enrolment
from temthat_stamps.trust.handover import Handover
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import OnlineKeys, OperatorCard
from temthat_stamps.trust.repository import TrustRepository
from temthat_stamps.trust.rolekeys import KeyCard

ORIGIN = "tem.example.vn/log"
NOW = dt.datetime(2026, 5, 4, 2, tzinfo=dt.UTC)
OFFLINE = ("root", "targets", "31-issuers", "37-issuers")


class Alliance:
    """Three holders of root, of the nation and of two provinces, an operator, and what is published.

    Time stands at `now`.
    """

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.dice = random.Random(seed)
        self.now = NOW
        self.holders = {role: [self.new_signer() for _ in range(3)] for role in OFFLINE}
        self.online = OnlineKeys(self.new_signer(), self.new_signer())
        self.operator = self.new_key()
        self.log_signer = NoteSigner(ORIGIN, self.new_key())
        self.repository = TrustRepository(folder)

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.dice.randbytes(32))

    def new_signer(self) -> CryptoSigner:
        """A role's key."""
        return CryptoSigner(self._private())

    def new_key(self) -> KeySigner:
        """An issuer's key."""
        return KeySigner(self._private())

    def new_id(self) -> str:
        """An issuer's opaque id."""
        return str(uuid.UUID(int=self.dice.getrandbits(128), version=4))

    @property
    def base(self) -> Accepted:
        """What is published."""
        return self.repository.current()

    def log_trust(self, **changes: object) -> LogTrust:
        """`log.json`."""
        values: dict[str, object] = {
            "origin": ORIGIN, "log_key": self.log_signer.vkey, "witnesses": (), "quorum": 0,
            "operator": (self.operator.public_key,), "hosts": ("tem.example.vn",),
        }  # fmt: skip
        return LogTrust(**(values | changes))  # type: ignore[arg-type]

    def operator_card(self, **changes: object) -> OperatorCard:
        """The operator's card, as the holders read it."""
        return OperatorCard.parse(OperatorCard.of(self.log_trust(**changes), self.online).format())

    def card(self, role: str, signer: CryptoSigner, number: int = 1) -> KeyCard:
        """One holder's card, handed over as bytes."""
        return KeyCard.parse(KeyCard.make(role, f"Người giữ {role} số {number}", signer))

    def cards(self, *roles: str) -> list[KeyCard]:
        """The cards of these roles' holders; of all, if none is named."""
        return [
            self.card(role, signer, number)
            for role in roles or OFFLINE
            for number, signer in enumerate(self.holders[role], 1)
        ]

    def draft_founding(self) -> Handover:
        """The founding, unsigned."""
        return ceremony.found(self.cards(), self.operator_card(), self.now)

    def signed(self, handover: Handover, *, by: Mapping[str, tuple[int, ...]] | None = None) -> Handover:
        """Signed by the first two holders of each role, or by the holders named by their places."""
        for role, signers in self.holders.items():
            for place in (by or {}).get(role, ()) if by is not None else (0, 1):
                if any(signers[place].public_key.keyid in ids for ids in _wanted_ids(handover)):
                    handover, _ = handover.sign(signers[place])
        return handover

    def publish(self, handover: Handover) -> dict[str, PublishedFile]:
        """Signed by two of each role, and published."""
        return self.repository.publish(self.signed(handover), self.online, self.now)

    def request(self, signer: KeySigner, province: str = "31", **changes: object) -> bytes:
        """An enrolment request for a key."""
        values: dict[str, object] = {
            "origin": ORIGIN, "issuer": self.new_id(), "kind": IssuerKind.PRODUCER, "province": province,
            "public_key": signer.public_key, "custody": Custody.HOSTED, "at": self.now,
        }  # fmt: skip
        return sign_enrolment(Enrolment(**(values | changes)), signer)  # type: ignore[arg-type]

    def approve(self, province: str = "31", log_size: int = 10, **changes: object) -> KeySigner:
        """A cooperative whose key was approved and published."""
        signer = self.new_key()
        request = self.request(signer, province, **changes)
        self.publish(ceremony.approve(self.base, [request], log_size, self.now))
        return signer

    def copy(self, folder: Path) -> Path:
        """The public folder as it is now, kept by somebody."""
        shutil.copytree(self.repository.folder, folder)
        return folder


def _wanted_ids(handover: Handover) -> list[set[str]]:
    base = handover.accepted_base()
    return [
        set(delegator.get_delegated_role(role).keyids)
        for role in handover.pending
        for delegator in handover._delegators(role, base)
    ]


@pytest.fixture
def unfounded(tmp_path: Path) -> Alliance:
    """Holders with keys, and nothing published."""
    return Alliance(tmp_path / "public")


@pytest.fixture(scope="session")
def _founded(tmp_path_factory: pytest.TempPathFactory) -> Alliance:
    made = Alliance(tmp_path_factory.mktemp("founded") / "public")
    made.publish(made.draft_founding())
    return made


@pytest.fixture
def alliance(_founded: Alliance, tmp_path: Path) -> Alliance:
    """Founded a day ago: root, nation, the provinces 31 and 37."""
    mine = copy.copy(_founded)
    mine.dice, mine.holders = random.Random(2), {role: list(held) for role, held in mine.holders.items()}
    mine.repository = TrustRepository(_founded.copy(tmp_path / "public"))
    mine.now += dt.timedelta(days=1)
    return mine
