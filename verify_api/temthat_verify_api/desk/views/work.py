"""Writing down what was done (ghi việc): which batch, which kind of work, a handful of answers, photos."""

import datetime as dt
import hashlib
import hmac
import uuid
from collections.abc import Mapping

from fastapi import Response

from temthat_trace import fieldwork
from temthat_trace.batches import Batch
from temthat_trace.drafts import StepDraft
from temthat_trace.events import Event, EventPhoto, Step
from temthat_trace.parties import PRODUCERS
from temthat_trace.privacy.repository import alias_of_unnamed
from temthat_trace.units import UNITS, convertible
from temthat_verify_api.desk import queries, work_queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import NotFound
from temthat_verify_api.desk.forms import MAX_PHOTOS, Fields, Photos, Posted
from temthat_verify_api.desk.pictures import BadPicture, kept_picture, store_photo
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.work_forms import (
    KINDS,
    MATERIAL_UNITS,
    Setting,
    draft_answers,
    read_work,
    same_work,
)
from temthat_verify_api.permissions import Action

router = desk_router()

_TWICE = dt.timedelta(minutes=10)
"""The same work told again within this time is the same form sent twice."""


@router.get("/work")
def work_home(desk: SignedIn) -> Response:
    """Where writing down begins: the newest batches, a new one, purchase slips."""
    if desk.party.kind not in PRODUCERS:
        raise NotFound
    return desk.page("work_home.html", batches=work_queries.newest_batches(desk.db, desk.party))


@router.get("/batches/{batch_id}/work")
def work_page(desk: SignedIn, batch_id: uuid.UUID) -> Response:
    """A batch's diary: kinds of work to write down, steps of an earlier batch not yet done, what is written."""
    batch = _batch(desk, batch_id)
    return desk.page(
        "work.html",
        batch=batch,
        events=work_queries.diary_of(desk.db, batch),
        kinds=KINDS,
        drafts=fieldwork.drafts_of(desk.db, batch),
        earlier=fieldwork.earlier_batches(desk.db, batch),
        alike=work_queries.alike(desk.db, batch),
        delivered=fieldwork.delivered_into(desk.db, batch.id),
    )


@router.get("/batches/{batch_id}/work/{step}")
def work_form(desk: SignedIn, batch_id: uuid.UUID, step: Step, draft: uuid.UUID | None = None) -> Response:
    """The questions of one kind of work. From a draft only words are filled in: the day and amounts never are."""
    batch = _batch(desk, batch_id)
    found = _draft(desk, batch, draft) if draft else None
    given = draft_answers(found.model) if found else {"day": desk.today.isoformat()}
    return _form(desk, batch, step, given, {}, found)


@router.post("/batches/{batch_id}/work/{step}")
def record_work(desk: SignedIn, batch_id: uuid.UUID, step: Step, form: Photos) -> Response:
    """Write it down, or show the same form with what is missing; photos already sent are not asked for again."""
    batch = _batch(desk, batch_id)
    given = form.all() | {"text": form.text("text", 2500)}
    draft = form.id("draft")
    found = _draft(desk, batch, draft) if draft else None
    answers = read_work(step, given, _setting(desk, batch))
    if found and not given.get("checked"):
        problem = "Hãy đánh dấu khi đã xem lại.", "Tick this once you have gone over it."
        answers.problems["checked"] = problem
    if alias := alias_of_unnamed(desk.db, batch.party_id, given.get("actor", "")):
        answers.problems["actor"] = (
            f"Đây là họ tên của một thành viên chưa đồng ý cho mọi người thấy họ tên. Hãy ghi “{alias}”.",
            f"This is the full name of a member who did not agree to its being shown. Write “{alias}”.",
        )
    photos, photo_problem = _photos(desk, form)
    if photo_problem or answers.event is None or answers.problems:
        return _form(desk, batch, step, given, answers.problems, found, photos, photo_problem)
    event = answers.event
    event.photos = photos
    event.recorded_by, event.recorded_name, event.recorded_at = desk.party.id, desk.person.name, desk.now
    done = "work"
    if any(desk.now - e.recorded_at < _TWICE and same_work(e, event) for e in _standing(batch)):
        done = "work_twice"
    else:
        fieldwork.record_event(desk.db, batch, event)
        if found:
            fieldwork.close_draft(desk.db, batch, found.model_id, event.id, desk.now)
    return desk.go(f"/desk/batches/{batch.id}/work", done)


@router.post("/batches/{batch_id}/like")
def plan_as(desk: SignedIn, batch_id: uuid.UUID, form: Fields) -> Response:
    """Take the steps of an earlier batch over, as drafts."""
    batch = _batch(desk, batch_id)
    chosen = form.id("batch")
    if chosen is None:
        raise NotFound
    model = queries.find_batch(desk.db, desk.person, chosen)
    fieldwork.plan_as(desk.db, batch, model)
    return desk.go(f"/desk/batches/{batch.id}/work", "planned")


