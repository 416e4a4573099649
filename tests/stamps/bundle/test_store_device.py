"""A scanner's own disk: damage is told and mended, and no power cut or full disk leaves half an update."""

import datetime as dt
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from temthat_stamps import files
from temthat_stamps.bundle.installed import NotInstalled
from temthat_stamps.bundle.listing import Listing
from temthat_stamps.bundle.source import FolderSource
from temthat_stamps.bundle.store import TrustStore
from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.trust.client import TrustClient
from temthat_stamps.trust.errors import BadTrustData
from temthat_stamps.verdict import NoticeKind, Word

from .conftest import BUILT, Scanner, judged
from .house import House, Producer, url

# -- this device --


def test_a_missing_shard_on_this_device_is_cannot_tell(house: House, by: Producer, scanner: Scanner) -> None:
    """Deleted, not damaged: nothing is known of its runs, and nothing is forged."""
    store = scanner()
    (store.folder / "data" / store.load().listing.files["96-2026-05"].sha256).unlink()
    for text in (url(by, 1, 1), url(by, 1, 101)):
        assert judged(store, text, house.now).keys == ("unknown_key", "no_shard", "data_of")
    assert not store.is_whole()
    store.update(FolderSource(house.public), house.now)
    assert store.is_whole()


@pytest.mark.parametrize("name", ["issuers", "notices", "index-2026-05", "96-2026-05", "bundle.json"])
def test_a_damaged_file_on_this_device_is_told_and_mended(
    house: House, by: Producer, scanner: Scanner, name: str
) -> None:
    """Whose fault: our store. The next update puts it right."""
    store = scanner()
    listed = store.load().listing.files
    digest = listed[name].sha256 if name in listed else store.installed().listing
    path = store.folder / "data" / digest
    path.write_bytes(path.read_bytes()[:-1] + b"\xaa")
    assert not store.is_whole()
    with pytest.raises(TrustError) as refused:
        judged(store, url(by, 1, 1), house.now)
    assert refused.value.fault is Fault.STORE
    store.update(FolderSource(house.public), house.now)
    assert store.is_whole()
    assert judged(store, url(by, 1, 1), house.now).word is Word.GENUINE_OFFLINE


class Stop(Exception):
    """A power cut."""


@contextmanager
def failing_at(step: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The operating system's `rename` fails from its `step`-th call on; gives what was renamed until then."""
    done: list[str] = []
    real = os.replace

    def replace(old: Any, new: Any, **more: Any) -> None:
        if len(done) >= step:
            raise error
        real(old, new, **more)
        done.append(Path(new).name)

    def path_replace(self: Path, target: Any) -> Path:
        replace(self, target)
        return Path(target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", replace)
        patch.setattr(os, "rename", replace)
        patch.setattr(Path, "replace", path_replace)
        with suppress(Stop, TrustError):
            yield done


@pytest.mark.parametrize("error", [Stop(), OSError(28, "No space left on device")], ids=["cut", "full disk"])
@pytest.mark.parametrize("first", [True, False], ids=["first use", "later"])
def test_stopped_between_any_two_files_leaves_the_last_good_set(
    house: House,
    by: Producer,
    scanner: Scanner,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    first: bool,
) -> None:
    """Whatever was replaced until then; and the next update goes through."""
    good = scanner("good", update=not first)
    house.notice(by, "run:1", NoticeKind.VOID)
    house.publish()
    steps = 0
    while True:
        folder = good.folder.with_name(f"try-{steps}")
        if good.folder.exists():
            shutil.copytree(good.folder, folder)
        root = (house.public / "trust" / "1.root.json").read_bytes()
        store = TrustStore(folder, root, BUILT)
        finished = False
        with failing_at(steps, error, monkeypatch) as done:
            store.update(FolderSource(house.public), house.now)
            finished = True
        if finished:
            break
        assert "installed.json" not in done[:-1]
        if "installed.json" in done:
            assert judged(store, url(by, 1, 1), house.now).word is Word.REVOKED
        elif first:
            with pytest.raises(NotInstalled):
                store.load()
        else:
            assert judged(store, url(by, 1, 1), house.now).word is Word.GENUINE_OFFLINE
            assert store.is_whole()
        store.update(FolderSource(house.public), house.now)
        assert judged(store, url(by, 1, 1), house.now).word is Word.REVOKED
        shutil.rmtree(folder)
        steps += 1
    assert steps >= 5


def update_and_die(folder: Path, source: Path, now: dt.datetime, step: int) -> int:
    """Update in a process of its own that is killed (SIGKILL) at its `step`-th file operation; how it ended."""
    child = os.fork()
    if child == 0:
        left = step

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            if event in ("open", "os.rename", "os.remove", "os.mkdir") and str(folder) in str(arguments[0]):
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        try:
            sys.addaudithook(hook)
            TrustStore(folder, None, BUILT).update(FolderSource(source), now)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_killed_at_every_third_file_operation_of_an_update(
    house: House, by: Producer, scanner: Scanner, tmp_path: Path
) -> None:
    """A real process, really killed: the set in use is one of the two, whole; the next update goes through."""
    good = scanner("good")
    house.notice(by, "run:1", NoticeKind.VOID)
    house.publish()
    words, step, ended = [], 0, -1
    while ended != 0:
        folder = tmp_path / f"killed-{step}"
        shutil.copytree(good.folder, folder)
        ended = update_and_die(folder, house.public, house.now, step)
        assert ended in (0, -signal.SIGKILL)
        store = TrustStore(folder, None, BUILT)
        assert store.is_whole()
        words.append(judged(store, url(by, 1, 1), house.now).word)
        store.update(FolderSource(house.public), house.now)
        assert judged(store, url(by, 1, 1), house.now).word is Word.REVOKED
        step += 3
    assert len(words) > 5
    assert words == sorted(words, key=[Word.GENUINE_OFFLINE, Word.REVOKED].index)
    assert set(words) == {Word.GENUINE_OFFLINE, Word.REVOKED}


def test_strays_are_swept_but_not_the_files_in_use(house: House, by: Producer, scanner: Scanner) -> None:
    """What an unfinished update left goes after a day; what another may be fetching right now stays."""
    store = scanner()
    old, fresh = store.folder / "data" / ("0" * 64), store.folder / "data" / ("1" * 64)
    for path in (old, fresh):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    for path in (store.folder / "data").iterdir():
        if path != fresh:
            os.utime(path, (0, 0))
    house.run(by)
    house.publish()
    store.update(FolderSource(house.public), house.now)
    assert not old.exists()
    assert fresh.exists()
    assert store.is_whole()


def test_a_root_pinned_here_is_not_replaced(house: House, by: Producer, scanner: Scanner) -> None:
    store = scanner()
    other = TrustStore(store.folder, b"{}", BUILT)
    with pytest.raises(BadTrustData):
        other.update(FolderSource(house.public), house.now)
    assert TrustClient(store.folder).root == (house.public / "trust" / "1.root.json").read_bytes()


def test_the_files_module_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up while writing: the old file stands, and the new one's beginning is gone."""
    path = tmp_path / "file"
    files.replace_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        files.replace_file(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_installed_is_read_again(house: House, by: Producer, scanner: Scanner) -> None:
    """The note of what is in use says list, place, tree, floor and provinces."""
    store = scanner(provinces=["96"])
    installed = store.installed()
    assert type(installed).parse(installed.format()) == installed
    assert installed.floor == Listing.parse((house.public / "bundle/bundle.json").read_bytes()).at
    assert json.loads(installed.format())["provinces"] == ["96"]
