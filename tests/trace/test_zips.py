"""ZIP files of others: whatever bytes they have, opening and reading them fails in ways that are known."""

import io
import random
import zipfile

import pytest

from temthat_trace.zips import DAMAGED, open_zip


def packed(method: int) -> bytes:
    """A small ZIP, packed that way."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        archive.writestr("a.txt", b"hello world " * 200)
        archive.writestr("b.bin", random.Random(1).randbytes(500))
    return out.getvalue()


def read_all(data: bytes) -> list[bytes]:
    """Every member."""
    with open_zip(io.BytesIO(data)) as archive:
        return [archive.read(info) for info in archive.infolist()]


def test_ordinary_zips_are_read() -> None:
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert read_all(packed(method))[0].startswith(b"hello")


def test_other_ways_of_packing_are_refused_before_anything_is_unpacked() -> None:
    """Their decoders raise errors of their own, LZMAError for one, which no reader would expect."""
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        with pytest.raises(DAMAGED):
            open_zip(io.BytesIO(packed(method)))


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2]
)
def test_damage_is_one_of_the_errors_that_are_named(method: int) -> None:
    good, draw, refused = packed(method), random.Random(method), 0
    for _ in range(1_000):
        bad = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            bad[draw.randrange(len(bad))] = draw.randrange(256)
        try:
            read_all(bytes(bad[: draw.choice((len(bad), draw.randrange(len(bad))))]))
        except DAMAGED:
            refused += 1
    assert refused > 500, "what is cut off or altered is mostly seen"
