"""verdict.json: facts, who asks and when; the word and the ordered reasons, from docs/spec/verdict.md by hand."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

NOW = dt.datetime(2026, 5, 26, 3, tzinfo=dt.UTC)
RANKS = (
    "not_ours",
    "forged",
    "recalled",
    "revoked",
    "cannot_tell",
    "not_applied",
    "expired",
    "suspect_copy",
    "sold",
    "claimed",
    "genuine_offline",
    "genuine",
)


@dataclass(frozen=True)
class Fact:
    """One true thing: what it adds to the facts, the word it asks for (or none), its reason and the reason's place."""

    word: str
    place: int
    reason: str
    value: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    asker: str = "consumer"


def _instant(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _notice(word: str, kind: str, reason: str, on: str = "2026-05-20") -> Fact:
    notice = {"kind": kind, "reason": reason, "on": on}
    return Fact(word, 3, kind, f"{on} {reason}", {"notices": [notice]})


def _aged(age: dt.timedelta, key: str, word: str = "") -> Fact:
    """Offline, with data of that age; the day shown is Vietnam's."""
    as_of = NOW - age
    day = (as_of + dt.timedelta(hours=7)).date().isoformat()
    return Fact(word, 5, key, day, {"online": False, "data_as_of": _instant(as_of)})


RECALL = _notice("recalled", "recall", "contamination")
REVOCATION = _notice("revoked", "revocation", "key_compromised")
FRESH = _aged(dt.timedelta(days=1), "data_of")
MISMATCH = Fact("forged", 2, "path_mismatch", facts={"path": "mismatch"})
SHARD = Fact("cannot_tell", 4, "no_shard", facts={"coverage": "no_shard"})
HOLD = _notice("not_applied", "hold", "under_inspection")
EXPIRED = Fact("expired", 8, "expired", "2026-05-25", {"expires_on": "2026-05-25"})
COPY = Fact("suspect_copy", 9, "copying", "0.93", {"copy": {"suspect": True, "score": 0.93, "reasons": []}})
RUNG_UP = Fact("", 10, "rung_up", "2026-05-24 01", {"sold": {"on": "2026-05-24", "province": "01"}})
SOLD = Fact("sold", 10, RUNG_UP.reason, RUNG_UP.value, RUNG_UP.facts, "till")
CLAIMED = Fact(
    "claimed", 11, "pin_entered", "2026-05-23 96", {"claimed": {"on": "2026-05-23", "province": "96"}}
)
FOREIGN = Fact("", 12, "foreign_host", "tem-that.info", {"foreign_host": "tem-that.info"})
CHECKED = Fact("", 13, "checked_before", "4", {"checks": 4})
BEHIND = Fact("", 6, "clock_behind", facts={"clock_behind": True})

ONE_EACH = (MISMATCH, RECALL, REVOCATION, SHARD, HOLD, EXPIRED, COPY, SOLD, CLAIMED)
"""One fact for every word between `not_ours` and the good ones; any two of them can be true together."""


def build() -> dict[str, object]:
    """The file's contents."""
    return {
        "about": "Facts with defaults left out (docs/spec/verdict.md lists them), who asks, the instant; `word` is the "
        "verdict and `reasons` its ordered [key, value] pairs.",
        "how": "stamps/vectors/verdicts.py: cases written by hand or combined from single facts by the table's ranks.",
        "cases": [*_rows(), *_pairs(), *_askers(), *_ages(), *_expiry(), *_silence(), *_together()],
    }


def _case(
    name: str, facts: Iterable[Fact], *, asker: str | None = None, proof: str = "good", at: dt.datetime = NOW
) -> dict[str, Any]:
    """Put facts together: the highest word wins, its reasons come first, the rest follow in their places."""
    facts = list(facts)
    merged: dict[str, Any] = {"proof": proof}
    for fact in facts:
        merged |= fact.facts | {"notices": merged.get("notices", []) + fact.facts.get("notices", [])}
    if not merged.get("notices"):
        merged.pop("notices", None)
    good = "genuine" if merged.get("online", True) else "genuine_offline"
    word = min((f.word for f in facts if f.word), key=RANKS.index, default=good)
    ordered = sorted(facts, key=lambda f: (f.place == CHECKED.place, f.word != word, f.place))
    return {
        "name": name,
        "asker": asker or ("till" if any(f.asker == "till" for f in facts) else "consumer"),
        "now": _instant(at),
        "facts": merged,
        "word": word,
        "reasons": [[f.reason, f.value] for f in ordered],
    }


def _rows() -> Iterator[dict[str, Any]]:
    """Every way into every row of the table."""
    yield {**_case("not ours", [], proof="not_ours"), "word": "not_ours"}
    yield _case("signature wrong", [Fact("forged", 0, "bad_signature")], proof="wrong")
    yield _case(
        "signature wrong, whatever the data covers",
        [Fact("forged", 0, "bad_signature", facts={"coverage": "newer_than_data"}), FRESH],
        proof="wrong",
    )
    yield _case("no such key on data that covers it", [Fact("forged", 0, "unknown_key")], proof="unknown_key")
    yield _case("outside every run", [Fact("forged", 1, "outside_runs", facts={"registration": "outside"})])
    yield _case(
        "key closed before the run", [Fact("forged", 1, "key_closed", facts={"registration": "key_closed"})]
    )
    yield _case("path mismatch", [MISMATCH])
    yield _case("path match", [Fact("", 2, "path", facts={"path": "match"})]) | {"reasons": []}
    for coverage in ("no_shard", "newer_than_data", "no_manifest"):
        uncovered = Fact("cannot_tell", 4, coverage, facts={"coverage": coverage})
        yield _case(f"coverage {coverage}", [uncovered, FRESH])
        unknown = Fact("cannot_tell", 0, "unknown_key")
        yield _case(f"unknown key, coverage {coverage}", [unknown, uncovered, FRESH], proof="unknown_key")
        for registration in ("outside", "key_closed"):
            guess = Fact(
                "cannot_tell", 4, coverage, facts={"coverage": coverage, "registration": registration}
            )
            yield _case(f"{registration} says nothing with coverage {coverage}", [guess, FRESH])
    yield _case("newer format", [Fact("cannot_tell", 0, "newer_format")], proof="newer_format")
    number = Fact("cannot_tell", 0, "number_needs_network")
    yield _case("a printed number offline", [number, FRESH], proof="unverifiable")
    yield _case("a printed number offline, of a recalled run", [number, RECALL, FRESH], proof="unverifiable")
    outside = Fact("forged", 1, "outside_runs", facts={"registration": "outside"})
    yield _case("a printed number offline, of no run", [number, outside, FRESH], proof="unverifiable")
    manifest = Fact("cannot_tell", 2, "no_manifest", facts={"path": "unknown"})
    yield _case("a GS1 address without its manifest", [manifest, FRESH])
    both = Fact("cannot_tell", 2, "no_manifest", facts={"path": "unknown", "coverage": "no_manifest"})
    yield _case("the same reason is told once", [both, FRESH])
    no_date = Fact("cannot_tell", 5, "no_shard", facts={"online": False})
    yield _case("offline and no data at all", [no_date])
    for fact in (
        RECALL,
        REVOCATION,
        _notice("revoked", "void", "misprint"),
        _notice("revoked", "lost", "stolen"),
    ):
        yield _case(f"notice: {fact.reason}", [fact])
    for kind, why in (("hold", "complaint"), ("spoiled", "spoiled_sheet"), ("returned", "returned")):
        yield _case(f"notice: {kind}", [_notice("not_applied", kind, why)])
    yield _case(
        "activation chosen and missing",
        [Fact("not_applied", 7, "not_activated", facts={"not_activated": True})],
    )
    for fact in (EXPIRED, COPY, SOLD, CLAIMED, FRESH):
        yield _case(f"alone: {fact.reason}", [fact])
    yield _case("good, online, first check", [])
    yield _case("good, online, checked before", [CHECKED])


def _pairs() -> Iterator[dict[str, Any]]:
    """Every two words in conflict, online and offline: the higher one wins and the other is told."""
    for high, low in combinations(ONE_EACH, 2):
        yield _case(f"{high.word} before {low.word}", [low, high])
        yield _case(f"{high.word} before {low.word}, offline", [low, high, FRESH])


def _askers() -> Iterator[dict[str, Any]]:
    """Only a till is told `sold`; to everybody else a sale is a date beside the verdict."""
    for asker in ("consumer", "till", "inspector", "packer"):
        yield _case(f"sold before, asked by {asker}", [SOLD if asker == "till" else RUNG_UP], asker=asker)
        yield _case(f"PIN entered before, asked by {asker}", [CLAIMED], asker=asker)
        yield _case(f"recalled, asked by {asker}", [RECALL], asker=asker)
        yield _case(f"good, asked by {asker}", [], asker=asker)
    no_place = Fact("", 10, "rung_up", "2026-05-24", {"sold": {"on": "2026-05-24", "province": ""}})
    yield _case("sold, province unknown", [no_place])


def _ages() -> Iterator[dict[str, Any]]:
    """The age bands, to the second; the band's end belongs to it."""
    second = dt.timedelta(seconds=1)
    week, month = dt.timedelta(days=7), dt.timedelta(days=30)
    yield _case("data of this second", [_aged(dt.timedelta(0), "data_of")])
    yield _case("7 days", [_aged(week, "data_of")])
    yield _case("7 days and a second", [_aged(week + second, "data_old")])
    yield _case("30 days", [_aged(month, "data_old")])
    yield _case("30 days and a second", [_aged(month + second, "data_too_old", "cannot_tell")])
    old = _aged(dt.timedelta(days=400), "data_too_old", "cannot_tell")
    yield _case("old data still knows a recall", [RECALL, old])
    yield _case(
        "old data still knows a wrong signature", [Fact("forged", 0, "bad_signature"), old], proof="wrong"
    )
    yield _case("old data does not settle a hold", [HOLD, old])
    yield _case("old data, expired: both are told", [EXPIRED, old])
    yield _case("clock behind the data", [_aged(dt.timedelta(0), "data_of"), BEHIND])
    online = {"data_as_of": _instant(NOW - dt.timedelta(days=400))}
    yield _case("online, the age of data does not matter", [Fact("", 5, "x", facts=online)]) | {"reasons": []}


def _expiry() -> Iterator[dict[str, Any]]:
    """A date ends at 24:00 in Vietnam, which is 17:00 UTC."""
    dated = {"expires_on": "2026-05-26"}
    unsaid = Fact("", 8, "expired", facts=dated)
    expired = Fact("expired", 8, "expired", "2026-05-26", dated)
    end = dt.datetime(2026, 5, 26, 17, tzinfo=dt.UTC)
    second = dt.timedelta(seconds=1)
    yield _case("the last second of the last day", [unsaid], at=end - second) | {"reasons": []}
    yield _case("24:00", [expired], at=end)
    yield _case("the next day", [expired], at=end + second)
    early = dt.datetime(2026, 5, 25, 17, tzinfo=dt.UTC)
    yield _case("the first second of the last day", [unsaid], at=early) | {"reasons": []}
    leap = Fact("expired", 8, "expired", "2028-02-29", {"expires_on": "2028-02-29"})
    yield _case("a leap day", [leap], at=dt.datetime(2028, 2, 29, 17, tzinfo=dt.UTC))


def _silence() -> Iterator[dict[str, Any]]:
    """Absence of a record is never evidence."""
    yield _case("never checked, never applied, never sold: genuine", [])
    yield _case("the same at a till", [], asker="till")
    yield _case("the same for a packer", [], asker="packer")
    yield _case("no expiry date", [Fact("", 8, "x", facts={"expires_on": None})]) | {"reasons": []}
    unsure = {"copy": {"suspect": False, "score": 0.6, "reasons": [["copy_provinces", "3"]]}}
    yield _case("a judge that does not suspect is not quoted", [Fact("", 9, "x", facts=unsure)]) | {
        "reasons": []
    }
    last = {"last_check": {"on": "2026-05-20", "province": "01"}}
    yield _case("the last check is no reason", [Fact("", 13, "x", facts=last)]) | {"reasons": []}


def _together() -> Iterator[dict[str, Any]]:
    """Everything at once: one word, and nothing kept back."""
    extras = [FOREIGN, CHECKED, BEHIND]
    yield _case("all of it", [*ONE_EACH, FRESH, *extras], asker="till")
    yield _case("all of it but forged", [*ONE_EACH[1:], FRESH, *extras], asker="till")
    yield _case("a foreign host is a warning, no verdict", [FOREIGN])
    yield _case("two notices, the graver decides", [HOLD, RECALL])
    yield _case(
        "two recalls in their order", [RECALL, _notice("recalled", "recall", "mislabelled", "2026-05-21")]
    )
    suspicious = {"copy": {"suspect": True, "score": 0.5, "reasons": [["copy_provinces", "3"]]}}
    copying = Fact("suspect_copy", 9, "copying", "0.50", suspicious)
    yield _case(
        "a judge's reasons follow its score", [copying, Fact("", 9, "copy_provinces", "3"), FOREIGN, CHECKED]
    )
    everything = {name: value for fact in ONE_EACH for name, value in fact.facts.items()}
    yield {**_case("not ours, whatever else is said", [], proof="not_ours"), "word": "not_ours"} | {
        "facts": everything | {"proof": "not_ours"}
    }
