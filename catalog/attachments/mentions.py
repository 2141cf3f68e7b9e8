"""Which files beside pictures a record names.  Fetching them is ``catalog.attachments.ledger``'s."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from catalog.declarations import ATTACHMENT_KINDS
from catalog.field_paths import all_stated, as_text
from catalog.listing import AttachmentMention
from catalog.texts import shortened, storable

LONGEST_LOCATION = 2000
LONGEST_NAME = 200
MOST_ATTACHMENTS = 50
_ADDRESS_KEYS = ("src", "url", "href", "file", "path", "link")
_NAME_KEYS = ("name", "title", "label", "description")


def attachment_mentions(
    record: Mapping[str, Any], mapping: Mapping[str, str]
) -> tuple[tuple[AttachmentMention, ...], list[str]]:
    """Return the files that a record names, each once, by kind, and what is to be remarked about them."""
    found: dict[tuple[str, str], AttachmentMention] = {}
    complaints = []
    for kind in ATTACHMENT_KINDS:
        path = mapping.get(f"attachments.{kind}")
        if path is None:
            continue
        for location, name in _named(record, path):
            if len(location) > LONGEST_LOCATION:
                complaints.append(
                    f"a file's address has {len(location)} letters, more than {LONGEST_LOCATION}: left out"
                )
                continue
            mention = AttachmentMention(kind=kind, location=location, name=shortened(name, LONGEST_NAME))
            found.setdefault((kind, location), mention)
    if len(found) > MOST_ATTACHMENTS:
        complaints.append(f"the listing names {len(found)} files: the first {MOST_ATTACHMENTS} were taken")
    return tuple(found.values())[:MOST_ATTACHMENTS], complaints


def _named(record: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for one in path.split(","):
        for stated in all_stated(record, one.strip()):
            values = stated.value if isinstance(stated.value, list | tuple) else [stated.value]
            for value in values:
                yield from _address(value)


def _address(value: Any) -> Iterator[tuple[str, str]]:
    name = ""
    if isinstance(value, Mapping):
        name = next((as_text(value[key]) for key in _NAME_KEYS if value.get(key)), "")
        value = next((value[key] for key in _ADDRESS_KEYS if value.get(key)), "")
    location = storable(str(value)).strip() if isinstance(value, str) else ""
    if location:
        yield location, name or _file_name(location)


def _file_name(location: str) -> str:
    try:
        path = urlsplit(location).path if "://" in location else location
    except ValueError:
        path = location
    return PurePosixPath(unquote(path)).name or location
