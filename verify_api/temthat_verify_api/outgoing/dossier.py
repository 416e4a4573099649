"""The product dossier (hồ sơ sản phẩm): one PDF to read, or a ZIP with everything behind it (docs/dossier.md).

ho-so.pdf                the document
du-lieu.json             all facts (docs/spec/exchange.md)
giay-to/                 scans of papers
anh/                     pictures of the product, and of its diary
epcis/LOT.jsonld         each batch as an EPCIS document
so-cong-khai/muc-N.proof entries of the public log, each with its proof
so-cong-khai/mo-niem.json what opens the digests in them
manifest.json            the SHA-256 of each file
"""

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.texts import Lang
from temthat_trace.batches import Batch
from temthat_trace.emitting.repository import facts_of
from temthat_trace.emitting.telling import document, public, tell
from temthat_trace.events import Event, EventPhoto
from temthat_trace.formats import VIETNAM, local
from temthat_trace.offers import ProductPhoto
from temthat_trace.papers import Attachment
from temthat_trace.parties import Party
from temthat_trace.products import Product
from temthat_verify_api.outgoing.dossier_pdf import Setting, write_pdf
from temthat_verify_api.outgoing.exchange import write_json
from temthat_verify_api.outgoing.gather import Scope, batch_ids_of, gather, load_each, papers_in
from temthat_verify_api.outgoing.pack import Pack, ending_of, slug, spool
from temthat_verify_api.outgoing.proofs import openings_of, proofs_of
from temthat_verify_api.outgoing.words import Words
from temthat_verify_api.wiring import Services

PROOFS = "so-cong-khai/"
OPENINGS = f"{PROOFS}mo-niem.json"
DATA = "du-lieu.json"
DOCUMENT = "ho-so.pdf"
_GROUP = 100
"""Batches read at a time."""

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
    with spool() as pdf:
        write_pdf(setting, pdf)
        pack.add_file(DOCUMENT, pdf)
    records = gather(session, setting.services, setting.scope)
    write_json(pack, DATA, records, setting.services.settings.host, setting.day)
    for name, data in _attachments(setting, batch_ids):
        pack.add(name, [data])
    for name, events in _epcis(setting, batch_ids):
        pack.add_json(name, events)
    for proof in proofs_of(session, setting.services.book, batch_ids):
        if proof.data is not None:
            pack.add(f"{PROOFS}muc-{proof.index}.proof", [proof.data])
    pack.add(OPENINGS, _openings(session, batch_ids))
    readme = _README.format(
        product=setting.product.name,
        party=setting.party.name,
        day=setting.words.day(setting.day),
        check=setting.check,
    )
    pack.add("README.txt", [readme.encode()])
    pack.finish()


def _openings(session: Session, batch_ids: Sequence[uuid.UUID]) -> Iterator[bytes]:
    """A JSON list, a batch a line, written as the batches are read."""
    before = b"[\n"
    for loaded in load_each(session, batch_ids):
        yield before + json.dumps(openings_of(loaded), ensure_ascii=False).encode()
        before = b",\n"
    yield b"\n]\n" if batch_ids else b"[]\n"


def _epcis(setting: Setting, batch_ids: Sequence[uuid.UUID]) -> Iterator[tuple[str, object]]:
    """Each batch as an EPCIS document, as everybody may read it, dated the dossier's day."""
    made = dt.datetime.combine(setting.day, dt.time(), VIETNAM)
    for first in range(0, len(batch_ids), _GROUP):
        ids = batch_ids[first : first + _GROUP]
        facts = facts_of(setting.session, ids, setting.base, goods_only=False)
        for loaded in load_each(setting.session, ids):
            if loaded.batch.id in facts:
                told = tell(public(facts[loaded.batch.id][1]))
                yield (
                    f"epcis/{slug(loaded.batch.lot)}.jsonld",
                    document((one.as_json() for one in told), made),
                )


def _attachments(setting: Setting, batch_ids: Sequence[uuid.UUID]) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of scans, pictures and photos of the diary, one after the other."""
    session, product = setting.session, setting.product
    for paper in papers_in(session, setting.scope):
        yield from _one(session, f"giay-to/{slug(paper.code)}", paper.scan)
    yield from _one(session, "anh/san-pham", product.picture)
    photos = select(ProductPhoto.digest).where(ProductPhoto.product_id == product.id)
    for number, digest in enumerate(session.scalars(photos.order_by(ProductPhoto.position)), 1):
        yield from _one(session, f"anh/san-pham-lon-{number}", digest)
    for first in range(0, len(batch_ids), _GROUP):
        taken = (
            select(Batch.lot, Event.at, Event.step, EventPhoto.digest)
            .join(Event, Event.batch_id == Batch.id)
            .join(EventPhoto, EventPhoto.event_id == Event.id)
            .where(Batch.id.in_(batch_ids[first : first + _GROUP]), Event.withdrawn_at.is_(None))
            .order_by(Batch.made_on, Batch.id, Event.at, Event.id, EventPhoto.position)
        )
        for lot, at, step, digest in session.execute(taken).all():
            yield from _one(session, f"anh/nhat-ky/{slug(lot)}-{local(at):%Y%m%d}-{step.value}", digest)


def _one(session: Session, name: str, digest: str | None) -> Iterator[tuple[str, bytes]]:
    found = session.get(Attachment, digest) if digest else None
    if found is not None:
        yield name + ending_of(found.media_type), found.data
