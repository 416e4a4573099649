"""The shapes of what `GET /api/v1/inspect` answers. Kept for ever under /api/v1, as those of `models`."""

import datetime as dt
import uuid

from pydantic import BaseModel, Field

from temthat_stamps.ledger.ledger import State
from temthat_trace.papers import PaperKind
from temthat_trace.vouching import Vouching
from temthat_verify_api.api.checklists import BothModel, ChecklistModel
from temthat_verify_api.api.models import VerifyAnswer


class StateModel(BaseModel):
    """How many stamps are in one state of the ledger."""

    state: State
    count: int
    words: BothModel


class RunModel(BaseModel):
    """One run of the batch; the states of its stamps add up to `ordered`."""

    run: int
    pack_form: str
    ordered: int
    registered_on: dt.date
    logged: bool = Field(
        description="Whether its manifest stands in the log; else it is an order, and no stamps."
    )
    reason: str | None = Field(
        description="Why more were ordered than the batch fills, as its administrator wrote."
    )
    states: list[StateModel]


class QuestionModel(BaseModel):
    """One thing that does not add up, as a question with its arithmetic; `rule` as of ledger and balance."""

    rule: str
    words: BothModel


class FlowModel(BaseModel):
    """A line of the batch's mass balance; null: not stated."""

    title: BothModel
    went_in: BothModel | None
    came_out: BothModel | None
    lost: BothModel | None


class EventModel(BaseModel):
    """Something recorded on the way: of this batch, or (`lot` and `product`) of one it was made from or went into."""

    on: dt.date
    title: BothModel
    lot: str | None = None
    product: str | None = None
    organisation: str = Field(default="", description="Another organisation than the issuer.")
    text: str = ""
    place: str = ""
    amounts: list[BothModel] = Field(default_factory=list, description="What came out of it.")
    vouching: Vouching | None = None


class InspectedPaper(BaseModel):
    """A paper of the product or its producer. `refused`: an office looked at it and said no."""

    kind: PaperKind
    title: BothModel
    number: str
    authority: str
    issued_on: dt.date | None
    valid_until: dt.date | None
    stars: int | None
    in_force: bool
    vouching: Vouching
    refused: bool


class RecordModel(BaseModel):
    """What the records hold. `state`: of this very stamp. `hidden`: batches on the way of which nothing is told.

    `cut`: there are more events, or more batches before these.
    """

    at: dt.datetime
    batch: uuid.UUID
    quantity: BothModel
    state: State
    state_words: BothModel
    runs: list[RunModel]
    questions: list[QuestionModel]
    balance: list[FlowModel]
    events: list[EventModel]
    hidden: int
    cut: bool
    papers: list[InspectedPaper]
    checklists: list[ChecklistModel]


class InspectAnswer(VerifyAnswer):
    """A verdict, and what the records hold; `record` is null for what is no stamp of a registered run."""

    record: RecordModel | None
