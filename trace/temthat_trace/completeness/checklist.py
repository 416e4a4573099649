"""All checklists of one product and batch."""

from dataclasses import dataclass

from temthat_trace.completeness.circular import circular
from temthat_trace.completeness.facts import Facts
from temthat_trace.completeness.item import Checklist
from temthat_trace.completeness.label import label
from temthat_trace.completeness.passport import passport


@dataclass(frozen=True, slots=True)
class Checked:
    """The facts and the three lists made of them: the circular's ten, the passport's, the label's."""

    facts: Facts
    circular: Checklist
    passport: Checklist
    label: Checklist

    @property
    def lists(self) -> tuple[Checklist, Checklist, Checklist]:
        """All three."""
        return self.circular, self.passport, self.label

    @property
    def missing(self) -> int:
        """Missing items of the two lists that are about records; the label's repeat them."""
        return self.circular.missing + self.passport.missing


def check(facts: Facts) -> Checked:
    """Every list. Pure: the same facts give the same lists."""
    ten = circular(facts)
    return Checked(facts, ten, passport(facts, ten), label(facts))
