"""The signer process against signing in this one: 20,000 stamps, and one statement. Goal: at least 0.9 for stamps."""

import datetime as dt
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.custody.client import SignerClient
from temthat_stamps.custody.interface import Custody, Wrapped
from temthat_stamps.custody.masterkey import POLICY_FILE, make_master_key, read_policy
from temthat_stamps.custody.process import SignerProcess
from temthat_stamps.custody.state import Quota
from temthat_stamps.custody.vault import Vault
from temthat_stamps.keys import key_id
from temthat_stamps.log.checkpoint import Checkpoint, sign_checkpoint
from temthat_stamps.log.merkle import leaf_hash
from temthat_stamps.log.note import NoteSigner
from temthat_stamps.log.proof import TlogProof
from temthat_stamps.manifest import RunManifest
from temthat_stamps.signer import KeySigner
from temthat_stamps.statement import enclose
from temthat_stamps.trust.logtrust import LogTrust

ORIGIN = "bench.example/log"
TURNS = 7


@dataclass(frozen=True)
class Job:
    """A proved run, ready to be signed by whoever keeps its key."""

    issuer: str
    issuer_key: Wrapped
    stamp_key: Wrapped
    manifest: RunManifest
    envelope: bytes
    proof: bytes

    def stamps(self, custody: Custody) -> int:
        """Take every stamp; how many."""
        asked = (1, 1, self.manifest.count, self.envelope, self.proof)
        return sum(1 for _ in custody.sign_stamps(self.issuer, self.stamp_key, *asked))

    def statement(self, custody: Custody) -> bytes:
        """Have the manifest signed again, which no quota counts twice."""
        return custody.sign_statement(self.issuer, self.issuer_key, self.manifest.body())


def figures(small: bool) -> list[dict[str, Any]]:
    """Wall-clock seconds of both, in turns: the other process works on the other core while this one takes."""
    count = 200 if small else 20_000
    with tempfile.TemporaryDirectory() as name, _both(Path(name)) as (vault, client):
        job = _job(vault, count)
        near, far = _in_turns(lambda: job.stamps(vault), lambda: job.stamps(client))
        near_one, far_one = _in_turns(lambda: job.statement(vault), lambda: job.statement(client))
    return [
        {
            "name": f"signer process: a job of {count} stamps",
            "value": count / far,
            "unit": "stamps/s",
            "baseline": f"in process: {count / near:,.0f}/s",
            "ratio": near / far,
        },
        {
            "name": "signer process: a statement",
            "value": far_one * 1000,
            "unit": "ms",
            "baseline": f"in process: {near_one * 1000:.2f} ms",
            "ratio": near_one / far_one,
        },
    ]


@contextmanager
def _both(folder: Path) -> Iterator[tuple[Vault, SignerClient]]:
    """A vault here and a signer process over the same folder, trusting a log of our own making."""
    sealer = make_master_key(folder)
    log_key = _log().vkey
    trust = LogTrust(ORIGIN, log_key, (), 0, (bytes(31) + b"\1",), ())
    (folder / POLICY_FILE).write_bytes(trust.format())
    policy = read_policy(folder / POLICY_FILE)
    vault = Vault(sealer, ORIGIN, policy, folder, Quota(10**9, 10**9, 10**9))
    socket = folder / "s.sock"
    with closing(vault.state), SignerProcess(folder, socket, folder / POLICY_FILE) as signer:
        yield vault, signer.client


def _job(vault: Vault, count: int) -> Job:
    issuer, now = str(uuid.uuid4()), dt.datetime.now(dt.UTC).replace(microsecond=0)
    vault.state.set_quota(issuer, Quota(10**9, 10**9, 10**9))
    issuer_key = vault.new_issuer_key(issuer)
    stamp_key = vault.new_stamp_key(issuer, now, now + dt.timedelta(days=1))
    manifest = RunManifest(
        ORIGIN, 1, count, key_id(stamp_key.public_key), issuer, issuer, issuer, None, False, now.date(), None,
        False, count, False, None, "0" * 64, "0" * 64, now,
    )  # fmt: skip
    body = manifest.body()
    envelope = enclose(body, {issuer_key.public_key: vault.sign_statement(issuer, issuer_key, body)})
    note = sign_checkpoint(Checkpoint(ORIGIN, 1, leaf_hash(envelope)), _log())
    return Job(issuer, issuer_key, stamp_key, manifest, envelope, TlogProof(0, (), note).format())


def _log() -> NoteSigner:
    return NoteSigner(ORIGIN, KeySigner(Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)))


def _in_turns(near: Callable[[], object], far: Callable[[], object]) -> tuple[float, float]:
    """The shortest of several turns of each, taken alternately."""
    spent: dict[Callable[[], object], list[float]] = {near: [], far: []}
    for turn in range(TURNS):
        for action in (near, far) if turn % 2 == 0 else (far, near):
            start = time.perf_counter()
            action()
            spent[action].append(time.perf_counter() - start)
    return min(spent[near]), min(spent[far])
