"""Sheets for other systems: small functions from the neutral facts to rows that a clerk or an importer can use.

No ministry or market has published an interface, file format or field list for taking such data in (looked for up to
February 2026). So nothing here imitates one. Each sheet has the items that a law or a public page names, in that order,
under our own headings, for typing over by hand or for agreeing on a format with whoever runs the system. When a format
is published, its adapter is one more function here.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from temthat_verify_api.outgoing.exchange import BOM, csv_line
from temthat_verify_api.outgoing.facts import (
    BatchFacts,
    EventFacts,
    PackFacts,
    PaperFacts,
    PartyFacts,
    ProductFacts,
    Record,
    SellerFacts,
    plain_record,
)
from temthat_verify_api.outgoing.pack import Pack

Row = Sequence[str]
_COUNTRY = "Việt Nam"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. `heads` are Vietnamese, as a clerk reads them; `rows` one a batch unless told."""

    name: str
    heads: Sequence[str]
    rows: Iterable[Row]


@dataclass(frozen=True, slots=True)
class Facts:
    """The neutral facts of one producer, found by their codes."""

    party: PartyFacts
    products: Mapping[str, ProductFacts]
    batches: Sequence[BatchFacts]
    events: Mapping[tuple[str, str], Sequence[EventFacts]]
    papers: Sequence[PaperFacts]
    packs: Mapping[str, Sequence[PackFacts]]
    sellers: Mapping[str, Sequence[SellerFacts]]

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Facts":
        """Sorted out of one export's records."""
        party: PartyFacts | None = None
        products: dict[str, ProductFacts] = {}
        batches: list[BatchFacts] = []
        papers: list[PaperFacts] = []
        events: dict[tuple[str, str], list[EventFacts]] = {}
        packs: dict[str, list[PackFacts]] = {}
        sellers: dict[str, list[SellerFacts]] = {}
        for record in records:
            match record:
                case PartyFacts():
                    party = record
                case ProductFacts():
                    products[record.code] = record
                case BatchFacts():
                    batches.append(record)
                case EventFacts():
                    events.setdefault((record.product, record.lot), []).append(record)
                case PaperFacts():
                    papers.append(record)
                case PackFacts():
                    packs.setdefault(record.product, []).append(record)
                case SellerFacts():
                    sellers.setdefault(record.product, []).append(record)
                case _:
                    pass
        assert party is not None, "an export always has its producer"
        return cls(party, products, batches, events, papers, packs, sellers)

    def papers_of(self, product: str) -> str:
        """The valid papers that speak of a product, in one line."""
        held = [paper for paper in self.papers if paper.valid and paper.product in ("", product)]
        return "; ".join(f"{paper.kind} {paper.number}".strip() for paper in held)


@dataclass(frozen=True, slots=True)
class System:
    """A system that facts are prepared for. `basis`: what the sheet rests on, and that no format is published."""

    key: str
    vi: str
    en: str
    basis: str
    sheets: Callable[[Facts], Iterator[Sheet]]


def _code(batch: BatchFacts, facts: Facts) -> str:
    """A traceability code: the GTIN with the lot where there is one, else the address of the batch's page."""
    gtin = facts.products[batch.product].gtin
    return f"(01){gtin}(10){batch.lot}" if gtin else batch.page


def national_portal(facts: Facts) -> Iterator[Sheet]:
    """The ten items of Circular 02/2024/TT-BKHCN, Art. 6(3); the national portal's own form is not published."""
    heads = (
        "1 Tên sản phẩm", "2 Ảnh sản phẩm (SHA-256)", "3 Đơn vị sản xuất, kinh doanh", "4 Địa chỉ",
        "5 Các công đoạn", "6 Thời gian sản xuất", "7 Mã truy xuất", "8 Thương hiệu, nhãn hiệu, ký hiệu",
        "9 Hạn sử dụng", "10 Tiêu chuẩn, quy chuẩn áp dụng",
    )  # fmt: skip
    yield Sheet("lo", heads, (_ten_items(batch, facts) for batch in facts.batches))
    stage_heads = (
        "Số lô",
        "Công đoạn",
        "Mã truy xuất sản phẩm",
        "Mã truy xuất địa điểm (GLN)",
        "Địa điểm",
        "Thời gian",
    )
    yield Sheet("cong-doan", stage_heads, _stages(facts))


def _ten_items(batch: BatchFacts, facts: Facts) -> Row:
    product, party = facts.products[batch.product], facts.party
    events = facts.events.get((batch.product, batch.lot), ())
    steps = "; ".join(f"{event.step} {plain_record(event)['at']}" for event in events)
    return (
        product.name, product.picture, party.name, party.address, steps, batch.made_on.isoformat(),
        _code(batch, facts), product.brand, batch.expires_on.isoformat() if batch.expires_on else "", product.standard,
    )  # fmt: skip


def _stages(facts: Facts) -> Iterator[Row]:
    for batch in facts.batches:
        for event in facts.events.get((batch.product, batch.lot), ()):
            gln = batch.plot_gln if event.step in ("sowing", "care", "harvest") else ""
            yield (
                batch.lot,
                event.step,
                _code(batch, facts),
                gln or facts.party.gln,
                event.place or batch.place,
                str(plain_record(event)["at"]),
            )


