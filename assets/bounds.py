"""How much work assets may do at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkBounds:
    """Threads for pictures.

    Tries for a transient failure over all runs, and the number of embedding shards.
    """

    workers: int
    attempts: int
    shards: int
