"""People of an organisation: inviting them, printing one-time codes, closing and opening accounts."""

import uuid

from fastapi import Response
from sqlalchemy import select

from temthat_trace.parties import Party
from temthat_verify_api.accounts import Person, Role
from temthat_verify_api.desk import queries
from temthat_verify_api.desk.context import Desk, SignedIn
from temthat_verify_api.desk.errors import BadForm, NotFound
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.permissions import Action, roles_in
from temthat_verify_api.phones import BadPhone, normalise_phone, show_phone
from temthat_verify_api.reset_codes import VALID, issue_reset_code
from temthat_verify_api.sessions import close_sessions_of

router = desk_router()


@router.get("/people")
def people_page(desk: SignedIn, q: str = "") -> Response:
    """Everybody this person looks after."""
    if not desk.may(Action.INVITE):
        raise NotFound
    found = queries.people(desk.db, desk.person, q[:100])
    return desk.page("people.html", people=found, q=q[:100], show_phone=show_phone)


@router.get("/organisations/{party_id}/people/new")
def invite_page(desk: SignedIn, party_id: uuid.UUID) -> Response:
    """The form for a new person."""
    return _invite_form(desk, _party(desk, party_id))


@router.post("/organisations/{party_id}/people/new")
def invite(desk: SignedIn, party_id: uuid.UUID, form: Fields) -> Response:
    """A new person without a password, and the sheet with the code that lets them choose one."""
    party = _party(desk, party_id)
    name, typed, role = form.text("name", 100), form.text("phone", 40), form.text("role")
    if role not in roles_in(party.kind):
        raise BadForm
    typed_in = {"name": name, "phone": typed, "role": role}
    if not name:
        return _invite_form(desk, party, "people.no_name", typed_in)
    try:
        phone = normalise_phone(typed)
    except BadPhone:
        return _invite_form(desk, party, "people.bad_phone", typed_in)
    if desk.db.scalar(select(Person.id).where(Person.phone == phone)) is not None:
        return _invite_form(desk, party, "people.phone_taken", typed_in)
    person = Person(
        phone=phone,
        name=name,
        party_id=party.id,
        role=Role(role),
        created_at=desk.now,
        created_by=desk.person.name,
    )
    desk.db.add(person)
    desk.db.flush()
    return _sheet(desk, person)


@router.post("/people/{person_id}/code")
def print_code(desk: SignedIn, person_id: uuid.UUID, form: Fields) -> Response:
    """A sheet with a fresh code, for somebody who lost the password or never had one.

    Whoever may invite may print the code of somebody who has not chosen a password yet; a lost password is the
    office's business, so that nobody inside the organisation can slip into a colleague's account.
    """
    person = queries.find_person(desk.db, desk.person, person_id)
    desk.require(Action.INVITE if person.password_hash is None else Action.RESET_PASSWORD, person.party)
    return _sheet(desk, person)


@router.post("/people/{person_id}/close")
def close(desk: SignedIn, person_id: uuid.UUID, form: Fields) -> Response:
    """Close an account; its browsers are signed out at once."""
    person = queries.find_person(desk.db, desk.person, person_id)
    desk.require(Action.INVITE, person.party)
    if person.id == desk.person.id:
        raise BadForm
    person.disabled_at = desk.now
    close_sessions_of(desk.db, person.id)
    return desk.go("/desk/people", "person_closed")


@router.post("/people/{person_id}/open")
def reopen(desk: SignedIn, person_id: uuid.UUID, form: Fields) -> Response:
    """Open it again."""
    person = queries.find_person(desk.db, desk.person, person_id)
    desk.require(Action.INVITE, person.party)
    person.disabled_at = None
    return desk.go("/desk/people", "person_opened")


def _party(desk: Desk, party_id: uuid.UUID) -> Party:
    party = queries.find_party(desk.db, desk.person, party_id)
    desk.require(Action.INVITE, party)
    if not roles_in(party.kind):
        raise NotFound
    return party


def _invite_form(
    desk: Desk, party: Party, problem: str = "", typed: dict[str, str] | None = None
) -> Response:
    return desk.page(
        "invite.html",
        422 if problem else 200,
        party=party,
        roles=roles_in(party.kind),
        problem=desk.words(problem) if problem else "",
        typed=typed or {"name": "", "phone": "", "role": roles_in(party.kind)[0]},
    )


def _sheet(desk: Desk, person: Person) -> Response:
    code = issue_reset_code(desk.db, person, desk.person.name, desk.now)
    return desk.page(
        "code_sheet.html", holder=person, code=code, until=desk.now + VALID, phone=show_phone(person.phone)
    )
