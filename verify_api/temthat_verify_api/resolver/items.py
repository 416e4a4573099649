"""What an identifier names, as far as it is known here: plain values, and the links they have. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from temthat_stamps.texts import Lang
from temthat_verify_api.resolver.choosing import Level, Link

_TITLES: dict[str, dict[Lang, str]] = {
    "pip": {"vi": "{name}: sản phẩm, đơn vị, giấy tờ", "en": "{name}: product, producer, papers"},
    "certificationInfo": {
        "vi": "Giấy tờ và chứng nhận của {name}",
        "en": "Papers and certificates of {name}",
    },
    "traceability": {"vi": "Truy xuất lô {lot}, {name}", "en": "Where batch {lot} of {name} comes from"},
    "recallStatus": {
        "vi": "Lô {lot}, {name}: có thu hồi không",
        "en": "Batch {lot} of {name}: recalled or not",
    },
    "verificationService": {"vi": "Kiểm tra tem {number}", "en": "Check of stamp {number}"},
}
_DATA: dict[str, str] = {
    "pip": "Dữ liệu sản phẩm {name} / product data (JSON)",
    "masterData": "Dữ liệu sản phẩm {name} / product data (JSON)",
    "traceability": "Dữ liệu lô {lot}, {name} / batch data (JSON)",
    "recallStatus": "Dữ liệu lô {lot}, {name} / batch data (JSON)",
    "verificationService": "Kết luận về tem {number} / verdict on the stamp (JSON)",
}
_EPCIS = "Sự kiện EPCIS của lô {lot}, {name} / EPCIS events of the batch (JSON-LD)"
_JSON = "application/json"
_LD = "application/ld+json"


@dataclass(frozen=True, slots=True)
class Item:
    """A product, and the batch and the stamp of it that were named and are known; empty where they are not.

    `number`: a stamp's printed number whose run is one of this product (and batch); its seal is not checked here.
    """

    party: str
    product: str
    name: str
    name_en: str
    producer: str = ""
    gtin: str = ""
    lot: str = ""
    number: str = ""
    has_papers: bool = False

    @property
    def owner(self) -> str:
        """Tells products of different producers apart."""
        return f"{self.party}\n{self.product}"

    @property
    def page(self) -> str:
        """The path of its product page."""
        return f"/p/{segment(self.party)}/{segment(self.product)}"

    @property
    def data(self) -> str:
        """The path of its data."""
        return f"/api/v1/products/{segment(self.party)}/{segment(self.product)}"


@dataclass(frozen=True, slots=True)
class Paths:
    """The canonical addresses of what was asked about, the empty ones not being part of the question."""

    product: str
    lot: str = ""
    serial: str = ""


def segment(text: str) -> str:
    """A text as one segment of a path: "/" escaped as well."""
    return quote(text, safe="")


def levels_of(items: Sequence[Item], paths: Paths) -> tuple[Level, ...]:
    """The levels that have links, the finest first."""
    levels = (
        _level(paths.serial, [item for item in items if item.number], _serial_links, "verificationService"),
        _level(paths.lot, [item for item in items if item.lot], _lot_links, "traceability"),
        _level(paths.product, items, _product_links, "pip"),
    )
    return tuple(level for level in levels if level is not None)


def _level(
    path: str, items: Sequence[Item], links_of: Callable[[Item], tuple[Link, ...]], main: str
) -> Level | None:
    if not path or not items:
        return None
    links: list[Link] = [link for item in items for link in links_of(item)]
    firsts = [next(link for link in links if link.owner == item.owner) for item in items]
    return Level(
        path=path,
        description="; ".join(_description(item, main) for item in items),
        defaults=tuple(Link("defaultLink", _plain(f.href), f.title, owner=f.owner) for f in firsts),
        main=main,
        links=tuple(links),
    )


def _description(item: Item, main: str) -> str:
    words = {"pip": "", "traceability": f", lô {item.lot}", "verificationService": f", tem {item.number}"}
    return item.name + words[main]


def _plain(href: str) -> str:
    """The address without our own choice of language: the page finds that out itself."""
    return href.partition("?")[0]


def _product_links(item: Item) -> tuple[Link, ...]:
    papers = _pages(item, "certificationInfo", item.page, "#papers") if item.has_papers else ()
    return (
        *_pages(item, "pip", item.page),
        _json(item, "pip", item.data),
        _json(item, "masterData", item.data),
        *papers,
    )


def _lot_links(item: Item) -> tuple[Link, ...]:
    page, data = f"{item.page}/{segment(item.lot)}", f"{item.data}/{segment(item.lot)}"
    return (
        *_pages(item, "traceability", page),
        _json(item, "traceability", data),
        *_pages(item, "recallStatus", page, "#recall"),
        _json(item, "recallStatus", data),
        Link(
            "epcis", f"{data}/epcis", _EPCIS.format(name=item.name, lot=item.lot), media=_LD, owner=item.owner
        ),
    )


def _serial_links(item: Item) -> tuple[Link, ...]:
    page = f"/T/{item.number}"
    relation = "verificationService"
    return (*_pages(item, relation, page), _json(item, relation, page))


def _pages(item: Item, relation: str, path: str, fragment: str = "") -> tuple[Link, ...]:
    """One page in two languages."""
    langs: tuple[Lang, Lang] = ("vi", "en")
    return tuple(
        Link(
            relation,
            f"{path}?lang={lang}{fragment}",
            _TITLES[relation][lang].format(
                name=(item.name_en if lang == "en" else "") or item.name, lot=item.lot, number=item.number
            ),
            lang,
            "text/html",
            item.owner,
        )
        for lang in langs
    )


def _json(item: Item, relation: str, path: str) -> Link:
    title = _DATA[relation].format(name=item.name, lot=item.lot, number=item.number)
    return Link(relation, path, title, media=_JSON, owner=item.owner)
