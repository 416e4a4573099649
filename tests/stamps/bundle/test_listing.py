"""The list of files: read as it was written, its names taken apart, and nothing that could mean two things."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.encoding import FILE_LIMIT, BadBundle, Month, NewerBundle
from temthat_stamps.bundle.listing import LISTING_LIMIT, Listed, Listing, known, lent, shard_file

AT = dt.datetime(2026, 5, 20, tzinfo=dt.UTC)
NAMES = [
    "issuers",
    "notices",
    "contacts.json",
    "index-2026-05",
    "index-2026-04",
    "96-2026-05",
    "96-2026-05.names",
]
NAMES += ["31-2026-04", "00-2026-04", "31-2026-05.names"]

listed = st.builds(
    Listed,
    st.integers(0, FILE_LIMIT),
    st.binary(min_size=32, max_size=32).map(bytes.hex),
    st.none() | st.binary(min_size=32, max_size=32).map(bytes.hex),
)
blocks = st.lists(st.integers(1, 2**28 - 2), max_size=8, unique=True).map(
    lambda ends: tuple(zip(sorted(ends)[::2], sorted(ends)[1::2], strict=False))
)
listings = st.builds(
    Listing,
    st.text(max_size=30),
    st.integers(0, 2**53 - 1),
    st.integers(0, 2**28 - 2),
    st.integers(0, 10**9).map(lambda seconds: AT + dt.timedelta(seconds=seconds)),
    st.lists(st.text(min_size=1, max_size=20), max_size=3).map(tuple),
    blocks,
    st.dictionaries(st.sampled_from(NAMES), listed),
)


@given(listings)
def test_property_a_list_is_read_as_it_was_written(listing: Listing) -> None:
    assert Listing.parse(listing.format()) == listing


GOOD: dict[str, Any] = json.loads(
    Listing("o", 7, 3, AT, ("h",), ((5, 9),), {name: Listed(12, "0" * 64) for name in NAMES}).format()
)


@pytest.mark.parametrize(
    "changed",
    [
        {"v": "1"},
        {"v": 0},
        {"origin": 7},
        {"size": -1},
        {"size": 1.5},
        {"size": True},
        {"complete_to_run": 2**28},
        {"at": "2026-05-20"},
        {"at": "2026-05-20T00:00:00+00:00"},
        {"hosts": "h"},
        {"hosts": [""]},
        {"hosts": ["h"] * 101},
        {"blocks": [[5, 4]]},
        {"blocks": [[0, 4]]},
        {"blocks": [[5, 9], [9, 12]]},
        {"blocks": [[5, 9], [1, 2]]},
        {"blocks": [[1, 2, 3]]},
        {"blocks": [[True, 2]]},
        {"blocks": None},
        {"files": []},
        {"files": {"notices": {"length": 12}}},
        {"files": {"notices": {"length": -1, "sha256": "0" * 64}}},
        {"files": {"notices": {"length": FILE_LIMIT + 1, "sha256": "0" * 64}}},
        {"files": {"notices": {"length": 12, "sha256": "0" * 63}}},
        {"files": {"notices": {"length": 12, "sha256": "../" + "0" * 61}}},
        {"files": {"96-2026-05": {"length": 12, "sha256": "0" * 64, "commitments": 7}}},
    ],
)
def test_a_member_of_another_kind_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(BadBundle):
        Listing.parse(json.dumps(GOOD | changed).encode())


def test_two_readers_never_see_two_lists() -> None:
    """A member twice, another encoding, trailing text; and no list of any size."""
    good = json.dumps(GOOD).encode()
    for data in (
        good[:-1] + b',"size":9}',
        good + b"{}",
        json.dumps(GOOD).encode("utf-16"),
        b"[]",
        b"",
        good[:-1],
    ):
        with pytest.raises(BadBundle):
            Listing.parse(data)
    with pytest.raises(BadBundle, match="too large"):
        Listing.parse(good + b" " * LISTING_LIMIT)


def test_what_is_newer_is_told_and_what_is_unknown_passed_over() -> None:
    """A later service may say more to newer scanners in the same version."""
    with pytest.raises(NewerBundle):
        Listing.parse(json.dumps(GOOD | {"v": 2}).encode())
    more = GOOD | {"extra": 1, "files": GOOD["files"] | {"photos": 7, "../x": {}, "96-2026-13": {}}}
    assert Listing.parse(json.dumps(more).encode()) == Listing.parse(json.dumps(GOOD).encode())


@pytest.mark.parametrize(
    "name",
    [
        "",
        "notices ",
        "Notices",
        "index-2026-5",
        "96-2026-00",
        "6-2026-05",
        "96-2026-05.name",
        "../notices",
        "96-2026-05\n",
        "٩٦-2026-05",
        "bundle.json",
    ],
)
def test_no_other_names(name: str) -> None:
    assert not known(name)
    assert shard_file(name) is None


def test_shards_months_and_what_a_province_needs() -> None:
    """Newest month first, newest shard last; province 00 is everybody's; names are optional."""
    listing = Listing.parse(json.dumps(GOOD).encode())
    assert listing.months() == [Month(2026, 5), Month(2026, 4)]
    assert [shard.name for shard in listing.shards()] == ["00-2026-04", "31-2026-04", "96-2026-05"]
    assert listing.required(["96"]) == [
        "issuers", "notices", "index-2026-04", "index-2026-05", "00-2026-04", "96-2026-05"
    ]  # fmt: skip
    assert listing.optional(["96"]) == ["contacts.json", "96-2026-05.names"]
    files = {name: entry for name, entry in GOOD["files"].items() if name != "notices"}
    with pytest.raises(BadBundle, match="notices is missing"):
        Listing.parse(json.dumps(GOOD | {"files": files}).encode()).required()


@given(blocks, st.integers(1, 2**28 - 2))
def test_property_lent_numbers_are_those_of_the_blocks(found: tuple[tuple[int, int], ...], run: int) -> None:
    asked = {run, *(end for block in found for end in block), *(block[1] + 1 for block in found)}
    for number in asked:
        assert lent(found, number) is any(first <= number <= last for first, last in found)
