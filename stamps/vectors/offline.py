"""offline.json: a trust file, and what it says of texts at an instant. Everything on the way is built by hand here."""

import base64
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from vectors.keys import OPERATOR, STAMP_A, STAMP_B, STRANGER, PublishedKey
from vectors.stamp import base32, header, number, number_of, signed

HOST = "tem.example.vn"
AS_OF = dt.datetime(2026, 5, 20, 1, tzinfo=dt.UTC)
NOW = AS_OF + dt.timedelta(days=2)
ISSUER = {
    "id": "0196e4a0-0000-7000-8000-000000000001",
    "name": "HTX Mẫu",
    "province": "96",
    "hotline": "0900 000 000",
}
GTIN = "08931234567891"
PAYLOAD_TYPE = "application/vnd.temthat.statement+json"
SECOND = dt.timedelta(seconds=1)

GOOD, EXPIRED, RECALLED, LATE, ASLEEP, GS1, NOTICED, MISSING, LAST = range(1, 10)
"""The runs of the file, by what is special about them. `MISSING` is not in it although it speaks up to `LAST`."""


def build() -> dict[str, object]:
    """The file's contents."""
    return {
        "about": "`trust_file` is the file's exact text. Each case is a text judged with it at `now`: the word and the "
        "ordered [key, value] reasons, or `mistyped` with a position for a printed number that cannot be right.",
        "how": "stamps/vectors/offline.py: JSON, DSSE and signatures by hand, judged by hand.",
        "operator": OPERATOR.describe(),
        "keys": [STAMP_A.describe(), STAMP_B.describe(), STRANGER.describe()],
        "trust_file": trust_file(),
        "cases": list(_cases()),
    }


def trust_file() -> str:
    """The DSSE envelope over the canonical JSON of the trust data."""
    payload = _canonical(_body())
    message = b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
    signature = {"keyid": OPERATOR.id, "sig": base64.b64encode(OPERATOR.sign(message)).decode()}
    envelope = {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD_TYPE,
        "signatures": [signature],
    }
    return _canonical(envelope).decode()


