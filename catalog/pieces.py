"""Pieces: listings of several sources that are the same physical design.  The rules are in ``joining``.

Disagreements between joined listings are recorded, never averaged.
"""

import hashlib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.join_proposals import stored_ties
from catalog.joining import folded, join
from catalog.tables import disagreements, listings, piece_listings, pieces
from storage.batches import batches

COMPARED = ("category", "brand", "metal", "metal_colour", "fineness", "plating", "stones", "dimensions_mm")
_READ = (
    *("listing_id", "feed", "first_seen_at", "title", "gtin", "mpn", "certificate"),
    *COMPARED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PiecesReport:
    """How a collection's listings fell into pieces."""

    listings: int
    pieces: int
    joined: int  # pieces with listings of two or more sources
    by_rule: Mapping[str, int]  # listings by the rule that tied them to their piece
    disagreements: int
    changed: int  # rows written


def resolve_pieces(engine: Engine, collection: str) -> PiecesReport:
    """Join a collection's listings into pieces and write what changed, in one transaction.

    A piece keeps its id as long as its earliest listing stays in it; a piece merged into another leaves a row
    that forwards to it.  Running it again on the same listings writes nothing.
    """
    with engine.begin() as connection:
        rows = [
            dict(row._mapping)
            for row in connection.execute(
                sa.select(*(listings.c[name] for name in _READ))
                .where(listings.c.collection == collection)
                .order_by(listings.c.listing_id)
            )
        ]
        by_id = {row["listing_id"]: row for row in rows}
        before = {
            row.listing_id: (row.piece_id, row.rule)
            for row in connection.execute(
                sa.select(piece_listings).where(piece_listings.c.collection == collection)
            )
        }
        ties, _ = stored_ties(connection, collection, rows)
        groups = join(rows, ties=ties)
        names = _name_groups(
            [members for members, _ in groups], by_id, {one: was[0] for one, was in before.items()}
        )
        after = {
            listing_id: (names[index], rules.get(listing_id, "alone"))
            for index, (members, rules) in enumerate(groups)
            for listing_id in members
        }
        changed = _write_memberships(connection, collection, before, after)
        changed += _write_pieces(
            connection, collection, names, [members for members, _ in groups], by_id, before, after
        )
        found = {
            (names[index], field): said
            for index, (members, _) in enumerate(groups)
            for field, said in _disagreements([by_id[one] for one in members])
        }
        changed += _write_disagreements(connection, collection, found)
    by_rule: dict[str, int] = {}
    for _, rule in after.values():
        by_rule[rule] = by_rule.get(rule, 0) + 1
    return PiecesReport(
        listings=len(rows),
        pieces=len(groups),
        joined=sum(len({by_id[one]["feed"] for one in members}) > 1 for members, _ in groups),
        by_rule=by_rule,
        disagreements=len(found),
        changed=changed,
    )


def _name_groups(
    groups: list[list[str]], by_id: Mapping[str, Mapping[str, Any]], known: Mapping[str, str]
) -> list[str]:
    """Give every group its id, in the order of ``groups``.

    It is the id that the group's earliest known listing had, else a new one.  Groups claim ids in the order
    of their earliest listings, so the older part of a piece that was split keeps its id.
    """

    def age(listing_id: str) -> tuple[Any, str]:
        return by_id[listing_id]["first_seen_at"], listing_id

    orders = [sorted(members, key=age) for members in groups]
    in_use = set(known.values())
    taken: set[str] = set()
    names = [""] * len(groups)
    for index in sorted(range(len(groups)), key=lambda index: age(orders[index][0])):
        order = orders[index]
        name = next((known[one] for one in order if one in known and known[one] not in taken), None)
        if name is None:
            name = _new_id(order[0])
            while name in taken or name in in_use:
                name = _new_id(name)
        taken.add(name)
        names[index] = name
    return names


def _new_id(seed: str) -> str:
    return "p" + hashlib.sha256(seed.encode()).hexdigest()[:15]


def _write_memberships(
    connection: sa.Connection,
    collection: str,
    before: Mapping[str, tuple[str, str]],
    after: Mapping[str, tuple[str, str]],
) -> int:
    gone = [one for one in before if after.get(one) != before[one]]
    new = [one for one in after if before.get(one) != after[one]]
    for some in batches(gone, 1000):
        connection.execute(
            piece_listings.delete().where(
                piece_listings.c.collection == collection, piece_listings.c.listing_id.in_(some)
            )
        )
    if new:
        connection.execute(
            piece_listings.insert(),
            [
                {
                    "collection": collection,
                    "listing_id": one,
                    "piece_id": after[one][0],
                    "rule": after[one][1],
                }
                for one in new
            ],
        )
    return len(set(gone) | set(new))


def _write_pieces(
    connection: sa.Connection,
    collection: str,
    names: list[str],
    groups: list[list[str]],
    by_id: Mapping[str, Mapping[str, Any]],
    before: Mapping[str, tuple[str, str]],
    after: Mapping[str, tuple[str, str]],
) -> int:
    stored = {
        row.piece_id: row
        for row in connection.execute(sa.select(pieces).where(pieces.c.collection == collection))
    }
    changed = 0
    for name, members in zip(names, groups, strict=True):
        order = sorted(members, key=lambda one: (by_id[one]["first_seen_at"], one))
        first = by_id[order[0]]
        values = {
            "forwarded_to": None,
            "category": _first_stated(order, by_id, "category"),
            "brand": _first_stated(order, by_id, "brand"),
            "title": first["title"],
            "first_seen_at": first["first_seen_at"],
        }
        row = stored.pop(name, None)
        if row is None:
            connection.execute(pieces.insert().values(collection=collection, piece_id=name, **values))
        elif any(getattr(row, field) != value for field, value in values.items()):
            mine = (pieces.c.collection == collection, pieces.c.piece_id == name)
            connection.execute(pieces.update().where(*mine).values(**values))
        else:
            continue
        changed += 1
    successor = {
        was[0]: after[listing_id][0]
        for listing_id, was in sorted(before.items(), reverse=True)
        if listing_id in after
    }
    for name, row in stored.items():
        target = successor.get(name, row.forwarded_to)
        if target is not None and target != row.forwarded_to:
            mine = (pieces.c.collection == collection, pieces.c.piece_id == name)
            connection.execute(pieces.update().where(*mine).values(forwarded_to=target))
            changed += 1
    return changed


def _first_stated(order: list[str], by_id: Mapping[str, Mapping[str, Any]], field: str) -> Any:
    return next((by_id[one][field] for one in order if by_id[one][field]), None)


def _disagreements(members: list[Mapping[str, Any]]) -> Iterable[tuple[str, dict[str, Any]]]:
    for field in COMPARED if len(members) > 1 else ():
        said = {row["listing_id"]: row[field] for row in members if row[field]}
        if len(said) > 1 and _differ(list(said.values())):
            yield field, said


def _differ(values: list[Any]) -> bool:
    """Whether two sources contradict each other; one that states more measures than another does not."""
    if isinstance(values[0], dict):
        named = {name for value in values for name in value}
        return any(len({value[name] for value in values if name in value}) > 1 for name in named)
    return len({_comparable(value) for value in values}) > 1


def _comparable(value: Any) -> Hashable:
    if isinstance(value, str):
        return folded(value)
    return tuple(sorted(value)) if isinstance(value, list) else value


def _write_disagreements(
    connection: sa.Connection, collection: str, found: Mapping[tuple[str, str], dict[str, Any]]
) -> int:
    stored = {
        (row.piece_id, row.field): row.said
        for row in connection.execute(
            sa.select(disagreements).where(disagreements.c.collection == collection)
        )
    }
    changed = 0
    for piece_id, field in sorted(stored.keys() | found.keys()):
        said = found.get((piece_id, field))
        if stored.get((piece_id, field)) == said:
            continue
        connection.execute(
            disagreements.delete().where(
                disagreements.c.collection == collection,
                disagreements.c.piece_id == piece_id,
                disagreements.c.field == field,
            )
        )
        if said is not None:
            connection.execute(
                disagreements.insert().values(
                    collection=collection, piece_id=piece_id, field=field, said=said
                )
            )
        changed += 1
    return changed
