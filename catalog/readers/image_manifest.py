"""A folder of pictures, delivered as a manifest of path, bytes and digest.  Each picture is a listing."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from catalog.declarations import FeedDeclaration
from catalog.listing import Reject
from catalog.readers import json_lines
from catalog.readers.record import Read, Record
from catalog.texts import clean_text, shortened
from catalog.vocabulary import category_in

_SEPARATORS = re.compile(r"[_\s]+|(?<=\w)-(?=\w)")


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:
    """Yield one record per picture: path, a title from its name, a category from its folders."""
    if path.stat().st_size == 0:
        return  # an empty folder is a statement, not damage
    for one in json_lines.read(path, declaration):
        if not isinstance(one, Record):
            yield one
            continue
        location = one.fields.get("path")
        if not isinstance(location, str) or not location.strip():
            message = "the manifest's line has no path"
            yield Reject(
                place=one.place, reason="missing_id", message=message, value=shortened(str(one.fields), 200)
            )
            continue
        yield Record(
            place=one.place,
            fields={
                **one.fields,
                "title": title_of(location),
                "category": _category(location, declaration.language),
            },
        )


def title_of(location: str) -> str:
    """Return a file's name as words: ``gold-ring_02.jpg`` is "gold ring 02"."""
    stem = PurePosixPath(location).stem
    return clean_text(_SEPARATORS.sub(" ", stem)) or clean_text(stem) or location


def _category(location: str, language: str) -> str:
    folders = PurePosixPath(location).parts[:-1]
    return next((folder for folder in reversed(folders) if category_in(folder, language=language)), "")
