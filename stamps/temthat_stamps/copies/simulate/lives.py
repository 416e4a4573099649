"""The life of one pack: from the packer over a shelf to a home, and who checks its stamp on the way. Pure.

Everything is drawn from one `random.Random`, so that a seed gives the same world again.
"""

import random
from collections.abc import Iterator
from itertools import count

from temthat_stamps.copies.habits import DAY, HOUR
from temthat_stamps.copies.simulate.assumptions import Assumptions, neighbours

Row = dict[str, object]
"""One line of a scan log, `at` still in seconds."""
_MISPLACED = ("01", "79")


class Lives:
    """Draws packs' lives by some assumptions."""

    def __init__(self, assumptions: Assumptions, draw: random.Random) -> None:
        self.assumptions = assumptions
        self.draw = draw
        self._codes, self._weights = assumptions.province_weights()
        self._near = neighbours()
        self._numbers = count(1)

    def province(self) -> str:
        """Somewhere people live."""
        return self.draw.choices(self._codes, self._weights)[0]

    def near(self, code: str) -> str:
        """A neighbouring province."""
        return self.draw.choice(self._near[code])

    def between(self, bounds: list[float]) -> float:
        """A number between two bounds, evenly on a logarithmic scale."""
        low, high = bounds
        return float(low * (high / low) ** self.draw.random())

    def packs(self) -> Iterator[list[Row]]:
        """Genuine packs, one after another, those nobody checks left out."""
        population = self.assumptions.population
        while True:
            origin = self.province()
            start = self.assumptions.start + int(self.draw.random() * population["season"] * DAY)
            rows = self.pack(origin, start)
            if any(row["event"] == "check" and row["kind"] == "consumer" for row in rows):
                yield rows

    def pack(self, origin: str, start: int, shop: str | None = None, factor: float = 1.0) -> list[Row]:
        """One pack on sale from `start`. With a `shop` it is a copy, which nobody sends, shows or praises."""
        draw, trade, checks = self.draw, self.assumptions.trade, self.assumptions.checks
        rows: list[Row] = []
        bare = shop is not None
        if not bare and draw.random() < checks["seller"]:
            rows.append(
                _row(start - int(draw.random() * DAY), "packer", "check", self._visitor("packer"), origin)
            )
        if not bare and draw.random() < trade["fair"]:
            # One pack is in one place: it goes to a shelf or a buyer when the fair is over.
            rows += self._fair(origin, start)
            start += int(max(trade["fair_days"]) * DAY)
        if not bare and draw.random() < trade["online"]:
            bought, home = start + int((1 + 5 * draw.random()) * DAY), self.province()
        else:
            shop = shop or (origin if draw.random() < trade["sold_local"] else self.province())
            life = draw.choices(*zip(*trade["shelf_life"], strict=True))[0]
            bought = start + int(min(draw.expovariate(1 / trade["on_shelf"]), life) * DAY)
            home = self._home(shop)
            rows += self._shelf(shop, start, bought, factor)
        rows += self._household(home, bought, checks["buyer"] * factor)
        if draw.random() < trade["gift"]:
            rows += self._household(
                self.province(), bought + int((1 + 9 * draw.random()) * DAY), checks["recipient"]
            )
        if not bare and draw.random() < trade["photo"]:
            rows += self.photo(bought)
        return rows

    def photo(self, at: int) -> list[Row]:
        """A readable photo of the stamp goes around: strangers anywhere, for some days."""
        trade, rows = self.assumptions.trade, []
        for _ in range(int(self.between(trade["photo_phones"]))):
            rows += self._check(
                at + int(self.draw.expovariate(1 / trade["photo_days"]) * DAY), self.province()
            )
        return rows

    def _home(self, shop: str) -> str:
        trade, chance = self.assumptions.trade, self.draw.random()
        if chance < trade["home_same"]:
            return shop
        return self.near(shop) if chance < trade["home_same"] + trade["home_near"] else self.province()

    def _shelf(self, shop: str, start: int, bought: int, factor: float) -> list[Row]:
        """On the shelf: browsers, perhaps an inspector; then perhaps a till."""
        draw, checks = self.draw, self.assumptions.checks
        mean = checks["shelf_mean"] * factor
        rows: list[Row] = []
        at, rate = float(start), draw.gammavariate(checks["shelf_shape"], mean / checks["shelf_shape"])
        while rate > 0 and (at := at + draw.expovariate(rate / max(1, bought - start))) < bought:
            rows += self._check(int(at), shop)
        if draw.random() < checks["inspector"]:
            when = start + int(draw.random() * max(1, bought - start))
            rows.append(_row(when, "inspector", "check", self._visitor("inspector"), shop))
        if draw.random() < checks["till"]:
            rows += self._till(shop, bought)
        return rows

    def _till(self, shop: str, bought: int) -> list[Row]:
        draw, checks = self.draw, self.assumptions.checks
        till = self._visitor("till")
        rows = [_row(bought, "till", "sold", till, shop)]
        if draw.random() < checks["till_slip"]:
            rows.append(_row(bought + draw.randint(2, 300), "till", "sold", till, shop))
        if draw.random() < checks["brought_back"]:
            later = bought + int((1 + 20 * draw.random()) * DAY)
            rows.append(_row(later - HOUR, "till", "check", till, shop))
            rows.append(_row(later, "till", "sold", till, shop))
        return rows

    def _household(self, home: str, since: int, chance: float) -> list[Row]:
        draw, checks, trade = self.draw, self.assumptions.checks, self.assumptions.trade
        if draw.random() >= chance:
            return []
        at = since + int(draw.expovariate(1 / trade["kept"]) * DAY)
        return self._check(at, home, pin=checks["pin"])

    def _fair(self, place: str, start: int) -> list[Row]:
        trade, rows = self.assumptions.trade, []
        days = self.draw.uniform(*trade["fair_days"])
        for _ in range(int(self.between(trade["fair_phones"]))):
            day = int(self.draw.random() * days)
            rows += self._check(
                start + day * DAY + self.draw.randint(8, 18) * HOUR + self.draw.randint(0, HOUR), place
            )
        return rows

    def _check(self, at: int, place: str, pin: float = 0.0) -> list[Row]:
        """Somebody checks; perhaps once more later; perhaps others beside them do, one after another."""
        draw, checks = self.draw, self.assumptions.checks
        rows: list[Row] = []
        while True:
            visitor = None if draw.random() < checks["no_cookie"] else self._visitor("phone")
            where = self._seen_at(place)
            rows.append(_row(at, "consumer", "check", visitor, where))
            if draw.random() < pin:
                rows.append(_row(at + draw.randint(20, 200), "consumer", "pin", visitor, where))
            while draw.random() < checks["again"]:
                later = at + int(draw.expovariate(1 / (2 * DAY)))
                rows.append(_row(later, "consumer", "check", visitor, where))
            if draw.random() >= checks["company"]:
                return rows
            at += draw.randint(20, HOUR)

    def _seen_at(self, place: str) -> str | None:
        """What the service believes of where a phone is."""
        chance, checks = self.draw.random(), self.assumptions.checks
        if chance < checks["no_place"]:
            return None
        if chance < checks["no_place"] + checks["wrong_place"]:
            return self.draw.choice(_MISPLACED)
        return place

    def _visitor(self, kind: str) -> str:
        return f"{kind}-{next(self._numbers)}"


def _row(at: int, kind: str, event: str, visitor: str | None, place: str | None) -> Row:
    return {"at": at, "kind": kind, "event": event, "visitor": visitor, "place": place}
