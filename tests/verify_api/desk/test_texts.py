"""The desk's two languages say the same things, and every word a page can ask for is there."""

import re
import string
import unicodedata
from importlib import resources
from pathlib import Path

import pytest

from temthat_stamps.runs.records import JobState
from temthat_trace.events import Step
from temthat_trace.papers import PaperKind
from temthat_trace.parties import PartyKind
from temthat_trace.vouching import Vouching
from temthat_verify_api.accounts import Role
from temthat_verify_api.desk import errors
from temthat_verify_api.desk.print_choice import FORMATS, METHODS
from temthat_verify_api.desk.words import LANGUAGES, Lang, Words, texts

DESK = resources.files("temthat_verify_api.desk")
SOURCES = [
    entry.read_text("utf-8")
    for folder in ("templates", "views", "")
    for entry in DESK.joinpath(folder).iterdir()
    if entry.name.endswith((".html", ".py"))
]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys() -> None:
    """No page is half translated."""
    assert texts("vi").keys() == texts("en").keys()


def test_both_languages_fill_in_the_same_values() -> None:
    """A number or name that one language tells, the other tells too."""
    vi, en = texts("vi"), texts("en")
    assert [key for key in vi if places(vi[key]) != places(en[key])] == []


@pytest.mark.parametrize("lang", LANGUAGES)
def test_texts_are_composed_and_trimmed(lang: Lang) -> None:
    """Every text is NFC, so that it is found, compared and drawn as one."""
    for key, text in texts(lang).items():
        assert text == unicodedata.normalize("NFC", text), key
        assert text.strip() == text, key
        assert text, key


def test_every_text_a_template_asks_for_exists() -> None:
    """A missing key would be an error page; there is none."""
    asked = {
        key for source in SOURCES for key in re.findall(r'\b(?:w|words)\("([a-z_0-9.A-Z]+)"(?! ~)', source)
    }
    assert len(asked) > 150
    assert asked <= texts("vi").keys()


def test_every_composed_key_exists() -> None:
    """Keys put together from the words of the house: roles, kinds, states, steps."""
    wanted = [f"role.{role}" for role in Role] + [f"role_text.{role}" for role in Role]
    wanted += [f"kind.{kind}" for kind in PartyKind] + [f"step.{step}" for step in Step]
    wanted += [f"paper.kind.{kind}" for kind in PaperKind] + [f"vouching.{word}" for word in Vouching]
    wanted += [f"job.state.{state}" for state in JobState] + [f"steps.{n}" for n in range(1, 5)]
    wanted += [f"order.{part}.{method}" for method in METHODS for part in ("method", "method_text", "format")]
    wanted += [f"job.download.{kind}" for kinds in FORMATS.values() for kind in kinds]
    for kinds in (FORMATS["roll"], FORMATS["house"]):
        wanted += [f"order.{part}.{kind}" for kind in kinds for part in ("kind", "kind_text")]
    wanted += [f"job.how.{how}.{n}" for how in ("pdf", "roll", "house") for n in (1, 2, 3)]
    wanted += [
        f"{error.key}.{part}" for error in errors.DeskError.__subclasses__() for part in ("title", "text")
    ]
    wanted += [
        f"next.{step}.{part}"
        for step in ("upload", "apply", "make", "order", "print", "confirm", "more")
        for part in ("title", "text", "go")
    ]
    assert [key for key in wanted if key not in texts("vi")] == []


def test_every_text_is_asked_for() -> None:
    """No text is left over: each key stands in a source, or is put together from two words that stand there."""
    package = resources.files("temthat_verify_api")
    code = "\n".join(
        path.read_text("utf-8")
        for folder in (package, resources.files("temthat_stamps"), resources.files("temthat_trace"))
        for path in Path(str(folder)).rglob("*")
        if path.suffix in (".py", ".html")
    )
    words = set(re.findall(r"""["']([A-Za-z0-9_.]+)["']""", code))
    heads = set(re.findall(r"""["']([a-z0-9_.]+[._])(?:["'] ?[~+]|{)""", code))
    ends = (".title", ".text", ".go")  # of an error, or of what to do next

    def is_asked(key: str) -> bool:
        if key in words or any(key.endswith(end) and key.removesuffix(end) in words for end in ends):
            return True
        tails = [key.removeprefix(head) for head in heads if key.startswith(head)]
        return any(
            tail[:end] in words
            for tail in tails
            for end in (len(tail), *(m.start() for m in re.finditer("[._]", tail)))
        )

    assert [key for key in texts("vi") if not is_asked(key)] == []
    assert not is_asked("office.nobody_asks")
    assert not is_asked("recall.nobody_asks")


def test_every_done_message_that_a_view_sends_exists() -> None:
    """What a page says after something was done."""
    sent = {key for source in SOURCES for key in re.findall(r'\.go\([^)]*?, "([a-z_]+)"\)', source)}
    assert len(sent) >= 8
    assert {f"done.{key}" for key in sent} <= texts("vi").keys()


def test_numbers_and_dates_are_written_the_way_of_the_language() -> None:
    """1.234,5 in Vietnamese, 1,234.5 in English."""
    import datetime as dt
    from decimal import Decimal

    assert Words("vi").quantity(Decimal("1234.5"), "KGM") == "1.234,5 kg"
    assert Words("en").quantity(Decimal("1234.5"), "KGM") == "1,234.5 kg"
    assert Words("vi").date(dt.date(2026, 5, 26)) == "26/05/2026"
    assert Words("vi").date(None) == "–"
