"""The offline bundle's files once more, from docs/spec/bundle.md and the standard library alone."""

import base64
import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable
from typing import Any

from vectors import country
from vectors.country import Entry
from vectors.dsse import canonical, instant

_KINDS = ("recall", "revocation", "void", "lost", "hold", "spoiled", "returned", "lift")
_REASONS = [
    "contamination",
    "mislabelled",
    "paper_withdrawn",
    "input_recalled",
    "key_compromised",
    "misprint",
    "spoiled_sheet",
    "lost_in_transit",
    "stolen",
    "returned",
    "under_inspection",
    "complaint",
    "ordered_by_authority",
    "resolved",
    "other",
]
_KEY_UNTIL = dt.datetime(2028, 4, 1, tzinfo=dt.UTC)


def leb(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while value >= 128:
        out.append(128 + value % 128)
        value //= 128
    return bytes([*out, value])


def zigzag(value: int) -> bytes:
    """0, -1, 1, -2 … as 0, 1, 2, 3 …"""
    return leb(2 * value if value >= 0 else -2 * value - 1)


def head(kind: int, province: str = "", month: tuple[int, int] | None = None, base_run: int = 0) -> bytes:
    """The twelve bytes every file begins with."""
    number = month[0] * 12 + month[1] - 1 if month else 0
    return b"TTB\x01" + bytes([kind, int(province or 0)]) + number.to_bytes(2) + base_run.to_bytes(4)


def _seconds(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).timestamp())


def _days(text: str) -> int:
    return dt.date.fromisoformat(text).toordinal()


class _Shard:
    """One province's keys, closings and runs of one month."""

    def __init__(self, province: str, month: tuple[int, int], base_run: int) -> None:
        begin = dt.datetime(*month, 1, tzinfo=dt.UTC)
        self.clock = int(begin.timestamp())
        self.ends = int((begin + dt.timedelta(days=31)).replace(day=1).timestamp())
        self.data = head(3, province, month, base_run)
        self.last = base_run
        self.keys: list[str] = []
        self.runs: list[int] = []

    def _tick(self, text: str) -> bytes:
        passed, self.clock = _seconds(text) - self.clock, _seconds(text)
        return zigzag(passed)

    def _back(self, key: str) -> bytes:
        return leb(len(self.keys) - 1 - self.keys.index(key))

    def key(self, body: dict[str, Any], issuer: int) -> None:
        public = base64.b64decode(body["public_key"])
        closes = zigzag(_seconds(body["closes"]) - self.ends)
        self.data += b"\x00" + leb(issuer) + public + self._tick(body["opens"]) + closes
        self.keys.append(hashlib.sha256(public).hexdigest())

    def closed(self, body: dict[str, Any]) -> None:
        self.data += b"\x01" + self._back(body["stamp_key"]) + self._tick(body["at"])

    def run(self, body: dict[str, Any]) -> None:
        made = _days(body["made_on"])
        registered = _days(body["registered_at"][:10])
        flags = (
            2
            + 4 * (body["expires_on"] is not None)
            + 8 * body["needs_activation"]
            + 16 * (body["gtin"] is not None)
            + 32 * body["gs1"]
        )
        self.data += (
            bytes([flags])
            + zigzag(body["run"] - self.last)
            + leb(body["last"])
            + self._back(body["stamp_key"])
            + self._tick(body["registered_at"])
            + zigzag(registered - made)
        )
        if body["expires_on"] is not None:
            self.data += zigzag(_days(body["expires_on"]) - made)
        if body["gtin"] is not None:
            self.data += leb(int(body["gtin"]))
        self.last = body["run"]
        self.runs.append(body["run"])


