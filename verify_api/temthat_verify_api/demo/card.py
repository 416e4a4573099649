"""Opening the demo's folder: what it prints, kept on a card, so that a second start builds nothing."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from temthat_stamps.log.witness_client import LocalWitness
from temthat_verify_api.settings import Settings

CARD = "demo.json"
MARKER = ".temthat-demo"
ORIGIN = "mau.temthat.example/so"
"""The name of the demo's log: it stays the same when this machine's address changes."""


@dataclass(frozen=True, slots=True)
class SampleStamp:
    """A stamp to try: what it shows, and how to reach it."""

    shows: str
    verdict: str
    url: str
    number: str


@dataclass(frozen=True, slots=True)
class Login:
    """Who may sign in to the desk, and how."""

    who: str
    phone: str
    password: str


@dataclass(frozen=True, slots=True)
class Card:
    """What the demo prints; kept in the folder (readable by its owner only) so that a second start is instant."""

    host: str
    api_key: str
    pdf: str
    stamps: list[SampleStamp]
    logins: list[Login]


class NotADemoFolderError(Exception):
    """The folder holds something that is not a demo; nothing was touched."""


def open_demo(
    folder: Path, host: str, build: Callable[[Settings], None], *, https: bool = False
) -> tuple[Settings, Card]:
    """The demo in this folder; if there is none, `build` makes it first. Raises `NotADemoFolderError`."""
    settings = _settings(folder, host, https)
    if (folder / CARD).exists():
        return settings, _read_card(folder)
    if folder.exists() and any(folder.iterdir()):
        raise NotADemoFolderError(
            f"Thư mục {folder} không phải của bản mẫu. Hãy chọn thư mục khác: make demo DIR=…\n"
            f"The folder {folder} is not a demo. Choose another one: make demo DIR=…"
        )
    building = folder.with_name(f".{folder.name}.building")
    if (building / MARKER).exists():
        shutil.rmtree(building)
    building.mkdir(parents=True)
    (building / MARKER).touch()
    build(_settings(building, host, https))
    if folder.exists():
        folder.rmdir()
    building.replace(folder)
    return _settings(folder, host, https), _read_card(folder)


def _settings(folder: Path, host: str, https: bool) -> Settings:
    card = _read_card(folder) if (folder / CARD).exists() else None
    port = host.partition(":")[2] or "80"
    return Settings(
        mode="demo",
        data_dir=folder,
        database_url=f"sqlite:///{folder / 'temthat.db'}",
        host=host,
        allowed_hosts=tuple(
            {f"localhost:{port}", f"127.0.0.1:{port}", *([card.host] if card else [])} - {host}
        ),
        secure_cookies=https,
        hotline="1900 0000 (mẫu)",
        operator_name="TemThật (bản mẫu)",
        log_origin=ORIGIN,
        witnesses=witnesses_in(folder),
    )


def witnesses_in(folder: Path) -> tuple[str, ...]:
    """The demo's witnesses as the settings name them; none before they were made."""
    places = sorted(folder.glob("witness-*"))
    return tuple(f"{LocalWitness.open(place).key} local:{place}" for place in places)


def _read_card(folder: Path) -> Card:
    raw = json.loads((folder / CARD).read_text("utf-8"))
    raw["stamps"] = [SampleStamp(**s) for s in raw["stamps"]]
    raw["logins"] = [Login(**s) for s in raw["logins"]]
    return Card(**raw)
