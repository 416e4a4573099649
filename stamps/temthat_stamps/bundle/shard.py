"""A shard: what one province's issuers logged in one month of keys, closings and runs, in log order.

A shard stands alone: the key of each of its runs is in it, repeated from an earlier month where need be. What happens
to a run later (notices, activation) is in the file `notices`, so that past months never change.
"""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

from temthat_stamps.bundle.encoding import (
    BadBundle,
    Cursor,
    Header,
    Kind,
    Month,
    Stream,
    check_header,
    day_of,
    instant_of,
    put,
    put_signed,
    seconds,
)
from temthat_stamps.code import RUN_MAX, SERIAL_MAX
from temthat_stamps.keys import HINT_SIZE, key_hint
from temthat_stamps.manifest import Custody, KeyOpened, RunManifest

NOWHERE = "00"
"""In place of a province: of issuers that nobody delegated to yet, who stated something before the log began. Every
scanner has these shards."""

KEY, CLOSED, RUN = range(3)
_WHAT = 0b11
_OWN = 0b100
_EXPIRES, _ACTIVATION, _GTIN, _GS1 = 0b100, 0b1000, 0b1_0000, 0b10_0000
_FLAGS = {KEY: _OWN, CLOSED: 0, RUN: _EXPIRES | _ACTIVATION | _GTIN | _GS1}
_EPOCH = dt.date(1970, 1, 1).toordinal()
_DAY = 86_400
_GTIN_LIMIT = 10**14


def shard_name(province: str, month: Month) -> str:
    """`31-2026-05`."""
    return f"{province}-{month}"


@dataclass(frozen=True, slots=True)
class ShardKey:
    """A stamp key. `issuer` is its issuer's number; in the second it `closes`, runs may still be registered."""

    public_key: bytes
    issuer: int
    opens: dt.datetime
    closes: dt.datetime
    custody: Custody


@dataclass(frozen=True, slots=True)
class ShardRun:
    """A run as its manifest states it. `late`: it was logged after its key was closed. `place`: the how manieth run
    of its shard it is, counted from 0, which is where its names stand."""

    run: int
    count: int
    key: ShardKey
    registered: dt.datetime
    made_on: dt.date
    expires_on: dt.date | None
    needs_activation: bool
    gtin: str | None
    gs1: bool
    late: bool
    place: int


