"""What was told to this scanner and not yet taken by the service: a file that outlives the process and the battery.

An event is on the disk before anything is sent and leaves it when the service has answered. Its id is made once, so
that sending it again is harmless. The file is for its owner's eyes: it says what was sold when.
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temthat_stamps.errors import StampError

_SCHEMA = "create table if not exists waiting (id text primary key, body text not null, refused text)"
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
    """The file at `path`, made (mode 600) if it is not there. Several scanners may share it.

    Every method raises `QueueError`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._errors():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made before SQLite opens it, so that it is never readable by others; its journal gets the same mode.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            if os.name == "posix" and path.stat().st_mode & 0o077:
                path.chmod(0o600)
            self._connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
            try:
                # Not WAL, which keeps the newest in another file: this one may be carried elsewhere, or renamed.
                for pragma in ("journal_mode = delete", "synchronous = extra"):
                    self._connection.execute(f"pragma {pragma}").fetchall()
                self._connection.execute(_SCHEMA)
            except sqlite3.Error:
                self._connection.close()
                raise

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def put(self, event: dict[str, Any]) -> None:
        """Keep an event; on the disk when this returns."""
        with self._errors():
            self._connection.execute(
                "insert into waiting (id, body) values (?, ?) on conflict do nothing",
                (event["id"], json.dumps(event, ensure_ascii=False)),
            )

    def done(self, ids: Sequence[str]) -> None:
        """Let go of events that the service has."""
        with self._errors(), self._transaction():
            self._connection.executemany("delete from waiting where id = ?", [(one,) for one in ids])

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

    def count(self) -> int:
        """How many are to be sent."""
        with self._errors():
            query = "select count(*) from waiting where refused is null"
            return int(self._connection.execute(query).fetchone()[0])

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
            return [Waiting(one, json.loads(body), refused) for one, body, refused in rows]

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
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            raise QueueError(
                f"Không dùng được tệp hàng chờ {self.path} ({error}). Kiểm tra chỗ trống và quyền ghi; nếu tệp hỏng, "
                "hãy đổi tên để giữ lại rồi chạy lại.",
                f"The queue file {self.path} cannot be used ({error}). Look at the room on the disk and the right to "
                "write; if the file is damaged, rename it to keep it and start again.",
            ) from error
