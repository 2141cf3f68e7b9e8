"""Reading a delivery: from a file and its declaration to listings, rejects, remarks and damage.

One row in memory at a time (JSON Lines, CSV, TSV, XML, JSON); what grows with the delivery is the set of
ids that tells duplicates.  No content raises: a bad row is a Reject, a file that breaks off is one Damage.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from catalog.declarations import FeedDeclaration
from catalog.listing import Damage, Listing, Reject, Remark
from catalog.readers import (
    csv_table,
    google_merchant_tsv,
    google_merchant_xml,
    image_manifest,
    json_document,
    json_lines,
    shopify_csv,
)
from catalog.readers.record import Reader, Record
from catalog.standardise import Standardiser

READERS: Mapping[str, Reader] = {
    "shopify_csv": shopify_csv.read,
    "google_merchant_xml": google_merchant_xml.read,
    "google_merchant_tsv": google_merchant_tsv.read,
    "json": json_document.read,
    "jsonl": json_lines.read,
    "csv": csv_table.read,
    "images": image_manifest.read,
}


def read_delivery(path: Path, declaration: FeedDeclaration) -> Iterator[Listing | Reject | Remark | Damage]:
    """Yield what a delivery holds, in its order; a listing's remarks follow it.

    Remarks about the whole file have an empty ``source_id`` and the place ``file``.  Of two records with one
    id, the first is the listing and the second a reject.
    """
    standardiser = Standardiser(declaration)
    seen: set[str] = set()
    records = 0
    for one in reader_of(declaration)(path, declaration):
        if not isinstance(one, Record):
            yield one
            continue
        records += 1
        outcome, remarks = standardiser.read(one)
        if isinstance(outcome, Listing) and outcome.source_id in seen:
            yield Reject(
                place=outcome.place,
                reason="duplicate_id",
                message=f"the delivery holds {outcome.source_id!r} already: ids must be distinct",
                source_id=outcome.source_id,
                field="source_id",
                value=outcome.source_id,
            )
            continue
        if isinstance(outcome, Listing):
            seen.add(outcome.source_id)
        yield outcome
        yield from remarks
    if records:
        yield from standardiser.closing_remarks()


def reader_of(declaration: FeedDeclaration) -> Reader:
    """Return the reader of a feed's deliveries: a crawl of several pages is kept as JSON Lines."""
    if declaration.pagination is not None and declaration.format == "json":
        return json_lines.read
    return READERS[declaration.format]
