"""Live queries are asked again exhaustively of the snapshot that answered them, and counted by the hour."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from index_house import SETTINGS, build, make_catalogue, sqlite_store

from index_builds.filters import SnapshotFilter
from index_builds.reading import open_snapshot
from index_builds.service_recall import HourlyRecall, queries_needed, recall_and_bound, together
from index_builds.service_records import recent_shadow_recall, write_shadow_recall
from index_builds.settings import IndexSettings
from index_builds.shadow_recall import ShadowRecall
from index_builds.tiers import TIERS

AT = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC)
NARROW = IndexSettings.model_validate(
    SETTINGS.model_dump()
    | {
        "tiers": {"hot": {"exact_below": 0, "target_recall": 0.0}},
        "gate": SETTINGS.gate.model_dump() | {"floors": {"hot": {"overall": 0.0, "stratum": 0.0}}},
    }
)


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """A snapshot tuned to the fewest lists, so that its search loses neighbours; and its catalogue."""
    store = sqlite_store(tmp_path_factory.mktemp("narrow"))
    catalogue = make_catalogue(1_500, seed=4, tiers=("hot",), queries=60)
    manifest = build(store, catalogue, settings=NARROW)
    assert "IVF" in manifest.content.tiers["hot"]["visual"].factory
    yield open_snapshot(store, "house", manifest.snapshot_id), catalogue
    store.engine.dispose()


def asked(snapshot, shadow, queries, *, where=None, k=10, at=AT, **asking):
    answers = snapshot.search(queries, k, where=where, tiers=TIERS, **asking).keys
    for query, answer in zip(queries, answers, strict=True):
        shadow.consider(snapshot, query, answer, where=where, tiers=TIERS, at=at, **asking)
    return answers


def test_what_a_narrow_search_loses_is_counted_as_brute_force_counts_it(narrow):
    snapshot, catalogue = narrow
    shadow = ShadowRecall(share=1.0, seed=1)
    queries = catalogue.queries["text"].vectors
    answers = asked(snapshot, shadow, queries)

    (measured,) = shadow.measure()

    decoded, _ = snapshot.vectors_of(catalogue.keys)
    best = np.argsort(-(queries @ decoded.T), axis=1, kind="stable")[:, :10]
    found = sum(len(set(catalogue.keys[a]) & set(b)) for a, b in zip(best, answers, strict=True))
    assert (measured.queries, measured.found, measured.possible) == (60, found, 600)
    assert found < 590  # the search does lose some, or nothing is tested here
    assert measured.hour == "2026-03-01T12:00:00Z"
    assert (measured.snapshot_id, measured.channel) == (snapshot.snapshot_id, "visual")
    assert shadow.measure() == []


def test_an_exhaustive_answer_is_perfect_under_a_filter_and_exclusions_too(narrow):
    snapshot, catalogue = narrow
    shadow = ShadowRecall(share=1.0, seed=1)
    where = SnapshotFilter(availability="in_stock", currency="EUR")
    for query in catalogue.queries["text"].vectors:
        answer = snapshot.search(
            query[None], 10, where=where, tiers=TIERS, excluding=catalogue.keys[:40], exhaustive=True
        )
        shadow.consider(
            snapshot, query, answer.keys[0], where=where, tiers=TIERS, at=AT, excluding=catalogue.keys[:40]
        )
    (measured,) = shadow.measure()
    assert measured.found == measured.possible == 600


def test_answers_that_the_filter_forbids_are_not_found(narrow):
    snapshot, catalogue = narrow
    shadow = ShadowRecall(share=1.0, seed=1)
    where = SnapshotFilter(category="ring")
    query = catalogue.queries["text"].vectors[0]
    necklaces = snapshot.search(query[None], 10, where=SnapshotFilter(category="necklace"), tiers=TIERS)
    shadow.consider(snapshot, query, necklaces.keys[0], where=where, tiers=TIERS, at=AT)
    (measured,) = shadow.measure()
    assert (measured.found, measured.possible) == (0, 10)


def test_a_share_is_drawn_and_hours_are_counted_apart(narrow):
    snapshot, catalogue = narrow
    shadow = ShadowRecall(share=0.5, seed=3)
    for hour in range(2):
        asked(snapshot, shadow, catalogue.vectors[:100], at=AT + timedelta(hours=hour))
    first, second = shadow.measure()
    assert (first.hour, second.hour) == ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z")
    assert 35 <= first.queries <= 65
    assert 35 <= second.queries <= 65


def test_no_more_samples_wait_than_allowed_and_none_without_a_share(narrow):
    snapshot, catalogue = narrow
    few, none = ShadowRecall(share=1.0, seed=1, at_most=5), ShadowRecall(share=0.0, seed=1)
    for shadow in (few, none):
        asked(snapshot, shadow, catalogue.vectors[:20])
    assert [one.queries for one in few.measure()] == [5]
    assert none.measure() == []


def test_samples_are_measured_some_at_a_time_and_counted_together(narrow):
    snapshot, catalogue = narrow
    whole, parts = ShadowRecall(share=1.0, seed=1), ShadowRecall(share=1.0, seed=1)
    for shadow in (whole, parts):
        asked(snapshot, shadow, catalogue.queries["text"].vectors[:7])
        asked(snapshot, shadow, catalogue.queries["text"].vectors[:2], at=AT + timedelta(hours=1))
    some = [one for _ in range(5) for one in parts.measure(2)]
    assert parts.measure() == []
    assert together(some) == together(whole.measure())
    assert [one.queries for one in together(some)] == [7, 2]


def test_a_query_with_nothing_to_find_is_left_out(narrow):
    snapshot, catalogue = narrow
    shadow = ShadowRecall(share=1.0, seed=1)
    asked(snapshot, shadow, catalogue.vectors[:3], where=SnapshotFilter(brand="Nobody"))
    assert shadow.measure() == []


def test_a_share_outside_zero_and_one_or_a_naive_moment_is_refused(narrow):
    snapshot, catalogue = narrow
    with pytest.raises(ValueError, match=r"share is 1\.5"):
        ShadowRecall(share=1.5, seed=1)
    with pytest.raises(ValueError, match="no time zone"):
        asked(snapshot, ShadowRecall(share=1.0, seed=1), catalogue.vectors[:1], at=datetime(2026, 3, 1))  # noqa: DTZ001


def counted(queries=100, found=990, hour=12, **changed):
    stated = {
        "hour": f"2026-03-01T{hour:02}:00:00Z",
        "snapshot_id": "00000001-a",
        "channel": "visual",
        "queries": queries,
        "found": found,
        "possible": 10 * queries,
    }
    return HourlyRecall(**(stated | changed))


def test_counts_of_several_processes_add_up_in_one_row(either_store):
    engine = either_store.engine
    for _ in range(2):
        write_shadow_recall(engine, "house", [counted(), counted(hour=13)])
    write_shadow_recall(engine, "barn", [counted()])
    write_shadow_recall(engine, "house", [counted(channel="colour"), counted(snapshot_id="00000002-b")])
    write_shadow_recall(engine, "house", [])

    found = recent_shadow_recall(engine, "house", "00000001-a", now=AT + timedelta(hours=1), hours=2)

    twice = {"queries": 200, "found": 1980, "possible": 2000}
    assert found == [counted(channel="colour"), counted(**twice), counted(hour=13, **twice)]


def test_only_recent_hours_are_returned(either_store):
    engine = either_store.engine
    write_shadow_recall(engine, "house", [counted(hour=hour) for hour in (9, 10, 11, 12)])
    found = recent_shadow_recall(engine, "house", "00000001-a", now=AT, hours=2)
    assert [one.hour for one in found] == ["2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z"]


def test_the_bound_is_wilsons_over_queries():
    # scipy 1.17: binomtest(99, 100).proportion_ci(confidence_level=0.9, method="wilson").low
    recall, lower = recall_and_bound([counted(50, 495), counted(50, 495, hour=13)], confidence=0.95)
    assert recall == pytest.approx(0.99)
    assert lower == pytest.approx(0.9564182264659439, abs=1e-12)
    with pytest.raises(ValueError, match="no live query"):
        recall_and_bound([], confidence=0.95)


@pytest.mark.parametrize("floor", [0.9, 0.95, 0.99])
def test_as_many_queries_are_needed_as_a_perfect_record_takes_to_clear_the_floor(floor):
    needed = queries_needed(floor, confidence=0.95)
    assert recall_and_bound([counted(needed, 10 * needed)], confidence=0.95)[1] >= floor
    fewer = needed - 1
    assert recall_and_bound([counted(fewer, 10 * fewer)], confidence=0.95)[1] < floor


def test_exhaustive_search_returns_what_brute_force_over_decoded_vectors_returns(narrow):
    snapshot, catalogue = narrow
    decoded, _ = snapshot.vectors_of(catalogue.keys)
    queries = catalogue.vectors[:50]
    found = snapshot.search(queries, 10, tiers=TIERS, exhaustive=True)
    best = np.sort(-(queries @ decoded.T), axis=1)[:, :10]
    assert np.allclose(-best, found.scores, atol=1e-5)
