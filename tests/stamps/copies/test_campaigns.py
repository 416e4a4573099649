"""Signals become campaigns: what starts one, what joins, what never does; order and repetition make no difference."""

import datetime as dt
import random
import uuid
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.copies.campaigns import (
    PHYSICAL,
    TOGETHER,
    AlertState,
    Key,
    Signal,
    SignalKind,
    Standing,
    campaigns,
    decide,
)

START = dt.datetime(2026, 11, 1, 3, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def signal(serial: int, kind: str, day: float = 0, run: int = 7) -> Signal:
    return Signal(run, serial, kind, START + day * DAY, "01")


SIGNALS = st.lists(
    st.builds(signal, st.integers(1, 4), st.sampled_from(list(SignalKind)), st.integers(0, 150), st.just(7)),
    max_size=14,
    unique_by=lambda one: one.key,
)


@pytest.mark.parametrize("kind", [*sorted(PHYSICAL), SignalKind.MANY_GROUPS])
def test_evidence_starts_an_alert(kind: str) -> None:
    """A till, a PIN, an inspector, or many independent groups."""
    [campaign] = campaigns([signal(1, kind)])
    assert [one.kind for one in campaign.raising] == [kind]


def test_suspicion_alone_never_starts_one_however_many_stamps_it_is() -> None:
    """A photo passed around makes a code suspect; a hundred photos make a hundred codes suspect. Nobody is called."""
    assert campaigns(signal(n, SignalKind.SUSPECT, n / 10) for n in range(1, 101)) == []


def test_a_report_alone_is_for_whoever_reads_reports() -> None:
    """It is anonymous and costs nothing. About a code that is suspect too it counts, whichever came first."""
    assert campaigns(signal(n, SignalKind.REPORT) for n in range(1, 20)) == []
    assert campaigns([signal(1, SignalKind.REPORT), signal(2, SignalKind.SUSPECT)]) == []
    for report, suspect in ((0, 5), (5, 0)):
        [campaign] = campaigns([signal(1, SignalKind.REPORT, report), signal(1, SignalKind.SUSPECT, suspect)])
        assert [one.kind for one in campaign.raising] == [SignalKind.REPORT]
        assert [one.kind for one in campaign.beside] == [SignalKind.SUSPECT]


def test_evidence_of_one_month_is_one_campaign() -> None:
    """Each within the window of another; what comes later begins a new one."""
    chain = [signal(n, SignalKind.SALES, 29 * n) for n in range(1, 5)]
    assert len(campaigns(chain)) == 1
    assert len(campaigns([signal(1, SignalKind.SALES, 0), signal(2, SignalKind.SALES, 30)])) == 1
    assert len(campaigns([signal(1, SignalKind.SALES, 0), signal(2, SignalKind.SALES, 30.1)])) == 2


def test_what_is_only_suspect_stands_beside_the_nearest_campaign() -> None:
    """It is shown, stretches nothing, and outside the window it belongs to nothing."""
    found = campaigns(
        [
            *(signal(1, SignalKind.SALES, 0), signal(2, SignalKind.SALES, 50)),
            *(signal(3, SignalKind.SUSPECT, 24), signal(4, SignalKind.SUSPECT, 26)),
            signal(5, SignalKind.SUSPECT, 81),
        ]
    )
    assert [[one.serial for one in c.beside] for c in found] == [[3], [4]]
    assert [(c.first, c.last) for c in found] == [(START, START), (START + 50 * DAY, START + 50 * DAY)]


def test_a_word_of_a_later_version_decides_nothing() -> None:
    """It stands beside what there is."""
    assert campaigns([signal(1, "smell")]) == []
    [campaign] = campaigns([signal(1, "smell"), signal(2, SignalKind.GONE)])
    assert [one.kind for one in campaign.beside] == ["smell"]


@given(SIGNALS, st.randoms(use_true_random=False))
def test_property_order_and_repetition_make_no_difference(
    signals: list[Signal], chance: random.Random
) -> None:
    """Any order, any signal delivered twice."""
    mixed = signals + signals[: len(signals) // 2]
    chance.shuffle(mixed)
    assert campaigns(mixed) == campaigns(signals)


@given(SIGNALS)
def test_property_campaigns_are_apart_and_whole(signals: list[Signal]) -> None:
    """No signal in two of them, every piece of evidence in one, more than the window between two."""
    found = campaigns(signals)
    keys = [one.key for campaign in found for one in campaign.signals]
    assert len(keys) == len(set(keys))
    alone = {one.key for one in signals if one.kind in PHYSICAL | {SignalKind.MANY_GROUPS}}
    assert alone <= set(keys)
    assert all(b.first - a.last > TOGETHER for a, b in pairwise(found))


@dataclass
class Desk:
    """Alerts as a database would keep them: signals come one by one, each is decided on at once."""

    alerts: dict[uuid.UUID, tuple[AlertState, set[Key]]] = field(default_factory=dict)
    signals: dict[Key, Signal] = field(default_factory=dict)
    told: int = 0

    def hear(self, one: Signal) -> None:
        self.signals[one.key] = one
        standing = [Standing(n, state, frozenset(keys)) for n, (state, keys) in self.alerts.items()]
        for decision in decide(self.signals.values(), standing):
            number = decision.alert or uuid.UUID(int=1 + max((n.int for n in self.alerts), default=0))
            state = self.alerts.get(number, (AlertState.OPEN, set()))[0]
            self.told += decision.alert is None or decision.reopens
            for gone in decision.merged:
                del self.alerts[gone]
            state = AlertState.OPEN if decision.reopens else state
            self.alerts[number] = (state, {s.key for s in decision.campaign.raising})

    def say(self, state: AlertState) -> None:
        [number] = self.alerts
        self.alerts[number] = (state, self.alerts[number][1])


@given(SIGNALS, st.randoms(use_true_random=False))
def test_property_the_same_alerts_are_left_whatever_came_first(
    signals: list[Signal], chance: random.Random
) -> None:
    """One open alert for each campaign and no other, one after the other or shuffled and twice."""
    desk = Desk()
    mixed = signals * 2
    chance.shuffle(mixed)
    for one in mixed:
        desk.hear(one)
    expected = {frozenset(s.key for s in campaign.raising) for campaign in campaigns(signals)}
    assert {frozenset(keys) for _, keys in desk.alerts.values()} == expected


def test_more_of_the_same_campaign_tells_nobody_again() -> None:
    """Fifty copied stamps of one product: one alert, one message."""
    desk = Desk()
    for n in range(1, 51):
        desk.hear(signal(n, SignalKind.SUSPECT, n / 5))
        desk.hear(signal(n, SignalKind.SALES, n / 5))
    assert (len(desk.alerts), desk.told) == (1, 1)


@pytest.mark.parametrize("state", list(AlertState))
def test_new_evidence_reopens_what_was_done(state: AlertState) -> None:
    """Explained and closed alerts open again; open and confirmed ones stay as they are; nothing twice."""
    desk = Desk()
    desk.hear(signal(1, SignalKind.SALES))
    desk.say(state)
    desk.hear(signal(2, SignalKind.SUSPECT, 1))
    desk.hear(signal(1, SignalKind.SALES))
    assert [s for s, _ in desk.alerts.values()] == [state]
    desk.hear(signal(1, SignalKind.PINS, 2))
    after = AlertState.OPEN if state.is_done else state
    assert [s for s, _ in desk.alerts.values()] == [after]
    assert desk.told == 1 + state.is_done


def test_a_late_signal_that_joins_two_alerts_leaves_the_older_one() -> None:
    """Forty days apart they were two campaigns; evidence from between makes them one."""
    desk = Desk()
    desk.hear(signal(1, SignalKind.SALES, 40))
    desk.hear(signal(2, SignalKind.SALES, 0))
    assert len(desk.alerts) == 2
    desk.hear(signal(3, SignalKind.SALES, 20))
    assert [number.int for number in desk.alerts] == [1]
    assert desk.told == 2
