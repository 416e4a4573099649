"""The app's form of a report is the page's: the same choices in the same words, the same limits."""

import json
import re
from pathlib import Path

import pytest

import temthat_verify_api.pages.render as pages
from temthat_verify_api.reports.records import LONGEST_CONTACT, LONGEST_SHOP, LONGEST_WORDS, Odd
from temthat_verify_api.reports.retention import CONTACT

from .conftest import ROOT

TELLING = ROOT / "scanner/temthat_scanner/web/src/telling"
FORM = (TELLING / "reportview.ts").read_text("utf-8")
WORDS = json.loads((TELLING / "words.json").read_text("utf-8"))
PAGE = json.loads((Path(pages.__file__).parent / "words.json").read_text("utf-8"))


def test_the_same_choices_and_limits() -> None:
    """What the service does not know it would refuse for good, after somebody had waited for a network."""
    found = re.search(r"const ODD = \[(.*?)\]", FORM)
    assert found is not None
    assert re.findall(r'"(\w+)"', found[1]) == [odd.value for odd in Odd]
    limits = [int(number) for number in re.findall(r'maxlength: "(\d+)"', FORM)]
    assert limits == [LONGEST_WORDS, LONGEST_SHOP, LONGEST_CONTACT]


@pytest.mark.parametrize("folder", ["app/words", "app/data-words", "shelf/words", "telling/words"])
def test_every_word_in_both_languages(folder: str) -> None:
    """Nobody gets an empty line."""
    words = json.loads((TELLING.parent / f"{folder}.json").read_text("utf-8"))
    assert words["vi"].keys() == words["en"].keys()
    assert all(text for lang in words.values() for text in lang.values())


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_the_same_words(lang: str) -> None:
    """Each choice reads as on the page, and consent is given to the same time."""
    for odd in Odd:
        assert WORDS[lang][f"odd_{odd}"] == PAGE[lang][f"report_odd_{odd}"]
    assert f" {CONTACT.days} " in WORDS[lang]["consent"]
