"""The log over a database and a folder: what each of them loses comes back from the other, and never as another log."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, select

from temthat_stamps.errors import Fault, TrustError
from temthat_stamps.log.entries import size
from temthat_stamps.log.policy import TooFewWitnesses
from temthat_stamps.log.proof import verify_proof
from temthat_stamps.log.records import LogEntry
from temthat_stamps.log.tiles import BadTile
from temthat_stamps.log.witness_client import LocalWitness, LogFellBack, WitnessClient
from temthat_stamps.runs.book import DatabaseFellBack, LogBook, NotPublished
from temthat_stamps.runs.operator import log_signer
from temthat_stamps.runs.produce import PrintSettings, create_jobs, produce
from temthat_stamps.runs.records import JobState, Run, RunBlock

if TYPE_CHECKING:
    from tests.stamps.runs.conftest import Shop


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of the log but the lock, by its name."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def public(shop: "Shop") -> Path:
    return shop.folder / "public"


@contextmanager
def lost_since(shop: "Shop") -> Iterator[None]:
    """What is committed within is lost again at the end, as when an older backup of the database is restored."""
    shop.session.commit()
    with shop.sessions() as session:
        kept = size(session)
        runs = set(session.scalars(select(Run.run)))
    yield
    shop.session.commit()
    with shop.sessions() as session:
        session.execute(delete(Run).where(Run.run.not_in(runs)))
        session.execute(delete(LogEntry).where(LogEntry.index >= kept))
        session.commit()
    shop.session.expire_all()


def test_a_database_restored_from_an_older_backup_takes_its_entries_back(shop: "Shop") -> None:
    """The log goes on where it was published; the number of the lost run is given to nobody again."""
    shop.book.open()
    first = shop.run(5).run
    with lost_since(shop):
        lost = shop.run(6).run
        shop.session.commit()
        published = shop.book.publish()
    before = tree(public(shop))
    shop.book.open()
    with shop.sessions() as session:
        assert size(session) == published.checkpoint.size
        [block] = session.scalars(select(RunBlock))
        assert (block.first, block.last, block.party_id) == (lost, lost, shop.coop.id)
    assert shop.book.publish() == published
    assert tree(public(shop)) == before
    fresh = shop.run(7)
    assert (first, fresh.run) == (1, lost + 1)
    shop.session.commit()
    assert shop.book.publish().checkpoint.size > published.checkpoint.size
    shop.book.prove_run(fresh.run)


def test_without_taking_back_nothing_is_published(sqlite_shop: "Shop") -> None:
    """A service that goes on from an older backup as if nothing had been cannot publish a second history."""
    shop = sqlite_shop
    shop.book.open()
    with lost_since(shop):
        shop.run(6)
        shop.session.commit()
        published = shop.book.publish()
    with pytest.raises(DatabaseFellBack):
        shop.book.publish()
    for count in (5, 4, 3, 2):  # other entries in the places of those that were lost, and more of them
        shop.run(count)
    shop.session.commit()
    before = tree(public(shop))
    with pytest.raises(DatabaseFellBack, match="older state"):
        shop.book.publish()
    assert shop.book.latest() == published
    assert tree(public(shop)) == before


def test_a_lost_folder_is_made_again_byte_for_byte(shop: "Shop") -> None:
    """Tiles are a function of the entries; the witnesses sign the same tree again."""
    shop.book.open()
    for count in range(1, 5):
        shop.run(count)
    shop.session.commit()
    published = shop.book.publish()
    before = tree(public(shop))
    shutil.rmtree(public(shop))
    shop.book.open()
    again = shop.book.publish()
    assert again.checkpoint == published.checkpoint
    after = tree(public(shop))
    assert {n: d for n, d in after.items() if n != "checkpoint"} == {
        n: d for n, d in before.items() if n != "checkpoint"
    }


def test_an_older_database_without_the_folder_publishes_nothing(sqlite_shop: "Shop") -> None:
    """Both lost: the witnesses remember the larger log, and the words say what to bring back."""
    shop = sqlite_shop
    shop.book.open()
    with lost_since(shop):
        shop.run(6)
        shop.session.commit()
        shop.book.publish()
        mirror = shutil.copytree(public(shop), shop.folder / "mirror")
    shutil.rmtree(public(shop))
    shop.book.open()
    with pytest.raises(LogFellBack, match="put back to an older state"):
        shop.book.publish()
    assert shop.book.latest() is None
    shutil.rmtree(public(shop))
    shutil.copytree(mirror, public(shop))  # anybody's mirror will do
    shop.book.open()
    shop.run(3)
    shop.session.commit()
    assert len(shop.book.publish().cosigned) == 2


def with_witnesses(shop: "Shop", change: Callable[[int, LocalWitness], object]) -> LogBook:
    """The shop's log with other witnesses at the same keys."""
    book = shop.book
    witnesses = [change(number, witness) for number, witness in enumerate(book._witnesses)]  # type: ignore[arg-type]
    signer = log_signer(shop.sealer, shop.registry.origin)
    return LogBook(shop.sessions, shop.registry, public(shop), signer, book.policy, witnesses)  # type: ignore[arg-type]


