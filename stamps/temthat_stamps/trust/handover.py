"""What is carried between the machines of a ceremony: one .zip file with new metadata and all it takes to judge it.

    handover.json                what it is for, when it was made, what issuers are called (as the maker says; unsigned)
    base/<public name>           what is published now; empty at the founding
    pending/<role>.json          new metadata, signed so far by some
    targets/<path>               new target files: enrolment requests, log.json

Each holder's machine checks everything in it before it signs, and needs no network.
"""

import datetime as dt
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Self

from securesystemslib.signer import Key, Signer  # type: ignore[attr-defined]
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Targets

from temthat_stamps.errors import BadStatement, Fault
from temthat_stamps.fields import Fields, instant
from temthat_stamps.files import replace_file
from temthat_stamps.trust.accepted import Accepted, accept
from temthat_stamps.trust.changes import Pending, State, check_changes
from temthat_stamps.trust.errors import CeremonyRefused, wrong_signature
from temthat_stamps.trust.rolekeys import holder_of
from temthat_stamps.trust.roles import ROOT, TARGETS, is_province_role, province_of, rank
from temthat_trace.zips import DAMAGED, open_zip

SIZE_LIMIT = 100_000_000
_ENTRIES = 5_000
_FIRST_ROOT = re.compile(r"([1-9][0-9]{0,5})\.root\.json", re.ASCII)


