"""The words for people: complete in both languages, kind to people and goods, whole without optional values."""

import datetime as dt
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.errors import Mistyped
from temthat_stamps.notice import REASONS
from temthat_stamps.texts import Lang, explain, fill, notice_reason, say, say_mistyped, texts, vouching
from temthat_stamps.verdict import (
    Asker,
    CopyOpinion,
    Coverage,
    Facts,
    Mark,
    NoticeKind,
    PathMatch,
    Proof,
    Reason,
    Registration,
    StandingNotice,
    Verdict,
    Word,
    judge,
)
from temthat_trace.vouching import Vouching

NOW = dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)
LANGS: tuple[Lang, Lang] = ("vi", "en")

ACCUSING = [
    "hàng giả",
    "giả mạo",
    "lừa",
    "gian lận",
    "kẻ ",
    "tội",
    "fake",
    "fraud",
    "counterfeit",
    "thief",
    "criminal",
]
JARGON = ["chữ ký số", "hash", "blockchain", "signature", "cryptograph", "ed25519", "token", "manifest"]

marks = st.builds(Mark, st.dates(dt.date(2025, 1, 1)), st.sampled_from(["", "01", "96"]))
facts = st.builds(
    Facts,
    proof=st.sampled_from(Proof),
    coverage=st.sampled_from(Coverage),
    registration=st.sampled_from(Registration),
    path=st.sampled_from(PathMatch),
    notices=st.lists(
        st.builds(
            StandingNotice,
            st.sampled_from([k for k in NoticeKind if k is not NoticeKind.LIFT]),
            st.sampled_from(sorted(REASONS)),
            st.dates(dt.date(2025, 1, 1)),
        ),
        max_size=2,
    ).map(tuple),
    not_activated=st.booleans(),
    expires_on=st.none() | st.dates(dt.date(2026, 1, 1), dt.date(2027, 1, 1)),
    copy=st.sampled_from([CopyOpinion(), CopyOpinion(True, 0.9)]),
    sold=st.none() | marks,
    claimed=st.none() | marks,
    checks=st.integers(0, 9),
    online=st.booleans(),
    data_as_of=st.none() | st.integers(0, 60).map(lambda days: NOW - dt.timedelta(days=days)),
    clock_behind=st.booleans(),
    foreign_host=st.none() | st.just("tem-that.example"),
)


@given(facts, st.sampled_from(Asker), st.sampled_from(LANGS))
def test_property_every_verdict_and_reason_has_whole_sentences(f: Facts, asker: Asker, lang: Lang) -> None:
    """Whatever is true of a code, title, action and every reason are said, without a hole in them."""
    verdict = judge(f, asker, NOW)
    saying = say(verdict, lang, issuer="HTX Mẫu", hotline="0900 000 000", text="ABC")
    assert saying.title
    assert saying.action
    assert saying.sentence
    for text in (*vars_of(saying), *(explain(r, lang) for r in verdict.reasons)):
        assert text
        assert not re.search(r"[{}\[\]]|  | [.,:;]|: *$|\(\)", text), text
    assert all(r.key in texts()["reasons"] for r in verdict.reasons)


def vars_of(saying: object) -> list[str]:
    return [getattr(saying, name) for name in ("title", "sentence", "action")]


def test_every_word_has_a_tone_a_sign_and_both_languages() -> None:
    """The vocabulary and the texts hold the same words; green is for genuine alone, red for three."""
    verdicts = texts()["verdicts"]
    assert set(verdicts) == {*Word, "mistyped"}
    tones = {word: entry["tone"] for word, entry in verdicts.items()}
    assert {w for w, t in tones.items() if t == "good"} == {"genuine"}
    assert {w for w, t in tones.items() if t == "stop"} == {"forged", "recalled", "revoked"}
    assert {w for w, t in tones.items() if t == "warn"} == {"suspect_copy", "expired", "not_applied"}
    for entry in verdicts.values():
        assert entry["sign"]
        for variant in entry["variants"].values():
            assert set(variant) == set(LANGS)
            assert all(set(said) == {"title", "sentence", "action"} for said in variant.values())


def test_no_text_accuses_anyone_or_speaks_jargon() -> None:
    """The stamp is judged, never a person and never the goods; and no word needs a technician."""
    shown = json.dumps({k: v for k, v in texts().items() if k != "about"}, ensure_ascii=False)
    said = " ".join(re.findall(r'"(?:vi|en|title|sentence|action)": "([^"]*)"', shown)).lower()
    assert "hệ thống phát hành" in said
    for word in (*ACCUSING, *JARGON):
        assert word not in said, word


def test_notice_reasons_and_vouching_are_complete() -> None:
    """Every reason code a notice may carry and every way to vouch has words in both languages."""
    assert set(texts()["notice_reasons"]) == REASONS
    assert set(texts()["vouching"]) == set(Vouching)
    for lang in LANGS:
        assert notice_reason("not a code", lang) == notice_reason("other", lang)
        assert vouching("confirmed", lang)


def test_genuine_tells_first_nth_and_rung_up_apart() -> None:
    """A shopper reads whether anybody checked before, and that a sale was recorded."""
    first = say(Verdict(Word.GENUINE), "vi", issuer="HTX Ba Vì")
    assert first.sentence == "Tem do HTX Ba Vì phát hành. Đây là lần kiểm tra đầu tiên."
    again = Verdict(Word.GENUINE, (Reason("checked_before", "3"),))
    names = {"01": "Hà Nội"}.__getitem__
    assert say(again, "vi", province=names, issuer="X", day="2026-05-26", place="01").sentence == (
        "Tem do X phát hành. Đã được kiểm tra 3 lần trước lần này, gần nhất ngày 26/05/2026 tại Hà Nội."
    )
    assert say(again, "vi", issuer="X", day="2026-05-26").sentence.endswith("gần nhất ngày 26/05/2026.")
    assert say(again, "vi", issuer="X").sentence.endswith("Đã được kiểm tra 3 lần trước lần này.")
    sold = Verdict(Word.GENUINE, (Reason("rung_up", "2026-05-20 01"), Reason("checked_before", "3")))
    assert "Rung up on 20 May 2026 in Hà Nội." in say(sold, "en", province=names, issuer="X").sentence


@pytest.mark.parametrize(
    ("error", "says"),
    [(Mistyped("bad", 3), "ký tự thứ 3"), (Mistyped("bad"), "16 ký tự")],
)
def test_mistyped_says_where_to_look(error: Mistyped, says: str) -> None:
    """A slip of the finger names the character if one cannot stand in a number."""
    assert says in say_mistyped(error, "vi").sentence


def test_values_are_never_read_as_templates() -> None:
    """Braces and brackets in what was scanned are plain text."""
    assert fill("[a {x}]", {"x": "{y} [z {w}]", "y": "no"}) == "a {y} [z {w}]"
    assert say(Verdict(Word.NOT_OURS), "vi", text="[{hotline}]").sentence == "Mã đọc được: [{hotline}]"
