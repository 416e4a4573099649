"""Pack arithmetic: what one pack holds of its product, and how many stamps a batch allows.

A batch of 120 kg in packs of 500 g fills 240 packs; with the stated overage of 2 % for spoiled stamps it may get 244
stamps. What earlier runs of the batch took is taken off. A refusal shows this arithmetic.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal, localcontext
from typing import Protocol

from temthat_trace import formats
from temthat_trace.products import PackKind
from temthat_trace.units import convert, unit

OVERAGE = Decimal("0.02")
"""How many stamps more than packs may be printed, because some are spoiled when they are stuck on."""

_DEEPEST = 8


class PackingError(ValueError):
    """A pack form does not say what it holds; says what is missing in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class Component(Protocol):
    """One line of a combo."""

    @property
    def part(self) -> "Form": ...  # noqa: D102
    @property
    def quantity(self) -> int: ...  # noqa: D102


class Form(Protocol):
    """What this module needs to know of a pack form; `products.PackForm` has it all."""

    @property
    def product_id(self) -> uuid.UUID: ...  # noqa: D102
    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> PackKind: ...  # noqa: D102
    @property
    def net_content(self) -> Decimal | None: ...  # noqa: D102
    @property
    def net_unit(self) -> str | None: ...  # noqa: D102
    @property
    def inner(self) -> "Form | None": ...  # noqa: D102
    @property
    def holds(self) -> int | None: ...  # noqa: D102
    @property
    def components(self) -> Sequence[Component]: ...  # noqa: D102


def content(form: Form, base_unit: str) -> Decimal:
    """What one pack holds, in its product's base unit (a UN/ECE code).

    An item holds its net content; a case `holds` times what its inner pack holds; a combo its stated net content,
    else the sum of its parts when all are of its own product, else one, when the product is counted in combos.
    Raises PackingError when the form does not say, UnitError when its unit does not fit the base unit.
    """
    return _content(form, base_unit, _DEEPEST)


def _content(form: Form, base_unit: str, depth: int) -> Decimal:
    if depth == 0:
        raise PackingError(
            f"Quy cách “{form.name}” lồng vào nhau quá nhiều lần.",
            f"Pack form “{form.name}” is nested too deeply.",
        )
    if form.net_content is not None and form.net_unit is not None:
        amount = convert(form.net_content, form.net_unit, base_unit)
    elif form.kind is PackKind.CASE and form.inner is not None and form.holds is not None:
        amount = form.holds * _content(form.inner, base_unit, depth - 1)
    elif form.kind is PackKind.COMBO and form.components:
        amount = _combo(form, base_unit, depth)
    else:
        amount = Decimal(0)
    if amount <= 0:
        raise PackingError(
            f"Quy cách “{form.name}” chưa ghi đủ lượng tịnh (thùng: chứa mấy gói; combo: gồm những gì).",
            f"Pack form “{form.name}” does not say what it holds (case: how many packs; combo: which parts).",
        )
    return amount


def _combo(form: Form, base_unit: str, depth: int) -> Decimal:
    if all(c.part.product_id == form.product_id for c in form.components):
        return sum((c.quantity * _content(c.part, base_unit, depth - 1) for c in form.components), Decimal(0))
    return Decimal(1) if unit(base_unit).is_whole else Decimal(0)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many stamps a batch allows for one pack form, with every number of the arithmetic.

    `quantity`, `elsewhere` and `net_content` are in `unit`; the other numbers count stamps.
    """

    quantity: Decimal
    elsewhere: Decimal
    net_content: Decimal
    unit: str
    packs: int
    overage: Decimal
    extra: int
    already_issued: int

    @property
    def left(self) -> int:
        """Stamps that may still be ordered; never below zero."""
        return max(0, self.packs + self.extra - self.already_issued)

    def explain(self, lang: str = "vi") -> str:
        """The arithmetic in one or two sentences a clerk can check by hand."""
        amount = formats.quantity(self.quantity, self.unit, lang)
        each = formats.quantity(self.net_content, self.unit, lang)
        other = formats.quantity(self.elsewhere, self.unit, lang)
        share = formats.number(self.overage * 100, lang)
        packs, extra, issued, left = (
            formats.number(n, lang) for n in (self.packs, self.extra, self.already_issued, self.left)
        )
        if lang == "en":
            taken = f" less {other} in other pack forms" if self.elsewhere else ""
            return (
                f"Batch {amount}{taken} ÷ {each} a pack = {packs} packs; plus {share}% for spoiled stamps = {extra}; "
                f"less {issued} already ordered; {left} left."
            )
        taken = f" trừ {other} đã đóng theo quy cách khác" if self.elsewhere else ""
        return (
            f"Lô {amount}{taken} ÷ {each} mỗi gói = {packs} gói; cộng {share} % dự phòng tem hỏng = {extra}; "
            f"đã đặt in {issued}; còn được in {left} tem."
        )


def allowed(
    quantity: Decimal,
    net_content: Decimal,
    unit_code: str,
    *,
    already_issued: int = 0,
    overage: Decimal = OVERAGE,
    elsewhere: Decimal = Decimal(0),
) -> Allowance:
    """Stamps a batch of `quantity` allows in packs of `net_content`, both in the unit `unit_code`.

    floor(quantity / net content), plus floor of the overage on it, less `already_issued` stamps of earlier runs of this
    pack form. `elsewhere` is what runs of the batch's other pack forms already account for, in the same unit.
    Raises PackingError for a net content that is not above zero.
    """
    if net_content <= 0:
        raise PackingError("Lượng tịnh phải lớn hơn 0.", "The net content must be above zero.")
    with localcontext(prec=60):
        packs = int(max(Decimal(0), quantity - elsewhere) // net_content)
        extra = int((packs * overage).to_integral_value(ROUND_FLOOR))
    return Allowance(quantity, elsewhere, net_content, unit_code, packs, overage, extra, already_issued)
