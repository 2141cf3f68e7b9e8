"""Which feed and day a run of a feed asset, or of a check on one, is about."""

import dagster as dg

from catalog.declarations import FeedDeclaration, FeedRegistry


def feed_and_day(partition_key: str, feeds: FeedRegistry) -> tuple[str, FeedDeclaration, str]:
    """Return collection, declaration and day (``YYYY-MM-DD``) behind a partition key of feed and day."""
    if not isinstance(partition_key, dg.MultiPartitionKey):
        message = f"partition {partition_key!r} is not a feed and a day"
        raise dg.Failure(description=message, allow_retries=False)
    keys = partition_key.keys_by_dimension
    collection, declaration = feeds.named(keys["feed"])
    return collection, declaration, keys["day"]
