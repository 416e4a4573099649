"""Delegations in the order they were published: each file counts only if what was accepted before vouches for it.

For those who read a whole log (replay, audit). It never asks what time it is: a file must not have expired when its
publication was logged, and that is all. Who follows the present uses `client`.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from copy import copy
from typing import TypeVar

from tuf.api.exceptions import RepositoryError, UnsignedMetadataError
from tuf.api.metadata import Metadata, Root, Signed, Targets

from temthat_stamps.trust.delegates import DelegatedKey, check_successor, keys_of, owners
from temthat_stamps.trust.delegators import check_root, check_targets
from temthat_stamps.trust.errors import bad, rollback, wrong_signature
from temthat_stamps.trust.logtrust import LOG_TARGET, LogTrust
from temthat_stamps.trust.roles import NATIONAL, ROOT, TARGETS, province_of

S = TypeVar("S", Root, Targets)


class TrustChain:
    """The delegations accepted so far. `accept` takes one publication: all of it, or nothing.

    `first_root` is version 1 of root as known from elsewhere; without it the first one given is believed.
    """

    def __init__(self, origin: str, first_root: bytes | None = None) -> None:
        self._origin = origin
        self._first_root = first_root
        self._root: Root | None = None
        self._targets: Targets | None = None
        self._log: LogTrust | None = None
        self._log_file = b""
        self._versions: dict[str, int] = {}
        self._delegated: dict[str, tuple[DelegatedKey, ...]] = {}
        self._keys: dict[str, DelegatedKey] = {}

    @property
    def log(self) -> LogTrust | None:
        """The newest `log.json`."""
        return self._log

    @property
    def keys(self) -> Mapping[str, DelegatedKey]:
        """Every key ever delegated to, by key id, as the newest metadata describes it."""
        return self._keys

    def version(self, role: str) -> int:
        """The version last accepted of a role; 0 for none."""
        return self._versions.get(role, 0)

    def accept(self, files: Mapping[str, bytes], at: dt.datetime) -> None:
        """Take the files of one publication (`root`, `targets`, `NN-issuers`, `log.json`) logged `at`.

        Raises `BadTrustData` (among them `WrongSignature`, `Rollback`); then nothing of it counts.
        """
        draft = copy(self)
        draft._versions, draft._delegated = dict(self._versions), dict(self._delegated)
        if ROOT in files:
            draft._accept_root(files[ROOT], at)
        if TARGETS in files:
            draft._accept_targets(files[TARGETS], files.get(LOG_TARGET), at)
        elif LOG_TARGET in files:
            raise bad(f"{LOG_TARGET} không đi cùng targets", f"{LOG_TARGET} comes without targets")
        for name in sorted(set(files) - {ROOT, TARGETS, LOG_TARGET}):
            draft._accept_province(name, files[name], at)
        draft._keys = owners(draft._delegated)
        self.__dict__.update(draft.__dict__)

    def _accept_root(self, data: bytes, at: dt.datetime) -> None:
        new = _parse(data, Root)
        if self._root is None:
            if self._first_root not in (None, data):
                raise bad(
                    "root đầu tiên không phải root đã ghim", "the first root is not the one that is pinned"
                )
            _verify(new.signed, ROOT, new)
        else:
            if new.signed.version != self._root.version + 1:
                raise rollback(f"{ROOT} {new.signed.version}")
            _verify(self._root, ROOT, new)
            _verify(new.signed, ROOT, new)
        _check_current(ROOT, new.signed, at)
        check_root(new.signed)
        self._root = new.signed
        self._versions[ROOT] = new.signed.version

    def _accept_targets(self, data: bytes, log_file: bytes | None, at: dt.datetime) -> None:
        if self._root is None:
            raise bad("chưa có root", "there is no root yet")
        new = _parse(data, Targets)
        _verify(self._root, TARGETS, new)
        self._advance(TARGETS, new.signed, at)
        check_targets(new.signed)
        self._accept_keys(NATIONAL, keys_of(new.signed, NATIONAL))
        self._accept_log(new.signed, log_file)
        self._targets = new.signed

    def _accept_log(self, targets: Targets, data: bytes | None) -> None:
        target = targets.targets.get(LOG_TARGET)
        if target is None:
            raise bad(f"targets không có {LOG_TARGET}", f"targets names no {LOG_TARGET}")
        data = self._log_file if data is None else data
        if target.hashes.get("sha256") != hashlib.sha256(data).hexdigest() or target.length != len(data):
            raise bad(f"{LOG_TARGET} không khớp với targets", f"{LOG_TARGET} is not the one targets names")
        log = LogTrust.parse(data)
        if log.origin != self._origin:
            raise bad(f"dữ liệu này là của sổ “{log.origin}”", f"this is about the log “{log.origin}”")
        self._log, self._log_file = log, data

    def _accept_province(self, name: str, data: bytes, at: dt.datetime) -> None:
        try:
            province = province_of(name)
        except ValueError as error:
            raise bad(f"không có vai trò “{name}”", f"there is no role “{name}”") from error
        if self._targets is None or name not in (getattr(self._targets.delegations, "roles", None) or {}):
            raise bad(f"không ai giao quyền cho “{name}”", f"nobody delegated to “{name}”")
        new = _parse(data, Targets)
        _verify(self._targets, name, new)
        self._advance(name, new.signed, at)
        self._accept_keys(province, keys_of(new.signed, province))

    def _advance(self, name: str, signed: Targets, at: dt.datetime) -> None:
        if signed.version <= self.version(name):
            raise rollback(f"{name} {signed.version}")
        _check_current(name, signed, at)
        self._versions[name] = signed.version

    def _accept_keys(self, province: str, keys: tuple[DelegatedKey, ...]) -> None:
        check_successor(self._delegated.get(province, ()), keys)
        self._delegated[province] = keys


def _parse(data: bytes, kind: type[S]) -> Metadata[S]:
    try:
        metadata = Metadata[S].from_bytes(data)
    except RepositoryError as error:
        raise bad("không phải siêu dữ liệu TUF", "not TUF metadata") from error
    if not isinstance(metadata.signed, kind):
        raise bad(f"cần “{kind.type}”", f"this is “{metadata.signed.type}” where “{kind.type}” belongs")
    return metadata


def _verify(delegator: Root | Targets, name: str, metadata: Metadata[S]) -> None:
    try:
        delegator.verify_delegate(name, metadata.signed_bytes, metadata.signatures)
    except UnsignedMetadataError as error:
        raise wrong_signature(str(error)) from error
    except (RepositoryError, ValueError) as error:
        raise bad(f"“{name}” không kiểm tra được", f"“{name}” cannot be checked") from error


def _check_current(name: str, signed: Signed, at: dt.datetime) -> None:
    if signed.is_expired(at):
        raise bad(f"“{name}” đã hết hạn khi công bố", f"“{name}” had expired when it was published")
