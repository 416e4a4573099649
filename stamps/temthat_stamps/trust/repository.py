"""The public trust folder: every version of everything, and one file, `timestamp.json`, that says which is current.

    <v>.root.json  <v>.targets.json  <v>.NN-issuers.json  <v>.snapshot.json  timestamp.json
    targets/<sha256>.log.json  targets/NN/<issuer>/<sha256>.<key id>.json

Publishing writes new files beside the old ones and replaces `timestamp.json` last, so that a crash at any point leaves
a folder every client accepts. Before that, the whole is checked as a client checks it.
"""

import contextlib
import copy
import datetime as dt
import hashlib
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from securesystemslib.signer import Signer  # type: ignore[attr-defined]
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Timestamp

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.files import replace_file
from temthat_stamps.logged import PublishedFile
from temthat_stamps.trust.accepted import (
    Accepted,
    accept,
    metadata_name,
    sha256_of,
    target_name,
    timestamp_name,
)
from temthat_stamps.trust.changes import check_changes
from temthat_stamps.trust.errors import CeremonyRefused, expired
from temthat_stamps.trust.handover import Handover
from temthat_stamps.trust.logtrust import LOG_TARGET
from temthat_stamps.trust.online import OnlineKeys
from temthat_stamps.trust.roles import ROOT, SNAPSHOT, TARGETS, TIMESTAMP, rule_of

V = TypeVar("V", Snapshot, Timestamp)
FRESHEN_AFTER = dt.timedelta(days=1)
"""The timestamp is signed anew once its signature is older than this, though nothing changed."""
SNAPSHOT_KEPT = dt.timedelta(days=7)
"""The snapshot is signed anew only if it changes, or after this."""
FIRST_ROOT = metadata_name(ROOT, 1)


