"""Run the loupe command and die by SIGKILL at its n-th durable write.

An object stored, or a transaction committed.

    python die_at_write.py N CONFIG ARGUMENT...

Every durable write of the catalogue, the snapshots and the object store is a point at which a machine may go
away; N chooses one.  Exit status 0 means that the command came to its end with fewer writes than that.
"""

import os
import signal
import sys

from sqlalchemy import event
from sqlalchemy.engine import Engine

from orchestration.cli.main import main
from storage.objects import LocalObjectStore


class Countdown:
    """Counts durable writes down to the last one this process makes."""

    def __init__(self, left: int) -> None:
        self.left = left

    def write(self) -> None:
        """Count one; at zero, die before it happens."""
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


countdown = Countdown(int(sys.argv[1]))


def committing(connection) -> None:
    """Count commits of the catalogue; Dagster's own databases are not ours."""
    if str(connection.engine.url.database).endswith("catalogue.db"):
        countdown.write()


def counted(store):
    """Count a store's write before it happens."""

    def write(self, *arguments):
        countdown.write()
        return store(self, *arguments)

    return write


event.listen(Engine, "commit", committing)
LocalObjectStore.put = counted(LocalObjectStore.put)
LocalObjectStore.put_file = counted(LocalObjectStore.put_file)
sys.argv = ["loupe", "--config", *sys.argv[2:]]
main()
