"""Members of a cooperative: what is kept about each of them, under which consent, and what they ask for."""

import datetime as dt
import json
import uuid
from decimal import Decimal

from fastapi import Response
from sqlalchemy.orm import Session

from temthat_stamps.runs.revision import bump_revision
from temthat_trace.consent import NEEDS, How, Purpose, in_force, shown
from temthat_trace.importing.cells import is_phone
from temthat_trace.parties import Member, Party
from temthat_trace.privacy.consenting import give, set_fields, withdraw
from temthat_trace.privacy.erasing import Diary, mentions
from temthat_trace.privacy.held import held
from temthat_trace.privacy.records import Ask, Handling, PersonalRequest
from temthat_trace.privacy.repository import (
    answer,
    answer_all,
    ask,
    count_members,
    looks_at,
    member_by_code,
    members_of,
    note,
    open_requests,
    requests_of,
)
from temthat_trace.privacy.texts import VERSION, Asked, asked
from temthat_trace.repository import TraceRefused
from temthat_trace.search import fold
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.entering import enter_row
from temthat_verify_api.desk.errors import BadForm, NotFound
from temthat_verify_api.desk.forms import Fields, Files, Posted
from temthat_verify_api.desk.pictures import PRODUCT, BadPicture, kept_picture, store_picture
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.erasure import erase_member
from temthat_verify_api.permissions import Action

router = desk_router()

HOWS = (How.PAPER, How.WITNESS, How.OWN_SIGN)
"""The ways of agreeing that the desk records; a workbook records its own."""
SHOWN_ENTRIES = 50
STORY = 2000
"""Most characters of a member's story."""
_FIELDS = ("alias", "commune_text", "full_name", "phone", "story")


@router.get("/members")
def members_page(desk: SignedIn, q: str = "") -> Response:
    """The cooperative's members, and what waits for an answer."""
    desk.require(Action.MEMBERS)
    found = members_of(desk.db, desk.party.id, q[:100])
    return desk.page(
        "members.html",
        members=found,
        total=count_members(desk.db, desk.party.id),
        agreed={member.id: in_force(member.consents) for member in found},
        requests=open_requests(desk.db, desk.party.id),
        purposes=list(Purpose),
        today=desk.today,
        q=q[:100],
    )


@router.get("/members/form")
def blank_form(desk: SignedIn) -> Response:
    """The consent form to print, for anybody."""
    desk.require(Action.MEMBERS)
    return _consent_form(desk, None)


@router.get("/members/new")
def new_page(desk: SignedIn) -> Response:
    """The form for a new member."""
    desk.require(Action.MEMBERS)
    return desk.page("member_new.html", typed={"code": "", "alias": "", "commune_text": ""}, problems={})


@router.post("/members/new")
def new(desk: SignedIn, form: Fields) -> Response:
    """A new member by code, name used and commune: nothing that needs consent."""
    desk.require(Action.MEMBERS)
    typed = {"code": form.text("code", 64), "alias": form.text("alias", 100)}
    typed["commune_text"] = form.text("commune_text", 200)
    problems = enter_row(desk, "member", {"party": desk.party.code, **typed})
    made = None if problems else member_by_code(desk.db, desk.party.id, typed["code"])
    if made is None:
        return desk.page("member_new.html", 422, typed=typed, problems=problems)
    return desk.go(f"/desk/members/{made.id}", "member_made")


@router.get("/members/{member_id}")
def member_page(desk: SignedIn, member_id: uuid.UUID) -> Response:
    """One member: what is kept, what was agreed to, what was asked for, who looked."""
    member = _member(desk, member_id)
    note(desk.db, member, desk.person.name, Handling.SEEN, desk.now)
    return _page(desk, member)


@router.get("/members/{member_id}/form")
def filled_form(desk: SignedIn, member_id: uuid.UUID) -> Response:
    """The consent form to print, with this member's code and name used."""
    return _consent_form(desk, _member(desk, member_id))


@router.post("/members/{member_id}/consent")
def record_consent(desk: SignedIn, member_id: uuid.UUID, form: Fields) -> Response:
    """This member agreed to one purpose."""
    member = _member(desk, member_id)
    purpose, how = _purpose(form.text("purpose")), form.text("how")
    if how not in HOWS:
        return _page(desk, member, desk.words("member.say_how"), purpose, form)
    try:
        day = dt.date.fromisoformat(form.text("given_on"))
    except ValueError:
        return _page(desk, member, desk.words("member.say_day"), purpose, form)
    try:
        give(member, purpose, How(how), day, desk.person.name, desk.now, form.text("witness", 100))
    except TraceRefused as refusal:
        return _page(desk, member, desk.words.of(refusal), purpose, form)
    return _done(desk, member, Handling.CONSENT_RECORDED, "consent_recorded")