class Purpose(StrEnum):
    """What a handover was made for."""

    FOUND = "found"
    APPROVE = "approve"
    REVOKE = "revoke"
    RENEW = "renew"
    ROTATE = "rotate"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One threshold to be met: `signed` and `missing` are holders; `need` is how many signatures are still missing."""

    role: str
    version: int
    threshold: int
    signed: tuple[str, ...]
    missing: tuple[str, ...]
    need: int


@dataclass(frozen=True, slots=True)
class Handover:
    """New metadata on its way to enough signatures. Never changed: signing and joining give a new one."""

    purpose: Purpose
    at: dt.datetime
    base: Mapping[str, bytes]
    pending: Pending
    files: Mapping[str, bytes] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def accepted_base(self) -> Accepted | None:
        """What is published now, every signature checked (not its expiry); None at the founding.

        It starts from the oldest root in the handover, whose fingerprint people compare. Raises `BadTrustData`.
        """
        roots = sorted(int(match[1]) for match in map(_FIRST_ROOT.fullmatch, self.base) if match)
        if not roots:
            return None
        provinces = list(_provinces(self.base))
        return accept(self.base.get, self.base[f"{roots[0]}.root.json"], None, provinces)

    def check(self) -> State:
        """What would be in force. Raises what `check_changes` raises."""
        return check_changes(self.pending, self.files, self.accepted_base())

    def wanted(self) -> tuple[Wanted, ...]:
        """Every threshold, met or not. A new root has two: the old root's and its own."""
        base = self.accepted_base()
        return tuple(
            _count(role, metadata, delegator)
            for role, metadata in sorted(self.pending.items(), key=lambda item: rank(item[0]))
            for delegator in self._delegators(role, base)
        )

    def _delegators(self, role: str, base: Accepted | None) -> list[Root | Targets]:
        """Who says whose signatures a role needs."""
        new_root, new_targets = self.pending.get(ROOT), self.pending.get(TARGETS)
        old: tuple[Root | None, Targets | None] = (
            (base.root, base.targets) if base is not None else (None, None)
        )
        root = new_root.signed if new_root is not None else old[0]
        targets = new_targets.signed if new_targets is not None else old[1]
        superiors = [old[0], root] if role == ROOT else [root if role == TARGETS else targets]
        return [s for s in superiors if isinstance(s, Root | Targets)]

    def sign(self, signer: Signer) -> tuple["Handover", tuple[str, ...]]:
        """With this holder's signature wherever it is wanted, and for which roles. Checks everything first.

        Raises `CeremonyRefused` if this key is wanted nowhere.
        """
        self.check()
        base, keyid = self.accepted_base(), signer.public_key.keyid
        signed = dict(self.pending)
        roles = []
        for role in sorted(self.pending, key=rank):
            if any(keyid in d.get_delegated_role(role).keyids for d in self._delegators(role, base)):
                signed[role] = copy_of(self.pending[role])
                signed[role].sign(signer, append=True)
                roles.append(role)
        if not roles:
            raise refused(
                "Khóa này không nằm trong danh sách người ký của gói này. Xem “temthat trust show”.",
                "This key is none of those that sign this. See “temthat trust show”.",
            )
        return replace(self, pending=signed), tuple(roles)

    def join(self, others: Iterable["Handover"]) -> "Handover":
        """Signatures of copies that were signed apart. Raises `CeremonyRefused` if they are not copies of this one."""
        joined = {role: copy_of(metadata) for role, metadata in self.pending.items()}
        for other in others:
            if set(other.pending) != set(joined) or any(
                other.pending[role].signed_bytes != metadata.signed_bytes for role, metadata in joined.items()
            ):
                raise refused(
                    "Các tệp này không phải bản sao của cùng một gói.",
                    "These are not copies of one handover.",
                )
            for role, metadata in joined.items():
                metadata.signatures.update(other.pending[role].signatures)
        return replace(self, pending=joined)

    def require_complete(self) -> None:
        """Raise `WrongSignature`, naming who is missing, unless every threshold is met."""
        for wanted in self.wanted():
            if wanted.need:
                missing = ", ".join(wanted.missing)
                raise wrong_signature(f"{wanted.role}: {len(wanted.signed)}/{wanted.threshold}; {missing}")

    def write(self, path: Path) -> None:
        """Put it into one file, in one step."""
        head = {"v": 1, "purpose": self.purpose.value, "at": instant(self.at), "names": dict(self.names)}
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("handover.json", json.dumps(head, ensure_ascii=False, indent=1))
            for name, data in sorted(self.base.items()):
                archive.writestr(f"base/{name}", data)
            for role, metadata in sorted(self.pending.items()):
                archive.writestr(f"pending/{role}.json", metadata.to_bytes())
            for name, data in sorted(self.files.items()):
                archive.writestr(f"targets/{name}", data)
        replace_file(path, out.getvalue())

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read such a file; nothing in it is believed yet. Raises `CeremonyRefused`, `OSError`."""
        with path.open("rb") as file:
            return cls._read(file, path)

    @classmethod
    def _read(cls, file: BinaryIO, path: Path) -> Self:
        try:
            parts = _unzip(file)
            head = json.loads(parts[""]["handover.json"])
            f = Fields(head)
            f.equal("v", 1)
            pending = {
                name.removesuffix(".json"): Metadata[Any].from_bytes(data)
                for name, data in parts.get("pending", {}).items()
            }
            names = {str(k)[:36]: str(v)[:200] for k, v in f.mapping("names").items()}
            purpose, at = f.word("purpose", Purpose), f.instant("at")
        except (KeyError, TypeError, RepositoryError, BadStatement, *DAMAGED) as error:
            raise _no_handover(path) from error
        return cls(purpose, at, parts.get("base", {}), pending, parts.get("targets", {}), names)


def copy_of(metadata: Metadata[Any]) -> Metadata[Any]:
    """The same with signatures of its own."""
    return Metadata[Any].from_bytes(metadata.to_bytes())


def _provinces(base: Mapping[str, bytes]) -> Iterable[str]:
    for name in base:
        version, _, rest = name.partition(".")
        role = rest.removesuffix(".json")
        if version.isdigit() and is_province_role(role):
            yield province_of(role)


def _count(role: str, metadata: Metadata[Any], delegator: Root | Targets) -> Wanted:
    result = delegator.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    return Wanted(
        role,
        metadata.signed.version,
        result.threshold,
        _holders(result.signed.values()),
        _holders(result.unsigned.values()),
        result.missing,
    )


def _holders(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(sorted(holder_of(key) for key in keys))


def _unzip(file: BinaryIO) -> dict[str, dict[str, bytes]]:
    """The files by their folder. Bounded before anything is unpacked."""
    with open_zip(file) as archive:
        entries = [info for info in archive.infolist() if not info.is_dir()]
        if len(entries) > _ENTRIES or sum(info.file_size for info in entries) > SIZE_LIMIT:
            raise ValueError("too large")
        parts: dict[str, dict[str, bytes]] = {}
        for info in entries:
            folder, slash, name = info.filename.partition("/")
            parts.setdefault(folder if slash else "", {})[name if slash else folder] = archive.read(info)
    return parts


def _no_handover(path: Path) -> CeremonyRefused:
    return refused(f"{path.name} không phải gói bàn giao.", f"{path.name} is no handover.")


def refused(vi: str, en: str) -> CeremonyRefused:
    """A step that cannot be done with what was given."""
    return CeremonyRefused(Fault.STORE, vi, en)
