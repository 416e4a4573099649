"""Sheets for other systems: small functions from the neutral facts to rows that a clerk or an importer can use.

No ministry or market has published an interface, file format or field list for taking such data in (looked for up to
February 2026). So nothing here imitates one. Each sheet has the items that a law or a public page names, in that order,
under our own headings, for typing over by hand or for agreeing on a format with whoever runs the system. When a format
is published, its adapter is one more function here.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import BinaryIO

from temthat_trace.events import Step
from temthat_trace.formats import local
from temthat_trace.importing.choices import PAPER_KINDS, STEPS
from temthat_trace.papers import PaperKind
from temthat_verify_api.outgoing.exchange import BOM, csv_line
from temthat_verify_api.outgoing.facts import (
    BatchFacts,
    EventFacts,
    PaperFacts,
    PartyFacts,
    ProductFacts,
    Record,
    SellerFacts,
)
from temthat_verify_api.outgoing.pack import Pack, chunks_of, spool

Row = Sequence[str]
_COUNTRY = "Việt Nam"


@dataclass(slots=True)
class Known:
    """What of a producer its batches refer to."""

    party: PartyFacts | None = None
    products: dict[str, ProductFacts] = field(default_factory=dict)
    papers: list[PaperFacts] = field(default_factory=list)
    sellers: dict[str, list[SellerFacts]] = field(default_factory=dict)

    def papers_of(self, product: str) -> str:
        """The valid papers that speak of a product, in one line."""
        held = [paper for paper in self.papers if paper.valid and paper.product in ("", product)]
        return "; ".join(f"{PAPER_KINDS[PaperKind(paper.kind)][0]} {paper.number}".strip() for paper in held)


@dataclass(frozen=True, slots=True)
class Told:
    """One batch with its product, its maker and its diary."""

    batch: BatchFacts
    product: ProductFacts
    party: PartyFacts
    events: Sequence[EventFacts]
    known: Known

    @property
    def code(self) -> str:
        """A traceability code: the GTIN with the lot where there is one, else the address of the batch's page."""
        gtin = self.product.gtin
        return f"(01){gtin}(10){self.batch.lot}" if gtin else self.batch.page

    @property
    def expires(self) -> str:
        """The use-by day, or nothing."""
        return self.batch.expires_on.isoformat() if self.batch.expires_on else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table. `heads` are Vietnamese, as a clerk reads them; `rows` gives those of one batch."""

    name: str
    heads: Sequence[str]
    rows: Callable[[Told], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class System:
    """A system that facts are prepared for. `basis`: what the sheet rests on, and that no format is published."""

    key: str
    vi: str
    en: str
    basis: str
    sheets: Sequence[Sheet]


def ten_items(told: Told) -> Iterable[Row]:
    """The ten items of Circular 02/2024/TT-BKHCN, Art. 6(3); the national portal's own form is not published."""
    steps = "; ".join(f"{_step(event)} {_at(event)}" for event in told.events)
    product, party = told.product, told.party
    yield (
        product.name, product.picture, party.name, party.address, steps, told.batch.made_on.isoformat(), told.code,
        product.brand, told.expires, product.standard,
    )  # fmt: skip


def stages(told: Told) -> Iterable[Row]:
    """The stages of item 5, each with product code, place code and time."""
    for event in told.events:
        gln = told.batch.plot_gln if event.step in ("sowing", "care", "harvest") else ""
        place = event.place or told.batch.place
        yield told.batch.lot, _step(event), told.code, gln or told.party.gln, place, _at(event)


def digital_passport(told: Told) -> Iterable[Row]:
    """The items of Decree 37/2026/NĐ-CP, Art. 32; how they are to be handed over is not published."""
    batch, product, party = told.batch, told.product, told.party
    yield (
        product.name, product.gtin, party.name, party.address, party.gln or party.tax_code, batch.place or _COUNTRY,
        batch.page, told.known.papers_of(product.code), batch.made_on.isoformat(), told.expires, product.warning,
        "; ".join(filter(None, (product.storage, product.brand))),
    )  # fmt: skip


def verigoods(told: Told) -> Iterable[Row]:
    """Basic trace data that Decree 37/2026 names; what verigoods.vn itself asks for is not known."""
    batch, product, party = told.batch, told.product, told.party
    yield (
        product.name, product.picture, party.name, party.address, batch.place or _COUNTRY, product.brand, batch.lot,
        told.expires, batch.page,
    )  # fmt: skip


def agriculture(told: Told) -> Iterable[Row]:
    """What the agriculture ministry's pages were seen to show: growing-area code, harvest day, where it is sold."""
    days = (local(event.at).date().isoformat() for event in told.events if event.step == "harvest")
    harvest = "; ".join(dict.fromkeys(days))
    shops = "; ".join(link.seller for link in told.known.sellers.get(told.product.code, ()))
    yield (
        told.product.name, told.batch.growing_area_code, harvest, told.party.name, told.batch.lot,
        shops or told.product.sold_in, told.batch.page,
    )  # fmt: skip


def _at(event: EventFacts) -> str:
    """On the clocks of Vietnam, the day alone where no more is known: in UTC the harvest would be a day early."""
    here = local(event.at)
    return here.date().isoformat() if here.time() == dt.time() else here.isoformat(timespec="minutes")


