"""Who is told how far a long job is: nobody, unless a command listens."""

from typing import Any


class Listener:
    """Hear of a job's steps and of what came of them; this one does nothing with it."""

    def step(self, what: str, done: int, total: int) -> None:
        """Hear that ``done`` of ``total`` are done of what is done now."""

    def result(self, value: Any) -> None:
        """Hear what a step came to."""
