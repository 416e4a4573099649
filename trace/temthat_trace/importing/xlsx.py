"""Reads XLSX (Office Open XML, ECMA-376) as a stream: values with their number format, font and merged ranges.

Written here rather than taken from a library because the traps need what readers hide: the serial number behind a
date, whether a formula's result was stored, the font that betrays old encodings, and because styling that has no
meaning for us must never make a file unreadable. Only six kinds of parts are opened. The parser is defusedxml's, which
refuses document types and entities; archive.Archive has measured everything before.
"""

import io
import posixpath
import re
from decimal import Decimal, InvalidOperation
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

import defusedxml.sax
from defusedxml.common import DefusedXmlException

from temthat_trace.importing.archive import Archive, damaged, too_large
from temthat_trace.importing.legacy import font_of
from temthat_trace.importing.raw import (
    LIMITS,
    PLAIN,
    CellKind,
    Limits,
    Merged,
    RawCell,
    RawSheet,
    Style,
    address_of,
)
from temthat_trace.importing.report import WorkbookRefused

_DATE_IDS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_NOT_CODE = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_MAX_MERGED = 10_000
_MAX_STYLES = 70_000
_MAX_ELEMENTS = (
    4_000_000  # of one part: a sheet at the limits of cells has fewer; beyond it is only an attack on time
)


def read_xlsx(archive: Archive, limits: Limits = LIMITS) -> list[RawSheet]:
    """All worksheets of the workbook, in their order; raises WorkbookRefused for what is damaged or too large."""
    book_name = _book_name(archive)
    book = _Book()
    _parse(archive.read(book_name), book)
    folder = posixpath.dirname(book_name)
    relations = _Relations()
    _parse(archive.read(f"{folder}/_rels/{posixpath.basename(book_name)}.rels".lstrip("/")), relations)

    texts = _SharedTexts(limits)
    styles = _Styles()
    for kind, handler in (("sharedStrings", texts), ("styles", styles)):
        for target in relations.of_kind(kind, folder):
            if target in archive.names:
                _parse(archive.read(target), handler)

    budget = _Budget(limits)
    sheets = []
    for name, relation, hidden in book.sheets:
        part = relations.target(relation, folder)
        if part is None or relations.kind.get(relation) != "worksheet":
            continue  # a chart sheet
        cells = _Cells(texts.items, styles.table(), budget)
        _parse(archive.read(part), cells)
        sheets.append(RawSheet(name, cells.rows, cells.merged, book.is_1904, hidden))
    return sheets


def _book_name(archive: Archive) -> str:
    if "_rels/.rels" in archive.names:
        root = _Relations()
        _parse(archive.read("_rels/.rels"), root)
        for target in root.of_kind("officeDocument", ""):
            if target in archive.names:
                return target
    return "xl/workbook.xml"


def _parse(data: bytes, handler: ContentHandler) -> None:
    """Run one part through the parser; raises WorkbookRefused for XML that is broken or attacks."""
    try:
        defusedxml.sax.parse(io.BytesIO(data), handler, forbid_dtd=True)
    except DefusedXmlException:
        raise WorkbookRefused(
            "Tệp chứa nội dung nguy hiểm (XML có khai báo thực thể) nên không được mở.",
            "The file holds dangerous content (XML entity declarations) and was not opened.",
        ) from None
    except (SAXException, ValueError, LookupError, OverflowError):
        raise damaged() from None


class _Handler(ContentHandler):
    """Names without their prefixes, so that every writer's habit of namespaces reads alike."""

    def __init__(self) -> None:
        super().__init__()
        self._elements = _MAX_ELEMENTS

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        self._elements -= 1
        if self._elements < 0:
            raise too_large()
        self.begin(name.rpartition(":")[2], {k.rpartition(":")[2]: v for k, v in attrs.items()})

    def endElement(self, name: str) -> None:  # noqa: N802
        self.end(name.rpartition(":")[2])

    def begin(self, name: str, attrs: dict[str, str]) -> None:
        raise NotImplementedError

    def end(self, name: str) -> None:
        """Nothing, unless a part cares."""


