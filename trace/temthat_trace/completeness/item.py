"""What a checklist answers with: items with their state, what is there, what is missing, who supplies it and where."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from temthat_trace.completeness.texts import NOTHING, Both, text
from temthat_trace.importing.sheets import SHEET


class State(StrEnum):
    """Of one item. `undeclared`: asked for "if any" and nothing declared; only people know if there is something."""

    COMPLETE = "complete"
    MISSING = "missing"
    UNDECLARED = "undeclared"
    NOT_APPLICABLE = "not_applicable"


class Supplier(StrEnum):
    """Who can supply what is missing."""

    CLERK = "clerk"
    HOUSEHOLD = "household"
    ALLIANCE = "alliance"
    AUTHORITY = "authority"
    LAB = "lab"


class Form(StrEnum):
    """A page of the desk where something is entered, as opposed to a column of the workbook."""

    PICTURE = "picture"
    PAPERS = "papers"
    DIARY = "diary"
    NEW_BATCH = "new_batch"


@dataclass(frozen=True, slots=True)
class Where:
    """Where something is entered: a column of a workbook's sheet (its key and the column's key), a form, or either."""

    sheet: str = ""
    column: str = ""
    form: Form | None = None

    @property
    def said(self) -> Both:
        """In words, with the sheet's and the column's own titles."""
        if self.form is None:
            return self._in_workbook
        form = text(f"form.{self.form}")
        return text("where.either", form=form, workbook=self._in_workbook) if self.sheet else form

    @property
    def _in_workbook(self) -> Both:
        sheet = SHEET[self.sheet]
        if not self.column:
            return text("where.sheet", sheet=Both(sheet.vi, sheet.en))
        column = sheet.column(self.column)
        return text("where.column", sheet=Both(sheet.vi, sheet.en), column=Both(column.vi, column.en))


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing: what, who can supply it, and where it is entered."""

    what: Both
    who: tuple[Supplier, ...]
    where: Where

    @property
    def by(self) -> Both:
        """Who can supply it, in words."""
        names = [text(f"who.{supplier}") for supplier in self.who]
        return Both(" / ".join(n.vi for n in names), " / ".join(n.en for n in names))


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a checklist. `value` is what is there, `why` why it does not apply; both may be empty."""

    key: str
    number: int
    title: Both
    state: State
    value: Both = NOTHING
    gaps: tuple[Gap, ...] = ()
    why: Both = NOTHING


@dataclass(frozen=True, slots=True)
class Checklist:
    """All items of one law, in its order. `key` is `circular`, `passport` or `label`."""

    key: str
    items: tuple[Item, ...]

    @property
    def law(self) -> Both:
        """Where the items come from."""
        return text(f"{self.key}.law")

    @property
    def title(self) -> Both:
        """What the list is for."""
        return text(f"{self.key}.title")

    def count(self, state: State | str) -> int:
        """How many items are in that state."""
        return sum(item.state == state for item in self.items)

    @property
    def done(self) -> int:
        """How many are complete."""
        return self.count(State.COMPLETE)

    @property
    def counted(self) -> int:
        """How many apply at all."""
        return len(self.items) - self.count(State.NOT_APPLICABLE)

    @property
    def missing(self) -> int:
        """How many are missing; what is asked for "if any" and not declared is not among them."""
        return self.count(State.MISSING)

    @property
    def gaps(self) -> Iterator[tuple[Item, Gap]]:
        """Everything that could be added, item by item."""
        return ((item, gap) for item in self.items for gap in item.gaps)


def complete(key: str, number: int, value: Both) -> Item:
    """It is there."""
    return Item(key, number, text(f"item.{key}"), State.COMPLETE, value)


def missing(key: str, number: int, *gaps: Gap, value: Both | None = None) -> Item:
    """It is not there, or not whole; `value` is the part that is."""
    return Item(key, number, text(f"item.{key}"), State.MISSING, value or NOTHING, gaps)


def if_any(key: str, number: int, *gaps: Gap, value: Both | None = None) -> Item:
    """Nothing was declared; if there is one, it can be added."""
    return Item(key, number, text(f"item.{key}"), State.UNDECLARED, value or NOTHING, gaps)


def not_applicable(key: str, number: int, why: str) -> Item:
    """It cannot be asked of this product; `why` is a text key."""
    return Item(key, number, text(f"item.{key}"), State.NOT_APPLICABLE, why=text(why))


def gap(what: str | Both, where: Where, *who: Supplier) -> Gap:
    """A gap by the key of its words; the clerk fills it unless somebody else is named."""
    return Gap(text(what) if isinstance(what, str) else what, who or (Supplier.CLERK,), where)
