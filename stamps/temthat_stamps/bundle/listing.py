"""`bundle.json`: the list of a bundle's files, whose SHA-256 the operator states in the log."""

import datetime as dt
import json
import re
from bisect import bisect_right
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import rfc8785

from temthat_stamps.bundle.encoding import FILE_LIMIT, BadBundle, Month, NewerBundle, missing
from temthat_stamps.bundle.index import index_name
from temthat_stamps.bundle.issuers import ISSUERS_FILE
from temthat_stamps.bundle.notices import NOTICES_FILE
from temthat_stamps.bundle.shard import NOWHERE
from temthat_stamps.code import RUN_MAX
from temthat_stamps.errors import BadStatement
from temthat_stamps.fields import Fields, instant

LISTING_FILE = "bundle.json"
PROOF_FILE = "bundle.proof"
CONTACTS_FILE = "contacts.json"
NAMES = ".names"
LISTING_LIMIT = 8 * 1024 * 1024
"""Largest list of files read, bytes; a year of 34 provinces adds 0.1 MB."""
_BLOCKS_LIMIT = 100_000
_HOSTS_LIMIT = 100
_NAME = re.compile(
    rf"{ISSUERS_FILE}|{NOTICES_FILE}|{re.escape(CONTACTS_FILE)}|index-(?P<index>[0-9]{{4}}-[0-9]{{2}})"
    r"|(?P<province>[0-9]{2})-(?P<month>[0-9]{4}-[0-9]{2})(?P<names>\.names)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A file by its length in bytes and its SHA-256, hex.

    `commitments`, of a shard: SHA-256 over the 32-byte commitments of its runs in order, which its names must open.
    """

    length: int
    sha256: str
    commitments: str | None = None

    def body(self) -> dict[str, Any]:
        """As a member of the list."""
        body: dict[str, Any] = {"length": self.length, "sha256": self.sha256}
        return body | ({"commitments": self.commitments} if self.commitments is not None else {})


@dataclass(frozen=True, slots=True)
class ShardFile:
    """A shard's file name, taken apart."""

    name: str
    province: str
    month: Month

    @property
    def names(self) -> str:
        """The file that opens its commitments."""
        return self.name + NAMES


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything the files were made of and how far they speak.

    They are a function of the log's entries [0, `size`), but for names and contacts. `complete_to_run`: every run up to
    it is in them, except numbers of `blocks` (first, last), which are lent to issuers who sign without a network.
    `at` is the bundle's age; no clock is believed that is behind it.
    """

    origin: str
    size: int
    complete_to_run: int
    at: dt.datetime
    hosts: tuple[str, ...]
    blocks: tuple[tuple[int, int], ...]
    files: Mapping[str, Listed]

    def format(self) -> bytes:
        """The file's bytes (RFC 8785)."""
        return rfc8785.dumps(
            {
                "v": 1,
                "origin": self.origin,
                "size": self.size,
                "complete_to_run": self.complete_to_run,
                "at": instant(self.at),
                "hosts": list(self.hosts),
                "blocks": [list(block) for block in self.blocks],
                "files": {name: file.body() for name, file in self.files.items()},
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file. Raises `BadBundle`. Members and files it does not know are passed over."""
        if len(data) > LISTING_LIMIT:
            raise BadBundle("danh sách tệp quá lớn", "the list of files is too large")
        try:
            body = read_object(data)
            f = Fields(body)
            if (version := f.count("v", 1)) != 1:
                raise NewerBundle(version)
            return cls(
                origin=f.text("origin"),
                size=f.count("size"),
                complete_to_run=f.count("complete_to_run", 0, RUN_MAX),
                at=f.instant("at"),
                hosts=tuple(_host(value) for value in _list(body, "hosts", _HOSTS_LIMIT)),
                blocks=_blocks(_list(body, "blocks", _BLOCKS_LIMIT)),
                files={name: _file(f.mapping("files"), name) for name in f.mapping("files") if known(name)},
            )
        except BadStatement as error:
            raise BadBundle(
                f"danh sách tệp sai ({error})", f"the list of files is wrong ({error})"
            ) from error

    def months(self) -> list[Month]:
        """Those there is an index of, the newest first."""
        found = [m["index"] for m in map(_NAME.fullmatch, self.files) if m and m["index"]]
        return [Month.parse(text) for text in sorted(found, reverse=True)]

    def shards(self, provinces: Collection[str] | None = None) -> list[ShardFile]:
        """Its shards, of some provinces only, if given; the newest last. Those of no province are everybody's."""
        found = [shard for name in self.files if (shard := shard_file(name))]
        wanted = [shard for shard in found if provinces is None or shard.province in {*provinces, NOWHERE}]
        return sorted(wanted, key=lambda shard: (shard.month.number, shard.province))

    def required(self, provinces: Collection[str] | None = None) -> list[str]:
        """The files a scanner of these provinces cannot judge without. Raises `BadBundle` where one is not listed."""
        names = [ISSUERS_FILE, NOTICES_FILE, *map(index_name, reversed(self.months()))]
        if absent := [name for name in names if name not in self.files]:
            raise missing(absent[0])
        return names + [shard.name for shard in self.shards(provinces)]

    def optional(self, provinces: Collection[str] | None = None) -> list[str]:
        """The files that only give names: no verdict depends on them."""
        names = [CONTACTS_FILE, *(shard.names for shard in self.shards(provinces))]
        return [name for name in names if name in self.files]


def lent(blocks: Sequence[tuple[int, int]], run: int) -> bool:
    """Whether a run number is in one of these blocks, which are in order."""
    at = bisect_right(blocks, (run, RUN_MAX)) - 1
    return at >= 0 and run <= blocks[at][1]


def path_of(name: str) -> str:
    """Where a file of the bundle stands in the public folder."""
    return f"bundle/{name}"


def known(name: str) -> bool:
    """Whether this is the name of a file that this version knows."""
    match = _NAME.fullmatch(name)
    if match is None:
        return False
    try:
        for part in ("index", "month"):
            if match[part]:
                Month.parse(match[part])
    except ValueError:
        return False
    return True


def shard_file(name: str) -> ShardFile | None:
    """A shard's name taken apart; None for any other file's."""
    match = _NAME.fullmatch(name) if known(name) else None
    if match is None or not match["month"] or match["names"]:
        return None
    return ShardFile(name, match["province"], Month.parse(match["month"]))


def _file(files: Mapping[str, Any], name: str) -> Listed:
    f = Fields(files).record(name)
    commitments = None if f.absent("commitments") else f.hex("commitments", 32)
    return Listed(f.count("length", 0, FILE_LIMIT), f.hex("sha256", 32), commitments)


def read_object(data: bytes) -> dict[str, Any]:
    """A JSON object that two readers cannot see differently. Raises `BadStatement`."""
    try:
        value = json.loads(data.decode(), object_pairs_hook=_no_doubles)
    except (ValueError, RecursionError) as error:
        raise BadStatement("not JSON") from error
    if not isinstance(value, dict):
        raise BadStatement("not a JSON object")
    return value


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _list(body: Mapping[str, Any], name: str, most: int) -> list[Any]:
    value = body.get(name)
    if not isinstance(value, list) or len(value) > most:
        raise BadStatement(f"member “{name}” is not a list of at most {most}")
    return value


def _host(value: object) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 253:
        raise BadStatement("a host is a text")
    return value


def _blocks(values: list[Any]) -> tuple[tuple[int, int], ...]:
    blocks = tuple(map(_block, values))
    if any(first <= last for (_, last), (first, _) in pairwise(blocks)):
        raise BadStatement("blocks are not in order")
    return blocks


def _block(value: object) -> tuple[int, int]:
    match value:
        case [int() as first, int() as last] if type(first) is int and type(last) is int:
            if 1 <= first <= last <= RUN_MAX:
                return first, last
    raise BadStatement("a block is two run numbers")
