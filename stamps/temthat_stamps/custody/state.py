"""What a signer remembers, in one SQLite file: keys it made or met, quotas, and a journal that is only added to.

Nothing secret is in it. Losing it loses the counters and the memory of closed keys, so it is backed up with the key.
"""

import datetime as dt
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from temthat_stamps.custody.errors import SignerUnreachable
from temthat_stamps.errors import Fault
from temthat_stamps.keys import key_id

FILE = "signer.db"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS key (
    public_key BLOB PRIMARY KEY, id TEXT UNIQUE NOT NULL, issuer TEXT NOT NULL, kind TEXT NOT NULL,
    opens INTEGER, closes INTEGER, closed INTEGER
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS promised (issuer TEXT NOT NULL, run INTEGER NOT NULL, stamps INTEGER NOT NULL,
    at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS promised_by_issuer ON promised (issuer, at);
CREATE TABLE IF NOT EXISTS quota (issuer TEXT PRIMARY KEY, per_day INTEGER NOT NULL, per_month INTEGER NOT NULL,
    per_minute INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, issuer TEXT NOT NULL, act TEXT NOT NULL, public_key BLOB NOT NULL,
    run INTEGER, first INTEGER, last INTEGER, what TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS journal_by_issuer ON journal (issuer, act, at);
CREATE TRIGGER IF NOT EXISTS journal_kept BEFORE DELETE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;
CREATE TRIGGER IF NOT EXISTS journal_unchanged BEFORE UPDATE ON journal
    BEGIN SELECT RAISE(ABORT, 'the journal is only added to'); END;
"""


class Act(StrEnum):
    """What a line of the journal records."""

    ISSUER_KEY = "issuer_key"
    STAMP_KEY = "stamp_key"
    STATEMENT = "statement"
    STAMPS = "stamps"
    CLOSED = "closed"


class KeyKind(StrEnum):
    """What a key signs."""

    ISSUER = "issuer"
    STAMP = "stamp"


@dataclass(frozen=True, slots=True)
class Line:
    """One act of the signer, recorded before its result leaves.

    `what`: a statement's type and the SHA-256 of its message, or the SHA-256 of the manifest whose stamps were signed.
    """

    at: dt.datetime
    issuer: str
    act: Act
    public_key: bytes
    run: int | None = None
    first: int | None = None
    last: int | None = None
    what: str = ""


@dataclass(frozen=True, slots=True)
class Quota:
    """What one issuer may have signed: stamps registered a day and a month (Vietnam's), statements a minute."""

    stamps_per_day: int = 500_000
    stamps_per_month: int = 5_000_000
    statements_per_minute: int = 120


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key the signer made, or met and opened."""

    public_key: bytes
    issuer: str
    kind: KeyKind
    opens: dt.datetime | None = None
    closes: dt.datetime | None = None
    closed: dt.datetime | None = None


class SignerState:
    """The file. One connection, used by one thread at a time; every change is durable when its method returns."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.RLock()
        folder.mkdir(parents=True, exist_ok=True)
        with _in_words():
            self._db = sqlite3.connect(
                folder / FILE, isolation_level=None, check_same_thread=False, timeout=30
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what happens within; others wait."""
        with self._lock, _in_words():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def record(self, line: Line) -> None:
        """Add a line to the journal."""
        values = (
            _second(line.at),
            line.issuer,
            line.act.value,
            line.public_key,
            line.run,
            line.first,
            line.last,
        )
        self._db.execute(
            "INSERT INTO journal (at, issuer, act, public_key, run, first, last, what) VALUES (?,?,?,?,?,?,?,?)",
            (*values, line.what),
        )

    def journal(self, issuer: str | None = None, last: int = 100) -> list[Line]:
        """The newest `last` lines, oldest first; of one issuer if named."""
        where, values = ("WHERE issuer = ?", [issuer]) if issuer else ("", [])
        query = f"SELECT at, issuer, act, public_key, run, first, last, what FROM journal {where} ORDER BY id DESC LIMIT ?"  # noqa: S608,E501
        with self._lock, _in_words():
            rows = self._db.execute(query, (*values, last)).fetchall()
        return [Line(_instant(at), who, Act(act), *rest) for at, who, act, *rest in reversed(rows)]

    def statements_since(self, issuer: str, at: dt.datetime) -> Sequence[dt.datetime]:
        """When each of an issuer's statements after `at` was signed, oldest first."""
        query = "SELECT at FROM journal WHERE issuer = ? AND act = 'statement' AND at > ? ORDER BY at"
        return [_instant(when) for (when,) in self._db.execute(query, (issuer, _second(at)))]

    def promise(self, issuer: str, run: int, stamps: int, at: dt.datetime) -> None:
        """Count `stamps` more of a run."""
        self._db.execute("INSERT INTO promised VALUES (?,?,?,?)", (issuer, run, stamps, _second(at)))

    def promised_of(self, issuer: str, run: int) -> int:
        """Stamps counted for a run so far."""
        query = "SELECT coalesce(sum(stamps), 0) FROM promised WHERE issuer = ? AND run = ?"
        return int(self._db.execute(query, (issuer, run)).fetchone()[0])

    def promised_since(self, issuer: str, at: dt.datetime) -> int:
        """Stamps counted for an issuer from `at` on."""
        query = "SELECT coalesce(sum(stamps), 0) FROM promised WHERE issuer = ? AND at >= ?"
        return int(self._db.execute(query, (issuer, _second(at))).fetchone()[0])

    def quota(self, issuer: str) -> Quota | None:
        """The issuer's own quota, if it was given one."""
        query = "SELECT per_day, per_month, per_minute FROM quota WHERE issuer = ?"
        row = self._db.execute(query, (issuer,)).fetchone()
        return Quota(*row) if row else None

    def set_quota(self, issuer: str, quota: Quota) -> None:
        """Give an issuer a quota of its own."""
        values = (issuer, quota.stamps_per_day, quota.stamps_per_month, quota.statements_per_minute)
        with self.transaction():
            self._db.execute("INSERT OR REPLACE INTO quota VALUES (?,?,?,?)", values)

    def learn(self, key: KnownKey) -> None:
        """Remember a key, unless it is known already."""
        times = (None if at is None else _second(at) for at in (key.opens, key.closes, key.closed))
        values = (key.public_key, key_id(key.public_key), key.issuer, key.kind.value, *times)
        self._db.execute("INSERT OR IGNORE INTO key VALUES (?,?,?,?,?,?,?)", values)

    def find(self, public_key: bytes) -> KnownKey | None:
        """What is known of a key."""
        query = "SELECT public_key, issuer, kind, opens, closes, closed FROM key WHERE public_key = ?"
        row = self._db.execute(query, (public_key,)).fetchone()
        if row is None:
            return None
        return KnownKey(
            row[0], row[1], KeyKind(row[2]), *(None if at is None else _instant(at) for at in row[3:])
        )

    def find_by_id(self, name: str) -> KnownKey | None:
        """What is known of a key by its id, the SHA-256 of its public key in hex."""
        query = "SELECT public_key FROM key WHERE id = ?"
        row = self._db.execute(query, (name,)).fetchone()
        return self.find(row[0]) if row else None

    def issuer_keys(self, issuer: str) -> list[bytes]:
        """An issuer's known issuer keys."""
        query = "SELECT public_key FROM key WHERE issuer = ? AND kind = 'issuer'"
        return [raw for (raw,) in self._db.execute(query, (issuer,))]

    def mark_closed(self, public_key: bytes, at: dt.datetime) -> None:
        """A stamp key's end; the first one stays."""
        query = "UPDATE key SET closed = ? WHERE public_key = ? AND closed IS NULL"
        self._db.execute(query, (_second(at), public_key))


@contextmanager
def _in_words() -> Iterator[None]:
    """A full disk or a damaged file, in words; nothing is signed then."""
    try:
        yield
    except sqlite3.Error as error:
        raise SignerUnreachable(
            Fault.STORE,
            f"Bộ ký không ghi được sổ của nó ({error}). Chưa ký gì. Kiểm tra ổ đĩa và thư mục của bộ ký, rồi thử lại.",
            f"The signer cannot write its records ({error}); nothing was signed. Check its disk and folder, then try "
            "again.",
        ) from error


def _second(at: dt.datetime) -> int:
    return int(at.timestamp())


def _instant(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
