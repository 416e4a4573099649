"""Opening pictures nobody vouches for: whatever the file, a grey picture or a sentence for a person."""

import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from temthat_scanner.decoding import decode
from temthat_scanner.headers import MAX_JPEG_SCANS
from temthat_scanner.pictures import (
    MAX_FILE_BYTES,
    MAX_FRAMES,
    MAX_GREY_PIXELS,
    UnreadablePicture,
    list_pictures,
    open_frames,
    open_picture,
    to_grey,
)

FORMATS = ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"]


def symbol(text: str = "HELLO", scale: int = 4) -> Image.Image:
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    return Image.fromarray(barcode.to_image(scale=scale))


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def texts(image: Image.Image) -> list[str]:
    return [found.text for found in decode(image)]


def refusal(data: bytes) -> UnreadablePicture:
    with pytest.raises(UnreadablePicture) as caught:
        open_picture(data)
    return caught.value


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixels: bytes, depth: int = 8, colour: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", pixels)
        + png_chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_opens_from_path_bytes_and_stream(kind: str, tmp_path: Path) -> None:
    data = saved(symbol().convert("RGB"), kind)
    path = tmp_path / "ảnh tem"
    path.write_bytes(data)
    for source in (path, str(path), data, io.BytesIO(data)):
        image = open_picture(source)
        assert image.mode == "L"
        assert texts(image) == ["HELLO"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_s_orientation_is_undone(orientation: int) -> None:
    upright = Image.new("L", (32, 16), 0)
    upright.paste(255, (0, 0, 16, 8))
    # The tag says how to turn the stored picture; each of these stores it so that turning gives `upright` again.
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turned = upright.transpose(stored[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind in ("JPEG", "PNG", "TIFF"):
        image = open_picture(saved(turned, kind, exif=exif))
        assert image.size == (32, 16)
        assert image.getpixel((4, 4)) > 200  # type: ignore[operator]
        assert image.getpixel((28, 12)) < 50  # type: ignore[operator]


def test_a_broken_orientation_does_not_spoil_the_picture() -> None:
    data = saved(symbol(), "JPEG", exif=b"Exif\x00\x00MM\x00*\xff\xff\xff\xff")
    assert texts(open_picture(data)) == ["HELLO"]


def _transparent() -> Image.Image:
    image = Image.new("RGBA", symbol().size, (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), mask=symbol().point(lambda level: 255 - level))
    return image


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "16 bit",
            saved(symbol().convert("I").point(lambda level: level * 40 + 20000).convert("I;16"), "PNG"),
        ),
        ("32 bit float", saved(symbol().convert("F"), "TIFF")),
        ("CMYK", saved(symbol().convert("CMYK"), "JPEG")),
        ("bilevel", saved(symbol().convert("1"), "PNG")),
        ("palette", saved(symbol().convert("RGB").quantize(8), "GIF")),
        ("transparent", saved(_transparent(), "PNG")),
        ("transparent palette", saved(_transparent().quantize(8), "PNG")),
        ("transparent grey", saved(_transparent().convert("LA"), "PNG")),
        ("transparent WebP", saved(_transparent(), "WEBP", lossless=True)),
        ("Lab", saved(symbol().convert("RGB").convert("LAB"), "TIFF")),
        ("progressive", saved(symbol(), "JPEG", progressive=True)),
    ],
)
def test_every_kind_of_pixel_reads(name: str, data: bytes) -> None:
    assert texts(open_picture(data)) == ["HELLO"], name


@pytest.mark.parametrize("mode", ["1", "L", "P", "PA", "LA", "La", "RGB", "RGBA", "RGBa", "CMYK", "YCbCr"])
def test_grey_keeps_the_size_of_every_mode(mode: str) -> None:
    grey = to_grey(Image.new(mode, (5, 3)))
    assert (grey.mode, grey.size) == ("L", (5, 3))


def test_pixels_that_are_no_numbers_are_refused() -> None:
    assert "hỏng" in refusal(saved(Image.new("F", (8, 8), float("nan")), "TIFF")).reason_vi


