"""The check on what is served fails when live queries found too little, and says what to do."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from index_house import MOVED_AT, SETTINGS, build, slim_catalogue, sqlite_store

from index_builds.promotion import promote
from index_builds.service_recall import HourlyRecall
from index_builds.service_records import write_shadow_recall
from quality.checks import recall_holds_in_service

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    opened = sqlite_store(tmp_path)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def serving(store):
    """The id of a promoted snapshot."""
    manifest = build(store, slim_catalogue(24))
    return promote(
        store, "house", manifest.snapshot_id, settings=SETTINGS.gate, actor="test", moved_at=MOVED_AT
    ).snapshot_id


def live(store, snapshot_id, *, queries, found, hour="2026-03-01T12:00:00Z"):
    counted = HourlyRecall(
        hour=hour,
        snapshot_id=snapshot_id,
        channel="visual",
        queries=queries,
        found=found,
        possible=10 * queries,
    )
    write_shadow_recall(store.engine, "house", [counted])


def checked(store):
    return recall_holds_in_service.op.compute_fn.decorated_fn(
        SimpleNamespace(partition_key="house"), snapshots=store, index_settings=SETTINGS, clock=lambda: NOW
    )


def test_good_recall_in_service_passes(store, serving):
    live(store, serving, queries=500, found=4_950)
    result = checked(store)
    assert result.passed
    assert result.metadata["queries"].value == 500


def test_poor_recall_in_service_fails_and_proposes_a_rollback(store, serving):
    live(store, serving, queries=500, found=4_500)
    result = checked(store)
    assert not result.passed
    assert "visual 0.9000, lower bound 0.8" in result.description
    assert "`loupe snapshots rollback -c house`" in result.description


def test_a_bound_below_the_floor_fails_though_the_mean_is_above(store, serving):
    live(store, serving, queries=100, found=955)
    assert not checked(store).passed


@pytest.mark.parametrize("queries", [0, 10])
def test_too_few_queries_say_nothing(store, serving, queries):
    if queries:
        live(store, serving, queries=queries, found=2 * queries)
    assert checked(store).passed


def test_other_snapshots_and_hours_long_past_do_not_count(store, serving):
    live(store, "00000009-other", queries=500, found=100)
    live(store, serving, queries=500, found=100, hour="2026-02-28T12:00:00Z")
    assert checked(store).passed


def test_before_the_first_promotion_there_is_nothing_to_fail(store):
    assert checked(store).passed
