"""The copy model: how much better copying explains a stamp's events than ordinary use does. Pure.

The score is a sum of log likelihood ratios, one step for each *group* of people new to the stamp: that another group
came at all, where it was seen from the last one, how long after. A phone that checks again, an inspector and a packer
add nothing; people who stand together count once; a visitor without a cookie counts for little. Sales, PIN entries and
dates add single terms. Each step is bounded, so that no single event condemns or acquits; what it held back waits for
the next one.

`Model.advance` changes one state by one event in constant time. Order and late events are `history`'s matter.
"""

import math
from dataclasses import dataclass, fields
from functools import lru_cache

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import TOGETHER, Explanation, Habits, Row, priors
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.places import NEAR_KM, Spot, kilometres, of_province
from temthat_stamps.copies.state import EXPLANATIONS, FULL_SHORT, FULL_WORD, MOST_SCORE, State
from temthat_stamps.copies.steps import Step, settle, step_to
from temthat_stamps.verdict import Asker

_MOST_PINS = 3


@dataclass(frozen=True, slots=True)
class Goods:
    """What the run says of its goods: when their last day ends (seconds since 1970), where they are on sale."""

    last_day_ends: int | None = None
    on_sale: tuple[Spot, ...] = ()


_ANY = Goods()


@dataclass(frozen=True, slots=True)
class _Logs:
    """One explanation's chances as logarithms, in thousandths of a nat."""

    again: tuple[int, ...]
    sold: tuple[int, ...]
    move: tuple[tuple[int, ...], ...]
    gap: tuple[tuple[int, ...], ...]

    def of(self, step: Step) -> int:
        """How likely this step is."""
        if step.sold is None:
            log = self.again[min(step.groups, len(self.again)) - 1]
        else:
            log = self.sold[min(step.sold, len(self.sold) - 1)]
        if step.move is not None and step.gap is not None:
            log += self.move[step.stay][step.move] + self.gap[step.move][step.gap]
        return log


