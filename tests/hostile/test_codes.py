"""Hostile codes: whatever stands where a code should, the answer is a verdict, and the same one on every surface."""

import json
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from .asking import (
    BULK,
    HTML,
    JSON,
    VERIFY,
    Client,
    Reply,
    check_sound,
    examples,
    verdict_of_json,
    verdict_of_page,
)
from .conftest import House

SAFE = "!$&'()*+,;=:@-._~"
"""What may stand in one segment of a path unescaped (RFC 3986, section 3.3)."""

NASTY = [
    "", " ", "\0", "a\0b", "%00", "..", "../../etc/passwd", "....//", "\\..\\", "//evil.example", "'", "' or 1=1--",
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{7*7}}", "${7*7}", "%s%s%n", "[{issuer}]",
    "{hotline}", "\r\nSet-Cookie: a=b", "\u202egnp.exe", "\ufeff", "\u200b" * 9, "İ" * 122, "ß" * 122, "ſ" * 16,
    "Ａ" * 122, "０" * 16, "٣" * 16, "1" * 16, "0" * 16, "Z" * 16, "-" * 50, "A" * 121, "A" * 123, "2" * 4300,
    "=" * 122,     "https://tem.example.vn/T/", "HTTPS://TEM.EXAMPLE.VN/T/" + "A" * 122, "https://a@b@c/T/" + "A" * 122,
    "javascript:alert(1)", "data:text/html,<b>", "https://[::1]/T/" + "A" * 122, "9" * 400, "-1", "1e309", "NaN",
    "None",     "seen", "💥" * 60, "e\u0301" * 61, "\x1b[31m", "\x7f", "\x85", "\u2028",
]  # fmt: skip


def changed(codes: list[str]) -> st.SearchStrategy[str]:
    """Real codes and numbers, a little off: one character altered, dropped, doubled, cut, wrapped, in another case."""

    def at(code: str, place: int, what: str, kind: int) -> str:
        place %= len(code)
        return [
            code[:place] + what + code[place + 1 :],
            code[:place] + code[place + 1 :],
            code[:place] + what + code[place:],
            code[:place],
            code + what,
            code[:place].lower() + code[place:],
            code.lower(),
            f"https://{what}/T/{code}",
            f"https://tem.example.vn/t/{code.lower()}?{what}#{what}",
            f" {code}\r\n",
            f"HTTP://TEM.EXAMPLE.VN:{place}/T/{code}",
            f"https://tem.example.vn/01/08938505974194/10/{what}/21/{code}?t={code}",
            quote(code[:place]) + "".join(f"%{ord(c):02x}" for c in code[place:]),
            f"{code}\u00a0",
            f"\u3000{code}\x85",
        ][kind]

    characters = st.one_of(st.sampled_from("AQZ27089=-_. %/?#&\0iloıſＡ１"), st.characters())
    return st.builds(at, st.sampled_from(codes), st.integers(0, 200), characters, st.integers(0, 14))


def anything(codes: list[str]) -> st.SearchStrategy[str]:
    return st.one_of(changed(codes), st.sampled_from(NASTY), st.text(max_size=200), st.sampled_from(codes))


def in_path(text: str) -> str:
    """Percent-encoded so that the path's one segment decodes to exactly this text."""
    return "/T/" + quote(text.encode("utf-8", "surrogatepass"), safe=SAFE)


@examples(120)
@given(data=st.data())
def test_property_one_word_on_every_surface(client: Client, house: House, data: st.DataObject) -> None:
    """JSON and page by address, POST and bulk agree on whatever is asked; kinds of spelling change nothing."""
    text = data.draw(anything(list(house.stamps)))
    client.forgive()
    posted = client.post(VERIFY, {"code": text})
    check_sound(posted)
    if has_half_pair(text):
        assert posted.status == 422  # JSON can spell half a surrogate pair
        return
    word = verdict_of_json(posted)
    line = client.ask("POST", BULK, json.dumps({"code": text}).encode() + b"\n")
    check_sound(line)
    [bulk] = [json.loads(part) for part in line.body.splitlines()]
    assert (bulk.get("verdict") or bulk["error"]) == word
    if _is_bare(text):
        for path in (in_path(text), in_path(text).replace("/T/", "/t/")):
            page, answer = client.ask("GET", path, headers=HTML), client.ask("GET", path, headers=JSON)
            check_sound(page)
            check_sound(answer)
            assert verdict_of_json(answer) == verdict_of_page(page) == word
    assert word_of_form(client, text) == word


def has_half_pair(text: str) -> bool:
    """Half a surrogate pair: JSON can spell it, UTF-8 cannot."""
    return any("\ud800" <= c <= "\udfff" for c in text)


def _is_bare(text: str) -> bool:
    """What a path's one segment can hold as it is: no URL of its own, no blanks that a path does not have."""
    return bool(text) and "/" not in text and text not in (".", "..")


