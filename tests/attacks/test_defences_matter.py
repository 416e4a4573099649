"""Each attack's test fails when its defence is taken out: a table of the attack and what is removed.

The attack is the very test function of this folder; with the defence gone, one of its own assertions has to fail.
"""

import datetime as dt
import inspect
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy.orm import Session
from tuf.api.metadata import Metadata, Targets
from tuf.ngclient import UpdaterConfig
from tuf.ngclient._internal.trusted_metadata_set import TrustedMetadataSet

from temthat_stamps.bundle.listing import Listing
from temthat_stamps.fields import Fields
from temthat_stamps.log.rules.batches import Batches
from temthat_stamps.log.rules.notices import Notices
from temthat_stamps.log.rules.signers import PRODUCER, Author
from temthat_stamps.log.rules.stampkeys import StampKeys
from temthat_stamps.log.rules.tables import IdTable
from temthat_stamps.log.tiles import ENTRIES, Tile, decode_bundle
from temthat_stamps.logged import read_body
from temthat_stamps.statement import Statement, peek
from temthat_stamps.trust.delegates import _parse
from temthat_stamps.verdict import Reason, Registration
from temthat_trace.batches import Batch

from ..stamps.bundle.house import ORIGIN
from . import test_counting, test_log, test_stolen_keys, test_trust_data, test_unlisted

OURS = "temthat_stamps."


def nothing(*_: Any, **__: Any) -> None:
    """In place of a check that raises."""


def always(value: Any) -> Callable[..., Any]:
    """In place of one that answers."""
    return lambda *_, **__: value


# -- what stands in place of a defence that is more than one call --


def whoever_signed(_self: Any, opened: Any, *_: Any, **__: Any) -> list[Author]:
    """Believes the statement's own word for who signed it."""
    issuer = opened.body["issuer"]
    return [Author(_self._number(name, issuer), issuer, PRODUCER, "96") for name in opened.signatures]


def first_author(_self: Any, _stated: Any, _target: Any, _standing: Any, authors: Sequence[Author]) -> Author:
    """Does not ask whose the target is."""
    return authors[0]


def any_alliance(author: Author, _target: Any) -> bool:
    """Does not ask of which province."""
    return author.kind not in ("", PRODUCER)


def keys_of_whatever_province(targets: Targets, _province: str) -> tuple[Any, ...]:
    """Does not compare a key with the path and the role it stands under."""
    return tuple(
        _parse(Fields(target.custom), target.hashes["sha256"])
        for path, target in targets.targets.items()
        if target.custom is not None and path != "log.json"
    )


def first_owner(delegated: Any) -> dict[str, Any]:
    """Does not ask whether a key or an issuer is another province's."""
    return {key.key_id: key for keys in delegated.values() for key in keys}


_open = StampKeys.open


def open_any(self: StampKeys, *args: Any, **more: Any) -> None:
    """Forgets which hints are in use."""
    self._hints = IdTable(4)
    _open(self, *args, **more)


_issue = Notices.issue


def issue_unnumbered(self: Notices, stated: Any, index: int, authors: Any) -> None:
    """Gives a notice the number that comes next, whatever number it has."""
    number = self._targets.find(self._find(stated.notice).key)
    following = 1 if number is None else self._numbers[number] + 1
    _issue(self, replace(stated, notice=replace(stated.notice, number=following)), index, authors)


def read_of_any_log(body: Any) -> Any:
    """Does not look at the log's name."""
    return read_body({**body, "origin": ORIGIN})


_update_timestamp, _update_snapshot = TrustedMetadataSet.update_timestamp, TrustedMetadataSet.update_snapshot


def timestamp_of_any_age(self: Any, data: bytes) -> Any:
    """Forgets the timestamp it knew."""
    self._trusted_set.pop("timestamp", None)
    return _update_timestamp(self, data)


def snapshot_of_any_age(self: Any, data: bytes, trusted: bool | None = False) -> Any:
    """Forgets the snapshot it knew."""
    self._trusted_set.pop("snapshot", None)
    return _update_snapshot(self, data, trusted)


def targets_of_any_set(self: Any, data: bytes, role: str, _delegator: str) -> Any:
    """Takes a province's metadata without comparing it with the snapshot."""
    self._trusted_set[role] = Metadata[Targets].from_bytes(data).signed
    return self._trusted_set[role]


