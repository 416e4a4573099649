"""A stamp's QR symbol: which modules are dark. ISO/IEC 18004, model 2.

zxing-cpp writes the volume, with the mask of least penalty as the standard asks (clause 7.8.3); a pinned mask would
be five times faster and is not worth a symbol that now and then imitates a finder pattern. `qrcode` is the named
reference writer: for the same version, level and mask both give the same bits, and a test says so.

`make_symbol` reads level and mask back from the format bits of what it got: the writer's `options=` string is known
to lose the level without a word, and a symbol of the wrong level looks like any other.
"""

from dataclasses import dataclass
from typing import Any, Literal

import zxingcpp

from temthat_stamps.printing.errors import BadSymbol

Level = Literal["M", "Q"]

QUIET_ZONE = 4
"""White modules on every side that a reader may count on (clause 6.3.8)."""

TEXT_LIMIT = 400
"""Characters; the longest stamp (GS1 form, lot of 20 characters) needs fewer than 260."""

_LEVELS = {0b01: "L", 0b00: "M", 0b11: "Q", 0b10: "H"}
_FORMAT_MASK = 0b10101
"""The first five of the fifteen bits that clause 7.9.1 lays over the format information."""

_TO_BITS = bytes.maketrans(b"\x00\xff", b"\x01\x00")


@dataclass(frozen=True, slots=True)
class Symbol:
    """A square symbol without its quiet zone. `modules`: size * size bytes, row by row, 1 dark and 0 light."""

    modules: bytes
    size: int
    level: str
    mask: int

    @property
    def version(self) -> int:
        """1 .. 40."""
        return (self.size - 17) // 4

    @property
    def size_with_quiet_zone(self) -> int:
        """Modules per side, the four white ones on both sides included."""
        return self.size + 2 * QUIET_ZONE

    def rows(self) -> list[bytes]:
        """One bytes object a row."""
        return [self.modules[i : i + self.size] for i in range(0, len(self.modules), self.size)]


def make_symbol(text: str, level: Level = "M") -> Symbol:
    """The smallest symbol of exactly this level that holds the text. Raises `BadSymbol`."""
    if not text or len(text) > TEXT_LIMIT or not text.isascii():
        raise BadSymbol(
            f"Mã QR của tem chỉ chứa 1–{TEXT_LIMIT} ký tự không dấu.",
            f"A stamp's QR code holds 1 to {TEXT_LIMIT} ASCII characters.",
        )
    barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level)
    image: Any = barcode.to_image(scale=1, add_quiet_zones=False)  # a buffer, which its stub does not say
    symbol = _symbol(bytes(image).translate(_TO_BITS), image.shape[0])
    if symbol.level != level:
        raise BadSymbol(
            f"Không tạo được mã QR mức {level} (nhận mức {symbol.level}).",
            f"Asked for a QR code of level {level}, got {symbol.level}.",
        )
    return symbol


def reference_symbol(text: str, level: Level = "M", *, version: int, mask: int) -> Symbol:
    """The same symbol by the reference writer (`qrcode`), one segment in the text's best mode. Slow: for checks."""
    import qrcode
    from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q

    writer = qrcode.QRCode(
        version=version,
        error_correction={"M": ERROR_CORRECT_M, "Q": ERROR_CORRECT_Q}[level],
        mask_pattern=mask,
        border=0,
    )
    writer.add_data(text, optimize=0)
    writer.make(fit=False)
    rows = writer.get_matrix()
    return _symbol(bytes(int(bool(dark)) for row in rows for dark in row), len(rows))


def _symbol(modules: bytes, size: int) -> Symbol:
    """Modules to a `Symbol`: level and mask are read from the format bits in row 8, columns 0 to 4."""
    bits = 0
    for dark in modules[8 * size : 8 * size + 5]:
        bits = bits << 1 | dark
    bits ^= _FORMAT_MASK
    return Symbol(modules, size, _LEVELS[bits >> 3], bits & 0b111)
