"""What a ceremony prepares: new metadata for others to sign. Nothing here has a key, and nothing here needs a network.

Each function answers with a handover that has been checked as its signers will check it. Where new keys leave metadata
below without enough signatures, that is drawn up anew in the same handover, so that losing a key never strands a role.
"""

import copy
import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from securesystemslib.signer import Key  # type: ignore[attr-defined]
from tuf.api.exceptions import UnsignedMetadataError
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, Role, Root, TargetFile, Targets

from temthat_stamps.notice import REASONS
from temthat_stamps.trust.accepted import Accepted, metadata_name
from temthat_stamps.trust.changes import check_changes
from temthat_stamps.trust.delegates import DelegatedKey, keys_of
from temthat_stamps.trust.enrolment import read_enrolment
from temthat_stamps.trust.errors import CeremonyRefused
from temthat_stamps.trust.handover import Handover, Purpose, refused
from temthat_stamps.trust.logtrust import LOG_TARGET, LogTrust
from temthat_stamps.trust.online import OperatorCard
from temthat_stamps.trust.rolekeys import KeyCard
from temthat_stamps.trust.roles import (
    KEY_VALID,
    NATIONAL,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    is_province_role,
    path_pattern,
    province_of,
    province_role,
    role_of_keys,
    rule_of,
)

S = TypeVar("S", Root, Targets)


class _Draft:
    """New versions of metadata, each begun once from what is published."""

    def __init__(self, base: Accepted | None, at: dt.datetime) -> None:
        self._base = base
        self._at = at.astimezone(dt.UTC).replace(microsecond=0)
        self.signed: dict[str, Root | Targets] = {}
        self.files: dict[str, bytes] = {}

    def root(self) -> Root:
        published = self._base.root if self._base is not None else None
        return self._begin(ROOT, published, Root)

    def targets(self) -> Targets:
        published = self._base.targets if self._base is not None else None
        return self._begin(TARGETS, published, Targets)

    def province(self, code: str) -> Targets:
        published = self._base.provinces.get(province_role(code)) if self._base is not None else None
        return self._begin(province_role(code), published, Targets)

    def keys(self, province: str) -> Targets:
        """The metadata that names a province's issuer keys, or the nation's."""
        return self.targets() if province == NATIONAL else self.province(province)

    def _begin(self, role: str, published: S | None, kind: type[S]) -> S:
        begun = self.signed.get(role)
        if begun is None:
            begun = copy.deepcopy(published) if published is not None else kind()
            begun.version = published.version + 1 if published is not None else 1
            begun.expires = self._at + rule_of(role).period
            self.signed[role] = begun
        assert isinstance(begun, kind), "a role keeps its type"
        return begun

    def set_log(self, log: LogTrust) -> None:
        data = log.format()
        self.files[LOG_TARGET] = data
        self.targets().targets[LOG_TARGET] = TargetFile.from_data(LOG_TARGET, data)

    def set_key(self, key: DelegatedKey, target: TargetFile) -> None:
        target.unrecognized_fields["custom"] = key.custom()
        self.keys(key.province).targets[key.path] = target

    def handover(self, purpose: Purpose, names: Mapping[str, str] | None = None) -> Handover:
        self._renew_stranded()
        base = dict(self._base.files) if self._base is not None else {}
        changed = {metadata_name(role, s.version - 1) for role, s in self.signed.items()}
        # Other provinces' keys are not these signers' affair, and at the size of the country they are 20 MB.
        kept = {n: d for n, d in base.items() if not n.endswith("-issuers.json") or n in changed}
        pending = {role: Metadata[Any](copy.deepcopy(signed)) for role, signed in self.signed.items()}
        made = Handover(purpose, self._at, kept, pending, self.files, names or {})
        made.check()
        # Who drafts sees all provinces, so a key or issuer that another one knows is told before anybody signs.
        check_changes(made.pending, made.files, self._base)
        return made

    def _renew_stranded(self) -> None:
        """Metadata that the new keys no longer carry must be signed anew by them."""
        if self._base is None:
            return
        root, targets = self.signed.get(ROOT), self.signed.get(TARGETS)
        if isinstance(root, Root) and TARGETS not in self.signed and self._stranded(root, TARGETS):
            targets = self.targets()
        if isinstance(targets, Targets) and targets.delegations is not None:
            for role in targets.delegations.roles or {}:
                known = role in self._base.provinces
                if known and role not in self.signed and self._stranded(targets, role):
                    self.province(province_of(role))

    def _stranded(self, superior: Root | Targets, role: str) -> bool:
        assert self._base is not None, "only what is published can be stranded"
        signed = dict(self._base.roles())[role]
        published = Metadata[Any].from_bytes(self._base.files[metadata_name(role, signed.version)])
        try:
            superior.verify_delegate(role, published.signed_bytes, published.signatures)
        except UnsignedMetadataError:
            return True
        return False