@router.post("/members/{member_id}/withdraw")
def withdraw_consent(desk: SignedIn, member_id: uuid.UUID, form: Fields) -> Response:
    """This member takes a consent back; what was kept under it goes at once."""
    member = _member(desk, member_id)
    withdraw(member, _purpose(form.text("purpose")), desk.person.name, desk.now)
    answer_all(desk.db, member, Ask.WITHDRAW, "", desk.person.name, desk.now)
    return _done(desk, member, Handling.CONSENT_WITHDRAWN, "consent_withdrawn")


@router.post("/members/{member_id}/fields")
def keep_fields(desk: SignedIn, member_id: uuid.UUID, form: Fields) -> Response:
    """Name used and commune; full name, telephone and story as far as they were agreed to."""
    member = _member(desk, member_id)
    alias = form.text("alias", 100)
    if not alias:
        return _page(desk, member, desk.words("member.no_alias"), "fields", form)
    agreed = in_force(member.consents)
    if Purpose.SHOW_NAME not in agreed and fold(alias) == fold(form.text("full_name", 200)):
        return _page(desk, member, desk.words("member.alias_is_name"), "fields", form)
    typed: dict[str, str | None] = {}
    if Purpose.STORE in agreed:
        typed |= {"full_name": form.text("full_name", 200), "phone": form.text("phone", 32)}
        if typed["phone"] and not is_phone(typed["phone"]):
            return _page(desk, member, desk.words("member.bad_phone"), "fields", form)
    if Purpose.STORY in agreed:
        typed["story"] = form.text("story", STORY)
    set_fields(member, **typed)
    member.alias, member.commune_text = alias, form.text("commune_text", 200)
    return _done(desk, member, Handling.CHANGED, "member_changed")


@router.post("/members/{member_id}/photo")
def keep_photo(desk: SignedIn, member_id: uuid.UUID, form: Files) -> Response:
    """A photo of the member, if that was agreed to."""
    member = _member(desk, member_id)
    if Purpose.SHOW_PHOTO not in in_force(member.consents):
        raise BadForm
    files = form.files("photo")
    try:
        set_fields(member, photo=store_picture(desk.db, files[0][1] if files else b"", PRODUCT))
    except BadPicture as error:
        return _page(desk, member, desk.words(error.key))
    return _done(desk, member, Handling.CHANGED, "picture")


@router.get("/members/{member_id}/photo")
def photo(desk: SignedIn, member_id: uuid.UUID) -> Response:
    """The photo, for the member's own cooperative."""
    member = _member(desk, member_id)
    return kept_picture(desk.db, member.photo)


@router.post("/members/{member_id}/requests")
def record_request(desk: SignedIn, member_id: uuid.UUID, form: Fields) -> Response:
    """This member asks for something: the day by which it has to be done begins to run."""
    member = _member(desk, member_id)
    what = form.text("ask")
    if what not in set(Ask):
        return _page(desk, member, desk.words("member.say_what"), "request", form)
    try:
        day = dt.date.fromisoformat(form.text("asked_on"))
        ask(desk.db, member, Ask(what), day, desk.person.name, desk.now)
    except ValueError:
        return _page(desk, member, desk.words("member.say_day"), "request", form)
    except TraceRefused as refusal:
        return _page(desk, member, desk.words.of(refusal), "request", form)
    return desk.go(f"/desk/members/{member.id}", "request_recorded")


@router.post("/members/{member_id}/requests/{request_id}")
def answer_request(desk: SignedIn, member_id: uuid.UUID, request_id: uuid.UUID, form: Fields) -> Response:
    """What was asked for was done, or cannot be: said in a few words."""
    member = _member(desk, member_id)
    request = desk.db.get(PersonalRequest, request_id)
    if request is None or request.member_id != member.id:
        raise NotFound
    said = form.text("answer", 400)
    if not said:
        return _page(desk, member, desk.words("member.say_answer"))
    answer(request, said, desk.person.name, desk.now)
    return desk.go(f"/desk/members/{member.id}", "request_answered")


