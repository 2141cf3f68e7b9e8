"""Fetching one feed's attachments into the ledger, through the same access as its pictures."""

from sqlalchemy import Engine

from catalog.attachments.ledger import attachments_to_fetch, record_attachments
from catalog.declarations import FeedDeclaration
from catalog.image_fetching import Sought, WantedImage, fetch_images
from catalog.locations import LocationAccess
from storage.objects import ObjectStore

WORKERS = 2  # files are held in memory while they are fetched: two for each
FILES = Sought(noun="file", key="attachments", largest=100 << 20)


def fetch_attachments(
    engine: Engine,
    objects: ObjectStore,
    collection: str,
    declaration: FeedDeclaration,
    access: LocationAccess,
    *,
    attempts: int,
) -> dict[str, int]:
    """Fetch what waits; return how many locations ended in each state.

    Args:
        attempts: How often a location that failed in a transient way is asked, over all runs.
    """
    wanted = attachments_to_fetch(engine, collection, declaration.name, attempts=attempts)
    if not wanted:
        return {}
    found = fetch_images(
        (WantedImage(location=one) for one in wanted),
        declaration,
        access=access,
        workers=WORKERS,
        sought=FILES,
    )
    return record_attachments(engine, objects, collection, declaration.name, found)
