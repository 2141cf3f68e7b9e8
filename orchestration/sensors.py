"""Sensors: feeds that arrive between two hours, and the automation that follows them."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import dagster as dg

from catalog.declarations import FeedRegistry
from catalog.local_feeds import fingerprint, is_local
from orchestration.jobs import INGEST
from orchestration.partitions import feed_day_key


def build_sensors(feeds: FeedRegistry, clock: Callable[[], datetime]) -> list[dg.SensorDefinition]:
    """Return the arrival sensor and the automation sensor, both running from the start."""

    @dg.sensor(
        job=INGEST,
        minimum_interval_seconds=15,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Watch local feeds; a changed folder or file is fetched once it has come to rest.",
    )
    def feed_arrivals(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        return _arrivals(context, feeds, day=clock().strftime("%Y-%m-%d"))

    automation = dg.AutomationConditionSensorDefinition(
        "follow_changes",
        target=dg.AssetSelection.all(),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=15,
    )
    return [feed_arrivals, automation]


def _arrivals(context: dg.SensorEvaluationContext, feeds: FeedRegistry, *, day: str) -> dg.SensorResult:
    """Ask for a feed that differs from what was last asked for and was the same at two looks in a row.

    The second look keeps a file that is still being copied from being read half.
    """
    before = json.loads(context.cursor) if context.cursor else {}
    after: dict[str, dict[str, Any]] = {}
    requests = []
    for key in feeds.names():
        _, declaration = feeds.named(key)
        if not is_local(declaration):
            continue
        try:
            seen = fingerprint(declaration)
        except (OSError, ValueError, NotImplementedError) as error:
            # A file that went away between two calls, a folder without rights: that feed alone waits.
            context.log.warning(f"{key} cannot be looked at: {error}")
            after[key] = before.get(key, {})
            continue
        known = before.get(key, {})
        asked, times = known.get("asked", ""), known.get("times", 0)
        if seen is not None and seen == known.get("seen") and seen != asked:
            asked, times = seen, times + 1
            # Counted, because a feed that goes back to an earlier state must not find its run key used up.
            run_key = f"{key}:{times}:{seen}"
            requests.append(dg.RunRequest(run_key=run_key, partition_key=feed_day_key(key, day)))
        after[key] = {"seen": seen or "", "asked": asked, "times": times}
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(after, sort_keys=True))
