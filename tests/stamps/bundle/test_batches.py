"""Which runs a notice on a batch touches: against a plain walk over what was stated."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.batches import Batches
from temthat_stamps.log.rules.tables import Chains

BATCHES = [str(uuid.UUID(int=number)) for number in range(6)]
some = st.sampled_from(BATCHES)
steps = st.lists(
    st.tuples(st.just("run"), some, st.none())
    | st.tuples(st.just("sources"), some, st.lists(some, min_size=1, max_size=3))
    | st.tuples(st.just("notify"), some, st.none()),
    max_size=25,
)


@given(steps)
def test_property_each_run_is_told_of_each_notified_batch_once(
    told: list[tuple[str, str, list[str] | None]],
) -> None:
    """In whatever order runs, sources and notices came, also where batches are made from each other in a circle."""
    batches, touched = Batches(), list[tuple[int, str]]()
    runs: dict[int, str] = {}
    made_from: dict[str, set[str]] = {}
    notified: set[str] = set()
    for number, (kind, batch, sources) in enumerate(told):
        if kind == "run":
            touched += [(number, name) for name in batches.add_run(batch, number)]
            runs[number] = batch
        elif kind == "sources":
            touched += batches.add_sources(batch, tuple(sources or ()))
            made_from.setdefault(batch, set()).update(sources or ())
        else:
            touched += batches.notify(batch)
            notified.add(batch)

    def origins(batch: str) -> set[str]:
        found, waiting = {batch}, [batch]
        while waiting:
            fresh = made_from.get(waiting.pop(), set()) - found
            found |= fresh
            waiting += fresh
        return found

    expected = {(run, name) for run, batch in runs.items() for name in origins(batch) & notified}
    assert len(touched) == len(set(touched))
    assert set(touched) == expected


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2**32 - 1))))
def test_property_chains_are_lists(entries: list[tuple[int, int]]) -> None:
    chains, lists = Chains(), dict[int, list[int]]()
    for number, value in entries:
        chains.add(number, value)
        lists.setdefault(number, []).append(value)
    assert [chains.get(number) for number in range(12)] == [lists.get(number, []) for number in range(12)]
