"""On real photographs the chain reads at least as many as the best single decoder, run here on the same pictures.

The photos are not part of this project (`docs/decoding.md` says which they are); without them these tests are skipped.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from temthat_scanner.decoding import _zbar, decode, zbar_available
from temthat_scanner.pictures import list_pictures, open_picture

PHOTOS = Path(__file__).parents[3] / "shared" / "conformance" / "qr-photos"
pytestmark = pytest.mark.skipif(not PHOTOS.is_dir(), reason="no photos at ../shared/conformance/qr-photos")

# Two decoders agree on "photography" here, with most of the error correction to spare; the file beside it says
# "photograph".
MISTAKEN_NOTES = {"zxing-2/13.png"}


def photos(pattern: str, every: int = 1) -> Iterator[Path]:
    for folder in sorted(PHOTOS.glob(pattern)):
        yield from list_pictures(folder).pictures[::every]


def single_decoders() -> dict[str, Callable[[Image.Image], Any]]:
    qr = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    readers: dict[str, Callable[[Image.Image], Any]] = {
        "zxing-cpp as it comes": zxingcpp.read_barcodes,
        "zxing-cpp, QR only": lambda image: zxingcpp.read_barcodes(image, formats=qr),
    }
    for name in ("GlobalHistogram", "FixedThreshold"):
        binarizer = getattr(zxingcpp.Binarizer, name)
        readers[name] = partial(zxingcpp.read_barcodes, formats=qr, binarizer=binarizer)
    if zbar_available():
        readers["zbar"] = lambda image: _zbar(image, image)
    return readers


def test_the_chain_reads_more_photos_than_any_single_decoder() -> None:
    """Every second of the large photos and all the small ones, which are most of those hard to read."""
    read: Counter[str] = Counter()
    single = single_decoders()
    for path in [*photos("boofcv-*", every=2), *photos("zxing-*")]:
        image = open_picture(path)
        read.update(name for name, reader in single.items() if reader(image))
        read["chain"] += bool(decode(image))
    assert read["chain"] > max(read[name] for name in single), read


def test_every_text_read_is_the_one_noted_beside_the_photo() -> None:
    wrong = {}
    for path in photos("zxing-*"):
        noted = path.with_suffix(".txt").read_bytes().decode("utf-8", "replace")
        said = [symbol.text for symbol in decode(open_picture(path))]
        if said and noted not in said:
            wrong[path.relative_to(PHOTOS).as_posix()] = said
    assert set(wrong) <= MISTAKEN_NOTES, wrong


def test_both_symbols_of_a_photo_are_found_though_they_say_the_same() -> None:
    symbols = decode(open_picture(PHOTOS / "boofcv-nominal" / "image027.jpg"))
    assert len(symbols) == 2
    assert len({symbol.text for symbol in symbols}) == 1
