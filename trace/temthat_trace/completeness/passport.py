"""The digital product passport's minimum, Decree 37/2026/NĐ-CP, Article 32, in its order."""

from temthat_trace import formats
from temthat_trace.completeness.circular import NO_BATCH, SERVICE, day_said, named
from temthat_trace.completeness.facts import Facts
from temthat_trace.completeness.item import (
    Checklist,
    Form,
    Item,
    State,
    Supplier,
    Where,
    complete,
    gap,
    if_any,
    missing,
    not_applicable,
)
from temthat_trace.completeness.texts import Both, joined, plain, text


def passport(facts: Facts, circular: Checklist) -> Checklist:
    """The passport's items; `circular` is the other list of the same facts, whose stages answer for item 4."""
    return Checklist(
        "passport",
        (
            _name_and_gtin(facts),
            _maker(facts),
            _origin(facts),
            _traceability(circular),
            _certificates(facts),
            _dates(facts),
            _warning(facts),
            not_applicable("other", 8, "why.other"),
        ),
    )


def _name_and_gtin(facts: Facts) -> Item:
    if facts.gtin:
        return complete("name_and_gtin", 1, joined([plain(facts.name), plain(f"GTIN {facts.gtin}")]))
    need = gap("gap.gtin", Where("product", "gtin"), Supplier.CLERK, Supplier.AUTHORITY)
    return missing("name_and_gtin", 1, need, value=plain(facts.name))


def _maker(facts: Facts) -> Item:
    maker = facts.maker
    gaps = []
    if not maker.address:
        gaps.append(gap("gap.maker_address", Where("party", "address")))
    if not maker.identifier:
        gaps.append(gap("gap.tax_code", Where("party", "tax_code")))
    there = joined([plain(part) for part in (maker.name, maker.address, maker.identifier) if part])
    if gaps:
        return missing("maker", 2, *gaps, value=there)
    return complete("maker", 2, there)


def _origin(facts: Facts) -> Item:
    place = (facts.batch.place if facts.batch else "") or facts.maker.address
    return named("origin", 3, place, Where("batch", "address"))


def _traceability(circular: Checklist) -> Item:
    parts = [item for item in circular.items if item.key in ("stages", "trace_code")]
    if all(item.state is State.NOT_APPLICABLE for item in parts):
        return not_applicable("traceability", 4, SERVICE)
    gaps = [need for item in parts for need in item.gaps]
    said = joined([item.value for item in parts if item.value.vi])
    if gaps:
        # No batch is one gap of both items: said once.
        return missing("traceability", 4, *{need.what: need for need in gaps}.values(), value=said)
    return complete("traceability", 4, said)


def _certificates(facts: Facts) -> Item:
    valid = [paper for paper in facts.papers if paper.valid]
    if valid:
        said = [
            text(
                "value.paper_confirmed" if paper.confirmed else "value.paper",
                kind=text(f"paper.{paper.kind}"),
                number=paper.number,
            )
            for paper in valid
        ]
        return complete("certificates", 5, joined(said))
    who = (Supplier.CLERK, Supplier.AUTHORITY, Supplier.LAB)
    gaps = [
        gap(
            text(
                "gap.paper_expired",
                kind=text(f"paper.{paper.kind}"),
                number=paper.number,
                day=Both(formats.date(paper.valid_until), formats.date(paper.valid_until, "en")),
            ),
            Where("paper", "valid_until"),
            *who,
        )
        for paper in facts.papers
        if paper.valid_until is not None
    ]
    return if_any("certificates", 5, *(gaps or [gap("gap.certificates", Where(form=Form.PAPERS), *who)]))


def _dates(facts: Facts) -> Item:
    if facts.service:
        return not_applicable("dates", 6, SERVICE)
    if facts.batch is None:
        return if_any("dates", 6, gap(NO_BATCH, Where("batch", "made_on", Form.NEW_BATCH)))
    parts = [day_said("value.made", facts.batch.made_on)]
    if facts.batch.expires_on is not None:
        parts.append(day_said("value.expires", facts.batch.expires_on))
        return complete("dates", 6, joined(parts))
    return if_any("dates", 6, gap("gap.expires", Where("batch", "expires_on")), value=joined(parts))


def _warning(facts: Facts) -> Item:
    if facts.warning:
        return complete("warning", 7, plain(facts.warning))
    return if_any("warning", 7, gap("gap.warning", Where("product", "warning")))
