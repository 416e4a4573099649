"""offline.json: a trust pack, and what it says of texts at an instant. Everything on the way is built by hand.

`country` says what was stated, `bundle` writes the files, `publication` signs and proves them; here are the cases.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from vectors import country, keys
from vectors.country import (
    AS_OF,
    ASLEEP,
    AWAKE,
    AWAY,
    BLOCK,
    CLOSING,
    ERASED,
    EXPIRED,
    GOOD,
    GS1,
    GTIN,
    LAST,
    LATE,
    MADE,
    MISSING,
    NOTICED,
    OLD,
    RECALLED,
    SECOND,
    STOLEN,
)  # fmt: skip
from vectors.dsse import b64, instant
from vectors.keys import OPERATOR, STAMP_A, STAMP_B, STAMP_C, STAMP_D, STAMP_E, STRANGER
from vectors.publication import HOST, Publication
from vectors.stamp import base32, header, number, number_of, signed

NOW = AS_OF + dt.timedelta(days=2)


def build() -> dict[str, object]:
    """The file's contents."""
    public = Publication()
    pack = public.pack()
    return {
        "about": "`pack` is a whole trust pack whose first root (`trust/1.root.json`) is the one to pin. Each case is "
        "a text judged with it at `now`, where the newest time signed in the pack is the only floor: the word and the "
        "ordered [key, value] reasons, and, where the signature is good and the run at hand, what to show of it; or "
        "`mistyped` with a position for a printed number that cannot be right. `refused` are packs with other files "
        "in place of some (null: without it), none of which may be accepted. `statements` are the log's entries of "
        "which the bundle is a function, with the entries that a later revocation took back.",
        "how": "stamps/vectors/: JSON, DSSE, TUF, Merkle tree, notes, bundle and signatures by hand, judged by hand.",
        "operator": OPERATOR.describe(),
        "keys": [key.describe() for key in (STAMP_A, STAMP_B, STAMP_C, STAMP_D, STAMP_E, STRANGER, *_OTHERS)],
        "pack": pack,
        "floor": instant(AS_OF),
        "statements": [{"body": entry.body, "counts": entry.counts} for entry in public.entries],
        "taken_back": [23],
        "refused": list(_refused(public, pack["files"])),
        "cases": list(_cases()),
    }


_OTHERS = (
    keys.ISSUER_A, keys.ISSUER_B, keys.ISSUER_C, keys.ALLIANCE, keys.LOG, keys.WITNESS_A, keys.WITNESS_B, keys.ROOT_A,
    keys.ROOT_B, keys.TARGETS_A, keys.TARGETS_B, keys.SNAPSHOT, keys.TIMESTAMP,
)  # fmt: skip


