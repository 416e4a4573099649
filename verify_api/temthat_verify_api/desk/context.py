"""Who is at the desk: a visitor, or a person signed in with a database session; and how either gets a page."""

import datetime as dt
import secrets
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from temthat_stamps.runs.produce import Press
from temthat_trace import formats
from temthat_trace.parties import Party
from temthat_verify_api.accounts import Person
from temthat_verify_api.desk.errors import Forbidden, SignInNeeded
from temthat_verify_api.desk.parts import DeskParts, parts_of
from temthat_verify_api.desk.render import environment
from temthat_verify_api.desk.words import Lang, Words
from temthat_verify_api.permissions import Action, may, may_answer_others
from temthat_verify_api.sessions import ABSOLUTE, find_session, form_token
from temthat_verify_api.wiring import Services, services_of

LANGUAGE_COOKIE = "temthat_language"


class Visitor:
    """Anybody with a browser: language, the secret behind the form token, and pages."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.services: Services = services_of(request)
        self.lang: Lang = "en" if request.cookies.get(LANGUAGE_COOKIE) == "en" else "vi"
        self.words = Words(self.lang)
        # Over HTTPS the __Host- prefix keeps a neighbouring subdomain from planting either cookie (RFC 6265bis).
        prefix = "__Host-" if self.services.settings.secure_cookies else ""
        self._session_cookie, self._form_cookie = f"{prefix}temthat_desk", f"{prefix}temthat_form"
        self.token = request.cookies.get(self._session_cookie, "")
        self._secret = self.token or request.cookies.get(self._form_cookie, "")

    @property
    def now(self) -> dt.datetime:
        """The service's clock."""
        return self.services.now()

    @property
    def today(self) -> dt.date:
        """The day it is in Vietnam."""
        return formats.today(self.now)

    @property
    def parts(self) -> DeskParts:
        """What the desk keeps in memory."""
        return parts_of(self.request)

    @property
    def press(self) -> Press:
        """Where print files are made."""
        return self.parts.press.press

    @property
    def form_secret(self) -> str:
        """What this browser's form token is derived from; empty if it was never given one."""
        return self._secret

    @property
    def person(self) -> Person | None:
        """Who is signed in."""
        return None

    def page(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """A page in the visitor's language. A browser without any secret is given one for its forms."""
        fresh = "" if self._secret else secrets.token_urlsafe(24)
        html = (
            environment()
            .get_template(template)
            .render(
                w=self.words,
                lang=self.lang,
                here=self._here(),
                path=self.request.url.path,
                form=form_token(self._secret or fresh),
                person=self.person,
                settings=self.services.settings,
                **{"done": self._done(), **values},
            )
        )
        response = HTMLResponse(html, status)
        if fresh:
            self._set(response, self._form_cookie, fresh, ABSOLUTE)
        return response

    def go(self, path: str, done: str = "") -> RedirectResponse:
        """On to another page of the desk, which says that something was done: 303, so reloading repeats nothing."""
        mark = "&" if "?" in path else "?"
        return RedirectResponse(f"{path}{mark}done={done}" if done else path, 303)

    def sign_in(self, response: Response, token: str) -> None:
        """Give the browser its session."""
        self._set(response, self._session_cookie, token, ABSOLUTE)
        response.delete_cookie(
            self._form_cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def sign_out(self, response: Response) -> None:
        """Take the session from the browser."""
        response.delete_cookie(
            self._session_cookie, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def keep_language(self, response: Response, lang: Lang) -> None:
        """Remember the language for a year."""
        self._set(response, LANGUAGE_COOKIE, lang, dt.timedelta(days=365))

    @property
    def _secure(self) -> bool:
        return self.services.settings.secure_cookies

    def _set(self, response: Response, name: str, value: str, lasts: dt.timedelta) -> None:
        response.set_cookie(
            name,
            value,
            max_age=int(lasts.total_seconds()),
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def _here(self) -> str:
        """The address of this page, to come back to; what was posted cannot be come back to."""
        url = self.request.url
        if self.request.method != "GET":
            return "/desk"
        return f"{url.path}?{url.query}" if url.query else url.path

    def _done(self) -> str:
        """What the page before did, if it is one of the things the texts know."""
        key = f"done.{self.request.query_params.get('done', '')}"
        return self.words(key) if self.words.has(key) else ""


class Desk(Visitor):
    """Somebody signed in. What the handler changes through `db` is committed when it returns without an error."""

    def __init__(self, request: Request, db: Session, person: Person) -> None:
        super().__init__(request)
        self.db = db
        self._person = person

    @property
    def person(self) -> Person:
        """Who is signed in."""
        return self._person

    @property
    def party(self) -> Party:
        """Their organisation."""
        return self._person.party

    def may(self, action: Action, party: Party | None = None) -> bool:
        """See `permissions.may`; their own organisation by default."""
        return may(self._person, action, party or self.party)

    def require(self, action: Action, party: Party | None = None) -> None:
        """Raises `Forbidden`."""
        if not self.may(action, party):
            raise Forbidden

    def page(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """As for a visitor, with `may` for the template to ask."""
        return super().page(
            template,
            status,
            **{
                "may": self.may,
                "Action": Action,
                "others_reports": may_answer_others(self._person),
                **values,
            },
        )


def _visitor(request: Request) -> Visitor:
    return Visitor(request)


def _desk(request: Request) -> Iterator[Desk]:
    visitor = Visitor(request)
    with visitor.services.sessions() as db:
        found = find_session(db, visitor.token, visitor.now) if visitor.token else None
        if found is None:
            raise SignInNeeded
        db.commit()  # gives the connection back while an upload is still arriving
        yield Desk(request, db, found.person)
        db.commit()


# scope="function": committed before the answer leaves, so that the page the browser is sent to sees it.
AnyVisitor = Annotated[Visitor, Depends(_visitor)]
SignedIn = Annotated[Desk, Depends(_desk, scope="function")]


def safe_return(path: str) -> str:
    """A page of the desk to go back to; anything that could lead elsewhere becomes the desk's first page."""
    parts = urlsplit(path)
    inside = parts.path == "/desk" or parts.path.startswith("/desk/")
    if parts.scheme or parts.netloc or not inside or "\\" in path or any(ord(c) < 33 for c in path):
        return "/desk"
    return path
