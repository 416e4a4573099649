"""Public folders to read: a small world's log as its operator publishes it, and a log of software that is not ours."""

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.log.checkpoint import Checkpoint, sign_checkpoint
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.folder import LogFolder
from temthat_stamps.log.note import Note

from .world import World

COSIGNED_AT = 1_780_000_000


def publish(world: World, folder: Path, *witnesses: Cosigner) -> Path:
    """All of a world's entries and trust files; whatever a hacked operator would sign is signed. Returns `folder`."""
    size, root = LogFolder(folder).integrate(0, world.entries)
    head = Checkpoint(world.origin, size, root)
    note = Note.parse(sign_checkpoint(head, world.log_signer))
    lines = [witness.cosign(head.text, COSIGNED_AT) for witness in witnesses]
    LogFolder(folder).write_checkpoint(bytes(note.with_lines(lines)))
    for name, data in world.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


class ForeignLog:
    """A log after C2SP tlog-tiles, written from the specifications with nothing of the code under test.

    As its writer would leave it after publishing each of `sizes` in turn: the partial tiles of all of them stand.
    """

    def __init__(
        self, folder: Path, entries: Sequence[bytes], *sizes: int, name: str = "log.example/2026"
    ) -> None:
        self.folder, self.name, self.entries = folder, name, list(entries)
        self._key = Ed25519PrivateKey.from_private_bytes(b"\x2a" * 32)
        raw = self._key.public_key().public_bytes_raw()
        self._id = hashlib.sha256(name.encode() + b"\n\x01" + raw).digest()[:4]
        typed = base64.b64encode(b"\x01" + raw).decode()
        self.vkey = f"{name}+{self._id.hex()}+{typed}"
        self._leaves = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
        for size in sizes or (len(entries),):
            self._write_tiles(size)
        self.size = (sizes or (len(entries),))[-1]
        self.root = self._root(0, self.size)
        self.sign(self.size, self.root)

    def sign(self, size: int, root: bytes, extension: str = "") -> None:
        """Publish a checkpoint."""
        text = f"{self.name}\n{size}\n{base64.b64encode(root).decode()}\n{extension}"
        signature = base64.b64encode(self._id + self._key.sign(text.encode())).decode()
        (self.folder / "checkpoint").write_text(f"{text}\n— {self.name} {signature}\n", "utf-8")

    def _root(self, start: int, end: int) -> bytes:
        """MTH of RFC 6962 over leaves [start, end)."""
        if end - start < 2:
            return self._leaves[start] if end > start else hashlib.sha256(b"").digest()
        half = 1 << (end - start - 1).bit_length() - 1
        left, right = self._root(start, start + half), self._root(start + half, end)
        return hashlib.sha256(b"\1" + left + right).digest()

    def _write_tiles(self, size: int) -> None:
        level, unit = 0, 1
        while size // unit:
            hashes = [self._root(at * unit, (at + 1) * unit) for at in range(size // unit)]
            for at in range(0, len(hashes), 256):
                self._put(str(level), at // 256, len(hashes[at : at + 256]), b"".join(hashes[at : at + 256]))
            level, unit = level + 1, unit * 256
        for at in range(0, size, 256):
            some = self.entries[at : min(at + 256, size)]
            self._put("entries", at // 256, len(some), b"".join(len(e).to_bytes(2, "big") + e for e in some))

    def _put(self, level: str, index: int, width: int, data: bytes) -> None:
        groups = [f"{index // 1000**at % 1000:03}" for at in range(4) if at == 0 or index >= 1000**at][::-1]
        path = self.folder / "tile" / level / "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        path = path if width == 256 else path.with_name(f"{path.name}.p") / str(width)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
