"""Files whose structure, not their pixels, would cost memory or time are refused before Pillow sees them."""

import io
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from temthat_scanner.headers import (
    MAX_GIF_BYTES,
    MAX_GIF_COMMENTS,
    MAX_JPEG_SCANS,
    MAX_JPEG_SEGMENTS,
    MAX_PNG_CHUNKS,
    MAX_TIFF_ENTRIES,
    MAX_TIFF_TEXT,
    MAX_TIFF_TILE_SIDE,
    MAX_TIFF_VALUES,
    ExcessiveStructure,
    check_structure,
)
from temthat_scanner.pictures import UnreadablePicture, open_picture


def saved(kind: str) -> bytes:
    file = io.BytesIO()
    Image.new("L", (20, 20)).save(file, kind)
    return file.getvalue()


JPEG, PNG, GIF = saved("JPEG"), saved("PNG"), saved("GIF")
GIF_HEAD = GIF.index(b",")


def tiff(entries: list[tuple[int, int, int, int]], order: str = "<", following: int = 0) -> bytes:
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    body = b"".join(struct.pack(order + "HHII", *entry) for entry in entries)
    return head + struct.pack(order + "H", len(entries)) + body + struct.pack(order + "I", following)


def entries_in_a_chain(number: int) -> bytes:
    return (
        b"II"
        + struct.pack("<HI", 42, 8)
        + (b"".join(struct.pack("<HI", 0, 8 + 6 * (place + 1)) for place in range(number)))
    )


EXCESSIVE = {
    "JPEG notes": JPEG[:2] + b"\xff\xe1\x00\x02" * (MAX_JPEG_SEGMENTS + 1) + JPEG[2:],
    "JPEG comments": JPEG[:2] + b"\xff\xfe\x00\x03a" * (MAX_JPEG_SEGMENTS + 1) + JPEG[2:],
    "JPEG fill bytes": JPEG[:2] + b"\xff" * (MAX_JPEG_SEGMENTS + 1) + JPEG[2:],
    "JPEG stray bytes": JPEG[:3] + b"\x00" * (MAX_JPEG_SEGMENTS + 1) + JPEG[3:],
    "JPEG restarts": JPEG[:2] + b"\xff\xd0" * (MAX_JPEG_SEGMENTS + 1) + JPEG[2:],
    "JPEG scans": JPEG + JPEG[JPEG.index(b"\xff\xda") :] * MAX_JPEG_SCANS,
    "PNG chunks": PNG[:33] + b"\x00\x00\x00\x00tESt\x00\x00\x00\x00" * (MAX_PNG_CHUNKS + 1) + PNG[33:],
    "GIF comments": GIF[:GIF_HEAD] + b"!\xfe\x01a\x00" * (MAX_GIF_COMMENTS + 1) + GIF[GIF_HEAD:],
    "GIF size": GIF + bytes(MAX_GIF_BYTES),
    "TIFF strips": tiff([(273, 4, MAX_TIFF_VALUES + 1, 8)]),
    "TIFF strips in two": tiff([(273, 4, MAX_TIFF_VALUES, 8), (279, 4, MAX_TIFF_VALUES, 8)]),
    "TIFF text": tiff([(270, 2, MAX_TIFF_TEXT + 1, 8)], order=">"),
    "TIFF camera notes": tiff([(34665, 4, 1, 26)])
    + struct.pack("<HHHIII", 1, 1, 3, MAX_TIFF_VALUES + 1, 8, 0),
    "TIFF tile": tiff([(322, 3, 1, MAX_TIFF_TILE_SIDE + 1)]),
    "TIFF tile, big-endian": tiff([(323, 3, 1, (MAX_TIFF_TILE_SIDE + 1) << 16)], order=">"),
    "TIFF tile of tiles": tiff([(323, 4, 2, 8)]),
    "TIFF tile as text": tiff([(323, 1, 1, 255)]),
    "TIFF compression": tiff([(259, 3, 1, 34925)]),
    "TIFF directories": entries_in_a_chain(MAX_TIFF_ENTRIES + 1),
    "BigTIFF": b"II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00",
}


@pytest.mark.parametrize("kind", EXCESSIVE)
def test_hostile_structure_is_refused_at_once(kind: str) -> None:
    start = time.process_time()
    with pytest.raises(ExcessiveStructure):
        check_structure(EXCESSIVE[kind])
    assert time.process_time() - start < 1
    with pytest.raises(UnreadablePicture):
        open_picture(EXCESSIVE[kind])


def test_a_tiff_that_links_to_itself_is_looked_through_once() -> None:
    check_structure(tiff([(34665, 4, 1, 8)], following=8))


@pytest.mark.parametrize("kind", ["JPEG", "MPO", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
def test_ordinary_files_pass(kind: str) -> None:
    check_structure(saved(kind))


@given(
    st.sampled_from([b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]),
    st.binary(max_size=200),
)
def test_hostile_bytes_end_the_look_through_in_a_known_way(magic: bytes, rest: bytes) -> None:
    with suppress(ExcessiveStructure, IndexError, struct.error):
        check_structure(magic + rest)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_an_orientation_of_many_megabytes_is_not_read_in(tmp_path: Path) -> None:
    """A note that says 15 million times which way is up, in a picture of 400 pixels."""
    import subprocess

    number = 15_000_000
    exif = tiff([(0x0112, 3, number, 26)])[:26] + b"\x01\x02" * number
    path = tmp_path / "picture.png"
    Image.new("L", (20, 20)).save(path, exif=b"Exif\x00\x00" + exif)
    script = (
        "import sys; from temthat_scanner.pictures import open_picture; open_picture(sys.argv[1]);"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) < 300 * 1024
