"""What a classifier reaches that was trained on the simulation's own truth: the bound of `bench.copies`.

Gradient boosting on the gaps and distances between the first n phones of a stamp and on what was counted by then;
trained on one half of the stamps, compared on the other half at the model's own false rate.
"""

import math
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.kinds import StampEventKind
from temthat_stamps.copies.measure import Course
from temthat_stamps.copies.places import Spot, kilometres
from temthat_stamps.verdict import Asker

FALSE_RATE = 1e-4
Stamp = Sequence[ScanEvent]


def bound(
    genuine: Sequence[Stamp], copied: Sequence[Stamp], ours: Sequence[Course], theirs: Sequence[Course]
) -> list[str]:
    """A table: caught by the n-th phone, model and classifier, at one false rate; or why there is none."""
    if find_spec("sklearn") is None:
        return ["A classifier for comparison needs scikit-learn, which was not installed."]
    lines = [
        f"| at {FALSE_RATE * 10_000:g} false in 10,000 scanned, held-out half | this model | trained classifier |",
        "|---|---|---|",
    ]
    for phone in (5, 7):
        model, classifier = _compare(genuine, copied, ours, theirs, phone)
        lines.append(f"| caught by the check of the {phone}th phone | {model:.1%} | {classifier:.1%} |")
    return lines


def _compare(
    genuine: Sequence[Stamp],
    copied: Sequence[Stamp],
    ours: Sequence[Course],
    theirs: Sequence[Course],
    phone: int,
) -> tuple[float, float]:
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-not-found,unused-ignore]

    rows: list[list[float]] = []
    truth: list[int] = []
    scores: list[int] = []
    for label, stamps, courses in ((0, genuine, ours), (1, copied, theirs)):
        for events, course in zip(stamps, courses, strict=True):
            if len(course.by_phone) >= phone:
                rows.append(features(events, phone))
                truth.append(label)
                scores.append(course.by_phone[phone - 1])
    classifier = HistGradientBoostingClassifier(max_iter=200, learning_rate=0.06, random_state=1)
    classifier.fit(rows[::2], truth[::2])
    said = [float(pair[1]) for pair in classifier.predict_proba(rows[1::2])]
    allowed = int(FALSE_RATE * len(genuine) / 2)
    return _caught(scores[1::2], truth[1::2], allowed), _caught(said, truth[1::2], allowed)


def _caught(scores: Sequence[float], truth: Sequence[int], allowed: int) -> float:
    """The share of copied above the score that `allowed` genuine ones exceed."""
    wrong = sorted((s for s, t in zip(scores, truth, strict=True) if not t), reverse=True)
    limit = wrong[allowed] if allowed < len(wrong) else -math.inf
    right = [s for s, t in zip(scores, truth, strict=True) if t]
    return sum(s > limit for s in right) / len(right) if right else 0.0


def features(events: Stamp, phone: int) -> list[float]:
    """What can be known at the check of the n-th different phone."""
    seen: set[str] = set()
    at: list[int] = []
    spots: list[Spot | None] = []
    counts: dict[Any, int] = dict.fromkeys((*StampEventKind, *Asker, None), 0)
    for event in events:
        counts[event.event] += 1
        counts[event.kind] += 1
        if event.kind is not Asker.CONSUMER:
            continue
        if event.visitor is None:
            counts[None] += 1
        elif event.visitor not in seen:
            seen.add(event.visitor)
            at.append(event.at)
            spots.append(event.spot)
            if len(seen) == phone:
                break
    gaps = [math.log1p(b - a) for a, b in pairwise(at)]
    far = [kilometres(a, b) if a and b else -1.0 for i, a in enumerate(spots) for b in spots[i + 1 :]]
    known = [spot for spot in spots if spot]
    most = max((known.count(spot) for spot in known), default=0)
    made: list[Any] = [
        *gaps,
        *sorted(gaps),
        *far,
        *sorted(far),
        math.log1p(at[-1] - at[0]),
        len(set(known)),
        most,
    ]
    return [float(value) for value in (*made, *counts.values())]
