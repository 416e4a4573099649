"""One stamp, or one bare symbol, as a picture: PNG in printer dots, SVG in outlines that need no font."""

from io import BytesIO
from xml.sax.saxutils import escape

from PIL import Image

from temthat_stamps.printing.bitmap import stamp_image, symbol_image
from temthat_stamps.printing.composition import Composition
from temthat_stamps.printing.layout import MM_PER_INCH, Printer
from temthat_stamps.printing.symbol import QUIET_ZONE, Symbol
from temthat_stamps.printing.typeface import face, typeface

_INCHES_PER_METRE = 1000 / MM_PER_INCH


def stamp_png(composition: Composition, symbol: Symbol, number: str, printer: Printer) -> bytes:
    """The label in its exact dots, 1 bit each, with its resolution so that programs place it at its true size."""
    return _png(stamp_image(composition, symbol, number), printer.dpi)


def symbol_png(symbol: Symbol, module: int = 10, dpi: int = 600) -> bytes:
    """The bare symbol with its quiet zone, `module` dots a module."""
    side = symbol.size_with_quiet_zone * module
    image = Image.new("1", (side, side), 1)
    image.paste(symbol_image(symbol, module), (QUIET_ZONE * module, QUIET_ZONE * module))
    return _png(image, dpi)


def preview(composition: Composition, symbol: Symbol, number: str) -> bytes:
    """The label for a screen: enlarged to a readable width in whole steps, with a thin border. PNG."""
    image = stamp_image(composition, symbol, number).convert("L")
    bordered = Image.new("L", (image.width + 2, image.height + 2), 190)
    bordered.paste(image, (1, 1))
    times = max(1, round(600 / bordered.width))
    size = (bordered.width * times, bordered.height * times)
    out = BytesIO()
    bordered.resize(size, Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def stamp_svg(composition: Composition, symbol: Symbol, number: str, printer: Printer) -> str:
    """The label as one SVG of its true size; the user unit is a printer dot."""
    size, rows = composition.number_texts(number)
    parts = [_svg_symbol(symbol, composition.module, composition.symbol_x, composition.symbol_y)]
    parts += [_svg_text(t.text, t.x, t.baseline, t.size, t.width * t.centred) for t in composition.texts]
    parts += [
        _svg_text(text, row.x, row.baseline, size, row.width * row.centred)
        for text, row in zip(rows, composition.number, strict=True)
    ]
    return _svg(composition.width, composition.height, printer, number, parts)


def symbol_svg(symbol: Symbol, module: int = 10, dpi: int = 600) -> str:
    """The bare symbol with its quiet zone, for a designer's own artwork."""
    side, quiet = symbol.size_with_quiet_zone * module, QUIET_ZONE * module
    return _svg(side, side, Printer(dpi), "QR", [_svg_symbol(symbol, module, quiet, quiet)])


def _png(image: Image.Image, dpi: int) -> bytes:
    out = BytesIO()
    image.save(out, "PNG", dpi=(dpi, dpi))
    return out.getvalue()


def _svg(width: int, height: int, printer: Printer, title: str, parts: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{printer.mm(width):.3f}mm" height="{printer.mm(height):.3f}mm"'
        f' viewBox="0 0 {width} {height}"><title>{escape(title)}</title>'
        f'<path fill="#fff" d="M0 0h{width}v{height}h-{width}z"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _svg_symbol(symbol: Symbol, module: int, x: int, y: int) -> str:
    """Runs of dark modules, row by row, as one path."""
    path: list[str] = []
    for row_number, row in enumerate(symbol.rows()):
        column = 0
        for run in row.replace(b"\0\1", b"\0 \1").replace(b"\1\0", b"\1 \0").split(b" "):
            if run[0]:
                path.append(f"M{column} {row_number}h{len(run)}v1h-{len(run)}z")
            column += len(run)
    return f'<path transform="translate({x} {y}) scale({module})" d="{"".join(path)}"/>'


def _svg_text(text: str, x: int, baseline: int, size: int, centred_in: int) -> str:
    """Text as outlines: the same on every machine, with or without the font."""
    font = typeface()
    pen = float(x)
    if centred_in:
        pen += (centred_in - face(size).width(text)) / 2
    scale = size / font.units_per_em
    glyphs: list[str] = []
    for character in text:
        if outline := font.outline(character):
            glyphs.append(
                f'<path transform="translate({pen:.2f} {baseline}) scale({scale:.5f} {-scale:.5f})" d="{outline}"/>'
            )
        pen += font.advance(character) * scale
    return f'<g aria-label="{escape(text, {chr(34): "&quot;"})}">{"".join(glyphs)}</g>'
