"""Guessing on and on: what is remembered of it stays small, and who did not guess is served."""

import tracemalloc
from contextlib import suppress

import pytest

from temthat_verify_api.guesses import Guesses, TooManyGuesses
from temthat_verify_api.throttle import SignInThrottle, TooManyTries, coarse_source


def test_names_without_end_from_one_place_are_not_remembered() -> None:
    """Eight thousand telephone numbers tried from one neighbourhood: memory for its two hundred tries, no more."""
    throttle = SignInThrottle()
    tracemalloc.start()
    refused = 0
    for number in range(8_000):
        try:
            throttle.try_once(f"{number:040}", "203.0.113.0/24")
        except TooManyTries:
            refused += 1
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused == 8_000 - 200
    assert held < 2_000_000
    throttle.try_once("+84912345678", "198.51.100.0/24")


def test_numbers_of_every_run_from_one_place_are_not_remembered() -> None:
    """Wrong printed numbers of eight thousand runs: those twenty that were looked at, no more."""
    guesses = Guesses()
    tracemalloc.start()
    for run in range(1, 8_001):
        with suppress(TooManyGuesses):
            guesses.check("203.0.113.0/24", run)
            guesses.wrong("203.0.113.0/24", run)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1_000_000
    guesses.check("198.51.100.0/24", 1)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        *(
            (text, "unknown")
            for text in (None, "", "unix:", "1.2.3", "203.0.113.77:80", "[::1]", "x" * 9_000, "\0", "½")
        ),
    ],
)
def test_addresses_of_any_form_have_a_neighbourhood(address: str | None, source: str) -> None:
    """What a proxy writes may be anything; all that is no address is one neighbourhood together."""
    assert coarse_source(address) == source
