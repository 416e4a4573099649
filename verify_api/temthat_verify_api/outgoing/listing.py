"""What is said of a product on a marketplace, pack by pack: titles and texts within the channel's limits. Pure.

Nothing is translated and nothing is made up: where the producer gave no English, the English texts are empty. Stars
are named only while their paper is confirmed for this product and valid.
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from temthat_trace import formats
from temthat_trace.importing.choices import PRODUCT_GROUPS
from temthat_trace.papers import Paper, PaperKind
from temthat_trace.parties import Party
from temthat_trace.places import province
from temthat_trace.products import PackForm, Product
from temthat_trace.search import clean
from temthat_trace.vouching import Vouching
from temthat_verify_api.outgoing.words import Words

ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Channel:
    """A marketplace and what fits into its form. `assumed`: limits that nobody published."""

    key: str
    name: str
    title: int
    short: int
    long: int
    photos: int
    photo_side: int
    assumed: tuple[str, ...]


@cache
def channels() -> dict[str, Channel]:
    """The channels by key, as `channels.toml` has them."""
    read = tomllib.loads(resources.files(__package__).joinpath("channels.toml").read_text("utf-8"))
    found = [Channel(**(entry | {"assumed": tuple(entry["assumed"])})) for entry in read["channel"]]
    return {channel.key: channel for channel in found}


@dataclass(frozen=True, slots=True)
class Listing:
    """One line: a pack in a channel's form. `cut`: which texts had to be shortened."""

    sku: str
    title: str
    title_en: str
    short: str
    long: str
    long_en: str
    price: str
    price_unit: str
    content: str
    gtin: str
    brand: str
    maker: str
    address: str
    origin: str
    group: str
    ocop: str
    papers: str
    shelf_life: str
    storage: str
    warning: str
    page: str
    photos: str
    cut: str


HEADS: dict[str, str] = {
    "sku": "Mã hàng",
    "title": "Tên đăng bán",
    "title_en": "Tên tiếng Anh",
    "short": "Mô tả ngắn",
    "long": "Mô tả chi tiết",
    "long_en": "Mô tả tiếng Anh",
    "price": "Giá bán (đ) – tự điền",
    "price_unit": "Giá tính theo",
    "content": "Lượng tịnh",
    "gtin": "GTIN",
    "brand": "Thương hiệu",
    "maker": "Đơn vị sản xuất",
    "address": "Địa chỉ",
    "origin": "Xuất xứ",
    "group": "Nhóm hàng",
    "ocop": "OCOP",
    "papers": "Giấy tờ còn hiệu lực",
    "shelf_life": "Hạn dùng",
    "storage": "Bảo quản",
    "warning": "Cảnh báo",
    "page": "Trang nguồn gốc",
    "photos": "Tệp ảnh",
    "cut": "Đã rút gọn",
}
"""Columns in order, and what a clerk calls them."""


def listing_of(
    product: Product,
    party: Party,
    form: PackForm,
    papers: Sequence[Paper],
    channel: Channel,
    page: str,
    photos: Sequence[str],
) -> Listing:
    """One pack of a product in a channel's form; `papers` are those valid today, `photos` names of files."""
    words = Words("vi")
    holds = words.net_content(form, product.base_unit)
    ocop = ocop_line(product, papers)
    origin = origin_line(party)
    months = words("months", n=product.shelf_life_months) if product.shelf_life_months else ""
    title, title_cut = shortened(_joined(product.name, form.name), channel.title)
    title_en, title_en_cut = shortened(
        _joined(product.name_en, form.name_en) if product.name_en else "", channel.title
    )
    first = product.description.partition("\n")[0]
    short, short_cut = shortened(". ".join(filter(None, (first.rstrip("."), ocop, origin))), channel.short)
    body = (
        product.description,
        f"Quy cách: {form.name}" + (f" ({holds})" if holds and holds not in form.name else ""),
        ocop,
        f"Xuất xứ: {origin}",
        f"Đơn vị sản xuất: {party.name}",
        f"Hạn dùng: {months}" if months else "",
        f"Bảo quản: {product.storage}" if product.storage else "",
        f"Tiêu chuẩn: {product.standard}" if product.standard else "",
        f"Cảnh báo: {product.warning}" if product.warning else "",
        f"Xem nguồn gốc từng lô: {page}",
    )
    long, long_cut = shortened("\n".join(filter(None, body)), channel.long)
    english = (product.description_en, product.storage_en and f"Storage: {product.storage_en}")
    long_en, long_en_cut = shortened("\n".join(filter(None, english)), channel.long)
    cuts = {
        "tên": title_cut,
        "tên tiếng Anh": title_en_cut,
        "mô tả ngắn": short_cut,
        "mô tả chi tiết": long_cut,
        "mô tả tiếng Anh": long_en_cut,
    }
    return Listing(
        sku=f"{product.code}-{form.code}",
        title=title,
        title_en=title_en,
        short=short,
        long=long,
        long_en=long_en,
        price="",
        price_unit=form.name,
        content=holds,
        gtin=form.gtin or product.gtin or "",
        brand=product.brand,
        maker=party.name,
        address=party.address,
        origin=origin,
        group=PRODUCT_GROUPS.get(product.group, ("",))[0],
        ocop=ocop,
        papers="; ".join(_paper(paper, product, words) for paper in papers),
        shelf_life=months,
        storage=product.storage,
        warning=product.warning,
        page=page,
        photos="; ".join(photos),
        cut=", ".join(name for name, was in cuts.items() if was),
    )


