"""What forms of work ask and how answers are read: pure."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.events import Event, LineRole, Step, line
from temthat_verify_api.desk.words import texts
from temthat_verify_api.desk.work_forms import KINDS, Setting, draft_answers, read_work, same_work

TODAY = dt.date(2026, 11, 22)
BATCH, MEMBER, PLOT = (uuid.UUID(int=n) for n in (1, 2, 3))
SETTING = Setting(BATCH, "KGM", TODAY, {MEMBER}, {PLOT})
FULL = {
    "day": "2026-11-20", "text": "Làm kỹ", "actor": "Tổ 2", "address": "Kho 1", "plot": str(PLOT),
    "member": str(MEMBER), "material": "NPK", "material_lot": "B1", "material_amount": "1,5",
    "material_amount_unit": "XSA", "supplier": "Đại lý", "in_what": "Dẻ tươi", "in_amount": "2 tạ",
    "in_lot": "N7", "seller": "Ông Ba", "out_amount": "1.250", "out_amount_unit": "KGM", "lost_amount": "3",
    "lost_amount_unit": "KGM", "partner": "Chợ", "sent_amount": "0,5", "sent_amount_unit": "TNE",
}  # fmt: skip


def read(step: Step = Step.CARE, **given_: str) -> Event:
    answers = read_work(step, {"day": "2026-11-20", "text": "Bón", **given_}, SETTING)
    assert answers.problems == {}
    assert answers.event is not None
    return answers.event


def wrong(step: Step = Step.CARE, **given_: str) -> dict[str, str]:
    answers = read_work(step, {"day": "2026-11-20", "text": "Bón", **given_}, SETTING)
    assert answers.event is None
    return {name: vi for name, (vi, en) in answers.problems.items() if en}


def test_every_kind_asks_two_to_six_things_and_says_them_in_words() -> None:
    """Day and photos apart; every step of a diary has a form, and every field a label in both languages."""
    assert KINDS.keys() == set(Step)
    for step, kind in KINDS.items():
        assert 1 <= len(kind.asks) <= 4
        assert set(kind.needs) <= set(kind.asks)
        assert not set(kind.asks) & set(kind.more)
        for lang in ("vi", "en"):
            for name in (*kind.asks, *kind.more):
                assert f"work.field.{name}" in texts(lang) or f"work.{step}.{name}" in texts(lang)


@pytest.mark.parametrize("step", list(Step))
def test_a_kind_takes_what_it_asks_and_nothing_else(step: Step) -> None:
    """Answers to other questions are not smuggled in; what came out, was lost or sent is this batch."""
    event = read(step, **FULL)
    asked = {*KINDS[step].asks, *KINDS[step].more}
    lines = {x.role: x for x in event.lines}
    assert (LineRole.USED in lines) is ("material" in asked)
    assert (LineRole.IN in lines) is bool({"in_what", "in_amount"} & asked)
    assert (LineRole.SENT in lines) is ("partner" in asked)
    assert event.text == ("Làm kỹ" if "text" in asked else "")
    assert event.member_id == (MEMBER if "member" in asked else None)
    for role in (LineRole.OUT, LineRole.LOST, LineRole.SENT):
        if role in lines:
            assert lines[role].batch_id == BATCH
    assert event.at == dt.datetime(2026, 11, 19, 17, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("typed", "chosen", "quantity", "unit"),
    [
        ("1.250", "KGM", "1250", "KGM"),
        ("1.250,5", "KGM", "1250.5", "KGM"),
        ("1,25", "TNE", "1.25", "TNE"),
        ("3 yến", "GRM", "30", "KGM"),
        ("0,5", "KGM", "0.5", "KGM"),
    ],
    ids=["thousands", "both", "decimals", "unit behind wins", "half"],
)
def test_amounts_are_read_as_in_the_workbook(typed: str, chosen: str, quantity: str, unit: str) -> None:
    """Vietnamese numbers; a unit written behind the number goes before the one chosen beside it."""
    [out] = read(Step.HARVEST, out_amount=typed, out_amount_unit=chosen).lines
    assert (out.role, out.quantity, out.unit) == (LineRole.OUT, Decimal(quantity), unit)


def test_half_a_sack_was_used_but_no_half_packet_comes_out() -> None:
    """Materials may be parts of a package."""
    [used] = read(material="NPK", material_amount="1,5", material_amount_unit="XSA").lines
    assert used.quantity == Decimal("1.5")
    boxes = Setting(BATCH, "XBX", TODAY)
    given_ = {"day": "2026-11-20", "out_amount": "1,5", "out_amount_unit": "XBX"}
    assert "out_amount" in read_work(Step.PACKING, given_, boxes).problems


@pytest.mark.parametrize(
    ("step", "given_", "field", "why"),
    [
        (Step.CARE, {"text": " "}, "text", "Chưa ghi"),
        (Step.CARE, {"day": ""}, "day", "ngày"),
        (Step.CARE, {"day": "2026-11-23"}, "day", "chưa tới"),
        (Step.CARE, {"day": "30/02/2026"}, "day", ""),
        (Step.CARE, {"material_lot": "B1"}, "material", "tên vật tư"),
        (Step.CARE, {"material": "NPK", "material_amount": "nhiều"}, "material_amount", "Không phải số"),
        (Step.CARE, {"material": "NPK", "material_amount": "5"}, "material_amount", "đơn vị"),
        (Step.CARE, {"material": "NPK", "material_amount": "-5", "material_amount_unit": "KGM"}, "material_amount", ""),
        (Step.CARE, {"material": "NPK", "material_amount": "5", "material_amount_unit": "ZZZ"}, "material_amount", ""),
        (Step.CARE, {"member": str(PLOT)}, "member", "danh sách"),
        (Step.CARE, {"plot": "x' or 1=1"}, "plot", "danh sách"),
        (Step.CARE, {"material": "N" * 201}, "material", "200"),
        (Step.HARVEST, {"out_amount": "5", "out_amount_unit": "LTR"}, "out_amount", "Không đổi được"),
        (Step.TRANSPORT, {"sent_amount": "5", "sent_amount_unit": "KGM"}, "partner", "Chưa ghi"),
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_answer_is_told_beside_its_field(
    step: Step, given_: dict[str, str], field: str, why: str
) -> None:
    """In both languages, with what to do."""
    assert why in wrong(step, **given_)[field]


@pytest.mark.parametrize("zero", ["0", "0,0", " 00 "])
def test_no_loss_is_no_line(zero: str) -> None:
    """Clerks write 0."""
    event = read(Step.HARVEST, out_amount="5", out_amount_unit="KGM", lost_amount=zero)
    assert [x.role for x in event.lines] == [LineRole.OUT]


def test_a_draft_fills_in_words_and_never_a_day_an_amount_or_a_lot() -> None:
    """What made diaries worthless was numbers copied along."""
    model = read(Step.PROCESSING, **FULL)
    filled = draft_answers(model)
    assert {"text", "material", "supplier", "in_what", "actor"} <= filled.keys()
    assert not {name for name in filled if "amount" in name or "lot" in name or name == "day"}
    assert "day" in read_work(Step.PROCESSING, filled, SETTING).problems


def test_a_form_sent_twice_is_known() -> None:
    """All that is said, whatever the order of lines; photos and who wrote it apart."""
    one, other = read(material="NPK"), read(material="NPK")
    assert same_work(one, other)
    assert not same_work(one, read(material="Đạm"))
    assert not same_work(one, read(day="2026-11-19", material="NPK"))
    one.lines.append(line(LineRole.USED, "Kali"))
    other.lines.insert(0, line(LineRole.USED, "Kali"))
    assert same_work(one, other)


@given(
    st.sampled_from(list(Step)),
    st.dictionaries(
        st.sampled_from([*FULL, "checked", "kept"]),
        st.text(max_size=30) | st.sampled_from(list(FULL.values())),
    ),
)
def test_property_any_answers_make_an_event_or_say_what_is_wrong(step: Step, given_: dict[str, str]) -> None:
    """Never an error of the program, never an event beside a problem; an event always has its day and can be sealed."""
    answers = read_work(step, given_, SETTING)
    assert (answers.event is None) is bool(answers.problems)
    if answers.event:
        answers.event.seal()
        assert len(answers.event.digest) == 32