@router.post("/batches/{batch_id}/drafts/{model_id}/skip")
def skip_draft(desk: SignedIn, batch_id: uuid.UUID, model_id: uuid.UUID, form: Fields) -> Response:
    """This batch did not go that way."""
    batch = _batch(desk, batch_id)
    fieldwork.close_draft(desk.db, batch, _draft(desk, batch, model_id).model_id, None, desk.now)
    return desk.go(f"/desk/batches/{batch.id}/work", "skipped")


@router.post("/events/{event_id}/withdraw")
def withdraw(desk: SignedIn, event_id: uuid.UUID, form: Fields) -> Response:
    """It was written down by mistake: it stays on record, marked so."""
    event, batch = work_queries.find_event(desk.db, desk.person, event_id)
    desk.require(Action.IMPORT, batch.party)
    fieldwork.withdraw_event(event, desk.person.name, desk.now)
    return desk.go(f"/desk/batches/{batch.id}/work", "withdrawn")


@router.get("/events/{event_id}/photos/{digest}")
def photo(desk: SignedIn, event_id: uuid.UUID, digest: str) -> Response:
    """A photo of an event."""
    event, _ = work_queries.find_event(desk.db, desk.person, event_id)
    if not any(digest in (photo.digest, photo.small) for photo in event.photos):
        raise NotFound
    return kept_picture(desk.db, digest)


@router.get("/organisations/{party_id}/diaries")
def diaries(desk: SignedIn, party_id: uuid.UUID) -> Response:
    """Batches of one organisation whose diaries agree word for word."""
    party = queries.find_party(desk.db, desk.person, party_id)
    return desk.page("diaries.html", party=party, groups=work_queries.alike_of_party(desk.db, party))


def _batch(desk: Desk, batch_id: uuid.UUID) -> Batch:
    """A batch this person may write for."""
    batch = queries.find_batch(desk.db, desk.person, batch_id)
    desk.require(Action.IMPORT, batch.party)
    return batch


def _standing(batch: Batch) -> list[Event]:
    return [event for event in batch.events if event.withdrawn_at is None]


def _draft(desk: Desk, batch: Batch, model_id: uuid.UUID) -> StepDraft:
    for draft in fieldwork.drafts_of(desk.db, batch):
        if draft.model_id == model_id:
            return draft
    raise NotFound


def _setting(desk: Desk, batch: Batch) -> Setting:
    return Setting(
        batch.id,
        batch.unit,
        desk.today,
        members={member.id for member in fieldwork.members_of(desk.db, batch.party_id)},
        plots={plot.id for plot in fieldwork.plots_of(desk.db, batch.party_id)},
    )


def _form(
    desk: Desk,
    batch: Batch,
    step: Step,
    given: Mapping[str, str],
    problems: Mapping[str, tuple[str, str]],
    draft: StepDraft | None = None,
    photos: list[EventPhoto] | None = None,
    photo_problem: str = "",
) -> Response:
    kind = KINDS[step]
    return desk.page(
        "work_form.html",
        422 if problems or photo_problem else 200,
        batch=batch,
        step=step,
        kind=kind,
        given=given,
        today=desk.today,
        problems={name: said[desk.lang == "en"] for name, said in problems.items()},
        draft=draft,
        kept=[(photo, _ticket(desk, photo.digest, photo.small)) for photo in photos or ()],
        photo_problem=photo_problem,
        choices=work_queries.choices_of(desk.db, batch.party_id),
        goods_units=[code for code in UNITS if convertible(code, batch.unit)],
        all_units=[*dict.fromkeys((batch.unit, *MATERIAL_UNITS))],
        material_units=MATERIAL_UNITS,
        units=UNITS,
        unfolded=any(name in kind.more for name in problems) or any(given.get(n) for n in kind.more),
    )


def _photos(desk: Desk, form: Posted) -> tuple[list[EventPhoto], str]:
    """The photos sent now and those kept from the form before, each once; and what is wrong with them, in words."""
    found: dict[str, EventPhoto] = {}
    for text in form.texts("kept"):
        digest, _, rest = text.partition(".")
        small, _, ticket = rest.partition(".")
        if hmac.compare_digest(ticket, _ticket(desk, digest, small)) and (
            photo := work_queries.photo_of(desk.db, digest, small)
        ):
            found[digest] = photo
    try:
        for _, data in form.each_file("photos"):
            if len(found) > MAX_PHOTOS:
                break
            photo = store_photo(desk.db, data)
            found[photo.digest] = photo
    except BadPicture as error:
        return list(found.values())[:MAX_PHOTOS], desk.words(error.key)
    if len(found) > MAX_PHOTOS:
        return list(found.values())[:MAX_PHOTOS], desk.words("work.too_many_photos", n=MAX_PHOTOS)
    return list(found.values()), ""


def _ticket(desk: Desk, digest: str, small: str) -> str:
    """Shows that this very browser sent these photos: nobody can put a picture into a diary by knowing its digest."""
    said = f"temthat desk photo v1\n{digest}\n{small}"
    return hmac.new(desk.form_secret.encode(), said.encode(), hashlib.sha256).hexdigest()
