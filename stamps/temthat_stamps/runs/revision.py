"""The one row that moves with every change a verdict depends on; it also puts writers in order."""

from sqlalchemy import text
from sqlalchemy.orm import Session

REVISION_ID = 1
_BUMP = text(
    "INSERT INTO revision (id, value) VALUES (:id, 1) ON CONFLICT (id) DO UPDATE SET value = revision.value + 1"
)
"""One statement on either database, also when the row is not there yet and two transactions meet."""


_HOLD = text("UPDATE revision SET value = value WHERE id = :id")


def hold_revision(session: Session) -> None:
    """Let no other writer in until this transaction ends, and no cache know of it: for what changes no verdict."""
    session.execute(_HOLD, {"id": REVISION_ID})


def bump_revision(session: Session) -> None:
    """Tell every cache that something a verdict depends on changes with this transaction; serialises writers."""
    session.execute(_BUMP, {"id": REVISION_ID})
