"""The product dossier (hồ sơ sản phẩm): one PDF to read, or a ZIP with everything behind it (docs/dossier.md).

ho-so.pdf                the document
du-lieu.json             all facts (docs/spec/exchange.md)
giay-to/                 scans of papers
anh/                     pictures of the product, and of its diary
epcis.jsonld             the EPCIS events captured of these batches, if there are any
so-cong-khai/muc-N.proof entries of the public log, each with its proof
so-cong-khai/mo-niem.json what opens the digests in them
manifest.json            the SHA-256 of each file
"""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.texts import Lang
from temthat_trace import repository
from temthat_trace.batches import Batch
from temthat_trace.formats import VIETNAM
from temthat_trace.offers import ProductPhoto
from temthat_trace.papers import Attachment
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_verify_api.outgoing.dossier_pdf import Setting, write_pdf
from temthat_verify_api.outgoing.exchange import write_json
from temthat_verify_api.outgoing.gather import Scope, batch_ids_of, gather, papers_in
from temthat_verify_api.outgoing.pack import Pack, ending_of, slug, spool
from temthat_verify_api.outgoing.proofs import openings_of, proofs_of
from temthat_verify_api.outgoing.words import Words
from temthat_verify_api.resolver.addresses import Codes
from temthat_verify_api.resolver.told import public_document
from temthat_verify_api.wiring import Services

PROOFS = "so-cong-khai/"
OPENINGS = f"{PROOFS}mo-niem.json"
DATA = "du-lieu.json"
DOCUMENT = "ho-so.pdf"

_README = """HỒ SƠ SẢN PHẨM / PRODUCT DOSSIER
{product} · {party} · {day}

ho-so.pdf       để đọc và in / to read and print
du-lieu.json    mọi dữ kiện, cho phần mềm / all facts, for programs
giay-to/        bản chụp giấy tờ / scans of papers
anh/            ảnh sản phẩm và ảnh nhật ký / pictures
epcis/          từng lô ở dạng EPCIS 2.0 / each batch as EPCIS 2.0
so-cong-khai/   các mục của sổ công khai kèm bằng chứng / log entries with their proofs
manifest.json   SHA-256 của từng tệp / of each file

Tự kiểm chứng, không cần mạng / check it yourself, no network needed:
  {check}
Khóa nên lấy từ văn bản Liên minh công bố, đừng chỉ tin khóa ghi ở đây.
Take the keys from what the alliance publishes; do not trust those above alone.
"""


def setting_of(
    session: Session,
    services: Services,
    product: Product,
    batch_ids: Sequence[uuid.UUID] | None,
    lang: Lang,
) -> Setting:
    """A dossier of a product and those of its batches, None for all."""
    party = session.get_one(Party, product.party_id)
    return Setting(session, services, Scope(party, [product], batch_ids), product, Words(lang))


def file_name(setting: Setting, ending: str) -> str:
    """What a dossier is called when it is saved."""
    return f"ho-so-{slug(setting.product.name)}-{setting.day:%Y%m%d}.{ending}"


def write_dossier(setting: Setting, out: BinaryIO) -> None:
    """The ZIP."""
    session, scope = setting.session, setting.scope
    batch_ids = batch_ids_of(session, scope)
    setting = replace(setting, scope=replace(scope, batch_ids=batch_ids))
    pack = Pack(out)
    with spool() as document:
        write_pdf(setting, document)
        pack.add_file(DOCUMENT, document)
    records = gather(session, setting.services, setting.scope)
    write_json(pack, DATA, records, setting.services.settings.host, setting.day)
    for name, data in _attachments(setting, batch_ids):
        pack.add(name, [data])
    for name, document_of in _epcis(setting, batch_ids):
        pack.add_json(name, document_of)
    for proof in proofs_of(session, setting.services.book, batch_ids):
        if proof.data is not None:
            pack.add(f"{PROOFS}muc-{proof.index}.proof", [proof.data])
    pack.add_json(OPENINGS, _openings(session, batch_ids))
    readme = _README.format(
        product=setting.product.name,
        party=setting.party.name,
        day=setting.words.day(setting.day),
        check=setting.check,
    )
    pack.add("README.txt", [readme.encode()])
    pack.finish()


def _openings(session: Session, batch_ids: Sequence[uuid.UUID]) -> list[object]:
    found = (repository.batch(session, batch_id) for batch_id in batch_ids)
    return [openings_of(session, batch) for batch in found if batch is not None]


def _epcis(setting: Setting, batch_ids: Sequence[uuid.UUID]) -> Iterator[tuple[str, object]]:
    """Each batch as an EPCIS document, as everybody may read it, dated the dossier's day."""
    made = dt.datetime.combine(setting.day, dt.time(), VIETNAM)
    for batch_id in batch_ids:
        lot = setting.session.get_one(Batch, batch_id).lot
        codes = Codes(setting.party.code, setting.product.code, lot)
        found = public_document(setting.session, codes, setting.base, made)
        if found is not None:
            yield f"epcis/{slug(lot)}.jsonld", found


def _attachments(setting: Setting, batch_ids: Sequence[uuid.UUID]) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of scans, pictures and photos of the diary, one after the other."""
    session, product = setting.session, setting.product
    for paper in papers_in(session, setting.scope):
        yield from _one(session, f"giay-to/{slug(paper.code)}", paper.scan)
    yield from _one(session, "anh/san-pham", product.picture)
    photos = select(ProductPhoto.digest).where(ProductPhoto.product_id == product.id)
    for number, digest in enumerate(session.scalars(photos.order_by(ProductPhoto.position)), 1):
        yield from _one(session, f"anh/san-pham-lon-{number}", digest)
    for batch_id in batch_ids:
        batch = repository.batch(session, batch_id)
        for event in batch.events if batch else ():
            if event.withdrawn_at is None:
                for photo in event.photos:
                    name = (
                        f"anh/nhat-ky/{slug(batch.lot if batch else '')}-{event.at:%Y%m%d}-{event.step.value}"
                    )
                    yield from _one(session, name, photo.digest)


def _one(session: Session, name: str, digest: str | None) -> Iterator[tuple[str, bytes]]:
    found = session.get(Attachment, digest) if digest else None
    if found is not None:
        yield name + ending_of(found.media_type), found.data
