"""Issuer keys that an alliance delegates to, as its signed metadata names them.

One target per key; its `custom` says all that is needed to judge a statement, its file is the request the key itself
signed. Everything is read strictly: the path, the key id and the role must say the same as `custom`.
"""

import base64
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, TargetFile, Targets

from temthat_stamps.ed25519 import acceptable_point
from temthat_stamps.errors import BadStatement, Fault
from temthat_stamps.fields import Fields, instant
from temthat_stamps.keys import key_id
from temthat_stamps.manifest import Custody
from temthat_stamps.notice import REASONS
from temthat_stamps.trust.errors import KeyNotValid, bad
from temthat_stamps.trust.roles import NATIONAL, key_path

_MEMBERS = frozenset(
    {"issuer", "kind", "province", "public_key", "custody", "from", "until", "last_good", "reason"}
)


class IssuerKind(StrEnum):
    """What a delegated key may speak as: of its own goods, or as the second signer for its province."""

    PRODUCER = "producer"
    ALLIANCE = "alliance"
    AUTHORITY = "authority"


@dataclass(frozen=True, slots=True)
class DelegatedKey:
    """One issuer key and how far its word counts.

    `province` is two digits, or `NATIONAL`. A statement at index i of the log counts if `delegated_from` <= i, i is not
    after `last_good` (None: not revoked), and the statement's own time is not after `until`. `enrolment` is the SHA-256
    (hex) of the request the key signed.
    """

    issuer: str
    kind: IssuerKind
    province: str
    public_key: bytes
    custody: Custody
    delegated_from: int
    until: dt.datetime
    last_good: int | None
    reason: str | None
    enrolment: str

    @property
    def key_id(self) -> str:
        """SHA-256 of the public key, hex."""
        return key_id(self.public_key)

    @property
    def path(self) -> str:
        """The target's path."""
        return key_path(self.province, self.issuer, self.key_id)

    def check(self, index: int, at: dt.datetime) -> None:
        """Raise `KeyNotValid` unless a statement made `at` and standing at `index` of the log counts."""
        if index < self.delegated_from:
            raise _not_valid("chưa được giao quyền lúc đó", "was not delegated to yet")
        if self.last_good is not None and index > self.last_good:
            raise _not_valid(f"đã bị thu hồi ({self.reason})", f"is revoked ({self.reason})")
        if at > self.until:
            raise _not_valid(f"đã hết hạn từ {instant(self.until)}", f"ended {instant(self.until)}")

    def custom(self) -> dict[str, Any]:
        """The target's `custom` member."""
        return {
            "issuer": self.issuer,
            "kind": self.kind.value,
            "province": self.province,
            "public_key": base64.b64encode(self.public_key).decode(),
            "custody": self.custody.value,
            "from": self.delegated_from,
            "until": instant(self.until),
            "last_good": self.last_good,
            "reason": self.reason,
        }


def delegated_keys(metadata: bytes, province: str) -> tuple[DelegatedKey, ...]:
    """The keys that a province's metadata (`NN-issuers`) names; for `NATIONAL`, those of the top-level `targets`.

    In order of their paths. Signatures are the caller's to check (`chain`, `client`). Raises `BadTrustData`.
    """
    try:
        signed = Metadata[Targets].from_bytes(metadata).signed
    except RepositoryError as error:
        raise bad("dữ liệu không phải là siêu dữ liệu TUF", "not TUF metadata") from error
    if not isinstance(signed, Targets):
        raise bad(
            f"vai trò “{signed.type}” không giao quyền cho khóa",
            f"the role “{signed.type}” delegates no keys",
        )
    return keys_of(signed, province)


def keys_of(targets: Targets, province: str) -> tuple[DelegatedKey, ...]:
    """The same of metadata that is read already. Raises `BadTrustData`."""
    if province != NATIONAL:
        if targets.delegations is not None:
            raise bad("một tỉnh không giao quyền tiếp cho ai", "a province delegates no further")
        return tuple(_read_key(targets.targets[path], path, province) for path in sorted(targets.targets))
    paths = sorted(path for path in targets.targets if path.startswith(f"{NATIONAL}/"))
    return tuple(_read_key(targets.targets[path], path, NATIONAL) for path in paths)