def word_of_form(client: Client, text: str) -> str:
    """What the front page's field leads to, redirects followed as a browser does."""
    reply = client.ask("POST", "/check", urlencode({"code": text}).encode(), HTML)
    check_sound(reply)
    if reply.status == 303:
        where = reply.headers["location"]
        assert where.startswith("/T/")
        reply = client.ask("GET", where, headers=HTML)
        check_sound(reply)
    return verdict_of_page(reply)


@examples(150)
@given(
    path=st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(lambda b: quote(b).encode())),
    data=st.data(),
)
def test_property_no_path_breaks_it(client: Client, path: bytes, data: st.DataObject) -> None:
    """Bytes after every prefix the service listens on, with and without a query: an answer in order."""
    prefix = data.draw(
        st.sampled_from(
            [b"/T/", b"/t/", b"/01/", b"/p/", b"/picture/", b"/T/seen/", b"/desk/", b"/api/v1/", b"/"]
        )
    )
    query = data.draw(
        st.sampled_from([b"", b"?", b"?t=%ff", b"?host=\x00&g=%2f", b"?lang=%00", b"?g=/01/&host=[", b"?%"])
    )
    clean = bytes(b for b in path if 32 < b < 127)  # more never gets past uvicorn's parser
    headers = data.draw(st.sampled_from([HTML, JSON, {}]))
    reply = client.ask(
        data.draw(st.sampled_from(["GET", "HEAD", "POST", "PUT", "BREW"])),
        prefix + clean + query,
        headers=headers,
    )
    assert reply.status < 500, (prefix + clean + query, reply.body)
    assert b"Traceback" not in reply.body


@pytest.mark.parametrize("size", [2_000, 30_000, 1_000_000])
def test_long_paths_are_not_ours(client: Client, house: House, size: int) -> None:
    """However long, padded or repeated: not ours, in a page of ordinary size."""
    code = next(iter(house.stamps))
    for text in (
        "A" * size,
        code * (size // 122),
        "%41" * (size // 3),
        code + "%2A" * (size // 3),
        "-" * size + code,
    ):
        page = client.ask("GET", f"/T/{text}", headers=HTML)
        check_sound(page)
        assert verdict_of_page(page) in ("not_ours", "mistyped")
        assert len(page.body) < 50_000
        assert verdict_of_json(client.ask("GET", f"/T/{text}", headers=JSON)) in ("not_ours", "mistyped")


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"host": ""}, ""),
        ({"host": "a" * 8_000}, ""),
        ({"host": b"\xff\xfe"}, ""),
        ({"host": "evil.example\x00"}, ""),
        ({"host": "tem.example.vn, evil.example"}, ""),
        ({"host": "[::1"}, ""),
        ({"accept": "text/html;q=" + "9" * 500}, ""),
        ({"accept": b"\xff" * 100}, ""),
        ({"accept-language": "en;q=nan, vi;q=inf"}, ""),
        ({"accept-language": ("en;q=1," * 5_000)}, ""),
        ({"accept-language": b"\x80\x81;q=-1e999"}, ""),
        ({"cookie": "receipt=" + "A" * 22 + "; tinh=\xff\xff"}, ""),
        ({"cookie": b"receipt=" + b"\xff" * 22}, ""),
        ({"cookie": "receipt=" + "-" * 22 + ";" * 4_000}, ""),
        ({"cookie": "tinh=٣٣".encode()}, ""),
        ({"x-forwarded-for": "not an address, ::::", "forwarded": "for="}, ""),
        ({"user-agent": b"\x00\xff" * 500, "sec-purpose": "\xff"}, ""),
        ({"content-length": "-1"}, ""),
        ({"content-length": "9" * 30}, ""),
        ({}, "?lang=" + "x" * 1_000),
        ({}, "?lang=en&lang=vi&lang=%00"),
        ({}, "?nosave=%00%ff&nosave"),
        ({}, "?host=%00&host=evil"),
        ({}, "?" + "&" * 5_000),
        ({}, "?" + "a=b&" * 2_000),
    ],
)  # fmt: skip
def test_headers_and_queries_change_no_verdict(
    client: Client, house: House, headers: dict[str, Any], query: str
) -> None:
    """Whatever else is sent along, a code keeps its verdict."""
    for code, word in house.stamps.items():
        if len(code) < 122:
            continue
        page = client.ask(
            "GET", f"/T/{code}{query}", headers={**HTML, **headers} if "accept" not in headers else headers
        )
        check_sound(page)
        if page.headers["content-type"].startswith("text/html"):
            assert_word(page, word.value)


def assert_word(page: Reply, word: str) -> None:
    if 'lang="vi"' in page.text[:60]:
        assert verdict_of_page(page) == word


