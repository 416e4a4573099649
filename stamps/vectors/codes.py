"""code.json: texts and what decoding them gives. Decoding proves nothing; signatures are in the other files."""

from collections.abc import Iterator
from typing import Any

from vectors.keys import STAMP_A
from vectors.stamp import base32, header, number_of, signed

HOST = "TEM.EXAMPLE.VN"
RUN, SERIAL = 7, 1
CODE = signed(STAMP_A, RUN, SERIAL)
URL = f"HTTPS://{HOST}/T/{CODE}"
NUMBER = number_of(STAMP_A, RUN, SERIAL)
GTIN = "08931234567891"
GS1 = f"HTTPS://{HOST}/01/{GTIN}/10/{{lot}}/21/{NUMBER}?t={CODE}"


def build() -> dict[str, object]:
    """The file's contents."""
    return {
        "about": "Texts as a scanner reads them. `good` ones decode to the fields given; a `bad` one is `not_ours`, or "
        "`newer_format` with its version byte. A text may be anything: control characters, other scripts, long.",
        "how": "stamps/vectors/codes.py; stamps signed by stamps/vectors/slow.py with a published test key.",
        "keys": [STAMP_A.describe()],
        "good": list(_good()),
        "bad": [{"name": name, "text": text, "result": "not_ours"} for name, text in _not_ours()]
        + [
            {"name": name, "text": text, "result": "newer_format", "version": version}
            for name, version, text in _newer()
        ],
    }


def _entry(
    name: str,
    text: str,
    host: str | None = HOST.lower(),
    code: str = CODE,
    run: int = RUN,
    serial: int = SERIAL,
    gs1: dict[str, str] | None = None,
) -> dict[str, Any]:
    raw = _unbase32(code)
    fields = {"version": 1, "hint": raw[1:5].hex(), "run": run, "serial": serial}
    return {
        "name": name,
        "text": text,
        "header": fields,
        "signature": raw[12:].hex(),
        "code": code,
        "host": host,
        "gs1": gs1,
    }


def _unbase32(code: str) -> bytes:
    bits = "".join(f"{'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.index(c):05b}" for c in code)
    return int(bits[:608], 2).to_bytes(76)


def _good() -> Iterator[dict[str, Any]]:
    yield _entry("as printed", URL)
    yield _entry("all lower case", URL.lower())
    yield _entry("scheme and host in lower case, as some cameras show it", f"https://{HOST.lower()}/T/{CODE}")
    yield _entry("host in mixed case, path in lower case", f"https://Tem.Example.vn/t/{CODE}")
    yield _entry("http, as in a demo", f"http://{HOST}/T/{CODE}")
    yield _entry("with a port", f"HTTP://LOCALHOST:8000/T/{CODE}", host="localhost:8000")
    yield _entry(
        "another host: judged the same, with a warning", URL.replace(HOST, "TEM-THAT.INFO"), "tem-that.info"
    )
    yield _entry(
        "a name before the host: the host is what follows it",
        f"https://{HOST}@evil.example/T/{CODE}",
        "evil.example",
    )
    yield _entry("query ignored", f"{URL}?utm_source=x&t=y")
    yield _entry("fragment ignored", f"{URL}#top/?x=%zz")
    yield _entry("empty query and fragment", f"{URL}?#")
    escaped = "".join(f"%{ord(c):02x}" if i % 40 == 0 else c for i, c in enumerate(CODE))
    yield _entry("percent-encoded once", f"https://{HOST}/T/{escaped}")
    yield _entry(
        "percent-encoded once, whole path",
        f"https://{HOST}/" + "".join(f"%{ord(c):02X}" for c in f"T/{CODE}"),
    )
    yield _entry("bare", CODE, host=None)
    yield _entry("bare, lower case", CODE.lower(), host=None)
    yield _entry("line feed after it", f"{URL}\n")
    yield _entry("carriage return, line feed, blanks and tabs around it", f" \t{URL} \t\r\n")
    yield _entry("bare, line feed after it", f"{CODE}\n", host=None)
    for label, run, serial in (("smallest", 1, 1), ("largest", 2**28 - 2, 2**24 - 2)):
        code = signed(STAMP_A, run, serial)
        yield _entry(f"{label} run and serial", f"HTTPS://{HOST}/T/{code}", code=code, run=run, serial=serial)
    code = base32(header(bytes(4), RUN, SERIAL) + bytes(64))
    yield _entry("decodes, though no key made this signature", f"HTTPS://{HOST}/T/{code}", code=code)
    yield from _good_gs1()


