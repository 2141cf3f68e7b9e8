"""Everything once: the same jobs that schedules and automation launch.

Run one after another in this process.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import dagster as dg

from orchestration.definitions import build_defs
from orchestration.instance import open_instance
from orchestration.partitions import Partitions, feed_day_key
from orchestration.resources import utc_now
from orchestration.schedules import all_shards
from orchestration.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFailure:
    """One run that failed: its stage, what it was about, and the first line that says why."""

    stage: str
    subject: str
    reason: str


@dataclass(slots=True, kw_only=True)
class RefreshOutcome:
    """What ran and what did not."""

    runs: int = 0
    failures: list[StageFailure] = field(default_factory=list)


Announce = Callable[[str, str, int, int], None]  # stage, subject, done, total


def refresh(settings: Settings, collections: list[str], announce: Announce) -> RefreshOutcome:
    """Fetch, judge, embed, build, prove and promote, for the given collections.

    A stage that fails for one feed or collection is noted and the others go on: one broken source never keeps
    the rest from customers.  A collection whose catalogue stage failed is not indexed in this pass.
    """
    definitions = build_defs(settings)
    partitions = Partitions(settings)
    outcome = RefreshOutcome()
    day = utc_now().strftime("%Y-%m-%d")
    feeds = [f"{name}.{feed.name}" for name in collections for feed in settings.collections[name].feeds]
    shards = settings.embedding_shards
    total = len(feeds) + 2 * len(collections) + 1
    # Dagster's event log goes to the instance, where the UI shows it; this command has its own summary.
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with open_instance(settings) as instance:

        def run(job: str, subject: str, **arguments: object) -> bool:
            announce(job, subject, outcome.runs, total)
            result = definitions.resolve_job_def(job).execute_in_process(
                instance=instance, raise_on_error=False, run_config=quiet, **arguments
            )
            outcome.runs += 1
            announce(job, subject, outcome.runs, total)
            if not result.success:
                outcome.failures.append(StageFailure(stage=job, subject=subject, reason=reason_of(result)))
            return result.success

        for feed in feeds:
            run("ingest", feed, partition_key=feed_day_key(feed, day))
        sound = [name for name in collections if run("catalogue", name, partition_key=name)]
        if sound and run("embed", f"{shards} shards", tags=all_shards(partitions)):
            for name in sound:
                run("index", name, partition_key=name)
    return outcome


def reason_of(result: dg.ExecuteInProcessResult) -> str:
    """Return the innermost cause of a failed run, in one line."""
    for event in result.all_events:
        if event.is_failure and event.event_specific_data is not None:
            failure = getattr(event.event_specific_data, "error", None)
            user_failure = getattr(event.event_specific_data, "user_failure_data", None)
            if user_failure is not None and user_failure.description:
                return user_failure.description.strip()
            while failure is not None and failure.cause is not None:
                failure = failure.cause
            if failure is not None:
                return failure.message.strip().splitlines()[0].removeprefix("storage.").strip()
    failed = [
        f"{check.check_name} on {check.asset_key.to_user_string()} does not hold"
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.blocking
    ]
    return "; ".join(failed) or "the run failed; `loupe dev` shows its log"
