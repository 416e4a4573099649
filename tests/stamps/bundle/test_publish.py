"""Putting a bundle into the public folder: whoever reads meanwhile, or after a crash, finds a set that is whole."""

from collections.abc import Callable
from pathlib import Path

import pytest

from temthat_stamps.bundle.publish import write_bundle
from temthat_stamps.bundle.source import FolderSource
from temthat_stamps.bundle.store import TrustStore

from .house import House, Producer


def test_stopped_between_any_two_files_the_folder_still_serves(
    house: House,
    by: Producer,
    scanner: Callable[..., TrustStore],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The old list with files that have grown since: their beginnings are what it names."""
    folder = house.public / "bundle"
    old = {path.name: path.read_bytes() for path in folder.iterdir()}
    house.run(by)
    house.publish()
    new = {path.name: path.read_bytes() for path in folder.iterdir()}
    listing, proof = new.pop("bundle.json"), new.pop("bundle.proof")
    real = Path.replace
    for step in range(10):
        for name, data in old.items():
            (folder / name).write_bytes(data)
        done = 0

        def replace(self: Path, target: Path, step: int = step) -> Path:
            nonlocal done
            if done >= step:
                raise OSError(28, "No space left on device")
            done += 1
            return real(self, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", replace)
            try:
                write_bundle(folder, new, listing, proof)
                finished = True
            except OSError:
                finished = False
        assert not list(folder.glob(".*"))
        if not finished and (folder / "bundle.json").read_bytes() == listing:
            continue  # between the list and its proof: refused as mixed, and asked again
        store = scanner(f"scanner-{step}", update=False)
        updated = store.update(FolderSource(house.public), house.now)
        assert updated.listing.complete_to_run == (2 if finished else 1)
        if finished:
            return
    raise AssertionError("it never finished")


def test_what_did_not_change_is_not_written(house: House, by: Producer) -> None:
    folder = house.public / "bundle"
    before = {path.name: path.stat().st_ino for path in folder.iterdir()}
    house.run(by)
    house.publish()
    after = {path.name: path.stat().st_ino for path in folder.iterdir()}
    unchanged = {name for name in before if before[name] == after[name]}
    assert {"issuers", "notices", "index-2026-05", "contacts.json"} <= unchanged
    assert not unchanged & {"96-2026-05", "bundle.json", "bundle.proof"}