def _good_gs1() -> Iterator[dict[str, Any]]:
    def entry(name: str, text: str, lot: str) -> dict[str, Any]:
        return _entry(name, text, gs1={"gtin": GTIN, "lot": lot, "number": NUMBER})

    yield entry("GS1 form", GS1.format(lot="L2025A"), "L2025A")
    yield entry("GS1 form, lot percent-encoded", GS1.format(lot="A%2F1%2b2%22"), 'A/1+2"')
    yield entry(
        "GS1 form, a lot that holds a percent sign is decoded once", GS1.format(lot="50%252F"), "50%2F"
    )
    yield entry(
        "GS1 form, lot of twenty characters", GS1.format(lot="ABCDEFGHIJKLMNOPQRST"), "ABCDEFGHIJKLMNOPQRST"
    )
    yield entry(
        "GS1 form, every punctuation of CSET 82",
        GS1.format(lot="!%22%25&'()*+,-.:;<=>_"),
        "!\"%&'()*+,-.:;<=>_",
    )
    yield entry("GS1 form, code and number in lower case", GS1.format(lot="l1").lower(), "l1")
    yield entry(
        "GS1 form, other parameters around t",
        GS1.format(lot="L1").replace("?t=", "?x=1&t=") + "&T=2&tt=3",
        "L1",
    )
    yield entry(
        "GS1 form, t percent-encoded once",
        GS1.format(lot="L1").replace(f"t={CODE[0]}", f"t=%{ord(CODE[0]):02X}"),
        "L1",
    )
    yield entry("GS1 form, fragment", GS1.format(lot="L1") + "#x", "L1")
    wrong = GS1.format(lot="L1").replace(NUMBER, "0" * 16)
    yield _entry(
        "GS1 form decodes whatever number it shows; judging compares",
        wrong,
        gs1={"gtin": GTIN, "lot": "L1", "number": "0" * 16},
    )


def _not_ours() -> Iterator[tuple[str, str]]:
    yield from _bad_codes()
    yield from _bad_headers()
    yield from _bad_texts()
    yield from _bad_addresses()
    yield from _bad_gs1()


def _bad_codes() -> Iterator[tuple[str, str]]:
    yield "mixed case", f"HTTPS://{HOST}/T/{CODE[:60]}{CODE[60:].lower()}"
    yield "one letter in the other case", f"HTTPS://{HOST}/T/{CODE[0].lower()}{CODE[1:]}"
    yield "121 characters", URL[:-1]
    yield "123 characters", f"{URL}A"
    yield "bare, 121 characters", CODE[:-1]
    yield "bare, 123 characters", f"{CODE}A"
    yield "padding", f"{URL}======"
    for look_alike, letter in (("0", "O"), ("1", "I"), ("8", "B"), ("9", "G")):
        at = CODE.find(letter, 12)
        yield f"{look_alike} for {letter}", f"HTTPS://{HOST}/T/{CODE[:at]}{look_alike}{CODE[at + 1 :]}"
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    for spare in (1, 2, 3):
        last = alphabet[alphabet.index(CODE[-1]) + spare]
        yield f"spare bits {spare:02b}", f"HTTPS://{HOST}/T/{CODE[:-1]}{last}"
    yield "a blank inside", f"HTTPS://{HOST}/T/{CODE[:61]} {CODE[61:-1]}"
    yield "a hyphen inside", f"HTTPS://{HOST}/T/{CODE[:61]}-{CODE[61:-1]}"


def _bad_headers() -> Iterator[tuple[str, str]]:
    for name, run, serial in (
        ("run 0", 0, 1),
        ("run 2^28 - 1", 2**28 - 1, 1),
        ("run 2^28", 2**28, 1),
        ("run 2^32 - 1", 2**32 - 1, 1),
        ("serial 0", 1, 0),
        ("serial 2^24 - 1", 1, 2**24 - 1),
    ):
        yield name, f"HTTPS://{HOST}/T/{signed(STAMP_A, run, serial)}"


def _bad_texts() -> Iterator[tuple[str, str]]:
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in CODE)
    yield "empty", ""
    yield "blanks", " \t\r\n"
    yield "other system", "https://example.com/"
    yield "Wi-Fi", "WIFI:S:quan;T:WPA;P:12345678;;"
    yield "a GTIN", "8931234567891"
    yield "full-width letters", f"HTTPS://{HOST}/T/{full_width}"
    yield "full-width letters, bare", full_width
    yield "dotless i, which some programs fold to I", URL.lower().replace("i", "ı", 1)
    yield "Kelvin sign, which some programs fold to k", URL.lower().replace("k", "\u212a", 1)
    yield "a Vietnamese letter", URL.replace("T/", "T/Đ")
    for label, character in (
        ("NUL", "\0"),
        ("tab", "\t"),
        ("line feed", "\n"),
        ("escape", "\x1b"),
        ("delete", "\x7f"),
        ("zero-width space", "\u200b"),
        ("right-to-left override", "\u202e"),
        ("no-break space", "\u00a0"),
        ("GS1 separator", "\x1d"),
    ):
        yield f"{label} inside", f"{URL[:80]}{character}{URL[80:]}"
    yield "NUL after it", f"{URL}\0"
    yield "byte order mark before it", f"\ufeff{URL}"
    yield "two stamps in one text", f"{URL}\n{URL}"
    yield "10 kB after it", f"{URL}?{'x' * 10_000}"
    yield "10 kB of letters", "A" * 10_000


