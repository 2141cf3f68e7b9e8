"""Pairs of listings that may be one piece, and for which no rule is sure."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.decisions import DIFFERENT, OPTIONS, Decision, DecisionError, Subject, in_force
from catalog.picture_ties import Proposal
from catalog.review.items import ReviewItem, as_json, stated
from catalog.tables import join_proposals, listings, piece_listings


def proposed(connection: Connection, collection: str) -> list[Proposal]:
    """Return the stored proposals of a collection."""
    chosen = sa.select(join_proposals).where(join_proposals.c.collection == collection)
    return [
        Proposal(first=row.first, second=row.second, evidence=row.evidence)
        for row in connection.execute(chosen)
    ]


def waiting(connection: Connection, collection: str) -> list[ReviewItem]:
    """Return the proposals that no decision answers.

    One is answered, too, when the pieces of its two listings were told apart by other listings of theirs.
    """
    held = in_force(connection, collection, "join")
    pieces = _pieces(connection, collection)
    apart = {
        frozenset(pieces.get(one, one) for one in subject)
        for subject, decision in held.items()
        if decision.decision == DIFFERENT
    }
    open_ones = {}
    for one in proposed(connection, collection):
        subject = tuple(sorted((one.first, one.second)))
        of_pieces = frozenset(pieces.get(listing, listing) for listing in subject)
        if subject not in held and of_pieces not in apart and len(of_pieces) == 2:
            open_ones[subject] = one.evidence
    named = {listing_id for subject in open_ones for listing_id in subject}
    live = _live_by_piece(connection, collection, pieces)
    facts = stated(connection, collection, named)
    return [
        _item(subject, evidence, facts, pieces, live)
        for subject, evidence in open_ones.items()
        if all(one in facts for one in subject)
    ]


def item(connection: Connection, collection: str, subject: Subject) -> ReviewItem:
    """Return the question about any two listings of the collection.

    Raises:
        DecisionError: If one of them is not there.
    """
    facts = stated(connection, collection, subject)
    for one in subject:
        if one not in facts:
            message = (
                f"listing {one} is not in {collection}: name both by feed and id, as `maison:17=studio:4`"
            )
            raise DecisionError(message)
    evidence = next(
        (one.evidence for one in proposed(connection, collection) if {one.first, one.second} == set(subject)),
        {},
    )
    pieces = _pieces(connection, collection)
    live = _live_by_piece(connection, collection, pieces)
    held = in_force(connection, collection, "join").get(subject)
    return _item(subject, evidence, facts, pieces, live, held)


def _item(
    subject: Subject,
    evidence: Mapping[str, Any],
    facts: Mapping[str, Mapping[str, Any]],
    pieces: Mapping[str, str],
    live: Mapping[str, int],
    held: Decision | None = None,
) -> ReviewItem:
    first, second = (facts[one] for one in subject)
    by = f"{evidence['by']}: " if "by" in evidence else ""
    return ReviewItem(
        kind="join",
        subject=subject,
        question=f"{by}{first['title']} ({first['feed']}) = {second['title']} ({second['feed']})?",
        options=OPTIONS["join"],
        evidence={
            "proposed": dict(evidence),
            "listings": {one: as_json(facts[one]) for one in subject},
            "pieces": [pieces.get(one) for one in subject],
        },
        listings=subject,
        live_listings=sum(live.get(piece, 0) for piece in {pieces.get(one, one) for one in subject}),
        since=max(first["first_seen_at"], second["first_seen_at"]),
        decided=held,
    )


def _pieces(connection: Connection, collection: str) -> dict[str, str]:
    chosen = sa.select(piece_listings.c.listing_id, piece_listings.c.piece_id)
    return {
        row.listing_id: row.piece_id
        for row in connection.execute(chosen.where(piece_listings.c.collection == collection))
    }


def _live_by_piece(connection: Connection, collection: str, pieces: Mapping[str, str]) -> Counter[str]:
    chosen = sa.select(listings.c.listing_id).where(
        listings.c.collection == collection, listings.c.withdrawn_at.is_(None)
    )
    return Counter(pieces.get(one, one) for one in connection.execute(chosen).scalars())
