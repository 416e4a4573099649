"""Signing in and out, the one-time code on paper, one's own account, and the language."""

from fastapi import Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from temthat_verify_api.accounts import Person
from temthat_verify_api.desk.context import AnyVisitor, SignedIn, Visitor, safe_return
from temthat_verify_api.desk.forms import Fields
from temthat_verify_api.desk.route import desk_router
from temthat_verify_api.desk.words import Lang
from temthat_verify_api.passwords import (
    WeakPassword,
    WrongCredentials,
    authenticate,
    check_secret,
    check_strength,
    hash_secret,
)
from temthat_verify_api.phones import BadPhone, normalise_phone
from temthat_verify_api.reset_codes import use_reset_code
from temthat_verify_api.sessions import close_session, close_sessions_of, open_session
from temthat_verify_api.throttle import TooManyTries, coarse_source

router = desk_router()


@router.get("/sign-in")
def sign_in_page(visitor: AnyVisitor, next: str = "/desk", ended: str = "") -> Response:
    """The form."""
    return visitor.page("sign_in.html", back=safe_return(next), problem="", ended=bool(ended), phone="")


@router.post("/sign-in")
def sign_in(visitor: AnyVisitor, form: Fields) -> Response:
    """Check and let in; a wrong password and an unknown number look and take the same."""
    typed, back = form.text("phone", 40), safe_return(form.text("next"))
    phone = _phone(typed)
    try:
        source = _count_try(visitor, phone or typed)
        with visitor.services.sessions() as db:
            person = authenticate(db, phone, form.secret("password"))
            return _let_in(visitor, db, person, source, back)
    except WrongCredentials:
        problem = visitor.words("sign_in.wrong")
    except TooManyTries as error:
        problem = visitor.words("sign_in.too_many", minutes=error.minutes)
    return visitor.page("sign_in.html", 422, back=back, problem=problem, ended=False, phone=typed)


@router.get("/code")
def code_page(visitor: AnyVisitor) -> Response:
    """Where a printed code is typed in."""
    return visitor.page("code.html", problem="", phone="", code="")


@router.post("/code")
def use_code(visitor: AnyVisitor, form: Fields) -> Response:
    """A code from paper sets a password and signs in."""
    typed, code, password = form.text("phone", 40), form.text("code", 40), form.secret("password")
    phone = _phone(typed)
    try:
        _check_same(password, form.secret("again"))
        source = _count_try(visitor, phone or typed)
        with visitor.services.sessions() as db:
            person = use_reset_code(db, phone, code, password, visitor.now)
            return _let_in(visitor, db, person, source, "/desk")
    except WrongCredentials:
        problem = visitor.words("code.wrong")
    except WeakPassword as error:
        problem = visitor.words(error.key)
    except TooManyTries as error:
        problem = visitor.words("sign_in.too_many", minutes=error.minutes)
    return visitor.page("code.html", 422, problem=problem, phone=typed, code=code)


@router.post("/sign-out")
def sign_out(visitor: AnyVisitor, form: Fields) -> Response:
    """Forget this browser."""
    with visitor.services.sessions() as db:
        close_session(db, visitor.token)
        db.commit()
    response = visitor.go("/desk/sign-in", "signed_out")
    visitor.sign_out(response)
    return response


@router.get("/account")
def account_page(desk: SignedIn) -> Response:
    """One's own data and password."""
    return desk.page("account.html", problem="")


@router.post("/account/password")
def change_password(desk: SignedIn, form: Fields) -> Response:
    """A new password for the one known; other browsers are signed out, this one gets a fresh session."""
    person, new = desk.person, form.secret("password")
    try:
        source = _count_try(desk, person.phone)
        check_secret(person.password_hash, form.secret("current"))
        _check_same(new, form.secret("again"))
        check_strength(new, person.phone)
    except WrongCredentials:
        return desk.page("account.html", 422, problem=desk.words("account.wrong"))
    except WeakPassword as error:
        return desk.page("account.html", 422, problem=desk.words(error.key))
    except TooManyTries as error:
        return desk.page("account.html", 422, problem=desk.words("sign_in.too_many", minutes=error.minutes))
    person.password_hash = hash_secret(new)
    close_sessions_of(desk.db, person.id)
    response = desk.go("/desk/account", "password")
    desk.sign_in(response, open_session(desk.db, person, desk.now))
    desk.parts.throttle.forget(person.phone, source)
    return response


@router.get("/language/{lang}")
def choose_language(visitor: AnyVisitor, lang: Lang, next: str = "/desk") -> Response:
    """Remember a language and go back."""
    response = RedirectResponse(safe_return(next), 303)
    visitor.keep_language(response, lang)
    return response


def _phone(typed: str) -> str | None:
    try:
        return normalise_phone(typed)
    except BadPhone:
        return None


def _count_try(visitor: Visitor, phone: str) -> str:
    """Count a try before any secret is looked at; where it comes from, coarsely. Raises `TooManyTries`."""
    client = visitor.request.client
    source = coarse_source(client.host if client else None)
    visitor.parts.throttle.try_once(phone, source)
    return source


def _let_in(visitor: Visitor, db: Session, person: Person, source: str, back: str) -> Response:
    """A fresh session, never one the browser brought along (no session fixation)."""
    if visitor.token:
        close_session(db, visitor.token)
    token = open_session(db, person, visitor.now)
    db.commit()
    visitor.parts.throttle.forget(person.phone, source)
    response = visitor.go(back)
    visitor.sign_in(response, token)
    return response


def _check_same(password: str, again: str) -> None:
    """Raises `WeakPassword` when the two fields differ."""
    if password != again:
        raise WeakPassword("password.not_same")
