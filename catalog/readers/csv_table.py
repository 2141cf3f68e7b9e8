"""CSV with a mapping: each row is a record, its columns as the header names them."""

from collections.abc import Iterator
from pathlib import Path

from catalog.declarations import FeedDeclaration
from catalog.readers.record import Read, Record
from catalog.readers.tables import Row, read_rows


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:
    """Yield the rows of a CSV file."""
    for row in read_rows(path, required=_required(declaration)):
        yield Record(place=row.place, fields=row.cells) if isinstance(row, Row) else row


def _required(declaration: FeedDeclaration) -> list[list[str]]:
    """Return the columns that source_id and title are mapped to, where the mapping names plain columns."""
    groups = []
    for field in ("source_id", "title"):
        path = declaration.mapping.get(field)
        if path is not None and field not in declaration.defaults and "{" not in path:
            groups.append([path, *(alternative.strip() for alternative in path.split("|"))])
    return groups
