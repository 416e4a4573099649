"""Every question the desk asks the database. What a person may not see is not found."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload, selectinload

from temthat_stamps.code import RUN_MAX
from temthat_stamps.runs.records import JobState, PrintJob, Run
from temthat_trace import repository
from temthat_trace.batches import Batch
from temthat_trace.papers import Paper, PaperConfirmation
from temthat_trace.parties import CONFIRMERS, PRODUCERS, Party, PartyKind
from temthat_trace.products import PackForm, Product, ProductKind
from temthat_trace.search import fold
from temthat_verify_api.accounts import Person, Role, WorkbookImport
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.permissions import Action, may

PAGE = 20


def visible(person: Person) -> ColumnElement[bool]:
    """`permissions.may(person, SEE, party)` as a condition on Party; a test holds the two together."""
    own = Party.id == person.party_id
    match person.role:
        case Role.INSPECTOR | Role.OPERATOR:
            return true()
        case Role.CLERK | Role.ADMIN:
            return and_(own, Party.kind.in_(PRODUCERS))
        case Role.OFFICER if person.party.kind in CONFIRMERS:
            return or_(own, _below(person.party))
    return false()


def _below(office: Party) -> ColumnElement[bool]:
    if office.kind is PartyKind.NATIONAL_ALLIANCE:
        return true()
    if office.kind is PartyKind.PROVINCIAL_ALLIANCE:
        return Party.alliance_id == office.id
    province = true() if office.province is None else Party.province == office.province
    return and_(Party.kind.in_(PRODUCERS), province)


def _like(text: str, *columns: ColumnElement[str] | InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """Every word of the text somewhere in the columns, without regard to case or diacritics."""
    # `fold` leaves letters, digits and blanks only, so nothing of LIKE's own signs can come in.
    return [or_(*(func.lower(c).like(f"%{word}%") for c in columns)) for word in fold(text).split()]


# --- organisations ---------------------------------------------------------------------------------------------


def find_party(db: Session, person: Person, party_id: uuid.UUID) -> Party:
    """An organisation this person may see. Raises `NotFound`."""
    return _seen(person, db.get(Party, party_id))


def _seen(person: Person, party: Party | None) -> Party:
    """The organisation if this person may see it. Raises `NotFound`, so that nobody learns what there is."""
    if party is None or not may(person, Action.SEE, party):
        raise NotFound
    return party


def parties(db: Session, person: Person, text: str = "", limit: int = 200) -> Sequence[Party]:
    """Organisations this person looks after, their own apart; by name."""
    query = select(Party).where(visible(person), Party.id != person.party_id, *_like(text, Party.search))
    return db.scalars(query.order_by(Party.name).limit(limit)).all()


# --- batches ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch with what became of its stamps: how many ordered, how many confirmed as printed, a file to see to.

    `stampable`: its product is goods with a pack form.
    """

    batch: Batch
    ordered: int
    printed: int
    open_job: PrintJob | None
    stampable: bool


def batch_lines(db: Session, party: Party, text: str, page: int) -> tuple[list[BatchLine], bool]:
    """A page of the party's batches, the newest first, and whether there are more."""
    query = (
        select(Batch)
        .join(Batch.product)
        .where(Batch.party_id == party.id, *_like(text, Product.search, Batch.lot))
        .options(joinedload(Batch.product).selectinload(Product.pack_forms))
        .order_by(Batch.made_on.desc(), Batch.id.desc())
        .offset(PAGE * page)
        .limit(PAGE + 1)
    )
    found = db.scalars(query).all()
    return _with_stamps(db, found[:PAGE]), len(found) > PAGE


def _with_stamps(db: Session, batches: Sequence[Batch]) -> list[BatchLine]:
    ids = [batch.id for batch in batches]
    ordered_query = select(Run.batch_id, func.sum(Run.count)).where(Run.batch_id.in_(ids))
    ordered = {key: int(n) for key, n in db.execute(ordered_query.group_by(Run.batch_id))}
    printed: dict[uuid.UUID, int] = {}
    waiting: dict[uuid.UUID, PrintJob] = {}
    jobs = select(Run.batch_id, PrintJob).join(PrintJob, PrintJob.run == Run.run)
    for batch_id, job in db.execute(jobs.where(Run.batch_id.in_(ids)).order_by(PrintJob.id)):
        if job.state is JobState.CONFIRMED:
            printed[batch_id] = printed.get(batch_id, 0) + job.last - job.first + 1
        else:
            waiting.setdefault(batch_id, job)

    def line(batch: Batch) -> BatchLine:
        stampable = batch.product.kind is ProductKind.GOODS and bool(batch.product.pack_forms)
        counts = ordered.get(batch.id, 0), printed.get(batch.id, 0)
        return BatchLine(batch, *counts, waiting.get(batch.id), stampable)

    return [line(batch) for batch in batches]