def test_the_gs1_way_leads_to_the_same_verdict(client: Client, house: House) -> None:
    """The clear part that agrees is genuine, one that was exchanged is forged, rubbish in it is not ours."""
    world, run = house.world, house.runs["gs1"]
    code, number = world.code(run, 3), world.number(run, 3)
    right = f"/01/08938505974194/10/G-1%2F2/21/{number}?t={code}"
    for path, word in {
        right: "genuine",
        right.replace("G-1%2F2", "G-1%2f2"): "genuine",
        right.replace("G-1%2F2", "G-2"): "forged",
        right.replace(number, world.number(run, 4)): "forged",
        right.replace("08938505974194", "08938505974187"): "forged",
        right.replace("08938505974194", "8938505974194"): "not_ours",
        right.replace("G-1%2F2", "%00"): "not_ours",
        right.replace("G-1%2F2", "%ff%fe"): "not_ours",
        right.replace("G-1%2F2", "G-1%252F2"): "forged",
        right + f"&t={code}": "not_ours",
    }.items():
        reply = client.ask("GET", path, headers=HTML)
        check_sound(reply)
        if reply.status == 307:
            reply = client.ask("GET", reply.headers["location"], headers=HTML)
            check_sound(reply)
        assert verdict_of_page(reply) == word, path
        posted = client.post(VERIFY, {"code": f"https://tem.example.vn{path}"})
        assert verdict_of_json(posted) == word, path


def test_a_gs1_address_without_a_stamp_is_no_stamp(client: Client, house: House) -> None:
    """The resolver answers: with the number's page, whose seal is then looked at, or that it is malformed."""
    number = house.world.number(house.runs["gs1"], 3)
    bare, wrong = f"/01/08938505974194/10/G-1%2F2/21/{number}", house.world.wrong_number(house.runs["gs1"], 3)
    for path, status, where in (
        (bare, 307, f"/T/{number}?lang=vi"),
        (bare.replace(number, wrong), 307, f"/T/{wrong}?lang=vi"),
        ("/01/" + "9" * 5_000, 400, None),
        ("/01/", 400, None),
    ):
        reply = client.ask("GET", path, headers=HTML)
        check_sound(reply)
        assert (reply.status, reply.headers.get("location")) == (status, where)
        posted = client.post(VERIFY, {"code": f"https://tem.example.vn{path}"})
        assert verdict_of_json(posted) == "not_ours", path
    assert verdict_of_page(client.ask("GET", f"/T/{wrong}", headers=HTML)) == "forged"


@examples(60)
@given(data=st.data())
def test_property_the_query_speaks_for_no_other_stamp(
    client: Client, house: House, data: st.DataObject
) -> None:
    """The path alone says which stamp it is: a forged one with a genuine one in `g` or `host` stays forged."""
    world, plain, gs1 = house.world, house.runs["plain"], house.runs["gs1"]
    genuine, number = world.code(gs1, 5), world.number(gs1, 5)
    clear = f"/01/08938505974194/10/G-1%2F2/21/{number}"
    pieces = st.lists(
        st.sampled_from(["?t=", "?", "#", "%23", "/T/", genuine, "&t=", clear, "@", "\\", " "]), max_size=4
    )
    starts = st.sampled_from([f"/T/{genuine}", f"{clear}?t={genuine}", clear, "tem.example.vn", ""])
    named = data.draw(
        st.lists(st.tuples(st.sampled_from(["g", "g", "host", "t", "lang"]), starts, pieces), max_size=3)
    )
    query = urlencode([(name, start + "".join(rest)) for name, start, rest in named])
    forged = world.forged(plain)
    reply = client.ask("GET", f"/T/{forged}?{query}", headers=JSON)
    check_sound(reply)
    assert verdict_of_json(reply) in ("forged", "not_ours")


@examples(60)
@given(data=st.data())
def test_property_the_counting_picture_tells_nothing(
    client: Client, house: House, data: st.DataObject
) -> None:
    """Whatever is asked of it: the same dot, and no check."""
    text = data.draw(
        st.one_of(st.text(max_size=120), st.binary(max_size=90).map(quote), st.sampled_from(NASTY))
    )
    assume(_is_bare(text) and not has_half_pair(text))
    reply = client.ask("GET", "/T/seen/" + quote(text, safe=SAFE))
    check_sound(reply)
    assert (reply.status, reply.body[:6]) == (200, b"GIF89a")


@examples(60)
@given(data=st.data())
def test_property_the_form_takes_anything(client: Client, data: st.DataObject) -> None:
    """Fields missing, doubled, not UTF-8, far too many or far too long: a page, never a fault."""
    body = data.draw(
        st.one_of(
            st.binary(max_size=400),
            st.sampled_from(
                [
                    b"",
                    b"code",
                    b"code=%",
                    b"code=%ff%fe",
                    b"code=a&code=b",
                    b"&" * 30,
                    b"=" * 200,
                    b"code=" + b"A" * 25_000,
                ]
            ),
            st.dictionaries(
                st.text(max_size=5),
                st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
                max_size=25,
            ).map(lambda d: urlencode(d).encode()),
        )
    )
    kind = data.draw(
        st.sampled_from(
            ["application/x-www-form-urlencoded", "multipart/form-data", "", "text/html; charset=x"]
        )
    )
    for path in ("/check", "/place"):
        reply = client.ask("POST", path, body, {**HTML, "content-type": kind})
        check_sound(reply)
        assert reply.status in (200, 303, 413, 422, 429)
