"""What recall does not see: relevance, drift, hubs, floods of near-duplicates, pictures out of reach.

An index may find what exact search finds and still be of little use, because the vectors are.  Pure NumPy
over keys, vectors and neighbours: no FAISS, no I/O.  Answers are rows of the catalogue, shape ``(queries,
k)``; ``-1`` marks an empty slot.  None of these figures refuses a snapshot unless a limit is set.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

CHANGED_BELOW = 0.99  # cosine of two decoded vectors; codes of one vector measured 0.9999 apart
NEAR_DUPLICATE = 0.98  # cosine
FLOODED_ABOVE = 5  # pictures in one answer of ten
_BLOCK = 1_024


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far the vectors of a snapshot lie from those of its parent."""

    mean_shift: float  # length of the difference of the two mean vectors, in [0, 2]
    mean_cosine: float  # of the pictures that both hold
    share_changed: float  # of those: cosine below CHANGED_BELOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Hubness:
    """How unevenly pictures occur among the nearest of others."""

    skewness: float
    largest_k_occurrence: int


def labels_of(metadata: pa.Table, column: str, keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a number per key that equals another's where the column does, ``-1`` where no row states one.

    Of several rows of a picture the first that states a value counts.

    Args:
        metadata: Listing rows, sorted by ``image_key``.
        column: Of text.
        keys: Sorted.
    """
    named = metadata.select(["image_key", column])
    stated = named.filter(named[column].is_valid()).combine_chunks()
    labels = np.full(len(keys), -1, dtype=np.int64)
    if stated.num_rows:
        codes = stated[column].combine_chunks().dictionary_encode().indices.to_numpy()
        stated_keys = stated["image_key"].to_numpy()
        first = np.flatnonzero(np.diff(stated_keys, prepend=stated_keys[0] - 1))
        own = stated_keys[first]
        places = np.minimum(np.searchsorted(keys, own), len(keys) - 1)
        known = keys[places] == own
        labels[places[known]] = codes[first[known]]
    return labels


def precision_at_k(
    answers: NDArray[np.int64], queries: NDArray[np.int64], labels: NDArray[np.int64]
) -> float | None:
    """Return how much of an answer shares the query's label, of the most that could, in [0, 1].

    It is precision at k where k others share the label, and where fewer do (pictures of one piece) the
    share of those.  Queries without a label, or alone under theirs, are left out; None when all are.

    Args:
        answers: Rows, without the query itself.
        queries: The row of each query.
        labels: Of every row, ``-1`` for none.
    """
    sizes = np.bincount(labels[labels >= 0], minlength=1)
    own = labels[queries]
    most = np.where(own >= 0, np.minimum(sizes[np.maximum(own, 0)] - 1, answers.shape[1]), 0)
    given = np.where(answers >= 0, labels[np.maximum(answers, 0)], -1)
    relevant = ((given == own[:, None]) & (own >= 0)[:, None]).sum(axis=1)
    asked = most > 0
    return float(np.mean(relevant[asked] / most[asked])) if asked.any() else None


def drift(
    ours: NDArray[np.float32], theirs: NDArray[np.float32], common: tuple[NDArray[np.float32], ...]
) -> Drift | None:
    """Return how far one set of vectors has moved from another; None where they have no picture in common.

    Args:
        ours: Vectors of the snapshot, or of a sample.
        theirs: Vectors of its parent.
        common: Of the pictures that both hold: the snapshot's, and the parent's in the same order.
    """
    mine, before = map(_unit, common)
    if not len(mine):
        return None
    cosines = np.einsum("nd,nd->n", mine, before)
    shift = _unit(ours).mean(axis=0) - _unit(theirs).mean(axis=0)
    return Drift(
        mean_shift=float(np.linalg.norm(shift)),
        mean_cosine=float(cosines.mean()),
        share_changed=float((cosines < CHANGED_BELOW).mean()),
    )


def hubness(vectors: NDArray[np.float32], *, k: int) -> Hubness | None:
    """Return the skewness and the largest of the k-occurrences within a sample; None for k or fewer vectors.

    The k-occurrence of a vector is how many others have it among their k nearest; its mean is k.  Skewness is
    its third standardised moment: near 0 where all occur alike, large where there are hubs.
    Source: M. Radovanović, A. Nanopoulos and M. Ivanović, Hubs in Space (JMLR 11, 2010), section 2.2.

    Args:
        vectors: Unit vectors, shape ``(vectors, dimension)``.
        k: Neighbours.
    """
    if len(vectors) <= k:
        return None
    occurs = np.zeros(len(vectors), dtype=np.int64)
    for start in range(0, len(vectors), _BLOCK):
        similarity = vectors[start : start + _BLOCK] @ vectors.T
        rows = np.arange(len(similarity))
        similarity[rows, start + rows] = -np.inf
        nearest = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
        occurs += np.bincount(nearest.ravel(), minlength=len(vectors))
    apart = occurs - occurs.mean()
    spread = float(np.sqrt((apart**2).mean()))
    return Hubness(
        skewness=float((apart**3).mean() / spread**3) if spread else 0.0,
        largest_k_occurrence=int(occurs.max()),
    )


def flooded_share(
    answers: NDArray[np.int64], vectors: NDArray[np.float32], pieces: NDArray[np.int64]
) -> float:
    """Return the share of answers in which one design crowds out the others, in [0, 1].

    An answer is flooded when more than ``FLOODED_ABOVE`` of its pictures are of one piece, or when one
    picture and more than ``FLOODED_ABOVE - 1`` others in it are ``NEAR_DUPLICATE``.

    Args:
        answers: Rows.
        vectors: Unit vectors of every row.
        pieces: The piece of every row as a number, ``-1`` for none.
    """
    flooded = np.zeros(len(answers), dtype=np.bool_)
    for start in range(0, len(answers), _BLOCK):
        rows = answers[start : start + _BLOCK]
        given = rows >= 0
        pairs = given[:, :, None] & given[:, None, :]
        shown = vectors[np.maximum(rows, 0)]
        own = np.where(given, pieces[np.maximum(rows, 0)], -1)
        alike = np.einsum("qid,qjd->qij", shown, shown) > NEAR_DUPLICATE
        same = (own[:, :, None] == own[:, None, :]) & (own >= 0)[:, :, None]
        for crowd in (alike & pairs, same & pairs):
            flooded[start : start + _BLOCK] |= (crowd.sum(axis=2) > FLOODED_ABOVE).any(axis=1)
    return float(flooded.mean()) if len(flooded) else 0.0


def unreached_share(answers: NDArray[np.int64], count: int) -> float:
    """Return the share of a catalogue of ``count`` pictures that stands in no answer, in [0, 1].

    At most ``answers.size`` can be reached: the figure compares between snapshots only for as many queries.
    """
    return 1.0 - len(np.unique(answers[answers >= 0])) / count


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit: NDArray[np.float64] = vectors / np.maximum(lengths, 1e-12)
    return unit