def test_a_large_photo_is_shrunk_and_still_reads() -> None:
    large = Image.new("RGB", (8000, 6000), "white")
    large.paste(symbol(scale=30).convert("RGB"), (3000, 2000))
    for kind, options in (("JPEG", {"quality": 60}), ("PNG", {"compress_level": 1})):
        if kind == "PNG":
            large = large.resize((5600, 4200))
        image = open_picture(saved(large, kind, **options))
        assert MAX_GREY_PIXELS * 0.9 < image.width * image.height <= MAX_GREY_PIXELS
        assert texts(image) == ["HELLO"]


def test_pages_of_a_tiff_come_one_by_one_and_never_more_than_asked() -> None:
    pages = [symbol(f"PAGE {number}") for number in range(5)]
    data = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert [texts(page) for page in open_frames(data)] == [[f"PAGE {number}"] for number in range(5)]
    assert len(list(open_frames(data, limit=2))) == 2
    assert texts(open_picture(data)) == ["PAGE 0"]


def test_only_the_first_picture_of_an_mpo_is_read() -> None:
    data = saved(symbol("PHOTO"), "MPO", save_all=True, append_images=[symbol("PREVIEW")])
    assert [texts(frame) for frame in open_frames(data)] == [["PHOTO"]]


def test_a_gif_of_thousands_of_frames_costs_no_more_than_the_limit() -> None:
    frames = [Image.new("L", (8, 8), number % 256) for number in range(3000)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], optimize=False)
    assert len(list(open_frames(data))) == MAX_FRAMES


