"""Backup and restore: data and keys whole, from and into SQLite or PostgreSQL alike.

A backup is one consistent reading of the database; print files are copied after it, so that every file the rows speak
of is there. A restore verifies first, then writes everything in one transaction, whose commit is the last step:
interrupted at any point before, the database is what it was.
"""

import datetime as dt
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from temthat_stamps.runs.records import Revision
from temthat_stamps.sealing import Sealer
from temthat_trace.database import make_engine
from temthat_verify_api import migrate
from temthat_verify_api.archive import (
    KEY,
    MANIFEST,
    Archive,
    KeepingError,
    Manifest,
    check_passphrase,
    disk_errors,
    open_key,
    seal_key,
    torn,
    written_whole,
)
from temthat_verify_api.erasure import JOURNAL, erase_again, merge_journal
from temthat_verify_api.rows import dump_table, load_table
from temthat_verify_api.settings import MissingMasterKeyError, Settings, load_master_key
from temthat_verify_api.tables import metadata


class TargetNotEmpty(KeepingError):
    """There is something where the backup should go."""


def backup(settings: Settings, target: Path, passphrase: str) -> Manifest:
    """Write database, data folder and sealed master key into the one file `target`; returns what is in it.

    The service may go on meanwhile. Raises `KeepingError`, `migrate.SchemaError`.
    """
    check_passphrase(passphrase)
    master_key = _master_key(settings)
    with database_errors():
        migrate.require_current(settings.database_url)
    manifest = Manifest(
        schema=migrate.head(),
        program=version("temthat"),
        made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        key_fingerprint=Sealer(master_key).fingerprint,
    )
    with written_whole(target) as parts:
        with database_errors(), snapshot(settings.database_url) as connection:
            for table in metadata.sorted_tables:
                lines = _Counted(line.encode() for line in dump_table(connection, table))
                parts.add(f"tables/{table.name}.jsonl", lines)
                manifest.rows[table.name] = lines.count
        for path in _data_files(settings, target):
            parts.add_file(f"files/{path.relative_to(settings.data_dir).as_posix()}", path)
        manifest.parts = dict(parts.digests)
        raw = manifest.to_bytes()
        parts.add(MANIFEST, [raw])
        parts.add(KEY, [seal_key(master_key, passphrase, raw)])
    return manifest


def restore(path: Path, settings: Settings, passphrase: str, *, replace: bool = False) -> Manifest:
    """Bring database, data folder and master key back from the backup at `path`; returns what was in it.

    The service must not run. Into an empty database only, unless `replace`; a differing master key is then kept
    beside the restored one. Raises `KeepingError`, `migrate.SchemaError`; nothing was changed then.
    """
    with Archive(path) as archive:
        manifest = archive.manifest
        _check_schema(manifest)
        master_key = open_key(archive.sealed_key, passphrase, archive.manifest_bytes)
        _check_key_file(settings, master_key, replace)
        with database_errors(), disk_errors(settings.data_dir):
            if migrate.current(settings.database_url) is not None:
                migrate.require_current(settings.database_url)
            migrate.upgrade(settings.database_url)
            with _staged(archive, settings.data_dir) as staged, _writing(settings.database_url) as connection:
                _clear(connection, replace)
                for table in metadata.sorted_tables:
                    _load(connection, table, archive)
                _erase_again(connection, staged, settings.data_dir)
                _put_in_place(staged, settings.data_dir, settings.public_dir)
                _put_key(settings.key_file, master_key)
                connection.commit()
    return manifest


class _Counted(Iterator[bytes]):
    """Counts what passes."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.count = 0

    def __next__(self) -> bytes:
        line = next(self._lines)
        self.count += 1
        return line


@contextmanager
def snapshot(url: str) -> Iterator[sa.Connection]:
    """A connection on which every query sees the same moment."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
                yield connection
            else:
                yield connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
    finally:
        engine.dispose()


@contextmanager
def _writing(url: str) -> Iterator[sa.Connection]:
    """A connection in the one transaction of a restore; what is not committed is undone."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            migrate.begin_alone(connection)
            yield connection
    finally:
        engine.dispose()


@contextmanager
def database_errors() -> Iterator[None]:
    """The database's own errors in words."""
    try:
        yield
    except sa.exc.SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip()
        raise KeepingError(
            f"Cơ sở dữ liệu báo lỗi: {reason}. Chưa có gì thay đổi. Nếu dữ liệu đã hỏng: temthat restore",
            f"The database reported: {reason}. Nothing was changed. If it is damaged: temthat restore",
        ) from error


def _master_key(settings: Settings) -> bytes:
    try:
        return load_master_key(settings)
    except MissingMasterKeyError as error:
        raise KeepingError(
            f"Không có khóa chủ dùng được ở {settings.key_file}. Hãy đặt lại tệp khóa đúng chỗ (quyền 600).",
            f"No usable master key in {settings.key_file} ({error}). Put the key file back (mode 600).",
        ) from error


