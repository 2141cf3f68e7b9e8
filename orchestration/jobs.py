"""Jobs: one per partitioning, in the order in which a full refresh runs them."""

import dagster as dg

INGEST = dg.define_asset_job(
    "ingest",
    selection=["deliveries", "listings", "rejects", "price_history"],
    description="Fetch one feed and read what is new into the catalogue.",
)
CATALOGUE = dg.define_asset_job(
    "catalogue",
    selection=["pieces", "trends", "images", "image_verdicts", "renditions", "searchable_images"],
    description="Join pieces, fetch and judge pictures, and say what of a collection can be searched.",
)
EMBED = dg.define_asset_job(
    "embed", selection=["image_embeddings"], description="Embed accepted pictures that have no vector yet."
)
INDEX = dg.define_asset_job(
    "index",
    selection=["index_snapshot", "promoted_index"],
    description="Build a candidate snapshot, run its gate, and promote it if it passes.",
)
PROMOTE = dg.define_asset_job(
    "promote",
    selection=["promoted_index"],
    description="Promote the newest candidate, proved again: promotion trusts no check that ran before.",
)
JOBS = (INGEST, CATALOGUE, EMBED, INDEX, PROMOTE)
