"""Which embedded pictures show no jewelry: vectors and a head from ``vision``, the notes in ``catalog``."""

import numpy as np
from sqlalchemy import Engine

from assets.bounds import WorkBounds
from catalog.image_domains import forget_scores, kept_out, note_scores, unscored_images
from storage.objects import ObjectStore
from vision.domain import head_of
from vision.embedding_parts import EmbeddingParts


def score_domains(
    catalogue: Engine, objects: ObjectStore, encoder_id: str, collection: str, bounds: WorkBounds
) -> int | str:
    """Score the collection's pictures that have a vector and no score yet; return how many are kept out.

    An encoder without a head says nothing of pictures: then the answer is a sentence that says so.
    """
    head = head_of(encoder_id, objects)
    if head is None:
        forget_scores(catalogue, collection)
        return f"not asked: encoder {encoder_id} has no head that tells jewelry (docs/encoders.md)"
    domain_id = head.domain_id
    waiting = dict(unscored_images(catalogue, collection, domain_id))
    if waiting:
        parts = EmbeddingParts(objects, encoder_id, bounds.shards, bounds.cache)
        keys, vectors = parts.read(np.array(sorted(waiting), dtype=np.int64))
        scores = head.scores(vectors) if len(keys) else np.empty(0, dtype=np.float32)
        note_scores(
            catalogue,
            collection,
            domain_id,
            {waiting[key]: float(score) for key, score in zip(keys.tolist(), scores.tolist(), strict=True)},
            bound=head.bound,
        )
    return len(kept_out(catalogue, collection))
