"""The shapes of the API, as OpenAPI states them and as bodies are checked against. Kept for ever under /api/v1."""

import datetime as dt
import uuid
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from temthat_stamps.copies.records import StampEventKind
from temthat_stamps.manifest import Custody
from temthat_stamps.verdict import Asker, Word
from temthat_verify_api.reports.records import LONGEST_CONTACT, LONGEST_SHOP, LONGEST_WORDS, Odd

Place = Annotated[
    str | None,
    Field(
        pattern=r"^([0-9]{2}|8[0-9a-fA-F]{14})$",
        description=(
            "Where, as far as somebody says it: the two-digit code of a province (old codes are mapped to the 34 of "
            "today) or an H3 cell, which is made coarser before it is kept. A code that was never given out is ignored."
        ),
    ),
]


class Model(BaseModel):
    """What is sent to us: exactly these members and types, for a misspelt one would otherwise be silently ignored."""

    model_config = ConfigDict(extra="forbid", strict=True)


class VerifyQuestion(Model):
    """A question for a verdict."""

    code: str = Field(
        description="The stamp's URL (short or GS1 form), its bare 122 characters, or the printed number."
    )
    kind: Asker = Field(
        Asker.CONSUMER, description="Who asks; all but `consumer` need an API key of that role."
    )
    place: Place = None


class ReasonModel(BaseModel):
    """A true fact beside the verdict: a key of texts.json, and a date, count or code."""

    key: str
    value: str


class StampModel(BaseModel):
    """The identity the code claims; proved only if the verdict is not `forged`."""

    key_hint: str | None = Field(description="Eight hex digits; null for a typed number that fits no run.")
    run: int
    serial: int


class BatchModel(BaseModel):
    """The lot."""

    lot: str
    made_on: dt.date
    expires_on: dt.date | None


class PackFormModel(BaseModel):
    """How it is packed; `net_content` in `unit`, a UN/ECE Recommendation 20 code."""

    code: str
    name: str
    net_content: str | None
    unit: str | None


class ProductModel(BaseModel):
    """What it is."""

    code: str
    name: str
    name_en: str
    gtin: str | None
    pack_form: PackFormModel


class IssuerModel(BaseModel):
    """Who issued the stamp."""

    code: str
    name: str
    kind: str
    province: str | None
    hotline: str
    sample: bool


class MarkModel(BaseModel):
    """A day (in Vietnam) and the code of a province, or an empty text."""

    on: dt.date
    province: str


class HistoryModel(BaseModel):
    """Checks before this one, in days and provinces only."""

    checks: int | None = Field(description="null for one or two, which would be about single persons")
    first: MarkModel | None
    last: MarkModel | None
    sold: MarkModel | None


class LogPlaceModel(BaseModel):
    """Where the public log holds the run's manifest, and where to fetch what proves it."""

    index: int
    entry: str = Field(description="path of the entry's page and, with .json, of its signed bytes")
    proof: str = Field(description="path of its C2SP tlog-proof")
    witnessed: bool = Field(description="whether its proof under a witnessed checkpoint is stored")
    back_filled: bool = Field(description="whether the run is older than the log")


class VouchersModel(BaseModel):
    """Who stands behind the stamp, from the national alliance down, and who keeps the issuer's keys."""

    custody: Custody
    chain: list[str]
    log: LogPlaceModel


class VerifyAnswer(BaseModel):
    """A verdict and what it is about. Members that are not known are null."""

    verdict: Word
    reasons: list[ReasonModel]
    stamp: StampModel | None
    batch: BatchModel | None
    product: ProductModel | None
    issuer: IssuerModel | None
    vouched_by: VouchersModel | None
    history: HistoryModel | None


def _version_7(value: uuid.UUID) -> uuid.UUID:
    if value.version != 7:
        raise ValueError("a UUID of version 7 is needed")
    return value


Uuid7 = Annotated[uuid.UUID, AfterValidator(_version_7)]
UUID7_PATTERN = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"


class EventReport(Model):
    """Something that happened to a stamp, perhaps while the line was down."""

    id: Uuid7 = Field(
        description="UUIDv7 made by who reports: repeating is harmless.",
        json_schema_extra={"pattern": UUID7_PATTERN},
    )
    at: AwareDatetime | None = Field(
        None,
        description=(
            "When it happened, if not now; between the run's registration and now. An hour of difference between "
            "clocks is set right, more is refused."
        ),
    )
    code: str = Field(description="As in a question for a verdict.")
    event: StampEventKind
    kind: Asker | None = Field(
        None,
        description="Who reports; left out: `consumer` for a check or a PIN, `packer` for `applied`, else `till`.",
    )
    place: Place = None
    pin: str | None = Field(None, max_length=40, description="With `pin` and nowhere else: the six digits.")


