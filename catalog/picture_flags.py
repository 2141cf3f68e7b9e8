"""What a picture's uses say against it: a placeholder, a copy, a photograph of several sellers.

Placeholders are kept out, and a customer's picture that is a seller's own waits for a person.  The rest is
said and changes nothing: retailers show the maker's photograph, and shops show one photograph for all sizes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.picture_relations import SAME_PHOTOGRAPH, photographs, related
from catalog.tables import image_references, listings, picture_flags, reference_listing
from storage.batches import batches

FLAG_RULES_VERSION = "1"

PLACEHOLDER = "placeholder"
NEAR_DUPLICATE = "near_duplicate"
SEVERAL_SELLERS = "several_sellers"
COPIED = "copied"

# A set's picture is shown by a ring, its earrings and its necklace: one design of each category.  Three rings
# that are not one ring in three sizes may still be a picture of a collection.
REVIEWED_FROM = 3  # unrelated listings of one category
QUARANTINED_FROM = 4
REVIEWED_FROM_OVERALL = 5  # unrelated listings of whatever category
QUARANTINED_FROM_OVERALL = 8
_ALIKE_TITLES = 0.5
_MOST_COUNTED = 50
_WORD = re.compile(r"[^\W\d_]{3,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A live listing that shows a picture."""

    image_id: str
    listing_id: str
    feed: str
    kind: str  # of the feed: retailer, manufacturer, community
    title: str
    category: str | None
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """What was found of a picture; ``verdict`` is the worst verdict that it allows, None for all."""

    image_id: str
    flag: str
    evidence: Mapping[str, Any]
    verdict: str | None = None
    finding: Mapping[str, Any] | None = None


def flag_pictures(
    engine: Engine, collection: str, kind_of_feed: Mapping[str, str]
) -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """Find what the uses of a collection's pictures say against them, and write what changed.

    Returns:
        What ``judge_pictures`` takes as ``beside``: picture to the worst verdict left to it, and why.
    """
    with engine.begin() as connection:
        uses = [
            Use(
                image_id=row.image_id,
                listing_id=row.listing_id,
                feed=row.feed,
                kind=kind_of_feed.get(row.feed, "retailer"),
                title=row.title,
                category=row.category,
                first_seen_at=row.first_seen_at,
            )
            for row in connection.execute(
                sa.select(
                    image_references.c.image_id,
                    image_references.c.listing_id,
                    image_references.c.feed,
                    listings.c.title,
                    listings.c.category,
                    listings.c.first_seen_at,
                )
                .join(listings, reference_listing)
                .where(
                    image_references.c.collection == collection,
                    image_references.c.live,
                    image_references.c.image_id.is_not(None),
                )
            )
        ]
        same = [
            (first, second)
            for first, second, relation, _ in related(connection, collection)
            if relation == SAME_PHOTOGRAPH
        ]
        found = flags_of(uses, same)
        before = {
            (row.image_id, row.flag): row.evidence
            for row in connection.execute(
                sa.select(picture_flags).where(picture_flags.c.collection == collection)
            )
        }
        after = {(one.image_id, one.flag): dict(one.evidence) for one in found}
        gone = [key for key in before if before[key] != after.get(key)]
        for image_id, flag in gone:
            connection.execute(
                picture_flags.delete().where(
                    picture_flags.c.collection == collection,
                    picture_flags.c.image_id == image_id,
                    picture_flags.c.flag == flag,
                )
            )
        new = [
            {"collection": collection, "image_id": key[0], "flag": key[1], "evidence": evidence}
            for key, evidence in sorted(after.items())
            if before.get(key) != evidence
        ]
        for some in batches(new, 1000):
            connection.execute(picture_flags.insert(), some)
    beside: dict[str, tuple[str, list[dict[str, Any]]]] = {}
    for one in found:
        if one.verdict is not None and one.finding is not None:
            verdict, findings = beside.get(one.image_id, (one.verdict, []))
            worse = "quarantined" if "quarantined" in (verdict, one.verdict) else "review"
            beside[one.image_id] = worse, [*findings, dict(one.finding)]
    return beside


def flags_of(uses: Iterable[Use], same: Iterable[tuple[str, str]]) -> list[Flag]:
    """Return the flags of pictures, sorted by picture and flag.

    Args:
        uses: Who shows which picture.
        same: Pairs of pictures that show one photograph.
    """
    uses = sorted(set(uses), key=lambda use: (use.first_seen_at, use.listing_id, use.image_id))
    photograph_of = photographs((use.image_id for use in uses), same)
    shown: dict[str, list[Use]] = defaultdict(list)
    for use in uses:
        shown[photograph_of[use.image_id]].append(use)
    flags: list[Flag] = []
    for of_photograph in shown.values():
        placeholders = _placeholders(of_photograph)
        flags += placeholders or [
            *_near_duplicates(of_photograph),
            *_several_sellers(of_photograph),
            *_copied(of_photograph),
        ]
    return sorted(flags, key=lambda flag: (flag.image_id, flag.flag))


