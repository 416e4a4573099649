"""One SMS: what fits, in which alphabet, and that no sentence of ours is ever cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.texts import fill
from temthat_trace.places import provinces
from temthat_verify_api.sms.message import Asked, read_message
from temthat_verify_api.sms.wording import GSM_7, MOST, UCS_2, compose, length, sentences, without_accents

GSM_BASIC = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = set("^{}\\[~]|€")


@given(st.lists(st.text(max_size=120), max_size=6), st.booleans())
def test_a_message_is_one_sms_of_its_alphabet(parts: list[str], accents: bool) -> None:
    """Whatever names products and people have."""
    sms = compose(parts, accents=accents)
    assert length(sms.text, sms.encoding) <= MOST[sms.encoding]
    assert sms.encoding == (UCS_2 if accents else GSM_7)
    if not accents:
        assert set(sms.text) <= GSM_BASIC | GSM_EXTENSION


def test_the_weightiest_sentence_comes_first_and_a_later_short_one_still_fits() -> None:
    """A sentence that is too long is left out whole; the next may fit."""
    sms = compose(["Tem thật.", "Rất dài " * 30, "Lô 5."], accents=True)
    assert sms.text == "Tem thật. Lô 5."


@pytest.mark.parametrize("accents", [True, False], ids=["ucs2", "gsm7"])
def test_every_sentence_fits_alone_with_its_longest_values(accents: bool) -> None:
    """So that none is ever cut: the longest province, two digits, a hotline."""
    longest = max((p.name for p in provinces().values()), key=len)
    values = {
        "province": longest, "day": "26/05/2026", "position": "16", "minutes": "180", "left": "14",
        "hotline": "+84 24 3333 4444", "lot": "L" * 40,
    }  # fmt: skip
    for name, sentence in sentences().items():
        told = fill(sentence, values)
        assert "{" not in told
        if accents:
            assert length(told, UCS_2) <= MOST[UCS_2], name
        else:
            assert length(without_accents(told), GSM_7) <= MOST[GSM_7], name


def test_vietnamese_without_accents() -> None:
    """As people type it; other scripts become question marks, never an alphabet that costs two messages."""
    assert (
        without_accents("Đã nhập mã “PIN” — hợp tác xã Ưu Việt…")
        == 'Da nhap ma "PIN" - hop tac xa Uu Viet...'
    )
    assert without_accents("茶 ` 5 €") == "? ? 5 ?"


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("ABCD EFGH JKMN PQRS", Asked("ABCDEFGHJKMNPQRS")),
        ("  abcd-efgh-jkmn-pqrs 123 456 ", Asked("abcdefghjkmnpqrs", "123456")),
        ("TEM ABCDEFGHJKMNPQRS PIN 123456", Asked("ABCDEFGHJKMNPQRS", "123456")),
        ("Mã số: ABCD EFGH JKMN PQRS; mã PIN: 123456.", Asked("ABCDEFGHJKMNPQRS", "123456")),
        ("ＡＢＣＤ EFGH JKMN PQRS", Asked("ABCDEFGHJKMNPQRS")),
        ("ABCD EFGH JKMN PQRS 12345", Asked("ABCDEFGHJKMNPQRS", "12345")),
        ("ABCD EFGH JKMN PQR", Asked("ABCDEFGHJKMNPQR")),
        ("", None),
        ("xin chào", None),
        ("khuyến mãi lớn nhân dịp khai trương cửa hàng mới của chúng tôi", None),
    ],
    ids=range(10),
)
def test_what_people_write(text: str, asked: Asked | None) -> None:
    """Number, PIN, labels, signs; what holds no number is none."""
    assert read_message(text) == asked


@given(st.text())
def test_any_text_is_read_without_a_fault(text: str) -> None:
    """Letters and digits only come out of it."""
    asked = read_message(text)
    if asked is not None:
        assert (asked.number + asked.pin).isalnum()
        assert len(asked.pin) <= 12
