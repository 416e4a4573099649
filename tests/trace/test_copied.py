"""Diaries that agree word for word: found however many there are, and only where agreeing means something."""

import datetime as dt
import random
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_trace.copied import Diary, Work, agreement_of, agreements

DAY = dt.date(2026, 5, 1)
SEASON = [
    ("sowing", "Gieo mạ khay, ngâm ủ hạt giống hai ngày", -90, ("used giong 5 KGM",)),
    ("care", "Bón thúc đợt một, trời mát", -70, ("used npk 50 KGM",)),
    ("care", "Phun thuốc trừ rầy theo hướng dẫn", -50, ("used thuoc 200 MLT",)),
    ("care", "Rút nước phơi ruộng trước khi gặt", -10, ()),
    ("harvest", "Gặt máy, phơi hai nắng", 0, ("out  800 KGM",)),
]


Line = tuple[str, str, int, tuple[str, ...]]


def diary(batch: int, made_on: dt.date, works: Sequence[Line]) -> Diary[int]:
    return Diary(batch, made_on, [Work(s, t, made_on + dt.timedelta(d), a) for s, t, d, a in works])


def later(days: int) -> dt.date:
    return DAY + dt.timedelta(days)


def test_word_for_word_on_other_days_is_found() -> None:
    """Texts without regard to case, diacritics and signs; days counted from the made date; amounts as numbers."""
    shouted = [(s, t.upper().replace(",", " -"), d, a) for s, t, d, a in SEASON]
    found = agreements(
        [diary(1, DAY, SEASON), diary(2, later(30), shouted), diary(3, later(9), SEASON[:3][::-1])]
    )
    assert [(a.batches, a.lines, a.whole) for a in found] == [((1, 2), 5, True)]


@pytest.mark.parametrize(
    "change",
    [
        lambda w: (w[0], w[1] + " lần hai", w[2], w[3]),
        lambda w: (w[0], w[1], w[2] + 1, w[3]),
        lambda w: (w[0], w[1], w[2], (*w[3], "lost  3 KGM")),
        lambda w: ("other", w[1], w[2], w[3]),
    ],
    ids=["text", "day", "amount", "step"],
)
def test_one_line_of_five_that_differs_is_told_as_nearly(change) -> None:  # type: ignore[no-untyped-def]
    """Four of six different lines are shared: not enough. Of ten and one changed, nine are: enough."""
    assert agreements([diary(1, DAY, SEASON), diary(2, later(7), [*SEASON[:4], change(SEASON[4])])]) == []
    ten = [*SEASON, *((s, f"{t}, thửa bên", d, a) for s, t, d, a in SEASON)]
    [found] = agreements([diary(1, DAY, ten), diary(2, later(7), [*ten[:9], change(ten[9])])])
    assert (found.batches, found.lines, found.whole) == ((1, 2), 9, False)


def test_the_same_work_on_the_same_days_is_no_copy() -> None:
    """Two lots of one harvest share its diary honestly; a third, made later, shows all of them."""
    assert agreements([diary(1, DAY, SEASON), diary(2, DAY, SEASON)]) == []
    [found] = agreements([diary(1, DAY, SEASON), diary(2, DAY, SEASON), diary(3, later(20), SEASON)])
    assert found.batches == (1, 2, 3)


def test_short_diaries_say_nothing_by_agreeing() -> None:
    """Two lines, or a few bare words, are alike on every farm."""
    bare = [("harvest", "Thu hoạch", 0, ()), ("packing", "Đóng gói", 0, ()), ("transport", "Giao", 1, ())]
    for works in (SEASON[:2], bare):
        assert agreements([diary(1, DAY, works), diary(2, later(7), works)]) == []
        assert agreement_of(diary(1, DAY, works), [diary(2, later(7), works)]) is None


def test_one_batch_is_told_with_which_it_agrees() -> None:
    """From its own page: only its own group, itself first, never itself alone."""
    own = diary(1, DAY, SEASON)
    other = [(s, t + " ở đồi cao", d, a) for s, t, d, a in SEASON]
    found = agreement_of(own, [diary(2, later(7), SEASON), diary(3, later(8), other), own])
    assert found is not None
    assert (found.batches, found.lines, found.whole) == ((1, 2), 5, True)
    assert agreement_of(own, [own, diary(3, later(8), other)]) is None


def test_a_line_written_twice_counts_twice() -> None:
    """Three times “Tưới nước” on one day are three lines; two of them are another diary."""
    water = [("care", "Tưới nước cả vườn buổi sáng sớm", 0, ())]
    assert agreements([diary(1, DAY, water * 3), diary(2, later(7), water * 9)]) == []
    assert len(agreements([diary(1, DAY, water * 3), diary(2, later(7), water * 3)])) == 1


works = st.tuples(
    st.sampled_from(["care", "harvest"]), st.text("abđạ ", max_size=20), st.integers(-9, 9), st.just(())
)


@settings(max_examples=60)
@given(st.lists(works, min_size=3, max_size=8), st.integers(1, 400), st.randoms(use_true_random=False))
def test_property_moving_and_shuffling_a_diary_never_hides_it(
    lines: list[tuple[str, str, int, tuple[str, ...]]], days: int, random_: random.Random
) -> None:
    """A diary moved in time, its lines in any order, agrees with itself whole, if it tells anything."""
    own = diary(1, DAY, lines)
    shuffled = list(lines)
    random_.shuffle(shuffled)
    found = agreements([own, diary(2, later(days), shuffled)])
    assert [(a.batches, a.whole) for a in found] == ([((1, 2), True)] if own.tells else [])


@pytest.mark.parametrize(
    "kind", ["all the same", "one line of ten their own", "all different", "half common"]
)
def test_thousands_of_diaries_take_seconds(kind: str) -> None:
    """No pairs: time grows with the lines, whatever the diaries have in common."""
    rng = random.Random(7)
    common = [("care", f"Việc chung số {n} trên đồng", n, ()) for n in range(10)]

    def of(batch: int) -> Diary[int]:
        own = {"all the same": 0, "one line of ten their own": 1, "all different": 10, "half common": 5}[kind]
        lines = [
            *common[own:],
            *(("care", f"Việc riêng {batch} {n} {rng.random()}", n, ()) for n in range(own)),
        ]
        return diary(batch, later(batch % 900), lines)

    diaries = [of(batch) for batch in range(4_000)]
    started = time.process_time()
    found = agreements(diaries)
    assert time.process_time() - started < 5
    sizes = {"all the same": [4_000], "one line of ten their own": [4_000]}.get(kind, [])
    assert [len(a.batches) for a in found] == sizes
