"""The backup file: a ZIP with tables, files, a manifest of digests, and the master key under a passphrase.

    manifest.json      what is inside, with the SHA-256 of each part; schema revision, program, time
    master-key.json    the master key: AES-256-GCM under scrypt of the passphrase, bound to the manifest's bytes
    tables/NAME.jsonl  every row of a table, see `rows`
    files/...          the data folder: print files, trust data

The key opens only together with the very manifest it was sealed with: whoever has the passphrase also knows that
nothing in the archive was changed. The rows themselves are not encrypted; the file is made readable for its owner
only, and docs/operations.md says to keep it so.
"""

import errno
import hashlib
import json
import os
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from temthat_trace.zips import DAMAGED, open_zip

FORMAT = 1
LEAST_PASSPHRASE = 12
MANIFEST = "manifest.json"
KEY = "master-key.json"
_SCRYPT = {"n": 1 << 17, "r": 8, "p": 1}
"""Cost of a guess: 128 MiB and about half a second."""
_CHUNK = 1 << 20


class KeepingError(Exception):
    """Backup, restore or export cannot go on; `vi` and `en` say why and what to do. Nothing was changed."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(f"{vi}\n{en}")
        self.vi = vi
        self.en = en


class TornArchive(KeepingError):
    """The file is not a whole backup: cut off, altered, or something else."""


class WrongPassphrase(KeepingError):
    """The master key does not open: another passphrase, or the archive was altered."""


class NoSpace(KeepingError):
    """The disk is full."""


@dataclass
class Manifest:
    """What an archive holds. `parts` maps each name to its SHA-256; `rows` each table to its number of rows."""

    schema: str
    program: str
    made_at: str
    key_fingerprint: str
    format: int = FORMAT
    rows: dict[str, int] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The bytes the master key is bound to."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()


class Parts:
    """Writes the parts of a ZIP one after the other and keeps their digests."""

    def __init__(self, path: Path) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        self.digests: dict[str, str] = {}

    def add(self, name: str, chunks: Iterable[bytes]) -> None:
        """One part, written as its chunks come."""
        digest = hashlib.sha256()
        with self._zip.open(name, "w", force_zip64=True) as part:
            for chunk in chunks:
                digest.update(chunk)
                part.write(chunk)
        self.digests[name] = digest.hexdigest()

    def add_file(self, name: str, path: Path) -> bool:
        """A file as a part; False if it vanished meanwhile, as a print file does once printing is confirmed."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return False
        with file:
            self.add(name, iter(lambda: file.read(_CHUNK), b""))
        return True

    def finish(self) -> None:
        """Everything on the disk."""
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Let go of an unfinished file, whatever the disk still says to that."""
        for part in (self._zip, self._file):
            with suppress(OSError, ValueError):
                part.close()


@contextmanager
def written_whole(target: Path) -> Iterator[Parts]:
    """A ZIP that appears under its name only when it is complete. Raises `KeepingError` if the name is taken."""
    if target.exists():
        raise KeepingError(
            f"Đã có tệp {target}. Hãy chọn tên khác.", f"{target} exists already. Choose another name."
        )
    unfinished = target.with_name(f".{target.name}.part")
    with disk_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished.unlink(missing_ok=True)
        parts = Parts(unfinished)
        try:
            yield parts
            parts.finish()
            unfinished.replace(target)
        except BaseException:
            parts.abandon()
            unfinished.unlink(missing_ok=True)
            raise


@contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """A full disk as `NoSpace`, any other trouble with files as `KeepingError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise NoSpace(
                f"Hết chỗ trên đĩa khi ghi {where}. Hãy giải phóng dung lượng rồi làm lại.",
                f"No space left while writing {where}. Make room, then try again.",
            ) from error
        raise KeepingError(
            f"Không đọc hoặc ghi được {error.filename or where}: {error.strerror}.",
            f"Cannot read or write {error.filename or where}: {error.strerror}.",
        ) from error


def check_passphrase(passphrase: str) -> None:
    """Raises `KeepingError` for one that can be guessed by trying."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise KeepingError(
            f"Mật khẩu sao lưu cần ít nhất {LEAST_PASSPHRASE} ký tự.",
            f"The backup passphrase needs at least {LEAST_PASSPHRASE} characters.",
        )


def seal_key(master_key: bytes, passphrase: str, manifest: bytes) -> bytes:
    """The content of `KEY`: the master key under the passphrase, bound to these bytes."""
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = AESGCM(_stretch(passphrase, salt)).encrypt(nonce, master_key, manifest)
    record = {"kdf": "scrypt", **_SCRYPT, "salt": salt.hex(), "nonce": nonce.hex(), "sealed": sealed.hex()}
    return json.dumps(record, indent=1).encode()


def open_key(record: bytes, passphrase: str, manifest: bytes) -> bytes:
    """The master key. Raises `WrongPassphrase`, `TornArchive`."""
    try:
        fields = json.loads(record)
        # Only the cost this program writes: a forged one could ask for all the memory there is.
        if {name: fields[name] for name in ("kdf", *_SCRYPT)} != {"kdf": "scrypt", **_SCRYPT}:
            raise torn("unknown cost of the passphrase")
        salt, nonce, sealed = (bytes.fromhex(fields[name]) for name in ("salt", "nonce", "sealed"))
        return AESGCM(_stretch(passphrase, salt)).decrypt(nonce, sealed, manifest)
    except InvalidTag as error:
        raise WrongPassphrase(
            "Mật khẩu sao lưu không đúng, hoặc tệp sao lưu đã bị sửa.",
            "The backup passphrase is wrong, or the backup was altered.",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise torn(str(error)) from error


def _stretch(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, **_SCRYPT).derive(passphrase.encode())


class Archive:
    """A backup that was found whole: every digest compared before anything is believed. Use as a context."""

    def __init__(self, path: Path) -> None:
        """Raises `TornArchive`, `KeepingError`."""
        with disk_errors(path):
            file = path.open("rb")
        try:
            self._zip = open_zip(file)
            self.manifest_bytes = self._zip.read(MANIFEST)
            self.manifest = _read_manifest(self.manifest_bytes)
            self.sealed_key = self._zip.read(KEY)
            self._check_parts()
        except KeepingError:
            file.close()
            raise
        except (KeyError, *DAMAGED) as error:
            file.close()
            raise torn(str(error)) from error
        self._file = file

    def __enter__(self) -> "Archive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _check_parts(self) -> None:
        names = [name for name in self._zip.namelist() if name not in (MANIFEST, KEY)]
        if len(set(names)) != len(names) or set(names) != self.manifest.parts.keys():
            raise ValueError("its parts are not those of its manifest")
        for name, wanted in self.manifest.parts.items():
            digest = hashlib.sha256()
            with self._zip.open(name) as part:
                while chunk := part.read(_CHUNK):
                    digest.update(chunk)
            if digest.hexdigest() != wanted:
                raise ValueError(f"{name} does not have its digest")

    def open(self, name: str) -> IO[bytes]:
        """One part."""
        return self._zip.open(name)

    def lines(self, name: str) -> Iterator[str]:
        """One part, line by line."""
        with self._zip.open(name) as part:
            for line in part:
                yield line.decode()

    def names(self, folder: str) -> list[str]:
        """The parts below a folder, without it."""
        return [name.removeprefix(folder) for name in self.manifest.parts if name.startswith(folder)]


def _read_manifest(raw: bytes) -> Manifest:
    fields: dict[str, Any] = json.loads(raw)
    if not isinstance(fields, dict) or not isinstance(fields.get("format"), int):
        raise ValueError("the manifest is not one")  # noqa: TRY004 - all that is wrong with a file is a ValueError
    if fields["format"] > FORMAT:
        raise KeepingError(
            f"Bản sao lưu này do TemThật mới hơn ({fields.get('program')}) tạo ra. Hãy cài phiên bản đó.",
            f"This backup was made by a newer TemThật ({fields.get('program')}). Install that version.",
        )
    try:
        manifest = Manifest(**fields)
    except TypeError as error:
        raise ValueError("the manifest has other fields") from error
    for name in manifest.parts:
        path = PurePosixPath(name)
        if (
            path.is_absolute()
            or ".." in path.parts
            or path.parts[:1] not in (("tables",), ("files",))
            or "\\" in name
        ):
            raise ValueError(f"{name!r} would lie outside")
    return manifest


def torn(why: str) -> TornArchive:
    """The file is not whole, and why."""
    return TornArchive(
        f"Tệp này không phải bản sao lưu nguyên vẹn ({why}). Hãy dùng bản khác; chưa có gì thay đổi.",
        f"This file is not a whole backup ({why}). Use another copy; nothing was changed.",
    )
