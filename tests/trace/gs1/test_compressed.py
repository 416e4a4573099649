"""Compressed Digital Links are read as GS1's own toolkit writes them; broken ones are refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_trace.gs1 import Gs1Error
from temthat_trace.gs1.checks import CSET82
from temthat_trace.gs1.compressed import decompress
from temthat_trace.gtin import check_digit

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
HOST = "https://id.gs1.org/"


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("AN2yxDhfaiaw", "00/998440410914660971"),
        ("AQnYUc1gmg", "01/05412345000013"),
        ("AQnYUc1gmiCNV4JGQhcNT6K6c", "01/05412345000013/10/ABC123/21/72292641703"),
        (
            "AQnYUc1gmiCNV4JGQhcNT6K6cibQCWN9Pee9tT-PQ",
            "01/05412345000013/22/AJY3095721P49/10/ABC123/21/72292641703",
        ),
        ("AQnYUc1gmkax7ipGrOHDPC5YNI8hMz", "01/05412345000013/235/8TFV883a904GH%263"),
        ("JTLIetaiHYA", "253/3060077601309"),
        ("JUa0T-eifdtOO9UFEmlYwv3Q", "414/5060917510004/254/RP56J920471"),
        ("QUSaVjC_dHBAVlCrg", "414/5060917510004/7040/5KFX"),
        ("gAMJCAXukTMA", "8003/04965031954585"),
        ("gBCVYNWjFkzaNWbdk5YQWjFHHkM2cAI0xdvpGo", "8010/0541234537290A41%23GH33/8011/6639047221"),
        ("gBNw12345678901234MS", "8013/12345678901234MS"),
        ("01/05412345000013/EEarwSM", "01/05412345000013/10/ABC123"),
        ("8004/0541234537290A41%26GHpp33/cEB2Cqi", "8004/0541234537290A41%26GHpp33/7040/7BVR"),
        ("01/05412345000013/10/A", "01/05412345000013/10/A"),
    ],
)
def test_the_plain_form_of_links_compressed_by_others(path: str, plain: str) -> None:
    link = decompress(HOST + path)
    assert link.canonical == HOST + plain
    assert decompress("https://x.vn/a/" + path + "?linkType=gs1:pip&99=B").other == ("linkType=gs1:pip",)


@pytest.mark.parametrize(
    "path", ["", "AQ", "AQnYUc1gm", "gAYMBI_bNGwJk", "EEarwSM", "not-a-link", "AQnYUc1gmg/x", "zzzzzzzz"]
)
def test_what_is_no_compressed_link_is_refused_in_words(path: str) -> None:
    """The third ends too soon, the fourth holds piece 2 of 1, the fifth has no key."""
    with pytest.raises(Gs1Error) as caught:
        decompress(HOST + path)
    assert caught.value.vi


def compress(elements: list[tuple[str, str]]) -> str:
    """AI by AI, every value of variable length in 7-bit characters: the simplest thing the standard allows."""
    bits = ""
    for ai, value in elements:
        bits += "".join(f"{int(d):04b}" for d in ai)
        if ai == "01":
            bits += f"{int(value):0{math.ceil(14 * math.log2(10) + 0.01)}b}"
        else:
            bits += f"100{len(value):05b}" + "".join(f"{ord(c):07b}" for c in value)
    bits += "0" * (-len(bits) % 6)
    return "".join(ALPHABET[int(bits[i : i + 6], 2)] for i in range(0, len(bits), 6))


values = st.text(alphabet="".join(sorted(CSET82)), min_size=1, max_size=20)


@given(st.integers(10**11, 10**13 - 1), values, values, st.permutations(["01", "10", "21"]))
def test_property_whatever_is_compressed_comes_out_in_the_order_of_a_link(
    n: int, lot: str, serial: str, order: list[str]
) -> None:
    body = str(n).zfill(13)
    element = {"01": body + check_digit(body), "10": lot, "21": serial}
    link = decompress(HOST + compress([(ai, element[ai]) for ai in order]))
    assert list(link.ai.items()) == list(element.items())


@given(st.text(alphabet=ALPHABET + "/", max_size=60))
def test_hostile_segments_are_refused_or_read_but_never_break(text: str) -> None:
    try:
        link = decompress(HOST + text)
    except Gs1Error:
        return
    assert decompress(link.canonical).key == link.key