class _Book(_Handler):
    """workbook.xml: the sheets' names and relations, and which day is day 1."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str, bool]] = []
        self.is_1904 = False

    def begin(self, name: str, attrs: dict[str, str]) -> None:
        if name == "sheet" and "id" in attrs:
            hidden = attrs.get("state", "visible") != "visible"
            self.sheets.append((attrs.get("name", ""), attrs["id"], hidden))
        elif name == "workbookPr":
            self.is_1904 = attrs.get("date1904", "0") in ("1", "true")


class _Relations(_Handler):
    """A .rels part: what each relation id points to."""

    def __init__(self) -> None:
        super().__init__()
        self.kind: dict[str, str] = {}
        self._target: dict[str, str] = {}

    def begin(self, name: str, attrs: dict[str, str]) -> None:
        if name == "Relationship" and attrs.get("TargetMode") != "External":
            self.kind[attrs["Id"]] = attrs["Type"].rpartition("/")[2]
            self._target[attrs["Id"]] = attrs["Target"]

    def target(self, relation: str, folder: str) -> str | None:
        """The part's name inside the archive."""
        target = self._target.get(relation)
        if target is None:
            return None
        return posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")

    def of_kind(self, kind: str, folder: str) -> list[str]:
        """All parts of that kind."""
        found = (self.target(r, folder) for r, k in self.kind.items() if k == kind)
        return [t for t in found if t is not None]


class _Styles(_Handler):
    """styles.xml: for each style number its number format and font."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = ""
        self._formats: dict[int, str] = {}
        self._fonts: list[str] = []
        self._styles: list[tuple[int, int]] = []

    def begin(self, name: str, attrs: dict[str, str]) -> None:
        if name in ("fonts", "cellXfs", "numFmts", "cellStyleXfs", "dxfs"):
            self._inside = name
        elif name == "numFmt" and self._inside == "numFmts":
            self._formats[int(attrs["numFmtId"])] = attrs.get("formatCode", "")
        elif name == "font" and self._inside == "fonts":
            self._fonts.append("")
        elif name == "name" and self._inside == "fonts" and self._fonts:
            self._fonts[-1] = attrs.get("val", "")
        elif name == "xf" and self._inside == "cellXfs" and len(self._styles) < _MAX_STYLES:
            self._styles.append((int(attrs.get("numFmtId", 0)), int(attrs.get("fontId", 0))))

    def end(self, name: str) -> None:
        if name == self._inside:
            self._inside = ""

    def table(self) -> list[Style]:
        """One Style per style number; a reference to nothing is plain."""
        return [self._style(number, font) for number, font in self._styles]

    def _style(self, number: int, font: int) -> Style:
        code = self._formats.get(number, "General" if number == 0 else f"#{number}")
        name = self._fonts[font] if 0 <= font < len(self._fonts) else ""
        return Style(code, name, number in _DATE_IDS or is_date_format(code))


def is_date_format(code: str) -> bool:
    """Whether a number format shows a date or time: d, m, y or h outside quotes, escapes and brackets."""
    bare = _NOT_CODE.sub("", code).lower()
    return bare != "general" and any(letter in bare for letter in "dmyh")


class _SharedTexts(_Handler):
    """sharedStrings.xml: every text once, with the old font one of its runs may be in."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.items: list[tuple[str, str]] = []
        self._limits = limits
        self._parts: list[str] = []
        self._font = ""
        self._listening = False
        self._phonetic = False

    def begin(self, name: str, attrs: dict[str, str]) -> None:
        if name == "si":
            self._parts, self._font = [], ""
        elif name == "rPh":
            self._phonetic = True
        elif name == "t":
            self._listening = not self._phonetic
        elif name == "rFont" and font_of(attrs.get("val", "")):
            self._font = attrs["val"]

    def characters(self, content: str) -> None:
        if self._listening:
            self._parts.append(content)

    def end(self, name: str) -> None:
        if name == "t":
            self._listening = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "si":
            text = "".join(self._parts)
            if len(text) > self._limits.text:
                raise too_large()
            self.items.append((text, self._font))


