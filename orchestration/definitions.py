"""The one entry point: ``build_defs`` for tests, the command line and production.

``defs`` for Dagster's tools.

Loading definitions reads the settings and nothing else: no database, no model, no index library.
"""

import dagster as dg

from orchestration.graph import placed_assets
from orchestration.jobs import JOBS
from orchestration.partitions import Partitions
from orchestration.resources import build_resources, feed_registry, utc_now
from orchestration.schedules import build_schedules
from orchestration.sensors import build_sensors
from orchestration.settings import Settings, load_settings
from quality.checks import CHECKS
from quality.search_checks import SEARCH_CHECKS


def build_defs(settings: Settings) -> dg.Definitions:
    """Return the whole deployment that ``settings`` describe."""
    partitions = Partitions(settings)
    return dg.Definitions(
        assets=placed_assets(partitions),
        asset_checks=(*CHECKS, *SEARCH_CHECKS),
        jobs=JOBS,
        schedules=build_schedules(partitions),
        sensors=build_sensors(feed_registry(settings), utc_now),
        resources=build_resources(settings),
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The deployment that ``loupe.yaml`` describes."""
    return build_defs(load_settings())