def _read_key(target: TargetFile, path: str, province: str) -> DelegatedKey:
    custom, sha256 = target.custom, target.hashes.get("sha256")
    if not isinstance(custom, Mapping) or set(custom) != _MEMBERS or not isinstance(sha256, str):
        raise bad(f"mục {path} không mô tả một khóa", f"the target {path} does not describe a key")
    try:
        key = _parse(Fields(custom), sha256)
    except BadStatement as error:
        raise bad(f"mục {path} sai: {error}", f"the target {path}: {error}") from error
    if key.province != province or key.path != path:
        raise bad(f"mục {path} không khớp với nội dung của nó", f"the target {path} says other than its path")
    if province == NATIONAL and key.kind is IssuerKind.PRODUCER:
        raise bad(f"mục {path}: cơ sở sản xuất thuộc về tỉnh", f"{path}: a producer belongs to a province")
    return key


def _parse(f: Fields, sha256: str) -> DelegatedKey:
    revoked = not f.absent("last_good")
    if revoked is f.absent("reason"):
        raise BadStatement("a last good index and a reason go together")
    public_key = f.raw("public_key", 32)
    if not acceptable_point(public_key):
        raise BadStatement("the public key is weak")
    reason = f.text("reason") if revoked else None
    if reason is not None and reason not in REASONS:
        raise BadStatement(f"there is no reason code “{reason}”")
    return DelegatedKey(
        issuer=f.identity("issuer"),
        kind=f.word("kind", IssuerKind),
        province=f.text("province"),
        public_key=public_key,
        custody=f.word("custody", Custody),
        delegated_from=f.count("from"),
        until=f.instant("until"),
        last_good=f.count("last_good", -1) if revoked else None,
        reason=reason,
        enrolment=sha256,
    )


def check_successor(old: tuple[DelegatedKey, ...], new: tuple[DelegatedKey, ...]) -> None:
    """Raise `BadTrustData` if new metadata forgets a key, rewrites what it is, or takes a revocation back.

    Statements made long ago are judged by the newest delegation too, so what was said of a key stays said.
    """
    now = {key.path: key for key in new}
    for before in old:
        after = now.get(before.path)
        if after is None:
            raise bad(f"mục {before.path} đã biến mất", f"the target {before.path} has vanished")
        if replace(after, until=before.until, last_good=before.last_good, reason=before.reason) != before:
            raise bad(f"mục {before.path} đã bị viết lại", f"the target {before.path} was rewritten")
        if before.last_good is not None and (after.last_good is None or after.last_good > before.last_good):
            raise bad(
                f"việc thu hồi {before.path} bị rút lại", f"the revocation of {before.path} was taken back"
            )


def owners(delegated: Mapping[str, tuple[DelegatedKey, ...]]) -> dict[str, DelegatedKey]:
    """All keys by key id, from those of each province. Raises `BadTrustData` unless each has one owner.

    An issuer belongs to one province and a key to one issuer: no province can speak for another's issuer.
    """
    keys: dict[str, DelegatedKey] = {}
    homes: dict[str, str] = {}
    for province, some in delegated.items():
        for key in some:
            home = homes.setdefault(key.issuer, province)
            if home != province:
                raise bad(
                    f"“{province}” giao quyền cho một đơn vị của “{home}”",
                    f"“{province}” delegates to an issuer of “{home}”",
                )
            if keys.setdefault(key.key_id, key) is not key:
                raise bad(
                    f"khóa {key.key_id[:8]} có hai đơn vị", f"the key {key.key_id[:8]} belongs to two issuers"
                )
    return keys


def _not_valid(vi: str, en: str) -> KeyNotValid:
    return KeyNotValid(
        Fault.ISSUER,
        f"Khóa phát hành {vi}. Đơn vị cần khóa mới được liên minh tỉnh duyệt.",
        f"The issuer key {en}. The issuer needs a new key approved by its province.",
    )