def found(cards: Iterable[KeyCard], operator: OperatorCard, at: dt.datetime) -> Handover:
    """Root, the national alliance and every province there are cards for, from nothing. Raises `CeremonyRefused`."""
    by_role: dict[str, list[Key]] = {ROOT: [], TARGETS: []}
    for card in cards:
        by_role.setdefault(card.role, []).append(card.key)
    draft = _Draft(None, at)
    root = draft.root()
    _set_role(root, ROOT, by_role.pop(ROOT))
    _set_role(root, TARGETS, by_role.pop(TARGETS))
    _set_role(root, SNAPSHOT, [operator.snapshot])
    _set_role(root, TIMESTAMP, [operator.timestamp])
    draft.set_log(operator.log)
    for role, keys in sorted(by_role.items()):
        _set_province(draft, province_of(role), keys)
        draft.province(province_of(role))
    return draft.handover(Purpose.FOUND)


def approve(
    base: Accepted,
    requests: Sequence[bytes],
    log_size: int,
    at: dt.datetime,
    names: Mapping[str, str] | None = None,
) -> Handover:
    """Delegate to the keys of enrolment requests for two years, from entry `log_size` of the log on.

    Raises `EnrolmentRefused`, `CeremonyRefused` for a province that has no officers yet.
    """
    draft = _Draft(base, at)
    until = at.astimezone(dt.UTC).replace(microsecond=0) + KEY_VALID
    for request in requests:
        asked = read_enrolment(request, base.log.origin)
        _require_role(base, role_of_keys(asked.province))
        key = DelegatedKey(
            asked.issuer, asked.kind, asked.province, asked.public_key, asked.custody, log_size, until, None, None, ""
        )  # fmt: skip
        if key.path in draft.keys(key.province).targets:
            raise refused(
                f"Khóa {key.key_id[:8]} đã được duyệt.", f"The key {key.key_id[:8]} is approved already."
            )
        draft.files[key.path] = request
        draft.set_key(key, TargetFile.from_data(key.path, request))
    if not draft.signed:
        raise refused("Không có yêu cầu nào để duyệt.", "There is no request to approve.")
    return draft.handover(Purpose.APPROVE, names)


def revoke(
    base: Accepted,
    key_id: str,
    last_good: int,
    reason: str,
    at: dt.datetime,
    names: Mapping[str, str] | None = None,
) -> Handover:
    """What the key stated after entry `last_good` counts for nothing. `reason`: a code of `notice.REASONS`.

    -1 says that nothing it ever stated counts. Raises `CeremonyRefused`, also where it would take a revocation back.
    """
    if reason not in REASONS:
        raise refused(f"Không có mã lý do “{reason}”.", f"There is no reason code “{reason}”.")
    return _change_key(
        base, key_id, at, lambda key: replace(key, last_good=last_good, reason=reason), Purpose.REVOKE, names
    )


def retire(
    base: Accepted,
    key_id: str,
    until: dt.datetime,
    at: dt.datetime,
    names: Mapping[str, str] | None = None,
) -> Handover:
    """A key that a newer one has replaced ends `until`; all it stated before stays good."""
    end = until.astimezone(dt.UTC).replace(microsecond=0)
    return _change_key(base, key_id, at, lambda key: replace(key, until=end), Purpose.ROTATE, names)


def _change_key(
    base: Accepted,
    key_id: str,
    at: dt.datetime,
    change: Callable[[DelegatedKey], DelegatedKey],
    purpose: Purpose,
    names: Mapping[str, str] | None,
) -> Handover:
    key = base.keys.get(key_id)
    if key is None:
        raise refused(f"Không có khóa {key_id[:16]}….", f"There is no key {key_id[:16]}….")
    draft = _Draft(base, at)
    draft.set_key(change(key), draft.keys(key.province).targets[key.path])
    return draft.handover(purpose, names)


def renew(base: Accepted, roles: Collection[str], at: dt.datetime) -> Handover:
    """The same again with a later expiry. Online roles are not renewed here: publishing does that."""
    draft = _Draft(base, at)
    for role in roles:
        _require_role(base, role)
        if role == ROOT:
            draft.root()
        elif role == TARGETS:
            draft.targets()
        else:
            draft.province(province_of(role))
    if not draft.signed:
        raise refused("Chưa nêu vai trò cần gia hạn.", "Name the roles to renew.")
    return draft.handover(Purpose.RENEW)


