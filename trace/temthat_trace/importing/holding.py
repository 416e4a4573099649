"""A cooperative's workbook where an office wants to be asked first: what is written now, and what waits.

Held back are changes of products that are public already (with their pack forms and combos), and changes of papers that
an office confirmed. A new product is written, so that its batches can be prepared, and waits as a whole: it has no
stamps and no page before. What waits is shown to the importer as if it were stored, so that sending the same workbook
twice changes nothing; against what is stored, the office sees before and after. Where nobody wants to be asked, the
same changes are written at once and put on record for the office to look at.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from temthat_trace.approvals.proposing import proposed_as_new, put, waiting_for
from temthat_trace.approvals.records import Source, Subject
from temthat_trace.approvals.rule import changes_wait, is_public
from temthat_trace.approvals.values import ChangedRecord, Key, from_json
from temthat_trace.importing.existing import Existing, Known
from temthat_trace.importing.plan import Change, Entry, Plan
from temthat_trace.importing.report import Findings
from temthat_trace.importing.sheets import SHEET
from temthat_trace.papers import Paper, PaperConfirmation
from temthat_trace.parties import PRODUCERS, Party
from temthat_trace.products import Product

AT_ONCE = frozenset({"base_unit", "kind"})
"""Fields of a product that no shopper sees and batches are counted by: never held back. Printed stamps freeze them."""

_OF_PRODUCTS = frozenset({"product", "pack_form", "component"})
_Address = tuple[str, Key]


@dataclass(frozen=True, slots=True)
class _Group:
    """The change of one product or paper: its records as they shall be, and whether the product is new."""

    subject: Subject
    key: Key
    records: tuple[ChangedRecord, ...]
    waits: bool
    is_new: bool = False


class Holding:
    """One import's view of what waits. Does nothing unless a producer imports for itself."""

    def __init__(self, session: Session, existing: Existing, acting: Party | None) -> None:
        self._session = session
        self._existing = existing
        self._acting = acting if acting is not None and acting.kind in PRODUCERS else None
        self._parties = self._own() if self._acting else {}
        self._waits = {code for code, party in self._parties.items() if changes_wait(session, party)}
        self._stored: dict[_Address, Known | None] = {}
        self._overlaid: dict[_Address, ChangedRecord] = {}
        self._unseen = self._not_public()
        self._overlay()

    def _own(self) -> dict[str, Party]:
        """The parties of this workbook the importer may write for, by code."""
        scope = self._existing.scope
        codes = {
            key[0] for key in self._existing.records.get("party", {}) if scope is None or key[0] in scope
        }
        return {p.code: p for p in self._session.scalars(select(Party).where(Party.code.in_(codes)))}

    def _not_public(self) -> frozenset[Key]:
        codes = {party.id: code for code, party in self._parties.items()}
        query = select(Product.party_id, Product.code).where(Product.party_id.in_(codes), ~is_public())
        return frozenset((codes[party_id], code) for party_id, code in self._session.execute(query))

    def _overlay(self) -> None:
        """Let what waits stand in the place of what is stored, which is remembered."""
        for proposal in waiting_for(self._session, [self._parties[code].id for code in self._waits]):
            if proposal.is_new:
                continue
            for record in from_json(proposal.entries):
                known = self._existing.known(record.sheet, record.key)
                if known is None and not record.new:
                    continue
                address = (record.sheet, record.key)
                self._stored[address] = known
                self._overlaid[address] = record
                values = {**(known.values if known else {}), **record.after}
                kept = self._existing.records.setdefault(record.sheet, {})
                kept[record.key] = Known(known.id if known else None, values)

    def split(self, plan: Plan, findings: Findings) -> tuple[Plan, list[_Group]]:
        """What is written now, and the changes to put on record; a note in the findings for each that waits."""
        if self._acting is None:
            return plan, []
        now: list[Entry] = []
        groups: dict[tuple[Subject, Key], list[ChangedRecord]] = {}
        new_products = {e.key for e in plan.entries if e.sheet == "product" and e.change is Change.NEW}
        whole = new_products | self._unseen
        for entry in plan.entries:
            if entry.change is Change.SAME or entry.sheet not in {*_OF_PRODUCTS, "paper"}:
                now.append(entry)
                continue
            subject, key = _subject(entry)
            waits = key[0] in self._waits
            held = waits and (self._is_confirmed(key) if subject is Subject.PAPER else key not in whole)
            if held:
                now += self._at_once(entry)
            elif self._needs_what_waits(entry):
                _refuse(findings, entry)
            else:
                now.append(entry)
            if subject is Subject.PRODUCT or entry.change is Change.CHANGED:
                groups.setdefault((subject, key), []).append(self._changed(entry, new=key in whole))
        found = [self._group(subject, key, told, whole) for (subject, key), told in groups.items()]
        for group in found:
            if group.waits and group.records:
                _note(findings, group, self._name(group))
        return Plan(now, plan.existing), found

    def _group(
        self, subject: Subject, key: Key, told: list[ChangedRecord], whole: set[Key] | frozenset[Key]
    ) -> _Group:
        asked = key[0] in self._waits
        if subject is Subject.PRODUCT and key in whole:
            return _Group(subject, key, tuple(told), asked or key in self._unseen, is_new=True)
        if not asked or (subject is Subject.PAPER and not self._is_confirmed(key)):
            return _Group(subject, key, tuple(r for r in told if r.new or r.after), waits=False)
        mine = {(r.sheet, r.key) for r in told}
        before = [
            r
            for address, r in self._overlaid.items()
            if _owner(*address) == (subject, key) and address not in mine
        ]
        records = [self._without_at_once(r) for r in (*before, *told)]
        return _Group(subject, key, tuple(r for r in records if r.new or r.after), waits=True)

    def _changed(self, entry: Entry, *, new: bool) -> ChangedRecord:
        """What this entry makes of what is stored, whatever waited before."""
        address = (entry.sheet, entry.key)
        stored = self._stored.get(address, entry.before)
        if new or stored is None:
            return ChangedRecord(entry.sheet, entry.key, True, dict(entry.values))
        after = {name: value for name, value in entry.values.items() if stored.values.get(name) != value}
        before = {name: stored.values.get(name) for name in after}
        return ChangedRecord(entry.sheet, entry.key, False, after, before)

    def _without_at_once(self, record: ChangedRecord) -> ChangedRecord:
        if record.sheet != "product" or record.new:
            return record
        after = {name: value for name, value in record.after.items() if name not in AT_ONCE}
        return replace(record, after=after, before={name: record.before[name] for name in after})

    def _at_once(self, entry: Entry) -> list[Entry]:
        """What of a held product is written all the same, everything else as stored."""
        fields = entry.changed & AT_ONCE if entry.sheet == "product" else frozenset()
        if not fields or entry.before is None:
            return []
        stored = self._stored.get((entry.sheet, entry.key)) or entry.before
        values = {**stored.values, **{name: entry.values[name] for name in fields}}
        return [Entry(entry.sheet, entry.key, values, stored, frozenset(fields))]

    def _name(self, group: _Group) -> str:
        """What people call it: as stored, else as the workbook says; a paper by its number."""
        field = "name" if group.subject is Subject.PRODUCT else "number"
        known = self._stored.get((group.subject, group.key)) or self._existing.known(group.subject, group.key)
        told = next((r.after[field] for r in group.records if field in r.after and r.key == group.key), "")
        return str(known.values[field] if known else told or group.key[-1])

    def _is_confirmed(self, key: Key) -> bool:
        known = self._existing.known("paper", key)
        standing = PaperConfirmation.withdrawn_at.is_(None)
        query = select(exists().where(PaperConfirmation.paper_id == (known.id if known else None), standing))
        return bool(self._session.scalar(query))

    def _needs_what_waits(self, entry: Entry) -> bool:
        """A combo of a new product, one part of which only exists in a change that waits."""
        if entry.sheet != "component":
            return False
        part = self._existing.known("pack_form", entry.key[3:])
        return part is not None and part.id is None

    def record(self, groups: Sequence[_Group], person: str, now: dt.datetime) -> None:
        """Store the changes, after what is written now is. Raises `DecidedMeanwhile`, sqlalchemy's IntegrityError."""
        for group in groups:
            assert self._acting is not None
            records: Iterable[ChangedRecord] = group.records
            subject_id = self._id(group)
            if group.is_new and group.key in self._unseen:
                records = self._all_of(subject_id, group)
            put(
                self._session,
                party_id=self._parties[group.key[0]].id,
                subject=group.subject,
                subject_id=subject_id,
                product_id=subject_id if group.subject is Subject.PRODUCT else self._product_of(subject_id),
                records=list(records),
                is_new=group.is_new,
                source=Source.WORKBOOK,
                by=self._acting,
                person=person,
                now=now,
                waits=group.waits,
            )

    def _all_of(self, product_id: uuid.UUID, group: _Group) -> list[ChangedRecord]:
        """A new product that waits or was refused is proposed again whole: what was said before, with what is new."""
        told = {(r.sheet, r.key): r for r in from_json(proposed_as_new(self._session, product_id).entries)}
        return [*(told | {(r.sheet, r.key): r for r in group.records}).values()]

    def _id(self, group: _Group) -> uuid.UUID:
        model = Product if group.subject is Subject.PRODUCT else Paper
        owner = self._parties[group.key[0]].id
        query = select(model.id).where(model.party_id == owner, model.code == group.key[1])
        return self._session.scalars(query).one()

    def _product_of(self, paper_id: uuid.UUID) -> uuid.UUID | None:
        return self._session.get_one(Paper, paper_id).product_id


def _subject(entry: Entry) -> tuple[Subject, Key]:
    return _owner(entry.sheet, entry.key)


def _owner(sheet: str, key: Key) -> tuple[Subject, Key]:
    return (Subject.PAPER if sheet == "paper" else Subject.PRODUCT), key[:2]


def _note(findings: Findings, group: _Group, name: str) -> None:
    sheet = SHEET[group.subject]
    if group.is_new:
        vi = f"Sản phẩm mới “{name}” chờ duyệt; đến khi được duyệt thì chưa in tem được và người mua chưa thấy."
        en = f"The new product “{name}” waits for approval; until then it has no stamps and is not public."
    else:
        vi = f"Thay đổi của “{name}” chờ duyệt; người mua vẫn thấy như cũ cho đến khi được duyệt."
        en = f"The change of “{name}” waits for approval; shoppers see the old state until then."
    findings.note(sheet.vi, "", vi, en)


def _refuse(findings: Findings, entry: Entry) -> None:
    findings.problem(
        SHEET["component"].vi,
        "",
        entry.key[-1],
        "Quy cách thành phần này đang chờ duyệt. Đợi duyệt xong rồi nạp combo.",
        "This part's pack form waits for approval. Bring in the combo once it is approved.",
    )