def _bad_addresses() -> Iterator[tuple[str, str]]:
    yield "another scheme", f"FTP://{HOST}/T/{CODE}"
    yield "no scheme", f"{HOST}/T/{CODE}"
    yield "no host", f"HTTPS:///T/{CODE}"
    yield "no double slash", f"HTTPS:{HOST}/T/{CODE}"
    yield "javascript", f"javascript://{HOST}/T/{CODE}"
    yield "another path", f"HTTPS://{HOST}/V/{CODE}"
    yield "a longer path", f"HTTPS://{HOST}/X/T/{CODE}"
    yield "two slashes", f"HTTPS://{HOST}//T/{CODE}"
    yield "a slash after it", f"{URL}/"
    yield "only a query", f"HTTPS://{HOST}/T/?t={CODE}"
    yield "only a fragment", f"HTTPS://{HOST}/T/#{CODE}"
    yield "backslashes for slashes", URL.replace("/", "\\")
    yield "a backslash before @, which browsers take for a slash", f"https://evil.example\\@{HOST}/T/{CODE}"
    yield "two names before the host", f"https://a@b@{HOST}/T/{CODE}"
    yield "a name and no host", f"https://{HOST}@/T/{CODE}"
    yield "a percent-encoded host", f"https://%54EM.EXAMPLE.VN/T/{CODE}"
    yield "an IPv6 address", f"https://[::1]/T/{CODE}"
    yield "a port without digits", f"https://{HOST}:/T/{CODE}"
    yield "a port of letters", f"https://{HOST}:abc/T/{CODE}"
    yield "percent-encoded twice", f"HTTPS://{HOST}/T/%25{ord(CODE[0]):02X}{CODE[1:]}"
    yield "a broken percent-escape", f"HTTPS://{HOST}/T/%G{CODE[1:]}"
    yield "percent-encoded letter beyond ASCII", f"HTTPS://{HOST}/T/%C4%90{CODE}"
    yield "percent-encoded line feed after it", f"{URL}%0A"


def _bad_gs1() -> Iterator[tuple[str, str]]:
    good = GS1.format(lot="L1")
    bare = good[: good.index("?")]
    yield "GS1: GTIN of 13 digits", good.replace(GTIN, GTIN[1:])
    yield "GS1: GTIN of 15 digits", good.replace(GTIN, "0" + GTIN)
    yield "GS1: GTIN with a letter", good.replace(GTIN, "A" + GTIN[1:])
    yield "GS1: no lot", good.replace("/10/L1", "")
    yield "GS1: empty lot", GS1.format(lot="")
    yield "GS1: lot of 21 characters", GS1.format(lot="A" * 21)
    yield "GS1: lot with a blank", GS1.format(lot="L%201")
    yield "GS1: lot with a Vietnamese letter", GS1.format(lot="%C4%901")
    yield "GS1: lot with a character outside CSET 82", GS1.format(lot="L%231")
    yield "GS1: lot with an accent grave", GS1.format(lot="L`1")
    yield "GS1: lot with a line feed", GS1.format(lot="L%0A1")
    yield "GS1: lot with a broken percent-escape", GS1.format(lot="L%1")
    yield "GS1: lot with a bare percent sign", GS1.format(lot="100%")
    yield "GS1: number of 15 characters", good.replace(NUMBER, NUMBER[:-1])
    yield "GS1: number of 17 characters", good.replace(NUMBER, NUMBER + "0")
    yield (
        "GS1: number with hyphens",
        good.replace(NUMBER, "-".join(NUMBER[i : i + 4] for i in range(0, 16, 4))),
    )
    yield "GS1: order changed", f"HTTPS://{HOST}/01/{GTIN}/21/{NUMBER}/10/L1?t={CODE}"
    yield "GS1: no code", bare
    yield "GS1: two codes", f"{good}&t={CODE}"
    yield "GS1: an empty code before the code", f"{bare}?t=&t={CODE}"
    yield "GS1: a parameter without a value before the code", f"{bare}?t&t={CODE}"
    yield "GS1: capital T", good.replace("?t=", "?T=")
    yield "GS1: code in the fragment", f"{bare}#t={CODE}"
    yield "GS1: code percent-encoded twice", f"{bare}?t=%25{ord(CODE[0]):02X}{CODE[1:]}"
    yield "GS1: plus sign for a blank in the code", f"{bare}?t=+{CODE}"
    yield "GS1: 21 parameters", f"{bare}?{'x=1&' * 20}t={CODE}"
    yield "GS1: mixed case code", f"{bare}?t={CODE[:-1]}{CODE[-1:].lower()}"
    yield "GS1: path in front", good.replace("/01/", "/shop/01/")


def _newer() -> Iterator[tuple[str, int, str]]:
    for version in (0, 2, 255):
        code = signed(STAMP_A, RUN, SERIAL, version)
        yield f"version {version}", version, f"HTTPS://{HOST}/T/{code}"
        yield f"version {version}, bare, lower case", version, code.lower()
    yield "version 2, whatever follows the first byte", 2, "AI" + "A" * 120
    yield "version 2, GS1 form", 2, GS1.format(lot="L1").replace(CODE, signed(STAMP_A, RUN, SERIAL, 2))
