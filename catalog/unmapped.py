"""What feeds say that our vocabulary has no word for, by frequency: what to add, or to have mended.

Counted from the raw texts that live listings keep in ``read_from``, read again as their feed is declared now:
a text that meanwhile maps to something is no longer counted, though its listings change with the next
delivery only.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.declarations import FeedDeclaration
from catalog.standardise import Standardiser
from catalog.tables import listings
from storage.database import reading

# Fields that are read whole or not at all; of these, one with a value has nothing unmapped.
_WHOLE = {
    "category": "category",
    "metal": "metal",
    "metal_colour": "metal_colour",
    "fineness": "fineness",
    "plating": "plating",
    "colour": "colour",
    "weight": "weight_g",
    "gtin": "gtin",
    "rating": "rating",
}
_ROWS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmappedValue:
    """One text that stands for nothing we know: how many live listings state it, and one of them."""

    feed: str
    field: str
    column: str
    value: str
    count: int
    example: str  # listing id
    message: str


def unmapped_values(engine: Engine, collection: str, declaration: FeedDeclaration) -> list[UnmappedValue]:
    """Return the values of one feed's live listings that map to nothing, the most frequent first."""
    stated: Counter[tuple[str, str, str]] = Counter()  # field, column, raw text
    examples: dict[tuple[str, str, str], str] = {}
    asked = sa.select(
        listings.c.listing_id,
        listings.c.read_from,
        listings.c.availability,
        *(listings.c[one] for one in _WHOLE.values()),
    ).where(
        listings.c.collection == collection,
        listings.c.feed == declaration.name,
        listings.c.withdrawn_at.is_(None),
    )
    with reading(engine) as connection:
        rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(
            asked.order_by(listings.c.listing_id)
        )
        for row in rows:
            for field, column, raw in _without_value(row):
                stated[field, column, raw] += 1
                examples.setdefault((field, column, raw), row.listing_id)
    standardiser = Standardiser(declaration)
    counts: Counter[tuple[str, str, str]] = Counter()
    said: dict[tuple[str, str, str], tuple[str, str]] = {}  # message and example
    for (field, column, raw), count in stated.items():
        for value, message in standardiser.complaints(field, raw):
            counts[field, column, value] += count
            said.setdefault((field, column, value), (message, examples[field, column, raw]))
    return [
        UnmappedValue(
            feed=declaration.name,
            field=field,
            column=column,
            value=value,
            count=count,
            example=said[field, column, value][1],
            message=said[field, column, value][0],
        )
        for (field, column, value), count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]


def most_frequent(
    engine: Engine, collection: str, declarations: Sequence[FeedDeclaration], *, most: int = 20
) -> list[UnmappedValue]:
    """Return the ``most`` values of each feed that map to nothing and are most frequent, all by frequency."""
    found = [
        value
        for declaration in declarations
        for value in unmapped_values(engine, collection, declaration)[:most]
    ]
    return sorted(found, key=lambda one: (-one.count, one.feed, one.field, one.column, one.value))


def as_markdown(found: Iterable[UnmappedValue], *, most: int = 20) -> str:
    """Return the first ``most`` values as a Markdown table; a sentence where there are none."""
    rows = list(found)
    if not rows:
        return "Every value that the live listings state maps to our vocabulary."
    lines = ["| field | value | listings | example | column |", "|---|---|---|---|---|"]
    lines += [
        f"| {one.field} | {_cell(one.value)} | {one.count} | {_cell(one.example)} | {_cell(one.column)} |"
        for one in rows[:most]
    ]
    if len(rows) > most:
        feeds = {one.feed for one in rows}
        asked = f" {rows[0].feed}" if len(feeds) == 1 else ""
        lines += ["", f"and {len(rows) - most} more: `loupe feeds unmapped{asked}`"]
    return "\n".join(lines)


def _without_value(row: Any) -> Iterable[tuple[str, str, str]]:
    for field, where in row.read_from.items():
        has_value = getattr(row, _WHOLE[field]) is not None if field in _WHOLE else False
        if field == "availability":
            has_value = row.availability != "unknown"
        if not has_value and where["column"] != "title":
            yield field, where["column"], where["raw"]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").replace("`", "'").replace("<", "&lt;").split())
