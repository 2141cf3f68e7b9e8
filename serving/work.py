"""A bounded pool of threads for what must not run on the event loop: search, encoding, SQL."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Lock
from typing import ParamSpec, TypeVar

from index_builds.faiss_threads import searching_threads
from serving.errors import OverloadedError

Given = ParamSpec("Given")
Result = TypeVar("Result")


class WorkPool:
    """Threads, and a bound on what waits for them.  Used from one event loop.

    Args:
        threads: Calls that run at once.
        waiting: Calls that may wait beyond those.
        faiss_threads: Of one search within a call.
        waited: Told the seconds that each call waited for its thread.
        refused: Told of each call that is refused.
    """

    def __init__(
        self,
        *,
        threads: int,
        waiting: int,
        faiss_threads: int = 1,
        waited: Callable[[float], None] = lambda _: None,
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        self._most = threads + waiting
        self._waited, self._refused = waited, refused
        self.pending = 0
        self._lock = Lock()
        self._pool = searching_threads(threads, each=faiss_threads, name="loupe-serve")

    async def do(
        self, call: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs
    ) -> Result:
        """Run a call in a thread, in the caller's context, and return what it returns.

        Where the caller is cancelled, a call that has not begun never does.

        Raises:
            OverloadedError: If too many wait already.
        """
        if self.pending >= self._most:
            self._refused()
            message = f"{self.pending} queries are being answered or wait: ask again in a second"
            raise OverloadedError(message)
        came, context = time.perf_counter(), copy_context()

        def run() -> Result:
            self._waited(time.perf_counter() - came)
            return context.run(call, *arguments, **named)

        future = self._pool.submit(run)
        with self._lock:
            self.pending += 1
        future.add_done_callback(self._ended)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Wait for what runs, and drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _ended(self, _: Future[Result]) -> None:
        with self._lock:
            self.pending -= 1
