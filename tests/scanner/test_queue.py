"""The file of what waits: private, whole after a power cut, carried elsewhere, shared, torn. Nothing is lost."""

import shutil
import sqlite3
import stat
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from temthat_scanner.queue import Queue, QueueError


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    return tmp_path / "till" / "queue.db"


def test_the_file_is_private(queue: Path) -> None:
    """Also one that somebody made readable, and the log beside it."""
    Queue(queue).close()
    assert stat.S_IMODE(queue.stat().st_mode) == 0o600
    assert stat.S_IMODE(queue.parent.stat().st_mode) == 0o700
    queue.chmod(0o644)
    kept = Queue(queue)
    kept._connection.execute("begin immediate")
    kept._connection.execute("insert into waiting (id, body) values ('1', '{}')")
    assert {stat.S_IMODE(path.stat().st_mode) for path in queue.parent.iterdir()} == {0o600}
    assert len(list(queue.parent.iterdir())) == 3
    kept._connection.execute("rollback")
    kept.close()


def test_several_scanners_share_a_file(queue: Path) -> None:
    """What one keeps another may send; dropping twice is nothing."""
    one, other = Queue(queue), Queue(queue)
    for number in range(5):
        (one, other)[number % 2].put({"id": str(number), "event": "sold"})
    one.put({"id": "0", "event": "returned"})
    assert [w.id for w in other.waiting()] == list("01234")
    assert other.waiting()[0].body["event"] == "sold"
    one.done(["0", "1"])
    other.done(["1", "2"])
    other.refuse([("3", "vì sao")])
    assert [w.id for w in one.waiting()] == ["4"]
    assert [(w.id, w.refused) for w in one.refused()] == [("3", "vì sao")]
    assert (one.forget("3"), one.forget("3")) == (True, False)
    one.close()
    other.close()


def test_a_power_cut_loses_nothing_that_was_kept(queue: Path, tmp_path: Path) -> None:
    """The files as they are on the disk at that moment: what was put is there. What was sent may be there again."""
    one = Queue(queue)
    for name in "abc":
        one.put({"id": name})
    shutil.copytree(queue.parent, tmp_path / "after")
    other = Queue(tmp_path / "after" / "queue.db")
    assert [w.id for w in other.waiting()] == ["a", "b", "c"]
    other.close()
    one.close()


def test_a_settled_file_is_whole_by_itself(queue: Path, tmp_path: Path) -> None:
    """Carried to another machine without what lies beside it, also while the till still runs."""
    one = Queue(queue)
    one.put({"id": "a"})
    one.settle()
    for path in (tmp_path / "running.db", tmp_path / "closed.db"):
        path.write_bytes(queue.read_bytes())
        other = Queue(path)
        assert [w.id for w in other.waiting()] == ["a"]
        other.close()
        one.close()
    assert [path.name for path in queue.parent.iterdir()] == ["queue.db"]


def test_sales_beside_a_file_that_is_gone_are_not_thrown_away(queue: Path) -> None:
    """Somebody renamed the one and left the other."""
    one = Queue(queue)
    one.put({"id": "a"})
    log = queue.with_name("queue.db-wal")
    left = log.read_bytes()
    one.close()
    queue.rename(queue.with_name("kept.db"))
    log.write_bytes(left)
    with pytest.raises(QueueError, match="put it back"):
        Queue(queue)
    assert log.read_bytes() == left
    assert not queue.exists()


def test_a_file_of_an_older_scanner(queue: Path) -> None:
    """It had a rollback journal; what waits in it is sent as ever."""
    queue.parent.mkdir()
    with closing(sqlite3.connect(queue)) as old:
        old.execute("create table waiting (id text primary key, body text not null, refused text)")
        old.execute("""insert into waiting (id, body) values ('a', '{"id": "a"}')""")
        old.commit()
    one = Queue(queue)
    one.put({"id": "b"})
    assert [w.id for w in one.waiting()] == ["a", "b"]
    one.close()


def test_threads_of_one_till_share_the_file(queue: Path) -> None:
    """One keeps, one lets go: what was kept and not let go is there, in order."""
    one = Queue(queue)
    ids = [f"{number:03}" for number in range(120)]

    def let_go() -> None:
        for name in ids[::2]:
            while name not in {w.id for w in one.waiting()}:
                time.sleep(0.001)
            one.done([name])

    thread = threading.Thread(target=let_go)
    thread.start()
    for name in ids:
        one.put({"id": name})
    thread.join()
    assert [w.id for w in one.waiting()] == ids[1::2]
    one.close()


@pytest.mark.parametrize("how", ["torn", "spoiled"])
def test_a_torn_log_loses_only_what_was_not_answered(queue: Path, tmp_path: Path, how: str) -> None:
    """The power went in the middle of a write, or the disk wrote nonsense: what came before that is there, in order."""
    one = Queue(queue)
    names = [f"{number:02}" for number in range(12)]
    sizes = []
    for name in names:
        one.put({"id": name})
        sizes.append(queue.with_name("queue.db-wal").stat().st_size)
    database, log = queue.read_bytes(), queue.with_name("queue.db-wal").read_bytes()
    one.close()
    for cut in range(0, len(log), 1021):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / "queue.db").write_bytes(database)
        left = log[:cut] if how == "torn" else log[:cut] + bytes([log[cut] ^ 1]) + log[cut + 1 :]
        (folder / "queue.db-wal").write_bytes(left)
        kept = [name for name, size in zip(names, sizes, strict=True) if size <= cut]
        other = Queue(folder / "queue.db")
        found = [waiting.id for waiting in other.waiting()]
        other.put({"id": "new"})
        other.close()
        assert found == names[: len(found)]
        assert len(found) >= len(kept)
        again = Queue(folder / "queue.db")
        assert [waiting.id for waiting in again.waiting()] == [*found, "new"]
        again.close()
