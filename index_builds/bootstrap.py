"""Lower confidence bounds of a mean by the percentile bootstrap, from counts of equal values.

Pure NumPy, seeded: the same counts give the same bound on every machine.
Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
"""

import numpy as np
from numpy.typing import NDArray


def lower_bound(
    values: NDArray[np.float64],
    counts: NDArray[np.int64],
    *,
    samples: int,
    confidence: float,
    seed: int,
) -> float:
    """Return the one-sided lower bound of the mean over queries.

    Drawing queries with replacement is drawing how often each distinct value occurs, so a multinomial over
    the histogram is the bootstrap itself, and a report that keeps the histogram can be judged again later.

    Args:
        values: Distinct outcomes of a query, shape ``(values,)``.
        counts: How many queries had each outcome, same shape.
        samples: Bootstrap samples.
        confidence: Share of samples that lie above the bound, such as 0.95.
        seed: Of the random draws.

    Raises:
        ValueError: If there is no query, or the shapes differ.
    """
    total = int(counts.sum())
    if values.shape != counts.shape or total < 1 or (counts < 0).any():
        message = f"bootstrap needs one count per value and at least one query: {values.shape}, {counts}"
        raise ValueError(message)
    draws = np.random.default_rng(seed).multinomial(total, counts / total, size=samples)
    means = draws @ values / total
    return float(np.quantile(means, 1.0 - confidence, method="inverted_cdf"))


def mean(values: NDArray[np.float64], counts: NDArray[np.int64]) -> float:
    """Return the mean over queries of a histogram of outcomes."""
    return float(values @ counts / counts.sum())
