"""A shard: what was written of keys, closings and runs is read, and nothing else is."""

import dataclasses
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from temthat_stamps.bundle.encoding import BadBundle, Header, Kind, Month, put, put_signed
from temthat_stamps.bundle.shard import KEY, RUN, Shard, ShardWriter
from temthat_stamps.code import RUN_MAX, SERIAL_MAX
from temthat_stamps.keys import key_hint, key_id
from temthat_stamps.manifest import Custody, KeyOpened, RunManifest

MAY = Month(2026, 5)
BEGIN = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
END = dt.datetime(2026, 5, 31, 23, 59, 59, tzinfo=dt.UTC)
ID = "0196e4a0-0000-7000-8000-000000000001"

instants = st.integers(0, int((END - BEGIN).total_seconds())).map(lambda s: BEGIN + dt.timedelta(seconds=s))
days = st.dates(dt.date(2000, 1, 1), dt.date(2199, 1, 1))


def opened(key: bytes, custody: Custody = Custody.HOSTED) -> KeyOpened:
    return KeyOpened("o", ID, key, BEGIN, END, custody)


def manifest(run: int, key: bytes, **changes: Any) -> RunManifest:
    made = RunManifest(
        "o", run, 100, key_id(key), ID, ID, ID, None, False, dt.date(2026, 5, 1), None, False, 100, False, None,
        "0" * 64, "0" * 64, BEGIN,
    )  # fmt: skip
    return dataclasses.replace(made, **changes)


run_records = st.fixed_dictionaries(
    {
        "count": st.integers(1, SERIAL_MAX),
        "made_on": days,
        "expires_on": st.none() | days,
        "needs_activation": st.booleans(),
        "gtin": st.none() | st.integers(0, 10**14 - 1).map(lambda n: f"{n:014d}"),
        "gs1": st.booleans(),
        "registered_at": instants,
    }
)


@given(
    st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=4, unique=True),
    st.lists(st.tuples(st.integers(1, RUN_MAX), run_records), max_size=8, unique_by=lambda pair: pair[0]),
    st.integers(0, RUN_MAX),
    st.data(),
)
def test_property_what_is_written_is_read(
    keys: list[bytes], runs: list[tuple[int, dict[str, Any]]], base: int, data: st.DataObject
) -> None:
    """Any keys and runs in any order of numbers and dates, each under its own key."""
    writer = ShardWriter("96", MAY, base)
    for number, key in enumerate(keys):
        writer.key(key_id(key), number, opened(key, Custody.OWN if number % 2 else Custody.HOSTED))
    signed = {}
    for number, values in runs:
        key = data.draw(st.sampled_from(keys))
        signed[number] = (key, values)
        writer.run(manifest(number, key, **values))
    shard = Shard(writer.stream.data, "96", MAY)
    assert [key.public_key for key in shard.keys] == keys
    assert shard.runs == [number for number, _ in runs]
    for place, (number, (key, values)) in enumerate(signed.items()):
        run = shard.run(number)
        assert run is not None
        assert run.key.public_key == key
        assert run.key.custody is (Custody.OWN if keys.index(key) % 2 else Custody.HOSTED)
        assert (run.key.opens, run.key.closes, run.key.issuer) == (BEGIN, END, keys.index(key))
        told = {name: getattr(run, name) for name in set(values) - {"registered_at"}}
        assert told == {name: values[name] for name in told}
        assert (run.registered, run.place, run.late) == (values["registered_at"], place, False)
    assert shard.run(base + 1 if base + 1 not in signed else 0) is None
    for key in keys:
        assert key in [known.public_key for known in shard.with_hint(key_hint(key))]


def test_a_run_after_its_keys_closing_is_late() -> None:
    """Order tells, not dates: before the closing it is not, in the same second or not."""
    one, two = b"1" * 32, b"2" * 32
    writer = ShardWriter("96", MAY, 0)
    for key in (one, two):
        writer.key(key_id(key), 0, opened(key))
    writer.run(manifest(1, one))
    writer.closed(key_id(one), BEGIN)
    writer.run(manifest(2, one))
    writer.run(manifest(3, two))
    shard = Shard(writer.stream.data, "96", MAY)
    assert [run.late for number in shard.runs if (run := shard.run(number))] == [False, True, False]


def test_a_run_of_the_usual_kind_has_nine_bytes() -> None:
    """What makes forty bytes a run possible: one after the other, minutes apart, the newest key."""
    writer = ShardWriter("96", MAY, 1_000)
    writer.key("k", 700, opened(b"1" * 32))
    writer.run(manifest(1_001, b"1" * 32, stamp_key="k"))
    before = writer.stream.length
    later = {"expires_on": dt.date(2026, 11, 1), "registered_at": BEGIN + dt.timedelta(minutes=9)}
    writer.run(manifest(1_002, b"1" * 32, stamp_key="k", **later))
    assert writer.stream.length - before == 9


def body(*records: bytes) -> bytes:
    return Header(Kind.SHARD, "96", MAY, 0).to_bytes() + b"".join(records)


def key_record(tag: int = KEY) -> bytes:
    out = bytearray((tag,))
    put(out, 0)
    out += b"k" * 32
    put_signed(out, 0)
    put_signed(out, -1)
    return bytes(out)


def run_record(
    run: int = 1, count: int = 1, back: int = 0, tag: int = RUN, gtin: int | None = None, ahead: int = 0
) -> bytes:
    out = bytearray((tag,))
    put_signed(out, run)
    put(out, count)
    put(out, back)
    put_signed(out, ahead)
    put_signed(out, 0)
    if gtin is not None:
        put(out, gtin)
    return bytes(out)


@pytest.mark.parametrize(
    "data",
    [
        body(run_record()),
        body(key_record(), run_record(back=1)),
        body(key_record(), run_record(run=0)),
        body(key_record(), run_record(run=-5)),
        body(key_record(), run_record(run=RUN_MAX + 1)),
        body(key_record(), run_record(count=0)),
        body(key_record(), run_record(count=SERIAL_MAX + 1)),
        body(key_record(), run_record(), run_record(run=0)),
        body(key_record(), run_record(tag=RUN | 0b1_0000, gtin=10**14)),
        body(key_record(0b11)),
        body(key_record(KEY | 0b1000)),
        body(key_record(), run_record(tag=RUN | 0b100_0000)),
        body(key_record(), b"\x01\x01\x00"),
        body(key_record(), b"\x05\x00\x00"),
        body(key_record()[:-1]),
        body(key_record(), run_record())[:-1],
        body()[:-1],
        b"",
    ],
)
def test_what_the_specification_does_not_allow_is_refused(data: bytes) -> None:
    """Runs without a key, out of range or twice; unknown records and flags; references to nothing; cut files."""
    with pytest.raises(BadBundle):
        Shard(data, "96", MAY)


def test_dates_that_no_calendar_has_are_refused_when_asked_for() -> None:
    shard = Shard(body(key_record(), run_record(ahead=2**60)), "96", MAY)
    with pytest.raises(BadBundle):
        shard.run(1)


def test_another_provinces_or_months_shard_is_refused() -> None:
    data = ShardWriter("96", MAY, 0).stream.data
    for province, month in (("31", MAY), ("96", Month(2026, 6))):
        with pytest.raises(BadBundle):
            Shard(data, province, month)
