"""Whether what an encoder says of one attribute holds: fitted on half of the known pieces, measured on half.

Pure.  What is fitted on some pieces is never measured on them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.calibration import Correction, Reliability, Scaling, fit_correction, fit_scaling, reliability
from vision.zero_shot import NOTHING

ENOUGH = 30  # known terms in each half, and measured suggestions; fewer give an interval too wide to act on
ENOUGH_OF_A_TERM = 5  # known pieces of one term, of both halves
MOST_ERROR = 0.15  # expected calibration error on the half that nothing was fitted on
ANOTHER = -1
"""The label of a piece whose term the encoder does not know: whatever it says of the piece is wrong."""

_APART = 1e-6  # keeps the likeliest answer apart from the next
# Without known pieces nothing can be fitted; this only gives an order to what people are asked.
_UNFITTED_SCALE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeCalibration:
    """What is known of the confidences of one attribute's answers.

    Attributes:
        answers: The answers, in the order of their scores' columns.
        scaling: How scores become probabilities.
        correction: Of the confidence in terms.  One scale serves "none of these" and the terms alike, and
            what fits the one leaves the others unsure or too sure.
        fitted: Known pieces it was fitted on, those without any of the terms among them.
        measured: How often suggestions were right on the other half, by confidence; None where there was
            none.  An answer "none of these" is no suggestion.
        answered: Share of the measured pieces whose likeliest answer is right, "none of these" included.
        term_examples: Known pieces of each answer, both halves together.
        why_not: Why it counts as uncalibrated; empty where it is calibrated.
    """

    answers: tuple[str, ...]
    scaling: Scaling
    correction: Correction
    fitted: int
    measured: Reliability | None
    answered: float | None
    term_examples: tuple[int, ...]
    why_not: str

    def probabilities(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each answer is worth; rows sum to 1, shape as ``scores``, ``(n, len(answers))``."""
        return _corrected(self.scaling.probabilities(scores), self.answers, self.correction)

    @property
    def calibrated_terms(self) -> frozenset[str]:
        """Return the terms whose confidences may be relied on."""
        if self.why_not:
            return frozenset()
        return frozenset(
            answer
            for answer, count in zip(self.answers, self.term_examples, strict=True)
            if answer != NOTHING and count >= ENOUGH_OF_A_TERM
        )


def is_fitted_on(piece_id: str) -> bool:
    """Tell which half a piece is of: fitted on, or measured.  The same for ever, whatever else is known."""
    return int(hashlib.sha256(piece_id.encode()).hexdigest()[:8], 16) % 2 == 0


def calibrate(
    answers: Sequence[str],
    scores: NDArray[np.float64],
    labels: NDArray[np.int64],
    fits: NDArray[np.bool_],
) -> AttributeCalibration:
    """Fit on one half of the known pieces and measure on the other.

    Args:
        answers: What the columns of the scores stand for.
        scores: Mean similarities of each known piece, shape ``(n, len(answers))``.
        labels: Place of the right answer, or ``ANOTHER``, shape ``(n,)``.
        fits: Which pieces are of the half that is fitted on, shape ``(n,)``.
    """
    terms = np.array([answer != NOTHING for answer in answers])
    counts = np.bincount(labels[labels >= 0], minlength=len(answers))
    to_fit = fits & (labels >= 0)
    is_term = (labels == ANOTHER) | terms[labels]
    told = [int((is_term & to_fit).sum()), int((is_term & ~fits).sum())]
    if min(told) < ENOUGH:
        return AttributeCalibration(
            answers=tuple(answers),
            scaling=Scaling(scale=_UNFITTED_SCALE, offsets=(0.0,) * len(answers)),
            correction=Correction(),
            fitted=0,
            measured=None,
            answered=None,
            term_examples=tuple(counts.tolist()),
            why_not=f"{told[0]} and {told[1]} pieces of known terms in the halves, each needs {ENOUGH}",
        )
    scaling = fit_scaling(scores[to_fit], labels[to_fit])
    seen = scaling.probabilities(scores[to_fit])
    of_terms = terms[seen.argmax(axis=1)]
    correction = fit_correction(seen.max(axis=1)[of_terms], (seen.argmax(axis=1) == labels[to_fit])[of_terms])
    likely = _corrected(scaling.probabilities(scores[~fits]), answers, correction)
    best = likely.argmax(axis=1)
    right = best == labels[~fits]
    suggests = terms[best]
    measured = reliability(likely.max(axis=1)[suggests], right[suggests]) if suggests.any() else None
    return AttributeCalibration(
        answers=tuple(answers),
        scaling=scaling,
        correction=correction,
        fitted=int(to_fit.sum()),
        measured=measured,
        answered=float(right.mean()),
        term_examples=tuple(counts.tolist()),
        why_not=_why_not(measured),
    )


def _corrected(
    likely: NDArray[np.float64], answers: Sequence[str], correction: Correction
) -> NDArray[np.float64]:
    """Correct the likeliest answer where it is a term, and share out the rest; it stays the likeliest."""
    terms = np.array([answer != NOTHING for answer in answers])
    places = np.arange(len(likely))[terms[likely.argmax(axis=1)]] if len(likely) else np.arange(0)
    found = likely.copy()
    best = likely[places].argmax(axis=1)
    before = likely[places, best]
    rest = np.maximum(1.0 - before, 1e-12)
    others = likely[places].copy()
    others[np.arange(len(places)), best] = 0.0
    second = others.max(axis=1) / rest
    after = np.maximum(correction.corrected(before), second / (1.0 + second) + _APART)
    found[places] = others * ((1.0 - after) / rest)[:, None]
    found[places, best] = after
    return found


def _why_not(measured: Reliability | None) -> str:
    count = measured.count if measured else 0
    if measured is None or count < ENOUGH:
        return f"{count} suggestions to measure on, {ENOUGH} are needed"
    if measured.error > MOST_ERROR:
        return f"confidences are off by {measured.error:.2f} on average, {MOST_ERROR:g} is allowed"
    return ""
