"""Records of made-up chains for the balance: short ways to say them, and whole chains from a list of numbers."""

import datetime as dt
import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from temthat_trace.balance.amounts import Amount, Measure
from temthat_trace.balance.area import PlotRecord
from temthat_trace.balance.records import BatchRecord, LineRecord, Part, SlipRecord, StepRecord
from temthat_trace.events import LineRole, Step
from temthat_trace.formats import VIETNAM

DAY = dt.date(2026, 6, 1)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=VIETNAM)
KG = Measure()


def name(number: int) -> uuid.UUID:
    """An id that is the same each time."""
    return uuid.UUID(int=number)


def amount(quantity: Any, unit: str = "KGM") -> Amount:
    return Amount(Decimal(quantity), unit)


def step(kind: Step, day: int = 0, *, unit: str = "KGM", **lines: Any) -> StepRecord:
    """A diary entry; `went_in=10, out=8, lost=1, used=2, sent=3`, each a number or an amount."""
    roles = {"went_in": LineRole.IN} | {role.value: role for role in LineRole}
    made = [
        LineRecord(roles[role], said if isinstance(said, Amount) else amount(said, unit))
        for role, said in lines.items()
    ]
    return StepRecord(name(1000 + day), kind, NOON + dt.timedelta(days=day), tuple(made))


def batch(number: int, quantity: Any, *steps: StepRecord, unit: str = "KGM", **more: Any) -> BatchRecord:
    whole = quantity if isinstance(quantity, Amount) else amount(quantity, unit)
    known = {"measure": KG, "made_on": DAY, "product": "Chè", **more}
    return BatchRecord(id=name(number), lot=f"L{number}", whole=whole, steps=steps, **known)


def part(number: int, quantity: Any, unit: str = "KGM", **more: Any) -> Part:
    return Part(name(number), f"L{number}", amount(quantity, unit), **{"measure": KG, **more})


def slip(number: int, quantity: Any, **more: Any) -> SlipRecord:
    return SlipRecord(f"P{number}", amount(quantity), NOON, **more)


PLOT, HOUSEHOLD_PLOT, HOUSEHOLD = name(501), name(502), name(601)

NUMBERS = (
    "harvest", "field", "slip", "bought", "bought_lot",
    "from_field", "from_bought", "taken", "cleaned", "chaff", "dried", "packed", "made",
    "to_one", "to_two", "one", "two", "sent",
)  # fmt: skip
"""The numbers of a chain: a harvest, a lot bought by slip, a batch made of both, and two made of that one."""


def honest(field: int, bought: int, losses: tuple[int, int, int], shares: tuple[int, int]) -> dict[str, int]:
    """A chain that adds up: kg of the `field` and `bought`; `losses` of three steps, `shares` passed on, in %."""
    used, left = field * 9 // 10, bought
    taken = used + left
    cleaned = taken * (100 - losses[0]) // 100
    dried = cleaned * (100 - losses[1]) // 100
    packed = dried * (100 - losses[2]) // 100
    one, two = packed * shares[0] // 200, packed * shares[1] // 200
    return {
        "harvest": field, "field": field, "slip": bought, "bought": bought, "bought_lot": bought,
        "from_field": used, "from_bought": left, "taken": taken, "cleaned": cleaned, "chaff": taken - cleaned,
        "dried": dried, "packed": packed, "made": packed, "to_one": one, "to_two": two, "one": one, "two": two,
        "sent": packed - one - two,
    }  # fmt: skip


def chain(n: Mapping[str, int]) -> list[BatchRecord]:
    """The batches of a chain with those numbers."""
    to_one, to_two = part(4, n["to_one"]), part(5, n["to_two"])
    return [
        batch(
            1, n["field"], step(Step.HARVEST, 1, out=n["harvest"]), plot=PLOT,
            takers=(part(3, n["from_field"]),),
        ),
        batch(
            2, n["bought_lot"], step(Step.PURCHASE, 1, went_in=n["bought"]),
            slips=(slip(1, n["slip"], member=HOUSEHOLD, plot=HOUSEHOLD_PLOT),),
            takers=(part(3, n["from_bought"]),),
        ),
        batch(
            3, n["made"],
            step(Step.PRELIMINARY, 2, went_in=n["taken"], out=n["cleaned"], lost=n["chaff"]),
            step(Step.PROCESSING, 3, out=n["dried"]),
            step(Step.PACKING, 4, out=n["packed"]),
            step(Step.TRANSPORT, 5, sent=n["sent"]),
            sources=(part(1, n["from_field"]), part(2, n["from_bought"])), takers=(to_one, to_two),
        ),
        batch(4, n["one"], sources=(part(3, n["to_one"]),)),
        batch(5, n["two"], sources=(part(3, n["to_two"]),)),
    ]  # fmt: skip


def plots(n: Mapping[str, int]) -> list[PlotRecord]:
    """Two plots that should give just what the honest numbers say."""
    each = Decimal(1000)
    return [
        PlotRecord(PLOT, "Vườn Đông", Decimal(n["harvest"]) / 1000, each, 1),
        PlotRecord(HOUSEHOLD_PLOT, "Vườn bà Sáu", Decimal(n["slip"]) / 1000, each, 1, HOUSEHOLD),
    ]
