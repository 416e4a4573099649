"""A handover in words: what is about to be signed, for people who answer for it. Vietnamese first, English beneath."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from securesystemslib.signer import Key  # type: ignore[attr-defined]
from tuf.api.metadata import Metadata, Root, Targets

from temthat_stamps.trust.accepted import Accepted, fingerprint
from temthat_stamps.trust.changes import State, state_of
from temthat_stamps.trust.delegates import DelegatedKey, IssuerKind
from temthat_stamps.trust.handover import Handover, Purpose, Wanted
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.rolekeys import holder_of
from temthat_stamps.trust.roles import NATIONAL, ROOT, rank
from temthat_stamps.verdict import HANOI

PURPOSES = {
    Purpose.FOUND: (
        "Khai khóa: lập hệ thống tin cậy từ đầu",
        "Founding: the whole chain of trust from nothing",
    ),
    Purpose.APPROVE: ("Duyệt khóa phát hành của đơn vị", "Approving issuers' keys"),
    Purpose.REVOKE: ("Thu hồi khóa phát hành", "Revoking an issuer's key"),
    Purpose.RENEW: ("Gia hạn", "Renewing before expiry"),
    Purpose.ROTATE: (
        "Thay người giữ khóa, hoặc kết thúc một khóa cũ",
        "Other key holders, or an old key's end",
    ),
    Purpose.OPERATOR: (
        "Thay đổi về nhà vận hành, sổ công khai hoặc bên chứng kiến",
        "Operator, log or witnesses",
    ),
}
KINDS = {
    IssuerKind.PRODUCER: ("cơ sở sản xuất", "producer"),
    IssuerKind.ALLIANCE: ("liên minh", "alliance"),
    IssuerKind.AUTHORITY: ("cơ quan", "authority"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that changes, or one that a signer must compare. `weight`: shown in bold."""

    vi: str
    en: str
    weight: bool = False


def describe(handover: Handover) -> list[Line]:
    """Everything that the signatures would put in force. The content is checked first; raises `TrustError`."""
    base = handover.accepted_base()
    after = handover.check()
    before = state_of(base) if base is not None else None
    return [
        *_head(handover, base),
        *_roles(handover, before, after),
        *_log(before, after),
        *_keys(handover, before, after),
        *_expiries(handover.pending),
    ]


def _head(handover: Handover, base: Accepted | None) -> Iterator[Line]:
    vi, en = PURPOSES[handover.purpose]
    yield Line(f"{vi} (chuẩn bị {_day(handover.at)})", f"{en} (prepared {handover.at:%Y-%m-%d})", weight=True)
    if base is None:
        print_ = fingerprint(handover.pending[ROOT].to_bytes())
        yield Line(
            f"Dấu vân tay root. VIẾT RA GIẤY, mỗi người giữ một bản: {print_}",
            f"Root's fingerprint. WRITE IT DOWN, a copy for each holder: {print_}",
            weight=True,
        )
    else:
        print_ = fingerprint(base.files[_roots(base.files)[0]])
        yield Line(
            f"Hệ thống “{base.log.origin}”. Dấu vân tay root; so với giấy khai khóa: {print_}",
            f"System “{base.log.origin}”. Root's fingerprint; compare with the founding paper: {print_}",
        )


def _roots(base: Mapping[str, bytes]) -> list[str]:
    """The names of all versions of root, the first one first."""
    return sorted((n for n in base if n.endswith(f".{ROOT}.json")), key=lambda name: int(name.split(".")[0]))


def _roles(handover: Handover, before: State | None, after: State) -> Iterator[Line]:
    old, new = _holders(before), _holders(after)
    for role in sorted(new, key=rank):
        known, now = old.get(role, {}), new[role]
        for keyid in sorted(set(now) - set(known)):
            yield _holder_line(role, now[keyid], "thêm người ký", "new signer")
        for keyid in sorted(set(known) - set(now)):
            yield _holder_line(role, known[keyid], "BỎ người ký", "signer REMOVED")


def _holder_line(role: str, key: Key, vi: str, en: str) -> Line:
    name, print_ = holder_of(key), f"{key.keyid[:4]} {key.keyid[4:8]} {key.keyid[8:12]} {key.keyid[12:16]}"
    return Line(f"“{role}”: {vi} {name}, khóa {print_}", f"“{role}”: {en} {name}, key {print_}", weight=True)


def _holders(state: State | None) -> dict[str, dict[str, Key]]:
    if state is None:
        return {}
    roles = {
        name: {k: state.root.keys[k] for k in role.keyids} for name, role in sorted(state.root.roles.items())
    }
    if state.targets.delegations is not None:
        keys = state.targets.delegations.keys
        for name, role in (state.targets.delegations.roles or {}).items():
            roles[name] = {k: keys[k] for k in role.keyids}
    return roles


