"""Pieces: listings of several sources that are the same physical design.

The rules that join them are in ``joining``, what people decided in ``decided_joins``, and whose word counts
where joined listings disagree in ``cross_reference``.
"""

import hashlib
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from catalog.cross_reference import COMPARED, CrossReference, cross_reference, followed
from catalog.decided_joins import DecidedJoins, Overruled, settle
from catalog.decisions import Decision, in_force
from catalog.disagreements import write_cross_reference
from catalog.join_proposals import stored_ties
from catalog.joining import Tie, join
from catalog.tables import feeds, listings, piece_listings, pieces
from storage.batches import batches

_READ = (
    *("listing_id", "feed", "first_seen_at", "title", "gtin", "mpn", "certificate"),
    *("withdrawn_at", "price_minor", "currency"),
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
    overruled: tuple[Overruled, ...]  # decisions that cannot hold beside newer ones
    dormant: tuple[Decision, ...]  # decisions that name a listing which is not there
    changed: int  # rows written


def resolve_pieces(engine: Engine, collection: str) -> PiecesReport:
    """Join a collection's listings into pieces and write what changed, in one transaction.

    A piece keeps its id as long as its earliest listing stays in it; a piece merged into another leaves a row
    that forwards to it.  What people decided outranks every rule.  Running it again on the same listings and
    decisions writes nothing.
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
        stored = {
            row.piece_id: row
            for row in connection.execute(sa.select(pieces).where(pieces.c.collection == collection))
        }
        decided = settle(in_force(connection, collection, "join").values(), by_id)
        looked_alike, _ = stored_ties(connection, collection, rows)
        groups = join(rows, ties=(*decided.ties, *looked_alike), apart=decided.apart)
        names = _name_groups(
            [members for members, _ in groups], by_id, {one: was[0] for one, was in before.items()}, stored
        )
        after = {
            listing_id: (names[index], rules.get(listing_id, "alone"))
            for index, (members, rules) in enumerate(groups)
            for listing_id in members
        }
        members_of = {name: _by_age(members, by_id) for name, (members, _) in zip(names, groups, strict=True)}
        forwarded = _forwarded(stored, members_of, before, after)
        merged = _merged_by_decision(rows, by_id, decided, looked_alike, stored, after)
        found = cross_reference(
            members_of,
            _kinds(connection, collection),
            followed(
                in_force(connection, collection, "contradiction").values(),
                forwarded | {name: after[members[0]["listing_id"]][0] for name, members in merged.items()},
            ),
        )
        changed = _write_memberships(connection, collection, before, after)
        changed += _write_pieces(connection, collection, members_of, found, stored)
        changed += _write_forwarded(connection, collection, forwarded, stored)
        changed += _write_merged(connection, collection, merged, after, found)
        changed += write_cross_reference(connection, collection, found)
    by_rule: dict[str, int] = {}
    for _, rule in after.values():
        by_rule[rule] = by_rule.get(rule, 0) + 1
    return PiecesReport(
        listings=len(rows),
        pieces=len(groups),
        joined=sum(len({by_id[one]["feed"] for one in members}) > 1 for members, _ in groups),
        by_rule=by_rule,
        disagreements=len(found.disagreements),
        overruled=decided.overruled,
        dormant=decided.dormant,
        changed=changed,
    )


def _kinds(connection: Connection, collection: str) -> dict[str, str]:
    chosen = sa.select(feeds.c.feed, feeds.c.kind).where(feeds.c.collection == collection)
    return {row.feed: row.kind for row in connection.execute(chosen)}


def _by_age(members: Iterable[str], by_id: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    rows = (by_id[one] for one in members)
    return sorted(rows, key=lambda row: (row["first_seen_at"], row["listing_id"]))


def _name_groups(
    groups: list[list[str]],
    by_id: Mapping[str, Mapping[str, Any]],
    known: Mapping[str, str],
    stored: Container[str],
) -> list[str]:
    """Give every group its id, in the order of ``groups``.

    It is the id that the group's earliest known listing had, else one that a listing of it gave its name to
    and that nobody has now (so pieces that were merged and are told apart again have their old ids), else a
    new one.  Groups claim ids in the order of their earliest listings, so the older part of a piece that was
    split keeps its id.
    """
    orders = [[row["listing_id"] for row in _by_age(members, by_id)] for members in groups]
    in_use = set(known.values())
    taken: set[str] = set()
    names = [""] * len(groups)

    def age(index: int) -> tuple[Any, str]:
        first = orders[index][0]
        return by_id[first]["first_seen_at"], first

    for index in sorted(range(len(groups)), key=age):
        order = orders[index]
        held = (known[one] for one in order if one in known)
        left = (name for name in map(_new_id, order) if name in stored and name not in in_use)
        name = next((one for one in chain(held, left) if one not in taken), None)
        if name is None:
            name = _new_id(order[0])
            while name in taken or name in in_use:
                name = _new_id(name)
        taken.add(name)
        names[index] = name
    return names


def _new_id(seed: str) -> str:
    return "p" + hashlib.sha256(seed.encode()).hexdigest()[:15]


def _forwarded(
    stored: Mapping[str, Any],
    live: Container[str],
    before: Mapping[str, tuple[str, str]],
    after: Mapping[str, tuple[str, str]],
) -> dict[str, str]:
    """Return where each stored piece that no listing is left in forwards to."""
    successor = {
        was[0]: after[listing_id][0]
        for listing_id, was in sorted(before.items(), reverse=True)
        if listing_id in after
    }
    targets = {
        name: successor.get(name, row.forwarded_to) for name, row in stored.items() if name not in live
    }
    return {name: target for name, target in targets.items() if target is not None}


def _merged_by_decision(
    rows: list[dict[str, Any]],
    by_id: Mapping[str, Mapping[str, Any]],
    decided: DecidedJoins,
    ties: Iterable[Tie],
    stored: Container[str],
    after: Mapping[str, tuple[str, str]],
) -> dict[str, list[Mapping[str, Any]]]:
    """Return pieces that only a decision merged and that no row knows, with the listings they would have.

    Pieces that are built anew under decisions so leave the rows that those which saw the merge have left.
    """
    if not decided.ties:
        return {}
    apart = [_by_age(members, by_id) for members, _ in join(rows, ties=ties, apart=decided.apart)]
    parts = Counter(after[order[0]["listing_id"]][0] for order in apart)
    live = {name for name, _ in after.values()}
    merged = {}
    for order in apart:
        own = [_new_id(row["listing_id"]) for row in order]
        if parts[after[order[0]["listing_id"]][0]] > 1 and not any(
            one in stored or one in live for one in own
        ):
            merged[own[0]] = order
    return merged


def _write_memberships(
    connection: Connection,
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
    connection: Connection,
    collection: str,
    members_of: Mapping[str, Sequence[Mapping[str, Any]]],
    found: CrossReference,
    stored: Mapping[str, Any],
) -> int:
    changed = 0
    for name, members in members_of.items():
        values = {"forwarded_to": None, **_described(name, members, found)}
        row = stored.get(name)
        if row is None:
            connection.execute(pieces.insert().values(collection=collection, piece_id=name, **values))
        elif any(getattr(row, field) != value for field, value in values.items()):
            mine = (pieces.c.collection == collection, pieces.c.piece_id == name)
            connection.execute(pieces.update().where(*mine).values(**values))
        else:
            continue
        changed += 1
    return changed


def _described(name: str, members: Sequence[Mapping[str, Any]], found: CrossReference) -> dict[str, Any]:
    words = {field: found.word(name, field, members) for field in ("category", "brand", "title")}
    return {**words, "first_seen_at": members[0]["first_seen_at"]}


def _write_forwarded(
    connection: Connection, collection: str, forwarded: Mapping[str, str], stored: Mapping[str, Any]
) -> int:
    new = {name: target for name, target in forwarded.items() if stored[name].forwarded_to != target}
    for name, target in new.items():
        mine = (pieces.c.collection == collection, pieces.c.piece_id == name)
        connection.execute(pieces.update().where(*mine).values(forwarded_to=target))
    return len(new)


def _write_merged(
    connection: Connection,
    collection: str,
    merged: Mapping[str, Sequence[Mapping[str, Any]]],
    after: Mapping[str, tuple[str, str]],
    found: CrossReference,
) -> int:
    for name, members in merged.items():
        target = after[members[0]["listing_id"]][0]
        values = {"forwarded_to": target, **_described(name, members, found)}
        connection.execute(pieces.insert().values(collection=collection, piece_id=name, **values))
    return len(merged)
