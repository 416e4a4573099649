"""The assumptions of the simulator, read from a file. Pure but for reading it."""

import datetime as dt
import tomllib
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from temthat_stamps.copies.places import NEAR_KM, kilometres, of_province
from temthat_trace.places import provinces

HABITS = ("shelf_mean", "buyer", "recipient", "company", "again")
"""What people do: what "habits halved and doubled" means."""


@dataclass(frozen=True)
class Assumptions:
    """The file's tables, checked where a mistake would be silent."""

    population: dict[str, Any]
    shares: dict[str, float]
    trade: dict[str, Any]
    checks: dict[str, float]
    attacks: dict[str, Any]
    flood: dict[str, int]

    @property
    def start(self) -> int:
        """Seconds since 1970 when the first pack comes on sale."""
        return int(dt.datetime.fromisoformat(self.population["start"]).timestamp())

    def with_habits(self, factor: float) -> "Assumptions":
        """People check so many times as often: chances up to 0.9."""
        changed = {name: min(0.9, self.checks[name] * factor) for name in HABITS}
        return replace(self, checks={**self.checks, **changed})

    def province_weights(self) -> tuple[list[str], list[float]]:
        """Codes of all provinces, and the share of people in each."""
        codes = list(provinces())
        named = {code: share for code, share in self.shares.items() if code != "others"}
        rest = self.shares["others"] / (len(codes) - len(named))
        return codes, [named.get(code, rest) for code in codes]


def neighbours() -> dict[str, list[str]]:
    """The provinces near each; itself where none is."""
    codes = list(provinces())
    return {
        a: [b for b in codes if a != b and kilometres(of_province(a), of_province(b)) <= NEAR_KM] or [a]
        for a in codes
    }


def load(path: Path | None = None) -> Assumptions:
    """From a file, or those that ship. Raises `OSError`, `tomllib.TOMLDecodeError`, `KeyError`, `ValueError`."""
    if path is None:
        text = (
            resources.files("temthat_stamps.copies.simulate").joinpath("assumptions.toml").read_text("utf-8")
        )
    else:
        text = path.read_text("utf-8")
    table = tomllib.loads(text)
    made = Assumptions(**{name: table[name] for name in Assumptions.__dataclass_fields__})
    total = sum(made.shares.values())
    if abs(total - 1) > 1e-6:
        raise ValueError(f"[shares] add up to {total:.3f}, not 1")
    return made
