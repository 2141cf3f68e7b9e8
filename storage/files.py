"""Files that are there whole or not at all."""

import os
import uuid
from pathlib import Path

from storage.objects import sha256_hex


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside ``path``, sync it, and rename it into place; a crash leaves the former one."""
    staged = path.with_name(f".{path.name[:80]}.{uuid.uuid4().hex}.part")
    try:
        with staged.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def write_named(folder: Path, data: bytes) -> Path:
    """Write a file that is named by its digest, and return its path."""
    path = folder / sha256_hex(data)
    write_whole(path, data)
    return path
