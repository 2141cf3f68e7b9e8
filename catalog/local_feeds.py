"""Whether a local feed has changed, without reading it."""

import hashlib
from pathlib import Path

from catalog.declarations import FeedDeclaration
from catalog.locations import UNFINISHED


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
        found = [location]
    else:
        found = sorted(
            location.rglob("*") if declaration.format == "images" else location.glob(declaration.files)
        )
    files = [path for path in found if path.is_file() and not _passed_over(path.relative_to(location))]
    seen = hashlib.sha256()
    for path in files:
        status = path.stat()
        line = f"{path}\0{status.st_size}\0{status.st_mtime_ns}\n"
        seen.update(line.encode("utf-8", "surrogateescape"))
    return seen.hexdigest()[:32] if files else None


def _passed_over(path: Path) -> bool:
    """Whether a path is hidden, or still being written by a program that says so in the name."""
    return any(part.startswith(".") for part in path.parts) or path.name.endswith(UNFINISHED)
