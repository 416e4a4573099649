"""What can have happened to one thing: made before used, in one parent at a time, nothing after its end.

A pure state machine: `apply` takes an event and what is known of the things it names, and gives what is known
afterwards with the findings. Events go in by the time they happened; whoever stores them decides what an error or a
warning keeps out. Only single things are followed (a serial, a logistic unit, an asset); a lot can be in many places.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from temthat_trace.epcis import events as ev
from temthat_trace.epcis import vocabulary as cbv
from temthat_trace.epcis.identifiers import Kind, identify
from temthat_trace.epcis.problems import Level, Problem

DEFAULT_LEVELS: Mapping[str, Level] = {
    # A partner's goods were made elsewhere, where we did not see it.
    "not_commissioned": Level.WARNING,
    "already_inside": Level.WARNING,
    "not_inside": Level.WARNING,
    "late": Level.WARNING,
}
MOST_LEVELS = 32
_ENDING = ("decommissioning", "destroying", "killing")


class EpcState(NamedTuple):
    """What is known of one thing: made, ended, the parent it is in, and when it was last heard of."""

    commissioned: bool = False
    ended: bool = False
    parent: str | None = None
    last: datetime | None = None


UNKNOWN = EpcState()
States = Mapping[str, EpcState]


class Outcome(NamedTuple):
    """The states that changed, by identity, and the findings."""

    changed: dict[str, EpcState]
    problems: list[Problem]


Things = list[tuple[int, str]]
"""Places in a list and the identities of the single things there; place -1: no list, the thing alone."""


class Happening:
    """An event as the lives of things see it: when it was, and which single things it names where.

    `lists`: things by the member that names them. Raises ValueError when the event has no time.
    """

    __slots__ = ("at", "event", "lists")

    def __init__(self, event: ev.Event) -> None:
        self.event = event
        self.at = event.at().astimezone(UTC)  # instants of one zone are compared several times as fast
        self.lists = _lists(event)

    @property
    def things(self) -> list[tuple[str, str]]:
        """(pointer, identity) of each single thing it names, parents too."""
        return [(_pointer(at, i), thing) for at, things in self.lists.items() for i, thing in things]

    @property
    def named(self) -> list[str]:
        """The identities of all single things it names, each once: what `apply` wants to know."""
        return list({thing: None for things in self.lists.values() for _, thing in things})


def apply(
    happening: Happening,
    states: States,
    levels: Mapping[str, Level] | None = None,
) -> Outcome:
    """What an event does to the things it names. `states` by identity; a thing that is not there is unknown.

    An event that declares another one wrong changes nothing.
    """
    step = _Step(happening, states)
    event = happening.event
    if event.error_declaration is None:
        match event:
            case ev.ObjectEvent():
                step.object_event(event)
            case ev.AggregationEvent():
                step.aggregation(event)
            case ev.TransformationEvent():
                step.transformation()
            case _:
                step.use_all()
    if not step.problems:
        return Outcome(step.changed, step.problems)
    chosen = levels or {}
    return Outcome(
        step.changed,
        [p.of_level(chosen.get(p.rule) or DEFAULT_LEVELS.get(p.rule, Level.ERROR)) for p in step.problems],
    )


def _lists(event: ev.Event) -> dict[str, Things]:
    match event:
        case ev.ObjectEvent():
            return {"/epcList": _single(event.epcs)}
        case ev.AggregationEvent() | ev.AssociationEvent():
            return {"/childEPCs": _single(event.child_epcs), "/parentID": _alone(event.parent_id)}
        case ev.TransactionEvent():
            return {"/epcList": _single(event.epcs), "/parentID": _alone(event.parent_id)}
        case ev.TransformationEvent():
            return {
                "/inputEPCList": _single(event.input_epcs),
                "/outputEPCList": _single(event.output_epcs),
            }
    return {}


def _single(epcs: Iterable[str] | None) -> Things:
    found = []
    for i, text in enumerate(epcs or ()):
        known = identify(text)
        if known.kind in _SINGLE:
            found.append((i, known.canonical))
    return found


def _alone(text: str | None) -> Things:
    return [(-1, thing) for _, thing in _single((text,))] if text else []


def _pointer(at: str, i: int) -> str:
    return at if i < 0 else f"{at}/{i}"


_SINGLE = (Kind.INSTANCE, Kind.OTHER)


class _Step:
    """One event being applied: what it has changed so far, and found."""

    def __init__(self, happening: Happening, states: States) -> None:
        self.event = happening.event
        self.at = happening.at
        self.lists = happening.lists
        self.states = states
        self.changed: dict[str, EpcState] = {}
        self.problems: list[Problem] = []

    def state(self, thing: str) -> EpcState:
        return self.changed.get(thing) or self.states.get(thing) or UNKNOWN

    def told(self, at: str, i: int, rule: str, vi: str, en: str) -> None:
        self.problems.append(Problem(_pointer(at, i), rule, vi, en))

    def touch(
        self, thing: str, before: EpcState, commissioned: bool, ended: bool, parent: str | None
    ) -> None:
        last = before.last
        self.changed[thing] = EpcState(
            commissioned, ended, parent, last if last is not None and last > self.at else self.at
        )

    def begin(self, at: str, i: int, thing: str) -> None:
        """Made: for the first time, or it is another thing under the same number."""
        state = self.state(thing)
        if state.ended:
            self._after_end(at, i, thing)
        elif state.commissioned:
            self.told(
                at,
                i,
                "commission_twice",
                f"{thing} đã được tạo trước đó; mỗi số sê-ri chỉ tạo một lần.",
                f"{thing} has been commissioned before; a serial number is given once.",
            )
        if state.last is not None and state.last > self.at:
            self._late(at, i, thing)
        self.touch(thing, state, True, state.ended, state.parent)

    def use(self, at: str, i: int, thing: str, *, may_be_new: bool = False) -> EpcState:
        """Named in any other way; answers the state before."""
        state = self.state(thing)
        if state.ended:
            self._after_end(at, i, thing)
        elif not (state.commissioned or may_be_new):
            self.told(
                at,
                i,
                "not_commissioned",
                f"{thing} chưa có sự kiện tạo (commissioning) trước đó.",
                f"{thing} has not been commissioned before.",
            )
        if state.last is not None and state.last > self.at:
            self._late(at, i, thing)
        # A carton or pallet begins by being filled; few announce it.
        is_filled = may_be_new and self.event.action == "ADD"
        self.touch(thing, state, is_filled or state.commissioned, state.ended, state.parent)
        return state

    def end(self, at: str, i: int, thing: str) -> None:
        """Used up, destroyed, taken out of service."""
        state = self.use(at, i, thing)
        self.touch(thing, state, state.commissioned, True, None)

    def use_all(self) -> None:
        for at, things in self.lists.items():
            for i, thing in things:
                self.use(at, i, thing, may_be_new=at == "/parentID")

    def object_event(self, event: ev.ObjectEvent) -> None:
        word = cbv.BIZ_STEP.word(event.biz_step) if event.biz_step else None
        happens: Callable[[str, int, str], object] = self.use
        if event.action == "DELETE" or word in _ENDING:
            happens = self.end
        elif event.action == "ADD":
            happens = self.begin
        for i, thing in self.lists["/epcList"]:
            happens("/epcList", i, thing)

    def transformation(self) -> None:
        for i, thing in self.lists["/inputEPCList"]:
            self.end("/inputEPCList", i, thing)
        for i, thing in self.lists["/outputEPCList"]:
            self.begin("/outputEPCList", i, thing)

    def aggregation(self, event: ev.AggregationEvent) -> None:
        parents = self.lists["/parentID"]
        parent = parents[0][1] if parents else None
        for i, thing in parents:
            self.use("/parentID", i, thing, may_be_new=True)
        things = self.lists["/childEPCs"]
        if event.action == "DELETE" and not event.child_epcs and not event.child_quantities and parent:
            things = [(-1, thing) for thing, state in self.states.items() if state.parent == parent]
        for i, thing in things:
            state = self.use("/childEPCs", i, thing)
            if event.action == "ADD" and parent:
                self._put_in("/childEPCs", i, thing, state, parent)
            elif event.action == "DELETE":
                self._take_out("/childEPCs", i, thing, state, parent)

    def _put_in(self, at: str, i: int, thing: str, state: EpcState, parent: str) -> None:
        if state.parent == parent:
            self.told(
                at,
                i,
                "already_inside",
                f"{thing} đã nằm trong {parent}.",
                f"{thing} is in {parent} already.",
            )
        elif state.parent is not None:
            self.told(
                at,
                i,
                "two_parents",
                f"{thing} đang nằm trong {state.parent}; hãy ghi việc lấy ra trước (AggregationEvent DELETE).",
                f"{thing} is in {state.parent}; record that it was taken out first (AggregationEvent DELETE).",
            )
        if self._is_within(parent, thing):
            self.told(
                at,
                i,
                "in_each_other",
                f"{parent} lại nằm trong {thing}: không thể chứa lẫn nhau.",
                f"{parent} is inside {thing}: they cannot hold each other.",
            )
        else:
            self.touch(thing, state, state.commissioned, state.ended, parent)

    def _take_out(self, at: str, i: int, thing: str, state: EpcState, parent: str | None) -> None:
        if parent is not None and state.parent != parent:
            where = state.parent or "–"
            self.told(
                at,
                i,
                "not_inside",
                f"{thing} không nằm trong {parent} (đang ở: {where}).",
                f"{thing} is not in {parent} (it is in: {where}).",
            )
        else:
            self.touch(thing, state, state.commissioned, state.ended, None)

    def _is_within(self, thing: str, outer: str) -> bool:
        for _ in range(MOST_LEVELS):
            if thing == outer:
                return True
            above = self.state(thing).parent
            if above is None:
                return False
            thing = above
        return True

    def _after_end(self, at: str, i: int, thing: str) -> None:
        self.told(
            at,
            i,
            "after_end",
            f"{thing} đã kết thúc (huỷ, tiêu dùng hoặc chế biến) trước đó.",
            f"{thing} has been ended before (destroyed, used up or processed).",
        )

    def _late(self, at: str, i: int, thing: str) -> None:
        self.told(
            at,
            i,
            "late",
            f"Sự kiện xảy ra trước lần cuối đã ghi của {thing}; thứ tự có thể khác.",
            f"This happened before the last thing recorded of {thing}; the order may differ.",
        )
