"""Histograms whose values are shared between neighbouring bins: a small change of light changes little."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def shared_counts(
    values: Floats, low: float, high: float, bins: int, weights: Floats | None = None
) -> NDArray[np.float64]:
    """Count values between ``low`` and ``high``, each to the two nearest bin centres.

    What lies beyond goes to the outermost bins.

    Args:
        values: Any number of values, shape ``(n,)``.
        low: Lower end of the first bin.
        high: Upper end of the last bin.
        bins: How many bins.
        weights: What each value counts for, shape ``(n,)``; 1 by default.
    """
    at = np.clip((values - low) / (high - low) * bins - 0.5, 0.0, bins - 1.0)
    below = np.floor(at).astype(np.int64)
    return _to_both(below, np.minimum(below + 1, bins - 1), at - below, bins, weights)


def shared_round_counts(degrees: Floats, bins: int, weights: Floats | None = None) -> NDArray[np.float64]:
    """Count angles in degrees, each to the two nearest bin centres; the last bin neighbours the first."""
    at = degrees / 360.0 * bins - 0.5
    below = np.floor(at).astype(np.int64)
    return _to_both(below % bins, (below + 1) % bins, at - below, bins, weights)


def _to_both(
    below: NDArray[np.int64],
    above: NDArray[np.int64],
    above_share: Floats,
    bins: int,
    weights: Floats | None,
) -> NDArray[np.float64]:
    whole = np.ones(len(below)) if weights is None else weights
    lower = np.bincount(below, whole * (1.0 - above_share), minlength=bins)
    upper = np.bincount(above, whole * above_share, minlength=bins)
    return (lower + upper).astype(np.float64)


def root_shares(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the square roots of shares: inner products are then Bhattacharyya coefficients."""
    total = float(counts.sum())
    roots: NDArray[np.float64] = np.sqrt(counts / total) if total > 0.0 else np.zeros_like(counts)
    return roots


def unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a vector of length 1, or the same zeros."""
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0.0 else vector