def _joined(name: str, form: str) -> str:
    """A product with its pack, unless the pack says it all."""
    return name if not form else form if name in form else f"{name} – {form}"


def ocop_line(product: Product, valid: Iterable[Paper]) -> str:
    """The stars that may be named: of a paper that is confirmed for this product, and valid; else nothing."""
    best = [
        paper
        for paper in valid
        if paper.kind is PaperKind.OCOP and paper.stars and paper.vouching(product.id) is Vouching.CONFIRMED
    ]
    if not best:
        return ""
    paper = max(best, key=lambda paper: paper.stars or 0)
    until = f", đến {formats.date(paper.valid_until)}" if paper.valid_until else ""
    return f"OCOP {paper.stars} sao ({paper.number}{until})"


def origin_line(party: Party) -> str:
    """Where the goods come from, as far as it is known: province and country."""
    return f"{province(party.province).name}, Việt Nam" if party.province else "Việt Nam"


def _paper(paper: Paper, product: Product, words: Words) -> str:
    until = f" đến {formats.date(paper.valid_until)}" if paper.valid_until else ""
    vouched = words.vouching(paper.vouching(product.id).value)
    return f"{words.page(f'paper_{paper.kind.value}')} {paper.number}{until} ({vouched})"


def shortened(text: str, most: int) -> tuple[str, bool]:
    """A text of at most `most` characters, cut between words with "…", and whether it was cut."""
    text = clean(text)
    if len(text) <= most:
        return text, False
    kept = text[: most - 1]
    if not text[most - 1].isspace():
        whole = kept.rpartition(" ")[0]
        kept = whole if len(whole) > most // 2 else kept
    return kept.rstrip(" ,;.–-\n") + ELLIPSIS, True


def post_of(line: Listing) -> str:
    """The texts as they are copied into a form."""
    english = f"\n\n{line.title_en}\n\n{line.long_en}".rstrip() if line.title_en or line.long_en else ""
    return f"{line.title}\n\n{line.short}\n\n{line.long}{english}\n"


def notes_of(channel: Channel, lines: Sequence[Listing], photos: Sequence[str]) -> str:
    """What a clerk should know before using the pack."""
    said = {
        "title": "tên",
        "short": "mô tả ngắn",
        "long": "mô tả chi tiết",
        "photos": "số ảnh",
        "photo_side": "cỡ ảnh",
    }
    guessed = ", ".join(said[name] for name in channel.assumed)
    text = [
        f"BỘ ĐĂNG BÁN cho {channel.name}",
        "",
        f"Giới hạn đã dùng: tên {channel.title} ký tự, mô tả ngắn {channel.short}, mô tả chi tiết {channel.long},",
        f"tối đa {channel.photos} ảnh, cạnh dài {channel.photo_side} điểm ảnh.",
    ]
    if guessed:
        text.append(f"Sàn không công bố giới hạn; đây là số ước chừng: {guessed}. Hãy xem lại khi điền.")
    text += [
        "Giá bán để trống: hãy tự điền.",
        "Sàn không có cổng nhận dữ liệu tự động được công bố: chép từng mục vào trang đăng bán.",
    ]
    if any(line.cut for line in lines):
        text.append("Có mục bị rút gọn (cột cuối): nên đọc lại trước khi đăng.")
    if not photos:
        text.append("Chưa có ảnh: hãy thêm ảnh sản phẩm ở bàn làm việc.")
    if any(not line.title_en for line in lines):
        text.append("Chưa có tên tiếng Anh; phần mềm không tự dịch.")
    return "\n".join(text) + "\n"
