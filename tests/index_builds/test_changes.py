"""A small change lies on top of the base as a delta and tombstones, and is found as if built in."""

from dataclasses import replace

import numpy as np
import pytest
from index_house import build_of, make_catalogue, sqlite_store, with_vectors

from index_builds.errors import SnapshotDamagedError
from index_builds.exact import exact_neighbours
from index_builds.filters import SnapshotFilter
from index_builds.gate import run_gate
from index_builds.open_tier import OpenTier
from index_builds.reading import open_snapshot
from index_builds.tiers import TIERS


@pytest.fixture
def changed():
    """Before and after: 3,000 pictures, of which 30 left, 40 came and 20 were embedded anew."""
    whole = make_catalogue(3_040, seed=4)
    before = whole.take(np.arange(3_000))
    after = with_vectors(whole.take(np.arange(30, 3_040)), np.arange(100, 120))
    return before, after


def test_a_small_change_names_the_base_again_and_adds_only_what_changed(tmp_path, changed):
    store = sqlite_store(tmp_path)
    first, second = (build_of(store, one) for one in changed)

    assert second.gate.passed
    for tier in TIERS:
        base, on_top = (one.content.tiers[tier]["visual"] for one in (first, second))
        assert on_top.digest == base.digest
        assert on_top.delta is not None
        assert on_top.tombstones is not None
        assert on_top.parameters == base.parameters
        assert "came and" in on_top.reason
    assert second.content.tombstones == 30 + 20
    assert second.content.live_vectors == 3_010
    sizes = [
        {file.digest: file.bytes for index in one.content.tiers.values() for file in index["visual"].files}
        for one in (first, second)
    ]
    new = sum(size for digest, size in sizes[1].items() if digest not in sizes[0])
    assert new < 0.1 * sum(sizes[0].values())


def test_what_left_is_never_found_and_what_came_or_changed_is(tmp_path, changed):
    store = sqlite_store(tmp_path)
    before, after = changed
    build_of(store, before)
    opened = open_snapshot(store, "house", build_of(store, after).snapshot_id)

    everything = opened.search(after.vectors[:200], 40, tiers=TIERS)
    assert np.isin(everything.keys[everything.keys >= 0], after.keys).all()
    own = opened.search(after.vectors, 1, tiers=TIERS)
    fresh = np.r_[np.arange(100, 120), np.arange(2_970, 3_010)]  # embedded anew, and new
    assert (own.keys[fresh, 0] == after.keys[fresh]).all()

    exact = exact_neighbours(after.queries["text"].vectors, after.vectors, after.keys, k=10)
    found = opened.search(after.queries["text"].vectors, 10, tiers=TIERS)
    hits = [len(set(a) & set(b)) / 10 for a, b in zip(exact.keys, found.keys, strict=True)]
    assert np.mean(hits) >= 0.95


def test_the_vectors_of_replaced_keys_are_the_new_ones(tmp_path, changed):
    store = sqlite_store(tmp_path)
    before, after = changed
    build_of(store, before)
    opened = open_snapshot(store, "house", build_of(store, after).snapshot_id)
    vectors, held = opened.vectors_of(after.keys[100:120])
    assert held.all()
    assert np.allclose(vectors, after.vectors[100:120], atol=1e-6)


def test_the_same_change_again_is_the_same_snapshot(tmp_path, changed):
    store = sqlite_store(tmp_path)
    before, after = changed
    build_of(store, before)
    second = build_of(store, after)
    assert build_of(store, after).snapshot_id == second.snapshot_id
    assert len(store.list("house")) == 2


def test_a_change_taken_back_is_the_base_alone(tmp_path, changed):
    store = sqlite_store(tmp_path)
    before, after = changed
    first = build_of(store, before)
    build_of(store, after)
    third = build_of(store, before)
    assert third.content.tiers == first.content.tiers


