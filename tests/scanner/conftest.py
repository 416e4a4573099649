"""A small trusted world on disk: a public folder, a trust pack, and signed stamps, all made by the real code."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from temthat_stamps.bundle.pack import make_pack
from temthat_stamps.code import stamp_url
from temthat_stamps.signing import sign_code
from temthat_stamps.verdict import NoticeKind

from ..stamps.bundle.house import HOST, House, Producer, new_key, url


@dataclass(frozen=True)
class World:
    """`folder` holds the trust pack as a till got it; `house` is the service it came from, `by` its cooperative."""

    folder: Path
    house: House
    by: Producer

    @property
    def root(self) -> Path:
        """The root of trust, as somebody would hand it over."""
        return self.house.public / "trust" / "1.root.json"

    def stamp(self, run: int, serial: int) -> str:
        """A printed URL."""
        return url(self.by, run, serial)

    def forge(self, run: int, serial: int) -> str:
        """One by a stranger's key."""
        return stamp_url(HOST, sign_code(new_key(), run, serial))

    def pack(self, folder: Path | None = None) -> Path:
        """Fetch the pack of what is published now, as `curl -o trust.json …/api/v1/trust` does."""
        folder = folder or self.folder
        folder.mkdir(exist_ok=True)
        (folder / "trust.json").write_bytes(make_pack(self.house.public))
        return folder / "trust.json"


def new_world(folder: Path, age: dt.timedelta = dt.timedelta(0)) -> World:
    """Run 1 is good with serials 11-20 void, run 2 is out of date; both by one cooperative. Published `age` ago."""
    now = dt.datetime.now(dt.UTC).replace(microsecond=0) - age
    house = House(folder / "house", now - dt.timedelta(seconds=30))
    by = house.producer("24")
    house.run(by)
    house.run(by, made_on=dt.date(2019, 1, 1), expires_on=dt.date(2020, 1, 1))
    house.notice(by, "stamps:1:11-20", NoticeKind.VOID)
    house.publish()
    return World(folder / "trust", house, by)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world that nobody changes."""
    return new_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(published: World, tmp_path: Path) -> World:
    """The same, with a fresh pack in a folder of its own."""
    world = World(tmp_path / "trust", published.house, published.by)
    world.pack()
    return world


@pytest.fixture
def own_world(tmp_path: Path) -> World:
    """A world of the test's own, in which more may happen; its folder is still empty."""
    return new_world(tmp_path)


@pytest.fixture
def picture(tmp_path: Path) -> Callable[..., Path]:
    """Writes a PNG holding the QR codes of some texts side by side."""

    def write(name: str, *texts: str) -> Path:
        canvas = Image.new("L", (max(1, len(texts)) * 300, 300), 255)
        for place, text in enumerate(texts):
            code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
            symbol = Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=4, add_quiet_zones=True))
            canvas.paste(symbol, (place * 300 + 20, 20))
        path = tmp_path / name
        canvas.save(path)
        return path

    return write
