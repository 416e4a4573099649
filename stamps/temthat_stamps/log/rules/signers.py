"""Who signed a statement, and whether that key's word counts at that place of the log."""

import sys
from array import array
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from temthat_stamps import ed25519
from temthat_stamps.errors import BadSignature, Fault, TrustError
from temthat_stamps.keys import key_id
from temthat_stamps.log.finding import Breach, Finding, FindingCode
from temthat_stamps.logged import Delegation, LogOpened, PublishedFile
from temthat_stamps.statement import Opened

if TYPE_CHECKING:  # `tuf` is needed only where a delegation is read
    import datetime as dt

    from temthat_stamps.trust.chain import TrustChain
    from temthat_stamps.trust.delegates import DelegatedKey

TrustFile = Callable[[str, PublishedFile], bytes]
"""Gives the bytes of a trust file by its name and digest. Raises OSError or `TrustError` where it is missing; one whose
fault is the network's ends the replay."""

PRODUCER = "producer"
NATIONAL = "national"
UNREVOKED = sys.maxsize
PENDING_LIMIT = 100_000
"""Most back-filled signatures kept until their key is delegated to, about 1 kB each."""


class Author(NamedTuple):
    """One key that signed and counts. `number` is how the tables name it.

    `kind` is empty for a back-filled statement whose key nobody has delegated to so far.
    """

    number: int
    issuer: str
    kind: str
    province: str


@dataclass(frozen=True, slots=True)
class _Pending:
    """A back-filled signature that can be checked only when its key is known."""

    index: int
    issuer: str | None
    message: bytes
    signature: bytes


