"""Whether a local feed has changed, without reading it."""

import hashlib
from pathlib import Path

from catalog.declarations import FeedDeclaration


def is_local(declaration: FeedDeclaration) -> bool:
    """Tell whether a feed's location is a path of this machine."""
    return "://" not in declaration.location


def fingerprint(declaration: FeedDeclaration) -> str | None:
    """Return a digest of the names, sizes and modification times of a local feed's files.

    None while it is empty.

    Equal fingerprints mean "nothing to fetch"; different ones only "look": what counts is the content's
    digest.
    """
    location = Path(declaration.location)
    if location.is_file():
        files = [location]
    elif declaration.format == "images":
        files = sorted(path for path in location.rglob("*") if path.is_file())
    else:
        files = sorted(path for path in location.glob(declaration.files) if path.is_file())
    seen = hashlib.sha256()
    for path in files:
        if path.name.startswith("."):
            continue
        status = path.stat()
        seen.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return seen.hexdigest()[:32] if files else None
