"""Signed-in browsers: a random token in a cookie, its SHA-256 in the database, and two ways to run out."""

import datetime as dt
import hashlib
import hmac
import secrets
import uuid

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, joinedload

from temthat_verify_api.accounts import Person, WebSession, token_hash

IDLE = dt.timedelta(hours=4)
"""Long enough for a morning's printing: the person who comes back to confirm it should not have to sign in again."""

ABSOLUTE = dt.timedelta(hours=14)
"""A working day; the next morning starts with a sign-in."""

_TOUCH = dt.timedelta(minutes=1)


def open_session(session: Session, person: Person, now: dt.datetime) -> str:
    """A new token for this person; its row is flushed. Sessions of anyone that ran out are swept on the way."""
    session.execute(delete(WebSession).where(WebSession.opened_at < now - ABSOLUTE))
    token = secrets.token_urlsafe(32)
    session.add(WebSession(token_hash=token_hash(token), person_id=person.id, opened_at=now, seen_at=now))
    session.flush()
    return token


def find_session(session: Session, token: str, now: dt.datetime) -> WebSession | None:
    """The live session of this token with its person and organisation; None if unknown, run out or disabled."""
    found = session.scalar(
        select(WebSession)
        .where(WebSession.token_hash == token_hash(token))
        .options(joinedload(WebSession.person).joinedload(Person.party))
    )
    if found is None or now - found.seen_at > IDLE or now - found.opened_at > ABSOLUTE:
        return None
    if found.person.disabled_at is not None:
        return None
    if now - found.seen_at > _TOUCH:
        found.seen_at = now
    return found


def close_session(session: Session, token: str) -> None:
    """Forget one browser; an unknown token is no error."""
    session.execute(delete(WebSession).where(WebSession.token_hash == token_hash(token)))


def close_sessions_of(session: Session, person_id: uuid.UUID) -> None:
    """Forget every browser of a person: after a new password, or when the account is closed."""
    session.execute(delete(WebSession).where(WebSession.person_id == person_id))


def form_token(secret: str) -> str:
    """The token every form of one browser carries, 32 hex characters, derived from the secret in its cookie.

    Another site can make a browser send the cookie but cannot read it, so it cannot know this (OWASP CSRF
    Prevention, HMAC-based token).
    """
    return hmac.new(secret.encode(), b"temthat desk form v1", hashlib.sha256).hexdigest()[:32]


def is_form_token(secret: str, given: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(form_token(secret).encode(), given.encode())
