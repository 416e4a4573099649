"""The trust file: all a scanner needs to judge without a network, signed by the operator's one key.

First form of the offline bundle: one statement of type `trust`. `complete_to_run` says how far it speaks: about a run
with a higher number it can tell nothing.
"""

import base64
import datetime as dt
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from temthat_stamps.errors import BadStatement
from temthat_stamps.keys import key_id, public_bytes
from temthat_stamps.manifest import instant
from temthat_stamps.notice import Notice
from temthat_stamps.signing import KeyRing
from temthat_stamps.statement import StatementType, peek, sign_statement, verify_statement
from temthat_stamps.verdict import NoticeKind

T = TypeVar("T")

TRUST_LIMIT = 64 * 1024 * 1024
"""Largest trust file read, bytes."""

KEY_FILE = "operator.pub"
TRUST_FILE = "trust.json"


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """Who stands behind a run, in the words a person needs."""

    id: str
    name: str
    province: str = ""
    hotline: str = ""


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A stamp key and the period in which it may register runs. `closed` is empty while it is open."""

    public_key: bytes
    issuer: str
    opens: dt.datetime
    closes: dt.datetime
    closed: dt.datetime | None = None

    @property
    def end(self) -> dt.datetime:
        """The instant after which no run may be registered with it."""
        return min(self.closes, self.closed) if self.closed else self.closes


@dataclass(frozen=True, slots=True)
class TrustedRun:
    """A run as its manifest states it, with the names a person compares the pack with."""

    run: int
    key: str
    first: int
    last: int
    registered: dt.datetime
    issuer: str
    batch: str
    product: str
    pack_form: str
    lot: str
    made_on: str
    expires_on: dt.date | None = None
    gtin: str | None = None
    not_activated: bool = False


@dataclass(frozen=True)
class TrustData:
    """A verified trust file, ready to judge with."""

    origin: str
    as_of: dt.datetime
    hosts: frozenset[str]
    complete_to_run: int
    issuers: Mapping[str, TrustedIssuer]
    keys: Mapping[str, TrustedKey]
    runs: Mapping[int, TrustedRun]
    notices: Mapping[int, tuple[Notice, ...]]
    """Notices in force by the run they touch; those of a batch or a key are listed under each of its runs."""
    ring: KeyRing = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ring", KeyRing(key.public_key for key in self.keys.values()))


def sign_trust(data: TrustData, operator_key: Ed25519PrivateKey) -> bytes:
    """The file's bytes."""
    body = {
        "v": 1,
        "type": StatementType.TRUST.value,
        "origin": data.origin,
        "operator": base64.b64encode(public_bytes(operator_key)).decode(),
        "as_of": instant(data.as_of),
        "hosts": sorted(data.hosts),
        "complete_to_run": data.complete_to_run,
        "issuers": [asdict(issuer) for issuer in data.issuers.values()],
        "keys": [_key_json(key) for key in data.keys.values()],
        "runs": [_run_json(run) for run in data.runs.values()],
        "notices": [_notice_json(run, n) for run, notices in sorted(data.notices.items()) for n in notices],
    }
    return sign_statement(body, operator_key, limit=TRUST_LIMIT)


