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
    """From a file, or those that ship. Raises `OSError`, or `ValueError` for what cannot be simulated."""
    shipped = (
        resources.files("temthat_stamps.copies.simulate").joinpath("assumptions.toml").read_text("utf-8")
    )
    table = tomllib.loads(shipped if path is None else path.read_text("utf-8"))
    _check_names(table, tomllib.loads(shipped))
    made = Assumptions(**{name: table[name] for name in Assumptions.__dataclass_fields__})
    _check_values(made)
    return made


def _check_names(table: dict[str, Any], shipped: dict[str, Any]) -> None:
    """Every name must be there with a value of its kind; of the shares only “others”."""
    for part, names in shipped.items():
        given = table.get(part)
        for name, value in names.items():
            if not isinstance(given, dict) or (name not in given and (part != "shares" or name == "others")):
                raise ValueError(f"[{part}] {name} is missing")
            kind = (int, float) if _is_number(value) else type(value)
            if not isinstance(given.get(name, value), kind):
                raise ValueError(f"[{part}] {name} must look like {value!r}")  # noqa: TRY004 - wrong in the file


def _check_values(made: Assumptions) -> None:
    try:
        _ = made.start
    except ValueError as error:
        raise ValueError(f"[population] start: {error}") from error
    if unknown := made.shares.keys() - {"others", *provinces()}:
        raise ValueError(f"[shares] {min(unknown)} is no province")
    if not all(map(_is_number, made.shares.values())) or abs(sum(made.shares.values()) - 1) > 1e-6:
        raise ValueError("[shares] do not add up to 1")
    for name, chance in made.checks.items():
        # A chance of 1 that there is another one never ends.
        if not (chance > 0 if name in ("shelf_mean", "shelf_shape", "buyer") else 0 <= chance < 1):
            raise ValueError(f"[checks] {name} is {chance}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
