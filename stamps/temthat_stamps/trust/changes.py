"""What new metadata changes against what is published, and whether it may: asked by who drafts, signs and publishes.

Signatures are counted elsewhere (`handover`); here is what no signature makes right.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from tuf.api.metadata import Metadata, Root, TargetFile, Targets

from temthat_stamps.errors import Fault
from temthat_stamps.trust.accepted import Accepted, sha256_of, target_name
from temthat_stamps.trust.delegates import DelegatedKey, check_successor, keys_of, owners
from temthat_stamps.trust.delegators import check_root, check_targets, key_material
from temthat_stamps.trust.enrolment import check_unused, read_enrolment
from temthat_stamps.trust.errors import CeremonyRefused, EnrolmentRefused, bad
from temthat_stamps.trust.logtrust import LOG_TARGET, LogTrust
from temthat_stamps.trust.roles import NATIONAL, ROOT, TARGETS, province_of

S = TypeVar("S", Root, Targets)
Pending = Mapping[str, Metadata[Any]]
"""New metadata by role name: root, targets, NN-issuers."""


@dataclass(frozen=True, slots=True)
class State:
    """What would be in force: root, national metadata, `log.json`, and the keys of each province (by code)."""

    root: Root
    targets: Targets
    log: LogTrust
    delegated: Mapping[str, tuple[DelegatedKey, ...]]

    def role_keys(self) -> Iterable[bytes]:
        """Every key of a role, as bytes."""
        keys = dict(self.root.keys)
        if self.targets.delegations is not None:
            keys |= self.targets.delegations.keys
        return map(key_material, keys.values())


def state_of(base: Accepted) -> State:
    """What is in force now."""
    delegated = {NATIONAL: keys_of(base.targets, NATIONAL)}
    delegated |= {province_of(role): keys_of(t, province_of(role)) for role, t in base.provinces.items()}
    return State(base.root, base.targets, base.log, delegated)


def check_changes(pending: Pending, files: Mapping[str, bytes], base: Accepted | None) -> State:
    """What is in force once `pending` is published; `files` are its new target files by path.

    Raises `BadTrustData`, `EnrolmentRefused`, or `CeremonyRefused` where it does not build on `base`.
    """
    before = state_of(base) if base is not None else None
    _check_versions(pending, base)
    root = _signed(pending, ROOT, Root, before.root if before is not None else None)
    targets = _signed(pending, TARGETS, Targets, before.targets if before is not None else None)
    check_root(root)
    check_targets(targets)
    delegated = dict(before.delegated) if before is not None else {}
    if TARGETS in pending:
        delegated[NATIONAL] = keys_of(targets, NATIONAL)
    for role in sorted(set(pending) - {ROOT, TARGETS}):
        signed = _signed(pending, role, Targets, None)
        if targets.delegations is None or role not in (targets.delegations.roles or {}):
            raise bad(f"không ai giao quyền cho “{role}”", f"nobody delegated to “{role}”")
        delegated[province_of(role)] = keys_of(signed, province_of(role))
    log = _log(targets, files, base)
    after = State(root, targets, log, delegated)
    _check_keys(pending, files, before, after)
    return after


def _signed(pending: Pending, role: str, kind: type[S], published: S | None) -> S:
    """What a role says: the new metadata, else what is published."""
    signed = pending[role].signed if role in pending else published
    if not isinstance(signed, kind):
        raise bad(f"thiếu “{role}”, hoặc sai loại", f"“{role}” is missing, or of another type")
    return signed


def _check_versions(pending: Pending, base: Accepted | None) -> None:
    known = {role: signed.version for role, signed in base.roles()} if base is not None else {}
    for role, metadata in pending.items():
        expected = known.get(role, 0) + 1
        if metadata.signed.version != expected:
            raise CeremonyRefused(
                Fault.STORE,
                f"Gói này chứa “{role}” phiên bản {metadata.signed.version}, trong khi cần {expected}: đã có thay đổi "
                "khác được công bố trước. Hãy chuẩn bị lại gói từ dữ liệu mới nhất.",
                f"This holds “{role}” version {metadata.signed.version} where {expected} belongs: something else was "
                "published first. Prepare it again from the newest data.",
            )


def _log(targets: Targets, files: Mapping[str, bytes], base: Accepted | None) -> LogTrust:
    for path in targets.targets:
        if path != LOG_TARGET and not path.startswith(f"{NATIONAL}/"):
            raise bad(f"targets kể một mục lạ: {path}", f"targets names a strange target: {path}")
    target = targets.targets.get(LOG_TARGET)
    if target is None:
        raise bad(f"targets không có {LOG_TARGET}", f"targets names no {LOG_TARGET}")
    log = LogTrust.parse(_file(LOG_TARGET, target, files, base))
    if base is not None and log.origin != base.log.origin:
        raise bad("tên sổ không bao giờ đổi", "a log's origin never changes")
    return log


def _file(path: str, target: TargetFile, files: Mapping[str, bytes], base: Accepted | None) -> bytes:
    name = target_name(path, sha256_of(target))
    data = files.get(path) or (base.files.get(name) if base is not None else None)
    if data is None or (len(data), hashlib.sha256(data).hexdigest()) != (target.length, sha256_of(target)):
        raise bad(
            f"thiếu tệp của mục {path}, hoặc tệp không khớp", f"the file of {path} is missing or another"
        )
    return data


def _check_keys(pending: Pending, files: Mapping[str, bytes], before: State | None, after: State) -> None:
    """Whoever is new asked for it with the key itself; who was there stays; each key has one owner."""
    owners(after.delegated)
    known = [key.public_key for keys in (before.delegated.values() if before else ()) for key in keys]
    known += after.role_keys()
    for province, keys in after.delegated.items():
        old = before.delegated.get(province, ()) if before is not None else ()
        check_successor(old, keys)
        held = {key.path for key in old}
        for key in keys:
            if key.path not in held:
                _check_request(key, files.get(key.path), after.log.origin, known)
                known.append(key.public_key)


def _check_request(key: DelegatedKey, request: bytes | None, origin: str, known: Iterable[bytes]) -> None:
    if request is None or hashlib.sha256(request).hexdigest() != key.enrolment:
        raise bad(f"thiếu yêu cầu của khóa {key.path}", f"the request of {key.path} is missing or another")
    asked = read_enrolment(request, origin)
    said = (key.issuer, key.kind, key.province, key.public_key, key.custody)
    if said != (asked.issuer, asked.kind, asked.province, asked.public_key, asked.custody):
        raise EnrolmentRefused(
            Fault.OPERATOR,
            f"Mục {key.path} nói khác với yêu cầu mà chính khóa đó đã ký. Đừng ký; hãy hỏi nhà vận hành.",
            f"{key.path} says other than the request that its key signed. Do not sign; ask the operator.",
        )
    check_unused(asked, known)
