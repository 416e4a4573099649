"""Writing a PDF front to back: each page leaves memory when it is done.

ReportLab and pikepdf keep a whole document until it is saved, a hundred megabytes for a hundred thousand stamps. What
a sheet of stamps needs of PDF (ISO 32000-1) is small: pages, one content stream each, one font; a document to read
needs pictures and links besides. Nothing in the file depends on time or chance: the same stamps give the same bytes.
"""

import zlib
from array import array
from collections.abc import Iterable, Mapping
from typing import BinaryIO

from temthat_stamps.printing.typeface import subset, typeface

Link = tuple[float, float, float, float, str]
"""A place on a page that opens an address: left, bottom, right, top in points, and the address (ASCII)."""

_COMPRESSION = 5
_HEADER = b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n"
_PAGES_PER_NODE = 256
_TO_UNICODE = """/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
%s
endcmap CMapName currentdict /CMap defineresource pop end end
"""


class PdfFile:
    """A PDF under construction. Call `page` for each page, then `close` once."""

    def __init__(self, out: BinaryIO, title: str, *, lang: str = "vi-VN") -> None:
        self._out = out
        self._title = title
        self._lang = lang
        self._position = 0
        self._offsets = array("Q", [0])
        self._pages: list[int] = []
        self._nodes: list[tuple[int, int]] = []
        self._characters: set[str] = set()
        self._write(_HEADER)
        self._font = self._reserve()
        self._root = self._reserve()
        self._node = self._reserve()

    def text(self, text: str) -> bytes:
        """A string to show with the font /F: two bytes a glyph, as hexadecimal. Notes the glyphs as used."""
        self._characters.update(text)
        ids = typeface().glyph_ids
        return b"<" + "".join([f"{ids[c]:04X}" for c in text]).encode() + b">"

    def page(
        self,
        width: float,
        height: float,
        content: bytes,
        drawn: Mapping[str, int] | None = None,
        links: Iterable[Link] = (),
    ) -> None:
        """One page of `width` x `height` points. `drawn`: names of `content` to what `jpeg` or `reserve` gave."""
        stream = self._stream(b"", content)
        box = f"[0 0 {width:.4f} {height:.4f}]"
        objects = " ".join(f"/{name} {number} 0 R" for name, number in sorted((drawn or {}).items()))
        also = f" /XObject << {objects} >>" if objects else ""
        marks = " ".join(f"{number} 0 R" for number in [self._link(link) for link in links])
        annotated = f" /Annots [{marks}]" if marks else ""
        self._pages.append(
            self._object(
                f"<< /Type /Page /Parent {self._node} 0 R /MediaBox {box} /CropBox {box} /Contents {stream} 0 R"
                f" /Resources << /Font << /F {self._font} 0 R >>{also} >>{annotated} >>".encode()
            )
        )
        if len(self._pages) == _PAGES_PER_NODE:
            self._close_node()
            self._node = self._reserve()

    def jpeg(self, data: bytes, width: int, height: int) -> int:
        """A picture of `width` x `height` pixels in RGB, for `drawn` of any later page."""
        return self._object(
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8"
            b" /Filter /DCTDecode /Length %d >>\nstream\n%b\nendstream" % (width, height, len(data), data)
        )

    def reserve(self) -> int:
        """Something to be drawn that is known only later; `fill` it before `close`."""
        return self._reserve()

    def fill(self, reserved: int, width: float, height: float, content: bytes) -> None:
        """Says what to draw in the place of what was reserved."""
        packed = zlib.compress(content, _COMPRESSION)
        self._object(
            f"<< /Type /XObject /Subtype /Form /BBox [0 0 {width:.4f} {height:.4f}]"
            f" /Resources << /Font << /F {self._font} 0 R >> >> /Filter /FlateDecode"
            f" /Length {len(packed)} >>\nstream\n".encode()
            + packed
            + b"\nendstream",
            reserved,
        )

    def _link(self, link: Link) -> int:
        left, bottom, right, top, address = link
        escaped = address.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        return self._object(
            f"<< /Type /Annot /Subtype /Link /Rect [{left:.2f} {bottom:.2f} {right:.2f} {top:.2f}] /Border [0 0 0]"
            f" /A << /S /URI /URI ({escaped}) >> >>".encode("ascii")
        )

    def close(self) -> None:
        """Font, page tree, catalogue and cross-reference table."""
        if self._pages or not self._nodes:
            self._close_node()
        else:
            self._object(b"null", self._node)
        total = sum(count for _, count in self._nodes)
        kids = " ".join(f"{node} 0 R" for node, _ in self._nodes)
        self._object(f"<< /Type /Pages /Count {total} /Kids [{kids}] >>".encode(), self._root)
        self._write_font()
        catalogue = self._object(
            f"<< /Type /Catalog /Pages {self._root} 0 R /Lang ({self._lang})"
            " /ViewerPreferences << /PrintScaling /None /PickTrayByPDFSize true /DisplayDocTitle true >> >>".encode()
        )
        title = ("\ufeff" + self._title).encode("utf-16-be").hex().upper()
        info = self._object(f"<< /Title <{title}> /Producer (TemThat) >>".encode())
        self._write_references(catalogue, info)

    def _close_node(self) -> None:
        kids = " ".join(f"{page} 0 R" for page in self._pages)
        self._object(
            f"<< /Type /Pages /Parent {self._root} 0 R /Count {len(self._pages)} /Kids [{kids}] >>".encode(),
            self._node,
        )
        self._nodes.append((self._node, len(self._pages)))
        self._pages = []

    def _write_font(self) -> None:
        """The font as a CID TrueType subset (ISO 32000-1, 9.7), with a map back to text for search and copying."""
        face, used = typeface(), sorted(self._characters)
        numbers = face.metrics
        program = subset(frozenset(used))
        file = self._stream(f"/Length1 {len(program)} ".encode(), program)
        name = f"{_tag(used)}+BeVietnamPro-Medium"
        box = " ".join(str(numbers[key]) for key in ("x_min", "y_min", "x_max", "y_max"))
        descriptor = self._object(
            f"<< /Type /FontDescriptor /FontName /{name} /Flags 4 /FontBBox [{box}] /ItalicAngle 0 /StemV 95"
            f" /Ascent {numbers['ascent']} /Descent {numbers['descent']} /CapHeight {numbers['cap_height']}"
            f" /FontFile2 {file} 0 R >>".encode()
        )
        by_id = sorted((face.glyph_ids[c], c) for c in used)
        widths = " ".join(f"{i} [{round(face.advance(c) * 1000 / face.units_per_em)}]" for i, c in by_id)
        descendant = self._object(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDToGIDMap /Identity"
            " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
            f" /FontDescriptor {descriptor} 0 R /DW 600 /W [{widths}] >>".encode()
        )
        to_unicode = self._stream(b"", (_TO_UNICODE % _unicode_map(by_id)).encode())
        self._object(
            f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H"
            f" /DescendantFonts [{descendant} 0 R] /ToUnicode {to_unicode} 0 R >>".encode(),
            self._font,
        )

    def _write_references(self, catalogue: int, info: int) -> None:
        start = self._position
        self._write(f"xref\n0 {len(self._offsets)}\n0000000000 65535 f \n".encode())
        for offset in self._offsets[1:]:
            self._write(f"{offset:010} 00000 n \n".encode())
        self._write(
            f"trailer\n<< /Size {len(self._offsets)} /Root {catalogue} 0 R /Info {info} 0 R >>\n"
            f"startxref\n{start}\n%%EOF\n".encode()
        )

    def _reserve(self) -> int:
        self._offsets.append(0)
        return len(self._offsets) - 1

    def _object(self, body: bytes, number: int | None = None) -> int:
        number = self._reserve() if number is None else number
        self._offsets[number] = self._position
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, body))
        return number

    def _stream(self, entries: bytes, data: bytes) -> int:
        packed = zlib.compress(data, _COMPRESSION)
        return self._object(
            b"<< %b/Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (entries, len(packed), packed)
        )

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._position += len(data)


def _tag(characters: Iterable[str]) -> str:
    """Six capitals that name a subset (ISO 32000-1, 9.6.4), the same for the same characters."""
    number = zlib.crc32("".join(characters).encode())
    letters = ""
    for _ in range(6):
        number, letter = divmod(number, 26)
        letters += chr(ord("A") + letter)
    return letters


def _unicode_map(by_id: list[tuple[int, str]]) -> str:
    """`bfchar` sections of at most a hundred lines, as the CMap format asks."""
    lines = [f"<{i:04X}> <{c.encode('utf-16-be').hex().upper()}>" for i, c in by_id]
    parts = [lines[i : i + 100] for i in range(0, len(lines), 100)]
    return "\n".join(f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar" for part in parts)
