"""Take a candidate's health from a bounded number of questions: its own pictures, each without itself."""

import numpy as np
from numpy.typing import NDArray

from index_builds.gate_truth import Truth
from index_builds.ids import distinct_of_sorted
from index_builds.queries import held_out_queries, sampled
from index_builds.search import OpenSnapshot
from index_builds.settings import GateSettings
from index_builds.snapshot_health import (
    drift,
    flooded_share,
    hubness,
    labels_of,
    precision_at_k,
    unreached_share,
)
from index_builds.tiers import TIERS

K = 10
LABELS = {"piece": "piece_id", "category": "category", "metal": "metal"}


def measure_health(
    candidate: OpenSnapshot, truth: Truth, parent: OpenSnapshot | None, settings: GateSettings
) -> dict[str, float]:
    """Return the figures of ``health_names``, and ``queries``, how many pictures were asked about.

    A label that nothing states, and drift without a parent of the same encoder, are left out.

    Args:
        candidate: Opened, all tiers.
        truth: Of the live images.
        parent: The promoted snapshot.
        settings: ``health_queries`` pictures are asked about; none, and nothing is measured.
    """
    if not settings.health_queries:
        return {}
    asked = held_out_queries(
        truth.keys, truth.vectors, None, count=settings.health_queries, seed=settings.seed
    )
    found = candidate.search(asked.vectors, K, tiers=TIERS, excluding=asked.excluding)
    answers, rows = truth.rows_of(found.keys), truth.rows_of(asked.own_keys)
    labels = {name: labels_of(truth.metadata, column, truth.keys) for name, column in LABELS.items()}
    figures: dict[str, float | None] = {
        f"precision_at_{K}/{name}": precision_at_k(answers, rows, own) for name, own in labels.items()
    }
    if hubs := hubness(asked.vectors, k=K):
        figures["hubness/skewness"] = hubs.skewness
        figures["hubness/largest_k_occurrence"] = hubs.largest_k_occurrence
    figures["flooded_share"] = flooded_share(answers, truth.vectors, labels["piece"])
    figures["unreached_share"] = unreached_share(answers, len(truth.keys))
    if parent is not None and parent.content.encoder_id == candidate.content.encoder_id:
        figures |= _drift(candidate, parent, settings)
    measured = {name: round(float(value), 6) for name, value in figures.items() if value is not None}
    return {"queries": float(len(asked)), **measured}


def _drift(candidate: OpenSnapshot, parent: OpenSnapshot, settings: GateSettings) -> dict[str, float | None]:
    def drawn(snapshot: OpenSnapshot) -> NDArray[np.int64]:
        keys = distinct_of_sorted(snapshot.row_keys)
        return keys[sampled(keys, count=settings.health_queries, seed=settings.seed)]

    ours, theirs = drawn(candidate), drawn(parent)
    (mine, held), (before, held_before) = candidate.vectors_of(ours), parent.vectors_of(ours)
    (others, held_theirs) = parent.vectors_of(theirs)
    both = held & held_before
    moved = drift(mine[held], others[held_theirs], (mine[both], before[both]))
    if moved is None:
        return {}
    return {
        "drift/mean_shift": moved.mean_shift,
        "drift/mean_cosine": moved.mean_cosine,
        "drift/share_changed": moved.share_changed,
    }
