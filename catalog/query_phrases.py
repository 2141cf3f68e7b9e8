"""Phrases that shoppers would type, made of what a catalogue states: the gate's text queries."""

import random

import sqlalchemy as sa
from sqlalchemy import Engine

from catalog.tables import listings
from storage.database import reading


def query_phrases(engine: Engine, collection: str, *, limit: int, seed: int) -> list[str]:
    """Return up to ``limit`` distinct phrases such as ``rose gold ring with emerald``.

    The same for the same seed.

    A catalogue that states no attributes gives its titles' words instead; an empty one gives none.
    """
    with reading(engine) as connection:
        rows = connection.execute(
            sa.select(
                listings.c.title,
                listings.c.category,
                listings.c.metal,
                listings.c.metal_colour,
                listings.c.stones,
                listings.c.styles,
                listings.c.colour,
            ).where(listings.c.collection == collection)
        ).all()
    phrases = set()
    for row in rows:
        words = [row.colour if row.metal is None else None, row.metal_colour, row.metal, row.category]
        plain = " ".join(word.replace("_", " ") for word in words if word)
        phrases.add(plain or " ".join(row.title.split()[:6]))
        if plain and row.stones:
            phrases.add(f"{plain} with {row.stones[0].replace('_', ' ')}")
        if plain and row.styles:
            phrases.add(f"{row.styles[0].replace('_', ' ')} {plain}")
        phrases.add(" ".join(row.title.split()[:8]))
    ordered = sorted(phrase for phrase in phrases if phrase.strip())
    if len(ordered) <= limit:
        return ordered
    return sorted(random.Random(seed).sample(ordered, limit))  # noqa: S311 - a reproducible sample
