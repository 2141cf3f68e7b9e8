"""What stored pictures say about joins: the ties for ``pieces``, and the proposals for a person to decide."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy import Connection, Engine

from catalog.joining import Tie
from catalog.picture_relations import related
from catalog.picture_ties import Proposal, picture_ties
from catalog.tables import (
    image_references,
    images,
    join_proposals,
    listings,
    piece_listings,
    reference_verdict,
    verdicts,
)
from storage.batches import batches
from storage.database import reading

LISTING_FIELDS = (
    *("listing_id", "feed", "category", "brand", "gtin", "mpn", "certificate", "metal", "metal_colour"),
    *("fineness", "plating", "stones", "dimensions_mm"),
)


def stored_ties(
    connection: Connection, collection: str, rows: Iterable[Mapping[str, Any]]
) -> tuple[list[Tie], list[Proposal]]:
    """Return the joins that a collection's pictures make and those they propose, as they are judged now."""
    shown: dict[str, list[str]] = {}
    for row in connection.execute(
        sa.select(image_references.c.listing_id, image_references.c.image_id)
        .join(verdicts, reference_verdict)
        .where(
            image_references.c.collection == collection,
            image_references.c.live,
            verdicts.c.verdict.in_(["accepted", "review"]),
        )
        .order_by(image_references.c.listing_id, image_references.c.position)
    ):
        shown.setdefault(row.listing_id, []).append(row.image_id)
    return picture_ties(rows, shown, related(connection, collection))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingFacts:
    """A collection's live listings, the keys of the accepted pictures of each, and its piece."""

    rows: list[dict[str, Any]]
    picture_keys: dict[str, list[int]]
    pieces: dict[str, str]

    def vectors(
        self, read: Callable[[NDArray[np.int64]], tuple[NDArray[np.int64], NDArray[np.float32]]]
    ) -> dict[str, NDArray[np.float32]]:
        """Return every listing's vectors, of those of its pictures that have one.

        Args:
            read: Sorted keys to those with a vector and their vectors.
        """
        wanted = np.unique(np.array([key for keys in self.picture_keys.values() for key in keys], np.int64))
        found, vectors = read(wanted)
        row_of = {key: row for row, key in enumerate(found.tolist())}
        rows = {
            listing_id: [row_of[key] for key in dict.fromkeys(keys) if key in row_of]
            for listing_id, keys in self.picture_keys.items()
        }
        return {listing_id: vectors[some] for listing_id, some in rows.items() if some}


def listing_facts(engine: Engine, collection: str) -> ListingFacts:
    """Read what proposals are made from."""
    with reading(engine) as connection:
        rows = [
            dict(row._mapping)
            for row in connection.execute(
                sa.select(*(listings.c[name] for name in LISTING_FIELDS))
                .where(listings.c.collection == collection, listings.c.withdrawn_at.is_(None))
                .order_by(listings.c.listing_id)
            )
        ]
        keys: dict[str, list[int]] = {}
        for row in connection.execute(
            sa.select(image_references.c.listing_id, images.c.image_key)
            .join(images, images.c.image_id == image_references.c.image_id)
            .join(verdicts, reference_verdict)
            .where(
                image_references.c.collection == collection,
                image_references.c.live,
                verdicts.c.verdict == "accepted",
            )
            .order_by(image_references.c.listing_id, image_references.c.position)
        ):
            keys.setdefault(row.listing_id, []).append(row.image_key)
        pieces = {
            row.listing_id: row.piece_id
            for row in connection.execute(
                sa.select(piece_listings.c.listing_id, piece_listings.c.piece_id).where(
                    piece_listings.c.collection == collection
                )
            )
        }
    return ListingFacts(rows=rows, picture_keys=keys, pieces=pieces)


def propose_joins(
    engine: Engine, collection: str, facts: ListingFacts, further: Iterable[Proposal]
) -> dict[str, int]:
    """Write the collection's proposals as they are now; return how many there are by what proposed them.

    Proposed by photographs or by what ``further`` brings; pairs that are one piece already are left out.
    Running it again writes nothing.
    """
    with engine.begin() as connection:
        _, by_photograph = stored_ties(connection, collection, facts.rows)
        proposals = {(one.first, one.second): dict(one.evidence) for one in further}
        proposals |= {(one.first, one.second): dict(one.evidence) for one in by_photograph}
        after = {
            pair: evidence
            for pair, evidence in proposals.items()
            if facts.pieces.get(pair[0]) is None or facts.pieces.get(pair[0]) != facts.pieces.get(pair[1])
        }
        before = {
            (row.first, row.second): row.evidence
            for row in connection.execute(
                sa.select(join_proposals).where(join_proposals.c.collection == collection)
            )
        }
        for first, second in before:
            if before[first, second] != after.get((first, second)):
                connection.execute(
                    join_proposals.delete().where(
                        join_proposals.c.collection == collection,
                        join_proposals.c.first == first,
                        join_proposals.c.second == second,
                    )
                )
        new = [
            {"collection": collection, "first": pair[0], "second": pair[1], "evidence": evidence}
            for pair, evidence in sorted(after.items())
            if before.get(pair) != evidence
        ]
        for some in batches(new, 1000):
            connection.execute(join_proposals.insert(), some)
    counts: dict[str, int] = {}
    for evidence in after.values():
        counts[evidence["by"]] = counts.get(evidence["by"], 0) + 1
    return counts
