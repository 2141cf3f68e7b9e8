"""A private folder for the files of a build in progress, where a killed build finds what it had finished.

One process of a machine builds a collection at a time; the lock goes with the process, however it ends.
"""

import fcntl
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index_builds.errors import BuildBusyError, BuildInputError

_NAME = re.compile(r"[A-Za-z0-9._=+@-]{1,64}")


@contextmanager
def staging_folder(cache: Path, collection: str) -> Iterator[Path]:
    """Give the staging folder of a collection, held alone.

    Raises:
        BuildBusyError: If another process holds it.
        BuildInputError: If the collection's name cannot be a folder's.
    """
    if not _NAME.fullmatch(collection) or set(collection) == {"."}:
        message = (
            f"collection {collection!r} cannot name a folder: use letters, digits and ._=+@-, at most 64"
        )
        raise BuildInputError(message)
    folder = cache / "staged" / collection
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"collection {collection} is being built by another process: wait for it"
            raise BuildBusyError(message) from None
        yield folder


def keep_only(folder: Path, names: set[str]) -> None:
    """Remove what earlier builds of other inputs left behind."""
    for path in folder.iterdir():
        if path.name not in names and path.name != ".lock":
            path.unlink()
