"""Files that are there whole or not at all."""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; then sync the file and rename it into place.

    Whatever goes wrong before the end leaves what was there, and nothing beside it.
    """
    staged = path.with_name(f".{path.name[:80]}.{uuid.uuid4().hex}.part")
    try:
        yield staged
        with staged.open("rb") as file:
            os.fsync(file.fileno())
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write some bytes as a file."""
    with written_whole(path) as staged:
        staged.write_bytes(data)


def write_named(folder: Path, data: bytes) -> Path:
    """Write a file that is named by its digest, and return its path."""
    path = folder / hashlib.sha256(data).hexdigest()
    write_whole(path, data)
    return path
