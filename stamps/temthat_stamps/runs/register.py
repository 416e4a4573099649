"""Registering a run: how many stamps the batch allows, the next run number, the signed manifest.

The caller commits. Until then nothing exists; after it the run is public and its numbers are used for ever.
"""

import datetime as dt
import os
import uuid
from decimal import Decimal
from typing import TypedDict, Unpack

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from temthat_stamps.code import RUN_MAX, SERIAL_MAX, lot_fits_gs1
from temthat_stamps.keys import key_id
from temthat_stamps.ledger.quotas import TAKEN, check_quota
from temthat_stamps.logged import Block
from temthat_stamps.manifest import SALT_SIZE, Activated, Names, Replaced, RunManifest, split_sources
from temthat_stamps.runs.custody import issuer_signer, new_run_secret, open_stamp_key
from temthat_stamps.runs.errors import BeyondQuantity, RunRefused
from temthat_stamps.runs.notices import made_from, notices_on
from temthat_stamps.runs.records import Run, RunBlock
from temthat_stamps.runs.registry import Registry
from temthat_stamps.runs.revision import bump_revision
from temthat_stamps.signer import Signer
from temthat_stamps.verdict import NoticeKind
from temthat_trace import formats
from temthat_trace.approvals.rule import product_is_public
from temthat_trace.batches import Batch
from temthat_trace.events import batch_digest
from temthat_trace.packing import OVERAGE, Allowance, PackingError, allowed, content
from temthat_trace.parties import PRODUCERS, Party
from temthat_trace.products import PackForm, PackKind, ProductKind
from temthat_trace.units import UnitError, convert

MICRO_PLACE = Decimal("0.000001")
MIN_REASON = 10
"""Fewest characters of a reason for printing beyond the quantity."""
MAX_REASON = 400
BLOCK_MOST = 1000
"""Most run numbers reserved at once."""
DEEPEST = 8
"""Most cases within cases that are told apart."""


def plan_run(session: Session, batch: Batch, pack_form: PackForm) -> Allowance:
    """How many stamps this batch still allows in this pack form, with the arithmetic.

    Packs of other forms on the same level (items and combos; cases of those; cases of cases) use up the same goods; a
    case and the items in it do not. Raises `RunRefused`.
    """
    _check_fits(batch, pack_form)
    _check_approved(session, batch)
    base = batch.product.base_unit
    try:
        mine = content(pack_form, base)
        elsewhere, issued = Decimal(0), 0
        for other, count in _earlier(session, batch):
            if other.id == pack_form.id:
                issued += count
            elif pack_level(other) == pack_level(pack_form):
                elsewhere += count * content(other, base)
        quantity = convert(batch.quantity, batch.unit, base)
        return allowed(quantity, mine, base, already_issued=issued, elsewhere=elsewhere)
    except (PackingError, UnitError) as error:
        raise RunRefused(error.vi, error.en) from error


class OrderOptions(TypedDict, total=False):
    """What may be said of an order besides batch, pack form and count.

    `replaces`: void stamps that these stand in for; they take nothing off the allowance. `override_reason`: why more
    than the batch fills.
    """

    requested_by: str
    override_reason: str
    gs1: bool
    needs_activation: bool
    has_pins: bool
    replaces: Replaced | None


def register_run(
    session: Session,
    registry: Registry,
    batch: Batch,
    pack_form: PackForm,
    count: int,
    **options: Unpack[OrderOptions],
) -> Run:
    """Register `count` stamps, serials 1 to `count`, and put the manifest into the log.

    Raises `BeyondQuantity`, `BeyondQuota` or `RunRefused`; then nothing changed.
    """
    bump_revision(session)  # also the lock that puts two registrations in order
    registry = registry.at_one_moment()  # a run must not be dated before the key that is made for it
    run = order_run(session, registry, batch, pack_form, count, **options)
    signer = issuer_signer(session, registry, batch.party)
    run.run = next_number(session)
    run.sealed_secret = new_run_secret(registry.sealer, run.run)
    stamp_key = open_stamp_key(session, registry, batch.party)
    _state_sources(session, registry, batch, signer)
    manifest = manifest_of(run, registry.origin, key_id(stamp_key.public_key), run.registered_at)
    run.stamp_key_id = stamp_key.id
    run.log_index = registry.state(session, manifest, batch.party_id, signer)
    session.add(run)
    session.flush()
    return run


