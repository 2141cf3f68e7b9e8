"""What decisions teach about bounds."""

import random

import pytest
from catalogue_rows import START

from catalog.decisions import Decision
from catalog.review.calibration import as_markdown, best_bound, calibrate, wilson_interval


def decision(number, answer, *, measured=None, verdict="review", bound="at least 0.54", version="1"):
    finding = {"rule": "sharpness", "measured": measured, "required": bound, "unit": ""}
    evidence = {
        "verdict": verdict,
        "findings": [] if measured is None else [finding],
        "feed_kind": "retailer",
        "measures_version": version,
    }
    return Decision(
        decision_id=number, kind="picture", subject=(f"{number:064x}",), decision=answer, who="anna",
        why="seen", evidence=evidence, decided_at=START,
    )  # fmt: skip


def test_every_bound_says_how_often_people_agreed_and_on_how_many_decisions():
    decided = [
        decision(1, "accept", measured=0.53),
        decision(2, "accept", measured=0.52),
        decision(3, "reject", measured=0.46),
        decision(4, "reject", measured=0.40, verdict="quarantined", bound="at least 0.45"),
        decision(5, "reject"),
    ]

    found = calibrate(decided)

    assert (found.accepted, found.rejected, found.rejected_that_no_rule_saw) == (2, 3, 1)
    assert [
        (one.bound, one.leads_to, one.accepted, one.rejected, one.precision, one.enough)
        for one in found.bounds
    ] == [
        ("at least 0.45", "quarantined", 0, 1, 1.0, False),
        ("at least 0.54", "review", 2, 1, 0.3333, False),
    ]
    [rule] = found.rules
    assert (rule.best, rule.wrong_at_best, rule.side) == (0.49, 0, "below")
    assert "| retailer | sharpness | at least 0.54 | review | 2 | 1 | 0.33 |" in as_markdown(found)


def test_values_of_a_former_version_of_the_measures_are_left_out_and_counted():
    found = calibrate(
        [decision(1, "reject", measured=40.0), decision(2, "accept", measured=0.5, version="2")]
    )

    assert (found.pictures, found.outdated) == (1, 1)
    assert found.rules[0].accepted == 1


def wrong(bound, measured, side):
    kept_out = [value < bound if side == "below" else value > bound for value, _ in measured]
    return sum(out == accepted for out, (_, accepted) in zip(kept_out, measured, strict=True))


@pytest.mark.parametrize("side", ["below", "above"])
def test_the_best_bound_is_as_good_as_any_there_is(side):
    dice = random.Random(4)
    for _ in range(50):
        measured = [(round(dice.random(), 2), dice.random() < 0.5) for _ in range(12)]
        found = best_bound(measured, side)
        if len({accepted for _, accepted in measured}) < 2:
            assert found is None
            continue

        tried = [number / 1000 for number in range(-5, 1010)]
        assert found[1] == wrong(found[0], measured, side)
        assert found[1] == min(wrong(bound, measured, side) for bound in tried)


def test_without_both_answers_there_is_no_best_bound():
    assert best_bound([(0.5, True), (0.6, True)], "below") is None


def test_an_interval_on_few_decisions_is_wide():
    assert wilson_interval(5, 5) == pytest.approx((0.5655, 1.0), abs=1e-4)
    assert wilson_interval(0, 0) == (0.0, 1.0)