class _Budget:
    """What all sheets together may still hold."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._rows = limits.rows
        self._cells = limits.cells

    def spend(self, cells: int) -> None:
        """Account for one filled row; raises WorkbookRefused when there is too much."""
        self._rows -= 1
        self._cells -= cells
        if self._rows < 0 or self._cells < 0:
            raise too_large()

    def check(self, text: str) -> None:
        """Refuse a single text beyond what Excel itself can hold."""
        if len(text) > self._limits.text:
            raise too_large()

    @property
    def columns(self) -> int:
        """Columns that are looked at; what stands further right is no column of ours."""
        return self._limits.columns


class _Cells(_Handler):
    """A worksheet part: its filled cells row by row, and its merged ranges."""

    def __init__(self, texts: list[tuple[str, str]], styles: list[Style], budget: _Budget) -> None:
        super().__init__()
        self.rows: list[list[RawCell]] = []
        self.merged: list[Merged] = []
        self._texts = texts
        self._styles = styles
        self._budget = budget
        self._row = 0
        self._column = 0
        self._cells: list[RawCell] = []
        self._type = "n"
        self._style = PLAIN
        self._formula = False
        self._phonetic = False
        self._listening = False
        self._parts: list[str] = []

    def begin(self, name: str, attrs: dict[str, str]) -> None:
        if name == "c":
            self._column += 1
            if "r" in attrs:
                self._row, self._column = address_of(attrs["r"])
            self._type = attrs.get("t", "n")
            number = int(attrs.get("s", 0))
            self._style = self._styles[number] if 0 <= number < len(self._styles) else PLAIN
            self._formula = False
            self._parts = []
        elif name == "v" or (name == "t" and not self._phonetic):
            self._listening = True
        elif name == "f":
            self._formula = True
        elif name == "rPh":
            self._phonetic = True
        elif name == "row":
            self._row = int(attrs.get("r", self._row + 1))
            self._column = 0
            self._cells = []
        elif name == "rFont" and font_of(attrs.get("val", "")):
            self._style = Style(self._style.number_format, attrs["val"], self._style.is_date)
        elif name == "mergeCell" and len(self.merged) < _MAX_MERGED:
            first, _, last = attrs.get("ref", "").partition(":")
            top, left = address_of(first)
            bottom, right = address_of(last or first)
            self.merged.append(Merged(top, left, bottom, right))

    def characters(self, content: str) -> None:
        if self._listening:
            self._parts.append(content)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._listening = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "c":
            self._cell()
        elif name == "row" and self._cells:
            self._budget.spend(len(self._cells))
            self.rows.append(self._cells)
            self._cells = []

    def _cell(self) -> None:
        text = "".join(self._parts)
        if self._column > self._budget.columns or not (text or self._formula):
            return
        self._budget.check(text)
        cell = self._filled(text) if text else self._made(CellKind.NO_CACHE, "")
        if cell.value != "" or cell.kind is CellKind.NO_CACHE:
            self._cells.append(cell)

    def _filled(self, text: str) -> RawCell:
        kinds = {"b": CellKind.BOOLEAN, "e": CellKind.ERROR, "d": CellKind.DATE}
        if self._type == "s":
            shared, font = self._texts[int(text)]
            if font:
                self._style = Style(self._style.number_format, font, self._style.is_date)
            return self._made(CellKind.TEXT, shared)
        if self._type in ("str", "inlineStr"):
            return self._made(CellKind.TEXT, text)
        if self._type in kinds:
            return self._made(kinds[self._type], text)
        return self._number(text)

    def _number(self, text: str) -> RawCell:
        """A number as Excel means it: 15 significant digits; the rest of a double is noise of its binary form."""
        try:
            value = Decimal(text.strip())
        except InvalidOperation:
            return self._made(CellKind.TEXT, text)
        if not value.is_finite() or abs(value.adjusted()) > 300:
            return self._made(CellKind.ERROR, text)
        return self._made(CellKind.NUMBER, Decimal(f"{value:.15g}"))

    def _made(self, kind: CellKind, value: str | Decimal) -> RawCell:
        return RawCell(self._row, self._column, kind, value, self._style)
