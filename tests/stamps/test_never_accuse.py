"""Never accuse: no text of any surface calls goods, a shop or a person what only a court may call them.

The words speak of a code. Every verdict is put together with every reason, in both languages, and every text of the
pages, the desk's part about copies, and refusals is read as it stands.
"""

import itertools
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from temthat_stamps.copies.opinion import SHOWN_FROM
from temthat_stamps.texts import TOLD_FROM, Lang, explain, guide, say, texts
from temthat_stamps.verdict import Reason, Verdict, Word
from vectors import answers

ROOT = Path(__file__).parents[2]
PACKAGES = (
    ROOT / "verify_api" / "temthat_verify_api",
    ROOT / "stamps" / "temthat_stamps",
    ROOT / "trace" / "temthat_trace",
    ROOT / "scanner" / "temthat_scanner",
    ROOT / "cli" / "temthat",
)
LANGS: tuple[Lang, Lang] = ("vi", "en")
NEVER = {
    "vi": (
        "giả", "giả mạo", "nhái", "rởm", "dỏm", "lừa", "lừa đảo", "gian lận", "gian thương", "kẻ", "tội", "tội phạm",
        "phạm pháp", "vi phạm", "trộm", "thủ phạm", "nghi phạm", "bất hợp pháp", "đánh tráo",
    ),
    "en": (
        "fake", "fakes", "faked", "counterfeit", "counterfeits", "counterfeiter", "forged", "forger", "forgery",
        "fraud", "fraudulent", "scam", "bogus", "thief", "thieves", "criminal", "crime", "illegal", "guilty", "culprit",
        "impostor", "imitation", "pirated", "cheat", "cheated",
    ),
}  # fmt: skip
HARMLESS = re.compile(r"\b(?:giả định|giả sử|giả thiết|tác giả|độc giả)\b")
MARKED = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệịỉọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]")
"""A letter that only Vietnamese has: a text without a language beside it is Vietnamese."""

VALUES = {"day": "2026-05-20 01", "count": "7"}
DATED = frozenset({"expired", "rung_up", "pin_entered", "data_of", "data_old", "data_too_old", "recall", "revocation",
                   "void", "lost", "hold", "spoiled", "returned"})  # fmt: skip


