"""Run everything and die by SIGKILL at the n-th durable write: an object stored, or a transaction committed.

Every durable write of the catalogue, the snapshots and the object store is where a machine may go away.
"""

import os
import signal
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.engine import Engine

from orchestration.refresh import refresh
from orchestration.settings import load_settings
from storage.objects import LocalObjectStore

# What a fork server loads once, so that each doomed run starts at once.
PRELOADED = [
    "die_at_write",
    "quality.expectations",
    "vision.open_clip_encoder",
    "index_builds.pipeline",
    "index_builds.promotion",
]


def run_and_die(config: str, write: int) -> None:
    """Run every collection of a deployment; die before the n-th durable write, or end by returning."""
    left = write

    def writing() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def committing(connection) -> None:
        # Dagster's own databases are not ours.
        if str(connection.engine.url.database).endswith("catalogue.db"):
            writing()

    def counted(store):
        def write_object(self, *arguments):
            writing()
            return store(self, *arguments)

        return write_object

    event.listen(Engine, "commit", committing)
    LocalObjectStore.put = counted(LocalObjectStore.put)
    LocalObjectStore.put_file = counted(LocalObjectStore.put_file)
    settings = load_settings(Path(config), {})
    outcome = refresh(settings, list(settings.collections), lambda *_: None)
    if outcome.failures:
        raise SystemExit(str(outcome.failures))
