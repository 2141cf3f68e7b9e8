"""A bounded pool of threads for what must not run on the event loop: search, encoding, SQL."""

import asyncio
import time
from collections.abc import Callable
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
        self._pool = searching_threads(threads, each=faiss_threads, name="loupe-serve")

    async def do(
        self, call: Callable[Given, Result], *arguments: Given.args, **named: Given.kwargs
    ) -> Result:
        """Run a call in a thread and return what it returns.

        Raises:
            OverloadedError: If too many wait already.
        """
        if self.pending >= self._most:
            self._refused()
            message = f"{self.pending} queries are being answered or wait: ask again in a second"
            raise OverloadedError(message)
        self.pending += 1
        try:
            came = time.perf_counter()

            def run() -> Result:
                self._waited(time.perf_counter() - came)
                return call(*arguments, **named)

            future = self._pool.submit(run)
            return await asyncio.wrap_future(future)
        finally:
            self.pending -= 1

    def close(self) -> None:
        """Wait for what runs, and drop what waits."""
        self._pool.shutdown(wait=True, cancel_futures=True)
