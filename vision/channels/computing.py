"""Channel vectors of one shard's pictures that have none yet, all channels of a picture in one pass.

A picture is decoded once and looked at once; each channel that lacks it then gets its vector, or the note
that there is none.  Vectors are parts like an encoder's (``vision.embedding_parts``), under the channel's id.
Pictures that the encoder has no vector of wait: whatever cannot be embedded cannot be described either.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.objects import ObjectStore
from vision.channels.gaps import read_gaps, write_gaps
from vision.channels.looking import LOOKED_AT_PX, LookedAt, look_at
from vision.channels.registry import ChannelExtractor
from vision.decoding import decode_fast
from vision.embedding import read_original
from vision.embedding_parts import EmbeddingParts, present_keys, write_part
from vision.errors import UnreadableImageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStanding:
    """What there is of one channel for the pictures of a shard.

    Attributes:
        vectors: Pictures with a vector.
        gaps: Pictures without one, by the reason.
        pending: Keys of the pictures that have not been looked at, ascending.
    """

    vectors: int
    gaps: Mapping[str, int]
    pending: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReport:
    """What one run did for one shard.

    Attributes:
        described: Vectors written now, by channel.
        gaps: Pictures found now to have none, by channel and reason.
        failed: ``(image_id, reason)`` of pictures that cannot be read, as in ``EmbeddingReport``.
    """

    described: Mapping[str, int] = field(default_factory=dict)
    gaps: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    failed: tuple[tuple[str, str], ...] = ()


def channel_standing(
    objects: ObjectStore,
    channel_id: str,
    encoder_id: str,
    shard: int,
    wanted: Sequence[tuple[int, str]],
    cache: Path | None = None,
) -> ChannelStanding:
    """Return what there is of a channel, and what is to do; loads no model and reads no picture.

    Args:
        objects: Holds the parts.
        channel_id: Of the channel.
        encoder_id: Of the encoder in force: only pictures that it has a vector of can be described.
        shard: Which shard.
        wanted: ``(image_key, image_id)`` of every picture of the shard that should be described.
        cache: A folder for downloaded parts, where the store is remote.

    Raises:
        EmbeddingPartError: If a stored part of this shard is damaged.
        ChannelError: If a stored note of gaps is damaged.
    """
    embedded = present_keys(objects, encoder_id, shard, cache)
    keys = np.intersect1d(np.array([key for key, _ in wanted], dtype=np.int64), embedded)
    present = np.intersect1d(keys, present_keys(objects, channel_id, shard, cache), assume_unique=True)
    reasons = read_gaps(objects, channel_id, shard)
    without = {key: reasons[key] for key in keys.tolist() if key in reasons}
    known = np.union1d(present, np.array(sorted(without), dtype=np.int64))
    return ChannelStanding(
        vectors=len(present),
        gaps=Counter(without.values()),
        pending=np.setdiff1d(keys, known, assume_unique=True),
    )


def compute_channel_shard(
    objects: ObjectStore,
    channels: Sequence[ChannelExtractor],
    encoder_id: str,
    shard: int,
    shard_count: int,
    wanted: Sequence[tuple[int, str]],
    *,
    workers: int = 2,
    part_size: int = 256,
    cache: Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> ChannelReport:
    """Describe those of the wanted pictures that some channel knows nothing of, and store what was found.

    A run that is killed loses the part it was working on; the next one goes on from there.

    Args:
        objects: Holds the original bytes under ``images/`` and takes the parts.
        channels: What to compute.
        encoder_id: Of the encoder whose vectors the channels are given.
        shard: Which shard of the pictures this is.
        shard_count: Over how many shards they are spread.
        wanted: ``(image_key, image_id)`` of every picture that should be described; order does not matter.
        workers: Threads that read, decode and describe.
        part_size: Pictures per part.
        cache: A folder for downloaded parts, where the store is remote.
        on_progress: Called after each part with the pictures dealt with and the pictures to deal with.

    Raises:
        EmbeddingPartError: If a stored part of this shard is damaged.
        ChannelError: If a stored note of gaps is damaged.
    """
    ids = dict(wanted)
    pending = {
        channel.name: set(
            channel_standing(objects, channel.channel_id, encoder_id, shard, wanted, cache).pending.tolist()
        )
        for channel in channels
    }
    todo = np.array(sorted(set().union(*pending.values())), dtype=np.int64)
    visuals = EmbeddingParts(objects, encoder_id, shard_count, cache)
    described: Counter[str] = Counter()
    gaps: dict[str, Counter[str]] = {channel.name: Counter() for channel in channels}
    failed: list[tuple[str, str]] = []
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="loupe-describe") as pool:
        for start in range(0, len(todo), part_size):
            keys, vectors = visuals.read(todo[start : start + part_size])

            def describe(
                key: int, visual: NDArray[np.float32]
            ) -> tuple[dict[str, NDArray[np.float32] | None], str]:
                looked, reason = _look(objects, ids[key])
                if looked is None:
                    return {}, reason
                return {
                    channel.name: channel.extract(looked.pixels, looked.mask, visual)
                    for channel in channels
                    if key in pending[channel.name]
                }, ""

            found = list(pool.map(describe, keys.tolist(), vectors))
            failed += [
                (ids[key], reason) for key, (_, reason) in zip(keys.tolist(), found, strict=True) if reason
            ]
            for channel in channels:
                rows = [
                    (key, vectors_of[channel.name])
                    for key, (vectors_of, _) in zip(keys.tolist(), found, strict=True)
                    if channel.name in vectors_of
                ]
                kept = [(key, vector) for key, vector in rows if vector is not None]
                without = [(key, channel.gap_reason) for key, vector in rows if vector is None]
                if kept:
                    images = [(key, ids[key]) for key, _ in kept]
                    stacked = np.stack([vector for _, vector in kept])
                    write_part(objects, channel.channel_id, shard, images, stacked)
                if without:
                    write_gaps(objects, channel.channel_id, shard, without)
                described[channel.name] += len(kept)
                gaps[channel.name].update(reason for _, reason in without)
            if on_progress is not None:
                on_progress(min(start + part_size, len(todo)), len(todo))
    return ChannelReport(described=described, gaps=gaps, failed=tuple(failed))


def _look(objects: ObjectStore, image_id: str) -> tuple[LookedAt | None, str]:
    data, reason = read_original(objects, image_id)
    if data is None:
        return None, reason
    try:
        return look_at(decode_fast(data, at_least_px=LOOKED_AT_PX).image), ""
    except UnreadableImageError as error:
        return None, error.reason
