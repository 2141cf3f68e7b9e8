"""Reading a delivery: from a file and its declaration to listings, rejects, remarks and damage.

One row in memory at a time (JSON Lines, CSV, TSV, XML, JSON); what grows with the delivery are eight bytes
an id, that tell duplicates, and for Magento and WooCommerce what variants say of their products.  No content
raises: a bad row is a Reject, a file that breaks off is one Damage.
"""

from collections.abc import Iterator
from pathlib import Path

from catalog.community.pseudonyms import NO_PSEUDONYMS, Pseudonyms
from catalog.declarations import FeedDeclaration
from catalog.formats import format_of
from catalog.listing import Damage, Listing, Reject, Remark
from catalog.rates.rate import Rate
from catalog.readers.compression import keep_whole_lines, unpacked
from catalog.readers.record import Read, Record
from catalog.seen_ids import SeenIds
from catalog.standardise import Standardiser

Statement = Listing | Rate | Reject | Remark | Damage


def read_delivery(
    path: Path, declaration: FeedDeclaration, pseudonyms: Pseudonyms = NO_PSEUDONYMS
) -> Iterator[Statement]:
    """Yield what a delivery holds, in its order; a listing's remarks follow it.

    Remarks about the whole file have an empty ``source_id`` and the place ``file``.  Of two records with one
    id, the first is the listing and the second a reject.
    """
    standardiser = Standardiser(declaration, pseudonyms)
    seen = SeenIds()
    records = 0
    for one in _read_plain(path, declaration):
        if not isinstance(one, Record):
            yield one
            continue
        records += 1
        outcome, remarks = standardiser.read(one)
        if isinstance(outcome, Listing) and not seen.add(outcome.source_id):
            yield Reject(
                place=outcome.place,
                reason="duplicate_id",
                message=(
                    f"an earlier row has the id {outcome.source_id!r} already and was taken: "
                    "give every product an id of its own"
                ),
                source_id=outcome.source_id,
                field="source_id",
                value=outcome.source_id,
            )
            continue
        yield outcome
        yield from remarks
    if records:
        yield from standardiser.closing_remarks()


def _read_plain(path: Path, declaration: FeedDeclaration) -> Iterator[Read]:
    """Yield what a delivery's plain file holds; of one that could not be unpacked whole, its damage last."""
    with unpacked(path, declaration.member) as plain:
        form = format_of(declaration)
        if plain.path is not None:
            if plain.damage is not None and form.by_lines:
                keep_whole_lines(plain.path)
            for one in form.read(plain.path, declaration):
                if plain.damage is None or not isinstance(one, Damage):  # the cut file's own break says less
                    yield one
        if plain.damage is not None:
            yield plain.damage
