"""Watching a name: each statement told once, two faces kept as evidence, an older log told, nobody blinded."""

import datetime as dt
import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from temthat_stamps.errors import Fault
from temthat_stamps.log.cosignature import Cosigner
from temthat_stamps.log.fork import Fork, ForkEvidence
from temthat_stamps.log.note import BadNote, VerifierKey
from temthat_stamps.log.policy import Policy, TooFewWitnesses
from temthat_stamps.log.reader import FolderReader, Unreachable
from temthat_stamps.log.tiles import BadTile
from temthat_stamps.log.watch import Equivocation, StateDamaged, Told, Watch, WentBack
from temthat_stamps.manifest import Sources
from temthat_stamps.notice import batch_target, key_target, run_target
from temthat_stamps.trust.delegates import IssuerKind
from temthat_stamps.verdict import NoticeKind

from .published import publish
from .world import ORIGIN, Issuer, World, founded

if TYPE_CHECKING:
    from collections.abc import Iterable


class Watcher:
    """A watcher's folder, and the world it looks at."""

    def __init__(self, world: World, folder: Path, *witnesses: Cosigner) -> None:
        self.world, self.folder, self.witnesses = world, folder, witnesses
        self.state = folder / "state.json"
        keys = tuple(witness.key for witness in witnesses)
        self.policy = Policy(ORIGIN, VerifierKey.parse(world.log_signer.vkey), keys, len(keys))

    def watch(self, issuers: "Iterable[str]" = (), provinces: "Iterable[str]" = ()) -> Watch:
        """A watcher started anew, from its state file."""
        return Watch(FolderReader(self.folder / "public"), self.policy, self.state, issuers, provinces)

    def look(self, issuers: "Iterable[str]" = (), provinces: "Iterable[str]" = ()) -> list[Told]:
        """Publish what there is; what a watcher started anew tells."""
        publish(self.world, self.folder / "public", *self.witnesses)
        return list(self.watch(issuers, provinces).look())


@pytest.fixture
def world() -> World:
    """Open, with two provinces."""
    return founded("31", "96")


@pytest.fixture
def watcher(world: World, tmp_path: Path) -> Watcher:
    """Somebody who looks."""
    return Watcher(world, tmp_path)


@pytest.fixture
def mine(world: World) -> Issuer:
    """Who watches."""
    return world.enrol("31")


@pytest.fixture
def other(world: World) -> Issuer:
    """Another cooperative, of another province."""
    return world.enrol("96")


def indexes(told: list[Told]) -> list[int]:
    """Which entries."""
    return [each.index for each in told]


def test_runs_in_my_name_are_told_once(world: World, watcher: Watcher, mine: Issuer, other: Issuer) -> None:
    """A run nobody here ordered is seen the day it is logged; a look with nothing new tells nothing."""
    assert indexes(watcher.look([mine.id])) == [2]  # the delegation to my key
    key = mine.open_key()
    run = mine.run(key)
    other.run(other.open_key())
    told = watcher.look([mine.id])
    assert [(each.type, each.issuer) for each in told] == [("key_opened", mine.id), ("run", mine.id)]
    assert all(each.about == (mine.id,) for each in told)
    assert str(run.run) in told[1].vi
    assert f"{run.count} tem" in told[1].vi
    assert f"{run.count} stamps" in told[1].en
    assert watcher.look([mine.id]) == []
    assert watcher.watch([mine.id]).size == len(world.entries)


def test_a_key_nobody_asked_for_is_told(world: World, watcher: Watcher, mine: Issuer, other: Issuer) -> None:
    """A key delegated to in my name, by whomever, and every change of mine; not the keys of others."""
    watcher.look([mine.id])
    forged = world.enrol("31", issuer=mine.id)
    world.enrol("31")
    told = watcher.look([mine.id])
    assert indexes(told) == [len(world.entries) - 2]
    assert told[0].type == "delegation"
    assert told[0].issuer is None
    world.revoke(forged, 3)
    assert indexes(watcher.look([mine.id])) == [len(world.entries) - 1]


def test_what_others_say_of_my_things_is_told(
    world: World, watcher: Watcher, mine: Issuer, other: Issuer
) -> None:
    """Notices on my run, batch or key by whoever signs them; a block reserved for me."""
    key = mine.open_key()
    run = mine.run(key)
    mine.sources(world.new_id(), run.batch)
    watcher.look([mine.id])
    about_mine = [
        other.notice(run_target(run.run)),
        other.notice(batch_target(run.batch), NoticeKind.RECALL, 1, reason="contamination"),
        other.notice(key_target(key.id), NoticeKind.REVOCATION, reason="key_compromised"),
        world.block(mine.id, 100, 200),
    ]
    other.notice(run_target(99))
    world.block(other.id, 201, 300)
    told = watcher.look([mine.id])
    assert indexes(told) == about_mine
    assert all(each.about == (mine.id,) for each in told)
    assert "thu hồi" in told[1].vi


