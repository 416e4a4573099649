"""Habits as text: given back to the last bit, and refused where they are not whole."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.copies.habits import Explanation, Habits, Row, habits_of, habits_text, priors

_CHANCE = st.floats(1e-6, 1 - 1e-6)


def _row(like: Row) -> st.SearchStrategy[Row]:
    """Chances that add up to 1, as many as `like` has."""
    parts = st.lists(st.floats(1e-3, 1.0), min_size=len(like), max_size=len(like))
    return parts.map(lambda found: tuple(part / sum(found) for part in found))


def _changed(one: Explanation) -> st.SearchStrategy[Explanation]:
    return st.builds(
        lambda again, sold, move, gap: replace(one, again=again, sold=sold, move=move, gap=gap),
        st.tuples(*[_CHANCE] * len(one.again)),
        st.tuples(*[_CHANCE] * len(one.sold)),
        st.tuples(*map(_row, one.move)),
        st.tuples(*map(_row, one.gap)),
    )


def _weighted(side: tuple[Explanation, ...]) -> st.SearchStrategy[tuple[Explanation, ...]]:
    return st.builds(
        lambda ones, weights: tuple(replace(o, weight=w) for o, w in zip(ones, weights, strict=True)),
        st.tuples(*map(_changed, side)),
        _row(tuple(one.weight for one in side)),
    )


@settings(max_examples=40)
@given(_weighted(priors().ordinary), _weighted(priors().copied))
def test_property_text_gives_the_habits_back(
    ordinary: tuple[Explanation, ...], copied: tuple[Explanation, ...]
) -> None:
    """Whatever was learned: the same habits, to the last bit, and the same text again."""
    habits = replace(priors(), ordinary=ordinary, copied=copied)
    again = habits_of(habits_text(habits))
    assert again == habits
    assert habits_text(again) == habits_text(habits)


def _without(habits: Habits, *path: str) -> str:
    table = json.loads(habits_text(habits))
    part = table
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return json.dumps(table)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "7",
        "{}",
        _without(priors(), "copied"),
        _without(priors(), "ordinary", "home", "gap", "far"),
        _without(priors(), "limits", "most_step"),
        habits_text(priors()).replace('"weight":0.41,', '"weight":NaN,'),
        habits_text(priors()).replace('["01",', '["00",'),
        habits_text(priors()).replace('"one_in":2000', '"one_in":NaN'),
        habits_text(priors()).replace('"single":{', '"single":{"worn":[0.1,0.2],'),
    ],
    ids=[
        "empty",
        "list",
        "number",
        "nothing",
        "no copied",
        "no far",
        "no bound",
        "nan",
        "hub",
        "nan prior",
        "more",
    ],
)
def test_text_that_is_not_whole_is_refused(text: str) -> None:
    """Cut off, of another shape, or with what is no number."""
    with pytest.raises(ValueError):  # noqa: PT011 - json says it its own way
        habits_of(text)
