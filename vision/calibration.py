"""From similarities to probabilities that hold, and whether they do.  Pure.

Scores are scaled and shifted (bias-corrected temperature scaling: Alexandari, Kundaje and Shrikumar, ICML
2020; temperature scaling alone: Guo et al., ICML 2017) so that the answers known of some pieces become most
likely.  On other pieces the confidences are then held against how often they were right.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

MOST_BINS = 10
_STEEPEST = 200.0  # cosine similarities differ by hundredths; CLIP itself is trained up to 100
_FIRST_SCALE = 20.0
_OFFSET_WEIGHT = 1.0  # of the prior that holds offsets near 0: a term seen twice does not move far


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """How scores become logits: ``scale * score + offsets``; ``1 / scale`` is the temperature."""

    scale: float
    offsets: tuple[float, ...]

    def probabilities(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each answer is worth, rows sum to 1, shape as ``scores``."""
        return _softmax(self.scale * scores + np.asarray(self.offsets))


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """How a confidence becomes one that holds: a line through its log odds."""

    slope: float = 1.0
    shift: float = 0.0

    def corrected(self, confidences: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return corrected confidences, of the same shape."""
        held: NDArray[np.float64] = expit(self.slope * _log_odds(confidences) + self.shift)
        return held


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Answers of one range of confidence: how many, how sure on average, and the share that was right."""

    lower: float
    upper: float
    count: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """A reliability curve; ``error`` is the expected calibration error, weighted by counts."""

    bins: tuple[Bin, ...]
    count: int
    accuracy: float
    error: float


def fit_scaling(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> Scaling:
    """Return the scaling under which the labels are most likely; the same input gives the same scaling.

    Scores that tell nothing get a scale of 0: then nothing is ever sure beyond how frequent it is.

    Args:
        scores: Shape ``(n, answers)``.
        labels: Which answer is right, shape ``(n,)``.

    Raises:
        ValueError: If there is nothing to fit on, or shapes differ.
    """
    if scores.ndim != 2 or len(scores) != len(labels) or not len(labels):
        message = f"{len(labels)} labels with scores of shape {scores.shape}: nothing to fit on"
        raise ValueError(message)
    answers = scores.shape[1]
    centred = scores - scores.mean(axis=1, keepdims=True)
    rows = np.arange(len(labels))

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        offsets = parameters[1:]
        likely = _softmax(parameters[0] * centred + offsets)
        value = -np.log(np.maximum(likely[rows, labels], 1e-300)).sum()
        value += 0.5 * _OFFSET_WEIGHT * float(offsets @ offsets)
        likely[rows, labels] -= 1.0
        slope = np.concatenate(
            [[float((likely * centred).sum())], likely.sum(axis=0) + _OFFSET_WEIGHT * offsets]
        )
        return float(value), slope

    found = minimize(
        loss,
        np.concatenate([[_FIRST_SCALE], np.zeros(answers)]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, _STEEPEST), *([(None, None)] * answers)],
    )
    # Rounded: the last digits belong to the machine, and they would make a record of their own.
    return Scaling(
        scale=round(float(found.x[0]), 4), offsets=tuple(round(float(one), 4) for one in found.x[1:])
    )


def fit_correction(confidences: NDArray[np.float64], right: NDArray[np.bool_]) -> Correction:
    """Return the correction under which outcomes are most likely (Platt scaling: Platt, 1999).

    Few outcomes move it little: a prior holds it near no correction at all.
    """
    odds, outcome = _log_odds(confidences), right.astype(np.float64)

    def loss(parameters: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        slope, shift = parameters
        logits = slope * odds + shift
        value = float((np.logaddexp(0.0, logits) - outcome * logits).sum())
        value += 0.5 * _OFFSET_WEIGHT * ((slope - 1.0) ** 2 + shift**2)
        residual = expit(logits) - outcome
        slopes = [float(residual @ odds), float(residual.sum())]
        prior = _OFFSET_WEIGHT * np.array([slope - 1.0, shift])
        return float(value), np.array(slopes) + prior

    found = minimize(
        loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.0, None), (None, None)]
    )
    return Correction(slope=round(float(found.x[0]), 4), shift=round(float(found.x[1]), 4))


def reliability(confidences: ArrayLike, right: ArrayLike) -> Reliability:
    """Return how often answers were right, by how sure they were.

    The error is the mean of |accuracy - confidence| over ranges of confidence, weighted by their counts
    (Naeini, Cooper and Hauskrecht, AAAI 2015).  Of few answers that is too large by chance alone, the more
    so the finer the ranges.  So they hold equally many answers, and are as many as leave accuracy rising from
    one to the next (ECE-sweep: Roelofs et al., AISTATS 2022), up to ``MOST_BINS``.

    Raises:
        ValueError: If there is no answer, or lengths differ.
    """
    sure, correct = np.asarray(confidences, dtype=np.float64), np.asarray(right, dtype=np.float64)
    if len(sure) != len(correct) or not len(sure):
        message = f"{len(sure)} confidences with {len(correct)} outcomes: nothing to measure"
        raise ValueError(message)
    order = np.argsort(sure, kind="stable")
    found: tuple[Bin, ...] = ()
    for number in range(1, min(MOST_BINS, len(sure)) + 1):
        finer = tuple(
            Bin(
                lower=float(sure[some[0]]),
                upper=float(sure[some[-1]]),
                count=len(some),
                confidence=float(sure[some].mean()),
                accuracy=float(correct[some].mean()),
            )
            for some in np.array_split(order, number)
        )
        if any(one.accuracy > following.accuracy for one, following in pairwise(finer)):
            break
        found = finer
    error = sum(one.count * abs(one.accuracy - one.confidence) for one in found) / len(sure)
    return Reliability(bins=found, count=len(sure), accuracy=float(correct.mean()), error=float(error))


def _log_odds(confidences: NDArray[np.float64]) -> NDArray[np.float64]:
    odds: NDArray[np.float64] = logit(np.clip(confidences, 1e-6, 1 - 1e-6))
    return odds


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    likely: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return likely
