"""Refuses picture files whose notes and structure, not their pixels, would use up memory or time.

Pillow reads a file's structure in Python, at a cost of up to 300 bytes of memory for 8 in the file, and some notes
grow as they are read. Real pictures stay far below each limit here.
"""

import struct

MAX_JPEG_SEGMENTS = 2_000  # before the first scan; a depth map of a phone takes a hundred
# A progressive JPEG may hold any number of almost empty scans, each decoded over the whole picture; twelve are usual.
MAX_JPEG_SCANS = 64
MAX_PNG_CHUNKS = 20_000
MAX_GIF_BYTES = 8 << 20
MAX_GIF_COMMENTS = 2_000
MAX_TIFF_ENTRIES = 20_000
MAX_TIFF_VALUES = 250_000  # numbers, such as where each strip of rows begins
MAX_TIFF_TILE_SIDE = 4_096  # pixels; 256 or 512 are usual
MAX_TIFF_TEXT = 16 << 20  # bytes of text, colour profile and the like

_TIFF_BYTE_KINDS = (1, 2, 7)
_TIFF_NUMBERS = {3: "H", 4: "I"}
_TIFF_TILE_SIDES = (322, 323)
_TIFF_COMPRESSION = 259
_TIFF_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)  # none, fax, LZW, JPEG, deflate, PackBits
_TIFF_LINKS = (34665, 34853, 40965)  # to the notes of the camera


class ExcessiveStructure(ValueError):
    """More segments, chunks, entries or comments than any real picture has."""


def check_structure(data: bytes) -> None:
    """Look through the structure of a JPEG, PNG, GIF or TIFF file, at the price of a few thousand steps.

    Raises:
        ExcessiveStructure: a limit of this module is exceeded.
        IndexError, struct.error: the file ends too early.
    """
    if data.startswith(b"\xff\xd8"):
        _check_jpeg(data)
    elif data.startswith(b"\x89PNG"):
        _check_png(data)
    elif data.startswith(b"GIF8"):
        _limit(len(data), MAX_GIF_BYTES)
        _limit(data.count(b"!\xfe"), MAX_GIF_COMMENTS)
    elif data.startswith((b"II", b"MM")):
        _check_tiff(data)


def _limit(number: int, most: int) -> None:
    if number > most:
        raise ExcessiveStructure(f"{number} is more than {most}")


def _check_jpeg(data: bytes) -> None:
    """Count markers, fill bytes and stray bytes (ITU-T T.81, annex B) up to the first scan, then the scans."""
    position, steps = 2, 0
    while data[position : position + 2] != b"\xff\xda":
        steps += 1
        _limit(steps, MAX_JPEG_SEGMENTS)
        if data[position] != 0xFF or data[position + 1] in (0x00, 0xFF):
            position += 1
        elif data[position + 1] == 0x01 or 0xD0 <= data[position + 1] <= 0xD9:
            position += 2
        else:
            position += 2 + struct.unpack_from(">H", data, position + 2)[0]
    # Inside a scan 0xFF is always followed by 0x00 or a restart marker.
    _limit(data.count(b"\xff\xda", position), MAX_JPEG_SCANS)


def _check_png(data: bytes) -> None:
    position, chunks = 8, 0
    while position + 8 <= len(data):
        chunks += 1
        _limit(chunks, MAX_PNG_CHUNKS)
        position += 12 + struct.unpack_from(">I", data, position)[0]


def _check_tiff(data: bytes) -> None:
    """Add up the entries of all directories (TIFF 6.0, section 2); BigTIFF, which nobody sends, is refused."""
    order = "<" if data.startswith(b"II") else ">"
    magic, first = struct.unpack_from(order + "HI", data, 2)
    if magic != 42:
        raise ExcessiveStructure("BigTIFF")
    seen = {0}  # no directory: the end of the chain
    ahead, entries, values, text = [first], 0, 0, 0
    while ahead:
        start = ahead.pop()
        # Pillow, too, goes no further where a link leads nowhere.
        if start in seen or start + 2 > len(data):
            continue
        seen.add(start)
        entries += 1
        _limit(entries, MAX_TIFF_ENTRIES)
        end = start + 2 + 12 * struct.unpack_from(order + "H", data, start)[0]
        for place in range(start + 2, min(end, len(data) - 11), 12):
            tag, kind, count, value = struct.unpack_from(order + "HHII", data, place)
            entries += 1
            number = None
            if count == 1 and kind in _TIFF_NUMBERS:
                number = struct.unpack_from(order + _TIFF_NUMBERS[kind], data, place + 8)[0]
            # libtiff makes room for a whole tile, however small the picture.
            if tag in _TIFF_TILE_SIDES and (number is None or number > MAX_TIFF_TILE_SIDE):
                raise ExcessiveStructure("tiles too large")
            if tag == _TIFF_COMPRESSION and number not in _TIFF_COMPRESSIONS:
                raise ExcessiveStructure("a compression that offices do not use")
            if kind in _TIFF_BYTE_KINDS:
                text += count
            else:
                values += count
            if tag in _TIFF_LINKS:
                ahead.append(value)
            _limit(entries, MAX_TIFF_ENTRIES)
            _limit(values, MAX_TIFF_VALUES)
            _limit(text, MAX_TIFF_TEXT)
        if end + 4 <= len(data):
            ahead.append(struct.unpack_from(order + "I", data, end)[0])
