"""Bytes by key: one narrow interface, a local folder behind it; ``storage.s3`` has the other implementation.

Keys are ``/``-separated, relative, and safe as paths.  A key whose last part is a digest is immutable:
writing it twice is a no-op, never an overwrite, so a reader that has the file mapped is never disturbed.
"""

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from storage.files import write_whole, written_whole

_KEY = re.compile(r"[A-Za-z0-9._=+@-]+(/[A-Za-z0-9._=+@-]+)*")


class ObjectStoreError(Exception):
    """An object store could not do what was asked; the message names the key and the remedy."""


class ObjectMissingError(ObjectStoreError):
    """There is no object under this key."""


class ObjectStore(Protocol):
    """Store and fetch whole objects; writes are atomic, and a reader sees all of an object or none of it."""

    url: str

    def put(self, key: str, data: bytes) -> None:
        """Store ``data`` under ``key``, replacing what was there."""
        ...

    def put_file(self, key: str, path: Path) -> None:
        """Store a file's content under ``key``; the file stays where it is."""
        ...

    def get(self, key: str) -> bytes:
        """Return an object's bytes, or raise ObjectMissingError."""
        ...

    def exists(self, key: str) -> bool:
        """Tell whether there is an object under ``key``."""
        ...

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield every key that starts with ``prefix`` (a whole folder: it ends with ``/``), sorted."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; removing what is not there is no error."""
        ...

    def local_path(self, key: str, cache: Path) -> Path:
        """Return a local file with the object's bytes.

        Downloaded under ``cache`` where the store is remote.
        """
        ...


def checked_key(key: str) -> str:
    """Return ``key``, or raise ObjectStoreError when it could leave the store or is not portable."""
    if not _KEY.fullmatch(key) or ".." in key.split("/"):
        message = f"object key {key!r} is not portable: use letters, digits and ._=+@- between slashes"
        raise ObjectStoreError(message)
    return key


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of ``data`` as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_key(room: str, digest: str, suffix: str = "") -> str:
    """Return the key of an object named by its digest, fanned out by its first two digits.

    Example: ``digest_key("images", "ab12…")`` is ``images/ab/ab12…``.
    """
    return f"{room}/{digest[:2]}/{digest}{suffix}"


class LocalObjectStore:
    """Objects as files under one folder.  Writes: stage, fsync, rename."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.url = str(root)
        root.mkdir(parents=True, exist_ok=True)

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)

    def put(self, key: str, data: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, data)

    def put_file(self, key: str, path: Path) -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(target) as staged:
            shutil.copyfile(path, staged)

    def get(self, key: str) -> bytes:
        try:
            return self._path(key).read_bytes()
        except FileNotFoundError:
            message = f"object {key} is missing from {self.root}"
            raise ObjectMissingError(message) from None

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def keys(self, prefix: str) -> Iterator[str]:
        folder = self._path(prefix.rstrip("/")) if prefix else self.root
        if not folder.is_dir():
            return
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.endswith(".part"):
                yield path.relative_to(self.root).as_posix()

    def delete(self, key: str) -> None:
        with suppress(FileNotFoundError):
            self._path(key).unlink()

    def local_path(self, key: str, cache: Path) -> Path:  # noqa: ARG002 - the object is a local file already
        path = self._path(key)
        if not path.is_file():
            message = f"object {key} is missing from {self.root}"
            raise ObjectMissingError(message)
        return path