def statement_by_anybody(data: bytes, _keys: Any) -> Statement:
    """Does not check who signed."""
    return Statement(peek(data), frozenset(), data)


def listing_of_any_bundle(_self: Any, data: bytes) -> Listing:
    """Does not compare the list of files with the statement."""
    return Listing.parse(data)


def collect_all(_url: str, answer: Any, skip: int, length: int) -> bytes:
    """Reads an answer to its end."""
    return b"".join(answer.iter_raw(65_536))[skip : skip + length]


def unchecked_entries(self: Any, index: int) -> list[bytes]:
    """Entries as they lie there, not compared with the hashes in the tile."""
    tile = Tile(ENTRIES, index, min(self.size - index * 256, 256))
    data, found = self._read(tile)
    return decode_bundle(data, found.width)


def nearest_sources(session: Session, batch_id: uuid.UUID) -> set[uuid.UUID]:
    """Only what a batch was made from directly."""
    return {source.source_id for source in session.get_one(Batch, batch_id).sources}


def mark_everything(self: Batches, number: int, issuer: str) -> None:
    """Takes also from third parties what somebody names as a source."""
    self._of_others[number] = 1
    for source in self._made_of.get(number):
        if not self._of_others[source]:
            mark_everything(self, source, issuer)


BOUNDLESS = UpdaterConfig(
    root_max_length=1 << 30,
    timestamp_max_length=1 << 30,
    snapshot_max_length=1 << 30,
    targets_max_length=1 << 30,
)

# -- the table: attack, its parameters, and what is taken out --

Removed = dict[str, Any]
Row = tuple[ModuleType, str, dict[str, Any], Removed]

