"""The collector is off inside and as it was afterwards, whatever happens."""

import gc

import pytest

from temthat_trace.collecting import uncollected


@uncollected()
def fail() -> None:
    """Nested, and with an error."""
    with uncollected():
        assert not gc.isenabled()
    assert not gc.isenabled()
    raise ValueError("x")


def test_the_collector_is_as_it_was() -> None:
    """After an error too."""
    for _ in range(2):
        assert gc.isenabled()
        with pytest.raises(ValueError, match="x"):
            fail()
    assert gc.isenabled()
