"""How assets are cut: feed and day, collection, hash shard.  All follow from the settings."""

from datetime import UTC, datetime, time

import dagster as dg

from orchestration.settings import Settings


class Partitions:
    """The three partitions definitions of one deployment."""

    def __init__(self, settings: Settings) -> None:
        self.feed_names = dg.StaticPartitionsDefinition(
            [
                f"{collection}.{feed.name}"
                for collection, values in settings.collections.items()
                for feed in values.feeds
            ]
        )
        first_day = datetime.combine(settings.first_day, time(), UTC)
        # end_offset=1: today's partition exists from its first minute on, since deliveries come during the
        # day.
        self.days = dg.DailyPartitionsDefinition(start_date=first_day, end_offset=1, timezone="UTC")
        self.feed_days = dg.MultiPartitionsDefinition({"feed": self.feed_names, "day": self.days})
        self.collections = dg.StaticPartitionsDefinition(list(settings.collections))
        self.shards = dg.StaticPartitionsDefinition(
            [str(shard) for shard in range(settings.embedding_shards)]
        )


def feed_day_key(feed: str, day: str) -> dg.MultiPartitionKey:
    """Return the partition key of one feed's deliveries on one day."""
    return dg.MultiPartitionKey({"feed": feed, "day": day})
