"""What listings state of the attributes that pictures are asked about, by piece."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from catalog.attributes.definitions import Attribute, AttributeName, attributes
from catalog.image_domains import kept_out_in
from catalog.tables import (
    image_references,
    images,
    listing_piece,
    listings,
    piece_listings,
    pieces,
    reference_listing,
    reference_verdict,
    verdicts,
)
from catalog.texts import comparable
from catalog.vocabulary import find_in_words

SPEAKS_FROM = 0.05  # of its listings: a feed that states an attribute this often is silent on purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceFacts:
    """One piece as attributes are asked of it.

    Attributes:
        piece_id: The piece.
        title: Its title.
        image_keys: Accepted pictures of it, sorted; certificates and what shows no jewelry are not among
            them.
        stated: Attribute to its terms, each with the listings that state it.
        silent: Attributes that none of its listings states, though one of their feeds does of other pieces.
    """

    piece_id: str
    title: str
    image_keys: tuple[int, ...]
    stated: Mapping[AttributeName, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    silent: frozenset[AttributeName] = frozenset()


def stated_terms(
    row: Mapping[str, Any], name: AttributeName, one: Attribute, language: str
) -> tuple[str, ...]:
    """Return the terms that a listing states of an attribute, each once.

    A brand's own name (``Maison Lune``) states nothing.

    Args:
        row: With styles, title, description and brand.
        name: The attribute.
        one: How it is read.
        language: Of the listing's texts.
    """
    found: list[str] = []
    for column in one.read:
        if column == "styles":
            known = set(one.phrases)
            found += [
                term
                for style in row["styles"]
                for term in ([style] if style in known else _terms(name, style.replace("_", " "), language))
            ]
        elif row[column]:
            words = f" {comparable(row[column])} "
            if row["brand"]:
                words = words.replace(f" {comparable(row['brand'])} ", " ")
            found += _terms(name, words, language)
    return tuple(dict.fromkeys(found))


def piece_facts(connection: Connection, collection: str, languages: Mapping[str, str]) -> list[PieceFacts]:
    """Return the pieces of a collection that have an accepted picture, sorted by id.

    Args:
        connection: Of the catalogue.
        collection: Whose.
        languages: Feed to the language of its texts; English where a feed is not named.
    """
    asked = attributes()
    members = _members(connection, collection)
    said: dict[str, dict[AttributeName, tuple[str, ...]]] = {}
    per_feed: Counter[str] = Counter()
    speaking: Counter[tuple[str, AttributeName]] = Counter()
    for row in (row for rows in members.values() for row in rows):
        language = languages.get(row["feed"], "en")
        of_listing = {name: stated_terms(row, name, one, language) for name, one in asked.items()}
        said[row["listing_id"]] = of_listing
        per_feed[row["feed"]] += 1
        speaking.update((row["feed"], name) for name, found in of_listing.items() if found)
    speaks = {key for key, count in speaking.items() if count >= SPEAKS_FROM * per_feed[key[0]]}
    shown = _pictures(connection, collection)
    found = []
    for piece_id, title in connection.execute(
        sa.select(pieces.c.piece_id, pieces.c.title)
        .where(pieces.c.collection == collection, pieces.c.forwarded_to.is_(None))
        .order_by(pieces.c.piece_id)
    ):
        if piece_id not in shown:
            continue
        stated: dict[AttributeName, dict[str, tuple[str, ...]]] = {}
        silent = set()
        for name in asked:
            by_term: dict[str, list[str]] = defaultdict(list)
            for row in members.get(piece_id, ()):
                for term in said[row["listing_id"]][name]:
                    by_term[term].append(row["listing_id"])
            if by_term:
                stated[name] = {term: tuple(by_term[term]) for term in sorted(by_term)}
            elif any((row["feed"], name) in speaks for row in members.get(piece_id, ())):
                silent.add(name)
        found.append(
            PieceFacts(
                piece_id=piece_id,
                title=title,
                image_keys=tuple(sorted(shown[piece_id])),
                stated=stated,
                silent=frozenset(silent),
            )
        )
    return found


def _terms(name: AttributeName, text: str, language: str) -> list[str]:
    return [one.term for one in find_in_words(name, text.split(), language=language)]


def _members(connection: Connection, collection: str) -> dict[str, list[Mapping[str, Any]]]:
    chosen = (
        sa.select(
            piece_listings.c.piece_id,
            *(listings.c[name] for name in ("listing_id", "feed", "title", "description", "brand", "styles")),
        )
        .join(
            listings,
            sa.and_(
                listings.c.collection == piece_listings.c.collection,
                listings.c.listing_id == piece_listings.c.listing_id,
            ),
        )
        .where(piece_listings.c.collection == collection)
        .order_by(listings.c.first_seen_at, listings.c.listing_id)
    )
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in connection.execute(chosen).mappings():
        found[row["piece_id"]].append(dict(row))
    return found


def _pictures(connection: Connection, collection: str) -> dict[str, set[int]]:
    kept_out = {one.image_key for one in kept_out_in(connection, collection)}
    chosen = (
        sa.select(piece_listings.c.piece_id, images.c.image_key)
        .select_from(image_references)
        .join(images, images.c.image_id == image_references.c.image_id)
        .join(verdicts, reference_verdict)
        .join(listings, reference_listing)
        .join(
            piece_listings,
            listing_piece,
        )
        .where(
            image_references.c.collection == collection,
            image_references.c.live,
            verdicts.c.verdict == "accepted",
            sa.or_(image_references.c.role.is_(None), image_references.c.role != "certificate"),
        )
    )
    found: dict[str, set[int]] = defaultdict(set)
    for row in connection.execute(chosen):
        if row.image_key not in kept_out:
            found[row.piece_id].add(row.image_key)
    return found
