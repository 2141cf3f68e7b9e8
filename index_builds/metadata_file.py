"""The metadata that filters and result pages need: one row per picture and listing, as Parquet.

Rows are sorted by image key and listing, so that equal catalogues give equal bytes.
"""

import io

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from index_builds.errors import BuildInputError, SnapshotDamagedError

_TEXT = pa.string()
_REQUIRED = (
    "image_key",
    "image_id",
    "piece_id",
    "listing_id",
    "tier",
    "source",
    "availability",
    "stones",
    "styles",
)
SCHEMA = pa.schema(
    [
        (name, type_, name not in _REQUIRED)
        for name, type_ in (
            ("image_key", pa.int64()),
            ("image_id", _TEXT),
            ("piece_id", _TEXT),
            ("listing_id", _TEXT),
            ("tier", _TEXT),
            ("source", _TEXT),
            ("category", _TEXT),
            ("brand", _TEXT),
            ("metal", _TEXT),
            ("metal_colour", _TEXT),
            ("stones", pa.list_(_TEXT)),
            ("styles", pa.list_(_TEXT)),
            ("colour", _TEXT),
            ("availability", _TEXT),
            ("price_minor", pa.int64()),
            ("currency", _TEXT),
            ("title", _TEXT),
            ("url", _TEXT),
        )
    ]
)


def canonical_metadata(table: pa.Table, keys: NDArray[np.int64], tiers: NDArray[np.str_]) -> pa.Table:
    """Return the metadata rows in the snapshot's schema and order, with each row's tier taken from its image.

    Args:
        table: Rows in any order; a ``tier`` column of its own is replaced.
        keys: Sorted image keys of the snapshot.
        tiers: The tier of each key.

    Raises:
        BuildInputError: If a column is missing or cannot be cast, a required value is null, a row repeats, an
            image has no row, or a row names an image that has no vector.
    """
    missing = [name for name in SCHEMA.names if name != "tier" and name not in table.column_names]
    if missing:
        message = f"metadata lacks the columns {', '.join(missing)}: see index_builds.metadata_file.SCHEMA"
        raise BuildInputError(message)
    try:
        row_keys = table["image_key"].cast(pa.int64()).to_numpy()
        places = np.searchsorted(keys, row_keys)
        known = (places < len(keys)) & (keys[np.minimum(places, len(keys) - 1)] == row_keys)
        if not known.all():
            message = (
                f"{int((~known).sum())} metadata rows name images without a vector, the first "
                f"{row_keys[~known][0]}: "
                "leave them out, or embed the images"
            )
            raise BuildInputError(message)
        spoken_of = np.zeros(len(keys), dtype=np.bool_)
        spoken_of[places] = True
        bare = keys[~spoken_of]
        if len(bare):
            message = (
                f"{len(bare)} images have no metadata row, the first {bare[0]}: nothing could "
                "be shown for them"
            )
            raise BuildInputError(message)
        columns = [
            _tier_column(tiers, places) if field.name == "tier" else table[field.name].cast(field.type)
            for field in SCHEMA
        ]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"metadata does not fit index_builds.metadata_file.SCHEMA: {error}"
        raise BuildInputError(message) from error
    whole = pa.Table.from_arrays(columns, schema=SCHEMA)
    empty = [name for name in _REQUIRED if whole[name].null_count]
    if empty:
        message = f"metadata has nulls in {', '.join(empty)}: these columns are required (lists may be empty)"
        raise BuildInputError(message)
    ordered = whole
    if not (row_keys[1:] > row_keys[:-1]).all():
        ordered = whole.sort_by([("image_key", "ascending"), ("listing_id", "ascending")])
    ordered = ordered.combine_chunks()
    names, listings = ordered["image_key"].to_numpy(), ordered["listing_id"]
    if len(names) > 1:
        repeated = (names[1:] == names[:-1]) & pc.equal(listings[1:], listings[:-1]).to_numpy()
        if repeated.any():
            message = f"metadata repeats image {names[1:][repeated][0]} with the same listing: keep one row"
            raise BuildInputError(message)
    return ordered


def _tier_column(tiers: NDArray[np.str_], places: NDArray[np.int64]) -> pa.ChunkedArray:
    names, codes = np.unique(tiers, return_inverse=True)
    codes = pa.array(codes[places].astype(np.int32))
    return pa.chunked_array(
        [pa.DictionaryArray.from_arrays(codes, pa.array(names.tolist(), _TEXT)).cast(_TEXT)]
    )


def write_metadata(table: pa.Table) -> bytes:
    """Return the Parquet bytes of a canonical metadata table; equal tables give equal bytes."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd", row_group_size=65_536, store_schema=False)
    return sink.getvalue()


def read_metadata(data: bytes, what: str) -> pa.Table:
    """Return the table of a metadata file.

    Args:
        data: Parquet bytes, their digest already checked.
        what: Names the file in errors.

    Raises:
        SnapshotDamagedError: If it is no Parquet file, or has another schema.
    """
    try:
        table = pq.read_table(pa.BufferReader(data)).select(SCHEMA.names).cast(SCHEMA).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, KeyError, ValueError, OSError) as error:
        message = f"metadata file {what} cannot be read: {error}; build the snapshot again"
        raise SnapshotDamagedError(message) from error
    return table
