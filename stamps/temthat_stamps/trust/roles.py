"""Who signs which trust data, how many of them, for how long (TUF: roles, thresholds, expiry).

    root (2 of 3, offline)
      -> targets: the national alliance (2 of 3, offline) -> NN-issuers: one role for each province (2, offline)
      -> snapshot, timestamp: the operator's online keys, one each

Thresholds and periods are in docs/ceremony.md with their reasons.
"""

import datetime as dt
import re
from dataclasses import dataclass

ROOT = "root"
TARGETS = "targets"
SNAPSHOT = "snapshot"
TIMESTAMP = "timestamp"
NATIONAL = "national"
"""What stands where a province's code would for keys that speak for the whole country."""

KEY_VALID = dt.timedelta(days=730)
"""How long a delegated issuer key is valid: 2 years."""
KEY_IN_USE = dt.timedelta(days=183)
"""After this an issuer key should be replaced by a new one: 6 months."""
KEY_WARNING = dt.timedelta(days=30)

_PROVINCE_ROLE = re.compile(r"([0-9]{2})-issuers", re.ASCII)
_PROVINCE = re.compile(r"[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class RoleRule:
    """`threshold` different keys must sign; what they signed holds for `period`; people are told `warning` before.

    `advised` is how many keys a role should have, so that losing one stops nothing.
    """

    threshold: int
    advised: int
    period: dt.timedelta
    warning: dt.timedelta
    online: bool = False


_RULES = {
    ROOT: RoleRule(2, 3, dt.timedelta(days=730), dt.timedelta(days=30)),
    TARGETS: RoleRule(2, 3, dt.timedelta(days=395), dt.timedelta(days=30)),
    SNAPSHOT: RoleRule(1, 1, dt.timedelta(days=30), dt.timedelta(days=7), online=True),
    TIMESTAMP: RoleRule(1, 1, dt.timedelta(days=14), dt.timedelta(days=7), online=True),
}
_PROVINCE_RULE = RoleRule(2, 3, dt.timedelta(days=395), dt.timedelta(days=30))


def rule_of(role: str) -> RoleRule:
    """The rule of a role by its name. Raises ValueError for a name no role has."""
    if role in _RULES:
        return _RULES[role]
    province_of(role)
    return _PROVINCE_RULE


def rank(role: str) -> tuple[int, str]:
    """For sorting roles: whoever delegates first."""
    order = (ROOT, TARGETS, SNAPSHOT, TIMESTAMP)
    return (order.index(role), "") if role in order[:2] else (2 + (role in order), role)


def is_province(code: str) -> bool:
    """Whether this is written as a province's code, two digits."""
    return _PROVINCE.fullmatch(code) is not None


def province_role(code: str) -> str:
    """The role that names a province's issuer keys: 31 -> 31-issuers. Raises ValueError."""
    if not is_province(code):
        raise ValueError(f"“{code}” is not a province's code of two digits")
    return f"{code}-issuers"


def is_province_role(role: str) -> bool:
    """Whether this is written as the role of a province."""
    return _PROVINCE_ROLE.fullmatch(role) is not None


def province_of(role: str) -> str:
    """The province of a role: 31-issuers -> 31. Raises ValueError."""
    match = _PROVINCE_ROLE.fullmatch(role)
    if match is None:
        raise ValueError(f"“{role}” is no role of a province")
    return match[1]


def role_of_keys(province: str) -> str:
    """The role that delegates to the issuer keys of a province, or of the nation (`NATIONAL`)."""
    return TARGETS if province == NATIONAL else province_role(province)


def path_pattern(code: str) -> str:
    """The only targets a province's role may name."""
    return f"{code}/*/*"


def key_path(province: str, issuer: str, key_id: str) -> str:
    """The target of one issuer key; `province` may be `NATIONAL`."""
    return f"{province}/{issuer}/{key_id}.json"