def test_compaction_gives_what_a_first_build_gives(tmp_path, changed):
    before, after = changed
    store, fresh = sqlite_store(tmp_path / "a"), sqlite_store(tmp_path / "b")
    build_of(store, before)
    build_of(store, after)
    compacted = build_of(store, after, compact=True)
    assert compacted.content.tombstones == 0
    assert compacted.content_digest == build_of(fresh, after).content_digest


def test_too_large_a_change_is_built_anew(tmp_path):
    whole = make_catalogue(3_000, seed=4)
    store = sqlite_store(tmp_path)
    build_of(store, whole.take(np.arange(2_000)))
    second = build_of(store, whole)
    assert all(second.content.tiers[tier]["visual"].delta is None for tier in TIERS)


def test_a_picture_that_changes_tier_leaves_one_and_enters_the_other(tmp_path):
    catalogue = make_catalogue(3_000, seed=4)
    store = sqlite_store(tmp_path)
    build_of(store, catalogue)
    tiers = catalogue.tiers.copy()
    tiers[0] = "warm"
    moved = build_of(store, replace(catalogue, tiers=tiers))
    assert moved.gate.passed
    hot, warm = (moved.content.tiers[tier]["visual"] for tier in ("hot", "warm"))
    assert hot.tombstones is not None
    assert hot.delta is None
    assert warm.delta is not None
    assert warm.tombstones is None


def test_tombstones_of_another_base_are_refused(tmp_path, changed):
    store = sqlite_store(tmp_path)
    opened = open_snapshot(store, "house", build_of(store, changed[0]).snapshot_id)
    hot = opened.tiers["hot"]
    with pytest.raises(SnapshotDamagedError, match="another base"):
        OpenTier(
            tier="hot",
            index=hot.owner,
            file=hot.file,
            path=hot.path,
            tombstones=np.array([7], dtype=np.int64),
        )


def test_a_damaged_delta_is_refused_by_name(tmp_path, changed):
    store = sqlite_store(tmp_path)
    build_of(store, changed[0])
    second = build_of(store, changed[1])
    delta = second.content.tiers["warm"]["visual"].delta
    path = store.file(delta.digest)
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.chmod(0o644)
    path.write_bytes(bytes(data))
    with pytest.raises(SnapshotDamagedError, match=delta.digest[:12]):
        open_snapshot(store, "house", second.snapshot_id)


def test_where_the_gate_refuses_a_delta_everything_is_built_anew(tmp_path, changed, monkeypatch):
    store = sqlite_store(tmp_path)
    before, after = changed
    build_of(store, before)
    judged = []

    def strict(candidate, *arguments, **named):
        report = run_gate(candidate, *arguments, **named)
        on_top = any(tier.file.delta for tier in candidate.tiers.values())
        judged.append(on_top)
        return report.model_copy(update={"passed": False, "failures": ("worse",)}) if on_top else report

    monkeypatch.setattr("index_builds.pipeline.run_gate", strict)
    second = build_of(store, after)
    assert judged == [True, False]
    assert second.gate.passed
    assert all(second.content.tiers[tier]["visual"].delta is None for tier in TIERS)


def test_filters_hold_over_base_and_delta(tmp_path, changed):
    store = sqlite_store(tmp_path)
    before, after = changed
    build_of(store, before)
    opened = open_snapshot(store, "house", build_of(store, after).snapshot_id)
    where = SnapshotFilter(availability="in_stock", currency="EUR")
    answer = opened.search(after.queries["text"].vectors, 600, where=where, tiers=TIERS)
    rows = {row["image_key"]: [] for row in after.metadata.to_pylist()}
    for row in after.metadata.to_pylist():
        rows[row["image_key"]].append(row)
    eligible = {
        key for key, own in rows.items() if any(where.is_satisfied_by({**row, "tier": "hot"}) for row in own)
    }
    for found in answer.keys:
        assert set(found[found >= 0].tolist()) <= eligible
        assert (found >= 0).sum() == min(600, len(eligible))