class TrustRepository:
    """The folder and what may be done to it: publish a complete handover, keep the online roles fresh."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def founded(self) -> bool:
        """Whether anything is published yet."""
        return (self.folder / timestamp_name()).is_file()

    def read(self, name: str) -> bytes | None:
        """A file by its public name; None if there is none."""
        path = self.folder / name
        return path.read_bytes() if path.is_file() else None

    def current(self, at: dt.datetime | None = None) -> Accepted:
        """What is published, every signature checked; expiry too if `at` is given. Raises `TrustError`."""
        root = self.read(FIRST_ROOT)
        if root is None or not self.founded:
            raise TrustError(
                Fault.OPERATOR,
                f"Chưa có dữ liệu tin cậy trong {self.folder}. Hãy làm lễ khai khóa (docs/ceremony.md).",
                f"There is no trust data in {self.folder} yet. Hold the founding ceremony (docs/ceremony.md).",
            )
        return accept(self.read, root, at)

    def publish(self, handover: Handover, online: OnlineKeys, now: dt.datetime) -> dict[str, PublishedFile]:
        """Put a completely signed handover into the folder; the files it changed, as a `delegation` names them.

        Raises `WrongSignature` (too few signed), `BadTrustData`, `EnrolmentRefused`, `CeremonyRefused` (something else
        was published first). Publishing the same handover again is harmless, and repairs a publication cut short. A
        second writer must be kept out.
        """
        base = self._base(handover) if self.founded else None
        if base is None or not _published(handover, base):
            after = check_changes(handover.pending, handover.files, base)
            handover.require_complete()
            new = {
                metadata_name(role, metadata.signed.version): metadata.to_bytes()
                for role, metadata in handover.pending.items()
            }
            for path, data in handover.files.items():
                new[target_name(path, hashlib.sha256(data).hexdigest())] = data
            self._put(new, after.root, base, online, now)
        return named_files(self.current(), set(handover.pending))

    def freshen(self, online: OnlineKeys, now: dt.datetime) -> bool:
        """Sign the online roles anew if the newest signature is older than a day; whether that was done."""
        base = self.current()
        signed = base.timestamp.expires - rule_of(TIMESTAMP).period
        if now < signed + FRESHEN_AFTER:
            return False
        self._put({}, base.root, base, online, now)
        return True

    def unlogged(self, logged: Mapping[str, PublishedFile]) -> list[dict[str, PublishedFile]]:
        """What is published but not stated in the log yet, by what the log states last; one item for each statement.

        Mostly none or one. Every version of root needs a statement of its own, because each vouches for the next.
        """
        published = self.current()
        files = named_files(published, {role for role, _ in published.roles()} - {SNAPSHOT, TIMESTAMP})
        changed = {name: file for name, file in files.items() if logged.get(name) != file}
        before = logged[ROOT].version if ROOT in logged else 0
        between = range(before + 1, published.root.version)
        roots = [{ROOT: _file(published.files[metadata_name(ROOT, version)], version)} for version in between]
        return [*roots, changed] if changed else roots

    def _base(self, handover: Handover) -> Accepted:
        """What is in force. A root of this handover that lies there already, after a crash, is not counted yet."""
        try:
            return self.current()
        except TrustError:
            root = handover.pending.get(ROOT)
            if root is None:
                raise
            waiting = metadata_name(ROOT, root.signed.version)
            first = self.read(FIRST_ROOT) or b""
            return accept(lambda name: None if name == waiting else self.read(name), first, None)

    def _put(
        self, new: dict[str, bytes], root: Root, base: Accepted | None, online: OnlineKeys, now: dt.datetime
    ) -> None:
        at = now.astimezone(dt.UTC).replace(microsecond=0)
        files = dict(new)
        if base is None or new or base.snapshot.expires < at + rule_of(SNAPSHOT).period - SNAPSHOT_KEPT:
            snapshot = _next(base.snapshot if base is not None else None, Snapshot, at)
            snapshot.meta = {} if base is None else snapshot.meta
            snapshot.meta |= {name: _meta(version, new[public]) for name, version, public in _versioned(new)}
            signed = _signed(root, SNAPSHOT, snapshot, online.snapshot)
            files[metadata_name(SNAPSHOT, snapshot.version)] = signed
            meta = _meta(snapshot.version, signed)
        else:
            meta = base.timestamp.snapshot_meta
        timestamp = _next(base.timestamp if base is not None else None, Timestamp, at)
        timestamp.snapshot_meta = meta
        last = _signed(root, TIMESTAMP, timestamp, online.timestamp)
        self._check(files, last, at)
        self._write(files, last)

    def _check(self, new: Mapping[str, bytes], timestamp: bytes, at: dt.datetime) -> None:
        """Everything a client would see, before anybody sees it.

        What others let run out does not keep this from being published: a sleepy province must not hold up another's
        revocation, nor its own renewal.
        """

        def read(name: str) -> bytes | None:
            if name == timestamp_name():
                return timestamp
            return new[name] if name in new else self.read(name)

        for role, signed in accept(read, read(FIRST_ROOT) or b"", None).roles():
            if metadata_name(role, signed.version) in new and signed.is_expired(at):
                raise expired(role, signed.expires, at)

    def _write(self, new: Mapping[str, bytes], timestamp: bytes) -> None:
        """Root next to last: it takes effect as soon as it is there. The timestamp last: it makes the rest current."""
        roots = [name for name in new if _is_root(name)]
        for name in roots:
            if self.read(name) not in (None, new[name]):
                raise CeremonyRefused(
                    Fault.STORE,
                    f"{name} đã được công bố với nội dung khác; không bao giờ có hai root cùng phiên bản.",
                    f"{name} is published with other content; there are never two roots of one version.",
                )
        for name in sorted(new, key=lambda name: (_is_root(name), name)):
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, new[name])
            sync_folder(path.parent)
        replace_file(self.folder / timestamp_name(), timestamp)
        sync_folder(self.folder)


def named_files(published: Accepted, roles: Collection[str]) -> dict[str, PublishedFile]:
    """The current files of these roles as a `delegation` statement names them; `log.json` comes with `targets`."""
    versions = {role: signed.version for role, signed in published.roles() if role in roles}
    named = {
        role: _file(published.files[metadata_name(role, version)], version)
        for role, version in sorted(versions.items())
    }
    if TARGETS in named:
        log = published.targets.targets[LOG_TARGET]
        data = published.files[target_name(LOG_TARGET, sha256_of(log))]
        named[LOG_TARGET] = _file(data, published.targets.version)
    return named


def _is_root(name: str) -> bool:
    return name.endswith(f".{ROOT}.json") and "/" not in name


def _versioned(new: Mapping[str, bytes]) -> Iterator[tuple[str, int, str]]:
    """What the snapshot names of new files: (`role.json`, version, public name). Not root, not target files."""
    for public in sorted(new):
        version, _, name = public.partition(".")
        if version.isdigit() and not _is_root(public):
            yield name, int(version), public


def _meta(version: int, data: bytes) -> MetaFile:
    return MetaFile(version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})


def _next(old: V | None, kind: type[V], at: dt.datetime) -> V:
    made = copy.deepcopy(old) if old is not None else kind()
    made.version = old.version + 1 if old is not None else 1
    made.expires = at + rule_of(kind.type).period
    return made


def _signed(root: Root, role: str, signed: Snapshot | Timestamp, signer: Signer) -> bytes:
    """Raises `CeremonyRefused` if root does not name this signer: the master key is not the one of the founding."""
    if signer.public_key.keyid not in root.roles[role].keyids:
        raise CeremonyRefused(
            Fault.OPERATOR,
            f"Khóa “{role}” của máy chủ này không phải khóa mà root đã ghi. Dùng đúng tệp master.key, hoặc đổi khóa "
            "bằng “temthat trust rotate --operator”.",
            f"This server's “{role}” key is not the one in root. Use the right master.key, or change it with “temthat "
            "trust rotate --operator”.",
        )
    metadata = Metadata[Any](signed)
    metadata.sign(signer)
    return metadata.to_bytes()


def _published(handover: Handover, base: Accepted) -> bool:
    """Whether this very handover is what is in force already."""
    now = dict(base.roles())
    return all(now.get(role) == metadata.signed for role, metadata in handover.pending.items())


def _file(data: bytes, version: int) -> PublishedFile:
    return PublishedFile(version, len(data), hashlib.sha256(data).hexdigest())


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable, where the system offers that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    with contextlib.suppress(OSError):
        os.fsync(handle)
    os.close(handle)
