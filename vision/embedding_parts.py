"""Vectors at rest: Parquet parts under ``embeddings/<encoder_id>/<shard>/``, each named by its own digest.

A part says inside itself which encoder made it.  Parts are written once and never changed; the listing of a
shard is the record of what has been embedded.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from storage.objects import ObjectStore, sha256_hex
from vision.errors import EmbeddingPartError

_NAME = re.compile(r"([0-9a-f]{64})\.parquet")
_UNIT_TOLERANCE = 1e-3


def shard_prefix(encoder_id: str, shard: int) -> str:
    """Return the prefix of the keys of a shard's parts."""
    return f"embeddings/{encoder_id}/{shard:04d}/"


def write_part(
    objects: ObjectStore,
    encoder_id: str,
    shard: int,
    images: Sequence[tuple[int, str]],
    vectors: NDArray[np.float32],
) -> str:
    """Store one part and return its object key; the same rows give the same key.

    Args:
        objects: Where parts are kept.
        encoder_id: What made the vectors.
        shard: Which shard the images belong to.
        images: ``(image_key, image_id)`` of every row.
        vectors: Finite unit vectors, shape ``(len(images), dimension)``.

    Raises:
        ValueError: If the rows do not match, or a vector is not a finite unit vector.
    """
    if vectors.ndim != 2 or vectors.dtype != np.float32 or len(vectors) != len(images) or not len(images):
        message = f"{len(images)} images with vectors of shape {vectors.shape} and type {vectors.dtype}"
        raise ValueError(message)
    if not _are_unit(vectors):
        message = f"vectors of encoder {encoder_id} must be finite and of length 1"
        raise ValueError(message)
    dimension = vectors.shape[1]
    flat = pa.array(np.ascontiguousarray(vectors).reshape(-1), type=pa.float32())
    table = pa.table(
        {
            "image_key": pa.array([key for key, _ in images], type=pa.int64()),
            "image_id": pa.array([image_id for _, image_id in images], type=pa.string()),
            "vector": pa.FixedSizeListArray.from_arrays(flat, dimension),
        }
    ).replace_schema_metadata({"encoder_id": encoder_id, "dimension": str(dimension)})
    sink = pa.BufferOutputStream()
    # Unit vectors do not compress, and a dictionary of distinct floats is larger than the floats.
    pq.write_table(table, sink, compression="NONE", use_dictionary=False, write_statistics=["image_key"])
    data = sink.getvalue().to_pybytes()
    key = f"{shard_prefix(encoder_id, shard)}{sha256_hex(data)}.parquet"
    objects.put(key, data)
    return key


