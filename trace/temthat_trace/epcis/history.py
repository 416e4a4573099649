"""New events among the stored ones of the same things: each is judged at its place in time, however late it came.

Pure: `judge` takes what is stored of the things concerned and answers with findings; `lifecycle` knows the rules.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from temthat_trace.epcis import events as ev
from temthat_trace.epcis.lifecycle import EpcState, Happening, apply
from temthat_trace.epcis.problems import Level, Problem


class Known(Happening):
    """An event with the hash by which a declaration names it."""

    __slots__ = ("hash",)

    def __init__(self, event: ev.Event, hash_: bytes) -> None:
        super().__init__(event)
        self.hash = hash_


Findings = list[list[Problem]]


def judge(
    new: Sequence[Known],
    stored: Sequence[Known],
    levels: Mapping[str, Level],
    long: Collection[str] = (),
) -> Findings:
    """The findings of each new event, pointers within the event.

    `stored`: events of the same things, and of what these were in, in the order they were recorded. `long`: things of
    which only the latest events are given. Events declared wrong count for nothing.
    """
    found = _replay(new, _in_force(stored, new), levels, long)
    if stored:
        _tell_late(new, _in_force(stored, ()), found, levels, long)
    for n, known in enumerate(new if long else ()):
        found[n] += [_long(pointer) for pointer, thing in known.things if thing in long][:1]
    return [problems and [p.of_level(levels.get(p.rule, p.level)) for p in problems] for problems in found]


def _in_force(stored: Sequence[Known], new: Sequence[Known]) -> list[Known]:
    wrong = {k.hash for k in (*stored, *new) if k.event.error_declaration is not None}
    return [k for k in stored if k.event.error_declaration is None and k.hash not in wrong]


def _replay(
    new: Sequence[Known],
    stored: Sequence[Known],
    levels: Mapping[str, Level],
    long: Collection[str],
    of_stored: dict[int, list[Problem]] | None = None,
) -> Findings:
    """All events by the time they happened, stored ones first where it is the same; a refused one changes nothing."""
    line = [(known.at, 0, n, known) for n, known in enumerate(stored)]
    line += [(known.at, 1, n, known) for n, known in enumerate(new)]
    line.sort()  # no two are of one place, so that what they are is never compared
    states = dict.fromkeys(long, EpcState(commissioned=True))
    found: Findings = [[] for _ in new]
    for _, is_new, n, known in line:
        outcome = apply(known, states, levels=levels)
        if is_new:
            found[n] = outcome.problems
            if outcome.problems and any(p.level is Level.ERROR for p in outcome.problems):
                continue
        elif of_stored is not None:
            of_stored[n] = outcome.problems
        states.update(outcome.changed)
    return found


def _tell_late(
    new: Sequence[Known],
    stored: Sequence[Known],
    found: Findings,
    levels: Mapping[str, Level],
    long: Collection[str],
) -> None:
    """What came late is told, and what it makes of the events recorded before it that happened after it."""
    last: dict[str, datetime] = {}
    for known in stored:
        for thing in known.named:
            if thing not in last or last[thing] < known.at:
                last[thing] = known.at
    late = [
        (n, pointer, thing)
        for n, known in enumerate(new)
        if known.event.error_declaration is None
        for pointer, thing in known.things
        if thing in last and last[thing] > known.at
    ]
    if not late:
        return
    before: dict[int, list[Problem]] = {}
    after: dict[int, list[Problem]] = {}
    _replay((), stored, levels, long, before)
    _replay([new[n] for n in sorted({n for n, _, _ in late})], stored, levels, long, after)
    spoilt: dict[str, tuple[Known, Problem]] = {}
    for n, known in enumerate(stored):
        if not after[n]:
            continue
        was = {(p.rule, p.pointer) for p in before[n]}
        names = dict(known.things)
        for problem in after[n]:
            if (problem.rule, problem.pointer) not in was and problem.pointer in names:
                spoilt.setdefault(names[problem.pointer], (known, problem))
    for n, pointer, thing in late:
        found[n].append(_late(pointer, thing))
        if thing in spoilt and spoilt[thing][0].at >= new[n].at:
            found[n].append(_contradicts(pointer, *spoilt[thing]))


def _late(pointer: str, thing: str) -> Problem:
    return Problem(
        pointer,
        "late",
        f"Đến muộn: về {thing} đã ghi việc xảy ra sau đó. Đã xét theo đúng thứ tự thời gian.",
        f"It came late: of {thing} something later is recorded already. It was judged at its place in time.",
    )


def _contradicts(pointer: str, known: Known, problem: Problem) -> Problem:
    time = known.event.event_time
    return Problem(
        pointer,
        "contradicts_later",
        f"Trái với sự kiện đã ghi lúc {time}: {problem.vi} Hãy xem lại giờ, hoặc khai sự kiện sai.",
        f"It contradicts what is recorded at {time}: {problem.en} Check the time, or declare the error.",
    )


def _long(pointer: str) -> Problem:
    return Problem(
        pointer,
        "long_history",
        "Vật này có rất nhiều sự kiện; chỉ xét những sự kiện mới nhất.",
        "There are very many events of this thing; only the latest were looked at.",
    )
