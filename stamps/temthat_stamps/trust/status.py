"""How trust stands, in one glance: each role's version, end and signatures, keys about to end, and what to do."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tuf.api.metadata import Metadata, Signed

from temthat_stamps.trust.accepted import Accepted, metadata_name, timestamp_name
from temthat_stamps.trust.delegates import DelegatedKey
from temthat_stamps.trust.roles import (
    KEY_IN_USE,
    KEY_VALID,
    KEY_WARNING,
    ROOT,
    SNAPSHOT,
    TARGETS,
    TIMESTAMP,
    rule_of,
)


@dataclass(frozen=True, slots=True)
class RoleStatus:
    """One role: `days` until it expires (negative: since), `signed` of `threshold` signatures, of `holders` keys."""

    role: str
    version: int
    expires: dt.datetime
    days: int
    signed: int
    threshold: int
    holders: int
    warning: bool

    @property
    def expired(self) -> bool:
        """Whether clients refuse it now."""
        return self.days < 0


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to do: what is the matter and which command mends it. `urgent`: before anything else."""

    urgent: bool
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Status:
    """All roles, the issuer keys that end soon, and what to do, the urgent first."""

    roles: tuple[RoleStatus, ...]
    ending: tuple[DelegatedKey, ...]
    advice: tuple[Advice, ...]


def status_of(published: Accepted, now: dt.datetime) -> Status:
    """The status of a set of trust data, which may have expired."""
    roles = tuple(_role(published, role, signed, now) for role, signed in published.roles())
    ending = tuple(
        sorted(
            (key for key in published.keys.values() if _ends_soon(key, now)),
            key=lambda key: (key.until, key.path),
        )
    )
    advice = [*_of_roles(roles), *_of_keys(published, ending, now)]
    return Status(roles, ending, tuple(sorted(advice, key=lambda a: not a.urgent)))


def _role(published: Accepted, role: str, signed: Signed, now: dt.datetime) -> RoleStatus:
    name = timestamp_name() if role == TIMESTAMP else metadata_name(role, signed.version)
    metadata = Metadata[Any].from_bytes(published.files[name])
    superior = published.root if role in {ROOT, TARGETS, SNAPSHOT, TIMESTAMP} else published.targets
    result = superior.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    left = signed.expires - now
    return RoleStatus(
        role,
        signed.version,
        signed.expires,
        left.days,
        len(result.signed),
        result.threshold,
        len(result.signed) + len(result.unsigned),
        left <= rule_of(role).warning,
    )


def _ends_soon(key: DelegatedKey, now: dt.datetime) -> bool:
    return key.last_good is None and now - KEY_WARNING < key.until <= now + KEY_WARNING


def _of_roles(roles: tuple[RoleStatus, ...]) -> Iterator[Advice]:
    for role in roles:
        rule = rule_of(role.role)
        if role.warning:
            command = "temthat trust publish" if rule.online else f"temthat trust renew {role.role}"
            if role.expired:
                yield Advice(
                    True,
                    f"“{role.role}” đã hết hạn {-role.days} ngày: máy quét không nhận dữ liệu mới. Chạy ngay: "
                    f"{command}.",
                    f"“{role.role}” expired {-role.days} days ago: scanners take no new data. Run now: {command}.",
                )
            else:
                yield Advice(
                    False,
                    f"“{role.role}” còn {role.days} ngày. Chạy: {command}.",
                    f"“{role.role}” expires in {role.days} days. Run: {command}.",
                )
        if role.holders < rule.advised and not rule.online:
            yield Advice(
                False,
                f"“{role.role}” chỉ có {role.holders} người giữ khóa; mất một khóa là tắc. Nên có {rule.advised}: "
                f"temthat trust rotate {role.role} --add.",
                f"“{role.role}” has {role.holders} holders only; one lost key stops it. Have {rule.advised}: "
                f"temthat trust rotate {role.role} --add.",
            )


def _of_keys(published: Accepted, ending: tuple[DelegatedKey, ...], now: dt.datetime) -> Iterator[Advice]:
    if ending:
        yield Advice(
            False,
            f"{len(ending)} khóa phát hành hết hạn trong {KEY_WARNING.days} ngày: đơn vị gửi yêu cầu khóa mới (temthat "
            "trust enrol), tỉnh duyệt (temthat trust approve).",
            f"{len(ending)} issuer keys end within {KEY_WARNING.days} days: issuers request new ones (temthat trust "
            "enrol), provinces approve (temthat trust approve).",
        )
    worn = sum(_worn(key, now) for key in published.keys.values())
    if worn:
        yield Advice(
            False,
            f"{worn} khóa phát hành đã dùng hơn 6 tháng: nên thay bằng khóa mới.",
            f"{worn} issuer keys are in use for more than 6 months: have them replaced.",
        )


def _worn(key: DelegatedKey, now: dt.datetime) -> bool:
    """In use for longer than advised, with nothing newer of the same issuer known here."""
    begun = key.until - KEY_VALID
    return key.last_good is None and key.until > now and now - begun > KEY_IN_USE
