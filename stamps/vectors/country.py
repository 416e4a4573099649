"""A small country: what was stated in its log, entry by entry, for the offline vectors."""

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any

from vectors import keys
from vectors.dsse import b64, canonical, instant
from vectors.keys import PublishedKey

ORIGIN = "tem.example.vn/log"
GTIN = "08931234567891"
MAY = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
CLOSED = dt.datetime(2026, 5, 10, tzinfo=dt.UTC)
AS_OF = dt.datetime(2026, 5, 20, 1, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
SALT = b"sixteen of salt!"
SERIALS = 5

(
    OLD, GOOD, EXPIRED, RECALLED, CLOSING, LATE, ASLEEP, AWAKE, GS1, ERASED, NOTICED, MADE, AWAY, STOLEN, MISSING,
) = range(1, 16)  # fmt: skip
"""The runs, by what is special about them. `MISSING` was stated by a stranger and does not count."""
BLOCK = (16, 19)
"""Run numbers lent to issuer A."""
LAST = 20


@dataclass(frozen=True)
class Issuer:
    """Who may state, and by which key."""

    id: str
    kind: str
    province: str
    key: PublishedKey


HOME = Issuer("0196e4a0-0000-7000-8000-000000000001", "producer", "96", keys.ISSUER_A)
FAR = Issuer("0196e4a0-0000-7000-8000-000000000002", "producer", "31", keys.ISSUER_B)
ROBBED = Issuer("0196e4a0-0000-7000-8000-000000000003", "producer", "96", keys.ISSUER_C)
ALLIANCE = Issuer("0196e4a0-0000-7000-8000-000000000004", "alliance", "national", keys.ALLIANCE)
ISSUERS = (FAR, HOME, ROBBED, ALLIANCE)
"""In the order in which a delegation is written down: by province, then id."""


@dataclass(frozen=True)
class Entry:
    """A statement and who signed it. `counts`: whether replay accepts it."""

    body: dict[str, Any]
    signers: tuple[PublishedKey, ...]
    counts: bool = True


def batch(run: int) -> str:
    """The batch a run is of."""
    return f"0196e4a0-0000-7000-8000-0000000001{run:02d}"


def names(run: int) -> dict[str, str]:
    """What a run's manifest commits to."""
    return {
        "issuer": "HTX Mẫu",
        "product": "Mật ong Mẫu",
        "pack_form": "Chai 500 ml",
        "lot": "A/1" if run == GS1 else f"L{run}",
    }


def commitment(run: int) -> str:
    """SHA-256 of the names and the salt, hex."""
    return hashlib.sha256(canonical(names(run) | {"salt": SALT.hex()})).hexdigest()


def entries(trust_files: dict[str, Any]) -> list[Entry]:
    """Everything before the bundle's own statement; `trust_files` is what the delegations name."""
    begun = MAY - dt.timedelta(days=20)
    return [
        _log_opened(begun),
        _delegation(trust_files, begun),
        _key(HOME, keys.STAMP_D, begun),
        _run(OLD, HOME, keys.STAMP_D, begun + SECOND),
        _key(HOME, keys.STAMP_A, MAY),
        _key(HOME, keys.STAMP_B, MAY),
        _run(GOOD, HOME, keys.STAMP_A, MAY + SECOND, expires_on="2026-12-31"),
        _run(EXPIRED, HOME, keys.STAMP_A, _day(5), expires_on="2026-05-21"),
        _run(RECALLED, HOME, keys.STAMP_A, _day(5)),
        _run(CLOSING, HOME, keys.STAMP_B, CLOSED),
        _key_closed(HOME, keys.STAMP_B, CLOSED),
        _run(LATE, HOME, keys.STAMP_B, CLOSED + SECOND),
        _run(ASLEEP, HOME, keys.STAMP_A, _day(11), needs_activation=True),
        _run(AWAKE, HOME, keys.STAMP_A, _day(11), needs_activation=True),
        _stated("activated", HOME, _day(12), run=AWAKE),
        _run(GS1, HOME, keys.STAMP_A, _day(12), gtin=GTIN, gs1=True),
        _run(ERASED, HOME, keys.STAMP_A, _day(12), gtin=GTIN, gs1=True),
        _run(NOTICED, HOME, keys.STAMP_A, _day(12)),
        _stated("sources", HOME, _day(13), batch=batch(MADE), sources=[batch(RECALLED)], part=1, parts=1),
        _run(MADE, HOME, keys.STAMP_A, _day(13)),
        _key(FAR, keys.STAMP_E, _day(13)),
        _run(AWAY, FAR, keys.STAMP_E, _day(13)),
        _key(ROBBED, keys.STAMP_C, _day(14)),
        _run(STOLEN, ROBBED, keys.STAMP_C, _day(14)),
        Entry(
            _run(MISSING, HOME, keys.STAMP_A, _day(15)).body,
            (keys.STRANGER,),
            counts=False,
        ),
        _block(_day(15)),
        _run(LAST, HOME, keys.STAMP_A, _day(16)),
        *_notices(),
        _delegation({"96-issuers": trust_files["targets"]}, _day(19)),
    ]


LAST_GOOD = 22
"""Where issuer C's last good entry stands: the announcement of its stamp key. Its run after that was a thief's."""


def _notices() -> list[Entry]:
    # 17:30 UTC: in Vietnam it is the day after.
    at = dt.datetime(2026, 5, 18, 17, 30, tzinfo=dt.UTC)
    both = (HOME.key, ALLIANCE.key)
    return [
        _notice(f"batch:{batch(RECALLED)}", 1, "recall", "contamination", at, both),
        _notice(f"stamps:{NOTICED}:2-3", 1, "void", "misprint", at),
        _notice(f"stamps:{NOTICED}:4-4", 1, "spoiled", "spoiled_sheet", at),
        _notice(f"stamps:{NOTICED}:3-5", 1, "hold", "complaint", at),
        _notice(f"run:{GOOD}", 1, "hold", "complaint", at),
        _notice(f"run:{GOOD}", 2, "lift", "resolved", at, both),
        _notice(f"key:{keys.STAMP_D.id}", 1, "revocation", "key_compromised", at),
        _notice(f"run:{AWAY}", 1, "recall", "mislabelled", at, both),
    ]


def recall(run: int) -> Entry:
    """Stated after everything else."""
    return _notice(f"run:{run}", 1, "recall", "contamination", _day(19), (HOME.key, ALLIANCE.key))


def _day(day: int) -> dt.datetime:
    return dt.datetime(2026, 5, day, tzinfo=dt.UTC)


def _month_end(at: dt.datetime) -> dt.datetime:
    return dt.datetime(at.year, at.month + 1, 1, tzinfo=dt.UTC) - SECOND


def _begin(kind: str) -> dict[str, Any]:
    return {"v": 1, "type": kind, "origin": ORIGIN}


def _stated(kind: str, by: Issuer, at: dt.datetime, **more: Any) -> Entry:
    return Entry(_begin(kind) | {"issuer": by.id, "at": instant(at)} | more, (by.key,))


def _log_opened(at: dt.datetime) -> Entry:
    operator = b64(keys.OPERATOR.public)
    body = _begin("log_opened") | {"operator": operator, "backfill": 0, "at": instant(at)}
    return Entry(body, (keys.OPERATOR,))


def _delegation(files: dict[str, Any], at: dt.datetime) -> Entry:
    return Entry(_begin("delegation") | {"files": files, "at": instant(at)}, (keys.OPERATOR,))


def _block(at: dt.datetime) -> Entry:
    lent = {"issuer": HOME.id, "first": BLOCK[0], "last": BLOCK[1], "at": instant(at)}
    return Entry(_begin("block") | lent, (keys.OPERATOR,))


def _key(by: Issuer, key: PublishedKey, opens: dt.datetime) -> Entry:
    body = {
        "issuer": by.id,
        "hint": key.hint.hex(),
        "public_key": b64(key.public),
        "opens": instant(opens),
        "closes": instant(_month_end(opens)),
        "custody": "hosted",
    }
    return Entry(_begin("key_opened") | body, (by.key,))


def _key_closed(by: Issuer, key: PublishedKey, at: dt.datetime) -> Entry:
    return _stated("key_closed", by, at, stamp_key=key.id)


def _run(run: int, by: Issuer, key: PublishedKey, at: dt.datetime, **more: Any) -> Entry:
    body = {
        "run": run,
        "first": 1,
        "last": SERIALS,
        "stamp_key": key.id,
        "issuer": by.id,
        "pack_form": batch(99),
        "batch": batch(run),
        "gtin": None,
        "gs1": False,
        "made_on": "2026-04-30",
        "expires_on": None,
        "needs_activation": False,
        "packs": SERIALS,
        "beyond": False,
        "replaces": None,
        "commitment": commitment(run),
        "events": "00" * 32,
        "registered_at": instant(at),
    } | more
    return Entry(_begin("run") | body, (by.key,))


def _notice(
    target: str,
    number: int,
    kind: str,
    reason: str,
    at: dt.datetime,
    signers: tuple[PublishedKey, ...] = (HOME.key,),
) -> Entry:
    body = {
        "issuer": HOME.id,
        "target": target,
        "number": number,
        "kind": kind,
        "reason": reason,
        "at": instant(at),
    }
    return Entry(_begin("notice") | body, signers)