def find_batch(db: Session, person: Person, batch_id: uuid.UUID) -> Batch:
    """A batch this person may see, with all its page needs. Raises `NotFound`."""
    batch = repository.batch(db, batch_id)
    if batch is None:
        raise NotFound
    _seen(person, batch.party)
    return batch


def find_pack_form(batch: Batch, pack_form_id: uuid.UUID) -> PackForm:
    """A pack form of the batch's product. Raises `NotFound`."""
    for pack_form in batch.product.pack_forms:
        if pack_form.id == pack_form_id:
            return pack_form
    raise NotFound


def unstamped(db: Session, party: Party, today: dt.date) -> Sequence[Batch]:
    """Batches within their date that could have stamps and have none, the newest first."""
    query = (
        select(Batch)
        .join(Batch.product)
        .where(
            Batch.party_id == party.id,
            Product.kind == ProductKind.GOODS,
            or_(Batch.expires_on.is_(None), Batch.expires_on >= today),
            exists().where(PackForm.product_id == Batch.product_id),
            ~exists().where(Run.batch_id == Batch.id),
        )
        .options(joinedload(Batch.product))
        .order_by(Batch.made_on.desc(), Batch.id.desc())
    )
    return db.scalars(query.limit(PAGE)).all()


def has_batches(db: Session, party: Party) -> bool:
    """Whether the party brought in anything yet."""
    return db.scalar(select(Batch.id).where(Batch.party_id == party.id).limit(1)) is not None


# --- runs and print jobs ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run with its print jobs."""

    run: Run
    jobs: list[PrintJob]

    @property
    def unmade(self) -> int:
        """Stamps of the run that are in no print file yet."""
        return self.run.count - max((job.last for job in self.jobs), default=0)


def run_lines(db: Session, batch: Batch) -> list[RunLine]:
    """The batch's runs, the newest first."""
    runs = db.scalars(
        select(Run)
        .where(Run.batch_id == batch.id)
        .options(joinedload(Run.pack_form))
        .order_by(Run.run.desc())
    ).all()
    jobs = db.scalars(
        select(PrintJob).where(PrintJob.run.in_([run.run for run in runs])).order_by(PrintJob.first)
    ).all()
    return [RunLine(run, [job for job in jobs if job.run == run.run]) for run in runs]


def find_run(db: Session, person: Person, number: int) -> RunLine:
    """A run of an organisation this person may see. Raises `NotFound`."""
    run = db.get(Run, number) if 0 < number <= RUN_MAX else None
    if run is None:
        raise NotFound
    _seen(person, run.party)
    return RunLine(run, list(jobs_of_run(db, number)))


def unmade(db: Session, party: Party) -> Sequence[Run]:
    """Runs with stamps that are in no print file yet, the newest first."""
    made = func.coalesce(func.max(PrintJob.last), 0)
    short = select(Run.run).outerjoin(PrintJob, PrintJob.run == Run.run).where(Run.party_id == party.id)
    numbers = short.group_by(Run.run).having(Run.count > made)
    query = select(Run).where(Run.run.in_(numbers)).options(joinedload(Run.batch).joinedload(Batch.product))
    return db.scalars(query.order_by(Run.run.desc()).limit(PAGE)).all()


def find_job(db: Session, person: Person, job_id: uuid.UUID) -> PrintJob:
    """A print job this person may see, with run, batch and fetches. Raises `NotFound`."""
    run = joinedload(PrintJob.run_record)
    job = db.scalar(
        select(PrintJob)
        .where(PrintJob.id == job_id)
        .options(
            run.joinedload(Run.batch).joinedload(Batch.product),
            run.joinedload(Run.pack_form),
            run.joinedload(Run.party),
            selectinload(PrintJob.fetches),
        )
    )
    if job is None:
        raise NotFound
    _seen(person, job.run_record.party)
    return job


def jobs_of_run(db: Session, run: int) -> Sequence[PrintJob]:
    """All files of one run, in serial order."""
    return db.scalars(select(PrintJob).where(PrintJob.run == run).order_by(PrintJob.first)).all()


def open_jobs(db: Session, party: Party) -> Sequence[PrintJob]:
    """Print jobs of the party that are not confirmed yet, the oldest first."""
    query = (
        select(PrintJob)
        .join(PrintJob.run_record)
        .where(Run.party_id == party.id, PrintJob.state != JobState.CONFIRMED)
        .options(joinedload(PrintJob.run_record).joinedload(Run.batch).joinedload(Batch.product))
        .order_by(PrintJob.id)
    )
    return db.scalars(query.limit(PAGE)).all()


