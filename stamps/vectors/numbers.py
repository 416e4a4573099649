"""number.json: printed numbers as people type them, and slips of the finger."""

from collections.abc import Iterator
from typing import Any

from vectors.keys import STAMP_A
from vectors.stamp import RUN_SECRET, check_character, header, number, number_mac, pin

STAMPS = ((1, 1), (7, 1), (7, 2), (4096, 999), (2**28 - 2, 2**24 - 2))


def build() -> dict[str, object]:
    """The file's contents."""
    return {
        "about": "`good`: what a stamp's number and PIN are, and ways to type the number. `mistyped`: texts that "
        "cannot be right; `position` counts the number's characters from 1, null when only length or check character "
        "tell. `not_numbers`: texts nobody meant as a number.",
        "how": "stamps/vectors/numbers.py: HKDF and HMAC of RFC 5869 and RFC 2104, GF(32) by polynomial products.",
        "run_secret": RUN_SECRET.hex(),
        "hint": STAMP_A.hint.hex(),
        "good": [_good(run, serial) for run, serial in STAMPS],
        "mistyped": [
            {"name": name, "text": text, "position": position} for name, text, position in _mistyped()
        ],
        "not_numbers": [
            "",
            "0123 4567",
            "HTTPS://TEM.EXAMPLE.VN/",
            "A" * 21,
            "8931234567891",
            "Đ" * 16,
            "0123456789ABCDE!",
        ],
    }


def _good(run: int, serial: int) -> dict[str, Any]:
    head = header(STAMP_A.hint, run, serial)
    mac = number_mac(head)
    text = number(run, serial, mac)
    grouped = " ".join(text[i : i + 4] for i in range(0, 16, 4))
    return {
        "header": head.hex(),
        "run": run,
        "serial": serial,
        "mac": mac,
        "pin": pin(head),
        "number": text,
        "grouped": grouped,
        "typed": [
            text,
            grouped,
            grouped.lower(),
            grouped.replace(" ", "-"),
            f"  {grouped}\n",
            "\t".join(text),
        ],
    }


def _mistyped() -> Iterator[tuple[str, str, int | None]]:
    good = number(7, 1, number_mac(header(STAMP_A.hint, 7, 1)))
    for character in "ILOUilou":
        yield f"{character} is in no number", good[:4] + character + good[5:], 5
    yield "first character", f"O{good[1:]}", 1
    yield "last character", f"{good[:-1]}U", 16
    yield "blanks are not counted", f"{good[:4]} {good[4:8]} {good[8:9]}?{good[10:]}", 10
    yield "a full-width digit", f"{good[:2]}０{good[3:]}", 3
    yield "one character missing", good[:-1], None
    yield "one character too many", f"{good}0", None
    yield "wrong check character", good[:-1] + ("0" if good[-1] != "0" else "1"), None
    other = "0" if good[8] != "0" else "1"
    yield "one wrong character", good[:8] + other + good[9:], None
    at = next(i for i in range(15) if good[i] != good[i + 1])
    yield "two neighbours swapped", good[:at] + good[at + 1] + good[at] + good[at + 2 :], None
    for name, run, serial in (
        ("run 0", 0, 1),
        ("run 2^28 - 1", 2**28 - 1, 1),
        ("serial 0", 1, 0),
        ("serial 2^24 - 1", 1, 2**24 - 1),
    ):
        yield name, number(run, serial, 5), None
    assert check_character("0" * 15) == "0"
    yield "all zero", "0" * 16, None
