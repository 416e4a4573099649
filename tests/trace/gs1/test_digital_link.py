"""Digital Links are read as the standard says, and nothing else is taken for one."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from temthat_trace.gs1 import DigitalLink, Gs1Error, Key, build, parse
from temthat_trace.gs1.checks import CSET82, check_pair
from temthat_trace.gs1.table import release, table
from temthat_trace.gtin import check_digit

GTIN = "09520123456788"
SSCC = "952012345678912345"
KEYS = [
    "00",
    "01",
    "253",
    "255",
    "401",
    "402",
    "414",
    "415",
    "417",
    "8003",
    "8004",
    "8006",
    "8010",
    "8013",
    "8017",
    "8018",
]
CLOSED = "03 21 22 235 254 7040 7041 8011 8014 8019 8020 8040 8041 8042 8043 8200"
ORDERED = "".join(sorted(CSET82))

VALID = [
    ("http://a/00/006141411234567890", {"00": "006141411234567890"}),
    ("https://a/stem/00/006141411234567890", {"00": "006141411234567890"}),
    ("https://a/more/stem/00/006141411234567890?", {"00": "006141411234567890"}),
    ("https://a/00/faux/00/006141411234567890", {"00": "006141411234567890"}),
    ("HTTPS://A.VN/01/12312312312333", {"01": "12312312312333"}),
    ("HTTP://A:8080/01/12312312312333", {"01": "12312312312333"}),
    ("https://a/01/12312312312333/22/T/10/B/21/X", {"01": "12312312312333", "22": "T", "10": "B", "21": "X"}),
    ("https://a/01/12312312312333/22/T/21/X", {"01": "12312312312333", "22": "T", "21": "X"}),
    ("https://a/01/12312312312333/235/TEST", {"01": "12312312312333", "235": "TEST"}),
    ("https://a/253/1231231231232TEST5678901234567", {"253": "1231231231232TEST5678901234567"}),
    ("https://a/401/12345678?99=ABC", {"401": "12345678", "99": "ABC"}),
    ("https://a/8018/123456789012345675/8019/123", {"8018": "123456789012345675", "8019": "123"}),
    ("https://a/414/9520123456788/254/32a%2Fb", {"414": "9520123456788", "254": "32a/b"}),
    ("https://a/8013/1987654Ad4X4bL5ttr2310c2K", {"8013": "1987654Ad4X4bL5ttr2310c2K"}),
    (f"https://a/01/{GTIN}?&&&99=A&&unknown=6&alone&98=X%2f9&&#frag", {"01": GTIN, "99": "A", "98": "X/9"}),
    (f"https://a/01/{GTIN}?3103=000195&17=201225", {"01": GTIN, "3103": "000195", "17": "201225"}),
    (f"https://a/00/{SSCC}?02={GTIN}&37=25&10=AB", {"00": SSCC, "02": GTIN, "37": "25", "10": "AB"}),
    (f"https://a/01/{GTIN}/8004/9520614141234567", {"8004": "9520614141234567"}),
]  # fmt: skip

INVALID = [
    ("", "scheme"),
    ("ftp://a/01/09520123456788", "scheme"),
    ("Https://a/01/09520123456788", "scheme"),
    ("http://", "syntax"),
    ("http:///", "syntax"),
    ("http://a", "syntax"),
    ("http://a/", "key"),
    ("http://a/b/", "syntax"),
    ("https://00/006141411234567890", "key"),
    ("https://u@a/01/09520123456788", "syntax"),
    ("https://a b/01/09520123456788", "syntax"),
    ("https://á/01/09520123456788", "syntax"),
    (f"https://a/01/{GTIN}/", "syntax"),
    (f"https://a/gtin/{GTIN}", "alpha"),
    (f"https://a/01/{GTIN}/lot/A", "alpha"),
    (f"https://a/01/{GTIN}/21/A/10/B", "order"),
    (f"https://a/01/{GTIN}/22/A/235/B", "order"),
    (f"https://a/01/{GTIN}/21/A/21/A", "duplicate"),
    (f"https://a/01/{GTIN}/10/A?10=A", "duplicate"),
    (f"https://a/01/{GTIN}?17=250101&17=250101", "duplicate"),
    (f"https://a/01/{GTIN}/89/ABC", "key"),
    (f"https://a/01/{GTIN}/9/ABC", "key"),
    ("https://a/10/A", "key"),
    (f"https://a/01/{GTIN}?999=faux", "attribute"),
    (f"https://a/01/{GTIN}?21=A", "attribute"),
    (f"https://a/01/{GTIN}?99=", "value"),
    (f"https://a/01/{GTIN}/10/", "value"),
    ("https://a/01//10/A", "value"),
    ("https://a/01/9520123456788", "length"),
    ("https://a/01/09520123456789", "check_digit"),
    ("https://a/00/006141411234567891", "check_digit"),
    ("https://a/8013/1987654Ad4X4bL5ttr2310cXK", "check_digit"),
    ("https://a/01/0952012345678A", "charset"),
    (f"https://a/01/{GTIN}/10/{'A' * 21}", "length"),
    (f"https://a/01/{GTIN}/10/L%C3%B4", "charset"),
    (f"https://a/01/{GTIN}/10/A%20B", "charset"),
    (f"https://a/01/{GTIN}/10/A%00B", "charset"),
    (f"https://a/01/{GTIN}/10/A%2", "syntax"),
    (f"https://a/01/{GTIN}?10=A+B", "charset"),
    (f"https://a/01/{GTIN}?17=251301", "format"),
    (f"https://a/01/{GTIN}?17=250230", "format"),
    (f"https://a/01/{GTIN}?3103=000195&3102=000195", "pairing"),
    (f"https://a/01/{GTIN}?02={GTIN}&37=2", "pairing"),
    ("https://a/253/1231231231232TEST56789012345678", "length"),
    ("https://a/8003/14012345666663", "format"),
    ("https://a/8006/040123451234560201", "format"),
    (f"https://a/01/{GTIN}/10/A#/21/B?" + "x" * 5000, "size"),
]


@pytest.mark.parametrize(("uri", "ai"), VALID)
def test_valid_links_give_their_ais_in_order(uri: str, ai: dict[str, str]) -> None:
    assert list(parse(uri).ai.items()) == list(ai.items())


@pytest.mark.parametrize(("uri", "rule"), INVALID)
def test_each_broken_rule_is_named_in_both_languages(uri: str, rule: str) -> None:
    with pytest.raises(Gs1Error) as caught:
        parse(uri)
    assert caught.value.rule == rule
    assert caught.value.vi
    assert caught.value.en
    assert caught.value.vi != caught.value.en


def test_every_key_of_the_dictionary_and_its_qualifiers() -> None:
    keys = {ai.code: ai.qualifiers for ai in table().values() if ai.is_key}
    assert set(keys) == set(KEYS)
    assert keys["01"] == (("22", "10", "21"), ("235",))
    assert keys["414"] == (("254",), ("7040",))
    assert release() >= "2026-01-27"
    assert " ".join(ai.code for ai in table().values() if not ai.is_attribute) == CLOSED


def test_canonical_form_drops_domain_prefix_and_strangers_and_sorts_attributes() -> None:
    link = parse(f"HTTPS://Shop.VN/a/b/01/{GTIN}/10/A%2fB?utm=1&17=250101&11=240101#x")
    assert link.canonical == f"https://id.gs1.org/01/{GTIN}/10/A%2FB?11=240101&17=250101"
    assert link.stem == "HTTPS://Shop.VN/a/b"
    assert link.other == ("utm=1",)
    assert link.key.canonical == f"https://id.gs1.org/01/{GTIN}/10/A%2FB"


def test_what_another_code_on_the_pack_may_supply_is_a_remark_and_no_error() -> None:
    assert parse(f"https://a/00/952012345678912345?02={GTIN}").missing() == ["(02) 37"]
    assert parse(f"https://a/01/{GTIN}/10/A?17=250101").missing() == []


def test_levels_walk_up_from_serial_to_gtin() -> None:
    levels = parse(f"https://a/01/{GTIN}/22/V/10/L/21/S").key.levels()
    assert [level.path for level in levels] == [
        f"/01/{GTIN}/22/V/10/L/21/S",
        f"/01/{GTIN}/22/V/10/L",
        f"/01/{GTIN}/22/V",
        f"/01/{GTIN}",
    ]


def test_a_link_is_built_only_from_what_it_may_hold() -> None:
    key = Key((("01", GTIN), ("10", "A/B")))
    assert build(key, [("17", "250101")], "https://x.vn/") == f"https://x.vn/01/{GTIN}/10/A%2FB?17=250101"
    with pytest.raises(Gs1Error, match="may not stand behind"):
        build(key, [("21", "S")])


def test_alphanumeric_check_characters_are_those_of_the_general_specifications() -> None:
    """Pairs from the standard's own examples."""
    for text in (
        "1987654Ad4X4bL5ttr2310c2K",
        "12345678901234567890123NT",
        "12345_ABCDEFGHIJKLMCP",
        "7907665Bm8v2AB",
    ):
        assert check_pair(text[:-2]) == text[-2:]