class ShardWriter:
    """Appends one shard's records. The writer knows nothing of the rules: what it is given was accepted."""

    def __init__(self, province: str, month: Month, base_run: int) -> None:
        self.stream = Stream(Header(Kind.SHARD, province, month, base_run))
        self._ends = month.ends
        self._clock = month.begins
        self._run = base_run
        self._keys: dict[str, int] = {}

    def has_key(self, key_id: str) -> bool:
        """Whether the key's record stands here already."""
        return key_id in self._keys

    def key(self, key_id: str, issuer: int, opened: KeyOpened) -> None:
        """A stamp key, announced now or needed again."""
        out = bytearray((KEY | (_OWN if opened.custody is Custody.OWN else 0),))
        put(out, issuer)
        out += opened.public_key
        put_signed(out, self._tick(seconds(opened.opens)))
        put_signed(out, seconds(opened.closes) - self._ends)
        self._keys[key_id] = len(self._keys)
        self.stream.append(out)

    def closed(self, key_id: str, at: dt.datetime) -> None:
        """A key of this shard ended."""
        out = bytearray((CLOSED,))
        put(out, self._back(key_id))
        put_signed(out, self._tick(seconds(at)))
        self.stream.append(out)

    def run(self, manifest: RunManifest) -> None:
        """A run; its key is in this shard."""
        m = manifest
        registered = seconds(m.registered_at)
        out = bytearray(
            (
                RUN
                | (_EXPIRES if m.expires_on else 0)
                | (_ACTIVATION if m.needs_activation else 0)
                | (_GTIN if m.gtin else 0)
                | (_GS1 if m.gs1 else 0),
            )
        )
        put_signed(out, m.run - self._run)
        put(out, m.count)
        put(out, self._back(m.stamp_key))
        put_signed(out, self._tick(registered))
        put_signed(out, _EPOCH + registered // _DAY - m.made_on.toordinal())
        if m.expires_on:
            put_signed(out, m.expires_on.toordinal() - m.made_on.toordinal())
        if m.gtin:
            put(out, int(m.gtin))
        self._run = m.run
        self.stream.append(out)

    def _back(self, key_id: str) -> int:
        """How many keys ago: those in use are the newest, whose numbers are short."""
        return len(self._keys) - 1 - self._keys[key_id]

    def _tick(self, at: int) -> int:
        passed, self._clock = at - self._clock, at
        return passed


class _Run(NamedTuple):
    """As it stands in the file: dates of thousands of runs nobody asks about are not worth decoding."""

    flags: int
    stamps: int
    key: int
    registered: int
    made: int
    expires: int
    gtin: int
    late: bool
    place: int


class Shard:
    """A shard read whole. Raises `BadBundle` for anything its specification does not allow."""

    def __init__(self, data: bytes, province: str, month: Month) -> None:
        base_run = check_header(data, Kind.SHARD, province, month)
        self._month = month
        self.keys: list[ShardKey] = []
        self._runs: dict[int, _Run] = {}
        self._read(data, base_run)
        self._by_hint: dict[bytes, list[ShardKey]] = {}
        for key in self.keys:
            self._by_hint.setdefault(key_hint(key.public_key), []).append(key)

    def with_hint(self, hint: bytes) -> list[ShardKey]:
        """The keys that a stamp with this hint (4 bytes) may be signed by."""
        return self._by_hint.get(hint[:HINT_SIZE], [])

    def run(self, number: int) -> ShardRun | None:
        """The run of this number, None if it is not here."""
        r = self._runs.get(number)
        if r is None:
            return None
        return ShardRun(
            run=number,
            count=r.stamps,
            key=self.keys[r.key],
            registered=instant_of(r.registered),
            made_on=day_of(r.made),
            expires_on=day_of(r.expires) if r.flags & _EXPIRES else None,
            needs_activation=bool(r.flags & _ACTIVATION),
            gtin=f"{r.gtin:014d}" if r.flags & _GTIN else None,
            gs1=bool(r.flags & _GS1),
            late=r.late,
            place=r.place,
        )

    @property
    def runs(self) -> list[int]:
        """Run numbers in the order of the file."""
        return list(self._runs)

    def _read(self, data: bytes, run: int) -> None:
        cursor, clock, closed = Cursor(data), self._month.begins, set[int]()
        while not cursor.done:
            tag = cursor.byte()
            what = tag & _WHAT
            if tag & ~_WHAT & ~_FLAGS.get(what, 0) or what not in _FLAGS:
                raise BadBundle("một loại bản ghi lạ", "an unknown kind of record")
            if what == RUN:
                run, clock = self._read_run(cursor, tag, run, clock, closed)
            elif what == KEY:
                clock = self._read_key(cursor, tag, clock)
            else:
                closed.add(self._key(cursor))
                clock += cursor.signed()

    def _read_key(self, cursor: Cursor, tag: int, clock: int) -> int:
        issuer, public_key = cursor.number(), cursor.raw(32)
        opens, closes = clock + cursor.signed(), self._month.ends + cursor.signed()
        custody = Custody.OWN if tag & _OWN else Custody.HOSTED
        self.keys.append(ShardKey(public_key, issuer, instant_of(opens), instant_of(closes), custody))
        return opens

    def _read_run(
        self, cursor: Cursor, flags: int, run: int, clock: int, closed: set[int]
    ) -> tuple[int, int]:
        number, signed = cursor.number, cursor.signed
        run += signed()
        count, key = number(), self._key(cursor)
        clock += signed()
        made = _EPOCH + clock // _DAY - signed()
        expires = made + signed() if flags & _EXPIRES else 0
        gtin = number() if flags & _GTIN else 0
        if (
            not 1 <= run <= RUN_MAX
            or not 1 <= count <= SERIAL_MAX
            or run in self._runs
            or gtin >= _GTIN_LIMIT
        ):
            raise BadBundle("một đợt in không có thật", "a run that cannot be")
        self._runs[run] = _Run(flags, count, key, clock, made, expires, gtin, key in closed, len(self._runs))
        return run, clock

    def _key(self, cursor: Cursor) -> int:
        place = len(self.keys) - 1 - cursor.number()
        if place < 0:
            raise BadBundle("một khóa tem không có trong tệp", "a stamp key that is not in the file")
        return place