def digital_passport(facts: Facts) -> Iterator[Sheet]:
    """The items of Decree 37/2026/NĐ-CP, Art. 32; how they are to be handed over is not published."""
    heads = (
        "Tên sản phẩm", "GTIN", "Tên đơn vị", "Địa chỉ", "Mã định danh đơn vị", "Nguồn gốc, nơi hoàn tất cuối cùng",
        "Thông tin truy xuất", "Giấy tờ, chứng nhận", "Ngày sản xuất", "Hạn dùng", "Cảnh báo an toàn", "Khác",
    )  # fmt: skip

    def row(batch: BatchFacts) -> Row:
        product, party = facts.products[batch.product], facts.party
        other = "; ".join(filter(None, (product.storage, product.brand)))
        return (
            product.name, product.gtin, party.name, party.address, party.gln or party.tax_code,
            batch.place or _COUNTRY, batch.page, facts.papers_of(batch.product), batch.made_on.isoformat(),
            batch.expires_on.isoformat() if batch.expires_on else "", product.warning, other,
        )  # fmt: skip

    yield Sheet("lo", heads, map(row, facts.batches))


def verigoods(facts: Facts) -> Iterator[Sheet]:
    """Basic trace data that Decree 37/2026 names; what verigoods.vn itself asks for is not known."""
    heads = (
        "Tên hàng", "Ảnh (SHA-256)", "Đơn vị sản xuất, kinh doanh", "Địa chỉ", "Xuất xứ", "Thương hiệu", "Số lô",
        "Hạn dùng", "Trang truy xuất",
    )  # fmt: skip

    def row(batch: BatchFacts) -> Row:
        product, party = facts.products[batch.product], facts.party
        return (
            product.name, product.picture, party.name, party.address, batch.place or _COUNTRY, product.brand,
            batch.lot, batch.expires_on.isoformat() if batch.expires_on else "", batch.page,
        )  # fmt: skip

    yield Sheet("lo", heads, map(row, facts.batches))


def agriculture(facts: Facts) -> Iterator[Sheet]:
    """What the agriculture ministry's pages were seen to show: growing-area code, harvest day, where it is sold."""
    heads = (
        "Tên nông sản",
        "Mã số vùng trồng",
        "Ngày thu hoạch",
        "Đơn vị",
        "Số lô",
        "Nơi bán",
        "Trang truy xuất",
    )

    def row(batch: BatchFacts) -> Row:
        product = facts.products[batch.product]
        events = facts.events.get((batch.product, batch.lot), ())
        harvest = [str(plain_record(event)["at"]) for event in events if event.step == "harvest"]
        shops = "; ".join(link.seller for link in facts.sellers.get(batch.product, ())) or product.sold_in
        return (
            product.name, batch.growing_area_code, "; ".join(harvest), facts.party.name, batch.lot, shops, batch.page,
        )  # fmt: skip

    yield Sheet("lo", heads, map(row, facts.batches))


_NO_FORMAT = (
    "Chưa có giao diện hay mẫu tệp nào được công bố (tìm đến 02/2026): đây không phải mẫu của hệ thống đó."
)
SYSTEMS: dict[str, System] = {
    system.key: system
    for system in (
        System(
            "cong-quoc-gia",
            "Cổng truy xuất nguồn gốc quốc gia (Bộ Khoa học và Công nghệ)",
            "National traceability portal (Ministry of Science and Technology)",
            f"Mười mục của Thông tư 02/2024/TT-BKHCN, Điều 6 khoản 3. {_NO_FORMAT}",
            national_portal,
        ),
        System(
            "ho-chieu-so",
            "Hộ chiếu số của sản phẩm (Nghị định 37/2026)",
            "Digital product passport (Decree 37/2026)",
            f"Các mục của Nghị định 37/2026/NĐ-CP, Điều 32. {_NO_FORMAT}",
            digital_passport,
        ),
        System(
            "verigoods",
            "verigoods.vn (Bộ Công Thương)",
            "verigoods.vn (Ministry of Industry and Trade)",
            f"Dữ liệu truy xuất cơ bản theo Nghị định 37/2026. {_NO_FORMAT}",
            verigoods,
        ),
        System(
            "nong-san",
            "Hệ thống truy xuất nguồn gốc nông sản (Bộ Nông nghiệp và Môi trường)",
            "Agricultural traceability system (Ministry of Agriculture and Environment)",
            f"Những mục mà trang công khai của hệ thống được thấy là có. {_NO_FORMAT}",
            agriculture,
        ),
    )
}
"""The systems by the name a command or form uses."""


def write_sheets(pack: Pack, system: System, facts: Facts) -> None:
    """The system's sheets as CSV, with a note on what they rest on."""
    for sheet in system.sheets(facts):
        lines = (csv_line(row) for row in sheet.rows)
        pack.add(f"{system.key}/{sheet.name}.csv", _lines(csv_line(sheet.heads), lines))
    pack.add(f"{system.key}/DOC-TRUOC.txt", [f"{system.vi}\n{system.en}\n\n{system.basis}\n".encode()])


def _lines(head: bytes, lines: Iterable[bytes]) -> Iterator[bytes]:
    yield BOM
    yield head
    yield from lines
