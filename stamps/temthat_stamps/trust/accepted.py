"""A whole set of trust data at one moment, everything in it checked together, or refused.

The set is named as the public folder names it: ``1.root.json``, ``timestamp.json``, ``5.snapshot.json``,
``4.targets.json``, ``7.31-issuers.json``, ``targets/<sha256>.log.json``. The checks are those of `tuf`'s client (its
`TrustedMetadataSet`, in the order of the TUF specification, section 5) and, on top, ours (`delegators`, `delegates`).
"""

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from tuf.api import exceptions
from tuf.api.metadata import Metadata, Root, Signed, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import UpdaterConfig
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet
from tuf.ngclient.config import EnvelopeType

from temthat_stamps.trust.delegates import DelegatedKey, keys_of, owners
from temthat_stamps.trust.delegators import check_root, check_targets
from temthat_stamps.trust.errors import bad, expired, translated
from temthat_stamps.trust.logtrust import LOG_TARGET, LogTrust
from temthat_stamps.trust.roles import NATIONAL, ROOT, SNAPSHOT, TARGETS, TIMESTAMP, province_of

Reader = Callable[[str], bytes | None]
"""A file of the set by its public name; None if it is not there."""

LIMITS = UpdaterConfig(
    max_root_rotations=64,
    root_max_length=200_000,
    timestamp_max_length=16_384,
    snapshot_max_length=200_000,
    targets_max_length=5_000_000,
)
"""The largest files taken, bytes. A province of 1,000 issuers has about 700 kB of metadata."""
LOG_FILE_LIMIT = 64_000

_SHA256 = re.compile(r"[0-9a-f]{64}")
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""A time at which nothing has expired."""


def timestamp_name() -> str:
    """The one file that is replaced; all others have their version or digest in their name."""
    return f"{TIMESTAMP}.json"


def metadata_name(role: str, version: int) -> str:
    """The public name of one version of a role's metadata."""
    return f"{version}.{role}.json"


def target_name(path: str, sha256: str) -> str:
    """The public name of a target file, below the trust folder."""
    folder, slash, name = path.rpartition("/")
    return f"targets/{folder}{slash}{sha256}.{name}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Trust data that belongs together and whose every signature was checked; `files` are its bytes by public name."""

    files: Mapping[str, bytes]
    root: Root
    timestamp: Timestamp
    snapshot: Snapshot
    targets: Targets
    provinces: Mapping[str, Targets]
    """By role name (`31-issuers`), as far as they were asked for."""
    log: LogTrust
    keys: Mapping[str, DelegatedKey]
    """Every key the loaded provinces and the nation delegate to, by key id."""

    def roles(self) -> Iterator[tuple[str, Signed]]:
        """Every role's metadata, by name."""
        yield from ((ROOT, self.root), (TARGETS, self.targets))
        yield from sorted(self.provinces.items())
        yield from ((SNAPSHOT, self.snapshot), (TIMESTAMP, self.timestamp))

    @property
    def expires(self) -> dt.datetime:
        """When the first of them runs out."""
        return min(signed.expires for _, signed in self.roles())

    def check_current(self, at: dt.datetime, accepted_at: dt.datetime | None = None) -> None:
        """Raise `TrustExpired`, naming the role, if any of them has run out."""
        for role, signed in self.roles():
            if signed.is_expired(at):
                raise expired(role, signed.expires, at, accepted_at)


def accept(
    read: Reader, root: bytes, at: dt.datetime | None, provinces: Collection[str] | None = None
) -> Accepted:
    """Read and check a set, starting from a trusted root. `at` None leaves expiry aside (to see what has expired).

    `provinces`: the two-digit codes whose keys are wanted; None for all. Raises `BadTrustData` (`WrongSignature`,
    `Rollback`, …) or `TrustExpired`; nothing half-checked is returned.
    """
    try:
        return _accept(read, root, at, provinces)
    except (
        exceptions.RepositoryError,
        RuntimeError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
    ) as error:
        # A bent file that trips tuf in an untyped way is refused like any other.
        raise translated(error) from error


