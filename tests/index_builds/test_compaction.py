"""What is too much for a delta is merged into the trained lists; lists that do not fit are trained anew."""

import faiss
import numpy as np
import pytest
from index_house import APPROXIMATE, asked_anew, build, make_catalogue, sqlite_store, with_vectors

from index_builds.exact import exact_neighbours
from index_builds.index_files import load_index
from index_builds.reading import open_snapshot
from index_builds.settings import ChangeSettings, IndexSettings
from index_builds.tiers import TIERS


def settings_with(**changes):
    stated = APPROXIMATE.model_dump()
    stated["tiers"]["changes"] = changes
    return IndexSettings.model_validate(stated)


MERGING = settings_with(compact_above=0.0, retrain_imbalance=100.0, retrain_error=100.0)
ON_TOP = settings_with(compact_above=1.0)


@pytest.fixture
def changed():
    """Before and after: 3,000 pictures, of which 30 left, 40 came and 20 were embedded anew."""
    whole = make_catalogue(3_040, seed=4)
    before = whole.take(np.arange(3_000))
    after = with_vectors(whole.take(np.arange(30, 3_040)), np.arange(100, 120))
    return asked_anew(before), asked_anew(after)


def recall(store, manifest, catalogue):
    queries = catalogue.queries["text"].vectors
    exact = exact_neighbours(queries, catalogue.vectors, catalogue.keys, k=10)
    found = open_snapshot(store, "house", manifest.snapshot_id).search(queries, 10, tiers=TIERS)
    return np.mean([len(set(a) & set(b)) / 10 for a, b in zip(exact.keys, found.keys, strict=True)])


def test_a_compacted_tier_answers_as_its_base_with_delta_and_tombstones(tmp_path, changed):
    before, after = changed
    merged, on_top = sqlite_store(tmp_path / "a"), sqlite_store(tmp_path / "b")
    build(merged, before, settings=MERGING)
    build(on_top, before, settings=ON_TOP)
    compacted, laid = build(merged, after, settings=MERGING), build(on_top, after, settings=ON_TOP)

    assert compacted.gate.passed
    for tier in TIERS:
        file, other = (one.content.tiers[tier]["visual"] for one in (compacted, laid))
        assert (file.delta, file.tombstones, file.lists.compactions) == (None, None, 1)
        assert other.delta is not None
        assert file.lists.trained_error == other.lists.trained_error
    both = [
        open_snapshot(store, "house", one.snapshot_id) for store, one in ((merged, compacted), (on_top, laid))
    ]
    for tier in TIERS:
        opened = [one.tiers[tier] for one in both]
        assert np.array_equal(np.sort(opened[0].keys), np.sort(opened[1].keys))
    fresh = after.vectors[[*range(100, 120), *range(2_970, 3_010)]]
    answers = [one.search(fresh, 10, tiers=TIERS).keys for one in both]
    assert (answers[0][:, 0] == answers[1][:, 0]).all()
    assert recall(merged, compacted, after) >= recall(on_top, laid, after) - 0.01


def test_a_compacted_file_is_what_adding_every_row_to_the_trained_index_gives(tmp_path, changed):
    before, after = changed
    store = sqlite_store(tmp_path)
    first = build(store, before, settings=MERGING)
    second = build(store, after, settings=MERGING)
    for tier in TIERS:
        old, new = (one.content.tiers[tier]["visual"] for one in (first, second))
        trained = load_index(store.file(old.digest), digest=old.digest, mapped=False)
        merged = load_index(store.file(new.digest), digest=new.digest, mapped=False)
        rows = np.flatnonzero(after.tiers == tier)
        faiss.downcast_index(trained.index).reset()
        faiss.downcast_index(trained.index).add(after.vectors[rows])
        queries = after.queries["text"].vectors
        expected, found = (faiss.downcast_index(one.index).search(queries, 20) for one in (trained, merged))
        assert np.array_equal(faiss.vector_to_array(merged.id_map), after.keys[rows])
        assert np.array_equal(expected[1], found[1])
        assert np.array_equal(expected[0], found[0])


def test_a_compacted_snapshot_built_again_is_the_same_and_takes_a_delta_again(tmp_path, changed):
    before, after = changed
    store = sqlite_store(tmp_path)
    build(store, before, settings=MERGING)
    second = build(store, after, settings=MERGING)
    assert build(store, after, settings=MERGING).snapshot_id == second.snapshot_id
    third = build(store, asked_anew(after.take(np.arange(5, 3_010))), settings=ON_TOP)
    for tier in TIERS:
        base, on_top = (one.content.tiers[tier]["visual"] for one in (second, third))
        assert on_top.digest == base.digest
        assert on_top.lists == base.lists


@pytest.mark.parametrize(
    ("drifting", "said"),
    [
        ({"retrain_error": 1.0, "retrain_imbalance": 100.0}, "quantisation error"),
        ({"retrain_error": 100.0, "retrain_imbalance": 1.0}, "imbalance of its lists"),
    ],
)
def test_lists_that_no_longer_fit_are_trained_anew_and_it_is_said_why(tmp_path, drifting, said):
    whole = make_catalogue(3_000, seed=4)
    vectors = whole.vectors.copy()
    crowd = np.random.default_rng(1).normal(size=(600, vectors.shape[1]))
    crowd = vectors[0] + (0.9 if said == "quantisation error" else 0.01) * crowd / 11
    vectors[:600] = crowd / np.linalg.norm(crowd, axis=1, keepdims=True)
    after = asked_anew(type(whole)(**{**vars(whole), "vectors": vectors.astype(np.float32)}))
    store = sqlite_store(tmp_path)
    settings = settings_with(compact_above=0.0, **drifting)
    build(store, asked_anew(whole), settings=settings)
    second = build(store, after, settings=settings)
    for tier in TIERS:
        file = second.content.tiers[tier]["visual"]
        assert f"trained anew, {said}" in file.reason
        assert file.lists.compactions == 0
        assert file.lists.error == file.lists.trained_error


def test_a_change_is_laid_on_top_up_to_the_thresholds():
    changes = ChangeSettings(delta_share=0.1, tombstone_share=0.2, compact_above=0.15)
    assert changes.small(base=1_000, new=50, gone=100)
    assert not changes.small(base=1_000, new=51, gone=100)
    assert not changes.small(base=1_000, new=101, gone=0)
