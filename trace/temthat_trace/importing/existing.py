"""What is already recorded, as far as a workbook speaks of it, in the same natural keys the workbook uses.

Records are keyed by codes, never by ids: a member by (party, code), a batch by (party, product, lot), and so on. Only
what the rows name is loaded, so that an alliance with a million events imports as fast as one cooperative.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, selectinload

from temthat_trace import formats
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.consent import Purpose, former_code, in_force
from temthat_trace.events import Event, EventLine, LineRole
from temthat_trace.importing.interpret import Row
from temthat_trace.papers import Paper
from temthat_trace.parties import PRODUCERS, Member, Party, PartyKind, Plot
from temthat_trace.products import PackComponent, PackForm, Product
from temthat_trace.purchases import PurchaseSlip
from temthat_trace.search import fold
from temthat_trace.units import plain

Key = tuple[str, ...]
MOMENT = 5
"""The parts of an event's key that say its batch, step and moment."""
Frozen = Mapping[uuid.UUID, Decimal | None] | AbstractSet[uuid.UUID]
_CHUNK = 400


@dataclass(frozen=True, slots=True)
class Known:
    """A stored record: its id, and the fields a workbook can change, with codes instead of ids."""

    id: uuid.UUID | None
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Erased:
    """A member whose data was erased: `code` is what it is called now, `former` tells its old code again."""

    id: uuid.UUID
    party: str
    code: str
    former: bytes
    on: dt.date


@dataclass(slots=True)
class Private:
    """What members decided, which an old workbook must not undo.

    `withdrawn`: the day on which a member last took back its consent to be stored. `unshown`: by party and folded full
    name, the alias of those who did not agree to be named; `named`: those who did. `events`: batch, step and moment of
    erased diary entries.
    """

    withdrawn: dict[Key, dt.date] = field(default_factory=dict)
    unshown: dict[tuple[str, str], str] = field(default_factory=dict)
    named: set[Key] = field(default_factory=set)
    erased: list[Erased] = field(default_factory=list)
    events: set[Key] = field(default_factory=set)

    def keep(self, party: str, member: Member) -> None:
        """Note what one member decided."""
        if member.erased_at is not None:
            day = formats.today(member.erased_at)
            self.erased.append(Erased(member.id, party, member.code, member.former or b"", day))
        if Purpose.SHOW_NAME in in_force(member.consents):
            self.named.add((party, member.code))
        elif member.full_name:
            self.unshown[party, fold(member.full_name)] = member.alias
        for consent in member.consents:
            if consent.purpose is Purpose.STORE and consent.withdrawn_at is not None:
                key, day = (party, member.code), formats.today(consent.withdrawn_at)
                self.withdrawn[key] = max(day, self.withdrawn.get(key, day))

    def erased_as(self, party: str, code: str) -> Erased | None:
        """The erased member that had this code once."""
        return next(
            (e for e in self.erased if e.party == party and e.former == former_code(e.id, code)), None
        )


@dataclass(slots=True)
class Existing:
    """The stored records a workbook touches, who is importing, and what may not change any more.

    `scope` holds the codes of the parties the importer may write for; None, for all: the operator and the national
    alliance.
    `frozen` has the batches with printed stamps and the least quantity, in the product's base unit, those stamps stand
    for (None: any lowering is refused). `frozen_products` are the products of such batches.
    """

    acting: str | None
    acting_kind: PartyKind | None
    scope: frozenset[str] | None
    now: dt.datetime
    records: dict[str, dict[Key, Known]] = field(default_factory=dict)
    frozen: Mapping[uuid.UUID, Decimal | None] = field(default_factory=dict)
    frozen_products: frozenset[Key] = frozenset()
    private: Private = field(default_factory=Private)

    def known(self, sheet: str, key: Key) -> Known | None:
        """The stored record of that kind and key."""
        return self.records.get(sheet, {}).get(key)

    @property
    def is_operator(self) -> bool:
        """Nobody in particular: the command line on the server itself."""
        return self.acting is None


