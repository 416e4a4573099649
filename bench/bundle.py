"""The offline bundle at the size of the country: bytes a run, time to get a province-month ready, time of a look-up.

Goals: at most 40 bytes a run before compression (shards, index, issuers, notices; names apart); a province-month ready
within 200 ms; look-ups in microseconds. Statements are made as typed values, without signatures: what is measured is
the bundle, and `log` measures the log. Issuers and months are drawn evenly, which gives the most keys for the runs.
"""

import datetime as dt
import random
import resource
import time
import uuid
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from temthat_stamps.bundle.build import BundleBuilder
from temthat_stamps.bundle.encoding import Month
from temthat_stamps.bundle.listing import Listing, ShardFile
from temthat_stamps.bundle.names import NamesFile, NamesWriter
from temthat_stamps.bundle.shard import Shard
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.keys import key_hint, key_id
from temthat_stamps.logged import Delegation, Stated
from temthat_stamps.manifest import Activated, Custody, KeyClosed, KeyOpened, Names, RunManifest, Sources
from temthat_stamps.notice import IssuedNotice, Notice, batch_target, run_target, stamps_target
from temthat_stamps.trust.delegates import DelegatedKey, IssuerKind
from temthat_stamps.verdict import NoticeKind

ORIGIN = "tem.example.vn/log"
PROVINCES = tuple(f"{code:02d}" for code in range(1, 35))
BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
YEAR = dt.timedelta(days=365)
GOAL_BYTES, GOAL_READY, GOAL_LOOK_UP = 40.0, 0.2, 100e-6


class Country:
    """A year of statements, in order, with the log's time. Everything is drawn from one seed."""

    def __init__(self, runs: int, issuers: int) -> None:
        self._draw = random.Random(7)
        self._runs = runs
        weights = [1 / (3 + place) for place in range(len(PROVINCES))]
        self.issuers = [self._uuid() for _ in range(issuers)]
        self._home = self._draw.choices(PROVINCES, weights, k=issuers)
        self._has_gtin = {issuer for issuer in self.issuers if self._draw.random() < 0.2}
        self._open: dict[str, KeyOpened] = {}
        self._recent: list[RunManifest] = []

    def delegations(self, index: int, at: dt.datetime) -> list[DelegatedKey]:
        """A new issuer key for everybody."""
        until = at + dt.timedelta(days=730)
        return [
            DelegatedKey(issuer, IssuerKind.PRODUCER, home, self._draw.randbytes(32), Custody.HOSTED, index, until,
                         None, None, "0" * 64)
            for issuer, home in zip(self.issuers, self._home, strict=True)
        ]  # fmt: skip

    def statements(self) -> Iterator[tuple[Stated, dt.datetime]]:
        """Everything but the delegations."""
        month = Month.of(BEGIN)
        for number in range(1, self._runs + 1):
            at = BEGIN + YEAR * number / (self._runs + 1)
            at = at.replace(microsecond=0)
            if Month.of(at) != month:
                month = Month.of(at)
                for opened in self._open.values():
                    yield KeyClosed(ORIGIN, opened.issuer, key_id(opened.public_key), at), at
                self._open.clear()
            issuer = self._draw.choice(self.issuers)
            if issuer not in self._open:
                ends = dt.datetime.fromtimestamp(month.ends - 1, dt.UTC)
                key = self._draw.randbytes(32)
                self._open[issuer] = KeyOpened(ORIGIN, issuer, key, at, ends, Custody.HOSTED)
                yield self._open[issuer], at
            batch = self._uuid()
            if self._draw.random() < 0.2 and self._recent:
                sources = tuple(
                    {self._draw.choice(self._recent).batch for _ in range(self._draw.randint(1, 3))}
                )
                yield Sources(ORIGIN, issuer, batch, sources, 1, 1, at), at
            run = self._run(number, issuer, batch, at)
            yield run, at
            self._recent = [*self._recent[-2000:], run] if number % 50 == 0 else self._recent
            yield from self._later(run, at)

    def _run(self, number: int, issuer: str, batch: str, at: dt.datetime) -> RunManifest:
        draw = self._draw
        made = (at - dt.timedelta(days=draw.randint(0, 20))).date()
        expires = made + dt.timedelta(days=draw.choice((30, 90, 180, 365, 540, 730)))
        count = int(min(200_000, max(20, draw.lognormvariate(6.5, 1.2))))
        gtin = f"{draw.randrange(10**13):014d}" if issuer in self._has_gtin else None
        return RunManifest(
            ORIGIN, number, count, key_id(self._open[issuer].public_key), issuer, issuer, batch, gtin,
            gtin is not None and draw.random() < 0.5, made, None if draw.random() < 0.05 else expires,
            draw.random() < 0.05, count, False, None, draw.randbytes(32).hex(), "0" * 64, at,
        )  # fmt: skip

    def _later(self, run: RunManifest, at: dt.datetime) -> Iterator[tuple[Stated, dt.datetime]]:
        """Activations, and notices on three runs of a hundred."""
        if run.needs_activation:
            yield Activated(ORIGIN, run.issuer, run.run, at), at
        chance = self._draw.random()
        if chance < 0.02:
            target = stamps_target(run.run, 1, 9)
            notice = Notice(target, 1, NoticeKind.SPOILED, "spoiled_sheet", at, run.run, 1, 9)
        elif chance < 0.027:
            notice = Notice(run_target(run.run), 1, NoticeKind.VOID, "misprint", at, run.run)
        elif chance < 0.03:
            notice = Notice(batch_target(run.batch), 1, NoticeKind.RECALL, "contamination", at)
        else:
            return
        yield IssuedNotice(ORIGIN, run.issuer, notice), at

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._draw.getrandbits(128)))


