"""How much work assets may do at once."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkBounds:
    """Threads for pictures.

    Tries for a transient failure over all runs, the number of embedding shards, and the folder for downloads
    from a remote object store.
    """

    workers: int
    attempts: int
    shards: int
    cache: Path
