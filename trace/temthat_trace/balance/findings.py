"""What does not add up, as a question with its arithmetic: which step, which number, how much over. Pure.

The words are neutral: a slip of the pen, goods bought in and not recorded, and a good year look the same from here.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from temthat_trace import formats
from temthat_trace.balance.amounts import Amount
from temthat_trace.events import Step

STEP_NAMES: dict[Step, tuple[str, str]] = {
    Step.SOWING: ("gieo trồng", "sowing"),
    Step.CARE: ("chăm sóc", "care"),
    Step.HARVEST: ("thu hoạch", "harvest"),
    Step.PURCHASE: ("thu mua", "purchase"),
    Step.PRELIMINARY: ("sơ chế", "preliminary processing"),
    Step.PROCESSING: ("chế biến", "processing"),
    Step.TESTING: ("kiểm nghiệm", "testing"),
    Step.PACKING: ("đóng gói", "packing"),
    Step.STORAGE: ("bảo quản", "storage"),
    Step.TRANSPORT: ("vận chuyển", "transport"),
    Step.OTHER: ("việc khác", "other work"),
}


class Rule(StrEnum):
    """What was compared."""

    GAVE_MORE = "gave_more"
    TOOK_MORE = "took_more"
    BOUGHT_MORE = "bought_more"
    MADE_MORE = "made_more"
    COMBO_MORE = "combo_more"
    PASSED_ON_MORE = "passed_on_more"
    LOSS_UNEXPLAINED = "loss_unexplained"
    PLOT_SEASON = "plot_season"
    PLOT_YEAR = "plot_year"
    MEMBER_YEAR = "member_year"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not add up. `stated` and `possible` are in one unit.

    `subject`: the batch, plot or member it is about; `step`: the diary entry, if it is about one.
    """

    rule: Rule
    subject: uuid.UUID
    stated: Amount
    possible: Amount
    vi: str
    en: str
    step: uuid.UUID | None = None

    @property
    def is_excess(self) -> bool:
        """Whether more is stated than there can be; a loss nobody explained is only asked about."""
        return self.rule is not Rule.LOSS_UNEXPLAINED

    @property
    def over(self) -> Amount:
        """How much more than possible was stated, or how much is missing."""
        return Amount(abs(self.stated.quantity - self.possible.quantity), self.stated.unit)

    def text(self, lang: str = "vi") -> str:
        """The finding in one language."""
        return self.en if lang == "en" else self.vi


def step_name(step: Step, at: dt.datetime, lang: str = "vi") -> str:
    """A step as a sentence names it: "bước đóng gói ngày 26/05/2026"."""
    vi, en = STEP_NAMES[step]
    day = formats.date(formats.today(at), lang)
    return f"the {en} of {day}" if lang == "en" else f"bước {vi} ngày {day}"


def finding(
    rule: Rule,
    subject: uuid.UUID,
    stated: Decimal,
    possible: Decimal,
    unit: str,
    event: uuid.UUID | None = None,
    **words: tuple[str, str],
) -> Finding:
    """A finding in the texts of its rule, whose places are `stated`, `possible`, `over` and `words` (vi, en)."""
    amounts = {
        "stated": Amount(stated, unit),
        "possible": Amount(possible, unit),
        "over": Amount(abs(stated - possible), unit),
    }

    def told(lang: str) -> str:
        is_en = lang == "en"
        places = {name: amount.text(lang) for name, amount in amounts.items()}
        filled = TEXTS[rule][is_en].format(**places, **{name: pair[is_en] for name, pair in words.items()})
        return filled[:1].upper() + filled[1:]

    return Finding(rule, subject, amounts["stated"], amounts["possible"], told("vi"), told("en"), event)


TEXTS: dict[Rule, tuple[str, str]] = {
    Rule.GAVE_MORE: (
        "{step}: ra {stated} (kể cả hao hụt), nhiều hơn {possible} đã vào; vượt {over}. "
        "Có số nào ghi nhầm, hay còn nguyên liệu chưa ghi?",
        "{step}: {stated} came out (losses included), more than the {possible} that went in; {over} over. "
        "Is a number a slip, or is an input not recorded?",
    ),
    Rule.TOOK_MORE: (
        "{step} lấy {stated}, nhưng theo các nguồn và bước trước chỉ có {possible}; vượt {over}. "
        "Có số nào ghi nhầm, hay có hàng nhập thêm chưa ghi?",
        "{step} takes {stated}, but sources and earlier steps leave {possible}; {over} over. "
        "Is a number a slip, or did goods come in that are not recorded?",
    ),
    Rule.BOUGHT_MORE: (
        "{step} ghi {stated}, các phiếu thu mua của lô cộng lại là {possible}; vượt {over}. "
        "Còn phiếu nào chưa ghi không?",
        "{step} says {stated}, the purchase slips of the batch come to {possible}; {over} over. "
        "Is a slip not recorded?",
    ),
    Rule.MADE_MORE: (
        "lô {lot} ghi {stated}, nhưng theo các nguồn và bước đã ghi chỉ có {possible}; vượt {over}. "
        "Số lượng lô có ghi nhầm, hay còn nguồn chưa ghi?",
        "batch {lot} says {stated}, but by its sources and steps there are {possible}; {over} over. "
        "Is the batch's quantity a slip, or is a source not recorded?",
    ),
    Rule.COMBO_MORE: (
        "lô combo {lot} cần {stated} “{name}”, nhưng các lô nguồn ghi đã lấy {possible}; thiếu {over}. "
        "Số lượng combo có ghi nhầm không?",
        "combo batch {lot} needs {stated} of “{name}”, but its sources gave {possible}; {over} short. "
        "Is the number of combos a slip?",
    ),
    Rule.PASSED_ON_MORE: (
        "lô {lot} có {possible}, nhưng đã ghi giao đi {stated}{to}; vượt {over}. "
        "Có lần giao nào ghi nhầm lô không?",
        "batch {lot} has {possible}, but {stated} of it are recorded as passed on{to}; {over} over. "
        "Was one of them put on the wrong batch?",
    ),
    Rule.LOSS_UNEXPLAINED: (
        "{step}: vào {possible}, ra {stated} (kể cả hao hụt đã ghi); còn {over} chưa ghi đi đâu.",
        "{step}: {possible} went in, {stated} came out (losses stated included); {over} is not accounted for.",
    ),
    Rule.PLOT_SEASON: (
        "{what} ghi {stated} từ {plot}, nhiều hơn một vụ dự kiến ({area} × {each} mỗi ha = {possible}); "
        "vượt {over}. Sản lượng có ghi nhầm, hay gộp nhiều vụ?",
        "{what} says {stated} from {plot}, more than one season should give ({area} × {each} a hectare = "
        "{possible}); {over} over. Is the quantity a slip, or does it cover several seasons?",
    ),
    Rule.PLOT_YEAR: (
        "{sum} Vượt {over}. Năng suất hay sản lượng có ghi nhầm, hay có hàng mua thêm?",
        "{sum} {over} over. Is yield or quantity a slip, or were goods bought in?",
    ),
    Rule.MEMBER_YEAR: (
        "hộ {name}: các vườn dự kiến cho {possible} một năm, phiếu thu mua và các lô ghi {stated}; vượt {over}. "
        "Có phiếu nào ghi nhầm hộ, hay hộ có thêm vườn chưa khai?",
        "household {name}: its plots should give {possible} a year, purchase slips and batches say {stated}; "
        "{over} over. Is a slip put on the wrong household, or has it a plot that is not registered?",
    ),
}