values = st.text(alphabet=ORDERED, min_size=1, max_size=20)
gtins = st.integers(10**11, 10**13 - 1).map(lambda n: (body := str(n).zfill(13)) + check_digit(body))


@given(gtins, values, values, st.sampled_from(["https://x.vn", "HTTP://X.VN:80/a/b", "https://x/01/00"]))
def test_property_built_links_are_read_back_whatever_the_lot_and_serial(
    gtin: str, lot: str, serial: str, stem: str
) -> None:
    key = Key((("01", gtin), ("10", lot), ("21", serial)))
    link = parse(build(key, (), stem))
    assert link == DigitalLink(stem, key)
    assert parse(link.canonical).key == key


@given(
    st.text(max_size=80)
    | st.text(alphabet="/01?&=%#:htps.AFa ", max_size=60).map(lambda t: "https://a/01/" + t)
)
@example("https://ocop.example.vn/")
@example("https://ocop.example.vn//")
def test_hostile_text_is_refused_by_name_or_read_but_never_breaks(text: str) -> None:
    with suppress(Gs1Error):
        parse(text, lenient=True)
    try:
        link = parse(text)
    except Gs1Error:
        return
    assert parse(link.canonical).key == link.key


@given(gtins, st.integers(0, 13), st.integers(1, 9))
def test_property_one_wrong_digit_is_always_caught(gtin: str, at: int, step: int) -> None:
    wrong = gtin[:at] + str((int(gtin[at]) + step) % 10) + gtin[at + 1 :]
    with pytest.raises(Gs1Error) as caught:
        parse(f"https://a/01/{wrong}")
    assert caught.value.rule == "check_digit"
