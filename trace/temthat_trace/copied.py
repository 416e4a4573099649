"""Diaries copied from batch to batch: a pure comparison that finds those that agree word for word.

A diary whose steps, texts, amounts and days since the batch was made are those of another batch was written once and
copied, unless both batches saw the same work on the same days. It says what agrees and leaves the judgement to people.

Cost: alike diaries are first put together by one digest each. What is left is compared through an index of the rarest
lines only (prefix filtering, as in set-similarity joins), and only with one diary of each group found so far.
"""

import datetime as dt
import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from temthat_trace.search import fold

Id = TypeVar("Id")

LEAST_LINES = 3
"""A diary of one or two lines says nothing by being like another."""
LEAST_LETTERS = 40
"""Nor does one of three bare words: “Thu hoạch”, “Đóng gói” are the same on every farm."""
NEARLY = 0.8
"""Shared lines over all lines of both, from which two diaries are told as nearly the same."""

Keys = frozenset[tuple[bytes, int]]


@dataclass(frozen=True, slots=True)
class Work:
    """One line of a diary: the step, what was written, its day, and its amounts in a form that compares as text."""

    step: str
    text: str
    on: dt.date
    amounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Diary(Generic[Id]):
    """The lines of one batch, of which `made_on` is the day the batch was made."""

    batch: Id
    made_on: dt.date
    works: Sequence[Work]

    @cached_property
    def keys(self) -> Keys:
        """Each line as a digest with its number among equal lines, the days counted from `made_on`."""
        found: Counter[bytes] = Counter()
        keys = []
        for work in self.works:
            said = (work.step, fold(work.text), str((work.on - self.made_on).days), *sorted(work.amounts))
            digest = hashlib.blake2b("\x1f".join(said).encode(), digest_size=16).digest()
            keys.append((digest, found[digest]))
            found[digest] += 1
        return frozenset(keys)

    @property
    def tells(self) -> bool:
        """Whether there is enough in it that agreeing with another means something."""
        if len(self.works) < LEAST_LINES:
            return False
        return sum(len(fold(work.text)) + sum(map(len, work.amounts)) for work in self.works) >= LEAST_LETTERS


@dataclass(frozen=True, slots=True)
class Agreement(Generic[Id]):
    """Batches whose diaries agree, in the order given. `lines` of each one's lines stand in all of them; `whole`:
    that is all of them."""

    batches: tuple[Id, ...]
    lines: int
    whole: bool


def agreements(diaries: Iterable[Diary[Id]]) -> list[Agreement[Id]]:
    """Groups of two and more batches whose diaries are the same or nearly so, made on different days."""
    alike: dict[Keys, list[Diary[Id]]] = {}
    for diary in diaries:
        if diary.tells:
            alike.setdefault(diary.keys, []).append(diary)
    return [found for group in _near(alike) if (found := _agreement([alike[keys] for keys in group]))]


def agreement_of(diary: Diary[Id], others: Iterable[Diary[Id]]) -> Agreement[Id] | None:
    """The group a diary belongs to, if it agrees with any of the others."""
    if not diary.tells:
        return None
    found = [o for o in others if o.batch != diary.batch and o.tells and _similar(diary.keys, o.keys)]
    group: dict[Keys, list[Diary[Id]]] = {diary.keys: [diary]}
    for other in found:
        group.setdefault(other.keys, []).append(other)
    return _agreement(list(group.values()))


def _agreement(group: Sequence[Sequence[Diary[Id]]]) -> Agreement[Id] | None:
    """What a group has in common; None when all of it was one day's work, or it is one batch alone."""
    members = [diary for same in group for diary in same]
    if len({diary.made_on for diary in members}) < 2:
        return None
    shared = frozenset.intersection(*(same[0].keys for same in group))
    return Agreement(tuple(diary.batch for diary in members), len(shared), whole=len(group) == 1)


def _similar(one: Keys, other: Keys) -> bool:
    shared = len(one & other)
    return shared >= NEARLY * (len(one) + len(other) - shared)


def _near(alike: Iterable[Keys]) -> Iterator[list[Keys]]:
    """Sets of lines put into groups: each is compared with the first of every group that shares a rare line with it."""
    patterns = list(alike)
    common = Counter(key for keys in patterns for key in keys)
    groups: list[list[Keys]] = []
    index: dict[tuple[bytes, int], list[int]] = defaultdict(list)
    for keys in patterns:
        rare = sorted(keys, key=lambda k: (common[k], k))[: len(keys) - math.ceil(NEARLY * len(keys)) + 1]
        seen = {group for key in rare for group in index[key]}
        home = next((group for group in sorted(seen) if _similar(groups[group][0], keys)), None)
        if home is None:
            for key in rare:
                index[key].append(len(groups))
            groups.append([keys])
        else:
            groups[home].append(keys)
    yield from groups
