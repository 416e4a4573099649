"""The collector is off inside and as it was afterwards, whatever happens."""

import gc

import pytest

from temthat_trace.lineage.collecting import uncollected


def test_the_collector_is_as_it_was() -> None:
    """After an error too, nested, and where it was off before."""
    assert gc.isenabled()
    with pytest.raises(ValueError, match="x"), uncollected():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ValueError("x")
    assert gc.isenabled()
