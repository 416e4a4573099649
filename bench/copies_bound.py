"""What a classifier reaches that was trained on the simulation's own truth: the bound of `bench.copies`.

Gradient boosting on what any observer of a stamp's history can count when a new phone checks. It is trained on one half
of the stamps and judged on the other; so is the model, on the same stamps at the same moments. Both have the threshold
that as many genuine scanned stamps of that half *ever* exceed.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import priors
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.measure import Course
from temthat_stamps.copies.places import NEAR_KM, SAME_KM, Spot, kilometres, of_province
from temthat_stamps.verdict import Asker

FALSE_RATE = 1e-4
FIRST, LAST = 3, 12
"""The phones at whose checks the classifier is asked: before, nothing can be known; later, all is."""
PHONES = (5, 7)
"""Where the two are compared."""
DRAWS = 400
"""Of the bootstrap."""
_BACK = 6
_HUBS = tuple(map(of_province, priors().hubs))
Stamp = Sequence[ScanEvent]
Scores = NDArray[np.float64]


def may_count(course: Course) -> bool:
    """Whether a genuine stamp ever comes to a moment the classifier is asked at."""
    return len(course.by_phone) >= FIRST


def bound(
    scanned: int,
    genuine: Sequence[tuple[Stamp, Course]],
    copied: Sequence[tuple[Stamp, Course]],
) -> list[str]:
    """A table: caught at `PHONES`, by model and classifier. `genuine`: those of all `scanned` that `may_count`."""
    learn, judge = _Half.of(genuine, copied, 0), _Half.of(genuine, copied, 1)
    classifier = _trained(learn)
    theirs = judge.by_phone(classifier)
    ours = judge.courses()
    lines = [
        f"| at {FALSE_RATE * 10_000:g} genuine scanned stamp in 10,000 ever suspect, held-out half "
        "| this model | trained classifier | points between, 95 % |",
        "|---|---|---|---|",
    ]
    for phone in PHONES:
        low, high = _between(ours, theirs, phone, scanned / 2)
        model, other = (_caught(side, phone, scanned / 2) for side in (ours, theirs))
        lines.append(
            f"| caught by the check of the {phone}th phone | {model:.1%} | {other:.1%} "
            f"| {100 * (other - model):.1f} ({low:.1f} to {high:.1f}) |"
        )
    return lines


@dataclass(frozen=True, slots=True)
class _Half:
    """Every second stamp."""

    genuine: Sequence[tuple[Stamp, Course]]
    copied: Sequence[tuple[Stamp, Course]]

    @classmethod
    def of(
        cls, genuine: Sequence[tuple[Stamp, Course]], copied: Sequence[tuple[Stamp, Course]], which: int
    ) -> "_Half":
        return cls(genuine[which::2], copied[which::2])

    def courses(self) -> "_Sides":
        """The model's own highest scores by phone; a genuine stamp's last one is its highest ever."""
        highest = [float(course.highest) for _, course in self.genuine]
        return _Sides(np.array(highest), [list(map(float, course.by_phone)) for _, course in self.copied])

    def by_phone(self, classifier: Any) -> "_Sides":
        """The classifier's highest scores by phone."""
        genuine = _highest(classifier, [stamp for stamp, _ in self.genuine])
        copied = _highest(classifier, [stamp for stamp, _ in self.copied])
        return _Sides(np.array([scores[-1] for scores in genuine]), copied)


@dataclass(frozen=True, slots=True)
class _Sides:
    """Highest scores: of genuine stamps ever, of copied ones by phone."""

    genuine: Scores
    copied: Sequence[Sequence[float]]


def _trained(half: _Half) -> Any:
    from sklearn import ensemble  # type: ignore[import-untyped,unused-ignore]

    rows: list[list[float]] = []
    truth: list[int] = []
    for label, side in ((0, half.genuine), (1, half.copied)):
        for stamp, _ in side:
            found = list(moments(stamp))
            rows += found
            truth += [label] * len(found)
    made = ensemble.HistGradientBoostingClassifier(
        max_iter=250, learning_rate=0.06, l2_regularization=1.0, random_state=1
    )
    return made.fit(np.array(rows), np.array(truth))


def _highest(classifier: Any, stamps: Sequence[Stamp]) -> list[list[float]]:
    """Each stamp's `by_phone`, as the classifier sees it; before it is asked nothing exceeds anything."""
    rows = [list(moments(stamp)) for stamp in stamps]
    scores = iter(classifier.decision_function(np.array([row for found in rows for row in found])))
    made = []
    for found in rows:
        highest = list(accumulate((float(next(scores)) for _ in found), max))
        made.append([-math.inf] * (FIRST - 1) + highest)
    return made