def _canonical(value: object) -> bytes:
    """RFC 8785 for what stands in this file: no floats, ASCII keys."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _instant(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _body() -> dict[str, Any]:
    opens = dt.datetime(2026, 5, 1, tzinfo=dt.UTC)
    closed = dt.datetime(2026, 5, 10, tzinfo=dt.UTC)
    return {
        "v": 1,
        "type": "trust",
        "origin": "tem.example.vn/log",
        "operator": base64.b64encode(OPERATOR.public).decode(),
        "as_of": _instant(AS_OF),
        "hosts": [HOST],
        "complete_to_run": LAST,
        "issuers": [ISSUER],
        "keys": [_key(STAMP_A, opens, None), _key(STAMP_B, opens, closed)],
        "runs": [
            _run(GOOD, STAMP_A),
            _run(EXPIRED, STAMP_A, expires_on="2026-05-21"),
            _run(RECALLED, STAMP_A),
            _run(LATE, STAMP_B, registered=closed + SECOND),
            _run(ASLEEP, STAMP_A, not_activated=True),
            _run(GS1, STAMP_A, gtin=GTIN, lot="A/1"),
            _run(NOTICED, STAMP_A),
            _run(LAST, STAMP_B, registered=closed),
        ],
        "notices": [
            _notice(RECALLED, "recall", "contamination", f"batch:{_uuid(RECALLED)}"),
            _notice(NOTICED, "void", "misprint", f"stamps:{NOTICED}:2-3", (2, 3)),
            _notice(NOTICED, "spoiled", "spoiled_sheet", f"stamps:{NOTICED}:4-4", (4, 4)),
            _notice(NOTICED, "hold", "complaint", f"stamps:{NOTICED}:3-5", (3, 5)),
        ],
    }


def _uuid(number: int) -> str:
    return f"0196e4a0-0000-7000-8000-0000000001{number:02d}"


def _key(key: PublishedKey, opens: dt.datetime, closed: dt.datetime | None) -> dict[str, Any]:
    return {
        "public_key": base64.b64encode(key.public).decode(),
        "issuer": ISSUER["id"],
        "opens": _instant(opens),
        "closes": _instant(opens + dt.timedelta(days=31)),
        "closed": _instant(closed) if closed else None,
    }


def _run(run: int, key: PublishedKey, registered: dt.datetime | None = None, **more: Any) -> dict[str, Any]:
    return {
        "run": run,
        "key": key.id,
        "first": 1,
        "last": 5,
        "registered": _instant(registered or dt.datetime(2026, 5, 5, tzinfo=dt.UTC)),
        "issuer": ISSUER["id"],
        "batch": _uuid(run),
        "product": "Mật ong Mẫu",
        "pack_form": "Chai 500 ml",
        "lot": f"L{run}",
        "made_on": "2026-05-01",
        "expires_on": None,
        "gtin": None,
        "not_activated": False,
    } | more


def _notice(
    run: int, kind: str, reason: str, target: str, serials: tuple[int, int] | None = None
) -> dict[str, Any]:
    return {
        "run": run,
        "first": serials[0] if serials else None,
        "last": serials[1] if serials else None,
        "target": target,
        "number": 1,
        "kind": kind,
        "reason": reason,
        # 17:30 UTC: in Vietnam it is the day after.
        "at": "2026-05-18T17:30:00Z",
    }


def _case(
    name: str,
    text: str,
    word: str,
    *reasons: str,
    now: dt.datetime = NOW,
    age: str | None = "data_of 2026-05-20",
    asker: str = "inspector",
) -> dict[str, Any]:
    told = [*reasons, *([age] if age else [])]
    return {
        "name": name,
        "text": text,
        "asker": asker,
        "now": _instant(now),
        "word": word,
        "reasons": [list(reason.partition(" ")[::2]) for reason in told],
    }


def _url(code: str, host: str = HOST) -> str:
    return f"HTTPS://{host.upper()}/T/{code}"


def _cases() -> Iterator[dict[str, Any]]:
    yield from _stamps()
    yield from _unknown()
    yield from _notices()
    yield from _times()
    yield from _gs1()
    yield from _numbers()


def _stamps() -> Iterator[dict[str, Any]]:
    good = signed(STAMP_A, GOOD, 1)
    yield _case("good", _url(good), "genuine_offline")
    yield _case("good, last serial", _url(signed(STAMP_A, GOOD, 5)), "genuine_offline")
    yield _case("good, bare", good, "genuine_offline")
    yield _case("good, lower case, at a till", _url(good).lower(), "genuine_offline", asker="till")
    yield _case(
        "good, registered in the second its key closed", _url(signed(STAMP_B, LAST, 1)), "genuine_offline"
    )
    foreign = _case("good, under another host", _url(good, "tem-that.info"), "genuine_offline")
    yield foreign | {"reasons": [*foreign["reasons"], ["foreign_host", "tem-that.info"]]}
    yield _case("serial beyond the run", _url(signed(STAMP_A, GOOD, 6)), "forged", "outside_runs")
    yield _case("signed by the key of another run", _url(signed(STAMP_B, GOOD, 1)), "forged", "outside_runs")
    yield _case("a run that is not there", _url(signed(STAMP_A, MISSING, 1)), "forged", "outside_runs")
    yield _case("registered after its key closed", _url(signed(STAMP_B, LATE, 1)), "forged", "key_closed")
    yield _case("never activated", _url(signed(STAMP_A, ASLEEP, 1)), "not_applied", "not_activated")
    altered = header(STAMP_A.hint, GOOD, 2) + STAMP_A.sign(
        b"temthat stamp v1\n" + header(STAMP_A.hint, GOOD, 1)
    )
    yield _case("serial changed after signing", _url(base32(altered)), "forged", "bad_signature")
    unframed = header(STAMP_A.hint, GOOD, 1)
    yield _case(
        "signed without the context",
        _url(base32(unframed + STAMP_A.sign(unframed))),
        "forged",
        "bad_signature",
    )


def _unknown() -> Iterator[dict[str, Any]]:
    stranger = signed(STRANGER, GOOD, 1)
    yield _case("unknown key, run covered", _url(stranger), "forged", "unknown_key")
    later = _url(signed(STRANGER, LAST + 1, 1))
    yield _case(
        "unknown key, run newer than the data", later, "cannot_tell", "unknown_key", "newer_than_data"
    )
    later = _url(signed(STAMP_A, LAST + 1, 1))
    yield _case("known key, run newer than the data", later, "cannot_tell", "newer_than_data")
    wrong = header(STAMP_A.hint, LAST + 1, 1) + bytes(64)
    yield _case("wrong signature, run newer than the data", _url(base32(wrong)), "forged", "bad_signature")
    yield _case("newer format", _url(signed(STAMP_A, GOOD, 1, version=2)), "cannot_tell", "newer_format")
    yield _case("another system", "https://example.com/", "not_ours", age=None)
    yield _case("a GTIN", "8931234567891", "not_ours", age=None)


def _notices() -> Iterator[dict[str, Any]]:
    recall, void = "recall 2026-05-19 contamination", "void 2026-05-19 misprint"
    hold, spoiled = "hold 2026-05-19 complaint", "spoiled 2026-05-19 spoiled_sheet"
    yield _case("recalled batch", _url(signed(STAMP_A, RECALLED, 1)), "recalled", recall)
    yield _case("beside the notices", _url(signed(STAMP_A, NOTICED, 1)), "genuine_offline")
    yield _case("void", _url(signed(STAMP_A, NOTICED, 2)), "revoked", void)
    yield _case("void and held", _url(signed(STAMP_A, NOTICED, 3)), "revoked", void, hold)
    yield _case("spoiled and held", _url(signed(STAMP_A, NOTICED, 4)), "not_applied", spoiled, hold)
    yield _case("held", _url(signed(STAMP_A, NOTICED, 5)), "not_applied", hold)
    expired = _case("expired", _url(signed(STAMP_A, EXPIRED, 1)), "expired", "expired 2026-05-21")
    yield expired
    before = dt.datetime(2026, 5, 21, 16, 59, 59, tzinfo=dt.UTC)
    yield _case("a second before 24:00 of its last day", expired["text"], "genuine_offline", now=before)
    yield _case(
        "24:00 of its last day", expired["text"], "expired", "expired 2026-05-21", now=before + SECOND
    )


def _times() -> Iterator[dict[str, Any]]:
    good = _url(signed(STAMP_A, GOOD, 1))
    week, month = AS_OF + dt.timedelta(days=7), AS_OF + dt.timedelta(days=30)
    old, too_old = "data_old 2026-05-20", "data_too_old 2026-05-20"
    yield _case("data of 7 days", good, "genuine_offline", now=week)
    yield _case("data of 7 days and a second", good, "genuine_offline", now=week + SECOND, age=old)
    yield _case("data of 30 days", good, "genuine_offline", now=month, age=old)
    yield _case("data of 30 days and a second", good, "cannot_tell", now=month + SECOND, age=too_old)
    recalled = _url(signed(STAMP_A, RECALLED, 1))
    recall = "recall 2026-05-19 contamination"
    yield _case("recalled, data too old", recalled, "recalled", recall, now=month + SECOND, age=too_old)
    outside = _url(signed(STAMP_A, GOOD, 6))
    yield _case("forged, data too old", outside, "forged", "outside_runs", now=month + SECOND, age=too_old)
    behind = _case(
        "clock behind the data: the data's time counts",
        good,
        "genuine_offline",
        now=AS_OF - 400 * dt.timedelta(days=1),
    )
    yield behind | {"reasons": [*behind["reasons"], ["clock_behind", ""]]}


def _gs1() -> Iterator[dict[str, Any]]:
    def url(run: int, gtin: str = GTIN, lot: str = "A%2F1", printed: str | None = None) -> str:
        printed = printed or number_of(STAMP_A, run, 1)
        return f"HTTPS://{HOST.upper()}/01/{gtin}/10/{lot}/21/{printed}?t={signed(STAMP_A, run, 1)}"

    yield _case("GS1 address", url(GS1), "genuine_offline")
    yield _case("GS1 address, another GTIN", url(GS1, gtin="08931234567884"), "forged", "path_mismatch")
    yield _case("GS1 address, another lot", url(GS1, lot="A%2F2"), "forged", "path_mismatch")
    yield _case("GS1 address, lot in another case", url(GS1, lot="a%2F1"), "forged", "path_mismatch")
    yield _case(
        "GS1 address, number of another stamp",
        url(GS1, printed=number_of(STAMP_A, GS1, 2)),
        "forged",
        "path_mismatch",
    )
    slip = number_of(STAMP_A, GS1, 1)[:-1] + "U"
    yield _case("GS1 address, a number that is none", url(GS1, printed=slip), "forged", "path_mismatch")
    yield _case("GS1 address for a run without GTIN", url(GOOD), "forged", "path_mismatch")
    yield _case(
        "GS1 address, manifest not at hand", url(LAST + 1), "cannot_tell", "no_manifest", "newer_than_data"
    )
    wrong = url(LAST + 1, printed=number_of(STAMP_A, GS1, 1))
    yield _case(
        "GS1 address, manifest not at hand, number of another stamp",
        wrong,
        "forged",
        "path_mismatch",
        "newer_than_data",
    )


def _numbers() -> Iterator[dict[str, Any]]:
    good = number_of(STAMP_A, GOOD, 1)
    needs = "number_needs_network"
    yield _case("a printed number", good, "cannot_tell", needs)
    yield _case("a made-up number of a run", number(GOOD, 1, 0), "cannot_tell", needs)
    recall = "recall 2026-05-19 contamination"
    yield _case("a number of a recalled run", number_of(STAMP_A, RECALLED, 1), "recalled", recall, needs)
    yield _case("a number beyond the run", number(GOOD, 6, 0), "forged", "outside_runs", needs)
    yield _case("a number of a newer run", number(LAST + 1, 1, 0), "cannot_tell", needs, "newer_than_data")
    expired = _case("a number of an expired run", number_of(STAMP_A, EXPIRED, 1), "cannot_tell", needs)
    yield expired | {"reasons": [*expired["reasons"], ["expired", "2026-05-21"]]}
    for name, text, position in (("a slip", good[:-1] + "U", 16), ("check character", good[:-1] + "0", None)):
        yield {
            "name": f"mistyped: {name}",
            "text": text,
            "now": _instant(NOW),
            "mistyped": {"position": position},
        }
