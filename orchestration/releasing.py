"""The job that lets a held delivery be read after all, for whoever works in the Dagster UI."""

import dagster as dg
from sqlalchemy import Engine

from assets.failures import permanent
from catalog.declarations import FeedRegistry
from catalog.errors import FeedRefusedError
from catalog.held import release


class ReleaseDelivery(dg.Config):
    """Whose delivery, and which one where several are held."""

    feed: str  # "<collection>.<feed>"
    delivery: str = ""  # its name; empty: the newest of a feed of full deliveries, every one of increments


@dg.op
def release_held(
    context: dg.OpExecutionContext,
    config: ReleaseDelivery,
    catalogue: dg.ResourceParam[Engine],
    feeds: dg.ResourceParam[FeedRegistry],
) -> None:
    """Let what a circuit breaker held be read as it is by the feed's next `ingest` run."""
    with permanent(FeedRefusedError, KeyError):
        collection, declaration = feeds.named(config.feed)
        released = release(catalogue, collection, declaration, name=config.delivery or None)
        if not released:
            message = f"{config.feed} holds no delivery that would change anything"
            raise FeedRefusedError(message, reason="not_held")
    context.log.info(f"released {', '.join(released)}: the next ingest run of {config.feed} reads it")
    context.add_output_metadata({"released": released})


@dg.job(description="Let a held delivery be read as it is, as `loupe feeds release` does.")
def release_delivery() -> None:
    """What was held is read by the next `ingest` run of its feed."""
    release_held()
