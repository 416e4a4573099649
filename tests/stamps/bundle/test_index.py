"""The national index: every hint with its provinces, however it is looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.encoding import BadBundle, Month
from temthat_stamps.bundle.index import Index, IndexWriter, index_name

MAY = Month(2026, 5)
hints = st.binary(min_size=4, max_size=4) | st.sampled_from([b"\0\0\0\0", b"\0\0\0\x01", b"aaaa"])


@given(st.lists(st.tuples(hints, st.integers(0, 99))), st.integers(0, 2**32 - 1), st.lists(hints, max_size=5))
def test_property_every_hint_is_found_where_it_was_put(
    entries: list[tuple[bytes, int]], base: int, others: list[bytes]
) -> None:
    """By searching the file and by the sorted table alike; hints that span two records are none."""
    writer = IndexWriter(MAY, base)
    where: dict[bytes, set[str]] = {}
    for hint, province in entries:
        writer.add(hint, f"{province:02d}")
        where.setdefault(hint, set()).add(f"{province:02d}")
    asked = [*where, *others]
    few, many = Index(writer.stream.data, MAY), Index(writer.stream.data, MAY)
    for _ in range(60):
        many.provinces(b"none")
    assert few.base_run == base
    for hint in asked:
        expected = sorted(where.get(hint, ()))
        assert few.provinces(hint) == expected
        assert many.provinces(hint) == expected


def test_a_cut_index_and_a_province_that_cannot_be_are_refused() -> None:
    writer = IndexWriter(MAY, 0)
    writer.add(b"hint", "96")
    data = writer.stream.data
    for bad in (data[:-1], data + b"x", data[:-1] + b"\x64", data[:-1] + b"\xff"):
        with pytest.raises(BadBundle):
            Index(bad, MAY)
    with pytest.raises(BadBundle):
        Index(data, Month(2026, 6))
    assert index_name(MAY) == "index-2026-05"
