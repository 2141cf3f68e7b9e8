"""Texts' vectors at rest, so that phrases are encoded once: ``queries/<encoder_id>/<digest>.parquet``.

A gate asks the same texts of every snapshot until the catalogue's words change.
"""

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from storage.objects import ObjectMissingError, ObjectStore
from vision.encoders import Encoder
from vision.queries import encode_queries

_FORMAT = "1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextVectors:
    """Vectors of texts.

    Attributes:
        vectors: Unit vectors of the texts of which the encoder knows a word, in their order, float32.
        dropped: How many texts it knows nothing of.
    """

    vectors: NDArray[np.float32]
    dropped: int


def text_vectors(
    objects: ObjectStore, encoder_id: str, load: Callable[[], Encoder], texts: Sequence[str]
) -> TextVectors:
    """Return texts' vectors as a search encodes them, from the store where they were asked for before.

    Args:
        objects: The store.
        encoder_id: Of the encoder that ``load`` gives.
        load: Loads the encoder; not called when the vectors are there.
        texts: What to encode, in order.
    """
    asked = json.dumps([_FORMAT, list(texts)], ensure_ascii=False).encode()
    key = f"queries/{encoder_id}/{hashlib.sha256(asked).hexdigest()}.parquet"
    try:
        stored = pq.read_table(io.BytesIO(objects.get(key)))["vector"].combine_chunks()
    except (ObjectMissingError, pa.ArrowInvalid, KeyError):
        encoded = encode_queries(load(), texts)
        objects.put(key, _written(encoded.vectors))
        return TextVectors(vectors=encoded.vectors, dropped=encoded.dropped)
    vectors = stored.flatten().to_numpy(zero_copy_only=False).reshape(len(stored), -1)
    return TextVectors(vectors=vectors.astype(np.float32), dropped=len(texts) - len(stored))


def _written(vectors: NDArray[np.float32]) -> bytes:
    flat = pa.array(vectors.ravel(), pa.float32())
    sink = io.BytesIO()
    pq.write_table(pa.table({"vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])}), sink)
    return sink.getvalue()
