"""Writing a plan: the only module of the import that changes the database."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy.orm import Session

from temthat_trace import places
from temthat_trace.batches import Batch, BatchSource
from temthat_trace.consent import How, Purpose
from temthat_trace.database import Base
from temthat_trace.events import Event, EventLine, line
from temthat_trace.importing.existing import Existing, Key, LineValue
from temthat_trace.importing.plan import Change, Entry, Plan
from temthat_trace.importing.sheets import SHEETS
from temthat_trace.papers import Paper
from temthat_trace.parties import Member, Party, Plot
from temthat_trace.privacy.consenting import give, withdraw
from temthat_trace.products import PackComponent, PackForm, Product
from temthat_trace.purchases import PurchaseSlip
from temthat_trace.repository import withdraw_all
from temthat_trace.search import search_key

_MODELS: dict[str, type[Base]] = {
    "party": Party,
    "member": Member,
    "plot": Plot,
    "product": Product,
    "pack_form": PackForm,
    "component": PackComponent,
    "paper": Paper,
    "batch": Batch,
    "source": BatchSource,
    "event": Event,
    "shipment": Event,
    "slip": PurchaseSlip,
}


def apply(
    session: Session, plan: Plan, recorded_by: uuid.UUID | None, now: dt.datetime, recorded_name: str = ""
) -> None:
    """Write every new and changed record of a plan and flush; the caller's commit makes it all or nothing.

    `recorded_by` is the importing party and `recorded_name` the person, entered on events and slips; without a party
    the batch's own is entered. A changed paper loses its confirmations: what an authority looked at is no longer what
    it says. Raises sqlalchemy's IntegrityError when somebody else wrote the same codes in between.
    """
    writer = _Writer(session, plan.existing, recorded_by, now, recorded_name)
    by_sheet: dict[str, list[Entry]] = {}
    for entry in plan.entries:
        by_sheet.setdefault(entry.sheet, []).append(entry)
    for sheet in SHEETS:
        entries = by_sheet.get(sheet.key, ())
        writer.create(sheet.key, (e for e in entries if e.change is Change.NEW))
        writer.change(sheet.key, [e for e in entries if e.change is Change.CHANGED])


class _Writer:
    def __init__(
        self,
        session: Session,
        existing: Existing,
        recorded_by: uuid.UUID | None,
        now: dt.datetime,
        recorded_name: str,
    ) -> None:
        self._session = session
        self._recorded_by = recorded_by
        self._recorded_name = recorded_name
        self._now = now
        self._by = existing.acting or ""
        self._ids: dict[tuple[str, Key], uuid.UUID] = {
            (sheet, key): known.id
            for sheet, records in existing.records.items()
            for key, known in records.items()
            if known.id is not None
        }
        self._columns: dict[str, Callable[[Entry], dict[str, Any]]] = {
            "party": self._party,
            "member": self._member,
            "plot": self._plot,
            "product": self._product,
            "pack_form": self._pack_form,
            "component": self._component,
            "paper": self._paper,
            "batch": self._batch,
            "source": self._source,
            "event": self._event,
            "shipment": self._event,
            "slip": self._slip,
        }

    def create(self, sheet: str, entries: Iterable[Entry]) -> None:
        """Insert new records; what refers to its own kind is tied once all of them are there."""
        made = []
        for entry in entries:
            record = _MODELS[sheet](**self._columns[sheet](entry))
            if isinstance(record, Event):
                record.seal()
            made.append((entry, record))
        self._session.add_all(record for _, record in made)
        self._session.flush()
        self._ids.update({(sheet, e.key): r.id for e, r in made if hasattr(r, "id")})
        self._tie(sheet, made)

    def change(self, sheet: str, entries: list[Entry]) -> None:
        """Set the fields of changed records."""
        made = []
        for entry in entries:
            record = self._session.get_one(_MODELS[sheet], self._identity(entry))
            for name, value in self._columns[sheet](entry).items():
                setattr(record, name, value)
            if isinstance(record, Paper):
                withdraw_all(self._session, record, self._now)
            made.append((entry, record))
        self._tie(sheet, made)

    def _tie(self, sheet: str, made: list[tuple[Entry, Any]]) -> None:
        for entry, record in made:
            if sheet == "party" and (entry.change is Change.NEW or "alliance" in entry.changed):
                alliance = entry.values["alliance"]
                record.alliance_id = self._ids["party", (alliance,)] if alliance else None
            elif sheet == "pack_form":
                inner = entry.values["inner"]
                record.inner_id = self._ids["pack_form", (*entry.key[:2], inner)] if inner else None
            elif sheet == "member":
                self._agree(record, entry.values["consented_on"])
        self._session.flush()

    def _agree(self, member: Member, day: dt.date | None) -> None:
        """The workbook's day of consent as a record; an emptied one takes the consent back."""
        stated = [c for c in member.consents if c.purpose is Purpose.STORE and c.withdrawn_at is None]
        if day is None and stated:
            withdraw(member, Purpose.STORE, self._by, self._now)
        elif day is not None and not stated:
            give(member, Purpose.STORE, How.WORKBOOK, day, self._by, self._now)
        elif day is not None and stated[0].how is How.WORKBOOK:
            stated[0].given_on = day

    def _identity(self, entry: Entry) -> Any:
        if entry.sheet == "component":
            return self._ids["pack_form", entry.key[:3]], self._ids["pack_form", entry.key[3:]]
        if entry.sheet == "source":
            return self._ids["batch", entry.key[:3]], self._ids["batch", entry.key[3:]]
        return self._ids[entry.sheet, entry.key]

    def _of_party(self, entry: Entry, sheet: str, column: str) -> uuid.UUID | None:
        """The id behind an optional code of the same party."""
        code = entry.values.get(column)
        return self._ids[sheet, (entry.key[0], code)] if code else None

    def _owner(self, entry: Entry) -> uuid.UUID:
        return self._ids["party", entry.key[:1]]

    def _party(self, entry: Entry) -> dict[str, Any]:
        v = entry.values
        names = ("kind", "name", "name_en", "hotline", "email", "tax_code", "gln", "is_sample")
        place = _place(v["address"])
        search = search_key(v["name"], v["name_en"], entry.key[0], *_place_names(place))
        return {"code": entry.key[0], "search": search, **_pick(v, names), **place}

    def _member(self, entry: Entry) -> dict[str, Any]:
        v = entry.values
        personal = {"full_name": v["full_name"] or None, "phone": v["phone"] or None}
        names = ("alias", "commune_text")
        return {"party_id": self._owner(entry), "code": entry.key[1], **_pick(v, names), **personal}

    def _plot(self, entry: Entry) -> dict[str, Any]:
        v = entry.values
        names = ("name", "area_ha", "growing_area_code", "yield_kg_per_ha", "seasons_per_year", "gln")
        member = self._of_party(entry, "member", "member")
        own = {"party_id": self._owner(entry), "code": entry.key[1], "member_id": member}
        return {**own, **_pick(v, names), **_place(v["address"])}

    def _product(self, entry: Entry) -> dict[str, Any]:
        v = entry.values
        search = search_key(v["name"], v["name_en"], entry.key[1])
        return {"party_id": self._owner(entry), "code": entry.key[1], "search": search, **v}

    def _pack_form(self, entry: Entry) -> dict[str, Any]:
        names = ("name", "name_en", "kind", "net_content", "net_unit", "holds", "gtin")
        product = self._ids["product", entry.key[:2]]
        return {"product_id": product, "code": entry.key[2], **_pick(entry.values, names)}

    def _component(self, entry: Entry) -> dict[str, Any]:
        combo, part = self._identity(entry)
        return {"combo_id": combo, "part_id": part, **entry.values}

    def _paper(self, entry: Entry) -> dict[str, Any]:
        names = ("kind", "number", "authority", "issued_on", "valid_until", "stars")
        product = self._of_party(entry, "product", "product")
        own = {"party_id": self._owner(entry), "code": entry.key[1], "product_id": product}
        return {**own, **_pick(entry.values, names)}

    def _batch(self, entry: Entry) -> dict[str, Any]:
        v = entry.values
        return {
            "party_id": self._owner(entry),
            "product_id": self._ids["product", entry.key[:2]],
            "lot": entry.key[2],
            "plot_id": self._of_party(entry, "plot", "plot"),
            "member_id": self._of_party(entry, "member", "member"),
            **_pick(v, ("quantity", "unit", "made_on", "expires_on")),
            **_place(v["address"]),
        }

    def _source(self, entry: Entry) -> dict[str, Any]:
        batch, source = self._identity(entry)
        return {"batch_id": batch, "source_id": source, **entry.values}

    def _event(self, entry: Entry) -> dict[str, Any]:
        v = entry.values
        return {
            "batch_id": self._ids["batch", v["batch"]],
            "recorded_by": self._recorded_by or self._owner(entry),
            "recorded_name": self._recorded_name,
            "recorded_at": self._now,
            "plot_id": self._of_party(entry, "plot", "plot"),
            "member_id": self._of_party(entry, "member", "member"),
            "lines": [self._line(value) for value in v["lines"]],
            **_pick(v, ("step", "at", "text", "actor")),
            **_place(v["address"]),
        }

    def _line(self, value: LineValue) -> EventLine:
        batch = self._ids["batch", value.batch] if value.batch else None
        return line(
            value.role,
            value.what,
            lot=value.lot,
            batch=batch,
            partner=value.partner,
            quantity=value.quantity,
            unit=value.unit,
        )

    def _slip(self, entry: Entry) -> dict[str, Any]:
        v = entry.values
        batch = self._ids["batch", (entry.key[0], v["product"], v["lot"])] if v["lot"] else None
        new = {"recorded_at": self._now, "recorded_name": self._recorded_name} if not entry.before else {}
        return {
            "party_id": self._owner(entry),
            "number": entry.key[1],
            "member_id": self._of_party(entry, "member", "member"),
            "plot_id": self._of_party(entry, "plot", "plot"),
            "product_id": self._of_party(entry, "product", "product"),
            "batch_id": batch,
            **_pick(v, ("what", "quantity", "unit", "at", "note")),
            **new,
        }


def _pick(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {n: values[n] for n in names}


def _place(address: str) -> dict[str, Any]:
    """The address as printed, and today's codes of the place if it is certain enough."""
    found = places.find_place(address) if address else None
    commune = found.commune if isinstance(found, places.Place) else None
    return {"address": address, "province": found.province if found else None, "commune": commune}


def _place_names(place: dict[str, Any]) -> Iterator[str]:
    """Current and old names of a party's province, so that it is found by either."""
    if place["province"]:
        province = places.province(place["province"])
        yield from (province.name, *province.merged)
