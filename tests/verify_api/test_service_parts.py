"""The small parts under pages and API: the cache by revision, the guess limits, the seal of a counting picture."""

import asyncio
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_verify_api.cache import RevisionCache
from temthat_verify_api.checks import StaleView, ViewSeal
from temthat_verify_api.guesses import FROM_ONE_SOURCE, ON_ONE_RUN, Guesses, TooManyGuesses
from temthat_verify_api.places import coarse_place

DAY = dt.date(2026, 5, 26)
pytestmark = pytest.mark.anyio


class Loads:
    """Counts how often each run was loaded."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def __call__(self, run: int, today: dt.date) -> str:
        self.seen.append(run)
        return f"{run} on {today}, load {len(self.seen)}"


async def test_a_value_is_kept_for_its_revision_and_day() -> None:
    """Another revision, another day: loaded anew; otherwise not."""
    loads = Loads()
    cache = RevisionCache(loads, size=10, seconds=60)
    first = await cache.get(7, 1, DAY)
    assert await cache.get(7, 1, DAY) is first
    assert await cache.get(7, 2, DAY) != first
    assert await cache.get(7, 2, DAY + dt.timedelta(days=1)) != first
    assert loads.seen == [7, 7, 7]


async def test_many_at_once_share_one_load_and_one_who_leaves_does_not_matter() -> None:
    """A flood of questions about one run costs one query."""
    loads = Loads()
    cache = RevisionCache(loads, size=10, seconds=60)
    asked = [asyncio.create_task(cache.get(7, 1, DAY)) for _ in range(20)]
    await asyncio.sleep(0)
    asked[0].cancel()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert len(set(found[1:])) == 1
    assert loads.seen == [7]


async def test_the_least_recently_used_goes_first() -> None:
    """Memory is bounded by the number of runs."""
    loads = Loads()
    cache = RevisionCache(loads, size=2, seconds=60)
    for run in (1, 2, 1, 3, 1, 2):
        await cache.get(run, 1, DAY)
    assert loads.seen == [1, 2, 3, 2]


async def test_a_value_gets_old() -> None:
    """What may change without the revision is loaded anew after a while."""
    loads = Loads()
    cache = RevisionCache(loads, size=2, seconds=0)
    await cache.get(1, 1, DAY)
    await cache.get(1, 1, DAY)
    assert loads.seen == [1, 1]


async def test_a_failed_load_fails_its_askers_and_is_tried_again() -> None:
    """An error is not kept."""
    calls = 0

    def load(run: int, today: dt.date) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise OSError("gone")
        return run

    cache = RevisionCache(load, size=2, seconds=60)
    with pytest.raises(OSError, match="gone"):
        await cache.get(1, 1, DAY)
    assert await cache.get(1, 1, DAY) == 1


def test_wrong_guesses_are_limited_by_source_and_by_run() -> None:
    """One neighbourhood runs out on every run; many neighbourhoods run out on one run; others go on."""
    guesses = Guesses()
    for _ in range(FROM_ONE_SOURCE.amount):
        guesses.check("a", 1)
        guesses.wrong("a", 1)
    with pytest.raises(TooManyGuesses) as refused:
        guesses.check("a", 2)
    assert 1 <= refused.value.minutes <= 10
    for n in range(ON_ONE_RUN.amount):
        guesses.wrong(f"source {n}", 1)
    with pytest.raises(TooManyGuesses):
        guesses.check("fresh", 1)
    guesses.check("fresh", 2)


@given(st.text(max_size=120))
def test_property_made_up_pictures_record_nothing(text: str) -> None:
    """Without the key no address opens."""
    with pytest.raises(StaleView):
        ViewSeal(bytes(32)).open(text, dt.datetime.now(dt.UTC))


@given(st.from_regex(r"[0-9]{2}|8[0-9a-fA-F]{14}", fullmatch=True))
def test_property_places_are_coarse_or_nothing(text: str) -> None:
    """Two digits of today, a cell of resolution five at most, or nothing."""
    place, province = coarse_place(text)
    assert place is None or len(place) in (2, 15)
    assert province in (None, place)
