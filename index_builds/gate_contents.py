"""Measure what a candidate holds: its files, ids and rows, and its vectors as they decode.

Every figure compares with the embedding truth or with the manifest; what is found by searching is
``gate_answers``' subject, and what a figure may be ``gate_report``'s.
"""

from collections import Counter

import faiss
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from index_builds.channel_names import VISUAL
from index_builds.errors import SnapshotDamagedError
from index_builds.exact import exact_neighbours, pair_scores
from index_builds.fresh_process import load_in_fresh_process
from index_builds.gate_report import AT_LEAST
from index_builds.gate_truth import Truth
from index_builds.ids import distinct, held_in, ids_digest
from index_builds.open_tier import OpenTier
from index_builds.search import OpenSnapshot
from index_builds.settings import GateSettings
from storage.known_digests import digest_of_file

UNLISTED = "ids_missing/in no list of the index"
_UNMEASURABLE = 1e9  # stands for a difference that is no number; JSON has no infinity
_SCORE_QUERIES = 64
_STRANGE_VECTORS = 32  # of a tier, looked for under other ids


def measure_contents(candidate: OpenSnapshot, truth: Truth, settings: GateSettings) -> dict[str, float]:
    """Return the violations of one channel's contents and the errors of its vectors.

    Vectors that no inverted list holds are counted under ``UNLISTED``, too; of such an index no vector is
    measured, and nothing may be asked of it.

    Args:
        candidate: A channel, with the tiers that it was opened with.
        truth: Of the channel's live images.
        settings: How many vectors of each tier are decoded, from which seed, and the ``k`` of their scores.

    Returns:
        Figures under their names in the report; ``NAME/PART`` says more of ``NAME``.  An error that could
        not be measured, as of a tier without a live image, is left out.
    """
    tiers = list(candidate.tiers.values())
    held = np.concatenate([tier.keys for tier in tiers]) if tiers else np.empty(0, dtype=np.int64)
    live = distinct(held)
    content, name = candidate.content, candidate.channel_name
    stated = content if name == VISUAL else content.channels[name]
    differing = sum(
        (ids_digest(tier.keys), ids_digest(tier.base_keys))
        != (tier.file.live_ids_digest, tier.file.ids_digest)
        for tier in tiers
    )
    differing += ids_digest(live) != stated.ids_digest or len(live) != stated.live_vectors
    differing += set(candidate.tiers) != set(content.files_of(name))
    misplaced = 0
    for tier in tiers:
        rows = truth.rows_of(tier.keys)
        misplaced += int((truth.tiers[rows[rows >= 0]] != tier.tier).sum())
    measures = {
        "files_damaged": sum(
            digest_of_file(path) != digest for tier in tiers for digest, path in tier.paths.items()
        ),
        "ids_missing": int((~held_in(truth.keys, live)).sum()),
        "ids_unknown": int((~held_in(live, truth.keys)).sum()),
        "ids_repeated": len(held) - len(live),
        "ids_in_wrong_tier": misplaced,
        "ids_differ_from_manifest": int(differing),
        "metadata_rows_differ": 0,
        "metrics_other_than_inner_product": sum(_other_metrics(tier.inner) for tier in tiers),
    }
    if unlisted := sum(tier.unlisted() for tier in tiers):
        measures["ids_missing"] += unlisted
        measures[UNLISTED] = unlisted
    if name == VISUAL and not candidate.metadata.equals(truth.metadata):
        measures |= _differing_rows(candidate.metadata, truth.metadata)
    counted = {name: float(value) for name, value in measures.items()}
    return counted if unlisted else counted | _measure_vectors(tiers, truth, settings)


def _differing_rows(held: pa.Table, live: pa.Table) -> dict[str, int]:
    """Count the listings whose rows differ, in all and by column; those of one side alone count once."""
    ours, theirs = (
        {(row["image_key"], row["listing_id"]): row for row in table.to_pylist()} for table in (held, live)
    )
    columns: Counter[str] = Counter()
    differing = 0
    for name in ours.keys() & theirs.keys():
        apart = [column for column in theirs[name] if ours[name].get(column) != theirs[name][column]]
        differing += bool(apart)
        columns.update(apart)
    parts = {
        "listings no longer there": len(ours.keys() - theirs.keys()),
        "listings not yet there": len(theirs.keys() - ours.keys()),
        **dict(columns.most_common()),
    }
    alone = parts["listings no longer there"] + parts["listings not yet there"]
    counted = {"metadata_rows_differ": max(1, differing + alone)}
    return counted | {f"metadata_rows_differ/{part}": count for part, count in parts.items() if count}


