"""Zip files that strangers send: measured before a byte is unpacked."""

import io

from temthat_trace.importing.raw import LIMITS, Limits
from temthat_trace.importing.report import WorkbookRefused
from temthat_trace.zips import DAMAGED, open_zip

_RATIO = 400
_SMALL = 1 << 20


def too_large() -> WorkbookRefused:
    """Beyond the limits of one import."""
    return WorkbookRefused(
        "Tệp quá lớn. Hãy chia thành nhiều tệp, mỗi tệp không quá 50.000 dòng, và xóa hình ảnh trong bảng.",
        "The file is too large. Split it into files of at most 50,000 rows each and remove pictures.",
    )


def damaged() -> WorkbookRefused:
    """Not readable as what it claims to be."""
    return WorkbookRefused(
        "Tệp bị hỏng, không mở được. Hãy mở lại bằng Excel rồi lưu thành .xlsx mới.",
        "The file is damaged. Open it in Excel and save it as a new .xlsx.",
    )


def locked() -> WorkbookRefused:
    """Encrypted; nobody should send us a password."""
    return WorkbookRefused(
        "Tệp có mật khẩu. Hãy bỏ mật khẩu (Tệp > Thông tin > Bảo vệ) rồi lưu lại.",
        "The file has a password. Remove it (File > Info > Protect) and save again.",
    )


class Archive:
    """A zip whose declared sizes are within the limits; members are read by name, never written to disk."""

    def __init__(self, data: bytes, limits: Limits = LIMITS) -> None:
        """Look at the directory only. Raises WorkbookRefused for bombs, passwords and damaged files."""
        try:
            self._zip = open_zip(io.BytesIO(data))
            members = self._zip.infolist()
        except DAMAGED:
            raise damaged() from None
        if len(members) > limits.zip_members:
            raise too_large()
        if any(m.flag_bits & 0x1 for m in members):
            raise locked()
        if sum(m.file_size for m in members) > limits.unpacked_bytes:
            raise too_large()
        if any(m.file_size > _SMALL and m.file_size > _RATIO * max(1, m.compress_size) for m in members):
            raise too_large()
        self.names = [m.filename for m in members if not m.is_dir()]

    def read(self, name: str) -> bytes:
        """One member, unpacked; at most as many bytes as its directory entry declared."""
        try:
            return self._zip.read(name)
        except (KeyError, *DAMAGED):
            raise damaged() from None
