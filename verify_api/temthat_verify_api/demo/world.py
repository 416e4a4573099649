"""Building the demo's world the way clerks, alliances and shoppers do: import, confirmation, runs, notices, checks."""

import asyncio
import datetime as dt
import json
import os
import secrets
import shutil
from dataclasses import asdict

from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_stamps.bundle.pack import PACK_FILE, make_pack
from temthat_stamps.code import HEADER_SIZE, Header, decode, encode, stamp_url
from temthat_stamps.copies.records import StampEventKind
from temthat_stamps.printing.render import preview_png
from temthat_stamps.runs.custody import run_secret
from temthat_stamps.runs.notices import notify_batch, notify_stamps
from temthat_stamps.runs.produce import Press, PrintSettings, create_jobs, labels, produce
from temthat_stamps.runs.records import Run
from temthat_stamps.runs.register import plan_run, register_run
from temthat_stamps.sealing import Sealer
from temthat_stamps.signing import RunSecrets
from temthat_stamps.verdict import Asker, NoticeKind, Word
from temthat_trace.batches import Batch
from temthat_trace.events import Event, Step
from temthat_trace.ids import uuid7
from temthat_trace.importing import import_workbook
from temthat_trace.papers import Paper
from temthat_trace.parties import CONFIRMERS, PRODUCERS, Party, PartyKind
from temthat_trace.products import PackKind, Product, ProductKind
from temthat_trace.purchases import PurchaseSlip
from temthat_trace.repository import confirm_paper
from temthat_verify_api.accounts import KeyRole, Person, Role, issue_api_key
from temthat_verify_api.alerts.rounds import sweep
from temthat_verify_api.demo import house
from temthat_verify_api.demo.card import CARD, Card, Login, SampleStamp
from temthat_verify_api.demo.pictures import draw_pack
from temthat_verify_api.desk.pictures import store_photo, store_picture
from temthat_verify_api.migrate import upgrade
from temthat_verify_api.passwords import hash_secret
from temthat_verify_api.press import press_of
from temthat_verify_api.runfacts import RunFacts, load_run_facts
from temthat_verify_api.settings import Settings, load_master_key
from temthat_verify_api.store import NewEvent
from temthat_verify_api.wiring import Services, build_services, utc_now

WORKBOOK_DAY = dt.date(2026, 11, 20)
COPIED = 51
"""The serial of the stamp whose code was copied."""
_COPIED_STORY = (
    *((34, StampEventKind.SOLD, "20"), (31, StampEventKind.CHECK, "20"), (26, StampEventKind.CHECK, "01")),
    *((21, StampEventKind.CHECK, "79"), (16, StampEventKind.SOLD, "92"), (13, StampEventKind.CHECK, "92")),
    *((11, StampEventKind.CHECK, "79"), (9, StampEventKind.CHECK, "79"), (8, StampEventKind.CHECK, "92")),
    *((6, StampEventKind.CHECK, "48"), (5, StampEventKind.CHECK, "79"), (3, StampEventKind.CHECK, "01")),
    *((2, StampEventKind.CHECK, "92"), (1, StampEventKind.CHECK, "31")),
)
"""Hours ago, what, where: bought, shown around, and rung up once more a thousand kilometres away."""
_ASK_PIN = frozenset({Word.GENUINE, Word.SUSPECT_COPY})
"""Of samples that are these, the list tells the PIN."""
RUN_LIMIT = 1200
"""Most stamps of one demo run: a few thousand in all."""


class Clock:
    """The time of the world that is being built."""

    def __init__(self, shift: dt.timedelta) -> None:
        self.shift = shift

    def __call__(self) -> dt.datetime:
        """Now, as that world has it."""
        return utc_now() + self.shift