class Outcome(StrEnum):
    """What became of one report."""

    RECORDED = "recorded"
    DUPLICATE = "duplicate"
    """Known already; its answer is the one given then."""
    JUDGED = "judged"
    """Nothing to record: a stamp that is none of ours, a wrong PIN."""
    REFUSED = "refused"
    """It cannot have happened so, or cannot be told so: telling it again will not help."""
    LATER = "later"
    """Not now: a key is missing, or there were too many tries. Tell it again, with the same id."""


class PinModel(BaseModel):
    """What is said of a PIN. `first` is when it was entered before by somebody else."""

    answer: Literal["right_first", "right_again", "wrong", "no_pin"]
    first: MarkModel | None
    left: int | None = Field(description="After a wrong one: how many tries there are now.")
    minutes: int | None = Field(description="If there is none: minutes until the next.")


class EventAnswer(BaseModel):
    """What became of a report."""

    id: uuid.UUID
    outcome: Outcome = Field(description="`recorded`, `duplicate` or `judged`.")
    recorded: bool = Field(description="False if it was known already, or the stamp is none of ours.")
    scored: bool = Field(
        description=(
            "Whether the copy score takes it in: not if it comes more than a week late, and not for `applied` and "
            "`spoiled`, which say nothing about copying."
        )
    )
    at: dt.datetime
    verdict: Word
    reasons: list[ReasonModel]
    pin: PinModel | None = None


class EventLine(BaseModel):
    """One report's place in a batch, from 0, and its `answer`, or the `problem` if it was refused or has to wait."""

    index: int
    id: uuid.UUID | None = Field(description="Null where the report has no id that could be read.")
    outcome: Outcome
    answer: EventAnswer | None = None
    problem: "Problem | None" = None


class EventBatch(BaseModel):
    """Every report's answer, in the order they came in, and how many there are of each outcome."""

    counts: dict[Outcome, int]
    events: list[EventLine]


class SuspicionReport(Model):
    """What looks unusual to somebody about a pack. Of all members only the first is needed, with one that tells."""

    reference: str = Field(
        max_length=40,
        description=(
            "The reference number, drawn at random by who sends it: eight characters of Crockford's base32 and the "
            "check character of a printed number. Repeating is harmless."
        ),
    )
    code: str = Field("", max_length=2_048, description="As it was read, if there was one.")
    odd: list[Odd] = Field(default_factory=list, max_length=len(Odd), description="What is unusual.")
    words: str = Field("", max_length=LONGEST_WORDS)
    shop: str = Field("", max_length=LONGEST_SHOP, description="Where it was bought.")
    province: str | None = Field(None, pattern="^[0-9]{2}$", description="Two-digit code; unknown: ignored.")
    photo: str | None = Field(None, description="JPEG, PNG or WebP in base64; it is drawn anew.")
    contact: str = Field("", max_length=LONGEST_CONTACT, description="Only with `agree`.")
    agree: bool = Field(False, description="Whether whoever reports agreed to the contact being kept.")


class ReportAnswer(BaseModel):
    """Under which number the report stands."""

    reference: str
    outcome: Outcome = Field(description="`recorded`, or `duplicate`: known already.")


class KeyModel(BaseModel):
    """A stamp key. `from` and `to` bound when runs could be registered with it."""

    hint: str
    public_key: str = Field(description="Base64 of the raw 32 bytes.")
    issuer: str
    organisation: str
    from_: dt.datetime = Field(alias="from")
    to: dt.datetime
    status: Literal["open", "closed", "revoked"]


class Problem(BaseModel):
    """Why a request is not a question. `error` is a stable code."""

    error: str
    message_vi: str
    message_en: str
    position: int | None = Field(None, description="With `mistyped`: the character to look at, from 1.")
    field: str | None = Field(None, description="With `invalid_request`: the member at fault.")
    rule: str | None = Field(
        None,
        description="With `impossible_event`: what cannot be: `time`, `place`, `kind`, `id`, `state`, `teller`.",
    )


class TroubleModel(BaseModel):
    """Something the operator should see to. `code` is stable."""

    code: str
    message_vi: str
    message_en: str


class Health(BaseModel):
    """Whether the service can answer, and how the public record stands, without which it still does."""

    status: Literal["ok", "unavailable"]
    database: bool
    schema_current: bool
    record: list[TroubleModel] = Field(
        default_factory=list,
        description=(
            "Empty when all is well: `not_published`, `witnesses_missing`, `log_damaged`, `signer_silent`, "
            "`events_untold`, `no_trust_data`, `trust_expiring`, `trust_expired`."
        ),
    )


Schema = dict[str, Any]


def problems(*statuses: int) -> dict[int | str, Schema]:
    """OpenAPI responses for these refusals."""
    return {status: {"model": Problem} for status in statuses}
