"""The dossier as a document to read: cover, product, producer, papers, batches with their way, proofs.

Written while it is read from the database, one batch after the other.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sqlalchemy.orm import Session

from temthat_stamps.printing.document import Cell, Document, Step, Tone
from temthat_stamps.runs.records import Run
from temthat_trace import formats
from temthat_trace.batches import Batch
from temthat_trace.events import Event, EventLine
from temthat_trace.importing.choices import PRODUCT_GROUPS
from temthat_trace.origin import origin_of
from temthat_trace.papers import Attachment, Paper, PaperKind
from temthat_trace.parties import Party
from temthat_trace.products import PackForm, Product
from temthat_trace.vouching import Vouching
from temthat_verify_api.outgoing.gather import (
    Loaded,
    Scope,
    base_of,
    batch_ids_of,
    load_each,
    page_of,
    papers_in,
    sellers_of,
    told_events,
)
from temthat_verify_api.outgoing.proofs import proofs_of
from temthat_verify_api.outgoing.words import Words
from temthat_verify_api.pages.way import BOUNDS, Stop, way_of
from temthat_verify_api.wiring import Services

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SCAN = (480.0, 640.0)
_PHOTO = (300.0, 220.0)
_PHOTOS = 6
"""Of one event; all of them are in the ZIP."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What a dossier is made of and in which language."""

    session: Session
    services: Services
    scope: Scope
    product: Product
    words: Words

    @property
    def party(self) -> Party:
        """Its producer."""
        return self.scope.party

    @property
    def day(self) -> dt.date:
        """The day it is made, in Vietnam."""
        return formats.today(self.services.now())

    @property
    def base(self) -> str:
        """Scheme and host of public pages."""
        return base_of(self.services)

    @property
    def page(self) -> str:
        """The product's public page."""
        return page_of(self.base, self.party.code, self.product.code)

    @property
    def check(self) -> str:
        """The command that checks the zipped dossier."""
        policy = self.services.book.policy
        witnesses = "".join(f" --witness '{key}'" for key in policy.witnesses)
        return f"temthat log dossier ho-so.zip --origin {policy.origin} --key '{policy.log_key}'{witnesses}"


def write_pdf(setting: Setting, out: BinaryIO) -> None:
    """The whole document."""
    words = setting.words
    title = f"{words('dossier')}: {words.either(setting.product.name, setting.product.name_en)}"
    footer = f"{setting.services.settings.host} · {words('dossier')} · {words.day(setting.day)}"
    lang = "en" if words.lang == "en" else "vi-VN"
    document = Document(out, title, footer=footer, lang=lang)
    _Writer(setting, document).write()
    document.close()


