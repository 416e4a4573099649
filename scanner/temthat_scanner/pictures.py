"""Opens pictures nobody vouches for: phone photos, scans, uploads.

Whatever the file holds, a caller gets a grey picture the right way up, or :class:`UnreadablePicture` with a sentence
for a person. The memory a picture will need is worked out from its header, before a pixel is decoded.
"""

import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, cast

from PIL import Image, JpegImagePlugin, UnidentifiedImageError

from temthat_scanner.headers import check_structure

Source = str | Path | bytes | BinaryIO

MAX_FILE_BYTES = 32 << 20
MAX_DECODED_BYTES = 200 << 20  # what decoding may take beside the file itself
MAX_FRAMES = 32
MAX_EXIF_BYTES = 1 << 16  # all that a JPEG can hold; other formats could bring many megabytes
# Larger pictures are shrunk to this: no stamp photographed to be read needs more, and a decoder's worst case (finder
# patterns all over) grows with the square of it.
MAX_GREY_PIXELS = 16_000_000

# Formats that phones, scanners and offices produce, with the most bytes a pixel that decoding them and turning them
# grey was seen to take. Every other format Pillow knows stays shut: one starts a program, an AVIF may hold a far larger
# picture than its header says.
_BYTES_PER_PIXEL = {"JPEG": 13, "PNG": 6, "GIF": 6, "BMP": 6, "TIFF": 12, "WEBP": 17}
# HEIC and AVIF are among the names, so that they are refused in words and not passed over.
_SUFFIXES = frozenset(
    f".{name}"
    for kind in ("jpg jpeg jpe jfif mpo", "png apng gif bmp dib", "tif tiff webp avif", "heic heif hif")
    for name in kind.split()
)
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_ORIENTATION_TAG = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class UnreadablePicture(Exception):
    """A file that cannot be used as a picture.

    `source` names the file; `reason_vi` and `reason_en` say what is wrong and what to do.
    """

    def __init__(self, source: str, reason_vi: str, reason_en: str) -> None:
        super().__init__(source, reason_vi, reason_en)
        self.source = source
        self.reason_vi = reason_vi
        self.reason_en = reason_en

    def __str__(self) -> str:
        return f"{self.source}: {self.reason_vi} / {self.reason_en}"


@dataclass(frozen=True)
class Listing:
    """Files under a folder in a fixed order: those to open, and those passed over because they are no pictures."""

    pictures: tuple[Path, ...]
    skipped: tuple[Path, ...]


def list_pictures(path: str | Path) -> Listing:
    """List the pictures at `path`: the file itself whatever its name, or all files under a folder, sorted by path.

    Hidden files and folders are left out without a word, links to folders are not followed. A file whose name is not
    that of a picture, and anything that is not a regular file, is reported as skipped.

    Raises:
        UnreadablePicture: there is no such file or folder, or it may not be read.
    """
    root = Path(path)
    if not os.path.isdir(root):  # noqa: PTH112 - pathlib's raises on names that are too long
        _require_file(root)
        return Listing((root,), ())
    pictures: list[Path] = []
    skipped: list[Path] = []

    def refuse(error: OSError) -> None:
        raise UnreadablePicture(
            str(error.filename), "không mở được thư mục này", "this folder cannot be opened"
        ) from error

    for folder, folders, files in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in files if not name.startswith(".")):
            file = Path(folder, name)
            usable = file.suffix.lower() in _SUFFIXES and file.is_file()
            (pictures if usable else skipped).append(file)
    return Listing(tuple(pictures), tuple(skipped))


def open_picture(source: Source) -> Image.Image:
    """Open the first (or only) frame of a picture.

    Args:
        source: a path, the bytes of a file, or a binary stream (read to its end).

    Returns:
        A loaded picture of mode "L" (8 bit grey), upright, transparency on white, of at most `MAX_GREY_PIXELS` pixels:
        a larger one is shrunk, so that its coordinates are not those of the file.

    Raises:
        UnreadablePicture: missing, too large, truncated, not a picture, or of a kind not read here.
    """
    return next(open_frames(source, limit=1))


def open_frames(source: Source, limit: int = MAX_FRAMES) -> Iterator[Image.Image]:
    """Open the frames of a picture one after the other, at most `limit`: the pages of a TIFF, the frames of a GIF.

    Of the several pictures in a phone's MPO only the first is a photograph to read; the others are previews of it.

    Yields:
        Pictures as :func:`open_picture` returns them.

    Raises:
        UnreadablePicture: as for :func:`open_picture`; it may come after some good frames.
    """
    name = _name(source)
    data = _read(source, name)
    with _failures_named(name):
        check_structure(data)
        image = Image.open(BytesIO(data), formats=tuple(_BYTES_PER_PIXEL))
    with image:
        for number in range(1 if image.format == "MPO" else limit):
            with _failures_named(name):
                # Not `n_frames`, which reads through all of a file that may hold a million frames.
                if number and not _has_frame(image, number):
                    return
                _check_cost(image, name)
                grey = _grey_upright(image)
            yield grey


def to_grey(image: Image.Image) -> Image.Image:
    """Turn a picture of any mode into 8 bit grey ("L"): transparent parts white, deep pictures stretched to 8 bit.

    Raises:
        ValueError: the pixels are floating point numbers and not all finite.
    """
    if image.mode == "L":
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return _stretched(image if image.mode in ("I", "F", "I;16") else image.convert("I"))
    if image.mode in ("La", "RGBa"):
        image = image.convert(image.mode.upper())
    elif image.mode == "PA" or (image.mode == "P" and "transparency" in image.info):
        image = image.convert("RGBA")
    # The first band of L*a*b* is its lightness.
    grey = image.getchannel(0) if image.mode == "LAB" else image.convert("L")
    if image.mode in ("LA", "RGBA"):
        grey.paste(255, mask=image.getchannel("A").point(lambda alpha: 255 - alpha))
    return grey


