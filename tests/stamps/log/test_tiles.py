"""Tile names, entry bundles, and the tree that tiles give: right where they are whole, refused where they are not."""

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.merkle import (
    MAX_SIZE,
    BadProof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from temthat_stamps.log.tiles import (
    ENTRIES,
    BadTile,
    NotInLog,
    Tile,
    TiledTree,
    consistency_proof,
    decode_bundle,
    edge_tiles,
    encode_bundle,
    inclusion_proof,
    root,
)

FUZZ_INPUTS = 100 * settings().max_examples
"""10,000 in the ordinary run, always the same ones."""

SIZE = 70_000
LOG = [b"entry %d" % number for number in range(SIZE)]
LEAVES = [leaf_hash(entry) for entry in LOG]


class Files(dict[str, bytes]):
    """A log's files in memory; counts what is read."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(files)
        self.asked: list[str] = []

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)

    def read(self, path: str) -> bytes:
        """See `TileReader`."""
        self.asked.append(path)
        if path not in self:
            raise NotInLog(path)
        return self[path]


def files_by_definition(size: int, levels: int = 3) -> Files:
    """Every file of a log as the specification defines it: nothing of the code under test but hashing."""
    files = {}
    for level in range(levels):
        unit = 256**level
        hashes = [root_of(LEAVES[at * unit : (at + 1) * unit]) for at in range(size // unit)]
        for index in range(0, len(hashes), 256):
            some = hashes[index : index + 256]
            files[name(str(level), index // 256, len(some))] = b"".join(some)
    for index in range(0, size, 256):
        entries = LOG[index : min(index + 256, size)]
        bundle = b"".join(bytes(divmod(len(entry), 256)) + entry for entry in entries)
        files[name("entries", index // 256, len(entries))] = bundle
    return Files(files)


def name(level: str, index: int, width: int) -> str:
    """A tile's name for an index below 1,000."""
    return f"tile/{level}/{index:03}" + (f".p/{width}" if width < 256 else "")


@pytest.fixture(scope="module")
def large() -> Files:
    """The example of the specification: 273 full level 0 tiles and one of 112, and so on."""
    return files_by_definition(SIZE)


def test_the_example_of_the_specification_is_met(large: Files) -> None:
    """A tree of 70,000: the full and partial tiles it names, and no others."""
    names = {path for path in large if not path.startswith("tile/entries")}
    assert {f"tile/0/{index:03}" for index in range(273)} <= names
    assert {"tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"} <= names
    assert len(names) == 273 + 4
    assert [tile.path for tile in edge_tiles(SIZE)] == [
        "tile/0/273.p/112",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
    ]
    assert [tile.path for tile in edge_tiles(256)] == ["tile/1/000.p/1"]


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(ENTRIES, 255, 253), "tile/entries/255.p/253"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(0, 1_234_067, 89), "tile/0/x001/x234/067.p/89"),
        (Tile(3, 1_234_567), "tile/3/x001/x234/567"),
        (Tile(ENTRIES, 123_456_789), "tile/entries/x123/x456/789"),
        (Tile(1, 1_000, 255), "tile/1/x001/000.p/255"),
    ],
)
def test_names_are_written_and_read_as_the_specification_does(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/0",
        "tile/0/",
        "tile/0/1",
        "tile/0/0001",
        "tile/0/x001",
        "tile/0/x001/",
        "tile/0/001/002",
        "tile/0/x000/001",
        "tile/0/x1/002",
        "tile/00/001",
        "tile/64/001",
        "tile/8/000",
        "tile/-1/001",
        "tile/0/-01",
        "tile/0/+01",
        "tile/0/001.p",
        "tile/0/001.p/",
        "tile/0/001.p/0",
        "tile/0/001.p/01",
        "tile/0/001.p/256",
        "tile/0/001.p/1/",
        "tile/0/001\n",
        "tile/0/٠٠١",
        "/tile/0/001",
        "../tile/0/001",
        "tile/0/../0/001",
        "tile/entries/000?x",
        "tile/Entries/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_any_other_name_is_no_tile(path: str) -> None:
    with pytest.raises(NotInLog):
        Tile.parse(path)


@given(st.integers(-1, 7), st.integers(0, 2**55), st.integers(1, 256))
def test_property_names_are_read_back(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    if tile.end <= MAX_SIZE:
        assert Tile.parse(tile.path) == tile
    else:
        with pytest.raises(NotInLog):
            Tile.parse(tile.path)


def test_fuzz_a_name_is_refused_or_the_one_way_to_write_it() -> None:
    pieces = [
        "tile",
        "/",
        "0",
        "1",
        "9",
        "63",
        "entries",
        "x",
        "000",
        "001",
        "x001",
        ".p",
        "256",
        "..",
        "%2e",
        "\0",
        "٣",
    ]
    taken = 0
    for number in range(FUZZ_INPUTS):
        random = Random(number)
        if number % 2:
            path = "".join(random.choices(pieces, k=random.randrange(9)))
        else:
            path = Tile(
                random.randrange(-1, 4),
                random.randrange(10 ** random.randrange(1, 8)),
                random.randint(1, 256),
            ).path
            at = random.randrange(len(path) + 1)
            path = path[:at] + random.choice(["", "0", "x", "/", ".", "p"]) + path[at + random.randrange(2) :]
        try:
            tile = Tile.parse(path)
        except NotInLog:
            continue
        taken += 1
        assert tile.path == path
        assert 0 < tile.end <= MAX_SIZE
    assert taken > FUZZ_INPUTS / 100


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_property_bundles_are_read_back(entries: list[bytes]) -> None:
    data = encode_bundle(entries)
    assert decode_bundle(data, len(entries)) == entries
    for width in {max(len(entries) - 1, 0), len(entries) + 1} - {len(entries)}:
        with pytest.raises(BadTile):
            decode_bundle(data, width)
    for changed in (data + b"\0", data[:-1]):
        if changed != data:
            with pytest.raises(BadTile):
                decode_bundle(changed, len(entries))


def test_an_entry_may_be_empty_or_as_long_as_its_length_can_be_written() -> None:
    entries = [b"", bytes(65_535), b""]
    assert decode_bundle(encode_bundle(entries), 3) == entries
    with pytest.raises(BadTile, match="65535"):
        encode_bundle([bytes(65_536)])


def test_fuzz_a_bundle_is_refused_or_the_one_way_to_write_it() -> None:
    taken = 0
    for number in range(FUZZ_INPUTS):
        random = Random(number)
        entries = [random.randbytes(random.choice([0, 1, 3, 255, 256])) for _ in range(random.randrange(6))]
        data = bytearray(encode_bundle(entries))
        for _ in range(random.randrange(3)):
            at = random.randrange(len(data) + 1)
            data[at : at + random.randrange(3)] = random.randbytes(random.randrange(3))
        width = random.choice([len(entries), random.randrange(257)])
        try:
            found = decode_bundle(bytes(data), width)
        except BadTile:
            continue
        taken += 1
        assert len(found) == width
        assert encode_bundle(found) == data
    assert taken > FUZZ_INPUTS / 100


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, SIZE])
def test_roots_proofs_and_entries_are_those_of_the_definition(size: int) -> None:
    files = files_by_definition(size)
    expected = root_of(LEAVES[:size])
    assert root(files, size) == expected
    assert list(TiledTree(files, size, expected).entries()) == LOG[:size]
    random = Random(size)
    for index in {random.randrange(size) for _ in range(4)} | {0, size - 1} if size else ():
        verify_inclusion(index, size, LEAVES[index], inclusion_proof(files, index, size), expected)
        old = index + 1
        proof = consistency_proof(files, old, size)
        verify_consistency(old, size, root_of(LEAVES[:old]), expected, proof)


