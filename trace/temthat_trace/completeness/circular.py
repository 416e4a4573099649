"""The ten data items of Circular 02/2024/TT-BKHCN, Article 6(3), in its order."""

import datetime as dt

from temthat_trace import formats
from temthat_trace.completeness.facts import Facts
from temthat_trace.completeness.item import (
    Checklist,
    Form,
    Item,
    Supplier,
    Where,
    complete,
    gap,
    if_any,
    missing,
    not_applicable,
)
from temthat_trace.completeness.stages import stage_gaps, stages_said
from temthat_trace.completeness.texts import Both, joined, plain, text

SERVICE = "why.service"
NO_BATCH = "gap.no_batch"


def circular(facts: Facts) -> Checklist:
    """The ten items."""
    return Checklist(
        "circular",
        (
            named("product_name", 1, facts.name, Where("product", "name")),
            _picture(facts),
            named("maker_name", 3, facts.maker.name, Where("party", "name"), Supplier.ALLIANCE),
            named("maker_address", 4, facts.maker.address, Where("party", "address")),
            _stages(facts),
            _times(facts),
            _code(facts),
            _brand(facts),
            shelf_life("shelf_life", 9, facts),
            named("standard", 10, facts.standard, Where("product", "standard")),
        ),
    )


def named(key: str, number: int, value: str, where: Where, *who: Supplier) -> Item:
    """An item that is one text: there or not."""
    if value:
        return complete(key, number, plain(value))
    return missing(key, number, gap(f"gap.{key}", where, *(who or (Supplier.CLERK,))))


def shelf_life(key: str, number: int, facts: Facts) -> Item:
    """Of the batch, else of the product, if any. Shared by the passport's dates."""
    if facts.service:
        return not_applicable(key, number, SERVICE)
    if facts.batch is not None and facts.batch.expires_on is not None:
        return complete(key, number, day_said("value.expires", facts.batch.expires_on))
    if facts.shelf_life_months:
        return complete(key, number, text("value.shelf_life", n=facts.shelf_life_months))
    return if_any(key, number, gap("gap.shelf_life", Where("product", "shelf_life_months")))


def day_said(key: str, day: dt.date) -> Both:
    """A text with one day in it, each language its own way of writing it."""
    return text(key, day=Both(formats.date(day), formats.date(day, "en")))


def _picture(facts: Facts) -> Item:
    if facts.picture:
        return complete("picture", 2, text("value.picture"))
    return missing("picture", 2, gap("gap.picture", Where(form=Form.PICTURE)))


def _stages(facts: Facts) -> Item:
    if facts.service:
        return not_applicable("stages", 5, SERVICE)
    if facts.batch is None:
        return missing("stages", 5, gap(NO_BATCH, Where("batch", form=Form.NEW_BATCH)))
    gaps = stage_gaps(facts.batch)
    said = stages_said(facts.batch) if facts.batch.stages else None
    if gaps:
        return missing("stages", 5, *gaps, value=said)
    return complete("stages", 5, stages_said(facts.batch))


def _times(facts: Facts) -> Item:
    if facts.service:
        return not_applicable("times", 6, SERVICE)
    if facts.batch is None:
        return missing("times", 6, gap(NO_BATCH, Where("batch", "made_on", Form.NEW_BATCH)))
    return complete("times", 6, day_said("value.made", facts.batch.made_on))


def _code(facts: Facts) -> Item:
    if facts.service:
        return not_applicable("trace_code", 7, SERVICE)
    if facts.batch is None:
        return missing("trace_code", 7, gap(NO_BATCH, Where("batch", "lot", Form.NEW_BATCH)))
    parts = [text("value.code", code=facts.gtin or f"{facts.maker.code}/{facts.code}", lot=facts.batch.lot)]
    if facts.batch.stamps is not None:
        stamps = Both(formats.number(facts.batch.stamps), formats.number(facts.batch.stamps, "en"))
        parts.append(text("value.stamps", n=stamps) if facts.batch.stamps else text("value.no_stamps"))
    return complete("trace_code", 7, joined(parts))


def _brand(facts: Facts) -> Item:
    parts = [plain(facts.brand)] if facts.brand else []
    if facts.batch is not None and facts.batch.stamps:
        parts.append(text("value.serials"))
    if parts:
        return complete("brand", 8, joined(parts))
    return if_any("brand", 8, gap("gap.brand", Where("product", "brand")))
