"""Pages to measure a printer with: where it puts things, how it scales, which module it still prints clearly."""

from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageDraw

from temthat_stamps.printing.composition import Composition
from temthat_stamps.printing.job import PrintJob
from temthat_stamps.printing.layout import A4, Layout, Printer
from temthat_stamps.printing.pdf import POINTS_PER_INCH, begin_page, page_points, ruler, show, symbol_path
from temthat_stamps.printing.pdffile import PdfFile
from temthat_stamps.printing.roll import Field, canvas_origins, canvas_size, pack
from temthat_stamps.printing.symbol import QUIET_ZONE, make_symbol
from temthat_stamps.printing.tspl import tspl_row, tspl_setup
from temthat_stamps.printing.zpl import zpl_row

CROSS_MM = 20
ACROSS_MM = 150
DOWN_MM = 200
_SYMBOLS_AT = ((40, 118), (75, 118), (110, 118), (145, 118), (40, 158), (75, 158), (110, 158), (145, 158))
_TEXTS = (
    (3.4, "Trang chỉnh máy in TemThật · Printer calibration"),
    (2.7, "1. In trên giấy A4 thường, 100 %, không co giãn. · Print on plain A4 at 100 %, no scaling."),
    (2.7, "2. Đo từ mép trái và từ mép trên của giấy tới tâm dấu thập (đúng là 20 mm)."),
    (2.7, "    Measure from the left and from the top edge to the centre of the cross (20 mm)."),
    (2.7, "3. Đo thước ngang (150 mm) và thước dọc (200 mm). · Measure both rulers."),
    (2.7, "4. Nhập bốn số đo vào bàn làm việc, rồi in lại trang này. · Enter the four lengths, print again."),
    (2.7, "5. Dùng điện thoại quét các mã bên dưới: cỡ nhỏ nhất quét được ngay là cỡ nhỏ nhất nên dùng."),
    (2.7, "    Scan the codes below: use no module smaller than the smallest that reads at once."),
)


def calibration_page(printer: Printer, layout: Layout | None = None) -> bytes:
    """A4 PDF: cross, 10 mm grid, two rulers, symbols from the smallest module upwards.

    Print it with `Printer(dpi)` to measure, with the corrected printer to check. With a sheet layout a second page has
    the outlines of its labels, to hold against a sticker sheet.
    """
    out = BytesIO()
    pdf = PdfFile(out, "TemThật · trang chỉnh máy in")
    width, height = (mm * POINTS_PER_INCH / 25.4 for mm in A4)
    content = [begin_page(A4[1], printer), _grid(printer), *_rulers(pdf, printer), *_symbols(pdf, printer)]
    pdf.page(width, height, b"".join(content))
    if layout is not None:
        pdf.page(*page_points(layout), begin_page(layout.page_h, printer) + _outlines(layout, printer))
    pdf.close()
    return out.getvalue()


def calibration_strip(job: PrintJob) -> bytes:
    """One row of a roll in the job's language: each label framed on its outermost dots and crossed in the middle.

    A frame that is cut off at one side shows which way the media must be moved.
    """
    size = canvas_size(job)
    image = Image.new("1", size, 1)
    draw = ImageDraw.Draw(image)
    width, height = job.printer.room(job.layout.cell_w), job.printer.room(job.layout.cell_h)
    for x, y in canvas_origins(job):
        for inset in (0, job.printer.length(1), job.printer.length(2)):
            draw.rectangle((x + inset, y + inset, x + width - 1 - inset, y + height - 1 - inset), outline=0)
        draw.line((x + width // 2, y, x + width // 2, y + height), fill=0)
        draw.line((x, y + height // 2, x + width, y + height // 2), fill=0)
    fields = [Field(0, 0, pack(image))]
    return zpl_row(size, fields) if job.kind == "zpl" else tspl_setup(job) + tspl_row(fields)


class _Rectangle(NamedTuple):
    x: int
    y: int
    width: int
    height: int


def _grid(printer: Printer) -> bytes:
    """Every 10 mm in light grey, and the cross."""
    lines = [
        (printer.x(x), printer.y(CROSS_MM), printer.x(x), printer.y(280)) for x in range(CROSS_MM, 200, 10)
    ]
    lines += [
        (printer.x(CROSS_MM), printer.y(y), printer.x(190), printer.y(y)) for y in range(CROSS_MM, 290, 10)
    ]
    light = b"".join(b"%d %d m %d %d l " % line for line in lines)
    x, y, arm = printer.x(CROSS_MM), printer.y(CROSS_MM), printer.length(6)
    cross = b"%d %d m %d %d l %d %d m %d %d l " % (x - arm, y, x + arm, y, x, y - arm, x, y + arm)
    hair = 0.1 * printer.dots_per_mm
    return b"q 0.85 G %.2f w %bS 0 G %.2f w %bS Q\n" % (hair, light, 2 * hair, cross)


def _rulers(pdf: PdfFile, printer: Printer) -> list[bytes]:
    text = [b"BT\n"]
    y = 44.0
    for size_mm, line in _TEXTS:
        y += size_mm * 1.65
        text.append(show(pdf, line, printer.x(42), printer.y(y), printer.length(size_mm)))
    paper = _blank(printer, 41, 43, 148, y - 40)
    return [
        paper,
        *text,
        b"ET\n",
        ruler(pdf, printer, 30, 38, ACROSS_MM),
        ruler(pdf, printer, 30, 60, DOWN_MM, down=True),
    ]


def _symbols(pdf: PdfFile, printer: Printer) -> list[bytes]:
    """Stamps' symbols (version 6-M) from the smallest module upwards, each on its own white ground."""
    parts: list[bytes] = []
    for i, (x_mm, y_mm) in enumerate(_SYMBOLS_AT):
        module = printer.min_module_dots + i * max(1, round(printer.dpi / 300))
        module_mm = printer.mm(module)
        symbol = make_symbol(f"TEMTHAT CALIBRATION {module} DOTS {module_mm:.3f} MM ".upper().ljust(154, "."))
        side = symbol.size_with_quiet_zone * module
        caption = f"{module} chấm · {module_mm:.2f} mm · {printer.mm(side):.1f} mm".replace(".", ",")
        if printer.mm(side) > 34:
            break
        quiet = QUIET_ZONE * module
        place = Composition(side, side, symbol.size, module, quiet, quiet, (), (), 0, cut=False)
        x, y = printer.x(x_mm), printer.y(y_mm)
        parts += [
            _blank(printer, x_mm - 0.5, y_mm - 0.5, 35.5, 39.5),
            b"q 1 0 0 1 %d %d cm\n" % (x, y),
            symbol_path(symbol, place),
            b"Q BT\n",
            show(pdf, caption, x, printer.y(y_mm + printer.mm(side) + 2), printer.length(2)),
            b"ET\n",
        ]
    return parts


def _blank(printer: Printer, x: float, y: float, width: float, height: float) -> bytes:
    corner = _Rectangle(printer.x(x), printer.y(y), printer.length(width), printer.length(height))
    return b"q 1 g %d %d %d %d re f Q\n" % corner


def _outlines(layout: Layout, printer: Printer) -> bytes:
    width, height = printer.room(layout.cell_w), printer.room(layout.cell_h)
    boxes = b"".join(b"%d %d %d %d re " % (x, y, width, height) for x, y in layout.origins(printer))
    return b"q 0.3 G %.2f w %bS Q\n" % (0.1 * printer.dots_per_mm, boxes)