def test_a_lost_witness_stops_publishing_and_loses_nothing(sqlite_shop: "Shop") -> None:
    """Both are needed here: the last checkpoint stands, and everything goes on when the witness is back."""
    shop = sqlite_shop
    shop.book.open()
    shop.run(5)
    shop.session.commit()
    before = shop.book.publish()
    shop.run(6)
    shop.session.commit()

    def gone(number: int, witness: LocalWitness) -> object:
        return WitnessClient("http://127.0.0.1:1", witness.key, timeout=1) if number else witness

    broken = with_witnesses(shop, gone)
    with pytest.raises(TooFewWitnesses) as refused:
        broken.publish()
    assert (refused.value.found, refused.value.needed, refused.value.fault) == (1, 2, Fault.NETWORK)
    assert shop.book.latest() == before
    assert shop.book.publish().checkpoint.size == before.checkpoint.size + 1


def test_what_is_not_published_has_no_proof(sqlite_shop: "Shop") -> None:
    """Told in words, and proved as soon as it is; the proof holds for the entry and for no other."""
    shop = sqlite_shop
    shop.book.open()
    run = shop.run(5)
    shop.session.commit()
    with pytest.raises(NotPublished, match="not published yet"):
        shop.book.prove(run.log_index)
    shop.book.publish()
    proof = shop.book.prove(run.log_index)
    envelope = shop.session.get_one(LogEntry, run.log_index).envelope
    assert verify_proof(proof, envelope, shop.book.policy).index == run.log_index
    with pytest.raises(TrustError):
        verify_proof(proof, shop.session.get_one(LogEntry, 0).envelope, shop.book.policy)


def test_a_changed_tile_is_never_built_upon(sqlite_shop: "Shop") -> None:
    """Somebody wrote into the folder: nothing more is published, and the words say which folder to restore."""
    shop = sqlite_shop
    shop.book.open()
    for count in range(1, 4):
        shop.run(count)
    shop.session.commit()
    shop.book.publish()
    kept = tree(public(shop))
    [name] = [name for name in kept if name.startswith("tile/0/")]
    path = public(shop) / name
    path.write_bytes(bytes(len(kept[name])))
    shop.run(4)
    shop.session.commit()
    with pytest.raises(BadTile, match="restores it from a copy"):
        shop.book.publish()
    assert (public(shop) / "checkpoint").read_bytes() == kept["checkpoint"]
    path.write_bytes(kept[name])
    for stray in set(tree(public(shop))) - set(kept):
        (public(shop) / stray).unlink()
    assert shop.book.publish().checkpoint.size == 6


def test_many_who_publish_at_once_publish_one_log(sqlite_shop: "Shop") -> None:
    """Threads and other openings of the same folder wait for each other; each finds it done."""
    shop = sqlite_shop
    shop.book.open()
    shop.run(5)
    shop.session.commit()
    books = [shop.book, with_witnesses(shop, lambda _, witness: witness)]
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda book=book: found.append(book.publish().checkpoint.size))
        for book in books * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_stopped_between_checkpoint_and_proof_nothing_is_printed(sqlite_shop: "Shop") -> None:
    """The run is public, its proof is not stored: no file. Started again, the same entry is proved, none is added."""
    shop = sqlite_shop
    shop.book.open()
    run = shop.run(5)
    [job] = create_jobs(shop.session, shop.press, run, PrintSettings(kind="csv"), by="x")
    shop.session.commit()

    class Stopped(BaseException):
        """The power cut."""

    def prove(index: int) -> bytes:
        raise Stopped

    shop.book.prove = prove  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        produce(shop.press, job.id)
    latest = shop.book.latest()
    assert latest is not None
    assert latest.checkpoint.size > run.log_index
    shop.session.expire_all()
    assert (shop.session.get_one(Run, run.run).proof, job.state) == (None, JobState.RUNNING)
    assert not [path for path in shop.press.folder.rglob("*") if path.is_file()]
    shop.session.rollback()
    del shop.book.prove
    assert produce(shop.press, job.id).state is JobState.READY
    assert shop.book.latest() == latest
