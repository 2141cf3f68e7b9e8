"""Google Merchant's tab-separated feed: attribute names as the header, as ``image link`` or ``image_link``.

Attributes: https://support.google.com/merchants/answer/7052112
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from catalog.declarations import FeedDeclaration
from catalog.readers.record import Read, Record
from catalog.readers.tables import Row, read_rows

_NEXT_URL = re.compile(r"\s*,\s*(?=https?://)")


def read(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:  # noqa: ARG001 - the Reader shape
    """Yield the rows of a Google Merchant TSV file, with attribute names as in the XML feed."""
    required = (("id", "g:id", "ID", "Id"), ("title", "g:title", "Title", "TITLE"))
    for row in read_rows(path, delimiter="\t", required=required):
        if isinstance(row, Row):
            fields: dict[str, Any] = {attribute_name(column): cell for column, cell in row.cells.items()}
            more = fields.get("additional_image_link")
            if more:
                fields["additional_image_link"] = _NEXT_URL.split(more)
            yield Record(place=row.place, fields=fields)
        else:
            yield row


def attribute_name(column: str) -> str:
    """Return a header's attribute name as the specification writes it: lower case, underscores, no prefix."""
    return column.strip().casefold().removeprefix("g:").replace(" ", "_")