def order_run(
    session: Session,
    registry: Registry,
    batch: Batch,
    pack_form: PackForm,
    count: int,
    *,
    requested_by: str = "",
    override_reason: str = "",
    gs1: bool = False,
    needs_activation: bool = False,
    has_pins: bool = False,
    replaces: Replaced | None = None,
) -> Run:
    """A run that may be registered, without number, secret and key; not in the session yet. Raises as `register_run`.

    The caller holds the lock.
    """
    _check_count(count)
    _check_not_recalled(session, batch)
    allowance = plan_run(session, batch, pack_form)
    more = count - (replaces.count if replaces else 0)
    beyond = more > allowance.left
    if beyond:
        _check_reason(count, allowance, override_reason)
    check_quota(session, batch.party, batch.product, more, registry.now())
    if gs1:
        _check_gs1(gtin_of(batch, pack_form), batch.lot)
    return Run(
        party=batch.party,
        batch=batch,
        pack_form=pack_form,
        count=count,
        gs1=gs1,
        needs_activation=needs_activation,
        has_pins=has_pins,
        salt=os.urandom(SALT_SIZE),
        packs=allowance.packs,
        beyond=beyond,
        replaces_run=replaces.run if replaces else None,
        replaces_first=replaces.first if replaces else None,
        replaces_last=replaces.last if replaces else None,
        registered_at=registry.now(),
        requested_by=requested_by,
        override_reason=override_reason.strip()[:MAX_REASON] if beyond else "",
    )


def manifest_of(run: Run, origin: str, stamp_key: str, at: dt.datetime) -> RunManifest:
    """What is stated of a run signed with that stamp key (its id), at that time."""
    batch, pack_form = run.batch, run.pack_form
    assert run.salt is not None, "a run's names are erased long after it was registered"
    return RunManifest(
        origin=origin,
        run=run.run,
        count=run.count,
        stamp_key=stamp_key,
        issuer=str(run.party.id),
        pack_form=str(pack_form.id),
        batch=str(batch.id),
        gtin=gtin_of(batch, pack_form),
        gs1=run.gs1,
        made_on=batch.made_on,
        expires_on=batch.expires_on,
        needs_activation=run.needs_activation,
        packs=run.packs,
        beyond=run.beyond,
        replaces=replaced_by(run),
        commitment=names_of(run).commitment(run.salt),
        events=batch_digest(event.digest for event in batch.events),
        registered_at=at,
    )


def names_of(run: Run) -> Names:
    """What its manifest commits to without saying it, as the records have it now."""
    return Names(run.party.name, run.batch.product.name, run.pack_form.name, run.batch.lot)


def gtin_of(batch: Batch, pack_form: PackForm) -> str | None:
    """The GTIN on a pack: the pack form's own, else the product's."""
    return pack_form.gtin or batch.product.gtin


def replaced_by(run: Run) -> Replaced | None:
    """The stamps a reprint stands in for."""
    if run.replaces_run is None or run.replaces_first is None or run.replaces_last is None:
        return None
    return Replaced(run.replaces_run, run.replaces_first, run.replaces_last)


def _state_sources(session: Session, registry: Registry, batch: Batch, signer: Signer) -> None:
    """Before a batch's first run: what it was made from, so that a recall of a source is seen offline too."""
    for stated in split_sources(
        registry.origin, str(batch.party_id), str(batch.id), unstated_sources(session, batch), registry.now()
    ):
        registry.state(session, stated, batch.party_id, signer)


