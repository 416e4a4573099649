"""What a log asks of a witness, and what the witness may answer (C2SP tlog-witness, add-checkpoint).

old 20852014
(consistency proof from that size, one base64 hash a line)
(empty line)
(checkpoint, a signed note)
"""

import base64
from dataclasses import dataclass
from typing import Self

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.note import HASH_SIZE, NOTE_LIMIT, SIZE_LIMIT, BadNote, decimal, plain_text, unhash

PROOF_LINES_LIMIT = 63
REQUEST_LIMIT = NOTE_LIMIT + 4096
"""Largest request, bytes."""
SIZE_TYPE = "text/x.tlog.size"
"""Content type of a 409 whose body is the size the witness knows."""

_REASONS = {
    400: (
        "yêu cầu sai dạng, hoặc cỡ cũ lớn hơn cỡ của mốc sổ. Kiểm tra phần mềm của sổ",
        "the request is malformed, or its old size is above the checkpoint's. Check the log's software",
    ),
    403: (
        "mốc sổ không có chữ ký của khoá mà bên chứng kiến biết. Gửi cho họ khoá hiện nay của sổ",
        "the checkpoint is not signed by a key the witness knows. Give them the log's present key",
    ),
    404: (
        "bên chứng kiến không biết sổ này. Gửi khoá của sổ cho họ để được thêm vào",
        "the witness does not know this log. Give them the log's key to be added",
    ),
    409: (
        "bên chứng kiến đã xác nhận một sổ khác cùng cỡ: sổ đã bị tách làm hai. Dừng lại, giữ nguyên mọi tệp, báo "
        "liên minh và tìm nguyên nhân",
        "the witness has cosigned another tree of that size: the log has forked. Stop, keep every file as it is, tell "
        "the alliance and find out why",
    ),
    422: (
        "chứng minh nối tiếp không đúng: sổ này không phải là phần nối dài của sổ mà bên chứng kiến đã thấy. Dừng lại "
        "và kiểm tra kho lưu của sổ",
        "the consistency proof does not fit: this log does not extend what the witness saw. Stop and check the log's "
        "store",
    ),
}
_OTHER = (
    "bên chứng kiến trả lời không theo quy ước. Báo cho họ, thử lại sau",
    "the witness does not answer as agreed. Tell them, and try again later",
)


class WitnessRefused(TrustError):
    """A witness does not cosign. `status` as in HTTP; `size` is the size it knows, where that is all that is wrong."""

    def __init__(self, status: int, size: int | None = None) -> None:
        vi, en = _REASONS.get(status, _OTHER)
        if size is not None:
            vi = f"bên chứng kiến đã xác nhận đến {size} mục. Gửi lại với chứng minh nối tiếp từ đó"
            en = f"the witness has cosigned up to {size} entries. Ask again with a consistency proof from there"
        fault = Fault.OPERATOR if status in _REASONS else Fault.NETWORK
        super().__init__(fault, f"Không được xác nhận ({status}): {vi}", f"Not cosigned ({status}): {en}")
        self.status = status
        self.size = size


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request: the size last cosigned as the log knows it, 32-byte hashes of the proof from there, a signed note.

    Raises `BadNote`.
    """

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes

    def __post_init__(self) -> None:
        sizes_fit = all(len(item) == HASH_SIZE for item in self.proof)
        if not 0 <= self.old_size <= SIZE_LIMIT or len(self.proof) > PROOF_LINES_LIMIT or not sizes_fit:
            raise BadNote(
                f"Yêu cầu có cỡ sai hoặc hơn {PROOF_LINES_LIMIT} mã băm",
                f"The request has a wrong size or more than {PROOF_LINES_LIMIT} hashes",
            )

    def __bytes__(self) -> bytes:
        """The body of the request."""
        lines = [f"old {self.old_size}", *(base64.b64encode(item).decode() for item in self.proof)]
        return "\n".join([*lines, "", ""]).encode() + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a body; the checkpoint is kept as it is, unread. Raises `BadNote`."""
        if len(data) > REQUEST_LIMIT:
            raise BadNote(
                f"Yêu cầu dài hơn {REQUEST_LIMIT} byte", f"The request is longer than {REQUEST_LIMIT} bytes"
            )
        head, empty, checkpoint = data.partition(b"\n\n")
        old, *lines = plain_text(head, REQUEST_LIMIT).split("\n", PROOF_LINES_LIMIT + 1)
        if not empty or not old.startswith("old "):
            raise BadNote(
                "Yêu cầu không bắt đầu bằng “old ” hoặc thiếu dòng trống",
                "The request does not start with “old ” or has no empty line",
            )
        return cls(decimal(old.removeprefix("old ")), tuple(map(unhash, lines)), checkpoint)


def parse_size(data: bytes) -> int:
    """The size in the body of a 409. Raises `BadNote`."""
    text = plain_text(data, 32)
    if not text.endswith("\n"):
        raise BadNote("Cỡ sổ bị cắt", "The size is cut off")
    return decimal(text[:-1])
