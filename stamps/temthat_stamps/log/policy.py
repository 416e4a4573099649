"""Which log is meant, and how many of which witnesses must have seen a checkpoint before it counts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.note import KeyKind, VerifierKey


class BadPolicy(TrustError):
    """A policy that no checkpoint could meet, or that one party alone could."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(
            Fault.OPERATOR,
            f"Chính sách bên chứng kiến sai: {vi}. Sửa lại danh sách khoá trong dữ liệu tin cậy",
            f"The witness policy is wrong: {en}. Correct the list of keys in the trust data",
        )


class TooFewWitnesses(TrustError):
    """Fewer witnesses than the policy asks for: the checkpoint may have been shown to us alone.

    `found` of `needed`. The operator's fault in something published; the network's while cosignatures are collected.
    """

    def __init__(self, found: int, needed: int, fault: Fault = Fault.OPERATOR, why: str = "") -> None:
        super().__init__(
            fault,
            f"Mới có {found} bên chứng kiến xác nhận sổ, cần {needed}. Hãy thử lại sau; nếu vẫn vậy, báo cho đơn vị "
            f"vận hành{why and f' ({why})'}",
            f"Cosigned by {found} of {needed} witnesses needed. Try again later; if it stays so, tell whoever runs the "
            f"log{why and f' ({why})'}",
        )
        self.found = found
        self.needed = needed


@dataclass(frozen=True, slots=True)
class Policy:
    """A log by origin and key, its witnesses, and how many of them are needed. Raises `BadPolicy`.

    A witness counts once by its name, however many keys it has here (an old and a new one) and however many lines
    it wrote. No key is the log's too, and none goes under two names: a cosignature does not say whose it is.
    """

    origin: str
    log_key: VerifierKey
    witnesses: tuple[VerifierKey, ...]
    quorum: int

    def __post_init__(self) -> None:
        if self.log_key.kind is not KeyKind.ED25519:
            raise BadPolicy("khoá của sổ không phải loại Ed25519", "the log's key is not of type Ed25519")
        names: dict[bytes, str] = {}
        for key in self.witnesses:
            if key.kind is not KeyKind.COSIGNATURE_V1:
                raise BadPolicy(
                    f"“{key.name}” không phải khoá đồng ký", f"“{key.name}” is no cosignature key"
                )
            if names.setdefault(key.public_key, key.name) != key.name:
                raise BadPolicy(f"khoá của “{key.name}” có hai tên", f"the key of “{key.name}” has two names")
        if self.log_key.public_key in names:
            raise BadPolicy("sổ tự chứng kiến cho mình", "the log is its own witness")
        if not 0 <= self.quorum <= len(set(names.values())):
            raise BadPolicy(
                f"cần {self.quorum} trong số {len(set(names.values()))} bên chứng kiến",
                f"it needs {self.quorum} of {len(set(names.values()))} witnesses",
            )

    @classmethod
    def parse(cls, origin: str, log_key: str, witnesses: Sequence[str], quorum: int) -> Self:
        """A policy from verifier keys as text. Raises `BadNote`, `BadPolicy`."""
        return cls(origin, VerifierKey.parse(log_key), tuple(map(VerifierKey.parse, witnesses)), quorum)

    def require(self, names: Collection[str]) -> None:
        """Raise `TooFewWitnesses` unless these witnesses, whose cosignatures were verified, are enough."""
        if len(names) < self.quorum:
            raise TooFewWitnesses(len(names), self.quorum)