def rotate(
    base: Accepted, role: str, add: Iterable[KeyCard], remove: Collection[str], at: dt.datetime
) -> Handover:
    """Other holders for root, targets or a province; a province without officers gets its first.

    `remove` are key ids, or enough of their start. Raises `CeremonyRefused`; a new root is signed by old and new keys.
    """
    if role not in {ROOT, TARGETS} and not is_province_role(role):
        raise _no_role(role)
    new = []
    for card in add:
        if card.role != role:
            raise refused(
                f"Thẻ của “{card.holder}” dành cho “{card.role}”, không phải “{role}”.",
                f"The card of “{card.holder}” is for “{card.role}”, not “{role}”.",
            )
        new.append(card.key)
    draft = _Draft(base, at)
    if role in {ROOT, TARGETS}:
        root = draft.root()
        kept = _without([root.keys[k] for k in root.roles[role].keyids], remove)
        _set_role(root, role, kept + new)
    else:
        code, delegations = province_of(role), draft.targets().delegations
        old = (delegations.roles or {}).get(role) if delegations is not None else None
        held = (
            [delegations.keys[k] for k in old.keyids] if delegations is not None and old is not None else []
        )
        _set_province(draft, code, _without(held, remove) + new)
        if old is None:
            draft.province(code)
    return draft.handover(Purpose.ROTATE)


def change_operator(base: Accepted, operator: OperatorCard, at: dt.datetime) -> Handover:
    """Another `log.json` (witnesses, quorum, operator keys, hosts), other online keys, or both."""
    draft = _Draft(base, at)
    for role, key in ((SNAPSHOT, operator.snapshot), (TIMESTAMP, operator.timestamp)):
        if base.root.roles[role].keyids != [key.keyid]:
            _set_role(draft.root(), role, [key])
    if operator.log != base.log:
        draft.set_log(operator.log)
    if not draft.signed:
        raise refused("Không có gì thay đổi.", "Nothing has changed.")
    return draft.handover(Purpose.OPERATOR)


def _set_role(root: Root, role: str, keys: list[Key]) -> None:
    _require_keys(role, keys)
    old = root.roles[role].keyids
    root.roles[role] = Role([key.keyid for key in keys], rule_of(role).threshold)
    root.keys |= {key.keyid: key for key in keys}
    used = {keyid for r in root.roles.values() for keyid in r.keyids}
    for keyid in set(old) - used:
        root.keys.pop(keyid, None)


def _set_province(draft: _Draft, code: str, keys: list[Key]) -> None:
    role = province_role(code)
    _require_keys(role, keys)
    targets = draft.targets()
    if targets.delegations is None:
        targets.delegations = Delegations({}, {})
    delegations = targets.delegations
    roles = delegations.roles if delegations.roles is not None else {}
    roles[role] = DelegatedRole(
        role, [key.keyid for key in keys], rule_of(role).threshold, True, [path_pattern(code)]
    )
    delegations.roles = dict(sorted(roles.items()))
    delegations.keys |= {key.keyid: key for key in keys}
    used = {keyid for r in roles.values() for keyid in r.keyids}
    delegations.keys = {keyid: key for keyid, key in delegations.keys.items() if keyid in used}


def _require_keys(role: str, keys: Sequence[Key]) -> None:
    rule = rule_of(role)
    if len({key.keyid for key in keys}) != len(keys):
        raise refused(f"“{role}” có thẻ trùng nhau.", f"“{role}” has the same card twice.")
    if len(keys) < rule.threshold:
        raise refused(
            f"“{role}” cần ít nhất {rule.threshold} người giữ khóa (nên có {rule.advised}); mới có {len(keys)} thẻ.",
            f"“{role}” needs at least {rule.threshold} holders (better {rule.advised}); there are {len(keys)} cards.",
        )


def _require_role(base: Accepted, role: str) -> None:
    if role not in dict(base.roles()) or rule_of(role).online:
        raise _no_role(role)


def _no_role(role: str) -> CeremonyRefused:
    return refused(
        f"Chưa có vai trò “{role}” (tỉnh chưa có cán bộ ký? xem temthat trust rotate).",
        f"There is no role “{role}” (a province without officers? see temthat trust rotate).",
    )


def _without(keys: list[Key], remove: Collection[str]) -> list[Key]:
    for start in remove:
        if len(start) < 8 or sum(key.keyid.startswith(start) for key in keys) != 1:
            raise refused(
                f"“{start}” không chỉ đúng một khóa của vai trò này (viết ít nhất 8 ký tự đầu).",
                f"“{start}” names no one key of this role (write at least its first 8 characters).",
            )
    return [key for key in keys if not key.keyid.startswith(tuple(remove) or "-")]


def issuer_keys(base: Accepted, province: str) -> tuple[DelegatedKey, ...]:
    """The keys of one province, or of the nation, as published."""
    if province == NATIONAL:
        return keys_of(base.targets, NATIONAL)
    signed = base.provinces.get(province_role(province))
    return keys_of(signed, province) if signed is not None else ()
