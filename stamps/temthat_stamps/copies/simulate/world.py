"""A whole simulated world: labelled stamps one after another, or as one scan log in time order. Pure."""

import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from temthat_stamps.copies.simulate.assumptions import Assumptions
from temthat_stamps.copies.simulate.attacks import Attack, Attacks
from temthat_stamps.copies.simulate.lives import Lives, Row
from temthat_stamps.verdict import HANOI


@dataclass(frozen=True, slots=True)
class SimulatedStamp:
    """One stamp's events in time order. `copies` counts packs beside the real one."""

    stamp: str
    attack: Attack
    copies: int
    rows: list[Row]

    @property
    def is_copied(self) -> bool:
        """The truth. A flooded stamp is a genuine one."""
        return self.attack not in (Attack.NONE, Attack.FLOOD)


def stamps(
    assumptions: Assumptions, seed: int, scale: float = 1.0, floods: int = 0
) -> Iterator[SimulatedStamp]:
    """Genuine stamps, then attacked ones, then flooded ones. All were checked at least once."""
    draw = random.Random(seed)  # noqa: S311 - a simulation
    lives = Lives(assumptions, draw)
    attacks = Attacks(lives)
    genuine = max(1, round(assumptions.population["stamps"] * scale))
    for number, rows in enumerate(islice(lives.packs(), genuine), 1):
        yield _stamp(f"g{number}", Attack.NONE, 0, rows)
    for number in range(1, round(genuine * assumptions.population["copied_share"]) + 1):
        attacked = attacks.next()
        yield _stamp(f"c{number}", attacked.attack, attacked.copies, attacked.rows)
    for number in range(1, floods + 1):
        yield _stamp(f"f{number}", Attack.FLOOD, 0, attacks.flood())


def log_lines(world: Iterator[SimulatedStamp]) -> Iterator[dict[str, object]]:
    """All events as lines of a scan log, in time order; holds them all."""
    rows = [
        (int(str(row["at"])), number, stamp, row) for stamp in world for number, row in enumerate(stamp.rows)
    ]
    rows.sort(key=lambda entry: (entry[0], entry[2].stamp, entry[1]))
    for at, _, stamp, row in rows:
        truth = "copied" if stamp.is_copied else "genuine"
        time = dt.datetime.fromtimestamp(at, HANOI).isoformat()
        yield {**row, "at": time, "stamp": stamp.stamp, "truth": truth}


def _stamp(name: str, attack: Attack, copies: int, rows: list[Row]) -> SimulatedStamp:
    rows.sort(key=lambda row: int(str(row["at"])))
    return SimulatedStamp(name, attack, copies, rows)
