"""Signed notes and verifier keys: what others wrote is read, what does not fit is refused, nothing is guessed."""

import base64
import hashlib
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.ed25519 import SMALL_ORDER
from temthat_stamps.errors import Fault
from temthat_stamps.log.note import (
    LINES_LIMIT,
    NOTE_LIMIT,
    BadNote,
    KeyKind,
    Line,
    Note,
    NoteSigner,
    VerifierKey,
    parse_lines,
    verify_note,
)
from temthat_stamps.signer import KeySigner

# The examples of C2SP signed-note ("Verifier keys") and of golang.org/x/mod/sumdb/note.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_PRIVATE = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# Keys of other people's witnesses and tests; base64 itself may contain “+”.
OTHERS = [
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
    "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
]
SIGNER = NoteSigner("tem.example.vn/log", KeySigner(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)))
NOTE = bytes(Note("a\n\nb\n", (SIGNER.sign("a\n\nb\n"),)))
WRONG_NAMES = ["", "a b", "a+b", "a\u00a0b", "a\u2028b", "a\u0085b", "\u3000", "a\tb", "a\nb", "a\x00"]

names = st.text(min_size=1, max_size=20).filter(
    lambda name: "+" not in name and not any(c.isspace() or c < " " for c in name)
)
texts = st.text(max_size=60).map(lambda text: re.sub(r"[\x00-\x09\x0b-\x1f]", "", text) + "\n")
lines = st.builds(Line, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))


@pytest.mark.parametrize(("note", "key"), [(SPEC_NOTE, SPEC_KEY), (GO_NOTE, GO_KEY)])
def test_examples_of_others_verify_and_are_written_alike(note: bytes, key: str) -> None:
    """The specification's example and Go's are read, verified, and come back byte for byte."""
    read = Note.parse(note)
    verify_note(read, VerifierKey.parse(key))
    assert bytes(read) == note
    with pytest.raises(BadNote, match="wrong"):
        verify_note(Note.parse(note.replace(b"is", b"iS", 1)), VerifierKey.parse(key))


@pytest.mark.parametrize("key", [SPEC_KEY, GO_KEY, *OTHERS])
def test_keys_of_others_are_read_and_written_alike(key: str) -> None:
    """Verifier keys of other software, both kinds."""
    assert str(VerifierKey.parse(key)) == key


def test_what_we_sign_is_what_go_signs() -> None:
    """Ed25519 is deterministic: Go's published private key gives Go's published signature, under our hand."""
    seed = base64.b64decode(GO_PRIVATE)[1:]
    signer = NoteSigner("PeterNeumann", KeySigner(Ed25519PrivateKey.from_private_bytes(seed)))
    text = Note.parse(GO_NOTE).text
    assert signer.vkey == GO_KEY
    assert bytes(Note(text, (signer.sign(text),))) == GO_NOTE


@given(texts, st.lists(lines, min_size=1, max_size=6))
def test_property_a_note_comes_back(text: str, signatures: list[Line]) -> None:
    """Any text, with empty lines too, and any lines."""
    note = Note(text, tuple(signatures))
    assert Note.parse(bytes(note)) == note
    assert parse_lines("".join(map(str, signatures)).encode()) == note.signatures


@given(names, st.sampled_from(KeyKind), st.binary(min_size=32, max_size=32))
def test_property_a_key_comes_back(name: str, kind: KeyKind, raw: bytes) -> None:
    """Any name and any key that could be one."""
    try:
        key = VerifierKey(name, kind, raw)
    except BadNote:
        return  # not a canonical point
    assert VerifierKey.parse(str(key)) == key


def test_lines_of_unknown_keys_are_ignored() -> None:
    """Same name with another id, same id with another name: neither is the key asked about."""
    note = Note.parse(NOTE)
    good = note.signatures[0]
    noise = (Line(good.name, b"\0\0\0\0", b"x"), Line("other.example", good.key_id, b"x" * 64))
    verify_note(note.with_lines(noise), SIGNER.key)
    with pytest.raises(BadNote, match="missing"):
        verify_note(Note(note.text, noise), SIGNER.key)


def test_a_wrong_line_of_a_known_key_refuses_the_note() -> None:
    """Even beside a good one of the same key."""
    note = Note.parse(NOTE)
    bad = Line(SIGNER.key.name, SIGNER.key.id, b"\1" * 64)
    for mixed in (note.with_lines([bad]), Note(note.text, (bad, *note.signatures))):
        with pytest.raises(BadNote, match="wrong"):
            verify_note(mixed, SIGNER.key)


def test_a_cosignature_key_does_not_sign_notes() -> None:
    """The same Ed25519 key under the other kind has another id, and is not looked for as a note's signer."""
    other = VerifierKey(SIGNER.key.name, KeyKind.COSIGNATURE_V1, SIGNER.key.public_key)
    assert other.id != SIGNER.key.id
    with pytest.raises(BadNote):
        verify_note(Note.parse(NOTE), other)