class Files:
    """The files after all entries; `data` by name, with names and contacts; `runs` by shard."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.issuers, self.notices = head(1), head(4)
        self.indexes: dict[tuple[int, int], bytes] = {}
        self.shards: dict[tuple[str, tuple[int, int]], _Shard] = {}
        self.blocks: list[list[int]] = []
        self.last_run = 0
        self._ids = [issuer.id for issuer in country.ISSUERS]
        self._batches: list[str] = []
        self._delegations = 0
        for index, entry in enumerate(entries):
            if entry.counts:
                self._take(index, entry.body)

    def _take(self, index: int, body: dict[str, Any]) -> None:
        at = body.get("at") or body.get("registered_at") or body["opens"]
        day = dt.date.fromisoformat(at[:10])
        month = (day.year, day.month)
        self.indexes.setdefault(month, head(2, month=month, base_run=self.last_run))
        match body["type"]:
            case "delegation":
                self._delegation(index, at)
            case "key_opened":
                issuer = next(i for i in country.ISSUERS if i.id == body["issuer"])
                self._shard(issuer.province, month).key(body, self._ids.index(issuer.id))
                self.indexes[month] += bytes.fromhex(body["hint"]) + bytes([int(issuer.province)])
            case "key_closed":
                self._of_key(body["stamp_key"]).closed(body)
            case "run":
                self._of_key(body["stamp_key"]).run(body)
                self.last_run = body["run"]
            case "activated":
                self.notices += b"\x06" + body["run"].to_bytes(4)
            case "notice":
                self._notice(body, at)
            case "block":
                self.blocks.append([body["first"], body["last"]])

    def _shard(self, province: str, month: tuple[int, int]) -> _Shard:
        return self.shards.setdefault((province, month), _Shard(province, month, self.last_run))

    def _of_key(self, key: str) -> _Shard:
        return next(shard for shard in self.shards.values() if key in shard.keys)

    def _delegation(self, index: int, at: str) -> None:
        """First everybody's keys; then one of them is revoked, and what it stated since taken back."""
        self._delegations += 1
        if self._delegations == 1:
            for number, issuer in enumerate(country.ISSUERS):
                self.issuers += b"\x01" + uuid.UUID(issuer.id).bytes
                self.issuers += b"\x02" + self._delegated(number, issuer, 1, at)
            return
        number = country.ISSUERS.index(country.ROBBED)
        stolen = bytes([_REASONS.index("stolen")])
        self.issuers += b"\x03" + self._delegated(number, country.ROBBED, 1, at)
        self.issuers += country.LAST_GOOD.to_bytes(8) + stolen
        self.notices += b"\x07" + country.STOLEN.to_bytes(4) + stolen + _seconds(at).to_bytes(4)

    def _delegated(self, number: int, issuer: country.Issuer, since: int, at: str) -> bytes:
        province = int(issuer.province) if issuer.province.isdigit() else 0
        kind = ("producer", "alliance", "authority").index(issuer.kind)
        return (
            number.to_bytes(4)
            + bytes([province, kind, 0])
            + issuer.key.public
            + since.to_bytes(8)
            + int(_KEY_UNTIL.timestamp()).to_bytes(4)
            + _seconds(at).to_bytes(4)
        )

    def _notice(self, body: dict[str, Any], at: str) -> None:
        scope, _, name = body["target"].partition(":")
        match scope:
            case "stamps":
                run, _, serials = name.partition(":")
                first, last = serials.split("-")
                what = b"\x01" + b"".join(int(part).to_bytes(4) for part in (run, first, last))
            case "run":
                what = b"\x02" + int(name).to_bytes(4)
            case "batch":
                what = b"\x03" + uuid.UUID(name).bytes
            case _:
                what = b"\x04" + bytes.fromhex(name)
        kind, reason = _KINDS.index(body["kind"]), _REASONS.index(body["reason"])
        self.notices += what + body["number"].to_bytes(4) + bytes([kind, reason]) + _seconds(at).to_bytes(4)
        if scope == "batch":
            # Of the country's runs two are touched: the one of the batch, and the one made from it.
            self._batches.append(name)
            for touched in (country.RECALLED, country.MADE):
                number = self._batches.index(name)
                self.notices += b"\x05" + touched.to_bytes(4) + number.to_bytes(4)

    def data(self) -> dict[str, bytes]:
        """Every file by its name."""
        files = {"issuers": self.issuers, "notices": self.notices, "contacts.json": _contacts()}
        files |= {f"index-{_month(month)}": data for month, data in self.indexes.items()}
        for (province, month), shard in self.shards.items():
            files[f"{province}-{_month(month)}"] = shard.data
            files[f"{province}-{_month(month)}.names"] = _names(province, month, shard.runs)
        return files

    def listing(self, size: int, hosts: list[str]) -> bytes:
        """`bundle.json`."""
        files = {name: {"length": len(d), "sha256": _sha256(d)} for name, d in self.data().items()}
        for (province, month), shard in self.shards.items():
            opened = b"".join(bytes.fromhex(country.commitment(run)) for run in shard.runs)
            files[f"{province}-{_month(month)}"]["commitments"] = _sha256(opened)
        return canonical(
            {
                "v": 1,
                "origin": country.ORIGIN,
                "size": size,
                "complete_to_run": self.last_run,
                "at": instant(country.AS_OF),
                "hosts": hosts,
                "blocks": self.blocks,
                "files": files,
            }
        )


def _month(month: tuple[int, int]) -> str:
    return f"{month[0]:04d}-{month[1]:02d}"


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _contacts() -> bytes:
    return canonical({country.HOME.id: {"hotline": "0900 000 000", "name": "HTX Mẫu"}})


def _names(province: str, month: tuple[int, int], runs: list[int]) -> bytes:
    """Each text is written where it is first needed, and numbered from 1 afterwards."""
    data, known = head(5, province, month), list[str]()
    for run in runs:
        if run == country.ERASED:
            data += b"\x00" + bytes.fromhex(country.commitment(run))
            continue
        data += b"\x01" + country.SALT
        named = country.names(run)
        for text in (named["issuer"], named["product"], named["pack_form"], named["lot"]):
            if text in known:
                data += leb(known.index(text) + 1)
            else:
                data += b"\x00" + leb(len(text.encode())) + text.encode()
                known.append(text)
    return data
