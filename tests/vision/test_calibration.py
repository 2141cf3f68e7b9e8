"""Confidences that hold, measured on what nothing was fitted on."""

from dataclasses import replace

import numpy as np
import pytest

from vision.attribute_calibration import (
    ANOTHER,
    ENOUGH,
    ENOUGH_OF_A_TERM,
    calibrate,
    is_fitted_on,
)
from vision.calibration import Correction, Scaling, fit_correction, fit_scaling, reliability
from vision.zero_shot import NOTHING

ANSWERS = ("heart", "star", NOTHING)
OFFSETS = (0.0, -0.5, 1.5)


def drawn(count, *, scale=40.0, seed=1, answers=3, offsets=OFFSETS):
    """Scores, and labels that are drawn with the probabilities of a known scaling."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(0.2, 0.04, size=(count, answers))
    likely = Scaling(scale=scale, offsets=offsets).probabilities(scores)
    labels = (likely.cumsum(axis=1) > rng.random((count, 1))).argmax(axis=1)
    return scores, labels.astype(np.int64)


def halves(count):
    return np.arange(count) % 2 == 0


def test_the_scaling_that_labels_were_drawn_with_is_found_again():
    scores, labels = drawn(6000)

    found = fit_scaling(scores, labels)

    offsets = np.array(found.offsets) - found.offsets[0]
    assert found.scale == pytest.approx(40.0, rel=0.1)
    assert offsets == pytest.approx(np.array(OFFSETS), abs=0.15)


def test_fitted_confidences_hold_where_raw_ones_are_far_off():
    scores, labels = drawn(4000)
    fits = halves(4000)

    def error(scaling):
        likely = scaling.probabilities(scores[~fits])
        return reliability(likely.max(axis=1), likely.argmax(axis=1) == labels[~fits]).error

    assert error(fit_scaling(scores[fits], labels[fits])) < 0.03
    assert error(Scaling(scale=150.0, offsets=(0.0, 0.0, 0.0))) > 0.2


def test_scores_that_tell_nothing_are_never_surer_than_how_frequent_an_answer_is():
    rng = np.random.default_rng(5)
    labels = (rng.random(1000) < 0.3).astype(np.int64)

    likely = fit_scaling(rng.normal(size=(1000, 2)), labels).probabilities(rng.normal(size=(50, 2)))

    assert likely[:, 0] == pytest.approx(0.7, abs=0.07)


def test_a_fit_repeats_to_the_last_digit():
    scores, labels = drawn(500)

    assert fit_scaling(scores, labels) == fit_scaling(scores.copy(), labels.copy())


def test_confidences_that_are_too_low_are_corrected_and_one_outcome_moves_them_little():
    rng = np.random.default_rng(6)
    sure = rng.uniform(0.3, 0.7, 2000)
    right = rng.random(2000) < sure + 0.2

    many, one = fit_correction(sure, right), fit_correction(sure[:1], right[:1])

    assert reliability(many.corrected(sure), right).error < 0.03
    assert reliability(sure, right).error > 0.15
    assert np.abs(one.corrected(sure) - sure).max() < 0.15


def test_a_correction_never_changes_what_is_likeliest():
    scores, labels = drawn(600)
    found = calibrate(ANSWERS, scores, labels, halves(600))
    lowered = replace(found, correction=Correction(slope=0.1, shift=-3.0))

    likely = lowered.probabilities(scores)

    assert (likely.argmax(axis=1) == found.scaling.probabilities(scores).argmax(axis=1)).all()
    assert likely.sum(axis=1) == pytest.approx(1.0)


def test_the_error_is_the_distance_of_accuracy_from_confidence_weighted_by_counts():
    found = reliability([0.5, 0.6, 0.9], [True, False, True])

    assert [(one.count, one.confidence, one.accuracy) for one in found.bins] == [
        (2, pytest.approx(0.55), 0.5),
        (1, pytest.approx(0.9), 1.0),
    ]
    assert found.error == pytest.approx((2 * 0.05 + 1 * 0.1) / 3)
    assert (found.count, found.accuracy) == (3, pytest.approx(2 / 3))


def test_ranges_are_no_finer_than_accuracy_rises():
    falling = reliability([0.1, 0.2, 0.8, 0.9], [True, True, False, False])

    assert [one.count for one in falling.bins] == [4]
    assert falling.error == pytest.approx(0.0)


def test_nothing_to_fit_or_to_measure_is_an_error():
    with pytest.raises(ValueError, match="nothing to fit"):
        fit_scaling(np.empty((0, 2)), np.empty(0, dtype=np.int64))
    with pytest.raises(ValueError, match="nothing to measure"):
        reliability([], [])


def test_what_is_measured_was_not_fitted_on():
    scores, labels = drawn(600)
    fits = halves(600)
    other = labels.copy()
    other[~fits] = (other[~fits] + 1) % 3

    one, another = (calibrate(ANSWERS, scores, some, fits) for some in (labels, other))

    assert one.scaling == another.scaling
    assert one.why_not == ""
    assert another.why_not.startswith("confidences are off by")
    assert another.calibrated_terms == frozenset()


def test_an_attribute_that_few_pieces_state_is_uncalibrated_however_many_are_silent():
    scores, labels = drawn(600)
    labels[:] = 2
    labels[: 2 * ENOUGH - 2] = 0

    found = calibrate(ANSWERS, scores, labels, halves(600))

    assert (
        found.why_not == f"{ENOUGH - 1} and {ENOUGH - 1} pieces of known terms in the halves, each needs 30"
    )
    assert found.calibrated_terms == frozenset()
    assert found.measured is None


def test_a_term_that_few_pieces_state_is_uncalibrated_and_the_others_are_not():
    scores, labels = drawn(600)
    labels[labels == 1] = 0
    labels[: ENOUGH_OF_A_TERM - 1] = 1

    found = calibrate(ANSWERS, scores, labels, halves(600))

    assert found.why_not == ""
    assert found.calibrated_terms == {"heart"}


def test_a_piece_whose_term_the_encoder_does_not_know_counts_as_wrong():
    scores, labels = drawn(600)
    fits = halves(600)
    unknown = labels.copy()
    unknown[(~fits) & (np.arange(600) < 300)] = ANOTHER

    known, lower = (calibrate(ANSWERS, scores, some, fits) for some in (labels, unknown))

    assert lower.scaling == known.scaling
    assert lower.answered < known.answered - 0.2


def test_a_piece_stays_in_its_half_and_halves_are_about_equal():
    in_first = [is_fitted_on(f"piece-{number}") for number in range(2000)]

    assert in_first == [is_fitted_on(f"piece-{number}") for number in range(2000)]
    assert 900 < sum(in_first) < 1100
