"""Clockwork: hourly every feed is fetched.

Nightly every stage is gone through, whether something changed or not.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from orchestration.jobs import CATALOGUE, EMBED, INDEX, INGEST, retention
from orchestration.partitions import Partitions, feed_day_key


def build_schedules(partitions: Partitions) -> list[dg.ScheduleDefinition]:
    """Return the hourly and the nightly schedules, all running from the start.

    What follows a changed feed is the automation's affair.  The nightly runs exist for what failed: a picture
    gets another try, a broken embedding or index run its next chance.  Where nothing is left to do they cost
    seconds.
    """

    @dg.schedule(
        cron_schedule="7 * * * *",
        job=INGEST,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Fetch every feed into today's partition.",
    )
    def hourly_refresh(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        hour = context.scheduled_execution_time.strftime("%Y-%m-%dT%H")
        day = context.scheduled_execution_time.strftime("%Y-%m-%d")
        for feed in partitions.feed_names.get_partition_keys():
            yield dg.RunRequest(run_key=f"{feed}:{hour}", partition_key=feed_day_key(feed, day))

    @dg.schedule(
        cron_schedule="20 3 * * *",
        job=EMBED,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Embed what earlier runs left without a vector.",
    )
    def nightly_embedding(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(
            run_key=context.scheduled_execution_time.strftime("%Y-%m-%d"), tags=all_shards(partitions)
        )

    nightly_retention = dg.ScheduleDefinition(
        name="nightly_retention",
        cron_schedule="10 5 * * *",
        job=retention,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Remove what retention no longer keeps.",
    )
    return [
        hourly_refresh,
        _per_collection(
            "nightly_catalogue", "40 2 * * *", CATALOGUE, partitions, "Go through every catalogue again."
        ),
        nightly_embedding,
        _per_collection(
            "nightly_index", "10 4 * * *", INDEX, partitions, "Build and prove every collection's index."
        ),
        nightly_retention,
    ]


def all_shards(partitions: Partitions) -> dict[str, str]:
    """Return the run tags that make one run embed every shard."""
    keys = partitions.shards.get_partition_keys()
    return {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}


def _per_collection(
    name: str, cron: str, job: Any, partitions: Partitions, description: str
) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=name,
        cron_schedule=cron,
        job=job,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=description,
    )
    def nightly(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        day = context.scheduled_execution_time.strftime("%Y-%m-%d")
        for collection in partitions.collections.get_partition_keys():
            yield dg.RunRequest(run_key=f"{collection}:{day}", partition_key=collection)

    return nightly