def unstated_sources(session: Session, batch: Batch) -> list[str]:
    """All that a batch was made from, however far back: their ids in order.

    None once a run of it stands in the log, which they have to precede. Not the nearest alone: a batch between that
    never gets stamps states nothing of its own, and a recall would end there for who reads the log.
    """
    logged = select(Run.run).where(Run.batch_id == batch.id, Run.log_index.is_not(None))
    if session.scalar(logged.limit(1)) is not None:
        return []
    return sorted(str(source) for source in made_from(session, batch.id) - {batch.id})


def activate_run(session: Session, registry: Registry, run: Run) -> None:
    """State that a run's stamps are on goods from now on. Raises `RunRefused` when it never waited for that."""
    bump_revision(session)
    if not run.needs_activation or run.activated_at is not None:
        raise RunRefused(
            f"Đợt in {run.run} không chờ kích hoạt.", f"Run {run.run} does not wait for activation."
        )
    signer = issuer_signer(session, registry, run.party)
    stated = Activated(registry.origin, str(run.party_id), run.run, registry.now())
    registry.state(session, stated, run.party_id, signer)
    run.activated_at = registry.now()


def reserve_block(session: Session, registry: Registry, party: Party, count: int) -> RunBlock:
    """Reserve the next `count` run numbers for a party that signs without a network. Raises `RunRefused`."""
    bump_revision(session)
    if not 1 <= count <= BLOCK_MOST:
        raise RunRefused(f"Mỗi lần giữ từ 1 đến {BLOCK_MOST} số.", f"A block has 1 to {BLOCK_MOST} numbers.")
    first = next_number(session)
    last = first + count - 1
    if last > RUN_MAX:
        raise RunRefused("Đã hết số đợt in.", "There are no run numbers left.")
    stated = Block(registry.origin, str(party.id), first, last, registry.now())
    record = RunBlock(
        first=first,
        last=last,
        party_id=party.id,
        reserved_at=registry.now(),
        log_index=registry.state(session, stated, party.id),
    )
    session.add(record)
    session.flush()
    return record


def issued_batches(session: Session, party_id: uuid.UUID | None = None) -> dict[uuid.UUID, Decimal]:
    """Batches with runs, and the least quantity (in the product's base unit) that their stamps stand for.

    Identity and dates of these are signed and may not change any more; the quantity may not fall below that.
    """
    query = select(Run.batch_id, Run.pack_form_id, func.sum(TAKEN)).group_by(Run.batch_id, Run.pack_form_id)
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
    """Earlier runs of the batch: pack form and stamps, those replaced not counted twice."""
    query = (
        select(Run.pack_form_id, func.sum(TAKEN)).where(Run.batch_id == batch.id).group_by(Run.pack_form_id)
    )
    return [(session.get_one(PackForm, form_id), int(count)) for form_id, count in session.execute(query)]


def pack_level(pack_form: PackForm) -> int:
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


def _check_not_recalled(session: Session, batch: Batch) -> None:
    """Goods that are being recalled get no more stamps; a hold may be lifted, so it refuses nothing."""
    if any(notice.kind is NoticeKind.RECALL for notice in notices_on(session, batch.id)):
        raise RunRefused(
            f"Lô {batch.lot}, hoặc lô dùng để làm ra nó, đang bị thu hồi nên không in thêm tem.",
            f"Lot {batch.lot}, or a lot it was made from, is being recalled, so it gets no more stamps.",
        )


def _check_approved(session: Session, batch: Batch) -> None:
    """A new product whose office wants to be asked first gets no stamps before its yes."""
    if not product_is_public(session, batch.product_id):
        name = batch.product.name
        raise RunRefused(
            f"Sản phẩm mới “{name}” chưa được Liên minh hoặc cơ quan phụ trách duyệt nên chưa in tem được.",
            f"The new product “{name}” is not approved by its alliance or authority yet, so it has no stamps.",
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


def next_number(session: Session) -> int:
    """The first number after every run registered and every block reserved. Raises `RunRefused` at the end."""
    used = session.scalar(select(func.max(Run.run))) or 0
    number = max(used, session.scalar(select(func.max(RunBlock.last))) or 0) + 1
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
