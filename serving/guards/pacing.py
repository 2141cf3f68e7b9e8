"""How often somebody may ask: a token bucket per caller, shared by all workers of one machine.

The bucket is kept as the one moment at which it would be full again (the generic cell rate algorithm, ATM
Forum TM 4.0, 1996), so a full bucket needs no memory and its cell may be anybody's.  Cells lie in a memory
map: of this process alone, or of a file that the workers share.
"""

import fcntl
import mmap
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

_CELL = struct.Struct("<8sd")  # whose it is, and when the bucket is full again
_CELLS = 1 << 16
_PROBES = 16


class Pacing:
    """Buckets by caller.  Used from one thread of each process.

    Args:
        file: Where workers share the buckets; None keeps them in this process.
        clock: Seconds that never go back, the same for every process of the machine.
    """

    def __init__(self, file: Path | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        size = _CELLS * _CELL.size
        if file is None:
            self._file, self._cells = None, mmap.mmap(-1, size)
            return
        self._file = file.open("a+b")
        self._file.truncate(size)  # all zeros: every bucket is full
        self._cells = mmap.mmap(self._file.fileno(), size)

    def wait_for(self, caller: str, *, per_second: float, burst: int, cost: int = 1) -> float:
        """Take tokens from a caller's bucket; return 0, or the seconds until there are enough.

        Args:
            caller: Whose bucket.
            per_second: Tokens that come back.
            burst: Tokens of a full bucket.
            cost: Tokens that are wanted; more than the bucket holds take all of a full one.
        """
        name = blake2b(caller.encode(), digest_size=8).digest()
        with self._alone():
            now = self._clock()
            place, full_at = self._find(name, now)
            then = max(full_at, now) + min(cost, burst) / per_second
            early = then - burst / per_second - now
            if early > 1e-9:
                return early
            _CELL.pack_into(self._cells, place, name, then)
            return 0.0

    def _find(self, name: bytes, now: float) -> tuple[int, float]:
        """Return a caller's cell and its moment; a new caller takes one whose bucket is full.

        Where all are taken, the last of them is shared: too strict for two, never too lax.
        """
        first = int.from_bytes(name, "little")
        free: int | None = None
        place, full_at = 0, 0.0
        for probe in range(_PROBES):
            place = (first + probe) % _CELLS * _CELL.size
            held, full_at = _CELL.unpack_from(self._cells, place)
            if held == name:
                return place, full_at
            if free is None and full_at <= now:
                free = place
        return (free, 0.0) if free is not None else (place, full_at)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if self._file is None:
            yield
            return
        fcntl.lockf(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN)