def figures(small: bool) -> list[dict[str, Any]]:
    """Build the year, weigh it, and ask it."""
    runs, issuers = (10_000, 330) if small else (1_000_000, 33_000)
    began, memory = time.process_time(), _memory()
    builder, entries = build(Country(runs, issuers))
    files = builder.files()
    spent = time.process_time() - began
    listing = Listing.parse(builder.listing(entries, BEGIN + YEAR, ["tem.example.vn"], {}))
    per_run = sum(map(len, files.values())) / runs
    names, texts = _names(files, listing)
    fresh, ready, look_up = _times(files, listing)
    return [
        _figure(f"bundle of {runs:,} runs, {issuers:,} issuers, a year", per_run, "bytes/run", _shares(files, runs),
                GOAL_BYTES / per_run),
        _figure("the same, compressed", _packed(files) / runs, "bytes/run", "zlib level 6", None),
        _figure("names and salts, apart", names / texts, "bytes/run", "opened commitments", None),
        _figure("building it", entries / spent, "statements/CPU-s",
                f"{entries:,} statements; {(_memory() - memory) / 1e6:,.0f} MB more memory", None),
        _figure("largest province-month ready", ready * 1000, "ms",
                f"goal 200; with index and notices of the year {fresh * 1000:,.0f} ms", GOAL_READY / ready),
        _figure("look up hint, key, run, notices, issuer", look_up * 1e6, "µs", "goal: microseconds",
                GOAL_LOOK_UP / look_up),
    ]  # fmt: skip


def build(country: Country) -> tuple[BundleBuilder, int]:
    """The builder fed with everything, and how many entries that were."""
    builder = BundleBuilder(ORIGIN)
    rotations = [BEGIN, BEGIN + YEAR / 2]
    index = 0
    for stated, at in country.statements():
        if rotations and at >= rotations[0]:
            builder.apply(index, Delegation(ORIGIN, {}, at), at)
            builder.delegate(index, country.delegations(index, rotations.pop(0)))
            index += 1
        builder.apply(index, stated, at)
        index += 1
    return builder, index


def _shares(files: Mapping[str, bytes], runs: int) -> str:
    index = sum(len(data) for name, data in files.items() if name.startswith("index"))
    parts = {"issuers": len(files["issuers"]), "notices": len(files["notices"]), "index": index}
    parts["shards"] = sum(map(len, files.values())) - sum(parts.values())
    return ", ".join(f"{name} {size / runs:.1f}" for name, size in parts.items())


def _largest(files: Mapping[str, bytes], listing: Listing) -> ShardFile:
    return max(listing.shards(), key=lambda shard: len(files[shard.name]))


def _names(files: Mapping[str, bytes], listing: Listing) -> tuple[int, int]:
    """Bytes and runs of the names of the largest shard: 40 products and pack forms an issuer's worth of lots."""
    draw, file = random.Random(8), _largest(files, listing)
    shard = Shard(files[file.name], file.province, file.month)
    writer = NamesWriter(file.province, file.month)
    for number in shard.runs:
        run = shard.run(number)
        assert run is not None
        who = run.key.issuer
        product = f"Sản phẩm số {who * 3 + draw.randrange(3)} của vùng"
        writer.add(Names(f"HTX Nông nghiệp {who}", product, f"Gói {draw.choice((100, 250, 500))} g", f"L{number}"),
                   draw.randbytes(16))  # fmt: skip
    data = writer.data
    assert len(NamesFile(data, file.province, file.month)) == len(shard.runs)
    return len(data), len(shard.runs)


def _times(files: Mapping[str, bytes], listing: Listing) -> tuple[float, float, float]:
    """CPU seconds (one thread, all bytes in memory): to the first answer; of that the shard; a look-up afterwards."""
    file = _largest(files, listing)
    whole = Shard(files[file.name], file.province, file.month)
    asked = [(number, run.key.public_key) for number in whole.runs if (run := whole.run(number))]
    fresh = ready = one = 1e9
    for _ in range(3):
        view = TrustView(listing, files.get)
        began = time.process_time()
        _look_up(view, *asked[0])
        fresh = min(fresh, time.process_time() - began)
        began = time.process_time()
        Shard(files[file.name], file.province, file.month)
        ready = min(ready, time.process_time() - began)
        began = time.process_time()
        for question in asked:
            _look_up(view, *question)
        one = min(one, (time.process_time() - began) / len(asked))
    return fresh, ready, one


def _look_up(view: TrustView, run: int, key: bytes) -> None:
    """All that judging looks up of a stamp whose run was not asked for before."""
    assert key in view.signers(key_hint(key)).keys
    known = view.known(run, key)
    assert known is not None
    assert known.issuer is not None


def _packed(files: Mapping[str, bytes]) -> int:
    return sum(len(zlib.compress(data, 6)) for data in files.values())


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0


def _figure(name: str, value: float, unit: str, baseline: str, ratio: float | None) -> dict[str, Any]:
    return {"name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": ratio}
