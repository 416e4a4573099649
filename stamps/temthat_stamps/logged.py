"""What the operator states in the log: its opening, delegations, run numbers lent, bundles and apps published.

The operator's key is named by the alliance's trust data (`log.json`). It signs nothing else; no stamp depends on it.
"""

import base64
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from temthat_stamps.code import RUN_MAX
from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import Fields, instant
from temthat_stamps.manifest import Activated, KeyClosed, KeyOpened, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice
from temthat_stamps.statement import StatementType, begin

FILES_LIMIT = 100
"""Most trust files named by one delegation statement."""


@dataclass(frozen=True, slots=True)
class LogOpened:
    """The first entry. The `backfill` entries after it were stated before there was a log, and are marked by that."""

    origin: str
    operator: bytes
    backfill: int
    at: dt.datetime

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return begin(StatementType.LOG_OPENED, self.origin) | {
            "operator": base64.b64encode(self.operator).decode(),
            "backfill": self.backfill,
            "at": instant(self.at),
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        return cls(f.text("origin"), f.raw("operator", 32), f.count("backfill"), f.instant("at"))


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file that is kept for ever beside the log under its name: `version` counts up, `sha256` in hex."""

    version: int
    length: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Delegation:
    """Trust files (TUF metadata, and `log.json`) published now: from here on they decide who may state what."""

    origin: str
    files: Mapping[str, PublishedFile]
    at: dt.datetime

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        files = {
            name: {"version": f.version, "length": f.length, "sha256": f.sha256}
            for name, f in self.files.items()
        }
        return begin(StatementType.DELEGATION, self.origin) | {"files": files, "at": instant(self.at)}

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        records = f.mapping("files")
        if not 1 <= len(records) <= FILES_LIMIT:
            raise BadStatement(f"a delegation names 1 to {FILES_LIMIT} files")
        files = {name: _published(Fields(f.mapping("files")).record(name)) for name in records}
        return cls(f.text("origin"), files, f.instant("at"))


def _published(f: Fields) -> PublishedFile:
    return PublishedFile(f.count("version", 1), f.count("length"), f.hex("sha256", 32))


@dataclass(frozen=True, slots=True)
class Block:
    """Run numbers reserved for an issuer that signs without a network; nobody else may use them."""

    origin: str
    issuer: str
    first: int
    last: int
    at: dt.datetime

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return begin(StatementType.BLOCK, self.origin) | {
            "issuer": self.issuer,
            "first": self.first,
            "last": self.last,
            "at": instant(self.at),
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        first = f.count("first", 1, RUN_MAX)
        return cls(
            f.text("origin"), f.identity("issuer"), first, f.count("last", first, RUN_MAX), f.instant("at")
        )


@dataclass(frozen=True, slots=True)
class BundlePublished:
    """The offline bundle made from entries [0, size): the SHA-256 of its list of files, hex."""

    origin: str
    size: int
    sha256: str
    complete_to_run: int
    at: dt.datetime

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return begin(StatementType.BUNDLE, self.origin) | {
            "size": self.size,
            "sha256": self.sha256,
            "complete_to_run": self.complete_to_run,
            "at": instant(self.at),
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        return cls(
            f.text("origin"), f.count("size"), f.hex("sha256", 32), f.count("complete_to_run", 0, RUN_MAX),
            f.instant("at"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AppPublished:
    """The phone app as the service hands it out from now on: the digest of its files, hex (docs/app.md)."""

    origin: str
    sha256: str
    at: dt.datetime

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return begin(StatementType.APP, self.origin) | {"sha256": self.sha256, "at": instant(self.at)}

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        return cls(f.text("origin"), f.hex("sha256", 32), f.instant("at"))


Stated = (
    KeyOpened
    | KeyClosed
    | Sources
    | RunManifest
    | Activated
    | IssuedNotice
    | LogOpened
    | Delegation
    | Block
    | BundlePublished
    | AppPublished
)
"""Everything an entry of the log can say. Each has `origin`, `at` and `body()`."""

_READERS: dict[StatementType, Any] = {
    StatementType.KEY_OPENED: KeyOpened,
    StatementType.KEY_CLOSED: KeyClosed,
    StatementType.SOURCES: Sources,
    StatementType.RUN: RunManifest,
    StatementType.ACTIVATED: Activated,
    StatementType.NOTICE: IssuedNotice,
    StatementType.LOG_OPENED: LogOpened,
    StatementType.DELEGATION: Delegation,
    StatementType.BLOCK: Block,
    StatementType.BUNDLE: BundlePublished,
    StatementType.APP: AppPublished,
}


def read_body(body: Mapping[str, Any]) -> Stated:
    """What a body states. Raises `BadStatement` for another version, an unknown type, or a malformed member."""
    f = Fields(body)
    f.equal("v", 1)
    stated: Stated = _READERS[f.word("type", StatementType)].parse(body)
    return stated