def test_a_tree_of_any_size_is_read_from_the_files_of_a_larger_one(large: Files) -> None:
    """Where a partial tile is gone, or never was, the full one serves; the size is not the log's business."""
    for size in (1, 300, 65_000, 65_537):
        assert root(large, size) == root_of(LEAVES[:size])
    only_full = Files({path: data for path, data in large.items() if ".p/" not in path})
    assert root(only_full, 300) == root_of(LEAVES[:300])
    assert list(TiledTree(only_full, 300).entries(250, 300)) == LOG[250:300]


def test_a_missing_tile_is_named(large: Files) -> None:
    with pytest.raises(NotInLog) as missing:
        root(large, SIZE + 1)
    assert missing.value.path == "tile/0/273.p/113"
    assert missing.value.fault is Fault.OPERATOR
    holed = Files({path: data for path, data in large.items() if path != "tile/0/007"})
    with pytest.raises(NotInLog, match="tile/0/007"):
        inclusion_proof(holed, 7 * 256, SIZE)


def test_entries_outside_the_tree_are_not_given(large: Files) -> None:
    tree = TiledTree(large, SIZE)
    for start, end in ((-1, 2), (0, SIZE + 1), (5, 4)):
        with pytest.raises(BadProof):
            next(tree.entries(start, end))
    assert list(tree.entries(255, 257)) == LOG[255:257]
    assert list(tree.entries(7, 7)) == []