class _Writer:
    def __init__(self, setting: Setting, document: Document) -> None:
        self._s = setting
        self._w = setting.words
        self._d = document
        self._batches = batch_ids_of(setting.session, setting.scope)[::-1]
        """The newest first."""
        self._lots: dict[str, str] = {}

    def write(self) -> None:
        """Part after part."""
        self._cover()
        self._product()
        self._maker()
        papers = papers_in(self._s.session, self._s.scope)
        self._papers(papers)
        if not self._batches:
            self._d.paragraph(self._w("no_batches"), tone="soft")
        for loaded in load_each(self._s.session, self._batches):
            self._batch(loaded)
        self._sellers()
        self._proofs()
        self._limits()
        self._scans(papers)

    def _cover(self) -> None:
        w, d, product = self._w, self._d, self._s.product
        d.symbol(self._s.page, 96)
        d.paragraph(w("dossier").upper(), 10, "soft")
        d.paragraph(w.either(product.name, product.name_en), 24, "brand")
        if w.lang == "en" and product.name_en:
            d.paragraph(product.name, 12, "soft")
        d.paragraph(self._name_of(self._s.party), 13)
        d.space(4)
        d.paragraph(w("made", day=w.day(self._s.day), host=self._s.services.settings.host), 9, "soft")
        d.paragraph(Cell(self._s.page, link=self._s.page), 9)
        if self._s.party.is_sample:
            d.paragraph(w("sample"), 11, "warn")
        d.space(8)
        if product.picture:
            self._attachment(product.picture, _PHOTO)
        d.space(4)
        d.paragraph(w("what"), 9, "soft")

    def _product(self) -> None:
        w, product = self._w, self._s.product
        self._d.heading(w("product"))
        groups = PRODUCT_GROUPS.get(product.group, (product.group,))
        months = w("months", n=product.shelf_life_months) if product.shelf_life_months else ""
        self._d.facts(
            [
                (w("name_vi"), product.name if w.lang == "en" else ""),
                (w("brand"), product.brand),
                (w("group"), groups[-1] if w.lang == "en" else groups[0]),
                (w("origin"), w("country")),
                (w.page("gtin"), product.gtin or ""),
                (w("description"), w.either(product.description, product.description_en)),
                (w.page("storage"), w.either(product.storage, product.storage_en)),
                (w("shelf_life"), months),
                (w.page("standard"), product.standard),
                (w("warning"), w.only_vietnamese(product.warning)),
                (w.page("sold_in"), w.only_vietnamese(product.sold_in)),
            ]
        )
        if product.pack_forms:
            rows = [self._pack_row(form) for form in product.pack_forms]
            self._d.space(6)
            self._d.table([w("pack"), w("content"), w.page("gtin")], rows, [5, 3, 3])

    def _pack_row(self, form: PackForm) -> list[str]:
        w = self._w
        holds = w.net_content(form, self._s.product.base_unit)
        if form.inner is not None and form.holds:
            holds = (
                f"{w('holds', n=form.holds, inner=w.either(form.inner.name, form.inner.name_en))} = {holds}"
            )
        return [w.either(form.name, form.name_en), holds, form.gtin or ""]

    def _name_of(self, party: Party) -> str:
        return (self._w.lang == "en" and party.name_en) or party.name

    def _maker(self) -> None:
        w, party = self._w, self._s.party
        alliance = self._s.session.get(Party, party.alliance_id) if party.alliance_id else None
        self._d.heading(w("maker"))
        self._d.facts(
            [
                (w("maker"), party.name),
                (w("kind"), w.page(f"party_{party.kind.value}")),
                (w.page("address"), party.address),
                (w("tax_code"), party.tax_code),
                (w("gln"), party.gln or ""),
                (w("hotline"), party.hotline),
                (w("email"), party.email),
                (w("alliance"), alliance.name if alliance else ""),
            ]
        )

    def _papers(self, papers: Sequence[Paper]) -> None:
        w = self._w
        self._d.heading(w.page("papers"))
        if not papers:
            self._d.paragraph(w.page("no_papers"), tone="soft")
            return
        self._d.paragraph(w("papers_lead"), 8.5, "soft")
        self._d.space(4)
        heads = [w("paper"), w("number"), w("authority"), w("validity"), w("vouched")]
        self._d.table(heads, map(self._paper_row, papers), [3, 2.6, 3, 2.6, 3.4])

    def _paper_row(self, paper: Paper) -> list[str | Cell]:
        w, today = self._w, self._s.day
        vouching = paper.vouching(self._s.product.id)
        valid = paper.is_valid(today)
        kind = w.page(f"paper_{paper.kind.value}")
        if paper.kind is PaperKind.OCOP and paper.stars:
            may_show = valid and vouching is Vouching.CONFIRMED
            kind += "\n" + w("stars" if may_show else "stars_not", n=paper.stars)
        held = [w("from", day=w.day(paper.issued_on))] if paper.issued_on else []
        held.append(w("to", day=w.day(paper.valid_until)) if paper.valid_until else w("no_limit"))
        if not valid:
            early = paper.issued_on is not None and today < paper.issued_on
            held.append(w("not_yet" if early else "lapsed"))
        said = [w.vouching(vouching.value)]
        said += [
            w("confirmed_by", name=given.by_party.name, day=w.day(formats.today(given.at)))
            for given in paper.confirmations
            if given.withdrawn_at is None and given.product_id == self._s.product.id
        ]
        tone: Tone = "ink" if valid else "warn"
        return [kind, paper.number, paper.authority, Cell("\n".join(held), tone), "\n".join(said)]

    def _batch(self, loaded: Loaded) -> None:
        w, d, batch, notices = self._w, self._d, loaded.batch, loaded.notices
        self._lots[str(batch.id)] = batch.lot
        shown = origin_of(batch, (), None, self._s.day)
        d.heading(w("batch", lot=batch.lot), 16)
        for notice in notices:
            said = w(
                f"notice_{notice.kind.value}",
                day=w.day(formats.today(notice.at)),
                reason=w.reason(notice.reason),
            )
            d.paragraph(said, 10.5, "warn")
        if not notices:
            d.paragraph(w("no_notices"), 9, "soft")
        page = page_of(self._s.base, self._s.party.code, self._s.product.code, batch.lot)
        sources = [
            w(
                "source",
                product=w.either(line.source.product.name, line.source.product.name_en),
                lot=line.source.lot,
                quantity=formats.quantity(line.quantity, line.unit, w.lang),
                party=line.source.party.name,
            )
            for line in batch.sources
        ]
        d.facts(
            [
                (w.page("quantity"), formats.quantity(batch.quantity, batch.unit, w.lang)),
                (w.page("made_on"), w.day(batch.made_on)),
                (w.page("expires_on"), w.day(batch.expires_on) if batch.expires_on else w.page("no_expiry")),
                (w.page("place"), shown.place),
                (w("plot"), shown.plot),
                (w.page("growing_area_code"), shown.growing_area_code),
                (w("grower"), shown.grower),
                (w("made_from"), "\n".join(sources)),
                (w("page"), Cell(page, link=page)),
            ]
        )
        self._stamps(loaded.runs)
        self._origin(batch)
        self._way(batch)

    def _stamps(self, runs: Sequence[Run]) -> None:
        w = self._w
        if not runs:
            return
        self._d.heading(w("stamps"), 11)
        rows: list[list[str | Cell]] = [
            [
                str(run.run),
                w.either(run.pack_form.name, run.pack_form.name_en),
                formats.number(run.count, w.lang),
                w.day(formats.today(run.registered_at)),
                Cell(str(run.log_index), link=f"{self._s.base}/log/entry/{run.log_index}"),
            ]
            for run in runs
        ]
        self._d.table([w("run"), w("pack"), w("count"), w("day"), w("entry")], rows, [1, 4, 2, 2, 2])

    def _origin(self, batch: Batch) -> None:
        """What it was made from, from the first batches known on; as far as the public page tells it."""
        w = self._w
        way = way_of(self._s.session, batch, BOUNDS.nodes)
        if not way.is_long:
            return
        self._d.heading(w("origin_way"), 11)
        heads = [w("lot"), w("who_where"), w("how_much"), w("milestones")]
        self._d.table(heads, map(self._stop, way.rows), [3.2, 3.4, 2.2, 3.2], 8)
        if way.cut:
            self._d.paragraph(w("way_cut"), 8.5, "soft")

    def _stop(self, stop: Stop) -> list[str]:
        w = self._w
        if stop.others:
            return [w("others"), "", "", ""]
        name = w.either(stop.product, stop.product_en)
        days = [f"{w.page(f'step_{step}')}: {w.day(day)}" for step, day in stop.milestones]
        if not days and stop.made_on:
            days = [f"{w.page('made_on')}: {w.day(stop.made_on)}"]
        amounts = [stop.quantity[w.lang]] if stop.quantity else []
        amounts += [w("taken", amount=stop.taken[w.lang])] if stop.taken else []
        where = filter(None, (stop.maker, stop.grower, stop.place))
        return [f"{name}\n{w('of_lot', lot=stop.lot)}", "\n".join(where), "\n".join(amounts), "\n".join(days)]

    def _way(self, batch: Batch) -> None:
        w, d = self._w, self._d
        told = told_events(batch)
        d.heading(w("way"), 11)
        if not told:
            d.paragraph(w("no_events"), tone="soft")
        d.steps(self._step(event) for event in told)
        closed = len(batch.events) - len(told)
        if closed:
            d.paragraph(w("closed_events", n=closed), 8.5, "soft")

    def _step(self, event: Event) -> Step:
        w = self._w
        when = formats.instant(event.at, w.lang)
        body = [w.only_vietnamese(event.text or "")] if event.text else []
        body += [self._line(line) for line in event.lines]
        found = [self._s.session.get(Attachment, photo.small) for photo in event.photos[:_PHOTOS]]
        return Step(
            w.page(f"step_{event.step.value}"),
            " · ".join(filter(None, (when, event.address))),
            body,
            " · ".join(filter(None, (event.actor, w.vouching(event.vouching.value)))),
            [attachment.data for attachment in found if attachment is not None],
        )

    def _line(self, line: EventLine) -> str:
        w = self._w
        amount = ""
        if line.quantity is not None and line.unit:
            amount = formats.quantity(line.quantity, line.unit, w.lang)
        lot = w("of_lot", lot=line.lot) if line.lot else ""
        return f"{w(f'role_{line.role.value}')}: " + ", ".join(filter(None, (line.what, amount, lot)))

    def _sellers(self) -> None:
        w = self._w
        links = sellers_of(self._s.session, self._s.product.id, self._s.day)
        if not links:
            return
        self._d.heading(w("sellers"))
        self._d.paragraph(w("sellers_lead"), 8.5, "soft")
        self._d.facts(
            [
                (link.seller, Cell(f"{link.host} ({w('until', day=w.day(link.valid_until))})", link=link.url))
                for link in links
            ]
        )

    def _proofs(self) -> None:
        w, d = self._w, self._d
        d.heading(w("proofs"))
        d.paragraph(w("proofs_lead"), 8.5, "soft")
        d.space(4)
        rows = list(self._proof_rows())
        if not rows:
            d.paragraph(w("no_proofs"), tone="soft")
            return
        d.table([w("entry"), w("day"), w("entry_says"), w("proof")], rows, [1.4, 2, 7, 2.6], 8)
        policy = self._s.services.book.policy
        d.heading(w("how"), 11)
        for step in ("how_1", "how_2", "how_3"):
            d.paragraph(w(step), 9)
        d.paragraph(self._s.check, 7.5, "soft", indent=10)
        d.space(4)
        keys = [(w("witness"), str(key)) for key in policy.witnesses]
        d.facts([(w("log"), policy.origin), (w("log_key"), str(policy.log_key)), *keys], 90)

    def _proof_rows(self) -> Iterator[list[str | Cell]]:
        w = self._w
        for proof in proofs_of(self._s.session, self._s.services.book, self._batches):
            index = Cell(str(proof.index), link=f"{self._s.base}/log/entry/{proof.index}")
            there = w("proof_pending" if proof.data is None else "proof_there")
            said = proof.en if w.lang == "en" else proof.vi
            # The log knows batches by their ids alone.
            said = _UUID.sub(lambda found: self._lots.get(found[0], found[0]), said)
            yield [index, w.day(formats.today(proof.at)), said, there]

    def _limits(self) -> None:
        self._d.heading(self._w("limits"), 11)
        for line in ("limits_1", "limits_2", "limits_3"):
            self._d.paragraph(self._w(line), 9)

    def _scans(self, papers: Sequence[Paper]) -> None:
        w = self._w
        for paper in papers:
            if paper.scan is None:
                continue
            name = f"{w.page(f'paper_{paper.kind.value}')} {paper.number}".strip()
            self._d.new_page()
            self._d.paragraph(w("scan_of", name=name), 11, "brand")
            self._d.space(6)
            if not self._attachment(paper.scan, _SCAN):
                self._d.paragraph(w("scan_in_zip", name=name), tone="soft")

    def _attachment(self, digest: str, room: tuple[float, float]) -> bool:
        found = self._s.session.get(Attachment, digest)
        return found is not None and self._d.picture(found.data, *room)