def _log(before: State | None, after: State) -> Iterator[Line]:
    if before is not None and before.log == after.log:
        return
    log: LogTrust = after.log
    yield Line(
        f"Sổ công khai “{log.origin}”, khóa {log.log_key}",
        f"Log “{log.origin}”, key {log.log_key}",
        weight=True,
    )
    names = ", ".join(key.partition("+")[0] for key in log.witnesses) or "-"
    yield Line(
        f"Bên chứng kiến: cần {log.quorum} trong {len(log.witnesses)}: {names}",
        f"Witnesses: {log.quorum} needed of {len(log.witnesses)}: {names}",
    )
    operators = ", ".join(key.hex()[:16] for key in log.operator)
    hosts = ", ".join(log.hosts)
    yield Line(
        f"Khóa nhà vận hành {operators}; tên miền {hosts}", f"Operator keys {operators}; hosts {hosts}"
    )


def _keys(handover: Handover, before: State | None, after: State) -> Iterator[Line]:
    for province, keys in after.delegated.items():
        old = {key.path: key for key in (before.delegated.get(province, ()) if before is not None else ())}
        for key in keys:
            was = old.get(key.path)
            if was is None:
                yield _new_key(key, handover.names)
            elif was != key:
                yield _changed_key(was, key, handover.names)


def _new_key(key: DelegatedKey, names: Mapping[str, str]) -> Line:
    vi, en = KINDS[key.kind]
    where_vi = "toàn quốc" if key.province == NATIONAL else f"tỉnh {key.province}"
    return Line(
        f"GIAO QUYỀN cho {_name(key, names)} ({vi}, {where_vi}): khóa {_print(key)}, {_custody(key)[0]}, từ mục "
        f"{key.delegated_from} của sổ, đến hết {_day(key.until)}",
        f"DELEGATE to {_name(key, names)} ({en}, {key.province}): key {_print(key)}, {_custody(key)[1]}, from entry "
        f"{key.delegated_from} of the log, until {key.until:%Y-%m-%d}",
        weight=True,
    )


def _changed_key(was: DelegatedKey, key: DelegatedKey, names: Mapping[str, str]) -> Line:
    if key.last_good != was.last_good or key.reason != was.reason:
        return Line(
            f"THU HỒI khóa {_print(key)} của {_name(key, names)}: mọi văn bản sau mục {key.last_good} của sổ không còn "
            f"giá trị; lý do {key.reason}",
            f"REVOKE the key {_print(key)} of {_name(key, names)}: nothing it states after entry {key.last_good} "
            f"counts; reason {key.reason}",
            weight=True,
        )
    return Line(
        f"Khóa {_print(key)} của {_name(key, names)}: hạn {_day(was.until)} thành {_day(key.until)}",
        f"Key {_print(key)} of {_name(key, names)}: valid until {key.until:%Y-%m-%d} instead of {was.until:%Y-%m-%d}",
        weight=True,
    )


def _expiries(pending: Mapping[str, Metadata[Any]]) -> Iterator[Line]:
    for role, metadata in sorted(pending.items(), key=lambda item: rank(item[0])):
        signed = metadata.signed
        assert isinstance(signed, Root | Targets), "checked"
        yield Line(
            f"“{role}” phiên bản {signed.version}, có giá trị đến {_day(signed.expires)}",
            f"“{role}” version {signed.version}, valid until {signed.expires:%Y-%m-%d}",
        )


def signatures(wanted: tuple[Wanted, ...]) -> list[Line]:
    """Who has signed what, and who still may."""
    lines = []
    for want in wanted:
        signed, missing = ", ".join(want.signed) or "-", ", ".join(want.missing) or "-"
        count = f"“{want.role}” {want.version}: {len(want.signed)}/{want.threshold}"
        vi = f"{count} chữ ký. Đã ký: {signed}. Chưa ký: {missing}"
        lines.append(Line(vi, f"{count} signatures. Signed: {signed}. Not yet: {missing}", want.need > 0))
    return lines


def _name(key: DelegatedKey, names: Mapping[str, str]) -> str:
    name = names.get(key.issuer)
    return f"“{name}” ({key.issuer})" if name else key.issuer


def _print(key: DelegatedKey) -> str:
    return " ".join(key.key_id[i : i + 4] for i in range(0, 16, 4))


def _custody(key: DelegatedKey) -> tuple[str, str]:
    return ("đơn vị tự giữ", "own custody") if key.custody.value == "own" else ("ký hộ", "hosted")


def _day(at: dt.datetime) -> str:
    return f"{at.astimezone(HANOI):%d/%m/%Y}"