def _caught(sides: _Sides, phone: int, scanned: float) -> float:
    return _weighted(sides, phone, scanned, np.ones(len(sides.genuine)), np.ones(len(sides.copied)))


def _between(ours: _Sides, theirs: _Sides, phone: int, scanned: float) -> tuple[float, float]:
    """A 95 % interval of the points between, by drawing stamps again (each so often as a Poisson number says)."""
    draw = np.random.default_rng(1)
    found = []
    for _ in range(DRAWS):
        genuine = draw.poisson(1.0, len(ours.genuine)).astype(float)
        copied = draw.poisson(1.0, len(ours.copied)).astype(float)
        model, other = (_weighted(side, phone, scanned, genuine, copied) for side in (ours, theirs))
        found.append(100 * (other - model))
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def _weighted(sides: _Sides, phone: int, scanned: float, genuine: Scores, copied: Scores) -> float:
    """The share of copied stamps above the score that the allowed number of genuine ones exceed."""
    order = np.argsort(-sides.genuine)
    above = np.searchsorted(np.cumsum(genuine[order]), FALSE_RATE * scanned, side="right")
    limit = sides.genuine[order[above]] if above < len(order) else -math.inf
    met = [
        (weight, scores[min(phone, LAST) - 1] > limit)
        for weight, scores in zip(copied, sides.copied, strict=True)
        if len(scores) >= phone
    ]
    return float(sum(w for w, caught in met if caught) / sum(w for w, _ in met)) if met else 0.0


def moments(stamp: Stamp) -> Iterator[list[float]]:
    """What is known of a stamp at the check of its third and each later different phone."""
    seen: set[str] = set()
    for number, event in enumerate(stamp, 1):
        if event.kind is Asker.CONSUMER and event.visitor is not None and event.visitor not in seen:
            seen.add(event.visitor)
            if len(seen) >= FIRST:
                yield features(stamp[:number])
            if len(seen) == LAST:
                return


def features(events: Stamp) -> list[float]:
    """What any observer of a history can count: new phones, times and distances between them, what else happened."""
    phones = _new_phones(events)
    at, spots = [event.at for event in phones], [event.spot for event in phones]
    gaps = [math.log1p(b - a) for a, b in pairwise(at)]
    far = [kilometres(a, b) if a and b else -1.0 for a, b in pairwise(spots)]
    known = [spot for spot in spots if spot]
    counts = Counter(known).most_common(2) + [(None, 0)] * 2
    between = [kilometres(a, b) for i, a in enumerate(known) for b in known[i + 1 :]]
    things = Counter(event.event for event in events)
    askers = Counter(event.kind for event in events)
    return [
        float(value)
        for value in (
            len(phones),
            *_last(gaps),
            *_last(far),
            *_last(sorted(gaps)),
            math.log1p(at[-1] - at[0]),
            len(set(known)),
            counts[0][1],
            counts[1][1],
            max(between, default=-1.0),
            sum(km > NEAR_KM for km in between),
            sum(km <= SAME_KM for km in between),
            len({(moment + 25_200) // 86_400 for moment in at}),
            sum(a != b for a, b in pairwise(known)),
            *(sum(spot == hub for spot in known) for hub in _HUBS),
            sum(1 for event in events if event.visitor is None),
            *(things[thing] for thing in StampEventKind),
            *(askers[asker] for asker in Asker),
            *_since_sale(events, phones),
        )
    ]


def _new_phones(events: Stamp) -> list[ScanEvent]:
    found: dict[str, ScanEvent] = {}
    for event in events:
        if event.kind is Asker.CONSUMER and event.visitor is not None:
            found.setdefault(event.visitor, event)
    return list(found.values())


def _last(values: Sequence[float]) -> list[float]:
    """The newest first, always as many."""
    newest = list(values[::-1][:_BACK])
    return newest + [-1.0] * (_BACK - len(newest))


def _since_sale(events: Stamp, phones: Sequence[ScanEvent]) -> list[float]:
    """Time, new phones, their places and those at the sale's place since the first sale."""
    sale = next((event for event in events if event.event is StampEventKind.SOLD), None)
    if sale is None:
        return [-1.0] * 4
    later = [event for event in phones if event.at > sale.at]
    spots = [event.spot for event in later if event.spot]
    since = math.log1p(max(0, phones[-1].at - sale.at))
    return [since, float(len(later)), float(len(set(spots))), float(spots.count(sale.spot or Spot(0, 0)))]
