"""Auditing a whole log against bare signature verification, and the memory it takes.

The log is the country's: provinces, issuers that open a stamp key each, then runs, one batch each, and some notices.
The audit runs in a process of its own, so that its memory is its own.
"""

import base64
import datetime as dt
import json
import resource
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.ed25519 import load_public_key
from temthat_stamps.keys import key_id
from temthat_stamps.log.audit import audit
from temthat_stamps.log.checkpoint import Checkpoint, sign_checkpoint
from temthat_stamps.log.folder import LogFolder
from temthat_stamps.log.note import NoteSigner
from temthat_stamps.log.reader import open_log
from temthat_stamps.logged import Delegation, LogOpened, Stated
from temthat_stamps.manifest import Custody, KeyOpened, RunManifest
from temthat_stamps.notice import IssuedNotice, Notice, stamps_target
from temthat_stamps.sealing import Sealer
from temthat_stamps.signer import KeySigner
from temthat_stamps.statement import PAYLOAD_TYPE, open_envelope
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.trust.enrolment import Enrolment, sign_enrolment
from temthat_stamps.trust.house import HouseCeremony
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import online_keys
from temthat_stamps.verdict import NoticeKind

ORIGIN = "tem.example.vn/log"
AT = dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
PROVINCES = tuple(f"{code:02d}" for code in range(1, 35))
NOTICE_EVERY = 20
_GROUP = 16_384


class _Issuer:
    """An issuer, its issuer key and its stamp key."""

    def __init__(self) -> None:
        self.id = _id()
        self.signer, self.stamp_key = (KeySigner(Ed25519PrivateKey.generate()) for _ in range(2))
        self.stamp_key_id = key_id(self.stamp_key.public_key)


def figures(small: bool) -> list[dict[str, Any]]:
    """Entries audited a second, from reading the files to the last rule; memory a run."""
    entries, issuers = (10_000, 3) if small else (1_000_000, 100)
    with TemporaryDirectory() as name:
        folder = Path(name) / "public"
        vkey = build(folder, entries, issuers)
        command = [sys.executable, "-m", "bench.audit", str(folder), vkey]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["findings"] == 0
    return [
        {
            "name": f"audit of {told['size']:,} entries",
            "value": told["size"] / told["cpu"],
            "unit": "entries/CPU-s",
            "baseline": f"bare verification: {told['bare']:,.0f}/CPU-s",
            "ratio": told["size"] / told["cpu"] / told["bare"],
        },
        {
            "name": "memory of that audit",
            "value": told["grown"] / told["runs"],
            "unit": "bytes/run",
            "baseline": f"{told['peak'] / 2**20:,.0f} MB in all",
            "ratio": None,
        },
    ]


def build(folder: Path, entries: int, issuers_each: int) -> str:
    """A log of that many entries with a signed checkpoint; its verifier key."""
    operator, signer = (KeySigner(Ed25519PrivateKey.generate()) for _ in range(2))
    log = NoteSigner(ORIGIN, signer)
    trust = LogTrust(ORIGIN, log.vkey, (), 0, (operator.public_key,), ("tem.example.vn",))
    house = HouseCeremony(
        folder.parent / "holders", folder / "trust", online_keys(Sealer(bytes(32))), mode="demo"
    )
    writer = LogFolder(folder)
    size, root = 0, b""
    for group in _groups(_entries(entries, issuers_each, operator, house, trust)):
        size, root = writer.integrate(size, group)
    writer.write_checkpoint(sign_checkpoint(Checkpoint(ORIGIN, size, root), log))
    return log.vkey


def _entries(
    entries: int, issuers_each: int, operator: KeySigner, house: HouseCeremony, trust: LogTrust
) -> Iterator[bytes]:
    yield _signed(LogOpened(ORIGIN, operator.public_key, 0, AT), operator)
    yield _signed(Delegation(ORIGIN, house.found(trust, PROVINCES, AT), AT), operator)
    issuers = []
    for index, province in enumerate(PROVINCES, 2):
        # Province by province, as it is: whoever signs a publication checks every request in it.
        some = [_Issuer() for _ in range(issuers_each)]
        requests = [_request(issuer, province) for issuer in some]
        yield _signed(Delegation(ORIGIN, house.approve(requests, index, AT), AT), operator)
        issuers += some
    closes = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    for issuer in issuers:
        opened = KeyOpened(ORIGIN, issuer.id, issuer.stamp_key.public_key, AT, closes, Custody.HOSTED)
        yield _signed(opened, issuer.signer)
    yield from _runs(entries - 2 - len(PROVINCES) - len(issuers), issuers)