def fresh_process_failures(candidate: OpenSnapshot) -> int:
    """Return 1 where the candidate's files do not load in a fresh process, 0 where they do."""
    paths = {
        digest: path
        for channel in candidate.channels
        for tier in candidate.channel(channel).tiers.values()
        for digest, path in tier.paths.items()
    }
    try:
        load_in_fresh_process(candidate.content, paths.__getitem__, candidate.snapshot_id or "the draft")
    except (SnapshotDamagedError, KeyError):
        return 1
    return 0


def _other_metrics(index: faiss.Index) -> int:
    """Count the parts of an index that rank by something else than the inner product."""
    index = faiss.downcast_index(index)
    if isinstance(index, faiss.IndexRefine):
        return _other_metrics(index.base_index) + _other_metrics(index.refine_index)
    below = 0
    if isinstance(index, faiss.IndexPreTransform):
        below = _other_metrics(index.index)
    elif isinstance(index, faiss.IndexHNSW):
        below = _other_metrics(index.storage)
    return below + int(index.metric_type != faiss.METRIC_INNER_PRODUCT)


def _measure_vectors(tiers: list[OpenTier], truth: Truth, settings: GateSettings) -> dict[str, float]:
    random = np.random.default_rng(settings.seed)
    lengths, cosines, errors = [], [], []
    strange: list[NDArray[np.float32]] = []
    for tier in tiers:
        chosen = np.sort(random.permutation(tier.count)[: settings.vector_sample])
        chosen = tier.positions[chosen]
        rows = truth.rows_of(tier.all_keys[chosen])
        chosen, rows = chosen[rows >= 0], rows[rows >= 0]
        if not len(rows):
            continue
        decoded, true = tier.vectors(chosen), truth.vectors[rows]
        length = np.linalg.norm(decoded.astype(np.float64), axis=1)
        lengths.append(_worst(np.abs(length - 1.0)))
        cosine = pair_scores(decoded, true) / np.maximum(length, 1e-12)
        cosines.append(-_worst(-cosine))
        far = np.flatnonzero(cosine < AT_LEAST["vector_cosine"])[:_STRANGE_VECTORS]
        strange.append(decoded[far] / np.maximum(length[far], 1e-12)[:, None].astype(np.float32))
        asked = rows[:: max(1, len(rows) // _SCORE_QUERIES)][:_SCORE_QUERIES]
        scores, found = tier.search(truth.vectors[asked], min(settings.k, tier.count))
        answered = truth.rows_of(tier.all_keys[np.maximum(found, 0)])
        query, slot = np.nonzero((found >= 0) & (answered >= 0))
        if len(query):
            exact = pair_scores(truth.vectors[asked[query]], truth.vectors[answered[query, slot]])
            errors.append(_worst(np.abs(scores[query, slot] - exact)))
    measured = {"vector_length_error": lengths, "score_error": errors}
    worst = {name: max(values) for name, values in measured.items() if values}
    worst |= {"vector_cosine": min(cosines)} if cosines else {}
    return worst | _whose(np.concatenate(strange), truth) if sum(map(len, strange)) else worst


def _whose(strange: NDArray[np.float32], truth: Truth) -> dict[str, float]:
    """Tell vectors that lie under the wrong id from vectors that are no image's: of a few that are wrong."""
    nearest = exact_neighbours(strange, truth.vectors, truth.keys, k=1).scores[:, 0]
    others = int((nearest >= AT_LEAST["vector_cosine"]).sum())
    return {
        f"vector_cosine/{part}": float(count)
        for part, count in (
            ("looked at", len(strange)),
            ("are another image's vector", others),
            ("are no image's vector", len(strange) - others),
        )
    }


def _worst(errors: NDArray[np.floating]) -> float:
    return float(np.nan_to_num(errors, nan=_UNMEASURABLE, posinf=_UNMEASURABLE, neginf=-_UNMEASURABLE).max())
