"""The listing pack (bộ đăng bán): what a clerk pastes into a marketplace's form, for each pack a shopper can buy.

dang-ban.csv, dang-ban.xlsx   a line a pack: titles, texts, content, origin, papers; the price is left empty
bai-dang/*.txt                the same texts to copy
anh/*.jpg, qr.png             pictures, and the code that opens the product's page
giay-to/                      scans of papers that hold
DOC-TRUOC.txt                 limits of the channel, and which of them are guesses
"""

import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.printing.symbol import QUIET_ZONE, make_symbol
from temthat_trace.formats import today
from temthat_trace.offers import ProductPhoto
from temthat_trace.papers import Attachment
from temthat_trace.parties import Party
from temthat_trace.products import PackKind, Product
from temthat_trace.search import clean
from temthat_verify_api.outgoing.exchange import BOM, csv_line
from temthat_verify_api.outgoing.gather import Scope, base_of, page_of, papers_in
from temthat_verify_api.outgoing.listing import HEADS, Channel, listing_of, notes_of, post_of
from temthat_verify_api.outgoing.pack import EPOCH, Pack, ending_of, slug
from temthat_verify_api.wiring import Services

_JPEG_QUALITY = 88
_QR_DOTS = 12
_MADE = dt.datetime(*EPOCH)  # noqa: DTZ001 - openpyxl wants it naive; the same for every file
_SAVED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
_WIDTH = {"title": 48, "title_en": 36, "short": 40, "long": 60, "long_en": 50, "papers": 40, "page": 40}


def write_listing(
    session: Session, services: Services, product: Product, channel: Channel, out: BinaryIO
) -> None:
    """The pack for one product and channel."""
    party = session.get_one(Party, product.party_id)
    day = today(services.now())
    papers = [p for p in papers_in(session, Scope(party, [product])) if p.is_valid(day)]
    page = page_of(base_of(services), party.code, product.code)
    pack = Pack(out)
    names = [pack.add(name, [data]) for name, data in _photos(session, product, channel)]
    forms = [form for form in product.pack_forms if form.kind is not PackKind.CASE]
    lines = [listing_of(product, party, form, papers, channel, page, names) for form in forms]
    rows = [[getattr(line, name) for name in HEADS] for line in lines]
    pack.add("dang-ban.csv", [BOM, csv_line(HEADS.values()), *map(csv_line, rows)])
    pack.add("dang-ban.xlsx", [_workbook(rows)])
    for line in lines:
        pack.add(f"bai-dang/{slug(line.sku)}.txt", [post_of(line).encode()])
    pack.add("qr.png", [qr_png(page)])
    for paper in papers:
        found = session.get(Attachment, paper.scan) if paper.scan else None
        if found is not None:
            pack.add(f"giay-to/{slug(paper.code)}{ending_of(found.media_type)}", [found.data])
    pack.add("DOC-TRUOC.txt", [notes_of(channel, lines, names).encode()])
    pack.finish()


def _photos(session: Session, product: Product, channel: Channel) -> Iterator[tuple[str, bytes]]:
    query = select(ProductPhoto.digest).where(ProductPhoto.product_id == product.id)
    digests = list(session.scalars(query.order_by(ProductPhoto.position).limit(channel.photos)))
    if not digests and product.picture:
        digests = [product.picture]
    for number, digest in enumerate(digests, 1):
        found = session.get(Attachment, digest)
        made = _jpeg(found.data, channel.photo_side) if found else None
        if made is not None:
            yield f"anh/{slug(product.code)}-{number}.jpg", made


def _jpeg(data: bytes, side: int) -> bytes | None:
    """JPEG, which every marketplace takes; nothing of the camera is in it."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as opened:
            picture = opened.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()


def qr_png(address: str) -> bytes:
    """The QR code of a page, with its quiet zone."""
    symbol = make_symbol(address)
    side = symbol.size_with_quiet_zone
    picture = Image.new("L", (side, side), 255)
    for y, row in enumerate(symbol.rows()):
        for x, dark in enumerate(row):
            if dark:
                picture.putpixel((x + QUIET_ZONE, y + QUIET_ZONE), 0)
    out = io.BytesIO()
    picture.resize((side * _QR_DOTS, side * _QR_DOTS), Image.Resampling.NEAREST).convert("1").save(out, "PNG")
    return out.getvalue()


def _workbook(rows: Iterable[Sequence[str]]) -> bytes:
    """XLSX with every cell as text, so that nothing in it is ever computed; the same bytes for the same rows."""
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = _MADE
    sheet = book.create_sheet("Đăng bán")
    for number, name in enumerate(HEADS, 1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTH.get(name, 18)
    sheet.freeze_panes = "C2"
    sheet.append([_cell(sheet, head, bold=True) for head in HEADS.values()])
    for row in rows:
        sheet.append([_cell(sheet, text) for text in row])
    out = io.BytesIO()
    book.save(out)
    return _timeless(out.getvalue())


def _cell(sheet: Any, text: str, *, bold: bool = False) -> Any:
    cell = WriteOnlyCell(sheet, clean(text))
    cell.data_type = "s"
    cell.number_format = "@"
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if bold:
        cell.font = Font(bold=True)
    return cell


def _timeless(data: bytes) -> bytes:
    """The same ZIP without the time it was made."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as made, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as kept:
        for info in made.infolist():
            # openpyxl writes the moment of saving over what it was told.
            data = _SAVED.sub(rb"\g<1>1980-01-01T00:00:00Z\g<2>", made.read(info))
            kept.writestr(zipfile.ZipInfo(info.filename, EPOCH), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()
