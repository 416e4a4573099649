"""An operator's own ordinary stamps teach; few of them, floods and copies do not."""

import pytest
from sqlalchemy import select

from temthat_stamps.copies.habits import priors
from temthat_stamps.runs.records import Run
from temthat_verify_api.habits import model_for, neighbours_of
from temthat_verify_api.nightly import teaching
from temthat_verify_api.nightly.records import LearnedHabits

from .conftest import Happened, Past

STAMPS = 300


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching, "FEWEST_OF_OPERATOR", STAMPS)


def teach_much(past: Past, run: int, first: int = 1, count: int = STAMPS) -> None:
    """Every second stamp is checked again by somebody else some days later: far more often than the priors think."""
    past.write_all(
        run,
        {
            first + n: [Happened(70, phone=f"{n} a"), Happened(64, phone=f"{n} b")][: 1 + n % 2]
            for n in range(count)
        },
    )


def learned(past: Past) -> dict[object, LearnedHabits]:
    with past.sessions() as session:
        return {row.product_id: row for row in session.scalars(select(LearnedHabits))}


def product_of(past: Past, run: int) -> object:
    with past.sessions() as session:
        return session.get_one(Run, run).batch.product_id


def again(past: Past, run: int) -> float:
    """The chance of another group after the first that judges this run's stamps."""
    with past.sessions() as session:
        habits = model_for(session, session.get_one(Run, run).batch.product_id).habits
    return sum(one.weight * one.again[0] for one in habits.ordinary)


def test_what_stamps_do_here_is_learned_for_the_operator_and_the_product(past: Past) -> None:
    run = past.run(STAMPS)
    teach_much(past, run)
    before = again(past, run)
    assert past.night().learned == 2
    rows = learned(past)
    assert set(rows) == {None, product_of(past, run)}
    assert {row.stamps for row in rows.values()} == {STAMPS}
    assert again(past, run) > 1.5 * before


def test_habits_do_not_drift_from_night_to_night(any_past: Past) -> None:
    """The same stamps teach the same: each night begins with the priors."""
    past = any_past
    run = past.run(STAMPS)
    teach_much(past, run)
    past.night()
    once = learned(past)
    past.forward(days=1)
    past.night()
    twice = learned(past)
    assert {key: row.text for key, row in once.items()} == {key: row.text for key, row in twice.items()}
    assert all(twice[key].id == once[key].id for key in once), "one row for each, written anew"


def test_too_few_stamps_teach_nothing(past: Past) -> None:
    run = past.run(STAMPS)
    teach_much(past, run, count=STAMPS - 1)
    assert past.night().learned == 0
    assert again(past, run) == pytest.approx(sum(one.weight * one.again[0] for one in priors().ordinary))


def test_a_stamp_whose_life_is_not_whole_teaches_nothing(past: Past) -> None:
    """First checked before what is kept, or too lately for others to have come."""
    run = past.run(STAMPS)
    past.write_all(run, {n: [Happened(89 if n % 2 else 5)] for n in range(1, STAMPS + 1)})
    assert past.night().learned == 0


def test_a_flooded_stamp_is_left_out(past: Past) -> None:
    run = past.run(STAMPS + 1)
    teach_much(past, run)
    past.write(run, STAMPS + 1, [Happened(70 - n / 24, phone=f"flood {n}") for n in range(101)])
    past.night()
    assert learned(past)[None].stamps == STAMPS


def test_what_would_make_ordinary_stamps_suspect_is_not_taken_over(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Learned habits are tried on the stamps they were learned from."""
    counts = iter([0, 2])
    monkeypatch.setattr(teaching, "_suspects", lambda *_: next(counts, 0))
    run = past.run(STAMPS)
    teach_much(past, run)
    past.night()
    assert None not in learned(past)


def test_more_stamps_than_are_looked_at_are_spread_over_the_runs(
    past: Past, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching, "MOST_OF_OPERATOR", 200)
    monkeypatch.setattr(teaching, "FEWEST_OF_OPERATOR", 100)
    runs = [past.run(STAMPS) for _ in range(2)]
    for run in runs:
        teach_much(past, run)
    past.night()
    assert 100 < learned(past)[None].stamps <= 200


def test_learned_text_that_cannot_be_read_leaves_the_priors(past: Past) -> None:
    """An older version's, or a damaged row: judging goes on."""
    run = past.run(STAMPS)
    teach_much(past, run)
    expected = again(past, run)
    past.night()
    with past.sessions() as session:
        for row in session.scalars(select(LearnedHabits)):
            row.text = row.text.replace('"home"', '"hearth"') if row.product_id else "{"
        session.commit()
    assert again(past, run) == pytest.approx(expected)


def test_a_run_of_which_nothing_is_known_has_no_neighbours(past: Past) -> None:
    run = past.run()
    with past.sessions() as session:
        assert neighbours_of(session, run).scanned == 0
