"""A whole ceremony in one house: every role's key on one disk. For the demo and for tests only.

It shows the path, not the protection: whoever has the disk is root, alliance and every province at once. In production
mode it refuses to work.
"""

import datetime as dt
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner, Signer  # type: ignore[attr-defined]

from temthat_stamps.errors import Fault
from temthat_stamps.logged import PublishedFile
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.errors import CeremonyRefused
from temthat_stamps.trust.handover import Handover
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import OnlineKeys, OperatorCard
from temthat_stamps.trust.repository import TrustRepository
from temthat_stamps.trust.rolekeys import KeyCard
from temthat_stamps.trust.roles import ROOT, TARGETS, province_role, rule_of


class HouseCeremony:
    """All holders at one table. Every step is signed by whole thresholds and published into `repository` at once.

    `folder` keeps the holders' keys, `repository` is the public folder (`<public>/trust`). Each step returns the files
    it changed, as the `delegation` statement names them (no entry for snapshot and timestamp).
    """

    def __init__(self, folder: Path, repository: Path, online: OnlineKeys, *, mode: str) -> None:
        """`mode` is the service's (`Settings.mode`). Raises `CeremonyRefused` in production."""
        if mode != "demo":
            raise CeremonyRefused(
                Fault.OPERATOR,
                "Lễ khai khóa “một nhà” chỉ dành cho bản thử: mọi khóa nằm trên một máy. Hãy làm theo "
                "docs/ceremony.md.",
                "The ceremony in one house is for the demo only: all keys lie on one disk. Follow docs/ceremony.md.",
            )
        self._folder = folder
        self._online = online
        self.repository = TrustRepository(repository)

    def found(self, log: LogTrust, provinces: Iterable[str], now: dt.datetime) -> dict[str, PublishedFile]:
        """Root, national alliance and the provinces (two-digit codes), from nothing."""
        roles = [ROOT, TARGETS, *map(province_role, provinces)]
        cards = [card for role in roles for card in self._cards(role)]
        return self._publish(ceremony.found(cards, OperatorCard.of(log, self._online), now), now)

    def approve(
        self,
        requests: Sequence[bytes],
        log_size: int,
        now: dt.datetime,
        names: Mapping[str, str] | None = None,
    ) -> dict[str, PublishedFile]:
        """Delegate to the keys of enrolment requests, from entry `log_size` on. Raises `EnrolmentRefused`."""
        made = ceremony.approve(self.repository.current(), requests, log_size, now, names)
        return self._publish(made, now)

    def revoke(self, key_id: str, last_good: int, reason: str, now: dt.datetime) -> dict[str, PublishedFile]:
        """End a key after entry `last_good`, with a reason code of `notice.REASONS`."""
        made = ceremony.revoke(self.repository.current(), key_id, last_good, reason, now)
        return self._publish(made, now)

    def renew(self, now: dt.datetime) -> dict[str, PublishedFile]:
        """Sign everything anew before it expires."""
        base = self.repository.current()
        offline = [role for role, _ in base.roles() if not rule_of(role).online]
        return self._publish(ceremony.renew(base, offline, now), now)

    def _publish(self, handover: Handover, now: dt.datetime) -> dict[str, PublishedFile]:
        for role in sorted({wanted.role for wanted in handover.wanted()}):
            for signer in self._signers(role):
                handover, _ = handover.sign(signer)
        return self.repository.publish(handover, self._online, now)

    def _cards(self, role: str) -> list[KeyCard]:
        signers = self._signers(role)
        return [
            KeyCard.parse(KeyCard.make(role, f"{role} {number} (thử)", signer))
            for number, signer in enumerate(signers, 1)
        ]

    def _signers(self, role: str) -> list[Signer]:
        """As many keys as the role's threshold; made at first use."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return [self._signer(self._folder / f"{role}-{n}.key") for n in range(1, rule_of(role).threshold + 1)]

    @staticmethod
    def _signer(path: Path) -> Signer:
        if not path.exists():
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(Ed25519PrivateKey.generate().private_bytes_raw())
        return CryptoSigner(Ed25519PrivateKey.from_private_bytes(path.read_bytes()))