LINE = str(SIGNER.sign("a\n")).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"\n\n",
        b"a\n" + LINE,
        b"a\n\n",
        b"a\n\n" + LINE[:-1],
        b"a\n\n" + LINE + b"\n",
        b"a\n\n" + LINE + b"x",
        b"a\r\n\r\n" + LINE,
        b"a\n\n" + LINE.replace(b"\n", b"\r\n"),
        b"a\tb\n\n" + LINE,
        b"a\0\n\n" + LINE,
        b"\xff\n\n" + LINE,
        b"a\n\n" + LINE.replace("— ".encode(), b"- "),
        b"a\n\n" + LINE.replace("— ".encode(), "—".encode()),
        b"a\n\n" + LINE.replace("— ".encode(), "—  ".encode()),
        b"a\n\n" + LINE.replace(b"log ", b"log  "),
        b"a\n\n" + LINE.replace(b"log ", b"l+og "),
        b"a\n\n" + LINE.replace(b"log ", "l\u2028og ".encode()),
        b"a\n\n" + LINE.replace(b"\n", b" \n"),
        b"a\n\n" + LINE.replace(b"=\n", b"\n"),
        "a\n\n— name AAAAAA==\n".encode(),
        "a\n\n— name AAAAAAB=\n".encode(),
        "a\n\n— name \n".encode(),
        "a\n\n— name\n".encode(),
        b"a\n\n" + LINE * (LINES_LIMIT + 1),
        b"a" * NOTE_LIMIT + b"\n\n" + LINE,
    ],
)
def test_malformed_notes_are_refused(data: bytes) -> None:
    """Each breaks one rule of the format."""
    with pytest.raises(BadNote) as refused:
        Note.parse(data)
    assert refused.value.fault is Fault.OPERATOR
    assert refused.value.vi
    assert refused.value.en


def test_as_many_and_as_long_signatures_as_must_be_taken() -> None:
    """Sixteen of 5 kB each, as signed-note asks of every verifier, and up to our own limit of short ones."""
    long = tuple(Line(f"w{i}.example", b"abcd", bytes([i]) * 5000) for i in range(16))
    note = Note("a\n", long)
    assert Note.parse(bytes(note)) == note
    assert len(Note.parse(b"a\n\n" + LINE * LINES_LIMIT).signatures) == LINES_LIMIT


def test_control_characters_above_the_ascii_ones_are_text() -> None:
    """Only those below U+0020 are forbidden: DEL and C1 stand in a text like any other."""
    note = Note("\x7f\u0080\ufeff\n", (SIGNER.sign("\x7f\u0080\ufeff\n"),))
    assert Note.parse(bytes(note)) == note


@pytest.mark.parametrize("name", WRONG_NAMES)
def test_names_no_key_can_have(name: str) -> None:
    """Empty, white space of any alphabet, plus, control characters."""
    with pytest.raises(BadNote):
        VerifierKey(name, KeyKind.ED25519, SIGNER.key.public_key)
    with pytest.raises(BadNote):
        VerifierKey.parse(f"{name}{SPEC_KEY.removeprefix('example.com/foo')}")


def test_no_part_of_a_key_is_a_key() -> None:
    """Cut anywhere, with one character changed, in other spelling: refused."""
    for start in range(len(SPEC_KEY)):
        for end in range(start, len(SPEC_KEY)):
            with pytest.raises(BadNote):
                VerifierKey.parse(SPEC_KEY[start:end])
    for at, character in enumerate(SPEC_KEY):
        with pytest.raises(BadNote):
            VerifierKey.parse(SPEC_KEY[:at] + ("x" if character != "x" else "y") + SPEC_KEY[at + 1 :])
    for spelling in (
        SPEC_KEY.replace("530d903a", "530D903A"),
        SPEC_KEY + "\n",
        SPEC_KEY.replace("Aek", "Ae\nk"),
    ):
        with pytest.raises(BadNote):
            VerifierKey.parse(spelling)


def test_kinds_of_keys_we_do_not_read_are_named() -> None:
    """ML-DSA-44 (0x06) and ECDSA (0x02) keys are refused by their number, not misread."""
    for kind in (0x02, 0x06):
        typed = bytes([kind]) + SIGNER.key.public_key
        key_id = hashlib.sha256(b"a\n" + typed).hexdigest()[:8]
        with pytest.raises(BadNote, match=f"{kind:#04x}"):
            VerifierKey.parse(f"a+{key_id}+{base64.b64encode(typed).decode()}")


def test_weak_keys_are_refused_when_read() -> None:
    """A point of small order would accept what nobody signed."""
    for raw in SMALL_ORDER:
        with pytest.raises(BadNote, match="none to trust"):
            VerifierKey("a", KeyKind.ED25519, raw)
