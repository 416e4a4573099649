"""Files that travel between service and cooperative: they come back as they were, or are refused in words."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.custody.order import (
    BadOrder,
    Order,
    Request,
    Signed,
    kind_of,
    order_from_json,
    request_from_json,
    signed_from_json,
)
from temthat_stamps.manifest import Activated, Replaced

ISSUER = "00000000-0000-0000-0000-000000000001"


def test_an_order_comes_back_as_it_was(make_order: Callable[..., Order]) -> None:
    """With everything in it, and with as little as may be."""
    full = make_order(
        replaces=Replaced(3, 1, 30), gtin="08938501234567", gs1=True, beyond=True, needs_activation=True
    )
    bare = make_order(expires_on=None, sources=(), lines=())
    for order in (full, bare):
        assert order_from_json(order.to_json()) == order
        assert kind_of(order.to_json()) == "order"


def test_requests_and_signed_files_come_back_as_they_were(make_order: Callable[..., Order]) -> None:
    """Envelopes byte for byte."""
    request = Request(Activated("o", ISSUER, 5, make_order().manifest(bytes(32), _noon()).at))
    assert request_from_json(request.to_json()) == request
    signed = Signed("o", ISSUER, (b"{}", bytes(range(256))))
    assert signed_from_json(signed.to_json()) == signed


def _noon() -> Any:
    import datetime as dt

    return dt.datetime(2026, 5, 26, 12, tzinfo=dt.UTC)


def test_the_commitment_is_made_of_the_names_shown(make_order: Callable[..., Order]) -> None:
    """Whoever signs an order signs the names they read: another name is another commitment."""
    order = make_order()
    other = replace(order, names=replace(order.names, product="Mật ong"))
    assert order.manifest(bytes(32), _noon()).commitment == order.names.commitment(order.salt)
    assert order.manifest(bytes(32), _noon()).commitment != other.manifest(bytes(32), _noon()).commitment


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("count", 0),
        ("count", True),
        ("run", 2**28),
        ("issuer", "HTX"),
        ("salt", "00"),
        ("secret", "AAAA"),
        ("names", {}),
        ("lines", ["x"] * 9),
        ("lines", [5]),
        ("sources", ["x"]),
        ("made_on", "26/05/2026"),
        ("gs1", True),
        ("printing", {}),
        ("replaces", {"run": 1, "first": 5, "last": 4}),
        ("v", 2),
        ("type", "signed"),
    ],
)
def test_a_wrong_member_is_named(make_order: Callable[..., Order], member: str, value: object) -> None:
    """A refusal in words; nothing is guessed."""
    body = json.loads(make_order().to_json())
    with pytest.raises(BadOrder) as refusal:
        order_from_json(json.dumps(body | {member: value}).encode())
    assert "Xin dịch vụ xuất lại tệp" in refusal.value.vi


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "true", '"1"'])
def test_a_measure_that_is_no_number_is_refused(make_order: Callable[..., Order], value: str) -> None:
    """JSON readers take NaN; printers do not."""
    text = make_order().to_json().decode().replace('"dx_mm": 0.0', f'"dx_mm": {value}')
    with pytest.raises(BadOrder):
        order_from_json(text.encode())


@given(data=st.binary(max_size=300))
def test_property_arbitrary_bytes_are_none_of_these_files(data: bytes) -> None:
    """Our error and no other."""
    for read in (order_from_json, request_from_json, signed_from_json):
        with pytest.raises(BadOrder):
            read(data)


def test_fuzz_an_order_with_altered_bytes_is_read_or_refused(make_order: Callable[..., Order]) -> None:
    """Ten thousand orders with a few bytes changed: an order or `BadOrder`."""
    import random

    chance, good = random.Random(5), make_order(gs1=True, gtin="08938501234567").to_json()
    refused = 0
    for _ in range(10_000):
        data = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            order_from_json(bytes(data))
        except BadOrder:
            refused += 1
    assert 0 < refused < 10_000
