"""Judging without a network; the vectors hold the cases, here are the properties."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.listing import Listing
from temthat_stamps.bundle.offline import judge_offline, judge_unaided
from temthat_stamps.bundle.pack import parse_pack
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import Mistyped
from temthat_stamps.verdict import Word

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "stamps" / "vectors" / "offline.json").read_bytes()
)
PACK = parse_pack(json.dumps(VECTORS["pack"]).encode())
LISTING = Listing.parse(PACK.read("bundle/bundle.json", 1_000_000))
HERE = {*LISTING.required(PACK.provinces), *LISTING.optional(PACK.provinces)}
TRUST = TrustView(LISTING, lambda name: PACK.read(f"bundle/{name}", 1_000_000) if name in HERE else None)
NOW = TRUST.as_of + dt.timedelta(days=2)
GOOD: str = VECTORS["cases"][0]["text"]


@given(st.text() | st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ- ", min_size=12, max_size=24))
def test_property_any_text_has_a_verdict(text: str) -> None:
    """A verdict or `Mistyped`; a text nobody signed is never genuine."""
    try:
        words = {judge_offline(text, TRUST, NOW).verdict.word, judge_unaided(text, NOW).verdict.word}
    except Mistyped:
        return
    assert words <= {Word.NOT_OURS, Word.FORGED, Word.CANNOT_TELL, Word.RECALLED, Word.REVOKED}


@given(st.sampled_from([c["text"] for c in VECTORS["cases"]]), st.integers(0, 250), st.characters())
def test_property_no_changed_character_is_genuine(text: str, at: int, character: str) -> None:
    """Outside the host, which is not signed, no other character leaves a stamp genuine as another one."""
    bent = text[:at] + character + text[at + 1 :]
    try:
        judged = judge_offline(bent, TRUST, NOW)
    except Mistyped:
        return
    if judged.verdict.word is Word.GENUINE_OFFLINE:
        assert judged.code is not None
        assert judged.code.text in text.upper()


@given(st.integers(-400 * 86_400, 400 * 86_400))
def test_property_any_clock(seconds: int) -> None:
    """A clock behind the data is told, and the data's time is the floor: a late clock never makes data fresher."""
    now = TRUST.as_of + dt.timedelta(seconds=seconds)
    verdict = judge_offline(GOOD, TRUST, now).verdict
    assert ("clock_behind" in verdict.keys) is (now < TRUST.as_of)
    too_old = now - TRUST.as_of > dt.timedelta(days=30)
    assert verdict.word is (Word.CANNOT_TELL if too_old else Word.GENUINE_OFFLINE)


@given(st.sampled_from([c["text"] for c in VECTORS["cases"] if "mistyped" not in c]))
def test_property_without_data_nothing_is_genuine_or_forged(text: str) -> None:
    """A scanner without trust data knows what is not ours, and nothing else."""
    assert judge_unaided(text, NOW).verdict.word in (Word.NOT_OURS, Word.CANNOT_TELL)


def test_what_a_stamp_is_about_is_shown_only_when_proved() -> None:
    """Run and issuer come with a good signature, and with nothing less."""
    judged = judge_offline(GOOD, TRUST, NOW)
    assert judged.run is not None
    assert judged.issuer is not None
    assert judged.issuer.name == "HTX Mẫu"
    for case in VECTORS["cases"]:
        if case.get("word") == "forged" and case["reasons"][0][0] in ("bad_signature", "unknown_key"):
            judged = judge_offline(case["text"], TRUST, NOW)
            assert judged.run is None
            assert judged.issuer is None
