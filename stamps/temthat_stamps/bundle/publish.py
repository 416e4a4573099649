"""Putting a bundle into the public folder, and the files of names that go with it."""

from collections.abc import Callable, Mapping
from pathlib import Path

from temthat_stamps.bundle.listing import LISTING_FILE, PROOF_FILE, ShardFile
from temthat_stamps.bundle.names import NamesWriter
from temthat_stamps.bundle.shard import Shard
from temthat_stamps.files import replace_file
from temthat_stamps.manifest import Names

Opening = tuple[Names, bytes] | bytes
"""Of a run: its names and the 16-byte salt; or, once they are erased, the bare 32-byte commitment of its manifest."""


def names_of(file: ShardFile, shard: bytes, opening: Callable[[int], Opening]) -> bytes:
    """The file that opens a shard's commitments. `opening` is asked for each of its runs, by number, in order."""
    writer = NamesWriter(file.province, file.month)
    for run in Shard(shard, file.province, file.month).runs:
        opened = opening(run)
        if isinstance(opened, bytes):
            writer.erased(opened)
        else:
            writer.add(*opened)
    return writer.data


def write_bundle(folder: Path, files: Mapping[str, bytes], listing: bytes, proof: bytes) -> None:
    """Replace what differs in a bundle folder, the list of files and its proof last.

    Each file is replaced in one step and those that a log makes only grow, so that whoever reads meanwhile, or after a
    crash at any point, still finds in them what the old list names. Only names and contacts may have to be read again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in {**files, LISTING_FILE: listing, PROOF_FILE: proof}.items():
        path = folder / name
        if not (path.is_file() and path.stat().st_size == len(data) and path.read_bytes() == data):
            replace_file(path, data)
