"""What all stamps of a run have in common: its repository, and the facts a verdict needs of it."""

import datetime as dt
import json
import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from temthat_stamps.copies.model import Goods
from temthat_stamps.copies.places import Spot, of_province
from temthat_stamps.copies.stored import Scoring
from temthat_stamps.keys import key_hint
from temthat_stamps.log.records import LogEntry
from temthat_stamps.logged import LogOpened
from temthat_stamps.manifest import Custody
from temthat_stamps.notice import Notice
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.notices import notices_for_run
from temthat_stamps.runs.records import Run, StampKey
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import RunSecrets
from temthat_stamps.statement import peek
from temthat_stamps.verdict import HANOI, Registration
from temthat_trace.batches import Batch
from temthat_trace.parties import Party, PartyKind
from temthat_trace.places import Place, find_place
from temthat_verify_api.habits import model_for, neighbours_of


@dataclass(frozen=True, slots=True)
class RunFacts:
    """One registered run. `about` holds the JSON members `batch`, `product`, `issuer`, `vouched_by`, ready to send."""

    run: int
    count: int
    public_key: bytes
    registered_at: dt.datetime
    key_closed: bool
    gtin: str | None
    lot: str
    notices: tuple[Notice, ...]
    not_activated: bool
    has_pins: bool
    expires_on: dt.date | None
    secrets: RunSecrets
    issuer: str
    hotline: str
    province: str
    vouched_by: "Vouchers"
    about: str
    scoring: Scoring
    copy_shift: int
    """What the run's other stamps add to a copy score now, in thousandths of a nat."""

    @property
    def hint(self) -> bytes:
        """The four bytes by which the run's stamp key is found."""
        return key_hint(self.public_key)

    def registration(self, signer: bytes, serial: int) -> Registration:
        """Whether this run holds a stamp with that serial, signed by that raw public key."""
        if signer != self.public_key or not 1 <= serial <= self.count:
            return Registration.OUTSIDE
        return Registration.KEY_CLOSED if self.key_closed else Registration.IN_RUN


@dataclass(frozen=True, slots=True)
class Vouchers:
    """Who stands behind a run's stamps: who keeps the keys, who delegated to whom, and where the log says so.

    `witnessed`: its proof under a witnessed checkpoint is stored. `back_filled`: the run is older than the log.
    """

    custody: Custody
    national: str
    alliance: str
    log_index: int
    witnessed: bool
    back_filled: bool


def load_run_facts(session: Session, sealer: Sealer, number: int) -> RunFacts | None:
    """A run's facts; None if no such run was ever registered. Raises `SealBroken` on a wrong master key."""
    run = find_run(session, number)
    if run is None or not run.is_logged:
        return None
    key, batch = run.stamp_key, run.batch
    hotline = hotline_of(session, run.party)
    model = model_for(session, batch.product_id)
    end = min(key.closes_at, key.closed_at) if key.closed_at else key.closes_at
    return RunFacts(
        run=run.run,
        count=run.count,
        public_key=key.public_key,
        registered_at=run.registered_at,
        key_closed=run.registered_at > end,
        gtin=run.pack_form.gtin or batch.product.gtin,
        lot=batch.lot,
        notices=tuple(notices_for_run(session, run)),
        not_activated=run.needs_activation and run.activated_at is None,
        has_pins=run.has_pins,
        expires_on=batch.expires_on,
        secrets=RunSecrets(run_secret(sealer, run)),
        issuer=run.party.name,
        hotline=hotline,
        province=run.party.province or "",
        vouched_by=(vouchers := _vouchers(session, run)),
        about=json.dumps(_about(run, hotline, vouchers), ensure_ascii=False, separators=(",", ":"))[1:-1],
        scoring=Scoring(model, goods_of(batch)),
        copy_shift=neighbours_of(session, number).shift(model.habits.thresholds),
    )