def test_an_alliance_watches_its_province(
    world: World, watcher: Watcher, mine: Issuer, other: Issuer
) -> None:
    """Whoever is or comes to be delegated to by the province, without naming them."""
    first = watcher.look(provinces=["31"])
    assert [each.about for each in first] == [(mine.id,)]
    new = world.enrol("31", IssuerKind.PRODUCER)
    new.run(new.open_key())
    other.run(other.open_key())
    told = watcher.look(provinces=["31"])
    assert [each.type for each in told] == ["delegation", "key_opened", "run"]
    assert {each.about for each in told} == {(new.id,)}


def test_without_a_name_everything_is_told(world: World, watcher: Watcher, mine: Issuer) -> None:
    world.append(b"no statement")
    mine.run(mine.open_key())
    assert len(watcher.look()) == len(world.entries) - 1
    body = watcher.watch().look()
    assert list(body) == []


def test_statements_are_bodies_for_programs(world: World, watcher: Watcher, mine: Issuer) -> None:
    (told,) = watcher.look([mine.id])
    body = told.body()
    assert json.loads(json.dumps(body)) == body
    assert body["about"] == [mine.id]
    assert dt.datetime.fromisoformat(body["at"]) == told.at


def test_a_look_cut_short_tells_it_again(world: World, watcher: Watcher, mine: Issuer) -> None:
    """The state is kept when all was taken: nothing is lost by who is killed in between."""
    publish(world, watcher.folder / "public")
    watch = watcher.watch([mine.id])
    look = watch.look()
    assert isinstance(look, Generator)
    assert next(look).index == 2
    look.close()
    assert watch.size == 0
    assert indexes(list(watch.look())) == [2]
    assert indexes(list(watch.look())) == []


# -- the log against itself --


def forked(world: World) -> World:
    """The same log up to the delegations, another one after it, under the same keys."""
    twin = founded("31", "96")
    assert twin.entries[:2] == world.entries[:2]
    return twin


def proved(found: Equivocation, watcher: Watcher) -> Fork:
    """What the file that was kept proves to who has the log's key alone."""
    assert found.evidence is not None
    return ForkEvidence.parse(found.evidence.read_bytes()).prove(ORIGIN, watcher.policy.log_key)


def test_equivocation_shown_to_two_clients(world: World, watcher: Watcher, tmp_path: Path) -> None:
    """Two faces of one size: who compares them gets both signed heads, and keeps what it believed."""
    twin = forked(world)
    mine = world.enrol("31")
    twin.enrol("96")
    watcher.look([mine.id])
    before = watcher.state.read_bytes()
    watcher.world = twin
    shown = publish(twin, tmp_path / "shown")
    watch = Watch(FolderReader(shown), watcher.policy, watcher.state, [mine.id])
    with pytest.raises(Equivocation) as forked_log:
        list(watch.look())
    assert forked_log.value.fault is Fault.OPERATOR
    found = proved(forked_log.value, watcher)
    assert found.known.size == found.offered.size == 3
    assert watcher.state.read_bytes() == before
    assert str(forked_log.value.evidence) in forked_log.value.vi


def test_a_longer_log_that_does_not_begin_with_the_one_seen(
    world: World, watcher: Watcher, tmp_path: Path
) -> None:
    twin = forked(world)
    world.enrol("31")
    other = twin.enrol("96")
    other.run(other.open_key())
    watcher.look()
    shown = publish(twin, tmp_path / "shown")
    with pytest.raises(Equivocation, match="3 → 5") as forked_log:
        list(Watch(FolderReader(shown), watcher.policy, watcher.state).look())
    found = proved(forked_log.value, watcher)
    assert (found.known.size, found.offered.size) == (3, 5)
    kept = watcher.state.with_name(f"{watcher.state.name}.fork")
    kept.unlink()
    kept.mkdir()  # nothing can be written there, as on a full disk
    with pytest.raises(Equivocation, match="No evidence could be written"):
        list(Watch(FolderReader(shown), watcher.policy, watcher.state).look())
    # The log it had believed still goes on for it.
    world.enrol("31")
    assert indexes(watcher.look()) == [3]


def test_rollback_is_told(world: World, watcher: Watcher, mine: Issuer, tmp_path: Path) -> None:
    short = publish(world, tmp_path / "short")
    mine.open_key()
    watcher.look([mine.id])
    before = watcher.state.read_bytes()
    with pytest.raises(WentBack, match=r"3 entries where 4") as back:
        list(Watch(FolderReader(short), watcher.policy, watcher.state, [mine.id]).look())
    assert back.value.fault is Fault.OPERATOR
    assert watcher.state.read_bytes() == before


