"""How well a model tells copies from ordinary use on labelled stamps: scores by the n-th different phone. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.model import Model
from temthat_stamps.copies.state import State
from temthat_stamps.verdict import Asker


@dataclass(frozen=True, slots=True)
class Course:
    """One stamp's way. `by_phone[n-1]`: its highest score when the n-th different phone had checked; `highest`: ever.

    Scores are in thousandths of a nat. Phones are told apart exactly here, unlike in the state.
    """

    by_phone: tuple[int, ...]
    highest: int
    state: State


def course(model: Model, events: Iterable[ScanEvent]) -> Course:
    """Score one stamp's events, which are in order."""
    state, phones = State(), set[str]()
    by_phone: list[int] = []
    highest = 0
    for event in events:
        is_new = event.kind is Asker.CONSUMER and event.visitor is not None and event.visitor not in phones
        model.advance(state, event)
        highest = max(highest, state.score)
        if is_new and event.visitor is not None:
            phones.add(event.visitor)
            by_phone.append(highest)
    return Course(tuple(by_phone), highest, state)


def share_above(courses: Sequence[Course], threshold: float) -> float:
    """The share of stamps that ever reach a threshold, in nats."""
    return sum(c.highest >= 1_000 * threshold for c in courses) / len(courses) if courses else 0.0


def caught_by(courses: Sequence[Course], phone: int, threshold: float) -> tuple[float, int]:
    """(Share caught by the check of the n-th different phone, of how many stamps): of those that had so many phones."""
    met = [c for c in courses if len(c.by_phone) >= phone]
    caught = sum(c.by_phone[phone - 1] >= 1_000 * threshold for c in met)
    return (caught / len(met) if met else 0.0), len(met)
