"""Printed one-time codes: how a person gets a first password, or a new one after losing it."""

import datetime as dt
import secrets

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from temthat_verify_api.accounts import Person, ResetCode
from temthat_verify_api.passwords import (
    WrongCredentials,
    check_secret,
    check_strength,
    hash_secret,
)
from temthat_verify_api.sessions import close_sessions_of

VALID = dt.timedelta(days=7)
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKS_LIKE = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})


def issue_reset_code(session: Session, person: Person, by: str, now: dt.datetime) -> str:
    """A new code in groups of four, 60 random bits; codes printed for this person before no longer work.

    The password in force keeps working until the code is used, so that nobody is locked out by a sheet of paper
    under way.
    """
    session.execute(delete(ResetCode).where(ResetCode.person_id == person.id, ResetCode.used_at.is_(None)))
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    session.add(
        ResetCode(
            person_id=person.id,
            code_hash=hash_secret(letters),
            created_at=now,
            created_by=by,
            expires_at=now + VALID,
        )
    )
    session.flush()
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def use_reset_code(session: Session, phone: str | None, code: str, password: str, now: dt.datetime) -> Person:
    """Set the new password, spend the code, end every session of the person.

    Raises `WrongCredentials` for a code that is wrong, spent or past its seven days, alike for unknown phones, and
    `WeakPassword` (the code is then not spent).
    """
    letters = "".join(c for c in code.upper() if c.isalnum()).translate(_LOOKS_LIKE)
    person = session.scalar(select(Person).where(Person.phone == phone)) if phone else None
    found = None
    if person is not None and person.disabled_at is None:
        found = session.scalar(
            select(ResetCode).where(
                ResetCode.person_id == person.id, ResetCode.used_at.is_(None), ResetCode.expires_at > now
            )
        )
    check_secret(found.code_hash if found else None, letters)
    if person is None or found is None:
        raise WrongCredentials
    check_strength(password, person.phone)
    spend = update(ResetCode).where(ResetCode.id == found.id, ResetCode.used_at.is_(None)).values(used_at=now)
    if session.scalar(spend.returning(ResetCode.id)) is None:  # another browser was faster
        raise WrongCredentials
    person.password_hash = hash_secret(password)
    close_sessions_of(session, person.id)
    return person