def test_refusals_say_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    heic = refusal(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic")
    assert "Tương thích nhất" in heic.reason_vi
    assert "Most Compatible" in heic.reason_en
    assert "rỗng" in refusal(b"").reason_vi
    assert "không phải là ảnh" in refusal(b"Kinh gui HTX").reason_vi
    assert "hỏng" in refusal(saved(symbol(), "PNG")[:-40]).reason_vi
    assert "quá lớn" in refusal(b"\x00" * (MAX_FILE_BYTES + 1)).reason_vi
    with pytest.raises(UnreadablePicture, match="không tìm thấy") as caught:
        open_picture(tmp_path / "không có.jpg")
    assert caught.value.source == str(tmp_path / "không có.jpg")
    assert "no such file" in str(caught.value)


@pytest.mark.parametrize("name", ["x" * 5000, "nul\0byte", ""])
def test_impossible_names_are_refused(name: str) -> None:
    with pytest.raises(UnreadablePicture):
        open_picture(name)
    with pytest.raises(UnreadablePicture):
        list_pictures(name or "x" * 5000)


def test_folders_pipes_and_broken_streams_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    closed = io.BytesIO(b"x")
    closed.close()
    for source in (tmp_path, tmp_path / "pipe.jpg", closed, Path("/dev/zero")):
        with pytest.raises(UnreadablePicture):
            open_picture(source)


def test_formats_that_run_other_programs_stay_shut() -> None:
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n%%EOF\n"
    assert "không phải là ảnh" in refusal(postscript).reason_vi


@pytest.mark.parametrize(("width", "height"), [(60000, 60000), (2**31 - 1, 2**31 - 1), (2**31 - 1, 1)])
def test_giant_dimensions_are_refused_from_the_header(width: int, height: int) -> None:
    assert "quá lớn" in refusal(png(width, height, zlib.compress(b"\0" * 100))).reason_vi


@pytest.mark.parametrize(("width", "height"), [(0, 0), (0, 5), (5, 0)])
def test_pictures_without_pixels_are_refused(width: int, height: int) -> None:
    assert refusal(png(width, height, zlib.compress(b""))).reason_vi


def test_a_decompression_bomb_is_refused() -> None:
    # 40 kB of file for 400 million pixels.
    assert "quá lớn" in refusal(png(20000, 20000, zlib.compress(b"\0" * 2501 * 20000, 9), depth=1)).reason_vi


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = saved(symbol(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    assert open_picture(data[:-2] + data[last:-2] * 3 + data[-2:]).mode == "L"
    assert refusal(data[:-2] + data[last:-2] * MAX_JPEG_SCANS + data[-2:]).reason_vi


def _flat(mode: str, width: int, height: int) -> Image.Image:
    return Image.new(mode, (width, height))


def _dearest() -> Iterator[tuple[str, bytes]]:
    """For each way of decoding, nearly the largest picture that is still let in; flat, so that it is made quickly."""
    yield "JPEG, 50 megapixels", saved(_flat("RGB", 8160, 6144), "JPEG", progressive=True)
    yield "JPEG, full colour", saved(_flat("RGB", 5400, 5500), "JPEG", progressive=True, subsampling=0)
    yield "PNG", saved(_flat("RGBA", 5900, 5900), "PNG", compress_level=1)
    yield "PNG, 16 bit", saved(_flat("I;16", 5900, 5900), "PNG", compress_level=1)
    yield "WebP", saved(_flat("RGBA", 3500, 3500), "WEBP", lossless=True, method=0, quality=0)
    squeezed = {"compression": "tiff_adobe_deflate"}
    yield "TIFF, float", saved(_flat("F", 4150, 4150), "TIFF", **squeezed)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_the_dearest_pictures_are_let_in_and_stay_below_300_megabytes(tmp_path: Path) -> None:
    script = (
        "import sys; from temthat_scanner.pictures import open_picture; open_picture(sys.argv[1]);"
        "print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"
    )
    peaks = {}
    for kind, data in _dearest():
        path = tmp_path / "dearest"
        path.write_bytes(data)
        run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
        assert run.returncode == 0, f"{kind}: {run.stderr}"
        peaks[kind] = int(run.stdout) // 1024
    assert max(peaks.values()) < 300, sorted(peaks.items(), key=lambda peak: -peak[1])


def check_opens_or_is_refused(data: bytes) -> None:
    frames: list[Image.Image] = []
    # Any other exception, or a warning, fails the test.
    with suppress(UnreadablePicture):
        frames.extend(open_frames(data, limit=3))
    assert all(frame.mode == "L" for frame in frames)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("frames", [1, 2])
def test_hostile_every_prefixcheck_opens_or_is_refused(kind: str, frames: int) -> None:
    """A file cut anywhere."""
    more: dict[str, Any] = {"save_all": True, "append_images": [symbol("TWO", 2).convert("RGB")]}
    if frames > 1 and kind in ("BMP", "JPEG"):
        kind = "MPO"
    data = saved(symbol("ONE", 2).convert("RGB"), kind, **(more if frames > 1 else {}))
    for length in range(0, len(data), max(1, len(data) // 300)):
        check_opens_or_is_refused(data[:length])


@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"II*\0", b"MM\0*"]),
    st.binary(max_size=600),
)
def test_hostile_random_bytes_open_or_are_refused(magic: bytes, rest: bytes) -> None:
    check_opens_or_is_refused(magic + rest)


SEEDS: dict[str, bytes] = {kind: saved(symbol("ONE", 2).convert("RGB"), kind) for kind in FORMATS}


@given(
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_hostile_changed_bytes_open_or_are_refused(kind: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(SEEDS[kind])
    for position, value in changes:
        # Squared: headers, where a changed byte does most, are hit more often.
        data[int((position / 10**6) ** 2 * (len(data) - 1))] = value
    check_opens_or_is_refused(bytes(data))


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def test_a_folder_lists_its_pictures_in_a_fixed_order_and_names_what_it_skips(tmp_path: Path) -> None:
    names = ["b.JPG", "a/2.png", "a/1.heic", "c.tiff", "a.webp"]
    others = ["ghi chú.txt", "a/data.csv", "không đuôi"]
    for name in names + others + [".hidden.png", ".git/x.png"]:
        _touch(tmp_path / name)
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop").symlink_to(tmp_path)
    listing = list_pictures(tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in listing.pictures] == [
        *("a.webp", "b.JPG", "c.tiff", "a/1.heic", "a/2.png")
    ]
    skipped = {str(path.relative_to(tmp_path)) for path in listing.skipped}
    assert skipped == {*others, "pipe.png"}


def test_a_file_named_outright_is_taken_whatever_its_name(tmp_path: Path) -> None:
    path = _touch(tmp_path / "không đuôi")
    assert list_pictures(path).pictures == (path,)


def test_a_missing_path_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UnreadablePicture, match="không tìm thấy"):
        list_pictures(tmp_path / "không có")