def load_existing(
    session: Session,
    rows: Sequence[Row],
    acting: Party | None,
    now: dt.datetime,
    frozen_batches: Frozen = frozenset(),
) -> Existing:
    """Everything stored that these rows name, and the importer's scope: itself and all parties below it."""
    frozen = frozen_batches if isinstance(frozen_batches, Mapping) else dict.fromkeys(frozen_batches)
    everything = acting is None or acting.kind is PartyKind.NATIONAL_ALLIANCE
    scope = None if everything or acting is None else frozenset(_below(session, acting))
    found = Existing(
        acting.code if acting else None, acting.kind if acting else None, scope, now, frozen=frozen
    )
    codes = _mentioned(rows, "party", "source_party", "part_party", "alliance")
    codes |= _mentioned([r for r in rows if r.spec.key == "party"], "code")
    if acting:
        codes.add(acting.code)
    _Loader(session, found, codes, rows).load()
    return found


def load_records(
    session: Session, codes: Iterable[str], now: dt.datetime, frozen_batches: Frozen = frozenset()
) -> Existing:
    """Everything about these parties that has a code of its own: no batches, no events."""
    frozen = frozen_batches if isinstance(frozen_batches, Mapping) else dict.fromkeys(frozen_batches)
    found = Existing(None, None, None, now, frozen=frozen)
    _Loader(session, found, set(codes), ()).load()
    return found


def default_party(rows: Iterable[Row], existing: Existing) -> str | None:
    """Whose a row without a party code is: the importing producer's, else the workbook's only party's."""
    if existing.acting_kind in PRODUCERS:
        return existing.acting
    codes = {r.values.get("code") for r in rows if r.spec.key == "party"} - {None}
    return str(codes.pop()) if len(codes) == 1 else None


def _mentioned(rows: Iterable[Row], *columns: str) -> set[str]:
    return {r.values[c] for r in rows for c in columns if r.values.get(c)}


def _below(session: Session, acting: Party) -> Iterator[str]:
    """The codes of a party and of everything under it, level by level."""
    yield acting.code
    seen = {acting.id}
    level = [acting.id]
    while level:
        rows = [r for ids in _chunks(level) for r in session.execute(_children(ids))]
        level = [i for i, _ in rows if i not in seen]
        seen.update(level)
        yield from (code for _, code in rows)


def _children(ids: Sequence[uuid.UUID]) -> Any:
    return select(Party.id, Party.code).where(Party.alliance_id.in_(ids))


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    """Lists short enough for one IN (...)."""
    todo = list(items)
    for start in range(0, len(todo), _CHUNK):
        yield todo[start : start + _CHUNK]


