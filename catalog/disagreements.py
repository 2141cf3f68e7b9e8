"""The rows of a cross-reference: contradictions and trust, written where they changed."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.cross_reference import CrossReference
from catalog.tables import disagreements, source_trust


def write_cross_reference(connection: Connection, collection: str, found: CrossReference) -> int:
    """Write a collection's contradictions and the trust in its sources; return how many rows changed."""
    rows: dict[tuple[str, str], dict[str, Any]] = {
        key: {"said": dict(one.said), "counts": one.counts, "why": one.why}
        for key, one in found.disagreements.items()
    }
    trust: dict[tuple[str, str], dict[str, Any]] = {
        key: {"agreed": one.agreed, "disagreed": one.disagreed, "trust": one.value}
        for key, one in found.trust.items()
    }
    return _replace_changed(connection, disagreements, collection, rows) + _replace_changed(
        connection, source_trust, collection, trust
    )


def _replace_changed(
    connection: Connection,
    table: sa.Table,
    collection: str,
    rows: Mapping[tuple[str, str], Mapping[str, Any]],
) -> int:
    """Bring a table whose key is the collection and two more columns to ``rows``."""
    first, second = [column for column in table.primary_key.columns if column.name != "collection"]
    values = [column.name for column in table.columns if not column.primary_key]
    stored = {
        (row._mapping[first], row._mapping[second]): {name: row._mapping[name] for name in values}
        for row in connection.execute(sa.select(table).where(table.c.collection == collection))
    }
    changed = [key for key in sorted(stored.keys() | rows.keys()) if stored.get(key) != rows.get(key)]
    for one, other in changed:
        if (one, other) in stored:
            connection.execute(
                table.delete().where(table.c.collection == collection, first == one, second == other)
            )
    new = [
        {"collection": collection, first.name: key[0], second.name: key[1], **rows[key]}
        for key in changed
        if key in rows
    ]
    if new:
        connection.execute(table.insert(), new)
    return len(changed)
