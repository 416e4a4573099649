"""What a witness keeps: its key, the last checkpoint it cosigned of each log, and evidence of logs with two faces.

    key                          one line, readable by the owner only
    known                        verifier keys of logs it was told of when it was made, one a line
    logs/<sha256 of origin>      signed note: the log's lines and our cosignature
    evidence/<kind>-<...>.note   checkpoints that contradict what was cosigned
    lock                         held while a request is decided

The folder is the witness's memory. A copy put back from a backup has forgotten what was cosigned since, and could
cosign another tree: a witness that lost its folder starts anew, under a new name.
"""

import base64
import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.checkpoint import Checkpoint
from temthat_stamps.log.cosignature import Cosigner, verify_cosignature
from temthat_stamps.log.note import BadNote, KeyKind, Note, VerifierKey, check_name, unbase64
from temthat_stamps.signer import KeySigner

EVIDENCE_LIMIT = 1000
"""Most files of each kind of evidence: a log cannot fill the disk by contradicting itself."""

_KEY_FORM = "PRIVATE+KEY"


class WitnessStoreError(TrustError):
    """The witness's own folder cannot be read or written, or is not as it left it. It does not cosign until mended."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(Fault.STORE, vi, en)


class WitnessFolder:
    """A witness's folder, made by `create`. Every method raises `WitnessStoreError`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, name: str, logs: Iterable[VerifierKey] = ()) -> "WitnessFolder":
        """A new witness with a new key, told of these logs. Raises `BadNote` for a name no key can have."""
        check_name(name)
        try:
            for folder in (path, path / "logs", path / "evidence"):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            seed = os.urandom(32)
            cosigner = Cosigner(name, KeySigner(Ed25519PrivateKey.from_private_bytes(seed)))
            typed = base64.b64encode(bytes([KeyKind.COSIGNATURE_V1]) + seed).decode()
            line = f"{_KEY_FORM}+{name}+{cosigner.key.id.hex()}+{typed}\n"
            with os.fdopen(os.open(path / "key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(line)
                out.flush()
                os.fsync(out.fileno())
            (path / "known").write_text("".join(f"{key}\n" for key in logs), "utf-8")
            _sync_folder(path)
        except FileExistsError as error:
            raise WitnessStoreError(
                f"{path} đã có khoá của một bên chứng kiến: chọn thư mục khác",
                f"{path} has a witness's key already: choose another folder",
            ) from error
        except OSError as error:
            raise _unusable(path, error) from error
        return cls(path)

    def cosigner(self) -> Cosigner:
        """The witness's key. Refused when others may read its file."""
        file = self.path / "key"
        try:
            if file.stat().st_mode & 0o077:
                raise WitnessStoreError(
                    f"Người khác đọc được {file}: chạy chmod 600 {file}",
                    f"Others may read {file}: run chmod 600 {file}",
                )
            *form, name, key_id, encoded = file.read_text("utf-8").removesuffix("\n").split("+", 4)
            typed = unbase64(encoded)
            cosigner = Cosigner(name, KeySigner(Ed25519PrivateKey.from_private_bytes(typed[1:])))
        except OSError as error:
            raise _unusable(self.path, error) from error
        except (ValueError, BadNote) as error:
            raise _damaged(file) from error
        if "+".join(form) != _KEY_FORM or typed[:1] != b"\x04" or cosigner.key.id.hex() != key_id:
            raise _damaged(file)
        return cosigner

    def known(self) -> list[VerifierKey]:
        """The logs written down when the witness was made."""
        try:
            return [VerifierKey.parse(line) for line in (self.path / "known").read_text("utf-8").splitlines()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _unusable(self.path, error) from error
        except (ValueError, BadNote) as error:
            raise _damaged(self.path / "known") from error

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the folder: no other thread or process decides at the same time."""
        try:
            lock = (self.path / "lock").open("ab")
        except OSError as error:
            raise _unusable(self.path, error) from error
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def last(self, origin: str, cosigner: Cosigner) -> Note | None:
        """The checkpoint of this log cosigned last, None if there is none."""
        file = self._file(origin)
        try:
            if not file.parent.is_dir():
                raise _damaged(file.parent)
            note = Note.parse(file.read_bytes())
            (signature,) = note.by(cosigner.key)
            verify_cosignature(note.text, cosigner.key, signature)
            if Checkpoint.parse(note.text).origin != origin:
                raise _damaged(file)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(self.path, error) from error
        except (ValueError, BadNote) as error:
            raise _damaged(file) from error
        return note

    def keep(self, origin: str, note: Note) -> None:
        """Make this the last checkpoint of the log; on the disk when this returns."""
        try:
            _replace(self._file(origin), bytes(note))
        except OSError as error:
            raise _unusable(self.path, error) from error

    def record(self, kind: str, note: Note) -> None:
        """Keep a contradicting checkpoint as evidence, once; nothing beyond `EVIDENCE_LIMIT` of a kind."""
        folder = self.path / "evidence"
        origin = hashlib.sha256(note.text.partition("\n")[0].encode()).hexdigest()[:16]
        file = folder / f"{kind}-{origin}-{hashlib.sha256(note.text.encode()).hexdigest()[:32]}.note"
        try:
            if not file.exists() and len(list(folder.glob(f"{kind}-*.note"))) < EVIDENCE_LIMIT:
                _replace(file, bytes(note))
        except OSError as error:
            raise _unusable(self.path, error) from error

    def notes(self) -> list[Note]:
        """The last checkpoint of every log, for people to look at."""
        try:
            return [Note.parse(file.read_bytes()) for file in sorted((self.path / "logs").glob("*"))]
        except OSError as error:
            raise _unusable(self.path, error) from error
        except BadNote as error:
            raise _damaged(self.path / "logs") from error

    def evidence(self) -> list[Path]:
        """Files of evidence."""
        return sorted((self.path / "evidence").glob("*.note"))

    def _file(self, origin: str) -> Path:
        return self.path / "logs" / hashlib.sha256(origin.encode()).hexdigest()


def _replace(file: Path, data: bytes) -> None:
    """The whole file or the one before, whatever happens; one writer at a time."""
    fresh = file.parent.parent / "fresh"
    with fresh.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(file)
    _sync_folder(file.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(path: Path, error: OSError) -> WitnessStoreError:
    return WitnessStoreError(
        f"Không đọc hay ghi được thư mục {path} ({error.strerror}): xem ổ đĩa và quyền truy cập",
        f"The folder {path} cannot be read or written ({error.strerror}): look at the disk and the permissions",
    )


def _damaged(path: Path) -> WitnessStoreError:
    return WitnessStoreError(
        f"{path} bị hỏng. Đừng chép bản sao lưu cũ vào: lập bên chứng kiến mới, tên mới, bằng “temthat witness new”",
        f"{path} is damaged. Do not put an old copy back: make a new witness, with a new name, with “temthat witness "
        "new”",
    )