class EmbeddingParts:
    """Read access to the vectors of one encoder."""

    def __init__(
        self, objects: ObjectStore, encoder_id: str, shard_count: int, cache: Path | None = None
    ) -> None:
        """Open the parts of an encoder.

        Args:
            objects: Where parts are kept.
            encoder_id: Whose vectors to read; parts of another one are an error.
            shard_count: How many shards images are spread over, ``image_key % shard_count``.
            cache: A folder for downloaded parts, where the store is remote; without it they are read into
                memory.
        """
        if shard_count < 1:
            message = f"shard_count is {shard_count}: it must be at least 1"
            raise ValueError(message)
        self.encoder_id = encoder_id
        self.shard_count = shard_count
        self._objects = objects
        self._cache = cache

    def dimension(self) -> int | None:
        """Return the length of this encoder's vectors, or None while nothing is embedded."""
        for shard in range(self.shard_count):
            for key in part_keys(self._objects, self.encoder_id, shard):
                return _dimension(self._open(key))
        return None

    def present(self, shard: int) -> NDArray[np.int64]:
        """Return the keys of the images of a shard that have a vector, sorted, without repetition.

        Raises:
            EmbeddingPartError: If a part is damaged, or belongs elsewhere.
        """
        present = present_keys(self._objects, self.encoder_id, shard, self._cache)
        self._require_shard(present, shard)
        return present

    def read(self, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return those of ``keys`` that have a vector, sorted, and the vectors ``(found, dimension)``.

        A key that stands in two parts is read from the one whose name sorts first.

        Raises:
            EmbeddingPartError: If a part is damaged, belongs elsewhere, or has another dimension than the
                others.
        """
        wanted = np.unique(np.asarray(keys, dtype=np.int64))
        found_keys: list[NDArray[np.int64]] = []
        found_vectors: list[NDArray[np.float32]] = []
        for shard in np.unique(wanted % self.shard_count).tolist():
            missing = wanted[wanted % self.shard_count == shard]
            for part_key in part_keys(self._objects, self.encoder_id, shard):
                if not len(missing):
                    break
                part = self._open(part_key)
                stored = _keys_of(part_key, part)
                self._require_shard(stored, shard)
                present, first_rows = np.unique(stored, return_index=True)
                here = np.intersect1d(missing, present, assume_unique=True)
                if not len(here):
                    continue
                vectors = _vectors_of(part_key, part)
                if found_vectors and vectors.shape[1] != found_vectors[0].shape[1]:
                    others = found_vectors[0].shape[1]
                    raise _unusable(
                        f"part {part_key} has {vectors.shape[1]} dimensions, where others have {others}"
                    )
                found_keys.append(here)
                found_vectors.append(vectors[first_rows[np.searchsorted(present, here)]])
                missing = np.setdiff1d(missing, here, assume_unique=True)
        if not found_keys:
            return np.empty(0, dtype=np.int64), np.empty((0, self.dimension() or 0), dtype=np.float32)
        all_keys = np.concatenate(found_keys)
        order = np.argsort(all_keys)
        return all_keys[order], np.concatenate(found_vectors)[order]

    def _open(self, key: str) -> pq.ParquetFile:
        return _open(self._objects, self.encoder_id, key, self._cache)

    def _require_shard(self, keys: NDArray[np.int64], shard: int) -> None:
        elsewhere = keys[keys % self.shard_count != shard]
        if len(elsewhere):
            place = shard_prefix(self.encoder_id, shard)
            message = (
                f"{place} holds image {elsewhere[0]}, which is not of shard {shard} of {self.shard_count}: "
                "the number of shards was changed; set it back, or delete "
                f"embeddings/{self.encoder_id}/ to embed again"
            )
            raise EmbeddingPartError(message)


def part_keys(objects: ObjectStore, encoder_id: str, shard: int) -> list[str]:
    """Return the object keys of a shard's parts, sorted.

    Raises:
        EmbeddingPartError: If something else lies among them.
    """
    keys = sorted(objects.keys(shard_prefix(encoder_id, shard)))
    for key in keys:
        if not _NAME.fullmatch(key.rpartition("/")[2]):
            raise _unusable(f"{key} is no embedding part: its name should be <sha256>.parquet")
    return keys


def present_keys(
    objects: ObjectStore, encoder_id: str, shard: int, cache: Path | None = None
) -> NDArray[np.int64]:
    """Return the keys of the images that have a vector in a shard, sorted, without repetition.

    Raises:
        EmbeddingPartError: If a part is damaged, or belongs elsewhere.
    """
    found = [
        _keys_of(key, _open(objects, encoder_id, key, cache)) for key in part_keys(objects, encoder_id, shard)
    ]
    return np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)


def _open(objects: ObjectStore, encoder_id: str, key: str, cache: Path | None) -> pq.ParquetFile:
    """Open a part after its digest, its encoder and its columns have been checked."""
    if cache is None:
        content = pa.py_buffer(objects.get(key))
    else:
        with pa.memory_map(str(objects.local_path(key, cache))) as file:
            content = file.read_buffer()
    digest = hashlib.sha256(memoryview(content)).hexdigest()
    if not key.endswith(f"/{digest}.parquet"):
        raise _unusable(f"part {key} is damaged: its {content.size} bytes have the digest {digest}")
    try:
        part = pq.ParquetFile(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise _unusable(f"part {key} is not Parquet ({error})") from error
    schema = part.schema_arrow
    metadata = schema.metadata or {}
    made_by = metadata.get(b"encoder_id", b"").decode(errors="replace")
    if made_by != encoder_id:
        raise _unusable(f"part {key} was made by encoder {made_by or 'unknown'}, not by {encoder_id}")
    if not _has_columns(schema, metadata.get(b"dimension", b"").decode(errors="replace")):
        columns = ", ".join(f"{field.name} {field.type}" for field in schema)
        raise _unusable(f"part {key} has the columns {columns}, which are not those of its dimension")
    return part


def _has_columns(schema: pa.Schema, dimension: str) -> bool:
    kinds = {field.name: field.type for field in schema}
    vector = kinds.get("vector")
    return (
        kinds.get("image_key") == pa.int64()
        and kinds.get("image_id") == pa.string()
        and vector is not None
        and bool(pa.types.is_fixed_size_list(vector))
        and bool(vector.value_type == pa.float32())
        and str(vector.list_size) == dimension
    )


def _dimension(part: pq.ParquetFile) -> int:
    return int(part.schema_arrow.metadata[b"dimension"])


def _unusable(problem: str) -> EmbeddingPartError:
    return EmbeddingPartError(f"{problem}; delete it, and its images are embedded again")


def _keys_of(key: str, part: pq.ParquetFile) -> NDArray[np.int64]:
    keys: NDArray[np.int64] = _column(key, part, "image_key").to_numpy()
    return keys


def _column(key: str, part: pq.ParquetFile, name: str) -> pa.ChunkedArray:
    try:
        column = part.read(columns=[name]).column(name)
    except (pa.ArrowException, OSError) as error:
        raise _unusable(f"column {name} of part {key} cannot be read ({error})") from error
    if column.null_count:
        raise _unusable(f"column {name} of part {key} has {column.null_count} nulls")
    return column


def _vectors_of(key: str, part: pq.ParquetFile) -> NDArray[np.float32]:
    chunks = _column(key, part, "vector").chunks
    flat = np.concatenate([chunk.flatten().to_numpy(zero_copy_only=False) for chunk in chunks])
    vectors: NDArray[np.float32] = flat.reshape(-1, _dimension(part))
    if not _are_unit(vectors):
        raise _unusable(f"part {key} holds vectors that are not finite unit vectors")
    return vectors


def _are_unit(vectors: NDArray[np.float32]) -> bool:
    lengths = np.linalg.norm(vectors, axis=1)
    return bool(np.all(np.abs(lengths - 1.0) <= _UNIT_TOLERANCE))  # NaN and infinity fail the comparison