def damaged(files: Files) -> Iterator[Files]:
    """The files with one of them damaged, each in one way."""
    for path in files:
        data = files[path]
        cut, longer = {data[:-1], data[:-32], b""}, {data + data[:32]}
        altered = {data[:40] + bytes([data[40] ^ 1]) + data[41:], data[32:64] + data[:32] + data[64:]}
        for bad in (cut | longer | altered | set(files.values())) - {data}:
            yield Files({**files, path: bad})


def test_truncated_swapped_and_changed_tiles_are_found() -> None:
    """With the root from a checkpoint nothing of a damaged log is handed out as if it were whole."""
    size = 600
    files = files_by_definition(size)
    expected = root_of(LEAVES[:size])
    count = 0
    for each in damaged(files):
        count += 1
        with pytest.raises(BadTile) as refused:
            list(TiledTree(each, size, expected).entries())
        assert refused.value.fault is Fault.OPERATOR
    assert count > 40


def test_swapped_tiles_are_found_by_a_proof_without_knowing_the_root(large: Files) -> None:
    """A full tile is checked against the tile above it, whatever root is expected."""
    swapped = Files({**large, "tile/0/005": large["tile/0/006"], "tile/0/006": large["tile/0/005"]})
    with pytest.raises(BadTile, match="tile/0/005"):
        inclusion_proof(swapped, 5 * 256, SIZE)
    with pytest.raises(BadTile, match="tile/0/006"):
        consistency_proof(swapped, 6 * 256 + 3, SIZE)
    cut = Files({**large, "tile/1/000": large["tile/1/000"][:-1]})
    with pytest.raises(BadTile, match="8191 bytes, not 8192"):
        inclusion_proof(cut, 0, SIZE)


def test_another_root_than_the_checkpoints_is_refused(large: Files) -> None:
    with pytest.raises(BadTile, match="root"):
        TiledTree(large, SIZE, root_of(LEAVES[:5]))
    for size in (-1, MAX_SIZE + 1, 2**70):
        with pytest.raises(BadTile, match="no log has"):
            TiledTree(large, size)


def test_fuzz_a_log_of_any_files_gives_typed_errors_or_the_true_entries() -> None:
    """Files are changed, cut, swapped and lost at random: either a refusal, or exactly what the root stands for."""
    sizes = {size: (files_by_definition(size), root_of(LEAVES[:size])) for size in (1, 3, 256, 259)}
    true = 0
    for number in range(FUZZ_INPUTS // 10):
        random = Random(number)
        size = random.choice(list(sizes))
        whole, expected = sizes[size]
        files = Files(dict(whole))
        for _ in range(random.randrange(3)):
            path = random.choice(list(whole))
            if random.random() < 0.2:
                files.pop(path, None)
            else:
                data = bytearray(files.get(path, b""))
                at = random.randrange(len(data) + 1)
                data[at : at + random.randrange(40)] = random.randbytes(random.randrange(40))
                files[path] = bytes(data)
        try:
            found = list(TiledTree(files, size, expected).entries())
        except TrustError:
            continue
        assert found == LOG[:size]
        true += 1
    assert true > 0


def test_proofs_under_one_checkpoint_read_each_tile_once(large: Files) -> None:
    large.asked.clear()
    for index in range(3 * 256):
        inclusion_proof(large, index, SIZE)
    assert sorted(large.asked) == sorted(set(large.asked))
    assert len(large.asked) == 3 + 1 + 3
