"""Joins that pictures propose: listings of two sources that show one photograph.  Pure.

A photograph says which piece only where it is that piece's alone: one that a source shows for several
listings (sizes, twins, a set, a placeholder) ties nothing.  And it never speaks alone: what both sources
state must agree, in enough fields, and contradict in none.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from catalog.joining import PICTURES, Tie, agreements, contradictions
from catalog.picture_relations import ALTERED_PHOTOGRAPH, SAME_PHOTOGRAPH, photographs

# Beside the category: the brand and one more field, or three of what a piece is made of and measures.
_LEAST_WITH_BRAND = 1
_LEAST_WITHOUT_BRAND = 3
_MOST_CONTRADICTED = 1  # fields; a slip in one of them is worth a person's look, two are another piece
_MOST_PROPOSED = 6  # listings of one photograph; a picture of more says nothing of any


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Two listings that may be one piece, in order, and what speaks for and against it."""

    first: str
    second: str
    evidence: Mapping[str, Any] = field(hash=False)


def picture_ties(
    rows: Iterable[Mapping[str, Any]],
    shown: Mapping[str, Iterable[str]],
    relations: Iterable[tuple[str, str, str, Mapping[str, Any]]],
) -> tuple[list[Tie], list[Proposal]]:
    """Return the joins that pictures make, and those that they only propose.

    Args:
        rows: Listings as stored.
        shown: Listing to the pictures that it shows and that may speak: accepted ones and those in review.
        relations: (first, second, relation, evidence) of pictures, as ``picture_relations.related`` gives
            them.

    Returns:
        Ties by rule ``pictures``, and proposals, both sorted.
    """
    by_id = {row["listing_id"]: row for row in rows}
    relations = list(relations)
    sure = [
        (a, b) for a, b, relation, how in relations if relation == SAME_PHOTOGRAPH and not how["mirrored"]
    ]
    pictures = sorted({picture for of_listing in shown.values() for picture in of_listing})
    photograph_of = photographs(pictures, sure)
    listings_of: dict[str, set[str]] = defaultdict(set)
    for listing_id, of_listing in shown.items():
        if listing_id in by_id:
            for picture in of_listing:
                listings_of[photograph_of[picture]].add(listing_id)
    ties: dict[tuple[str, str], Tie] = {}
    proposals: dict[tuple[str, str], Proposal] = {}
    for photograph, listing_ids in sorted(listings_of.items()):
        is_its_own = _is_one_a_source(listing_ids, by_id)
        if len(listing_ids) > _MOST_PROPOSED:
            continue
        for first, second in combinations(sorted(listing_ids), 2):
            one, other = by_id[first], by_id[second]
            if one["feed"] == other["feed"]:
                continue
            against = contradictions(one, other)
            if is_its_own and not against and _is_enough(agreements(one, other)):
                ties[first, second] = Tie(first=first, second=second, rule=PICTURES)
            elif len(against) <= _MOST_CONTRADICTED:
                kind = SAME_PHOTOGRAPH if is_its_own else "shared_photograph"
                proposals[first, second] = _proposal(one, other, kind, {"photograph": photograph})
    for a, b, relation, how in relations:
        if relation != ALTERED_PHOTOGRAPH and not how["mirrored"]:
            continue
        for one_id, other_id in _doubtful(photograph_of.get(a), photograph_of.get(b), listings_of):
            first, second = sorted((one_id, other_id))
            one, other = by_id[first], by_id[second]
            if one["feed"] != other["feed"] and not contradictions(one, other):
                evidence = {"pictures": [a, b], **how}
                proposals.setdefault((first, second), _proposal(one, other, relation, evidence))
    left = [proposal for pair, proposal in sorted(proposals.items()) if pair not in ties]
    return [ties[pair] for pair in sorted(ties)], left


def _is_one_a_source(listing_ids: Iterable[str], by_id: Mapping[str, Mapping[str, Any]]) -> bool:
    feeds = [by_id[one]["feed"] for one in listing_ids]
    return len(set(feeds)) == len(feeds)


def _is_enough(agreed: list[str]) -> bool:
    if "category" not in agreed:
        return False
    made = len(set(agreed) - {"category", "brand"})
    return made >= (_LEAST_WITH_BRAND if "brand" in agreed else _LEAST_WITHOUT_BRAND)


def _doubtful(
    one: str | None, other: str | None, listings_of: Mapping[str, set[str]]
) -> list[tuple[str, str]]:
    some, others = listings_of.get(one or "", set()), listings_of.get(other or "", set())
    if not some or not others or len(some | others) > _MOST_PROPOSED:
        return []
    return [(a, b) for a in sorted(some) for b in sorted(others) if a != b]


def _proposal(
    one: Mapping[str, Any], other: Mapping[str, Any], kind: str, evidence: Mapping[str, Any]
) -> Proposal:
    return Proposal(
        first=one["listing_id"],
        second=other["listing_id"],
        evidence={
            "by": kind,
            **evidence,
            "agree": agreements(one, other),
            "contradict": contradictions(one, other),
        },
    )