@router.get("/members/{member_id}/held")
def held_page(desk: SignedIn, member_id: uuid.UUID) -> Response:
    """All that is held about the member, to print and hand over."""
    member = _member(desk, member_id)
    note(desk.db, member, desk.person.name, Handling.EXPORTED, desk.now)
    words = desk.words

    def when(text: str) -> str:
        return (
            words.time(dt.datetime.fromisoformat(text))
            if "T" in text
            else words.date(dt.date.fromisoformat(text))
        )

    return desk.page(
        "member_held.html",
        member=member,
        held=held(desk.db, member, desk.now, desk.lang),
        at=desk.now,
        when=when,
        amount=lambda number, unit: words.quantity(Decimal(number), unit),
    )


@router.get("/members/{member_id}/held.json")
def held_file(desk: SignedIn, member_id: uuid.UUID) -> Response:
    """The same as a file."""
    member = _member(desk, member_id)
    note(desk.db, member, desk.person.name, Handling.EXPORTED, desk.now)
    body = json.dumps(held(desk.db, member, desk.now, desk.lang), ensure_ascii=False, indent=1)
    headers = {"Content-Disposition": f'attachment; filename="member-{member.id}.json"'}
    return Response(body, media_type="application/json", headers=headers)


@router.get("/members/{member_id}/erase")
def erase_page(desk: SignedIn, member_id: uuid.UUID) -> Response:
    """What would be erased, and which diary entries to ask about."""
    return _erase_page(desk, _member(desk, member_id))


@router.post("/members/{member_id}/erase")
def erase(desk: SignedIn, member_id: uuid.UUID, form: Fields) -> Response:
    """Erase the member; there is no way back."""
    member = _member(desk, member_id)
    diary = form.text("diary")
    if diary not in set(Diary):
        return _erase_page(desk, member, desk.words("erase.say_diary"))
    if form.text("sure") != "1":
        return _erase_page(desk, member, desk.words("erase.say_sure"), diary)
    folder = desk.services.settings.data_dir
    erase_member(desk.db, member, desk.person.name, desk.now, Diary(diary), folder)
    return desk.go(f"/desk/members/{member.id}", "member_erased")


def _member(desk: Desk, member_id: uuid.UUID) -> Member:
    """A member of this person's own cooperative. Raises `NotFound`, so that nobody learns whom there is."""
    desk.require(Action.MEMBERS)
    return find_member(desk.db, desk.party, member_id)


def find_member(session: Session, party: Party, member_id: uuid.UUID) -> Member:
    """A member of that party. Raises `NotFound`."""
    member = session.get(Member, member_id)
    if member is None or member.party_id != party.id:
        raise NotFound
    return member


def _purpose(text: str) -> Purpose:
    if text not in set(Purpose):
        raise BadForm
    return Purpose(text)


def _done(desk: Desk, member: Member, handling: Handling, done: str) -> Response:
    note(desk.db, member, desk.person.name, handling, desk.now)
    bump_revision(desk.db)  # the next page of a stamp already shows what the member wants
    return desk.go(f"/desk/members/{member.id}", done)


def _asked(desk: Desk) -> dict[Purpose, Asked]:
    return {purpose: asked(purpose, desk.lang) for purpose in Purpose}


def _page(
    desk: Desk, member: Member, problem: str = "", where: str = "", sent: Posted | None = None
) -> Response:
    """`where`: which form was refused (a purpose of consent, `fields`, `request`); `sent`: what was typed into it."""
    typed = {**sent.all(), "story": sent.text("story", STORY)} if sent else {}
    kept = {name: getattr(member, name) or "" for name in _FIELDS}
    return desk.page(
        "member.html",
        422 if problem else 200,
        member=member,
        problem=problem,
        where=where,
        typed=typed,
        fields={name: typed.get(name, kept[name]) if where == "fields" else kept[name] for name in kept},
        shown=shown(member),
        agreed=in_force(member.consents),
        live={c.purpose: c for c in member.consents if c.withdrawn_at is None},
        past=[c for c in member.consents if c.withdrawn_at is not None],
        asked=_asked(desk),
        needs=NEEDS,
        hows=HOWS,
        asks=list(Ask),
        requests=requests_of(desk.db, member),
        looks=looks_at(desk.db, member),
        today=desk.today,
    )


def _consent_form(desk: Desk, member: Member | None) -> Response:
    return desk.page(
        "consent_form.html", member=member, asked=_asked(desk), version=VERSION, party=desk.party
    )


def _erase_page(desk: Desk, member: Member, problem: str = "", diary: str = "") -> Response:
    found = mentions(desk.db, member) if member.erased_at is None else []
    return desk.page(
        "member_erase.html",
        422 if problem else 200,
        member=member,
        mentions=found[:SHOWN_ENTRIES],
        named=sum(mention.named for mention in found),
        total=len(found),
        problem=problem,
        diary=diary,
    )
