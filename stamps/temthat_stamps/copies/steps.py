"""How one group of people follows another: where it is and how long after, in the classes that habits know. Pure."""

from dataclasses import dataclass

from temthat_stamps.copies.events import ScanEvent
from temthat_stamps.copies.habits import DAY, GAPS, HOUR, TOGETHER, Move, Stay
from temthat_stamps.copies.places import NEAR_KM, SAME_KM, Spot, kilometres, too_fast
from temthat_stamps.copies.state import FULL_SHORT, FULL_SIX_BITS, State

_VIETNAM = 7 * HOUR
_JUMPS = (Move.FAR, Move.BACK, Move.HUB)
Hubs = tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One group after another: what `learning` counts. What is not known is None.

    `groups`, `sold` (groups since the first sale) and `stay` are what was before it.
    """

    groups: int
    sold: int | None
    stay: Stay
    move: Move | None
    gap: int | None
    fast: bool = False


def step_to(event: ScanEvent, state: State, hubs: Hubs) -> Step | None:
    """The step to this event from the last group; None if it is the first or the same."""
    if not state.groups:
        return None
    seconds = max(0, event.at - state.last_at)
    stay = _stay(state, hubs)
    if event.spot is None or state.last is None:
        if seconds < TOGETHER:
            return None
        return Step(state.groups, since_sale(state), stay, None, None)
    km = kilometres(event.spot, state.last)
    if km <= SAME_KM and seconds < TOGETHER:
        return None
    move = _move(km, event.spot, state, hubs)
    fast = move is not Move.SAME and too_fast(km, seconds)
    gap = 0 if fast else max(gap_of(seconds), int(km > NEAR_KM))
    return Step(state.groups, since_sale(state), stay, move, gap, fast)


def settle(event: ScanEvent, tag: int, state: State, step: Step | None) -> None:
    """Write down a new phone: a group of its own after a step or as the first, else one more of the last."""
    state.remember(tag)
    state.count("phones", FULL_SHORT)
    if step is None and state.groups:
        return
    if state.groups == 0 or _day(event.at) != _day(state.last_at):
        state.count("days")
    state.count("groups")
    if state.sales:
        state.count("since_sale", FULL_SIX_BITS)
    state.last_at = event.at
    if step and step.move is not None:
        _travel(state, step, step.move)
    if event.spot is not None:
        state.meet(event.spot)


def _travel(state: State, step: Step, move: Move) -> None:
    state.jumped = int(move in _JUMPS)
    if state.jumped:
        state.count("moves")
    if move is Move.HUB or step.stay is Stay.IN_HUB:
        # What is told to people must be true of the code: a phone that its network places in a hub was not there.
        return
    if move is Move.BACK:
        state.count("backs")
    if step.fast:
        state.count("fast")


def since_sale(state: State) -> int | None:
    """Groups since the first sale; None before one."""
    return state.since_sale if state.sales else None


def gap_of(seconds: int) -> int:
    """The class of time between two groups, 0 to 4."""
    return next((i for i, end in enumerate(GAPS) if seconds < end), len(GAPS))


def _stay(state: State, hubs: Hubs) -> Stay:
    if not state.moves:
        return Stay.NEVER_LEFT
    if not state.jumped:
        return Stay.SETTLED
    return Stay.IN_HUB if state.last and _near_any(state.last, hubs) else Stay.JUST_JUMPED


def _move(km: float, spot: Spot, state: State, hubs: Hubs) -> Move:
    if km <= SAME_KM:
        return Move.SAME
    is_known = _near_any(spot, state.places)
    if is_known and state.jumped:
        return Move.BACK
    if _near_any(spot, hubs):
        return Move.HUB
    if is_known:
        return Move.BACK
    return Move.NEAR if km <= NEAR_KM else Move.FAR


def _near_any(spot: Spot, places: tuple[Spot, ...]) -> bool:
    return any(kilometres(spot, place) <= SAME_KM for place in places)


def _day(at: int) -> int:
    return (at + _VIETNAM) // DAY
