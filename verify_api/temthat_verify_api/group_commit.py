"""Grouping for databases: whoever comes while one group is being written makes up the next group.

A commit costs about the same for one row as for hundreds. Here nobody waits for a timer: a lone caller is served at
once, and under load the groups grow by themselves. Each caller's answer comes after the commit of its group.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from temthat_verify_api.store import StoreUnavailableError

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """Callers await `submit`; one worker at a time calls `flush` with all that wait, at most `largest` of them.

    `flush` returns one result per item, in order. With `limit` callers waiting, further ones are turned away: a
    database that stands still must not fill the memory. Belongs to one event loop.
    """

    def __init__(
        self,
        flush: Callable[[list[Item]], Awaitable[Sequence[Result]]],
        *,
        largest: int = 500,
        limit: int = 5_000,
    ) -> None:
        self._flush = flush
        self._largest = largest
        self._limit = limit
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    async def submit(self, item: Item) -> Result:
        """This item's result, once its group is through.

        Raises `StoreUnavailableError` when too many wait already or after `close`, and whatever `flush` raised.
        """
        if self._closed:
            raise StoreUnavailableError("the store is closed")
        if len(self._waiting) >= self._limit:
            raise StoreUnavailableError(f"{self._limit} requests wait for the database already")
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await future

    async def close(self) -> None:
        """Take nothing new, and return when everything that waited has its answer."""
        self._closed = True
        if self._worker is not None:
            await self._worker

    async def _work(self) -> None:
        """Write group after group until nobody waits."""
        try:
            while group := self._next_group():
                await self._serve(group)
        finally:
            self._worker = None

    def _next_group(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        """The longest waiting, without those who gave up."""
        group: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._waiting and len(group) < self._largest:
            item, future = self._waiting.popleft()
            if not future.done():
                group.append((item, future))
        return group

    async def _serve(self, group: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._flush([item for item, _ in group])
        except asyncio.CancelledError:
            # The event loop is ending: nobody may be left waiting for an answer that cannot come.
            for _, future in [*group, *self._waiting]:
                future.cancel()
            self._waiting.clear()
            raise
        except Exception as error:  # noqa: BLE001 - not swallowed: every caller of the group gets it
            for _, future in group:
                if not future.done():
                    future.set_exception(_own_copy(error))
            return
        for (_, future), result in zip(group, results, strict=True):
            if not future.done():
                future.set_result(result)


def _own_copy(error: Exception) -> Exception:
    """One exception raised by hundreds of callers would collect all their tracebacks."""
    if isinstance(error, StoreUnavailableError):
        copy = StoreUnavailableError(*error.args)
        copy.__cause__ = error.__cause__
        return copy
    return error