def accusing(text: str, lang: Lang) -> list[str]:
    """The forbidden words in a text, as whole words: “giải quyết” holds none, nor does an assumption or an author."""
    said = HARMLESS.sub("", unicodedata.normalize("NFC", text).lower())
    return [word for word in NEVER[lang] if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", said)]


def reason(key: str) -> Reason:
    """A reason with a value of its kind."""
    if key in DATED:
        rest = "contamination" if key in ("recall", "revocation", "void", "lost", "hold") else "01"
        return Reason(key, f"2026-05-20 {rest}")
    return Reason(key, VALUES["count"])


CASES = [(word, key) for word in Word for key in sorted(texts()["reasons"])]


@pytest.mark.parametrize("lang", LANGS)
def test_no_verdict_with_any_reason_accuses(lang: Lang) -> None:
    """Title, sentence, action, reason, each step and the limit, for every verdict with every reason."""
    for word, key in CASES:
        verdict = Verdict(word, (reason(key),))
        saying = say(
            verdict, lang, issuer="HTX Mẫu", hotline="0900 000 000", text="ABC", day="2026-05-20", place="01"
        )
        guidance = guide(
            verdict, lang, has=("call", "pin", "report", "where"), content="100 g", hotline="0900"
        )
        told = (
            saying.title,
            saying.sentence,
            saying.action,
            explain(verdict.reasons[0], lang),
            guidance.limit,
        )
        for text in (*told, *(step for _, step in guidance.steps)):
            assert text, (word, key)
            assert accusing(text, lang) == [], (word, key, text)
            assert not re.search(r"[{}\[\]]", text), (word, key, text)


def test_every_reason_a_verdict_can_have_has_a_text() -> None:
    """Keys are read out of the program that gives them."""
    stamps = ROOT / "stamps" / "temthat_stamps"
    source = (stamps / "verdict.py").read_text("utf-8") + (stamps / "copies" / "opinion.py").read_text(
        "utf-8"
    )
    given = set(re.findall(r'Reason\("(\w+)"', source))
    assert len(given) > 15
    assert given <= set(texts()["reasons"])


@pytest.mark.parametrize("lang", LANGS)
def test_a_suspicion_has_no_worse_words_than_compare_and_check_the_pin(lang: Lang) -> None:
    """However sure the score, and whatever the reasons: the same title and action, and that the pack may be genuine.

    One photo passed around online makes a code suspect; whoever bought the real pack reads this.
    """
    assert set(texts()["verdicts"]["suspect_copy"]["variants"]) == {"any"}
    keys = [key for key in texts()["reasons"] if key.startswith("copy_")]
    said, steps = set(), set()
    for some in itertools.chain.from_iterable(itertools.combinations(keys, n) for n in range(4)):
        for score in ("0.40", "0.99"):
            verdict = Verdict(Word.SUSPECT_COPY, (Reason("copying", score), *map(reason, some)))
            saying = say(verdict, lang, hotline="0900")
            said.add((saying.title, saying.action, saying.tone))
            steps.add(guide(verdict, lang, has=("pin",)).steps)
            assert ("có thể là hàng thật" if lang == "vi" else "may well be genuine") in saying.sentence
    assert len(said) == len(steps) == 1
    [(_, action, tone)] = said
    assert tone == "warn"
    assert ("So ảnh" if lang == "vi" else "Compare the picture") in action
    assert [key for key, _ in steps.pop()][:2] == ["compare", "pin"]


def files(package: Path, kind: str) -> Iterator[Path]:
    """The package's own files of a kind."""
    return (
        path for path in package.rglob(kind) if "node_modules" not in path.parts and "dist" not in path.parts
    )


def of_surfaces() -> Iterator[tuple[str, Lang, str]]:
    """Every text that may be shown: where it stands, its language, itself."""

    def within(where: str, value: object, lang: Lang | None) -> Iterator[tuple[str, Lang, str]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from within(f"{where}.{key}", inner, key if key in LANGS else lang)
        elif isinstance(value, list):
            for inner in value:
                yield from within(where, inner, lang)
        elif isinstance(value, str) and (lang is not None or MARKED.search(value)):
            yield where, lang or "vi", value

    for path in sorted(path for package in PACKAGES for path in files(package, "*.json")):
        parsed = json.loads(path.read_text("utf-8"))
        if path.parent.name == "texts":  # the desk's: a file a language
            lang: Lang = "en" if path.stem == "en" else "vi"
            yield from within(path.name, parsed, lang)
        else:
            yield from within(path.name, parsed, None)
    for path in sorted(
        path for package in PACKAGES for kind in ("*.py", "*.ts") for path in files(package, kind)
    ):
        for text in re.findall(r'"((?:[^"\\\n]|\\.)*)"', path.read_text("utf-8")):
            if MARKED.search(text):
                yield path.name, "vi", text


ALLOWED = {
    "notice_reasons.stolen": "what an issuer stated in a signed notice, not what the system thinks",
}


def test_no_text_of_any_surface_accuses() -> None:
    """Pages, desk, refusals: every text in a file of texts, and every Vietnamese one in the code."""
    found = [
        (where, accusing(text, lang), text)
        for where, lang, text in of_surfaces()
        if accusing(text, lang) and not any(name in where for name in ALLOWED)
    ]
    assert found == []
    assert sum(1 for _ in of_surfaces()) > 2_000


def test_vietnamese_is_written_with_its_marks() -> None:
    """Composed (NFC), and no sentence without a single mark, as text typed without them would be."""
    for name in ("steps", "guidance", "reasons", "verdicts"):
        for text in re.findall(r'"vi": "([^"]*)"', json.dumps(texts()[name], ensure_ascii=False)):
            assert text == unicodedata.normalize("NFC", text)
            assert not text.isascii(), text


def test_small_counts_are_told_by_one_rule() -> None:
    """The threshold of the texts is that of the copy judge's own reasons."""
    assert TOLD_FROM == SHOWN_FROM


def test_the_table_of_answers_is_what_is_said() -> None:
    """docs/answers.md holds the wording in each case, made from the texts by `python -m vectors.answers`."""
    assert answers.written() == answers.table()