def load_trust(data: bytes, operator_public_key: bytes) -> TrustData:
    """Check and read a trust file. Raises `BadStatement`; nothing half-read is ever returned.

    Members it does not know are ignored, so that a later service can say more to newer scanners.
    """
    statement = verify_statement(data, {key_id(operator_public_key): operator_public_key}, limit=TRUST_LIMIT)
    body = statement.body
    if body["type"] != StatementType.TRUST.value or body.get("v") != 1:
        raise BadStatement("not a trust file of this version")
    try:
        if body["operator"] != base64.b64encode(operator_public_key).decode():
            raise BadStatement("the trust file names another operator than the one who signed it")
        return TrustData(
            origin=_is(str, body["origin"]),
            as_of=_time(body["as_of"]),
            hosts=frozenset(_is(str, host) for host in _is(list, body["hosts"])),
            complete_to_run=_is(int, body["complete_to_run"]),
            issuers={issuer.id: issuer for issuer in map(_issuer, body["issuers"])},
            keys={key_id(key.public_key): key for key in map(_key, body["keys"])},
            runs={run.run: run for run in map(_run, body["runs"])},
            notices=_notices(body["notices"]),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadStatement(f"the trust file is incomplete: {error}") from error


def read_trust(path: Path, operator_public_key: bytes | None = None) -> TrustData:
    """A trust file, or a folder with `trust.json`; the operator's key is given or lies beside it as `operator.pub`.

    Raises `BadStatement` (also for a missing file or key, saying where it was looked for).
    """
    file = path / TRUST_FILE if path.is_dir() else path
    try:
        data = _read_limited(file)
        key = operator_public_key or base64.b64decode(
            (file.parent / KEY_FILE).read_text().strip(), validate=True
        )
    except FileNotFoundError as error:
        raise BadStatement(f"not found: {error.filename}") from error
    except (OSError, ValueError) as error:
        raise BadStatement(f"cannot read the trust data: {error}") from error
    return load_trust(data, key)


def claimed_operator(path: Path) -> bytes:
    """The operator's key as an unpinned trust file itself names it; the file is checked under it.

    That proves only that the file is whole, not whose it is: for the first time, as with a new SSH host. Raises
    `BadStatement`.
    """
    file = path / TRUST_FILE if path.is_dir() else path
    try:
        data = _read_limited(file)
        key = base64.b64decode(peek(data)["operator"], validate=True)
    except FileNotFoundError as error:
        raise BadStatement(f"not found: {error.filename}") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadStatement("the trust file names no operator") from error
    load_trust(data, key)
    return key


def _read_limited(file: Path) -> bytes:
    if file.stat().st_size > TRUST_LIMIT:
        raise BadStatement(f"{file} is larger than any trust file")
    return file.read_bytes()


def write_trust(folder: Path, trust_file: bytes, operator_public_key: bytes) -> None:
    """Put trust file and key into a folder, each replaced in one step, so that a broken update leaves the last."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in ((KEY_FILE, base64.b64encode(operator_public_key) + b"\n"), (TRUST_FILE, trust_file)):
        fresh = folder / f".{name}.new"
        with fresh.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(folder / name)


def _key_json(key: TrustedKey) -> dict[str, Any]:
    return {
        "public_key": base64.b64encode(key.public_key).decode(),
        "issuer": key.issuer,
        "opens": instant(key.opens),
        "closes": instant(key.closes),
        "closed": instant(key.closed) if key.closed else None,
    }


def _issuer(record: dict[str, Any]) -> TrustedIssuer:
    return TrustedIssuer(**{name: _is(str, record[name]) for name in ("id", "name", "province", "hotline")})


def _key(record: dict[str, Any]) -> TrustedKey:
    return TrustedKey(
        public_key=base64.b64decode(record["public_key"], validate=True),
        issuer=_is(str, record["issuer"]),
        opens=_time(record["opens"]),
        closes=_time(record["closes"]),
        closed=_time(record["closed"]) if record["closed"] else None,
    )


_RUN_TEXTS = ("key", "issuer", "batch", "product", "pack_form", "lot", "made_on")


def _run_json(run: TrustedRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in _RUN_TEXTS} | {
        "run": run.run,
        "first": run.first,
        "last": run.last,
        "registered": instant(run.registered),
        "expires_on": run.expires_on.isoformat() if run.expires_on else None,
        "gtin": run.gtin,
        "not_activated": run.not_activated,
    }


def _run(record: dict[str, Any]) -> TrustedRun:
    return TrustedRun(
        **{name: _is(str, record[name]) for name in _RUN_TEXTS},
        run=_is(int, record["run"]),
        first=_is(int, record["first"]),
        last=_is(int, record["last"]),
        registered=_time(record["registered"]),
        expires_on=dt.date.fromisoformat(record["expires_on"]) if record["expires_on"] else None,
        gtin=_is(str, record["gtin"]) if record["gtin"] is not None else None,
        not_activated=_is(bool, record["not_activated"]),
    )


def _notice_json(run: int, notice: Notice) -> dict[str, Any]:
    return {
        "run": run,
        "first": notice.first,
        "last": notice.last,
        "target": notice.target,
        "number": notice.number,
        "kind": notice.kind.value,
        "reason": notice.reason,
        "at": instant(notice.at),
    }


def _notices(records: Iterable[dict[str, Any]]) -> dict[int, tuple[Notice, ...]]:
    found: dict[int, list[Notice]] = {}
    for r in records:
        notice = Notice(
            target=_is(str, r["target"]),
            number=_is(int, r["number"]),
            kind=NoticeKind(r["kind"]),
            reason=_is(str, r["reason"]),
            at=_time(r["at"]),
            run=_is(int, r["run"]),
            first=_is(int, r["first"]) if r["first"] is not None else None,
            last=_is(int, r["last"]) if r["last"] is not None else None,
        )
        found.setdefault(r["run"], []).append(notice)
    return {run: tuple(notices) for run, notices in found.items()}


def _is(kind: type[T], value: Any) -> T:
    """A JSON value of exactly this kind (to Python `true` is an integer too)."""
    if type(value) is not kind:
        raise TypeError(f"{value!r} is not {kind.__name__}")
    return value


def _time(text: str) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    # Far years would overflow when put into Vietnam's time.
    if at.tzinfo is None or not 2000 <= at.year < 9000:
        raise ValueError(f"{text!r} is no instant with a time zone")
    return at


def as_json(body: Mapping[str, Any]) -> str:
    """A statement's body for people to look at."""
    return json.dumps(body, ensure_ascii=False, indent=2, sort_keys=True)