KEYS, TRUST, LOG, COUNTING = test_stolen_keys, test_trust_data, test_log, test_counting
UNLISTED = test_unlisted
TABLE: list[Row] = [
    (
        KEYS,
        "stolen_stamp_key_outside_its_runs",
        {},
        {"bundle.offline:_registration": always(Registration.IN_RUN)},
    ),
    (KEYS, "stolen_stamp_key_inside_its_open_period", {}, {"bundle.offline:_standing": always(())}),
    (
        KEYS,
        "stolen_stamp_key_in_a_closed_period",
        {},
        {"log.rules.stampkeys:StampKeys.require_open": nothing},
    ),
    (
        KEYS,
        "closed_period_on_a_scanner_of_a_hacked_operator",
        {},
        {"bundle.offline:_registration": always(Registration.IN_RUN)},
    ),
    (
        KEYS,
        "back_dated_manifest",
        {},
        {"log.replay:Replay._check_date": nothing, "log.rules.stampkeys:StampKeys.require_open": nothing},
    ),
    (KEYS, "stolen_issuer_key_logs_a_run", {}, {"log.watch:Watch._about": always(())}),
    (KEYS, "stolen_issuer_key_logs_a_run", {}, {"log.rules.signers:Signers.counts": always(True)}),
    (KEYS, "stolen_issuer_key_voids_genuine_stock", {}, {"log.watch:Watch._about": always(())}),
    (KEYS, "stolen_issuer_key_voids_genuine_stock", {}, {"log.rules.signers:Signers.counts": always(True)}),
    (
        KEYS,
        "stolen_issuer_key_recalls_genuine_stock",
        {},
        {"log.rules.notices:needs_second_signer": always(False)},
    ),
    (KEYS, "key_used_after_its_revocation", {}, {"trust.delegates:DelegatedKey.check": nothing}),
    (KEYS, "key_used_before_its_delegation", {}, {"log.rules.signers:Signers.authors": whoever_signed}),
    (
        KEYS,
        "a_province_signs_for_another",
        {},
        {"trust.chain:keys_of": keys_of_whatever_province, "trust.chain:owners": first_owner},
    ),
    (KEYS, "a_province_signs_for_another", {}, {"trust.chain:owners": first_owner}),
    (KEYS, "an_alliance_signs_for_another_province", {}, {"log.rules.notices:_looks_after": any_alliance}),
    (KEYS, "an_alliance_mints_stamps", {}, {"log.replay:PRODUCER": "alliance"}),
    (KEYS, "key_squatting_at_enrolment", {}, {"trust.enrolment:verify_statement": nothing}),
    (
        KEYS,
        "key_squatting_at_enrolment",
        {},
        {
            "trust.changes:owners": nothing,
            "trust.changes:check_unused": nothing,
            "trust.accepted:owners": first_owner,
        },
    ),
    (KEYS, "key_squatting_in_the_log", {}, {"log.rules.stampkeys:StampKeys.open": open_any}),
    (KEYS, "key_squatting_in_the_log", {}, {"log.rules.signers:Signers.is_known": always(False)}),
    (KEYS, "two_manifests_for_one_run", {}, {"log.rules.runs:Runs.check": nothing}),
    (
        TRUST,
        "rollback_of_trust_metadata",
        {},
        {
            "tuf.ngclient._internal.trusted_metadata_set:TrustedMetadataSet.update_timestamp": timestamp_of_any_age,
            "tuf.ngclient._internal.trusted_metadata_set:TrustedMetadataSet.update_snapshot": snapshot_of_any_age,
        },
    ),
    (TRUST, "rollback_of_the_bundle", {}, {"bundle.store:TrustStore._check_growth": always(False)}),
    (TRUST, "freeze_of_trust_metadata", {}, {"trust.accepted:Accepted.check_current": nothing}),
    (TRUST, "freeze_of_the_bundle", {}, {"verdict:_about_age": always((None, Reason("data_of")))}),
    (TRUST, "a_bundle_dated_ahead", {}, {"bundle.proof:_check_date": nothing}),
    (
        TRUST,
        "mix_and_match_of_trust_metadata",
        {},
        {
            "tuf.ngclient._internal.trusted_metadata_set:TrustedMetadataSet.update_delegated_targets": (
                targets_of_any_set
            )
        },
    ),
    (TRUST, "mix_and_match_of_the_bundle", {"name": "notices"}, {"bundle.fetch:_fits": always(True)}),
    (
        TRUST,
        "mix_and_match_of_the_bundle",
        {"name": "bundle.json"},
        {"bundle.proof:ProvedBundle.read": listing_of_any_bundle},
    ),
    (TRUST, "a_bundle_under_another_proof", {}, {"bundle.proof:verify_statement": statement_by_anybody}),
    (TRUST, "endless_trust_metadata", {"name": "timestamp.json"}, {"trust.client:LIMITS": BOUNDLESS}),
    (TRUST, "endless_bundle", {"name": "notices"}, {"bundle.source:_collect": collect_all}),
    (LOG, "equivocation_and_a_witness", {}, {"log.witness:_check": nothing}),
    (LOG, "equivocation_without_witnesses", {}, {"log.policy:Policy.require": nothing}),
    (LOG, "equivocation_shown_to_two_clients", {}, {"bundle.store:verify_consistency": nothing}),
    (LOG, "equivocation_and_a_watcher", {}, {"log.watch:verify_consistency": nothing}),
    (
        LOG,
        "truncated_and_reordered_tiles",
        {"damage": "reordered"},
        {"log.tiles:TiledTree._bundle": unchecked_entries},
    ),
    (
        LOG,
        "truncated_and_reordered_tiles",
        {"damage": "entry changed"},
        {"log.tiles:TiledTree._bundle": unchecked_entries},
    ),
    (LOG, "replayed_notice", {}, {"log.rules.notices:Notices.issue": issue_unnumbered}),
    (LOG, "replayed_notice_of_another_log", {}, {"log.replay:read_body": read_of_any_log}),
    (LOG, "notice_by_the_wrong_issuer", {}, {"log.rules.notices:Notices._authority": first_author}),
    (LOG, "shard_with_an_unlogged_run", {}, {"log.bundle_audit:BundleAudit._compare": nothing}),
    (LOG, "shard_without_a_revocation", {}, {"log.bundle_audit:BundleAudit._compare": nothing}),
    (LOG, "bundle_never_stated_in_the_log", {}, {"bundle.proof:ProvedBundle.read": listing_of_any_bundle}),
    (COUNTING, "reprint_without_second_person", {}, {"ledger.reprint:_second_person": nothing}),
    (COUNTING, "reprint_that_voids_nothing", {}, {"log.rules.runs:Runs._check_replaced": nothing}),
    (
        UNLISTED,
        "a_stranger_gives_notice_of_a_source",
        {},
        {"log.rules.notices:Notices._falls_on_others": always(False)},
    ),
    (
        UNLISTED,
        "a_supplier_needs_the_alliance_for_what_others_use",
        {},
        {"runs.notices:_falls_on_others": always(False)},
    ),
    (
        UNLISTED,
        "online_a_revoked_key_had_logged_a_run_and_a_notice",
        {},
        {"runs.takenback:TakenBack._rests_on": always(None)},
    ),
    (UNLISTED, "a_batch_in_between_hides_no_recall", {}, {"runs.register:made_from": nearest_sources}),
    (UNLISTED, "the_last_run_number_is_taken", {}, {"log.rules.blocks:Blocks._check_near": nothing}),
    (UNLISTED, "a_date_far_ahead", {}, {"log.replay:AHEAD": dt.timedelta(days=9_999)}),
    (UNLISTED, "a_circle_of_sources", {}, {"log.rules.batches:Batches._mark": mark_everything}),
    (UNLISTED, "bent_envelopes_by_the_right_key", {}, {"statement:_DECODER": json.JSONDecoder()}),
    (UNLISTED, "paths_in_names", {}, {"bundle.listing:known": always(True)}),
    (UNLISTED, "a_zip_bomb_for_an_officer", {}, {"trust.handover:SIZE_LIMIT": 1 << 40}),
    (UNLISTED, "a_zip_bomb_for_an_officer", {}, {"trust.handover:_ENTRIES": 1 << 40}),
    (UNLISTED, "one_witness_under_two_names", {}, {"log.policy:Policy.__post_init__": nothing}),
    (
        UNLISTED,
        "extension_lines_that_make_a_scanner_forget",
        {},
        {"bundle.installed:TEXT_LIMIT": 10_000},
    ),
]


