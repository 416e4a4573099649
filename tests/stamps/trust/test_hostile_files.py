"""Bytes of others, bent in every way: TUF files, handovers, cards, requests. Refused typed, or read to the same end."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.errors import TrustError
from temthat_stamps.trust import ceremony
from temthat_stamps.trust.accepted import accept
from temthat_stamps.trust.chain import TrustChain
from temthat_stamps.trust.enrolment import read_enrolment
from temthat_stamps.trust.handover import Handover
from temthat_stamps.trust.logtrust import LogTrust
from temthat_stamps.trust.online import OperatorCard
from temthat_stamps.trust.rolekeys import KeyCard

from .conftest import NOW, ORIGIN, Alliance

EXAMPLES = settings().max_examples
"""100, or what HYPOTHESIS_PROFILE says."""
NAMES = ("1.root.json", "timestamp.json", "2.snapshot.json", "1.targets.json", "2.31-issuers.json")
VALUES = (
    b"null",
    b"[]",
    b"{}",
    b"-1",
    b"1e9",
    b'""',
    b"true",
    b'"31-issuers"',
    b"9" * 5000,
    b"[" * 2000,
    b"\xff",
)


def in_words(error: TrustError) -> None:
    """A refusal says what it is in both languages."""
    assert error.vi
    assert str(error)


@st.composite
def bends(draw: st.DrawFn) -> Callable[[bytes], bytes]:
    """A change of some bytes: cut, repeated, overwritten, or one JSON value put in the place of another."""
    where, width = draw(st.floats(0, 1)), draw(st.integers(1, 40))
    put = draw(st.one_of(st.binary(max_size=12), st.sampled_from(VALUES)))
    kind = draw(st.sampled_from(["cut", "insert", "over", "value", "tail"]))

    def bend(data: bytes) -> bytes:
        at = int(where * len(data))
        if kind == "cut":
            return data[:at] + data[at + width :]
        if kind == "insert":
            return data[:at] + put + data[at:]
        if kind == "over":
            return data[:at] + put + data[at + len(put) :]
        if kind == "tail":
            return data[:at]
        start = data.find(b":", at)
        ends = [end for sign in b",}" if (end := data.find(bytes([sign]), start)) > 0]
        return data[: start + 1] + put + data[min(ends) :] if start > 0 and ends else put

    return bend


@pytest.fixture(scope="module")
def set_(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A whole good set with one approved key."""
    made = Alliance(tmp_path_factory.mktemp("hostile") / "public")
    made.publish(made.draft_founding())
    made.approve()
    return dict(made.base.files)


@settings(max_examples=4 * EXAMPLES)
@given(name=st.sampled_from(NAMES), bend=bends())
def test_fuzz_a_bent_file_of_a_set(set_: dict[str, bytes], name: str, bend: Callable[[bytes], bytes]) -> None:
    """Whatever becomes of one file, the set is refused typed; or nothing that counts has changed."""
    files = set_ | {name: bend(set_[name])}
    try:
        accepted = accept(files.get, files["1.root.json"], NOW)
    except TrustError as error:
        in_words(error)
    else:
        assert accepted.log.origin == ORIGIN
        assert len(accepted.keys) == 1


@settings(max_examples=4 * EXAMPLES)
@given(name=st.sampled_from(["root", "targets", "31-issuers", "log.json"]), bend=bends())
def test_fuzz_a_bent_file_of_a_publication(
    set_: dict[str, bytes], name: str, bend: Callable[[bytes], bytes]
) -> None:
    """The same for those who read a whole log: all of a publication or nothing."""
    log = next(data for path, data in set_.items() if path.endswith(".log.json"))
    files = {
        "root": set_["1.root.json"], "targets": set_["1.targets.json"],
        "31-issuers": set_["2.31-issuers.json"], "log.json": log,
    }  # fmt: skip
    chain = TrustChain(ORIGIN)
    try:
        chain.accept(files | {name: bend(files[name])}, NOW)
    except TrustError:
        assert chain.log is None
        assert not chain.keys
    else:
        assert len(chain.keys) == 1


@settings(max_examples=3 * EXAMPLES)
@given(bend=bends())
def test_fuzz_requests_cards_and_log_json(alliance: Alliance, bend: Callable[[bytes], bytes]) -> None:
    """Each reader of a small file answers with what was signed, or refuses typed."""
    request = alliance.request(alliance.new_key())
    card = KeyCard.make("root", "Chủ tịch", alliance.holders["root"][0])
    operator = OperatorCard.of(alliance.log_trust(), alliance.online).format()
    for read, data, signed in (
        (lambda data: read_enrolment(data, ORIGIN), request, True),
        (KeyCard.parse, card, True),
        (OperatorCard.parse, operator, False),
        (LogTrust.parse, alliance.log_trust().format(), False),
    ):
        good = read(data)
        try:
            got = read(bend(data))
        except TrustError as error:
            in_words(error)
        else:
            assert got == good or not signed


@pytest.fixture(scope="module")
def handover(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A handover that approves a key, not signed yet."""
    made = Alliance(tmp_path_factory.mktemp("handover") / "public")
    made.publish(made.draft_founding())
    path = tmp_path_factory.mktemp("handover") / "duyet.zip"
    ceremony.approve(made.base, [made.request(made.new_key())], 5, made.now).write(path)
    return path


@settings(max_examples=3 * EXAMPLES)
@given(
    bend=bends(),
    inside=st.booleans(),
    which=st.integers(0, 50),
    name=st.sampled_from(["", "x", "../x", "a/b"]),
)
def test_hostile_handovers(
    handover: Path, tmp_path: Path, bend: Callable[[bytes], bytes], inside: bool, which: int, name: str
) -> None:
    """Bent as a file, or in one of the files inside, or with another name: signed by nobody, refused typed."""
    path = tmp_path / "bent.zip"
    if inside:
        with zipfile.ZipFile(handover) as good, zipfile.ZipFile(path, "w") as bad:
            entries = good.namelist()
            for number, entry in enumerate(entries):
                data = good.read(entry)
                hit = number == which % len(entries)
                bad.writestr(f"{entry}{name}" if hit and name else entry, bend(data) if hit else data)
    else:
        path.write_bytes(bend(handover.read_bytes()))
    try:
        read = Handover.read(path)
        read.check()
        read.wanted()
    except TrustError as error:
        in_words(error)


def test_a_hostile_zip_is_not_unpacked(tmp_path: Path) -> None:
    """A gigabyte of zeros in a megabyte, or ten thousand entries: refused by what the directory says."""
    bomb, many = tmp_path / "bomb.zip", tmp_path / "many.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as out:
        for number in range(11):
            out.writestr(f"pending/{number}.json", bytes(10_000_000))
    with zipfile.ZipFile(many, "w") as out:
        for number in range(5_001):
            out.writestr(f"base/{number}", b"")
    odd = tmp_path / "odd.zip"
    with zipfile.ZipFile(odd, "w", zipfile.ZIP_LZMA) as out:
        out.writestr("handover.json", b"{}" * 500)
    odd.write_bytes(odd.read_bytes().replace(b"\x5d\x00\x00", b"\xff\xff\xff"))  # no LZMA stream any more
    for path in (bomb, many, odd):
        with pytest.raises(TrustError, match="no handover"):
            Handover.read(path)
