"""Judging without a network against bare signature verification: what reading, looking up and reasons cost.

Goal: at least 0.8. Every text is another stamp, so that nothing is answered from a cache.
"""

import datetime as dt
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.signing import in_turns
from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.trustfile import TrustData, TrustedIssuer, TrustedKey, TrustedRun
from temthat_stamps.code import encode, stamp_url
from temthat_stamps.keys import key_id, public_bytes
from temthat_stamps.signing import CONTEXT, sign_serials
from temthat_stamps.verdict import Word

HOST = "tem.example.vn"
AS_OF = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
RUNS = 50


def figures(small: bool) -> list[dict[str, Any]]:
    """Verdicts a CPU-second, in turns with the library's own verification of the same stamps."""
    each = 2 if small else 8
    key = Ed25519PrivateKey.generate()
    trust = _trust(public_bytes(key), each)
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


def _trust(public_key: bytes, serials: int) -> TrustData:
    """Trust data as a province's scanner has it: keys, runs, an issuer, nothing special about any."""
    name = key_id(public_key)
    runs = {
        run: TrustedRun(
            run, name, 1, serials, AS_OF, "i", f"batch {run}", "Mật ong", "Chai", "L1", "2026-05-01"
        )
        for run in range(1, RUNS + 1)
    }
    return TrustData(
        origin=f"{HOST}/log",
        as_of=AS_OF,
        hosts=frozenset({HOST}),
        complete_to_run=RUNS,
        issuers={"i": TrustedIssuer("i", "HTX Mẫu", "96")},
        keys={name: TrustedKey(public_key, "i", AS_OF, AS_OF + dt.timedelta(days=31))},
        runs=runs,
        notices={},
    )
