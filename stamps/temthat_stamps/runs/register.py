"""Registering a run: how many stamps the batch allows, the next run number, the signed manifest.

The caller commits. Until then nothing exists; after it the run is public and its numbers are used for ever.
"""

import datetime as dt
import os
import uuid
from decimal import Decimal

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from temthat_stamps.code import RUN_MAX, SERIAL_MAX, lot_fits_gs1
from temthat_stamps.manifest import SALT_SIZE, Names, RunManifest
from temthat_stamps.runs.custody import issuer_key, new_run_secret, open_stamp_key
from temthat_stamps.runs.errors import BeyondQuantity, RunRefused
from temthat_stamps.runs.records import Run
from temthat_stamps.sealing import Sealer
from temthat_stamps.statement import sign_statement
from temthat_trace import formats
from temthat_trace.batches import Batch
from temthat_trace.events import batch_digest
from temthat_trace.packing import OVERAGE, Allowance, PackingError, allowed, content
from temthat_trace.parties import PRODUCERS
from temthat_trace.products import PackForm, PackKind, ProductKind
from temthat_trace.units import UnitError, convert

REVISION_ID = 1
_BUMP = text(
    "INSERT INTO revision (id, value) VALUES (:id, 1) ON CONFLICT (id) DO UPDATE SET value = revision.value + 1"
)
"""One statement on either database, also when the row is not there yet and two transactions meet."""

MICRO_PLACE = Decimal("0.000001")
MIN_REASON = 10
"""Fewest characters of a reason for printing beyond the quantity."""
MAX_REASON = 400
DEEPEST = 8
"""Most cases within cases that are told apart."""


def plan_run(session: Session, batch: Batch, pack_form: PackForm) -> Allowance:
    """How many stamps this batch still allows in this pack form, with the arithmetic.

    Packs of other forms on the same level (items and combos; cases of those; cases of cases) use up the same goods; a
    case and the items in it do not. Raises `RunRefused`.
    """
    _check_fits(batch, pack_form)
    base = batch.product.base_unit
    try:
        mine = content(pack_form, base)
        elsewhere, issued = Decimal(0), 0
        for other, count in _earlier(session, batch):
            if other.id == pack_form.id:
                issued += count
            elif _level(other) == _level(pack_form):
                elsewhere += count * content(other, base)
        quantity = convert(batch.quantity, batch.unit, base)
        return allowed(quantity, mine, base, already_issued=issued, elsewhere=elsewhere)
    except (PackingError, UnitError) as error:
        raise RunRefused(error.vi, error.en) from error


def register_run(
    session: Session,
    sealer: Sealer,
    origin: str,
    batch: Batch,
    pack_form: PackForm,
    count: int,
    now: dt.datetime,
    *,
    requested_by: str = "",
    override_reason: str = "",
    gs1: bool = False,
    needs_activation: bool = False,
) -> Run:
    """Register `count` stamps, serials 1 to `count`. Raises `BeyondQuantity` or `RunRefused`; then nothing changed."""
    bump_revision(session)  # also the lock that puts two registrations in order
    _check_count(count)
    allowance = plan_run(session, batch, pack_form)
    beyond = count > allowance.left
    if beyond:
        _check_reason(count, allowance, override_reason)
    gtin = pack_form.gtin or batch.product.gtin
    if gs1:
        _check_gs1(gtin, batch.lot)
    number = _next_number(session)
    stamp_key = open_stamp_key(session, sealer, origin, batch.party_id, now)
    salt = os.urandom(SALT_SIZE)
    manifest = RunManifest(
        origin=origin,
        run=number,
        count=count,
        stamp_key=stamp_key.public_key,
        issuer=str(batch.party_id),
        pack_form=str(pack_form.id),
        batch=str(batch.id),
        gtin=gtin,
        gs1=gs1,
        made_on=batch.made_on,
        expires_on=batch.expires_on,
        needs_activation=needs_activation,
        commitment=Names(batch.party.name, batch.product.name, pack_form.name, batch.lot).commitment(salt),
        events=batch_digest(event.digest for event in batch.events),
        registered_at=now,
    )
    run = Run(
        run=number,
        party_id=batch.party_id,
        batch_id=batch.id,
        pack_form_id=pack_form.id,
        stamp_key_id=stamp_key.id,
        count=count,
        gs1=gs1,
        needs_activation=needs_activation,
        sealed_secret=new_run_secret(sealer, number),
        salt=salt,
        manifest=sign_statement(manifest.body(), issuer_key(session, sealer, batch.party_id, now)),
        registered_at=now,
        requested_by=requested_by,
        override_reason=override_reason.strip()[:MAX_REASON] if beyond else "",
    )
    session.add(run)
    session.flush()
    return run


