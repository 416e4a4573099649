"""The token that point-of-sale software shows: a file beside the queue, for its owner's eyes."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from temthat_stamps.errors import StampError

_SHORTEST = 16
_LONGEST = 512


class TokenError(StampError):
    """The token's file cannot be used; `vi` and `en` say what to do."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi, self.en = vi, en


def open_token(path: Path) -> str:
    """The token in a file, which is made (mode 600) if it is not there. Raises `TokenError`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileExistsError):
            _make(path)
        token = path.read_text("ascii").strip()
        if os.name == "posix" and path.stat().st_mode & 0o007:
            raise TokenError(
                f"Ai trên máy cũng đọc được {path}: xóa tệp này, chạy lại sẽ có mã truy cập mới.",
                f"Everybody on this machine can read {path}: delete it, a new one is made at the next start.",
            )
    except (OSError, ValueError) as error:
        raise TokenError(
            f"Không dùng được tệp mã truy cập {path} ({error}).",
            f"The token file {path} cannot be used ({error}).",
        ) from error
    if not _SHORTEST <= len(token) <= _LONGEST:
        raise TokenError(
            f"Mã truy cập trong {path} quá ngắn hoặc quá dài: xóa tệp này, chạy lại sẽ có mã mới.",
            f"The token in {path} is too short or too long: delete the file, a new one is made at the next start.",
        )
    return token


def _make(path: Path) -> None:
    """Whole or not at all: half a token, left by a full disk, would keep the till from starting again."""
    made = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(made, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    except OSError:
        path.unlink(missing_ok=True)
        raise
