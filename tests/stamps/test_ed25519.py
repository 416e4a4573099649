"""Strict Ed25519 against vectors nobody here wrote, and against a slow second implementation."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps import ed25519
from temthat_stamps.errors import BadSignature
from vectors import slow

WYCHEPROOF = Path(__file__).parents[3] / "shared" / "conformance" / "ed25519" / "wycheproof_ed25519_test.json"

STRICTER: dict[int, str] = {}
"""Wycheproof cases our profile refuses although they are valid, with the reason. There are none."""


def accepts(public_key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        ed25519.verify(ed25519.load_public_key(public_key), signature, message)
    except BadSignature:
        return False
    return True


def wycheproof() -> list[Any]:
    if not WYCHEPROOF.exists():
        return [
            pytest.param(
                "", {}, marks=pytest.mark.skip("no ../shared/conformance/ed25519 beside the repository")
            )
        ]
    groups = json.loads(WYCHEPROOF.read_text("utf-8"))["testGroups"]
    return [
        pytest.param(group["publicKey"]["pk"], test, id=str(test["tcId"]))
        for group in groups
        for test in group["tests"]
    ]


@pytest.mark.parametrize(("public_key", "test"), wycheproof())
def test_wycheproof(public_key: str, test: dict[str, Any]) -> None:
    """Each of the 151 vectors has the result its authors expect, unless listed as stricter."""
    expected = test["result"] == "valid" and test["tcId"] not in STRICTER
    message, signature = bytes.fromhex(test["msg"]), bytes.fromhex(test["sig"])
    assert accepts(bytes.fromhex(public_key), signature, message) is expected


@pytest.mark.skipif(not WYCHEPROOF.exists(), reason="no ../shared/conformance/ed25519 beside the repository")
def test_wycheproof_is_whole() -> None:
    """All 151 vectors were found, good and bad ones."""
    results = [test.values[1]["result"] for test in wycheproof()]
    assert len(results) == 151
    assert set(results) == {"valid", "invalid"}


def test_small_order_list_is_complete() -> None:
    """Multiples of the point of order eight, and every wrong encoding of one that has y < p, are on the list."""
    canonical = {(i * slow.T8).encode() for i in range(8)}
    assert len(canonical) == 8
    assert canonical <= ed25519.SMALL_ORDER
    for encoding in ed25519.SMALL_ORDER:
        point = slow.decode(encoding)
        assert point is not None
        assert point.is_small


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=64))
@settings(max_examples=20)
def test_property_signatures_are_those_of_the_slow_reference(seed: bytes, message: bytes) -> None:
    """Same seed, same message, same 64 bytes; both sides accept them and refuse a changed one."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert (public, signature) == (slow.public_key(seed), slow.sign(seed, message))
    assert accepts(public, signature, message)
    assert slow.refusal(public, message, signature) == ""
    assert not accepts(public, signature, message + b"!")


@given(st.binary(max_size=40), st.binary(max_size=80), st.binary(max_size=10))
def test_property_arbitrary_bytes_are_refused_quietly(
    public: bytes, signature: bytes, message: bytes
) -> None:
    """Bytes of any length and content are refused with our own error, as the slow reference refuses them."""
    assert not accepts(public, signature, message)


@given(st.integers(0, 2**256 - 1), st.integers(0, 2**256 - 1))
@settings(max_examples=30)
def test_property_random_points_are_refused_alike(a: int, r: int) -> None:
    """32 random bytes are a point half of the time: both sides still refuse the same."""
    public, signature = a.to_bytes(32, "little"), r.to_bytes(32, "little") + bytes(32)
    assert accepts(public, signature, b"") is (slow.refusal(public, b"", signature) == "")
