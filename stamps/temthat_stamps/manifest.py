"""What an issuer states of a run, and of the opening and closing of a stamp key.

No names in it: opaque ids, dates, quantities, and a salted commitment to issuer, product, pack form and lot, whose
opening lives in the erasable store. Quantities are public by design.
"""

import base64
import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

import rfc8785

from temthat_stamps.keys import key_hint, key_id
from temthat_stamps.statement import StatementType

SALT_SIZE = 16


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
class RunManifest:
    """One run: which serials, by which stamp key, of what, when. `stamp_key` is the raw public key."""

    origin: str
    run: int
    count: int
    stamp_key: bytes
    issuer: str
    pack_form: str
    batch: str
    gtin: str | None
    gs1: bool
    made_on: dt.date
    expires_on: dt.date | None
    needs_activation: bool
    commitment: str
    events: str
    registered_at: dt.datetime

    def body(self) -> dict[str, Any]:
        """The statement's JSON object."""
        return {
            "v": 1,
            "type": StatementType.RUN.value,
            "origin": self.origin,
            "run": self.run,
            "first": 1,
            "last": self.count,
            "stamp_key": key_id(self.stamp_key),
            "issuer": self.issuer,
            "pack_form": self.pack_form,
            "batch": self.batch,
            "gtin": self.gtin,
            "gs1": self.gs1,
            "made_on": self.made_on.isoformat(),
            "expires_on": self.expires_on.isoformat() if self.expires_on else None,
            "needs_activation": self.needs_activation,
            "commitment": self.commitment,
            "events": self.events,
            "registered_at": instant(self.registered_at),
        }


def key_opened(
    origin: str, issuer: str, public_key: bytes, opens: dt.datetime, closes: dt.datetime
) -> dict[str, Any]:
    """The announcement of a stamp key, before its first use."""
    return {
        "v": 1,
        "type": StatementType.KEY_OPENED.value,
        "origin": origin,
        "issuer": issuer,
        "hint": key_hint(public_key).hex(),
        "public_key": base64.b64encode(public_key).decode(),
        "opens": instant(opens),
        "closes": instant(closes),
    }


def instant(at: dt.datetime) -> str:
    """An instant as statements write it: UTC, whole seconds, Z."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