def _refused(public: Publication, files: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    def case(name: str, **changed: str | None) -> dict[str, Any]:
        return {"name": name, "files": {path.replace("__", "/"): data for path, data in changed.items()}}

    def bent(path: str) -> dict[str, str]:
        data = bytearray(public.files()[path])
        data[-1] ^= 1
        return {path: b64(bytes(data))}

    shard, proof, listing = "bundle/96-2026-05", "bundle/bundle.proof", "bundle/bundle.json"
    yield case("a shard with one bit changed", **bent(shard))
    yield case("a shard is missing", **{shard: None})
    yield case("another month's shard in its place", **{shard: files["bundle/96-2026-04"]})
    yield case("the notices cut off", **{"bundle/notices": b64(public.files()["bundle/notices"][:-1])})
    yield case(
        "another list of files", **{listing: b64(public.listing.replace(b'"hosts":["tem', b'"hosts":["tom'))}
    )
    yield case("no proof", **{proof: None})
    yield case("too few witnesses", **{proof: b64(public.proof(witnesses=1))})
    yield case("a checkpoint by another key", **{proof: b64(public.proof(log_key=STRANGER))})
    yield case("a timestamp with one bit changed", **bent("trust/timestamp.json"))


def _case(
    name: str,
    text: str,
    word: str,
    *reasons: str,
    now: dt.datetime = NOW,
    age: str | None = "data_of 2026-05-20",
    asker: str = "inspector",
    shown: dict[str, Any] | None = None,
) -> dict[str, Any]:
    told = [*reasons, *([age] if age else [])]
    case = {
        "name": name,
        "text": text,
        "asker": asker,
        "now": instant(now),
        "word": word,
        "reasons": [list(reason.partition(" ")[::2]) for reason in told],
    }
    return case | ({"shown": shown} if shown else {})


def _shown(run: int, expires_on: str | None = None) -> dict[str, Any]:
    """What a person compares with the pack in hand: a stamp moved to another product does not fit it."""
    named = country.names(run) if run != ERASED else dict.fromkeys(("product", "pack_form", "lot"))
    about = {part: named[part] for part in ("product", "pack_form", "lot")}
    return about | {"expires_on": expires_on, "made_on": "2026-04-30", "issuer": country.HOME.id}


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
    yield _case("good", _url(good), "genuine_offline", shown=_shown(GOOD, "2026-12-31"))
    yield _case("good, last serial", _url(signed(STAMP_A, GOOD, 5)), "genuine_offline")
    yield _case("good, bare", good, "genuine_offline")
    yield _case("good, lower case, at a till", _url(good).lower(), "genuine_offline", asker="till")
    yield _case(
        "good, registered in the second its key closed", _url(signed(STAMP_B, CLOSING, 1)), "genuine_offline"
    )
    erased = _url(signed(STAMP_A, ERASED, 1))
    yield _case("good, its names erased", erased, "genuine_offline", shown=_shown(ERASED))
    foreign = _case("good, under another host", _url(good, "tem-that.info"), "genuine_offline")
    yield foreign | {"reasons": [*foreign["reasons"], ["foreign_host", "tem-that.info"]]}
    yield _case("serial beyond the run", _url(signed(STAMP_A, GOOD, 6)), "forged", "outside_runs")
    yield _case("signed by the key of another run", _url(signed(STAMP_B, GOOD, 1)), "forged", "outside_runs")
    yield _case("a run that is not there", _url(signed(STAMP_A, MISSING, 1)), "forged", "outside_runs")
    yield _case("registered after its key closed", _url(signed(STAMP_B, LATE, 1)), "forged", "key_closed")
    yield _case("never activated", _url(signed(STAMP_A, ASLEEP, 1)), "not_applied", "not_activated")
    yield _case("activated", _url(signed(STAMP_A, AWAKE, 1)), "genuine_offline")
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
    lent = _url(signed(STAMP_A, BLOCK[0], 1))
    yield _case("known key, run of a lent block", lent, "cannot_tell", "newer_than_data")
    lent = _url(signed(STRANGER, BLOCK[1], 1))
    yield _case("unknown key, run of a lent block", lent, "cannot_tell", "unknown_key", "newer_than_data")
    away = _url(signed(STAMP_E, BLOCK[1] + 1, 1))
    yield _case("a key of a province not at hand", away, "cannot_tell", "unknown_key", "no_shard")
    wrong = header(STAMP_E.hint, AWAY, 1) + bytes(64)
    recall = "recall 2026-05-19 mislabelled"
    yield _case(
        "a key of a province not at hand, recalled",
        _url(base32(wrong)),
        "recalled",
        recall,
        "unknown_key",
        "no_shard",
    )
    wrong = header(STAMP_A.hint, LAST + 1, 1) + bytes(64)
    yield _case("wrong signature, run newer than the data", _url(base32(wrong)), "forged", "bad_signature")
    yield _case("newer format", _url(signed(STAMP_A, GOOD, 1, version=2)), "cannot_tell", "newer_format")
    yield _case("another system", "https://example.com/", "not_ours", age=None)
    yield _case("a GTIN", "8931234567891", "not_ours", age=None)


def _notices() -> Iterator[dict[str, Any]]:
    recall, void = "recall 2026-05-19 contamination", "void 2026-05-19 misprint"
    hold, spoiled = "hold 2026-05-19 complaint", "spoiled 2026-05-19 spoiled_sheet"
    yield _case(
        "recalled batch", _url(signed(STAMP_A, RECALLED, 1)), "recalled", recall, shown=_shown(RECALLED)
    )
    yield _case("made from a recalled batch", _url(signed(STAMP_A, MADE, 1)), "recalled", recall)
    revoked = "revocation 2026-05-19 key_compromised"
    yield _case("by a revoked stamp key", _url(signed(STAMP_D, OLD, 1)), "revoked", revoked)
    stolen = "revocation 2026-05-19 stolen"
    yield _case(
        "a run stated after its issuer's last good entry", _url(signed(STAMP_C, STOLEN, 1)), "revoked", stolen
    )
    yield _case("beside the notices", _url(signed(STAMP_A, NOTICED, 1)), "genuine_offline")
    yield _case("void", _url(signed(STAMP_A, NOTICED, 2)), "revoked", void)
    yield _case("void and held", _url(signed(STAMP_A, NOTICED, 3)), "revoked", void, hold)
    yield _case("spoiled and held", _url(signed(STAMP_A, NOTICED, 4)), "not_applied", hold, spoiled)
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
    yield _case("GS1 address, lot erased", url(ERASED, lot="L10"), "cannot_tell", "no_manifest")
    other = url(ERASED, gtin="08931234567884")
    yield _case("GS1 address, lot erased, another GTIN", other, "forged", "path_mismatch")
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
    away = number_of(STAMP_E, AWAY, 1)
    recall = "recall 2026-05-19 mislabelled"
    yield _case("a number of a province not at hand, recalled", away, "recalled", recall, needs, "no_shard")
    lent = number(BLOCK[0], 1, 0)
    # Whose number it is does not say: it could be of the province that is not at hand.
    yield _case("a number of a lent block", lent, "cannot_tell", needs, "no_shard")
    yield _case("a number beyond the run", number(GOOD, 6, 0), "forged", "outside_runs", needs)
    yield _case("a number of a newer run", number(LAST + 1, 1, 0), "cannot_tell", needs, "no_shard")
    expired = _case("a number of an expired run", number_of(STAMP_A, EXPIRED, 1), "cannot_tell", needs)
    yield expired | {"reasons": [*expired["reasons"], ["expired", "2026-05-21"]]}
    for name, text, position in (("a slip", good[:-1] + "U", 16), ("check character", good[:-1] + "0", None)):
        yield {
            "name": f"mistyped: {name}",
            "text": text,
            "now": instant(NOW),
            "mistyped": {"position": position},
        }
