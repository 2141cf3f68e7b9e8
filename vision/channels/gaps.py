"""Which pictures have no vector in a channel, and why.

Kept as ``channel_gaps/<channel_id>/<shard>/<digest>.parquet``, written once and never changed.
Without them a picture that has nothing to describe would be looked at again by every run.
"""

import io
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from storage.objects import ObjectStore, sha256_hex
from vision.errors import ChannelError


def write_gaps(objects: ObjectStore, channel_id: str, shard: int, gaps: Sequence[tuple[int, str]]) -> str:
    """Store ``(image_key, reason)`` of pictures without a vector, and return the object key."""
    table = pa.table(
        {
            "image_key": pa.array([key for key, _ in gaps], type=pa.int64()),
            "reason": pa.array([reason for _, reason in gaps], type=pa.string()),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    data = sink.getvalue()
    key = f"{_prefix(channel_id, shard)}{sha256_hex(data)}.parquet"
    objects.put(key, data)
    return key


def read_gaps(objects: ObjectStore, channel_id: str, shard: int) -> dict[int, str]:
    """Return the reasons of a shard's pictures without a vector, by image key.

    Raises:
        ChannelError: If a file is damaged.
    """
    found: dict[int, str] = {}
    for key in sorted(objects.keys(_prefix(channel_id, shard))):
        data = objects.get(key)
        if not key.endswith(f"/{sha256_hex(data)}.parquet"):
            message = f"{key} is damaged: delete it, and its pictures are described again"
            raise ChannelError(message)
        table = pq.read_table(io.BytesIO(data))
        found.update(zip(table["image_key"].to_pylist(), table["reason"].to_pylist(), strict=True))
    return found


def _prefix(channel_id: str, shard: int) -> str:
    return f"channel_gaps/{channel_id}/{shard:04d}/"
