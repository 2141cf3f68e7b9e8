"""Feeds as a page shows them: what each holds, and the deliveries that wait for a person."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from catalog.accounting import FeedBooks, books
from catalog.declarations import FeedDeclaration
from catalog.held import Held, held_deliveries, release
from serving.errors import UnknownThingError
from storage.database import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """One declared feed: its books, and what of it is held, oldest first."""

    declaration: FeedDeclaration
    books: FeedBooks
    held: Sequence[Held]


def read_feeds(engine: Engine, collection: str, declared: Sequence[FeedDeclaration]) -> list[FeedRow]:
    """Return a collection's feeds in the order of their declarations."""
    kept = books(engine, collection, declared).feeds
    with reading(engine) as connection:
        return [
            FeedRow(
                declaration=declaration, books=own, held=held_deliveries(connection, collection, declaration)
            )
            for declaration, own in zip(declared, kept, strict=True)
        ]


def release_held(
    engine: Engine, collection: str, declared: Sequence[FeedDeclaration], *, feed: str, name: str
) -> list[str]:
    """Let one held delivery be read by the next run; return the names of what was released.

    Raises:
        UnknownThingError: If the collection declares no such feed.
        FeedRefusedError: If the feed holds no such delivery.
    """
    for declaration in declared:
        if declaration.name == feed:
            return release(engine, collection, declaration, name=name)
    message = f"collection {collection} declares no feed {feed!r}: {', '.join(one.name for one in declared)}"
    raise UnknownThingError(message)