def build_world(settings: Settings, workbook: bytes) -> None:
    """Build it all in the settings' folder; the card comes last.

    The world began a day and a half ago: keys were delegated and runs registered then, with a clock that says so.
    """
    upgrade(settings.database_url)
    sealer = Sealer(load_master_key(settings, create=True))
    settings = house.witnessed(settings, sealer)
    clock = Clock(dt.timedelta(hours=-36))
    services = build_services(settings, clock)
    services.book.open()
    press = press_of(services)
    now = utc_now()
    with services.sessions() as session:
        report = import_workbook(session, {"htx-mau.xlsx": workbook}, None, now)
        if report.problems:
            raise RuntimeError(f"the demo's own workbook has problems: {report.problems[:3]}")
        _draw_pictures(session)
        _move_dates(session, now.date() - WORKBOOK_DAY)
        _confirm_papers(session, now)
        session.commit()
        house.delegate(session, services)
        runs = _register_runs(session, services)
        clock.shift = dt.timedelta(0)
        logins = _people(session, now)
        api_key = issue_api_key(session, _operator_party(session), KeyRole.OPERATOR, "demo")
        session.commit()
        stamps = _sample_stamps(session, services, press, runs, now)
        session.commit()
        asyncio.run(_history(services, _facts(session, services, runs[0]), now))
        sweep(services)
        job = create_jobs(session, press, runs[0], PrintSettings(layout="a4-24"), by="demo")[0]
        session.commit()
        finished = produce(press, job.id)
    services.record.publish(bundle_now=True)
    trust = settings.data_dir / "trust"
    trust.mkdir()
    (trust / PACK_FILE).write_bytes(make_pack(settings.public_dir))
    pdf = settings.data_dir / "tem-in-thu.pdf"
    shutil.copy(press.file(finished), pdf)
    card = Card(settings.host, api_key, pdf.name, stamps, logins)
    handle = os.open(settings.data_dir / CARD, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(asdict(card), out, ensure_ascii=False, indent=1)
    services.close()


def _move_dates(session: Session, by: dt.timedelta) -> None:
    """The workbook in the repository was written on one day; the demo's world is as old as it was then."""
    for batch in session.scalars(select(Batch)):
        batch.made_on += by
        batch.expires_on = batch.expires_on and batch.expires_on + by
        for event in batch.events:
            event.at += by
            event.seal()
    for slip in session.scalars(select(PurchaseSlip)):
        slip.at += by
    for paper in session.scalars(select(Paper)):
        paper.issued_on = paper.issued_on and paper.issued_on + by
        paper.valid_until = paper.valid_until and paper.valid_until + by
    session.flush()


def _draw_pictures(session: Session) -> None:
    """Every product of goods gets a picture, and its packing a photo, stored the way the desk stores an upload.

    The photos are sealed with their events, so this comes before the dates are moved.
    """
    for product in session.scalars(select(Product).where(Product.kind == ProductKind.GOODS)):
        form = product.pack_forms[0] if product.pack_forms else None
        unit = form.net_unit if form and form.net_unit else product.base_unit
        drawn = draw_pack(product.name, form.name if form else "", unit)
        product.picture = store_picture(session, drawn)
        packed = select(Event).join(Batch, Batch.id == Event.batch_id).where(Batch.product_id == product.id)
        for event in session.scalars(packed.where(Event.step == Step.PACKING)):
            event.photos = [store_photo(session, drawn)]


def _alliance_of(session: Session, party: Party) -> Party:
    if party.alliance_id:
        return session.get_one(Party, party.alliance_id)
    return session.scalars(select(Party).where(Party.kind.in_(CONFIRMERS)).limit(1)).one()


def _operator_party(session: Session) -> Party:
    return session.scalars(select(Party).where(Party.kind == PartyKind.NATIONAL_ALLIANCE)).one()


def _confirm_papers(session: Session, now: dt.datetime) -> None:
    """The alliance confirms every paper but the last, so that both kinds of wording can be seen."""
    papers = session.scalars(select(Paper).where(Paper.product_id.is_not(None)).order_by(Paper.id)).all()
    for paper in papers[:-1]:
        if paper.product_id:
            alliance = _alliance_of(session, session.get_one(Party, paper.party_id))
            confirm_paper(session, paper, paper.product_id, alliance, "Cán bộ mẫu", now)


def _register_runs(session: Session, services: Services) -> list[Run]:
    """A run for every batch of goods, in its first item or combo form; batches still in date come first.

    The first run has PINs. A quarter of the stamps is left for whoever tries the desk.
    """
    runs: list[Run] = []
    batches = session.scalars(select(Batch).order_by(Batch.expires_on.desc(), Batch.lot)).all()
    for batch in batches:
        if batch.product.kind is ProductKind.SERVICE or batch.party.kind not in PRODUCERS:
            continue
        forms = [form for form in batch.product.pack_forms if form.kind is not PackKind.CASE]
        if forms and (count := min(plan_run(session, batch, forms[0]).left * 3 // 4, RUN_LIMIT)) > 0:
            runs.append(
                register_run(
                    session, services.registry, batch, forms[0], count, requested_by="demo", has_pins=not runs
                )
            )
    return runs


def _people(session: Session, now: dt.datetime) -> list[Login]:
    logins = []
    producers = session.scalars(
        select(Party).where(Party.kind == PartyKind.COOPERATIVE).order_by(Party.code)
    ).all()
    staff = [
        who
        for party in producers[:2]
        for who in ((party, Role.ADMIN), (_alliance_of(session, party), Role.OFFICER))
    ]
    for number, (party, role) in enumerate(staff, 1):
        phone, password = f"+8490000000{number}", f"mau-{secrets.token_hex(3)}"
        person = Person(party_id=party.id, phone=phone, name="Người dùng mẫu", role=role, created_at=now)
        person.password_hash = hash_secret(password)
        session.add(person)
        logins.append(Login(party.name, "0" + phone[3:], password))
    return logins


def _sample_stamps(
    session: Session, services: Services, press: Press, runs: list[Run], now: dt.datetime
) -> list[SampleStamp]:
    """One stamp of every kind, each the outcome of what would really have happened."""
    registry, today = services.registry, now.date()
    in_date = [run for run in runs if not run.batch.expires_on or run.batch.expires_on >= today]
    expired = [run for run in runs if run.batch.expires_on and run.batch.expires_on < today]
    main, recalled = in_date[0], in_date[-1]
    by = main.party
    notify_stamps(session, registry, main, 11, 20, NoticeKind.VOID, "misprint", by)
    notify_stamps(session, registry, main, 21, 30, NoticeKind.HOLD, "under_inspection", by)
    alliance = _alliance_of(session, recalled.party)
    notify_batch(
        session, registry, recalled.batch, NoticeKind.RECALL, "contamination", recalled.party, alliance
    )
    session.commit()
    chosen = [
        ("Tem thật, chưa ai kiểm tra", Word.GENUINE, main, 1),
        ("Tem thật, nhiều điện thoại ở nhiều tỉnh đã kiểm tra", Word.GENUINE, main, 41),
        ("Tem thật, đã thanh toán", Word.GENUINE, main, 31),
        ("Mã có nghi vấn: bán hai nơi, HTX có cảnh báo", Word.SUSPECT_COPY, main, COPIED),
        ("Tem in hỏng, đã hủy", Word.REVOKED, main, 11),
        ("Tem đang giữ lại", Word.NOT_APPLIED, main, 21),
        ("Lô đang thu hồi", Word.RECALLED, recalled, 1),
    ]
    chosen += [("Tem thật, hàng đã quá hạn", Word.EXPIRED, run, 1) for run in expired[:1]]
    folder = services.settings.data_dir / "tem-thu"
    folder.mkdir(exist_ok=True)
    samples = []
    printing = PrintSettings(kind="png", layout="a4-24").printing(press.host)
    for shows, word, run, serial in chosen:
        services.book.prove_run(run.run)
        session.refresh(run)
        label = next(labels(press, session, run, serial, serial))
        told = f"{shows} (PIN {_pin(services, run, serial)})" if run.has_pins and word in _ASK_PIN else shows
        samples.append(SampleStamp(told, word.value, label.url, label.number))
        (folder / f"{len(samples)}-{word.value}.png").write_bytes(preview_png(printing, label))
    url = _forged(samples[0].url, press)
    samples.append(SampleStamp("Mã bị sửa: chữ ký không khớp", Word.FORGED.value, url, ""))
    return samples


def _pin(services: Services, run: Run, serial: int) -> str:
    """What lies under the scratch layer of a sample: nobody has the sample in hand to scratch."""
    secrets_of_run = RunSecrets(run_secret(services.sealer, run))
    return secrets_of_run.pin(Header(run.stamp_key.hint, run.run, serial))


def _forged(genuine: str, press: Press) -> str:
    """A genuine code with the serial changed: what a forger without a key can make."""
    code = decode(genuine)
    header = bytearray(code.header.to_bytes())
    header[HEADER_SIZE - 1] ^= 0x55
    return stamp_url(press.host, encode(bytes(header), code.signature), press.scheme)


def _facts(session: Session, services: Services, run: Run) -> RunFacts:
    facts = load_run_facts(session, services.sealer, run.run)
    assert facts is not None, "the run was registered above"
    return facts


async def _history(services: Services, run: RunFacts, now: dt.datetime) -> None:
    """Twenty-four phones in eight provinces within a day on one stamp; a sale of another; one that was copied."""
    provinces = ("01", "79", "48", "31", "24", "92", "66", "38")
    for n in reversed(range(24)):
        at = now - dt.timedelta(hours=n, minutes=20)
        await services.store.record(
            _event(run, 41, at, StampEventKind.CHECK, provinces[n % 8], secrets.token_bytes(16))
        )
    await services.store.record(_event(run, 31, now - dt.timedelta(hours=5), StampEventKind.SOLD, "01", None))
    for hours, event, province in _COPIED_STORY:
        at = now - dt.timedelta(hours=hours)
        receipt = None if event is StampEventKind.SOLD else secrets.token_bytes(16)
        await services.store.record(_event(run, COPIED, at, event, province, receipt))
    await services.store.close()


def _event(
    run: RunFacts, serial: int, at: dt.datetime, event: StampEventKind, province: str, receipt: bytes | None
) -> NewEvent:
    kind = Asker.TILL if event is StampEventKind.SOLD else Asker.CONSUMER
    number = uuid7(int(at.timestamp() * 1000))
    return NewEvent(
        run=run.run,
        serial=serial,
        id=number,
        at=at,
        event=event,
        kind=kind,
        verdict=Word.GENUINE.value,
        place=province,
        province=province,
        receipt=receipt,
        scoring=run.scoring,
    )