def test_a_head_that_is_not_the_logs_is_not_evidence(world: World, watcher: Watcher, tmp_path: Path) -> None:
    """A mirror that forges a head gets the log into no trouble."""
    watcher.look()
    other = founded("31", "96", seed=99)
    other.enrol("31")
    shown = publish(other, tmp_path / "shown")
    with pytest.raises(BadNote):
        list(Watch(FolderReader(shown), watcher.policy, watcher.state).look())
    assert not list(tmp_path.glob("*.fork-*"))


def test_tiles_that_do_not_fit_their_head_are_not_evidence(world: World, watcher: Watcher) -> None:
    watcher.look()
    world.enrol("31")
    publish(world, watcher.folder / "public")
    tile = watcher.folder / "public/tile/0/000.p/3"
    tile.write_bytes(bytes(96))
    with pytest.raises(BadTile):
        list(watcher.watch().look())
    assert not list(watcher.folder.glob("*.fork-*"))


def test_witnesses_are_asked_for(world: World, cosigners: list[Cosigner], tmp_path: Path) -> None:
    watcher = Watcher(world, tmp_path, *cosigners[:2])
    assert len(watcher.look()) == 2
    world.enrol("31")
    publish(world, tmp_path / "public", cosigners[0])
    with pytest.raises(TooFewWitnesses):
        list(watcher.watch().look())


# -- trust files by strangers --


def test_a_trust_file_that_cannot_be_read_blinds_nobody(
    world: World, watcher: Watcher, mine: Issuer, tmp_path: Path
) -> None:
    """Missing, other than published, or garbage under its right digest: told of, and the watch goes on."""
    watcher.look([mine.id])
    hidden = world.enrol("31", issuer=mine.id)
    world.publish({"31-issuers": b"garbage"})
    run = len(world.entries)
    mine.run(mine.open_key())
    publish(world, tmp_path / "public")
    changed = tmp_path / "public/trust/3.31-issuers.json"
    changed.write_bytes(changed.read_bytes().replace(hidden.id.encode(), world.new_id().encode()))
    told = list(watcher.watch([mine.id]).look())
    assert indexes(told) == [3, 4, run, run + 1]
    for each in told[:2]:
        assert each.about == (mine.id,)
        assert "hãy hỏi liên minh" in each.vi
        assert "31-issuers" in each.en
    assert "hãy hỏi" not in told[2].vi


def test_a_network_that_fails_loses_no_statement(world: World, watcher: Watcher, mine: Issuer) -> None:
    """A trust file that cannot be fetched now: the next look tells the delegation that this one could not."""

    class Flaky(FolderReader):
        down = True

        def read(self, path: str, limit: int | None = None) -> bytes:
            if self.down and path.startswith("trust/3."):
                raise Unreachable(path, "down")
            return super().read(path, limit)

    world.enrol("31", issuer=mine.id)
    publish(world, watcher.folder / "public")
    reader = Flaky(watcher.folder / "public")
    watch = Watch(reader, watcher.policy, watcher.state, [mine.id])
    told: list[int] = []
    with pytest.raises(Unreachable):
        told.extend(each.index for each in watch.look())
    assert told == [2]
    reader.down = False
    assert indexes(list(watch.look())) == [2, 3]


# -- the state file --


def test_a_damaged_state_file_is_told_and_kept(world: World, watcher: Watcher, mine: Issuer) -> None:
    watcher.look([mine.id])
    good = watcher.state.read_bytes()
    parsed = json.loads(good)
    for bad in (
        b"",
        b"[]",
        b"\xff",
        b"{}",
        good[:-9],
        json.dumps({**parsed, "checkpoint": "AAAA"}).encode(),
        json.dumps({**parsed, "keys": 5}).encode(),
        json.dumps({**parsed, "origin": "other.example/log"}).encode(),
    ):
        watcher.state.write_bytes(bad)
        with pytest.raises(StateDamaged) as damaged:
            watcher.watch([mine.id])
        assert damaged.value.fault is Fault.STORE
        assert str(watcher.state) in damaged.value.vi
        assert watcher.state.read_bytes() == bad
    watcher.state.write_bytes(good)
    with pytest.raises(StateDamaged, match="other names"):
        watcher.watch([mine.id, world.new_id()])


def test_an_empty_log_grows(world: World, watcher: Watcher) -> None:
    entries, world.entries = world.entries, []
    assert watcher.look() == []
    world.entries = entries
    assert indexes(watcher.look()) == [0, 1]


def test_a_source_of_somebody_elses_batch_is_not_mine(
    world: World, watcher: Watcher, mine: Issuer, other: Issuer
) -> None:
    watcher.look([mine.id])
    stated = Sources(ORIGIN, other.id, world.new_id(), (world.new_id(),), 1, 1, world.now)
    world.log(stated, other.signer)
    world.log(replace(stated, issuer=mine.id, batch=world.new_id()), mine.signer)
    assert indexes(watcher.look([mine.id])) == [len(world.entries) - 1]