ELSEWHERE = {
    "two_prints_at_once_past_the_quantity",
    "who_spoke_for_a_batch_before_others_used_it_may_hold_it",
}
"""The first has its own test below, because it runs on two databases; the second is no attack."""


def test_every_attack_is_in_the_table() -> None:
    """No test of this folder is without a row, nor without its place in docs/attacks.md."""
    modules = (KEYS, TRUST, LOG, COUNTING, UNLISTED)
    tests = {(m, name.removeprefix("test_")) for m in modules for name in vars(m) if name.startswith("test_")}
    rows = {(module, name) for module, name, _, _ in TABLE}
    assert {name for _, name in tests - rows} == ELSEWHERE
    page = (Path(__file__).parents[2] / "docs" / "attacks.md").read_text("utf-8")
    assert [name for _, name in tests if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    ("module", "name", "more", "removed"), TABLE, ids=lambda v: v if isinstance(v, str) else ""
)
def test_without_its_defence_the_attack_succeeds(
    module: ModuleType,
    name: str,
    more: dict[str, Any],
    removed: Removed,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the attack's test expects does not happen any more."""
    attack = getattr(module, f"test_{name}")
    wanted = [wanted for wanted in inspect.signature(attack).parameters if wanted not in more]
    given = {wanted: request.getfixturevalue(wanted) for wanted in wanted}
    take_out(monkeypatch, removed)
    expect_failure(lambda: attack(**given, **more))


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_without_the_allowance_two_prints_pass_the_quantity(
    database: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks for a reason to print more than the batch fills: both orders are taken."""
    shop = request.getfixturevalue(f"{database}_shop")
    take_out(monkeypatch, {"runs.register:_check_reason": nothing})
    expect_failure(lambda: test_counting.check_two_prints_at_once(shop))


def take_out(monkeypatch: pytest.MonkeyPatch, removed: Removed) -> None:
    """Replace each `module:name` by what stands in its place."""
    for place, instead in removed.items():
        module, _, path = place.partition(":")
        *owners, last = path.split(".")
        holder: Any = import_module(module if module.startswith("tuf.") else OURS + module)
        for owner in owners:
            holder = getattr(holder, owner)
        monkeypatch.setattr(holder, last, instead)


def expect_failure(attack: Callable[[], None]) -> None:
    """One of the attack's own expectations fails: not a step on the way there, and with no other error."""
    with pytest.raises((AssertionError, pytest.fail.Exception)) as failure:
        attack()
    assert "house.py" not in str(failure.traceback[-1].path)
