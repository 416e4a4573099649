"""The trust pack: the files of the public folder that a scanner needs, in one JSON file that fits through any door.

    {"v":1,"type":"trust pack","provinces":null,"files":{"trust/1.root.json":"…base64…","bundle/bundle.json":"…",…}}

Nothing in it is signed as such; everything in it is proved as it is in the folder.
"""

import base64
import binascii
import hashlib
import json
import time
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.listing import (
    LISTING_FILE,
    LISTING_LIMIT,
    PROOF_FILE,
    Listing,
    path_of,
    read_object,
)
from temthat_stamps.bundle.proof import WrongListing, enclosed_statement
from temthat_stamps.bundle.source import TRUST, FolderSource, NotThere, PackSource
from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import Fields
from temthat_stamps.log.proof import PROOF_LIMIT
from temthat_stamps.log.reader import Unreadable
from temthat_stamps.statement import peek

PACK_FILE = "trust.json"
"""What a pack is called in a scanner's folder."""
PACK_TYPE = "trust pack"
PACK_LIMIT = 512 * 1024 * 1024
"""Largest pack read, bytes: the whole country's year has some 140 MB."""
_ATTEMPTS = 5
_PAUSE = 0.05
"""Seconds after the first attempt, twice that after the second …: list and proof are replaced one after the other."""


def make_pack(public_folder: Path, provinces: Collection[str] | None = None) -> bytes:
    """The pack of a public folder as it is now, with the shards of some provinces or of all.

    It may be called while files are being replaced: it starts again until it has read a set that belongs together.
    Raises `NotThere` before the first bundle, `BadBundle` if the folder's files do not belong together.
    """
    wanted = None if provinces is None else sorted(set(provinces))
    for attempt in range(1, _ATTEMPTS):
        try:
            return _pack(public_folder, wanted)
        except WrongListing:
            time.sleep(attempt * _PAUSE)
    return _pack(public_folder, wanted)


def _pack(public_folder: Path, provinces: list[str] | None) -> bytes:
    files = {
        f"{TRUST}/{name}": (public_folder / TRUST / name).read_bytes() for name in _trust_files(public_folder)
    }
    files |= dict(_bundle_files(public_folder, provinces))
    body = {
        "v": 1,
        "type": PACK_TYPE,
        "provinces": provinces,
        "files": {path: base64.b64encode(data).decode() for path, data in files.items()},
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _trust_files(public_folder: Path) -> Iterator[str]:
    """Every root, and what the timestamp points to: enough to know the log, which is all that a scanner asks."""
    folder = public_folder / TRUST
    yield from sorted(path.name for path in folder.glob("*.root.json"))
    timestamp = _signed(folder / "timestamp.json")
    snapshot = f"{timestamp['meta']['snapshot.json']['version']}.snapshot.json"
    targets = f"{_signed(folder / snapshot)['meta']['targets.json']['version']}.targets.json"
    log = _signed(folder / targets)["targets"]["log.json"]["hashes"]["sha256"]
    yield from ("timestamp.json", snapshot, targets, f"targets/{log}.log.json")


def _signed(path: Path) -> dict[str, Any]:
    try:
        signed: dict[str, Any] = json.loads(path.read_bytes())["signed"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotThere(f"{TRUST}/{path.name}") from error
    return signed


def _bundle_files(public_folder: Path, provinces: list[str] | None) -> Iterator[tuple[str, bytes]]:
    source = FolderSource(public_folder)
    proof = source.read(path_of(PROOF_FILE), PROOF_LIMIT)
    listing = source.read(path_of(LISTING_FILE), LISTING_LIMIT)
    if hashlib.sha256(listing).hexdigest() != peek(enclosed_statement(proof)).get("sha256"):
        raise WrongListing("danh sách tệp đang được thay", "the list of files is being replaced")
    yield from ((path_of(PROOF_FILE), proof), (path_of(LISTING_FILE), listing))
    read = Listing.parse(listing)
    for name in read.required(provinces) + read.optional(provinces):
        data = source.read(path_of(name), read.files[name].length)
        if hashlib.sha256(data).hexdigest() != read.files[name].sha256:
            raise WrongListing(f"tệp {name} đang được thay", f"the file {name} is being replaced")
        yield path_of(name), data


def read_pack_bytes(path: Path) -> bytes:
    """A pack's file. Raises `BadBundle` if it is larger than any, `Unreadable` where there is none."""
    try:
        if path.stat().st_size > PACK_LIMIT:
            raise BadBundle("tệp lớn hơn mọi tệp dữ liệu tin cậy", "it is larger than any trust pack")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(path, error.strerror or type(error).__name__) from error


def parse_pack(data: bytes) -> PackSource:
    """A pack's files. Raises `BadBundle`; of what is in them nothing is believed yet."""
    try:
        body = read_object(data)
        f = Fields(body)
        f.equal("type", PACK_TYPE)
        f.equal("v", 1)
        files = {name: base64.b64decode(text, validate=True) for name, text in f.mapping("files").items()}
        provinces = body["provinces"]
        known = None if provinces is None else frozenset(map(str, provinces))
    except (BadStatement, ValueError, TypeError, KeyError, binascii.Error) as error:
        raise BadBundle("tệp không phải dữ liệu tin cậy của TemThật", "the file is no trust pack") from error
    return PackSource(files, known)