def _stretched(image: Image.Image) -> Image.Image:
    """Map the darkest pixel to 0 and the brightest to 255, where Pillow would clip all above 255 to white."""
    low, high = cast("tuple[float, float]", image.getextrema())
    if not math.isfinite(high - low):
        raise ValueError("pixel values are not finite")
    scale = 255 / (high - low) if high > low else 1.0
    grey = Image.new("L", image.size)
    # By strips of rows, as each step makes a copy of 4 bytes a pixel.
    for top in range(0, image.height, 256):
        strip = image.crop((0, top, image.width, min(top + 256, image.height))).convert("F")
        grey.paste(strip.point(lambda value: value * scale - low * scale).convert("L"), (0, top))
    return grey


def _name(source: Source) -> str:
    if isinstance(source, (str, Path)):
        return str(source)
    return str(getattr(source, "name", "")) or "(ảnh gửi lên / uploaded picture)"


def _require_file(path: Path) -> None:
    if not os.path.exists(path):  # noqa: PTH110 - pathlib's raises on names that are too long
        raise UnreadablePicture(str(path), "không tìm thấy tệp này", "there is no such file")
    # A pipe or a device could go on for ever.
    if not path.is_file():
        raise UnreadablePicture(str(path), "đây không phải là một tệp ảnh", "this is not a picture file")


def _read(source: Source, name: str) -> bytes:
    try:
        if isinstance(source, bytes):
            data = source
        elif isinstance(source, (str, Path)):
            _require_file(Path(source))
            with Path(source).open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        else:
            data = source.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UnreadablePicture(name, "không đọc được tệp này", "this file cannot be read") from error
    if len(data) > MAX_FILE_BYTES:
        raise _too_large(name)
    if not data:
        raise UnreadablePicture(name, "tệp rỗng", "the file is empty")
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        raise UnreadablePicture(
            name,
            "ảnh HEIC chưa đọc được: trên iPhone chọn Cài đặt > Camera > Định dạng > Tương thích nhất rồi chụp lại",
            "HEIC pictures are not supported: choose Settings > Camera > Formats > Most Compatible and retake it",
        )
    return data


@contextmanager
def _failures_named(name: str) -> Iterator[None]:
    """Turn whatever a damaged file provokes into :class:`UnreadablePicture`, and keep Pillow's warnings quiet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except UnreadablePicture:
        raise
    except (Image.DecompressionBombError, MemoryError) as error:
        raise _too_large(name) from error
    except UnidentifiedImageError as error:
        raise UnreadablePicture(
            name,
            "đây không phải là ảnh JPEG, PNG, WebP, GIF, BMP hoặc TIFF",
            "this is not a JPEG, PNG, WebP, GIF, BMP or TIFF picture",
        ) from error
    except Exception as error:
        # Pillow's decoders let out whatever a broken file makes them stumble on: SyntaxError, struct.error, KeyError.
        raise UnreadablePicture(
            name,
            "tệp ảnh bị hỏng hoặc chưa tải về đủ: hãy gửi lại hoặc chụp lại",
            "the picture file is damaged or incomplete: send it again or take it anew",
        ) from error


def _too_large(name: str) -> UnreadablePicture:
    return UnreadablePicture(
        name,
        "ảnh quá lớn: hãy chụp ở độ phân giải thường, hoặc cắt quanh con tem",
        "the picture is too large: take it at normal resolution, or crop it around the stamp",
    )


def _check_cost(image: Image.Image, name: str) -> None:
    """Refuse, from the header alone, a picture whose decoding would take too much memory or time."""
    pixels = image.width * image.height
    cost: float = _BYTES_PER_PIXEL.get(image.format or "", max(_BYTES_PER_PIXEL.values()))
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        # What a progressive JPEG really holds is two bytes for each coefficient of each component; with the usual
        # halved colour that is 3 bytes a pixel, which lets the 50 megapixel photos of newer phones in.
        wide = max(layer[1] for layer in image.layer)
        high = max(layer[2] for layer in image.layer)
        coefficients = sum(layer[1] * layer[2] for layer in image.layer) / (wide * high)
        cost = 2 * coefficients + (5 if image.mode == "CMYK" else 1)
    if pixels * cost > MAX_DECODED_BYTES:
        raise _too_large(name)


def _has_frame(image: Image.Image, number: int) -> bool:
    try:
        image.seek(number)
    except EOFError:
        return False
    return True


def _grey_upright(image: Image.Image) -> Image.Image:
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        # The decoder then gives brightness alone: twice as fast, a quarter of the memory. Half size only when that
        # is still more than is kept.
        halve = image.width * image.height >= 4 * MAX_GREY_PIXELS
        image.draft("L", (image.width // 2, image.height // 2) if halve else image.size)
    image.load()
    turn = _UPRIGHT.get(_orientation(image))
    grey = to_grey(image)
    shrink = (MAX_GREY_PIXELS / (grey.width * grey.height)) ** 0.5
    if shrink < 1:
        size = (max(1, int(grey.width * shrink)), max(1, int(grey.height * shrink)))
        grey = grey.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    if turn is not None:
        grey = grey.transpose(turn)
    return grey if grey is not image else image.copy()


def _orientation(image: Image.Image) -> int:
    """Which way the camera was held (EXIF 2.3, 4.6.4); a TIFF has been turned by Pillow already."""
    try:
        exif = Image.Exif()
        exif.load(image.info.get("exif", b"")[:MAX_EXIF_BYTES])
        return int(exif.get(_ORIENTATION_TAG, 1))
    except Exception:  # noqa: BLE001 - a broken note about the camera is no reason to refuse the picture
        return 1
