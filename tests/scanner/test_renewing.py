"""Trust data is renewed while a till runs: the next scan uses it, a failure disturbs nobody, nothing piles up."""

import errno
import gc
import itertools
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest

import temthat_scanner.renewing
from temthat_scanner.judging import OfflineJudge
from temthat_scanner.renewing import EVERY, SOON, Renewal
from temthat_scanner.trustdata import open_trust, renew_trust
from temthat_stamps.bundle.view import TrustView
from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.verdict import Asker

from ..stamps.bundle.serving import Site
from .conftest import World

PATIENCE = 60.0


def ignore(vi: str, en: str) -> None:
    """Nothing to say here."""


@pytest.fixture
def judge(own_world: World) -> OfflineJudge:
    """A till that was filled from its service."""
    trust = open_trust(own_world.folder, str(own_world.house.public), None, None, ignore)
    return OfflineJudge(trust, Asker.TILL, "vi")


def word(judge: OfflineJudge, text: str) -> str:
    verdict = judge.ask(text).verdict
    assert verdict is not None
    return verdict.word.value


def times(renew: Callable[[], TrustView], count: int) -> tuple[Callable[[], TrustView], threading.Event]:
    """The same, with an event after the call of this number has ended."""
    done, calls = threading.Event(), itertools.count(1)

    def counted() -> TrustView:
        if next(calls) > count:
            done.set()
        return renew()

    return counted, done


def test_what_is_printed_while_the_till_runs_is_known_to_its_next_scan(
    own_world: World, judge: OfflineJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over the network, while codes are judged without a pause."""
    monkeypatch.setattr(temthat_scanner.renewing, "SOON", 0.01)
    own_world.house.run(own_world.by)
    own_world.house.publish()
    text = own_world.stamp(3, 1)
    assert word(judge, text) == "cannot_tell"
    with Site(own_world.house.public) as site:
        renew, renewed = times(lambda: renew_trust(own_world.folder, site.url, ignore), 1)
        monkeypatch.setattr(temthat_scanner.renewing, "EVERY", 0.01)
        with Renewal(judge, renew, ignore):
            while not renewed.is_set():
                assert word(judge, text) in {"cannot_tell", "genuine_offline"}
        assert word(judge, text) == "genuine_offline"


def test_a_dead_source_is_told_once_and_asked_less_and_less(judge: OfflineJudge, own_world: World) -> None:
    """A minute, then twice as long each time, up to an hour; when it is back that is told, and it is an hour again."""
    said: list[str] = []
    source = [own_world.folder / "gone", own_world.house.public]

    def renew() -> TrustView:
        return renew_trust(own_world.folder, str(source[0]), ignore)

    renewal = Renewal(judge, renew, lambda vi, en: said.append(en))
    before = judge.trust
    pauses, pause = [], SOON
    for _ in range(9):
        pause = renewal._try_once(pause)
        pauses.append(pause)
    assert pauses == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert judge.trust is before
    assert word(judge, own_world.stamp(1, 1)) == "genuine_offline"
    source.pop(0)
    assert renewal._try_once(pause) == EVERY
    assert judge.trust is not before
    source.insert(0, own_world.folder / "gone")
    assert renewal._try_once(EVERY) == SOON
    assert ["not updated" in one for one in said] == [True, False, True]


@pytest.mark.parametrize("fault", [OSError("no room"), RecursionError(), KeyError("x")])
def test_a_fault_of_ours_stops_neither_the_till_nor_the_next_try(
    judge: OfflineJudge, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temthat_scanner.renewing, "SOON", 0.001)
    said: list[str] = []

    def renew() -> TrustView:
        raise fault

    counted, done = times(renew, 3)
    with Renewal(judge, counted, lambda vi, en: said.append(vi)):
        assert done.wait(PATIENCE)
    assert len(said) == 1
    assert type(fault).__name__ in said[0]


def test_a_source_that_turns_bad_changes_nothing(own_world: World, judge: OfflineJudge) -> None:
    """A file damaged there is refused, and the good data stays in use."""
    own_world.house.run(own_world.by)
    own_world.house.publish()
    shard = next((own_world.house.public / "bundle").glob("24-*[0-9]"))
    shard.write_bytes(shard.read_bytes()[:-1] + b"\x7f")
    with pytest.raises(TrustError):
        renew_trust(own_world.folder, str(own_world.house.public), ignore)
    fresh = open_trust(own_world.folder, None, None, None, ignore)
    assert word(OfflineJudge(fresh, Asker.TILL, "vi"), own_world.stamp(1, 1)) == "genuine_offline"


def test_old_data_is_let_go(own_world: World, judge: OfflineJudge, tmp_path: Path) -> None:
    """A till that runs for months holds one view of its data."""
    renewal = Renewal(
        judge, lambda: renew_trust(own_world.folder, str(own_world.house.public), ignore), ignore
    )
    views = []
    for _ in range(4):
        assert judge.trust is not None
        views.append(weakref.ref(judge.trust))
        word(judge, own_world.stamp(1, 1))
        renewal._try_once(SOON)
    gc.collect()
    assert [view() for view in views] == [None] * 4


def test_a_failure_that_nobody_hears_of_ends_no_renewal(
    judge: OfflineJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log on a full disk: it is tried again all the same."""
    monkeypatch.setattr(temthat_scanner.renewing, "SOON", 0.01)

    def failing() -> TrustView:
        raise TrustError(Fault.NETWORK, "không", "no")

    def full(vi: str, en: str) -> None:
        raise OSError(errno.ENOSPC, "full")

    renew, tried = times(failing, 2)
    with Renewal(judge, renew, full):
        assert tried.wait(PATIENCE)
