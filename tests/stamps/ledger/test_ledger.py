"""The ledger as arithmetic: states partition a run whatever the records say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.ledger.ledger import STRENGTH, Claim, State, Stretch, keep, state_words

COUNT = 60
serials = st.integers(1, COUNT)
claims = st.builds(
    lambda state, a, b: Claim(state, min(a, b), max(a, b)), st.sampled_from(State), serials, serials
)


@given(st.lists(claims, max_size=25))
def test_states_partition_the_run_and_add_up(found: list[Claim]) -> None:
    """Stretches cover 1..count without gap or overlap, neighbours differ, totals sum to the count."""
    ledger = keep(1, COUNT, found)
    covered = [serial for s in ledger.stretches for serial in range(s.first, s.last + 1)]
    assert covered == list(range(1, COUNT + 1))
    assert ledger.totals.total() == COUNT
    assert all(a.state is not b.state for a, b in zip(ledger.stretches, ledger.stretches[1:], strict=False))


@given(st.lists(claims, max_size=25), serials)
def test_the_strongest_claim_decides_each_serial(found: list[Claim], serial: int) -> None:
    """One serial at a time, by the simplest possible rule."""
    said = [c.state for c in found if c.first <= serial <= c.last]
    expected = min(said, key=STRENGTH.__getitem__, default=State.ORDERED)
    assert keep(1, COUNT, found).at(serial) is expected


@given(st.lists(claims, max_size=25), st.randoms())
def test_the_order_of_records_does_not_matter(found: list[Claim], random: object) -> None:
    """Records come from several tables: the same set gives the same ledger."""
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert keep(1, COUNT, shuffled) == keep(1, COUNT, found)


@given(st.lists(claims, max_size=25), claims)
def test_one_more_record_never_makes_a_stamp_weaker(found: list[Claim], more: Claim) -> None:
    """A further record can only strengthen a state: nothing recorded is hidden by recording something else."""
    before, after = keep(1, COUNT, found), keep(1, COUNT, [*found, more])
    for serial in range(1, COUNT + 1):
        assert STRENGTH[after.at(serial)] <= STRENGTH[before.at(serial)]


@given(st.lists(claims, max_size=25), serials, serials)
def test_a_part_of_the_ledger_is_that_part(found: list[Claim], a: int, b: int) -> None:
    """`within` cuts exactly at the ends asked for."""
    first, last = min(a, b), max(a, b)
    ledger = keep(1, COUNT, found)
    parts = list(ledger.within(first, last))
    assert parts[0].first == first
    assert parts[-1].last == last
    assert all(ledger.at(s) is p.state for p in parts for s in range(p.first, p.last + 1))


@given(st.lists(claims, max_size=25), st.sampled_from(["vi", "en"]))
def test_the_sentence_can_be_checked_by_hand(found: list[Claim], lang: str) -> None:
    """The terms of the sum, read back from the sentence, give the number before the equals sign."""
    said = keep(1, COUNT, found).explain(lang)
    left, _, right = said.partition(" = ")
    assert int(re.findall(r"\d+", left)[-1]) == COUNT
    assert sum(int(n) for n in re.findall(r"(?:^|\+ )(\d+)", right)) == COUNT


def test_a_claim_outside_the_run_is_an_error() -> None:
    """No record of a run speaks of serials it does not have: that is damage, not data."""
    for first, last in ((0, 3), (5, COUNT + 1), (7, 6)):
        with pytest.raises(ValueError, match="outside"):
            keep(1, COUNT, [Claim(State.VOID, first, last)])
    with pytest.raises(ValueError, match="serials 1 to 60"):
        keep(1, COUNT, []).at(61)


def test_a_large_run_with_many_records_costs_by_record_not_by_stamp() -> None:
    """Sixteen million stamps with two thousand records: two thousand and one stretches at most, at once."""
    found = [Claim(State.APPLIED, n * 8_000 + 1, n * 8_000 + 4_000) for n in range(2_000)]
    ledger = keep(1, 16_000_000, found)
    assert len(ledger.stretches) == 4_000
    assert ledger.total(State.APPLIED) == 8_000_000
    assert ledger.at(15_996_000) is State.APPLIED


def test_words_for_people() -> None:
    """Both languages, every state; a single stamp is no stretch."""
    assert all(state_words(state, lang) for state in State for lang in ("vi", "en"))
    assert Stretch(1025, 1048, State.SPOILED).label() == "1.025 đến 1.048"
    assert Stretch(1025, 1048, State.SPOILED).label("en") == "1,025 to 1,048"
    assert Stretch(7, 7, State.SPOILED).label() == "7"
    assert keep(12, 1000, [Claim(State.PRINTED, 1, 900), Claim(State.SPOILED, 25, 48)]).explain() == (
        "Đợt in 12: 1.000 tem đã đặt = 100 chưa có trong tệp in nào + 876 đã in, chưa ghi dùng vào đâu + 24 hỏng."
    )
