"""Names: what the manifests commit to, or nothing."""

import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.encoding import BadBundle, Header, Kind, Month
from temthat_stamps.bundle.names import NamesFile, NamesWriter
from temthat_stamps.manifest import Names

MAY = Month(2026, 5)
texts = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(["", "HTX Mẫu", "L1"])
names = st.builds(Names, texts, texts, texts, texts)
entries = st.lists(st.tuples(names, st.binary(min_size=16, max_size=16), st.booleans()), max_size=6)


def written(runs: list[tuple[Names, bytes, bool]]) -> tuple[bytes, str]:
    """The file, and the digest that the list of files has of its commitments."""
    writer, digest = NamesWriter("96", MAY), hashlib.sha256()
    for named, salt, erased in runs:
        commitment = bytes.fromhex(named.commitment(salt))
        digest.update(commitment)
        if erased:
            writer.erased(commitment)
        else:
            writer.add(named, salt)
    return writer.data, digest.hexdigest()


@given(entries)
def test_property_names_open_their_commitments(runs: list[tuple[Names, bytes, bool]]) -> None:
    """Those that were not erased are read; the file as a whole is the one committed to, erased or not."""
    data, commitments = written(runs)
    file = NamesFile(data, "96", MAY)
    file.check(commitments)
    assert len(file) == len(runs)
    for place, (named, _, erased) in enumerate(runs):
        assert file.get(place) == (None if erased else named)
    assert file.get(len(runs)) is None


@given(entries.filter(lambda runs: any(not erased for _, _, erased in runs)), st.data())
def test_property_another_name_does_not_open_it(
    runs: list[tuple[Names, bytes, bool]], data: st.DataObject
) -> None:
    """Whichever of its parts is another."""
    _, commitments = written(runs)
    place = data.draw(st.sampled_from([at for at, run in enumerate(runs) if not run[2]]))
    part = data.draw(st.sampled_from(["issuer", "product", "pack_form", "lot"]))
    named, salt, _ = runs[place]
    other = dataclasses.replace(named, **{part: getattr(named, part) + "x"})
    forged = [*runs[:place], (other, salt, False), *runs[place + 1 :]]
    with pytest.raises(BadBundle, match="commit"):
        NamesFile(written(forged)[0], "96", MAY).check(commitments)


def test_a_text_is_written_once() -> None:
    """A thousand runs of one product cost a thousand salts, not a thousand names."""
    one = Names("HTX Nông nghiệp Mẫu", "Mật ong bạc hà Mèo Vạc", "Chai 500 ml", "L1")
    first, _ = written([(one, b"s" * 16, False)])
    two, _ = written([(one, b"s" * 16, False)] * 2)
    assert len(two) - len(first) == 1 + 16 + 4


OPEN = b"\x01" + bytes(16)


@pytest.mark.parametrize(
    "record",
    [
        b"\x02",
        b"\x00" + bytes(31),
        OPEN + b"\x01",
        OPEN + b"\x00\xff\x7f",
        OPEN + b"\x00\x01\xff\x00\x00",
    ],
)
def test_what_the_specification_does_not_allow_is_refused(record: bytes) -> None:
    """Unknown kinds, cut records, a text that is not there, too long, or not UTF-8."""
    with pytest.raises(BadBundle):
        NamesFile(Header(Kind.NAMES, "96", MAY).to_bytes() + record, "96", MAY)
