"""Growth of the log: the vectors that the phone app is held to as well."""

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from temthat_stamps.bundle.installed import ForkedLog
from temthat_stamps.bundle.pack import parse_pack
from temthat_stamps.bundle.source import FolderSource
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.log.fork import ForkEvidence
from temthat_stamps.log.merkle import BadProof, verify_consistency
from temthat_stamps.log.note import VerifierKey
from temthat_stamps.log.reader import FolderReader
from temthat_stamps.log.tiles import TiledTree

FOLDER = Path(__file__).parents[2] / "stamps" / "vectors"
GROWTH: dict[str, Any] = json.loads((FOLDER / "growth.json").read_bytes())
OFFLINE: dict[str, Any] = json.loads((FOLDER / "offline.json").read_bytes())
FLOOR = dt.datetime.fromisoformat(OFFLINE["floor"])


def named(cases: list[dict[str, Any]]) -> list[Any]:
    """The cases as parameters named by their own names."""
    return [pytest.param(case, id=case["name"]) for case in cases]


def verify(case: dict[str, Any]) -> None:
    """What the case says its hashes show."""
    old, new = (base64.b64decode(case[f"{which}_root"]) for which in ("old", "new"))
    verify_consistency(
        case["old_size"], case["new_size"], old, new, [base64.b64decode(each) for each in case["hashes"]]
    )


@pytest.mark.parametrize("case", named(GROWTH["good"]))
def test_growth(case: dict[str, Any]) -> None:
    """The new tree begins with the old one."""
    verify(case)


@pytest.mark.parametrize("case", named(GROWTH["refused"]))
def test_no_growth(case: dict[str, Any]) -> None:
    """Nothing of the kind is shown."""
    with pytest.raises(BadProof):
        verify(case)


def laid_out(folder: Path, *files: dict[str, str]) -> Path:
    """A public folder."""
    for path, data in (item for part in files for item in part.items()):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(base64.b64decode(data))
    return folder


def test_tiles(tmp_path: Path) -> None:
    """The tiles give the tree's root, and the proofs of the cases."""
    tiles = GROWTH["tiles"]
    folder = laid_out(tmp_path, tiles["files"])
    tree = TiledTree(FolderReader(folder), tiles["size"], base64.b64decode(tiles["root"]))
    cases = [case for case in GROWTH["good"] if case["new_size"] == tiles["size"]]
    assert len(cases) == 4
    for case in cases:
        assert tree.consistency_proof(case["old_size"]) == [base64.b64decode(each) for each in case["hashes"]]


def test_what_proves_the_fork() -> None:
    """To who has the log's key, and nothing else."""
    log = GROWTH["log"]
    evidence = ForkEvidence.parse(json.dumps(log["fork"]).encode())
    key = VerifierKey.parse(log["key"])
    fork = evidence.prove(key.name, key)
    known = {"size": fork.known.size, "root": base64.b64encode(fork.known.root).decode()}
    assert (known, fork.offered.size) == (log["known"], log["known"]["size"] + 2)


@pytest.mark.parametrize("name", ["later", "forked"])
def test_trust_data_that_has_grown(name: str, tmp_path: Path) -> None:
    """After the known pack the later folder is taken and was compared; the forked one is refused."""
    known, grown = OFFLINE["pack"], GROWTH["log"][name]
    store = TrustStore(
        tmp_path / "device", base64.b64decode(known["files"]["trust/1.root.json"]), built=FLOOR
    )
    store.update(parse_pack(json.dumps(known).encode()), FLOOR)
    tree = store.installed().tree
    assert {"size": tree.size, "root": base64.b64encode(tree.root).decode()} == GROWTH["log"]["known"]
    folder = laid_out(tmp_path / "public", known["files"], grown["files"], grown["tiles"])
    if name == "later":
        assert store.update(FolderSource(folder), FLOOR).compared
        assert store.installed().tree.size == tree.size + 2
    else:
        with pytest.raises(ForkedLog):
            store.update(FolderSource(folder), FLOOR)
        assert store.installed().tree == tree
