"""Identifiers: version 7 of the standard, with the time they were made in, one after the other."""

import datetime as dt
import itertools
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.ids import uuid7


@given(st.integers(0, (1 << 48) - 1))
def test_a_given_moment_is_in_it(at_ms: int) -> None:
    made = uuid7(at_ms)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == at_ms
    assert uuid7(at_ms) != made


def test_the_moment_of_a_standard_example() -> None:
    """RFC 9562, appendix A.6: February 22, 2022 2:22:22 PM GMT-05:00."""
    at = dt.datetime(2022, 2, 22, 19, 22, 22, tzinfo=dt.UTC)
    assert str(uuid7(int(at.timestamp() * 1000))).startswith("017f22e2-79b0-7")


def test_those_of_now_ascend_also_within_a_millisecond() -> None:
    """Fifty thousand in a row, of which many share their millisecond, and none is another's."""
    before = time.time_ns() // 1_000_000
    made = [uuid7() for _ in range(50_000)]
    after = time.time_ns() // 1_000_000
    assert all(one < next_ for one, next_ in itertools.pairwise(made))
    moments = [one.int >> 80 for one in made]
    assert len(set(moments)) < len(made)
    assert before <= moments[0]
    assert moments[-1] <= after
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}


def test_threads_never_make_the_same() -> None:
    """Each thread's own ascend too."""
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: [uuid7() for _ in range(5_000)], range(4)))
    assert all(some == sorted(some) for some in made)
    assert len({one for some in made for one in some}) == 20_000
