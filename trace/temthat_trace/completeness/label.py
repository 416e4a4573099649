"""What must stand on the physical label, Decree 37/2026/NĐ-CP, Article 42: a stamp does not replace it.

Only what Article 42 asks of every label; what its Annex I asks of a kind of goods is not checked, and the list says so.
"""

from temthat_trace.completeness.circular import SERVICE, named
from temthat_trace.completeness.facts import Facts
from temthat_trace.completeness.item import Checklist, Item, Where, complete, gap, missing, not_applicable
from temthat_trace.completeness.texts import joined, plain


def label(facts: Facts) -> Checklist:
    """Name, who answers for the goods, origin, each as it can be copied to the label."""
    if facts.service:
        keys = ("label_name", "label_maker", "label_origin", "label_annex")
        return Checklist("label", tuple(not_applicable(key, n, SERVICE) for n, key in enumerate(keys, 1)))
    place = (facts.batch.place if facts.batch else "") or facts.maker.address
    return Checklist(
        "label",
        (
            named("label_name", 1, facts.name, Where("product", "name")),
            _maker(facts),
            named("label_origin", 3, place, Where("batch", "address")),
            not_applicable("label_annex", 4, "why.annex"),
        ),
    )


def _maker(facts: Facts) -> Item:
    if facts.maker.address:
        return complete("label_maker", 2, joined([plain(facts.maker.name), plain(facts.maker.address)], ", "))
    need = gap("gap.maker_address", Where("party", "address"))
    return missing("label_maker", 2, need, value=plain(facts.maker.name))
