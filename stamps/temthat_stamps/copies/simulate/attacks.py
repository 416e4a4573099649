"""Attacks as lives: copies are packs like others, only that they share one stamp. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from temthat_stamps.copies.habits import DAY
from temthat_stamps.copies.simulate.lives import Lives, Row


class Attack(StrEnum):
    """What happened to a stamp; `none` is a genuine one's life."""

    NONE = "none"
    ONE_SOURCE = "one_source"
    MANY_SOURCES = "many_sources"
    EMPTIES = "empties"
    ROLL_THEFT = "roll_theft"
    FLOOD = "flood"


@dataclass(frozen=True, slots=True)
class Attacked:
    """A copied stamp's events, and how many packs bore it beside the real one."""

    attack: Attack
    copies: int
    rows: list[Row]


class Attacks:
    """Draws attacks by the assumptions of some lives."""

    def __init__(self, lives: Lives) -> None:
        self._lives = lives
        self._table = lives.assumptions.attacks

    def next(self) -> Attacked:
        """One checked stamp of some attack, by the weights of the assumptions."""
        kinds = [Attack.ONE_SOURCE, Attack.MANY_SOURCES, Attack.EMPTIES, Attack.ROLL_THEFT]
        return self.checked(self._lives.draw.choices(kinds, [self._table[k] for k in kinds])[0])

    def checked(self, kind: Attack) -> Attacked:
        """One stamp of this attack that somebody checked."""
        while True:
            attacked = self._attacked(kind)
            if any(row["kind"] == "consumer" for row in attacked.rows):
                return attacked

    def _attacked(self, kind: Attack) -> Attacked:
        match kind:
            case Attack.EMPTIES:
                return self._empties()
            case Attack.ROLL_THEFT:
                return self._roll_theft()
            case Attack.FLOOD:
                return Attacked(Attack.FLOOD, 0, self.flood())
            case _:
                return self.copies(kind)

    def copies(self, kind: Attack) -> Attacked:
        """A bought pack's stamp, reproduced; copies are sold over weeks in one province, in three, or anywhere."""
        lives, table, draw = self._lives, self._table, self._lives.draw
        number = int(lives.between(table["copies_of_one" if kind is Attack.ONE_SOURCE else "copies_of_many"]))
        origin, start = lives.province(), self._start()
        days = draw.uniform(*table["sales_days"])
        markets = self._markets()
        rows = lives.pack(origin, start)
        for _ in range(number):
            at = start + int((7 + draw.random() * days) * DAY)
            shop = draw.choice(markets) if markets else lives.province()
            rows += lives.pack(origin, at, shop, table["checks_factor"])
        return Attacked(kind, number, self._same_buyers(rows))

    def flood(self) -> list[Row]:
        """A genuine stamp opened by an attacker's phones, each with its own cookie."""
        lives, table = self._lives, self._lives.assumptions.flood
        origin, start = lives.province(), self._start()
        rows = lives.pack(origin, start)
        places = [lives.province() for _ in range(table["provinces"])]
        for number in range(table["phones"]):
            at = start + int(lives.draw.random() * table["hours"] * 3_600)
            place = lives.draw.choice(places)
            rows.append(
                {"at": at, "kind": "consumer", "event": "check", "visitor": f"flood-{number}", "place": place}
            )
        return rows

    def _empties(self) -> Attacked:
        lives = self._lives
        origin, start = lives.province(), self._start()
        rows = lives.pack(origin, start)
        later = start + int((30 + lives.draw.random() * 60) * DAY)
        return Attacked(Attack.EMPTIES, 1, rows + lives.pack(origin, later, lives.province()))

    def _roll_theft(self) -> Attacked:
        lives = self._lives
        return Attacked(Attack.ROLL_THEFT, 1, lives.pack(lives.province(), self._start(), lives.province()))

    def _start(self) -> int:
        assumptions = self._lives.assumptions
        return assumptions.start + int(self._lives.draw.random() * assumptions.population["season"] * DAY)

    def _markets(self) -> list[str]:
        """The provinces copies are sold in; empty: anywhere."""
        lives, chance = self._lives, self._lives.draw.random()
        first = lives.province()
        if chance < self._table["local"]:
            return [first]
        if chance < self._table["local"] + self._table["regional"]:
            return [first, lives.near(first), lives.near(first)]
        return []

    def _same_buyers(self, rows: list[Row]) -> list[Row]:
        """Some buy two packs and check both with one phone."""
        draw, chance = self._lives.draw, self._table["same_buyer"]
        phones = [row["visitor"] for row in rows if row["kind"] == "consumer" and row["visitor"]]
        for row in rows:
            if row["kind"] == "consumer" and row["visitor"] and draw.random() < chance:
                row["visitor"] = draw.choice(phones)
        return rows
