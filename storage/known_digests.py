"""A file's digest, taken once in a process for as long as the file is the same.

A snapshot names the files of the one before it, and building, judging and opening it all ask whether they are
whole.  A file counts as the same while its device, inode, size and times of change are; one that was touched
within the last two seconds is read every time, because two writes may fall into one tick of the clock that a
file system keeps (the same care as Git's index takes).
"""

import os
import time
from pathlib import Path
from threading import Lock

from storage.objects import sha256_of_file

_SETTLED_NS = 2_000_000_000
_AT_MOST = 4_096

_Identity = tuple[int, int, int, int, int]

_KNOWN: dict[str, tuple[_Identity, str]] = {}
_LOCK = Lock()


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hexadecimal digits, remembered while it stays the same.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    now = time.time_ns()
    before = path.stat()
    identity = _identity(before)
    with _LOCK:
        known = _KNOWN.get(str(path))
    if known is not None and known[0] == identity:
        return known[1]
    digest = sha256_of_file(path)
    settled = now - max(before.st_mtime_ns, before.st_ctime_ns) > _SETTLED_NS
    if settled and _identity(path.stat()) == identity:
        with _LOCK:
            _KNOWN.pop(str(path), None)
            _KNOWN[str(path)] = (identity, digest)
            if len(_KNOWN) > _AT_MOST:
                del _KNOWN[next(iter(_KNOWN))]
    return digest


def _identity(stat: os.stat_result) -> _Identity:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
