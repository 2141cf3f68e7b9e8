"""Remember what was used last, up to a number of entries and of bytes, and not for ever."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class BoundedCache(Generic[Key, Value]):
    """Least recently used goes first.  Safe to share between threads.

    Args:
        entries: At most; 0 remembers nothing.
        size: Bytes at most, as ``put`` is told.
        seconds: How old an entry may be; None for any age.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        *,
        entries: int,
        size: int,
        seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._entries, self._size, self._seconds, self._clock = entries, size, seconds, clock
        self._held: OrderedDict[Key, tuple[Value, int, float]] = OrderedDict()
        self._lock = Lock()
        self.bytes = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Key) -> Value | None:
        """Return what is remembered, or None."""
        with self._lock:
            found = self._held.get(key)
            if found is not None and self._seconds is not None and self._clock() - found[2] > self._seconds:
                self._forget(key)
                found = None
            if found is None:
                self.misses += 1
                return None
            self.hits += 1
            self._held.move_to_end(key)
            return found[0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Remember a value of some bytes; one larger than all that may be remembered is not."""
        if size > self._size or not self._entries:
            return
        with self._lock:
            if key in self._held:
                self._forget(key)
            self._held[key] = (value, size, self._clock())
            self.bytes += size
            while len(self._held) > self._entries or self.bytes > self._size:
                self._forget(next(iter(self._held)))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._held.clear()
            self.bytes = 0

    def _forget(self, key: Key) -> None:
        self.bytes -= self._held.pop(key)[1]
