"""Labels to print: texts of the right length and alphabet; printing never looks inside them."""

import random
from collections.abc import Callable

import hypothesis
import pytest

from temthat_stamps.number import Number
from temthat_stamps.printing import Label

EXAMPLES = max(50, hypothesis.settings().max_examples // 10)
"""Examples of a slow property: fifty, and five hundred under `make fuzz`."""

HOST = "truyxuat.temthat.vn"
LINES = ("Mật ong hoa cà phê Cầu Đất, chai 500 ml", "Lô 2026-05-A1", "NSX 26/05/2026 · HSD 26/05/2028")

MakeLabels = Callable[..., list[Label]]


def label(serial: int, *, host: str = HOST, lines: tuple[str, ...] = LINES, pin: str | None = None) -> Label:
    rng = random.Random(serial)
    code = "".join(rng.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=122))
    number = Number(rng.randrange(1, 2**28 - 1), serial, rng.randrange(2**23))
    return Label(f"HTTPS://{host.upper()}/T/{code}", number.grouped, serial, lines, pin)


@pytest.fixture
def make_labels() -> MakeLabels:
    """`make_labels(count, first=1, ...)`: labels with consecutive serials."""

    def make(count: int, first: int = 1, **more: object) -> list[Label]:
        return [label(serial, **more) for serial in range(first, first + count)]  # type: ignore[arg-type]

    return make


@pytest.fixture
def host() -> str:
    return HOST