class Signers:
    """The operator's keys and the delegated ones, as the log has named them so far."""

    def __init__(
        self, origin: str, trust_file: TrustFile, first_root: bytes | None, *, check_signatures: bool
    ) -> None:
        self._origin = origin
        self._trust_file = trust_file
        self._first_root = first_root
        self._check_signatures = check_signatures
        self._operators: dict[str, bytes] = {}
        self._chain: TrustChain | None = None
        self._numbers: dict[str, int] = {}
        self._issuers: list[str] = []
        self._provinces: list[str | None] = []
        self._last_good = array("q")
        self._refuted: set[int] = set()
        self._pending: dict[str, list[_Pending]] = {}
        self._pending_count = 0

    @property
    def chain(self) -> "TrustChain | None":
        """The delegations accepted so far; None before the first."""
        return self._chain

    @property
    def keys(self) -> "Mapping[str, DelegatedKey]":
        """Every issuer key delegated to so far, by key id."""
        return self._chain.keys if self._chain is not None else {}

    def issuer_of(self, number: int) -> str:
        """In whose name that key speaks."""
        return self._issuers[number]

    def province_of(self, number: int) -> str | None:
        """Which province delegated to that key; None while none has."""
        return self._provinces[number]

    def counts(self, number: int, index: int) -> bool:
        """Whether what that key signed at entry `index` counts, as far as is known by now."""
        return index <= self._last_good[number] and index not in self._refuted

    def is_known(self, key: str) -> bool:
        """Whether a key id belongs to the operator or to an issuer key."""
        return key in self._operators or key in self.keys or key in self._pending

    def open(self, stated: LogOpened, opened: Opened) -> None:
        """The log's first entry: signed by the operator key it names."""
        operators = {key_id(stated.operator): stated.operator}
        self._require_operator(opened, operators)
        self._operators = operators

    def require_operator(self, opened: Opened) -> None:
        """Raise `Breach` unless the operator signed."""
        self._require_operator(opened, self._operators)

    def _require_operator(self, opened: Opened, operators: Mapping[str, bytes]) -> None:
        for name, signature in opened.signatures.items():
            if name in operators:
                self._verify(name, operators[name], signature, opened.message)
                return
        raise Breach(FindingCode.NOT_THE_OPERATOR if opened.signatures else FindingCode.UNKNOWN_SIGNER)

    def authors(self, opened: Opened, index: int, at: "dt.datetime", *, backfilled: bool) -> list[Author]:
        """The delegated keys that signed and count here, at least one; signatures by others are ignored.

        Raises `Breach` for why the last of them does not count.
        """
        found, problem = [], Breach(FindingCode.UNKNOWN_SIGNER)
        keys = self.keys
        for name, signature in opened.signatures.items():
            key = keys.get(name)
            if key is None:
                continue
            try:
                key.check(max(index, key.delegated_from) if backfilled else index, at)
                self._verify(name, key.public_key, signature, opened.message)
            except TrustError as error:
                problem = Breach(FindingCode.KEY_NOT_VALID, key=name[:8], vi=error.vi, en=error.en)
            except Breach as breach:
                problem = breach
            else:
                found.append(Author(self._number(name, key.issuer), key.issuer, key.kind.value, key.province))
        if not found:
            raise problem
        return found

    def on_credit(self, opened: Opened, index: int, issuer: str) -> list[Author]:
        """Authors of a statement older than the log: on the operator's word, until their keys are delegated to."""
        names = [name for name in opened.signatures if name not in self._operators]
        if not names:
            raise Breach(FindingCode.UNKNOWN_SIGNER)
        claimed = issuer if len(names) == 1 else None
        if claimed and (known := self._issuers[self._number(names[0], issuer)]) != issuer:
            raise Breach(FindingCode.WRONG_ISSUER, issuer=issuer, signer=known)
        for name in names:
            if self._pending_count < PENDING_LIMIT:
                self._pending_count += 1
                self._pending.setdefault(name, []).append(
                    _Pending(index, claimed, opened.message, opened.signatures[name])
                )
        return [Author(self._number(name, claimed or ""), issuer, "", "") for name in names]

    def accept(
        self, stated: Delegation, opened: Opened
    ) -> "tuple[list[DelegatedKey], list[tuple[int, Breach]]]":
        """Take a publication, whole or not at all: the keys it brings or changes, and the entries that refutes.

        Signed by an operator key known before, or by one that this very publication names.
        """
        from temthat_stamps.trust.chain import TrustChain

        files = {name: self._read(name, file) for name, file in stated.files.items()}
        draft = copy(self._chain) if self._chain is not None else TrustChain(self._origin, self._first_root)
        before = self.keys
        try:
            draft.accept(files, stated.at)
        except TrustError as error:
            raise Breach(FindingCode.TRUST_REFUSED, vi=error.vi, en=error.en) from error
        for name, file in stated.files.items():
            version = draft.version("targets" if name == "log.json" else name)
            if file.version != version:
                vi, en = f"“{name}” là phiên bản {version}.", f"“{name}” is version {version}."
                raise Breach(FindingCode.TRUST_REFUSED, vi=vi, en=en)
        named = {key_id(raw): raw for raw in draft.log.operator} if draft.log else self._operators
        self._require_operator(opened, self._operators | named)
        self._operators, self._chain = named, draft
        changed = [key for name, key in draft.keys.items() if before.get(name) != key]
        return changed, [refuted for key in changed for refuted in self._settle(key)]

    def unvouched(self) -> Iterator[Finding]:
        """What is back-filled and still rests on the operator's word alone."""
        for name, entries in self._pending.items():
            for entry in entries:
                breach = Breach(FindingCode.BACKFILL_UNVOUCHED, key=name[:8])
                yield breach.finding(entry.index, stands=True)

    def _read(self, name: str, file: PublishedFile) -> bytes:
        try:
            data = self._trust_file(name, file)
        except TrustError as error:
            if error.fault is Fault.NETWORK:  # says nothing about the log: whoever asked tries again
                raise
            why = error.en
        except OSError as error:
            why = error.strerror or "not found"
        else:
            if len(data) == file.length and sha256(data).hexdigest() == file.sha256:
                return data
            why = "not the bytes that were published"
        raise Breach(FindingCode.TRUST_MISSING, name=name, version=file.version, why=why)

    def _settle(self, key: "DelegatedKey") -> Iterator[tuple[int, Breach]]:
        """A key is delegated to or changed: from where on it counts no more, and which entries it never signed."""
        name = key.key_id
        number = self._number(name, key.issuer)
        self._issuers[number], self._provinces[number] = key.issuer, key.province
        self._last_good[number] = UNREVOKED if key.last_good is None else key.last_good
        for entry in self._pending.pop(name, ()):
            self._pending_count -= 1
            try:
                self._verify(name, key.public_key, entry.signature, entry.message)
                if entry.issuer not in (None, key.issuer):
                    raise Breach(FindingCode.WRONG_ISSUER, issuer=entry.issuer, signer=key.issuer)  # noqa: TRY301
            except Breach as breach:
                self._refuted.add(entry.index)
                yield entry.index, breach

    def _number(self, name: str, issuer: str) -> int:
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._issuers)
            self._issuers.append(issuer)
            self._provinces.append(None)
            self._last_good.append(UNREVOKED)
        elif issuer and not self._issuers[number]:
            self._issuers[number] = issuer
        return number

    def _verify(self, name: str, public_key: bytes, signature: bytes, message: bytes) -> None:
        if not self._check_signatures:
            return
        try:
            ed25519.verify(_load(public_key), signature, message)
        except BadSignature as error:
            raise Breach(FindingCode.BAD_SIGNATURE, key=name[:8]) from error


@lru_cache(maxsize=8192)
def _load(raw: bytes) -> Ed25519PublicKey:
    return ed25519.load_public_key(raw)
