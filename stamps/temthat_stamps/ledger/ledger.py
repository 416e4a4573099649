"""The stamp ledger (sổ tem): what became of every stamp of a run, as ranges that always add up.

Nothing is kept per stamp. Records claim stretches of serials (a print file holds 1-500, a notice says 25-48 are
spoiled); where several claim the same serial the one that comes first in `State` decides. What nobody claims is
ordered and nothing more, so the states are a partition of 1..count whatever the records say.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

from temthat_trace import formats


class State(StrEnum):
    """What a stamp is, the strongest first: a void stamp on goods is void, a spoiled one was printed before."""

    REPLACED = "replaced"
    VOID = "void"
    LOST = "lost"
    SPOILED = "spoiled"
    RETURNED = "returned"
    APPLIED = "applied"
    PRINTED = "printed"
    IN_FILE = "in_file"
    ORDERED = "ordered"


STRENGTH = {state: place for place, state in enumerate(State)}
"""0 for the strongest."""

_WORDS = {
    "vi": {
        State.REPLACED: "đã thay bằng tem in lại",
        State.VOID: "đã hủy",
        State.LOST: "thất lạc",
        State.SPOILED: "hỏng",
        State.RETURNED: "trả lại",
        State.APPLIED: "đã dán",
        State.PRINTED: "đã in, chưa ghi dùng vào đâu",
        State.IN_FILE: "trong tệp in, chưa xác nhận in",
        State.ORDERED: "chưa có trong tệp in nào",
    },
    "en": {
        State.REPLACED: "replaced by a reprint",
        State.VOID: "void",
        State.LOST: "lost",
        State.SPOILED: "spoiled",
        State.RETURNED: "returned",
        State.APPLIED: "applied",
        State.PRINTED: "printed, not yet accounted for",
        State.IN_FILE: "in a print file, printing not confirmed",
        State.ORDERED: "in no print file yet",
    },
}


def state_words(state: State, lang: str = "vi") -> str:
    """The state as a clerk reads it."""
    return _WORDS[lang][state]


@dataclass(frozen=True, slots=True)
class Claim:
    """One record's word on serials `first` to `last`, both included."""

    state: State
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Neighbouring serials in the same state, both ends included."""

    first: int
    last: int
    state: State

    @property
    def count(self) -> int:
        """How many stamps."""
        return self.last - self.first + 1

    def label(self, lang: str = "vi") -> str:
        """The serials as on a sheet: 25 to 48."""
        first, last = formats.number(self.first, lang), formats.number(self.last, lang)
        if self.first == self.last:
            return first
        return f"{first} to {last}" if lang == "en" else f"{first} đến {last}"


@dataclass(frozen=True)
class Ledger:
    """A run's stamps by state. `stretches` cover 1..count in order, without gap or overlap."""

    run: int
    count: int
    stretches: tuple[Stretch, ...]

    @cached_property
    def totals(self) -> Counter[State]:
        """Stamps in each state; they sum to `count`."""
        totals: Counter[State] = Counter()
        for stretch in self.stretches:
            totals[stretch.state] += stretch.count
        return totals

    def total(self, *states: State) -> int:
        """Stamps in any of these states."""
        return sum(self.totals[state] for state in states)

    def at(self, serial: int) -> State:
        """The state of one stamp. Raises ValueError for a serial the run does not have."""
        if not 1 <= serial <= self.count:
            raise ValueError(f"run {self.run} has serials 1 to {self.count}, not {serial}")
        return self.stretches[bisect_right(self.stretches, serial, key=lambda s: s.first) - 1].state

    def within(self, first: int, last: int) -> Iterator[Stretch]:
        """The part of the ledger between two serials, both included."""
        start = max(0, bisect_right(self.stretches, first, key=lambda s: s.first) - 1)
        for stretch in self.stretches[start:]:
            if stretch.first > last:
                return
            if stretch.last >= first:
                yield Stretch(max(first, stretch.first), min(last, stretch.last), stretch.state)

    def explain(self, lang: str = "vi") -> str:
        """The sum in one sentence a clerk can check by hand; states without stamps are left out."""
        terms = [
            f"{formats.number(self.totals[state], lang)} {state_words(state, lang)}"
            for state in reversed(State)
            if self.totals[state]
        ]
        ordered = formats.number(self.count, lang)
        if lang == "en":
            return f"Run {self.run}: {ordered} stamps ordered = {' + '.join(terms)}."
        return f"Đợt in {self.run}: {ordered} tem đã đặt = {' + '.join(terms)}."


def keep(run: int, count: int, claims: Iterable[Claim]) -> Ledger:
    """The ledger of a run of `count` stamps from all claims on it, in any order.

    Raises ValueError for a claim on serials outside 1..count, which no record of the run can make.
    """
    changes: defaultdict[int, Counter[State]] = defaultdict(Counter)
    for claim in claims:
        if not 1 <= claim.first <= claim.last <= count:
            raise ValueError(f"{claim} lies outside run {run} with serials 1 to {count}")
        changes[claim.first][claim.state] += 1
        changes[claim.last + 1][claim.state] -= 1
    return Ledger(run, count, tuple(_joined(_swept(count, changes))))


def _swept(count: int, changes: dict[int, Counter[State]]) -> Iterator[Stretch]:
    """From one change to the next the strongest state that is claimed there."""
    standing: Counter[State] = Counter()
    edges = sorted({1, *changes, count + 1})
    for first, after in pairwise(edges):
        standing.update(changes.get(first, {}))
        claimed = (state for state in State if standing[state] > 0)
        yield Stretch(first, after - 1, next(claimed, State.ORDERED))


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Neighbours in the same state as one."""
    before: Stretch | None = None
    for stretch in stretches:
        if before is not None and before.state is stretch.state:
            before = Stretch(before.first, stretch.last, stretch.state)
            continue
        if before is not None:
            yield before
        before = stretch
    if before is not None:
        yield before