def _accept(read: Reader, root: bytes, at: dt.datetime | None, provinces: Collection[str] | None) -> Accepted:
    files: dict[str, bytes] = {}

    def take(name: str, limit: int) -> bytes:
        data = read(name)
        if data is None:
            raise bad(f"thiếu tệp {name}", f"the file {name} is missing")
        if len(data) > limit:
            raise bad(f"tệp {name} quá lớn", f"the file {name} is larger than {limit} bytes")
        files[name] = data
        return data

    trusted = TrustedMetadataSet(root, EnvelopeType.METADATA)
    # Expiry is told below, with role and day; here only signatures, versions and digests are checked.
    trusted.reference_time = LONG_AGO
    files[metadata_name(ROOT, trusted.root.version)] = root
    _follow_roots(trusted, read, files)
    trusted.update_timestamp(take(timestamp_name(), LIMITS.timestamp_max_length))
    version = trusted.timestamp.snapshot_meta.version
    trusted.update_snapshot(take(metadata_name(SNAPSHOT, version), LIMITS.snapshot_max_length))
    trusted.update_targets(_take_targets(trusted, take, TARGETS))
    check_root(trusted.root)
    check_targets(trusted.targets)
    loaded = {}
    for role in province_roles(trusted.targets, trusted.snapshot):
        if provinces is None or province_of(role) in provinces:
            loaded[role] = trusted.update_delegated_targets(_take_targets(trusted, take, role), role, TARGETS)
    log = _log_of(trusted.targets, lambda name: take(name, LOG_FILE_LIMIT))
    delegated = {NATIONAL: keys_of(trusted.targets, NATIONAL)}
    delegated |= {province_of(role): keys_of(signed, province_of(role)) for role, signed in loaded.items()}
    accepted = Accepted(
        files, trusted.root, trusted.timestamp, trusted.snapshot, trusted.targets, loaded, log, owners(delegated)
    )  # fmt: skip
    if at is not None:
        accepted.check_current(at)
    return accepted


def _follow_roots(trusted: TrustedMetadataSet, read: Reader, files: dict[str, bytes]) -> None:
    """Each root is signed by the one before it and by itself (TUF specification, section 5.3)."""
    for _ in range(LIMITS.max_root_rotations):
        name = metadata_name(ROOT, trusted.root.version + 1)
        data = read(name)
        if data is None:
            return
        trusted.update_root(data)
        files[name] = data


def _take_targets(trusted: TrustedMetadataSet, take: Callable[[str, int], bytes], role: str) -> bytes:
    meta = trusted.snapshot.meta.get(f"{role}.json")
    if meta is None:
        raise bad(f"ảnh chụp không kể “{role}”", f"the snapshot does not name “{role}”")
    return take(metadata_name(role, meta.version), LIMITS.targets_max_length)


def province_roles(targets: Targets, snapshot: Snapshot | None = None) -> tuple[str, ...]:
    """The provinces' roles there are: delegated to by the nation (and, if given, named by the snapshot)."""
    roles = targets.delegations.roles if targets.delegations is not None else None
    names = sorted(roles or {})
    return tuple(name for name in names if snapshot is None or f"{name}.json" in snapshot.meta)


def _log_of(targets: Targets, take: Callable[[str], bytes]) -> LogTrust:
    target = targets.targets.get(LOG_TARGET)
    if target is None:
        raise bad(f"liên minh không ký {LOG_TARGET}", f"the alliance names no {LOG_TARGET}")
    data = take(target_name(LOG_TARGET, sha256_of(target)))
    target.verify_length_and_hashes(data)
    return LogTrust.parse(data)


def sha256_of(target: TargetFile) -> str:
    """The digest a target file is named by. Raises `BadTrustData`."""
    digest = target.hashes.get("sha256")
    if set(target.hashes) != {"sha256"} or not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise bad("một mục không có mã băm SHA-256", "a target has no SHA-256 digest, or another beside it")
    return digest


def fingerprint(root: bytes) -> str:
    """SHA-256 of what a root says, hex in groups of four: what people compare with the paper of the founding.

    The same before and after it is signed. Raises `BadTrustData`.
    """
    try:
        digest = hashlib.sha256(Metadata[Root].from_bytes(root).signed_bytes).hexdigest()
    except exceptions.RepositoryError as error:
        raise translated(error) from error
    return " ".join(digest[i : i + 4] for i in range(0, 64, 4))
