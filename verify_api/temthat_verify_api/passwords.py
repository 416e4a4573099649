"""Passwords: which are good enough, how they are kept, and checking one without telling who exists."""

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from temthat_verify_api.accounts import Person

MIN_LENGTH = 8
MAX_LENGTH = 128

# OWASP's Password Storage Cheat Sheet, second Argon2id profile: 19 MiB, two passes, one lane. A small server
# answers in some 30 ms, and four at a time stay below 80 MB however many people sign in at once.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_SLOTS = threading.BoundedSemaphore(4)
_NOBODY = _HASHER.hash("nobody has this password")

_COMMON = frozenset(
    {
        *(
            "12345678",
            "123456789",
            "1234567890",
            "0123456789",
            "87654321",
            "12341234",
            "11223344",
            "66668888",
        ),
        *("password", "password1", "qwertyui", "qwerty123", "abcd1234", "abc12345", "iloveyou"),
        *("matkhau1", "matkhau123", "anhyeuem", "emyeuanh", "khongbiet", "hoptacxa"),
    }
)


class WeakPassword(ValueError):
    """The password would be guessed; `key` says why, as a text key of the desk."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class WrongCredentials(Exception):
    """Phone number and password do not belong together; never says which of them is wrong."""


def _canonical(password: str) -> str:
    """One form for what looks the same: Vietnamese keyboards compose letters in different ways."""
    return unicodedata.normalize("NFKC", password)


def hash_secret(secret: str) -> str:
    """Argon2id hash of a password or one-time code, with its own salt and parameters."""
    with _SLOTS:
        return _HASHER.hash(_canonical(secret))


def check_secret(stored: str | None, secret: str) -> None:
    """Raises `WrongCredentials`. Takes equally long when there is nothing to compare with (`stored` is None)."""
    with _SLOTS:
        try:
            _HASHER.verify(stored or _NOBODY, _canonical(secret[: MAX_LENGTH * 4]))
        except (VerificationError, InvalidHashError) as error:
            raise WrongCredentials from error
    if stored is None:
        raise WrongCredentials


def check_strength(password: str, phone: str) -> None:
    """Length over composition rules (NIST SP 800-63B, 3.1.1), and nothing everybody tries first.

    Raises `WeakPassword`.
    """
    text = _canonical(password)
    if len(text) < MIN_LENGTH:
        raise WeakPassword("password.too_short")
    if len(text) > MAX_LENGTH:
        raise WeakPassword("password.too_long")
    if text.lower() in _COMMON or len(set(text)) < 4 or text.lstrip("+0").removeprefix("84") in phone:
        raise WeakPassword("password.too_common")


def authenticate(session: Session, phone: str | None, password: str) -> Person:
    """The person with this (normalised) phone and password; None stands for a number nobody can have.

    Raises `WrongCredentials` after the same work for wrong, unknown, disabled and not yet opened accounts.
    """
    person = session.scalar(select(Person).where(Person.phone == phone)) if phone else None
    usable = person is not None and person.disabled_at is None
    check_secret(person.password_hash if person is not None and usable else None, password)
    if person is None:
        raise WrongCredentials
    return person
