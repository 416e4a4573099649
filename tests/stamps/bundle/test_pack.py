"""The trust pack: the folder's files that belong together, for all provinces or some."""

import hashlib
import json
import threading
from pathlib import Path

import pytest

from temthat_stamps.bundle import pack
from temthat_stamps.bundle.encoding import BadBundle
from temthat_stamps.bundle.pack import make_pack, parse_pack, read_pack_bytes
from temthat_stamps.bundle.source import NotThere, open_source
from temthat_stamps.errors import TrustError
from temthat_stamps.log.reader import Unreadable

from .house import House, Producer


def test_a_pack_holds_the_folders_files(house: House, by: Producer) -> None:
    """Byte for byte, by their paths; of the trust files what leads to the log, and every root."""
    source = parse_pack(make_pack(house.public))
    for path, data in source._files.items():
        assert (house.public / path).read_bytes() == data
    names = {path.partition("/")[2] for path in source._files if path.startswith("trust/")}
    assert {"1.root.json", "timestamp.json"} <= names
    assert not [name for name in names if "issuers" in name]
    assert source.first_root() == (house.public / "trust" / "1.root.json").read_bytes()
    with pytest.raises(NotThere):
        source.read("bundle/none", 10)


def test_a_pack_of_some_provinces(house: House, by: Producer) -> None:
    house.run(house.producer("31"))
    house.publish()
    some, all_ = parse_pack(make_pack(house.public, ["31"])), parse_pack(make_pack(house.public))
    assert some.provinces == frozenset({"31"})
    assert all_.provinces is None
    assert "bundle/31-2026-05" in some._files
    assert "bundle/96-2026-05" not in some._files
    assert "bundle/96-2026-05" in all_._files


def test_before_the_first_bundle_there_is_no_pack(house: House, tmp_path: Path) -> None:
    for folder in (house.public, tmp_path / "nothing"):
        with pytest.raises(NotThere):
            make_pack(folder)


def test_a_pack_made_while_the_folder_changes_belongs_together(house: House, by: Producer) -> None:
    """Whoever asks at the wrong moment gets the old set or the new one."""
    stop, failures = threading.Event(), list[str]()

    def ask() -> None:
        while not stop.is_set():
            try:
                files = parse_pack(make_pack(house.public))._files
            except TrustError as error:
                failures.append(error.en)
                continue
            listing = json.loads(files["bundle/bundle.json"])
            for name, entry in listing["files"].items():
                if hashlib.sha256(files[f"bundle/{name}"]).hexdigest() != entry["sha256"]:
                    failures.append(name)

    thread = threading.Thread(target=ask)
    thread.start()
    for _ in range(5):
        house.run(by)
        house.publish()
    stop.set()
    thread.join()
    assert failures == []


def test_a_folder_whose_files_do_not_belong_together_gives_no_pack(house: House, by: Producer) -> None:
    path = house.public / "bundle" / "notices"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with pytest.raises(BadBundle):
        make_pack(house.public)


def test_a_pack_is_a_file_of_limited_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trust.json"
    with pytest.raises(Unreadable):
        read_pack_bytes(path)
    path.write_bytes(b"{}")
    with pytest.raises(BadBundle):
        open_source(path)
    monkeypatch.setattr(pack, "PACK_LIMIT", 1)
    with pytest.raises(BadBundle, match="larger"):
        read_pack_bytes(path)
