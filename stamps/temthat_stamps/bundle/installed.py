"""`installed.json`: which bundle a scanner uses, and what it knows of the log it came from."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from temthat_stamps.bundle.listing import read_object
from temthat_stamps.errors import BadStatement, TrustError
from temthat_stamps.fields import Fields, instant
from temthat_stamps.log.checkpoint import TEXT_LIMIT, Checkpoint
from temthat_stamps.log.note import NOTE_LIMIT

INSTALLED_FILE = "installed.json"


class NotInstalled(TrustError):
    """There is no trust data in this folder yet."""


class OlderBundle(TrustError):
    """The source offers a bundle from before the one in use."""


class ForkedLog(TrustError):
    """The log in the source is not the one known here, continued: somebody shows different logs to different people."""


@dataclass(frozen=True, slots=True)
class Installed:
    """What `installed.json` says. `index` is where the log states the bundle; `tree` is the newest tree head accepted.

    `floor`: the newest time signed in anything accepted. `hosts`: those the alliance names. `pack`: SHA-256 of the pack
    that was looked at last, so that it is not looked at again each time. `signed`: the checkpoint of `tree` as it was
    signed, which convicts a log that is forked later; empty where it was installed by a program of before.
    """

    listing: str
    index: int
    tree: Checkpoint
    floor: dt.datetime
    hosts: tuple[str, ...]
    provinces: tuple[str, ...] | None
    pack: str = ""
    signed: str = ""

    def format(self) -> bytes:
        """The file's bytes."""
        body = {
            "v": 1,
            "listing": self.listing,
            "index": self.index,
            "tree": self.tree.text,
            "floor": instant(self.floor),
            "hosts": list(self.hosts),
            "provinces": None if self.provinces is None else list(self.provinces),
            "pack": self.pack,
            "signed": self.signed,
        }
        return json.dumps(body, indent=1).encode()

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read the file. Raises `BadStatement`, `TrustError`."""
        body = read_object(data)
        f = Fields(body)
        f.equal("v", 1)
        return cls(
            f.hex("listing", 32),
            f.count("index"),
            Checkpoint.parse(f.text("tree", TEXT_LIMIT)),
            f.instant("floor"),
            _texts(body, "hosts"),
            None if f.absent("provinces") else _texts(body, "provinces"),
            f.text("pack"),
            "" if f.absent("signed") else f.text("signed", NOTE_LIMIT),
        )


def _texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = body.get(name)
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise BadStatement(f"member “{name}” is not a list of texts")
    return tuple(values)
