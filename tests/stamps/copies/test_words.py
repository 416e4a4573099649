"""What a shopper reads of a suspicion: true of the code, whole, and never an accusation."""

import re

import pytest

from temthat_stamps.copies.opinion import SHOWN_FROM, reasons
from temthat_stamps.copies.places import Spot
from temthat_stamps.copies.state import State
from temthat_stamps.texts import Lang, explain, say, texts
from temthat_stamps.verdict import Reason, Verdict, Word

NEVER = (
    "giả", "nhái", "lừa", "gian", "trộm", "cắp", "kẻ ", "tội", "vi phạm", "bất hợp pháp", "chắc chắn", "khẳng định",
    "nghi phạm", "bán hàng", "người bán", "cửa hàng này",
    "fake", "counterfeit", "forg", "fraud", "thief", "steal", "stolen", "crim", "illegal", "guilt", "certainly",
    "proof", "proven", "seller", "shopkeeper", "you have", "your pack is",
)  # fmt: skip
FULL = State(
    groups=9,
    phones=11,
    days=7,
    moves=4,
    backs=1,
    fast=1,
    late=2,
    sales=2,
    places=(Spot(1, 1), Spot(900, 900), Spot(2_000, 2_000)),
    suspect_at=1,
)
LANGS: tuple[Lang, Lang] = ("vi", "en")


def told() -> list[Reason]:
    return [Reason(r.key, r.value) for r in reasons(FULL)]


def test_every_reason_has_words() -> None:
    """The texts file knows each key a suspicion may give, and has none that is never given."""
    assert {r.key for r in told()} == {key for key in texts()["reasons"] if key.startswith("copy_")}


@pytest.mark.parametrize("lang", LANGS)
def test_a_suspicion_never_accuses(lang: Lang) -> None:
    """Neither the verdict nor a reason holds a word about guilt, persons or the goods."""
    verdict = Verdict(Word.SUSPECT_COPY, (Reason("copying", "0.99"), *told()))
    saying = say(verdict, lang, hotline="0900 000 000")
    for text in (saying.title, saying.sentence, saying.action, *(explain(r, lang) for r in verdict.reasons)):
        assert text
        for word in NEVER:
            assert word not in text.lower(), (word, text)
        assert not re.search(r"[{}\[\]]|  |: *$", text), text


def test_a_suspicion_says_what_to_do_and_that_the_pack_may_be_genuine() -> None:
    """Compare the picture, enter the PIN; in both languages the pack in hand may well be the real one."""
    verdict = Verdict(Word.SUSPECT_COPY, (Reason("copying", "0.99"), *told()))
    vi, en = say(verdict, "vi"), say(verdict, "en")
    assert "Gói hàng trên tay có thể là hàng thật." in vi.sentence
    assert "may well be genuine" in en.sentence
    assert "So ảnh" in vi.action
    assert "PIN" in vi.action
    assert "Compare the picture" in en.action
    assert "9 nhóm người" in vi.sentence


def test_small_counts_are_not_told() -> None:
    """Counts below the threshold would be about single persons."""
    few = State(groups=SHOWN_FROM - 1, days=SHOWN_FROM - 1, places=(Spot(1, 1),), suspect_at=1)
    assert list(reasons(few)) == []