def goods_of(batch: Batch) -> Goods:
    """What a batch says of its goods. Their last day ends at 24:00 in Vietnam."""
    ends = None
    if batch.expires_on is not None:
        day_after = batch.expires_on + dt.timedelta(days=1)
        ends = int(dt.datetime.combine(day_after, dt.time(), HANOI).timestamp())
    return Goods(ends, on_sale_in(batch.product.sold_in))


def on_sale_in(words: str) -> tuple[Spot, ...]:
    """The provinces of a text like “Hà Nội, Hòa Bình và Sơn La”; none for one that names anything else as well, for
    goods that are sold elsewhere too are out of place nowhere.
    """
    parts = [part for part in re.split(r"[,;/\n]|\s+và\s+", words) if part.strip()]
    places = [find_place(part) for part in parts]
    codes = [place.province for place in places if isinstance(place, Place)]
    if len(codes) < len(parts):
        return ()
    return tuple(of_province(code) for code in dict.fromkeys(codes))


def find_run(session: Session, number: int) -> Run | None:
    """A run with everything a page or a verdict reads of it, in few queries."""
    return session.get(
        Run,
        number,
        options=[
            joinedload(Run.party),
            joinedload(Run.stamp_key),
            joinedload(Run.pack_form),
            joinedload(Run.batch).joinedload(Batch.product),
        ],
    )


def find_stamp_keys(session: Session, hint: bytes) -> tuple[bytes, ...]:
    """Raw public stamp keys with that hint. Enrolment allows one; the format would allow more."""
    return tuple(session.scalars(select(StampKey.public_key).where(StampKey.hint == hint)))


def hotline_of(session: Session, party: Party) -> str:
    """Whom to call about a party's stamps: itself, else the alliance it belongs to; empty if neither has a number."""
    if party.hotline or party.alliance_id is None:
        return party.hotline
    alliance = session.get(Party, party.alliance_id)
    return alliance.hotline if alliance else ""


def _vouchers(session: Session, run: Run) -> Vouchers:
    alliance = session.get(Party, run.party.alliance_id) if run.party.alliance_id else None
    national = session.scalars(
        select(Party).where(Party.kind == PartyKind.NATIONAL_ALLIANCE).limit(1)
    ).first()
    return Vouchers(
        run.stamp_key.custody,
        national.name if national else "",
        alliance.name if alliance and alliance is not national else "",
        run.log_index,
        run.proof is not None,
        run.log_index <= _back_filled(session),
    )


def _back_filled(session: Session) -> int:
    """The last entry that is older than the log itself; 0 when there is none."""
    opening = session.get(LogEntry, 0)
    return LogOpened.parse(peek(opening.envelope)).backfill if opening else 0


def _about(run: Run, hotline: str, vouchers: Vouchers) -> dict[str, Any]:
    batch, product, form, party = run.batch, run.batch.product, run.pack_form, run.party
    return {
        "batch": {
            "lot": batch.lot,
            "made_on": batch.made_on.isoformat(),
            "expires_on": batch.expires_on.isoformat() if batch.expires_on else None,
        },
        "product": {
            "code": product.code,
            "name": product.name,
            "name_en": product.name_en,
            "gtin": form.gtin or product.gtin,
            "pack_form": {
                "code": form.code,
                "name": form.name,
                "net_content": str(form.net_content) if form.net_content is not None else None,
                "unit": form.net_unit,
            },
        },
        "issuer": {
            "code": party.code,
            "name": party.name,
            "kind": party.kind.value,
            "province": party.province,
            "hotline": hotline,
            "sample": party.is_sample,
        },
        "vouched_by": {
            "custody": vouchers.custody.value,
            "chain": [name for name in (vouchers.national, vouchers.alliance, party.name) if name],
            "log": {
                "index": vouchers.log_index,
                "entry": f"/log/entry/{vouchers.log_index}",
                "proof": f"/log/proof/{vouchers.log_index}",
                "witnessed": vouchers.witnessed,
                "back_filled": vouchers.back_filled,
            },
        },
    }