def _step(event: EventFacts) -> str:
    return STEPS[Step(event.step)][0]


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
            (
                Sheet(
                    "lo",
                    (
                        "1 Tên sản phẩm",
                        "2 Ảnh sản phẩm (SHA-256)",
                        "3 Đơn vị sản xuất, kinh doanh",
                        "4 Địa chỉ",
                        "5 Các công đoạn",
                        "6 Thời gian sản xuất",
                        "7 Mã truy xuất",
                        "8 Thương hiệu, nhãn hiệu, ký hiệu",
                        "9 Hạn sử dụng",
                        "10 Tiêu chuẩn, quy chuẩn áp dụng",
                    ),
                    ten_items,
                ),
                Sheet(
                    "cong-doan",
                    (
                        "Số lô",
                        "Công đoạn",
                        "Mã truy xuất sản phẩm",
                        "Mã truy xuất địa điểm (GLN)",
                        "Địa điểm",
                        "Thời gian",
                    ),
                    stages,
                ),
            ),
        ),
        System(
            "ho-chieu-so",
            "Hộ chiếu số của sản phẩm (Nghị định 37/2026)",
            "Digital product passport (Decree 37/2026)",
            f"Các mục của Nghị định 37/2026/NĐ-CP, Điều 32. {_NO_FORMAT}",
            (
                Sheet(
                    "lo",
                    (
                        "Tên sản phẩm",
                        "GTIN",
                        "Tên đơn vị",
                        "Địa chỉ",
                        "Mã định danh đơn vị",
                        "Nguồn gốc, nơi hoàn tất cuối cùng",
                        "Thông tin truy xuất",
                        "Giấy tờ, chứng nhận",
                        "Ngày sản xuất",
                        "Hạn dùng",
                        "Cảnh báo an toàn",
                        "Khác",
                    ),
                    digital_passport,
                ),
            ),
        ),
        System(
            "verigoods",
            "verigoods.vn (Bộ Công Thương)",
            "verigoods.vn (Ministry of Industry and Trade)",
            f"Dữ liệu truy xuất cơ bản theo Nghị định 37/2026. {_NO_FORMAT}",
            (
                Sheet(
                    "lo",
                    (
                        "Tên hàng",
                        "Ảnh (SHA-256)",
                        "Đơn vị sản xuất, kinh doanh",
                        "Địa chỉ",
                        "Xuất xứ",
                        "Thương hiệu",
                        "Số lô",
                        "Hạn dùng",
                        "Trang truy xuất",
                    ),
                    verigoods,
                ),
            ),
        ),
        System(
            "nong-san",
            "Hệ thống truy xuất nguồn gốc nông sản (Bộ Nông nghiệp và Môi trường)",
            "Agricultural traceability system (Ministry of Agriculture and Environment)",
            f"Những mục mà trang công khai của hệ thống được thấy là có. {_NO_FORMAT}",
            (
                Sheet(
                    "lo",
                    (
                        "Tên nông sản",
                        "Mã số vùng trồng",
                        "Ngày thu hoạch",
                        "Đơn vị",
                        "Số lô",
                        "Nơi bán",
                        "Trang truy xuất",
                    ),
                    agriculture,
                ),
            ),
        ),
    )
}
"""The systems by the name a command or form uses."""


class Sheets:
    """The sheets of some systems on the way to their files, filled batch after batch as the records come."""

    def __init__(self, systems: Sequence[System]) -> None:
        self._systems = systems
        self._known = Known()
        self._batch: BatchFacts | None = None
        self._events: list[EventFacts] = []
        self._stack = ExitStack()
        self._files: dict[tuple[str, str], BinaryIO] = {
            (system.key, sheet.name): self._stack.enter_context(spool())
            for system in systems
            for sheet in system.sheets
        }

    def __enter__(self) -> "Sheets":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def put(self, record: Record) -> None:
        """One record; what is referred to comes before what refers to it (`gather`)."""
        match record:
            case PartyFacts():
                self._known.party = record
            case ProductFacts():
                self._known.products[record.code] = record
            case PaperFacts():
                self._known.papers.append(record)
            case SellerFacts():
                self._known.sellers.setdefault(record.product, []).append(record)
            case BatchFacts():
                self._tell()
                self._batch = record
            case EventFacts():
                self._events.append(record)
            case _:
                pass

    def _tell(self) -> None:
        """The rows of the batch that is complete, if there is one."""
        batch, known = self._batch, self._known
        if batch is not None and known.party is not None:
            told = Told(batch, known.products[batch.product], known.party, self._events, known)
            for system in self._systems:
                for sheet in system.sheets:
                    self._files[system.key, sheet.name].writelines(map(csv_line, sheet.rows(told)))
        self._batch, self._events = None, []

    def write(self, pack: Pack) -> None:
        """Each sheet as CSV, and for each system a note on what its sheets rest on."""
        self._tell()
        for system in self._systems:
            for sheet in system.sheets:
                file = self._files[system.key, sheet.name]
                pack.add(f"{system.key}/{sheet.name}.csv", _with_head(sheet.heads, file))
            about = f"{system.vi}\n{system.en}\n\n{system.basis}\n"
            pack.add(f"{system.key}/DOC-TRUOC.txt", [about.encode()])


def _with_head(heads: Sequence[str], file: BinaryIO) -> Iterator[bytes]:
    yield BOM
    yield csv_line(heads)
    yield from chunks_of(file)