def unrelated_listings(uses: Sequence[Use]) -> tuple[int, int]:
    """Count listings that are not one article in several sizes or colours.

    Two listings are related when their category is the same and their titles share half of their words.

    Returns:
        The most of one category, where one that is not known counts as one, and of all categories.
    """
    leaders: dict[str | None, list[set[str]]] = defaultdict(list)
    for use in uses:
        words = set(_WORD.findall(use.title.casefold()))
        of_category = leaders[use.category]
        if sum(map(len, leaders.values())) >= _MOST_COUNTED:
            break
        if not any(_share(words, other) >= _ALIKE_TITLES for other in of_category):
            of_category.append(words)
    counts = [len(of_category) for of_category in leaders.values()]
    return max(counts, default=0), sum(counts)


def _share(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 1.0


def _placeholders(of_photograph: Sequence[Use]) -> list[Flag]:
    """One source shows one picture for many articles: it shows none of them."""
    by_feed: dict[str, dict[str, Use]] = defaultdict(dict)
    for use in of_photograph:
        by_feed[use.feed][use.listing_id] = use
    flags: dict[str, Flag] = {}
    for feed, of_feed in sorted(by_feed.items()):
        of_one_category, overall = unrelated_listings(list(of_feed.values()))
        if of_one_category < REVIEWED_FROM and overall < REVIEWED_FROM_OVERALL:
            continue
        is_out = of_one_category >= QUARANTINED_FROM or overall >= QUARANTINED_FROM_OVERALL
        for image_id in sorted({use.image_id for use in of_photograph}):
            flags[image_id] = Flag(
                image_id=image_id,
                flag=PLACEHOLDER,
                evidence={"feed": feed, "listings": len(of_feed), "unrelated": overall},
                verdict="quarantined" if is_out else "review",
                finding={
                    "rule": PLACEHOLDER,
                    "measured": len(of_feed),
                    "required": f"at most {REVIEWED_FROM - 1}",
                    "unit": f"listings of {feed} that are not one article show it",
                },
            )
    return list(flags.values())


def _near_duplicates(of_photograph: Sequence[Use]) -> list[Flag]:
    """Name the other files of one photograph that the same source shows."""
    files: dict[str, list[str]] = defaultdict(list)
    for use in of_photograph:
        if use.image_id not in files[use.feed]:
            files[use.feed].append(use.image_id)
    return [
        Flag(
            image_id=image_id,
            flag=NEAR_DUPLICATE,
            evidence={"feed": feed, "first": of_feed[0], "files": len(of_feed)},
        )
        for feed, of_feed in sorted(files.items())
        for image_id in of_feed[1:]
    ]


def _several_sellers(of_photograph: Sequence[Use]) -> list[Flag]:
    """Say who had a photograph first that several sellers show and no manufacturer of the collection does."""
    sellers = {use.feed for use in of_photograph if use.kind == "retailer"}
    if len(sellers) < 2 or any(use.kind == "manufacturer" for use in of_photograph):
        return []
    first = next(use for use in of_photograph if use.kind == "retailer")
    evidence = {
        "sellers": sorted(sellers),
        "first_by": first.listing_id,
        "first_at": first.first_seen_at.strftime("%Y-%m-%d"),
    }
    shown = sorted({use.image_id for use in of_photograph if use.kind == "retailer"})
    return [Flag(image_id=image_id, flag=SEVERAL_SELLERS, evidence=evidence) for image_id in shown]


def _copied(of_photograph: Sequence[Use]) -> list[Flag]:
    """A customer's picture that is a seller's photograph shows nobody's own piece."""
    owners = [use for use in of_photograph if use.kind != "community"]
    if not owners:
        return []
    own = {use.image_id for use in owners}
    sellers_word = owners[0]
    flags = {}
    for use in of_photograph:
        if use.kind != "community" or use.image_id in flags:
            continue
        # The same bytes have one verdict: the seller's picture stays, and the flag says the rest.
        is_file_of_its_own = use.image_id not in own
        flags[use.image_id] = Flag(
            image_id=use.image_id,
            flag=COPIED,
            evidence={"of": sellers_word.image_id, "listing": sellers_word.listing_id},
            verdict="review" if is_file_of_its_own else None,
            finding={
                "rule": COPIED,
                "measured": None,
                "required": "a photograph of the customer's own",
                "unit": f"it is {sellers_word.listing_id}'s",
            }
            if is_file_of_its_own
            else None,
        )
    return list(flags.values())
