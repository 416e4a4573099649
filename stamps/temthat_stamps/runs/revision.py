"""The one row that moves with every change a verdict depends on; it also puts writers in order."""

from sqlalchemy import text
from sqlalchemy.orm import Session

REVISION_ID = 1
_BUMP = text(
    "INSERT INTO revision (id, value) VALUES (:id, 1) ON CONFLICT (id) DO UPDATE SET value = revision.value + 1"
)
"""One statement on either database, also when the row is not there yet and two transactions meet."""


def bump_revision(session: Session) -> None:
    """Tell every cache that something a verdict depends on changes with this transaction; serialises writers."""
    session.execute(_BUMP, {"id": REVISION_ID})
