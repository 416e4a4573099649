"""What `temthat trust` reads without a database: the public trust folder, or a copy of it, and how far the log goes."""

import re
from pathlib import Path

from temthat_stamps.log.checkpoint import Checkpoint
from temthat_stamps.log.note import Note
from temthat_stamps.trust.accepted import Accepted
from temthat_stamps.trust.handover import refused
from temthat_stamps.trust.repository import TrustRepository
from temthat_verify_api.settings import Settings


def folder_of(settings: Settings, trust: Path | None) -> Path:
    """The folder that was named, else this service's own."""
    return settings.public_dir / "trust" if trust is None else trust


def published(settings: Settings, trust: Path | None) -> Accepted:
    """What is published there, checked but for its expiry. Raises `TrustError`."""
    return TrustRepository(folder_of(settings, trust)).current()


def log_size_of(settings: Settings, trust: Path | None, told: int | None) -> int:
    """As told, else as the checkpoint says that lies beside the trust folder."""
    if told is not None:
        return told
    path = folder_of(settings, trust).parent / "checkpoint"
    if not path.is_file():
        raise refused(
            "Không biết sổ có bao nhiêu mục: thêm --log-size (số ghi trên trang /log/ của hệ thống).",
            "How many entries the log has is not known here: add --log-size (the number on the system's /log/ page).",
        )
    return Checkpoint.parse(Note.parse(path.read_bytes()).text).size


def find_key(base: Accepted, start: str) -> str:
    """The one issuer key whose id starts so. Raises `CeremonyRefused`."""
    wanted = plain(start)
    found_ = [key_id for key_id in base.keys if key_id.startswith(wanted)]
    if len(wanted) < 8 or len(found_) != 1:
        raise refused(
            f"“{start}” không chỉ đúng một khóa: viết ít nhất 8 ký tự của dấu vân tay (temthat trust keys).",
            f"“{start}” names no one key: write at least 8 characters of its fingerprint (temthat trust keys).",
        )
    return found_[0]


def plain(fingerprint_: str) -> str:
    """A fingerprint as people copy it, without its spaces."""
    return re.sub(r"\s", "", fingerprint_).lower()