def bump_revision(session: Session) -> None:
    """Tell every cache that something a verdict depends on changes with this transaction; serialises writers."""
    session.execute(_BUMP, {"id": REVISION_ID})


def issued_batches(session: Session, party_id: uuid.UUID | None = None) -> dict[uuid.UUID, Decimal]:
    """Batches with runs, and the least quantity (in the product's base unit) that their stamps stand for.

    Identity and dates of these are signed and may not change any more; the quantity may not fall below that.
    """
    query = select(Run.batch_id, Run.pack_form_id, func.sum(Run.count)).group_by(
        Run.batch_id, Run.pack_form_id
    )
    if party_id is not None:
        query = query.where(Run.party_id == party_id)
    levels: dict[uuid.UUID, dict[bool, Decimal]] = {}
    for batch_id, form_id, count in session.execute(query):
        form = session.get_one(PackForm, form_id)
        level = levels.setdefault(batch_id, {})
        is_case = form.kind is PackKind.CASE
        level[is_case] = level.get(is_case, Decimal(0)) + int(count) * content(form, form.product.base_unit)
    return {
        batch_id: (max(level.values()) / (1 + OVERAGE)).quantize(MICRO_PLACE)
        for batch_id, level in levels.items()
    }


def _earlier(session: Session, batch: Batch) -> list[tuple[PackForm, int]]:
    """Earlier runs of the batch: pack form and stamps."""
    query = (
        select(Run.pack_form_id, func.sum(Run.count))
        .where(Run.batch_id == batch.id)
        .group_by(Run.pack_form_id)
    )
    return [(session.get_one(PackForm, form_id), int(count)) for form_id, count in session.execute(query)]


def _level(pack_form: PackForm) -> int:
    """0 for what a shopper buys, 1 for a case of it, 2 for a case of cases; a circle in the records is survived."""
    level = 0
    form: PackForm | None = pack_form
    while form is not None and form.kind is PackKind.CASE and level < DEEPEST:
        level, form = level + 1, form.inner
    return level


def _check_gs1(gtin: str | None, lot: str) -> None:
    if not gtin:
        raise RunRefused(
            "Tem dạng GS1 cần mã GTIN của quy cách hoặc sản phẩm.",
            "A stamp in GS1 form needs a GTIN on the pack form or product.",
        )
    if not lot_fits_gs1(lot):
        raise RunRefused(
            f"Tem dạng GS1 cần số lô chỉ có chữ không dấu, chữ số, dấu thường, không dấu cách; “{lot}” không được.",
            f"A stamp in GS1 form needs a lot of plain letters, digits and common signs, without blanks: not “{lot}”.",
        )


def _check_fits(batch: Batch, pack_form: PackForm) -> None:
    if pack_form.product_id != batch.product_id:
        raise RunRefused(
            f"Quy cách “{pack_form.name}” không thuộc sản phẩm của lô {batch.lot}.",
            f"Pack form “{pack_form.name}” is not of the product of lot {batch.lot}.",
        )
    if batch.product.kind is ProductKind.SERVICE:
        raise RunRefused(
            f"“{batch.product.name}” là dịch vụ: có trang giới thiệu, không dán tem.",
            f"“{batch.product.name}” is a service: it has a page and never stamps.",
        )
    if batch.party.kind not in PRODUCERS:
        raise RunRefused(
            f"“{batch.party.name}” không phải đơn vị sản xuất nên không đặt in tem.",
            f"“{batch.party.name}” is no producer and cannot order stamps.",
        )


def _next_number(session: Session) -> int:
    number = (session.scalar(select(func.max(Run.run))) or 0) + 1
    if number > RUN_MAX:
        raise RunRefused("Đã hết số đợt in.", "There are no run numbers left.")
    return number


def _check_reason(count: int, allowance: Allowance, reason: str) -> None:
    """More stamps than the batch allows need a reason somebody took the trouble to write."""
    if len(reason.strip()) < MIN_REASON:
        vi, en = formats.number(count), formats.number(count, "en")
        raise BeyondQuantity(
            f"Không thể in {vi} tem. {allowance.explain('vi')} Cần nhiều hơn thì ghi rõ lý do.",
            f"{en} stamps cannot be printed. {allowance.explain('en')} For more, state the reason.",
        )


def _check_count(count: int) -> None:
    if not 1 <= count <= SERIAL_MAX:
        raise RunRefused(
            f"Số tem phải từ 1 đến {formats.number(SERIAL_MAX)}.",
            f"The number of stamps is 1 to {SERIAL_MAX}.",
        )
