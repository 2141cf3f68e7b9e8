"""What the feeds sent, and what was read from it.  One partition per feed and day."""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
from sqlalchemy import Engine

from assets.failures import TRANSIENT, permanent
from assets.schemas import schema_metadata
from catalog import tables
from catalog.community.pseudonyms import Pseudonyms
from catalog.declarations import FeedDeclaration, FeedRegistry
from catalog.deliveries import keep, known_validators, note_check, reading_position, waiting
from catalog.errors import CatalogError, FeedRefusedError
from catalog.intake import IntakeReport, take_in
from catalog.locations import LocationAccess, collect
from catalog.reading import read_delivery
from catalog.unmapped import as_markdown, unmapped_values
from quality.feed_partitions import feed_and_day
from storage.objects import ObjectStore, digest_key


@dg.asset(
    kinds={"file"}, code_version="1", retry_policy=TRANSIENT, metadata=schema_metadata(tables.deliveries)
)
def deliveries(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    feeds: dg.ResourceParam[FeedRegistry],
    location_access: dg.ResourceParam[LocationAccess],
    clock: dg.ResourceParam[Callable[[], datetime]],
) -> dg.MaterializeResult:
    """The bytes a feed sent, kept as they came, named by their digest."""
    collection, declaration, day = feed_and_day(context.partition_key, feeds)
    received_at = clock()
    known = known_validators(catalogue, collection, declaration.name)
    try:
        with permanent(FeedRefusedError):
            arrivals = collect(declaration, known, access=location_access)
            kept = keep(
                catalogue, objects, collection, declaration, arrivals, received_at=received_at, day=day
            )
    except (CatalogError, dg.Failure) as error:
        with catalogue.begin() as connection:
            note_check(connection, collection, declaration, received_at, error=str(error))
        raise
    with catalogue.begin() as connection:
        note_check(connection, collection, declaration, received_at)
    waits = waiting(catalogue, collection, declaration.name)
    return dg.MaterializeResult(
        metadata={"new_deliveries": len(kept), "waiting": len(waits), "names": [one.name for one in kept]}
    )


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            "listings",
            deps=["deliveries"],
            kinds={"sqlalchemy"},
            code_version="1",
            description="Offers of one source in our vocabulary, with what was read and where from.",
            metadata=schema_metadata(tables.listings),
        ),
        dg.AssetSpec(
            "rejects",
            deps=["deliveries"],
            kinds={"sqlalchemy"},
            code_version="1",
            description="Rows that did not become listings, each with its reason, place and value.",
            metadata=schema_metadata(tables.rejects),
        ),
        dg.AssetSpec(
            "price_history",
            deps=["deliveries"],
            kinds={"sqlalchemy"},
            code_version="1",
            description="Spans of time in which a listing's price and availability held.",
            metadata=schema_metadata(tables.price_history),
        ),
    ],
    name="intake",
    retry_policy=TRANSIENT,
)
def intake(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    feeds: dg.ResourceParam[FeedRegistry],
    pseudonyms: dg.ResourceParam[Pseudonyms],
) -> Iterator[dg.MaterializeResult]:
    """Listings, rejects and price history: one transaction per delivery."""
    collection, declaration, _ = feed_and_day(context.partition_key, feeds)
    reports: list[IntakeReport] = []
    for delivery in waiting(catalogue, collection, declaration.name):
        with TemporaryDirectory(prefix="loupe-") as folder:
            path = objects.local_path(digest_key("deliveries", delivery.digest), Path(folder))
            report = take_in(catalogue, delivery, declaration, read_delivery(path, declaration, pseudonyms))
        reports.append(report)
        say = context.log.warning if report.error else context.log.info
        say(f"{declaration.name} {report.delivery}: {report.state}, {report.accepted} accepted, "
            f"{report.rejected} rejected {report.error or ''}")  # fmt: skip
    version = dg.DataVersion(reading_position(catalogue, collection, declaration.name))
    yield dg.MaterializeResult(
        asset_key="listings",
        data_version=version,
        metadata={
            "dagster/partition_row_count": sum(report.accepted for report in reports),
            "accepted": sum(report.accepted for report in reports),
            "added": sum(report.added for report in reports),
            "changed": sum(report.changed for report in reports),
            "withdrawn": sum(report.withdrawn for report in reports),
            "stale": sum(report.stale for report in reports),
            "remarks": sum(report.remarks for report in reports),
            "deliveries": {report.delivery: report.error or report.state for report in reports},
            **_unmapped(catalogue, collection, declaration, reports),
        },
    )
    yield dg.MaterializeResult(
        asset_key="rejects",
        data_version=version,
        metadata={
            "dagster/partition_row_count": sum(report.rejected for report in reports),
            "rejected": sum(report.rejected for report in reports),
            "by_reason": _summed(reports),
        },
    )
    yield dg.MaterializeResult(
        asset_key="price_history",
        data_version=version,
        metadata={
            "dagster/partition_row_count": sum(report.price_spans for report in reports),
            "spans": sum(report.price_spans for report in reports),
        },
    )


def _unmapped(
    catalogue: Engine, collection: str, declaration: FeedDeclaration, reports: list[IntakeReport]
) -> dict[str, dg.MetadataValue]:
    """Top unmapped values, where something was read that may have changed them."""
    if not reports:
        return {}
    found = unmapped_values(catalogue, collection, declaration)
    return {
        "unmapped_values": dg.MetadataValue.int(len(found)),
        "top_unmapped_values": dg.MetadataValue.md(as_markdown(found)),
    }


def _summed(reports: list[IntakeReport]) -> dict[str, int]:
    total: dict[str, int] = {}
    for report in reports:
        for reason, count in report.rejects_by_reason.items():
            total[reason] = total.get(reason, 0) + count
    return total
