"""What was told to this scanner and not yet taken by the service: a file that outlives the process and the battery.

An event is on the disk before anything is sent and leaves it when the service has answered. Its id is made once, so
that sending it again is harmless. The file is for its owner's eyes: it says what was sold when.

SQLite keeps a write-ahead log (`queue.db-wal`) beside it while it is open: one write that is waited for a sale, where a
rollback journal takes ten, each some 10 ms on a hard disk. `settle` and `close` bring all of it into the file itself.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temthat_stamps.errors import StampError

_SCHEMA = "create table if not exists waiting (id text primary key, body text not null, refused text)"
_NO_ROOM = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN}
_PATIENCE = 5.0
"""Seconds to wait for another scanner that shares the file."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One event as the service takes it; `refused`: why the service will not, for a person to look into."""

    id: str
    body: dict[str, Any]
    refused: str | None = None


class QueueError(StampError):
    """The file cannot be read or written: no room, no right, no queue. `vi` and `en` say what to do."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class Queue:
    """The file at `path`, made (mode 600) if it is not there. Several scanners, and threads of one, may share it.

    Every method raises `QueueError`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self._errors():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._make()
            try:
                self._connection = _connected(path, "normal")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _NO_ROOM:
                    raise
                # On a full disk there is no room for what several scanners share. Alone this one reads and sends.
                self._connection = _connected(path, "exclusive")
            [self._mode] = self._connection.execute("pragma journal_mode").fetchone()
            self._synchronize()

    def _make(self) -> None:
        """The file, before SQLite opens it, so that it is never readable by others; its log gets the same mode."""
        log = self.path.with_name(self.path.name + "-wal")
        if not self.path.exists() and log.exists() and log.stat().st_size:
            # SQLite would throw it away.
            raise FileNotFoundError(f"{log.name} without {self.path.name}: put it back, or rename both")
        is_new = not self.path.exists()
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        if os.name == "posix":
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(0o600)
            if is_new:
                _sync_folder(self.path.parent)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def settle(self) -> None:
        """Bring what is in the log beside it into the file, which is then whole by itself, to be carried elsewhere."""
        with self._errors():
            self._connection.execute("pragma wal_checkpoint(passive)").fetchall()

    def put(self, event: dict[str, Any]) -> None:
        """Keep an event; on the disk when this returns."""
        with self._errors():
            self._connection.execute(
                "insert into waiting (id, body) values (?, ?) on conflict do nothing",
                (event["id"], json.dumps(event, ensure_ascii=False)),
            )

    def done(self, ids: Sequence[str]) -> None:
        """Let go of events that the service has. Not waited for: after a power cut they are sent once more."""
        with self._errors():
            self._synchronize(is_waited_for=False)
            try:
                with self._transaction():
                    self._connection.executemany("delete from waiting where id = ?", [(one,) for one in ids])
            finally:
                self._synchronize()

    def refuse(self, reasons: Sequence[tuple[str, str]]) -> None:
        """Note why the service will not take events (id, reason): they stay, and are not sent again."""
        with self._errors(), self._transaction():
            self._connection.executemany(
                "update waiting set refused = ? where id = ?", [(why, one) for one, why in reasons]
            )

    def waiting(self, most: int = -1) -> list[Waiting]:
        """What is to be sent, the oldest first."""
        return self._read(
            "select id, body, refused from waiting where refused is null order by id limit ?", most
        )

    def count(self, most: int = -1) -> int:
        """How many are to be sent; counted as far as `most`."""
        with self._errors():
            query = "select count(*) from (select 1 from waiting where refused is null limit ?)"
            return int(self._connection.execute(query, (most,)).fetchone()[0])

    def refused(self) -> list[Waiting]:
        """What the service will not take, the oldest first."""
        return self._read(
            "select id, body, refused from waiting where refused is not null order by id limit ?", -1
        )

    def forget(self, event_id: str) -> bool:
        """Drop one event because a person said so; False if there is none of that id."""
        with self._errors():
            return self._connection.execute("delete from waiting where id = ?", (event_id,)).rowcount > 0

    def _read(self, query: str, most: int) -> list[Waiting]:
        with self._errors():
            rows = self._connection.execute(query, (most,)).fetchall()
            return [_read_row(*row) for row in rows]

    def _synchronize(self, *, is_waited_for: bool = True) -> None:
        """Whether the next writes are on the disk when they return: `extra` also for the name of a rollback journal."""
        if self._mode == "wal":
            self._connection.execute(f"pragma synchronous = {'full' if is_waited_for else 'normal'}")
        else:
            self._connection.execute("pragma synchronous = extra")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("begin immediate")
        try:
            yield
            self._connection.execute("commit")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("rollback")
            raise

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except (sqlite3.Error, OSError, ValueError) as error:
            name = self.path.name
            raise QueueError(
                f"Không dùng được tệp hàng chờ {self.path} ({error}). Kiểm tra chỗ trống và quyền ghi; nếu tệp hỏng, "
                f"hãy đổi tên nó (và {name}-wal nếu có) để giữ lại rồi chạy lại.",
                f"The queue file {self.path} cannot be used ({error}). Look at the room on the disk and the right to "
                f"write; if the file is damaged, rename it (and {name}-wal, if there is one) to keep it, and start "
                "again.",
            ) from error


def _read_row(event_id: object, body: object, refused: object) -> Waiting:
    """SQLite checks no types, and a bad disk makes a number of a text. Raises `ValueError`."""
    event = json.loads(body) if isinstance(body, str) else None
    if (
        isinstance(event_id, str)
        and isinstance(event, dict)
        and (refused is None or isinstance(refused, str))
    ):
        return Waiting(event_id, event, refused)
    raise ValueError("a row is no event")


def _connected(path: Path, locking: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"pragma locking_mode = {locking}").fetchall()
        with suppress(sqlite3.OperationalError):
            # An older file keeps its rollback journal while another scanner has it open, or the disk is full.
            connection.execute("pragma journal_mode = wal").fetchall()
        connection.execute(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _sync_folder(folder: Path) -> None:
    """A new file's name is on the disk too."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