def _request(issuer: _Issuer, province: str) -> bytes:
    asked = Enrolment(
        ORIGIN, issuer.id, IssuerKind.PRODUCER, province, issuer.signer.public_key, Custody.HOSTED, AT
    )
    return sign_enrolment(asked, issuer.signer)


def _runs(entries: int, issuers: Sequence[_Issuer]) -> Iterator[bytes]:
    """One run after the other, and a notice now and then."""
    pattern = _manifest()
    run = 0
    for number in range(entries):
        at = AT + dt.timedelta(seconds=number)
        if number % NOTICE_EVERY == NOTICE_EVERY - 1:
            issuer = issuers[run % len(issuers)]
            notice = Notice(stamps_target(run, 1, 8), 1, NoticeKind.SPOILED, "misprint", at)
            yield _signed(IssuedNotice(ORIGIN, issuer.id, notice), issuer.signer)
            continue
        run += 1
        issuer = issuers[run % len(issuers)]
        manifest = replace(
            pattern,
            run=run,
            issuer=issuer.id,
            stamp_key=issuer.stamp_key_id,
            batch=_id(),
            registered_at=at,
        )
        yield _signed(manifest, issuer.signer)


def _manifest() -> RunManifest:
    return RunManifest(
        origin=ORIGIN,
        run=1,
        count=500,
        stamp_key="",
        issuer="",
        pack_form=_id(),
        batch="",
        gtin=None,
        gs1=False,
        made_on=AT.date(),
        expires_on=AT.date().replace(year=2027),
        needs_activation=False,
        packs=500,
        beyond=False,
        replaces=None,
        commitment="5" * 64,
        events="e" * 64,
        registered_at=AT,
    )


def _signed(stated: Stated, signer: KeySigner) -> bytes:
    """As `sign_statement` gives it, by the C encoder of `json`: RFC 8785 for the plain ASCII of these bodies."""
    payload = json.dumps(stated.body(), sort_keys=True, separators=(",", ":")).encode()
    kind = PAYLOAD_TYPE.encode()
    signature = signer.sign(b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload))
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [{"keyid": key_id(signer.public_key), "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(envelope, sort_keys=True, separators=(",", ":")).encode()


def _groups(entries: Iterator[bytes]) -> Iterator[list[bytes]]:
    while group := list(islice(entries, _GROUP)):
        yield group


def _id() -> str:
    return str(uuid.uuid4())


def measure(folder: str, vkey: str) -> dict[str, Any]:
    """Audit that log; what it took."""
    before = _peak()
    cpu = time.process_time()
    with open_log(folder) as reader:
        report = audit(reader, ORIGIN, vkey)
    cpu = time.process_time() - cpu
    return {
        "size": report.size,
        "runs": report.ledger.runs,
        "findings": len(report.findings),
        "cpu": cpu,
        "grown": _peak() - before,
        "peak": _peak(),
        "bare": _bare(folder),
    }


def _bare(folder: str) -> float:
    """Signatures of this log verified a CPU-second, with nothing else done."""
    entries = list(LogFolder(Path(folder)).entries(0, 2000))
    opened = [open_envelope(entry) for entry in entries]
    key = load_public_key(KeySigner(Ed25519PrivateKey.generate()).public_key)
    checks = [(key, signature, o.message) for o in opened for signature in o.signatures.values()]
    begun = time.process_time()
    for loaded, signature, message in checks:
        with suppress(InvalidSignature):  # a wrong key takes as long as the right one
            loaded.verify(signature, message)
    return len(checks) / (time.process_time() - begun)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    print(json.dumps(measure(*sys.argv[1:])))
