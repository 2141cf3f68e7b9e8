"""What several ask for at once is done once; what can be done together waits a moment for company."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False, slots=True)
class _Flight(Generic[Result]):
    task: asyncio.Task[Result]
    callers: int = 0


class SingleFlight(Generic[Result]):
    """Share one running call among all who ask for the same.  Used from one event loop."""

    def __init__(self) -> None:
        self._running: dict[Hashable, _Flight[Result]] = {}
        self.shared = 0

    async def do(self, key: Hashable, call: Callable[[], Awaitable[Result]]) -> Result:
        """Return what the call returns, or raise what it raises.

        A caller that goes away does not end it for the others; the last one that goes does.
        """
        flight = self._running.get(key)
        if flight is None:

            async def run() -> Result:
                try:
                    return await call()
                finally:
                    self._forget(key, asyncio.current_task())

            flight = self._running[key] = _Flight(asyncio.ensure_future(run()))
            # Where every caller has gone, nobody is left to look at an exception.
            flight.task.add_done_callback(lambda done: done.cancelled() or done.exception())
        else:
            self.shared += 1
        flight.callers += 1
        try:
            return await asyncio.shield(flight.task)
        finally:
            flight.callers -= 1
            if not flight.callers and not flight.task.done():
                self._forget(key, flight.task)  # who comes now finds none that is ending
                flight.task.cancel()

    def _forget(self, key: Hashable, task: "asyncio.Task[Result] | None") -> None:
        held = self._running.get(key)
        if held is not None and held.task is task:
            del self._running[key]


class MicroBatch(Generic[Item, Result]):
    """Gather items for a moment, and work on them together.  Used from one event loop.

    Args:
        work: Takes the items of a batch; gives a result, or an exception, for each in its place.
        window_ms: How long the first item of a batch waits.
        most: Items of a batch.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        window_ms: float,
        most: int,
    ) -> None:
        self._work, self._window, self._most = work, window_ms / 1_000, most
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.batches = 0

    async def do(self, item: Item) -> Result:
        """Return the item's result."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._most:
            self._start()
        elif self._timer is None:
            self._timer = loop.call_later(self._window, self._start)
        return await future

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        batch = [(item, future) for item, future in self._waiting if not future.done()]
        self._waiting = []
        if batch:
            self.batches += 1
            task = asyncio.ensure_future(self._run(batch))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, batch: list[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        results: Sequence[Result | Exception]
        try:
            results = await self._work([item for item, _ in batch])
        except Exception as error:  # it is every waiting caller's, who raise it
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