def _data_files(settings: Settings, target: Path) -> list[Path]:
    """What of the data folder goes into a backup: all but the database, open keys, unfinished files, and the log's.

    Tiles, checkpoint and bundle are made from the database again. Were older ones brought back over newer, the log
    would seem to have shrunk. The same goes for a witness's memory; and the keys that a demo keeps here for its signer
    and its ceremony are nobody's to copy.
    """
    left_alone = (
        *(settings.public_dir / name for name in ("tile", "bundle", "checkpoint")),
        *(settings.data_dir / name for name in ("signer", "ceremony")),
        *settings.data_dir.glob("witness-*"),
    )
    url = sa.make_url(settings.database_url)
    left_out = {target.resolve()}
    if url.get_backend_name() == "sqlite" and url.database:
        database = Path(url.database).resolve()
        left_out |= {
            database,
            *(database.with_name(database.name + end) for end in ("-wal", "-shm", "-journal")),
        }
    found = []
    for path in sorted(settings.data_dir.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(settings.data_dir).parts)
        is_key = path.name.startswith(settings.key_file.name)  # and older ones that a restore kept beside it
        again = any(path.is_relative_to(folder) for folder in left_alone)
        if path.is_file() and not (
            path.is_symlink() or hidden or is_key or again or path.resolve() in left_out
        ):
            found.append(path)
    return found


def _check_schema(manifest: Manifest) -> None:
    if manifest.schema == migrate.head() and manifest.rows.keys() == metadata.tables.keys():
        return
    raise KeepingError(
        f"Bản sao lưu có cấu trúc {manifest.schema} của TemThật {manifest.program}; chương trình này cần "
        f"{migrate.head()}. Hãy khôi phục bằng phiên bản {manifest.program}, rồi nâng cấp: temthat migrate",
        f"The backup has schema {manifest.schema} of TemThật {manifest.program}; this program needs "
        f"{migrate.head()}. Restore with version {manifest.program}, then upgrade: temthat migrate",
    )


def _check_key_file(settings: Settings, master_key: bytes, replace: bool) -> None:
    """Another key in place belongs to other data: it is overwritten only when told, and kept aside even then."""
    path = settings.key_file
    if path.exists() and path.read_text().strip() != master_key.hex() and not replace:
        raise TargetNotEmpty(
            f"Ở {path} đã có khóa chủ khác. Nếu thật sự muốn thay, dùng --replace (khóa cũ được giữ bên cạnh).",
            f"There is another master key in {path}. To replace it, use --replace (the old one is kept beside it).",
        )


def _clear(connection: sa.Connection, replace: bool) -> None:
    """An empty database, but for its schema. Raises `TargetNotEmpty`."""
    for table in reversed(metadata.sorted_tables):
        if table.name == Revision.__tablename__ or replace:
            connection.execute(sa.delete(table))
        elif connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise TargetNotEmpty(
                f"Cơ sở dữ liệu đích đã có dữ liệu (bảng {table.name}). Nếu thật sự muốn thay, dùng --replace.",
                f"The target database has data already (table {table.name}). To replace it, use --replace.",
            )


def _load(connection: sa.Connection, table: sa.Table, archive: Archive) -> None:
    try:
        count = load_table(connection, table, archive.lines(f"tables/{table.name}.jsonl"))
    except (ValueError, KeyError) as error:
        raise torn(f"{table.name}: {error}") from error
    if count != archive.manifest.rows[table.name]:
        raise torn(f"{table.name}: {count} rows, not {archive.manifest.rows[table.name]}")


@contextmanager
def _staged(archive: Archive, data_dir: Path) -> Iterator[Path]:
    """The archive's files in a folder beside their places, removed in any case at the end."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=data_dir) as folder:
        for name in archive.names("files/"):
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(f"files/{name}") as source, path.open("wb") as out:
                shutil.copyfileobj(source, out)
        yield Path(folder)


def _put_in_place(staged: Path, data_dir: Path, public_dir: Path) -> None:
    """What was published and is still there stays: versions of trust files must never go back."""
    for path in sorted(staged.rglob("*")):
        place = data_dir / path.relative_to(staged)
        if path.is_file() and not (place.is_relative_to(public_dir) and place.exists()):
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)


def _erase_again(connection: sa.Connection, staged: Path, data_dir: Path) -> None:
    """Whoever was erased since that backup, here or on the machine it comes from, is erased again."""
    merge_journal(staged / JOURNAL, data_dir / JOURNAL)
    (staged / JOURNAL).unlink(missing_ok=True)
    with Session(connection, join_transaction_mode="create_savepoint") as session:
        erase_again(session, data_dir)
        session.commit()


def _put_key(path: Path, master_key: bytes) -> None:
    """The key under its name in one step; a differing older one is kept beside it, with the time."""
    if path.exists():
        if path.read_text().strip() == master_key.hex():
            return
        stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S")
        shutil.copy2(path, path.with_name(f"{path.name}.before-restore-{stamp}"))
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.part")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(master_key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
