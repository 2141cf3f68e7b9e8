"""Clockwork: hourly every feed is fetched; nightly every collection is gone through from end to end."""

from collections.abc import Iterator

import dagster as dg

from orchestration.jobs import CATALOGUE, INGEST
from orchestration.partitions import Partitions, feed_day_key


def build_schedules(partitions: Partitions) -> list[dg.ScheduleDefinition]:
    """Return the hourly and the nightly schedule, both running from the start.

    What follows a changed feed is the automation's affair; the nightly run goes through the catalogue even when
    nothing changed, so that failed pictures get another try and a failed step its next chance.
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
        cron_schedule="40 2 * * *",
        job=CATALOGUE,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Go through every collection from its pieces to its pictures.",
    )
    def nightly_rebuild(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
        day = context.scheduled_execution_time.strftime("%Y-%m-%d")
        for collection in partitions.collections.get_partition_keys():
            yield dg.RunRequest(run_key=f"{collection}:{day}", partition_key=collection)

    return [hourly_refresh, nightly_rebuild]
