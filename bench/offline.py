"""Judging without a network against bare signature verification: what reading, looking up and reasons cost.

Goal: at least 0.8. Every text is another stamp, so that nothing is answered from a cache.
"""

import datetime as dt
import uuid
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.signing import in_turns
from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.contacts import Contact, write_contacts
from temthat_stamps.bundle.listing import CONTACTS_FILE, Listed, Listing, shard_file
from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.publish import names_of
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.code import encode, stamp_url
from temthat_stamps.keys import key_id, public_bytes
from temthat_stamps.logged import Delegation
from temthat_stamps.manifest import Custody, KeyOpened, Names, RunManifest
from temthat_stamps.signing import CONTEXT, sign_serials
from temthat_stamps.trust.delegates import DelegatedKey, IssuerKind
from temthat_stamps.verdict import Word

HOST = "tem.example.vn"
ORIGIN = f"{HOST}/log"
AS_OF = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
RUNS = 50
ISSUER = str(uuid.UUID(int=1))
NAMES, SALT = Names("HTX Mẫu", "Mật ong", "Chai", "L1"), b"sixteen of salt!"


def figures(small: bool) -> list[dict[str, Any]]:
    """Verdicts a CPU-second, in turns with the library's own verification of the same stamps."""
    each = 2 if small else 8
    key = Ed25519PrivateKey.generate()
    trust = trust_of(public_bytes(key), each)
    signed = [
        (header, signature)
        for run in range(1, RUNS + 1)
        for _, header, signature in sign_serials(key, run, range(1, each + 1))
    ]
    texts = [stamp_url(HOST, encode(header, signature)) for header, signature in signed]
    checks = [(signature, CONTEXT + header) for header, signature in signed]
    now = AS_OF + dt.timedelta(days=1)
    assert all(judge_offline(text, trust, now).verdict.word is Word.GENUINE_OFFLINE for text in texts)

    def bare() -> None:
        verify = key.public_key().verify
        for signature, message in checks:
            verify(signature, message)

    def verdicts() -> None:
        for text in texts:
            judge_offline(text, trust, now)

    raw, ours = in_turns(bare, verdicts)
    return [
        {
            "name": "offline verdict",
            "value": len(texts) / ours,
            "unit": "verdicts/CPU-s",
            "baseline": f"bare verification: {len(texts) / raw:,.0f}/CPU-s",
            "ratio": raw / ours,
        }
    ]


def trust_of(public_key: bytes, serials: int) -> TrustView:
    """A bundle as a province's scanner has it: key, runs, names, an issuer, nothing special about any."""
    builder = BundleBuilder(ORIGIN)
    closes = AS_OF.replace(day=31)
    delegated = DelegatedKey(
        ISSUER, IssuerKind.PRODUCER, "96", bytes(32), Custody.HOSTED, 0, closes, None, None, ""
    )
    builder.apply(0, Delegation(ORIGIN, {}, AS_OF), AS_OF)
    builder.delegate(0, [delegated])
    builder.apply(1, KeyOpened(ORIGIN, ISSUER, public_key, AS_OF, closes, Custody.HOSTED), AS_OF)
    for run in range(1, RUNS + 1):
        batch = str(uuid.UUID(int=1000 + run))
        manifest = RunManifest(
            ORIGIN, run, serials, key_id(public_key), ISSUER, ISSUER, batch, None, False, AS_OF.date(), None, False,
            serials, False, None, NAMES.commitment(SALT), "0" * 64, AS_OF,
        )  # fmt: skip
        builder.apply(1 + run, manifest, AS_OF)
    files = {CONTACTS_FILE: write_contacts({ISSUER: Contact("HTX Mẫu", "")})}
    for name, data in builder.files().items():
        if shard := shard_file(name):
            files[shard.names] = names_of(shard, data, lambda _: (NAMES, SALT))
    listed = {name: Listed(len(data), "0" * 64) for name, data in files.items()}
    files |= builder.files()
    return TrustView(Listing.parse(builder.listing(RUNS + 2, AS_OF, [HOST], listed)), files.get)
