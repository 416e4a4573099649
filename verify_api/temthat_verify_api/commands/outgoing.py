"""`temthat dossier`, `exchange`, `listing`: what leaves the system for buyers, other systems and marketplaces."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import typer
from sqlalchemy.orm import Session

from temthat_stamps.runs.errors import RunRefused
from temthat_trace.batches import Batch
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_verify_api.archive import KeepingError, disk_errors
from temthat_verify_api.commands.session import console, find_one, find_party, open_office
from temthat_verify_api.outgoing.dossier import setting_of, write_dossier
from temthat_verify_api.outgoing.dossier_pdf import write_pdf
from temthat_verify_api.outgoing.exchange_pack import write_exchange_pack
from temthat_verify_api.outgoing.gather import whole_party
from temthat_verify_api.outgoing.listing import channels
from temthat_verify_api.outgoing.listing_pack import write_listing
from temthat_verify_api.outgoing.systems import SYSTEMS

Holder = Annotated[str, typer.Argument(help="Mã đơn vị. The producer's code.")]
Goods = Annotated[str, typer.Argument(help="Mã sản phẩm. The product's code.")]
_DOSSIERS = {".pdf": write_pdf, ".zip": write_dossier}


def dossier(
    holder: Holder,
    product: Goods,
    target: Annotated[
        Path, typer.Argument(help="Tệp .pdf hoặc .zip sẽ ghi. A .pdf, or a .zip with everything.")
    ],
    lot: Annotated[
        list[str] | None,
        typer.Option(help="Số lô (nhiều lần được); không ghi thì mọi lô. A lot; all without."),
    ] = None,
    lang: Annotated[Literal["vi", "en"], typer.Option(help="Ngôn ngữ. Language.")] = "vi",
) -> None:
    """Lập hồ sơ sản phẩm: giấy tờ, lô, nhật ký, bằng chứng trong sổ. Make a product's dossier (docs/dossier.md)."""
    with open_office() as (services, session):
        write = _DOSSIERS.get(target.suffix.lower())
        if write is None:
            raise RunRefused(
                "Tên tệp phải kết thúc bằng .pdf hoặc .zip.", "The file must end in .pdf or .zip."
            )
        goods = _product(session, find_party(session, holder), product)
        chosen = [_batch(session, goods, one).id for one in lot] if lot else None
        setting = setting_of(session, services, goods, chosen, lang)
        with _written(target) as out:
            write(setting, out)
    console.print(f"Đã ghi {target}. Written.", soft_wrap=True)


def exchange(
    holder: Holder,
    target: Annotated[Path, typer.Argument(help="Tệp .zip sẽ ghi. Where to write it.")],
    system: Annotated[
        list[str] | None,
        typer.Option(
            help=f"Chỉ bảng của hệ thống: {', '.join(SYSTEMS)}. Sheets of that system alone; all without."
        ),
    ] = None,
) -> None:
    """Xuất dữ liệu trung lập JSON/CSV cho hệ thống khác. Neutral facts for other systems (docs/exports.md)."""
    with open_office() as (services, session):
        asked = _known(system or list(SYSTEMS), SYSTEMS.keys())
        party = find_party(session, holder)
        with _written(target) as out:
            counts = write_exchange_pack(session, services, whole_party(session, party), out, asked)
    console.print(f"{target}: {sum(counts.values())} dòng / records.", soft_wrap=True)


def listing(
    holder: Holder,
    product: Goods,
    target: Annotated[Path, typer.Argument(help="Tệp .zip sẽ ghi. Where to write it.")],
    channel: Annotated[str, typer.Option(help=f"Sàn: {', '.join(channels())}. The marketplace.")] = "khac",
) -> None:
    """Lập bộ đăng bán cho sàn: tên, mô tả, ảnh, giấy tờ. Make a listing pack for a marketplace (docs/exports.md)."""
    with open_office() as (services, session):
        (key,) = _known([channel], channels().keys())
        goods = _product(session, find_party(session, holder), product)
        with _written(target) as out:
            write_listing(session, services, goods, channels()[key], out)
    console.print(f"Đã ghi {target}. Written.", soft_wrap=True)


def _product(session: Session, party: Party, code: str) -> Product:
    return find_one(session, Product, f"sản phẩm {code}", Product.party_id == party.id, Product.code == code)


def _batch(session: Session, product: Product, lot: str) -> Batch:
    return find_one(session, Batch, f"lô {lot}", Batch.product_id == product.id, Batch.lot == lot)


def _known(asked: Sequence[str], known: Collection[str]) -> Sequence[str]:
    """The same, if all of them are known. Raises `RunRefused`."""
    for name in asked:
        if name not in known:
            raise RunRefused(f"Không có “{name}”. Chọn: {', '.join(known)}.", f"Unknown: {name}.")
    return asked


@contextmanager
def _written(target: Path) -> Iterator[BinaryIO]:
    """A file that appears under its name when it is whole. Raises `KeepingError`, also if the name is taken."""
    if target.exists():
        raise KeepingError(
            f"Đã có tệp {target}. Hãy chọn tên khác.", f"{target} exists already. Choose another name."
        )
    unfinished = target.with_name(f".{target.name}.part")
    with disk_errors(target):
        try:
            with unfinished.open("wb") as out:
                yield out
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)
