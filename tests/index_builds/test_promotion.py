"""The pointer: one winner, no way around the gate, and a way back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import numpy as np
import pytest
from index_house import MOVED_AT, SETTINGS, build, slim_catalogue

from index_builds.errors import (
    GateRefusedError,
    PromotionConflictError,
    RollbackError,
    SnapshotDamagedError,
    SnapshotMissingError,
)
from index_builds.promotion import promote, rollback
from index_builds.snapshots import Pointer
from storage.objects import digest_key


def forward(store, manifest, **changed):
    return promote(
        store,
        "house",
        manifest.snapshot_id,
        **({"settings": SETTINGS.gate, "actor": "ana", "moved_at": MOVED_AT} | changed),
    )


def back(store, **changed):
    return rollback(
        store, "house", **({"actor": "ben", "moved_at": MOVED_AT, "reason": "odd results"} | changed)
    )


@pytest.fixture
def catalogue():
    return slim_catalogue(30)


def versions(store, catalogue, *counts):
    """Build and promote one after the other."""
    manifests = []
    for count in counts:
        manifests.append(build(store, catalogue.take(np.arange(count))))
        forward(store, manifests[-1])
    return manifests


def test_a_promotion_moves_the_pointer_and_is_recorded(either_store, catalogue):
    first, second = versions(either_store, catalogue, 30, 29)
    assert either_store.pointer("house") == Pointer(snapshot_id=second.snapshot_id, version=2)
    assert [(move.kind, move.from_snapshot, move.to_snapshot) for move in either_store.history("house")] == [
        ("promote", None, first.snapshot_id),
        ("promote", first.snapshot_id, second.snapshot_id),
    ]
    assert either_store.history("house")[0].moved_at == "2026-03-01T12:00:00Z"
    assert second.parent == first.snapshot_id


def test_promoting_what_is_promoted_changes_nothing(store, catalogue):
    (manifest,) = versions(store, catalogue, 30)
    assert forward(store, manifest).version == 1
    assert len(store.history("house")) == 1


def test_of_two_promotions_at_once_exactly_one_wins(either_store, catalogue):
    candidates = [build(either_store, catalogue.take(np.arange(count))) for count in (30, 29, 28, 27)]

    def attempt(manifest):
        try:
            return forward(either_store, manifest, expected_pointer_version=0).snapshot_id
        except PromotionConflictError as conflict:
            return conflict

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, candidates))

    winners = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert winners == [either_store.promoted("house")]
    assert either_store.pointer("house").version == 1
    assert len(either_store.history("house")) == 1


def test_the_same_race_with_an_incumbent_has_one_winner(either_store, catalogue):
    versions(either_store, catalogue, 30)
    candidates = [build(either_store, catalogue.take(np.arange(count))) for count in (29, 28, 27)]

    def attempt(manifest):
        try:
            return forward(either_store, manifest, expected_pointer_version=1).snapshot_id
        except PromotionConflictError:
            return None

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(attempt, candidates))

    assert [outcome for outcome in outcomes if outcome] == [either_store.promoted("house")]
    assert either_store.pointer("house").version == 2


def test_a_candidate_that_was_compared_with_another_incumbent_must_be_judged_again(store, catalogue):
    early = build(store, catalogue)
    versions(store, catalogue, 29)
    with pytest.raises(GateRefusedError, match=r"was compared with no incumbent, but .* is promoted now"):
        forward(store, early)
    again = build(store, catalogue)
    assert again.content_digest == early.content_digest
    assert again.version == 3
    assert forward(store, again).version == 2


def test_a_caller_who_looked_too_long_ago_is_told(store, catalogue):
    versions(store, catalogue, 30)
    later = build(store, catalogue.take(np.arange(29)))
    with pytest.raises(PromotionConflictError, match=r"at version 1 .*, not 0"):
        forward(store, later, expected_pointer_version=0)


def test_a_rollback_goes_to_the_snapshot_before_and_keeps_going_back(either_store, catalogue):
    first, second, third = versions(either_store, catalogue, 30, 29, 28)

    assert back(either_store).snapshot_id == second.snapshot_id
    assert back(either_store).snapshot_id == first.snapshot_id
    with pytest.raises(RollbackError, match="no snapshot before"):
        back(either_store)

    assert either_store.pointer("house").version == 5
    assert [move.kind for move in either_store.history("house")] == ["promote"] * 3 + ["rollback"] * 2
    assert either_store.entry("house", third.snapshot_id).state == "retired"


def test_what_was_rolled_back_comes_back_by_name_only(store, catalogue):
    _, second = versions(store, catalogue, 30, 29)
    back(store)
    assert build(store, catalogue.take(np.arange(29))) == second  # the hourly build finds it again
    with pytest.raises(GateRefusedError, match="retired: rolled back by ben: odd results"):
        forward(store, second)
    assert back(store, to=second.snapshot_id, reason="it was the network").snapshot_id == second.snapshot_id
    assert store.entry("house", second.snapshot_id).state == "candidate"


def test_a_rollback_needs_a_whole_target_that_was_promoted_before(store, catalogue):
    with pytest.raises(RollbackError, match="no promoted snapshot"):
        back(store)
    first, _ = versions(store, catalogue, 30, 29)
    never = build(store, catalogue.take(np.arange(28)))
    with pytest.raises(RollbackError, match="was never promoted"):
        back(store, to=never.snapshot_id)
    with pytest.raises(PromotionConflictError, match="not 7"):
        back(store, expected_pointer_version=7)
    digest = first.content.tiers["hot"]["visual"].digest
    store.objects.put(digest_key("index-files", digest), b"torn")
    with pytest.raises(SnapshotDamagedError, match="damaged files"):
        back(store)
    assert store.pointer("house").version == 2


def test_collections_do_not_touch_each_other(store, catalogue):
    here = build(store, catalogue)
    there = build(store, catalogue, collection="annex")
    forward(store, here)
    assert store.promoted("annex") is None
    assert here.content_digest == there.content_digest
    assert store.collections() == ["annex", "house"]
    with pytest.raises(SnapshotMissingError, match="collection elsewhere has no snapshot"):
        promote(store, "elsewhere", here.snapshot_id, settings=SETTINGS.gate, actor="ana", moved_at=MOVED_AT)


def test_a_time_without_zone_is_refused_and_moves_nothing(store, catalogue):
    manifest = build(store, catalogue)
    with pytest.raises(ValueError, match="no time zone"):
        forward(store, manifest, moved_at=datetime(2026, 3, 1))  # noqa: DTZ001 - the mistake under test
    assert store.promoted("house") is None


def test_embeddings_that_came_after_the_build_do_not_stop_a_promotion_but_lost_ones_do(store, catalogue):
    manifest = build(store, catalogue.take(np.arange(25)))
    with pytest.raises(GateRefusedError, match="holds 25 images, 20 of them have embeddings"):
        forward(store, manifest, truth=lambda: (catalogue.keys[:20], catalogue.vectors[:20]))
    assert forward(store, manifest, truth=lambda: (catalogue.keys, catalogue.vectors)).version == 1
