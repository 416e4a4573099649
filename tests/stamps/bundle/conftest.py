"""A small service that published a bundle, and scanners' folders."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from temthat_stamps.bundle.offline import judge_offline
from temthat_stamps.bundle.source import FolderSource
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.verdict import Verdict

from .house import House, Producer

BUILT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""When the scanners' program was built, as far as these tests go."""
NOW = dt.datetime(2026, 5, 20, 8, tzinfo=dt.UTC)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Nothing is published yet."""
    return House(tmp_path / "house", NOW)


@pytest.fixture
def by(house: House) -> Producer:
    """A cooperative of province 96 with one run, published."""
    made = house.producer()
    house.run(made)
    house.publish()
    return made


@pytest.fixture
def scanner(house: House, tmp_path: Path) -> Callable[..., TrustStore]:
    """A scanner that has the root of trust; `update` fills it from the public folder."""

    def make(name: str = "scanner", *, update: bool = True, provinces: list[str] | None = None) -> TrustStore:
        root = (house.public / "trust" / "1.root.json").read_bytes()
        store = TrustStore(tmp_path / name, root, BUILT)
        if update:
            store.update(FolderSource(house.public), house.now, provinces)
        return store

    return make


Scanner = Callable[..., TrustStore]
"""Makes a scanner's folder: the fixture `scanner`."""


def judged(store: TrustStore, text: str, now: dt.datetime) -> Verdict:
    return judge_offline(text, store.load(), now).verdict


def snapshot(folder: Path) -> dict[str, bytes]:
    """What a scanner uses: files that count, by name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
