"""Checks of searches warn when answers stay empty, or a newer snapshot's answers are clicked less."""

import pytest

from catalog.events.daily_quality import DayQuality
from catalog.events.quality import SearchQuality
from quality.search_checks import clicks_result, empty_answers_result


def day(searches, *, kind="text", snapshot="00000001-a", empty=0, clicked=0, on="2026-01-05"):
    return DayQuality(
        day=on,
        measured=SearchQuality(
            kind=kind, snapshot_id=snapshot, searches=searches, zero_results=empty, clicked=clicked,
            clicks=clicked, purchased=0, mrr=0.1, diversity=None, seconds_to_click=None, latency_ms=1.0,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("days", "passes"),
    [
        ([], True),
        ([day(99, empty=99)], True),
        ([day(100, empty=5)], True),
        ([day(100, empty=6)], False),
        ([day(60, empty=4), day(60, kind="image", empty=3)], False),
        ([day(100, empty=6), day(900, kind="recent")], False),
    ],
)
def test_few_searches_may_show_nothing(days, passes):
    assert empty_answers_result(days).passed is passes


def test_a_newer_snapshot_that_is_clicked_less_is_named_with_its_figures():
    days = [
        day(2_000, clicked=300, snapshot="00000002-b", on="2026-01-06"),
        day(2_000, clicked=400),
        day(2_000, clicked=400, kind="image"),
        day(2_000, clicked=390, kind="image", snapshot="00000002-b"),
    ]
    result = clicks_result(days)
    assert not result.passed
    assert "text: 0.2000 to 0.1500" in result.description
    assert "image" not in result.description
    assert "**fewer clicks**" in result.metadata["clicks"].value


@pytest.mark.parametrize(
    "days",
    [
        [],
        [day(2_000, clicked=400)],
        [day(2_000, clicked=400), day(99, clicked=0, snapshot="00000002-b")],
        [day(2_000, clicked=400), day(2_000, clicked=390, snapshot="00000002-b")],
        [day(2_000, clicked=300), day(2_000, clicked=400, snapshot="00000002-b")],
        [day(2_000), day(2_000, snapshot="00000002-b")],
    ],
)
def test_chance_and_too_few_searches_are_no_drop(days):
    assert clicks_result(days).passed


def test_days_of_one_snapshot_are_judged_together():
    days = [day(60, clicked=30, on=f"2026-01-0{number}") for number in (1, 2, 3)]
    days += [day(60, clicked=5, snapshot="00000002-b", on=f"2026-01-0{number}") for number in (4, 5)]
    assert not clicks_result(days).passed
