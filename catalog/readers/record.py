"""What a reader yields: records as the feed holds them, before our vocabulary, and how it may stop."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from catalog.declarations import FeedDeclaration
from catalog.listing import Damage, Reject, Remark
from catalog.rates.rate import Rate

EMPTY_FILE = Damage(
    place="file", message="the file is empty (0 bytes): have it exported again, and deliver it again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One item of a feed.  ``fields`` holds its columns or document, uninterpreted."""

    place: str
    fields: Mapping[str, Any]


Read = Record | Rate | Reject | Remark | Damage


class Reader(Protocol):
    """Read a delivery from its start.  A reader raises for no content: it yields Damage, once, and ends."""

    def __call__(self, path: Path, declaration: FeedDeclaration) -> Iterator[Read]:
        """Yield the delivery's records in its order."""
        ...
