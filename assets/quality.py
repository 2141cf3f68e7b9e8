"""What the quality of a collection is, for people to look at.  One partition per collection."""

import dagster as dg
from sqlalchemy import Engine

from assets.failures import TRANSIENT
from catalog.declarations import FeedRegistry
from catalog.unmapped import as_markdown, most_frequent
from quality.display import measures_display, rates_display
from quality.page_versions import page_is_current, page_key, results_version
from quality.remembered_results import anew, remembering
from quality.table_suites import collection_results
from storage.objects import ObjectStore


@dg.asset(
    deps=["image_verdicts", "pieces"],
    kinds={"great_expectations"},
    code_version="1",
    retry_policy=TRANSIENT,
)
def quality_docs(
    context: dg.AssetExecutionContext,
    catalogue: dg.ResourceParam[Engine],
    objects: dg.ResourceParam[ObjectStore],
    feeds: dg.ResourceParam[FeedRegistry],
) -> dg.MaterializeResult:
    """Data docs of every suite, values that map to nothing, rates over time, measures and their bounds."""
    collection = context.partition_key
    declarations = feeds.collections[collection]
    found = collection_results(catalogue, collection, declarations, remembering(objects, collection))
    unmapped = most_frequent(catalogue, collection, declarations)
    written = not page_is_current(objects, collection, found, unmapped)
    if written:
        # great-expectations takes seconds to import, and definitions import this module.
        from quality.data_docs import write_data_docs

        shown = collection_results(catalogue, collection, declarations, anew)
        write_data_docs(objects, collection, shown, unmapped)
    return dg.MaterializeResult(
        data_version=dg.DataVersion(results_version(found, unmapped)[:32]),
        metadata={
            "data_docs": dg.MetadataValue.path(f"{objects.url}/{page_key(collection)}"),
            "page_written": written,
            "unmet": sum(not rule.passed for some in found.values() for one in some for rule in one.findings),
            "top_unmapped_values": dg.MetadataValue.md(as_markdown(unmapped)),
            **rates_display(catalogue, collection, declarations),
            **measures_display(catalogue, collection, declarations),
        },
    )
