"""Entries by strangers: ten thousand bent envelopes and bodies are read alike or refused, and never stop a replay."""

import os
import random
from typing import Any

import pytest

from temthat_stamps.errors import BadStatement
from temthat_stamps.log.finding import Finding
from temthat_stamps.log.replay import Replay
from temthat_stamps.log.told import in_words
from temthat_stamps.logged import read_body
from temthat_stamps.notice import stamps_target
from temthat_stamps.statement import open_envelope, sign_statement

from .test_notes_fuzz import bent
from .world import World, founded

FUZZ = os.environ.get("HYPOTHESIS_PROFILE") == "fuzz"
INPUTS = 1_000_000 if FUZZ else 10_000
SEED = None if FUZZ else 20260526

HARD: list[Any] = [
    None, True, -1, 0, 1, 2**28, 2**53, 2**63, 10**400, 1.5, float(2**70), "", "0", "a" * 70_000, "\x00", "\u202e",
    "٣", "2026-05-04T02:00:00Z", "2026-02-30", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", [], [[]], {}, {"a": 1},
    "31-issuers", "../x", "stamps:1:1-1", "run:1", "batch:", "key:", "A" * 43 + "=", "AA==", "=", ["x"] * 300,
]  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    """A log with an entry of nearly every type."""
    world = founded("31")
    issuer = world.enrol("31")
    world.block(issuer.id, 50, 60)
    key = issuer.open_key()
    run = issuer.run(key, needs_activation=True)
    issuer.activate(run.run)
    issuer.sources(world.new_id(), run.batch)
    issuer.notice(stamps_target(run.run, 1, 10))
    issuer.close_key(key)
    world.bundle(4, 1)
    return world


def change(body: dict[str, Any], dice: random.Random) -> dict[str, Any]:
    """A neighbour of a good body: members replaced, dropped, doubled under another name, taken from elsewhere."""
    out = dict(body)
    for _ in range(dice.choice((1, 1, 2, 4))):
        name = dice.choice(list(out) or ["x"])
        match dice.randrange(5):
            case 0:
                out.pop(name, None)
            case 1:
                out[dice.choice(["x", "type", "v", "at", "issuer"])] = out.get(name)
            case _:
                out[name] = dice.choice(HARD)
    return out


def test_fuzz_a_bent_envelope_is_refused_or_says_what_it_says(world: World) -> None:
    dice = random.Random(SEED)
    taken = 0
    for _ in range(INPUTS):
        data = bent(dice.choice(world.entries), dice)
        try:
            opened = open_envelope(data)
            stated = read_body(opened.body)
        except BadStatement:
            continue
        taken += 1
        assert all(in_words(stated))
    assert 0 < taken < INPUTS


def test_fuzz_a_bent_body_is_refused_or_read_back_to_itself(world: World) -> None:
    """Whatever is taken says the same when it is written again: nothing is read that was not stated."""
    dice = random.Random(SEED)
    bodies = [dict(open_envelope(entry).body) for entry in world.entries]
    taken = 0
    for _ in range(INPUTS):
        body = change(dice.choice(bodies), dice)
        try:
            stated = read_body(body)
        except BadStatement:
            continue
        taken += 1
        again = stated.body()
        # What is not stated is the default of the first statements; what is, is read as it stands.
        assert {name: value for name, value in again.items() if body.get(name) not in (None, value)} == {}
        assert all(in_words(stated))
    assert 0 < taken < INPUTS


def test_fuzz_a_replay_goes_on_over_any_entries(world: World) -> None:
    """Signed by the operator or an issuer, bent or not: a statement, or a finding that says why not."""
    dice = random.Random(SEED)
    bodies = [dict(open_envelope(entry).body) for entry in world.entries]
    signers = [world.operator, world.log_signer._signer, world.new_signer()]
    found = accepted = 0
    for _ in range(INPUTS // 500):
        replay = Replay(world.origin, world.trust_file)
        for index, entry in enumerate(world.entries):
            replay.apply(index, entry)
        for _ in range(25):
            if dice.random() < 0.5:
                entry = bent(dice.choice(world.entries), dice)
            else:
                try:
                    entry = sign_statement(change(dice.choice(bodies), dice), dice.choice(signers))
                except (BadStatement, ValueError):
                    continue  # not even JSON of RFC 8785
            outcome = replay.apply(replay.size, entry)
            found += isinstance(outcome, Finding)
            accepted += not isinstance(outcome, Finding)
        assert all(finding.vi and finding.en for finding in replay.finish())
    assert found > INPUTS / 50
    assert accepted < found
