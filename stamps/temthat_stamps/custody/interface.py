"""What hosted custody offers, whoever does it: `Vault` in this process, `SignerClient` by way of another one."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A key as the database keeps it: the raw public key, and the private one in a form only its signer opens.

    `sealed` is bound to its kind, issuer, public key and, for a stamp key, to its period: it opens as nothing else.
    """

    public_key: bytes
    sealed: bytes


class Custody(Protocol):
    """Makes, uses and closes issuers' keys. `issuer` is the opaque id (a UUID in its usual form) of statements.

    Every method raises `CustodyError` (see `custody.errors`) when it does not do what is asked.
    """

    def new_issuer_key(self, issuer: str) -> Wrapped:
        """A new key for an issuer's statements."""
        ...

    def new_stamp_key(self, issuer: str, opens: dt.datetime, closes: dt.datetime) -> Wrapped:
        """A new key for an issuer's stamps, good from `opens` to `closes`, at most 31 days."""
        ...

    def sign_statement(self, issuer: str, wrapped: Wrapped, body: Mapping[str, Any]) -> bytes:
        """The 64-byte signature of an issuer key over `statement.message_for(body)`; `statement.enclose` takes it."""
        ...

    def sign_stamps(
        self, issuer: str, wrapped: Wrapped, run: int, first: int, last: int, manifest: bytes, proof: bytes
    ) -> Iterator[tuple[int, bytes, bytes]]:
        """(serial, header, signature) for serials `first` to `last` of a run, in order.

        `manifest` is the run's statement as the log holds it, `proof` its tlog-proof under a witnessed checkpoint.
        """
        ...

    def close(self, issuer: str, public_key: bytes) -> None:
        """From now on this stamp key signs nothing; the caller forgets its sealed form as well. May be repeated."""
        ...