def last_settings(db: Session, party: Party) -> str | None:
    """How the party printed last time: the JSON of its newest job's settings."""
    query = select(PrintJob.settings).join(PrintJob.run_record).where(Run.party_id == party.id)
    return db.scalars(query.order_by(PrintJob.id.desc()).limit(1)).first()


# --- papers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper with its holder, the product it speaks of (None: of the holder) and its standing confirmations."""

    paper: Paper
    party: Party
    product: Product | None
    confirmations: list[PaperConfirmation]


def _confirmed() -> ColumnElement[bool]:
    """The paper is confirmed for some product."""
    standing = PaperConfirmation.withdrawn_at.is_(None)
    return exists().where(PaperConfirmation.paper_id == Paper.id, standing)


def _in_force(today: dt.date) -> ColumnElement[bool]:
    return or_(Paper.valid_until.is_(None), Paper.valid_until >= today)


def paper_lines(
    db: Session, person: Person, today: dt.date, text: str = "", limit: int = 300
) -> list[PaperLine]:
    """Papers of every organisation this person may see; those in force that nobody confirmed yet come first."""
    query = (
        select(Paper, Party, Product)
        .join(Party, Party.id == Paper.party_id)
        .outerjoin(Product, Product.id == Paper.product_id)
        .where(visible(person), *_like(text, Party.search, func.coalesce(Product.search, "")))
        .options(selectinload(Paper.confirmations))
        .order_by(or_(_confirmed(), ~_in_force(today)), Party.name, Paper.code)
        .limit(limit)
    )
    return [_paper_line(*row) for row in db.execute(query)]


def find_paper(db: Session, person: Person, paper_id: uuid.UUID) -> PaperLine:
    """A paper this person may see. Raises `NotFound`."""
    paper = db.get(Paper, paper_id)
    if paper is None:
        raise NotFound
    party = _seen(person, db.get(Party, paper.party_id))
    return _paper_line(paper, party, db.get(Product, paper.product_id) if paper.product_id else None)


def _paper_line(paper: Paper, party: Party, product: Product | None) -> PaperLine:
    return PaperLine(paper, party, product, [c for c in paper.confirmations if c.withdrawn_at is None])


# --- products --------------------------------------------------------------------------------------------------


def find_product(db: Session, person: Person, product_id: uuid.UUID) -> tuple[Product, Party]:
    """A product this person may see, and whose it is. Raises `NotFound`."""
    product = db.get(Product, product_id)
    if product is None:
        raise NotFound
    return product, _seen(person, db.get(Party, product.party_id))


# --- people and workbooks --------------------------------------------------------------------------------------


def people(db: Session, person: Person, text: str = "", limit: int = 300) -> list[Person]:
    """People of every organisation this person may see, their own first. `text`: name, organisation or number."""
    query = (
        select(Person)
        .join(Person.party)
        .where(visible(person))
        .options(joinedload(Person.party))
        .order_by((Person.party_id != person.party_id), Party.name, Person.name)
    )
    wanted = fold(text).split()
    digits = "".join(c for c in text if c.isdigit())

    def fits(found: Person) -> bool:
        about = f"{fold(found.name)} {found.party.search or fold(found.party.name)}"
        return all(word in about for word in wanted) or (len(digits) >= 3 and digits in "0" + found.phone[3:])

    # Names have no search column of their own; a whole country's desk has some thousand people at most.
    return [found for found in db.scalars(query) if fits(found)][:limit]


def find_person(db: Session, person: Person, person_id: uuid.UUID) -> Person:
    """Somebody whose organisation this person may see. Raises `NotFound`."""
    found = db.get(Person, person_id)
    if found is None:
        raise NotFound
    _seen(person, found.party)
    return found


def find_import(db: Session, person: Person, import_id: uuid.UUID) -> WorkbookImport:
    """An uploaded workbook of one's own organisation. Raises `NotFound`."""
    found = db.get(WorkbookImport, import_id)
    if found is None or found.party_id != person.party_id:
        raise NotFound
    return found


def waiting_import(db: Session, party: Party, since: dt.datetime) -> WorkbookImport | None:
    """The newest uploaded workbook that was neither applied nor forgotten."""
    query = select(WorkbookImport).where(
        WorkbookImport.party_id == party.id,
        WorkbookImport.applied_at.is_(None),
        WorkbookImport.files.is_not(None),
        WorkbookImport.uploaded_at > since,
    )
    return db.scalars(query.order_by(WorkbookImport.id.desc()).limit(1)).first()
