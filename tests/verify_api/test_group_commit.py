"""Grouping: every caller gets the answer to its own question, after its group went through."""

import asyncio

import pytest

from temthat_verify_api.group_commit import GroupCommit
from temthat_verify_api.store import StoreUnavailableError

pytestmark = pytest.mark.anyio


class Database:
    """A slow flush that doubles numbers and remembers its groups."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def flush(self, group: list[int]) -> list[int]:
        self.groups.append(group)
        await self.gate.wait()
        await asyncio.sleep(0)
        if -1 in group:
            raise StoreUnavailableError("no room")
        return [item * 2 for item in group]


async def test_a_lone_caller_is_served_at_once() -> None:
    """Nobody waits for company."""
    database = Database()
    assert await GroupCommit(database.flush).submit(21) == 42
    assert database.groups == [[21]]


async def test_who_comes_during_a_flush_makes_up_the_next_group() -> None:
    """The first group is whoever was there; all others share the second."""
    database = Database()
    database.gate.clear()
    group = GroupCommit(database.flush)
    first = asyncio.create_task(group.submit(1))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(group.submit(n)) for n in range(2, 6)]
    await asyncio.sleep(0.01)
    assert not first.done()
    database.gate.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8, 10]
    assert database.groups == [[1], [2, 3, 4, 5]]


async def test_no_group_is_larger_than_asked_for() -> None:
    """Ten callers in groups of at most four."""
    database = Database()
    group = GroupCommit(database.flush, largest=4)
    answers = await asyncio.gather(*(group.submit(n) for n in range(10)))
    assert answers == [n * 2 for n in range(10)]
    assert [len(g) for g in database.groups] == [4, 4, 2]


async def test_an_error_reaches_its_own_group_only() -> None:
    """The callers of the failed group hear of it, each by an exception of its own; the next group is served."""
    database = Database()
    group = GroupCommit(database.flush, largest=2)
    answers = await asyncio.gather(*(group.submit(n) for n in (1, -1, 3, 4)), return_exceptions=True)
    assert [str(a) for a in answers[:2]] == ["no room", "no room"]
    assert answers[0] is not answers[1]
    assert answers[2:] == [6, 8]


async def test_a_mistake_in_flush_is_not_hidden() -> None:
    """An exception that is no StoreUnavailableError arrives as it is."""

    async def flush(_group: list[int]) -> list[int]:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        await GroupCommit(flush).submit(1)


async def test_a_full_queue_turns_callers_away() -> None:
    """With the limit waiting, one more is refused at once and the others are still served."""
    database = Database()
    database.gate.clear()
    group = GroupCommit(database.flush, largest=1, limit=3)
    waiting = [asyncio.create_task(group.submit(0))]
    await asyncio.sleep(0.01)
    waiting += [asyncio.create_task(group.submit(n)) for n in range(1, 4)]
    await asyncio.sleep(0.01)
    with pytest.raises(StoreUnavailableError, match="wait"):
        await group.submit(9)
    database.gate.set()
    assert await asyncio.gather(*waiting) == [0, 2, 4, 6]


async def test_who_gave_up_is_not_written() -> None:
    """A caller that was cancelled before its group began is left out of it."""
    database = Database()
    database.gate.clear()
    group = GroupCommit(database.flush)
    first = asyncio.create_task(group.submit(1))
    await asyncio.sleep(0.01)
    second, third = asyncio.create_task(group.submit(2)), asyncio.create_task(group.submit(3))
    await asyncio.sleep(0.01)
    second.cancel()
    database.gate.set()
    assert [await first, await third] == [2, 6]
    assert database.groups == [[1], [3]]


async def test_who_gives_up_in_the_midst_disturbs_nobody() -> None:
    """A caller cancelled while its group is being written leaves the others their answers."""
    database = Database()
    database.gate.clear()
    group = GroupCommit(database.flush)
    first, second = asyncio.create_task(group.submit(1)), asyncio.create_task(group.submit(2))
    await asyncio.sleep(0.01)
    first.cancel()
    database.gate.set()
    assert await second == 4


async def test_close_finishes_what_waits() -> None:
    """All that was submitted is answered; what comes later is refused."""
    database = Database()
    group = GroupCommit(database.flush, largest=2)
    waiting = [asyncio.create_task(group.submit(n)) for n in range(5)]
    await asyncio.sleep(0)
    await group.close()
    assert await asyncio.gather(*waiting) == [0, 2, 4, 6, 8]
    with pytest.raises(StoreUnavailableError, match="closed"):
        await group.submit(1)


async def test_the_end_of_the_loop_leaves_nobody_waiting() -> None:
    """When the worker is cancelled, so are those who wait for it."""
    database = Database()
    database.gate.clear()
    group = GroupCommit(database.flush, largest=1)
    waiting = [asyncio.create_task(group.submit(n)) for n in range(3)]
    await asyncio.sleep(0.01)
    worker = group._worker
    assert worker is not None
    worker.cancel()
    answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 60)
    assert all(isinstance(answer, asyncio.CancelledError) for answer in answers)