class _Loader:
    """Loads one kind after the other; each kind's ids are the next one's keys."""

    def __init__(self, session: Session, found: Existing, codes: set[str], rows: Sequence[Row]) -> None:
        self._session = session
        self._found = found
        self._codes = codes
        self._rows = rows
        self._parties: dict[uuid.UUID, str] = {}
        self._members: dict[uuid.UUID, str] = {}
        self._plots: dict[uuid.UUID, str] = {}
        self._products: dict[uuid.UUID, Key] = {}
        self._forms: dict[uuid.UUID, Key] = {}
        self._batches: dict[uuid.UUID, Key] = {}

    def load(self) -> None:
        self._load_parties()
        self._load_members_and_plots()
        self._load_products()
        self._load_pack_forms()
        self._load_papers()
        self._load_batches()
        self._load_sources()
        self._load_events()
        self._load_slips()
        self._load_frozen_products()

    def _all(
        self, model: type[Any], column: ColumnElement[Any] | Any, values: Iterable[Any]
    ) -> Iterator[Any]:
        for chunk in _chunks(values):
            yield from self._session.scalars(select(model).where(column.in_(chunk)))

    def _keep(self, sheet: str, key: Key, record: Any, **values: Any) -> None:
        self._found.records.setdefault(sheet, {})[key] = Known(getattr(record, "id", None), values)

    def _load_parties(self) -> None:
        parties = list(self._all(Party, Party.code, self._codes))
        above = {p.alliance_id for p in parties if p.alliance_id}
        self._parties = {p.id: p.code for p in [*self._all(Party, Party.id, above), *parties]}
        for p in parties:
            self._keep(
                "party",
                (p.code,),
                p,
                kind=p.kind,
                name=p.name,
                name_en=p.name_en,
                address=p.address,
                hotline=p.hotline,
                email=p.email,
                tax_code=p.tax_code,
                gln=p.gln,
                alliance=self._parties.get(p.alliance_id),
                is_sample=p.is_sample,
            )

    def _load_members_and_plots(self) -> None:
        for m in self._all(Member, Member.party_id, self._parties):
            self._members[m.id] = m.code
            self._found.private.keep(self._parties[m.party_id], m)
            self._keep(
                "member",
                (self._parties[m.party_id], m.code),
                m,
                alias=m.alias,
                commune_text=m.commune_text,
                full_name=m.full_name or "",
                phone=m.phone or "",
                consented_on=m.consented_on,
            )
        for p in self._all(Plot, Plot.party_id, self._parties):
            self._plots[p.id] = p.code
            self._keep(
                "plot",
                (self._parties[p.party_id], p.code),
                p,
                name=p.name,
                member=self._members.get(p.member_id),
                area_ha=p.area_ha,
                growing_area_code=p.growing_area_code,
                yield_kg_per_ha=p.yield_kg_per_ha,
                seasons_per_year=p.seasons_per_year,
                gln=p.gln,
                address=p.address,
            )

    def _load_products(self) -> None:
        for p in self._all(Product, Product.party_id, self._parties):
            key = (self._parties[p.party_id], p.code)
            self._products[p.id] = key
            self._keep(
                "product",
                key,
                p,
                name=p.name,
                name_en=p.name_en,
                kind=p.kind,
                group=p.group,
                base_unit=p.base_unit,
                gtin=p.gtin,
                shelf_life_months=p.shelf_life_months,
                storage=p.storage,
                standard=p.standard,
                description=p.description,
                sold_in=p.sold_in,
                description_en=p.description_en,
                storage_en=p.storage_en,
                brand=p.brand,
                warning=p.warning,
                picture=p.picture,
            )

    def _load_pack_forms(self) -> None:
        forms = list(self._all(PackForm, PackForm.product_id, self._products))
        self._forms = {f.id: (*self._products[f.product_id], f.code) for f in forms}
        for f in forms:
            inner = self._forms.get(f.inner_id)
            self._keep(
                "pack_form",
                self._forms[f.id],
                f,
                name=f.name,
                name_en=f.name_en,
                kind=f.kind,
                net_content=f.net_content,
                net_unit=f.net_unit,
                inner=inner[-1] if inner else None,
                holds=f.holds,
                gtin=f.gtin,
            )
        for c in self._all(PackComponent, PackComponent.combo_id, self._forms):
            part = self._forms.get(c.part_id)
            if part:
                self._keep("component", (*self._forms[c.combo_id], *part), c, quantity=c.quantity)

    def _load_papers(self) -> None:
        for p in self._all(Paper, Paper.party_id, self._parties):
            product = self._products.get(p.product_id)
            self._keep(
                "paper",
                (self._parties[p.party_id], p.code),
                p,
                kind=p.kind,
                number=p.number,
                product=product[-1] if product else None,
                authority=p.authority,
                issued_on=p.issued_on,
                valid_until=p.valid_until,
                stars=p.stars,
            )

    def _load_batches(self) -> None:
        lots = _mentioned(self._rows, "lot", "source_lot")
        for chunk in _chunks(lots):
            for ids in _chunks(self._products):
                stmt = select(Batch).where(Batch.lot.in_(chunk), Batch.product_id.in_(ids))
                for b in self._session.scalars(stmt):
                    self._keep_batch(b)

    def _keep_batch(self, b: Batch) -> None:
        key = (*self._products[b.product_id], b.lot)
        self._batches[b.id] = key
        self._keep(
            "batch",
            key,
            b,
            quantity=b.quantity,
            unit=b.unit,
            made_on=b.made_on,
            expires_on=b.expires_on,
            plot=self._plots.get(b.plot_id) if b.plot_id else None,
            member=self._members.get(b.member_id) if b.member_id else None,
            address=b.address,
        )

    def _load_sources(self) -> None:
        """Sources of the batches named, and what else was taken from the batches they come from."""
        found: dict[tuple[uuid.UUID, uuid.UUID], BatchSource] = {}
        for ids in _chunks(self._batches):
            stmt = select(BatchSource).where(
                or_(BatchSource.batch_id.in_(ids), BatchSource.source_id.in_(ids))
            )
            found.update({(s.batch_id, s.source_id): s for s in self._session.scalars(stmt)})
        unknown = {i for pair in found for i in pair} - self._batches.keys()
        for b in self._all(Batch, Batch.id, unknown):
            if b.product_id in self._products:
                self._keep_batch(b)
        for (batch_id, source_id), s in found.items():
            batch = self._batches.get(batch_id, ("?", str(batch_id), ""))
            source = self._batches.get(source_id, ("?", str(source_id), ""))
            self._keep("source", (*batch, *source), s, quantity=s.quantity, unit=s.unit)

    def _load_events(self) -> None:
        diaries = [r for r in self._rows if r.spec.key in ("event", "shipment")]
        wanted = {(r.values.get("product"), r.values.get("lot")) for r in diaries}
        ids = [i for i, key in self._batches.items() if key[1:] in wanted]
        for chunk in _chunks(ids):
            query = select(Event).where(Event.batch_id.in_(chunk)).options(selectinload(Event.lines))
            for e in self._session.scalars(query):
                self._keep_event(e)

    def _keep_event(self, e: Event) -> None:
        key = event_key(
            self._batches[e.batch_id],
            e.step,
            e.at,
            e.text or "",
            e.actor,
            e.address,
            plot=self._plots.get(e.plot_id) if e.plot_id else None,
            member=self._members.get(e.member_id) if e.member_id else None,
            lines=[self._line(line) for line in e.lines],
        )
        self._keep("event", key, e)
        if e.salt is None:
            self._found.private.events.add(key[:MOMENT])
        if any(line.role is LineRole.SENT for line in e.lines):
            self._keep("shipment", key, e)

    def _line(self, line: EventLine) -> "LineValue":
        batch = self._batches.get(line.batch_id) if line.batch_id else None
        return LineValue(line.role, line.what, line.lot, batch, line.partner, line.quantity, line.unit)

    def _load_slips(self) -> None:
        numbers = _mentioned([r for r in self._rows if r.spec.key == "slip"], "number")
        query = select(PurchaseSlip).where(PurchaseSlip.party_id.in_(self._parties))
        for chunk in _chunks(numbers):
            slips = self._session.scalars(query.where(PurchaseSlip.number.in_(chunk))).all()
            for b in self._all(Batch, Batch.id, {s.batch_id for s in slips} - {None} - self._batches.keys()):
                self._keep_batch(b)
            for slip in slips:
                batch = self._batches.get(slip.batch_id) if slip.batch_id else None
                product = self._products.get(slip.product_id) if slip.product_id else None
                self._keep(
                    "slip",
                    (self._parties[slip.party_id], slip.number),
                    slip,
                    at=slip.at,
                    member=self._members.get(slip.member_id),
                    plot=self._plots.get(slip.plot_id) if slip.plot_id else None,
                    what=slip.what,
                    quantity=slip.quantity,
                    unit=slip.unit,
                    product=product[-1] if product else None,
                    lot=batch[-1] if batch else None,
                    note=slip.note,
                    withdrawn=slip.withdrawn_at is not None,
                )

    def _load_frozen_products(self) -> None:
        ids: set[uuid.UUID] = set()
        for chunk in _chunks(self._found.frozen):
            ids.update(self._session.scalars(select(Batch.product_id).where(Batch.id.in_(chunk))))
        self._found.frozen_products = frozenset(self._products[i] for i in ids if i in self._products)


@dataclass(frozen=True, slots=True)
class LineValue:
    """A line of an event as a workbook says it, with the batch's key instead of its id."""

    role: LineRole
    what: str = ""
    lot: str = ""
    batch: Key | None = None
    partner: str = ""
    quantity: Decimal | None = None
    unit: str | None = None

    def text(self) -> str:
        """All it says, to compare lines by."""
        amount = "" if self.quantity is None else f"{plain(self.quantity):f} {self.unit}"
        batch = "/".join(self.batch or ())
        return "\x1f".join((self.role, self.what, self.lot, batch, self.partner, amount))


def event_key(
    batch: Key,
    step: str,
    at: dt.datetime,
    text: str,
    actor: str,
    address: str,
    *,
    plot: str | None = None,
    member: str | None = None,
    lines: Iterable[LineValue] = (),
) -> Key:
    """An event has no code: it is the same event when all it says is the same."""
    moment = at.astimezone(dt.UTC).isoformat(timespec="seconds")
    said = (*batch, str(step), moment, text, actor, address, plot or "", member or "")
    return (*said, *sorted(line.text() for line in lines))


SAID = 8
"""How many parts of an event's key come before plot, member and lines: what a workbook had before there were these."""