class Model:
    """Scores stamps by some habits, the priors unless told otherwise."""

    def __init__(self, habits: Habits | None = None) -> None:
        self.habits = habits = habits or priors()
        everything = (*habits.ordinary, *habits.copied)
        if len(everything) != EXPLANATIONS:
            raise ValueError(f"a state follows {EXPLANATIONS} explanations, not {len(everything)}")
        self._logs = tuple(map(_logs_of, everything))
        self._weights = tuple(math.log(one.weight) for one in everything)
        self._ordinary = len(habits.ordinary)
        self._single = {f.name: _ratio(*getattr(habits.single, f.name)) for f in fields(habits.single)}
        limits = habits.limits
        self._least, self._most = _milli(limits.least_step), _milli(limits.most_step)
        self._floor, self._doubtful_total = _milli(limits.least_score), _milli(limits.doubtful_total)
        self._most_held, self._share = _milli(limits.most_held), limits.doubtful_share
        self._hubs = tuple(map(of_province, habits.hubs))
        self._suspect = _milli(habits.thresholds.suspect)
        # Stamps begin alike: a few steps of a few classes each, which one after the other takes.
        self._followed = lru_cache(maxsize=4_000)(self._follow)

    def advance(self, state: State, event: ScanEvent, goods: Goods = _ANY) -> Step | None:
        """Bring a state up to date with its next event. The step taken, if a new group came."""
        step: Step | None = None
        if event.event is StampEventKind.CHECK:
            state.count("checks", FULL_WORD)
        if event.event is StampEventKind.SOLD:
            self._sale(state, event, goods)
        elif event.event is StampEventKind.RETURNED:
            _take_back(state)
        elif event.kind is Asker.TILL:
            self._till(state)
        elif event.kind is Asker.CONSUMER:
            step = self._consumer(state, event, goods)
        if not state.suspect_at and state.score >= self._suspect:
            state.suspect_check, state.suspect_at = min(state.checks, FULL_SHORT), event.at
        return step

    def _consumer(self, state: State, event: ScanEvent, goods: Goods) -> Step | None:
        tag = event.tag if event.visitor is not None else 0
        step = None
        if not tag:
            if step := step_to(event, state, self._hubs):
                _, gained = self._followed(state.likelihoods, step)
                self._add_doubtful(state, gained)
                step = None
        elif not state.has_seen(tag):
            if step := step_to(event, state, self._hubs):
                state.likelihoods, gained = self._followed(state.likelihoods, step)
                self._add(state, gained + self._circumstances(state, event, goods))
            settle(event, tag, state, step)
        if event.event is StampEventKind.PIN:
            self._pin(state, tag)
        return step

    def _follow(self, likelihoods: tuple[int, ...], step: Step) -> tuple[tuple[int, ...], int]:
        """(The explanations' likelihoods after a step, what that adds to the score).

        However well an ordinary explanation fits, the copied ones stay within the least score of it: else a flood on
        one day would hide every copy that is sold later.
        """
        found = [before + logs.of(step) for before, logs in zip(likelihoods, self._logs, strict=True)]
        if (lack := self._floor - self._compare(tuple(found))) > 0:
            found[self._ordinary :] = [log + lack for log in found[self._ordinary :]]
        best = max(found)
        after = tuple(max(-MOST_SCORE, log - best) for log in found)
        return after, self._compare(after) - self._compare(likelihoods)

    def _compare(self, likelihoods: tuple[int, ...]) -> int:
        """How much better the copied explanations are together than the ordinary ones."""
        parts = [
            math.exp(weight + likelihood / 1_000)
            for weight, likelihood in zip(self._weights, likelihoods, strict=True)
        ]
        return _milli(math.log(sum(parts[self._ordinary :]) / sum(parts[: self._ordinary])))

    def _circumstances(self, state: State, event: ScanEvent, goods: Goods) -> int:
        """What the run's own facts add for a new group."""
        weight = 0
        if goods.last_day_ends is not None and event.at >= goods.last_day_ends:
            state.count("late")
            weight += self._single["after_last_day"]
        if goods.on_sale and event.spot and all(kilometres(event.spot, s) > NEAR_KM for s in goods.on_sale):
            weight += self._single["outside_region"]
        return weight

    def _sale(self, state: State, event: ScanEvent, goods: Goods) -> None:
        """A unit is sold once. The same place ringing it up again within two hours is a slip."""
        moved = event.spot and state.last and kilometres(event.spot, state.last) > NEAR_KM
        if not state.sales:
            weight = self._circumstances(state, event, goods)
            if moved and state.groups:
                weight += self._single["sold_away"]
            if weight:
                self._add(state, weight)
            state.sold_at = event.at
            if event.spot is not None:
                state.meet(event.spot)
        elif event.at - state.sold_at < TOGETHER and not moved:
            return
        else:
            again = "sold_elsewhere" if moved else "sold_returned" if state.looked else "sold_twice"
            self._add(state, self._single[again] + self._circumstances(state, event, goods))
        state.looked = 0
        state.count("sales")

    def _till(self, state: State) -> None:
        if state.sales:
            self._add(state, self._single["till_after_sale"])
            state.looked = 1

    def _pin(self, state: State, tag: int) -> None:
        """The first PIN speaks for the pack, beyond what one step may; the same one again by others against it."""
        if not state.pins:
            state.count("pins")
            state.pin = tag
            self._change(state, self._single["first_pin"])
        elif tag and tag != state.pin and state.pins < _MOST_PINS:
            state.count("pins")
            self._add(state, self._single["pin_again"])

    def _add(self, state: State, weight: int) -> None:
        """What is beyond the bound of one step is held back, and comes with the next ones."""
        wanted = state.held + weight
        step = min(self._most, max(self._least, wanted))
        state.held = min(self._most_held, max(0, wanted - step))
        self._change(state, step)

    def _add_doubtful(self, state: State, weight: int) -> None:
        room = self._doubtful_total - state.doubtful
        weight = min(room, max(0, round(weight * self._share)))
        state.doubtful += weight
        self._change(state, weight)

    def _change(self, state: State, by: int) -> None:
        state.score = max(self._floor, min(MOST_SCORE, state.score + by))


def _take_back(state: State) -> None:
    """The goods came back to who had sold them, who said so: the next sale is no second one. What a second sale added
    before stays.
    """
    if state.sales:
        state.sales -= 1
    if not state.sales:
        state.sold_at = state.since_sale = state.looked = 0


def _logs_of(one: Explanation) -> _Logs:
    return _Logs(_logs(one.again), _logs(one.sold), tuple(map(_logs, one.move)), tuple(map(_logs, one.gap)))


def _logs(row: Row) -> tuple[int, ...]:
    return tuple(_milli(math.log(chance)) for chance in row)


def _ratio(ordinary: float, copied: float) -> int:
    return _milli(math.log(copied / ordinary))


def _milli(nats: float) -> int:
    return round(1_000 * nats)
