"""How good searches were: from what they showed and what was clicked.  One partition per collection."""

import dagster as dg
from sqlalchemy import Engine

from assets.failures import TRANSIENT
from assets.schemas import schema_metadata
from assets.search_quality_display import search_quality_metadata
from catalog import tables
from catalog.events.daily_quality import read_search_quality, update_search_quality
from catalog.events.settings import EventSettings

SHOWN_DAYS = 14


@dg.asset(
    deps=["pieces"],
    kinds={"sqlalchemy"},
    code_version="1",
    retry_policy=TRANSIENT,
    metadata=schema_metadata(tables.search_quality),
)
def search_quality(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    event_settings: dg.ResourceParam[EventSettings],
) -> dg.MaterializeResult:
    """Click-through, MRR, empty answers, diversity, time to click: by day, kind of search and snapshot."""
    collection = context.partition_key
    report = update_search_quality(catalogue, collection, late_days=event_settings.late_days)
    measured = read_search_quality(catalogue, collection, days=SHOWN_DAYS)
    return dg.MaterializeResult(metadata=search_quality_metadata(report, measured))
