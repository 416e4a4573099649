"""What an issuer states of its keys, its batches' sources, and its runs.

No names in any of it: opaque ids, dates, quantities, and a salted commitment to issuer, product, pack form and lot,
whose opening lives in the erasable store. Quantities are public by design.
"""

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import rfc8785

from temthat_stamps.code import RUN_MAX, SERIAL_MAX
from temthat_stamps.fields import Fields, instant
from temthat_stamps.keys import key_hint
from temthat_stamps.statement import StatementType, begin

SALT_SIZE = 16
SOURCES_LIMIT = 500
"""Most sources in one statement; a batch with more has several, numbered, so that each stays below 32 kB."""


class Custody(StrEnum):
    """Who keeps an issuer's private keys: the service, or the cooperative itself."""

    HOSTED = "hosted"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Names:
    """What a manifest commits to without saying it."""

    issuer: str
    product: str
    pack_form: str
    lot: str

    def commitment(self, salt: bytes) -> str:
        """SHA-256, hex, over the RFC 8785 form of the names and the salt (16 bytes)."""
        record = {
            "salt": salt.hex(),
            "issuer": self.issuer,
            "product": self.product,
            "pack_form": self.pack_form,
            "lot": self.lot,
        }
        return hashlib.sha256(rfc8785.dumps(record)).hexdigest()


@dataclass(frozen=True, slots=True)
class KeyOpened:
    """The announcement of a stamp key, before its first use."""

    origin: str
    issuer: str
    public_key: bytes
    opens: dt.datetime
    closes: dt.datetime
    custody: Custody

    @property
    def at(self) -> dt.datetime:
        """When it was stated."""
        return self.opens

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return begin(StatementType.KEY_OPENED, self.origin) | {
            "issuer": self.issuer,
            "hint": key_hint(self.public_key).hex(),
            "public_key": base64.b64encode(self.public_key).decode(),
            "opens": instant(self.opens),
            "closes": instant(self.closes),
            "custody": self.custody.value,
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        key = f.raw("public_key", 32)
        f.equal("hint", key_hint(key).hex())
        return cls(
            f.text("origin"), f.identity("issuer"), key, f.instant("opens"), f.instant("closes"),
            Custody.HOSTED if f.absent("custody") else f.word("custody", Custody),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class KeyClosed:
    """A stamp key's end: by its issuer at any time, by the operator once its period is over."""

    origin: str
    issuer: str
    stamp_key: str
    at: dt.datetime

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return begin(StatementType.KEY_CLOSED, self.origin) | {
            "issuer": self.issuer,
            "stamp_key": self.stamp_key,
            "at": instant(self.at),
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        return cls(f.text("origin"), f.identity("issuer"), f.hex("stamp_key", 32), f.instant("at"))


@dataclass(frozen=True, slots=True)
class Sources:
    """Batches that a batch was made from, before its first run: part `part` of `parts`."""

    origin: str
    issuer: str
    batch: str
    sources: tuple[str, ...]
    part: int
    parts: int
    at: dt.datetime

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return begin(StatementType.SOURCES, self.origin) | {
            "issuer": self.issuer,
            "batch": self.batch,
            "sources": list(self.sources),
            "part": self.part,
            "parts": self.parts,
            "at": instant(self.at),
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        parts = f.count("parts", 1, 10_000)
        return cls(
            f.text("origin"), f.identity("issuer"), f.identity("batch"), f.identities("sources", SOURCES_LIMIT),
            f.count("part", 1, parts), parts, f.instant("at"),
        )  # fmt: skip


def split_sources(
    origin: str, issuer: str, batch: str, sources: Sequence[str], at: dt.datetime
) -> Iterator[Sources]:
    """The statements that together name all of a batch's sources; none for a batch without."""
    parts = -(-len(sources) // SOURCES_LIMIT)
    for part in range(parts):
        some = tuple(sources[part * SOURCES_LIMIT : (part + 1) * SOURCES_LIMIT])
        yield Sources(origin, issuer, batch, some, part + 1, parts, at)


@dataclass(frozen=True, slots=True)
class Replaced:
    """Stamps of an earlier run that a reprint replaces; they are void before it is registered."""

    run: int
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many stamps."""
        return self.last - self.first + 1

    def body(self) -> dict[str, int]:
        """As a member of the run's statement."""
        return {"run": self.run, "first": self.first, "last": self.last}


@dataclass(frozen=True, slots=True)
class RunManifest:
    """One run: which serials, by which stamp key (its id), of what, when, and how many packs the batch fills."""

    origin: str
    run: int
    count: int
    stamp_key: str
    issuer: str
    pack_form: str
    batch: str
    gtin: str | None
    gs1: bool
    made_on: dt.date
    expires_on: dt.date | None
    needs_activation: bool
    packs: int | None
    """Packs of this form that the batch's quantity fills: with it, over-issue can be counted from the log alone.

    None only in manifests older than the log.
    """
    beyond: bool
    """Whether somebody gave a reason for more stamps than that and the stated overage."""
    replaces: Replaced | None
    commitment: str
    events: str
    registered_at: dt.datetime

    @property
    def at(self) -> dt.datetime:
        """When it was stated."""
        return self.registered_at

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return begin(StatementType.RUN, self.origin) | {
            "run": self.run,
            "first": 1,
            "last": self.count,
            "stamp_key": self.stamp_key,
            "issuer": self.issuer,
            "pack_form": self.pack_form,
            "batch": self.batch,
            "gtin": self.gtin,
            "gs1": self.gs1,
            "made_on": self.made_on.isoformat(),
            "expires_on": self.expires_on.isoformat() if self.expires_on else None,
            "needs_activation": self.needs_activation,
            "packs": self.packs,
            "beyond": self.beyond,
            "replaces": self.replaces.body() if self.replaces else None,
            "commitment": self.commitment,
            "events": self.events,
            "registered_at": instant(self.registered_at),
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        f.equal("first", 1)
        return cls(
            origin=f.text("origin"),
            run=f.count("run", 1, RUN_MAX),
            count=f.count("last", 1, SERIAL_MAX),
            stamp_key=f.hex("stamp_key", 32),
            issuer=f.identity("issuer"),
            pack_form=f.identity("pack_form"),
            batch=f.identity("batch"),
            gtin=None if f.absent("gtin") else f.digits("gtin", 14),
            gs1=f.flag("gs1"),
            made_on=f.day("made_on"),
            expires_on=None if f.absent("expires_on") else f.day("expires_on"),
            needs_activation=f.flag("needs_activation"),
            packs=None if f.absent("packs") else f.count("packs"),
            beyond=False if f.absent("beyond") else f.flag("beyond"),
            replaces=None if f.absent("replaces") else _replaced(f.record("replaces")),
            commitment=f.hex("commitment", 32),
            events=f.hex("events", 32),
            registered_at=f.instant("registered_at"),
        )


def _replaced(f: Fields) -> Replaced:
    first = f.count("first", 1, SERIAL_MAX)
    return Replaced(f.count("run", 1, RUN_MAX), first, f.count("last", first, SERIAL_MAX))


@dataclass(frozen=True, slots=True)
class Activated:
    """A run that chose activation is on goods from now on: its stamps are `not_applied` no longer."""

    origin: str
    issuer: str
    run: int
    at: dt.datetime

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return begin(StatementType.ACTIVATED, self.origin) | {
            "issuer": self.issuer,
            "run": self.run,
            "at": instant(self.at),
        }

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> Self:
        """Read a body. Raises `BadStatement`."""
        f = Fields(body)
        return cls(f.text("origin"), f.identity("issuer"), f.count("run", 1, RUN_MAX), f.instant("at"))
