"""The signer's own folder: its master key, its records, and which log it is to trust.

signer.key   32 random bytes in hex, mode 0600; whoever has it and the database has every hosted key
signer.db    what the signer remembers (`state`)
log.json     the log's name and key, its witnesses and how many of them are needed, as the alliance published it
"""

import json
import os
import secrets
from pathlib import Path

from temthat_stamps.errors import BadStatement, CustodyError, Fault, TrustError
from temthat_stamps.fields import Fields
from temthat_stamps.log.policy import Policy
from temthat_stamps.sealing import Sealer

KEY_FILE = "signer.key"
POLICY_FILE = "log.json"
_POLICY_LIMIT = 256 * 1024
_KEY_SIZE = 32


def make_master_key(folder: Path) -> Sealer:
    """A new master key in a folder that has none. Raises `CustodyError`."""
    path = folder / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(_KEY_SIZE) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise CustodyError(
            Fault.OPERATOR,
            f"Thư mục {folder} đã có khóa của bộ ký; không ghi đè. Hãy chọn thư mục khác.",
            f"{folder} has a signer's key already and is left as it is. Choose another folder.",
        ) from error
    except OSError as error:
        raise _unreadable(path, error.strerror or "") from error
    return read_master_key(folder)


def read_master_key(folder: Path) -> Sealer:
    """The master key as it lies in the folder. Raises `CustodyError`, saying how to restore it."""
    path = folder / KEY_FILE
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise _unreadable(path, getattr(error, "strerror", "") or "") from error
    if len(key) != _KEY_SIZE or len(set(key)) < 8:
        raise _unreadable(path, "32 bytes")
    if mode & 0o077:
        raise CustodyError(
            Fault.OPERATOR,
            f"Người khác trên máy đọc được {path}. Chạy: chmod 600 {path}",
            f"Others on this machine may read {path}. Run: chmod 600 {path}",
        )
    return Sealer(key)


def read_policy(path: Path) -> Policy:
    """Which log and which witnesses count, from `log.json` (other members are ignored). Raises `CustodyError`."""
    try:
        with path.open("rb") as file:
            body = json.loads(file.read(_POLICY_LIMIT).decode())
        if not isinstance(body, dict):
            raise BadStatement("not a JSON object")  # noqa: TRY301
        f, witnesses = Fields(body), body.get("witnesses")
        if not isinstance(witnesses, list) or not all(isinstance(text, str) for text in witnesses):
            raise BadStatement("member “witnesses” is not a list of texts")  # noqa: TRY301
        return Policy.parse(
            f.text("origin"), f.text("log_key", 500), witnesses, f.count("quorum", 0, len(witnesses))
        )
    except (OSError, ValueError, RecursionError, BadStatement, TrustError) as error:
        raise CustodyError(
            Fault.OPERATOR,
            f"Không đọc được {path} ({error}). Lấy lại tệp log.json do Liên minh công bố rồi khởi động lại bộ ký.",
            f"{path} cannot be used ({error}). Fetch the log.json that the alliance published, then start the signer "
            "again.",
        ) from error


def _unreadable(path: Path, why: str) -> CustodyError:
    detail = f" ({why})" if why else ""
    return CustodyError(
        Fault.OPERATOR,
        f"Không dùng được khóa của bộ ký {path}{detail}. Khôi phục tệp này từ bản sao lưu; hệ thống mới thì chạy "
        "temthat signer new.",
        f"The signer's key {path} cannot be used{detail}. Restore the file from its backup; for a new system run "
        "temthat signer new.",
    )
