"""What root and national metadata may say: stricter than TUF where TUF leaves it open.

TUF counts key ids, so one key under two ids would make two signatures of one; it takes any threshold its delegator
wrote, and any path pattern. Here every key is another key, stands in one role, and no threshold is below its rule.
"""

from collections.abc import Iterable, Mapping

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from securesystemslib.signer import Key  # type: ignore[attr-defined]
from tuf.api.metadata import DelegatedRole, Role, Root, Targets

from temthat_stamps.ed25519 import acceptable_point
from temthat_stamps.trust.errors import bad
from temthat_stamps.trust.roles import is_province, path_pattern, province_of, rule_of


def check_root(root: Root) -> None:
    """Raise `BadTrustData` unless its roles are ours, each with enough different keys of kinds we know."""
    if not root.consistent_snapshot:
        raise bad("root không dùng ảnh chụp nhất quán", "root is not for consistent snapshots")
    _check_roles(root.roles, root.keys)


def check_targets(targets: Targets) -> None:
    """The same of the national metadata: it may delegate to provinces only, each for its own keys and nothing else."""
    if targets.delegations is None:
        return
    roles = targets.delegations.roles
    if roles is None:
        raise bad("giao quyền theo nhóm băm không được dùng", "hash-bin delegations are not used")
    for role in roles.values():
        _check_province(role)
    _check_roles(roles, targets.delegations.keys)


def _check_province(role: DelegatedRole) -> None:
    try:
        code = province_of(role.name)
    except ValueError:
        code = ""
    if not is_province(code):
        raise bad(
            f"vai trò “{role.name}” không phải của tỉnh", f"the role “{role.name}” is none of a province"
        )
    if role.paths != [path_pattern(code)] or not role.terminating:
        raise bad(
            f"“{role.name}” được giao nhiều hơn khóa của tỉnh mình",
            f"“{role.name}” is delegated other targets than its own province's keys",
        )


def _check_roles(roles: Mapping[str, Role], keys: Mapping[str, Key]) -> None:
    seen: dict[bytes, str] = {}
    for name, role in roles.items():
        least = rule_of(name).threshold
        if role.threshold < least or len(role.keyids) < role.threshold:
            raise bad(
                f"“{name}” cần ít nhất {least} người ký, mỗi người một khóa",
                f"“{name}” needs at least {least} signers, each with a key",
            )
        for material in _materials(name, role.keyids, keys):
            if material in seen:
                raise bad(
                    f"một khóa đứng hai lần: ở “{seen[material]}” và “{name}”",
                    f"one key stands twice: in “{seen[material]}” and “{name}”",
                )
            seen[material] = name


def _materials(name: str, keyids: Iterable[str], keys: Mapping[str, Key]) -> list[bytes]:
    missing = [keyid for keyid in keyids if keyid not in keys]
    if missing:
        raise bad(f"“{name}” kể một khóa không có", f"“{name}” names a key that is not there")
    return [key_material(keys[keyid]) for keyid in keyids]


def key_material(key: Key) -> bytes:
    """The key itself, however it is written: 32 bytes of Ed25519, or the compressed point of ECDSA P-256.

    Raises `BadTrustData` for other kinds, and for weak keys.
    """
    public = str(key.keyval.get("public"))
    kind = (key.keytype, key.scheme)
    try:
        if kind == ("ed25519", "ed25519"):
            raw = bytes.fromhex(public)
            if len(raw) == 32 and acceptable_point(raw):
                return raw
        elif kind == ("ecdsa", "ecdsa-sha2-nistp256"):
            loaded = load_pem_public_key(public.encode())
            if isinstance(loaded, EllipticCurvePublicKey) and isinstance(loaded.curve, SECP256R1):
                return loaded.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    except (TypeError, ValueError, AttributeError, UnsupportedAlgorithm):
        pass
    raise bad(
        f"khóa {key.keyid[:8]} không phải Ed25519 hay ECDSA P-256 dùng được",
        f"the key {key.keyid[:8]} is no usable Ed25519 or ECDSA P-256 key",
    )
