"""Signing stamps against bare Ed25519: what the header, its serial and the loop cost. Goal: at least 0.9."""

import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.signing import CONTEXT, sign_serials

TURNS = 60


def figures(small: bool) -> list[dict[str, Any]]:
    """Stamps a CPU-second, both ways in turns so that a busy machine slows both."""
    count = 100 if small else 1_000
    key = Ed25519PrivateKey.generate()
    messages = [CONTEXT + bytes(12) for _ in range(count)]

    def bare() -> None:
        sign = key.sign
        for message in messages:
            sign(message)

    def stamps() -> None:
        for _ in sign_serials(key, 7, range(1, count + 1)):
            pass

    raw, ours = in_turns(bare, stamps)
    return [
        {
            "name": "sign stamps (header and signature)",
            "value": count / ours,
            "unit": "stamps/CPU-s",
            "baseline": f"bare Ed25519: {count / raw:,.0f}/CPU-s",
            "ratio": raw / ours,
        }
    ]


def in_turns(baseline: Callable[[], None], ours: Callable[[], None]) -> tuple[float, float]:
    """CPU seconds of both, each the least of many short turns taken alternately.

    The least disturbed turn is the one that tells about the code: what else the machine does slows Python, which needs
    the caches, far more than it slows arithmetic.
    """
    spent: dict[Callable[[], None], list[float]] = {baseline: [], ours: []}
    for turn in range(TURNS):
        for action in (baseline, ours) if turn % 2 == 0 else (ours, baseline):
            start = time.process_time()
            action()
            spent[action].append(time.process_time() - start)
    return min(spent[baseline]), min(spent[ours])
