"""What has to be captured: nothing twice, what changed declared wrong and told anew, what was withdrawn taken back."""

import datetime as dt
from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given

from temthat_trace.emitting import words
from temthat_trace.emitting.settling import Held, Json, settle
from temthat_trace.emitting.telling import Told, tell

from .test_telling import IDS, NOW, batch, kg

NOBODY: frozenset[str] = frozenset()


def after(held: list[Json], told: list[Told], kept: frozenset[str] = NOBODY) -> list[Json]:
    """What a repository holds after it was settled."""
    later = NOW + dt.timedelta(seconds=len(held))
    return held + settle(told, map(Held, held), kept, later)


def standing(held: list[Json]) -> dict[str, str]:
    """The facts by record of events that nobody declared wrong."""
    wrong = {e["eventID"] for e in held if "errorDeclaration" in e}
    good = [e for e in held if "errorDeclaration" not in e and e["eventID"] not in wrong]
    assert len({e[words.RECORD] for e in good}) == len(good)
    return {e[words.RECORD]: e[words.FACTS] for e in good}


def test_told_twice_is_told_once() -> None:
    """And another host or a GTIN that came later is nothing new."""
    held = after([], tell(batch(None)))
    assert after(held, tell(batch(None))) == held
    assert after(held, tell(batch())) == held


def test_a_changed_record_is_declared_wrong_and_told_anew() -> None:
    """The declaration is the old event with its id, and names the new one."""
    held = after([], tell(batch()))
    more = replace(batch(), goods=replace(batch().goods, amount=kg(150)))
    new, declared = after(held, tell(more))[len(held) :]
    assert new["outputQuantityList"][0]["quantity"] == 150
    assert {k: v for k, v in declared.items() if k != "errorDeclaration"} == held[0]
    assert declared["errorDeclaration"]["reason"] == "incorrect_data"
    assert declared["errorDeclaration"]["correctiveEventIDs"] == [new["eventID"]]


def test_a_withdrawn_record_did_not_occur() -> None:
    """Without a corrective event."""
    held = after([], tell(batch()))
    [declared] = after(held, tell(batch(slips=())))[len(held) :]
    assert declared["errorDeclaration"]["reason"] == "did_not_occur"
    assert "correctiveEventIDs" not in declared["errorDeclaration"]


def test_an_erased_record_is_left_alone() -> None:
    """Neither told anew nor taken back."""
    held = after([], tell(batch()))
    kept = frozenset({f"urn:uuid:{IDS[30]}"})
    assert after(held, tell(batch(slips=())), kept) == held


def test_what_was_wrong_and_is_right_again_gets_a_new_id() -> None:
    """An event declared wrong stays wrong."""
    less = replace(batch(), goods=replace(batch().goods, amount=kg(150)))
    held = after(after([], tell(batch())), tell(less))
    back = after(held, tell(batch()))
    assert standing(back) == {told.record: told.facts for told in tell(batch())}
    assert back[-2][words.REVISION] == 1
    assert back[-2]["eventID"] != held[0]["eventID"]


@given(st.lists(st.tuples(st.sampled_from([100, 150, 160]), st.booleans(), st.integers(0, 3)), max_size=6))
def test_whatever_happens_the_repository_ends_telling_the_records(
    changes: list[tuple[int, bool, int]],
) -> None:
    """Amounts change to and fro, slips come and go, diary entries are withdrawn and back."""
    held: list[Json] = []
    for quantity, has_slip, steps in changes:
        whole = batch()
        facts = replace(
            whole, goods=replace(whole.goods, amount=kg(quantity)), slips=whole.slips if has_slip else (),
            steps=whole.steps[:steps],
        )  # fmt: skip
        held = after(held, tell(facts))
        assert standing(held) == {told.record: told.facts for told in tell(facts)}
        assert after(held, tell(facts)) == held
