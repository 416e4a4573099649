"""A whole ceremony in one house: every role's key on one disk. For the demo and for tests only.

It shows the path, not the protection: whoever has the disk is root, alliance and every province at once. In production
mode it refuses to work.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from temthat_stamps.logged import PublishedFile
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import OnlineKeys


class HouseCeremony:
    """All holders at one table. Every step is signed by whole thresholds and published into `repository` at once.

    `folder` keeps the holders' keys, `repository` is the public folder (`<public>/trust`). Each step returns the files
    it changed, as the `delegation` statement names them (no entry for snapshot and timestamp).
    """

    def __init__(self, folder: Path, repository: Path, online: OnlineKeys, *, mode: str) -> None:
        """`mode` is the service's (`Settings.mode`). Raises `CeremonyRefused` in production."""
        raise NotImplementedError

    def found(self, log: LogTrust, provinces: Iterable[str], now: dt.datetime) -> dict[str, PublishedFile]:
        """Root, national alliance and the provinces (two-digit codes), from nothing."""
        raise NotImplementedError

    def approve(self, requests: Sequence[bytes], log_size: int, now: dt.datetime) -> dict[str, PublishedFile]:
        """Delegate to the keys of enrolment requests, from entry `log_size` on. Raises `EnrolmentRefused`."""
        raise NotImplementedError

    def revoke(self, key_id: str, last_good: int, reason: str, now: dt.datetime) -> dict[str, PublishedFile]:
        """End a key after entry `last_good`, with a reason code of `notice.REASONS`."""
        raise NotImplementedError

    def change_log(self, log: LogTrust, now: dt.datetime) -> dict[str, PublishedFile]:
        """Another `log.json`: witnesses, operator keys, hosts."""
        raise NotImplementedError

    def renew(self, now: dt.datetime) -> dict[str, PublishedFile]:
        """Sign everything anew before it expires."""
        raise NotImplementedError
